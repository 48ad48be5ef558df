-- Classes of models on hardware: what their two makers, who did not know of each other, found the
-- other to have missed.

local benchmark = require "dpl.benchmark"
local dpl = require "dpl"
local lu = require "luaunit"
local planning = require "planning"
local process = require "process"
local running = require "running"
local simulator = require "dpl.simulator"

local TestModelClasses = process.test_table()

-- Stages of a rank are the given strategy's own: others are compared with theirs.
function TestModelClasses.test_strategies_compare_with_their_own_stages()
  local given = planning.options { pipeline_parallel = 2, strategy = "interleaved_1f1b",
    stages_per_rank = 4 }
  local rows = benchmark.ThroughputEstimator(given):compare { "1f1b", "interleaved_1f1b", "zbv" }
  local steps = {}
  for _, row in ipairs(rows) do
    steps[row.strategy] = row.step_time
  end
  lu.assertEquals(steps.interleaved_1f1b, planning.plan(given).step_time)
  lu.assertEquals(steps["1f1b"], planning.plan { pipeline_parallel = 2 }.step_time)
  lu.assertEquals(steps.zbv, planning.plan { pipeline_parallel = 2, strategy = "zbv" }.step_time)
end

local function of_experts(shares)
  return simulator.ConfigOptimizer {
    model = "deepseek-v3", hardware = dpl.hardware.define { base = "h800", efficiency = shares },
    pipeline_parallel = 8, data_parallel = 16, expert_parallel = 16, global_batch = 256,
    causal = true, peak = "bf16", mtp = false,
  }
end

-- However little of a link is reached, all-to-alls are turned no further than hardware may be.
function TestModelClasses.test_exchanges_on_slow_links()
  for _, shares in ipairs { { intra = 0.002, inter = 0.01 }, { all_to_all = 0.002 } } do
    local found = of_experts(shares):communication_threshold "all_to_all"
    lu.assertTrue(found.share > 0 and found.share < 1)
    lu.assertTrue(#of_experts(shares):winners("all_to_all", { "1f1b", "zb_h1" }) > 0)
  end
end

-- What costs nothing is free, not a five-hundredth: to the share that links of no cost leave.
function TestModelClasses.test_share_of_latency()
  local tuner = of_experts {}
  local given = {}
  for name, value in pairs(tuner.options) do
    given[name] = value
  end
  local step = dpl.plan(given).step_time
  given.hardware = dpl.hardware.define { base = "h800",
    efficiency = { intra_latency = 0, inter_latency = 0 } }
  lu.assertAlmostEquals(tuner:communication_threshold("latency").share,
    1 - dpl.plan(given).step_time / step, 1e-8)
end

function TestModelClasses.test_scaling_says_where_the_model_is_too_large()
  local more = "--model llama3-70b --tensor 8 --pipeline 2 --mode strong --batch 64 --gpus %s"
  local output = running.run("scaling", more:format("16,64"))
  lu.assertStrContains(output, "DOES NOT FIT on 1 of 2 sizes: up to 100.7 GiB of 80.0")
  lu.assertNotStrContains(running.run("scaling", more:format("64")), "DOES NOT FIT")
end

return { TestModelClasses = TestModelClasses }
