-- Strategies written in Lua: the forms of a definition.

local lu = require "luaunit"
local dpl = require "dpl"
local simulating = require "simulating"
local defining = require "defining"

local suite, sizes = defining.suite, defining.sizes
local text_of, assert_same_orders = defining.text_of, defining.assert_same_orders
local AS_TEXT <const> = defining.AS_TEXT

-- ---- The library's schedules, written anew ----

local BUILT = {
  order = function(rank, options, o)
    local warm_up = defining.warm_up_of(rank, options)
    for chunk = 0, warm_up - 1 do
      o:F(chunk)
    end
    for chunk = warm_up, options.num_chunks - 1 do
      o:F(chunk):B(chunk - warm_up)
    end
    return o:run("B%d..%d", options.num_chunks - warm_up, options.num_chunks - 1)
  end,
}

local CHOSEN = {
  choose = function(rank, ready, state)
    if ready.B then
      return "B"
    elseif state:held() < state.num_ranks - rank then
      return ready.F
    end
  end,
}

local REPEATED = {
  block = function(options)
    local block = { interval = 2, F = {}, B = {} }
    for stage = 0, options.num_ranks - 1 do
      block.F[stage + 1] = stage
      block.B[stage + 1] = 2 * options.num_ranks - 1 - stage
    end
    return block
  end,
}

local TestForms = suite()

function TestForms:test_1f1b_in_every_form()
  for name, definition in pairs {
    text = AS_TEXT, built = BUILT, chosen = CHOSEN, repeated = REPEATED,
  } do
    self:define(name, definition)
    for num_ranks = 1, 9 do
      for num_chunks = 1, 13 do
        assert_same_orders(name, "1f1b", sizes(num_ranks, num_chunks))
      end
    end
  end
end

function TestForms:test_dualpipe_needs_no_stages()
  self:define("again", {
    routes = "both_ways",
    check = function(options)
      local least = 2 * options.num_ranks
      return options.num_ranks % 2 == 0 and options.num_chunks >= least, "as dualpipe"
    end,
    order = function(rank, options)
      local actions = dpl.schedule("dualpipe", options):order(rank)
      for i, action in ipairs(actions) do
        actions[i] = action:gsub("^%((%d+)(F%d+);(%d+)(B%d+)%)OVERLAP_F_B$", "%2&%4")
          :gsub("^%d+", "")
      end
      return table.concat(actions, ", ")
    end,
  })
  for _, size in ipairs { { 2, 4 }, { 2, 6 }, { 4, 8 }, { 4, 22 }, { 6, 12 }, { 8, 20 } } do
    assert_same_orders("again", "dualpipe", sizes(size[1], size[2]))
  end
end

function TestForms:test_routes_by_name_are_those_of_the_library()
  for routes, like in pairs { linear = "interleaved_1f1b", v = "zbv", both_ways = "dualpipe" } do
    self:define("routed", {
      routes = routes, stages_per_rank = 2,
      order = function(rank, options)
        return table.concat(dpl.schedule(like, sizes(options.num_ranks, options.num_chunks))
          :order(rank), " ")
      end,
    })
    local size = sizes(4, 8)
    assert_same_orders("routed", like, size)
    lu.assertEquals(dpl.schedule("routed", size).routes, dpl.schedule(like, size).routes)
  end
end

function TestForms:test_routes_from_a_function()
  local asked = 0
  self:define("backwards", {
    uses_costs = true,
    routes = function(options)
      local ranks = {}
      asked = asked + 1
      for rank = options.num_ranks - 1, 0, -1 do
        ranks[#ranks + 1] = rank
      end
      return { { ranks = ranks, chunks = { 0, options.num_chunks - 1 } } }
    end,
    order = function(rank, options)
      return AS_TEXT.order(options.num_ranks - 1 - rank, options)
    end,
  })
  local schedule = dpl.schedule("backwards", sizes(3, 5))
  lu.assertEquals(asked, 1)
  lu.assertEquals(schedule.routes, { { ranks = { 2, 1, 0 }, chunks = { 0, 4 } } })
  lu.assertEquals(dpl.simulate(schedule).makespan,
    dpl.simulate(dpl.schedule("1f1b", sizes(3, 5))).makespan)
end

function TestForms:test_edits()
  self:define("edited", {
    base = "1f1b",
    check = function(options)
      return options.num_chunks >= options.num_ranks - 1, "too few chunks"
    end,
    edit = function(editor, options)
      editor:split()
      for rank = 0, options.num_ranks - 1 do
        editor:delay_weights(rank, rank)
      end
    end,
  })
  for num_ranks = 1, 7 do
    for num_chunks = math.max(1, num_ranks - 1), 13 do
      assert_same_orders("edited", "zb_h1", sizes(num_ranks, num_chunks))
    end
  end
  simulating.assert_raises("edited: too few chunks", dpl.schedule, "edited", sizes(4, 2))
end

-- Sizes, routes, options and costs are those of the base.
function TestForms:test_edits_have_the_shape_of_their_base()
  local seen
  for _, base in ipairs { "interleaved_1f1b", "dualpipe", "zbv_greedy", "chimera" } do
    self:define("same", {
      base = base, uses_costs = true,
      edit = function(_, options) seen = options end,
    })
    assert_same_orders("same", base, sizes(4, 8, { costs = { F = 3, I = 2, W = 1 } }))
    lu.assertEquals(#seen.costs.F, dpl.schedule(base, sizes(4, 8)).num_stages)
    lu.assertEquals(dpl.describe("same").num_routes, dpl.describe(base).num_routes)
    lu.assertEquals(dpl.describe("same").uses_costs, true)
  end
  self:define("same", { base = "interleaved_1f1b", edit = function() end })
  assert_same_orders("same", "interleaved_1f1b", sizes(4, 8, { stages_per_rank = 3 }))
  simulating.assert_raises("interleaved_1f1b needs", dpl.schedule, "same", sizes(2, 5))
end

function TestForms:test_mistakes_of_edits()
  self:define("wrong", { base = "1f1b", edit = function(e) e:move(0, "F9", { by = 1 }) end })
  simulating.assert_raises("e:move: rank 0 has no F9", dpl.schedule, "wrong", sizes(2, 3))
  self:define("wrong", { base = "1f1b", edit = function(e) e:swap(0, "F0", "B0") end })
  simulating.assert_raises({ "edit of strategy 'wrong'", "its F has not run before it" },
    dpl.schedule, "wrong", sizes(2, 3))
  self:define("wrong", { base = "1f1b", edit = function(e) local _ <close> = e end })
  simulating.assert_raises("closed", dpl.schedule, "wrong", sizes(2, 3))
  for _, definition in ipairs { { base = "1f1", edit = print }, { base = "1f1b", order = print },
    { base = "1f1b", edit = print, routes = "v" } } do
    simulating.assert_raises({}, dpl.strategy, "wrong", definition)
  end
end

-- ---- Text ----

local TestOrderText = suite()

-- The order of one rank, which runs everything that the text says.
function TestOrderText:read(text, num_chunks)
  self:define("text", { order = function() return text end })
  return (text_of(dpl.schedule("text", sizes(1, num_chunks))):gsub("%f[%w]0([FBIW])", "%1"))
end

function TestOrderText:test_what_can_be_written()
  local simple = "F0 B0 F1 B1 F2 B2 F3 B3"
  for _, text in ipairs {
    "F0 B0 F1 B1 F2 B2 F3 B3", "0F0,0B0,0F1,0B1,0F2,0B2,0F3,0B3",
    " F0\tB0\n[F1 B1 F2 B2]\r\n F3,B3,",
    "[F0 B0]*4", "[F0 B0]*4+1", "[[F0 B0]*2]*2+2", "[F0 B0 F1 B1]*2+2", "[F0..0 B0..0]*4",
    "[F3 B3]*0 [F0 B0]*4 [F9]*0 F3..2 F0..-1 [F9]*-3", "[[]*9 F0 B0]*4",
  } do
    lu.assertEquals(self:read(text, 4), simple, text)
  end
  lu.assertEquals(self:read("F0..3 [B3]*4-1", 4), "F0 F1 F2 F3 B3 B2 B1 B0")
  lu.assertEquals(self:read("F0..2 I0..2 W0..2", 3), "F0 F1 F2 I0 I1 I2 W0 W1 W2")
  local pairs_text = "F0 (F1;B0)OVERLAP_F_B (F2;B1)OVERLAP_F_B B2"
  lu.assertEquals(self:read("F0 F1&B0 0F2&0B1 B2", 3), pairs_text)
  lu.assertEquals(self:read("F0 [F1&B0]*2 B2", 3), pairs_text)
  lu.assertEquals(self:read("F0 [(0F1;0B0)OVERLAP_F_B]*2 B2", 3), pairs_text)
end

function TestOrderText:test_what_is_wrong_is_named_with_its_place()
  for text, message in pairs {
    ["F0 B0 F9"] = "column 7, 'F9': there is no chunk 9: chunks are 0 to 1",
    ["F0 B-1"] = "column 4, 'B-1': there is no chunk -1",
    ["F99999999999"] = "'F99999999999': there is no chunk",
    ["7F0"] = "'7F0': there is no stage 7: stages are 0 to 0",
    ["F0 X1"] = "column 4, 'X1': an action is a kind",
    ["f0"] = "'f0': an action is a kind", ["F"] = "'F': an action is a kind",
    ["F0B0"] = "'F0B0': a blank belongs behind an action",
    ["F0..4.0"] = "a chunk is a whole number", ["F0 F1.0"] = "a chunk is a whole number",
    ["F0.."] = "a range ends with a number", ["F0&"] = "a pair is an F and a B",
    ["F0&F1"] = "'F0&F1': a pair is an F and a B", ["B0&F1"] = "a pair is an F and a B",
    ["(0F0;0B0)"] = "a pair is written F3&B0", ["[F0"] = "this [ is not closed",
    ["F0]"] = "this ] closes no group", ["[F0]*"] = "comes how often it runs",
    ["[F0]*2+"] = "by how much chunks rise", ["F0..5"] = "there is no chunk 2",
    [("["):rep(40) .. ("]"):rep(40)] = "nested too deeply",
    ["[F0 B0]*1000000000"] = "there is no chunk 2",
    ["[F0]*1000000000+0"] = "rank 0 has run all that its stages can",
    ["F0\0"] = "a blank belongs behind an action",
  } do
    simulating.assert_raises({ message, "order of strategy 'text'", "rank 0, column" },
      self.read, self, text, 2)
  end
end

-- ---- A rule ----

local TestChoose = suite()

function TestChoose:test_time_and_inputs_are_those_of_the_simulation()
  local costs = { F = { 2, 3, 5 }, I = { 1, 4, 2 }, W = { 3, 1, 1 }, p2p = 0.5 }
  local seen = {}
  self:define("greedy", {
    splits = true,
    choose = function(rank, ready, state)
      local pick = ready.I or ready.F or ready.W
      lu.assertEquals(state:free_at(), math.min(state:free_at(), state.time))
      lu.assertTrue(state:arrival(pick.kind, pick.stage) <= state.time)
      lu.assertEquals(state:cost("F", rank), costs.F[rank + 1])
      seen[#seen + 1] = { rank, pick.kind, pick.chunk, state.time }
      return pick
    end,
  })
  local t = dpl.simulate(dpl.schedule("greedy", sizes(3, 4, { costs = costs })), costs)
  local starts = {}
  for event in t:actions() do
    starts[("%d %s %d"):format(event.rank, event.kind, event.chunk)] = event.start
  end
  local kinds = { F = "forward", I = "input", W = "weight" }
  for _, choice in ipairs(seen) do
    local rank, kind, chunk, time = table.unpack(choice)
    lu.assertEquals(time, starts[("%d %s %d"):format(rank, kinds[kind], chunk)])
  end
  lu.assertEquals(#seen, 36)
end

function TestChoose:test_what_is_ready_is_sorted_and_named()
  self:define("looks", {
    splits = true, routes = "v",
    choose = function(rank, ready, state)
      local order = { F = 1, B = 2, I = 3, W = 4 }
      for i = 2, #ready do
        local a, b = ready[i - 1], ready[i]
        lu.assertTrue(order[a.kind] < order[b.kind] or a.kind == b.kind and a.stage < b.stage)
      end
      for kind in pairs(order) do
        local first
        for _, entry in ipairs(ready) do
          first = first or entry.kind == kind and entry
        end
        lu.assertIs(ready[kind], first or nil)
      end
      lu.assertEquals(state.num_stages, 6)
      lu.assertEquals(state:started(ready[1].kind, ready[1].stage), ready[1].chunk)
      return #ready, nil, rank
    end,
  })
  lu.assertEquals(#dpl.schedule("looks", sizes(3, 5)), 90)
end

function TestChoose:test_pairs_and_whole_backwards_among_split_ones()
  self:define("mixed", {
    splits = true,
    choose = function(_, ready)
      if ready.F and ready.B and ready.B.chunk % 2 == 1 then
        return ready.F, ready.B
      elseif ready.B and ready.B.chunk % 3 == 0 then
        return "B"
      end
      return ready.I or ready.W or "F"
    end,
  })
  for num_chunks = 1, 9 do
    local schedule = dpl.schedule("mixed", sizes(3, num_chunks))
    local text = text_of(schedule)
    lu.assertTrue(schedule:validate())
    lu.assertStrContains(text, "B0")
    lu.assertEquals(text:find("OVERLAP", 1, true) ~= nil, num_chunks > 2, num_chunks)
  end
end

function TestChoose:test_a_pair_takes_the_time_given()
  self:define("overlaps", {
    choose = function(_, ready)
      if ready.F and ready.B then
        return ready.F, ready.B
      end
      return 1
    end,
  })
  local costs = { F = 1, B = 2, FB = 2.5 }
  local schedule = dpl.schedule("overlaps", sizes(1, 3, { costs = costs }))
  lu.assertEquals(text_of(schedule), "0F0 (0F1;0B0)OVERLAP_F_B (0F2;0B1)OVERLAP_F_B 0B2")
  lu.assertEquals(dpl.simulate(schedule, costs).makespan, 8)
end

-- Waiting for another rank's action is what a list scheduler is for.
function TestChoose:test_a_rank_that_waits_is_asked_again()
  local asked = 0
  self:define("patient", {
    choose = function(rank, ready, state)
      asked = asked + 1
      if ready.F and rank == 0 and state:started("F", 1) < ready.F.chunk then
        return nil
      end
      return ready.B or ready.F
    end,
  })
  lu.assertTrue(dpl.schedule("patient", sizes(2, 6)):validate())
  lu.assertTrue(asked > 24)
end

function TestChoose:test_costs_of_nothing_and_ties()
  self:define("any", { choose = function(_, ready) return ready[1] end })
  for _, costs in ipairs { { F = 0, B = 0 }, { F = 0, B = 1 }, { F = 0.1, B = 0.3, p2p = 0.1 } } do
    lu.assertEquals(#dpl.schedule("any", sizes(5, 7, { costs = costs })), 70)
  end
end

function TestChoose:test_mistakes()
  local function try(choose, texts)
    self:define("wrong", { choose = choose })
    simulating.assert_raises(texts, dpl.schedule, "wrong", sizes(2, 3))
  end
  try(function() return "W" end, { "choose of rank 0 at time 0", "what it chose (W) is not ready",
    "ready is 0F0" })
  try(function() return 2 end, "what it chose (number) is not ready")
  try(function() return {} end, "what it chose (table) is not ready")
  try(function(_, ready) return ready.F, "B" end, "what it chose (B) is not ready")
  try(function(_, ready) return ready.F, ready.F end, "a pair is an F and a B")
  try(function() end, { "nothing that is ready was chosen: rank 0, which holds 0 activations, "
    .. "could start 0F0", "backwards are whole" })
  try(function() error("no idea") end, "no idea (strategy 'wrong', num_ranks = 2, num_chunks = 3)")
  try(function(_, ready) return ready.Bb end, "ready has no 'Bb': by kind it has F, B, I and W")
  try(function(_, _, _, options) return options.num_chunk end, "(did you mean 'num_chunks'?)")
  try(function(_, _, state) return state:held(2) end, "rank must be a whole number from 0 to 1")
  try(function(_, _, state) return state:arrival("X", 0) end, "kind must be 'F', 'B', 'I' or 'W'")
  try(function(_, _, state) return state:cost("F", 2) end, "stage must be a whole number from 0")
  try(function(_, _, state) return state.tiem end, "a state has no 'tiem' (did you mean 'time'?)")
  try(function(_, _, state) return state.held(1) end, "called with ':'")
end

function TestChoose:test_the_state_ends_with_the_rule()
  local kept
  self:define("keeps", {
    choose = function(_, ready, state)
      kept = state
      return ready[1]
    end,
  })
  dpl.schedule("keeps", sizes(2, 2))
  simulating.assert_raises("good within its 'choose' only", function() return kept.time end)
  simulating.assert_raises("good within its 'choose' only", function() return kept:held(0) end)
end

-- ---- A block ----

-- The list is the rule's own to sort.
function TestChoose:test_sorted_lists()
  self:define("sorts", {
    choose = function(_, ready)
      table.sort(ready, function(a, b) return a.kind < b.kind end)
      return ready[1]
    end,
  })
  self:define("looks", { choose = function(_, ready) return ready.B or ready.F end })
  assert_same_orders("sorts", "looks", sizes(3, 5))
  self:define("wrong", {
    choose = function(_, ready)
      ready[1][1] = 2
      return ready[1]
    end,
  })
  simulating.assert_raises("is not ready", dpl.schedule, "wrong", sizes(3, 5))
end

local TestBlock = suite()

function TestBlock:test_split_backwards()
  self:define("split", {
    block = function(options)
      local P = options.num_ranks
      local block = { interval = 3, F = {}, I = {}, W = {} }
      for stage = 0, P - 1 do
        block.F[stage + 1] = stage
        block.I[stage + 1] = 2 * P - 1 - stage + (2 * P - 1 - stage - stage) % 3 // 2 * 2
        block.W[stage + 1] = 0
      end
      for stage = 0, P - 1 do
        local f, i = block.F[stage + 1] % 3, block.I[stage + 1] % 3
        local w = block.I[stage + 1] + 1
        while w % 3 == f or w % 3 == i do
          w = w + 1
        end
        block.W[stage + 1] = w
      end
      return block
    end,
  })
  for num_ranks = 1, 6 do
    local ok, schedule = pcall(dpl.schedule, "split", sizes(num_ranks, 7))
    if ok then
      lu.assertEquals(#schedule, 3 * num_ranks * 7)
    else
      lu.assertStrContains(schedule, "are both in slot")
    end
  end
end

function TestBlock:test_two_routes()
  self:define("mirrored", {
    routes = "both_ways",
    block = function()
      return { interval = 8, F = { 0, 1, 4, 5 }, B = { 3, 2, 7, 6 } }
    end,
  })
  lu.assertEquals(text_of(dpl.schedule("mirrored", sizes(2, 4))),
    "0F0 0B0 3F2 3B2 0F1 0B1 3F3 3B3\n1F0 1B0 2F2 2B2 1F1 1B1 2F3 2B3")
end

function TestBlock:test_mistakes()
  local function try(block, texts)
    self:define("wrong", { block = function() return block end })
    simulating.assert_raises(texts, dpl.schedule, "wrong", sizes(2, 3))
  end
  try({ interval = 2, F = { 0, 1 }, B = { 2, 3 } }, { "block of strategy 'wrong'",
    "on rank 0 0F1 and 0B0 are both in slot 2" })
  try({ interval = 2, F = { 0, 1 }, B = { 3 } }, "B must be a list of 2 slots")
  try({ interval = 0, F = { 0, 1 }, B = { 3, 2 } }, "the interval must be from 1 to 2^40 (got 0)")
  try({ F = { 0, 1 }, B = { 3, 2 } }, "'interval', the slots from one chunk to the next")
  try({ interval = 2, F = { 0, 0.5 }, B = { 3, 2 } }, "F[2], the slot of stage 1")
  try({ interval = 2, F = { 0, "1" }, B = { 3, 2 } }, "F[2], the slot of stage 1")
  try({ interval = 2, F = { 0, -1 }, B = { 3, 2 } }, "F of stage 1 is in slot -1")
  try({ interval = 2, F = { 0, 1 }, B = { 3, 1 << 50 } }, "slots are from 0 to 2^40")
  try({ interval = 1, F = { 0, 1 }, B = { 1 << 30, 2 } }, "intervals apart: choose a longer one")
  try({ interval = 2, F = { 0, 1 }, I = { 3, 2 } }, "either for B or for I and W")
  try({ interval = 2, B = { 0, 1 } }, "it has slots for F")
  try({ intervall = 2, F = { 0, 1 }, B = { 3, 2 } }, "did you mean 'interval'?")
  try({ interval = 2, F = { 3, 2 }, B = { 0, 1 } }, "its F has not run before it")
  try(nil, "it must return a table")
end

return {
  TestForms = TestForms, TestOrderText = TestOrderText, TestChoose = TestChoose,
  TestBlock = TestBlock,
}
