-- Estimators, scalability and tuning of models on hardware: against dpl.plan and themselves.

local benchmark = require "dpl.benchmark"
local dpl = require "dpl"
local lu = require "luaunit"
local process = require "process"
local simulator = require "dpl.simulator"

local GIB <const> = 1 << 30

local function with(more, base)
  local given = { model = "llama3-70b", hardware = "h100", tensor_parallel = 4,
    pipeline_parallel = 4, data_parallel = 4, global_batch = 64 }
  for name, value in pairs(base or {}) do
    given[name] = value
  end
  for name, value in pairs(more or {}) do
    given[name] = value
  end
  return given
end

-- A preset with figures of one's own.
local function hardware_with(name, figures)
  local copy = {}
  for field, value in pairs(dpl.hardware.get(name)) do
    copy[field] = value
  end
  for field, value in pairs(figures) do
    copy[field] = value
  end
  return copy
end

local CONVENTION <const> = { causal = true, peak = "bf16" }

local function memory(more)
  return benchmark.MemoryEstimator(with(more))
end

local function throughput(more)
  return benchmark.ThroughputEstimator(with(more, CONVENTION))
end

local function assert_near(value, expected, relative)
  lu.assertAlmostEquals(value, expected, (relative or 1e-9) * math.max(1e-30, math.abs(expected)))
end

local function assert_mistake(message, f, ...)
  local done, raised = pcall(f, ...)
  lu.assertFalse(done)
  lu.assertStrMatches(raised, "[^\n]*test_model_estimators.lua:%d+: .*")
  lu.assertStrContains(raised, message, false)
end

---- MemoryEstimator ----

local TestModelMemory = process.test_table()

function TestModelMemory.test_of_the_plan()
  local m = memory()
  local plan = dpl.plan(with(nil, CONVENTION))
  lu.assertEquals(m:per_rank()[3].total_bytes, plan.memory[3].total_bytes)
  lu.assertEquals(m:plan("zbv").strategy, "zbv")
  lu.assertEquals({ m:fits() }, { plan.fits, 80 * GIB - plan.worst_bytes })
  lu.assertEquals(tostring(m),
    "MemoryEstimator { model = llama3-70b, hardware = h100-sxm, 64 GPUs }")
end

-- The peak is the maximum over time, at its action, and its parts add up to it.
function TestModelMemory.test_peak_is_the_most_over_time()
  for _, strategy in ipairs { "1f1b", "zb_h1", "zbv", "dualpipe", "dualpipev", "gpipe" } do
    local m = memory { strategy = strategy }
    local peak = m:peak()
    local held, most, sum = m:memory_over_time(), nil, 0
    for _, event in ipairs(held) do
      most = (most == nil or event.bytes > most.bytes) and event or most
    end
    for _, part in ipairs(peak.parts) do
      sum = sum + part.bytes
    end
    assert_near(most.bytes, peak.bytes)
    lu.assertEquals({ most.action, most.time }, { peak.action, peak.time })
    assert_near(sum, peak.bytes)
    lu.assertEquals(peak.spare_bytes, 80 * GIB - peak.bytes)
  end
end

-- 1F1B's rank r fills with P - r micro-batches, then swings by one: F takes, B frees after.
function TestModelMemory.test_over_time_by_hand()
  local m = memory()
  local stage, held = m:plan().stages[2], m:memory_over_time(1)
  local standing = held[1].bytes - stage.kept_bytes - stage.transient_bytes
  local function at(place)
    return (held[place].bytes - standing - stage.transient_bytes) / stage.kept_bytes
  end
  lu.assertEquals(#held, 32)
  for place, count in ipairs { 1, 2, 3, 3, 3, 3 } do
    assert_near(at(place), count)
  end
  assert_near(at(32), 1)
  for i = 2, #held do
    lu.assertTrue(held[i].time >= held[i - 1].finish - 1e-9)
  end
end

-- Every change that is said to fit fits, as a plan of its own; the nearest come first.
function TestModelMemory.test_what_fits()
  local rows = memory { global_batch = 256 }:what_fits()
  local seen, fit = {}, true
  for _, row in ipairs(rows) do
    local plan = row.bytes and dpl.plan(with(row.options, with({ global_batch = 256 }, CONVENTION)))
    seen[row.change] = row
    lu.assertTrue(fit or not row.fits)
    fit = row.fits
    if plan then
      lu.assertEquals({ plan.fits, plan.worst_bytes }, { row.fits, row.bytes })
    end
  end
  lu.assertTrue(seen["recompute = \"full\""].fits)
  lu.assertFalse(seen["recompute = \"selective\""].fits)
  lu.assertEquals(seen["zero = 2"].options, { zero = 2 })
  lu.assertNotNil(seen["tensor_parallel = 8, data_parallel = 2"])
end

-- Where no single change is enough two are tried, and named as one.
function TestModelMemory.test_two_changes()
  local rows = benchmark.MemoryEstimator { model = "llama3-8b", hardware = "h100",
    global_batch = 4 }:what_fits()
  lu.assertTrue(rows[1].fits)
  lu.assertTrue(rows[1].changes >= 2)
  for _, row in ipairs(rows) do
    lu.assertTrue(row.changes == 1 or row.fits)
  end
end

function TestModelMemory.test_impossible_changes_have_a_reason()
  local rows = memory { tensor_parallel = 8, data_parallel = 2, pipeline_parallel = 64,
    global_batch = 64 }:what_fits()
  local reason
  for _, row in ipairs(rows) do
    reason = row.change:find("^pipeline_parallel = 128") and row.reason or reason
  end
  lu.assertStrContains(reason, "128")
end

function TestModelMemory.test_compare()
  local rows, refused = memory { global_batch = 60, data_parallel = 4 }:compare()
  for i = 2, #rows do
    lu.assertTrue(rows[i - 1].bytes <= rows[i].bytes)
  end
  lu.assertEquals(#rows + #refused, #dpl.strategies())
  lu.assertTrue(#refused > 0)
  lu.assertStrContains(refused[1].reason, refused[1].strategy)
end

function TestModelMemory.test_impossible_layouts()
  local m = memory { tensor_parallel = 3 }
  for _, name in ipairs { "plan", "per_rank", "memory_over_time", "peak", "fits", "what_fits" } do
    local done, message, code = m[name](m)
    lu.assertEquals({ done, code }, { nil, "SIZE" }, name)
    lu.assertStrContains(message, "tensor_parallel = 3 does not divide heads = 64")
  end
end

function TestModelMemory.test_mistakes()
  assert_mistake("unknown option 'tensor_paralel' (did you mean 'tensor_parallel'?)", memory,
    { tensor_paralel = 2 })
  assert_mistake("unknown model 'lama3-8b' (did you mean 'llama3-8b'?)", memory,
    { model = "lama3-8b" })
  assert_mistake("MemoryEstimator: option 'hardware' is missing", benchmark.MemoryEstimator,
    { model = "llama3-8b" })
  local m = memory()
  assert_mistake("has no 'peek' (did you mean 'peak'?)", function() return m.peek end)
  assert_mistake("called with ':', as in object:peak(...)", function() m.peak() end)
  assert_mistake("the rank must be a whole number from 0 to 3 (got 4)", m.memory_over_time, m, 4)
end

-- Without a model the class is what it was.
function TestModelMemory.test_without_a_model()
  local m = benchmark.MemoryEstimator { num_ranks = 4, num_chunks = 8, model_params = 7e9,
    hidden_dim = 4096, seq_len = 2048, batch_size = 8 }
  lu.assertEquals(m.num_ranks, 4)
  lu.assertTrue(m:estimate_total_memory("1f1b").total_mb > 0)
end

---- ThroughputEstimator ----

local TestModelThroughput = process.test_table()

function TestModelThroughput.test_parts_add_up_to_the_step()
  for _, strategy in ipairs { "1f1b", "zbv", "dualpipe", "interleaved_1f1b" } do
    local rate = throughput { recompute = "full" }:throughput(strategy)
    local sum = 0
    for _, seconds in pairs(rate.parts) do
      sum = sum + seconds
    end
    assert_near(sum, rate.step_time)
    lu.assertTrue(rate.parts.hidden <= 0)
    assert_near(rate.parts.bubble, rate.pipeline * rate.bubble_ratio, 1e-6)
    lu.assertTrue(rate.hfu > rate.mfu)
  end
end

function TestModelThroughput.test_figures()
  local t, plan = throughput(), dpl.plan(with(nil, CONVENTION))
  lu.assertEquals({ t:step_time(), t:mfu(), t:hfu() }, { plan.step_time, plan.mfu, plan.hfu })
  assert_near(t:at_step_time(2 * plan.step_time).mfu, plan.mfu / 2)
end

-- A step of 64 samples of 8192 tokens; 64 GPUs at 2 an hour.
function TestModelThroughput.test_cost()
  local t = throughput { price_per_hour = 2 }
  local cost, seconds = t:cost(64 * 8192 * 1000), t:step_time()
  assert_near(cost.steps, 1000)
  assert_near(cost.seconds, 1000 * seconds)
  assert_near(cost.gpu_hours, 1000 * seconds * 64 / 3600)
  assert_near(cost.price, 2 * cost.gpu_hours)
  lu.assertNil(throughput():cost(1e9).price)
end

function TestModelThroughput.test_compare()
  local rows, refused = throughput { global_batch = 60 }:compare { "1f1b", "zbv", "dualpipe" }
  lu.assertEquals(#rows, 2)
  lu.assertTrue(rows[1].step_time <= rows[2].step_time)
  lu.assertEquals(refused[1].strategy, "dualpipe")
end

function TestModelThroughput.test_mistakes()
  local t = throughput()
  assert_mistake("tokens must be a finite number above 0 (got 0)", t.cost, t, 0)
  assert_mistake("option 'price_per_hour' must be a number, at least 0", throughput,
    { price_per_hour = -1 })
  assert_mistake("strategies are given in a list", t.compare, t, "1f1b")
  local unsaid = benchmark.ThroughputEstimator(with())
  assert_mistake("option 'causal' is missing", unsaid.mfu, unsaid)
end

---- ScalabilityAnalyzer ----

local TestModelScaling = process.test_table()

local function analyzer(more)
  return benchmark.ScalabilityAnalyzer(with(more, with({ tensor_parallel = 8, data_parallel = 1,
    global_batch = 64 }, CONVENTION)))
end

function TestModelScaling.test_weak()
  local a = analyzer()
  local rows, refused = a:weak_scaling()
  lu.assertEquals({ rows[1].gpus, rows[#rows].gpus, #refused }, { 32, 100000, 0 })
  lu.assertEquals(rows[1].efficiency, 1)
  for i, row in ipairs(rows) do
    lu.assertEquals(row.global_batch, 64 * row.data_parallel)
    lu.assertEquals(row.num_chunks, 64)
    lu.assertTrue(i == 1 or row.tokens_per_second > rows[i - 1].tokens_per_second)
  end
  local plan = dpl.plan(with({ tensor_parallel = 8, data_parallel = 4, global_batch = 256 },
    CONVENTION))
  lu.assertEquals(rows[3].step_time, plan.step_time)
  lu.assertEquals({ a:knee(rows) }, { nil, "efficiency stays at 0.90 or more up to 100000 GPUs",
    "NOT_FOUND" })
end

-- A fixed batch runs out of micro-batches: the bubble is to blame, and what is over is refused.
function TestModelScaling.test_strong()
  local a = analyzer()
  local rows, refused = a:strong_scaling()
  lu.assertEquals({ rows[#rows].gpus, rows[#rows].num_chunks }, { 2048, 1 })
  lu.assertStrContains(refused[1].reason, "global_batch = 64 must be a multiple of")
  local knee, share = a:knee(rows), 0
  lu.assertEquals(knee.cause, "bubble")
  lu.assertTrue(knee.efficiency < 0.9)
  for _, loss in ipairs(knee.losses) do
    share = share + loss.share
  end
  assert_near(share, 1)
end

-- On a slow network the gradients are to blame; the knee of weak scaling is exact to the copy.
function TestModelScaling.test_knee_of_the_gradients()
  local hardware = hardware_with("h100", { inter_gb_s = 0.2 })
  local a = analyzer { hardware = hardware }
  local rows = a:weak_scaling()
  local knee = a:knee(rows, 0.99)
  lu.assertEquals(knee.cause, "gradients")
  local before = a:weak_scaling { 32, knee.gpus - 32, knee.gpus }
  lu.assertTrue(before[2].efficiency >= 0.99)
  lu.assertTrue(before[3].efficiency < 0.99)
end

function TestModelScaling.test_best_of_layouts()
  local layouts = { {}, { pipeline_parallel = 8 }, { strategy = "zbv" } }
  local rows = analyzer { layouts = layouts }:strong_scaling { 64, 128 }
  for _, row in ipairs(rows) do
    for _, layout in ipairs(layouts) do
      local one = analyzer(layout):strong_scaling { row.gpus }
      lu.assertTrue(one[1] == nil or not one[1].fits or
        one[1].tokens_per_second <= row.tokens_per_second)
    end
  end
end

function TestModelScaling.test_sizes_of_no_whole_copies()
  local rows, refused = analyzer():weak_scaling { 48 }
  lu.assertEquals(#rows, 0)
  lu.assertStrContains(refused[1].reason, "a copy of the model takes 32 GPUs, of which 48 is no "
    .. "multiple: the nearest are 32 and 64")
end

function TestModelScaling.test_chart()
  local a = analyzer()
  local text = a:chart(a:weak_scaling { 32, 64 }, a:strong_scaling { 32, 64 }):csv()
  lu.assertStrContains(text, "series,GPUs,efficiency (%)\nweak scaling,32,100\n")
  lu.assertStrContains(text, "strong scaling,32,100\n")
end

function TestModelScaling.test_mistakes()
  local a = analyzer()
  assert_mistake("sizes must be a list of numbers of GPUs", a.weak_scaling, a, {})
  assert_mistake("sizes[1] must be a whole number over 0 (got 1.5)", a.weak_scaling, a, { 1.5 })
  assert_mistake("knee takes the rows that weak_scaling or strong_scaling gave", a.knee, a, {})
  assert_mistake("chart takes the rows that", a.chart, a)
  assert_mistake("the threshold must be a number above 0 (got 0)", a.knee, a,
    a:weak_scaling { 32 }, 0)
  assert_mistake("option 'min_efficiency' must be", analyzer, { min_efficiency = 2 })
end

---- ConfigOptimizer ----

local TestModelTuning = process.test_table()

local function tuner(more)
  return simulator.ConfigOptimizer(with(more))
end

local MIXTURE <const> = { model = "deepseek-v3", hardware = "h800", strategy = "dualpipe",
  tensor_parallel = 1, pipeline_parallel = 8, data_parallel = 64, expert_parallel = 64,
  global_batch = 2048, precision = "fp8" }

-- The best of the micro-batches, each planned apart.
function TestModelTuning.test_optimal_chunks()
  local best = tuner { recompute = "full" }:optimal_chunks()
  lu.assertEquals(#best.tried + #best.refused, 5) -- 1, 2, 4, 8, 16 of 16
  for _, row in ipairs(best.tried) do
    local plan = dpl.plan(with({ recompute = "full", micro_batch = row.micro_batch }, CONVENTION))
    lu.assertEquals(row.step_time, plan.step_time)
    lu.assertTrue(not row.fits or row.step_time >= best.step_time)
  end
  lu.assertTrue(best.fits)
end

function TestModelTuning.test_no_micro_batch_fits()
  local best, message, code = tuner { pipeline_parallel = 1, tensor_parallel = 1 }:optimal_chunks()
  lu.assertEquals({ best, code }, { nil, "NOT_FOUND" })
  lu.assertStrContains(message, "no micro-batch fits: the smallest, 1, takes ")
end

-- A slowdown of all actions by 1 % makes the pipeline 1 % longer but for the transfers' latency.
function TestModelTuning.test_sensitivity()
  local t = tuner()
  local rows, by_name = t:sensitivity(), {}
  for _, row in ipairs(rows) do
    by_name[row.name] = row
  end
  local plan = dpl.plan(with(nil, CONVENTION))
  assert_near(by_name.slowdown.up, plan.pipeline / plan.step_time, 0.01)
  lu.assertTrue(by_name.peak_tflops_bf16.up < -0.4)
  lu.assertEquals(by_name.all_to_all.up, 0)
  lu.assertTrue(by_name.matmul.down < by_name.matmul.up)
  local hardware = hardware_with("h100", { memory_gb_s = by_name.memory_gb_s.value * 1.01 })
  local more = dpl.plan(with({ hardware = hardware }, CONVENTION))
  assert_near(by_name.memory_gb_s.up, 100 * (more.step_time / plan.step_time - 1), 1e-6)
end

-- At each threshold communication costs that share of the step, simulated again.
function TestModelTuning.test_thresholds_are_exact()
  local t = tuner(MIXTURE)
  local found = t:communication_threshold("inter_bandwidth")
  for _, threshold in ipairs(found) do
    local speed = dpl.hardware.get("h800").inter_gb_s * threshold.factor
    local given = with(MIXTURE, with({ causal = true, mtp = false, peak = "bf16" }))
    given.hardware = hardware_with("h800", { inter_gb_s = speed })
    assert_near(1 - found.free_step_time / dpl.plan(given).step_time, threshold.share, 1e-6)
  end
  lu.assertTrue(found[1].factor > found[2].factor and found[2].factor > found[3].factor)
end

function TestModelTuning.test_thresholds_of_every_kind()
  local t = tuner(MIXTURE)
  for _, kind in ipairs { "all_to_all", "inter_bandwidth", "intra_bandwidth", "latency" } do
    local found = t:communication_threshold(kind, { 0.001 })
    lu.assertEquals(found.kind, kind)
    lu.assertTrue(found.share >= 0 and found.share < 1)
  end
  lu.assertFalse(tuner():communication_threshold("all_to_all", { 0.01 })[1].factor)
end

-- Beside an end of a range the strategies on its two sides change places.
function TestModelTuning.test_winners()
  local t = tuner(MIXTURE)
  local ranges = t:winners("all_to_all", { "1f1b", "dualpipe", "zbv" })
  lu.assertEquals({ ranges[1].from, ranges[#ranges].to }, { 1 / 256, 256 })
  lu.assertTrue(#ranges > 1)
  for i = 2, #ranges do
    lu.assertEquals(ranges[i].from, ranges[i - 1].to)
    lu.assertNotEquals(ranges[i].strategy, ranges[i - 1].strategy)
  end
end

function TestModelTuning.test_mistakes()
  local t = tuner()
  assert_mistake("unknown kind of communication 'latencies' (did you mean 'latency'?)",
    t.communication_threshold, t, "latencies")
  assert_mistake("shares[1] must be above 0 and below 1 (got 2)", t.communication_threshold, t,
    "latency", { 2 })
  local done, message, code = tuner { tensor_parallel = 3 }:sensitivity()
  lu.assertEquals({ done, code }, { nil, "SIZE" })
  lu.assertStrContains(message, "tensor_parallel = 3")
end

return { TestModelMemory = TestModelMemory, TestModelThroughput = TestModelThroughput,
  TestModelScaling = TestModelScaling, TestModelTuning = TestModelTuning }
