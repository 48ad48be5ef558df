-- Exactness: schedules of others, action for action, and their times, ratios and peaks.
--
-- Those in tests/golden are always compared. The whole sources are compared where they are: the
-- directory that DPL_SHARED_DATA names, else shared/data beside this checkout.

local lu = require "luaunit"
local dpl = require "dpl"
local facts = require "facts"

local SHARED = os.getenv("DPL_SHARED_DATA") or os.getenv("DPL_ROOT") .. "/.." .. "/shared/data"

local function check_all(list, expected_count)
  for _, fact in ipairs(list) do
    facts.check(fact)
  end
  lu.assertEquals(#list, expected_count)
end

local TestGolden = {}

function TestGolden.test_dualpipe()
  check_all(require "golden.dualpipe", 7)
end

function TestGolden.test_chimera()
  check_all(require "golden.chimera", 3)
end

function TestGolden.test_pytorch()
  check_all(require "golden.pytorch", 17)
end

function TestGolden.test_zero_bubble()
  check_all(require "golden.zero_bubble", 17)
end

function TestGolden.test_zero_bubble_searched()
  check_all(require "golden.zero_bubble_searched", 20)
end

function TestGolden.test_zero_bubble_long()
  check_all(require "golden.zero_bubble_long", 14)
end

-- The two figures of DualPipe's README, said once more in full.
function TestGolden.test_figures_of_dualpipe()
  local costs = { F = 1, B = 2, W = 1, FB = 3 }
  local down = dpl.schedule("dualpipe", { num_ranks = 8, num_chunks = 20 })
  local folded = dpl.schedule("dualpipev", { num_ranks = 4, num_chunks = 10 })
  lu.assertEquals(dpl.simulate(down, costs).makespan, 66)
  lu.assertEquals(dpl.simulate(folded, costs).makespan, 66)
  lu.assertEquals(down:order(0)[1], "0F0")
  lu.assertEquals(down:order(7)[1], "8F10")
end

-- A comparison that cannot fail would prove nothing.
function TestGolden.test_differences_are_found()
  local original = require "golden.zero_bubble"[1]
  for field, wrong in pairs {
    makespan = 10,
    span = 8,
    bubble_ratio = 0.3333333,
    bubble_rate_span = 0.34,
    peak_share = { 2, 2 },
    order = { "0F0 0F1 0B0 0B1", "1F0 1F1 1B0 1B1" },
    start = { "0 1 5 7", "1 2 4 6" },
  } do
    local fact = setmetatable({ [field] = wrong }, { __index = original })
    lu.assertError(facts.check, fact)
  end
end

---- The whole sources ----

-- A line of JSON as a table. These lines hold neither brackets nor colons within strings, which
-- makes them Lua but for a few signs.
local function parse(line)
  local text = line:gsub("%[", "{"):gsub("%]", "}"):gsub('("[%w_]+") *:', "[%1]=")
  return assert(load("return " .. text, "=line", "t", {}))()
end

-- The records of a file whose `field` is one of the names, those that stand as keys of `names`.
local function read(path, field, names)
  local file = io.open(SHARED .. "/" .. path)
  lu.skipIf(not file, "the shared data are not there: set DPL_SHARED_DATA to their directory")
  local records = {}
  for line in file:lines() do
    if names[line:match('"' .. field .. '": *"([^"]+)"')] then
      records[#records + 1] = parse(line)
    end
  end
  file:close()
  return records
end

-- Checks them all and says how many of a strategy agreed.
local function report(source, list)
  local counts = {}
  for _, fact in ipairs(list) do
    facts.check(fact)
    counts[fact.strategy] = (counts[fact.strategy] or 0) + 1
  end
  local names = {}
  for name in pairs(counts) do
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    names[i] = counts[name] .. " " .. name
  end
  print(("golden: all %d of %s agree: %s"):format(#list, source, table.concat(names, ", ")))
end

local function convert(records, convert_one)
  local list = {}
  for i, record in ipairs(records) do
    list[i] = convert_one(record)
  end
  return list
end

local TestSources = {}

function TestSources.test_dualpipe()
  local names = { dualpipe = true, dualpipev = true }
  local list = convert(read("dualpipe/schedules.jsonl", "schedule", names), function(r)
    return {
      strategy = r.schedule, num_ranks = r.num_ranks, num_chunks = r.num_chunks, costs = r.costs,
      order = r.order, start = r.start, finish = r["end"], makespan = r.makespan,
      bubble_ratio = r.bubble_ratio,
    }
  end)
  lu.assertEquals(#list, 7)
  report("DualPipe's", list)
end

function TestSources.test_pytorch()
  local ours = {
    GPipe = "gpipe", ["1F1B"] = "1f1b", DualPipeV = "dualpipev", LoopedBFS = "looped_bfs",
    Interleaved1F1B = "interleaved_1f1b", InterleavedZeroBubble = "interleaved_zb",
    ZBVZeroBubble = "zbv",
  }
  local list = convert(read("pytorch/orders.jsonl", "class", ours), function(r)
    return {
      strategy = ours[r.class], num_ranks = r.ranks, num_chunks = r.microbatches, order = r.order,
      stages_per_rank = r.stages_per_rank,
    }
  end)
  lu.assertEquals(#list, 322)
  report("PyTorch's", list)
end

-- weight_memory of the modelled peaks, whose unit is the activations of a rank's share in MB.
local WEIGHT_MEMORY = {
  unit = 0.5, ["1.5B"] = 73728 / 201216, ["6.2B"] = 131072 / 303104, ["14.6B"] = 131072 / 303104,
  ["28.3B"] = 131072 / 303104,
}

function TestSources.test_zero_bubble()
  local names = {
    ["1f1b"] = true, interleaved_1f1b = true, v_half = true, v_min = true, zb_1p = true,
    zb_2p = true, zb_h1 = true, zb_h2 = true, zbv = true, zbv_greedy = true,
  }
  local list = convert(read("zero_bubble/schedules.jsonl", "schedule", names), function(r)
    local parts = r.stages_per_rank -- costs are those of a rank's whole share
    return {
      strategy = r.schedule, num_ranks = r.num_ranks, num_chunks = r.num_chunks,
      stages_per_rank = parts, order = r.order, makespan = r.makespan,
      costs = { F = r.F / parts, I = r.I / parts, W = r.W / parts, p2p = r.p2p },
      span = r.span, bubble_ratio = r.bubble_ratio, bubble_rate_span = r.bubble_rate_span,
      peak_share = r.peak_activations, weight_memory = WEIGHT_MEMORY[r.profile],
      peak_share_weighted = r.peak_mem_modelled_in_MB,
    }
  end)
  lu.assertEquals(#list, 539)
  report("the zero-bubble authors'", list)
end

return { TestGolden = TestGolden, TestSources = TestSources }
