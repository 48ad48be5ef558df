-- Looks for the best number of ranks and micro-batches, strategy and stages per rank for a model,
-- under a limit of memory: by throughput with ConfigurationSearch, and by an objective of your own
-- in a plain loop, which is there to be changed.

local dpl = require "dpl"
local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"
local chart = require "dpl.chart"

-- What a configuration may be judged by: `value` of a row of `evaluate`, more being better.
local OBJECTIVES <const> = {
  { name = "tokens_per_gpu_second", meaning = "tokens for a second of a GPU", value = function(row)
    return row.tokens_per_second / row.gpus
  end },
  { name = "step_time", meaning = "the shortest step", value = function(row)
    return -row.step_time_s
  end },
  { name = "memory", meaning = "the least memory of a GPU", value = function(row)
    return -row.memory_gb
  end },
}

local parser = arguments.parser("config_search.lua",
  "Looks for the best pipeline configurations of a model under a limit of memory.")
  :epilog("objectives: tokens_per_gpu_second, the cheapest step; step_time, the shortest; memory, "
    .. "the least. Memory and times are those of dpl.benchmark; times come from FLOPs.\n\n"
    .. "example: dpl scripts/config_search.lua --params 13e9 --layers 40 --hidden 5120 --even")

local function objective_names()
  local names = {}
  for i, objective in ipairs(OBJECTIVES) do
    names[i] = objective.name
  end
  return names
end

-- Converts "2,4" to a list of counts.
local function counts(name)
  local count = arguments.count(name)
  return function(text)
    local values = {}
    for part in (text .. ","):gmatch("([^,]*),") do
      local value, message = count(part)
      if not value then
        return nil, message
      end
      values[#values + 1] = value
    end
    return values
  end
end

local function option(name, meaning, default, converter)
  parser:option(name, meaning, default):argname("<n>"):convert(converter(name))
end

option("--params", "parameters of the model", "6.7e9", arguments.positive)
option("--layers", "its layers", "32", arguments.count)
option("--hidden", "its hidden size", "4096", arguments.count)
option("--seq", "tokens of a sample", "4096", arguments.count)
option("--batch", "samples of a step of the pipeline", "128", arguments.count)
option("--memory", "memory of a GPU, GB", "80", arguments.positive)
option("--min-ranks", "least ranks of the pipeline", "2", arguments.count)
option("--max-ranks", "most ranks of the pipeline", "16", arguments.count)
option("--max-chunks", "most micro-batches (default: the batch)", nil, arguments.count)
option("--tensor-parallel", "GPUs of a rank", "1", arguments.count)
option("--optimizer-shards", "ranks that share the optimizer's state", "1", arguments.count)
option("--peak-tflops", "dense peak of a GPU, TFLOP/s", "989", arguments.positive)
option("--efficiency", "share of the peak that is reached", "0.5", arguments.positive)
option("--p2p", "latency between ranks, seconds", "0", arguments.number)
option("--link", "GB/s between ranks (default: only the latency counts)", nil, arguments.positive)
option("--deadline", "longest step that will do, seconds (default: any)", nil, arguments.positive)
option("--top", "how many are shown", "10", arguments.count)
option("--stages", "stages on a rank, numbers with commas, of strategies that leave them open",
  "2,4", counts)
parser:option("--strategies", "names with commas (default: all)")
  :argname("<names>"):convert(arguments.list("--strategies"))
parser:option("--objective", "what the second table is sorted by", OBJECTIVES[1].name)
  :argname("<name>"):choices(objective_names())
arguments.plot_option(parser, "memory and throughput of what the loop leaves")
parser:flag("--even", "only with equally many layers in every stage")

-- The options that MemoryEstimator, ThroughputEstimator and ConfigurationSearch share.
local function model_of(args)
  return {
    model_params = args.params, num_layers = args.layers, hidden_dim = args.hidden,
    seq_len = args.seq, batch_size = args.batch, tensor_parallel = args.tensor_parallel,
  }
end

local function with(options, more)
  for name, value in pairs(more) do
    options[name] = value
  end
  return options
end

local function hardware_of(args)
  return {
    peak_tflops = args.peak_tflops, efficiency = args.efficiency, p2p = args.p2p,
    link_gb_s = args.link,
  }
end

---- By throughput, through ConfigurationSearch ----

local function print_row(cells)
  print((("  %-16s %6s %5s %6s %8s %9s %10s %10s %8s %8s"):format(table.unpack(cells))))
end

local function print_header()
  print_row { "strategy", "stages", "ranks", "chunks", "samples", "step, s", "tokens/s", "tokens/",
    "memory,", "bubble," }
  print_row { "", "/ rank", "", "", "/ chunk", "", "", "GPU-s", "GB", "%" }
end

local function print_configuration(row)
  print_row { row.strategy, row.stages, row.num_ranks, row.num_chunks, row.micro_batch_size,
    ("%.3f"):format(row.step_time_s), ("%.0f"):format(row.tokens_per_second),
    ("%.1f"):format(row.tokens_per_second / row.gpus), ("%.1f"):format(row.memory_gb),
    ("%.1f"):format(100 * row.bubble_ratio) }
end

local function print_best(args, rows)
  if #rows > 0 then
    print_header()
  end
  for i = 1, math.min(args.top, #rows) do
    print_configuration(rows[i])
  end
end

-- The rows and the summary; or nil and a message.
local function search(args)
  local searcher = benchmark.ConfigurationSearch(with(with(model_of(args), hardware_of(args)), {
    gpu_memory_gb = args.memory, optimizer_shards = args.optimizer_shards,
    strategies = args.strategies,
  }))
  local found, summary = searcher:search_optimal_config {
    min_ranks = args.min_ranks, max_ranks = args.max_ranks, max_chunks = args.max_chunks,
  }
  for _, row in ipairs(found or {}) do
    row.gpus = row.num_ranks * args.tensor_parallel
    row.stages = dpl.describe(row.strategy).stages_per_rank
  end
  return found, summary
end

local function print_search(args, found, summary)
  print("\nBy samples per second, strategies with their own number of stages (ConfigurationSearch)")
  if not found then
    print("  " .. summary:gsub(": ", ":\n  "))
    return
  end
  print_best(args, found)
  print(("  %d fit of %d; %d do not, the smallest with %.1f GB; %d sizes are not allowed"):format(
    summary.fitting, summary.tried, summary.not_fitting, summary.least_memory, summary.not_allowed))
end

---- By an objective of your own, in a loop ----

-- Calls f(...); nil and the message without its place where that raises.
local function attempt(f, ...)
  local ok, result = pcall(f, ...)
  if not ok then
    return nil, (tostring(result):gsub("^[^:]+:%d+: ", ""))
  end
  return result
end

-- Candidates: { strategy, num_ranks, num_chunks, stages_per_rank or nil }.
local function each_candidate(args, body)
  for num_ranks = args.min_ranks, args.max_ranks do
    for num_chunks = 1, args.max_chunks or args.batch do
      for _, name in ipairs(args.batch % num_chunks == 0 and args.strategies or {}) do
        local open = dpl.describe(name).option == "stages_per_rank"
        for _, stages in ipairs(open and args.stages or { false }) do
          body { strategy = name, num_ranks = num_ranks, num_chunks = num_chunks,
            stages_per_rank = stages or nil }
        end
      end
    end
  end
end

-- A row of figures; or nil, what kind of obstacle there is, and a message.
local function evaluate(args, candidate)
  local shape = { num_ranks = candidate.num_ranks, num_chunks = candidate.num_chunks }
  local sizes = with(model_of(args), shape)
  local memory = benchmark.MemoryEstimator(
    with({ optimizer_shards = args.optimizer_shards }, sizes))
  local throughput = benchmark.ThroughputEstimator(with(hardware_of(args), sizes))
  local what, message = candidate.strategy, nil
  if candidate.stages_per_rank then
    what, message = attempt(dpl.schedule, what, with(shape,
      { stages_per_rank = candidate.stages_per_rank }))
  end
  local held = what
  if what then
    held, message = attempt(memory.estimate_total_memory, memory, what)
  end
  if not held then
    return nil, "size", message
  end
  local stages = candidate.stages_per_rank or dpl.describe(candidate.strategy).stages_per_rank
  local row = throughput:throughput(what)
  return with(row, {
    strategy = candidate.strategy, stages = stages, num_ranks = candidate.num_ranks,
    num_chunks = candidate.num_chunks, gpus = candidate.num_ranks * args.tensor_parallel,
    memory_gb = held.total_gb,
    route_stages = stages * candidate.num_ranks / dpl.describe(candidate.strategy).num_routes,
  })
end

-- Your own rules: the kind of obstacle that the row meets, and a message, or nothing.
local function obstacle(args, row)
  if row.route_stages > args.layers then
    return "layers", ("%d stages are more than %d layers"):format(row.route_stages, args.layers)
  elseif args.even and args.layers % row.route_stages ~= 0 then
    return "layers", ("%d layers are no multiple of %d stages"):format(args.layers,
      row.route_stages)
  elseif row.memory_gb > args.memory then
    return "memory", ("%d ranks, %d chunks: %.2f GB"):format(row.num_ranks, row.num_chunks,
      row.memory_gb)
  elseif args.deadline and row.step_time_s > args.deadline then
    return "deadline", ("%d ranks, %d chunks: %.3f s"):format(row.num_ranks, row.num_chunks,
      row.step_time_s)
  end
end

-- Keeps how many of a strategy were left out for which reason, and the nearest miss: the size that
-- was refused first, the least memory, the shortest step.
local function leave_out(left_out, name, reason, message, miss)
  local own = left_out[name]
  own[reason] = (own[reason] or 0) + 1
  own.nearest = own.nearest or {}
  local nearest = own.nearest[reason]
  if not nearest or miss < nearest.miss then
    own.nearest[reason] = { miss = miss, message = message }
  end
end

local function loop(args)
  local rows, left_out = {}, {}
  for _, name in ipairs(args.strategies) do
    left_out[name] = {}
  end
  each_candidate(args, function(candidate)
    local row, reason, message = evaluate(args, candidate)
    if row then
      reason, message = obstacle(args, row)
    end
    if reason then
      local miss = reason == "memory" and row.memory_gb or reason == "deadline" and row.step_time_s
      leave_out(left_out, candidate.strategy, reason, message, miss or 0)
    else
      rows[#rows + 1] = row
    end
  end)
  return rows, left_out
end

-- The best first; of equals, the one that comes first by name and size.
local function sort_by(rows, objective)
  local function key(row)
    return ("%s %6d %6d %6d"):format(row.strategy, row.num_ranks, row.num_chunks, row.stages)
  end
  table.sort(rows, function(a, b)
    local x, y = objective.value(a), objective.value(b)
    return x > y or x == y and key(a) < key(b)
  end)
end

local REASONS <const> = { "size", "layers", "memory", "deadline" }

local function print_left_out(args, left_out)
  print([[

Left out by the loop: sizes that the strategy does not allow; stages and layers that do not go
together; too much memory; past the deadline. And the nearest miss of the last of these]])
  print(("  %-16s %6s %6s %6s %8s"):format("strategy", table.unpack(REASONS)))
  for _, name in ipairs(args.strategies) do
    local own, times, nearest = left_out[name], {}, ""
    for i, reason in ipairs(REASONS) do
      times[i] = own[reason] or "-"
      nearest = own[reason] and own.nearest[reason].message or nearest
    end
    local line = ("  %-16s %6s %6s %6s %8s  %s"):format(name, times[1], times[2], times[3],
      times[4], nearest)
    print((line:sub(1, 100):gsub("%s+$", "")))
  end
end

local function print_loop(args, objective, rows)
  print(("\nBy %s: %s%s"):format(objective.name, objective.meaning,
    args.deadline and (", of the steps of at most %g s"):format(args.deadline) or ""))
  print_best(args, rows)
  print(("  %d are left"):format(#rows))
end

-- A point for each configuration, a series for each strategy.
local function plot_rows(args, rows)
  local series, by_name = {}, {}
  for _, name in ipairs(args.strategies) do
    by_name[name] = { name = name, x = {}, y = {} }
  end
  for _, row in ipairs(rows) do
    local own = by_name[row.strategy]
    series[#series + 1] = #own.x == 0 and own or nil
    own.x[#own.x + 1], own.y[#own.y + 1] = row.memory_gb, row.tokens_per_second / row.gpus
  end
  if #series == 0 then
    error("there is nothing to plot: no configuration is left", 0)
  end
  arguments.plot(args.plot, chart.scatter {
    title = "Configurations that are left", x = { label = "memory of a GPU", unit = "GB" },
    y = { label = "throughput of a GPU", unit = "tokens/s" }, series = series,
  })
end

local function main(args)
  args.strategies = args.strategies or dpl.strategies()
  for i, name in ipairs(args.strategies) do
    args.strategies[i] = dpl.describe(name).name
  end
  local objective
  for _, known in ipairs(OBJECTIVES) do
    objective = known.name == args.objective and known or objective
  end
  local found, summary = search(args)
  local rows, left_out = loop(args)
  sort_by(rows, objective)
  print(([[
%g parameters in %d layers, hidden size %d; a step: %d samples of %d tokens.
%d to %d ranks, GPUs of a rank: %d, with %g GB each. Times from FLOPs, at %g of %g TFLOP/s a GPU;
p2p %g s.]]):format(args.params, args.layers, args.hidden, args.batch, args.seq, args.min_ranks,
    args.max_ranks, args.tensor_parallel, args.memory, args.efficiency, args.peak_tflops, args.p2p))
  print_search(args, found, summary)
  print_loop(args, objective, rows)
  print_left_out(args, left_out)
  if args.plot then
    plot_rows(args, rows)
  end
end

arguments.try(parser, main, parser:parse())
