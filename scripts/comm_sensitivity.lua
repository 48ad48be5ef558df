-- How the ranking of strategies changes as transfers between ranks take longer: which is fastest
-- from which p2p on, exactly, and all makespans at some p2p, under any communication model.

local dpl = require "dpl"
local analysis = require "dpl.analysis"
local arguments = require "dpl.arguments"
local chart = require "dpl.chart"
local simulator = require "dpl.simulator"

local parser = arguments.parser("comm_sensitivity.lua",
  "Shows how the ranking of pipeline strategies changes as the time of a transfer grows.")
  :epilog("Costs are times of a rank's whole share of the model, in any unit; p2p is in the same. "
    .. "Crossing points are those of communication model 'latency', where every makespan is a "
    .. "convex, piecewise linear function of p2p, so that they are exact.\n\n"
    .. "example: dpl scripts/comm_sensitivity.lua --ranks 8 --chunks 32 --crossings")
parser:option("--ranks", "number of ranks", "8"):argname("<n>"):convert(arguments.count("--ranks"))
parser:option("--chunks", "number of micro-batches", "32")
  :argname("<n>"):convert(arguments.count("--chunks"))
parser:option("--f", "forward", "1"):argname("<time>"):convert(arguments.cost("--f"))
parser:option("--b", "full backward", "2"):argname("<time>"):convert(arguments.cost("--b"))
parser:option("--w", "weight gradient (default: B / 2)")
  :argname("<time>"):convert(arguments.cost("--w"))
parser:option("--fb", "overlapped forward and backward (default: F + B)")
  :argname("<time>"):convert(arguments.cost("--fb"))
parser:option("--max-p2p", "how far p2p grows (default: the forward, if it is one number, else 1)")
  :argname("<time>"):convert(arguments.positive("--max-p2p"))
parser:option("--comm", "communication model of the table: latency, link, blocking or batched",
  "latency"):argname("<model>"):choices { "latency", "link", "blocking", "batched" }
parser:option("--strategies", "names with commas (default: all that allow the size)")
  :argname("<names>"):convert(arguments.list("--strategies"))
parser:flag("--crossings", "list every pair of strategies that change places")
arguments.plot_option(parser, "the makespans over p2p")

local COLUMNS <const> = 6
local POINTS <const> = 25 -- of each line of the chart

local function problem(args, more)
  local options = {
    num_ranks = args.ranks, num_chunks = args.chunks, F = args.f, B = args.b, W = args.w,
    FB = args.fb,
  }
  for name, value in pairs(more or {}) do
    options[name] = value
  end
  return options
end

-- The same order; for batches with the strategy's own sends and receives, where it has any.
local function for_model(args, name, schedule)
  if args.comm ~= "batched" or dpl.describe(name).uses_costs then
    return schedule
  end
  return dpl.schedule(name, {
    num_ranks = args.ranks, num_chunks = args.chunks, comm = args.comm,
  })
end

-- The strategies that allow the size and their schedules, in the order made for p2p = 0.
local function make_schedules(args)
  local comparator = simulator.ScheduleComparator(problem(args, { strategies = args.strategies }))
  local analyzer = analysis.ScheduleAnalyzer(problem(args))
  local rows, skipped = comparator:compare_strategies()
  local schedules = {}
  for i, row in ipairs(rows) do
    local schedule = analyzer:timeline(row.strategy).schedule
    schedules[i] = {
      name = row.strategy, schedule = schedule, sending = for_model(args, row.strategy, schedule),
    }
  end
  return schedules, skipped
end

-- Every p2p at which two strategies change places, in rising order.
local function find_crossings(args, schedules)
  local optimizer = simulator.ConfigOptimizer(problem(args))
  local found = {}
  for i, a in ipairs(schedules) do
    for j = i + 1, #schedules do
      local b = schedules[j]
      local first = optimizer:communication_threshold(a.schedule, b.schedule,
        { max_p2p = args.max_p2p })
      for _, crossing in ipairs(first and first.crossings or {}) do
        local names = { a = a.name, b = b.name, equal = "neither" }
        found[#found + 1] = {
          p2p = crossing.p2p, makespan = crossing.makespan, names = { a.name, b.name },
          before = names[crossing.before], after = names[crossing.after],
        }
      end
    end
  end
  table.sort(found, function(x, y)
    return x.p2p < y.p2p or x.p2p == y.p2p and table.concat(x.names) < table.concat(y.names)
  end)
  return found
end

local function fastest_at(args, schedules, p2p)
  local run = simulator.ScheduleSimulator(problem(args, { p2p = p2p }))
  local best, least
  for _, entry in ipairs(schedules) do
    local makespan = run:makespan(entry.schedule)
    if not least or makespan < least then
      best, least = entry.name, makespan
    end
  end
  return best
end

-- The first p2p behind `p2p` at which anything changes places, or the end of what is looked at.
local function next_change(args, crossings, p2p)
  for _, crossing in ipairs(crossings) do
    if crossing.p2p > p2p then
      return crossing.p2p
    end
  end
  return args.max_p2p
end

-- Who is fastest from which p2p on. It changes only where the fastest changes places with another.
local function find_leaders(args, schedules, crossings)
  local function leader_behind(p2p)
    return fastest_at(args, schedules, (p2p + next_change(args, crossings, p2p)) / 2)
  end
  local leaders = { { p2p = 0, name = leader_behind(0) } }
  for _, crossing in ipairs(crossings) do
    local last = leaders[#leaders]
    if crossing.names[1] == last.name or crossing.names[2] == last.name then
      local name = leader_behind(crossing.p2p)
      if name ~= last.name then
        leaders[#leaders + 1] = { p2p = crossing.p2p, name = name }
      end
    end
  end
  return leaders
end

local function print_leaders(args, leaders)
  print("\nThe fastest, under communication model 'latency'")
  for i, leader in ipairs(leaders) do
    local stop = leaders[i + 1] and leaders[i + 1].p2p or args.max_p2p
    print(("  p2p from %-9.6g to %-9.6g %s"):format(leader.p2p, stop, leader.name))
  end
end

local function print_crossings(crossings)
  print("\nEvery change of places, under communication model 'latency'")
  for _, c in ipairs(crossings) do
    print(("  p2p %-9.6g %s and %s take %.6g; faster before: %s, behind: %s"):format(c.p2p,
      c.names[1], c.names[2], c.makespan, c.before, c.after))
  end
  if #crossings == 0 then
    print("  none")
  end
end

local function print_makespans(args, schedules)
  print(("\nMakespans under communication model '%s'"):format(args.comm))
  local runs, header = {}, ("  %-16s"):format("p2p")
  for i = 0, COLUMNS - 1 do
    local p2p = args.max_p2p * i / (COLUMNS - 1)
    runs[#runs + 1] = simulator.ScheduleSimulator(problem(args, { p2p = p2p, comm = args.comm }))
    header = header .. ("%11.6g"):format(p2p)
  end
  print(header)
  for _, entry in ipairs(schedules) do
    local line = ("  %-16s"):format(entry.name)
    for _, run in ipairs(runs) do
      local makespan = run:makespan(entry.sending)
      line = line .. (makespan and ("%11.6g"):format(makespan) or ("%11s"):format("hangs"))
    end
    print(line)
  end
end

-- The makespans of every strategy as lines over p2p, with gaps where it hangs.
local function plot_makespans(args, schedules)
  local series = {}
  for i, entry in ipairs(schedules) do
    series[i] = { name = entry.name, x = {}, y = {} }
  end
  for point = 1, POINTS do
    local p2p = args.max_p2p * (point - 1) / (POINTS - 1)
    local run = simulator.ScheduleSimulator(problem(args, { p2p = p2p, comm = args.comm }))
    for i, entry in ipairs(schedules) do
      series[i].x[point] = p2p
      series[i].y[point] = run:makespan(entry.sending) or false
    end
  end
  arguments.plot(args.plot, chart.lines {
    title = ("%d ranks, %d chunks, communication model '%s'"):format(args.ranks, args.chunks,
      args.comm),
    x = { label = "p2p", unit = "in the unit of the costs" },
    y = { label = "makespan", unit = "in the unit of the costs" }, series = series,
  })
end

local function main(args)
  local schedules, skipped = make_schedules(args)
  local crossings = find_crossings(args, schedules)
  print(("%d ranks, %d chunks (micro-batches); p2p: time of a transfer, from 0 to %.6g."):format(
    args.ranks, args.chunks, args.max_p2p))
  print("Held constant: the ranks, the whole model and the chunks. Times in the unit of the costs.")
  print_leaders(args, find_leaders(args, schedules, crossings))
  if args.crossings then
    print_crossings(crossings)
  end
  print_makespans(args, schedules)
  for _, row in ipairs(skipped) do
    print("not compared: " .. row.reason)
  end
  if args.plot then
    plot_makespans(args, schedules)
  end
end

local args = parser:parse()
args.max_p2p = args.max_p2p or type(args.f) == "number" and args.f > 0 and args.f or 1
arguments.try(parser, main, args)
