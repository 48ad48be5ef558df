-- A caller's mistakes: each raises, at the script's file and line, a message that names the option,
-- the value and the rule. And garbage of every kind, which may raise but never crash or hang.

local lu = require "luaunit"
local dpl = require "dpl"

-- What a script says when it fails, with its name and line before it.
local function message_of(script, ...)
  local ok, message = pcall(assert(load(script, "@script.lua")), ...)
  lu.assertFalse(ok, script)
  lu.assertEquals(type(message), "string")
  return message
end

-- Fails unless dpl.schedule(strategy, options) says these words.
local function refuses(words, strategy, options)
  lu.assertErrorMsgContains(words, dpl.schedule, strategy, options)
end

local function shape(change)
  local options = { num_ranks = 4, num_chunks = 8 }
  for key, value in pairs(change or {}) do
    options[key] = value
  end
  return options
end

local TestPlace = {}

function TestPlace.test_file_and_line()
  for line, call in ipairs {
    [[dpl.schedule("dualpip", { num_ranks = 4, num_chunks = 8 })]],
    [[dpl.schedule("dualpipe", { num_ranks = 3, num_chunks = 8 })]],
    [[dpl.schedule("dualpipe", { num_ranks = 4.5, num_chunks = 8 })]],
    [[dpl.schedule("dualpipe", { ranks = 4, num_chunks = 8 })]],
    [[dpl.schedule { num_ranks = 1, num_chunks = 1, routes = {}, orders = {} }]],
    [[dpl.simulate(dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 }), { F = -1 })]],
    [[dpl.simulate(dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 }), { F = { 1 } })]],
    [[dpl.simulate()]],
    [[dpl.describe("gpip")]],
    [[dpl.schedule("gpipe", { num_ranks = 1, num_chunks = 1 }):order(1)]],
    [[dpl.schedule("gpipe", { num_ranks = 1000000, num_chunks = 1000000 })]],
  } do
    local script = 'local dpl = require "dpl"' .. ("\n"):rep(line) .. call
    lu.assertStrMatches(message_of(script), "script%.lua:" .. line + 1 .. ": .+", nil, nil, call)
  end
end

-- Through a function of the script: the line that called dpl, as for any function of Lua's own.
function TestPlace.test_line_within_functions()
  local script = [[
    local dpl = require "dpl"
    local function make(name)
      local schedule = dpl.schedule(name, { num_ranks = 4, num_chunks = 8 })
      return schedule
    end
    make("nothing like it")]]
  lu.assertStrContains(message_of(script), "script.lua:3: ")
end

function TestPlace.test_line_within_pcall()
  local script = [[
    local dpl = require "dpl"
    local ok, message = pcall(dpl.schedule, "gpip")
    error(message, 0)]]
  lu.assertStrContains(message_of(script), "script.lua:2: unknown strategy 'gpip'")
end

---- Strategies and sizes ----

local TestSizes = {}

function TestSizes.test_unknown_strategy()
  refuses("unknown strategy 'dualpip' (did you mean 'dualpipe'?)", "dualpip", shape())
  refuses("unknown strategy '1f1p' (did you mean '1f1b'?)", "1f1p", shape())
  refuses("unknown strategy 'zb1' (did you mean 'zb1p'?)", "zb1", shape())
  refuses("unknown strategy 'GPipe' (did you mean 'gpipe'?)", "GPipe", shape())
  refuses("unknown strategy '1F1B' (did you mean '1f1b'?)", "1F1B", shape())
  refuses("unknown strategy 'foo'; dpl.strategies() lists those there are", "foo", shape())
  refuses("unknown strategy ''", "", shape())
  refuses("unknown strategy", ("x"):rep(100000), shape())
  lu.assertErrorMsgContains("unknown strategy 'gpip' (did you mean 'gpipe'?)", dpl.describe, "gpip")
end

-- Whichever part of the rule a size breaks, the whole rule is told.
function TestSizes.test_the_whole_rule_is_told()
  local rule = "num_ranks even, num_chunks even and >= 2 * num_ranks"
  refuses(rule, "dualpipe", { num_ranks = 5, num_chunks = 10 })
  refuses(rule, "dualpipe", { num_ranks = 4, num_chunks = 9 })
  refuses(rule, "dualpipe", { num_ranks = 4, num_chunks = 6 })
end

function TestSizes.test_strategy_with_a_nul()
  refuses("unknown strategy: 'gpipe' with a NUL and more behind it", "gpipe\0", shape())
end

-- An object has its options as fields; a name that is neither option nor method is an error.
function TestSizes.test_fields_of_objects()
  local calculator = require "dpl.analysis".BubbleCalculator { num_ranks = 4 }
  lu.assertEquals(calculator.num_ranks, 4)
  lu.assertNil(calculator.p2p)
  lu.assertErrorMsgContains("a BubbleCalculator has no 'num_rank' (did you mean 'num_ranks'?)",
    function() return calculator.num_rank end)
  lu.assertErrorMsgContains("has no 'gpipe_buble' (did you mean 'gpipe_bubble'?)",
    function() return calculator:gpipe_buble(8) end)
  lu.assertErrorMsgContains("a BubbleCalculator is indexed by names (got a number)",
    function() return calculator[1] end)
end

function TestSizes.test_strategy_of_another_type()
  for _, wrong in ipairs { 1, true, print, 0 / 0 } do
    refuses("the name of a strategy; dpl.strategies() lists them (got ", wrong, shape())
  end
  refuses("(got nil)", nil, shape())
  lu.assertErrorMsgContains("the name of a strategy", dpl.describe, {})
  lu.assertErrorMsgContains("the name of a strategy", dpl.describe)
end

function TestSizes.test_unknown_option()
  refuses("dpl.schedule: unknown option 'num_rank' (did you mean 'num_ranks'?)", "gpipe",
    { num_rank = 4, num_chunks = 8 })
  refuses("dpl.schedule: unknown option 'colour'; its options are num_ranks, num_chunks", "gpipe",
    shape { colour = 1 })
  refuses("options are named, as in { num_ranks = ... } (got 7 without a name)", "gpipe",
    shape { 7 })
  refuses("unknown option 'num_ranks", "gpipe", shape { ["num_ranks\0"] = 4 })
end

function TestSizes.test_missing_option()
  refuses("dpl.schedule: option 'num_ranks' is missing: how many ranks", "gpipe")
  refuses("dpl.schedule: option 'num_ranks' is missing", "gpipe", {})
  refuses("dpl.schedule: option 'num_chunks' is missing", "gpipe", { num_ranks = 4 })
end

function TestSizes.test_options_of_another_type()
  refuses("dpl.schedule: options are given in a table (got 4)", "gpipe", 4)
  refuses("dpl.schedule: options are given in a table (got the string 'x')", "gpipe", "x")
end

function TestSizes.test_counts()
  for _, name in ipairs { "num_ranks", "num_chunks", "stages_per_rank" } do
    for _, case in ipairs {
      { 0, "0" }, { -1, "-1" }, { 1.5, "1.5" }, { 0 / 0, "nan" }, { 1 / 0, "inf" },
      { -1 / 0, "-inf" }, { 2 ^ 31, "2147483648.0" }, { 1 << 31, "2147483648" },
      { 1e300, "1e+300" },
      { math.mininteger, "-9223372036854775808" }, { "4", "the string '4'" }, { true, "true" },
      { {}, "a table" }, { print, "a function" },
    } do
      refuses(("option '%s' must be a whole number from 1 to 2147483647 (got %s)")
        :format(name, case[2]), "1f1b", shape { [name] = case[1] })
    end
  end
end

function TestSizes.test_whole_floats_are_counts()
  lu.assertEquals(#dpl.schedule("gpipe", { num_ranks = 2.0, num_chunks = 3.0 }), 12)
end

function TestSizes.test_rules_of_strategies()
  refuses("dualpipe needs an even num_ranks (got 3)", "dualpipe", shape { num_ranks = 3 })
  refuses("dualpipe needs an even num_chunks (got 9)", "dualpipe", shape { num_chunks = 9 })
  refuses("num_chunks must be at least 8 on 4 ranks (got 6)", "dualpipe", shape { num_chunks = 6 })
  refuses("num_chunks must be at least 8 on 4 ranks (got 7)", "dualpipev", shape { num_chunks = 7 })
  refuses("num_chunks must be at least 3 on 4 ranks (got 2)", "zb_h1", shape { num_chunks = 2 })
end

function TestSizes.test_more_than_memory()
  for _, name in ipairs(dpl.strategies()) do
    for _, size in ipairs { { 1000000, 2147000000 }, { 100000, 200000 }, { 2, 2147483646 } } do
      refuses("choose fewer ranks or chunks", name, { num_ranks = size[1], num_chunks = size[2] })
    end
  end
  refuses("choose fewer ranks", "gpipe", { num_ranks = 2147483647, num_chunks = 1 })
end

-- As data a few words can claim as much.
function TestSizes.test_more_than_memory_as_data()
  local ranks = {}
  for i = 1, 1000 do
    ranks[i] = 0
  end
  lu.assertErrorMsgContains("memory", dpl.schedule, {
    num_ranks = 1, num_chunks = 2147483647, orders = { {} },
    routes = { { ranks = ranks, chunks = { 0, 2147483646 } } },
  })
  lu.assertErrorMsgContains("one list for each of 2147483647 ranks (got 1)", dpl.schedule, {
    num_ranks = 2147483647, num_chunks = 1, orders = { {} },
    routes = { { ranks = { 0 }, chunks = { 0, 0 } } },
  })
end

---- Costs ----

local TestCosts = {}

local function two_ranks()
  return dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 2 })
end

-- Fails unless simulating with these costs, and options, says these words.
local function rejects(words, costs, options)
  lu.assertErrorMsgContains(words, dpl.simulate, two_ranks(), costs, options)
end

function TestCosts.test_values()
  for _, name in ipairs { "F", "B", "I", "W", "FB", "p2p" } do
    for _, case in ipairs {
      { -1, "-1" }, { -1e-300, "-1e-300" }, { 0 / 0, "nan" }, { 1 / 0, "inf" }, { -1 / 0, "-inf" },
      { "1", "the string '1'" }, { true, "true" }, { print, "a function" },
    } do
      local message = message_of("local f, s, c = ...\nf(s, c)", dpl.simulate, two_ranks(),
        { [name] = case[1] })
      lu.assertStrContains(message, "script.lua:2: dpl.simulate: costs: option '" .. name .. "'")
      lu.assertStrContains(message, "(got " .. case[2] .. ")")
    end
  end
end

function TestCosts.test_lists()
  rejects("F is a list of 1: give one number or 2, one for each stage", { F = { 1 } })
  rejects("F is a list of 3: give one number or 2, one for each stage", { F = { 1, 2, 3 } })
  rejects("'F'", { F = {} })
  rejects("'W'", { W = { 1, "2" } })
  rejects("'W'", { W = { 1, -2 } })
  rejects("'W'", { W = { 1, 0 / 0 } })
  rejects("'W'", { W = { 1, {} } })
  rejects("'p2p'", { p2p = { 1, 2 } })
  local s = dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 8 })
  lu.assertErrorMsgContains("FB is a list of 5: give one number, 4 (one for each stage of a route) "
    .. "or 8 (one for each stage)", dpl.simulate, s, { FB = { 1, 2, 3, 4, 5 } })
end

function TestCosts.test_halves_of_the_backward()
  rejects("W = 3 is more than B = 2 on stage 0: B is I + W", { W = 3 })
  rejects("I = 3 is more than B = 2 on stage 0: B is I + W", { B = 2, I = 3 })
  rejects("W = 5 is more than B = 4 on stage 1", { B = 4, W = { 1, 5 } })
  rejects("B must be I + W: on stage 0 B = 3, I = 1, W = 1; give two of the three",
    { B = 3, I = 1, W = 1 })
end

function TestCosts.test_names()
  rejects("dpl.simulate: costs: unknown option 'f' (did you mean 'F'?)", { f = 1 })
  rejects("dpl.simulate: costs: unknown option 'P2P'", { P2P = 1 })
  rejects("dpl.simulate: unknown option 'weight_memry' (did you mean 'weight_memory'?)", {},
    { weight_memry = 1 })
  rejects("dpl.simulate: costs: options are given in a table (got 1)", 1)
  rejects("dpl.simulate: options are given in a table (got the string 'x')", {}, "x")
end

function TestCosts.test_weight_memory()
  for _, wrong in ipairs { -0.1, 1.1, 0 / 0, 1 / 0, "1" } do
    rejects("option 'weight_memory' must be a number from 0 to 1", {}, { weight_memory = wrong })
  end
end

function TestCosts.test_sums_that_no_number_holds()
  local most = 1e300
  local s = dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 })
  lu.assertTrue(dpl.simulate(s, { F = most, B = most }).makespan < 1 / 0)
  rejects("must be a finite number, at least 0", { F = 1 / 0 })
end

function TestCosts.test_what_is_no_schedule()
  for _, wrong in ipairs { 1, "gpipe", true, {}, print, io.stdout } do
    lu.assertErrorMsgContains("a schedule is wanted, as dpl.schedule gives (got ", dpl.simulate,
      wrong)
  end
  lu.assertErrorMsgContains("a schedule is wanted", dpl.simulate)
  local timeline = dpl.simulate(two_ranks())
  lu.assertErrorMsgContains("a schedule is wanted", dpl.simulate, timeline)
end

return { TestPlace = TestPlace, TestSizes = TestSizes, TestCosts = TestCosts }
