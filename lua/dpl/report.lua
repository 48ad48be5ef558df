-- Reports as text, after the layout of the Python original: a ranking for each figure, with what
-- was held constant, the costs, and what each figure means beside it.

local report = {}

-- Figures as near as this to each other are equal and ranked by name.
local EQUAL <const> = 1e-9

local HELD <const> = {
  ranks = {
    size = "%d ranks, %d chunks (micro-batches)",
    text = "Held constant: the ranks, the whole model and the chunks, so the total work%s.",
    costs = "Costs of one chunk on a rank's whole share of the model, in any one unit of time:",
  },
  stages = {
    size = "%d stages, %d chunks (micro-batches)",
    text = "Held constant: the stages of the model, the cost of each and the chunks.\n"
      .. "A strategy that has several stages of a route on a rank runs on fewer ranks%s.",
    costs = "Costs of one chunk on one stage, in any one unit of time:",
  },
}

-- What an FB that was given changes: pairs then take no longer what their halves do.
local PAIRS <const> = {
  number = ";\noverlapped pairs take FB instead of F + B",
  list = ";\noverlapped pairs take the FB of their forward's part of the model instead of F + B",
}

-- Which of these a comparison needs: none where every pair takes F + B all the same.
local function pairs_note(problem)
  local F, B, FB = problem.costs.F, problem.costs.B, problem.costs.FB
  local sum = F.least + B.least
  local same = F.least == F.most and B.least == B.most and math.abs(FB.least - sum) <= EQUAL * sum
  return not (same and FB.least == FB.most) and PAIRS[problem.given_pairs] or ""
end

-- A copy of the rows, least value first; rows of equal value by name.
local function ranked(rows, key)
  local sorted = table.move(rows, 1, #rows, 1, {})
  table.sort(sorted, function(a, b)
    return a[key] < b[key]
  end)
  local group, leader = {}, nil
  for _, row in ipairs(sorted) do
    if not leader or row[key] - leader > EQUAL * math.abs(leader) then
      leader = row[key]
    end
    group[row] = leader
  end
  table.sort(sorted, function(a, b)
    if group[a] ~= group[b] then
      return group[a] < group[b]
    end
    return a.strategy < b.strategy
  end)
  return sorted
end

-- A format that shows the largest of the times with four digits, with one decimal at least.
local function time_format(rows)
  local most = 0
  for _, row in ipairs(rows) do
    most = math.max(most, row.makespan)
  end
  if most ~= 0 and (most < 1e-3 or most >= 1e12) then
    return "%.6g"
  end
  local digits = most > 0 and math.floor(math.log(most, 10)) + 1 or 1
  local decimals = math.max(1, 4 - digits)
  for _, row in ipairs(rows) do
    if math.abs(row.makespan * 10 - math.floor(row.makespan * 10 + 0.5)) > EQUAL * most then
      return ("%%.%df"):format(decimals)
    end
  end
  return "%.1f"
end

-- The longest text that `shown` gives for any of the rows.
local function widest(rows, shown)
  local width = 0
  for i, row in ipairs(rows) do
    width = math.max(width, #shown(row, i))
  end
  return width
end

local function add_ranking(lines, problem, section)
  local rows = ranked(problem.rows, section.key)
  local function number(_, i)
    return ("%d."):format(i)
  end
  local function name(row)
    return row.strategy
  end
  local function value(row)
    return section.format:format(row[section.key])
  end
  local layout = ("%%%ds %%-%ds : %%%ds%%s"):format(widest(rows, number), widest(rows, name),
    widest(rows, value))
  lines[#lines + 1] = ""
  lines[#lines + 1] = section.title
  for i, row in ipairs(rows) do
    local where = problem.hold == "stages" and ("  on %d ranks"):format(row.num_ranks) or ""
    lines[#lines + 1] = layout:format(number(row, i), name(row), value(row), where)
  end
  lines[#lines + 1] = section.meaning
end

local function range(cost)
  if cost.least == cost.most then
    return ("%.6g"):format(cost.least)
  end
  return ("%.6g to %.6g"):format(cost.least, cost.most)
end

local function costs_line(problem)
  local parts = {}
  for _, name in ipairs { "F", "B", "I", "W", "FB" } do
    parts[#parts + 1] = name .. " " .. range(problem.costs[name])
  end
  parts[#parts + 1] = ("p2p %.6g"):format(problem.p2p)
  return table.concat(parts, ", ") .. "."
end

-- "Copies of the parameters: 2 for dualpipe, 1 for the others."
local function parameters_line(rows)
  local names, others = {}, 0
  for _, row in ipairs(rows) do
    if row.parameter_copies == 1 then
      others = others + 1
    else
      names[#names + 1] = ("%d for %s"):format(row.parameter_copies, row.strategy)
    end
  end
  table.sort(names)
  if others > 0 then
    names[#names + 1] = #names > 0 and "1 for the others" or "1"
  end
  return "Copies of the parameters: " .. table.concat(names, ", ") .. "."
end

-- What the memory factor counts.
local function memory_meaning(problem)
  local meaning = "   Most activations on any rank, relative to 1f1b on the same problem"
  if problem.weight_memory < 1 then
    meaning = meaning .. (";\n   I leaves %.6g of an activation for W to free"):format(
      problem.weight_memory)
  end
  return meaning .. ".\n   " .. parameters_line(problem.rows)
end

local function add_rankings(lines, problem)
  add_ranking(lines, problem, {
    title = "Makespan (lower is better):",
    key = "makespan",
    format = time_format(problem.rows),
    meaning = "   First start to last end over all ranks, in the unit of the costs.",
  })
  add_ranking(lines, problem, {
    title = "Bubble Ratio (lower is better):",
    key = "bubble_ratio",
    format = "%.3f",
    meaning = "   Idle time / (ranks x makespan), every rank counted over the whole makespan.",
  })
  add_ranking(lines, problem, {
    title = "Memory Factor (lower is better):",
    key = "memory_factor",
    format = "%.3f",
    meaning = memory_meaning(problem),
  })
end

local function add_skipped(lines, skipped)
  if #skipped == 0 then
    return
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Not compared:"
  for _, row in ipairs(skipped) do
    lines[#lines + 1] = "- " .. row.reason
  end
end

-- The text of a comparison: { rows =, skipped =, num_ranks =, num_chunks =, hold =, p2p =, costs =,
-- weight_memory =, given_pairs = } as ScheduleComparator gives them; costs by name, each { least =,
-- most = } over the parts of the model; given_pairs: "number" or "list" where FB was given as one.
function report.comparison(problem)
  local held = HELD[problem.hold]
  local lines = {
    "Strategy Performance Comparison",
    "================================",
    held.size:format(problem.num_ranks, problem.num_chunks) .. ".",
    held.text:format(pairs_note(problem)),
    held.costs,
    costs_line(problem),
  }
  if #problem.rows > 0 then
    add_rankings(lines, problem)
  else
    lines[#lines + 1] = ""
    lines[#lines + 1] = "No strategy allows this size."
  end
  add_skipped(lines, problem.skipped)
  return table.concat(lines, "\n")
end

return report
