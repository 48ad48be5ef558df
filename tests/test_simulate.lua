-- Simulation from Lua: times worked out by hand, closed forms over grids, costs in every form, and
-- peaks.

local lu = require "luaunit"
local dpl = require "dpl"

local function simulate(strategy, num_ranks, num_chunks, costs, options)
  local shape = { num_ranks = num_ranks, num_chunks = num_chunks }
  return assert(dpl.simulate(dpl.schedule(strategy, shape), costs, options))
end

-- Calls body(F, I, W) for whole costs from 0 to most.
local function for_costs(most, body)
  for F = 0, most do
    for I = 0, most do
      for W = 0, most do
        body(F, I, W)
      end
    end
  end
end

local function shown(...)
  return table.concat({ ... }, " ")
end

---- By hand ----

local TestByHand = {}

-- Two ranks, two chunks, transfers of 0.5: F0 ends at 1 and is over at 1.5; B0 there ends at 4.5
-- and is back at 5.
function TestByHand.test_1f1b()
  local t = simulate("1f1b", 2, 2, { F = 1, B = 2, p2p = 0.5 })
  local starts = {}
  for event in t:actions() do
    if event.kind ~= "communication" then
      starts[#starts + 1] = event.start
    end
  end
  lu.assertEquals(starts, { 0, 1, 5, 8, 1.5, 2.5, 4.5, 5.5 })
  lu.assertEquals(t.makespan, 10)
  lu.assertEquals(t.busy, { 6, 6 })
  lu.assertEquals(t.bubble_ratio, 1 - 12 / 20)
  lu.assertEquals(t.span, 10)
  lu.assertEquals(t.bubble_rate_span, 1 - 6 / 10)
  lu.assertEquals(t.p2p, 0.5)
end

-- A weight gradient of 5 on the second rank, which runs from 1 to 8; the first from 0 to 5.
function TestByHand.test_conventions_of_the_bubble_differ()
  local s = dpl.schedule {
    num_ranks = 2, num_chunks = 1, routes = { { ranks = { 0, 1 }, chunks = { 0, 0 } } },
    orders = { { "0F0", "0I0", "0W0" }, { "1F0", "1I0", "1W0" } },
  }
  local t = dpl.simulate(s, { F = 1, I = 1, W = { 1, 5 } })
  lu.assertEquals({ t.makespan, t.span }, { 8, 7 })
  lu.assertEquals(t.bubble_ratio, 1 - 10 / 16)
  lu.assertEquals(t.bubble_rate_span, 1 - 5 / 7)
end

-- Four ranks, no gain from overlapping. DualPipeV has twice the stages here, so twice the work.
function TestByHand.test_known_makespans()
  local costs = { F = 1, B = 2, W = 1, FB = 3 }
  for _, case in ipairs {
    { "dualpipe", 8, 26 }, { "dualpipev", 8, 54 }, { "1f1b", 8, 33 }, { "gpipe", 8, 33 },
    { "dualpipe", 16, 50 }, { "dualpipev", 16, 102 }, { "1f1b", 16, 57 }, { "gpipe", 16, 57 },
  } do
    lu.assertEquals(simulate(case[1], 4, case[2], costs).makespan, case[3], case[1])
  end
  lu.assertAlmostEquals(simulate("dualpipe", 4, 16, costs).bubble_ratio, 2 / 50, 1e-15)
  lu.assertAlmostEquals(simulate("dualpipev", 4, 16, costs).bubble_ratio, 6 / 102, 1e-15)
  lu.assertAlmostEquals(simulate("1f1b", 4, 16, costs).bubble_ratio, 9 / 57, 1e-15)
end

function TestByHand.test_one_rank_is_never_idle()
  for _, name in ipairs(dpl.strategies()) do
    local ok, schedule = pcall(dpl.schedule, name, { num_ranks = 1, num_chunks = 6 })
    if ok then
      local t = dpl.simulate(schedule, { F = 3, B = 5, W = 2, p2p = 7 })
      lu.assertEquals(t.bubble_ratio, 0, name)
      lu.assertEquals(t.makespan, t.busy[1], name)
    end
  end
end

---- Closed forms, sources in the design: "Closed forms, and when they hold" ----

local TestClosedForms = {}

-- GPipe and 1F1B: the bubble is (PP - 1)(F + B), always.
function TestClosedForms.test_gpipe_and_1f1b()
  for _, name in ipairs { "gpipe", "1f1b" } do
    for ranks = 1, 7 do
      for chunks = 1, 9 do
        for_costs(2, function(F, I, W)
          local t = simulate(name, ranks, chunks, { F = F, I = I, W = W })
          lu.assertEquals(t.makespan, (chunks + ranks - 1) * (F + I + W),
            shown(name, ranks, chunks, F, I, W))
        end)
      end
    end
  end
end

-- 1F1B with p2p = C, chunks m a multiple of ranks p: (p-1)(F+B) + C(2(p-1)(m/p + 1) - 2).
function TestClosedForms.test_1f1b_with_latency()
  for p = 2, 6 do
    for multiple = 1, 5 do
      for _, C in ipairs { 0.25, 0.5, 1 } do
        local m = p * multiple
        local t = simulate("1f1b", p, m, { F = 2, B = 4, p2p = C })
        lu.assertEquals(t.makespan - m * 6, (p - 1) * 6 + C * (2 * (p - 1) * (multiple + 1) - 2),
          shown(p, m, C))
      end
    end
  end
end

-- GPipe fills and drains once: each of the ways takes p - 1 transfers.
function TestClosedForms.test_gpipe_with_latency()
  for p = 1, 6 do
    for m = 1, 6 do
      local t = simulate("gpipe", p, m, { F = 2, B = 4, p2p = 0.5 })
      lu.assertEquals(t.makespan, (m + p - 1) * 6 + 2 * (p - 1) * 0.5, shown(p, m))
    end
  end
end

-- ZB-H1: (PP - 1)(F + I - min(F, I, W)) for M >= PP, which is (PP - 1)(F + B - 2W) where W is the
-- least. With M = PP - 1 there is one W less to fill the drain with.
function TestClosedForms.test_zb_h1()
  for p = 1, 7 do
    for m = math.max(1, p - 1), 2 * p + 1 do
      for_costs(3, function(F, I, W)
        local filled = m >= p and p - 1 or p - 2
        local bubble = (p - 1) * (F + I) - filled * math.min(F, I, W)
        local t = simulate("zb_h1", p, m, { F = F, I = I, W = W })
        lu.assertEquals(t.makespan - m * (F + I + W), bubble, shown(p, m, F, I, W))
      end)
    end
  end
end

-- DualPipe and DualPipeV, stages PP, micro-batch passes N a rank of which n are in pairs:
-- (N - n)(F + B) + n FB + (PP/2 - 1)(FB + B - 3W), for F = I, W <= F and FB >= F + W.
local function check_dualpipe(name, P, M, stages, N, n)
  for F = 0, 3 do
    for W = 0, F do
      for FB = F + W, F + W + 4 do
        local B = F + W
        local bubble = (stages / 2 - 1) * (FB + B - 3 * W)
        local t = simulate(name, P, M, { F = F, B = B, W = W, FB = FB })
        lu.assertEquals(t.makespan, (N - n) * (F + B) + n * FB + bubble,
          shown(name, P, M, F, W, FB))
      end
    end
  end
end

function TestClosedForms.test_dualpipe()
  for P = 2, 10, 2 do
    for M = 2 * P, 2 * P + 6, 2 do
      check_dualpipe("dualpipe", P, M, P, M, M - P - 1)
    end
  end
end

function TestClosedForms.test_dualpipev()
  for P = 1, 5 do
    for M = 2 * P, 2 * P + 3 do
      check_dualpipe("dualpipev", P, M, 2 * P, 2 * M, 2 * M - 2 * P - 1)
    end
  end
end

-- Outside its conditions the form is wrong: F, I, W, FB = 2, 3, 1, 6 on 4 ranks gives 6, not 7, as
-- the idle time of a middle rank.
function TestClosedForms.test_dualpipe_outside_its_conditions()
  local t = simulate("dualpipe", 4, 8, { F = 2, I = 3, W = 1, FB = 6 })
  lu.assertEquals(t.makespan - t.busy[2], 6)
end

---- Costs ----

local TestCosts = {}

-- The time of the one action of a kind on a rank of a pipeline with one chunk.
local function durations(strategy, num_ranks, num_chunks, costs)
  local found = {}
  for event in simulate(strategy, num_ranks, num_chunks, costs):actions() do
    local key = event.kind .. event.stage
    found[key] = event.duration
  end
  return found
end

function TestCosts.test_what_is_not_given()
  for _, case in ipairs {
    -- costs, F, B, I, W
    { nil, 1, 2, 1, 1 },
    { {}, 1, 2, 1, 1 },
    { { F = 4 }, 4, 8, 4, 4 },
    { { B = 6 }, 1, 6, 3, 3 },
    { { I = 5, W = 2 }, 1, 7, 5, 2 },
    { { F = 4, I = 5 }, 4, 8, 5, 3 },
    { { F = 4, W = 5 }, 4, 8, 3, 5 },
    { { B = 6, W = 1 }, 1, 6, 5, 1 },
    { { B = 6, I = 1 }, 1, 6, 1, 5 },
    { { B = 6, I = 4, W = 2 }, 1, 6, 4, 2 },
    { { F = 0, B = 0 }, 0, 0, 0, 0 },
  } do
    local costs, F, B, I, W = table.unpack(case, 1, 5)
    local split = durations("zb_h1", 2, 2, costs)
    local full = durations("gpipe", 2, 2, costs)
    lu.assertEquals(full, { forward0 = F, forward1 = F, backward0 = B, backward1 = B })
    lu.assertEquals({ split.input0, split.weight0, split.forward0 }, { I, W, F })
  end
end

function TestCosts.test_pairs_cost_both_unless_told()
  local pairs_of = durations("dualpipe", 2, 8, { F = 2, B = 5 })
  lu.assertEquals(pairs_of.overlapped0, 7)
  pairs_of = durations("dualpipe", 2, 8, { F = 2, B = 5, FB = 6 })
  lu.assertEquals(pairs_of.overlapped0, 6)
end

-- F of the pair's forward stage and B of its backward stage; stages 2 and 3 are the second route's.
function TestCosts.test_pairs_cost_what_their_stages_cost()
  local t = simulate("dualpipe", 2, 8, { F = { 1, 2, 4, 8 }, B = { 10, 20, 40, 80 } })
  local count = 0
  for event in t:actions() do
    if event.kind == "overlapped" then
      local F, B = 2 ^ event.stage, 10 * 2 ^ event.backward_stage
      lu.assertEquals(event.duration, F + B)
      count = count + 1
    end
  end
  lu.assertTrue(count > 0)
end

function TestCosts.test_pair_list_goes_by_the_forward_stage()
  local t = simulate("dualpipev", 2, 6, { FB = { 3, 5, 7, 9 } })
  for event in t:actions() do
    if event.kind == "overlapped" then
      lu.assertEquals(event.duration, 3 + 2 * event.stage)
    end
  end
end

function TestCosts.test_list_of_stages()
  lu.assertEquals(durations("gpipe", 3, 1, { F = { 1, 2, 3 }, B = { 4, 5, 6 } }),
    { forward0 = 1, forward1 = 2, forward2 = 3, backward0 = 4, backward1 = 5, backward2 = 6 })
end

-- A list of one route's length serves every route: stage P + k is model piece k.
function TestCosts.test_list_of_one_route()
  local found = durations("dualpipe", 4, 8, { F = { 1, 2, 3, 4 } })
  for piece = 0, 3 do
    lu.assertEquals(found["forward" .. piece], piece + 1)
    lu.assertEquals(found["forward" .. piece + 4], piece + 1)
  end
  found = durations("dualpipe", 4, 8, { F = { 1, 2, 3, 4, 5, 6, 7, 8 } })
  for stage = 0, 7 do
    lu.assertEquals(found["forward" .. stage], stage + 1)
  end
end

function TestCosts.test_lists_of_equal_entries_are_one_number()
  for _, name in ipairs(dpl.strategies()) do
    local s = dpl.schedule(name, { num_ranks = 4, num_chunks = 12 })
    local function list(value)
      local entries = {}
      for stage = 1, s.num_stages do
        entries[stage] = value
      end
      return entries
    end
    local one = dpl.simulate(s, { F = 1.5, I = 1.25, W = 0.75, FB = 3, p2p = 0.1 })
    local other = dpl.simulate(s,
      { F = list(1.5), I = list(1.25), W = list(0.75), FB = list(3), p2p = 0.1 })
    lu.assertEquals(other:columns(), one:columns(), name)
  end
end

function TestCosts.test_slowest_stage_sets_the_pace()
  local t = simulate("1f1b", 4, 100, { F = { 1, 1, 3, 1 }, B = { 2, 2, 6, 2 } })
  lu.assertEquals(t.busy, { 300, 300, 900, 300 })
  lu.assertTrue(t.makespan >= 900 and t.makespan <= 900 + 9 * 2)
end

function TestCosts.test_nothing_costs_nothing()
  for _, name in ipairs(dpl.strategies()) do
    local t = simulate(name, 4, 8, { F = 0, B = 0, FB = 0 })
    lu.assertEquals({ t.makespan, t.bubble_ratio, t.span, t.bubble_rate_span }, { 0, 0, 0, 0 })
  end
end

function TestCosts.test_scaling_costs_scales_times()
  for _, name in ipairs(dpl.strategies()) do
    local costs, scaled = { F = 3, I = 2, W = 1, FB = 5, p2p = 1 }, {}
    for key, value in pairs(costs) do
      scaled[key] = value * 2 ^ 40
    end
    local one, other = simulate(name, 6, 14, costs), simulate(name, 6, 14, scaled)
    lu.assertEquals(other.makespan, one.makespan * 2 ^ 40, name)
    lu.assertEquals(other.bubble_ratio, one.bubble_ratio, name)
  end
end

-- A cost that grows never makes an end come earlier: nothing is chosen by time.
function TestCosts.test_more_cost_is_never_faster()
  for _, name in ipairs(dpl.strategies()) do
    local s = dpl.schedule(name, { num_ranks = 4, num_chunks = 10 })
    local costs = { F = 3, I = 2, W = 1, FB = 5, p2p = 0.5 }
    local before = dpl.simulate(s, costs).makespan
    for _, key in ipairs { "F", "I", "W", "FB", "p2p" } do
      costs[key] = costs[key] + 0.25
      local after = dpl.simulate(s, costs).makespan
      lu.assertTrue(after >= before, name .. " " .. key)
      before = after
    end
  end
end

---- Memory ----

-- 0.1 + 0.2 is more than 0.3 by rounding alone, which leaves an I of 0 and not a negative one.
function TestCosts.test_rounding_is_no_negative_cost()
  local s = dpl.schedule("zb_h1", { num_ranks = 1, num_chunks = 1 })
  lu.assertEquals(dpl.simulate(s, { B = 0.3, W = 0.1 + 0.2 }).makespan, 1 + (0.1 + 0.2))
  lu.assertEquals(dpl.simulate(s, { B = 0.3, I = 0.1 + 0.2 }).makespan, 1 + (0.1 + 0.2))
  lu.assertErrorMsgContains("is more than B", dpl.simulate, s, { B = 0.3, W = 0.300001 })
end

local TestPeaks = {}

local function all(count, value)
  local list = {}
  for i = 1, count do
    list[i] = type(value) == "function" and value(i - 1) or value
  end
  return list
end

-- 1F1B holds as many as there are ranks from here on; GPipe all; DualPipe PP + 1.
function TestPeaks.test_known_peaks()
  for P = 1, 6 do
    for M = 1, 8 do
      lu.assertEquals(simulate("1f1b", P, M).peak_activations,
        all(P, function(r) return math.min(M, P - r) end))
      lu.assertEquals(simulate("gpipe", P, M).peak_activations, all(P, M))
    end
  end
  for P = 2, 8, 2 do
    lu.assertEquals(simulate("dualpipe", P, 2 * P + 4).peak_activations, all(P, P + 1))
    lu.assertEquals(simulate("dualpipe", P, 2 * P + 4).peak_share, all(P, P + 1))
  end
end

-- A rank of DualPipeV holds two stages: PP = 2P, and a stage is half of its share.
function TestPeaks.test_dualpipev_counts_half_shares()
  for P = 2, 5 do
    local t = simulate("dualpipev", P, 2 * P + 4)
    lu.assertEquals(t.peak_activations, all(P, 2 * P + 1))
    lu.assertEquals(t.peak_share, all(P, (2 * P + 1) / 2))
  end
end

-- ZB-H1 holds 1F1B's first rank's everywhere, and its own where I frees everything.
function TestPeaks.test_weight_memory()
  lu.assertEquals(simulate("zb_h1", 4, 4).peak_activations, all(4, 4))
  local modelled = simulate("zb_h1", 4, 4, {}, { weight_memory = 0.5 })
  lu.assertEquals(modelled.peak_activations, { 4, 3.5, 3, 2.5 }) -- the authors' generator, 4 x 4
  local freed = simulate("zb_h1", 4, 4, {}, { weight_memory = 0 })
  lu.assertEquals(freed.peak_activations, { 4, 3, 2, 1 })
end

function TestPeaks.test_grow_with_weight_memory()
  for _, name in ipairs(dpl.strategies()) do
    local s = dpl.schedule(name, { num_ranks = 4, num_chunks = 12 })
    local before = all(4, 0)
    for step = 0, 4 do
      local t = dpl.simulate(s, {}, { weight_memory = step / 4 })
      for rank, peak in ipairs(t.peak_activations) do
        lu.assertTrue(peak >= before[rank] and peak >= 1, name)
        lu.assertTrue(peak <= s.num_chunks * s.num_stages / s.num_ranks, name)
      end
      before = t.peak_activations
    end
  end
end

-- Activations by the events in their order: none are freed that were not taken, and none are left.
function TestPeaks.test_agree_with_the_events()
  for _, name in ipairs(dpl.strategies()) do
    local t = simulate(name, 4, 10)
    local held, most = all(4, 0), all(4, 0)
    local takes = { forward = 1, overlapped = 1 }
    local frees = { backward = 1, weight = 1, overlapped = 1 }
    for event in t:actions() do
      local rank = event.rank + 1
      held[rank] = held[rank] + (takes[event.kind] or 0)
      most[rank] = math.max(most[rank], held[rank])
      held[rank] = held[rank] - (frees[event.kind] or 0)
      lu.assertTrue(held[rank] >= 0, name)
    end
    lu.assertEquals(held, all(4, 0), name)
    lu.assertEquals(most, t.peak_activations, name)
  end
end

return {
  TestByHand = TestByHand,
  TestClosedForms = TestClosedForms,
  TestCosts = TestCosts,
  TestPeaks = TestPeaks,
}
