-- Drawings of timelines in text: t:gantt() and the module dpl.gantt.

local dpl = require "dpl"
local gantt = require "dpl.gantt"
local lu = require "luaunit"
local process = require "process"

local function timeline(strategy, num_ranks, num_chunks, costs)
  local shape = { num_ranks = num_ranks, num_chunks = num_chunks }
  return dpl.simulate(dpl.schedule(strategy, shape), costs)
end

local function lines_of(drawing)
  local lines = {}
  for line in (drawing .. "\n"):gmatch("([^\n]*)\n") do
    lines[#lines + 1] = line
  end
  return lines
end

local function without_colors(text)
  return (text:gsub("\27%[[%d;]*m", ""))
end

-- The rows of the ranks without their labels, by rank + 1.
local function rows_of(drawing)
  local rows = {}
  local lines = lines_of(without_colors(drawing))
  local margin = #lines[2]:match("^ *")
  for _, line in ipairs(lines) do
    local rank = line:match("^rank +(%d+)")
    if rank then
      rows[rank + 1] = line:sub(margin + 1)
    end
  end
  return rows
end

-- The least that a drawing needs of a timeline: for cases that no strategy gives. Actions are
-- { rank, kind, chunk, start, finish } on one stage a rank.
local function timeline_of(num_ranks, makespan, actions)
  local t = { makespan = makespan, busy = {}, schedule = { routes = { { ranks = {} } } } }
  for rank = 0, num_ranks - 1 do
    t.busy[rank + 1] = 0
    t.schedule.routes[1].ranks[rank + 1] = rank
  end
  function t.actions()
    local i = 0
    return function()
      i = i + 1
      local a = actions[i]
      return a and { rank = a[1], stage = a[1], kind = a[2], chunk = a[3], start = a[4],
        finish = a[5] }
    end
  end
  return t
end

local TestDrawing = {}

function TestDrawing.test_dualpipe_as_in_its_figure()
  lu.assertEquals(timeline("dualpipe", 4, 8):gantt(), table.concat({
    "time    0              5              10             15             20             25",
    "        |--------------|--------------|--------------|--------------|--------------|--",
    "rank 0  F0-F1-F2-f4-i4-w4-f5-F3&b5----...f6&B0----b6----...f7&B1----b7----I2-W2-I3-W3-",
    "rank 1  ...F0-f4-F1-f5-F2-b4----f6&B0----F3&b5----f7&B1----b6----B2----...i7-I3-w7-W3-",
    "rank 2  ...f4-F0-f5-F1-f6-B0----F2&b4----f7&B1----F3&b5----B2----b6----...I3-i7-W3-w7-",
    "rank 3  f4-f5-f6-F0-I0-W0-F1-f7&B1----...F2&b4----B2----...F3&b5----B3----i6-w6-i7-w7-",
    "3 columns: 1 unit of time  F forward  B backward  I input gradient  W weight gradient",
    "& overlapped forward and backward  . bubble  number: chunk, after & the forward's",
    "lower case: the other direction (chunks 4 to 7)",
  }, "\n"))
end

function TestDrawing.test_dualpipev_tells_a_rank_s_two_stages_apart()
  local drawing = timeline("dualpipev", 2, 4):gantt { width = 60 }
  lu.assertStrContains(drawing, "lower case: the rank's later stages")
  lu.assertEquals(rows_of(drawing)[2]:sub(1, 10), "..F0f0F1f1")
end

function TestDrawing.test_one_direction_has_no_lower_case()
  local drawing = timeline("1f1b", 3, 4):gantt()
  lu.assertNotStrContains(drawing, "lower case")
  lu.assertStrMatches(rows_of(drawing)[1], "F0%-*F1%-*F2%-*%.+B0.*")
end

-- Column by column: the letter of whatever runs there, or a bubble. At one column for each unit of
-- time or more every column belongs to one action.
local function assert_columns_are_right(t, parts, width)
  local drawing = t:gantt { width = width }
  lu.assertStrContains(drawing, parts == 1 and "one column: 1 unit of time"
    or parts .. " columns: 1 ")
  local rows, expected = rows_of(drawing), {}
  for rank = 1, #rows do
    expected[rank] = {}
    for column = 1, t.makespan * parts do
      expected[rank][column] = "."
    end
  end
  for event in t:actions() do
    local first, last = event.start * parts + 1, event.finish * parts
    for column = first, last do
      expected[event.rank + 1][column // 1] = column == first and "start" or "inside"
    end
  end
  for rank, row in ipairs(rows) do
    for column, what in ipairs(expected[rank]) do
      local mark = row:sub(column, column)
      if what == "." then
        lu.assertEquals(mark, ".")
      elseif what == "start" then
        lu.assertStrMatches(mark, "[%a&]")
      else
        lu.assertStrMatches(mark, "[%w&-]")
      end
    end
    lu.assertEquals(#row, t.makespan * parts)
  end
end

function TestDrawing.test_every_column()
  assert_columns_are_right(timeline("dualpipe", 8, 20), 1, 100)
  assert_columns_are_right(timeline("dualpipe", 8, 20), 2, 150)
  assert_columns_are_right(timeline("gpipe", 5, 3), 4, 100)
  assert_columns_are_right(timeline("zb_h1", 3, 7, { F = 2, B = 4, W = 1 }), 2, 120)
  assert_columns_are_right(timeline("1f1b", 1, 1), 30, 100)
end

function TestDrawing.test_bubbles_are_the_idle_time()
  for _, name in ipairs(dpl.strategies()) do
    local t = timeline(name, 4, 8)
    local columns = 0
    local drawing = t:gantt { width = 300 }
    local parts = tonumber(drawing:match("(%d+) columns: 1 unit"))
    for _, row in ipairs(rows_of(drawing)) do
      columns = columns + select(2, row:gsub("%.", ""))
    end
    lu.assertAlmostEquals(columns / parts, 4 * t.makespan * t.bubble_ratio, 1e-9)
  end
end

function TestDrawing.test_transfers_are_not_drawn()
  local drawing = timeline("1f1b", 2, 2, { p2p = 1 }):gantt { width = 40 }
  lu.assertEquals(rows_of(drawing)[1], "F0F1........B0--..B1--")
  lu.assertEquals(rows_of(drawing)[2], "....F0B0--F1B1--......")
end

function TestDrawing.test_a_column_shows_what_takes_most_of_it()
  -- Two units a column. B has more of the first, F a hair more of the second; in the third idle
  -- time has as much as F, which shows; the fourth is idle for the most part.
  local t = timeline_of(1, 80, {
    { 0, "forward", 0, 0, 0.5 }, { 0, "backward", 0, 0.5, 2 },
    { 0, "forward", 1, 2, 3.01 }, { 0, "backward", 1, 3.01, 4 },
    { 0, "forward", 2, 4, 5 },
    { 0, "backward", 2, 6, 6.9 },
    { 0, "forward", 3, 8, 80 },
  })
  lu.assertEquals(rows_of(gantt(t, { width = 48 }))[1]:sub(1, 6), "BFF.F3")
end

function TestDrawing.test_kinds_of_one_column_add_up()
  -- No forward is as long as the backward, but together they are longer.
  local t = timeline_of(1, 80, {
    { 0, "forward", 0, 0, 0.7 }, { 0, "backward", 0, 0.7, 1.5 }, { 0, "forward", 1, 1.5, 2 },
    { 0, "backward", 1, 2, 80 },
  })
  lu.assertEquals(rows_of(gantt(t, { width = 48 }))[1]:sub(1, 3), "FB1")
end

function TestDrawing.test_numbers_only_where_they_fit()
  local drawing = timeline("1f1b", 1, 12, { F = 2, B = 3 }):gantt { width = 70 }
  lu.assertEquals(rows_of(drawing)[1]:sub(-15), "F9B9-F-B10F-B11")
end

-- Every cell starts with a letter or '&', so that numbers of neighbours stay apart.
function TestDrawing.test_pairs_by_width()
  local t = timeline("dualpipe", 8, 26, { F = 1, B = 1, FB = 1 })
  local from = 23 -- from here on rank 3 runs pairs of chunks with two digits
  local function first_pair(width)
    local row = rows_of(t:gantt { from = from, to = from + 32 / width, width = 40 })[4]
    return row:sub(1, width)
  end
  lu.assertEquals(first_pair(8), "f22&B5--")
  lu.assertEquals(first_pair(4), "&22-")
  lu.assertEquals(first_pair(2), "&-")
  lu.assertEquals(first_pair(1), "&")
end

function TestDrawing.test_actions_without_a_length_are_not_seen()
  local drawing = timeline("1f1b", 2, 2, { F = 0, B = 1 }):gantt { width = 40 }
  lu.assertNotStrContains(drawing, "forward")
  lu.assertEquals(rows_of(drawing)[2], "B0--------B1--------..........")
end

function TestDrawing.test_nothing_takes_time()
  local drawing = timeline("1f1b", 2, 2, { F = 0, B = 0 }):gantt()
  lu.assertEquals(drawing, "rank 0\nrank 1\nnothing to draw: no action takes time")
end

function TestDrawing.test_rank_that_does_nothing()
  local t = timeline_of(2, 4, { { 0, "forward", 0, 0, 4 } })
  lu.assertEquals(rows_of(gantt(t, { width = 40 })), { "F0" .. ("-"):rep(30), ("."):rep(32) })
end

function TestDrawing.test_many_ranks_line_up()
  local lines = lines_of(timeline("1f1b", 101, 1):gantt { width = 120 })
  lu.assertStrMatches(lines[3], "rank   0  %.+.*")
  lu.assertStrMatches(lines[103], "rank 100  %.+.*")
  lu.assertEquals(#rows_of(table.concat(lines, "\n")), 101)
end

function TestDrawing.test_is_the_same_every_time()
  local t = timeline("dualpipe", 8, 20, { F = 49, I = 61, W = 30, FB = 143.8, p2p = 0.9 })
  local first = t:gantt { unit = "ms" }
  for _ = 1, 20 do
    lu.assertEquals(t:gantt { unit = "ms" }, first)
  end
end

function TestDrawing.test_directions_of_a_schedule_from_data()
  local schedule = dpl.schedule {
    num_ranks = 2,
    num_chunks = 2,
    routes = { { ranks = { 0, 1 }, chunks = { 0, 0 } }, { ranks = { 1, 0 }, chunks = { 1, 1 } } },
    orders = { { "0F0", "3F1", "3B1", "0B0" }, { "2F1", "1F0", "1B0", "2B1" } },
  }
  local drawing = dpl.simulate(schedule):gantt { width = 40 }
  lu.assertEquals(rows_of(drawing)[1]:gsub("[%-]", ""), "F0f1b1B0")
  lu.assertStrContains(drawing, "\nlower case: the other direction (chunks\n1 to 1)")
end

---- Width ----

local TestWidth = {}

function TestWidth.test_no_line_is_longer()
  local costs = { F = 57.6, I = 84.1, W = 41.7, FB = 139, p2p = 3 }
  for _, name in ipairs(dpl.strategies()) do
    local t = timeline(name, 4, 12, costs)
    for width = 40, 200, 9 do
      for _, color in ipairs { false, true } do
        local drawing = t:gantt { width = width, unit = "µs", color = color }
        for _, line in ipairs(lines_of(without_colors(drawing))) do
          lu.assertTrue(utf8.len(line) <= width, line)
        end
      end
    end
  end
end

function TestWidth.test_is_used()
  for width = 60, 400, 20 do
    local rows = rows_of(timeline("1f1b", 4, 12, { F = 1.17, B = 2.9 }):gantt { width = width })
    lu.assertTrue(#rows[1] >= 0.8 * (width - 8) and #rows[1] <= width - 8)
  end
end

function TestWidth.test_a_unit_counts_by_characters()
  local lines = lines_of(timeline("gpipe", 2, 2):gantt { unit = "µs" })
  lu.assertEquals(lines[1]:sub(1, 12), "time, µs  0")
  lu.assertEquals(lines[2]:sub(1, 11), "          |")
  lu.assertEquals(lines[3]:sub(1, 12), "rank 0    F0")
end

function TestWidth.test_long_schedules_are_scaled()
  local drawing = timeline("dualpipe", 4, 1000):gantt()
  lu.assertStrContains(drawing, "one column: 33 units of time")
  lu.assertEquals(#rows_of(drawing)[1], 91)
end

-- Two units rather than the 1.6 that would fit, so that every column cuts the actions alike.
function TestWidth.test_scale_keeps_to_the_actions()
  lu.assertStrContains(timeline("dualpipe", 8, 20):gantt { width = 50 }, "column: 2 units of time")
  local costs = { F = 0.25, B = 0.5 }
  lu.assertStrContains(timeline("1f1b", 1, 200, costs):gantt { width = 108 }, "column: 1.5 units")
end

function TestWidth.test_extreme_times()
  for _, unit in ipairs { 1e299, 1e-299, 1e15, 1e-9 } do
    local drawing = timeline("1f1b", 2, 3, { F = unit, B = 2 * unit }):gantt { width = 44 }
    lu.assertEquals(rows_of(drawing)[1], "F0-F1-......B0----F2-B1----...B2----")
  end
end

---- The window ----

local TestWindow = {}

function TestWindow.test_first_part()
  local drawing = timeline("dualpipe", 4, 8):gantt { to = 8, width = 40 }
  lu.assertEquals(rows_of(drawing)[1], "F0--F1--F2--f4--i4--w4--f5--&3--")
end

function TestWindow.test_middle_part()
  local drawing = timeline("dualpipe", 4, 8):gantt { from = 8, to = 16, width = 40 }
  lu.assertEquals(rows_of(drawing)[1], "F3&b5---....f6&B0-------b6------")
  lu.assertEquals(lines_of(drawing)[1], "time            10                  15")
  lu.assertEquals(lines_of(drawing)[2], "        --------|-------------------|---")
end

function TestWindow.test_legend_names_what_is_in_it()
  local drawing = timeline("dualpipe", 4, 8):gantt { to = 1 }
  lu.assertStrContains(drawing, "F forward")
  lu.assertNotStrContains(drawing, "W weight")
  lu.assertNotStrContains(drawing, "overlapped")
end

-- So that two timelines can be drawn to one scale.
function TestWindow.test_after_the_end_there_are_no_bubbles()
  local drawing = timeline("gpipe", 2, 2):gantt { to = 16, width = 40 }
  lu.assertEquals(rows_of(drawing), { "F0F1......B0--B1--", "..F0F1B0--B1--...." })
end

function TestWindow.test_window_within_one_action()
  local drawing = timeline("gpipe", 1, 1):gantt { from = 1.25, to = 1.5, width = 40 }
  lu.assertStrMatches(rows_of(drawing)[1], "B0%-+")
end

---- Colours ----

local TestColor = {}

function TestColor.test_plain_by_default()
  lu.assertNotStrContains(timeline("dualpipe", 4, 8):gantt(), "\27")
end

function TestColor.test_same_columns_as_plain()
  for _, name in ipairs(dpl.strategies()) do
    local t = timeline(name, 4, 8, { F = 1.2, B = 2.3, FB = 3.1 })
    local plain, colored = rows_of(t:gantt()), rows_of(t:gantt { color = true })
    for rank, row in ipairs(plain) do
      lu.assertEquals(#colored[rank], #row)
    end
  end
end

function TestColor.test_every_colour_is_switched_off()
  local drawing = timeline("dualpipe", 4, 8):gantt { color = true }
  local _, cells = drawing:gsub("\27%[30;48;5;%d+m", "")
  local _, bubbles = drawing:gsub("\27%[2m", "")
  local _, off = drawing:gsub("\27%[0m", "")
  lu.assertTrue(cells > 50)
  lu.assertEquals(off, cells + bubbles)
  for _, line in ipairs(lines_of(drawing)) do
    local last = line:match("^.*(\27%[[%d;]*m)")
    lu.assertTrue(last == nil or last == "\27[0m")
  end
end

function TestColor.test_pair_has_the_colours_of_its_halves()
  local drawing = timeline("dualpipe", 4, 8):gantt { color = true }
  -- Forward of chunk 3 in the first direction, backward of chunk 5 in the other.
  lu.assertStrContains(drawing, "\27[30;48;5;215m3&   \27[0m\27[30;48;5;70m5   \27[0m")
end

---- At a terminal ----

local TestTerminal = process.test_table()

-- What a script's drawing is at a terminal of so many columns.
local function drawn_at_terminal(columns, environment, options)
  process.skip_without_terminal()
  process.write("draw.lua", ([[
    local dpl = require "dpl"
    local schedule = dpl.schedule("1f1b", { num_ranks = 2, num_chunks = 30 })
    print(dpl.simulate(schedule):gantt(%s))]]):format(options or ""))
  return (process.sh(("%s script -qec 'stty cols %d; exec '%s' draw.lua' /dev/null </dev/null")
    :format(environment, columns, process.quoted(process.DPL))))
end

local function widest(drawing)
  local most = 0
  for line in without_colors(drawing):gsub("\r", ""):gmatch("[^\n]+") do
    most = math.max(most, utf8.len(line))
  end
  return most
end

function TestTerminal.test_colours_and_width()
  local drawing = drawn_at_terminal(73, "NO_COLOR= TERM=xterm")
  lu.assertStrContains(drawing, "\27[30;48;5;215m")
  lu.assertTrue(widest(drawing) > 50 and widest(drawing) <= 73, widest(drawing))
  lu.assertTrue(widest(drawn_at_terminal(20, "TERM=xterm")) <= 40)
end

function TestTerminal.test_no_colours_where_none_are_wanted()
  for _, environment in ipairs { "NO_COLOR=1 TERM=xterm", "NO_COLOR= TERM=dumb" } do
    lu.assertNotStrContains(drawn_at_terminal(80, environment), "\27[")
  end
  lu.assertNotStrContains(drawn_at_terminal(80, "TERM=xterm", "{ color = false }"), "\27[")
end

---- Mistakes ----

local TestMistakes = {}

function TestMistakes.test_options()
  local t = timeline("gpipe", 2, 2)
  for message, given in pairs {
    ["unknown option 'widht' (did you mean 'width'?)"] = { widht = 80 },
    ["unknown option 'colour' (did you mean 'color'?)"] = { colour = true },
    ["unknown option 'frobnicate'; its options are width, from, to, color, unit"] =
      { frobnicate = 1 },
    ["option 'width' must be a whole number of columns from 40 to 10000 (got 39)"] = { width = 39 },
    ["from 40 to 10000 (got 10001)"] = { width = 10001 },
    ["from 40 to 10000 (got 80.5)"] = { width = 80.5 },
    ["from 40 to 10000 (got nan)"] = { width = 0 / 0 },
    ["from 40 to 10000 (got inf)"] = { width = math.huge },
    ["from 40 to 10000 (got the string '80')"] = { width = "80" },
    ["option 'from' must be a time, finite and at least 0 (got -1)"] = { from = -1 },
    ["option 'to' must be a time, finite and at least 0 (got nan)"] = { to = 0 / 0 },
    ["at least 0 (got inf)"] = { to = math.huge },
    ["option 'to' must be after 'from', 3 (got 2)"] = { from = 3, to = 2 },
    ["option 'from' must be before the end of the timeline, 9 (got 9)"] = { from = 9 },
    ["option 'color' must be true or false (got the string 'yes')"] = { color = "yes" },
    ["option 'unit' must be the name of a unit of time, at most 16 characters (got 1)"] =
      { unit = 1 },
    ["16 characters (got the string 'a\nb')"] = { unit = "a\nb" },
    ["16 characters (got the string '\xff')"] = { unit = "\xff" },
    ["options are named, as in { width = ... } (got 80 without a name)"] = { 80 },
  } do
    lu.assertErrorMsgContains("gantt: ", t.gantt, t, given)
    lu.assertErrorMsgContains(message, t.gantt, t, given)
  end
  lu.assertErrorMsgContains("gantt: options are given in a table (got 80)", t.gantt, t, 80)
end

-- Also where a module of dpl or the C method stands between.
function TestMistakes.test_names_the_line_of_the_script()
  local t = timeline("gpipe", 2, 2)
  local line = debug.getinfo(1, "l").currentline + 2
  local _, by_method = pcall(function()
    return (t:gantt { width = 1 })
  end)
  local _, by_module = pcall(function()
    return (gantt(t, { width = 1 }))
  end)
  lu.assertStrContains(by_method, ("test_gantt.lua:%d: gantt: option 'width'"):format(line))
  lu.assertStrContains(by_module, ("test_gantt.lua:%d: gantt: option 'width'"):format(line + 3))
end

function TestMistakes.test_timeline_that_was_closed()
  local t
  do
    local closed <close> = timeline("gpipe", 2, 2)
    t = closed
  end
  lu.assertErrorMsgContains("closed", t.gantt, t)
end

return {
  TestDrawing = TestDrawing,
  TestWidth = TestWidth,
  TestWindow = TestWindow,
  TestColor = TestColor,
  TestTerminal = TestTerminal,
  TestMistakes = TestMistakes,
}
