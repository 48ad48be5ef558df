-- How throughput grows with the ranks of the pipeline: the same model on more of them (strong), or
-- a model that grows with them (weak), strategy by strategy. With --model: how a layout of a real
-- model grows with the GPUs, copy by copy, to where that stops paying.

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
    .. "With --model times come from the model and the hardware, one copy of the layout is "
    .. "--tensor x --pipeline x --context GPUs, and copies are added, up to --max-gpus; "
    .. "links are nobody else's, and no GPU fails or lags.\n\n"
    .. "example: dpl scripts/scaling.lua --model llama3-70b --tensor 8 --pipeline 4")

local function option(name, meaning, default, converter)
  parser:option(name, meaning, default):argname("<n>"):convert(converter(name))
end

-- Rising whole numbers with commas between them.
local function ranks(name)
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

option("--ranks", "numbers of ranks, with commas", "2,4,8,16,32", ranks)
option("--chunks", "micro-batches of a step", "64", arguments.count)
option("--params", "parameters of the model, on the first number of ranks", "6.7e9",
  arguments.positive)
option("--hidden", "its hidden size", "4096", arguments.count)
option("--seq", "tokens of a sample", "4096", arguments.count)
option("--batch", "samples of a step of the pipeline; with --model and strong, of all "
  .. "(default: 128; strong with --model 2048)", nil, arguments.count)
option("--p2p", "latency between ranks, seconds", "0", arguments.number)
parser:option("--mode", "strong: the same model; weak: one that grows with the ranks; with "
  .. "--model: the batch stays, or grows with the GPUs (default: strong; with --model both)")
  :argname("<mode>"):choices { "strong", "weak" }
parser:option("--strategies", "names with commas (default: all)")
  :argname("<names>"):convert(arguments.list("--strategies"))
arguments.plot_option(parser, "efficiency over ranks")
plan_arguments.add_model(parser, nil, "h100")
plan_arguments.add_layout(parser)
parser:option("--gpus", "numbers of GPUs, with commas (default: one node or copy, doubling)")
  :argname("<n>"):convert(ranks("--gpus"))
option("--max-gpus", "where that ends", "100000", arguments.count)
parser:option("--threshold", "the efficiency below which it does not pay", "0.9"):argname("<share>")
  :convert(arguments.positive("--threshold"))

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

local function scale_ranks(args)
  args.mode, args.batch = args.mode or "strong", args.batch or 128
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

---- A model on hardware ----

local BATCHES <const> = { weak = 128, strong = 2048 }

local function print_sizes(args, rows, given)
  print(("\n%s scaling, batch %s; seconds of a step, and where they go")
    :format(rows.mode, rows.mode == "weak" and ("%d a copy"):format(args.batch or BATCHES.weak)
      or tostring(given.global_batch)))
  print(("  %7s%7s%9s%7s%10s%7s%10s%8s%10s%13s%10s"):format("GPUs", "copies", "batch", "chunks",
    "step s", "MFU %", "tokens/s", "eff. %", "bubble s", "gradients s", "optim. s"))
  for _, row in ipairs(rows) do
    print(("  %7d%7d%9d%7d%10.3f%7.2f%10.3g%8.1f%10.4f%13.4f%10.4f"):format(row.gpus,
      row.data_parallel, row.global_batch, row.num_chunks, row.step_time, 100 * row.mfu,
      row.tokens_per_second, 100 * row.efficiency, row.parts.bubble, row.parts.gradients,
      row.parts.optimizer))
  end
end

-- Sizes on which the model is too large: fewer copies share out less.
local function print_misfits(rows, given)
  local count, most = 0, 0
  for _, row in ipairs(rows) do
    count, most = count + (row.fits and 0 or 1), math.max(most, row.worst_bytes)
  end
  if count > 0 then
    print(("DOES NOT FIT on %d of %d sizes: up to %.1f GiB of %.1f (see memory.lua)"):format(
      count, #rows, most / (1 << 30), given.hardware.memory_bytes / (1 << 30)))
  end
end

local function print_knee(analyzer, rows, threshold)
  local knee, message = analyzer:knee(rows, threshold)
  if knee == nil then
    print("no knee: " .. message)
    return
  end
  print(("the knee: efficiency is %.1f %%, under %g %%, on %d GPUs; of what is lost"):format(
    100 * knee.efficiency, 100 * threshold, knee.gpus))
  for _, loss in ipairs(knee.losses) do
    if loss.share >= 0.005 then
      print(("  %5.1f %%  %s"):format(100 * loss.share, loss.text))
    end
  end
end

local function print_scaling(args, given, mode)
  given.global_batch = args.batch or BATCHES[mode]
  given.max_gpus = args.max_gpus
  local analyzer = benchmark.ScalabilityAnalyzer(given)
  local rows, refused = analyzer[mode .. "_scaling"](analyzer, args.gpus)
  if #rows == 0 then
    error(refused[1].reason, 0)
  end
  print_sizes(args, rows, given)
  print_misfits(rows, given)
  print_knee(analyzer, rows, args.threshold)
  if #refused > 0 then
    print(("sizes not shown: %d, the first of them %d GPUs: %s"):format(#refused,
      refused[1].gpus, refused[1].reason))
  end
  return analyzer, rows
end

local function scale_model(args)
  local given = plan_arguments.options_of(args)
  if given.data_parallel ~= 1 then
    error("option '--data' is what grows: give --gpus instead", 0)
  end
  print(("%s on %s, %s, a copy on %d GPUs, micro-batch %d; MFU: %s"):format(given.model.name,
    given.hardware.name, given.strategy, given.tensor_parallel * given.pipeline_parallel
    * given.context_parallel, given.micro_batch, plan_arguments.convention(given)))
  local analyzer, all = nil, {}
  for _, mode in ipairs(args.mode and { args.mode } or { "weak", "strong" }) do
    analyzer, all[#all + 1] = print_scaling(args, given, mode)
  end
  if args.plot then
    arguments.plot(args.plot, analyzer:chart(table.unpack(all)))
  end
end

local function main(args)
  if args.model then
    scale_model(args)
  else
    scale_ranks(args)
  end
end

arguments.try(parser, main, parser:parse())
