-- The report of ScheduleComparator.

local lu = require "luaunit"
local simulating = require "simulating"

local with = simulating.with
local new_comparator = simulating.new_comparator

---- The report ----

local TestReport = {}

local REPORT <const> = [[
Strategy Performance Comparison
================================
4 ranks, 8 chunks (micro-batches).
Held constant: the ranks, the whole model and the chunks, so the total work.
Costs of one chunk on a rank's whole share of the model, in any one unit of time:
F 1, B 2, I 1, W 1, FB 3, p2p 0.

Makespan (lower is better):
1. dualpipe  : 26.0
2. dualpipev : 27.0
3. zb_h1     : 27.0
4. 1f1b      : 33.0
5. gpipe     : 33.0
   First start to last end over all ranks, in the unit of the costs.

Bubble Ratio (lower is better):
1. dualpipe  : 0.077
2. dualpipev : 0.111
3. zb_h1     : 0.111
4. 1f1b      : 0.273
5. gpipe     : 0.273
   Idle time / (ranks x makespan), every rank counted over the whole makespan.

Memory Factor (lower is better):
1. 1f1b      : 1.000
2. zb_h1     : 1.000
3. dualpipev : 1.125
4. dualpipe  : 1.250
5. gpipe     : 2.000
   Most activations on any rank, relative to 1f1b on the same problem.
   Copies of the parameters: 2 for dualpipe, 1 for the others.]]

-- The work is the same only as far as pairs take what their halves do.
function TestReport.test_says_what_pairs_take()
  local function held(more)
    return new_comparator(more):generate_report():match("Held constant:[^.]*%.")
  end
  local same = "Held constant: the ranks, the whole model and the chunks, so the total work"
  lu.assertEquals(held(), same .. ".")
  lu.assertEquals(held { FB = 3 }, same .. ".")
  lu.assertEquals(held { FB = 2.5 }, same .. ";\noverlapped pairs take FB instead of F + B.")
  lu.assertEquals(held { F = { 1, 2, 1, 1 }, B = 2, FB = { 3, 4, 3, 3 } }, same ..
    ";\noverlapped pairs take the FB of their forward's part of the model instead of F + B.")
end

function TestReport.test_text()
  lu.assertEquals(new_comparator {
    strategies = { "1f1b", "dualpipe", "dualpipev", "gpipe", "zb_h1" },
  }:generate_report(), REPORT)
end

function TestReport.test_is_deterministic()
  lu.assertEquals(new_comparator():generate_report(), new_comparator():generate_report())
end

function TestReport.test_stages()
  local text = new_comparator { hold = "stages", num_chunks = 12 }:generate_report()
  lu.assertStrContains(text, "4 stages, 12 chunks (micro-batches).\nHeld constant: the stages")
  lu.assertStrContains(text, "Costs of one chunk on one stage, in any one unit of time:")
  lu.assertStrMatches(text, ".*%d%. dualpipev +: +%d+%.%d  on 2 ranks\n.*")
end

function TestReport.test_costs()
  local text = new_comparator { F = { 1, 2, 1.5, 1 }, I = 1.5, W = 0.5, p2p = 0.1 }
    :generate_report()
  lu.assertStrContains(text, "\nF 1 to 2, B 2, I 1.5, W 0.5, FB 3 to 4, p2p 0.1.\n")
  text = new_comparator { FB = { 3, 2, 4, 3 } }:generate_report()
  lu.assertStrContains(text, "\nF 1, B 2, I 1, W 1, FB 2 to 4, p2p 0.\n")
end

function TestReport.test_skipped()
  local text = new_comparator { num_ranks = 3 }:generate_report()
  lu.assertStrContains(text, "\n\nNot compared:\n- chimera needs an even num_ranks (got 3)")
  lu.assertStrContains(text, "\n- dualpipe needs an even num_ranks (got 3)")
end

function TestReport.test_weight_memory_is_told()
  lu.assertStrContains(new_comparator { weight_memory = 0.5 }:generate_report(),
    "I leaves 0.5 of an activation for W to free")
end

function TestReport.test_decimals()
  local function makespan_line(costs)
    return new_comparator(with({ strategies = { "1f1b" } }, costs)):generate_report()
      :match("1%. 1f1b : ([^\n]+)")
  end
  lu.assertEquals(makespan_line { F = 1.13 }, "37.29")
  lu.assertEquals(makespan_line { F = 0.01, B = 0.023 }, "0.3630")
  lu.assertEquals(makespan_line { F = 57.63, B = 126.21 }, "2022.2")
  lu.assertEquals(makespan_line { F = 1e-9 }, "3.3e-08")
  lu.assertEquals(makespan_line { F = 1e15 }, "3.3e+16")
  lu.assertEquals(makespan_line { F = 0 }, "0.0")
end

function TestReport.test_columns_line_up()
  local text = new_comparator { num_ranks = 2, num_chunks = 32, F = 3.7, B = 9.1 }
    :generate_report()
  local column
  for line in text:match("Makespan.-\n(.-)   First"):gmatch("[^\n]+") do
    local colon, point = line:find(" : ", 1, true), line:find("%.%d", 4)
    column = column or { colon, point }
    lu.assertEquals({ colon, point }, column)
  end
  lu.assertNotNil(column)
end

return { TestReport = TestReport }
