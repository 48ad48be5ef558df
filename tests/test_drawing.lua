-- Drawings of timelines in files: t:to_svg, t:write_svg, t:to_html, t:write_html, dpl.write_html,
-- and t:memory, which their strips show. What a page does in a browser is in test_page.lua.

local dpl = require "dpl"
local lu = require "luaunit"
local process = require "process"

local ROOT = assert(os.getenv("DPL_ROOT"), "DPL_ROOT is not set: run the tests with 'make test'")

local function timeline(strategy, num_ranks, num_chunks, costs)
  local shape = { num_ranks = num_ranks, num_chunks = num_chunks }
  return dpl.simulate(dpl.schedule(strategy, shape), costs)
end

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end

local function count(text, pattern)
  return select(2, text:gsub(pattern, ""))
end

local function here(name)
  return process.directory() .. "/" .. name
end

---- Memory ----

local TestMemory = {}

function TestMemory.test_by_action()
  local during, after = timeline("1f1b", 2, 2):memory(0)
  lu.assertEquals(during, { 1.0, 2.0, 2.0, 1.0 })
  lu.assertEquals(after, { 1.0, 2.0, 1.0, 0.0 })
end

function TestMemory.test_most_is_the_peak()
  for _, name in ipairs(dpl.strategies()) do
    local t = timeline(name, 4, 8)
    for rank, peak in ipairs(t.peak_activations) do
      local during, after = t:memory(rank - 1)
      lu.assertAlmostEquals(math.max(table.unpack(during)), peak, 1e-9)
      lu.assertAlmostEquals(after[#after], 0, 1e-9)
      lu.assertEquals(#during, #after)
    end
  end
end

function TestMemory.test_weight_memory()
  local t = dpl.simulate(dpl.schedule("zb_h1", { num_ranks = 1, num_chunks = 1 }), {},
    { weight_memory = 0.25 })
  local _, after = t:memory(0)
  lu.assertEquals(after, { 1.0, 0.25, 0.0 })
end

function TestMemory.test_mistakes()
  local t = timeline("1f1b", 2, 2)
  lu.assertErrorMsgContains("t:memory: rank must be", t.memory, t, 2)
  lu.assertErrorMsgContains("t:memory: rank", t.memory, t)
  lu.assertErrorMsgContains("called with ':'", t.memory, 0)
end

---- SVG ----

local TestSvg = process.test_table()

-- Places and widths of the outlined actions in a row, in units of time.
local function outlines(text, row, plot, makespan)
  local found = {}
  local body = text:match("> ?Device " .. row .. "</text>\n<g class=\"a\"[^\n]*\n(.-)\n</g>")
  for class, x, width in body:gmatch('<rect class="([^"]*)" x="([^"]*)" width="([^"]*)"') do
    if not class:find("^[nz]") then
      found[#found + 1] = { x / plot * makespan, width / plot * makespan }
    end
  end
  return found
end

function TestSvg.test_every_action_is_where_it_runs()
  for _, name in ipairs(dpl.strategies()) do
    local t = timeline(name, 4, 8, { F = 1.5, B = 2.5, I = 1.25, W = 1.25 })
    local text = t:to_svg { width = 2000 }
    local plot = tonumber(text:match('class="x" d="M0 0H([%d.]+)M'))
    local by_rank = { {}, {}, {}, {} }
    for event in t:actions() do
      table.insert(by_rank[event.rank + 1], { event.start, event.duration })
    end
    for rank, expected in ipairs(by_rank) do
      local drawn = outlines(text, rank - 1, plot, t.makespan)
      lu.assertEquals(#drawn, #expected)
      for i, place in ipairs(expected) do
        lu.assertAlmostEquals(drawn[i][1], place[1], 0.02)
        lu.assertAlmostEquals(drawn[i][2], place[2], 0.02)
      end
    end
  end
end

function TestSvg.test_numbers_and_second_direction()
  local text = timeline("dualpipe", 4, 8):to_svg()
  lu.assertStrContains(text, '>3</text>')
  lu.assertStrMatches(text, '.*<text class="w"[^>]*>7</text>.*')
  lu.assertStrContains(text, "Darker: the other direction")
  lu.assertStrContains(timeline("dualpipev", 2, 4):to_svg(), "Darker: the rank&#39;s later stages")
  local one = timeline("1f1b", 2, 4):to_svg()
  lu.assertNotStrContains(one, "Darker")
  lu.assertNotStrContains(one, 'class="w"')
end

function TestSvg.test_numbers_only_where_they_fit()
  local t = timeline("1f1b", 2, 120)
  lu.assertEquals(count(t:to_svg { width = 12000 }, "<text x=[^>]*>119</text>"), 4)
  lu.assertEquals(count(t:to_svg { width = 400 }, "<text x=[^>]*>119</text>"), 0)
end

function TestSvg.test_a_pair_has_one_border()
  local text = timeline("dualpipe", 4, 8):to_svg()
  lu.assertStrMatches(text, '.*<rect class="n F%d"[^\n]*\n<rect class="n B%d"[^\n]*\n'
    .. '<rect class="o".*')
end

function TestSvg.test_legend_names_what_is_drawn()
  local text = timeline("1f1b", 2, 2):to_svg()
  lu.assertStrContains(text, ">Forward<")
  lu.assertNotStrContains(text, ">Backward for weights<")
  lu.assertStrContains(timeline("dualpipe", 4, 8):to_svg(), ">Overlapped forward &amp; backward<")
end

function TestSvg.test_options_reach_the_drawing()
  local t = timeline("zb_h1", 4, 8)
  lu.assertStrContains(t:to_svg { unit = "ms" }, ">Time, ms ")
  lu.assertStrContains(t:to_svg { label = "GPU" }, ">GPU 3<")
  lu.assertStrContains(t:to_svg { palette = "safe" }, ".F1{fill:#e69f00}")
  lu.assertStrContains(t:to_svg(), ".F1{fill:#f1b238}")
  lu.assertStrContains(t:to_svg { theme = "dark" }, ".p{fill:#16181c")
  lu.assertStrContains(t:to_svg { width = 777 }, 'viewBox="0 0 777 ')
  lu.assertEquals(count(t:to_svg { memory = true }, '<path class="m"'), 4)
  lu.assertStrContains(t:to_svg { memory = true }, "Activations held, at most 4<")
  lu.assertNotStrContains(t:to_svg(), '<path class="m"')
end

function TestSvg.test_window()
  local t = timeline("1f1b", 2, 4)
  local text = t:to_svg { from = 3, to = 6 }
  lu.assertStrContains(text, '>3</text><text x=')
  lu.assertNotStrContains(text, '>2</text><text x=')
  lu.assertNotStrContains(text, "nan")
  local plot = tonumber(text:match('class="x" d="M0 0H([%d.]+)M'))
  for rank = 0, 1 do
    local drawn, i = outlines(text, rank, plot, 3), 0
    for event in t:actions(3, 6) do
      if event.rank == rank then
        i = i + 1
        local first = math.max(event.start - 3, 0)
        lu.assertAlmostEquals(drawn[i][1], first, 0.02)
        lu.assertAlmostEquals(drawn[i][2], math.min(event.finish - 3, 3) - first, 0.02)
      end
    end
    lu.assertEquals(#drawn, i)
  end
end

function TestSvg.test_names_are_escaped()
  local t = timeline("1f1b", 2, 2)
  local text = t:to_svg { title = [[<b> & "it's"]], unit = "<&>", label = "</svg>" }
  lu.assertStrContains(text, "<title>&lt;b&gt; &amp; &quot;it&#39;s&quot;</title>")
  lu.assertStrContains(text, "Time, &lt;&amp;&gt;")
  lu.assertStrContains(text, "&lt;/svg&gt; 1")
  lu.assertEquals(count(text, "</svg>"), 1)
end

function TestSvg.test_nothing_takes_time()
  local text = timeline("1f1b", 2, 2, { F = 0, B = 0 }):to_svg { memory = true }
  lu.assertStrContains(text, "nothing to draw: no action takes time")
  lu.assertStrContains(text, "Device 1")
  lu.assertNotStrContains(text, "nan")
end

function TestSvg.test_actions_without_a_length_are_not_drawn()
  local text = timeline("1f1b", 2, 2, { F = 0, B = 1 }):to_svg()
  lu.assertNotStrContains(text, 'class="F1"')
  lu.assertEquals(count(text, 'class="B1" x="[^"]*" width="[^"]*" height="24"'), 4)
end

function TestSvg.test_extreme_times()
  for _, unit in ipairs { 1e299, 1e-299, 1e15, 1e-9 } do
    local text = timeline("1f1b", 2, 3, { F = unit, B = 2 * unit }):to_svg { memory = true }
    lu.assertNotStrContains(text, "nan")
    lu.assertNotStrContains(text, "inf")
    lu.assertEquals(count(text, 'class="F1" x="[^"]*" width="[^"]*" height="24"'), 6)
  end
end

-- However many actions there are: every pixel shows what takes most of it, here the backward; in a
-- window that is narrow enough every action is drawn again.
function TestSvg.test_many_actions_are_drawn_by_pixels()
  local t = timeline("1f1b", 4, 10000)
  local text = t:to_svg { width = 500, memory = true }
  lu.assertTrue(#text < 40000, #text)
  lu.assertStrContains(text, "A pixel shows what takes most of it")
  lu.assertStrContains(text, '<rect class="n B1" x="0"')
  lu.assertNotStrContains(text, '"n F1"')
  local forwards = dpl.simulate(t.schedule, { F = 2, B = 1 }):to_svg { width = 500 }
  lu.assertStrContains(forwards, '"n F1"')
  local window = t:to_svg { width = 500, from = 1000, to = 1030 }
  lu.assertNotStrContains(window, "A pixel shows")
  lu.assertTrue(count(window, 'class="B1"') > 30)
end

function TestSvg.test_is_the_same_every_time()
  local t = timeline("dualpipe", 8, 20, { F = 49, I = 61, W = 30, FB = 143.8, p2p = 0.9 })
  local first = t:to_svg { memory = true }
  for _ = 1, 5 do
    lu.assertEquals(t:to_svg { memory = true }, first)
  end
end

function TestSvg.test_other_programs_can_read_it()
  process.skip_without("rsvg-convert")
  for _, theme in ipairs { "light", "dark" } do
    lu.assertTrue(timeline("dualpipe", 4, 8):write_svg(here "a.svg",
      { theme = theme, memory = true, title = "<&>", unit = "µs" }))
    local output, code = process.sh("rsvg-convert a.svg -o a.png && test -s a.png")
    lu.assertEquals(code, 0, output)
  end
end

-- The pictures in README.md are what its commands make.
function TestSvg.test_pictures_of_the_readme()
  local program = read(ROOT .. "/README.md"):match("```lua\n([^`]-write_svg[^`]*)```")
  process.write("pictures.lua", program)
  local output, code = process.dpl("pictures.lua")
  lu.assertEquals(code, 0, output)
  for _, name in ipairs { "dualpipe.svg", "dualpipev.svg" } do
    lu.assertTrue(read(here(name)) == read(ROOT .. "/tests/golden/" .. name), name)
  end
end

---- HTML, as text ----

local TestHtml = process.test_table()

function TestHtml.test_needs_nothing_else()
  local text = timeline("dualpipe", 4, 8):to_html()
  lu.assertEquals(text:sub(1, 15), "<!DOCTYPE html>")
  lu.assertNil(text:find("https?://"))
  lu.assertNil(text:find('src="'))
end

function TestHtml.test_times_are_exact()
  local t = timeline("1f1b", 1, 2, { F = 0.1, B = 1 / 3 })
  local finish = t:to_html():match('"finish":(%b[])')
  local expected = t:columns().finish
  local i = 0
  for number in finish:gmatch("[%d.e-]+") do
    i = i + 1
    lu.assertTrue(tonumber(number) == expected[i], number)
  end
  lu.assertEquals(i, 4)
end

function TestHtml.test_names_are_escaped()
  local t = timeline("1f1b", 2, 2)
  local text = dpl.to_html({ t, t }, { names = { "</script><b>", '"\\' }, unit = "<ms>" })
  lu.assertEquals(count(text, "</script>"), 2)
  lu.assertStrContains(text, [["name":"\u003c/script>\u003cb>"]])
  lu.assertStrContains(text, [["name":"\"\\"]])
  lu.assertStrContains(text, "<title>&lt;/script&gt;&lt;b&gt;; &quot;\\</title>")
  lu.assertStrContains(text, [["unit":"\u003cms>"]])
end

function TestHtml.test_one_and_several()
  local t = timeline("1f1b", 2, 2)
  lu.assertEquals(t:to_html(), dpl.to_html(t))
  lu.assertEquals(t:to_html(), dpl.to_html { t })
  lu.assertEquals(count(dpl.to_html { t, t, t }, '"makespan":'), 3)
end

---- Files ----

function TestHtml.test_written_as_given()
  local t = timeline("dualpipe", 4, 8)
  lu.assertTrue(t:write_html(here "a.html", { unit = "ms" }))
  lu.assertEquals(read(here "a.html"), t:to_html { unit = "ms" })
  lu.assertTrue(dpl.write_html(here "b.html", { t, t }))
  lu.assertEquals(read(here "b.html"), dpl.to_html { t, t })
  lu.assertTrue(t:write_svg(here "a.svg", { unit = "ms" }))
  lu.assertEquals(read(here "a.svg"), t:to_svg { unit = "ms" })
  lu.assertEquals((process.sh("ls")), "a.html\na.svg\nb.html\n")
end

-- { what writes to a path, the name it goes by in messages }
local function writers()
  local t = timeline("1f1b", 2, 2)
  return {
    { function(path) return t:write_svg(path) end, "t:write_svg" },
    { function(path) return t:write_html(path) end, "t:write_html" },
    { function(path) return dpl.write_html(path, { t }) end, "dpl.write_html" },
  }
end

function TestHtml.test_cannot_be_written()
  for _, writer in ipairs(writers()) do
    local done, message, code = writer[1](here "no/such/file")
    lu.assertNil(done)
    lu.assertEquals(message, ("cannot write '%s': No such file or directory")
      :format(here "no/such/file"))
    lu.assertEquals(code, "FILE")
  end
  lu.assertEquals((process.sh("ls")), "")
end

function TestHtml.test_full_disk()
  lu.skipIf(not io.open("/dev/full"), "there is no /dev/full")
  for _, writer in ipairs(writers()) do
    local done, message, code = writer[1]("/dev/full")
    lu.assertNil(done)
    lu.assertEquals(message, "cannot write '/dev/full': No space left on device")
    lu.assertEquals(code, "FILE")
  end
end

function TestHtml.test_paths_that_are_none()
  for _, writer in ipairs(writers()) do
    for _, path in ipairs { 1, {}, "a\0b" } do
      lu.assertErrorMsgContains(writer[2] .. ": the path ", writer[1], path)
    end
    lu.assertErrorMsgContains("is wanted (got nil)", writer[1], nil)
  end
end

---- Mistakes ----

local TestMistakes = {}

local LONG <const> = ("x"):rep(300)

function TestMistakes.test_options()
  local t = timeline("1f1b", 2, 2)
  for _, case in ipairs {
    { "to_svg", { widht = 1 }, "t:to_svg: unknown option 'widht' (did you mean 'width'?)" },
    { "to_svg", { width = 299 }, "a whole number of pixels from 300 to 20000 (got 299)" },
    { "to_svg", { width = 0 / 0 }, "(got nan)" },
    { "to_svg", { from = -1 }, "option 'from' must be a time, finite and at least 0 (got -1)" },
    { "to_svg", { to = math.huge }, "(got inf)" },
    { "to_svg", { from = 9 }, "svg: option 'from' must be before the end of the timeline, 9" },
    { "to_svg", { from = 3, to = 2 }, "svg: option 'to' must be after 'from', 3 (got 2)" },
    { "to_svg", { palette = "gray" }, [[must be "dualpipe" or "safe" (got the string 'gray')]] },
    { "to_svg", { theme = "auto" }, [[must be "light" or "dark"]] },
    { "to_svg", { memory = 1 }, "option 'memory' must be true or false (got 1)" },
    { "to_svg", { title = "a\nb" }, "option 'title' must be a text in one line, at most 200" },
    { "to_svg", { title = LONG }, "option 'title'" },
    { "to_svg", { unit = "\xff" }, "option 'unit' must be the name of a unit of time" },
    { "to_svg", 7, "t:to_svg: options are given in a table (got 7)" },
    { "to_html", { width = 500 }, "to_html: unknown option 'width'" },
    { "to_html", { theme = "blue" }, [[must be "auto" or "light" or "dark"]] },
    { "to_html", { names = "x" }, "option 'names' must be a list of the timelines' names" },
    { "to_html", { names = { 1 } }, "option 'names' must be a list of the timelines' names" },
    { "to_html", { names = { "a", "b" } }, "a name for each of the 1 timelines (got 2)" },
  } do
    lu.assertErrorMsgContains(case[3], t[case[1]], t, case[2])
  end
end

function TestMistakes.test_lists()
  local t = timeline("1f1b", 2, 2)
  for _, case in ipairs {
    { {}, "to_html: a timeline or a list of timelines is wanted (got an empty list)" },
    { { t, 7 }, "number 2 of the list is no timeline, as dpl.simulate gives (got a number)" },
    { 7, "number 1 of the list is no timeline" },
    { t.schedule, "number 1 of the list is no timeline, as dpl.simulate gives (got a userdata)" },
    { { t, io.stdout }, "number 2 of the list is no timeline" },
    { nil, "is wanted" },
  } do
    lu.assertErrorMsgContains(case[2], dpl.to_html, case[1])
  end
  local many = {}
  for i = 1, 65 do
    many[i] = t
  end
  lu.assertErrorMsgContains("at most 64 timelines fit on a page (got 65)", dpl.to_html, many)
end

function TestMistakes.test_limits()
  lu.assertErrorMsgContains("svg: at most 4096 ranks can be drawn (this timeline has 4097)",
    function()
      timeline("gpipe", 4097, 1):to_svg()
    end)
  local t = timeline("gpipe", 2, 250001)
  lu.assertErrorMsgContains("a page holds at most 2000000 actions (got 2000008)", dpl.to_html,
    { t, t })
end

function TestMistakes.test_names_the_line_of_the_script()
  local t = timeline("1f1b", 2, 2)
  local line = debug.getinfo(1, "l").currentline + 3
  for i, name in ipairs { "to_svg", "to_html" } do
    local _, message = pcall(function()
      return (t[name](t, { palete = 1 }))
    end)
    lu.assertStrContains(message, ("test_drawing.lua:%d: "):format(line), i)
  end
end

function TestMistakes.test_timeline_that_was_closed()
  local t
  do
    local closed <close> = timeline("gpipe", 2, 2)
    t = closed
  end
  for _, name in ipairs { "to_svg", "to_html", "memory" } do
    lu.assertErrorMsgContains("closed", t[name], t, name == "memory" and 0 or nil)
  end
  lu.assertErrorMsgContains("no timeline", dpl.to_html, { t })
end

return {
  TestMemory = TestMemory,
  TestSvg = TestSvg,
  TestHtml = TestHtml,
  TestMistakes = TestMistakes,
}
