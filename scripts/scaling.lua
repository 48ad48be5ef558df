-- How throughput grows with the ranks of the pipeline: the same model on more of them (strong), or
-- a model that grows with them (weak), strategy by strategy. With --model, how that of a real model
-- grows with the copies of a layout, up to 100,000 GPUs, and what ends it.

local dpl = require "dpl"
local arguments = require "dpl.arguments"
local benchmark = require "dpl.benchmark"
local chart = require "dpl.chart"
local plan_arguments = require "dpl.plan_arguments"

local parser = arguments.parser("scaling.lua",
  "Shows how the throughput of pipeline strategies scales with the number of ranks.")
  :epilog("Times come from FLOPs, on H100s that reach half of their peak. Efficiency is the "
    .. "speed-up over one rank without a bubble, for each rank.\n\n"
    .. "example: dpl scripts/scaling.lua --strategies 1f1b,zbv,dualpipe --plot scaling.svg\n\n"
    .. "With --model it is the copies of a layout (--tensor and so on) that grow: strong, the batch "
    .. "stays; weak, every copy has --batch samples.\n\n"
    .. "example: dpl scripts/scaling.lua --model llama3-70b --tensor 8 --pipeline 2 --batch 1024")

local function option(name, meaning, default, converter)
  parser:option(name, meaning, default):argname("<n>"):convert(converter(name))
end

-- Rising whole numbers with commas between them.
local function rising(name)
  local count = arguments.count(name)
  return function(text)
    local list = {}
    for part in (text .. ","):gmatch("([^,]*),") do
      local value, message = count(part)
      if not value then
        return nil, message
      elseif #list > 0 and value <= list[#list] then
        return nil, ("option '%s' must be rising numbers (got '%s')"):format(name, text)
      end
      list[#list + 1] = value
    end
    return list
  end
end

option("--ranks", "numbers of ranks, with commas", "2,4,8,16,32", rising)
option("--chunks", "micro-batches of a step", "64", arguments.count)
option("--params", "parameters of the model, on the first number of ranks", "6.7e9",
  arguments.positive)
option("--hidden", "its hidden size", "4096", arguments.count)
option("--seq", "tokens of a sample", "4096", arguments.count)
option("--batch", "samples of a step of the pipeline", "128", arguments.count)
option("--p2p", "latency between ranks, seconds", "0", arguments.number)
parser:option("--mode", "strong: the same model; weak: one that grows with the ranks", "strong")
  :argname("<mode>"):choices { "strong", "weak" }
parser:option("--strategies", "names with commas (default: all)")
  :argname("<names>"):convert(arguments.list("--strategies"))
arguments.plot_option(parser, "efficiency over ranks")
plan_arguments.add_presets(parser, nil, "h100")
parser:option("--gpus", "with --model: numbers of GPUs, with commas (default: doubling, to 100000)")
  :argname("<n>"):convert(rising("--gpus"))
parser:option("--threshold", "with --model: the efficiency under which scaling ends", "0.9")
  :argname("<x>"):convert(arguments.positive("--threshold"))
plan_arguments.add_layout(parser)

-- Figures by number of ranks, and why some sizes have none.
local function scale(args, strategy)
  local analyzer = benchmark.ScalabilityAnalyzer {
    num_ranks = args.ranks[1], num_chunks = args.chunks, model_params = args.params,
    hidden_dim = args.hidden, seq_len = args.seq, batch_size = args.batch, p2p = args.p2p,
  }
  local rows, refused = analyzer[args.mode .. "_scaling"](analyzer, strategy, args.ranks)
  local by_ranks = {}
  for _, row in ipairs(rows) do
    by_ranks[row.num_ranks] = row
  end
  return by_ranks, refused
end

local function print_table(args, title, names, figures, show)
  print("\n" .. title)
  local line = ("  %-16s"):format("ranks")
  for _, count in ipairs(args.ranks) do
    line = line .. ("%11d"):format(count)
  end
  print(line)
  for _, name in ipairs(names) do
    line = ("  %-16s"):format(name)
    for _, count in ipairs(args.ranks) do
      local row = figures[name][count]
      line = line .. ("%11s"):format(row and show(row) or "-")
    end
    print(line)
  end
end

local function plot_efficiency(args, names, figures)
  local series = {}
  for i, name in ipairs(names) do
    series[i] = { name = name, x = args.ranks, y = {} }
    for j, count in ipairs(args.ranks) do
      local row = figures[name][count]
      series[i].y[j] = row and 100 * row.efficiency or false
    end
  end
  arguments.plot(args.plot, chart.lines {
    title = ("%s scaling, %d chunks"):format(args.mode, args.chunks),
    x = { label = "ranks", log = 2 }, y = { label = "efficiency", unit = "%" },
    series = series,
  })
end

local function print_tables(args, names, figures)
  print_table(args, "Throughput, samples/s", names, figures, function(row)
    return ("%.2f"):format(row.samples_per_second)
  end)
  print_table(args, "Efficiency, %: speed-up over one rank, for each rank", names, figures,
    function(row)
      return ("%.1f"):format(100 * row.efficiency)
    end)
  print_table(args, "Bubble, % of the time of all ranks", names, figures, function(row)
    return ("%.1f"):format(100 * row.bubble_ratio)
  end)
end

---- A model's layout ----

local function describe(args, given)
  print(("%s scaling of %s on %s: copies of tensor %d x pipeline %d x context %d, %s;"):format(
    args.mode, given.model.name, given.hardware.name, given.tensor_parallel,
    given.pipeline_parallel, given.context_parallel, given.strategy))
  print(("%d samples a step%s. Efficiency is against the first, a GPU; seconds of the mean rank.")
    :format(args.batch, args.mode == "weak" and " and copy" or ""))
  print(plan_arguments.convention_of(given) .. ".\n")
end

local function scale_model(args)
  local given = plan_arguments.options_of(args)
  if args.mode == "weak" then
    given.global_batch = args.batch * args.data_parallel
  end
  local analyzer = benchmark.ScalabilityAnalyzer(given)
  local rows, refused = analyzer[args.mode .. "_scaling"](analyzer, args.gpus)
  if #rows == 0 then
    error(refused[1] and refused[1].reason or "a copy takes more GPUs than there are", 0)
  end
  describe(args, given)
  print(analyzer:report(rows, args.threshold))
  for _, row in ipairs(refused) do
    print(("not shown: %d GPUs: %s"):format(row.gpus, row.reason))
  end
  if args.plot then
    arguments.plot(args.plot, analyzer:chart(rows))
  end
end

---- The pipeline alone ----

local function main(args)
  local figures, names, refusals = {}, args.strategies or dpl.strategies(), {}
  for _, name in ipairs(names) do
    local refused
    figures[name], refused = scale(args, name)
    for _, row in ipairs(refused) do
      refusals[#refusals + 1] = ("not shown: %s on %d ranks: %s"):format(name, row.num_ranks,
        row.reason)
    end
  end
  print(("%s scaling from %d ranks: %g parameters%s,\n%d chunks, %d samples of %d tokens a step.")
    :format(args.mode, args.ranks[1], args.params,
      args.mode == "weak" and ", growing with the ranks" or "", args.chunks, args.batch, args.seq))
  print_tables(args, names, figures)
  for _, text in ipairs(refusals) do
    print(text)
  end
  if args.plot then
    plot_efficiency(args, names, figures)
  end
end

local args = parser:parse()
arguments.try(parser, args.model and scale_model or main, args)
