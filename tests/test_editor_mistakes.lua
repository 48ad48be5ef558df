-- dpl.edit: names of actions, mistakes, and editors as objects.

local lu = require "luaunit"
local dpl = require "dpl"
local editing = require "editing"

local schedule_of, editor_of, orders_of = editing.schedule_of, editing.editor_of, editing.orders_of
local six = editing.six

---- Names of actions ----

local TestNames = {}

-- In DualPipe a chunk comes by a rank once, whichever way it goes.
function TestNames.test_stage_may_be_left_out()
  local e = editor_of("dualpipe", 4, 8)
  lu.assertEquals(e:move(1, "F5", { to = 0 }):order(1)[1], "6F5")
  lu.assertEquals(e:move(1, "F2", { to = 0 }):order(1)[1], "1F2")
  e = editor_of("interleaved_1f1b", 4, 8)
  lu.assertEquals(e:move(1, "5F2", { to = 0 }):order(1)[1], "5F2")
  lu.assertErrorMsgContains("e:move: chunk 2 comes by rank 1 more than once: write 1F2 or 5F2 for "
    .. "F2", e.move, e, 1, "F2", { to = 0 })
end

function TestNames.test_actions_that_there_are_not()
  local e = editor_of("1f1b", 4, 8)
  e:fuse(1, "F4", "B1"):split(1, "B3")
  for name, message in pairs {
    F9 = "rank 1 has no F9: the chunks are 0 to 7",
    ["1F9"] = "rank 1 has no 1F9: the chunks of stage 1 are 0 to 7",
    ["2F3"] = "rank 1 has no 2F3: stage 2 is on rank 2",
    ["9F3"] = "rank 1 has no 9F3: the stages are 0 to 3",
    ["F4"] = "rank 1 has no 1F4 but (1F4;1B1)OVERLAP_F_B: unfuse it first, or name the pair",
    ["F5&B2"] = "rank 1 has no (1F5;1B2)OVERLAP_F_B but 1F5: fuse it first",
    ["F4&B2"] = "rank 1 has no (1F4;1B2)OVERLAP_F_B but (1F4;1B1)OVERLAP_F_B: unfuse it first",
    ["B3"] = "rank 1 has no 1B3 but 1I3: join it with its W first",
    ["W2"] = "rank 1 has no 1W2 but 1B2: split it first",
    ["B1"] = "rank 1 has no 1B1 but (1F4;1B1)OVERLAP_F_B: unfuse it first",
    ["F4&B9"] = "rank 1 has no B9: the chunks are 0 to 7",
    ["X3"] = "'X3' is not an action: write kind (F, B, I or W) and chunk, as in F7, or also the "
      .. "stage, as in 3F7, and a pair as F7&B11",
    [""] = "'' is not an action",
    ["F"] = "'F' is not an action",
    ["F3 "] = "'F3 ' is not an action",
    ["F3&F4"] = "'F3&F4' is not an action",
    ["F3&"] = "'F3&' is not an action",
    ["(F3;B4)OVERLAP_F_B"] = "is not an action",
    ["F99999999999"] = "is not an action",
    ["F-1"] = "'F-1' is not an action",
    [("F"):rep(500)] = "F' is not an action",
  } do
    lu.assertErrorMsgContains(message, e.move, e, 1, name, { by = 1 })
  end
  -- Of two routes: chunks of the other direction have other stages.
  e = editor_of("dualpipe", 4, 8)
  lu.assertErrorMsgContains("rank 1 has no 1F5: the chunks of stage 1 are 0 to 3", e.swap, e, 1,
    "1F5", "F2")
  -- A route that does not come by a rank.
  local s = dpl.schedule {
    num_ranks = 2, num_chunks = 2,
    routes = { { ranks = { 0, 1 }, chunks = { 0, 0 } }, { ranks = { 0 }, chunks = { 1, 1 } } },
    orders = { { "0F0", "2F1", "2B1" }, { "1F0", "1B0" } },
  }
  e = dpl.edit(s)
  lu.assertErrorMsgContains("rank 1 has no F1: chunk 1 does not come by it", e.swap, e, 1, "F1",
    "F0")
  lu.assertErrorMsgContains("rank 0 has no 0B0: the schedule is without it", e.swap, e, 0, "B0",
    "F0")
end

---- Mistakes ----

local TestMistakes = {}

local MOVE_FORMS <const> = "e:move: a place is { before = action }, { after = action }, { by = n } "
  .. "or { to = position }"

-- { message, method, arguments ... }
local MISTAKES <const> = {
  { "e:move: rank must be a whole number from 0 to 1 (got 2)", "move", 2, "F0", { by = 1 } },
  { "e:move: rank must be a whole number from 0 to 1 (got nil)", "move" },
  { "e:move: an action is a string such as 'F3' or '2F3' (got nil)", "move", 0 },
  { "e:move: an action is a string such as 'F3' or '2F3' (got number)", "move", 0, 3 },
  { MOVE_FORMS, "move", 0, "F0" },
  { MOVE_FORMS, "move", 0, "F0", 3 },
  { MOVE_FORMS, "move", 0, "F0", {} },
  { MOVE_FORMS, "move", 0, "F0", { by = 1, to = 2 } },
  { "e:move: unknown option 'behind'", "move", 0, "F0", { behind = "F1" } },
  { "e:move: unknown option 'afer' (did you mean 'after'?)", "move", 0, "F0", { afer = "F1" } },
  { "e:move: 'by' must be a whole number", "move", 0, "F0", { by = 0.5 } },
  { "e:move: 'by' must be a whole number", "move", 0, "F0", { by = "1" } },
  { "e:move: 'to' must be a whole number from 0", "move", 0, "F0", { to = -1 } },
  { "e:move: an action is a string", "move", 0, "F0", { after = 1 } },
  { "e:move: 0F0 cannot move after itself", "move", 0, "F0", { after = "F0" } },
  { "e:move: 0F0 cannot move before itself", "move", 0, "F0", { before = "0F0" } },
  { "e:move: 0F1 of rank 0 cannot move by 5: it is at position 1 of 0 to 5", "move", 0, "F1",
    { by = 5 } },
  { "e:move: 0F1 of rank 0 cannot move by -2: it is at position 1 of 0 to 5", "move", 0, "F1",
    { by = -2 } },
  { "e:move: 0B0 of rank 0 cannot move to 6: it is at position 3 of 0 to 5", "move", 0, "B0",
    { to = 6 } },
  { "e:swap: 0F0 cannot change places with itself", "swap", 0, "F0", "F0" },
  { "e:swap: an action is a string", "swap", 0, "F0" },
  { "e:reorder: the new order is a list of actions (got nil)", "reorder", 0 },
  { "e:reorder: rank 0 has 6 actions, and the new order 1", "reorder", 0, { "F0" } },
  { "e:reorder: 0F0 is in the new order twice", "reorder", 0,
    { "F0", "F0", "F1", "B0", "B1", "B2" } },
  { "e:reorder: rank 0 has no 0I0 but 0B0: split it first", "reorder", 0,
    { "F0", "F1", "F2", "I0", "B1", "B2" } },
  { "e:reorder: an action is a string", "reorder", 0, { 1 } },
  { "e:split: 0F0 cannot be split: only a B can", "split", 0, "F0" },
  { "e:split: rank must be a whole number from 0 to 1 (got nil)", "split", nil, "B0" },
  { "e:split: rank must be a whole number from 0 to 1 (got 2)", "split", { 0, 2 } },
  { "e:split: rank must be a whole number from 0 to 1 (got the string 'x')", "split", { "x" } },
  { "e:split: rank must be a whole number", "split", true },
  { "e:join: 0B0 cannot be joined: only an I can, with its W", "join", 0, "B0" },
  { "e:unfuse: 0F0 cannot be unfused: only a pair can", "unfuse", 0, "F0" },
  { "e:fuse: 0F0 cannot overlap with its own backward", "fuse", 0, "F0", "B0" },
  { "e:fuse: 0B0 cannot be a pair's forward: only an F can", "fuse", 0, "B0", "F1" },
  { "e:fuse: 0F1 cannot be a pair's backward: only a B can", "fuse", 0, "F0", "F1" },
  { "e:delay_weights: the delay must be a whole number from 0", "delay_weights" },
  { "e:delay_weights: the delay must be a whole number from 0", "delay_weights", -1 },
  { "e:delay_weights: the delay must be a whole number from 0", "delay_weights", 0, 0.5 },
  { "e:delay_weights: the delay is a number of backwards or \"end\" (got 'last')",
    "delay_weights", "last" },
  { "e:delay_weights: rank must be a whole number from 0 to 1 (got 5)", "delay_weights", 5, 1 },
  { "e:order: rank must be a whole number from 0 to 1 (got -1)", "order", -1 },
}

-- Each names the script's file and line, and has changed nothing.
function TestMistakes.test_messages()
  for _, case in ipairs(MISTAKES) do
    local e = six()
    local ok, message = pcall(function()
      e[case[2]](e, table.unpack(case, 3))
    end)
    lu.assertFalse(ok, case[1])
    lu.assertStrContains(message, case[1])
    lu.assertStrMatches(message, ".*test_editor_mistakes%.lua:%d+: .*")
    lu.assertEquals(orders_of(e), orders_of(six()))
  end
end

function TestMistakes.test_weights_that_are_not_behind()
  local e = six():split():move(0, "W0", { by = 1 })
  lu.assertErrorMsgContains("e:join: 0I0 cannot be joined: its W is not right behind it", e.join, e,
    0, "I0")
  lu.assertErrorMsgContains("e:join: 0W0 cannot be joined: only an I can", e.join, e, 0, "W0")
  lu.assertErrorMsgContains("e:fuse: 0I0 cannot be a pair's backward", e.fuse, e, 0, "F1", "I0")
end

function TestMistakes.test_calls()
  local e = six()
  lu.assertErrorMsgContains("a schedule is wanted, as dpl.schedule gives (got no value)", dpl.edit)
  lu.assertErrorMsgContains("a schedule is wanted, as dpl.schedule gives (got userdata)", dpl.edit,
    e)
  lu.assertErrorMsgContains("methods of an editor are called with ':'", e.split)
  lu.assertErrorMsgContains("methods of an editor are called with ':'", e.order, 0)
  lu.assertErrorMsgContains("an editor has no 'delay_weight' (did you mean 'delay_weights'?)",
    function() return e.delay_weight end)
  lu.assertErrorMsgContains("its fields cannot be set", function() e.num_ranks = 1 end)
end

---- The editor itself ----

local TestEditors = {}

function TestEditors.test_fields()
  local e = editor_of("dualpipe", 4, 8)
  lu.assertEquals({ e.num_ranks, e.num_chunks, e.num_stages }, { 4, 8, 8 })
  lu.assertEquals(#e, #schedule_of("dualpipe", 4, 8))
  lu.assertEquals(tostring(six():split()), "editor: 2 ranks, 3 chunks, 2 stages, 18 actions")
end

-- Neither the schedule it was made from nor those that it made change with it.
function TestEditors.test_schedules_stay()
  local s = schedule_of("gpipe", 2, 3)
  local before = orders_of(s)
  local e = dpl.edit(s):swap(0, "F0", "F1")
  local first = e:schedule()
  local swapped = orders_of(first)
  e:swap(0, "F0", "F2")
  lu.assertEquals(orders_of(s), before)
  lu.assertEquals(orders_of(first), swapped)
  lu.assertNotEquals(orders_of(e:schedule()), swapped)
  lu.assertNil(first.strategy)
end

function TestEditors.test_closed()
  local closed
  do
    local e <close> = six()
    closed = e
  end
  lu.assertEquals(tostring(closed), "editor (closed)")
  local message = "an editor is wanted, as dpl.edit gives (got one that was closed)"
  for _, method in ipairs { "order", "split", "schedule", "move", "delay_weights" } do
    lu.assertErrorMsgContains(message, function() closed[method](closed, 0) end)
  end
  lu.assertErrorMsgContains(message, function() return closed.num_ranks end)
end

function TestEditors.test_communications_are_left_out()
  local s = schedule_of("1f1b", 2, 4)
  local e = dpl.edit(s:lower())
  lu.assertEquals(orders_of(e), orders_of(s))
  lu.assertFalse(e:schedule().has_communications)
  lu.assertTrue(e:schedule():lower().has_communications)
end

-- Ranks that wait for each other, and after two moves no longer do.
function TestEditors.test_what_cannot_run_can_be_mended()
  local s = dpl.schedule {
    num_ranks = 2, num_chunks = 2, routes = { { ranks = { 0, 1 }, chunks = { 0, 1 } } },
    orders = { { "0F1", "0B1", "0F0", "0B0" }, { "1F0", "1B0", "1F1", "1B1" } },
  }
  lu.assertNil(s:validate())
  local e = dpl.edit(s):move(0, "F0", { to = 0 }):move(0, "B0", { to = 1 })
  lu.assertTrue(e:schedule():validate())
  lu.assertNil(e:move(0, "B0", { before = "F0" }):schedule():validate())
end

function TestEditors.test_what_cannot_be_edited()
  for action, position in pairs {
    ["0F0"] = 4, ["1F0"] = 4, ["0F7"] = 4, ["9F0"] = 4, ["0W0"] = 4,
    ["(0F0;0B1)OVERLAP_F_B"] = 4, ["(0F9;0B0)OVERLAP_F_B"] = 4,
  } do
    local e, message, code = dpl.edit(dpl.schedule {
      num_ranks = 2, num_chunks = 2, routes = { { ranks = { 0, 1 }, chunks = { 0, 1 } } },
      orders = { { "0F0", "0F1", "0B0", "0B1", action }, { "1F0", "1B0", "1F1", "1B1" } },
    })
    lu.assertNil(e)
    lu.assertEquals(message, ("rank 0 action %d (%s) cannot be edited: it must be an action of the "
      .. "rank, and run once"):format(position, action))
    lu.assertEquals(code, "INVALID")
  end
end

function TestEditors.test_empty_orders()
  local e = dpl.edit(dpl.schedule {
    num_ranks = 2, num_chunks = 1, routes = { { ranks = { 0, 1 }, chunks = { 0, 0 } } },
    orders = { {}, { "1F0" } },
  })
  e:split():join():unfuse():delay_weights("end"):reorder(0, {})
  lu.assertEquals(orders_of(e), { "", "1F0" })
  lu.assertEquals(orders_of(e:move(1, "F0", { to = 0 })), { "", "1F0" })
  lu.assertErrorMsgContains("rank 0 has no 0F0: the schedule is without it", e.split, e, 0, "F0")
end

return { TestNames = TestNames, TestMistakes = TestMistakes, TestEditors = TestEditors }
