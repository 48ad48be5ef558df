-- What the tests of dpl.simulator share: objects on 4 ranks and 8 chunks, and looks at results.

local dpl = require "dpl"
local lu = require "luaunit"
local simulator = require "dpl.simulator"

local simulating = {}

-- Costs in sixteenths, so that every time is exact; no two of them alike.
simulating.DYADIC = { F = 17 / 16, I = 21 / 16, W = 11 / 16, FB = 46 / 16, p2p = 3 / 16 }

function simulating.with(options, more)
  local merged = {}
  for name, value in pairs(options) do
    merged[name] = value
  end
  for name, value in pairs(more or {}) do
    merged[name] = value
  end
  return merged
end

function simulating.new_simulator(more)
  return simulator.ScheduleSimulator(simulating.with({ num_ranks = 4, num_chunks = 8 }, more))
end

function simulating.new_comparator(more)
  return simulator.ScheduleComparator(simulating.with({ num_ranks = 4, num_chunks = 8 }, more))
end

function simulating.new_optimizer(more)
  return simulator.ConfigOptimizer(simulating.with({ num_ranks = 4, num_chunks = 8 }, more))
end

-- The list of a field of rows.
function simulating.field(rows, name)
  local values = {}
  for i, row in ipairs(rows) do
    values[i] = row[name]
  end
  return values
end

function simulating.by_name(rows, name)
  local found = {}
  for _, row in ipairs(rows) do
    found[row[name]] = row
  end
  return found
end

-- Every text must be in the message that the function raises, after this file and a line.
function simulating.assert_raises(texts, f, ...)
  local ok, message = pcall(f, ...)
  lu.assertFalse(ok)
  for _, text in ipairs(type(texts) == "table" and texts or { texts }) do
    lu.assertStrContains(message, text)
  end
  lu.assertStrMatches(message, "[^\n]*%a%.lua:%d+: .*")
end

-- Two ranks that wait for each other: rank 0 for the backward of chunk 0, rank 1 for chunk 1.
function simulating.deadlocked_schedule()
  return dpl.schedule {
    num_ranks = 2,
    num_chunks = 2,
    routes = { { ranks = { 0, 1 }, chunks = { 0, 1 } } },
    orders = { { "0F0", "0B0", "0F1", "0B1" }, { "1F1", "1B1", "1F0", "1B0" } },
  }
end

return simulating
