-- What each GPU of a layout holds, rank by rank and over time, and what would make it fit.

local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"
local plan_arguments = require "dpl.plan_arguments"

local GIB <const> = 1 << 30
local SHOWN <const> = 8

local parser = arguments.parser("memory.lua",
  "Shows the memory of a model in a layout: on each rank, over time, and what would make it fit.")
  :epilog("example: dpl scripts/memory.lua --model llama3-70b --hardware h100 --tensor 8 "
    .. "--pipeline 4 --data 2 --batch 64 --strategy interleaved_1f1b --stages 2")

plan_arguments.add_presets(parser, "llama3-8b", "h100")
parser:option("--batch", "samples of a step, of all copies", "32"):argname("<n>")
  :convert(arguments.count("--batch"))
plan_arguments.add_layout(parser)
parser:option("--rank", "the rank that is drawn over time (default: the fullest)"):argname("<n>")
  :convert(arguments.count("--rank", 0))
parser:option("--width", "columns of that drawing", "72"):argname("<n>")
  :convert(arguments.count("--width", 10))

local function remedy_line(row)
  if row.worst_bytes == nil then
    return ("  %-48s cannot be: %s"):format(row.text, row.reason)
  end
  return ("  %-48s %8.2f GiB, %s%s"):format(row.text, row.worst_bytes / GIB,
    row.fits and "fits" or "does not fit", row.fits
      and (", %d GPUs, step %.4g s"):format(row.gpus, row.step_time) or "")
end

local function print_remedies(estimator)
  local rows = estimator:what_would_fit()
  print(rows[1].fits and "\nWhat would make it fit, nearest first, and what does not:"
    or "\nNeither one of these alone nor two of them make it fit; those that come nearest:")
  for i, row in ipairs(rows) do
    if i <= SHOWN or row.fits and row.count == 1 then
      print(remedy_line(row))
    end
  end
end

local function show(args, estimator)
  local plan = plan_arguments.expect(parser, estimator:plan())
  local rank = args.rank or plan.worst_rank
  local drawing = arguments.try(parser, estimator.chart, estimator, rank, { width = args.width })
  print(("%s on %d x %s, %s, %d micro-batches\n"):format(plan.options.model.name, plan.gpus,
    plan.options.hardware.name, plan.strategy, plan.num_chunks))
  print(estimator:report())
  print(("\nRank %d over the pipeline's time:"):format(rank))
  print(drawing)
  if not plan.fits then
    print_remedies(estimator)
  end
end

local args = parser:parse()
local function estimator_of()
  local estimator = benchmark.MemoryEstimator(plan_arguments.options_of(args))
  estimator:plan()
  return estimator
end
show(args, arguments.try(parser, estimator_of))
