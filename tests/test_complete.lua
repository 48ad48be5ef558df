-- What a word at the prompt may become, by the text before it; and that looking it up runs nothing
-- of the user's.

local lu = require "luaunit"
local complete = require "dpl.complete"

-- What completion sees of a session in which there are dpl, a schedule s, a timeline t, the class
-- BC and a function of the user's own.
local VALUES <const> = {
  [""] = { "dpl", "s", "t", "BC", "mine", "print", "not a name" },
  dpl = { "schedule", "simulate", "strategies", "describe" },
  s = { "order", "lower" },
  t = { "gantt", "actions" },
}
local NAMES <const> = {
  ["dpl.schedule"] = "dpl.schedule", ["dpl.simulate"] = "dpl.simulate",
  ["dpl.describe"] = "dpl.describe", ["dpl.read_schedule"] = "dpl.read_schedule",
  ["t:gantt"] = "dpl.timeline:gantt", ["s:lower"] = "dpl.schedule:lower",
  BC = "dpl.analysis.BubbleCalculator", mine = false, print = false, ["io.open"] = false,
}

local look = {}

function look.keys(path)
  return VALUES[path] or {}
end

function look.type(path)
  return ({ s = "dpl.schedule", t = "dpl.timeline" })[path]
end

function look.name(path)
  return NAMES[path]
end

function look.modules()
  return { "dpl", "argparse", "dpl.fail", "string", "_G" }
end

function look.strategies()
  return { "1f1b", "dualpipe", "dualpipev", "of_the_user" }
end

function look.files(directory)
  return directory == "runs/" and { "first.csv", "my-run.csv", "sub/" } or { "runs/", "a.lua" }
end

-- The matches for what is typed; the word begins behind "|".
local function matches(text)
  local before, word = text:match("^(.*)|(.*)$")
  return complete(before, word, look)
end

local function assert_matches(expected, text)
  lu.assertEquals(matches(text), expected, text)
end

local function assert_has(expected, text)
  lu.assertTableContains(matches(text), expected, text)
end

local TestComplete = {}

function TestComplete.test_names()
  assert_matches({ "dpl" }, "|dp")
  assert_matches({ "dpl.schedule", "dpl.simulate", "dpl.strategies" }, "|dpl.s")
  assert_matches({ "t:gantt" }, "x = |t:g")
  assert_matches({}, "|not")
  assert_matches({}, "|nothing.at.")
end

function TestComplete.test_fields_of_objects()
  assert_matches({ "t.makespan" }, "|t.mak")
  assert_matches({}, "|t:mak")
  assert_has("s.num_stages", "|s.")
end

function TestComplete.test_strategies_as_arguments()
  assert_matches({ "dualpipe", "dualpipev" }, 'dpl.schedule("|dual')
  assert_matches({ "of_the_user" }, "dpl.describe '|of")
  assert_matches({ "1f1b" }, 'y = f(dpl.schedule("|1')
  assert_matches({}, 'dpl.schedule("gpipe", "|dual')
end

function TestComplete.test_strategies_in_lists()
  assert_matches({ "dualpipe", "dualpipev" },
    'require "dpl.simulator".ScheduleComparator { strategies = { "1f1b", "|dual')
end

function TestComplete.test_options()
  assert_matches({ "num_ranks = " }, 'dpl.schedule("1f1b", { |num_r')
  assert_matches({ "num_chunks = " }, 'dpl.schedule("1f1b", { num_ranks = 4, |num')
  assert_matches({ "F = ", "FB = " }, "dpl.simulate(s, { |F")
  assert_matches({ "comm = " }, "dpl.simulate(s, { F = { 1, 2 } }, { |co")
  assert_matches({ "width = " }, "print(t:gantt { |wi")
  assert_matches({ "receives = " }, "s:lower { |")
  assert_has("num_ranks = ", "BC { |")
  assert_has("p2p = ", "BC { num_ranks = 4; |")
  assert_matches({ "F = ", "FB = " }, 'dpl.schedule("zb_1p", { costs = { |F')
end

function TestComplete.test_options_of_what_is_not_yet_known()
  assert_matches({ "width = " }, "local t = dpl.simulate(s)\nprint(t2:gantt {\n|wi")
  assert_has("strategies = ", 'require "dpl.simulator".ScheduleComparator { |')
  assert_matches({ "F = ", "FB = " }, "dpl.simulate(dpl.schedule('1f1b', {}), { |F")
end

function TestComplete.test_functions_of_the_users_own_have_no_options()
  assert_matches({}, "mine { |num")
  assert_matches({ "dpl" }, "mine { |d")
end

function TestComplete.test_values()
  assert_matches({ "batched", "blocking" }, 'dpl.simulate(s, {}, { comm = "|b')
  assert_matches({ '"batched"', '"blocking"', '"latency"', '"link"', '"stream"' },
    "dpl.simulate(s, {}, { comm = |")
  assert_matches({ "just_in_time" }, 's:lower { receives = "|j')
  assert_matches({ "ranks" }, "BC { num_ranks = 4, hold = '|r")
end

function TestComplete.test_modules()
  assert_matches({ "dpl.analysis" }, 'local a = require "|dpl.an')
  assert_matches({ "argparse" }, 'require("|arg')
  assert_matches({}, 'require "|dpl.fa')
  assert_matches({}, 'require "|_')
end

function TestComplete.test_files()
  assert_matches({ "runs/" }, 'dpl.read_schedule("|ru')
  assert_matches({ "first.csv", "my-run.csv", "sub/" }, 'dpl.read_schedule("runs/|')
  assert_matches({ "run.csv" }, 'dpl.read_schedule("runs/my-|r')
  assert_matches({ "a.lua" }, "dofile '|a")
  assert_matches({ "a.lua" }, "io.open('|a")
  assert_matches({ "runs/" }, "s:write_csv '|ru")
  assert_matches({}, "print('|a")
end

function TestComplete.test_comments_and_strings_are_passed_over()
  assert_matches({}, "-- dpl.schedule(|d")
  assert_matches({}, "--[[ dpl.schedule(\n|d")
  assert_matches({}, "x = [==[ |d")
  assert_matches({ "width = " }, "t:gantt { --[[ { ( ]] |wi")
  assert_matches({ "width = " }, 't:gantt { unit = "a \\" { (", |wi')
  assert_matches({ "width = " }, "t:gantt { -- nothing {\n|wi")
  assert_matches({ "dpl" }, "x = [[ { ]] .. |d")
end

function TestComplete.test_operators_end_a_path()
  assert_matches({ "dpl" }, "if t.makespan == |d")
  assert_matches({ "dpl" }, "x = a and |d")
  assert_matches({ "dpl" }, "x = t[1] + |d")
end

-- Whatever is typed, nothing is raised.
function TestComplete.test_garbage()
  local pieces = { "dpl", ".", ":", "(", ")", "{", "}", "[", "]", '"', "'", "=", ",", "--", "[[",
    "]]", "\\", " ", "\n", "s", "schedule", "require", "1f1b", "..", "==", "\0", "\xff", "%", "^" }
  local state = 12345
  for _ = 1, 20000 do
    local parts = {}
    for i = 1, 12 do
      state = (state * 1103515245 + 12345) % 2147483648
      parts[i] = pieces[state // 65536 % #pieces + 1]
    end
    lu.assertEquals(type(complete(table.concat(parts, "", 1, 11), parts[12], look)), "table")
  end
end

return { TestComplete = TestComplete }
