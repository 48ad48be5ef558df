-- DeepSeek-V3's training step: what DualPipe's schedule predicts of it, beside what was measured,
-- and what the other strategies would have made of the same work.

local dpl = require "dpl"
local arguments = require "dpl.arguments"
local simulator = require "dpl.simulator"
local terminal = require "dpl.terminal"

-- Seconds a step, on 2048 H800: arXiv 2505.09343, Table 4. The table names no rank, so the parts
-- are read as means over the ranks. They add up to 19.90; the step as a whole is given as 19.926.
local MEASURED <const> = {
  forward = 1.13, -- "1F": forwards outside of pairs
  backward = 1.99, -- "1B": full backwards and input gradients
  weight = 0.48, -- "1W": weight gradients apart from their input gradients
  overlapped = 13.95, -- "1F1B": overlapped pairs of a forward and a full backward
  bubble = 2.06,
  optimizer = 0.29,
  step = 19.926,
}
local RANKS <const>, CHUNKS <const> = 16, 120
local LAYERS <const> = 61 -- arXiv 2412.19437, section 4.2

local parser = arguments.parser("deepseek_v3.lua",
  "Predicts DeepSeek-V3's training step by simulating DualPipe on 16 ranks with 120 micro-batches, "
    .. "and compares it with the measured step and with the other strategies.")
parser:option("--p2p", "time of a transfer between ranks, in milliseconds", "0")
  :argname("<ms>"):convert(arguments.number("--p2p"))
parser:flag("--p2p-sweep", "show how the prediction moves with the time of a transfer")
parser:option("--draw", "the strategy whose schedule is drawn", "dualpipe"):argname("<strategy>")
  :choices(dpl.strategies())
parser:option("--until", "how much of the schedule is drawn, in seconds", "2")
  :argname("<s>"):convert(arguments.positive("--until"))
parser:option("--width", "columns of the drawing (default: the terminal's, else 100)")
  :argname("<columns>"):convert(arguments.count("--width", 40))
parser:option("--color", "colours in the drawing: auto, always or never", "auto")
  :argname("<when>"):choices { "auto", "always", "never" }

local function heading(text)
  print(("\n%s\n%s"):format(text, ("-"):rep(#text)))
end

-- A difference, with its sign unless it is rounding that is left of 0.
local function signed(seconds)
  return math.abs(seconds) < 0.005 and "0.00" or ("%+.2f"):format(seconds)
end

---- From the measured parts to the time of one action ----

local function new_schedule()
  return dpl.schedule("dualpipe", { num_ranks = RANKS, num_chunks = CHUNKS })
end

-- How many actions of each kind a rank runs, on average over the ranks.
local function count_per_rank(schedule)
  local counts = {}
  for event in dpl.simulate(schedule):actions() do
    counts[event.kind] = (counts[event.kind] or 0) + 1 / schedule.num_ranks
  end
  return counts
end

-- Times in milliseconds. A full backward is an input gradient and a weight gradient, so "1B" is
-- n_B (I + W) + n_I I, with W known from "1W".
local function derive_costs(counts)
  local W = MEASURED.weight / counts.weight
  local I = (MEASURED.backward - counts.backward * W) / (counts.backward + counts.input)
  return {
    F = 1000 * MEASURED.forward / counts.forward,
    I = 1000 * I,
    W = 1000 * W,
    FB = 1000 * MEASURED.overlapped / counts.overlapped,
  }
end

local function print_costs(counts, costs)
  heading("The time of one action, from the measured breakdown")
  print("part of the step       measured   actions of a rank in DualPipe's    time of one")
  print("                              s   schedule (mean over ranks)              action")
  local row = "%-20s %10.2f   %-32s %s %6.1f ms"
  print(row:format("1F    forward", MEASURED.forward, ("%.3f F"):format(counts.forward), " F ",
    costs.F))
  print(row:format("1B    backward", MEASURED.backward,
    ("%.3f B + %.3f I"):format(counts.backward, counts.input), " I ", costs.I))
  print(row:format("1W    weight", MEASURED.weight, ("%.3f W"):format(counts.weight), " W ",
    costs.W))
  print(row:format("1F1B  pairs", MEASURED.overlapped, ("%.3f F&B"):format(counts.overlapped),
    "F&B", costs.FB))
  local apart = costs.F + costs.I + costs.W
  print(("B = I + W = %.1f ms. F and B one after the other take %.1f ms: overlapping gains %.1f ms "
    .. "(%.0f %%)."):format(costs.I + costs.W, apart, apart - costs.FB,
    100 * (1 - costs.FB / apart)))
end

---- The prediction ----

-- Seconds a rank spends in each kind of action, and idle: means over the ranks.
local function parts_of(timeline)
  local parts = {}
  for event in timeline:actions() do
    parts[event.kind] = (parts[event.kind] or 0) + event.duration / RANKS / 1000
  end
  return {
    forward = parts.forward,
    backward = parts.backward + parts.input,
    weight = parts.weight,
    overlapped = parts.overlapped,
    bubble = timeline.bubble_ratio * timeline.makespan / 1000,
    optimizer = MEASURED.optimizer,
  }
end

local PARTS <const> = { "forward", "backward", "weight", "overlapped", "bubble", "optimizer" }

local function step_seconds(timeline)
  return timeline.makespan / 1000 + MEASURED.optimizer
end

local function print_prediction(timeline)
  heading("The step: DualPipe simulated, beside the measured one")
  print(("p2p = %g ms. Seconds; means over the ranks.\n"):format(timeline.p2p))
  local header, row = "%-22s %10s %10s %11s", "%-22s %10.2f %10.2f %11s"
  print(header:format("", "predicted", "measured", "difference"))
  local parts, measured_sum = parts_of(timeline), 0
  for _, name in ipairs(PARTS) do
    local origin = name == "bubble" and "" or " (input)"
    measured_sum = measured_sum + MEASURED[name]
    print(row:format(name .. origin, parts[name], MEASURED[name],
      signed(parts[name] - MEASURED[name])))
  end
  local rest = MEASURED.step - measured_sum
  print(row:format("in none of the parts", 0, rest, signed(-rest)))
  local step = step_seconds(timeline)
  print((row .. "   (%+.1f %%)"):format("step", step, MEASURED.step, signed(step - MEASURED.step),
    100 * (step / MEASURED.step - 1)))
end

---- Why it differs ----

-- The costs where 61 layers are dealt out as evenly as they can be, 4 or 3 to a stage: each stage's
-- in proportion to its layers. A pair has the proportion of its forward's stage, as lists of FB do.
local function uneven_costs(costs)
  local most = math.ceil(LAYERS / RANKS)
  local with_most = LAYERS - RANKS * (most - 1)
  local uneven = {}
  for name, cost in pairs(costs) do
    uneven[name] = {}
    for stage = 1, RANKS do
      local layers = stage <= with_most and most or most - 1
      uneven[name][stage] = cost * layers * RANKS / LAYERS
    end
  end
  return uneven, ("%d stages of %d layers, %d of %d"):format(with_most, most, RANKS - with_most,
    most - 1)
end

local function with_p2p(costs, p2p)
  local copy = { p2p = p2p }
  for name, cost in pairs(costs) do
    copy[name] = cost
  end
  return copy
end

local function print_reasons(schedule, costs)
  heading("Where the difference lies, and why")
  print([[
Busy time is input here; only the bubble is predicted. The prediction takes all stages as equal and
transfers as free. What that leaves out makes ranks wait: 61 layers do not divide by 16 ranks;
embedding, output head and multi-token prediction (MTP) lengthen the ends of the pipeline; and
communication outside of the pairs is exposed. How much two of these alone add:
]])
  local plain = dpl.simulate(schedule, costs).makespan / 1000
  local uneven, dealt = uneven_costs(costs)
  local measured = MEASURED.step - MEASURED.optimizer
  local row = "%-34s %8.2f s %9s s"
  print(("%-34s %10s %11s"):format("pipeline, without the optimizer", "takes", "adds"))
  print(row:format("equal stages, free transfers", plain, signed(0)))
  local function print_case(name, case)
    local seconds = dpl.simulate(schedule, case).makespan / 1000
    print(row:format(name, seconds, signed(seconds - plain)))
  end
  print_case(dealt, uneven)
  print_case("a transfer takes 1 ms", with_p2p(costs, 1))
  print_case("both", with_p2p(uneven, 1))
  print(row:format("measured", measured, signed(measured - plain)))
  print("Which stages hold fewer layers is not published: the last are taken to.")
end

local function print_sweep(schedule, costs)
  heading("How the prediction moves with the time of a transfer")
  print(("%10s %10s %10s %12s"):format("p2p, ms", "step, s", "bubble, s", "to measured"))
  for _, p2p in ipairs { 0, 0.5, 1, 2, 5, 10, 20, 50 } do
    local timeline = dpl.simulate(schedule, with_p2p(costs, p2p))
    local step = step_seconds(timeline)
    print(("%10g %10.2f %10.2f %+10.1f %%"):format(p2p, step, parts_of(timeline).bubble,
      100 * (step / MEASURED.step - 1)))
  end
end

---- The other strategies ----

local function print_strategies(costs, p2p)
  heading("What every strategy would have taken")
  print([[
The same 16 ranks, the same model, the same 120 micro-batches: the times are those of a rank's whole
share of the model, so a stage of DualPipeV, which has two to a rank, takes half of them. Only
DualPipe and DualPipeV overlap a forward with a backward, and gain what was measured for a pair; the
others run F and B one after the other. Step: the pipeline and the optimizer. Bubble: idle time as a
share of ranks x the pipeline's time. Activations: the most that any rank holds, in units of its
whole share of the model for one micro-batch. Parameters: in units of that share.
]])
  local comparator = simulator.ScheduleComparator {
    num_ranks = RANKS, num_chunks = CHUNKS, F = costs.F, I = costs.I, W = costs.W, FB = costs.FB,
    p2p = p2p,
  }
  local rows, skipped = comparator:compare_strategies()
  print(("%-18s %8s %11s %8s %12s %11s"):format("strategy", "step, s", "to measured", "bubble",
    "activations", "parameters"))
  for _, row in ipairs(rows) do
    local step = row.makespan / 1000 + MEASURED.optimizer
    print(("%-18s %8.2f %+9.1f %% %6.1f %% %12g %10dx"):format(row.strategy, step,
      100 * (step / MEASURED.step - 1), 100 * row.bubble_ratio, row.peak_share,
      row.parameter_copies))
  end
  for _, row in ipairs(skipped) do
    print("- " .. row.reason)
  end
end

---- The drawing ----

local function draw(costs, args)
  local simulation = simulator.ScheduleSimulator {
    num_ranks = RANKS, num_chunks = CHUNKS, F = costs.F, I = costs.I, W = costs.W, FB = costs.FB,
    p2p = args.p2p,
  }
  return simulation:simulate(args.draw):gantt {
    width = args.width or math.max(40, terminal.columns(100)),
    to = 1000 * args["until"],
    unit = "ms",
    color = args.color == "always" or args.color == "auto" and terminal.has_color(),
  }
end

local args = parser:parse()
local schedule = new_schedule()
local counts = count_per_rank(schedule)
local costs = derive_costs(counts)
local timeline = arguments.try(parser, dpl.simulate, schedule, with_p2p(costs, args.p2p))
local drawing = arguments.try(parser, draw, costs, args)
local title = "DeepSeek-V3 on 16 pipeline ranks, 120 micro-batches a pipeline, DualPipe, 2048 H800"
print(title .. "\nMeasured: arXiv 2505.09343, Table 4.")
print_costs(counts, costs)
print_prediction(timeline)
print_reasons(schedule, costs)
if args.p2p_sweep then
  print_sweep(schedule, costs)
end
print_strategies(costs, args.p2p)
heading(("The first %g s of %s's schedule"):format(args["until"], args.draw))
print(drawing)
