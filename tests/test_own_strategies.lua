-- Strategies written in Lua: where they are known, and what is said of definitions that are wrong.

local lu = require "luaunit"
local dpl = require "dpl"
local analysis = require "dpl.analysis"
local benchmark = require "dpl.benchmark"
local simulating = require "simulating"
local defining = require "defining"

local suite, sizes = defining.suite, defining.sizes
local text_of, assert_same_orders = defining.text_of, defining.assert_same_orders
local AS_TEXT <const> = defining.AS_TEXT

-- ---- Where a strategy is known ----

local TestEverywhere = suite()

function TestEverywhere:setUp()
  defining.Defined.setUp(self)
  self:define("aaa", AS_TEXT)
  self:define("my_1f1b", {
    summary = "1F1B again", size_rule = "any", source = "here", memory = "min(M, P - r)",
    order = AS_TEXT.order,
  })
end

function TestEverywhere.test_it_is_listed_and_described()
  local names = dpl.strategies()
  lu.assertEquals(names[2], "aaa")
  lu.assertEquals(#names, 19)
  local info = dpl.describe("my_1f1b")
  lu.assertEquals(info.summary, "1F1B again")
  lu.assertEquals({ info.size_rule, info.source, info.memory }, { "any", "here", "min(M, P - r)" })
  lu.assertEquals({ info.stages_per_rank, info.num_routes, info.parameter_copies }, { 1, 1, 1 })
  lu.assertFalse(info.uses_costs)
end

function TestEverywhere.test_a_typo_is_told()
  simulating.assert_raises("did you mean 'my_1f1b'?", dpl.schedule, "my_1f1", sizes(2, 2))
end

-- Rows of both strategies are alike but for their names.
local function assert_alike(rows, field, key)
  local by_name = simulating.by_name(rows, field)
  lu.assertNotNil(by_name.my_1f1b)
  for name, value in pairs(by_name["1f1b"]) do
    if name ~= field and (key == nil or name == key) then
      lu.assertEquals(by_name.my_1f1b[name], value, name)
    end
  end
end

function TestEverywhere.test_comparator()
  for _, hold in ipairs { "ranks", "stages" } do
    local comparator = simulating.new_comparator { hold = hold }
    assert_alike(comparator:compare_strategies(), "strategy")
    lu.assertStrContains(comparator:generate_report(), "my_1f1b")
  end
  local chosen = simulating.new_comparator { strategies = { "my_1f1b", "gpipe" } }
  lu.assertEquals(simulating.field(chosen:compare_strategies(), "strategy"), { "gpipe", "my_1f1b" })
end

function TestEverywhere.test_simulator_and_optimizer()
  lu.assertEquals(simulating.new_simulator():makespan("my_1f1b"), 33)
  local optimizer = simulating.new_optimizer { overhead = 0.1 }
  lu.assertEquals(optimizer:optimal_chunks("my_1f1b").num_chunks,
    optimizer:optimal_chunks("1f1b").num_chunks)
  lu.assertEquals(#optimizer:sensitivity("my_1f1b"), #optimizer:sensitivity("1f1b"))
end

function TestEverywhere.test_analysis()
  local calculator = analysis.BubbleCalculator { num_ranks = 4 }
  local bubble = calculator:bubble("my_1f1b", 8)
  lu.assertEquals(bubble.bubble_ratio, 9 / 33)
  lu.assertEquals(bubble.method, "simulated")
  lu.assertStrContains(calculator:comparison_text(8), "my_1f1b")
  lu.assertStrContains(bubble.condition, "no closed form is known for my_1f1b")
  local analyzer = analysis.ScheduleAnalyzer { num_ranks = 4, num_chunks = 8 }
  lu.assertEquals(analyzer:bubble_ratio("my_1f1b"), 9 / 33)
  lu.assertEquals(analyzer:optimal_chunks("my_1f1b", 0.1).num_chunks,
    analyzer:optimal_chunks("1f1b", 0.1).num_chunks)
  local traffic = analysis.CommunicationAnalyzer(sizes(4, 8, { message_bytes = 10 }))
  lu.assertEquals(traffic:volume("my_1f1b").bytes, traffic:volume("1f1b").bytes)
  assert_alike(traffic:compare(), "strategy", "bytes")
end

function TestEverywhere.test_benchmark()
  local model = { model_params = 1e9, hidden_dim = 1024, seq_len = 512, batch_size = 64 }
  local size = simulating.with(model, { num_ranks = 4, num_chunks = 8 })
  local memory = benchmark.MemoryEstimator(size)
  lu.assertEquals(memory:estimate_total_memory("my_1f1b").total_mb,
    memory:estimate_total_memory("1f1b").total_mb)
  assert_alike(memory:compare(), "strategy", "total_mb")
  assert_alike(benchmark.ThroughputEstimator(size):compare(), "strategy", "step_time")
  local scaling = benchmark.ScalabilityAnalyzer(size)
  local limit = { max_ranks = 16, min_efficiency = 0.5 }
  lu.assertEquals(scaling:scaling_limit("my_1f1b", limit).num_ranks,
    scaling:scaling_limit("1f1b", limit).num_ranks)
  local search = benchmark.ConfigurationSearch(simulating.with(model, { gpu_memory_gb = 80 }))
  local found = simulating.by_name(search:search_optimal_config { min_ranks = 4, max_ranks = 4 },
    "strategy")
  lu.assertEquals(found.my_1f1b.throughput, found["1f1b"].throughput)
end

function TestEverywhere.test_drawings_and_files()
  local size = sizes(3, 5)
  local own, like = dpl.schedule("my_1f1b", size), dpl.schedule("1f1b", size)
  lu.assertEquals(own:to_csv(), like:to_csv())
  lu.assertEquals(own.strategy, "my_1f1b")
  lu.assertEquals(dpl.simulate(own):gantt(), dpl.simulate(like):gantt())
  lu.assertEquals(own:lower():to_csv(), like:lower():to_csv())
end

function TestEverywhere:test_sizes_that_it_does_not_allow()
  self:define("odd", {
    order = AS_TEXT.order,
    check = function(options) return options.num_chunks % 2 == 1, "num_chunks must be odd" end,
  })
  simulating.assert_raises("odd: num_chunks must be odd", dpl.schedule, "odd", sizes(2, 2))
  local _, skipped = simulating.new_comparator():compare_strategies()
  local row = simulating.by_name(skipped, "strategy").odd
  lu.assertEquals(row.reason, "odd: num_chunks must be odd")
  local analyzer = analysis.ScheduleAnalyzer { num_ranks = 4, num_chunks = 8 }
  lu.assertEquals(analyzer:optimal_chunks("odd", 0.25).num_chunks, 9)
end

function TestEverywhere:test_a_mistake_ends_a_comparison()
  self:define("raises", {
    order = function(rank, options)
      if options.num_chunks == 8 and rank == 1 then
        error("seven")
      end
      return AS_TEXT.order(rank, options)
    end,
  })
  simulating.assert_raises("seven", function() simulating.new_comparator():compare_strategies() end)
  lu.assertEquals(simulating.new_comparator { num_chunks = 9 }:compare_strategies()[1] ~= nil, true)
end

function TestEverywhere:test_held_stages_of_more_than_one()
  self:define("wide", {
    stages_per_rank = 2,
    order = function(rank, options)
      return table.concat(dpl.schedule("looped_bfs", sizes(options.num_ranks, options.num_chunks))
        :order(rank), " ")
    end,
  })
  local comparator = simulating.new_comparator { hold = "stages" }
  local rows = simulating.by_name(comparator:compare_strategies(), "strategy")
  lu.assertEquals(rows.wide.makespan, rows.looped_bfs.makespan)
  lu.assertEquals(rows.wide.num_ranks, 2)
end

-- ---- Definitions ----

local TestDefinitions = suite()

function TestDefinitions:test_options_of_its_own()
  local seen = {}
  self:define("takes", {
    options = {
      depth = { default = 2, least = 1, most = 4 }, share = { default = 0.5 },
      mode = { default = "x" }, fast = { default = false }, stages_per_rank = { default = 1 },
    },
    order = function(rank, options)
      seen = options
      return rank == 0 and AS_TEXT.order(rank, options) or AS_TEXT.order(rank, options)
    end,
  })
  dpl.schedule("takes", sizes(2, 3))
  lu.assertEquals({ seen.depth, seen.share, seen.mode, seen.fast }, { 2, 0.5, "x", false })
  lu.assertEquals({ seen.num_ranks, seen.num_chunks, seen.stages_per_rank }, { 2, 3, 1 })
  dpl.schedule("takes", sizes(2, 3, { depth = 3, share = 1, mode = "y", fast = true }))
  lu.assertEquals({ seen.depth, seen.share, seen.mode, seen.fast }, { 3, 1, "y", true })
  simulating.new_simulator { num_ranks = 2, num_chunks = 3 }:makespan("takes")
  lu.assertEquals(seen.depth, 2)
  lu.assertEquals(dpl.describe("takes").options.depth.most, 4)
  lu.assertEquals(dpl.describe("takes").option, "stages_per_rank")
  local function refused(more, text)
    simulating.assert_raises(text, dpl.schedule, "takes", sizes(2, 3, more))
  end
  refused({ depth = 9 }, "option 'depth' must be a whole number from 1 to 4 (got 9)")
  refused({ depth = 2.5 }, "option 'depth' must be a whole number")
  refused({ mode = 7 }, "option 'mode' must be a string (got a number)")
  refused({ fast = 1 }, "option 'fast' must be a boolean")
  refused({ deph = 2 }, "unknown option 'deph' (did you mean 'depth'?)")
  lu.assertFalse(pcall(dpl.schedule, "takes", sizes(2, 3, { depth = 3, num_chunks = -1 })))
  dpl.schedule("takes", sizes(2, 3))
  lu.assertEquals(seen.depth, 2)
end

-- A script may write into its options whatever keys it likes.
function TestDefinitions:test_typos_in_options_that_were_added_to()
  for _, key in ipairs { true, 1, 1.5, {} } do
    local message
    self:define("adds", {
      order = function(rank, options)
        options[key] = true
        message = select(2, pcall(function() return options.num_rank end))
        return AS_TEXT.order(rank, options)
      end,
    })
    dpl.schedule("adds", sizes(2, 3))
    lu.assertStrContains(message, "the options have no 'num_rank' (did you mean 'num_ranks'?)")
  end
end

function TestDefinitions:test_costs()
  local seen
  self:define("priced", {
    uses_costs = true,
    order = function(rank, options)
      seen = options
      return AS_TEXT.order(rank, options)
    end,
  })
  dpl.schedule("priced", sizes(2, 3, { costs = { F = { 1, 2 }, p2p = 0.5 }, weight_memory = 0.5 }))
  lu.assertEquals(seen.costs, { F = { 1, 2 }, B = { 2, 4 }, I = { 1, 2 }, W = { 1, 2 },
    FB = { 3, 6 }, p2p = 0.5 })
  lu.assertEquals(seen.weight_memory, 0.5)
  self:define("ruled", {
    choose = function(_, ready, _, options)
      seen = options
      return ready[1]
    end,
  })
  dpl.schedule("ruled", sizes(2, 3, { costs = { F = { 3, 4 } } }))
  lu.assertEquals(seen.costs.F, { 3, 4 })
  simulating.assert_raises("F is a list of 3", dpl.schedule, "priced",
    sizes(2, 3, { costs = { F = { 1, 2, 3 } } }))
end

function TestDefinitions:test_one_of_the_same_name_is_replaced()
  self:define("twice", AS_TEXT)
  local comparator = simulating.new_comparator { strategies = { "twice", "gpipe" } }
  self:define("twice", { order = function(_, o) return ("F0..%d B0..%d"):format(o.num_chunks - 1,
    o.num_chunks - 1) end })
  assert_same_orders("twice", "gpipe", sizes(3, 4))
  lu.assertEquals(#comparator:compare_strategies(), 2)
  lu.assertEquals(#dpl.strategies(), 18)
end

function TestDefinitions.test_it_can_be_taken_out()
  dpl.strategy("short_lived", AS_TEXT)
  dpl.strategy("short_lived", nil)
  simulating.assert_raises("unknown strategy 'short_lived'", dpl.schedule, "short_lived",
    sizes(2, 2))
  simulating.assert_raises("there is no strategy 'short_lived' of your own", dpl.strategy,
    "short_lived", nil)
  simulating.assert_raises("there is no strategy '1f1b' of your own", dpl.strategy, "1f1b", nil)
end

function TestDefinitions:test_changing_the_table_afterwards_changes_nothing()
  local seen
  local definition = {
    options = { depth = { default = 1 } },
    order = function(rank, options)
      seen = options.depth
      return AS_TEXT.order(rank, options)
    end,
  }
  self:define("fixed", definition)
  definition.order = error
  definition.options.depth.default = 2
  dpl.describe("fixed").options.depth.default = 3
  assert_same_orders("fixed", "1f1b", sizes(3, 4))
  lu.assertEquals(seen, 1)
end

function TestDefinitions:test_strategies_made_of_each_other()
  self:define("inner", AS_TEXT)
  self:define("outer", {
    order = function(rank, options)
      return table.concat(dpl.schedule("inner", options):order(rank), " ")
    end,
  })
  local in_coroutine = coroutine.wrap(function() return dpl.schedule("outer", sizes(3, 4)) end)
  lu.assertEquals(text_of(in_coroutine()), text_of(dpl.schedule("1f1b", sizes(3, 4))))
end

function TestDefinitions:test_a_strategy_made_of_itself()
  self:define("endless", {
    order = function(_, options)
      dpl.schedule("endless", sizes(options.num_ranks, options.num_chunks))
    end,
  })
  simulating.assert_raises("made for a strategy that is made for it", dpl.schedule, "endless",
    sizes(2, 2))
end

function TestDefinitions:test_a_builder_ends_with_its_function()
  local kept
  self:define("keeps", {
    order = function(rank, options, o)
      kept = o
      return AS_TEXT.order(rank, options)
    end,
  })
  dpl.schedule("keeps", sizes(2, 2))
  simulating.assert_raises("good within its function only", function() kept:F(0) end)
end

function TestDefinitions:test_mistakes_of_the_builder()
  local function try(write, texts)
    self:define("wrong", { order = function(_, _, o) write(o) end })
    simulating.assert_raises(texts, dpl.schedule, "wrong", sizes(2, 3))
  end
  try(function(o) o:F(7) end, "order of rank 0: there is no chunk 7: chunks are 0 to 2")
  try(function(o) o:F(0, 1) end, "stage 1 is on rank 1, not on rank 0")
  try(function(o) o:F(0, 9) end, "there is no stage 9")
  try(function(o) o:F(0, -1) end, "there is no stage")
  try(function(o) o:F("0") end, "chunk must be a whole number")
  try(function(o) o:F(0.5) end, "chunk must be a whole number")
  try(function(o) o:F() end, "chunk must be a whole number")
  try(function(o) o.F(0) end, "called with ':'")
  try(function(o) o:G(0) end, "a builder has no 'G'")
  try(function(o) o:run(7) end, "o:run takes the text of an order")
  try(function(o) o:run("F%d", 8) end, "column 1, 'F8'")
  try(function(o) for _ = 1, 10 do o:F(0) end end, "has run all that its stages can")
  try(function(o) o:FB(0, 1):W(1) end, "rank 0 action 0")
end

function TestDefinitions:test_schedules_that_cannot_run()
  local function try(orders, texts)
    self:define("wrong", { order = function(rank) return orders[rank + 1] end })
    simulating.assert_raises(texts, dpl.schedule, "wrong", sizes(2, 2))
  end
  try({ "F0 F1 B0 B1", "F0 B0" }, { "order of strategy 'wrong'", "rank 1 never runs 1F1" })
  try({ "F0 F0 F1 B0 B1", "F0 B0 F1 B1" }, "it runs twice")
  try({ "F0 B0 F1 B1", "F1 F0 B0 B1" }, "waits for")
  try({ "F0 I0 F1 B1", "F0 B0 F1 B1" }, "W")
  try({ {}, "" }, "it must return a text such as \"F0 F1 B0\", or call the builder (got a table)")
  try({ nil, "" }, "(got neither)")
  self:define("wrong", { order = function(_, _, o) o:F(0) return "B0" end })
  simulating.assert_raises("(got both)", dpl.schedule, "wrong", sizes(2, 2))
end

function TestDefinitions:test_functions_that_raise()
  for _, name in ipairs { "order", "choose", "block", "check", "routes" } do
    local definition = { [name] = function() error("my " .. name) end }
    if name == "check" or name == "routes" then
      definition.order = AS_TEXT.order
    end
    self:define("raises", definition)
    simulating.assert_raises("my " .. name, dpl.schedule, "raises", sizes(2, 2))
  end
  self:define("raises", { order = function() error({}) end })
  simulating.assert_raises("a value that is no text", dpl.schedule, "raises", sizes(2, 2))
  self:define("raises", { order = AS_TEXT.order, check = function() end })
  simulating.assert_raises("it must return true, or false and the reason", dpl.schedule, "raises",
    sizes(2, 2))
end

function TestDefinitions:test_routes_that_are_wrong()
  local function try(routes, texts, more)
    local definition = { order = function() return "" end, routes = routes }
    self:define("wrong", simulating.with(definition, more))
    simulating.assert_raises(texts, dpl.schedule, "wrong", sizes(2, 3))
  end
  local function giving(...)
    local list = { ... }
    return function() return list end
  end
  try(giving(), "no route takes chunk 0")
  try(giving({ ranks = { 0, 7 }, chunks = { 0, 2 } }), "an entry of 'ranks' must be")
  try(giving({ ranks = { 0 } }), "'chunks' must be a list")
  try(giving(7), "route 0: must be { ranks")
  try(function() end, "it must return a list of { ranks")
  try("both_ways", "needs an even num_chunks (got 3)")
end

-- What comparisons go by must be so.
function TestDefinitions:test_routes_of_another_length_than_was_defined()
  self:define("longer", {
    routes = function(options)
      return { { ranks = { 0, 1, 0 }, chunks = { 0, options.num_chunks - 1 } } }
    end,
    order = function(rank)
      return rank == 0 and "0F0 2F0 2B0 0B0" or "1F0 1B0"
    end,
  })
  simulating.assert_raises("route 0 has 3 stages", dpl.schedule, "longer", sizes(2, 1))
end

function TestDefinitions.test_definitions_that_are_wrong()
  local function try(definition, texts)
    simulating.assert_raises(texts, dpl.strategy, "wrong", definition)
  end
  local order = AS_TEXT.order
  try({}, "says no orders: give it a function 'order', 'choose', 'block' or 'edit'")
  try({ order = 3 }, "'order' must be a function (got a number)")
  try({ order = order, choose = order }, "has 'order' or 'choose', not both")
  try({ ordr = order }, "unknown option 'ordr' (did you mean 'order'?)")
  try({ edit = order }, "which is named in 'base'")
  try({ order = order, summary = 7 }, "'summary' must be a text")
  try({ order = order, splits = "yes" }, "'splits' must be true or false")
  try({ order = order, stages_per_rank = 0 }, "'stages_per_rank' must be a whole number")
  try({ order = order, stages_per_rank = 3, num_routes = 2, routes = order },
    "3 stages on a rank cannot be shared out to 2 routes")
  try({ order = order, num_routes = 2 }, "there are not 2 routes")
  try({ order = order, routes = "w" }, "'routes' must be 'linear', 'v', 'both_ways' or a function")
  try({ order = order, check = true }, "'check' must be a function")
  try({ order = order, options = { 7 } }, "'options' has tables by name")
  try({ order = order, options = { depth = {} } }, "option 'depth' needs a default")
  try({ order = order, options = { depth = { defualt = 1 } } }, "did you mean 'default'?")
  try({ order = order, options = { num_ranks = { default = 1 } } }, "an option 'num_ranks' already")
  for name, text in pairs { ["1f1b"] = "is a strategy of the library", ["zb1p"] = "of the library",
    ["a b"] = "letters, digits and '_'", [""] = "letters, digits", [("x"):rep(61)] = "1 to 60" } do
    simulating.assert_raises(text, dpl.strategy, name, AS_TEXT)
  end
  simulating.assert_raises("takes a name and a definition", dpl.strategy, "wrong")
  simulating.assert_raises("takes a name and a definition", dpl.strategy, 7, {})
end

function TestDefinitions:test_sizes_that_no_machine_has()
  self:define("large", { order = function() end, options = { stages_per_rank = { default = 1 } } })
  for _, size in ipairs {
    { 2147483647, 1, 65536 }, { 2000000000, 1, 1 }, { 2, 2147483647, 65536 },
  } do
    lu.assertFalse(pcall(dpl.schedule, "large", sizes(size[1], size[2],
      { stages_per_rank = size[3] })))
  end
end

function TestDefinitions:test_none_is_defined_while_one_is_made()
  self:define("defines", { order = function() dpl.strategy("other", AS_TEXT) end })
  simulating.assert_raises("cannot be defined while one is being made", dpl.schedule, "defines",
    sizes(2, 2))
end

return { TestEverywhere = TestEverywhere, TestDefinitions = TestDefinitions }
