-- Compares the strategies on one problem: makespan, bubble ratio and memory, best first.

require "dpl" -- through which a stock Lua finds the others
local arguments = require "dpl.arguments"
local simulator = require "dpl.simulator"

local parser = arguments.parser("compare.lua",
  "Compares pipeline strategies on one problem: makespan, bubble ratio and memory, best first.")
  :epilog("Costs are times in any unit. A cost is one number, or one for each part of the model "
    .. "with commas between them: --f 1,1,1,2.\n\n"
    .. "example: dpl scripts/compare.lua --ranks 8 --chunks 20")

local function cost_option(name, meaning)
  parser:option(name, meaning):argname("<time>"):convert(arguments.cost(name))
end

parser:option("--ranks", "number of ranks (with --hold stages: of stages)", "4")
  :argname("<n>"):convert(arguments.count("--ranks"))
parser:option("--chunks", "number of micro-batches", "8")
  :argname("<n>"):convert(arguments.count("--chunks"))
cost_option("--f", "forward (default: 1)")
cost_option("--b", "full backward (default: I + W, else 2 F)")
cost_option("--i", "input gradient (default: B - W)")
cost_option("--w", "weight gradient (default: B - I, else B / 2)")
cost_option("--fb", "overlapped forward and backward (default: F + B)")
parser:option("--p2p", "transfer between two ranks", "0")
  :argname("<time>"):convert(arguments.number("--p2p"))
parser:option("--hold", "what stays the same between strategies beside the model and the "
  .. "micro-batches: the ranks, costs being those of a rank's whole share of the model; or the "
  .. "stages, costs being those of a stage", "ranks"):choices { "ranks", "stages" }
parser:option("--strategies", "names with commas (default: all that allow the size)")
  :argname("<names>"):convert(arguments.list("--strategies"))

local function report(args)
  return simulator.ScheduleComparator({
    num_ranks = args.ranks,
    num_chunks = args.chunks,
    F = args.f,
    B = args.b,
    I = args.i,
    W = args.w,
    FB = args.fb,
    p2p = args.p2p,
    hold = args.hold,
    strategies = args.strategies,
  }):generate_report()
end

io.write((arguments.try(parser, report, parser:parse()):gsub("\n*$", "\n")))
