-- What the GPUs of a layout hold: of each rank at its fullest, of the fullest over the step, and,
-- if it does not fit, what would make it fit.

local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"
local plan_arguments = require "dpl.plan_arguments"

local GIB <const> = 1 << 30
local SAMPLES_A_GPU <const> = 4

local parser = arguments.parser("memory.lua",
  "Shows what each GPU of a layout holds, over time, and what would make it fit.")
  :epilog("example: dpl scripts/memory.lua --model llama3-70b --hardware h100 --tensor 8 "
    .. "--pipeline 4 --data 2 --strategy zbv")

plan_arguments.add_model(parser, "llama3-8b", "h100")
plan_arguments.add_layout(parser)
parser:option("--batch", ("samples of a step (default: %d micro-batches for each GPU)"):format(
  SAMPLES_A_GPU)):argname("<n>"):convert(arguments.count("--batch"))
parser:option("--rank", "whose memory is drawn over time (default: the fullest)"):argname("<n>")
  :convert(arguments.count("--rank", 0))
parser:option("--width", "columns of the drawing", "72"):argname("<n>")
  :convert(arguments.count("--width", 20))

local PARTS <const> = {
  { "parameters", "parameter_bytes" }, { "gradients", "gradient_bytes" },
  { "optimizer", "optimizer_bytes" }, { "activations", "activation_bytes" },
  { "transient", "transient_bytes" }, { "buffers", "buffer_bytes" }, { "reserve", "reserve_bytes" },
  { "total", "total_bytes" },
}

local function print_ranks(rows)
  local line = ("  %5s"):format("rank")
  for _, part in ipairs(PARTS) do
    line = line .. ("%11s"):format(part[1])
  end
  print("GiB at each rank's fullest moment\n" .. line)
  for _, row in ipairs(rows) do
    line = ("  %5d"):format(row.rank)
    for _, part in ipairs(PARTS) do
      line = line .. ("%11.2f"):format(row[part[2]] / GIB)
    end
    print(line)
  end
end

local HEIGHT <const> = 8

-- The most that is held in each column of the drawing.
local function columns_of(events, width)
  local last, columns = events[#events].finish, {}
  for column = 1, width do
    columns[column] = 0
  end
  for _, event in ipairs(events) do
    local from = math.floor(event.time / last * width) + 1
    local to = math.max(from, math.ceil(event.finish / last * width))
    for column = from, math.min(width, to) do
      columns[column] = math.max(columns[column], event.bytes)
    end
  end
  for column = 2, width do
    columns[column] = columns[column] > 0 and columns[column] or columns[column - 1]
  end
  return columns, last
end

local function print_over_time(events, width, rank, limit)
  local columns, last = columns_of(events, width)
  local top = 0
  for _, bytes in ipairs(columns) do
    top = math.max(top, bytes)
  end
  print(("\nGiB on rank %d over the step (a GPU has %.2f)"):format(rank, limit / GIB))
  for row = HEIGHT, 1, -1 do
    local cells = {}
    for column, bytes in ipairs(columns) do
      cells[column] = bytes >= (row - 0.5) / HEIGHT * top and "#" or " "
    end
    print(("%8.2f |%s"):format(row / HEIGHT * top / GIB, (table.concat(cells):gsub(" +$", ""))))
  end
  print(("%8.2f +%s"):format(0, ("-"):rep(width)))
  local finish = ("%.4g s"):format(last)
  print((" "):rep(9) .. "0" .. (" "):rep(width - #finish) .. finish)
end

local function label_of(field)
  for _, part in ipairs(PARTS) do
    if part[2] == field then
      return part[1]
    end
  end
end

local function print_peak(peak)
  local parts = {}
  for _, part in ipairs(peak.parts) do
    if part.bytes >= 0.005 * GIB then
      parts[#parts + 1] = ("%s %.2f"):format(label_of(part.name), part.bytes / GIB)
    end
  end
  print(("\nThe peak: %.2f GiB on rank %d, %.4g s into the step, while %s runs, %d micro-batches "
    .. "held"):format(peak.bytes / GIB, peak.rank, peak.time, peak.action, peak.chunks))
  print("  " .. table.concat(parts, ", ", 1, math.min(4, #parts))
    .. (#parts > 4 and ",\n  " .. table.concat(parts, ", ", 5) or ""))
end

local function print_changes(rows)
  print("\nOne change at a time" .. (rows[1].fits and rows[1].changes > 1
    and "; where none is enough, more" or "") .. "; those that fit first")
  for _, row in ipairs(rows) do
    if row.reason then
      print(("  %-50s cannot be: %s"):format(row.change, row.reason))
    else
      print(("  %-50s%8.2f GiB  step %8.3f s  %s"):format(row.change, row.bytes / GIB,
        row.step_time, row.fits and "fits" or "does not fit"))
    end
  end
end

local function main(args)
  local given = plan_arguments.options_of(args)
  given.global_batch = args.batch or SAMPLES_A_GPU * given.micro_batch * given.tensor_parallel
    * given.pipeline_parallel * given.context_parallel * given.data_parallel
  local estimator = benchmark.MemoryEstimator(given)
  local plan, message = estimator:plan()
  if plan == nil then
    error(message, 0)
  end
  local fits, spare = estimator:fits()
  local rank = args.rank or plan.worst_rank
  local events = estimator:memory_over_time(rank)
  print(("%s on %d x %s, %s, batch %d: %s\n"):format(given.model.name, plan.gpus,
    given.hardware.name, plan.strategy, given.global_batch, fits
    and ("fits, %.2f GiB to spare"):format(spare / GIB)
    or ("DOES NOT FIT, %.2f GiB too much"):format(-spare / GIB)))
  print_ranks(plan.memory)
  print_over_time(events, args.width, rank, given.hardware.memory_bytes)
  print_peak(estimator:peak())
  if not fits then
    print_changes(estimator:what_fits())
  end
end

arguments.try(parser, main, parser:parse())
