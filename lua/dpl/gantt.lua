-- Draws a timeline as text: a row for each rank, time from left to right, after the figures of
-- DualPipe. What every mark means stands below the drawing.
--
--   print(t:gantt())     as wide as the terminal, in its colours; else 100 columns of plain text
--   print(t:gantt { width = 160, color = true, unit = "ms", from = 0, to = 500 })
--
-- A column stands for a stretch of time and shows the kind of action that takes most of it, or a
-- bubble. Actions that take no time are not seen.

local layout = require "dpl.layout"
local options = require "dpl.options"
local terminal = require "dpl.terminal"

local LEAST_WIDTH <const>, MOST_WIDTH <const> = 40, 10000
local USUAL_WIDTH <const> = 100

local DECLARED <const> = {
  layout.whole_option("width", "columns", LEAST_WIDTH, MOST_WIDTH),
  layout.time_option("from", 0),
  layout.time_option("to"),
  layout.boolean_option("color"),
  layout.unit_option(),
}

---- Marks: one for each kind of action and direction ----

local IDLE <const> = layout.IDLE
local KINDS <const> = layout.kinds

-- Upper case for the first direction, lower case for the other; colours of the 256-colour palette,
-- light for the first direction, dark for the other.
local COLORS <const> = {
  forward = { 215, 172 },
  backward = { 113, 70 },
  input = { 157, 114 },
  weight = { 117, 74 },
}
local PAIR_COLOR <const> = 150

local visible = layout.visible
local number_text = layout.number_text

local function painted(text, color)
  return ("\27[30;48;5;%dm%s\27[0m"):format(color, text)
end

local function faint(text)
  return ("\27[2m%s\27[0m"):format(text)
end

---- Scale ----

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

---- Text of a row ----

local function cased(letter, direction)
  return direction == 2 and letter:lower() or letter
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
    local mark = layout.mark(event, directions)
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
  return painted(forward, COLORS.forward[directions[event.stage]])
    .. painted(backward, COLORS.backward[directions[event.backward_stage]])
end

local function colored_cell(event, width, directions)
  if event.backward_chunk then
    return colored_pair(event, width, directions)
  end
  local text = fitted({ event.chunk .. "", layout.mark(event, directions) }, width, " ")
  return painted(text, COLORS[event.kind][directions[event.stage]])
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
  layout.each_row(timeline, window, scale, directions, function(rank, runs)
    rows[rank + 1] = row_text(runs, directions, color)
  end)
  return rows
end

---- Axis and legend ----

-- The time between marks that leaves room for their numbers.
local function tick_time(scale)
  local room = #number_text(scale.to) + 2
  return layout.tick(math.max(room, 10) * scale.step)
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
  if not COLORS[kind.kind] then
    return { text, painted(kind.letter, PAIR_COLOR) .. " " .. kind.meaning }
  end
  local samples, columns = painted(kind.letter, COLORS[kind.kind][1]), kind.letter
  if second then
    samples = samples .. painted(kind.letter:lower(), COLORS[kind.kind][2])
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
    unit = ("%g"):format(scale.measure) == "1" and "unit of time" or "units of time"
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

-- The options, with the terminal's width and colours where there is one and they are not given.
local function read_options(given)
  local values = options.read("gantt", DECLARED, given)
  local at_terminal = (values.color == nil or not values.width) and terminal.is_terminal()
  if values.color == nil then
    values.color = at_terminal and terminal.has_color()
  end
  local columns = values.width or at_terminal and terminal.columns(USUAL_WIDTH) or USUAL_WIDTH
  values.width = math.min(math.max(columns, LEAST_WIDTH), MOST_WIDTH)
  return values
end

local function draw(timeline, given)
  local values = read_options(given)
  local window = layout.read_window("gantt", timeline, values)
  local labels = labels_of(#timeline.busy)
  if timeline.makespan == 0 then
    return empty_drawing(labels)
  end
  local title = "time" .. (values.unit ~= "" and ", " .. values.unit or "")
  local margin = math.max(#labels[1], utf8.len(title) + 2)
  local routes = timeline.schedule.routes
  local directions = layout.directions(routes)
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
