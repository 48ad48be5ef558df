-- Draws timelines as one page that needs nothing else: no network, no other file. It can be zoomed
-- and moved; it tells of every action when it runs, what it needs and what is held in memory, and
-- shows what it waited for. Several timelines share an axis.
--
--   assert(t:write_html("dualpipe.html", { unit = "ms" }))
--   assert(dpl.write_html("both.html", { t1, t2 }, { names = { "before", "after" } }))
--
-- The page is page.css, page_timelines.js and page.js, which lie beside this file, and the
-- timelines as JSON.

local fail = require "dpl.fail"
local layout = require "dpl.layout"
local options = require "dpl.options"
local script = require "dpl.page.js"
local style = require "dpl.page.css"
local timelines_script = require "dpl.page_timelines.js"
local write_file = require "dpl.write_file"

local html = {}

-- A page of so many takes 100 MB and some seconds to open: no browser is happy with more.
local MOST_ACTIONS <const> = 2000000
local MOST_TIMELINES <const> = 64
local LONGEST_NAME <const> = 200

local is_name = layout.text_option("", "", LONGEST_NAME).accepts

local function is_names(value)
  if type(value) ~= "table" then
    return false
  end
  for i, name in pairs(value) do
    if math.type(i) ~= "integer" or i < 1 or i > #value or not is_name(name) then
      return false
    end
  end
  return true
end

local DECLARED <const> = {
  layout.text_option("title", "a text in one line", LONGEST_NAME, ""),
  layout.unit_option(),
  layout.text_option("label", "what a rank is called", 32, "Device"),
  layout.choice_option("palette", layout.palette_names),
  layout.choice_option("theme", { "auto", "light", "dark" }),
  layout.boolean_option("memory", false),
  {
    name = "names",
    rule = ("a list of the timelines' names, each at most %d characters"):format(LONGEST_NAME),
    accepts = is_names,
  },
}

---- JSON ----

local ESCAPES <const> = { ['"'] = '\\"', ["\\"] = "\\\\", ["<"] = "\\u003c" }

-- "<" is escaped too, so that no text ends the element that the JSON is in.
local function quoted(text)
  return '"' .. text:gsub('["\\<]', ESCAPES) .. '"'
end

-- A number that reads as the same one.
local function exact(value)
  local whole = math.tointeger(value)
  if whole then
    return ("%d"):format(whole)
  end
  local short = ("%.15g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

local function list_of(values, text_of)
  local texts = {}
  for i, value in ipairs(values) do
    texts[i] = text_of(value)
  end
  return "[" .. table.concat(texts, ",") .. "]"
end

---- What the page needs of a timeline ----

local COLUMNS <const> = { "stage", "chunk", "pairs", "start", "finish", "during", "after" }

local function new_row()
  local row = { kinds = {} }
  for _, column in ipairs(COLUMNS) do
    row[column] = {}
  end
  return row
end

local function add_event(row, event, during, after)
  local i = #row.kinds + 1
  row.kinds[i] = layout.kind_named[event.kind].letter
  row.stage[i], row.chunk[i] = event.stage, event.chunk
  row.start[i], row.finish[i] = exact(event.start), exact(event.finish)
  row.during[i], row.after[i] = exact(during[i]), exact(after[i])
  if event.backward_stage then
    table.insert(row.pairs, event.backward_stage)
    table.insert(row.pairs, event.backward_chunk)
  end
end

-- By column a list of JSON texts, one for each rank.
local function columns_of(timeline)
  local columns = new_row()
  local next_event = timeline:actions()
  local event = next_event()
  for rank = 0, #timeline.busy - 1 do
    local row = new_row()
    local during, after = timeline:memory(rank)
    while event and event.rank == rank and layout.kind_named[event.kind] do
      add_event(row, event, during, after)
      event = next_event()
    end
    columns.kinds[rank + 1] = quoted(table.concat(row.kinds))
    for _, column in ipairs(COLUMNS) do
      columns[column][rank + 1] = "[" .. table.concat(row[column], ",") .. "]"
    end
  end
  return columns
end

local function first_stages(routes)
  local firsts, stage = {}, 0
  for i, route in ipairs(routes) do
    firsts[i] = stage
    stage = stage + #route.ranks
  end
  return firsts
end

local function directions_list(routes)
  local by_stage = layout.directions(routes)
  return table.move(by_stage, 0, #by_stage, 1, {})
end

local function timeline_json(timeline, name)
  local routes = timeline.schedule.routes
  local members = {
    '"name":' .. quoted(name),
    '"makespan":' .. exact(timeline.makespan),
    '"p2p":' .. exact(timeline.p2p),
    '"directions":' .. list_of(directions_list(routes), exact),
    '"first_stages":' .. list_of(first_stages(routes), exact),
  }
  local columns = columns_of(timeline)
  table.insert(members, '"kinds":[' .. table.concat(columns.kinds, ",\n") .. "]")
  for _, column in ipairs(COLUMNS) do
    table.insert(members, ('"%s":[%s]'):format(column, table.concat(columns[column], ",\n")))
  end
  return "{" .. table.concat(members, ",\n") .. "}"
end

local function palette_json(name)
  local members = {}
  for _, kind in ipairs(layout.kinds) do
    local colors = layout.palettes[name][kind.kind]
    if colors then
      table.insert(members, ("%s:%s"):format(quoted(kind.kind), list_of(colors, quoted)))
    end
  end
  return "{" .. table.concat(members, ",") .. "}"
end

local function data_json(timelines, names, values)
  local parts = {}
  for i, timeline in ipairs(timelines) do
    parts[i] = timeline_json(timeline, names[i])
  end
  return ('{"unit":%s,"label":%s,"theme":%s,"memory":%s,"palette":%s,\n"timelines":['):format(
    quoted(values.unit), quoted(values.label), quoted(values.theme), values.memory,
    palette_json(values.palette)) .. table.concat(parts, ",\n") .. "]}"
end

---- The page ----

local PAGE_HEAD <const> = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>%s</title>
<style>
]]
local PAGE_BODY <const> = [[
</style>
</head>
<body>
<header>
<h1>%s</h1>
<div id="legend">%s</div>
<div>
<button id="in" title="key +">Zoom in</button>
<button id="out" title="key -">Zoom out</button>
<button id="fit" title="key 0">Fit</button>
<button id="memory" title="key m">Memory</button>
<button id="dark" title="key t">Dark</button>
</div>
<small>Wheel: zoom. Drag, arrows: move. Click: what it waited for. n, p: next, previous. Esc: none.
</small>
</header>
<div id="view">
<canvas tabindex="0" role="img" aria-label="%s"></canvas>
<div id="hover" hidden></div>
</div>
<div id="details" aria-live="polite" hidden></div>
<script type="application/json" id="data">
]]
local PAGE_SCRIPT <const> = "\n</script>\n<script>\n"
local PAGE_END <const> = "</script>\n</body>\n</html>\n"

local function sample(background, text)
  return ('<span><i style="background:%s"></i>%s</span>'):format(background, layout.escaped(text))
end

local function legend_html(palette)
  local colors = layout.palettes[palette]
  local items = {}
  for _, kind in ipairs(layout.kinds) do
    local background = colors[kind.kind] and colors[kind.kind][1]
      or ("linear-gradient(90deg,%s 33%%,%s 33%%)"):format(colors.forward[1], colors.backward[1])
    items[#items + 1] = sample(background, kind.title)
  end
  items[#items + 1] = sample(("linear-gradient(90deg,%s 50%%,%s 50%%)"):format(
    colors.forward[2], colors.backward[2]), "Darker: other direction, later stages")
  items[#items + 1] = sample("var(--idle)", "Bubble")
  items[#items + 1] = sample("var(--memory)", "Memory")
  return table.concat(items, "\n")
end

local function pieces_of(timelines, values)
  local names = {}
  for i, timeline in ipairs(timelines) do
    names[i] = values.names and values.names[i] or layout.name_of(timeline)
  end
  local title = layout.escaped(values.title ~= "" and values.title or table.concat(names, "; "))
  return {
    PAGE_HEAD:format(title),
    style,
    PAGE_BODY:format(title, legend_html(values.palette), title),
    data_json(timelines, names, values),
    PAGE_SCRIPT,
    timelines_script,
    script,
    PAGE_END,
  }
end

---- What is given ----

local function is_timeline(value)
  local is_one, found = pcall(function()
    return value.schedule ~= nil and value.makespan
  end)
  return type(value) == "userdata" and is_one and found
end

local function check_list(owner, list)
  if #list == 0 then
    fail(owner .. ": a timeline or a list of timelines is wanted (got an empty list)")
  elseif #list > MOST_TIMELINES then
    options.fail("%s: at most %d timelines fit on a page (got %d)", owner, MOST_TIMELINES, #list)
  end
  for i, timeline in ipairs(list) do
    if not is_timeline(timeline) then
      options.fail("%s: number %d of the list is no timeline, as dpl.simulate gives (got a %s)",
        owner, i, type(timeline))
    end
  end
end

local function check_sizes(owner, list, values)
  local count = 0
  for _, timeline in ipairs(list) do
    count = count + #timeline
  end
  if count > MOST_ACTIONS then
    options.fail("%s: a page holds at most %d actions (got %d); t:write_svg draws longer timelines",
      owner, MOST_ACTIONS, count)
  end
  if values.names and #values.names ~= #list then
    options.fail("%s: option 'names' must have a name for each of the %d timelines (got %d)", owner,
      #list, #values.names)
  end
end

-- The list of timelines and the values of the options.
local function read(owner, given, given_options)
  local list = type(given) == "table" and given or { given }
  check_list(owner, list)
  local values = options.read(owner, DECLARED, given_options)
  check_sizes(owner, list, values)
  return list, values
end

-- The text of the page of a timeline, or of a list of them.
function html.to_html(given, given_options)
  return table.concat(pieces_of(read("to_html", given, given_options)))
end

local function write(owner, path, given, given_options)
  return write_file(owner, path, pieces_of(read(owner, given, given_options)))
end

-- t:write_html(path, options): true, or nil, message, code.
function html.write_html(timeline, path, given_options)
  return write("t:write_html", path, timeline, given_options)
end

-- dpl.write_html(path, timelines, options)
function html.write_all(path, timelines, given_options)
  return write("dpl.write_html", path, timelines, given_options)
end

return html
