-- Searches the layouts of a model on a cluster, every configuration of a space, and prints the
-- best, why the first is best, and the trade between two objectives.

local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"
local hardware = require "dpl.hardware"
local model = require "dpl.model"
local plan_arguments = require "dpl.plan_arguments"

local GIB <const> = 1 << 30

local parser = arguments.parser("search.lua",
  "Searches every layout of a model on a cluster for the best ones.")
  :epilog("Lists are values with commas, or all. What is not given: tensor, pipeline, micro-batch "
    .. "and expert, every value that divides; context 1; other options of dpl.plan, its "
    .. "defaults.\n\n"
    .. "example: dpl scripts/search.lua --model llama3-70b --hardware h100 --gpus 64 --batch 256 "
    .. "--recompute all --pareto throughput,memory")

-- "2,4" as a list, "all" as it is, one value alone.
local function values(text)
  local list = {}
  for part in (text .. ","):gmatch("([^,]*),") do
    if part == "" then
      return nil, ("'%s' is no list: values with commas between them"):format(text)
    end
    list[#list + 1] = plan_arguments.value(part)
  end
  return #list == 1 and list[1] or list
end

local function assignment(text)
  local name, list = text:match("^([%w_]+)=(.+)$")
  if name == nil then
    return nil, ("--set takes name=values (got '%s')"):format(text)
  end
  local read, message = values(list)
  if read == nil then
    return nil, message
  end
  return { name = name, values = read }
end

local function option(name, meaning, default, converter, placeholder)
  local made = parser:option(name, meaning, default):argname(placeholder or "<list>")
  return converter and made:convert(converter) or made
end

option("--model", "a preset's name", "llama3-8b", nil, "<name>")
option("--hardware", "a preset's name", "h100", nil, "<name>")
option("--gpus", "how many GPUs, one or several numbers", "16", values)
option("--batch", "samples of a step (default: 64)", nil, arguments.count("--batch"), "<n>")
option("--max-batch", "most samples: the greatest multiple of the copies", nil,
  arguments.count("--max-batch"), "<n>")
option("--strategy", "schedules (default: those that training systems have)", nil, values)
option("--stages", "stages on a rank, where a strategy leaves them open", nil, values)
option("--tensor", "tensor parallelism", nil, values)
option("--pipeline", "pipeline parallelism", nil, values)
option("--data", "data parallelism", nil, values)
option("--context", "context parallelism", "1", values)
option("--expert", "expert parallelism", nil, values)
option("--micro-batch", "samples of a micro-batch", nil, values)
option("--recompute", "none, selective, full", nil, values)
option("--zero", "stages of ZeRO, 0 to 3", nil, values)
option("--set", "any other option of dpl.plan, as name=list; may be repeated", nil, assignment,
  "<name=list>"):count("*")
option("--memory", "memory of a GPU, GiB (default: the hardware's)", nil,
  arguments.positive("--memory"), "<GiB>")
option("--host-link", "GB/s to the host's memory, for what is offloaded", nil,
  arguments.positive("--host-link"), "<GB/s>")
option("--max-micro-batches", "most micro-batches of a step", nil,
  arguments.count("--max-micro-batches"), "<n>")
parser:flag("--even", "only with equally many layers in every stage")
parser:flag("--whole-nodes", "tensor groups stay in a node")
option("--attention", "FLOPs that MFU counts", "causal", nil, "<what>")
  :choices { "causal", "whole" }
option("--peak", "that MFU is a share of", "bf16", nil, "<precision>"):choices { "bf16", "fp8" }
option("--objective", "what is best", "throughput", nil, "<name>")
  :choices { "throughput", "mfu", "cost", "memory" }
option("--keep", "how many are shown", "10", arguments.count("--keep"), "<n>")
option("--pareto", "two objectives to trade against each other", nil, arguments.list("--pareto"),
  "<a,b>")
option("--workers", "processes (default: all processors)", nil, arguments.count("--workers"), "<n>")
option("--resume", "a .csv or .json file that results are kept in, to go on from", nil, nil,
  "<file>")
option("--out", "a .csv or .json file for the results", nil, nil, "<file>")

---- The options of a search ----

local NAMES <const> = {
  gpus = "gpus", batch = "global_batch", max_batch = "max_global_batch", strategy = "strategy",
  stages = "stages_per_rank", tensor = "tensor_parallel", pipeline = "pipeline_parallel",
  data = "data_parallel", context = "context_parallel", expert = "expert_parallel",
  micro_batch = "micro_batch", recompute = "recompute", zero = "zero", objective = "objective",
  keep = "keep", pareto = "pareto", workers = "workers", resume = "resume", peak = "peak",
  max_micro_batches = "max_micro_batches",
}

local function hardware_of(args)
  local found = hardware.get(args.hardware)
  found.host_gb_s = args.host_link
  return found
end

local function options_of(args)
  local given = {
    model = model.get(args.model), hardware = hardware_of(args),
    causal = args.attention == "causal",
    even_layers = args.even, whole_nodes = args.whole_nodes,
    memory_bytes = args.memory and args.memory * GIB,
  }
  for argument, name in pairs(NAMES) do
    given[name] = args[argument]
  end
  for _, set in ipairs(args.set) do
    given[set.name] = set.values
  end
  if given.global_batch == nil and given.max_global_batch == nil then
    given.global_batch = 64
  end
  if given.model.mtp_layers > 0 and given.mtp == nil then
    given.mtp = false
  end
  return given
end

---- What is printed ----

local FORMAT <const> = "  %-20s %5s %3s %3s %4s %3s %3s %5s %-9s %4s %8s %6s %6s %6s"

local function degrees(row)
  return row.tensor_parallel, row.pipeline_parallel, row.data_parallel, row.expert_parallel
end

local function print_rows(rows)
  print(FORMAT:format("strategy", "GPUs", "t", "p", "d", "e", "mb", "chunk", "recompute", "zero",
    "step, s", "MFU, %", "bubble", "GiB"))
  for _, row in ipairs(rows) do
    local name = row.stages_per_rank and ("%s x%d"):format(row.strategy, row.stages_per_rank)
      or row.strategy
    local t, p, d, e = degrees(row)
    print(FORMAT:format(name, row.gpus, t, p, d, e, row.micro_batch, row.num_chunks, row.recompute,
      row.zero, ("%.3f"):format(row.step_time), ("%.2f"):format(100 * row.mfu),
      ("%.1f%%"):format(100 * row.bubble_ratio), ("%.1f"):format(row.worst_bytes / GIB)))
  end
end

local function print_counts(counts)
  print(("%d configurations: %d refused by a rule, %d cannot fit and %d cannot win by their "
    .. "bounds,"):format(counts.configurations, counts.refused, counts.memory_bound,
    counts.outdone))
  print(("%d do not fit as worked out, %d evaluated with %d simulated pipelines."):format(
    counts.memory, counts.evaluated, counts.simulations))
end

local function print_search(args, given, search)
  local rows, counts = search:run()
  if rows == nil then
    io.stderr:write("search.lua: ", counts, "\n")
    os.exit(1, true)
  end
  print(("%s on %s; MFU counts %s attention%s, of the %s peak"):format(given.model.name,
    given.hardware.name, args.attention,
    given.mtp == false and ", not multi-token prediction" or "", args.peak))
  print_counts(counts)
  print(("\nBest by %s (t, p, d, e: tensor, pipeline, data, expert parallel; mb: micro-batch):")
    :format(args.objective))
  print_rows(rows)
  print("\nWhy the first is best:")
  print(tostring(search:explain()))
  if args.pareto then
    print(("\nNone is better in %s and as good in %s, or the reverse:"):format(args.pareto[1],
      args.pareto[2]))
    print_rows(search:pareto())
  end
end

local function write(search, path)
  if path then
    local ok, message = search:write(path)
    if not ok then
      io.stderr:write("search.lua: ", message, "\n")
      os.exit(1, true)
    end
    print("\nwrote " .. path)
  end
end

local args = parser:parse()
local given = arguments.try(parser, options_of, args)
local search = arguments.try(parser, benchmark.ConfigurationSearch, given)
print_search(args, given, search)
write(search, args.out)
