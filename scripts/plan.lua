-- Recommends how to train a model on a number of GPUs: searches the layouts, then shows the best one,
-- its memory and its schedule, and the alternatives.

local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"
local plan_arguments = require "dpl.plan_arguments"

local GIB <const> = 1 << 30
local SAMPLES_PER_GPU <const> = 4

local parser = arguments.parser("plan.lua",
  "Recommends how to lay out a model on a number of GPUs, and shows what a step then takes.")
  :epilog("Every tensor, pipeline and expert degree and micro-batch that divides is looked at, with "
    .. "the schedules that training systems have and all recomputation, by scripts/search.lua's "
    .. "search, which has more options.\n\n"
    .. "example: dpl scripts/plan.lua --model deepseek-v3 --hardware h800 --gpus 2048 "
    .. "--batch 15360 --precision fp8")

local function option(name, meaning, default, placeholder)
  return parser:option(name, meaning, default):argname(placeholder)
end

plan_arguments.add_presets(parser, "llama3-70b", "h100")
option("--gpus", "how many GPUs", "64", "<n>"):convert(arguments.count("--gpus"))
option("--batch", "samples of a step (default: four for every GPU)", nil, "<n>")
  :convert(arguments.count("--batch"))
option("--strategy", "schedules, with commas (default: those that training systems have)", nil,
  "<names>"):convert(arguments.list("--strategy"))
option("--precision", "bf16 or fp8, of matrix products", "bf16", "<name>")
option("--alternatives", "how many others are shown", "5", "<n>")
  :convert(arguments.count("--alternatives", 0))
option("--width", "columns of the drawing (default: the terminal's, or 100)", nil, "<n>")
  :convert(arguments.count("--width", 40))
plan_arguments.add_conventions(parser)

local function search_of(args)
  local given = plan_arguments.presets_of(args)
  given.gpus, given.global_batch = args.gpus, args.batch or SAMPLES_PER_GPU * args.gpus
  given.strategy, given.precision = args.strategy, args.precision
  given.recompute = given.recompute or "all"
  given.keep = 4 * args.alternatives + 1 -- of equal ones all but the first are left out
  return benchmark.ConfigurationSearch(given), given
end

---- What is printed ----

local function stages_text(plan)
  local counts = {}
  for _, stage in ipairs(plan.stages) do
    counts[stage.piece + 1] = ("%d%s"):format(stage.layers,
      stage.has_embedding and "+embedding" or stage.has_head and "+head" or "")
  end
  local text, first = {}, 1
  for i = 1, #counts do
    if counts[i] ~= counts[i + 1] then
      text[#text + 1] = i > first and ("%d x %s"):format(i - first + 1, counts[i]) or counts[i]
      first = i + 1
    end
  end
  return table.concat(text, ", ")
end

local function print_ranks(plan)
  local least, most, line = math.huge, 0, {}
  for i, row in ipairs(plan.memory) do
    least, most = math.min(least, row.total_bytes), math.max(most, row.total_bytes)
    line[i] = ("%.1f"):format(row.total_bytes / GIB)
  end
  print(("\nGiB on a GPU of each rank, %.1f to %.1f of %.1f:"):format(least / GIB, most / GIB,
    plan.options.hardware.memory_bytes / GIB))
  for i = 1, #line, 12 do
    print("  " .. table.concat(line, "  ", i, math.min(i + 11, #line)))
  end
end

local function print_drawing(args, plan)
  local makespan = plan.timeline.makespan
  print(("\nThe pipeline's schedule, one copy, seconds%s:"):format(
    plan.num_chunks > 32 and ", its beginning" or ""))
  print(plan.timeline:gantt { width = args.width, unit = "s",
    to = plan.num_chunks > 32 and makespan * 32 / plan.num_chunks or nil })
end

local FORMAT <const> = "  %-18s %4s %4s %5s %3s %3s %3s %6s %-9s %9s %6s %7s %6s"

local function print_row(row)
  local name = row.stages_per_rank and ("%s x%d"):format(row.strategy, row.stages_per_rank)
    or row.strategy
  print(FORMAT:format(name, row.tensor_parallel, row.pipeline_parallel, row.data_parallel,
    row.context_parallel, row.expert_parallel, row.micro_batch, row.num_chunks, row.recompute,
    ("%.4f"):format(row.step_time), ("%.2f"):format(100 * row.mfu),
    ("%.1f%%"):format(100 * row.bubble_ratio), ("%.1f"):format(row.worst_bytes / GIB)))
end

local function print_alternatives(args, rows)
  local shown, last = 0, rows[1].step_time
  for i = 2, #rows do
    if rows[i].step_time ~= last and shown < args.alternatives then
      if shown == 0 then
        print("\nThe next best (t, p, d, c, e: tensor to expert parallelism; mb: micro-batch):")
        print(FORMAT:format("strategy", "t", "p", "d", "c", "e", "mb", "chunks", "recompute",
          "step, s", "MFU, %", "bubble", "GiB"))
      end
      print_row(rows[i])
      shown, last = shown + 1, rows[i].step_time
    end
  end
end

local function print_plan(args, search, given)
  local rows, counts = search:run()
  plan_arguments.expect(parser, rows, counts)
  local plan = search:plan(rows[1])
  print(("The best of %d layouts of %s on %d x %s, %d samples a step; %s.\n"):format(
    counts.configurations, given.model.name, args.gpus, given.hardware.name, given.global_batch,
    plan_arguments.convention_of(given)))
  print(plan:report())
  print("layers    " .. stages_text(plan))
  print_ranks(plan)
  print_drawing(args, plan)
  print("\nWhy:\n" .. tostring(search:explain()))
  print_alternatives(args, rows)
end

local args = parser:parse()
local search, given = arguments.try(parser, search_of, args)
print_plan(args, search, given)
