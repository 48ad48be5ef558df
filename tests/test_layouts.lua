-- ConfigurationSearch over layouts from Lua: what it finds against working out every plan, the same
-- on any number of processors and after a restart, and what it says where nothing is left. The
-- search itself is held against everything in test_layouts.c.

local lu = require "luaunit"

local dpl = require "dpl"
local benchmark = require "dpl.benchmark"
local planning = require "planning"
local process = require "process"

local function options(changes)
  local given = {
    model = planning.gpt(), hardware = planning.machine { memory_bytes = 1e9, host_gb_s = 1 },
    gpus = 8, global_batch = 16, strategy = { "1f1b", "interleaved_1f1b" }, context_parallel = 1,
    causal = true, peak = "bf16", reserve_bytes = 0, recompute = { "none", "full" },
    zero = { 0, 1 },
  }
  for name, value in pairs(changes or {}) do
    given[name] = value
  end
  given.global_batch = given.max_global_batch == nil and given.global_batch or nil
  return given
end

local function search(changes)
  return benchmark.ConfigurationSearch(options(changes))
end

local function indices(rows)
  local list = {}
  for i, row in ipairs(rows) do
    list[i] = row.index
  end
  return list
end

local function copy(from)
  local to = {}
  for name, value in pairs(from) do
    to[name] = value
  end
  return to
end

---- What is found ----

local TestLayouts = process.test_table()

-- Every plan of one strategy by nested loops.
local function best_step()
  local best
  for _, t in ipairs { 1, 2, 4 } do
    for _, p in ipairs { 1, 2, 4, 8 } do
      local d = 8 // (t * p)
      for _, m in ipairs { 1, 2, 4, 8, 16 } do
        local made = d >= 1 and t * p * d == 8 and 16 % (d * m) == 0 and dpl.plan(planning.options {
          hardware = options().hardware, tensor_parallel = t, pipeline_parallel = p,
          data_parallel = d, micro_batch = m, global_batch = 16, reserve_bytes = 0, causal = true,
          peak = "bf16", strategy = "1f1b" })
        if made and made.fits and (best == nil or made.step_time < best) then
          best = made.step_time
        end
      end
    end
  end
  return best
end

function TestLayouts.test_best_is_best()
  local found = search { strategy = "1f1b", recompute = "none", zero = 1 }
  lu.assertEquals(found:best().step_time, best_step())
end

function TestLayouts.test_a_row_is_a_plan()
  local found = search { pareto = { "throughput", "memory" } }
  for _, rows in ipairs { found:run(), found:pareto() } do
    for _, row in ipairs(rows) do
      local plan = assert(found:plan(row))
      lu.assertEquals(plan.step_time, row.step_time)
      lu.assertEquals(plan.worst_bytes, row.worst_bytes)
      lu.assertEquals(plan.mfu, row.mfu)
      lu.assertEquals(plan.num_chunks, row.num_chunks)
      lu.assertTrue(plan.fits)
    end
  end
  lu.assertEquals(found:plan().step_time, found:best().step_time)
end

function TestLayouts.test_order_and_front()
  local found = search { pareto = { "throughput", "memory" }, keep = 30 }
  local rows, front = found:run(), found:pareto()
  for i = 2, #rows do
    lu.assertTrue(rows[i - 1].step_time <= rows[i].step_time)
  end
  for i = 2, #front do
    lu.assertTrue(front[i - 1].step_time < front[i].step_time)
    lu.assertTrue(front[i - 1].worst_bytes > front[i].worst_bytes)
  end
  lu.assertEquals(front[1].step_time, rows[1].step_time)
end

function TestLayouts.test_counts_add_up()
  local found = search()
  local configurations, tuples = found:count()
  local _, counts = found:run()
  lu.assertEquals(counts.configurations, configurations)
  lu.assertTrue(tuples > 0)
  lu.assertEquals(counts.refused + counts.memory_bound + counts.outdone + counts.memory
    + counts.evaluated, configurations)
end

function TestLayouts.test_objectives()
  local memory = search { objective = "memory", recompute = "all" }:best()
  lu.assertTrue(memory.worst_bytes <= search { recompute = "all" }:best().worst_bytes)
  local cost = search { objective = "cost", gpus = { 4, 8 } }:best()
  local mfu = search { objective = "mfu", gpus = { 4, 8 } }:best()
  lu.assertEquals(cost.index, mfu.index)
  lu.assertTrue(cost.gpu_hours <= search { gpus = 8 }:best().gpu_hours)
end

-- The greatest multiple of the copies.
function TestLayouts.test_most_batch()
  local found = search { max_global_batch = 17, data_parallel = { 4, 8 },
    keep = 200 }
  for _, row in ipairs(found:run()) do
    lu.assertEquals(row.global_batch, 16)
    lu.assertTrue(row.data_parallel == 4 or row.data_parallel == 8)
  end
end

function TestLayouts.test_constraints()
  local found = search { even_layers = true, whole_nodes = true, max_micro_batches = 4, keep = 200,
    stages_per_rank = "all" }
  for _, row in ipairs(found:run()) do
    local stages = row.pipeline_parallel * (row.stages_per_rank or 1)
    lu.assertEquals(8 % stages, 0)
    lu.assertTrue(row.num_chunks <= 4)
  end
end

function TestLayouts.test_values_have_names()
  local row = search { tensor_comm = "all", offload_optimizer = "all", tensor_link = "all" }:best()
  lu.assertStrMatches(row.tensor_comm, "%a[%a_]+")
  lu.assertStrMatches(row.tensor_link, "%a+")
  lu.assertEquals(type(row.offload_optimizer), "boolean")
end

---- Processors and files ----

-- Enough configurations for several parts.
local LARGE <const> = {
  offload_weights = "all", offload_activations = "all", offload_optimizer = "all",
  tensor_comm = "all", regather = "all", tensor_overlap = "all", data_overlap = "all",
  recompute = "all", zero = "all", pareto = { "throughput", "memory" }, keep = 25,
}

local function large(changes)
  local given = {}
  for name, value in pairs(LARGE) do
    given[name] = value
  end
  for name, value in pairs(changes or {}) do
    given[name] = value
  end
  return search(given)
end

function TestLayouts.test_same_on_any_number_of_processors()
  local one, three = large { workers = 1 }, large { workers = 3 }
  lu.assertTrue(one:count() > 20000)
  local rows, counts = one:run()
  local other_rows, other_counts = three:run()
  lu.assertEquals(indices(other_rows), indices(rows))
  lu.assertEquals(indices(three:pareto()), indices(one:pareto()))
  lu.assertEquals(other_counts, counts)
end

function TestLayouts.test_goes_on_from_a_file()
  for _, ending in ipairs { "csv", "json" } do
    local path = process.directory() .. "/found." .. ending
    local first = large { resume = path }
    local rows, counts = first:run()
    local again = large { resume = path }
    local same_rows, same_counts = again:run()
    lu.assertEquals(same_rows, rows)
    lu.assertEquals(same_counts, counts)
    lu.assertEquals(again:pareto(), first:pareto())
  end
end

-- A search that breaks off in its third round goes on from there.
function TestLayouts.test_does_what_is_left()
  local layouts = require "dpl.layouts"
  local path = process.directory() .. "/found.json"
  local rows, counts = large():run()
  local real = layouts.search
  layouts.search = function(plan, request)
    return request.part < 16 and real(plan, request) or error("broken off")
  end
  local ok, message = pcall(function()
    return large { resume = path }:run()
  end)
  layouts.search = function(plan, request)
    return request.part >= 16 and real(plan, request) or error("this part was done")
  end
  local again = large { resume = path, workers = 1 }
  local same_rows, same_counts = again:run()
  layouts.search = real
  lu.assertFalse(ok)
  lu.assertStrContains(message, "broken off")
  lu.assertEquals(indices(same_rows), indices(rows))
  lu.assertEquals(same_counts, counts)
end

function TestLayouts.test_a_file_of_another_space()
  local path = process.directory() .. "/found.csv"
  search { resume = path }:run()
  local ok, message = pcall(function()
    return search { resume = path, gpus = 4 }:run()
  end)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "is of another search: gpus is [8] there and [4] here")
  process.write("found.csv", "a,b\n1,2\n")
  ok, message = pcall(function()
    return search { resume = path }:run()
  end)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "is no file that a search wrote")
end

function TestLayouts.test_written_files()
  local found = search { pareto = { "throughput", "memory" }, keep = 2 }
  local csv = found:to_csv()
  lu.assertStrMatches(csv, "set,strategy,stages_per_rank,gpus,tensor_parallel,.*index\nbest,.*")
  lu.assertStrContains(csv, "\nfront,")
  lu.assertStrMatches(found:to_json(), '{"best":%[{.*"counts":{.*"front":%[.*"space":{.*')
  for _, ending in ipairs { "csv", "json" } do
    lu.assertTrue(found:write(process.directory() .. "/rows." .. ending))
  end
  local ok, message, code = found:write("/nowhere/rows.csv")
  lu.assertNil(ok)
  lu.assertStrContains(message, "/nowhere/rows.csv")
  lu.assertEquals(code, "FILE")
end

---- Why ----

function TestLayouts.test_causes_add_up()
  local why = search { keep = 50 }:explain()
  for _, side in ipairs { why.winner, why.runner_up } do
    local sum = 0
    for _, seconds in pairs(side.causes) do
      sum = sum + seconds
    end
    lu.assertAlmostEquals(sum, side.row.step_time, 1e-9 * side.row.step_time)
  end
  lu.assertTrue(why.runner_up.row.step_time > why.winner.row.step_time)
  lu.assertStrContains(tostring(why), "it loses")
  lu.assertStrContains(tostring(why), "times the memory of a GPU")
end

-- Where a crossing is said, the two are as good there.
function TestLayouts.test_crossings_cross()
  local found = benchmark.ConfigurationSearch { model = "llama3-8b", hardware = "h100", gpus = 16,
    global_batch = 64, causal = true, peak = "bf16", context_parallel = 1, strategy = "1f1b",
    zero = { 1, 2 } }
  local why = found:explain()
  local crossed = 0
  for _, crossing in ipairs(why.crossings) do
    if crossing.figure == "bandwidth between nodes" then
      local steps = {}
      for i, side in ipairs { why.winner, why.runner_up } do
        local given = found:options_of(side.row)
        given.hardware = copy(given.hardware)
        given.hardware.inter_gb_s = given.hardware.inter_gb_s * crossing.factor
        steps[i] = dpl.plan(given).step_time
      end
      lu.assertAlmostEquals(steps[1], steps[2], 1e-5 * steps[1])
      crossed = crossed + 1
    end
  end
  lu.assertTrue(crossed > 0)
end

function TestLayouts.test_one_alone_has_no_next()
  local why = search { tensor_parallel = 1, pipeline_parallel = 8, micro_batch = 1, zero = 1,
    strategy = "1f1b", recompute = "none" }:explain()
  lu.assertNil(why.runner_up)
  lu.assertStrContains(tostring(why), "No other that was kept")
end

---- Where nothing is left ----

local function nothing(changes, ...)
  local rows, message, code = search(changes):run()
  lu.assertNil(rows)
  lu.assertEquals(code, "NOT_FOUND")
  for _, part in ipairs { ... } do
    lu.assertStrContains(message, part)
  end
end

function TestLayouts.test_nothing_is_left()
  nothing({ gpus = 7, tensor_parallel = 2 }, "never multiply to the number of GPUs",
    "the nearest number of GPUs that has one is 6")
  nothing({ global_batch = 15, micro_batch = 2 }, "never divide the batch",
    "the nearest batch that has one is 14")
  nothing({ max_micro_batches = 1, data_parallel = 1, micro_batch = 1 }, "max_micro_batches",
    "without max_micro_batches there are")
  nothing({ hardware = planning.machine { memory_bytes = 1e6 } }, "fits 0.0 GiB",
    "the least that a GPU must hold")
  nothing({ offload_weights = true, hardware = planning.machine() },
    "configurations are refused, one of them so: to offload, the machine's host_gb_s")
end

---- Mistakes ----

local function raises(changes, part)
  local ok, message = pcall(search, changes)
  lu.assertFalse(ok)
  lu.assertStrContains(message, part)
  lu.assertStrContains(message, "test_layouts.lua:")
end

function TestLayouts.test_mistakes()
  raises({ gpu = 8 }, "unknown option 'gpu' (did you mean 'gpus'?)")
  raises({ gpus = "many" }, "option 'gpus' must be a whole number of at least 1")
  raises({ gpus = {} }, "option 'gpus' is an empty list")
  raises({ gpus = { 8, 8 } }, "option 'gpus' lists 8 twice")
  raises({ tensor_parallel = 1.5 }, "option 'tensor_parallel' must be a whole number")
  raises({ zero = { 4 } }, "option 'zero' must be from 0 to 3 (got 4)")
  raises({ recompute = { "ful" } }, "did you mean 'full'?")
  raises({ regather = { 1 } }, "option 'regather' must be true, false, or a list of them")
  raises({ strategy = "1f2b" }, "1f2b")
  raises({ strategy = { "1f1b", "1f1b" } }, "option 'strategy' lists 1f1b twice")
  raises({ strategy = {} }, "option 'strategy' is an empty list")
  raises({ strategy = "interleaved_1f1b", stages_per_rank = 1 }, "leaves no strategy")
  raises({ objective = "speed" }, "option 'objective' must be one of throughput, mfu, cost, memory")
  raises({ pareto = { "memory" } }, "option 'pareto' must be a list of two objectives")
  raises({ keep = 501 }, "option 'keep' must be at most 500")
  raises({ workers = 0 }, "option 'workers'")
  raises({ resume = "found.txt" }, "must be the path of a .csv or .json file")
  raises({ memory_bytes = -1 }, "option 'memory_bytes' must be a number over 0")
  raises({ even_layers = 1 }, "option 'even_layers' must be true or false")
  raises({ model = 3 }, "names of presets, or tables")
  raises({ waves = 2 }, "unknown option 'waves'")
  local given = options()
  given.max_global_batch = 8
  local ok, message = pcall(benchmark.ConfigurationSearch, given)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "give one of global_batch")
  given.max_global_batch, given.causal = nil, nil
  ok, message = pcall(benchmark.ConfigurationSearch, given)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "ConfigurationSearch: option 'causal' is missing")
  ok, message = pcall(function()
    return search():pareto()
  end)
  lu.assertFalse(ok)
  lu.assertStrContains(message, "give the option pareto")
end

return { TestLayouts = TestLayouts }
