-- What a step takes under a plan: the pipeline, its end, its rates; and what cannot be.

local lu = require "luaunit"

local dpl = require "dpl"
local planning = require "planning"

local plan = planning.plan

local function near(got, wanted, what)
  lu.assertAlmostEquals(got, wanted, 1e-9 * math.max(1, math.abs(wanted)), what)
end

---- The pipeline ----

local TestPlanPipelines = {}

-- Costs of the plan's stages, as dpl.simulate takes them.
local function costs_of(made)
  local split = false
  for rank = 0, made.schedule.num_ranks - 1 do
    split = split or table.concat(made.schedule:order(rank), " "):find("%dI") ~= nil
  end
  local costs = { F = {}, B = {}, I = {}, W = {}, FB = {}, p2p = made.p2p }
  for i, s in ipairs(made.stages) do
    local backward = split and s.input + s.weight or s.backward
    costs.F[i], costs.B[i], costs.W[i] = s.forward, backward, s.weight
    costs.I[i] = backward - s.weight
    costs.FB[i] = s.pair > 0 and s.pair or s.forward + backward
  end
  return costs
end

function TestPlanPipelines.test_every_strategy_is_simulated_with_its_stages()
  for _, name in ipairs(dpl.strategies()) do
    local made = plan { strategy = name, pipeline_parallel = 4, global_batch = 16,
      tensor_parallel = 2, model = planning.gpt { layers = 24 } }
    near(made.pipeline, dpl.simulate(made.schedule, costs_of(made)).makespan, name)
    near(made.pipeline, made.timeline.makespan, name)
    lu.assertTrue(made.step_time >= made.pipeline, name)
  end
end

function TestPlanPipelines.test_even_stages_have_the_closed_form()
  local machine = planning.machine { memory_gb_s = 1e9, inter_gb_s = 1e9, intra_gb_s = 1e9 }
  local made = plan { hardware = machine, pipeline_parallel = 4, global_batch = 16,
    model = planning.gpt { vocab = 1 } }
  local s = made.stages[2]
  lu.assertAlmostEquals(made.pipeline / ((16 + 3) * (s.forward + s.backward)), 1, 1e-3)
end

---- The end of a step ----

local TestPlanEnds = {}

-- One rank, so that everything can be added up: params of the model, its bytes over the links.
local function ends(given)
  local options = { data_parallel = 4, global_batch = 8, data_overlap = false }
  for name, value in pairs(given) do
    options[name] = value
  end
  local made = plan(options)
  return made, made.memory[1].parameters
end

function TestPlanEnds.test_nothing_hidden()
  local made, params = ends { zero = 0 }
  near(made.data_exposed, 2 * 3 / 4 * 4 * params / 1e9)
  near(made.optimizer, 38 * params / 1e9)
  made, params = ends { zero = 1 }
  near(made.data_exposed, 3 / 4 * (4 + 2) * params / 1e9)
  near(made.optimizer, 38 * params / 4 / 1e9)
  near(made.step_time, made.pipeline + made.data_exposed + made.optimizer)
end

function TestPlanEnds.test_zero_2_and_3_pay_for_every_micro_batch()
  local made, params = ends { zero = 2 }
  near(made.data_exposed, 3 / 4 * (2 * 4 + 2) * params / 1e9)
  made, params = ends { zero = 3 }
  near(made.data_exposed, 3 / 4 * (2 * 4 + 2 * 2 * 2) * params / 1e9)
end

function TestPlanEnds.test_overlap_leaves_the_last_layers_part()
  local fast = planning.machine { intra_gb_s = 1e6 }
  local made, params = ends { hardware = fast, data_overlap = true, zero = 1 }
  near(made.data_exposed, 3 / 4 * (4 + 2) * params / 1e15 / 8)
  local slow, same = ends { data_overlap = true, zero = 1,
    hardware = planning.machine { intra_gb_s = 1e-3 } }
  local stage = slow.stages[1]
  near(slow.data_exposed, 3 / 4 * 6 * same / 1e6 - (stage.forward + stage.backward) * 7 / 8)
end

function TestPlanEnds.test_interleaved_gradients_leave_while_others_work()
  local function exposed(strategy, v, given)
    local options = { pipeline_parallel = 2, data_parallel = 4, global_batch = 32, zero = 0,
      strategy = strategy, stages_per_rank = v }
    for name, value in pairs(given or {}) do
      options[name] = value
    end
    return plan(options).data_exposed
  end
  lu.assertTrue(exposed("interleaved_1f1b", 4) < exposed("1f1b"))
  lu.assertTrue(exposed("1f1b") < exposed("1f1b", nil, { data_overlap = false }))
end

function TestPlanEnds.test_tied_embeddings_are_summed_over_both_ends()
  local function step(tied)
    return plan { model = planning.gpt { tied_embeddings = tied }, pipeline_parallel = 2,
      data_overlap = false }
  end
  near(step(true).data_exposed - step(false).data_exposed, 2 / 2 * 512 * 256 * 4 / 1e9)
end

function TestPlanEnds.test_an_offloaded_optimizer_waits_for_the_host()
  local machine = planning.machine { host_gb_s = 0.5 }
  local made, params = ends { zero = 0, hardware = machine, offload_optimizer = true }
  near(made.optimizer, 38 * params / 1e9 + 6 * params / 0.5e9)
end

---- Rates ----

local TestPlanRates = {}

function TestPlanRates.test_arithmetic()
  local made = plan { data_parallel = 2, global_batch = 8,
    hardware = planning.machine { price_per_hour = 3 } }
  local model = planning.gpt()
  local flops = model:flops_per_token { causal = false, recompute = "none", mtp = false }
  near(made.samples_per_second, 8 / made.step_time)
  near(made.tokens_per_second, 8 * 64 / made.step_time)
  near(made.flops_per_token, flops)
  near(made.tflops_per_gpu, 8 * 64 * flops / made.step_time / 2 / 1e12)
  near(made.mfu, made.tflops_per_gpu)
  near(made.hfu, made.mfu)
  near(made.gpu_hours, 2 * made.step_time / 3600)
  near(made.price, 3 * made.gpu_hours)
end

function TestPlanRates.test_hfu_counts_what_is_done_again()
  local full = plan { recompute = "full" }
  lu.assertTrue(full.hfu / full.mfu > 1.3 and full.hfu / full.mfu < 4 / 3)
  local stored = plan { recompute = "selective", flash = false }
  local model = planning.gpt()
  near(stored.hfu / stored.mfu, model:flops_per_token {
    causal = false, recompute = "selective", mtp = false } / stored.flops_per_token)
  local flash = plan { recompute = "selective" }
  near(flash.hfu, flash.mfu)
end

function TestPlanRates.test_peak_and_convention_are_the_callers()
  local eight = planning.machine { peak_tflops_fp8 = 2 }
  local made = plan { hardware = eight, peak = "fp8" }
  near(made.mfu, made.tflops_per_gpu / 2)
  lu.assertTrue(plan { causal = true }.mfu < plan { causal = false }.mfu)
  near(plan { causal = true }.step_time, plan { causal = false }.step_time)
end

---- In words ----

local TestPlanReports = {}

function TestPlanReports.test_report_names_units_conventions_and_the_peak()
  local text = plan { pipeline_parallel = 2, recompute = "full" }:report()
  for _, said in ipairs { "pipeline 2", "recompute full", "MFU", "HFU", "whole attention",
    "peak 1 TFLOP/s, bf16", "tokens/s", "GPU hours a step", "GiB", "rank 1, action 0: 1F0" } do
    lu.assertStrContains(text, said)
  end
  for line in text:gmatch("[^\n]+") do
    lu.assertTrue(#line <= 110, line)
  end
  local small = plan { hardware = planning.machine { memory_bytes = 1 << 20 } }
  lu.assertStrContains(small:report(), "DOES NOT FIT")
  lu.assertStrContains(tostring(small), "does not fit")
  local priced = plan { hardware = planning.machine { price_per_hour = 1 } }
  lu.assertStrContains(priced:report(), "money")
end

return {
  TestPlanPipelines = TestPlanPipelines, TestPlanEnds = TestPlanEnds,
  TestPlanRates = TestPlanRates, TestPlanReports = TestPlanReports,
}
