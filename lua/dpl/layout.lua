-- What every drawing of a timeline has in common: which actions there are in a window of time,
-- which way they go, their colours, where the marks of the axis are, and what to show where actions
-- are too narrow to be seen. dpl.gantt draws it as text, dpl.svg as vectors, dpl.html as a page.

local options = require "dpl.options"

local layout = {}

local LONGEST_UNIT <const> = 16

---- Kinds and colours ----

-- By kind: the letter in text and in files; what the legend calls it in text and in pictures.
layout.kinds = {
  { kind = "forward", letter = "F", meaning = "forward", title = "Forward" },
  { kind = "backward", letter = "B", meaning = "backward", title = "Backward" },
  { kind = "input", letter = "I", meaning = "input gradient", title = "Backward for input" },
  { kind = "weight", letter = "W", meaning = "weight gradient", title = "Backward for weights" },
  {
    kind = "overlapped",
    letter = "&",
    meaning = "overlapped forward and backward",
    title = "Overlapped forward & backward",
  },
}

layout.kind_named = {}
for _, kind in ipairs(layout.kinds) do
  layout.kind_named[kind.kind] = kind
end

-- Two colours a kind, of the first direction and of the other, as red, green and blue. "dualpipe"
-- has those of DualPipe's figures; "safe" those of Okabe and Ito (jfly.uni-koeln.de/color), which
-- people who see no red or no green tell apart.
layout.palettes = {
  dualpipe = {
    forward = { "#f1b238", "#d9850e" },
    backward = { "#7fd650", "#4aa524" },
    input = { "#b9eb9c", "#6fae4b" },
    weight = { "#78bffb", "#3f8fd6" },
  },
  safe = {
    forward = { "#e69f00", "#b87d00" },
    backward = { "#009e73", "#00775a" },
    input = { "#f0e442", "#a89d00" },
    weight = { "#56b4e9", "#2a87bd" },
  },
}
layout.palette_names = { "dualpipe", "safe" }

-- Of a pair's time, what its forward is drawn in; the rest is its backward's, as in the figures.
layout.FORWARD_SHARE = 1 / 3

---- Text ----

local ESCAPES <const> = {
  ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;",
}

-- A text within XML or HTML. U+FFFE and U+FFFF, which XML does not allow, become U+FFFD.
function layout.escaped(text)
  return (text:gsub("[&<>\"']", ESCAPES):gsub("\xEF\xBF[\xBE\xBF]", "\xEF\xBF\xBD"))
end

-- "dualpipe, 8 ranks, 20 micro-batches"
function layout.name_of(timeline)
  local schedule = timeline.schedule
  return ("%s, %d ranks, %d micro-batches"):format(schedule.strategy or "schedule",
    schedule.num_ranks, schedule.num_chunks)
end

---- Options that drawings share ----

local function is_finite(value)
  return type(value) == "number" and value == value and math.abs(value) < math.huge
end

local function is_time(value)
  return is_finite(value) and value >= 0
end

local function is_boolean(value)
  return type(value) == "boolean"
end

-- A text in one line.
local function is_text(longest)
  return function(value)
    return type(value) == "string" and not value:find("%c")
      and (utf8.len(value) or longest + 1) <= longest
  end
end

function layout.whole_option(name, meaning, least, most, default)
  return {
    name = name,
    rule = ("a whole number of %s from %d to %d"):format(meaning, least, most),
    accepts = function(value)
      return is_finite(value) and value % 1 == 0 and value >= least and value <= most
    end,
    default = default,
  }
end

function layout.time_option(name, default)
  local rule = "a time, finite and at least 0"
  return { name = name, rule = rule, accepts = is_time, default = default }
end

function layout.boolean_option(name, default)
  return { name = name, rule = "true or false", accepts = is_boolean, default = default }
end

function layout.text_option(name, meaning, longest, default)
  return {
    name = name,
    rule = ("%s, at most %d characters"):format(meaning, longest),
    accepts = is_text(longest),
    default = default,
  }
end

function layout.choice_option(name, choices)
  local known = {}
  for _, choice in ipairs(choices) do
    known[choice] = true
  end
  return {
    name = name,
    rule = ('"%s"'):format(table.concat(choices, '" or "')),
    accepts = function(value)
      return value ~= nil and known[value] == true
    end,
    default = choices[1],
  }
end

function layout.unit_option()
  return layout.text_option("unit", "the name of a unit of time", LONGEST_UNIT, "")
end

function layout.number_text(value)
  return ("%.6g"):format(value)
end

-- The window { from =, to = } of the values; raises, as `owner`, where it is not in the timeline.
function layout.read_window(owner, timeline, values)
  local window = { from = values.from, to = values.to or timeline.makespan }
  if timeline.makespan > 0 and window.from >= timeline.makespan then
    options.fail("%s: option 'from' must be before the end of the timeline, %s (got %s)",
      owner, layout.number_text(timeline.makespan), layout.number_text(window.from))
  end
  if values.to and window.to <= window.from then
    options.fail("%s: option 'to' must be after 'from', %s (got %s)",
      owner, layout.number_text(window.from), layout.number_text(window.to))
  end
  return window
end

---- What is drawn: the actions within the window ----

-- The events that occupy a rank (transfers do not), rank after rank, each in the order of time.
-- Those outside of the window or without a length are left out.
function layout.visible(timeline, window)
  local next_event = timeline:actions(window.from, window.to)
  return function()
    while true do
      local event = next_event()
      if not event or not layout.kind_named[event.kind] then
        return nil -- transfers come last
      end
      if event.start < event.finish then
        return event
      end
    end
  end
end

-- direction[stage]: 1 for the first direction, 2 for the other. Of several routes the first is the
-- first direction; a single one that comes by a rank again then goes the other way.
function layout.directions(routes)
  local direction, seen = {}, {}
  local stage = 0
  for number, route in ipairs(routes) do
    for _, rank in ipairs(route.ranks) do
      local again = #routes == 1 and seen[rank]
      direction[stage] = (number > 1 or again) and 2 or 1
      seen[rank] = true
      stage = stage + 1
    end
  end
  return direction
end

---- Axis ----

-- The least 1, 2 or 5 times a power of ten that is not below `least`.
function layout.tick(least)
  local unit = 10.0 ^ math.floor(math.log(least, 10))
  for _, factor in ipairs { 1, 2, 5, 10 } do
    if factor * unit >= least * (1 - 1e-9) then
      return factor * unit
    end
  end
end

---- Columns of a row: what to show of many actions ----

layout.IDLE = "."
local IDLE_MARK <const> = "~" -- what idle time counts under; sorts after the letters

-- What counts together in a column: the kind and the direction.
function layout.mark(event, directions)
  local letter = layout.kind_named[event.kind].letter
  return directions[event.stage] == 2 and letter:lower() or letter
end

-- Adds the stretch [start, finish) to what is known of the columns that it touches. `owner` is an
-- event, or IDLE; `mark` is what counts together: the kind and the direction.
local function add_stretch(columns, scale, mark, owner, start, finish)
  local first = (math.max(start, scale.from) - scale.from) / scale.step
  local last = (math.min(finish, scale.last) - scale.from) / scale.step
  for c = math.floor(first + 1e-9), math.min(math.ceil(last - 1e-9), scale.columns) - 1 do
    local column = columns[c] or { times = {}, owners = {}, most = {} }
    columns[c] = column
    local share = math.min(last, c + 1) - math.max(first, c)
    column.times[mark] = (column.times[mark] or 0) + share
    if share > (column.most[mark] or 0) + 1e-9 then
      column.owners[mark], column.most[mark] = owner, share
    end
  end
end

-- The owner of the mark with the most time in a column; of equals, to a millionth, of the first
-- mark by character, and of a bubble last.
local function dominant(column)
  local best, most = nil, 0
  for mark, time in pairs(column.times) do
    local millionths = math.floor(time * 1e6 + 0.5)
    if millionths > most or (best and millionths == most and mark < best) then
      best, most = mark, millionths
    end
  end
  return best and column.owners[best]
end

-- A list of runs { owner =, columns = } from left to right; the owner is an event, IDLE, or nil
-- past the end of the timeline.
local function runs_of(columns, scale)
  local runs = {}
  for c = 0, scale.columns - 1 do
    local owner = columns[c] and dominant(columns[c])
    local run = runs[#runs]
    if run and run.owner == owner then
      run.columns = run.columns + 1
    else
      runs[#runs + 1] = { owner = owner, columns = 1 }
    end
  end
  return runs
end

-- Calls visit(rank, runs) for every rank, with what runs_of gives for it. scale: { from =, the
-- start of the window; last =, where the timeline ends in it; step =, the time of a column;
-- columns =, how many there are }.
function layout.each_row(timeline, window, scale, directions, visit)
  local next_event = layout.visible(timeline, window)
  local event = next_event()
  for rank = 0, #timeline.busy - 1 do
    local columns, free = {}, scale.from
    while event and event.rank == rank do
      add_stretch(columns, scale, IDLE_MARK, layout.IDLE, free, event.start)
      add_stretch(columns, scale, layout.mark(event, directions), event, event.start, event.finish)
      free = event.finish
      event = next_event()
    end
    add_stretch(columns, scale, IDLE_MARK, layout.IDLE, free, scale.last)
    visit(rank, runs_of(columns, scale))
  end
end

return layout
