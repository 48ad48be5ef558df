-- Strategies of one's own, one for each way to define them: an order as text, a rule that chooses,
-- a block that repeats, an edit of another schedule. Each is a known schedule first, action by
-- action, and then beats it.

local dpl = require "dpl"
local arguments = require "dpl.arguments"

local parser = arguments.parser("custom_strategy.lua",
  "Defines pipeline strategies in Lua: each repeats a known schedule, then beats it.")
  :epilog("A forward, an input gradient and a weight gradient of a rank's share of the model take "
    .. "1 each.\n\nexample: dpl scripts/custom_strategy.lua --ranks 16 --chunks 64 --p2p 0.1")
parser:option("--ranks", "number of ranks", "8"):argname("<n>"):convert(arguments.count("--ranks"))
parser:option("--chunks", "number of micro-batches", "24")
  :argname("<n>"):convert(arguments.count("--chunks"))
parser:option("--p2p", "transfer between two ranks", "0.2")
  :argname("<time>"):convert(arguments.number("--p2p"))

---- An order as text ----

-- 1F1B, but with `ahead` times as many forwards before the first backward: the next activation is
-- on its way while the one before it is worked on.
dpl.strategy("eager_1f1b", {
  summary = "1F1B with a longer warm-up",
  options = { ahead = { default = 2, least = 1, meaning = "times the warm-up of 1F1B" } },
  order = function(rank, options)
    local last = options.num_chunks - 1
    local warm_up = math.min(last + 1, options.ahead * (options.num_ranks - 1 - rank))
    local steady = last + 1 - warm_up
    return ("F0..%d [F%d B0]*%d B%d..%d"):format(warm_up - 1, warm_up, steady, steady, last)
  end,
})

---- A rule that chooses ----

-- 1F1B's rule: a backward where there is one, else a forward where memory has room. With `split`
-- the weight gradients wait until there is nothing else, and every rank may hold as much as the
-- first.
dpl.strategy("greedy", {
  summary = "backwards first, forwards within the memory of 1F1B, weight gradients last",
  splits = true,
  options = { split = { default = true, meaning = "whether backwards are split" } },
  choose = function(rank, ready, state, options)
    if not options.split then
      return ready.B or state:held() < state.num_ranks - rank and ready.F
    end
    return ready.I or state:held() < state.num_ranks and ready.F or ready.W
  end,
})

---- A block that repeats ----

-- A forward goes down a rank in each slot, its backward comes up likewise; the next micro-batch
-- follows two slots later.
dpl.strategy("block_1f1b", {
  summary = "1F1B as a block",
  block = function(options)
    local block = { interval = 2, F = {}, B = {} }
    for stage = 1, options.num_ranks do
      block.F[stage] = stage - 1
      block.B[stage] = 2 * options.num_ranks - stage
    end
    return block
  end,
})

-- The first slots after the input gradients that nothing else takes.
local function place_weights(block, down, up)
  local taken = {}
  for _, kind in ipairs { block.F, block.I } do
    taken[kind[down] % 6], taken[kind[up] % 6] = true, true
  end
  for _, stage in ipairs { up, down } do
    local slot = block.I[stage]
    repeat slot = slot + 1 until not taken[slot % 6]
    block.W[stage], taken[slot % 6] = slot, true
  end
end

-- The model goes down the ranks and up again: no activation lives longer than half of 1F1B's
-- longest (V-Half, arXiv 2405.15362, without what its authors do to both ends).
dpl.strategy("block_v", {
  summary = "a V whose activations live half as long as 1F1B's",
  routes = "v",
  block = function(options)
    local P = options.num_ranks
    local more = P % 2 == 0 and 3 or 0
    local block = { interval = 6, F = {}, I = {}, W = {} }
    for rank = 0, P - 1 do
      local down, up = rank + 1, 2 * P - rank
      block.F[down], block.F[up] = 2 * rank, 3 * P - 2 - rank
      block.I[up], block.I[down] = 3 * P + more - 1 + 2 * rank, 6 * P + more - 2 - rank
      place_weights(block, down, up)
    end
    return block
  end,
})

---- An edit of another schedule ----

-- ZB-H1: 1F1B with split backwards, weight gradients as many backwards late as the rank's number
-- says. With `early` each rank, but for the last ones, runs its forwards so many backwards sooner.
dpl.strategy("early_zb_h1", {
  summary = "ZB-H1 with forwards ahead of time",
  base = "1f1b",
  options = { early = { default = 2, least = 0, meaning = "backwards that a forward overtakes" } },
  check = function(options)
    return options.num_chunks >= options.num_ranks, "num_chunks must be at least num_ranks"
  end,
  edit = function(editor, options)
    editor:split()
    for rank = 0, options.num_ranks - 1 do
      local warm_up = options.num_ranks - 1 - rank
      editor:delay_weights(rank, rank)
      for chunk = warm_up + 1, options.num_chunks - 1 do
        local backward = math.max(0, chunk - warm_up - math.min(options.early, warm_up))
        editor:move(rank, "F" .. chunk, { before = "I" .. backward })
      end
    end
  end,
})

---- What they come to ----

local args = parser:parse()
local COSTS <const> = { F = 1, B = 2, W = 1, p2p = args.p2p }

-- The schedule of a strategy with options of its own, and its costs of a stage.
local function make(name, own)
  local parts = name == "block_v" and 2 or 1
  local costs = { F = COSTS.F / parts, B = COSTS.B / parts, W = COSTS.W / parts, p2p = COSTS.p2p }
  local options = { num_ranks = args.ranks, num_chunks = args.chunks, costs = costs }
  for option, value in pairs(own or {}) do
    options[option] = value
  end
  return dpl.schedule(name, options), costs
end

local function is_same(one, other)
  for rank = 0, args.ranks - 1 do
    if table.concat(one:order(rank), " ") ~= table.concat(other:order(rank), " ") then
      return false
    end
  end
  return true
end

local function row(what, schedule, costs)
  local timeline = dpl.simulate(schedule, costs)
  local peak = math.max(table.unpack(timeline.peak_share))
  return ("  %-32s%10.4g%9.3f%8.4g"):format(what, timeline.makespan, timeline.bubble_ratio, peak)
end

local function compare(case)
  local known, costs = make(case.known)
  local same = is_same(make(case.name, case.plain), known)
  return table.concat({
    ("%s: %s"):format(case.name, dpl.describe(case.name).summary),
    ("  its orders are %s %s's"):format(same and "the same as" or "NOT", case.known),
    row(case.known, known, costs),
    row(case.label, make(case.better or case.name, case.with)),
  }, "\n")
end

local CASES <const> = {
  { name = "eager_1f1b", known = "1f1b", plain = { ahead = 1 }, label = "with ahead = 2" },
  { name = "greedy", known = "1f1b", plain = { split = false }, label = "with split = true" },
  { name = "block_1f1b", known = "1f1b", better = "block_v", label = "block_v" },
  { name = "early_zb_h1", known = "zb_h1", plain = { early = 0 }, label = "with early = 2" },
}

local function report()
  local lines = {
    ("%d ranks, %d micro-batches; F = 1, B = 2, W = 1 of a rank's share, p2p = %g.\n")
      :format(args.ranks, args.chunks, args.p2p),
    ("  %-32s%10s%9s%8s"):format("", "makespan", "bubble", "peak"),
  }
  for _, case in ipairs(CASES) do
    lines[#lines + 1] = compare(case)
  end
  lines[#lines + 1] = "\nbubble: idle / (ranks x makespan). peak: most activations on any rank, in "
    .. "a rank's\nwhole share of the model for one micro-batch. Times in the unit of the costs."
  return table.concat(lines, "\n")
end

print(arguments.try(parser, report))
