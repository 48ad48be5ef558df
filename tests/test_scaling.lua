-- The module dpl.benchmark: ScalabilityAnalyzer and ConfigurationSearch.

local dpl = require "dpl"
local lu = require "luaunit"
local benchmark = require "dpl.benchmark"
local estimating = require "estimating"
local simulating = require "simulating"

local SEARCHED <const> = estimating.SEARCHED
local new_throughput = estimating.new_throughput
local new_scaling = estimating.new_scaling
local new_search = estimating.new_search
local assert_near = estimating.assert_near
local with = simulating.with
local field = simulating.field
local assert_raises = simulating.assert_raises

---- ScalabilityAnalyzer ----

local TestScaling = {}

-- 1F1B on p ranks with m micro-batches: m / (m + p - 1), whatever is held.
function TestScaling.test_closed_form()
  for _, chunks in ipairs { 1, 2, 5, 16, 32 } do
    local scaling = new_scaling { num_chunks = chunks, batch_size = 160 }
    for _, method in ipairs { "weak_scaling", "strong_scaling" } do
      local rows = scaling[method](scaling, "1f1b", { 1, 2, 3, 7, 16 })
      for _, row in ipairs(rows) do
        assert_near(row.efficiency, chunks / (chunks + row.num_ranks - 1))
        assert_near(row.speedup, row.num_ranks * row.efficiency)
        lu.assertAlmostEquals(row.bubble_ratio, 1 - row.efficiency, 1e-9)
      end
    end
  end
end

-- Strong scaling: the same model and batch; a rank's times go down with its share.
function TestScaling.test_strong()
  local rows = new_scaling():strong_scaling("1f1b", { 1, 4, 8 })
  lu.assertEquals(field(rows, "num_ranks"), { 1, 4, 8 })
  lu.assertEquals(field(rows, "num_chunks"), { 16, 16, 16 })
  lu.assertEquals(field(rows, "batch_size"), { 32, 32, 32 })
  for _, row in ipairs(rows) do
    assert_near(row.model_params, 3072)
    lu.assertEquals(row.strategy, "1f1b")
  end
  assert_near(rows[2].step_time_s, new_throughput {
    num_ranks = 4, num_chunks = 16, batch_size = 32 }:step_time("1f1b"))
  assert_near(rows[1].step_time_s / rows[3].step_time_s, rows[3].speedup)
end

-- Weak scaling: a rank's share stays, so the model grows.
function TestScaling.test_weak()
  local rows = new_scaling():weak_scaling("1f1b", { 1, 4, 8 })
  lu.assertEquals(field(rows, "batch_size"), { 32, 32, 32 })
  assert_near(rows[1].model_params, 3072 / 4)
  assert_near(rows[3].model_params, 3072 * 2)
  assert_near(rows[3].step_time_s / rows[1].step_time_s, 23 / 16)
  assert_near(rows[2].mfu, 0.5 * 16 / 19)
end

function TestScaling.test_weak_with_a_growing_batch()
  local scaling = new_scaling { weak_batch = "per_rank" }
  local rows = scaling:weak_scaling("1f1b", { 1, 2, 3, 8 })
  lu.assertEquals(field(rows, "num_chunks"), { 4, 8, 12, 32 })
  lu.assertEquals(field(rows, "batch_size"), { 8, 16, 24, 64 })
  for _, row in ipairs(rows) do
    assert_near(row.efficiency, row.num_chunks / (row.num_chunks + row.num_ranks - 1))
  end
  lu.assertEquals(field(scaling:strong_scaling("1f1b", { 8 }), "num_chunks"), { 16 })
end

function TestScaling.test_chunks_that_would_not_be_whole()
  local scaling = new_scaling { num_chunks = 2, weak_batch = "per_rank" }
  local rows, refused = scaling:weak_scaling("gpipe", { 1, 2 })
  lu.assertEquals(field(rows, "num_ranks"), { 2 })
  lu.assertEquals(refused[1].num_ranks, 1)
  lu.assertStrContains(refused[1].reason, "not whole")
end

function TestScaling.test_sizes_that_are_not_allowed()
  local rows, refused = new_scaling():weak_scaling("dualpipe", { 1, 2, 4, 16 })
  lu.assertEquals(field(rows, "num_ranks"), { 2, 4 })
  lu.assertEquals(field(refused, "num_ranks"), { 1, 16 })
  lu.assertStrContains(refused[1].reason, "even num_ranks")
  lu.assertStrContains(refused[2].reason, "at least 32")
end

function TestScaling.test_measured_times()
  local scaling = new_scaling { F = 1, B = 2 }
  lu.assertEquals(field(scaling:weak_scaling("1f1b", { 2, 4 }), "step_time_s"), { 51, 57 })
  lu.assertEquals(field(scaling:strong_scaling("1f1b", { 2, 8 }), "step_time_s"), { 102, 34.5 })
  local split = new_scaling { F = 1, I = 1, W = 1 }
  assert_near(split:weak_scaling("1f1b", { 4 })[1].efficiency, 16 / 19)
  assert_near(new_scaling { F = 1 }:weak_scaling("1f1b", { 4 })[1].efficiency, 16 / 19)
end

function TestScaling.test_overlap_brings_more_than_one()
  local rows = new_scaling { num_chunks = 32, overlap = 0.4 }:weak_scaling("dualpipe", { 2 })
  lu.assertTrue(rows[1].efficiency > 1)
end

-- The most p with 16 / (16 + p - 1) >= 0.8 is 5, exactly at the threshold.
function TestScaling.test_limit()
  local row = new_scaling():scaling_limit("1f1b")
  lu.assertEquals(row.num_ranks, 5)
  lu.assertEquals(row.max_ranks, 256)
  assert_near(row.efficiency, 0.8)
  lu.assertEquals(new_scaling():scaling_limit("1f1b", { min_efficiency = 0.5 }).num_ranks, 17)
  lu.assertEquals(new_scaling():scaling_limit("1f1b", { min_efficiency = 1 }).num_ranks, 1)
  lu.assertEquals(new_scaling():scaling_limit("1f1b",
    { min_efficiency = 0.5, max_ranks = 9 }).num_ranks, 9)
  -- DualPipe needs two micro-batches a rank, so 8 ranks are the most.
  lu.assertEquals(new_scaling():scaling_limit("dualpipe").num_ranks, 8)
end

-- Weak scaling with a batch that grows loses almost nothing more with ranks; transfers cost strong
-- scaling more, because the work between them gets shorter.
function TestScaling.test_limit_of_each_mode()
  local growing = new_scaling { weak_batch = "per_rank" }
  lu.assertEquals(growing:scaling_limit("1f1b", { mode = "weak", max_ranks = 40 }).num_ranks, 40)
  local latency = new_scaling { p2p = 1e-7 }
  local strong = latency:scaling_limit("1f1b", { min_efficiency = 0.5 })
  local weak = latency:scaling_limit("1f1b", { min_efficiency = 0.5, mode = "weak" })
  lu.assertTrue(strong.num_ranks < weak.num_ranks)
end

function TestScaling.test_limit_not_found()
  local row, message, code = new_scaling():scaling_limit("1f1b", { min_efficiency = 1.1 })
  lu.assertNil(row)
  lu.assertEquals(code, "NOT_FOUND")
  lu.assertStrContains(message, "the best is 1, on 1 rank")
  row, message, code = new_scaling():scaling_limit("dualpipe", { max_ranks = 1 })
  lu.assertNil(row)
  lu.assertEquals(code, "NOT_FOUND")
  lu.assertStrContains(message, "dualpipe allows none")
end

function TestScaling.test_mistakes()
  local scaling = new_scaling()
  local function raises(texts, method, ...)
    assert_raises(texts, scaling[method], scaling, ...)
  end
  raises("ranks must be a list", "weak_scaling", "1f1b")
  raises("ranks must be a list", "strong_scaling", "1f1b", 4)
  raises("without entries", "strong_scaling", "1f1b", {})
  raises({ "ranks, entry 2,", "whole number", "2.5" }, "weak_scaling", "1f1b", { 2, 2.5 })
  raises({ "entry 1,", "65536", "65537" }, "weak_scaling", "1f1b", { 65537 })
  raises({ "'1f1d'", "'1f1b'" }, "weak_scaling", "1f1d", { 2 })
  raises({ "'min_eficiency'", "'min_efficiency'" }, "scaling_limit", "1f1b",
    { min_eficiency = 1 })
  raises({ "'mode'", "'strong' or 'weak'" }, "scaling_limit", "1f1b", { mode = 1 })
  raises("'min_efficiency'", "scaling_limit", "1f1b", { min_efficiency = 0 })
end

function TestScaling.test_lists_cannot_be_scaled()
  local scaling = new_scaling { F = { 1, 2, 3, 4 } }
  assert_raises({ "F is a list", "give a number" }, scaling.weak_scaling, scaling, "1f1b", { 2 })
  assert_raises("F is a list", scaling.scaling_limit, scaling, "1f1b")
end

function TestScaling.test_searches_without_end()
  local scaling = new_scaling { num_chunks = 2 ^ 20, batch_size = 2 ^ 20 }
  assert_raises({ "actions", "smaller max_ranks" }, scaling.scaling_limit, scaling, "1f1b",
    { max_ranks = 65536 })
  local huge = new_scaling { num_chunks = 2 ^ 30, batch_size = 2 ^ 30, weak_batch = "per_rank" }
  local rows, refused = huge:weak_scaling("1f1b", { 4 * 2 ^ 10 })
  lu.assertEquals(rows, {})
  lu.assertStrContains(refused[1].reason, "too many")
end

---- ConfigurationSearch ----

local TestSearch = {}

local function search(options, more)
  return new_search(more):search_optimal_config(options)
end

function TestSearch.test_original_example()
  local found, summary = search { min_ranks = 2, max_ranks = 8 }
  local best = found[1]
  lu.assertEquals({ best.strategy, best.num_ranks, best.num_chunks }, { "zbv", 8, 64 })
  lu.assertEquals(best.micro_batch_size, 1)
  lu.assertEquals(#found, summary.fitting)
  -- 7 rank counts, 7 divisors of 64.
  lu.assertEquals(summary.tried + summary.not_allowed, 7 * 7 * #dpl.strategies())
  lu.assertEquals(summary.not_fitting, 0)
  lu.assertEquals(math.type(summary.tried), "integer")
  lu.assertEquals(math.type(best.num_ranks), "integer")
end

-- Every row is what the other classes say of its configuration.
function TestSearch.test_rows_agree_with_the_estimators()
  for _, row in ipairs(search { max_ranks = 6 }) do
    local shape = with(SEARCHED, { num_ranks = row.num_ranks, num_chunks = row.num_chunks })
    shape.gpu_memory_gb = nil
    local memory = benchmark.MemoryEstimator(shape):estimate_total_memory(row.strategy)
    local rate = benchmark.ThroughputEstimator(shape):throughput(row.strategy)
    lu.assertEquals(row.memory, memory.total_gb)
    lu.assertEquals(row.peak_rank, memory.peak_rank)
    assert_near(row.activations_gb + row.states_gb, row.memory)
    lu.assertEquals(row.throughput, rate.samples_per_second)
    lu.assertEquals(row.throughput_per_rank, rate.samples_per_second / row.num_ranks)
    for _, name in ipairs { "step_time_s", "mfu", "tokens_per_second", "tflops_per_gpu",
      "bubble_ratio", "micro_batch_size" } do
      lu.assertEquals(row[name], rate[name], name)
    end
  end
end

-- What must come before b: more of the key, or as much of it and smaller or earlier by name.
local function is_in_order(a, b, key)
  if math.abs(a[key] / b[key] - 1) > 1e-9 then
    return a[key] > b[key]
  elseif a.num_ranks ~= b.num_ranks then
    return a.num_ranks < b.num_ranks
  elseif a.num_chunks ~= b.num_chunks then
    return a.num_chunks < b.num_chunks
  end
  return a.strategy < b.strategy
end

-- With layers given no stage goes without one; those that follow from the parameters say how few
-- they are.
function TestSearch.test_layers_bound_the_stages()
  local rows, summary = search({ min_ranks = 2, max_ranks = 8 }, { num_layers = 6 })
  for _, row in ipairs(rows) do
    local route = row.strategy == "dualpipev" and 2 * row.num_ranks or row.num_ranks
    lu.assertTrue(row.num_ranks <= 6, row.strategy)
    lu.assertTrue(row.layers_per_stage >= 1, row.strategy)
    if row.strategy == "dualpipev" or row.strategy == "1f1b" then
      assert_near(row.layers_per_stage, 6 / route)
    end
  end
  local _, unbound = search { min_ranks = 2, max_ranks = 8 }
  lu.assertTrue(summary.not_allowed > unbound.not_allowed)
  lu.assertTrue(search()[1].layers_per_stage < 1)
  local none, message = search({ min_ranks = 7, max_ranks = 8 }, { num_layers = 6 })
  lu.assertNil(none)
  lu.assertStrContains(message, "at least a layer on each stage")
end

function TestSearch.test_best_first()
  for _, key in ipairs { "throughput", "throughput_per_rank" } do
    local found = search({ min_ranks = 1, max_ranks = 9, sort_by = key }, { batch_size = 48 })
    lu.assertTrue(#found > 100)
    for i = 2, #found do
      lu.assertTrue(is_in_order(found[i - 1], found[i], key), i)
    end
  end
end

-- Per rank, one that never waits is best.
function TestSearch.test_per_rank()
  local found = search { min_ranks = 1, sort_by = "throughput_per_rank" }
  lu.assertEquals({ found[1].strategy, found[1].num_ranks, found[1].num_chunks }, { "1f1b", 1, 1 })
end

function TestSearch.test_only_what_fits()
  local all = search { min_ranks = 1, max_ranks = 8 }
  table.sort(all, function(a, b) return a.memory < b.memory end)
  local middle = all[#all // 2].memory
  local fitting = 0
  for _, row in ipairs(all) do
    fitting = fitting + (row.memory <= middle and 1 or 0)
  end
  local found, summary = search({ min_ranks = 1, max_ranks = 8 }, { gpu_memory_gb = middle })
  lu.assertEquals(#found, fitting)
  lu.assertEquals(summary.fitting, fitting)
  lu.assertEquals(summary.not_fitting, #all - fitting)
  lu.assertEquals(summary.least_memory, all[1].memory)
  for _, row in ipairs(found) do
    lu.assertTrue(row.memory <= middle)
  end
end

function TestSearch.test_nothing_fits()
  local found, message, code = search({}, {
    gpu_memory_gb = 0.01, strategies = { "1f1b", "gpipe", "dualpipe" },
  })
  lu.assertNil(found)
  lu.assertEquals(code, "NOT_FOUND")
  -- 10e6 / 8 * 18 bytes and 8 micro-batches of one sample of an eighth of the layers.
  local least = (10e6 / 8 * 18 + 34 * 512 * 10e6 / 12 / 1024) / 1e9
  lu.assertStrContains(message, ("least memory is %.4g GB"):format(least))
  lu.assertStrContains(message, "num_ranks = 8, num_chunks = 64")
end

function TestSearch.test_nothing_is_allowed()
  local found, message, code = search({ min_ranks = 3, max_ranks = 3 },
    { strategies = { "dualpipe" } })
  lu.assertNil(found)
  lu.assertEquals(code, "NOT_FOUND")
  lu.assertStrContains(message, "no strategy allows 3 to 3 ranks")
end

function TestSearch.test_strategies()
  for _, row in ipairs(search({}, { strategies = { "gpipe", "zb1p" } })) do
    lu.assertTrue(row.strategy == "gpipe" or row.strategy == "zb_h1")
  end
  assert_raises({ "gpip", "'gpipe'" }, new_search, { strategies = { "gpip" } })
  assert_raises("list of names", new_search, { strategies = "gpipe" })
  assert_raises("zb_h1 twice", search, {}, { strategies = { "zb_h1", "zb1p" } })
end

function TestSearch.test_micro_batches_divide_the_batch()
  local seen = {}
  for _, row in ipairs(search({ max_ranks = 3 }, { batch_size = 30 })) do
    lu.assertEquals(row.num_chunks * row.micro_batch_size, 30)
    seen[row.num_chunks] = true
  end
  for _, chunks in ipairs { 1, 2, 3, 5, 6, 10, 15, 30 } do
    lu.assertTrue(seen[chunks], chunks)
  end
  for _, row in ipairs(search({ max_chunks = 7 }, { batch_size = 30 })) do
    lu.assertTrue(row.num_chunks <= 6)
  end
end

function TestSearch.test_limit()
  local all, summary = search {}
  local some, same = search { limit = 3 }
  lu.assertEquals(#some, 3)
  lu.assertEquals(some[3], all[3])
  lu.assertEquals(same, summary)
end

function TestSearch.test_same_answer_each_time()
  lu.assertEquals({ search {} }, { search {} })
end

-- The larger the micro-batch, the more its activations take.
function TestSearch.test_options_of_the_model()
  local full = search({ limit = 1 }, { activation_recipe = "full", num_layers = 8 })[1]
  local flash = search({ limit = 1 }, { num_layers = 8 })[1]
  lu.assertTrue(full.activations_gb < flash.activations_gb)
  lu.assertTrue(full.throughput < flash.throughput)
  local sharded = search({ limit = 1 }, { num_layers = 8, optimizer_shards = 4 })[1]
  assert_near(sharded.states_gb / flash.states_gb, (6 + 12 / 4) / 18)
end

function TestSearch.test_defaults()
  local found = search()
  local least, most = math.huge, 0
  for _, row in ipairs(found) do
    least, most = math.min(least, row.num_ranks), math.max(most, row.num_ranks)
  end
  lu.assertEquals({ least, most }, { 2, 8 })
end

function TestSearch.test_mistakes()
  assert_raises({ "min_ranks = 4", "max_ranks = 2" }, search, { min_ranks = 4, max_ranks = 2 })
  for _, name in ipairs { "min_ranks", "max_ranks", "max_chunks", "limit" } do
    for _, value in ipairs { 0, -1, 1.5, 0 / 0, 2 ^ 31, "2" } do
      assert_raises("'" .. name .. "'", search, { [name] = value })
    end
  end
  assert_raises({ "'sort_by'", "'throughput' or 'throughput_per_rank'" }, search,
    { sort_by = "mfu" })
  assert_raises({ "'max_rank'", "'max_ranks'" }, search, { max_rank = 3 })
  assert_raises("options are given in a table", search, 8)
  for _, value in ipairs { 0, -1, 0 / 0, math.huge, "80" } do
    assert_raises("'gpu_memory_gb'", new_search, { gpu_memory_gb = value })
  end
  assert_raises({ "unknown option", "num_ranks" }, new_search, { num_ranks = 4 })
  assert_raises("'model_params' is missing", benchmark.ConfigurationSearch, {})
end

function TestSearch.test_searches_without_end()
  assert_raises({ "actions", "smaller max_ranks" }, search, { max_ranks = 65536 },
    { batch_size = 2 ^ 31 - 1 })
  assert_raises({ "over", "are the most" }, search, { max_ranks = 65536, max_chunks = 4 })
end

return { TestScaling = TestScaling, TestSearch = TestSearch }
