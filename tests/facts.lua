-- What the tests of exactness share: a fact is a schedule with what is known of it, as in
-- tests/golden, and check compares it with dpl's. Fields that a fact lacks are not compared.
--
--   strategy, num_ranks, num_chunks, stages_per_rank, pipeline_pairs
--   costs             as for dpl.simulate; an order that depends on costs is made for these
--   order             per rank: actions in a text, separated by white space, or a list of them
--   sums              per rank, for a long order: a sum of its text, actions separated by a space:
--                     s = 0, then s = (31 s + byte) mod 2^32 for each byte
--   start, finish     per rank, likewise: the time of each action
--   makespan, span, bubble_ratio, bubble_rate_span
--   peak_share        by rank + 1
--   weight_memory     and the peaks under it: peak_share_weighted; orders are made for it too
--
-- Times and peaks are equal bit for bit where all costs are whole numbers, else to 1e-9 of their
-- value; so are ratios always, since sources divide in different orders.

local lu = require "luaunit"
local dpl = require "dpl"

local facts = {}

local TOLERANCE = 1e-9

local function words(value)
  if type(value) == "table" then
    return value
  end
  local list = {}
  for word in value:gmatch("%S+") do
    list[#list + 1] = word
  end
  return list
end

local function are_whole(costs)
  for _, cost in pairs(costs) do
    for _, value in ipairs(type(cost) == "table" and cost or { cost }) do
      if value ~= math.floor(value) then
        return false
      end
    end
  end
  return true
end

-- For messages: "dualpipe, 8 ranks, 20 chunks".
function facts.name(fact)
  return ("%s, %d ranks, %d chunks"):format(fact.strategy, fact.num_ranks, fact.num_chunks)
end

function facts.schedule(fact)
  return dpl.schedule(fact.strategy, {
    num_ranks = fact.num_ranks, num_chunks = fact.num_chunks, costs = fact.costs,
    stages_per_rank = fact.stages_per_rank, pipeline_pairs = fact.pipeline_pairs,
    weight_memory = fact.weight_memory,
  })
end

-- An order with every full B as its I and W, as one source writes those that follow each other.
local function split_backwards(order)
  local split = {}
  for _, action in ipairs(order) do
    local stage, chunk = action:match("^(%d+)B(%d+)$")
    if stage then
      split[#split + 1] = stage .. "I" .. chunk
      split[#split + 1] = stage .. "W" .. chunk
    else
      split[#split + 1] = action
    end
  end
  return split
end

local function has_split_backward(order)
  return table.concat(order, " "):find("I", 1, true) ~= nil
end

local function check_order(fact, schedule)
  for rank = 0, fact.num_ranks - 1 do
    local expected = words(fact.order[rank + 1])
    local order = schedule:order(rank)
    if fact.strategy == "zb_h1" and has_split_backward(order) then
      expected = split_backwards(expected)
    end
    lu.assertEquals(table.concat(order, " "), table.concat(expected, " "),
      facts.name(fact) .. ", rank " .. rank)
  end
end

local function sum_of(text)
  local sum = 0
  for i = 1, #text do
    sum = (31 * sum + text:byte(i)) & 0xffffffff
  end
  return sum
end

local function check_sums(fact, schedule)
  for rank = 0, fact.num_ranks - 1 do
    local sum = sum_of(table.concat(schedule:order(rank), " "))
    lu.assertEquals(("0x%08x"):format(sum), ("0x%08x"):format(fact.sums[rank + 1]),
      facts.name(fact) .. ", sum of rank " .. rank)
  end
end

local function check_number(actual, expected, exact, what)
  if exact then
    lu.assertTrue(actual == expected, ("%s: %.17g, not %.17g"):format(what, actual, expected))
  else
    local error = math.abs(actual - expected) / math.max(math.abs(expected), 1e-9)
    lu.assertTrue(error <= TOLERANCE, ("%s: %.17g, not %.17g"):format(what, actual, expected))
  end
end

-- The events of a rank in turn, transfers left out.
local function times_by_rank(timeline)
  local by_rank = {}
  for event in timeline:actions() do
    if event.kind ~= "communication" then
      by_rank[event.rank] = by_rank[event.rank] or {}
      table.insert(by_rank[event.rank], event)
    end
  end
  return by_rank
end

local function check_times(fact, timeline, field, exact)
  local by_rank = times_by_rank(timeline)
  for rank = 0, fact.num_ranks - 1 do
    local expected = words(fact[field][rank + 1])
    lu.assertEquals(#by_rank[rank], #expected)
    for i, event in ipairs(by_rank[rank]) do
      check_number(event[field], tonumber(expected[i]), exact,
        ("%s, rank %d action %d, %s"):format(facts.name(fact), rank, i - 1, field))
    end
  end
end

local function check_list(fact, field, actual, expected, exact)
  lu.assertEquals(#actual, fact.num_ranks)
  for i, value in ipairs(expected) do
    check_number(actual[i], value, exact, ("%s, %s[%d]"):format(facts.name(fact), field, i))
  end
end

local SUMMARY = { makespan = true, span = true, bubble_ratio = false, bubble_rate_span = false }

local function check_summary(fact, timeline, exact)
  for field, is_time in pairs(SUMMARY) do
    if fact[field] then
      check_number(timeline[field], fact[field], exact and is_time,
        facts.name(fact) .. ", " .. field)
    end
  end
end

local function check_timeline(fact, schedule)
  local exact = are_whole(fact.costs)
  local timeline = dpl.simulate(schedule, fact.costs)
  check_summary(fact, timeline, exact)
  for _, field in ipairs { "start", "finish" } do
    if fact[field] then
      check_times(fact, timeline, field, exact)
    end
  end
  if fact.peak_share then
    check_list(fact, "peak_share", timeline.peak_share, fact.peak_share, true)
  end
  if fact.peak_share_weighted then
    local weighted = dpl.simulate(schedule, fact.costs, { weight_memory = fact.weight_memory })
    check_list(fact, "peak_share", weighted.peak_share, fact.peak_share_weighted, false)
  end
end

-- Raises where dpl's schedule is not that of the fact.
function facts.check(fact)
  local schedule = facts.schedule(fact)
  lu.assertTrue(schedule:validate())
  if fact.order then
    check_order(fact, schedule)
  end
  if fact.sums then
    check_sums(fact, schedule)
  end
  if fact.costs then
    check_timeline(fact, schedule)
  end
end

return facts
