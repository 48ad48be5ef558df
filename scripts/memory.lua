-- What each rank holds: parameters, gradients, optimizer and activations of a model in a layout,
-- the fullest rank over time, and what would make it fit where it does not.

local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"

local GIB <const> = 1 << 30

local parser = arguments.parser("memory.lua",
  "Memory of a model in a layout: per rank, over time, at its peak, and what would make it fit.")
  :epilog("example: dpl scripts/memory.lua --model deepseek-v3 --hardware h800 --strategy dualpipe "
    .. "--pipeline 16 --data 128 --expert 64 --batch 15360 --set precision=fp8 "
    .. "--set recompute=selective")

local function option(name, meaning, default, placeholder)
  return parser:option(name, meaning, default):argname(placeholder or "<n>")
end

local function degree(name, meaning)
  option(name, meaning, "1"):convert(arguments.count(name))
end

-- "name=value" for any option of dpl.plan.
local function assignment(text)
  local name, value = text:match("^([%w_]+)=(.+)$")
  if name == nil then
    return nil, ("--set takes name=value (got '%s')"):format(text)
  end
  if value == "true" or value == "false" then
    return { name, value == "true" }
  end
  return { name, math.tointeger(tonumber(value)) or tonumber(value) or value }
end

option("--model", "a preset's name", "llama3-70b", "<name>")
option("--hardware", "a preset's name", "h100", "<name>")
option("--strategy", "of the pipeline", "1f1b", "<name>")
degree("--tensor", "tensor parallelism")
degree("--pipeline", "pipeline parallelism")
degree("--data", "data parallelism")
degree("--context", "context parallelism")
degree("--expert", "expert parallelism")
degree("--micro-batch", "samples of a micro-batch")
option("--batch", "samples of a step (default: 4 micro-batches a rank)")
  :convert(arguments.count("--batch"))
option("--recompute", "what the backward works out again", "none", "<what>")
  :choices { "none", "selective", "full" }
option("--zero", "stage of ZeRO", "1"):convert(arguments.count("--zero", 0))
option("--set", "any other option of dpl.plan; may be repeated", nil, "<name=value>")
  :convert(assignment):count("*")
option("--rank", "the rank that is drawn over time (default: the fullest)")
  :convert(arguments.count("--rank", 0))
option("--rows", "rows of that drawing", "12"):convert(arguments.count("--rows", 2))

local function options_of(args)
  local given = {
    model = args.model, hardware = args.hardware, strategy = args.strategy,
    tensor_parallel = args.tensor, pipeline_parallel = args.pipeline, data_parallel = args.data,
    context_parallel = args.context, expert_parallel = args.expert,
    micro_batch = args.micro_batch, recompute = args.recompute, zero = args.zero,
    global_batch = args.batch or 4 * args.pipeline * args.data * args.micro_batch,
  }
  for _, set in ipairs(args.set) do
    given[set[1]] = set[2]
  end
  return given
end

---- What is printed ----

local COLUMNS <const> = {
  { "parameters", "parameter_bytes" }, { "gradients", "gradient_bytes" },
  { "optimizer", "optimizer_bytes" }, { "activations", "activation_bytes" },
  { "transient", "transient_bytes" }, { "buffers", "buffer_bytes" },
  { "reserve", "reserve_bytes" }, { "total", "total_bytes" },
}

local function print_ranks(rows)
  print("\nGiB on the fullest GPU of each rank when it holds most:")
  local line = { "rank" }
  for _, column in ipairs(COLUMNS) do
    line[#line + 1] = ("%12s"):format(column[1])
  end
  print(table.concat(line))
  for _, row in ipairs(rows) do
    line = { ("%4d"):format(row.rank) }
    for _, column in ipairs(COLUMNS) do
      line[#line + 1] = ("%12.2f"):format(row[column[2]] / GIB)
    end
    print(table.concat(line))
  end
end

-- The most of each of `columns` equal parts of the time.
local function binned(events, columns)
  local finish, bins = events[#events].finish, {}
  for i = 1, columns do
    bins[i] = 0
  end
  for _, event in ipairs(events) do
    local first = math.floor(event.time / finish * columns) + 1
    local last = math.min(columns, math.ceil(event.finish / finish * columns))
    for i = math.min(first, columns), math.max(last, math.min(first, columns)) do
      bins[i] = math.max(bins[i], event.bytes)
    end
  end
  return bins, finish
end

local COLUMNS_OF_TIME <const> = 88

local function print_over_time(events, rank, rows)
  local bins, finish = binned(events, COLUMNS_OF_TIME)
  local most = 0
  for _, bytes in ipairs(bins) do
    most = math.max(most, bytes)
  end
  print(("\nRank %d over time, GiB, the most in each %.3g s (blank: it waits):"):format(rank,
    finish / COLUMNS_OF_TIME))
  for row = rows, 1, -1 do
    local line = {}
    for i, bytes in ipairs(bins) do
      line[i] = bytes >= most * (row - 0.5) / rows and "#" or " "
    end
    print(("%7.1f |%s"):format(most * row / rows / GIB, (table.concat(line):gsub("%s+$", ""))))
  end
  print(("        +%s\n         0 s%s%.4g s"):format(("-"):rep(COLUMNS_OF_TIME),
    (" "):rep(COLUMNS_OF_TIME - 10), finish))
end

local function print_peak(peak, memory_bytes)
  print(("\nThe peak: rank %d, %.2f of %.2f GiB, from %.4g s on in %s, with %d micro-batches held.")
    :format(peak.rank, peak.bytes / GIB, memory_bytes / GIB, peak.time, peak.action, peak.chunks))
end

local function print_what_fits(rows)
  print("It does not fit. What would change that, nearest first:")
  for i = 1, math.min(10, #rows) do
    local row = rows[i]
    if row.bytes then
      print(("  %-7s %7.2f GiB, %.4g s a step: %s"):format(row.fits and "fits" or "not yet",
        row.bytes / GIB, row.step_time, row.change))
    end
  end
end

local args = parser:parse()
local estimator = arguments.try(parser, benchmark.MemoryEstimator, options_of(args))
local ranks, message = estimator:per_rank()
if ranks == nil then
  io.stderr:write("memory.lua: ", message, "\n")
  os.exit(1, true)
end
local peak = estimator:peak()
local rank = args.rank or peak.rank
local events = arguments.try(parser, estimator.memory_over_time, estimator, rank)
print(("%s on %d x %s, %s"):format(args.model, estimator:plan().gpus, args.hardware,
  args.strategy))
print_ranks(ranks)
print_over_time(events, rank, args.rows)
print_peak(peak, estimator.options.hardware.memory_bytes)
if peak.fits then
  print(("It fits: %.2f GiB are left."):format(peak.spare_bytes / GIB))
else
  print_what_fits(estimator:what_fits())
end
