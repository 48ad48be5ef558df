-- Draws a timeline in vectors, after the figures of DualPipe: a row for each rank, time from left
-- to right, the number of the micro-batch in every action that has room for it.
--
--   local text = t:to_svg { width = 1500 }
--   assert(t:write_svg("dualpipe.svg", { unit = "ms", memory = true, palette = "safe" }))
--
-- Where there are so many actions that nobody could see one, every pixel shows what takes most of
-- its time, as the columns of t:gantt() do: a drawing stays small however long the schedule.

local layout = require "dpl.layout"
local options = require "dpl.options"
local write_file = require "dpl.write_file"

local svg = {}

local MOST_RANKS <const> = 4096
local MOST_ACTIONS <const> = 50000 -- drawn one by one

local DECLARED <const> = {
  layout.whole_option("width", "pixels", 300, 20000, 1200),
  layout.time_option("from", 0),
  layout.time_option("to"),
  layout.text_option("title", "a text in one line", 200, ""),
  layout.unit_option(),
  layout.text_option("label", "what a rank is called", 32, "Device"),
  layout.choice_option("palette", layout.palette_names),
  layout.choice_option("theme", { "light", "dark" }),
  layout.boolean_option("memory", false),
}

-- In pixels.
local ROW <const> = 24
local STRIP <const> = 14 -- the memory under a row, with the gap above it
local GAP <const> = 2
local EDGE <const> = 8
local FONT <const> = 13
local DIGIT <const> = 7.9 -- the width of one in Helvetica and its like, with some air
local LETTER <const> = 8.9 -- of a bold one, on average, in the widest of usual fonts
local LINE <const> = 22
local LEAST_OUTLINED <const> = 2.5

local THEMES <const> = {
  light = { paper = "#ffffff", ink = "#000000", idle = "#ffffff", faint = "#c8c8c8",
    memory = "#8d6cab" },
  dark = { paper = "#16181c", ink = "#e8e8e8", idle = "#24272d", faint = "#4a4e57",
    memory = "#b294d1" },
}

local escaped = layout.escaped

-- A coordinate, to a hundredth of a pixel.
local function px(value)
  return (("%.2f"):format(value):gsub("%.?0+$", ""))
end

---- Parts ----

local function style_text(values)
  local theme = THEMES[values.theme]
  local lines = {
    ("text{fill:%s}.t{font-weight:bold}"):format(theme.ink),
    ("rect{stroke:#000;stroke-width:1}.n{stroke:none}.o{fill:none}"),
    ("g.a{text-anchor:middle}.a text{fill:#000}.a text.w{fill:#fff;font-weight:bold}"),
    (".z{fill:%s;stroke:%s}.x{stroke:%s;fill:none}"):format(theme.idle, theme.faint, theme.ink),
    (".p{fill:%s;stroke:none}.m{fill:%s;stroke:none}"):format(theme.paper, theme.memory),
  }
  for _, kind in ipairs(layout.kinds) do
    local colors = layout.palettes[values.palette][kind.kind]
    if colors then
      lines[#lines + 1] = (".%s1{fill:%s}.%s2{fill:%s}"):format(kind.letter, colors[1],
        kind.letter, colors[2])
    end
  end
  return "<style>" .. table.concat(lines, "\n") .. "</style>"
end

local function add(drawing, format, ...)
  drawing.pieces[#drawing.pieces + 1] = format:format(...)
end

-- The pixel of a time, which may be outside of the window.
local function place(drawing, time)
  local window = drawing.window
  local inside = math.min(math.max(time, window.from), window.to)
  return (inside - window.from) / (window.to - window.from) * drawing.plot
end

local function add_rect(drawing, class, x, width)
  add(drawing, '<rect class="%s" x="%s" width="%s" height="%d"/>', class, px(x), px(width), ROW)
end

-- The number of a micro-batch in the middle of what it has room in.
local function add_number(drawing, number, direction, x, width)
  if #tostring(number) * DIGIT <= width then
    add(drawing, '<text%s x="%s" y="%s">%d</text>', direction == 2 and ' class="w"' or "",
      px(x + width / 2), px(ROW / 2 + FONT * 0.36), number)
  end
end

-- A pair is one border around its forward and its backward.
local function add_pair(drawing, event, x, width)
  local directions = drawing.directions
  local forward, backward = directions[event.stage], directions[event.backward_stage]
  local part = width * layout.FORWARD_SHARE
  add_rect(drawing, "n F" .. forward, x, part)
  add_rect(drawing, "n B" .. backward, x + part, width - part)
  if width >= LEAST_OUTLINED then
    add_rect(drawing, "o", x, width)
  end
  add_number(drawing, event.chunk, forward, x, part)
  add_number(drawing, event.backward_chunk, backward, x + part, width - part)
end

local function add_action(drawing, event, x, width)
  local kind = layout.kind_named[event.kind]
  drawing.kinds[event.kind] = true
  if event.backward_stage then
    add_pair(drawing, event, x, width)
    return
  end
  local direction = drawing.directions[event.stage]
  local class = width < LEAST_OUTLINED and "n " or ""
  add_rect(drawing, class .. kind.letter .. direction, x, width)
  add_number(drawing, event.chunk, direction, x, width)
end

---- Rows ----

local function begin_row(drawing, rank)
  local y = drawing.top + rank * drawing.pitch
  add(drawing, '<text class="t" text-anchor="end" x="%s" y="%s">%s %d</text>',
    px(drawing.left - 6), px(y + ROW / 2 + FONT * 0.36), escaped(drawing.values.label), rank)
  add(drawing, '<g class="a" transform="translate(%s %s)">', px(drawing.left), px(y))
  local last = place(drawing, drawing.timeline.makespan)
  if last > 0 then
    add_rect(drawing, "z", 0, last)
  end
end

-- Every action as it is.
local function add_actions(drawing)
  local next_event = layout.visible(drawing.timeline, drawing.window)
  local event = next_event()
  for rank = 0, drawing.num_ranks - 1 do
    begin_row(drawing, rank)
    while event and event.rank == rank do
      local x = place(drawing, event.start)
      add_action(drawing, event, x, place(drawing, event.finish) - x)
      event = next_event()
    end
    add(drawing, "</g>")
  end
end

-- One rectangle for a stretch of runs too narrow for more; `stretch` may be nil.
local function add_stretch(drawing, stretch)
  if stretch then
    add_rect(drawing, "n " .. stretch.class, stretch.x, stretch.width)
  end
end

-- What a run too narrow for a border is painted as: a pair as its backward, the most of it.
local function class_of(drawing, event)
  drawing.kinds[event.kind] = true
  local pair = event.backward_stage
  local letter = pair and "B" or layout.kind_named[event.kind].letter
  return letter .. drawing.directions[pair or event.stage]
end

-- The runs of a row from left to right, alike ones that are narrow as one.
local function add_runs(drawing, runs, pixel)
  local x, stretch = 0, nil
  for _, run in ipairs(runs) do
    local width = run.columns * pixel
    local acts = run.owner and run.owner ~= layout.IDLE
    local class = acts and width < LEAST_OUTLINED and class_of(drawing, run.owner)
    if class and stretch and stretch.class == class then
      stretch.width = stretch.width + width
    else
      add_stretch(drawing, stretch)
      stretch = class and { class = class, x = x, width = width }
      if acts and not class then
        add_action(drawing, run.owner, x, width)
      end
    end
    x = x + width
  end
  add_stretch(drawing, stretch)
end

-- Every pixel's most.
local function add_pixels(drawing)
  local window, columns = drawing.window, math.floor(drawing.plot)
  local scale = { from = window.from, last = math.min(window.to, drawing.timeline.makespan),
    step = (window.to - window.from) / columns, columns = columns }
  layout.each_row(drawing.timeline, window, scale, drawing.directions, function(rank, runs)
    begin_row(drawing, rank)
    add_runs(drawing, runs, drawing.plot / columns)
    add(drawing, "</g>")
  end)
end

---- Memory ----

-- Lists of times and of what a rank holds from each on.
local function memory_steps(timeline, rank, events)
  local during, after = timeline:memory(rank)
  local times, levels = {}, {}
  for i, event in ipairs(events) do
    times[2 * i - 1], levels[2 * i - 1] = event.start, during[i]
    times[2 * i], levels[2 * i] = event.finish, after[i]
  end
  return times, levels
end

-- Half a pixel shows the most that is held in it.
local function strip_path(drawing, times, levels, most)
  local height = STRIP - GAP
  local parts, x, level = { "M0 " .. height }, 0, 0
  for i, time in ipairs(times) do
    local at = place(drawing, time)
    if at - x >= 0.5 then
      parts[#parts + 1] = ("V%sH%s"):format(px(height - level / most * height), px(at))
      x, level = at, levels[i]
    else
      level = time <= drawing.window.from and levels[i] or math.max(level, levels[i])
    end
  end
  parts[#parts + 1] = ("V%dZ"):format(height)
  return table.concat(parts)
end

local function add_strips(drawing)
  local timeline = drawing.timeline
  local most = math.max(1e-300, table.unpack(timeline.peak_activations))
  local next_event = timeline:actions()
  local event = next_event()
  for rank = 0, drawing.num_ranks - 1 do
    local events = {}
    while event and event.rank == rank and layout.kind_named[event.kind] do
      events[#events + 1] = event
      event = next_event()
    end
    local times, levels = memory_steps(timeline, rank, events)
    add(drawing, '<path class="m" transform="translate(%s %s)" d="%s"/>', px(drawing.left),
      px(drawing.top + rank * drawing.pitch + ROW + GAP), strip_path(drawing, times, levels, most))
  end
  drawing.most_held = most
end

---- Axis and legend ----

local function add_axis(drawing)
  local window, y = drawing.window, drawing.top + drawing.num_ranks * drawing.pitch + 4
  local unit = drawing.values.unit
  add(drawing, '<text class="t" text-anchor="end" x="%s" y="%s">%s \u{2192}</text>',
    px(drawing.left - 10), px(y + 18), unit == "" and "Time" or ("Time, %s"):format(escaped(unit)))
  local tick = layout.tick(70 / drawing.plot * (window.to - window.from))
  local path, numbers = { ("M0 0H%s"):format(px(drawing.plot)) }, {}
  local first = math.ceil(window.from / tick - 1e-9)
  for i = 0, math.floor(window.to / tick + 1e-9) - first do
    local time = (first + i) * tick
    local x = px(place(drawing, time))
    path[#path + 1] = ("M%s 0v5"):format(x)
    numbers[#numbers + 1] = ('<text x="%s" y="18">%s</text>'):format(x, layout.number_text(time))
  end
  add(drawing, '<g text-anchor="middle" transform="translate(%s %s)">', px(drawing.left), px(y))
  add(drawing, '<path class="x" d="%s"/>%s</g>', table.concat(path), table.concat(numbers))
  return y + 18 + LINE
end

-- What the legend explains: { text =, width = of the sample, cells = { { class, share } ... } }.
local function legend_items(drawing)
  local items = {}
  for _, kind in ipairs(layout.kinds) do
    if drawing.kinds[kind.kind] and kind.kind == "overlapped" then
      local share = layout.FORWARD_SHARE
      items[#items + 1] = { text = kind.title, width = 48,
        cells = { { "n F1", share }, { "n B1", 1 - share } } }
    elseif drawing.kinds[kind.kind] then
      items[#items + 1] = { text = kind.title, width = kind.kind == "backward" and 32 or 16,
        cells = { { kind.letter .. "1", 1 } } }
    end
  end
  if drawing.second then
    local several = #drawing.timeline.schedule.routes > 1
    items[#items + 1] = { text = several and "Darker: the other direction"
      or "Darker: the rank's later stages", width = 32,
      cells = { { "F2", 0.5 }, { "B2", 0.5 } } }
  end
  items[#items + 1] = { text = "Bubble", width = 16, cells = { { "z", 1 } } }
  if drawing.by_pixels then
    items[#items + 1] = { text = "A pixel shows what takes most of it", width = 0, cells = {} }
  end
  if drawing.most_held then
    items[#items + 1] = { text = ("Activations held, at most %s"):format(
      layout.number_text(drawing.most_held)), width = 16, cells = { { "m", 1 } } }
  end
  return items
end

local function add_item(drawing, item, x, y)
  for _, cell in ipairs(item.cells) do
    add(drawing, '<rect class="%s" x="%s" y="%s" width="%s" height="16"/>', cell[1], px(x), px(y),
      px(item.width * cell[2]))
    x = x + item.width * cell[2]
  end
  if #item.cells > 1 then
    add(drawing, '<rect class="o" x="%s" y="%s" width="%d" height="16"/>', px(x - item.width),
      px(y), item.width)
  end
  add(drawing, '<text class="t" x="%s" y="%s">%s</text>', px(x + 8), px(y + 13),
    escaped(item.text))
end

-- Returns where the drawing ends.
local function add_legend(drawing, y)
  local x = EDGE
  for _, item in ipairs(legend_items(drawing)) do
    local width = item.width + 8 + #item.text * LETTER + 12
    if x > EDGE and x + width > drawing.values.width then
      x, y = EDGE, y + LINE
    end
    add_item(drawing, item, x, y)
    x = x + width
  end
  return y + LINE + EDGE - 6
end

---- The whole ----

-- How many actions the window shows, and whether some are of the second direction.
local function survey(timeline, window, directions)
  local count, second = 0, false
  for event in layout.visible(timeline, window) do
    count = count + 1
    second = second or directions[event.stage] == 2 or directions[event.backward_stage] == 2
  end
  return count, second
end

local function begin(timeline, values)
  local num_ranks = #timeline.busy
  if num_ranks > MOST_RANKS then
    options.fail("svg: at most %d ranks can be drawn (this timeline has %d)", MOST_RANKS, num_ranks)
  end
  local labels = utf8.len(values.label) + 1 + #tostring(num_ranks - 1)
  local axis = values.unit == "" and 6 or 8 + utf8.len(values.unit)
  local left = EDGE + math.max(labels, axis) * 8 + 6
  return {
    timeline = timeline,
    values = values,
    window = layout.read_window("svg", timeline, values),
    directions = layout.directions(timeline.schedule.routes),
    num_ranks = num_ranks,
    pieces = {},
    kinds = {},
    left = left,
    top = EDGE + (values.title ~= "" and LINE or 0),
    plot = math.max(values.width - left - EDGE, 100),
    pitch = values.memory and ROW + STRIP + GAP or ROW,
  }
end

local function add_rows(drawing)
  local count, second = survey(drawing.timeline, drawing.window, drawing.directions)
  drawing.second, drawing.by_pixels = second, count > MOST_ACTIONS
  if not drawing.by_pixels then
    add_actions(drawing)
  else
    add_pixels(drawing)
  end
  if drawing.values.memory then
    add_strips(drawing)
  end
  return add_legend(drawing, add_axis(drawing))
end

-- Rows without an axis, where no time passes.
local function add_empty_rows(drawing)
  drawing.window = { from = 0, to = 1 }
  for rank = 0, drawing.num_ranks - 1 do
    begin_row(drawing, rank)
    add(drawing, "</g>")
  end
  local y = drawing.top + drawing.num_ranks * drawing.pitch + LINE
  add(drawing, '<text x="%s" y="%s">nothing to draw: no action takes time</text>',
    px(EDGE), px(y))
  return y + EDGE
end

local function pieces_of(timeline, values)
  local drawing = begin(timeline, values)
  local empty = timeline.makespan == 0
  if values.title ~= "" then
    add(drawing, '<text class="t" x="%s" y="%s">%s</text>', px(EDGE), px(EDGE + FONT),
      escaped(values.title))
  end
  local height = empty and add_empty_rows(drawing) or add_rows(drawing)
  local head = ('<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%s" '
    .. 'viewBox="0 0 %d %s" font-family="Helvetica, Arial, sans-serif" font-size="%d" role="img">')
    :format(values.width, px(height), values.width, px(height), FONT)
  local name = values.title ~= "" and values.title or layout.name_of(timeline)
  table.insert(drawing.pieces, 1, ('%s\n<title>%s</title>\n%s\n'
    .. '<rect class="p" width="100%%" height="100%%"/>'):format(head, escaped(name),
    style_text(values)))
  drawing.pieces[#drawing.pieces + 1] = "</svg>\n"
  return drawing.pieces
end

-- The text of the drawing.
function svg.to_svg(timeline, given)
  return table.concat(pieces_of(timeline, options.read("t:to_svg", DECLARED, given)), "\n")
end

-- Writes it to a file: true, or nil, message, code.
function svg.write_svg(timeline, path, given)
  local values = options.read("t:write_svg", DECLARED, given)
  return write_file("t:write_svg", path, { table.concat(pieces_of(timeline, values), "\n") })
end

return svg
