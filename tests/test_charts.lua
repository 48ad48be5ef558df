-- Charts, as numbers and as gnuplot draws them, and the scripts that draw with --plot.

local chart = require "dpl.chart"
local lu = require "luaunit"
local process = require "process"
local running = require "running"

local assert_usage_error = running.assert_usage_error

local function path(name)
  return process.directory() .. "/" .. name
end

local function read(name)
  local file <close> = assert(io.open(path(name), "rb"))
  return file:read("a")
end

local function lines(more)
  local given = {
    title = "Makespan", x = { label = "p2p", unit = "ms" }, y = { label = "makespan", unit = "s" },
    series = {
      { name = "1f1b", x = { 0, 0.1, 1 }, y = { 33, 34.5, false } },
      { name = "a \"quoted\", name", x = { 0 }, y = { 1 / 3 } },
    },
  }
  for name, value in pairs(more or {}) do
    given[name] = value
  end
  return chart.lines(given)
end

local function heatmap(more)
  local given = {
    x = { label = "ranks", values = { 2, "four" } }, y = { label = "chunks" },
    z = { label = "bubble", unit = "%" }, cells = { { 1, 2 }, { 3.5, false }, { 5, 6 } },
  }
  for name, value in pairs(more or {}) do
    given[name] = value
  end
  return chart.heatmap(given)
end

---- Numbers ----

local TestValues = process.test_table()

function TestValues.test_lines()
  lu.assertEquals(lines():csv(), [[
series,p2p (ms),makespan (s)
1f1b,0,33
1f1b,0.1,34.5
1f1b,1,
"a ""quoted"", name",0,0.33333333333333331
]])
end

function TestValues.test_heatmap()
  lu.assertEquals(heatmap():csv(), [[
ranks,chunks,bubble (%)
2,1,1
four,1,2
2,2,3.5
four,2,
2,3,5
four,3,6
]])
end

function TestValues.test_axes_without_labels()
  lu.assertEquals(chart.scatter { series = { { x = { 1 }, y = { 2 } } } }:csv(),
    "series,x,y\n,1,2\n")
end

function TestValues.test_file()
  lu.assertEquals({ lines():write(path("a.csv")) }, { true })
  lu.assertEquals(read("a.csv"), lines():csv())
end

-- What the caller changes afterwards does not change the chart.
function TestValues.test_lists_are_copied()
  local x = { 1, 2 }
  local c = chart.lines { series = { { x = x, y = { 3, 4 } } } }
  x[1] = 9
  lu.assertStrContains(c:csv(), "\n,1,3\n")
end

---- Mistakes ----

local TestMistakes = process.test_table()

local function assert_mistake(message, f, ...)
  lu.assertErrorMsgContains(message, f, ...)
end

function TestMistakes.test_lines()
  local function with(series)
    return { series = series }
  end
  assert_mistake("chart.lines: there is nothing to draw", chart.lines)
  assert_mistake("chart.lines: there is nothing to draw", chart.lines, with {})
  assert_mistake("there is nothing to draw", chart.scatter, with { { x = { 1 }, y = { false } } })
  assert_mistake("unknown option 'serie' (did you mean 'series'?)", chart.lines, { serie = {} })
  assert_mistake("chart.lines: x: unknown option 'lable' (did you mean 'label'?)", chart.lines,
    { x = { lable = "" } })
  assert_mistake("option 'title' must be a string in UTF-8", chart.lines, { title = "\xff" })
  assert_mistake("chart.lines: series[1]: option 'y' is missing", chart.lines,
    with { { x = { 1 } } })
  assert_mistake("series[1]: x and y must be equally long (got 1 and 2)", chart.lines,
    with { { x = { 1 }, y = { 1, 2 } } })
  for _, wrong in ipairs { 0 / 0, 1 / 0, "3", {} } do
    assert_mistake("series[1].y[2] must be a finite number, or false where it is missing (got ",
      chart.lines, with { { x = { 1, 2 }, y = { 1, wrong } } })
  end
  assert_mistake("series[1].x[1] must be a finite number (got false)", chart.lines,
    with { { x = { false }, y = { 1 } } })
  assert_mistake("series[1].x[1] must be above 0 on a logarithmic axis (got 0)", chart.lines,
    { x = { log = true }, series = { { x = { 0 }, y = { 1 } } } })
  assert_mistake("x: option 'log' must be true, false or a base above 1 (got 1)", chart.lines,
    { x = { log = 1 } })
end

function TestMistakes.test_heatmap()
  assert_mistake("chart.heatmap: there is nothing to draw", chart.heatmap, {})
  assert_mistake("there is nothing to draw", chart.heatmap, { cells = { {} } })
  assert_mistake("cells[1] must be a list of numbers (got 3)", chart.heatmap, { cells = { 3 } })
  assert_mistake("cells[2] must be as long as the first row, 1 (got 2)", chart.heatmap,
    { cells = { { 1 }, { 1, 2 } } })
  assert_mistake("x: values must be 1, as many as the cells have (got 2)", chart.heatmap,
    { cells = { { 1 } }, x = { values = { 1, 2 } } })
  assert_mistake("y: values[1] must be a number or a string in UTF-8 (got true)", chart.heatmap,
    { cells = { { 1 } }, y = { values = { true } } })
end

function TestMistakes.test_paths_and_sizes()
  for _, wrong in ipairs { "a.pdf", "csv", 3, false } do
    assert_mistake("c:write: the path must end in .svg, .png or .csv (got ", function()
      lines():write(wrong)
    end)
  end
  assert_mistake("option 'width' must be a whole number from 20 to 10000 (got 5)", function()
    lines():write(path("a.svg"), { width = 5 })
  end)
  assert_mistake("c:text: unknown option 'widht' (did you mean 'width'?)", function()
    lines():text { widht = 50 }
  end)
end

---- Pictures ----

local TestPictures = process.test_table()

function TestPictures.test_missing_gnuplot()
  local output = process.sh("PATH=/nowhere " .. process.DPL .. [[ -e '
    local chart = require "dpl.chart"
    local c = chart.lines { series = { { x = { 1 }, y = { 2 } } } }
    print(c:text())
    print(c:write("a.svg"))
    print(c:write("a.csv"))']])
  local message = "nil\tgnuplot is missing, which draws charts: install it (Debian, Ubuntu: "
    .. "gnuplot-nox; Fedora, Arch, Homebrew: gnuplot), or write .csv\tNOT_FOUND\n"
  lu.assertEquals(output, message .. message .. "true\n")
  lu.assertEquals((process.sh("ls")), "a.csv\n")
end

function TestPictures.test_svg()
  process.skip_without("gnuplot")
  lu.assertEquals({ lines():write(path("a.svg")) }, { true })
  local svg = read("a.svg")
  for _, part in ipairs { "<svg", ">Makespan<", ">p2p, ms<", ">makespan, s<", ">1f1b<" } do
    lu.assertStrContains(svg, part)
  end
  lines():write(path("b.svg"))
  lu.assertEquals(read("b.svg"), svg)
  lines():write(path("c.svg"), { width = 400, height = 300 })
  lu.assertStrContains(read("c.svg"), 'width="400" height="300"')
end

-- gnuplot runs commands in backquotes, and formats texts, where it is not kept from it.
function TestPictures.test_texts_are_only_texts()
  process.skip_without("gnuplot")
  local text = "it's `touch x` \"$HOME\" @y {a}_2 \\n <&> 100% é"
  local c = lines { title = text, series = { { name = text, x = { 1 }, y = { 1 } },
    { name = "two\nlines", x = { 2 }, y = { 2 } } } }
  lu.assertEquals({ c:write(path("a.svg")) }, { true })
  local svg = read("a.svg"):gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&amp;", "&")
  local _, count = svg:gsub(">" .. text:gsub("%p", "%%%0") .. "</text>", "")
  lu.assertEquals(count, 2)
  lu.assertStrContains(svg, "two lines")
  lu.assertEquals((process.sh("ls")), "a.svg\n")
end

function TestPictures.test_png()
  process.skip_without("gnuplot")
  for name, c in pairs { lines = lines(), map = heatmap(), log = lines { x = { log = 2 },
    series = { { x = { 1, 8 }, y = { 1, 2 } } } } } do
    lu.assertEquals({ c:write(path(name .. ".png"), { width = 300, height = 200 }) }, { true })
    local png = read(name .. ".png")
    lu.assertEquals(png:sub(1, 8), "\x89PNG\r\n\x1a\n")
    lu.assertEquals({ (">I4I4"):unpack(png, 17) }, { 300, 200, 25 })
  end
end

function TestPictures.test_many_series_and_points()
  process.skip_without("gnuplot")
  local series = {}
  for i = 1, 100 do
    series[i] = { name = "s" .. i, x = {}, y = {} }
    for j = 1, 100 do
      series[i].x[j], series[i].y[j] = j, math.sin(i * j)
    end
  end
  lu.assertEquals({ chart.lines { series = series }:write(path("a.svg")) }, { true })
  lu.assertEquals({ chart.lines { series = { { x = { 1, 1 }, y = { 2, 2 } } } }
    :write(path("same.svg")) }, { true })
end

function TestPictures.test_text()
  process.skip_without("gnuplot")
  local text = assert(lines():text { width = 60, height = 20 })
  lu.assertStrContains(text, "Makespan  y: makespan, s")
  lu.assertStrContains(text, "p2p, ms")
  for line in text:gmatch("[^\n]+") do
    lu.assertTrue(utf8.len(line) <= 60)
    lu.assertNil(line:find("%s$"))
  end
  text = assert(heatmap():text())
  lu.assertStrContains(text, "in the cells: bubble, %")
  lu.assertStrContains(text, "3.5")
  lu.assertNotStrContains(text, "NaN")
end

function TestPictures.test_heatmap_has_values_in_its_cells_but_where_one_is_missing()
  process.skip_without("gnuplot")
  lu.assertEquals({ heatmap():write(path("a.svg")) }, { true })
  local svg = read("a.svg")
  for _, part in ipairs { ">3.5<", ">four<", ">ranks<", ">chunks<", ">bubble, %<" } do
    lu.assertStrContains(svg, part)
  end
  lu.assertNotStrContains(svg, "NaN")
end

function TestPictures.test_files_that_cannot_be_written()
  local missing = path("nowhere/a.csv")
  lu.assertEquals({ lines():write(missing) },
    { nil, "cannot write '" .. missing .. "': No such file or directory", "FILE" })
  process.sh("ln -s /dev/full full.csv; ln -s /dev/full full.svg")
  if io.open("/dev/full") then
    lu.assertEquals(select(2, lines():write(path("full.csv"))),
      "cannot write '" .. path("full.csv") .. "': No space left on device")
  end
  process.skip_without("gnuplot")
  if io.open("/dev/full") then
    lu.assertEquals(select(3, lines():write(path("full.svg"))), "FILE")
  end
  lu.assertEquals((process.sh("ls")), "full.csv\nfull.svg\n")
end

---- Scripts ----

local TestScripts = process.test_table()

local PLOTS <const> = {
  comm_sensitivity = { "--strategies 1f1b,gpipe --comm blocking --ranks 4 --chunks 8",
    "series,p2p (in the unit of the costs)" },
  config_search = { "--strategies 1f1b,zbv --max-ranks 4", "series,memory of a GPU (GB)" },
  scaling = { "--strategies 1f1b,dualpipe --ranks 2,3,4", "series,ranks,efficiency (%)" },
  sensitivity_study = { "--strategies 1f1b,dualpipe", "cost,strategy,growth of the makespan (%)" },
}

function TestScripts.test_they_write_what_they_plot()
  for name, case in pairs(PLOTS) do
    local output, code = running.run(name, case[1] .. " --plot a.csv")
    lu.assertEquals(code, 0, output)
    lu.assertEquals(running.run(name, case[1]), output)
    lu.assertEquals(read("a.csv"):sub(1, #case[2]), case[2])
    assert_usage_error(name, "--plot a.pdf",
      "option '--plot' must be a name that ends in .svg, .png or .csv, or - (got 'a.pdf')")
  end
end

function TestScripts.test_files_that_cannot_be_written()
  for name, case in pairs(PLOTS) do
    local output, code = running.run(name, case[1] .. " --plot nowhere/a.csv")
    lu.assertStrContains(output, name .. ".lua: cannot write 'nowhere/a.csv': No such file")
    lu.assertEquals(code, 2)
  end
end

function TestScripts.test_text()
  process.skip_without("gnuplot")
  local output = running.run("scaling", "--strategies 1f1b --plot -")
  lu.assertStrContains(output, "strong scaling, 64 chunks  y: efficiency, %")
end

-- 1F1B's efficiency is M / (M + P - 1).
function TestScripts.test_scaling_of_1f1b()
  local output = running.run("scaling", "--strategies 1f1b,dualpipe --ranks 2,3,4 --chunks 8")
  local rest = output:sub(output:find("Efficiency", 1, true), -1)
  lu.assertEquals(running.words_of_line(rest, "  1f1b "), { "88.9", "80.0", "72.7" })
  lu.assertEquals(running.words_of_line(rest, "  dualpipe ")[2], "-")
  lu.assertStrContains(output, "not shown: dualpipe on 3 ranks: ")
  assert_usage_error("scaling", "--ranks 4,2",
    "option '--ranks' must be rising numbers (got '4,2')")
  assert_usage_error("scaling", "--ranks 4,x",
    "option '--ranks' must be a whole number from 1 to 2147483647 (got 'x')")
end

---- profile_chunk.lua ----

local function kernel(name, stream, ts, dur, gpu)
  return ('{"ph":"X","cat":"kernel","name":"%s","pid":%d,"tid":%d,"ts":%d,"dur":%d}'):format(name,
    gpu or 0, stream, ts, dur)
end

-- 100 ms: computation but for 10 ms, 40 ms of communication of which 10 ms stand alone.
local PROFILE <const> = "[" .. table.concat({
  kernel("sm90_xmma_gemm", 7, 1000, 30000), kernel("flash_fwd", 7, 31000, 20000),
  kernel("ncclDevKernel_SendRecv", 27, 41000, 20000), kernel("cast_to_fp8", 7, 61000, 30000),
  kernel("deep_ep::dispatch", 27, 81000, 20000), kernel("gemm", 23, 91000, 10000),
  kernel("other", 7, 5000000, 1, 1),
}, ",") .. "]"

function TestScripts.test_profile_chunk()
  process.write("a.json", PROFILE)
  local output, code = running.run("profile_chunk", "a.json")
  lu.assertEquals(code, 0, output)
  lu.assertStrContains(output, "7 spans, of which 6 are kernels of GPU 0.")
  lu.assertStrContains(output, "The pair takes 100.0 ms")
  lu.assertEquals(running.words_of_line(output, "7 (compute)"), { "3", "80.0", "80.0", "%" })
  lu.assertEquals(running.words_of_line(output, "23 (compute)"), { "1", "10.0", "10.0", "%" })
  lu.assertEquals(running.words_of_line(output, "27 (communication)"), { "2", "40.0", "40.0", "%" })
  lu.assertStrContains(output, "Of 40.0 ms of communication 30.0 ms (75.0 %) are hidden")
  lu.assertEquals(running.words_of_line(output, "matrix products"), { "2", "40.0", "30.8", "%" })
  lu.assertEquals(running.words_of_line(output, "attention "), { "1", "20.0", "15.4", "%" })
  lu.assertEquals(running.words_of_line(output, "casts, copies, transposes"),
    { "1", "30.0", "23.1", "%" })
  lu.assertEquals(running.words_of_line(output, "communication "), { "2", "40.0", "30.8", "%" })
end

-- The pair's time is that of the simulation: 74.5 pairs of 100 ms follow each other on the longest
-- chain; the figure is dpl.simulate's own.
function TestScripts.test_profile_chunk_feeds_a_simulation()
  local dpl = require "dpl"
  process.write("a.json", PROFILE)
  local output = running.run("profile_chunk",
    "a.json --ranks 4 --chunks 8 --f 10 --i 20 --w 5")
  local t = dpl.simulate(dpl.schedule("dualpipe", { num_ranks = 4, num_chunks = 8 }),
    { F = 10, I = 20, W = 5, FB = 100 })
  lu.assertEquals(running.words_of_line(output, "as in the trace"), { "100.0",
    ("%.2f"):format(t.makespan / 1000), ("%.1f"):format(100 * t.bubble_ratio), "%" })
end

function TestScripts.test_profile_chunk_by_choice()
  process.write("a.json", PROFILE)
  local output = running.run("profile_chunk", "a.json --communication 27,23")
  lu.assertStrContains(output, "23 (communication)")
  output = running.run("profile_chunk", "a.json --gpu 1")
  lu.assertStrContains(output, "7 spans, of which 1 are kernels of GPU 1.")
  lu.assertStrContains(output, "No stream communicates.")
  assert_usage_error("profile_chunk", "a.json --communication 5",
    "option '--communication': there is no stream 5 in the trace")
  assert_usage_error("profile_chunk", "a.json --gpu 3", "there are no kernels of GPU 3 in 'a.json'")
end

function TestScripts.test_profile_chunk_mistakes()
  process.write("a.json", "[]")
  assert_usage_error("profile_chunk", "a.json", "there are no kernels in 'a.json'")
  assert_usage_error("profile_chunk", "", "missing argument 'trace'")
  assert_usage_error("profile_chunk", "nowhere.json", "cannot read 'nowhere.json': No such file or "
    .. "directory; DeepSeek's own profile, train.json, is at "
    .. "https://github.com/deepseek-ai/profile-data")
  local output, code = running.run("profile_chunk", "--help")
  lu.assertEquals(code, 0)
  lu.assertStrContains(output, "https://github.com/deepseek-ai/profile-data")
end

return {
  TestValues = TestValues, TestMistakes = TestMistakes, TestPictures = TestPictures,
  TestScripts = TestScripts,
}
