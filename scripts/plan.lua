-- Plans a cluster: the best layout of a model on so many GPUs, what a step takes, what each rank
-- holds, how the pipeline runs, and what comes close.

local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"
local hardware = require "dpl.hardware"
local model = require "dpl.model"

local GIB <const> = 1 << 30

local parser = arguments.parser("plan.lua",
  "Plans a cluster: the best layout of a model, with its memory, schedule, step time and MFU.")
  :epilog("Every degree that divides is tried, with micro-batches of 1 to 4 samples, every kind of "
    .. "recomputation and the schedules that training systems have; scripts/search.lua searches "
    .. "whatever else you like.\n\n"
    .. "example: dpl scripts/plan.lua --model llama3-70b --hardware h100 --gpus 64")

local function option(name, meaning, default, placeholder)
  return parser:option(name, meaning, default):argname(placeholder or "<n>")
end

option("--model", "a preset's name, or a Hugging Face config.json", "llama3-8b", "<name>")
option("--hardware", "a preset's name", "h100", "<name>")
option("--gpus", "how many", "16"):convert(arguments.count("--gpus"))
option("--batch", "samples of a step (default: 8 a GPU)"):convert(arguments.count("--batch"))
option("--seq-len", "tokens of a sample (default: the model's)")
  :convert(arguments.count("--seq-len"))
option("--precision", "of matrix products", "bf16", "<bf16|fp8>"):choices { "bf16", "fp8" }
option("--zero", "stage of ZeRO", "1"):convert(arguments.count("--zero", 0))
option("--memory", "of a GPU, GiB (default: the hardware's)"):convert(
  arguments.positive("--memory"))
option("--price", "of a GPU hour, in money"):convert(arguments.positive("--price"))
option("--attention", "FLOPs that MFU counts", "causal", "<causal|whole>")
  :choices { "causal", "whole" }
option("--alternatives", "how many others are shown", "8"):convert(
  arguments.count("--alternatives"))
option("--workers", "processes (default: all processors)"):convert(arguments.count("--workers"))

---- The search ----

-- A token's experts are on at most so many nodes: DeepSeek-V3, arXiv 2412.19437, section 2.1.2.
local EXPERT_NODES <const> = { ["deepseek-v3"] = 4 }

local function model_of(name)
  if not name:find("%.json$") then
    return model.get(name)
  end
  local found, message = model.from_config(name)
  return found or error(message, 0)
end

local function options_of(args)
  local found = model_of(args.model)
  local machine = hardware.get(args.hardware)
  machine.price_per_hour = args.price
  return {
    model = found, hardware = machine, gpus = args.gpus,
    global_batch = args.batch or 8 * args.gpus, seq_len = args.seq_len,
    precision = args.precision, zero = args.zero, context_parallel = 1,
    micro_batch = { 1, 2, 4 }, recompute = { "none", "selective", "full" },
    expert_nodes = EXPERT_NODES[found.name], train_mtp = found.mtp_layers > 0,
    causal = args.attention == "causal", mtp = false,
    peak = "bf16", memory_bytes = args.memory and args.memory * GIB,
    keep = args.alternatives + 1, workers = args.workers,
  }
end

---- What is printed ----

-- Ranks that hold and do the same are one line.
local function print_memory(plan)
  print("\nMemory, GiB: what the fullest GPU of each rank holds when it holds most.")
  print("   ranks  layers  parameters  gradients  optimizer  activations  other   total")
  local layers, lines = {}, {}
  for rank = 0, plan.schedule.num_ranks - 1 do
    layers[rank] = 0
  end
  for _, stage in ipairs(plan.stages) do
    layers[stage.rank] = layers[stage.rank] + stage.layers
  end
  for _, row in ipairs(plan.memory) do
    local other = row.transient_bytes + row.buffer_bytes + row.reserve_bytes
    local text = ("%8d%12.1f%11.1f%11.1f%13.1f%7.1f%8.1f"):format(layers[row.rank],
      row.parameter_bytes / GIB, row.gradient_bytes / GIB, row.optimizer_bytes / GIB,
      row.activation_bytes / GIB, other / GIB, row.total_bytes / GIB)
    local last = lines[#lines]
    if last and last.text == text then
      last.to = row.rank
    else
      lines[#lines + 1] = { from = row.rank, to = row.rank, text = text }
    end
  end
  for _, line in ipairs(lines) do
    local ranks = line.from == line.to and tostring(line.from)
      or ("%d-%d"):format(line.from, line.to)
    print(("%8s%s"):format(ranks, line.text))
  end
end

-- The first micro-batches: warm-up, and how it goes on.
local function print_drawing(plan)
  local ranks = plan.schedule.num_ranks
  if ranks == 1 then
    return
  end
  local share = math.min(1, 3 * ranks / plan.num_chunks)
  print(("\nThe pipeline, its first %.3g of %.3g s (scripts/gallery.lua draws more):")
    :format(share * plan.pipeline, plan.pipeline))
  print(plan.timeline:gantt { to = share * plan.timeline.makespan, unit = "s" })
end

local function print_alternatives(rows)
  print("\nAlternatives: t, p, d, e are tensor, pipeline, data, expert parallelism, mb the "
    .. "micro-batch.")
  print("  strategy             t   p    d   e  mb  recompute   step, s   slower  MFU, %   GiB")
  for i, row in ipairs(rows) do
    local slower = i == 1 and ""
      or ("+%.2f%%"):format(100 * (row.step_time / rows[1].step_time - 1))
    local name = row.stages_per_rank and ("%s x%d"):format(row.strategy, row.stages_per_rank)
      or row.strategy
    print(("  %-18s %3d %3d %4d %3d %3d  %-9s%10.3f %8s %7.2f %5.1f"):format(name,
      row.tensor_parallel, row.pipeline_parallel, row.data_parallel, row.expert_parallel,
      row.micro_batch, row.recompute, row.step_time, slower, 100 * row.mfu,
      row.worst_bytes / GIB))
  end
end

local args = parser:parse()
local given = arguments.try(parser, options_of, args)
local search = arguments.try(parser, benchmark.ConfigurationSearch, given)
local rows, counts = search:run()
if rows == nil then
  io.stderr:write("plan.lua: ", counts, "\n")
  os.exit(1, true)
end
local best = search:plan(rows[1])
print(best:report())
print(("          the fastest of %d configurations (%d cannot fit, %d cannot win, %d simulated)")
  :format(counts.configurations, counts.memory_bound + counts.memory, counts.outdone,
    counts.simulations))
print_memory(best)
print_drawing(best)
print_alternatives(rows)
print("\nWhy the first is best:")
print(tostring(search:explain()))
