-- The module dpl.benchmark: MemoryEstimator and ThroughputEstimator. ScalabilityAnalyzer and
-- ConfigurationSearch are in test_scaling.lua, what all four share in test_estimators.lua.

local dpl = require "dpl"
local lu = require "luaunit"
local benchmark = require "dpl.benchmark"
local estimating = require "estimating"
local simulating = require "simulating"

local ORIGINAL <const> = estimating.ORIGINAL
local SMALL <const> = estimating.SMALL
local new_memory = estimating.new_memory
local new_throughput = estimating.new_throughput
local assert_near = estimating.assert_near
local with = simulating.with
local by_name = simulating.by_name
local assert_raises = simulating.assert_raises

local GIB <const> = 2 ^ 30

---- MemoryEstimator ----

local TestMemory = {}

local function activations(strategy, more)
  return new_memory(more):estimate_activation_memory(strategy)
end

-- A rank's whole share of a micro-batch in MB: 34 s b h bytes a layer, params / (12 h^2) layers.
local SHARE_MB <const> = 34 * 2048 * 4 * 1024 * 250e6 / (12 * 1024 ^ 2) / 1e6

function TestMemory.test_original_example()
  assert_near(activations("dualpipe").peak_mb, 5 * SHARE_MB)
  assert_near(activations("1f1b").peak_mb, 4 * SHARE_MB)
  assert_near(activations("gpipe").peak_mb, 16 * SHARE_MB)
  lu.assertEquals(("%.1f"):format(activations("dualpipe").peak_mb), "28333.3")
end

function TestMemory.test_activation_fields()
  local result = activations("1f1b", { layers_per_rank = 3 })
  lu.assertEquals(result.strategy, "1f1b")
  lu.assertEquals(result.micro_batch_size, 4)
  lu.assertEquals(math.type(result.micro_batch_size), "integer")
  lu.assertEquals(result.layers_per_rank, 3)
  assert_near(result.per_layer_mb, 34 * 2048 * 4 * 1024 / 1e6)
  assert_near(result.per_chunk_mb, 3 * result.per_layer_mb)
  lu.assertEquals(result.peak_share, 4)
  lu.assertEquals(result.peak_activations, 4)
  lu.assertEquals(result.peak_rank, 0)
  lu.assertEquals(result.recompute_mb, 0)
  lu.assertEquals(#result.per_rank_mb, 4)
end

-- Rank i of 1F1B holds p - i micro-batches, each of GPipe all of them.
function TestMemory.test_per_rank()
  local one = activations("1f1b")
  for rank = 0, 3 do
    assert_near(one.per_rank_mb[rank + 1], (4 - rank) * SHARE_MB)
    assert_near(activations("gpipe").per_rank_mb[rank + 1], 16 * SHARE_MB)
  end
end

-- Whatever the strategy: the peak that the simulation finds, times a share.
function TestMemory.test_peaks_are_those_of_schedules()
  for _, strategy in ipairs(dpl.strategies()) do
    for _, weight_memory in ipairs { 0, 0.375, 1 } do
      local s = dpl.schedule(strategy,
        { num_ranks = 4, num_chunks = 16, weight_memory = weight_memory })
      local t = dpl.simulate(s, {}, { weight_memory = weight_memory })
      local result = activations(strategy, { weight_memory = weight_memory })
      for i, share in ipairs(t.peak_share) do
        assert_near(result.per_rank_mb[i], share * SHARE_MB)
      end
      lu.assertEquals(result.peak_share, math.max(table.unpack(t.peak_share)), strategy)
    end
  end
end

-- Twice the micro-batch, the sequence or the layers: twice the activations.
function TestMemory.test_linear()
  local once = activations("dualpipe").peak_mb
  assert_near(activations("dualpipe", { batch_size = 128 }).peak_mb, 2 * once)
  assert_near(activations("dualpipe", { seq_len = 4096 }).peak_mb, 2 * once)
  assert_near(activations("dualpipe", { model_params_per_rank = 500e6 }).peak_mb, 2 * once)
  assert_near(activations("dualpipe", { num_chunks = 32, batch_size = 128 }).peak_mb, once)
end

-- Korthikanti et al., figure 1: bytes of activations and of model state of GPUs of a 22B model
-- (48 layers, h 6144, 64 heads, s 2048, micro-batch 4, t 8), in GiB; embeddings not counted.
local KORTHIKANTI_22B <const> = {
  num_ranks = 1, num_chunks = 1, model_params = 12 * 48 * 6144 ^ 2, hidden_dim = 6144,
  seq_len = 2048, batch_size = 4, num_layers = 48, num_heads = 64, tensor_parallel = 8,
}

function TestMemory.test_korthikanti_22b()
  local plain = benchmark.MemoryEstimator(with(KORTHIKANTI_22B,
    { activation_recipe = "standard", sequence_parallel = false }))
  local flash = benchmark.MemoryEstimator(KORTHIKANTI_22B)
  assert_near(plain:estimate_activation_memory("1f1b").peak_mb, 59.25 * GIB / 1e6)
  assert_near(flash:estimate_activation_memory("1f1b").peak_mb, 9.5625 * GIB / 1e6)
  assert_near(flash:estimate_parameter_memory("1f1b").total_mb, 45.5625 * GIB / 1e6)
end

-- 175B: 8 pipeline ranks, interleaved by 3 in the paper, so its (1 + 7 / 24) times what 1F1B has.
function TestMemory.test_korthikanti_175b()
  local memory = benchmark.MemoryEstimator {
    num_ranks = 8, num_chunks = 64, model_params = 12 * 96 * 12288 ^ 2, hidden_dim = 12288,
    seq_len = 2048, batch_size = 64, num_heads = 96, tensor_parallel = 8,
  }
  local peak = memory:estimate_activation_memory("1f1b").peak_mb
  assert_near(peak * (1 + 7 / 24), 12.3515625 * GIB / 1e6)
  assert_near(memory:estimate_parameter_memory("1f1b").total_mb, 45.5625 * GIB / 1e6)
end

-- s b h (34 + 5 a s / h): the parts 34 and 80 of a 175B layer.
function TestMemory.test_standard_recipe()
  local options = {
    hidden_dim = 12288, num_heads = 96, batch_size = 16, layers_per_rank = 1,
    activation_recipe = "standard",
  }
  assert_near(activations("1f1b", options).per_layer_mb, 2048 * 12288 * (34 + 80) / 1e6)
end

function TestMemory.test_tensor_parallel()
  local sbh_mb = 2048 * 4 * 1024 / 1e6
  local function layer(more)
    return activations("1f1b", with({ tensor_parallel = 4, num_heads = 16 }, more)).per_layer_mb
  end
  assert_near(layer(), 34 / 4 * sbh_mb)
  assert_near(layer { sequence_parallel = false }, (10 + 24 / 4) * sbh_mb)
  assert_near(layer { activation_recipe = "standard" }, (34 + 160) / 4 * sbh_mb)
  assert_near(layer { activation_recipe = "full" }, 2 * sbh_mb)
  local states = new_memory { tensor_parallel = 4 }:estimate_parameter_memory("1f1b")
  assert_near(states.parameters, 250e6 / 4)
end

-- Full recomputation keeps a layer's input, 2 s b h, and needs one layer's worth while it works.
function TestMemory.test_full_recompute()
  local sbh_mb = 2048 * 4 * 1024 / 1e6
  local result = activations("1f1b", { layers_per_rank = 10, activation_recipe = "full" })
  assert_near(result.per_chunk_mb, 10 * 2 * sbh_mb)
  assert_near(result.recompute_mb, 34 * sbh_mb)
  assert_near(result.peak_mb, (4 * 10 * 2 + 34) * sbh_mb)
  local part = activations("dualpipev", { layers_per_rank = 0.5, activation_recipe = "full" })
  assert_near(part.recompute_mb, 34 * sbh_mb / 4)
end

-- Both directions of DualPipe make every rank alike.
function TestMemory.test_ranks_of_dualpipe_are_alike()
  for _, mb in ipairs(activations("dualpipe").per_rank_mb) do
    assert_near(mb, 5 * SHARE_MB)
  end
  lu.assertEquals(activations("dualpipe").peak_rank, 0)
  lu.assertEquals(new_memory():estimate_total_memory("dualpipe").peak_rank, 0)
end

-- 1F1B the other way round: the last rank is the one that waits longest for its backwards.
function TestMemory.test_worst_rank()
  local memory = new_memory { num_ranks = 2, num_chunks = 2, batch_size = 8 }
  local s = dpl.schedule {
    num_ranks = 2, num_chunks = 2, routes = { { ranks = { 1, 0 }, chunks = { 0, 1 } } },
    orders = { { "1F0", "1B0", "1F1", "1B1" }, { "0F0", "0F1", "0B0", "0B1" } },
  }
  local result = memory:estimate_activation_memory(s)
  lu.assertEquals({ result.peak_rank, result.peak_share }, { 1, 2 })
  assert_near(result.per_rank_mb[1], SHARE_MB)
  lu.assertEquals(memory:estimate_total_memory(s).peak_rank, 1)
end

function TestMemory.test_parameters()
  local result = new_memory():estimate_parameter_memory("1f1b")
  lu.assertEquals(result.strategy, "1f1b")
  assert_near(result.parameters, 250e6)
  assert_near(result.parameters_mb, 500)
  assert_near(result.gradients_mb, 1000)
  assert_near(result.optimizer_mb, 3000)
  assert_near(result.total_mb, 250e6 * 18 / 1e6)
end

-- Two stages of the model on each rank of DualPipe; DualPipeV's two are halves.
function TestMemory.test_parameter_copies()
  for _, strategy in ipairs(dpl.strategies()) do
    local copies = dpl.describe(strategy).parameter_copies
    assert_near(new_memory():estimate_parameter_memory(strategy).total_mb, copies * 4500)
  end
  assert_near(new_memory():estimate_parameter_memory("dualpipe").total_mb, 9000)
  assert_near(new_memory():estimate_parameter_memory("dualpipev").total_mb, 4500)
end

-- ZeRO stage 1: 6 + 12 / D bytes a parameter.
function TestMemory.test_state_options()
  local function total(more)
    return new_memory(more):estimate_parameter_memory("gpipe").total_mb
  end
  assert_near(total { optimizer_shards = 8 }, 250 * (6 + 12 / 8))
  assert_near(total { gradient_bytes = 2 }, 250 * 16)
  assert_near(total { parameter_bytes = 1, gradient_bytes = 0, optimizer_bytes = 0 }, 250)
end

function TestMemory.test_total()
  local result = new_memory():estimate_total_memory("1f1b")
  assert_near(result.total_mb, 4500 + 4 * SHARE_MB)
  assert_near(result.total_gb, result.total_mb / 1000)
  assert_near(result.activations_mb, 4 * SHARE_MB)
  assert_near(result.parameters_mb + result.gradients_mb + result.optimizer_mb, 4500)
  lu.assertEquals(result.peak_rank, 0)
  assert_near(result.per_rank_mb[4], 4500 + SHARE_MB)
end

function TestMemory.test_compare()
  local rows, refused = new_memory():compare()
  lu.assertEquals(#rows, #dpl.strategies())
  lu.assertEquals(refused, {})
  for i = 2, #rows do
    lu.assertTrue(rows[i - 1].total_mb <= rows[i].total_mb)
  end
  local memory = new_memory()
  for _, row in ipairs(rows) do
    lu.assertEquals(row.total_mb, memory:estimate_total_memory(row.strategy).total_mb)
  end
  local total = {}
  for _, row in ipairs(rows) do
    total[row.strategy] = row.total_mb
  end
  lu.assertEquals(total.zb_h1, total["1f1b"])
  lu.assertEquals({ rows[1].strategy, rows[#rows].strategy }, { "v_min", "looped_bfs" })
end

function TestMemory.test_compare_says_what_is_left_out()
  local rows, refused = new_memory { num_ranks = 3, num_chunks = 4 }:compare()
  lu.assertNil(by_name(rows, "strategy").dualpipe)
  lu.assertStrContains(by_name(refused, "strategy").dualpipe.reason, "even num_ranks")
  lu.assertStrContains(by_name(refused, "strategy").dualpipev.reason, "at least 6")
  lu.assertEquals(#rows + #refused, #dpl.strategies())
end

-- Of the whole model or of a rank's share: the same.
function TestMemory.test_whole_model()
  local options = with(ORIGINAL, { model_params = 1e9 })
  options.model_params_per_rank = nil
  local whole = benchmark.MemoryEstimator(options)
  lu.assertEquals(whole:estimate_total_memory("1f1b"), new_memory():estimate_total_memory("1f1b"))
  options.num_layers = 10
  lu.assertEquals(benchmark.MemoryEstimator(options):estimate_activation_memory("1f1b"),
    activations("1f1b", { layers_per_rank = 2.5 }))
end

-- A schedule instead of a name: here one rank that does GPipe's work as two stages.
function TestMemory.test_schedule()
  local memory = new_memory { num_ranks = 1, num_chunks = 2, batch_size = 8 }
  local s = dpl.schedule {
    num_ranks = 1, num_chunks = 2, routes = { { ranks = { 0, 0 }, chunks = { 0, 1 } } },
    orders = { { "0F0", "1F0", "0F1", "1B0", "0B0", "1F1", "1B1", "0B1" } },
  }
  local result = memory:estimate_activation_memory(s)
  lu.assertNil(result.strategy)
  lu.assertEquals(result.peak_activations, 3)
  assert_near(result.peak_mb, 1.5 * SHARE_MB)
  assert_near(memory:estimate_parameter_memory(s).parameters, 250e6)
  local named = dpl.schedule("gpipe", { num_ranks = 1, num_chunks = 2 })
  lu.assertEquals(memory:estimate_activation_memory(named).strategy, "gpipe")
end

function TestMemory.test_schedule_that_cannot_run()
  local memory = new_memory { num_ranks = 2, num_chunks = 2, batch_size = 2 }
  local s = simulating.deadlocked_schedule()
  for _, method in ipairs {
    "estimate_activation_memory", "estimate_parameter_memory", "estimate_total_memory" } do
    local result, message, code = memory[method](memory, s)
    lu.assertNil(result)
    lu.assertEquals(code, "DEADLOCK")
    lu.assertStrContains(message, "wait")
  end
end

function TestMemory.test_schedule_of_another_shape()
  local s = dpl.schedule("gpipe", { num_ranks = 4, num_chunks = 8 })
  assert_raises({ "4 ranks and 8 chunks", "num_chunks = 16" }, activations, s)
end

function TestMemory.test_micro_batches_are_whole()
  assert_raises({ "num_chunks = 12", "batch_size = 64", "8 and 16" }, new_memory,
    { num_chunks = 12 })
  assert_raises({ "num_chunks = 128", "batch_size = 64", "one sample" }, new_memory,
    { num_chunks = 128 })
end

function TestMemory.test_one_way_to_say_parameters()
  assert_raises({ "model_params, model_params_per_rank" }, new_memory, { model_params = 1e9 })
  assert_raises({ "num_layers, layers_per_rank" }, new_memory,
    { num_layers = 4, layers_per_rank = 1 })
  local options = with(ORIGINAL)
  options.model_params_per_rank = nil
  assert_raises("one of the two", benchmark.MemoryEstimator, options)
end

function TestMemory.test_standard_needs_heads()
  assert_raises({ "'standard'", "num_heads" }, new_memory, { activation_recipe = "standard" })
  assert_raises({ "activation_recipe", "'flash', 'standard' or 'full'", "selective" }, new_memory,
    { activation_recipe = "selective" })
end

function TestMemory.test_tensor_parallel_divides()
  assert_raises({ "hidden_dim = 1024", "tensor_parallel = 3" }, new_memory,
    { tensor_parallel = 3 })
  assert_raises({ "num_heads = 6", "tensor_parallel = 4" }, new_memory,
    { tensor_parallel = 4, num_heads = 6 })
  assert_raises({ "seq_len = 2047", "multiple" }, new_memory,
    { tensor_parallel = 4, seq_len = 2047 })
  lu.assertNotNil(new_memory { tensor_parallel = 4, seq_len = 2047, sequence_parallel = false })
end

---- ThroughputEstimator ----

local TestThroughput = {}

-- Of SMALL: FLOPs a second, and the seconds of a forward: 2 * 1536 FLOPs of matrices on each of 32
-- tokens and 2 * 2 * 8 * 16 of attention, which is causal.
local RATE <const> = 0.5e12
local F <const> = 32 * (3072 + 512) / RATE

function TestThroughput.test_costs()
  local costs = new_throughput():costs()
  assert_near(costs.F, F)
  assert_near(costs.W, 32 * 3072 / RATE)
  assert_near(costs.I, 32 * (3072 + 2 * 512) / RATE)
  assert_near(costs.B, 2 * F)
  assert_near(costs.FB, 3 * F)
  lu.assertEquals(costs.p2p, 0)
end

function TestThroughput.test_attention_without_mask()
  local costs = new_throughput { causal = false }:costs()
  assert_near(costs.F, 32 * (3072 + 1024) / RATE)
  assert_near(costs.W, 32 * 3072 / RATE)
  assert_near(costs.I, 32 * (3072 + 2 * 1024) / RATE)
end

function TestThroughput.test_costs_scale()
  assert_near(new_throughput { tensor_parallel = 2 }:costs().F, F / 2)
  assert_near(new_throughput { efficiency = 0.25 }:costs().F, 2 * F)
  assert_near(new_throughput { peak_tflops = 4 }:costs().F, F / 4)
  assert_near(new_throughput { batch_size = 8 }:costs().F, 2 * F)
  assert_near(new_throughput { num_ranks = 4 }:costs().F, F / 2)
  assert_near(new_throughput { num_layers = 8 }:costs().F, 32 * (3072 + 1024) / RATE)
end

function TestThroughput.test_link()
  -- 2 s b h bytes of a micro-batch: 512.
  assert_near(new_throughput { link_gb_s = 0.001, p2p = 1e-6 }:costs().p2p, 513e-6)
  assert_near(new_throughput { link_gb_s = 0.001, tensor_parallel = 2 }:costs().p2p, 256e-6)
  lu.assertEquals(new_throughput { p2p = 0.25 }:costs().p2p, 0.25)
end

-- (m + p - 1)(F + B) for 1F1B and GPipe.
function TestThroughput.test_step_time()
  assert_near(new_throughput():step_time("1f1b"), 3 * 3 * F)
  assert_near(new_throughput():step_time("gpipe"), 3 * 3 * F)
  assert_near(new_throughput { optimizer_time = 1 }:step_time("1f1b"), 9 * F + 1)
  assert_near(new_throughput { p2p = F }:step_time("gpipe"), 11 * F)
end

function TestThroughput.test_throughput()
  local result = new_throughput():throughput("1f1b")
  lu.assertEquals(result.strategy, "1f1b")
  lu.assertEquals(result.micro_batch_size, 2)
  assert_near(result.step_time_s, 9 * F)
  assert_near(result.bubble_ratio, 1 / 3)
  assert_near(result.samples_per_second, 4 / (9 * F))
  assert_near(result.tokens_per_second, 64 / (9 * F))
  lu.assertEquals(result.flops_per_token, 6 * 3072 + 6 * 4 * 8 * 16)
  assert_near(result.tflops_per_gpu, result.mfu)
  assert_near(result.mfu, 0.5 * 2 / 3)
end

-- Where nothing is overlapped, recomputed or sent, MFU is the efficiency less the bubble.
function TestThroughput.test_mfu_is_what_the_bubble_leaves()
  for _, strategy in ipairs(dpl.strategies()) do
    local estimator = new_throughput { num_ranks = 4, num_chunks = 16, batch_size = 16 }
    local result = estimator:throughput(strategy)
    assert_near(result.mfu, 0.5 * (1 - result.bubble_ratio))
    lu.assertEquals(estimator:mfu(strategy), result.mfu)
    lu.assertEquals(estimator:step_time(strategy), result.step_time_s)
  end
end

-- The costs are those that the simulation takes, for a rank's whole share.
function TestThroughput.test_agrees_with_simulator()
  local estimator = new_throughput { num_ranks = 4, num_chunks = 16, batch_size = 16, p2p = 1e-7 }
  local simulator = require("dpl.simulator").ScheduleSimulator(
    with({ num_ranks = 4, num_chunks = 16 }, estimator:costs()))
  for _, strategy in ipairs(dpl.strategies()) do
    assert_near(estimator:step_time(strategy), simulator:makespan(strategy))
  end
end

function TestThroughput.test_full_recompute()
  local estimator = new_throughput { activation_recipe = "full" }
  assert_near(estimator:costs().B, 3 * F)
  assert_near(estimator:costs().I, 32 * (3072 + 2 * 512) / RATE + F)
  assert_near(estimator:mfu("1f1b"), 0.5 * 2 / 3 * 3 / 4)
end

function TestThroughput.test_defaults_are_a_half_of_an_h100()
  local options = with(SMALL)
  options.peak_tflops, options.efficiency = nil, nil
  local estimator = benchmark.ThroughputEstimator(options)
  assert_near(estimator:costs().F, F / 989)
  assert_near(estimator:mfu("1f1b"), 0.5 * 2 / 3)
  assert_near(estimator:throughput("1f1b").tflops_per_gpu, 989 / 3)
end

-- More micro-batches of the same size: the same work each, a smaller bubble.
function TestThroughput.test_longer_steps()
  local one = new_throughput():throughput("gpipe")
  local ten = new_throughput { num_chunks = 20, batch_size = 40 }:throughput("gpipe")
  assert_near(ten.step_time_s / one.step_time_s, 21 / 3)
  assert_near(ten.samples_per_second / one.samples_per_second, 10 * 3 / 21)
end

-- The peak counts all of a rank's GPUs.
function TestThroughput.test_rates_of_a_gpu()
  local one = new_throughput():at_step_time(1)
  local two = new_throughput { tensor_parallel = 2 }:at_step_time(1)
  lu.assertEquals(two.tokens_per_second, one.tokens_per_second)
  assert_near(two.tflops_per_gpu, one.tflops_per_gpu / 2)
  assert_near(two.mfu, one.mfu / 2)
end

function TestThroughput.test_overlap()
  local estimator = new_throughput {
    num_ranks = 4, num_chunks = 16, batch_size = 16, overlap = 0.25 }
  local plain = new_throughput { num_ranks = 4, num_chunks = 16, batch_size = 16 }
  assert_near(estimator:costs().FB, 0.75 * plain:costs().FB)
  lu.assertTrue(estimator:step_time("dualpipe") < plain:step_time("dualpipe"))
  lu.assertEquals(estimator:step_time("1f1b"), plain:step_time("1f1b"))
end

-- Korthikanti et al., table 5: seconds of a step and MFU on A100s, peak 312, with selective
-- recomputation. Their equation 7 counts the output layer, V = 51200, and no mask.
function TestThroughput.test_korthikanti_mfu()
  for _, row in ipairs {
    -- layers, hidden, ranks, batch, seconds, MFU
    { 48, 6144, 1, 4, 1.10, 0.415 },
    { 96, 12288, 8, 64, 13.75, 0.514 },
    { 105, 20480, 35, 280, 37.83, 0.560 },
    { 128, 25600, 64, 512, 71.49, 0.563 },
  } do
    local layers, hidden, ranks, batch, seconds, mfu = table.unpack(row)
    local estimator = benchmark.ThroughputEstimator {
      num_ranks = ranks, num_chunks = batch, hidden_dim = hidden, seq_len = 2048,
      model_params = 12 * layers * hidden ^ 2 + 51200 * hidden, num_layers = layers,
      batch_size = batch, tensor_parallel = 8, peak_tflops = 312, causal = false,
    }
    -- The table's seconds have three digits.
    lu.assertAlmostEquals(estimator:at_step_time(seconds).mfu, mfu, 0.0025)
  end
end

function TestThroughput.test_at_step_time()
  local result = new_throughput():at_step_time(2)
  lu.assertEquals(result.step_time_s, 2)
  lu.assertEquals(result.samples_per_second, 2)
  lu.assertEquals(result.tokens_per_second, 32)
  assert_near(result.mfu, 32 * 21504 / 2 / 1e12)
  assert_raises({ "step", "over 0 seconds" }, new_throughput().at_step_time, new_throughput(), 0)
  assert_raises("step_time_s", new_throughput().at_step_time, new_throughput(), -1)
  assert_raises("step_time_s", new_throughput().at_step_time, new_throughput(), 0 / 0)
  assert_raises("beyond any number", new_throughput().at_step_time, new_throughput(), 1e-308)
end

-- DeepSeek-V3 (arXiv 2412.19437): 671 billion parameters, of which a token uses 37; a step of 2048
-- H800 at 15360 samples of 4096 tokens takes 19.926 s (arXiv 2505.09343, table 4: MFU 38.9 %
-- causal, with MLA's attention; 16 ranks of a pipeline, 120 micro-batches, 128 pipelines).
function TestThroughput.test_active_parameters()
  local deepseek = {
    num_ranks = 16, num_chunks = 120, model_params = 671e9, num_layers = 61, hidden_dim = 7168,
    seq_len = 4096, batch_size = 120, active_params = 37e9,
  }
  local function at(more)
    return benchmark.ThroughputEstimator(with(deepseek, more)):at_step_time(19.926)
  end
  assert_near(at().flops_per_token, 6 * 37e9 + 6 * 61 * 7168 * 4096)
  lu.assertAlmostEquals(at().mfu, 0.36, 0.01)
  assert_near(at { active_params = 671e9, peak_tflops = 1e5 }.flops_per_token,
    6 * 671e9 + 6 * 61 * 7168 * 4096)
  local per_rank = with(deepseek, {
    model_params_per_rank = 671e9 / 16, active_params = 37e9 / 16,
  })
  per_rank.model_params = nil
  assert_near(benchmark.ThroughputEstimator(per_rank):at_step_time(19.926).mfu, at().mfu)
  local all = with(deepseek, {})
  all.active_params = nil
  assert_raises({ "times what the peak of 989 TFLOP/s can", "active_params" }, function()
    benchmark.ThroughputEstimator(all):at_step_time(19.926)
  end)
  assert_raises({ "more", "active" }, at, { active_params = 672e9 })
  local unlayered = with(deepseek, {})
  unlayered.num_layers = nil
  assert_raises({ "active_params", "num_layers" }, benchmark.ThroughputEstimator, unlayered)
end

function TestThroughput.test_active_parameters_scale_with_the_model()
  local options = with(require "estimating".SMALL, { num_layers = 4, active_params = 12 * 64 })
  local rows = benchmark.ScalabilityAnalyzer(options):strong_scaling("1f1b", { 2, 4 })
  assert_near(rows[1].flops_per_token, rows[2].flops_per_token)
  rows = benchmark.ScalabilityAnalyzer(options):weak_scaling("1f1b", { 2, 4 })
  assert_near(rows[2].flops_per_token, 2 * rows[1].flops_per_token)
end

-- DeepSeek-V3 (arXiv 2505.09343, table 4): times of a rank's share in seconds, from the measured
-- totals of a rank and the actions that DualPipe has there on the mean.
function TestThroughput.test_measured_times()
  local W = 0.48 / 11.5
  local I = (1.99 - 8.125 * W) / 19.625
  local estimator = benchmark.ThroughputEstimator {
    num_ranks = 16, num_chunks = 120, model_params = 37e9, hidden_dim = 7168, seq_len = 4096,
    batch_size = 120, F = 1.13 / 19.625, I = I, W = W, FB = 13.95 / 100.375,
    optimizer_time = 0.29,
  }
  lu.assertAlmostEquals(estimator:step_time("dualpipe"), 18.64, 0.005)
  lu.assertAlmostEquals(estimator:costs().I, 0.0841, 0.00005)
  lu.assertNil(estimator:costs().B)
end

function TestThroughput.test_measured_lists()
  local estimator = new_throughput { F = { 1, 2 }, B = { 2, 4 } }
  lu.assertEquals(estimator:costs().F, { 1, 2 })
  lu.assertEquals(estimator:step_time("gpipe"), 15)
  lu.assertEquals(estimator:costs().p2p, 0)
  assert_raises({ "F is a list of 3", "2" },
    estimator.step_time, new_throughput { F = { 1, 2, 3 } }, "gpipe")
end

function TestThroughput.test_measured_mistakes()
  assert_raises("need F", new_throughput, { B = 2 })
  assert_raises({ "overlap", "give FB" }, new_throughput, { F = 1, overlap = 0.1 })
  assert_raises({ "'F'", "-1" }, new_throughput, { F = -1 })
  local zero = new_throughput { F = 0, B = 0 }
  assert_raises("a step must take a finite time", zero.step_time, zero, "gpipe")
  local wrong = new_throughput { F = 1, B = 2, I = 1, W = 3 }
  assert_raises("B must be I + W", wrong.step_time, wrong, "gpipe")
end

function TestThroughput.test_compare()
  local estimator = new_throughput { num_ranks = 4, num_chunks = 16, batch_size = 16 }
  local rows, refused = estimator:compare()
  lu.assertEquals(refused, {})
  lu.assertEquals(#rows, #dpl.strategies())
  for i = 2, #rows do
    lu.assertTrue(rows[i - 1].step_time_s <= rows[i].step_time_s * (1 + 1e-9))
  end
  for _, row in ipairs(rows) do
    lu.assertEquals(row.mfu, estimator:mfu(row.strategy))
  end
  local place = {}
  for i, row in ipairs(rows) do
    place[row.strategy] = i
  end
  lu.assertTrue(place["1f1b"] < place.gpipe) -- as fast but for rounding: by name
  lu.assertTrue(place.dualpipe < place.dualpipev)
  local _, too_small = new_throughput():compare()
  lu.assertStrContains(by_name(too_small, "strategy").dualpipe.reason, "at least 4")
end

function TestThroughput.test_schedule()
  local s = dpl.schedule("gpipe", { num_ranks = 2, num_chunks = 2 })
  lu.assertEquals(new_throughput():mfu(s), new_throughput():mfu("gpipe"))
  local result, message, code = new_throughput():throughput(simulating.deadlocked_schedule())
  lu.assertNil(result)
  lu.assertStrContains(message, "wait")
  lu.assertEquals(code, "DEADLOCK")
  lu.assertNil((new_throughput():mfu(simulating.deadlocked_schedule())))
  lu.assertNil((new_throughput():step_time(simulating.deadlocked_schedule())))
end

function TestThroughput.test_faster_than_the_peak()
  assert_raises({ "efficiency / (1 - overlap)", "faster than the peak" }, new_throughput,
    { efficiency = 0.8, overlap = 0.5 })
end

return { TestMemory = TestMemory, TestThroughput = TestThroughput }
