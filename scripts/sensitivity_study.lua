-- How the makespan, the bubble and the ranking of strategies move when each cost changes by some
-- per cent: exact derivatives beside changes that are simulated.

require "dpl" -- through which a stock Lua finds the others
local arguments = require "dpl.arguments"
local chart = require "dpl.chart"
local simulator = require "dpl.simulator"

local parser = arguments.parser("sensitivity_study.lua",
  "Shows how makespan, bubble and ranking of pipeline strategies move when each cost changes.")
  :epilog("Costs are times of a rank's whole share of the model, in any unit: one number, or one "
    .. "for each part of the model with commas between them. Orders stay as they are for the costs "
    .. "given; only the costs change, one at a time.\n\n"
    .. "example: dpl scripts/sensitivity_study.lua --strategies 1f1b,zb_h1,dualpipe --change 20")
parser:option("--ranks", "number of ranks", "8"):argname("<n>"):convert(arguments.count("--ranks"))
parser:option("--chunks", "number of micro-batches", "32")
  :argname("<n>"):convert(arguments.count("--chunks"))
parser:option("--f", "forward", "1"):argname("<time>"):convert(arguments.cost("--f"))
parser:option("--b", "full backward", "2"):argname("<time>"):convert(arguments.cost("--b"))
parser:option("--w", "weight gradient (default: B / 2)")
  :argname("<time>"):convert(arguments.cost("--w"))
parser:option("--fb", "overlapped forward and backward (default: F + B)")
  :argname("<time>"):convert(arguments.cost("--fb"))
parser:option("--p2p", "transfer between two ranks", "0.1")
  :argname("<time>"):convert(arguments.number("--p2p"))
parser:option("--change", "by how much each cost changes, in %, at most 100", "10")
  :argname("<%>"):convert(arguments.positive("--change"))
parser:option("--slow-stage", "the part of the model, from 0, that is slow by as much (default: "
  .. "the last, which has the output head)")
  :argname("<n>"):convert(arguments.count("--slow-stage", 0))
parser:option("--strategies", "names with commas (default: all that allow the size)")
  :argname("<names>"):convert(arguments.list("--strategies"))
arguments.plot_option(parser, "by how much each strategy's makespan moves with each cost")
parser:flag("--csv", "print every figure as comma-separated values instead of tables")

local COSTS <const> = { "F", "B", "I", "W", "FB", "p2p" }
local SLOW <const> = "slow"
local COLUMNS <const> = { "F", "B", "I", "W", "FB", "p2p", SLOW }

local function problem(args)
  return {
    num_ranks = args.ranks, num_chunks = args.chunks, F = args.f, B = args.b, W = args.w,
    FB = args.fb, p2p = args.p2p,
  }
end

---- What is worked out ----

-- The problem with all costs of one part of the model multiplied.
local function with_slow_part(args, factor)
  local slow = problem(args)
  for _, name in ipairs { "F", "B", "W", "FB" } do
    local cost = slow[name]
    local list = {}
    for part = 1, args.ranks do
      list[part] = type(cost) == "table" and cost[part] or cost
    end
    if cost then
      list[args.slow_stage + 1] = list[args.slow_stage + 1] * factor
      slow[name] = list
    end
  end
  return simulator.ScheduleSimulator(slow)
end

-- What a cost's row of ConfigOptimizer:sensitivity says of one direction, 1 or -1. `linear` is the
-- makespan that the derivative on that side foretells.
local function simulated_change(row, base, sign, change)
  local found = sign > 0 and row.up or row.down
  local slope = sign > 0 and row.makespan_slope_above or row.makespan_slope_below
  return {
    makespan = found.makespan, bubble_ratio = found.bubble_ratio,
    linear = base.makespan + sign * slope * row.value * change,
    elasticity = slope * row.value / base.makespan,
  }
end

-- By column, then 1 for growth and -1 for shrinking. A cost that is 0, or that the strategy does
-- not use, has no entry.
local function find_changes(args, schedule, base, slow)
  local change = args.change / 100
  local changes = { [SLOW] = {} }
  for _, row in ipairs(base) do
    if row.used and row.value > 0 then
      changes[row.cost] = {
        [1] = simulated_change(row, base, 1, change),
        [-1] = simulated_change(row, base, -1, change),
      }
    end
  end
  for sign, run in pairs(slow) do
    local t <close> = run:simulate(schedule)
    changes[SLOW][sign] = { makespan = t.makespan, bubble_ratio = t.bubble_ratio }
  end
  return changes
end

local function study(args)
  local options = problem(args)
  local optimizer, run = simulator.ConfigOptimizer(options), simulator.ScheduleSimulator(options)
  options.strategies = args.strategies
  local compared, skipped = simulator.ScheduleComparator(options):compare_strategies()
  local change = args.change / 100
  local slow = { [1] = with_slow_part(args, 1 + change), [-1] = with_slow_part(args, 1 - change) }
  local rows = {}
  for i, row in ipairs(compared) do
    if row.makespan == 0 then
      error("every action takes no time: give costs above 0", 0)
    end
    local schedule = run:simulate(row.strategy).schedule
    local base = optimizer:sensitivity(schedule, { change = change })
    rows[i] = {
      strategy = row.strategy, makespan = base.makespan, bubble_ratio = base.bubble_ratio,
      changes = find_changes(args, schedule, base, slow),
    }
  end
  return rows, skipped
end

-- What a change leaves of a strategy: itself where it does not have the cost.
local function changed(row, column, sign)
  local change = column and row.changes[column]
  return change and change[sign] or row
end

-- 1 and how many are faster, by more than rounding.
local function place_of(rows, row, column, sign)
  local place, makespan = 1, changed(row, column, sign).makespan
  for _, other in ipairs(rows) do
    if changed(other, column, sign).makespan < makespan * (1 - 1e-9) then
      place = place + 1
    end
  end
  return place
end

---- What is printed ----

local function percent(value, base)
  return 100 * (value / base - 1)
end

local function print_table(title, rows, columns, cell)
  print("\n" .. title)
  local header = ("  %-16s"):format("strategy")
  for _, column in ipairs(columns) do
    header = header .. ("%10s"):format(column)
  end
  print(header)
  for _, row in ipairs(rows) do
    local line = ("  %-16s"):format(row.strategy)
    for _, column in ipairs(columns) do
      line = line .. ("%10s"):format(cell(row, column))
    end
    print((line:gsub("%s+$", "")))
  end
end

local function marked(text, mark)
  return text .. (mark and "*" or " ")
end

local function print_derivatives(rows)
  print_table("Now, and by how many % the makespan moves for 1 % of a cost: exact, from its "
    .. "derivative.\n  * a kink: growth and shrinking differ, and this is growth", rows,
    { "makespan", "bubble, %", table.unpack(COSTS) }, function(row, column)
      local change = row.changes[column]
      if column == "makespan" then
        return ("%.6g"):format(row.makespan)
      elseif column == "bubble, %" then
        return ("%.2f"):format(100 * row.bubble_ratio)
      elseif not change then
        return "- "
      end
      local up, down = change[1].elasticity, change[-1].elasticity
      return marked(("%.3f"):format(up), math.abs(up - down) > 0.0005)
    end)
end

local function print_changes(args, rows, sign)
  local title = ("By how many %% the makespan moves with the cost %s by %g %%: simulated.\n"
    .. "  * more than 0.01 %% from what the derivative foretells"):format(
    sign > 0 and "up" or "down", args.change)
  print_table(title, rows, COLUMNS, function(row, column)
    local change = row.changes[column] and row.changes[column][sign]
    if not change then
      return "- "
    end
    local off = change.linear and math.abs(change.linear - change.makespan) / row.makespan
    return marked(("%+.2f"):format(percent(change.makespan, row.makespan)), off and off > 1e-4)
  end)
end

local function print_bubbles(args, rows)
  local title = "Bubble, %% of the time of all ranks, with the cost up by %g %%"
  print_table(title:format(args.change), rows, COLUMNS, function(row, column)
    return row.changes[column]
      and ("%.2f"):format(100 * row.changes[column][1].bubble_ratio) or "-"
  end)
end

local function print_places(args, rows)
  local title = "Place by makespan: now, then with the cost up / down by %g %%"
  local columns = { "now", table.unpack(COLUMNS) }
  print_table(title:format(args.change), rows, columns, function(row, column)
    if column == "now" then
      return place_of(rows, row)
    end
    return place_of(rows, row, column, 1) .. " / " .. place_of(rows, row, column, -1)
  end)
end

-- The changes that bring each strategy to the first place.
local function print_fastest(args, rows)
  print(("\nThe fastest now, and with a cost up (+) or down (-) by %g %%"):format(args.change))
  for _, row in ipairs(rows) do
    local when = { place_of(rows, row) == 1 and "now" or nil }
    for _, column in ipairs(COLUMNS) do
      for _, way in ipairs { { 1, "+" }, { -1, "-" } } do
        when[#when + 1] = place_of(rows, row, column, way[1]) == 1 and column .. way[2] or nil
      end
    end
    if #when > 0 then
      print(("  %-16s%s"):format(row.strategy, table.concat(when, " ")))
    end
  end
end

local function print_csv(args, rows)
  print("strategy,cost,change_percent,makespan,makespan_percent,derivative_percent,bubble_ratio,"
    .. "place")
  for _, row in ipairs(rows) do
    print(("%s,none,0,%.17g,0,0,%.17g,%d"):format(row.strategy, row.makespan, row.bubble_ratio,
      place_of(rows, row)))
    for _, column in ipairs(COLUMNS) do
      for _, sign in ipairs(row.changes[column] and { 1, -1 } or {}) do
        local change = row.changes[column][sign]
        print(("%s,%s,%g,%.17g,%.17g,%s,%.17g,%d"):format(row.strategy, column, sign * args.change,
          change.makespan, percent(change.makespan, row.makespan),
          change.linear and ("%.17g"):format(percent(change.linear, row.makespan)) or "",
          change.bubble_ratio, place_of(rows, row, column, sign)))
      end
    end
  end
end

local function print_report(args, rows, skipped)
  print(([[
%d ranks, %d chunks (micro-batches). Held constant: the ranks, the whole model and the chunks.
Times in the unit of the costs. Orders stay as they are. B is I + W and moves with them; so does
FB, unless it is given: it is F + B. slow: all costs of part %d of the model, of %d.]]):format(
    args.ranks, args.chunks, args.slow_stage, args.ranks))
  print_derivatives(rows)
  print_changes(args, rows, 1)
  print_changes(args, rows, -1)
  print_bubbles(args, rows)
  print_places(args, rows)
  print_fastest(args, rows)
  for _, row in ipairs(skipped) do
    print("not compared: " .. row.reason)
  end
end

-- A row for each strategy, the fastest on top, and a column for each cost.
local function plot_changes(args, rows)
  local cells, names = {}, {}
  for i, row in ipairs(rows) do
    local place = #rows + 1 - i
    cells[place], names[place] = {}, row.strategy
    for j, column in ipairs(COLUMNS) do
      local change = row.changes[column]
      cells[place][j] = change and percent(change[1].makespan, row.makespan) or false
    end
  end
  arguments.plot(args.plot, chart.heatmap {
    title = ("Each cost up by %g %%: %d ranks, %d chunks"):format(args.change, args.ranks,
      args.chunks),
    x = { label = "cost", values = COLUMNS }, y = { label = "strategy", values = names },
    z = { label = "growth of the makespan", unit = "%" }, cells = cells,
  })
end

local function main(args)
  args.slow_stage = args.slow_stage or args.ranks - 1
  if args.slow_stage >= args.ranks then
    error(("option '--slow-stage' must be a part of the model, 0 to %d (got %d)"):format(
      args.ranks - 1, args.slow_stage), 0)
  elseif args.change > 100 then
    error(("option '--change' must be at most 100 %% (got %g)"):format(args.change), 0)
  end
  local rows, skipped = study(args)
  if args.csv then
    print_csv(args, rows)
  else
    print_report(args, rows, skipped)
  end
  if args.plot then
    plot_changes(args, rows)
  end
end

arguments.try(parser, main, parser:parse())
