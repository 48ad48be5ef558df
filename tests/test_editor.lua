-- dpl.edit: what each edit does to an order, and known schedules made of others. Mistakes are in
-- test_editor_mistakes.lua; that no edit loses work or memory is in test_edit.c.

local lu = require "luaunit"
local dpl = require "dpl"
local editing = require "editing"

local schedule_of, editor_of, orders_of = editing.schedule_of, editing.editor_of, editing.orders_of
local six = editing.six

-- The edited schedule is the strategy's, and it can run.
local function assert_is(editor, name)
  local expected = schedule_of(name, editor.num_ranks, editor.num_chunks)
  local s = editor:schedule()
  lu.assertEquals(orders_of(s), orders_of(expected))
  lu.assertEquals(s.routes, expected.routes)
  lu.assertTrue(s:validate())
end

---- Known schedules from others ----

local TestKnown = {}

-- Calls body(num_ranks, num_chunks) for small and odd sizes of at least as many chunks as `least`
-- of num_ranks says.
local function for_sizes(least, body)
  for num_ranks = 1, 9 do
    for _, more in ipairs { 0, 1, 2, 5, 10, 17 } do
      body(num_ranks, math.max(1, least(num_ranks) + more))
    end
  end
end

local function no_rule()
  return 1
end

function TestKnown.test_zb_h1_from_1f1b()
  for_sizes(function(ranks) return ranks - 1 end, function(num_ranks, num_chunks)
    local e = editor_of("1f1b", num_ranks, num_chunks):split()
    for rank = 0, num_ranks - 1 do
      e:delay_weights(rank, rank)
    end
    assert_is(e, "zb_h1")
  end)
end

function TestKnown.test_1f1b_from_zb_h1()
  for_sizes(function(ranks) return ranks - 1 end, function(num_ranks, num_chunks)
    assert_is(editor_of("zb_h1", num_ranks, num_chunks):delay_weights(0):join(), "1f1b")
  end)
end

-- Behind as many forwards as fill the pipeline, each backward follows a forward.
local function start_backwards(e, rank, ahead)
  for chunk = 0, e.num_chunks - 1 - ahead do
    e:move(rank, "B" .. chunk, { after = "F" .. chunk + ahead })
  end
end

function TestKnown.test_1f1b_from_gpipe()
  for_sizes(no_rule, function(num_ranks, num_chunks)
    local e = editor_of("gpipe", num_ranks, num_chunks)
    for rank = 0, num_ranks - 1 do
      start_backwards(e, rank, num_ranks - 1 - rank)
    end
    assert_is(e, "1f1b")
  end)
end

function TestKnown.test_gpipe_from_1f1b()
  for_sizes(no_rule, function(num_ranks, num_chunks)
    local e = editor_of("1f1b", num_ranks, num_chunks)
    for rank = 0, num_ranks - 1 do
      for chunk = 0, num_chunks - 1 do
        e:move(rank, "B" .. chunk, { to = 2 * num_chunks - 1 })
      end
    end
    assert_is(e, "gpipe")
  end)
end

function TestKnown.test_zb_h2_from_gpipe()
  for_sizes(function(ranks) return 2 * ranks - 1 end, function(num_ranks, num_chunks)
    local e = editor_of("gpipe", num_ranks, num_chunks)
    for rank = 0, num_ranks - 1 do
      start_backwards(e, rank, 2 * (num_ranks - 1 - rank))
      e:split(rank):delay_weights(rank, 2 * rank)
    end
    assert_is(e, "zb_h2")
  end)
end

-- GPipe's input gradients, one behind the other: (PP-1) (F + I) and the work, 2 * 2 + 4 * 3.
function TestKnown.test_gpipe_with_weights_last()
  local e = editor_of("gpipe", 3, 4):split():delay_weights("end")
  lu.assertEquals(orders_of(e)[2],
    "1F0 1F1 1F2 1F3 1I0 1I1 1I2 1I3 1W0 1W1 1W2 1W3")
  lu.assertEquals(dpl.simulate(e:schedule(), { F = 1, I = 1, W = 1 }).makespan, 16)
end

-- DualPipe's pairs taken apart and put together again.
function TestKnown.test_pairs_of_dualpipe()
  for _, size in ipairs { { 2, 4 }, { 4, 8 }, { 4, 14 }, { 6, 12 }, { 8, 22 } } do
    for _, name in ipairs { "dualpipe", "dualpipev" } do
      local s = schedule_of(name, size[1], size[2])
      local e = dpl.edit(s):unfuse()
      lu.assertNotStrContains(table.concat(orders_of(e), " "), "OVERLAP")
      lu.assertTrue(#e > #s)
      for rank = 0, s.num_ranks - 1 do
        for _, action in ipairs(s:order(rank)) do
          local forward, backward = action:match("^%((.-);(.-)%)")
          if forward then
            e:fuse(rank, forward, backward)
          end
        end
      end
      assert_is(e, name)
    end
  end
end

function TestKnown.test_split_and_join_of_every_strategy()
  for _, name in ipairs(dpl.strategies()) do
    local e = editor_of(name, 4, 8)
    local joined = orders_of(e:join())
    e:split()
    lu.assertEquals(orders_of(e:join()), joined, name)
    lu.assertTrue(e:schedule():validate(), name)
    lu.assertTrue(e:split():delay_weights("end"):schedule():validate(), name)
  end
end

---- One edit ----

local TestEdits = {}

local function letters(e, rank)
  return (table.concat(e:order(rank or 0), " "):gsub("%d([FBIW]%d)", "%1"))
end

function TestEdits.test_moves()
  for _, case in ipairs {
    { "F0", { before = "B0" }, "F1 F2 F0 B0 B1 B2" },
    { "F0", { before = "F1" }, "F0 F1 F2 B0 B1 B2" },
    { "F2", { before = "F0" }, "F2 F0 F1 B0 B1 B2" },
    { "F0", { after = "B2" }, "F1 F2 B0 B1 B2 F0" },
    { "F1", { after = "F0" }, "F0 F1 F2 B0 B1 B2" },
    { "B2", { after = "F1" }, "F0 F1 B2 F2 B0 B1" },
    { "F0", { by = 5 }, "F1 F2 B0 B1 B2 F0" },
    { "F1", { by = -1 }, "F1 F0 F2 B0 B1 B2" },
    { "B2", { by = -5 }, "B2 F0 F1 F2 B0 B1" },
    { "B0", { by = 0 }, "F0 F1 F2 B0 B1 B2" },
    { "0B0", { by = 1.0 }, "F0 F1 F2 B1 B0 B2" },
  } do
    local e = six()
    lu.assertIs(e:move(0, case[1], case[2]), e)
    lu.assertEquals(letters(e), case[3])
    lu.assertEquals(letters(e, 1), "F0 F1 F2 B0 B1 B2")
  end
end

function TestEdits.test_positions()
  for from = 0, 5 do
    for to = 0, 5 do
      local e = six()
      local expected = e:order(0)
      table.insert(expected, to + 1, table.remove(expected, from + 1))
      e:move(0, e:order(0)[from + 1], { to = to })
      lu.assertEquals(e:order(0), expected)
    end
  end
end

function TestEdits.test_swap()
  lu.assertEquals(letters(six():swap(0, "F0", "B2")), "B2 F1 F2 B0 B1 F0")
  lu.assertEquals(letters(six():swap(0, "F1", "F0"):swap(0, "F1", "F2")), "F2 F0 F1 B0 B1 B2")
end

function TestEdits.test_reorder()
  local e = six():split(0, "B1")
  e:reorder(0, { "W1", "I1", "B2", "0B0", "F2", "F1", "F0" })
  lu.assertEquals(letters(e), "W1 I1 B2 B0 F2 F1 F0")
  lu.assertEquals(letters(e:reorder(0, e:order(0))), "W1 I1 B2 B0 F2 F1 F0")
end

function TestEdits.test_split_and_join()
  lu.assertEquals(letters(six():split(0, "B1")), "F0 F1 F2 B0 I1 W1 B2")
  lu.assertEquals(letters(six():split()), "F0 F1 F2 I0 W0 I1 W1 I2 W2")
  local e = six():split(0)
  lu.assertEquals({ letters(e), letters(e, 1) },
    { "F0 F1 F2 I0 W0 I1 W1 I2 W2", "F0 F1 F2 B0 B1 B2" })
  lu.assertEquals(letters(six():split { 1, 0 }), letters(e))
  lu.assertEquals(letters(six():split {}), letters(six()))
  lu.assertEquals(letters(e:move(0, "W1", { by = 1 }):join()), "F0 F1 F2 B0 I1 I2 W1 W2")
  lu.assertEquals(letters(e:split(0, "B0"):move(0, "W2", { after = "I2" }):join(0, "I2")),
    "F0 F1 F2 I0 W0 I1 B2 W1")
  lu.assertEquals(letters(e:join { 0 }), "F0 F1 F2 B0 I1 B2 W1")
end

function TestEdits.test_delays()
  local e = six():split()
  for n, expected in pairs {
    [0] = "F0 F1 F2 I0 W0 I1 W1 I2 W2", "F0 F1 F2 I0 I1 W0 I2 W1 W2", "F0 F1 F2 I0 I1 I2 W0 W1 W2",
    "F0 F1 F2 I0 I1 I2 W0 W1 W2",
  } do
    lu.assertEquals(letters(e:delay_weights(n)), expected)
    lu.assertEquals(letters(e:delay_weights(0):delay_weights({ 0 }, n)), expected)
  end
  lu.assertEquals(letters(e:delay_weights("end")), letters(e:delay_weights(2147483647)))
  lu.assertEquals(letters(e:delay_weights(nil, 1)), letters(six():split():delay_weights(0, 1)))
  -- What is behind the last backward stays before the weights of "end", and B's count as I's do.
  e = six():move(0, "F2", { to = 5 }):split(0, "B0"):delay_weights(1)
  lu.assertEquals(letters(e), "F0 F1 I0 B1 W0 B2 F2")
  lu.assertEquals(letters(e:delay_weights("end")), "F0 F1 I0 B1 B2 F2 W0")
end

function TestEdits.test_pairs()
  local e = six():fuse(0, "F2", "B0")
  lu.assertEquals(e:order(0), { "0F0", "0F1", "(0F2;0B0)OVERLAP_F_B", "0B1", "0B2" })
  for _, name in ipairs { "F2&B0", "B0&F2", "0F2&B0", "0F2&0B0", "(0F2;0B0)OVERLAP_F_B" } do
    e:move(0, name, { to = 4 })
    lu.assertEquals(e:order(0)[5], "(0F2;0B0)OVERLAP_F_B")
    e:move(0, "B1", { after = name }):move(0, name, { before = "F0" })
    lu.assertEquals(e:order(0)[1], "(0F2;0B0)OVERLAP_F_B")
  end
  lu.assertEquals(letters(e:split(0)), "(F2;B0)OVERLAP_F_B F0 F1 I2 W2 I1 W1")
  lu.assertEquals(letters(e:unfuse(0, "F2&B0")), "F2 B0 F0 F1 I2 W2 I1 W1")
  lu.assertEquals(letters(e:fuse(0, "F1", "B0")), "F2 F0 (F1;B0)OVERLAP_F_B I2 W2 I1 W1")
end

---- Weights into bubbles ----

local TestBubbles = {}

local COSTS <const> = {
  { F = 1, I = 1, W = 1 },
  { F = 1, I = 1, W = 1, p2p = 0.25 },
  { F = 3, I = 2, W = 1, p2p = 1 },
  { F = 18522, I = 18086, W = 9337, p2p = 601 }, -- arXiv 2401.10241, Table 9, 1.5B on 8 ranks
  { F = 2, I = 3, W = 0, p2p = 0.5 },
  { F = 1, I = 2, W = 5 },
}

local function most_held(timeline)
  return math.max(table.unpack(timeline.peak_activations))
end

-- The starts of all actions but W's, by name; and the makespan.
local function starts_of(schedule, costs)
  local starts = {}
  local t <close> = dpl.simulate(schedule, costs)
  for event in t:actions() do
    if event.kind ~= "weight" and event.kind ~= "communication" then
      starts[("%s %d %d"):format(event.kind, event.stage, event.chunk)] = event.start
    end
  end
  return starts, t.makespan
end

local function without_weights(costs)
  return { F = costs.F, I = costs.I, W = 0, p2p = costs.p2p }
end

-- No rank waits while a W could run that its I lets run.
local function assert_filled(schedule, costs, name)
  local t <close> = dpl.simulate(schedule, costs)
  local free_at, waiting = {}, {}
  for event in t:actions() do
    local rank = event.rank
    if event.kind ~= "communication" then
      local idle = event.start - (free_at[rank] or 0)
      lu.assertTrue((waiting[rank] or 0) == 0 or idle < costs.W * (1 + 1e-9) + 1e-9, name)
      waiting[rank] = (waiting[rank] or 0) + (event.kind == "input" and 1 or 0)
        - (event.kind == "weight" and 1 or 0)
      free_at[rank] = event.finish
    end
  end
end

-- Without a bound every other action starts when it would if W's took no time, wherever they were;
-- and nothing is lost to W's that all run at the end.
function TestBubbles.test_nothing_is_later()
  for _, name in ipairs(dpl.strategies()) do
    for _, costs in ipairs(COSTS) do
      local e = editor_of(name, 4, 12):unfuse():split()
      local expected = starts_of(e:delay_weights("end"):schedule(), without_weights(costs))
      local _, last = starts_of(e:schedule(), costs)
      lu.assertIs(e:fill_bubbles(costs), e)
      local starts, makespan = starts_of(e:schedule(), costs)
      lu.assertTrue(makespan <= last * (1 + 1e-9), name)
      for action, start in pairs(expected) do
        lu.assertAlmostEquals(starts[action], start, 1e-6 * start, name .. " " .. action)
      end
      assert_filled(e:schedule(), costs, name)
      local orders = orders_of(e)
      lu.assertEquals(orders_of(e:delay_weights(0):fill_bubbles(costs)), orders, name)
    end
  end
end

-- Within the bound, unless the orders need more with every W right behind its I.
function TestBubbles.test_bound()
  for _, name in ipairs { "1f1b", "gpipe", "interleaved_1f1b", "zbv", "dualpipe" } do
    for _, bound in ipairs { 1, 2.5, 4, 7, 100 } do
      for _, weight_memory in ipairs { 1, 0.5, 0 } do
        local options = { weight_memory = weight_memory }
        local e = editor_of(name, 4, 12):unfuse():split()
        local least = most_held(dpl.simulate(e:schedule(), nil, options))
        options.most_held = bound
        local s = e:fill_bubbles(COSTS[2], options):schedule()
        local held = most_held(dpl.simulate(s, nil, { weight_memory = weight_memory }))
        lu.assertTrue(held <= math.max(bound, least) + 1e-9, name .. " " .. bound .. " " .. held)
      end
    end
  end
end

-- On a single rank, which never waits, W's run when they must: an I frees half, or nothing.
function TestBubbles.test_what_an_input_gradient_frees()
  local e = editor_of("1f1b", 1, 4):split()
  e:fill_bubbles(nil, { most_held = 2, weight_memory = 0.5 })
  lu.assertEquals(letters(e), "F0 I0 F1 I1 F2 I2 W0 F3 I3 W1 W2 W3")
  e:fill_bubbles(nil, { most_held = 2 })
  lu.assertEquals(letters(e), "F0 I0 F1 I1 W0 F2 I2 W1 F3 I3 W2 W3")
  -- Where a W frees nothing no bound is a reason to run it.
  e = editor_of("1f1b", 4, 8):split()
  local unbound = orders_of(e:fill_bubbles())
  lu.assertEquals(orders_of(e:fill_bubbles(nil, { most_held = 1, weight_memory = 0 })), unbound)
end

-- Pairs wait for two inputs: on rank 1 of the last for the gradient, with a W at hand.
function TestBubbles.test_pairs()
  for _, e in ipairs {
    editor_of("dualpipe", 4, 12), editor_of("dualpipev", 4, 12),
    editor_of("1f1b", 4, 8):fuse(1, "F3", "B1"):fuse(1, "F5", "B3"),
  } do
    for _, FB in ipairs { 2, 3.5 } do
      local costs = { F = 1, I = 1.5, W = 1, FB = FB, p2p = 0.5 }
      e:split():delay_weights("end")
      local expected = starts_of(e:schedule(), { F = 1, I = 1.5, W = 0, FB = FB, p2p = 0.5 })
      e:fill_bubbles(costs)
      lu.assertEquals(starts_of(e:schedule(), costs), expected)
      assert_filled(e:schedule(), costs)
    end
  end
end

-- With the memory of 1F1B it finds what the zero-bubble paper's schedules take.
function TestBubbles.test_as_good_as_zero_bubble_schedules()
  for _, size in ipairs { { 4, 8 }, { 8, 24 }, { 5, 17 } } do
    for i = 1, 4 do
      local costs = COSTS[i]
      local e = editor_of("1f1b", size[1], size[2]):split()
      e:fill_bubbles(costs, { most_held = size[1] })
      local t = dpl.simulate(e:schedule(), costs)
      local zb_1p = dpl.simulate(dpl.schedule("zb_1p",
        { num_ranks = size[1], num_chunks = size[2], costs = costs }), costs)
      lu.assertTrue(t.makespan <= zb_1p.makespan * (1 + 1e-9))
      lu.assertEquals(most_held(t), most_held(zb_1p))
    end
  end
end

function TestBubbles.test_costs_of_every_stage_and_the_defaults()
  local e = editor_of("1f1b", 2, 4):split()
  e:fill_bubbles { F = { 1, 3 }, I = { 1, 3 }, W = { 1, 0 } }
  lu.assertEquals(orders_of(e), { "0F0 0F1 0I0 0F2 0W0 0I1 0F3 0W1 0I2 0W2 0I3 0W3",
    "1F0 1I0 1F1 1I1 1F2 1I2 1F3 1I3 1W0 1W1 1W2 1W3" })
  local defaults = orders_of(editor_of("1f1b", 4, 8):split():fill_bubbles())
  lu.assertEquals(defaults, orders_of(editor_of("1f1b", 4, 8):split():fill_bubbles(COSTS[1])))
  -- B's and pairs are run as they are.
  local whole = orders_of(editor_of("dualpipe", 4, 8):unfuse():join())
  lu.assertEquals(orders_of(editor_of("dualpipe", 4, 8):unfuse():join():fill_bubbles(COSTS[2])),
    whole)
  lu.assertTrue(editor_of("dualpipe", 4, 8):fill_bubbles(COSTS[2]):schedule():validate())
end

function TestBubbles.test_mistakes()
  local e = editor_of("1f1b", 4, 8):split()
  local before = orders_of(e)
  for message, arguments in pairs {
    ["e:fill_bubbles: costs: unknown option 'f'"] = { { f = 1 } },
    ["e:fill_bubbles: costs: option 'F'"] = { { F = -1 } },
    ["e:fill_bubbles: F is a list of 3"] = { { F = { 1, 1, 1 } } },
    ["e:fill_bubbles: B must be I + W"] = { { B = 1, I = 1, W = 1 } },
    ["e:fill_bubbles: option 'most_held' must be a finite number, at least 1"] = { {},
      { most_held = 0.5 } },
    ["e:fill_bubbles: unknown option 'held'"] = { {}, { held = 4 } },
    ["e:fill_bubbles: option 'weight_memory' must be"] = { {}, { weight_memory = 2 } },
  } do
    lu.assertErrorMsgContains(message, e.fill_bubbles, e, table.unpack(arguments))
  end
  lu.assertEquals(orders_of(e), before)
  local found, message, code = e:move(1, "F7", { to = 0 }):fill_bubbles()
  lu.assertNil(found)
  lu.assertEquals({ message, code }, { select(2, e:schedule():validate()) })
  lu.assertEquals(code, "DEADLOCK")
end

---- At random, beside a model: an order as a list of actions, searched from its start ----

local model = {}

local function index_of(order, action)
  for i, other in ipairs(order) do
    if other == action then
      return i
    end
  end
end

function model.move(order, action, place)
  local from = index_of(order, action)
  if place.by then
    table.insert(order, from + place.by, table.remove(order, from))
  else
    table.remove(order, from)
    local beside = index_of(order, place.before or place.after)
    table.insert(order, place.before and beside or beside + 1, action)
  end
end

function model.swap(order, one, other)
  local i, j = index_of(order, one), index_of(order, other)
  order[i], order[j] = other, one
end

function model.split(order, backward)
  local i = index_of(order, backward)
  order[i] = backward:gsub("B", "I")
  table.insert(order, i + 1, (backward:gsub("B", "W")))
end

function model.join(order, input)
  local i = index_of(order, input)
  order[i] = input:gsub("I", "B")
  table.remove(order, i + 1)
end

function model.fuse(order, forward, backward)
  order[index_of(order, forward)] = ("(%s;%s)OVERLAP_F_B"):format(forward, backward)
  table.remove(order, index_of(order, backward))
end

function model.unfuse(order, pair)
  local i = index_of(order, pair)
  order[i] = pair:match("%((.-);")
  table.insert(order, i + 1, pair:match(";(.-)%)"))
end

function model.delay_weights(order, n)
  local backwards, weights, result = {}, {}, {}
  for _, action in ipairs(order) do
    weights[action:match("^%d+W%d+$") or ""] = true
  end
  local function place(backward)
    local weight = backward and backward:gsub("I", "W")
    result[#result + 1] = weights[weight] and weight or nil
  end
  for _, action in ipairs(order) do
    if not action:find("W%d") then
      result[#result + 1] = action
    end
    if action:find("B") or action:find("I") then
      backwards[#backwards + 1] = action
      place(backwards[#backwards - n])
    end
  end
  for i = math.max(1, #backwards - n + 1), #backwards do
    place(backwards[i])
  end
  table.move(result, 1, #order, 1, order)
end

-- An action of the order at random, of those that match a pattern; nil where none does.
local function choose(order, pattern)
  local found = {}
  for _, action in ipairs(order) do
    if action:find(pattern) then
      found[#found + 1] = action
    end
  end
  return found[1] and found[math.random(#found)]
end

-- For each method the arguments of a call on an order that can be done, or nothing.
local arguments = {}

function arguments.move(order)
  local action, other = choose(order, ""), choose(order, "")
  local from = index_of(order, action)
  local places = {
    { by = math.random(1 - from, #order - from) }, { before = other }, { after = other },
  }
  return action, places[math.random(action == other and 1 or 3)]
end

function arguments.swap(order)
  local one, other = choose(order, ""), choose(order, "")
  if one ~= other then
    return one, other
  end
end

function arguments.split(order)
  return choose(order, "^%d+B")
end

function arguments.join(order)
  local input = choose(order, "^%d+I")
  if input and order[index_of(order, input) + 1] == input:gsub("I", "W") then
    return input
  end
end

function arguments.fuse(order)
  local forward, backward = choose(order, "^%d+F"), choose(order, "^%d+B")
  if forward and backward and forward:gsub("F", "B") ~= backward then
    return forward, backward
  end
end

function arguments.unfuse(order)
  return choose(order, "OVERLAP")
end

function arguments.delay_weights()
  if math.random(5) == 1 then
    return math.random(0, 6)
  end
end

local METHODS <const> = { "move", "swap", "split", "join", "fuse", "unfuse", "delay_weights" }

local TestRandom = {}

local function data_of(s)
  local orders = {}
  for rank = 0, s.num_ranks - 1 do
    orders[rank + 1] = s:order(rank)
  end
  return { num_ranks = s.num_ranks, num_chunks = s.num_chunks, routes = s.routes, orders = orders }
end

-- The schedule that comes of it is the one that its data make, verdict and all.
local function assert_as_from_data(e)
  local s = e:schedule()
  local again = dpl.schedule(data_of(s))
  lu.assertEquals(orders_of(s), orders_of(e))
  lu.assertEquals({ s:validate() }, { again:validate() })
  return s:validate()
end

local function edit_at_random(name)
  local e = editor_of(name, 4, 8)
  local orders, edits, valid = {}, 0, 0
  lu.assertTrue(assert_as_from_data(e))
  for rank = 0, 3 do
    orders[rank] = e:order(rank)
  end
  for i = 1, 2000 do
    local rank = math.random(0, 3)
    local method = METHODS[math.random(#METHODS)]
    local a, b = arguments[method](orders[rank])
    if a then
      model[method](orders[rank], a, b)
      e[method](e, rank, a, b)
      lu.assertEquals(table.concat(e:order(rank), " "), table.concat(orders[rank], " "))
      edits = edits + 1
    end
    valid = valid + (i % 100 == 0 and assert_as_from_data(e) and 1 or 0)
  end
  lu.assertTrue(edits > 500, name)
  lu.assertTrue(valid < 20, name)
end

function TestRandom.test_edits()
  math.randomseed(20240610)
  for _, name in ipairs { "1f1b", "zb_h1", "dualpipe", "dualpipev", "interleaved_zb", "chimera" } do
    edit_at_random(name)
  end
end

return {
  TestKnown = TestKnown,
  TestEdits = TestEdits,
  TestBubbles = TestBubbles,
  TestRandom = TestRandom,
}
