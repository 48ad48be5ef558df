-- What the tests of dpl.analysis share.

local dpl = require "dpl"
local lu = require "luaunit"

local shared = {}

-- Stages of a route that lie on a rank: what costs of a rank's share are divided by.
shared.STAGES_PER_RANK = { dualpipev = 2 }

shared.METHODS = {
  ["1f1b"] = "one_f_one_b_bubble",
  dualpipe = "dualpipe_bubble",
  dualpipev = "dualpipev_bubble",
  gpipe = "gpipe_bubble",
  zb_h1 = "zb1p_bubble",
}

shared.sorted_keys = require "tables".sorted_keys

function shared.copy(options, more)
  local result = {}
  for key, value in pairs(options) do
    result[key] = value
  end
  for key, value in pairs(more or {}) do
    result[key] = value
  end
  return result
end

-- Equal to a relative 1e-9; the case stands in the message.
function shared.assert_close(actual, expected, case)
  local scale = math.max(1, math.abs(actual), math.abs(expected))
  local close = math.abs(actual - expected) <= 1e-9 * scale
  if not close then
    lu.fail(("%.17g is not %.17g %s"):format(actual, expected, case or ""))
  end
end

function shared.assert_fails(parts, call, ...)
  local ok, message = pcall(call, ...)
  lu.assertFalse(ok, "raised no error")
  lu.assertStrContains(message, debug.getinfo(2, "S").short_src .. ":")
  for _, part in ipairs(parts) do
    lu.assertStrContains(message, part)
  end
end

-- The strategy simulated by what the class does not use: costs divided here.
function shared.simulate(strategy, num_ranks, num_chunks, costs)
  local parts = shared.STAGES_PER_RANK[strategy] or 1
  local of_stage = { F = (costs.F or 1) / parts, p2p = costs.p2p }
  for _, name in ipairs { "B", "I", "W", "FB" } do
    of_stage[name] = costs[name] and costs[name] / parts
  end
  local shape = { num_ranks = num_ranks, num_chunks = num_chunks }
  return assert(dpl.simulate(dpl.schedule(strategy, shape), of_stage))
end

-- The rank that holds the middle stage of the route.
function shared.middle_rank(strategy, num_ranks)
  return strategy == "dualpipev" and num_ranks - 1 or num_ranks // 2
end

function shared.least_chunks(strategy, num_ranks)
  local factor = (strategy == "dualpipe" or strategy == "dualpipev") and 2 or 0
  local least = math.max(1, factor * num_ranks)
  return strategy == "zb_h1" and math.max(1, num_ranks - 1) or least
end

-- Calls visit(num_ranks, num_chunks) for all allowed sizes of up to most_ranks and 4 chunks a rank.
function shared.each_size(strategy, most_ranks, visit)
  local step = strategy == "dualpipe" and 2 or 1
  for num_ranks = step, most_ranks, step do
    for num_chunks = shared.least_chunks(strategy, num_ranks), 4 * num_ranks + 1, step do
      visit(num_ranks, num_chunks)
    end
  end
end

return shared
