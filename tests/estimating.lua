-- What the tests of dpl.benchmark share: an object of each class, and comparison of numbers.

local benchmark = require "dpl.benchmark"
local lu = require "luaunit"
local simulating = require "simulating"

local with = simulating.with

local estimating = {}

-- Equal to a part in 10^9.
function estimating.assert_near(actual, expected)
  lu.assertAlmostEquals(actual / expected, 1, 1e-9)
end

-- The call of the Python original: a micro-batch of 4 samples.
estimating.ORIGINAL = {
  num_ranks = 4, num_chunks = 16, model_params_per_rank = 250e6,
  hidden_dim = 1024, seq_len = 2048, batch_size = 64,
}

-- 12 L h^2 parameters with L = 4 and h = 8, two ranks, two micro-batches of 2 samples of 16 tokens,
-- a peak of 10^12.
estimating.SMALL = {
  num_ranks = 2, num_chunks = 2, model_params = 12 * 4 * 64, hidden_dim = 8, seq_len = 16,
  batch_size = 4, peak_tflops = 1, efficiency = 0.5,
}

-- The other call of the original.
estimating.SEARCHED = {
  model_params = 10e6, hidden_dim = 1024, seq_len = 512, batch_size = 64, gpu_memory_gb = 80,
}

function estimating.new_memory(more)
  return benchmark.MemoryEstimator(with(estimating.ORIGINAL, more))
end

function estimating.new_throughput(more)
  return benchmark.ThroughputEstimator(with(estimating.SMALL, more))
end

function estimating.new_scaling(more)
  return benchmark.ScalabilityAnalyzer(with(estimating.SMALL, with(
    { num_ranks = 4, num_chunks = 16, batch_size = 32 }, more)))
end

function estimating.new_search(more)
  return benchmark.ConfigurationSearch(with(estimating.SEARCHED, more))
end

return estimating
