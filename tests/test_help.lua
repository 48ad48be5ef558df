-- help(x): every public function, class, method, type, module and strategy has a page, under every
-- name that people call it by, and from the value itself.

local lu = require "luaunit"
local dpl = require "dpl"
local help = require "dpl.help"
local annotations = require "dpl.annotations"
local process = require "process"

local CLASS_MODULES <const> = { "dpl.analysis", "dpl.simulator", "dpl.benchmark" }

local function assert_page(subject, ...)
  local text = help.text(subject)
  lu.assertNotNil(text, tostring(subject))
  for _, part in ipairs { ... } do
    lu.assertStrContains(text, part)
  end
  return text
end

local TestHelp = {}

function TestHelp.test_every_function_has_a_meaning()
  local count = 0
  for name, entry in pairs(annotations.all().functions) do
    local text = assert_page(name)
    lu.assertStrMatches(text, ".-%b()\n.-\n  %S.+", nil, nil, name)
    for _, parameter in ipairs(entry.parameters) do
      lu.assertStrContains(text, parameter.name)
    end
    count = count + 1
  end
  lu.assertTrue(count > 60)
end

function TestHelp.test_every_type_has_a_page()
  for _, kind in ipairs { "classes", "aliases" } do
    for name in pairs(annotations.all()[kind]) do
      assert_page(name)
      assert_page((name:gsub("^dpl%.", "")))
    end
  end
end

function TestHelp.test_functions_by_value_and_name()
  for name, value in pairs(dpl) do
    if type(value) == "function" then
      lu.assertEquals(assert_page(value), help.text("dpl." .. name))
    end
  end
  assert_page(dpl.simulate, "dpl.simulate(schedule, costs?, options?)", "latency of a transfer",
    '"latency"|"link"|"blocking"|"batched"|"stream"', "returns:", "Timeline or nil")
  assert_page("simulate", "dpl.simulate(", "ScheduleSimulator:simulate(")
end

function TestHelp.test_classes_by_value_name_and_object()
  for _, module in ipairs(CLASS_MODULES) do
    for name, class in pairs(require(module)) do
      local text = assert_page(class, name .. "(")
      lu.assertEquals(text, help.text(name))
      for _, option in ipairs(class.options) do
        lu.assertStrContains(text, option.name)
      end
      for _, entry in ipairs(annotations.members("dpl." .. name)) do
        lu.assertStrContains(text, entry.name:match("[%w_]+$") .. "(")
      end
    end
  end
  local calculator = require "dpl.analysis".BubbleCalculator { num_ranks = 4 }
  lu.assertEquals(help.text(calculator), help.text "BubbleCalculator")
  lu.assertEquals(help.text(calculator.bubble), help.text "BubbleCalculator:bubble")
end

function TestHelp.test_objects_and_their_methods()
  local s = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 2 })
  local t = dpl.simulate(s)
  assert_page(t, "Timeline", "makespan", "gantt(options?)")
  assert_page(s, "Schedule", "num_stages", "lower(options?)")
  lu.assertEquals(help.text(t.gantt), help.text "Timeline:gantt")
  lu.assertEquals(help.text(t.gantt), help.text "Timeline.gantt")
  lu.assertEquals(help.text(s.lower), help.text "dpl.Schedule:lower")
  lu.assertStrContains(help.text "gantt", "columns of the whole, 40 to 10000")
  assert_page(t:actions()(), "PipelineEvent", "backward_chunk")
end

function TestHelp.test_strategies()
  for _, name in ipairs(dpl.strategies()) do
    local info = dpl.describe(name)
    local text = assert_page(name, info.summary, info.source)
    lu.assertStrContains((text:gsub("%s+", " ")), info.size_rule)
    if info.alias then
      lu.assertEquals(help.text(info.alias), text)
    end
  end
end

function TestHelp.test_modules()
  for _, name in ipairs(annotations.all().modules) do
    assert_page(name, name)
    lu.assertEquals(help.text(require(name)), help.text(name))
  end
end

function TestHelp.test_options_by_name()
  assert_page("weight_memory", "a field or option of:", "SimulateOptions", "that I leaves for W")
end

function TestHelp.test_overview()
  local text = help.text()
  lu.assertEquals(help.text(nil), text)
  for _, name in ipairs(dpl.strategies()) do
    lu.assertStrContains(text, name)
  end
  for _, part in ipairs { "dpl.parallel", "map(list, f, options?)", "ScheduleComparator(" } do
    lu.assertStrContains(text, part)
  end
end

function TestHelp.test_lines_are_not_long()
  for name in pairs(annotations.all().functions) do
    for line in help.text(name):gmatch("[^\n]+") do
      lu.assertTrue(#line <= 110, line)
    end
  end
end

function TestHelp.test_what_is_not_known()
  for subject, words in pairs {
    ["gannt"] = "no help on 'gannt' (did you mean 'gantt'?)",
    ["ScheduleComparater"] = "(did you mean 'ScheduleComparator'?)",
    ["dualpip"] = "(did you mean 'dualpipe'?)",
    ["nothing like it"] = "no help on 'nothing like it'; help() says what there is",
    [print] = "no help on this function: it is none of dpl's",
    [{}] = "no help on this table",
    [12] = "no help on this number",
    [("x"):rep(1000)] = "xxx...'",
  } do
    local text, message = help.text(subject)
    lu.assertNil(text)
    lu.assertStrContains(message, words)
  end
end

local TestPrompt = process.test_table()

function TestPrompt.test_help_is_a_global_of_it()
  local summary = dpl.describe("1f1b").summary
  process.assert_contains({ "1f1b: a strategy", summary }, 0, process.dpl("-i", 'help "1f1b"\n'))
  process.assert_contains({ "no help on 'gannt'" }, 0, process.dpl("-i", 'help "gannt"\n'))
  process.assert_contains({ "> mine\n" }, 0, process.dpl("-e 'help = \"mine\"' -i", "help\n"))
end

function TestPrompt.test_scripts_require_it()
  process.assert_contains({ "nil\n", "Names of the strategies" }, 0,
    process.evaluate('print(help) require "dpl.help"(require "dpl".strategies)'))
end

---- How annotations are read ----

local TestAnnotations = {}

function TestAnnotations.test_types_and_what_follows()
  for text, expected in pairs {
    ["number the meaning"] = { "number", "the meaning" },
    ["{ a: string, b?: { c: integer } } the meaning"] =
      { "{ a: string, b?: { c: integer } }", "the meaning" },
    ["fun(a: string): integer, string the meaning"] =
      { "fun(a: string): integer, string", "the meaning" },
    ['"a"|"b" which'] = { '"a"|"b"', "which" },
    ["string"] = { "string", "" },
  } do
    lu.assertEquals({ annotations.split_type(text) }, expected)
  end
end

function TestAnnotations.test_fields_are_inherited_and_written_out()
  local names = {}
  for _, field in ipairs(annotations.fields "dpl.ComparatorOptions") do
    names[field.name] = field
  end
  lu.assertFalse(names.num_ranks.optional)
  lu.assertEquals(names.comm.type, "dpl.CommModel")
  lu.assertEquals(names.strategies.type, "dpl.Strategy[]")
  local inline = annotations.fields '{ receives?: "pytorch"|"just_in_time"|integer }'
  lu.assertEquals(inline, { { name = "receives", optional = true, text = "",
    type = '"pytorch"|"just_in_time"|integer' } })
  lu.assertEquals(annotations.fields "integer", {})
end

function TestAnnotations.test_choices()
  lu.assertEquals(annotations.choices "dpl.Hold?", { '"ranks"', '"stages"' })
  lu.assertEquals(annotations.choices '"x"|integer', { '"x"' })
  lu.assertEquals(#annotations.choices "dpl.Kind", 6)
  lu.assertEquals(annotations.choices "number", {})
end

return { TestHelp = TestHelp, TestPrompt = TestPrompt, TestAnnotations = TestAnnotations }
