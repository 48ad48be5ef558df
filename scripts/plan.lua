-- Plans the training of a model on a number of GPUs: the layout that is fastest and fits, what a
-- step takes, what each GPU holds, the schedule as a drawing, and the alternatives.

local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"
local plan_arguments = require "dpl.plan_arguments"
local planned = require "dpl.planned"

local GIB <const> = 1 << 30
local SAMPLES_A_GPU <const> = 4

local parser = arguments.parser("plan.lua",
  "Finds the fastest layout of a model on a cluster that fits, and shows what it does.")
  :epilog("The schedules and degrees that training systems have are searched, every one that "
    .. "divides; scripts/search.lua searches other spaces.\n\n"
    .. "example: dpl scripts/plan.lua --model deepseek-v3 --hardware h800 --gpus 2048 "
    .. "--precision fp8 --batch 15360 --set expert_nodes=4")

local function option(name, meaning, default, placeholder, converter)
  local made = parser:option(name, meaning, default):argname(placeholder)
  return converter and made:convert(converter) or made
end

plan_arguments.add_model(parser, "llama3-70b", "h100")
option("--gpus", "how many GPUs", "64", "<n>", arguments.count("--gpus"))
option("--batch", ("samples of a step (default: %d for each GPU)"):format(SAMPLES_A_GPU), nil,
  "<n>", arguments.count("--batch"))
option("--recompute", "what may be worked out again, with commas (default: none, full, and with a "
  .. "latent attention selective)", nil, "<names>", arguments.list("--recompute"))
option("--strategies", "schedules, with commas (default: those that training systems have)", nil,
  "<names>", arguments.list("--strategies"))
option("--max-context", "most GPUs that cut a sequence", "1", "<n>",
  arguments.count("--max-context"))
option("--alternatives", "how many others are listed", "5", "<n>",
  arguments.count("--alternatives", 0))
option("--price", "of a GPU for an hour", nil, "<money>", arguments.number("--price"))
option("--tokens", "of the whole training, for what it costs", nil, "<n>",
  arguments.positive("--tokens"))
option("--width", "columns of the drawing", "96", "<n>", arguments.count("--width", 40))

---- The search ----

local function powers_to(most)
  local list, power = {}, 1
  while power <= most do
    list[#list + 1] = power
    power = 2 * power
  end
  return list
end

-- Selective recomputation is of an attention that stores its matrix, or of a latent one.
local function recomputes(given)
  local matters = given.model.mla or given.flash == false
  return matters and { "none", "selective", "full" } or { "none", "full" }
end

local MOST_DOUBLINGS <const> = 8

-- Where nothing fits: with how many GPUs, a power of two, something does.
local function enough_gpus(given)
  local gpus = 1
  while gpus <= given.gpus do
    gpus = 2 * gpus
  end
  for _ = 1, MOST_DOUBLINGS do
    local more = planned.with(given, { gpus = gpus, global_batch = SAMPLES_A_GPU * gpus })
    if benchmark.ConfigurationSearch(more):run() then
      return ("; on %d GPUs, batch %d, one fits"):format(gpus, more.global_batch)
    end
    gpus = 2 * gpus
  end
  return ""
end

-- The best layout's options of dpl.plan, and the rows of the best in their order.
local function search(args, given)
  given.gpus = args.gpus
  given.global_batch = args.batch or SAMPLES_A_GPU * args.gpus
  given.recompute = args.recompute or recomputes(given)
  given.strategy = args.strategies
  given.context_parallel = powers_to(args.max_context)
  given.whole_nodes = true
  given.keep = args.alternatives + 1
  local found = benchmark.ConfigurationSearch(given)
  local rows, message = found:run()
  if rows == nil then
    error(message .. enough_gpus(given), 0)
  end
  return found, rows
end

---- What is printed ----

local PAGE <const>, INDENT <const> = 100, (" "):rep(10)

-- Breaks lines that are wider than a page between words.
local function wrapped(text)
  return (text:gsub("[^\n]+", function(line)
    local lines = {}
    while #line > PAGE do
      local head = line:sub(1, PAGE):match("^(.*) ")
      lines[#lines + 1], line = head, INDENT .. line:sub(#head + 2)
    end
    lines[#lines + 1] = line
    return table.concat(lines, "\n")
  end))
end

local function print_memory(plan)
  print("\nGiB held when it is most, on a GPU of each rank")
  print(("  %5s%12s%12s%12s%13s%11s%10s"):format("rank", "parameters", "gradients", "optimizer",
    "activations", "reserve", "total"))
  for _, row in ipairs(plan.memory) do
    print(("  %5d%12.2f%12.2f%12.2f%13.2f%11.2f%10.2f"):format(row.rank,
      row.parameter_bytes / GIB, row.gradient_bytes / GIB, row.optimizer_bytes / GIB,
      (row.activation_bytes + row.transient_bytes) / GIB,
      (row.reserve_bytes + row.buffer_bytes) / GIB, row.total_bytes / GIB))
  end
end

local function print_alternatives(rows)
  print("\nThe best, and alternatives")
  print(("  %-17s%7s%9s%5s%8s%7s%6s%10s%8s%7s%6s"):format("strategy", "tensor", "pipeline", "data",
    "context", "expert", "micro", "recompute", "step s", "MFU %", "GiB"))
  for _, row in ipairs(rows) do
    print(("  %-17s%7d%9d%5d%8d%7d%6d%10s%8.3f%7.2f%6.1f"):format(row.strategy,
      row.tensor_parallel, row.pipeline_parallel, row.data_parallel, row.context_parallel,
      row.expert_parallel, row.micro_batch, row.recompute, row.step_time, 100 * row.mfu,
      row.worst_bytes / GIB))
  end
end

local function print_cost(args, given)
  local cost = benchmark.ThroughputEstimator(given):cost(args.tokens)
  print(("\nTraining  %.4g tokens in %.4g days, %.4g GPU hours%s"):format(cost.tokens, cost.days,
    cost.gpu_hours, cost.price and (", %.4g in money"):format(cost.price) or ""))
end

local function main(args)
  local given = plan_arguments.options_of(args)
  if args.price then
    given.hardware = planned.hardware_with(given.hardware, { price_per_hour = args.price })
  end
  local found, rows = search(args, given)
  local plan = assert(found:plan(rows[1]))
  print(wrapped(plan:report()))
  print_memory(plan)
  print("\nThe schedule, seconds")
  print(plan.timeline:gantt { width = args.width, unit = "s", color = false })
  print_alternatives(rows)
  local why = #rows > 1 and found:explain()
  if why then
    print("\n" .. wrapped(tostring(why):gsub("%s+$", "")))
  end
  if args.tokens then
    print_cost(args, found:options_of(rows[1]))
  end
end

arguments.try(parser, main, parser:parse())
