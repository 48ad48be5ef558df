-- Draws a timeline as text: a row for each rank, time from left to right, after the figures of
-- DualPipe. What every mark means stands below the drawing.
--
--   print(t:gantt())                                a hundred columns of plain text
--   print(t:gantt { width = 160, color = true, unit = "ms", from = 0, to = 500 })
--
-- A column stands for a stretch of time and shows the kind of action that takes most of it, or a
-- bubble. Actions that take no time are not seen.

local options = require "dpl.options"

local LEAST_WIDTH <const> = 40
local MOST_WIDTH <const> = 10000
local LONGEST_UNIT <const> = 16

local function is_finite(value)
  return type(value) == "number" and value == value and math.abs(value) < math.huge
end

local function is_time(value)
  return is_finite(value) and value >= 0
end

local function is_width(value)
  return is_finite(value) and value % 1 == 0 and value >= LEAST_WIDTH and value <= MOST_WIDTH
end

local function is_unit(value)
  return type(value) == "string" and not value:find("%c")
    and (utf8.len(value) or LONGEST_UNIT + 1) <= LONGEST_UNIT
end

local DECLARED <const> = {
  {
    name = "width",
    rule = ("a whole number of columns from %d to %d"):format(LEAST_WIDTH, MOST_WIDTH),
    accepts = is_width,
    default = 100,
  },
  { name = "from", rule = "a time, finite and at least 0", accepts = is_time, default = 0 },
  { name = "to", rule = "a time, finite and at least 0", accepts = is_time },
  {
    name = "color",
    rule = "true or false",
    accepts = function(value)
      return type(value) == "boolean"
    end,
    default = false,
  },
  {
    name = "unit",
    rule = ("the name of a unit of time, at most %d characters"):format(LONGEST_UNIT),
    accepts = is_unit,
    default = "",
  },
}

---- Marks: one for each kind of action and direction ----

local IDLE <const> = "."
local IDLE_MARK <const> = "~" -- what idle time counts under; sorts after the letters

-- Upper case for the first direction, lower case for the other; colours of the 256-colour palette,
-- light for the first direction, dark for the other.
local KINDS <const> = {
  { kind = "forward", letter = "F", meaning = "forward", colors = { 222, 215 } },
  { kind = "backward", letter = "B", meaning = "backward", colors = { 114, 71 } },
  { kind = "input", letter = "I", meaning = "input gradient", colors = { 152, 110 } },
  { kind = "weight", letter = "W", meaning = "weight gradient", colors = { 183, 140 } },
  { kind = "overlapped", letter = "&", meaning = "overlapped forward and backward" },
}
local PAIR_COLOR <const> = 180
local FORWARD <const>, BACKWARD <const> = KINDS[1], KINDS[2]

local kind_named = {}
for _, kind in ipairs(KINDS) do
  kind_named[kind.kind] = kind
end

local function painted(text, color)
  return ("\27[30;48;5;%dm%s\27[0m"):format(color, text)
end

local function faint(text)
  return ("\27[2m%s\27[0m"):format(text)
end

---- What is drawn: the actions within the window ----

-- The events that occupy a rank (transfers do not), rank after rank, each in the order of time.
-- Those outside of the window or without a length are left out.
local function visible(timeline, window)
  local next_event = timeline:actions(window.from, window.to)
  return function()
    while true do
      local event = next_event()
      if not event or not kind_named[event.kind] then
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
local function find_directions(routes)
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

-- What is in the window: the durations of the actions, from short to long, those that differ by
-- less than a millionth of `least` as one; the kinds; whether there is a second direction.
local function survey(timeline, window, directions, least)
  local seen = { durations = {}, kinds = {}, second = false }
  local known = {}
  for event in visible(timeline, window) do
    local duration = event.finish - event.start
    local key = duration // (least * 1e-6)
    if not known[key] then
      known[key] = true
      table.insert(seen.durations, duration)
    end
    seen.kinds[event.kind] = true
    seen.second = seen.second or directions[event.stage] == 2
      or directions[event.backward_stage] == 2
  end
  table.sort(seen.durations)
  return seen
end

---- Scale ----

-- Euclid's algorithm; a remainder within `tolerance` of 0 or of the divisor is 0.
local function common_divisor(a, b, tolerance)
  while b > tolerance do
    local remainder = math.fmod(a, b)
    if b - remainder < tolerance then
      remainder = 0
    end
    a, b = b, remainder
  end
  return a
end

-- The longest time of which all durations are multiples; nil where it is too short to be seen.
local function common_measure(durations, least)
  local measure = 0
  for _, duration in ipairs(durations) do
    measure = common_divisor(duration, measure, least * 1e-6)
    if measure < least * 0.01 then
      return nil
    end
  end
  return measure > 0 and measure or nil
end

-- The next number of two significant digits.
local function rounded_up(value)
  local unit = 10.0 ^ (math.floor(math.log(value, 10)) - 1)
  return math.ceil(value / unit - 1e-9) * unit
end

-- The time that a column stands for: a whole part or a small multiple of the actions' common
-- measure, so that like actions look alike; a round number where there is none. Returns it and
-- what the legend says of it.
local function time_of_column(least, durations)
  local measure = common_measure(durations, least)
  local parts = measure and math.floor(measure / least + 1e-9) or 0
  if parts > 1 then
    return measure / parts, parts, measure
  end
  local multiple = measure and math.ceil(least / measure - 1e-9) or math.huge
  local step = multiple <= 10 and multiple * measure or rounded_up(least)
  return step, 1, step
end

-- from, to: the window; last: where the timeline ends in it; columns: how many it takes; step: the
-- time of one, `parts` of them being `measure`.
local function scale_of(timeline, window, durations, columns)
  local step, parts, measure = time_of_column((window.to - window.from) / columns, durations)
  return {
    from = window.from,
    to = window.to,
    last = math.min(window.to, timeline.makespan),
    step = step,
    parts = parts,
    measure = measure,
    columns = math.min(columns, math.ceil((window.to - window.from) / step - 1e-9)),
  }
end

---- Columns of a row ----

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

---- Text of a row ----

local function cased(letter, direction)
  return direction == 2 and letter:lower() or letter
end

local function mark_of(event, directions)
  return cased(kind_named[event.kind].letter, directions[event.stage])
end

-- The first text that fits, padded to the width.
local function fitted(texts, width, filler)
  for _, text in ipairs(texts) do
    if #text <= width then
      return text .. filler:rep(width - #text)
    end
  end
  return filler:rep(width)
end

local function plain_cell(event, width, directions)
  if not event.backward_chunk then
    local mark = mark_of(event, directions)
    return fitted({ mark .. event.chunk, mark }, width, "-")
  end
  local forward = cased("F", directions[event.stage]) .. event.chunk
  local backward = cased("B", directions[event.backward_stage]) .. event.backward_chunk
  return fitted({ forward .. "&" .. backward, "&" .. event.chunk, "&" }, width, "-")
end

-- A pair is half in the colour of its forward, half in that of its backward.
local function colored_pair(event, width, directions)
  if width == 1 then
    return painted("&", PAIR_COLOR)
  end
  local left = (width + 1) // 2
  local forward = fitted({ event.chunk .. "&", event.chunk .. "", "&" }, left, " ")
  local backward = fitted({ event.backward_chunk .. "" }, width - left, " ")
  return painted(forward, FORWARD.colors[directions[event.stage]])
    .. painted(backward, BACKWARD.colors[directions[event.backward_stage]])
end

local function colored_cell(event, width, directions)
  if event.backward_chunk then
    return colored_pair(event, width, directions)
  end
  local text = fitted({ event.chunk .. "", mark_of(event, directions) }, width, " ")
  return painted(text, kind_named[event.kind].colors[directions[event.stage]])
end

local function row_text(runs, directions, color)
  local cell = color and colored_cell or plain_cell
  local parts = {}
  for i, run in ipairs(runs) do
    if run.owner == nil then
      parts[i] = i == #runs and "" or (" "):rep(run.columns)
    elseif run.owner == IDLE then
      parts[i] = color and faint(IDLE:rep(run.columns)) or IDLE:rep(run.columns)
    else
      parts[i] = cell(run.owner, run.columns, directions)
    end
  end
  return table.concat(parts)
end

-- The text of every rank's row, by rank + 1.
local function rows_of(timeline, window, scale, directions, color)
  local rows = {}
  local next_event = visible(timeline, window)
  local event = next_event()
  for rank = 0, #timeline.busy - 1 do
    local columns, free = {}, scale.from
    while event and event.rank == rank do
      add_stretch(columns, scale, IDLE_MARK, IDLE, free, event.start)
      add_stretch(columns, scale, mark_of(event, directions), event, event.start, event.finish)
      free = event.finish
      event = next_event()
    end
    add_stretch(columns, scale, IDLE_MARK, IDLE, free, scale.last)
    rows[rank + 1] = row_text(runs_of(columns, scale), directions, color)
  end
  return rows
end

---- Axis and legend ----

local function number_text(value)
  return ("%.6g"):format(value)
end

-- The least 1, 2 or 5 times a power of ten, in time, that leaves room between the marks.
local function tick_time(scale)
  local room = #number_text(scale.to) + 2
  local least = math.max(room, 10) * scale.step
  local unit = 10.0 ^ math.floor(math.log(least, 10))
  for _, factor in ipairs { 1, 2, 5, 10 } do
    if factor * unit >= least * (1 - 1e-9) then
      return factor * unit
    end
  end
end

-- Two lines: the times, and where they are.
local function axis_lines(scale, margin, title)
  local tick = tick_time(scale)
  local numbers, marks = {}, ("-"):rep(scale.columns)
  local used = 0
  for i = math.ceil(scale.from / tick - 1e-9), math.floor(scale.to / tick + 1e-9) do
    local column = math.floor((i * tick - scale.from) / scale.step + 0.5)
    local text = number_text(i * tick)
    if column + #text <= scale.columns then
      numbers[#numbers + 1] = (" "):rep(column - used) .. text
      used = column + #text
      marks = marks:sub(1, column) .. "|" .. marks:sub(column + 2)
    end
  end
  local padded = title .. (" "):rep(margin - utf8.len(title))
  return padded .. table.concat(numbers), (" "):rep(margin) .. marks
end

-- Appends words to lines of at most `width` columns, `gap` blanks between them, on a new line at
-- first. A word is { text, painted text }.
local function add_wrapped(lines, words, width, gap)
  local line, used = {}, 0
  for _, word in ipairs(words) do
    local length = utf8.len(word[1])
    if used > 0 and used + gap + length > width then
      lines[#lines + 1] = table.concat(line, (" "):rep(gap))
      line, used = {}, 0
    end
    line[#line + 1] = word[2] or word[1]
    used = used + length + (used > 0 and gap or 0)
  end
  if used > 0 then
    lines[#lines + 1] = table.concat(line, (" "):rep(gap))
  end
end

local function words_of(text)
  local words = {}
  for word in text:gmatch("%S+") do
    words[#words + 1] = { word }
  end
  return words
end

-- A kind's item of the legend; with colours, samples of both directions.
local function kind_item(kind, second, color)
  local text = kind.letter .. " " .. kind.meaning
  if not color then
    return { text }
  end
  if not kind.colors then
    return { text, painted(kind.letter, PAIR_COLOR) .. " " .. kind.meaning }
  end
  local samples, columns = painted(kind.letter, kind.colors[1]), kind.letter
  if second then
    samples = samples .. painted(kind.letter:lower(), kind.colors[2])
    columns = columns .. kind.letter:lower()
  end
  return { columns .. " " .. kind.meaning, samples .. " " .. kind.meaning }
end

-- What the lower case stands for.
local function second_text(routes, color)
  local mark = color and "lower case, darker: " or "lower case: "
  if #routes == 1 then
    return mark .. "the rank's later stages"
  end
  return mark .. ("the other direction (chunks %d to %d)"):format(routes[2].chunks[1],
    routes[#routes].chunks[2])
end

local function scale_text(scale, unit)
  local columns = scale.parts == 1 and "one column" or scale.parts .. " columns"
  if unit == "" then
    unit = scale.measure == 1 and "unit of time" or "units of time"
  end
  return ("%s: %s %s"):format(columns, number_text(scale.measure), unit)
end

local function legend_lines(seen, routes, scale, values)
  local items = { { scale_text(scale, values.unit) } }
  for _, kind in ipairs(KINDS) do
    if seen.kinds[kind.kind] then
      items[#items + 1] = kind_item(kind, seen.second, values.color)
    end
  end
  items[#items + 1] = { IDLE .. " bubble" }
  local pairs_too = seen.kinds.overlapped and not values.color
  items[#items + 1] = { "number: chunk" .. (pairs_too and ", after & the forward's" or "") }
  local lines = {}
  add_wrapped(lines, items, values.width, 2)
  if seen.second then
    add_wrapped(lines, words_of(second_text(routes, values.color)), values.width, 1)
  end
  return lines
end

---- The whole ----

local function read_window(timeline, values)
  local window = { from = values.from, to = values.to or timeline.makespan }
  if timeline.makespan > 0 and window.from >= timeline.makespan then
    options.fail("gantt: option 'from' must be before the end of the timeline, %s (got %s)",
      number_text(timeline.makespan), number_text(window.from))
  end
  if values.to and window.to <= window.from then
    options.fail("gantt: option 'to' must be after 'from', %s (got %s)",
      number_text(window.from), number_text(window.to))
  end
  return window
end

local function labels_of(num_ranks)
  local digits = #tostring(num_ranks - 1)
  local labels = {}
  for rank = 0, num_ranks - 1 do
    labels[rank + 1] = ("rank %" .. digits .. "d  "):format(rank)
  end
  return labels
end

-- Rows without an axis, where no time passes.
local function empty_drawing(labels)
  local lines = {}
  for i, label in ipairs(labels) do
    lines[i] = label:gsub("%s+$", "")
  end
  lines[#lines + 1] = "nothing to draw: no action takes time"
  return table.concat(lines, "\n")
end

local function draw(timeline, given)
  local values = options.read("gantt", DECLARED, given)
  local window = read_window(timeline, values)
  local labels = labels_of(#timeline.busy)
  if timeline.makespan == 0 then
    return empty_drawing(labels)
  end
  local title = "time" .. (values.unit ~= "" and ", " .. values.unit or "")
  local margin = math.max(#labels[1], utf8.len(title) + 2)
  local routes = timeline.schedule.routes
  local directions = find_directions(routes)
  local columns = values.width - margin
  local seen = survey(timeline, window, directions, (window.to - window.from) / columns)
  local scale = scale_of(timeline, window, seen.durations, columns)
  local lines = { axis_lines(scale, margin, title) }
  for rank, row in ipairs(rows_of(timeline, window, scale, directions, values.color)) do
    lines[#lines + 1] = labels[rank] .. (" "):rep(margin - #labels[rank]) .. row
  end
  local legend = legend_lines(seen, routes, scale, values)
  return table.concat(table.move(legend, 1, #legend, #lines + 1, lines), "\n")
end

return draw
