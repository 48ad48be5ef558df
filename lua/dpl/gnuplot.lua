-- Has gnuplot draw a chart of dpl.chart: writes its script, runs it, and returns what it drew.

local gnuplot = {}

-- Okabe and Ito's colours, told apart by people who see some colours alike; black last.
local COLORS <const> = {
  "#0072b2", "#e69f00", "#009e73", "#d55e00", "#56b4e9", "#cc79a7", "#999933", "#000000",
}
local POINTS <const> = { 7, 5, 9, 13, 11, 6, 4, 8, 12, 10 }

-- Steps of viridis, in which equal steps look equal, also in grey.
local PALETTE <const> = "defined (0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 '#fde725')"

-- More cells than these are not labelled with their values: there is no room.
local MOST_LABELS <const> = 150

local MISSING <const> = "gnuplot is missing, which draws charts: install it (Debian, Ubuntu: "
  .. "gnuplot-nox; Fedora, Arch, Homebrew: gnuplot), or write .csv"

local TERMINALS <const> = {
  svg = "svg size %d,%d noenhanced font 'sans-serif,13' background rgb 'white'",
  png = "pngcairo size %d,%d noenhanced font 'sans-serif,11' background rgb 'white'",
  dumb = "dumb size %d,%d noenhanced",
}

---- Pieces of the script ----

-- In single quotes gnuplot looks at nothing but their doubles.
local function quoted(text)
  return "'" .. text:gsub("%c", " "):gsub("'", "''") .. "'"
end

local function axis_text(axis)
  return axis.unit ~= "" and ("%s, %s"):format(axis.label, axis.unit) or axis.label
end

-- With digits enough to give the same number back.
local function number(value)
  if not value then
    return "NaN"
  end
  local short = ("%.15g"):format(value)
  return tonumber(short) == value and short or ("%.17g"):format(value)
end

gnuplot.number = number

local function put(lines, text)
  lines[#lines + 1] = text
end

local function add(lines, format, ...)
  put(lines, format:format(...))
end

-- What stands beside the title in text, which is not written upwards.
local function text_labels(c)
  local labels = "  y: " .. axis_text(c.y)
  return c.z and labels .. "  in the cells: " .. axis_text(c.z) or labels
end

local function add_header(lines, c, how)
  add(lines, "set encoding utf8")
  add(lines, "set terminal " .. TERMINALS[how.terminal], how.width, how.height)
  add(lines, "set xlabel %s", quoted(axis_text(c.x)))
  if how.terminal == "dumb" then
    put(lines, "set title " .. quoted(c.title .. text_labels(c)))
  else
    add(lines, "set title %s", quoted(c.title))
    add(lines, "set ylabel %s", quoted(axis_text(c.y)))
  end
end

local function add_block(lines, name, rows)
  add(lines, "$%s << END_OF_DATA", name)
  table.move(rows, 1, #rows, #lines + 1, lines)
  add(lines, "END_OF_DATA")
end

---- Lines and points ----

local function style_of(c, i)
  local style = c.kind == "lines" and "linespoints" or "points"
  return ("%s linecolor rgb '%s' pointtype %d pointsize %s"):format(style,
    COLORS[(i - 1) % #COLORS + 1], POINTS[(i - 1) % #POINTS + 1],
    c.kind == "lines" and ("0.7 linewidth 1.5 dashtype %d"):format((i - 1) // #COLORS + 1) or "1")
end

-- Some room around the points, rather than an axis to the next round number.
local function add_ranges(lines, c)
  put(lines, "set autoscale xfix\nset offsets graph 0.02, graph 0.02, graph 0.03, graph 0.03")
  for _, letter in ipairs { "x", "y" } do
    if c[letter].log then
      add(lines, "set logscale %s %.17g", letter, c[letter].log == true and 10 or c[letter].log)
    end
  end
end

-- An empty line where a number is missing ends the line that is drawn.
local function series_rows(series)
  local rows = {}
  for i, x in ipairs(series.x) do
    rows[i] = series.y[i] and number(x) .. " " .. number(series.y[i]) or ""
  end
  return rows
end

local function add_plot(lines, c, how)
  local parts = {}
  for i, series in ipairs(c.series) do
    add_block(lines, "s" .. i, series_rows(series))
    local title = series.name ~= "" and "title " .. quoted(series.name) or "notitle"
    local style = how.terminal == "dumb" and "points" or style_of(c, i)
    parts[i] = ("$s%d using 1:2 with %s %s"):format(i, style, title)
  end
  add_ranges(lines, c)
  if how.terminal ~= "dumb" then
    put(lines, "set grid linetype 1 linewidth 0.5 linecolor rgb '#cccccc'")
  end
  add(lines, #c.series > 1 and "set key outside right top noenhanced" or "unset key")
  add(lines, "plot %s", table.concat(parts, ", "))
end

---- Heat maps ----

local function add_tics(lines, letter, texts, most)
  local tics, every = {}, math.ceil(#texts / most)
  for i = 1, #texts, every do
    tics[#tics + 1] = ("%s %d"):format(quoted(texts[i]), i)
  end
  add(lines, "set %stics (%s)", letter, table.concat(tics, ", "))
  add(lines, "set %srange [0.5:%d.5]", letter, #texts)
end

-- The picture needs a row for every cell, the labels one for those that have a number.
local function map_rows(c)
  local rows, labels = {}, {}
  for i, row in ipairs(c.cells) do
    for j, value in ipairs(row) do
      rows[#rows + 1] = ("%d %d %s"):format(j, i, number(value))
      labels[#labels + 1] = value and rows[#rows] or nil
    end
  end
  return rows, labels
end

-- Labels dark on light cells and light on dark ones: the palette's upper half is light.
local LABELS <const> = "$labels using 1:2:(sprintf('%.4g', $3))"
local COLOR_OF_LABEL <const> = ":($3 > MIDDLE ? 0x000000 : 0xffffff) with labels textcolor "
  .. "rgb variable notitle"

local function middle(cells)
  local least, most = math.huge, -math.huge
  for _, row in ipairs(cells) do
    for _, value in ipairs(row) do
      least, most = math.min(least, value or least), math.max(most, value or most)
    end
  end
  return (least + most) / 2
end

local function add_map(lines, c, how)
  local rows, labels = map_rows(c)
  add_block(lines, "cells", rows)
  add_block(lines, "labels", labels)
  add_tics(lines, "x", c.x.texts, how.terminal == "dumb" and how.width // 10 or how.width // 60)
  add_tics(lines, "y", c.y.texts, how.terminal == "dumb" and how.height or how.height // 20)
  add(lines, "set cblabel %s offset 1.5", quoted(axis_text(c.z)))
  add(lines, "set palette " .. PALETTE)
  add(lines, "unset key")
  if how.terminal == "dumb" then
    put(lines, "plot " .. LABELS .. " with labels notitle")
    return
  end
  add(lines, "MIDDLE = %s", number(middle(c.cells)))
  local labelled = #c.cells * #c.cells[1] <= MOST_LABELS
  put(lines, "plot $cells using 1:2:3 with image notitle"
    .. (labelled and ", " .. LABELS .. COLOR_OF_LABEL or ""))
end

---- Running it ----

function gnuplot.script(c, how)
  local lines = {}
  add_header(lines, c, how)
  if c.kind == "heatmap" then
    add_map(lines, c, how)
  else
    add_plot(lines, c, how)
  end
  return table.concat(lines, "\n") .. "\n"
end

local function read_and_remove(path)
  local file <close> = io.open(path, "rb")
  local text = file and file:read("a") or ""
  os.remove(path)
  return text
end

local function write_script(path, text)
  local file <close> = assert(io.open(path, "wb"))
  assert(file:write(text))
end

-- The first line of what gnuplot complains about that is more than a place.
local function complaint(text)
  for line in text:gmatch("[^\n]+") do
    if line:find("%a") then
      return line
    end
  end
  return "it does not say why"
end

-- Text without its form feed, without blanks before the ends of lines, without empty lines around.
local function trimmed(text)
  return (text:gsub("\f", ""):gsub("[ \t]+\n", "\n"):gsub("^\n+", ""):gsub("\n+$", ""))
end

-- What gnuplot draws of the chart: the bytes of a picture, or text. how: terminal ("svg", "png",
-- "dumb"), width, height. Returns nil, message, code where it is missing or fails.
function gnuplot.run(c, how)
  local script_path, error_path = os.tmpname(), os.tmpname()
  write_script(script_path, gnuplot.script(c, how))
  local pipe = assert(io.popen(("LC_ALL=C.UTF-8 gnuplot %s 2>%s"):format(script_path, error_path)))
  local drawn = pipe:read("a")
  local good, _, status = pipe:close()
  local complaints = read_and_remove(error_path)
  os.remove(script_path)
  if status == 127 then
    return nil, MISSING, "NOT_FOUND"
  elseif not good or drawn == "" then
    return nil, "gnuplot failed: " .. complaint(complaints), "FILE"
  end
  return how.terminal == "dumb" and trimmed(drawn) or drawn
end

return gnuplot
