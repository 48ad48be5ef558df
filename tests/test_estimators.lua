-- The classes of dpl.benchmark: what all four have in common, above all what they refuse.

local lu = require "luaunit"
local benchmark = require "dpl.benchmark"
local estimating = require "estimating"
local simulating = require "simulating"

local ORIGINAL <const> = estimating.ORIGINAL
local SMALL <const> = estimating.SMALL
local new_memory = estimating.new_memory
local new_throughput = estimating.new_throughput
local new_scaling = estimating.new_scaling
local new_search = estimating.new_search
local with = simulating.with
local by_name = simulating.by_name
local assert_raises = simulating.assert_raises

local TestClasses = {}

local function all_objects()
  return { new_memory(), new_throughput(), new_scaling(), new_search() }
end

function TestClasses.test_names_and_options()
  for _, name in ipairs {
    "MemoryEstimator", "ThroughputEstimator", "ScalabilityAnalyzer", "ConfigurationSearch" } do
    local class = benchmark[name]
    lu.assertEquals(class.name, name)
    for _, option in ipairs(class.options) do
      lu.assertTrue(#option.meaning > 0, option.name)
      lu.assertEquals(type(option.unit), "string", option.name)
    end
  end
  local options = by_name(benchmark.ThroughputEstimator.options, "name")
  lu.assertEquals(options.peak_tflops.default, 989)
  lu.assertEquals(options.efficiency.default, 0.5)
  lu.assertTrue(options.causal.default)
end

function TestClasses.test_leading_numbers()
  local memory = benchmark.MemoryEstimator(4, 16, 250e6, 1024, 2048, 64)
  lu.assertEquals(memory:estimate_activation_memory("1f1b"),
    new_memory():estimate_activation_memory("1f1b"))
  local rest = with(SMALL)
  rest.num_ranks, rest.num_chunks = nil, nil
  lu.assertEquals(benchmark.ThroughputEstimator(2, 2, rest):mfu("1f1b"),
    new_throughput():mfu("1f1b"))
end

function TestClasses.test_options_can_be_read()
  lu.assertEquals(new_memory().num_ranks, 4)
  lu.assertNil(new_memory().tensor_parallel) -- not given
  assert_raises({ "MemoryEstimator", "'num_rank'" }, function()
    return new_memory().num_rank
  end)
end

function TestClasses.test_text()
  lu.assertStrContains(tostring(new_memory()), "MemoryEstimator { num_ranks = 4")
  lu.assertStrContains(tostring(benchmark.MemoryEstimator), "10^6 bytes")
end

function TestClasses.test_every_number_is_checked()
  local makers = { new_memory, new_throughput, new_scaling }
  for i, maker in ipairs(makers) do
    for _, name in ipairs { "num_ranks", "num_chunks", "hidden_dim", "seq_len", "batch_size",
      "tensor_parallel", "num_heads" } do
      for _, value in ipairs { 0, -1, 1.5, 0 / 0, math.huge, 2 ^ 31, "4", true, {} } do
        assert_raises("'" .. name .. "'", maker, { [name] = value })
      end
    end
    for _, name in ipairs { "model_params_per_rank", "num_layers", "layers_per_rank" } do
      for _, value in ipairs { 0, -1, 0 / 0, math.huge, 1e300, "4" } do
        assert_raises("'" .. name .. "'", makers[i], { [name] = value })
      end
    end
  end
  for _, name in ipairs { "peak_tflops", "efficiency", "link_gb_s" } do
    for _, value in ipairs { 0, -1, 0 / 0, math.huge, 1e300, "4" } do
      assert_raises("'" .. name .. "'", new_throughput, { [name] = value })
    end
  end
  for _, name in ipairs { "overlap", "p2p", "optimizer_time" } do
    for _, value in ipairs { -1, 0 / 0, math.huge, 1e300, "4" } do
      assert_raises("'" .. name .. "'", new_throughput, { [name] = value })
    end
  end
end

function TestClasses.test_unknown_options()
  assert_raises({ "MemoryEstimator", "'hiden_dim'", "'hidden_dim'" }, new_memory,
    { hiden_dim = 1 })
  assert_raises({ "ThroughputEstimator", "'peak_tflop'", "'peak_tflops'" }, new_throughput,
    { peak_tflop = 1 })
  assert_raises({ "MemoryEstimator", "'num_ranks' is missing" }, benchmark.MemoryEstimator, {})
end

function TestClasses.test_methods_are_called_with_a_colon()
  for _, object in ipairs(all_objects()) do
    local method = getmetatable(object) == "MemoryEstimator" and object.compare
      or getmetatable(object) == "ThroughputEstimator" and object.mfu
      or getmetatable(object) == "ScalabilityAnalyzer" and object.weak_scaling
      or object.search_optimal_config
    assert_raises("':'", method, "1f1b")
    assert_raises("':'", method)
  end
end

function TestClasses.test_strategies_are_checked()
  for _, method in ipairs { "estimate_activation_memory", "estimate_total_memory" } do
    local memory = new_memory()
    assert_raises({ "unknown strategy 'dualpip'", "'dualpipe'" }, memory[method], memory, "dualpip")
    assert_raises("strategy", memory[method], memory)
    assert_raises("strategy", memory[method], memory, 7)
  end
  lu.assertEquals(new_memory():estimate_activation_memory("zb1p").strategy, "zb_h1")
  local odd = new_memory { num_ranks = 3 }
  assert_raises({ "dualpipe", "even num_ranks" }, odd.estimate_total_memory, odd,
    "dualpipe")
  local estimator = new_throughput()
  assert_raises({ "dualpipe", "at least 4" }, estimator.mfu, estimator, "dualpipe")
end

function TestClasses.test_large_sizes()
  local huge = with(ORIGINAL, { num_ranks = 2 ^ 31 - 1, num_chunks = 2 ^ 30, batch_size = 2 ^ 30 })
  local memory = benchmark.MemoryEstimator(huge)
  assert_raises("memory", memory.estimate_total_memory, memory, "1f1b")
  local big = new_memory { model_params_per_rank = 1e18, seq_len = 2 ^ 31 - 1 }
  lu.assertTrue(big:estimate_total_memory("1f1b").total_gb < math.huge)
end

return { TestClasses = TestClasses }
