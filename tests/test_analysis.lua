-- dpl.analysis: the module, and the suites of its classes, one file each in analysis/.

local analysis = require "dpl.analysis"
local lu = require "luaunit"
local shared = require "analysis.shared"

local TestModule = {}

function TestModule.test_classes()
  lu.assertEquals(shared.sorted_keys(analysis),
    { "BubbleCalculator", "CommunicationAnalyzer", "ScheduleAnalyzer" })
  for name, class in pairs(analysis) do
    lu.assertEquals(class.name, name)
    lu.assertEquals(class.options[1].name, "num_ranks")
    for _, option in ipairs(class.options) do
      lu.assertTrue(#option.meaning > 0)
    end
  end
end

-- Results that nobody holds are freed, whatever was made of them.
function TestModule.test_many_results()
  local analyzer = analysis.CommunicationAnalyzer {
    num_ranks = 8, num_chunks = 64, message_bytes = 100,
  }
  for _ = 1, 200 do
    analyzer:bandwidth("dualpipe")
  end
  collectgarbage()
  collectgarbage()
  lu.assertTrue(collectgarbage("count") < 20000)
end

local suites = { TestModule = TestModule }
for _, name in ipairs {
  "bubble_calculator", "closed_forms", "communication_analyzer", "schedule_analyzer",
} do
  for test_name, tests in pairs(require("analysis." .. name)) do
    suites[test_name] = tests
  end
end
return suites
