-- dpl inside a Lua that is not ours: the module build/dpl.so, loaded by the stock interpreter.

local lu = require "luaunit"

local TestStockLua = {}

function TestStockLua.test_module_comes_from_the_build_directory()
  local path = assert(package.searchpath("dpl", package.cpath))
  lu.assertEquals(path, os.getenv("DPL_BUILD") .. "/dpl.so")
  lu.assertNil(package.preload.dpl, "this must not be dpl's own interpreter")
end

-- DualPipe on 8 ranks with 20 chunks, F = 1, B = 2, W = 1, FB = 3: 66, as in DualPipe's own figure.
function TestStockLua.test_simulates()
  local dpl = require "dpl"
  local schedule = dpl.schedule("dualpipe", { num_ranks = 8, num_chunks = 20 })
  local timeline = dpl.simulate(schedule, { F = 1, B = 2, W = 1, FB = 3 })
  lu.assertEquals(timeline.makespan, 66)
end

function TestStockLua.test_classes_load_without_dpl_before_them()
  local analysis = require "dpl.analysis"
  lu.assertNotNil(analysis.BubbleCalculator)
  lu.assertNotNil(require("dpl.simulator").ScheduleSimulator)
  lu.assertNotNil(require("dpl.benchmark").MemoryEstimator)
end

function TestStockLua.test_errors_name_the_script()
  local dpl = require "dpl"
  lu.assertErrorMsgContains("stock_lua.lua:", function()
    dpl.schedule("dualpip", { num_ranks = 8, num_chunks = 20 })
  end)
end

return { TestStockLua = TestStockLua }
