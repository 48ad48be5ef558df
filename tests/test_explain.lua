-- Why a timeline takes as long as it does: paths, idle time by cause, slopes, changes, recognition.

local lu = require "luaunit"
local dpl = require "dpl"
local simulating = require "simulating"

local MODELS = { "latency", "link", "blocking", "batched" }

-- A link that is free again before what it carries arrives.
local LINK <const> = { comm = "link", message_bytes = 1, bandwidth = 0.5 }

-- Sixteenths: every sum is exact. Integers tie all the time, the others hardly ever.
local COSTS = {
  { F = 1, B = 2 },
  { F = 1, B = 2, p2p = 0.5 },
  { F = 17 / 16, I = 21 / 16, W = 11 / 16, FB = 46 / 16, p2p = 3 / 16 },
}

local SHAPES = {
  { "gpipe", { num_ranks = 1, num_chunks = 1 } },
  { "gpipe", { num_ranks = 3, num_chunks = 2 } },
  { "1f1b", { num_ranks = 4, num_chunks = 7 } },
  { "interleaved_1f1b", { num_ranks = 2, num_chunks = 4, stages_per_rank = 3 } },
  { "zb_h1", { num_ranks = 4, num_chunks = 6 } },
  { "zbv", { num_ranks = 3, num_chunks = 5 } },
  { "dualpipe", { num_ranks = 4, num_chunks = 10 } },
  { "dualpipev", { num_ranks = 2, num_chunks = 5 } },
  { "chimera", { num_ranks = 4, num_chunks = 4 } },
}

-- Calls f(timeline, text) for every schedule, cost and model under which it can run.
local function for_each_timeline(f)
  local count = 0
  for _, shape in ipairs(SHAPES) do
    local schedule = dpl.schedule(shape[1], shape[2])
    for i, costs in ipairs(COSTS) do
      for _, comm in ipairs(MODELS) do
        local timeline = dpl.simulate(schedule, costs, { comm = comm })
        if timeline then
          f(timeline, ("%s, costs %d, %s"):format(shape[1], i, comm))
          count = count + 1
        end
      end
      f(dpl.simulate(schedule, costs, LINK), ("%s, costs %d, bandwidth"):format(shape[1], i))
      local lowered = schedule:lower()
      local streamed = lowered and dpl.simulate(lowered, costs, { comm = "stream" })
      if streamed then
        f(streamed, ("%s, costs %d, stream"):format(shape[1], i))
        count = count + 1
      end
    end
  end
  lu.assertTrue(count > 80)
end

local function uneven(strategy, num_ranks, num_chunks, stage, options)
  local F = {}
  for i = 1, num_ranks do
    F[i] = i == stage + 1 and 2 or 1
  end
  return dpl.simulate(dpl.schedule(strategy, { num_ranks = num_ranks, num_chunks = num_chunks }),
    { F = F, p2p = options and options.p2p }, options and { comm = options.comm })
end

---- The critical path ----

local TestCriticalPath = {}

function TestCriticalPath.test_adds_up()
  for_each_timeline(function(t, text)
    local path = t:critical_path()
    local at, sum = 0, 0
    for _, event in ipairs(path) do
      lu.assertEquals(event.start, at, text)
      at = event.finish
      sum = sum + event.duration
    end
    lu.assertEquals(at, t.makespan, text)
    lu.assertEquals(sum, t.makespan, text)
    lu.assertEquals(path[1].why, "start")
  end)
end

-- The path holds the timeline's own events; only a message that holds up its link is cut.
function TestCriticalPath.test_events_are_those_of_the_timeline()
  for_each_timeline(function(t, text)
    local known = {}
    for event in t:actions() do
      known[tostring(event)] = true
    end
    local path = t:critical_path()
    for i, event in ipairs(path) do
      local cut = path[i + 1] and path[i + 1].why == "link"
      lu.assertTrue(known[tostring(event)] or cut, text .. ": " .. tostring(event))
    end
  end)
end

function TestCriticalPath.test_reasons()
  local t = dpl.simulate(dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 1 }), { p2p = 0.5 })
  local path, only = t:critical_path()
  lu.assertTrue(only)
  lu.assertEquals(simulating.field(path, "why"),
    { "start", "sent", "forward input", "own forward", "sent", "gradient" })
  lu.assertEquals(simulating.field(path, "kind"), { "forward", "communication", "forward",
    "backward", "communication", "backward" })
end

function TestCriticalPath.test_reasons_of_zero_bubble()
  local t = dpl.simulate(dpl.schedule("zb_h1", { num_ranks = 1, num_chunks = 1 }))
  lu.assertEquals(simulating.field(t:critical_path(), "why"),
    { "start", "own forward", "own input gradient" })
end

function TestCriticalPath.test_link()
  local t = dpl.simulate(dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 3 }),
    { F = 1, p2p = 4 }, { comm = "link" })
  local reasons = simulating.field(t:critical_path(), "why")
  lu.assertEquals({ table.unpack(reasons, 1, 5) }, { "start", "sent", "link", "link",
    "forward input" })
end

function TestCriticalPath.test_link_is_free_before_its_message_arrives()
  local t = dpl.simulate(dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 }), { p2p = 1 },
    { comm = "link", message_bytes = 8, bandwidth = 2 })
  local path = t:critical_path()
  lu.assertEquals(path[3].why, "link")
  lu.assertEquals({ path[2].duration, path[3].duration }, { 4, 5 })
end

function TestCriticalPath.test_sends_that_block()
  local found = {}
  for_each_timeline(function(t)
    for _, event in ipairs((t:critical_path())) do
      found[event.why] = true
    end
  end)
  for _, why in ipairs { "start", "order", "own forward", "own input gradient", "forward input",
    "gradient", "send", "sent", "link", "receiver" } do
    lu.assertTrue(found[why], why)
  end
end

-- One slow stage in the middle: what runs after its first action is its own order.
function TestCriticalPath.test_only()
  local _, only = dpl.simulate(dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 }),
    { F = { 1, 3 } }):critical_path()
  lu.assertTrue(only)
  _, only = dpl.simulate(dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 })):critical_path()
  lu.assertFalse(only)
end

function TestCriticalPath.test_nothing_takes_time()
  local t = dpl.simulate(dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 2 }), { F = 0, B = 0 })
  for _, event in ipairs((t:critical_path())) do
    lu.assertEquals(event.finish, 0)
  end
end

function TestCriticalPath.test_mistakes()
  local t = dpl.simulate(dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 2 }))
  for _, method in ipairs { "critical_path", "bubbles", "derivatives", "explain_bubble",
    "what_if" } do
    simulating.assert_raises("called with ':'", t[method])
  end
  do
    local closing <close> = t -- luacheck: ignore
  end
  simulating.assert_raises("closed", function() t:critical_path() end)
end

---- Idle time ----

local TestBubbles = {}

local CAUSES = { "warm_up", "drain", "peer", "communication", "imbalance" }

function TestBubbles.test_add_up()
  for_each_timeline(function(t, text)
    local rows, total = t:bubbles()
    lu.assertEquals(#rows, t.schedule.num_ranks)
    local idle = 0
    for i, row in ipairs(rows) do
      local sum = 0
      for _, cause in ipairs(CAUSES) do
        lu.assertTrue(row[cause] >= 0, text)
        sum = sum + row[cause]
      end
      lu.assertEquals(row.rank, i - 1)
      lu.assertEquals(row.idle, t.makespan - t.busy[i], text)
      lu.assertEquals(sum, row.idle, text)
      lu.assertEquals(row.imbalance, 0)
      idle = idle + row.idle
    end
    lu.assertEquals(total.idle, idle)
  end)
end

function TestBubbles.test_values()
  local t = dpl.simulate(dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 1 }),
    { F = 1, B = 2, p2p = 0.5 })
  local rows = t:bubbles()
  lu.assertEquals(rows[1], { rank = 0, idle = 4, warm_up = 0, drain = 0, peer = 3,
    communication = 1, imbalance = 0 })
  lu.assertEquals(rows[2], { rank = 1, idle = 4, warm_up = 1.5, drain = 2.5, peer = 0,
    communication = 0, imbalance = 0 })
end

-- 1F1B with a stage that takes twice as long: equal stages would not wait for each other.
function TestBubbles.test_imbalance()
  local t = uneven("1f1b", 4, 32, 3)
  local equal = dpl.simulate(t.schedule, { F = 1.25 })
  local rows, total = t:bubbles()
  local _, of_equal = equal:bubbles()
  lu.assertEquals(of_equal.imbalance, 0)
  lu.assertTrue(total.imbalance > 0.75 * total.idle)
  lu.assertEquals(rows[4].imbalance, 0) -- the slow one waits for nobody
  for _, row in ipairs(rows) do
    lu.assertAlmostEquals(row.warm_up + row.drain + row.peer + row.communication + row.imbalance,
      row.idle, 1e-9)
  end
end

function TestBubbles.test_imbalance_under_every_model()
  for _, comm in ipairs(MODELS) do
    local _, total = uneven("gpipe", 4, 12, 1, { comm = comm, p2p = 0.25 }):bubbles()
    lu.assertTrue(total.imbalance > 0, comm)
    lu.assertTrue(total.communication > 0, comm)
  end
end

---- One bubble ----

local TestExplainBubble = {}

local function small()
  return dpl.simulate(dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 2 }),
    { F = 1, B = 2, p2p = 0.25 })
end

function TestExplainBubble.test_warm_up()
  local bubble = small():explain_bubble(1, 0)
  lu.assertEquals(bubble.cause, "warm-up")
  lu.assertEquals({ bubble.rank, bubble.from, bubble.to }, { 1, 0, 1.25 })
  lu.assertEquals(bubble.text, "rank 1 is idle from 0.0 to 1.25, before its first action, 1F0: it "
    .. "waits for the forward input of 0F0, which rank 0 runs from 0.0 to 1.0 and sends from 1.0 "
    .. "to 1.25")
  lu.assertEquals(simulating.field(bubble.chain, "kind"), { "forward", "communication", "forward" })
end

function TestExplainBubble.test_wait()
  local bubble = small():explain_bubble(0, 3)
  lu.assertEquals(bubble.cause, "wait")
  lu.assertStrContains(bubble.text, "before 0B0: it waits for the gradient of 1B0, which rank 1")
  lu.assertEquals(bubble.chain[#bubble.chain].kind, "backward")
  lu.assertTrue(bubble.chain[1].finish > bubble.from)
end

function TestExplainBubble.test_drain()
  local t = small()
  local bubble = t:explain_bubble(1, t.makespan)
  lu.assertEquals(bubble.cause, "drain")
  lu.assertEquals(bubble.to, t.makespan)
  lu.assertStrContains(bubble.text, "after its last action: rank 0 ends last, with 0B1 at")
end

-- Every bubble of every rank: the chain covers it without a gap.
function TestExplainBubble.test_chains_cover()
  for_each_timeline(function(t, text)
    for rank = 0, t.schedule.num_ranks - 1 do
      for i = 0, 8 do
        local bubble, message, code = t:explain_bubble(rank, t.makespan * i / 8)
        if not bubble then
          lu.assertEquals(code, "NOT_FOUND")
          lu.assertStrContains(message, "does not wait then: it runs")
        else
          local chain = bubble.chain
          lu.assertTrue(chain[1].start <= bubble.from or bubble.from == 0, text)
          for k = 2, #chain do
            lu.assertEquals(chain[k].start, chain[k - 1].finish, text)
          end
        end
      end
    end
  end)
end

function TestExplainBubble.test_at_work()
  local bubble, message, code = small():explain_bubble(0, 0.5)
  lu.assertNil(bubble)
  lu.assertEquals(message, "rank 0 does not wait then: it runs 0F0 from 0 to 1")
  lu.assertEquals(code, "NOT_FOUND")
end

function TestExplainBubble.test_mistakes()
  local t = small()
  simulating.assert_raises("rank must be", function() t:explain_bubble(2, 0) end)
  simulating.assert_raises("rank must be", function() t:explain_bubble(-1, 0) end)
  simulating.assert_raises("time must be", function() t:explain_bubble(0, -1) end)
  simulating.assert_raises("time must be", function() t:explain_bubble(0, 1e6) end)
  simulating.assert_raises("time must be", function() t:explain_bubble(0, 0 / 0) end)
end

---- Slopes ----

local TestDerivatives = {}

-- Makespans are piecewise linear: a change that is small enough moves them by the slope exactly.
local CHANGE <const> = 2 ^ -20

local function factors(row, factor)
  return { [row.cost] = row.stage and { [row.stage] = factor } or factor }
end

function TestDerivatives.test_are_what_tiny_changes_do()
  local ties = 0
  for_each_timeline(function(t, text)
    for _, row in ipairs(t:derivatives()) do
      local what = ("%s: %s of stage %s"):format(text, row.cost, row.stage)
      if row.value > 0 then
        local step = CHANGE * row.value
        local up = t:what_if(factors(row, 1 + CHANGE)).makespan - t.makespan
        local down = t.makespan - t:what_if(factors(row, 1 - CHANGE)).makespan
        lu.assertAlmostEquals(up / step, row.right, 1e-6, what)
        lu.assertAlmostEquals(down / step, row.left, 1e-6, what)
        lu.assertTrue(row.left <= row.on_path and row.on_path <= row.right, what)
        ties = ties + (row.left < row.right and 1 or 0)
      end
    end
  end)
  lu.assertTrue(ties > 100)
end

-- All longest paths of a small schedule under latency, one by one: how often each takes a cost.
local function count_on_all_paths(t)
  local by_rank, ends = {}, {}
  for event in t:actions() do
    if event.kind ~= "communication" then
      by_rank[event.rank] = by_rank[event.rank] or {}
      table.insert(by_rank[event.rank], event)
      ends[event.kind .. event.stage .. "," .. event.chunk] = event
      event.index = #by_rank[event.rank]
    end
  end
  local last_stage = t.schedule.num_stages - 1
  local function inputs(event)
    local stage = event.kind == "forward" and event.stage - 1 or event.stage + 1
    local exists = stage >= 0 and stage <= last_stage
    return by_rank[event.rank][event.index - 1],
      exists and ends[event.kind .. stage .. "," .. event.chunk] or nil
  end
  local counts = {}
  local function walk(event, path)
    local key = event.kind .. event.stage
    path[key] = (path[key] or 0) + 1
    local before, input = inputs(event)
    if event.start == 0 then
      local copy = {}
      for k, v in pairs(path) do copy[k] = v end
      counts[#counts + 1] = copy
    end
    if before and before.finish == event.start then walk(before, path) end
    if input and input.finish + t.p2p == event.start then walk(input, path) end
    path[key] = path[key] - 1
  end
  for rank = 0, t.schedule.num_ranks - 1 do
    local last = by_rank[rank][#by_rank[rank]]
    if last.finish == t.makespan then walk(last, {}) end
  end
  return counts
end

local KINDS = { F = "forward", B = "backward" }

function TestDerivatives.test_are_the_counts_of_all_longest_paths()
  for _, strategy in ipairs { "gpipe", "1f1b" } do
    for ranks = 1, 4 do
      for chunks = 1, 4 do
        local t = dpl.simulate(dpl.schedule(strategy, { num_ranks = ranks, num_chunks = chunks }))
        local paths = count_on_all_paths(t)
        local _, only = t:critical_path()
        lu.assertEquals(only, #paths == 1)
        for _, row in ipairs(t:derivatives()) do
          if KINDS[row.cost] then
            local least, most = math.huge, 0
            for _, path in ipairs(paths) do
              local count = path[KINDS[row.cost] .. row.stage] or 0
              least, most = math.min(least, count), math.max(most, count)
            end
            lu.assertEquals({ row.left, row.right }, { least, most })
          end
        end
      end
    end
  end
end

function TestDerivatives.test_costs_of_zero_cannot_fall()
  local t = dpl.simulate(dpl.schedule("zb_h1", { num_ranks = 2, num_chunks = 3 }), { F = 1, I = 1,
    W = 0 })
  for _, row in ipairs(t:derivatives()) do
    lu.assertEquals(row.left == nil, row.value == 0)
  end
end

function TestDerivatives.test_only_what_is_used()
  local rows = dpl.simulate(dpl.schedule("gpipe", { num_ranks = 1, num_chunks = 1 })):derivatives()
  lu.assertEquals(simulating.field(rows, "cost"), { "F", "B", "I", "W" })
  lu.assertEquals(rows[1], { cost = "F", stage = 0, value = 1, left = 1, right = 1, on_path = 1 })
end

---- Changes ----

local TestWhatIf = {}

function TestWhatIf.test_is_what_simulating_with_other_costs_gives()
  local s = dpl.schedule("zb_h1", { num_ranks = 4, num_chunks = 8 })
  local models = 0
  for _, comm in ipairs(MODELS) do
    local t = dpl.simulate(s, { F = 1, I = 1, W = 1, p2p = 0.5 }, { comm = comm })
    local changed = t and dpl.simulate(s, { F = 1.5, I = 1, W = { 1, 1, 1, 0.5 }, p2p = 0.25 },
      { comm = comm })
    if t then
      local u = t:what_if { W = { [3] = 0.5 }, F = 1.5, p2p = 0.5 }
      lu.assertEquals(u.makespan, changed.makespan)
      lu.assertEquals(u.busy, changed.busy)
      lu.assertEquals(t:what_if({}).makespan, t.makespan)
      models = models + 1
    end
  end
  lu.assertTrue(models >= 3)
end

function TestWhatIf.test_whole_backwards_move_with_their_halves()
  local s = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 4 })
  local t = dpl.simulate(s, { F = 1, I = 1, W = 2 })
  lu.assertEquals(t:what_if { W = 0.5 }.makespan, dpl.simulate(s, { F = 1, B = 2 }).makespan)
  lu.assertEquals(t:what_if { B = 2 }.makespan, dpl.simulate(s, { F = 1, B = 6 }).makespan)
end

function TestWhatIf.test_pairs()
  local s = dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 10 })
  local t = dpl.simulate(s, { F = 1, B = 2 })
  lu.assertEquals(t:what_if { F = 2 }.makespan, dpl.simulate(s, { F = 2, B = 2 }).makespan)
  lu.assertEquals(t:what_if { FB = 0.5 }.makespan,
    dpl.simulate(s, { F = 1, B = 2, FB = 1.5 }).makespan)
  local given = dpl.simulate(s, { F = 1, B = 2, FB = 2 })
  lu.assertEquals(given:what_if { F = 2 }.makespan,
    dpl.simulate(s, { F = 2, B = 2, FB = 2 }).makespan)
end

function TestWhatIf.test_leaves_the_timeline()
  local t = small()
  local before = t.makespan
  local u = t:what_if { F = 2 }
  lu.assertEquals(t.makespan, before)
  lu.assertEquals(u.schedule, t.schedule)
  lu.assertTrue(u:what_if({ F = 2 }).makespan > u.makespan)
end

function TestWhatIf.test_mistakes()
  local t = small()
  local function raises(text, changes)
    simulating.assert_raises(text, function() t:what_if(changes) end)
  end
  raises("wants a table of factors", nil)
  raises("wants a table of factors", 3)
  raises("'G'", { G = 2 })
  raises("'W' must be a factor", { W = "2" })
  raises("'W' must be a factor", { W = { [0] = true } })
  raises("stages count from 0", { W = { [0.5] = 1 } })
  raises("stages count from 0", { W = { [-1] = 1 } })
  raises("W: stage must be from 0 to 1 (got 2)", { W = { [2] = 1 } })
  raises("the factor of F must be a finite number >= 0 (got -1)", { F = -1 })
  raises("(got inf)", { F = math.huge })
  raises("B of stage 1 is changed beside I or W", { B = 2, W = { [1] = 2 } })
  raises("'p2p' must be a factor", { p2p = { [0] = 1 } })
  raises("more than a number can hold", { F = 1e308 })
end

---- Recognition ----

local TestRecognize = {}

local function named(rows, name)
  for _, row in ipairs(rows) do
    if row.strategy == name then
      return row
    end
  end
end

function TestRecognize.test_every_strategy()
  for _, name in ipairs(dpl.strategies()) do
    for _, ranks in ipairs { 1, 2, 4 } do
      local ok, s = pcall(dpl.schedule, name, { num_ranks = ranks, num_chunks = 8 })
      if ok then
        local best, all = dpl.recognize(s)
        lu.assertEquals(best.match, "exact")
        lu.assertEquals(named(all, name).match, "exact", name)
      end
    end
  end
end

function TestRecognize.test_options_are_those_of_the_routes()
  local best = dpl.recognize(dpl.schedule("interleaved_1f1b",
    { num_ranks = 4, num_chunks = 8, stages_per_rank = 3 }))
  lu.assertEquals({ best.strategy, best.stages_per_rank }, { "interleaved_1f1b", 3 })
  best = dpl.recognize(dpl.schedule("hanayo", { num_ranks = 4, num_chunks = 4, waves = 2 }))
  lu.assertEquals({ best.strategy, best.waves }, { "hanayo", 2 })
  best = dpl.recognize(dpl.schedule("chimera",
    { num_ranks = 4, num_chunks = 8, pipeline_pairs = 2 }))
  lu.assertEquals({ best.strategy, best.pipeline_pairs }, { "chimera", 2 })
end

function TestRecognize.test_files()
  local s = dpl.schedule("zb_h1", { num_ranks = 4, num_chunks = 8 })
  local best = dpl.recognize(dpl.read_schedule { text = s:to_csv() })
  lu.assertEquals(best.strategy, "zb_h1")
  lu.assertEquals(best.match, "exact")
  lu.assertStrContains(best.text, "this is zb_h1, at these sizes also ")
end

-- A 1F1B whose backwards are written as I and W.
function TestRecognize.test_split_backwards()
  local text = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 3 }):to_csv()
  local best = dpl.recognize(dpl.read_schedule { text = text:gsub("(%d+)B(%d+)", "%1I%2,%1W%2") })
  lu.assertEquals({ best.strategy, best.match, best.moved }, { "1f1b", "split", 0 })
  lu.assertNil(best.difference)
  lu.assertStrContains(best.text, "this is 1f1b, with backwards split into I and W, or joined")
end

function TestRecognize.test_nearest()
  local text = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 4 }):to_csv()
  local moved, count = text:gsub("1F1,1B1,1F2,1B2", "1F1,1F2,1B1,1B2")
  lu.assertEquals(count, 1)
  local best = dpl.recognize(dpl.read_schedule { text = moved })
  lu.assertEquals({ best.strategy, best.match, best.moved }, { "1f1b", "near", 1 })
  lu.assertEquals(best.difference, { rank = 1, position = 3, action = "1F2", expected = "1B1" })
  lu.assertEquals(best.text, "nearest is 1f1b: 1 of 16 actions are out of place, first on rank 1 "
    .. "at action 3, 1F2 instead of 1B1")
end

function TestRecognize.test_costs_of_the_order()
  local costs = { F = 1, I = 1.5, W = 0.5 }
  local s = dpl.schedule("zb_2p", { num_ranks = 4, num_chunks = 8, costs = costs })
  lu.assertEquals(named(select(2, dpl.recognize(s, { costs = costs })), "zb_2p").match, "exact")
end

function TestRecognize.test_no_strategy_has_such_stages()
  local s = dpl.schedule { num_ranks = 2, num_chunks = 1,
    routes = { { ranks = { 1, 0 }, chunks = { 0, 0 } } },
    orders = { { "1F0", "1B0" }, { "0F0", "0B0" } } }
  local best, message, code = dpl.recognize(s)
  lu.assertNil(best)
  lu.assertStrContains(message, "no strategy puts these stages on these ranks")
  lu.assertEquals(code, "NOT_FOUND")
end

function TestRecognize.test_a_schedule_that_cannot_run()
  local best, message, code = dpl.recognize(simulating.deadlocked_schedule())
  lu.assertNil(best)
  lu.assertStrContains(message, "wait")
  lu.assertEquals(code, "DEADLOCK")
end

function TestRecognize.test_mistakes()
  local s = dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 })
  simulating.assert_raises("schedule", function() dpl.recognize(3) end)
  simulating.assert_raises("'cost'", function() dpl.recognize(s, { cost = {} }) end)
  simulating.assert_raises("F is a list of 3",
    function() dpl.recognize(s, { costs = { F = { 1, 2, 3 } } }) end)
end

return {
  TestCriticalPath = TestCriticalPath,
  TestBubbles = TestBubbles,
  TestExplainBubble = TestExplainBubble,
  TestDerivatives = TestDerivatives,
  TestWhatIf = TestWhatIf,
  TestRecognize = TestRecognize,
}
