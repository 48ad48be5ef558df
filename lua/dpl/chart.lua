-- Charts for studies: lines, scatter and heat maps, with labelled axes, drawn by gnuplot, which is
-- looked for when something is drawn; comma-separated values need nothing.
--
--   local chart = require "dpl.chart"
--   local c = chart.lines {
--     title = "Makespan by p2p", x = { label = "p2p", unit = "ms" },
--     y = { label = "makespan", unit = "ms" },
--     series = { { name = "1f1b", x = { 0, 1 }, y = { 33, 47 } } },
--   }
--   assert(c:write("makespan.svg"))

local gnuplot = require "dpl.gnuplot"
local options = require "dpl.options"
local write_file = require "dpl.write_file"

local chart = {}

local Chart = {}
Chart.__index = Chart

---- What a chart may be made of ----

local function is_text(value)
  return type(value) == "string" and utf8.len(value) ~= nil
end

local function is_number(value)
  return type(value) == "number" and value == value and math.abs(value) < math.huge
end

local function is_table(value)
  return type(value) == "table"
end

local function is_size(value)
  return math.type(value) == "integer" and value >= 20 and value <= 10000
end

local function is_log(value)
  return type(value) == "boolean" or is_number(value) and value > 1
end

local TEXT <const> = "a string in UTF-8"
local AXIS <const> = {
  { name = "label", rule = TEXT, accepts = is_text, default = "" },
  { name = "unit", rule = TEXT, accepts = is_text, default = "" },
  { name = "log", rule = "true, false or a base above 1", accepts = is_log, default = false },
}
local SCALE <const> = { AXIS[1], AXIS[2] }
local STEPS <const> = {
  AXIS[1], AXIS[2],
  { name = "values", rule = "a list of numbers or strings", accepts = is_table },
}
local SERIES <const> = {
  { name = "name", rule = TEXT, accepts = is_text, default = "" },
  { name = "x", rule = "a list of numbers", accepts = is_table },
  { name = "y", rule = "a list of numbers, false where one is missing", accepts = is_table },
}
local TITLE <const> = { name = "title", rule = TEXT, accepts = is_text, default = "" }

local function axis(name)
  return { name = name, rule = "a table, as in { label = \"p2p\", unit = \"ms\" }",
    accepts = is_table, default = {} }
end

local PLOT <const> = {
  TITLE, axis "x", axis "y",
  { name = "series", rule = "a list of { name =, x =, y = }", accepts = is_table },
}
local MAP <const> = {
  TITLE, axis "x", axis "y", axis "z",
  { name = "cells", rule = "a list of rows, each a list of numbers", accepts = is_table },
}
local SIZE <const> = {
  { name = "width", rule = "a whole number from 20 to 10000", accepts = is_size },
  { name = "height", rule = "a whole number from 20 to 10000", accepts = is_size },
}

local function shown(value)
  return is_text(value) and "'" .. value:sub(1, 40) .. "'" or tostring(value)
end

---- Checking ----

-- A copy of a list of numbers. gaps: false may stand for a number that is missing.
local function numbers(owner, list, gaps, log)
  local copy = {}
  for i = 1, #list do
    local value = list[i]
    if not (is_number(value) or gaps and value == false) then
      options.fail("%s[%d] must be a finite number%s (got %s)", owner, i,
        gaps and ", or false where it is missing" or "", shown(value))
    elseif log and value and value <= 0 then
      options.fail("%s[%d] must be above 0 on a logarithmic axis (got %s)", owner, i,
        shown(value))
    end
    copy[i] = value
  end
  return copy
end

local function read_series(owner, given, values)
  local series = options.read(owner, SERIES, given)
  if not series.x or not series.y then
    options.fail("%s: option '%s' is missing: %s", owner, series.x and "y" or "x", SERIES[2].rule)
  end
  series.x = numbers(owner .. ".x", series.x, false, values.x.log)
  series.y = numbers(owner .. ".y", series.y, true, values.y.log)
  if #series.x ~= #series.y then
    options.fail("%s: x and y must be equally long (got %d and %d)", owner, #series.x, #series.y)
  end
  return series
end

-- Whether any of the lists has a number.
local function has_number(lists)
  for _, list in ipairs(lists) do
    for _, value in ipairs(list) do
      if value then
        return true
      end
    end
  end
  return false
end

-- A chart of points that are joined by lines or not.
local function plot(kind, given)
  local owner = "chart." .. kind
  local values = options.read(owner, PLOT, given)
  values.x = options.read(owner .. ": x", AXIS, values.x)
  values.y = options.read(owner .. ": y", AXIS, values.y)
  local list, all = {}, {}
  for i, series in ipairs(values.series or {}) do
    list[i] = read_series(("%s: series[%d]"):format(owner, i), series, values)
    all[i] = list[i].y
  end
  if not has_number(all) then
    options.fail("%s: there is nothing to draw: option 'series' must have a point at least", owner)
  end
  values.series = list
  values.kind = kind
  return setmetatable(values, Chart)
end

-- Chart of lines through the points of each series, in their order.
function chart.lines(given)
  return plot("lines", given)
end

-- Chart of points alone.
function chart.scatter(given)
  return plot("scatter", given)
end

-- The places of a heat map's axis, as text: those given, or 1 and on.
local function read_steps(owner, given, count)
  local steps = options.read(owner, STEPS, given)
  steps.texts = {}
  if steps.values and #steps.values ~= count then
    options.fail("%s: values must be %d, as many as the cells have (got %d)", owner, count,
      #steps.values)
  end
  for i = 1, count do
    local value = steps.values and steps.values[i] or i
    if not (is_number(value) or is_text(value)) then
      options.fail("%s: values[%d] must be a number or a string in UTF-8 (got %s)", owner, i,
        shown(value))
    end
    steps.texts[i] = is_text(value) and value or ("%.6g"):format(value)
  end
  return steps
end

local function read_cells(owner, given)
  local cells = {}
  for i, row in ipairs(given or {}) do
    if not is_table(row) then
      options.fail("%s: cells[%d] must be a list of numbers (got %s)", owner, i, shown(row))
    end
    cells[i] = numbers(("%s: cells[%d]"):format(owner, i), row, true)
    if #cells[i] ~= #cells[1] then
      options.fail("%s: cells[%d] must be as long as the first row, %d (got %d)", owner, i,
        #cells[1], #cells[i])
    end
  end
  if not has_number(cells) then
    options.fail("%s: there is nothing to draw: option 'cells' must have a number at least", owner)
  end
  return cells
end

-- A cell for each x (columns) and y (rows, from below), coloured by its value.
function chart.heatmap(given)
  local owner = "chart.heatmap"
  local values = options.read(owner, MAP, given)
  values.cells = read_cells(owner, values.cells)
  values.x = read_steps(owner .. ": x", values.x, #values.cells[1])
  values.y = read_steps(owner .. ": y", values.y, #values.cells)
  values.z = options.read(owner .. ": z", SCALE, values.z)
  values.kind = "heatmap"
  return setmetatable(values, Chart)
end

---- Comma-separated values ----

local function quoted(text)
  return text:find("[\",\r\n]") and '"' .. text:gsub('"', '""') .. '"' or text
end

local function number_text(value)
  return value and gnuplot.number(value) or ""
end

-- The name of a column: an axis' label and unit, or its letter.
local function column(letter, of)
  local label = of.label ~= "" and of.label or letter
  return quoted(of.unit ~= "" and ("%s (%s)"):format(label, of.unit) or label)
end

local function plot_lines(c)
  local lines = { ("series,%s,%s"):format(column("x", c.x), column("y", c.y)) }
  for _, series in ipairs(c.series) do
    for i, x in ipairs(series.x) do
      lines[#lines + 1] = ("%s,%s,%s"):format(quoted(series.name), number_text(x),
        number_text(series.y[i]))
    end
  end
  return lines
end

local function map_lines(c)
  local lines = { ("%s,%s,%s"):format(column("x", c.x), column("y", c.y), column("z", c.z)) }
  for i, row in ipairs(c.cells) do
    for j, value in ipairs(row) do
      lines[#lines + 1] = ("%s,%s,%s"):format(quoted(c.x.texts[j]), quoted(c.y.texts[i]),
        number_text(value))
    end
  end
  return lines
end

-- The chart's numbers as comma-separated values, a header first; an empty cell is missing.
function Chart:csv()
  local lines = self.kind == "heatmap" and map_lines(self) or plot_lines(self)
  return table.concat(lines, "\n") .. "\n"
end

---- Drawing ----

local SIZES <const> = {
  svg = { width = 900, height = 540 }, png = { width = 900, height = 540 },
  dumb = { width = 79, height = 24 },
}

local function draw(caller, self, terminal, given)
  local size = options.read(caller, SIZE, given)
  return gnuplot.run(self, {
    terminal = terminal, width = size.width or SIZES[terminal].width,
    height = size.height or SIZES[terminal].height,
  })
end

-- The chart as text, for the terminal. Returns nil, message, code where gnuplot is missing.
function Chart:text(given)
  return draw("c:text", self, "dumb", given)
end

-- Writes the chart: .svg, .png or .csv, by the end of the path. Gives true; or nil, message, code.
function Chart:write(path, given)
  local kind = type(path) == "string" and path:match("%.(%w+)$") or nil
  if kind == "csv" then
    return write_file("c:write", path, { self:csv() })
  elseif kind ~= "svg" and kind ~= "png" then
    options.fail("c:write: the path must end in .svg, .png or .csv (got %s)", shown(path))
  end
  local drawn, message, code = draw("c:write", self, kind, given)
  if not drawn then
    return nil, message, code
  end
  return write_file("c:write", path, { drawn })
end

return chart
