-- The page of t:write_html() in a real browser: Chromium, without a window. A test appends a script
-- of its own to the page, which does what a reader would do and leaves what it found in an element.
-- One run of the browser opens the pages of all tests, each in a frame of a page of its own.

local dpl = require "dpl"
local lu = require "luaunit"
local process = require "process"

local BROWSERS <const> = { "chromium", "chromium-browser", "google-chrome" }

-- The command of a browser; skips where there is none.
local function browser()
  for _, name in ipairs(BROWSERS) do
    local _, code = process.sh("command -v " .. name)
    if code == 0 then
      return name
    end
  end
  lu.skip("there is no browser (package: chromium)")
end

local COMMAND <const> = [[
HOME=$PWD timeout 120 %s --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
  --no-first-run --user-data-dir="$PWD/profile" --window-size=1200,700 --enable-logging=stderr \
  --dump-dom "file://$PWD/page.html" 2>log
grep CONSOLE log | grep -v 'Multiple readback']]

local HELPERS <const> = [[
const found = [];
const say = (...words) => found.push(words.join(" "));
const area = () => canvas.getBoundingClientRect();
const at = (x, y) => ({ clientX: area().left + x, clientY: area().top + y, bubbles: true });
const pointer = (kind, x, y) => canvas.dispatchEvent(new PointerEvent(kind, at(x, y)));
const click = (x, y) => { pointer("pointerdown", x, y); pointer("pointerup", x, y); };
const key = (name) => document.dispatchEvent(new KeyboardEvent("keydown", { key: name }));
const wheel = (x, y, more) =>
  canvas.dispatchEvent(new WheelEvent("wheel", { ...at(x, y), ...more }));
const rowOf = (rank) => AXIS - view.top + HEAD + rank * pitch() + ROW / 2;
const middleOf = (t, i) => xOf((t.start[i] + t.finish[i]) / 2);
const pixel = (x, y) => Array.from(pen.getImageData(x, y, 1, 1).data).slice(0, 3).join(" ");
const inside = (a, b) => Math.abs(a - b) < 1e-6;
]]

local UNESCAPED <const> = { ["&lt;"] = "<", ["&gt;"] = ">", ["&amp;"] = "&" }

local pages = {} -- each with its script appended
local outcome -- what the browser printed

-- Has a script do its work on a page; returns the page's number.
local function open(page, script)
  local tail = ('<script>%s try { %s } catch (error) { say("error", error.stack); }\n'
    .. 'const result = document.createElement("pre"); result.id = "result";'
    .. 'result.textContent = found.join("\\n"); document.body.append(result);</script></body>')
    :format(HELPERS, script)
  local body = page:match("^.*()</body>")
  pages[#pages + 1] = page:sub(1, body - 1) .. tail .. page:sub(body + #"</body>")
  return #pages
end

-- One above the other, so that the browser draws them all.
local FRAME <const> = '<iframe id="f%d" width="1200" height="700" frameborder="0" '
  .. 'style="position: absolute; left: 0; top: 0" srcdoc="%s"></iframe>\n'

local GATHER <const> = [[
<script>
addEventListener("load", () => {
  for (const frame of document.querySelectorAll("iframe")) {
    const result = document.createElement("pre");
    result.id = "result" + frame.id;
    result.textContent = frame.contentDocument.getElementById("result").textContent;
    document.body.append(result);
    frame.remove();
  }
});
</script>]]

local function run_all()
  local name = browser()
  local frames = {}
  for i, page in ipairs(pages) do
    frames[i] = FRAME:format(i, (page:gsub("[&\"]", { ["&"] = "&amp;", ['"'] = "&quot;" })))
  end
  process.write("page.html", "<!DOCTYPE html><meta charset=utf-8><body>" .. table.concat(frames)
    .. GATHER .. "</body>")
  return (process.sh(COMMAND:format(name)))
end

-- What the script said on its page: a list of lines. Fails where the browser has an error to tell.
local function lines_of(number)
  outcome = outcome or run_all()
  local result = outcome:match(('<pre id="resultf%d">(.-)</pre>'):format(number))
  lu.assertNotNil(result, outcome:sub(-2000))
  lu.assertNil(outcome:match("\n[^\n]*CONSOLE[^\n]*"))
  local lines = {}
  for line in result:gsub("&%a+;", UNESCAPED):gmatch("[^\n]+") do
    lines[#lines + 1] = line
  end
  return lines
end

local function timeline(strategy, num_ranks, num_chunks, costs)
  local shape = { num_ranks = num_ranks, num_chunks = num_chunks }
  return dpl.simulate(dpl.schedule(strategy, shape), costs)
end

local TestPage = process.test_table()

local opened = {}
for i, page in ipairs {
  dpl.to_html({ timeline("1f1b", 2, 2), timeline("dualpipe", 4, 8) },
    { names = { "</script>", [["'&]] }, unit = "<µs>", title = "<b>" }),
  timeline("1f1b", 2, 2, { F = 0, B = 0 }):to_html { memory = true },
  timeline("1f1b", 2, 2, { F = 0, B = 1 }):to_html { memory = true },
  timeline("1f1b", 2, 2, { F = 1e299, B = 1e299 }):to_html(),
  timeline("1f1b", 2, 2, { F = 1e-299, B = 1e-299 }):to_html(),
  timeline("gpipe", 1, 1):to_html { memory = true, theme = "dark" },
} do
  opened[i] = open(page, [[
    draw(); key("+"); draw(); key("m"); draw(); key("0"); draw();
    say(amount(view.to - view.from), timelines[0].name, data.unit, document.title)]])
end

function TestPage.test_opens_without_errors()
  local spans = { "26", "1", "3", "6e+299", "6e-299", "3" }
  for i, page in ipairs(opened) do
    local lines = lines_of(page)
    lu.assertStrContains(lines[1], i == 1 and "26 </script> <µs> <b>" or "")
    lu.assertEquals(lines[1]:match("^%S+"), spans[i])
  end
end

-- At the middle of every action the page finds that one, of several timelines and after a zoom.
local first, second = timeline("dualpipev", 3, 6), timeline("zb_h1", 2, 4, { p2p = 0.25 })
local pointing = open(dpl.to_html { first, second }, [[
  draw(); show(2, 20);
  for (const t of timelines) {
    for (let i = 0; i < t.kinds.length; i++) {
      const above = t === timelines[0] ? 0 : heightOf(timelines[0]);
      const time = (t.start[i] + t.finish[i]) / 2;
      if (time < view.from || time > view.to) continue;
      const hit = actionAt(xOf(time), rowOf(rankOf(t, i)) + above);
      say(hit !== null && hit.t === t && hit.i === i);
    }
  }
  say(actionAt(left - 5, rowOf(0)) === null, actionAt(left + 5, 5) === null);]])

function TestPage.test_pointing_at_every_action()
  local lines = lines_of(pointing)
  lu.assertTrue(#lines > 40)
  for i = 1, #lines - 1 do
    lu.assertEquals(lines[i], "true")
  end
  lu.assertEquals(lines[#lines], "true true")
end

local page = timeline("1f1b", 2, 2, { p2p = 0.5 }):to_html { unit = "ms", label = "GPU" }
local hovering = open(page, [[
  draw();
  const t = timelines[0];
  pointer("pointermove", middleOf(t, t.first[1]), rowOf(1));
  say(hover.hidden); say(hover.textContent);
  pointer("pointermove", left + 1, rowOf(1));
  say(hover.hidden);]])

function TestPage.test_hover_tells_of_an_action()
  local lines = lines_of(hovering)
  lu.assertEquals(lines, {
    "false",
    "forward of 0, stage 1, GPU 1",
    "1.5 ms to 2.5 ms: 1 ms",
    "needs forward of 0, stage 0, GPU 0: there at 1.5 ms",
    "idle before it: 1.5 ms",
    "activations held: 1, then 1",
    "true",
  })
end

local zooming = open(timeline("dualpipe", 4, 8):to_html(), [[
  draw();
  const x = left + 400;
  const under = timeAt(x);
  wheel(x, 100, { deltaY: -300 }); draw();
  say(inside(timeAt(x), under), view.to - view.from < 20);
  const before = view.from;
  wheel(x, 100, { deltaY: 50, shiftKey: true });
  say(view.from > before);
  const length = view.to - view.from;
  key("ArrowLeft"); say(inside(view.to - view.from, length));
  key("+"); say(inside(view.to - view.from, length / 2));
  key("-"); say(inside(view.to - view.from, length));
  for (let n = 0; n < 200; n++) key("+");
  draw(); say(view.to > view.from, view.to - view.from >= shortest * 0.99);
  for (let n = 0; n < 300; n++) key("-");
  draw(); say(view.from, view.to);
  key("+"); for (let n = 0; n < 50; n++) key("ArrowRight");
  say(view.to);
  document.getElementById("fit").click(); say(view.from, view.to);
  key("+"); const start = view.from;
  pointer("pointerdown", 500, 100); pointer("pointermove", 400, 100);
  pointer("pointerup", 400, 100);
  const moved = (100 / width()) * (view.to - view.from);
  say(inside(view.from - start, moved), view.chosen === null);]])

function TestPage.test_zoom_and_pan()
  local lines = lines_of(zooming)
  lu.assertEquals(lines, { "true true", "true", "true", "true", "true", "true true", "0 26", "26",
    "0 26", "true true" })
end

-- Of every strategy: each action starts when what the page calls its cause is there, and so the
-- chain of any one leads to the beginning.
local timelines = {}
for i, name in ipairs(dpl.strategies()) do
  timelines[i] = timeline(name, 4, 8, { F = 1.5, B = 2.5, W = 1.25, p2p = 0.125 })
end
local waiting = open(dpl.to_html(timelines), [[
  for (const t of timelines) {
    let right = 0;
    for (let i = 0; i < t.kinds.length; i++) {
      const from = cause(t, i);
      right += inside(t.start[i], from < 0 ? 0 : arrival(t, from, i));
    }
    const chain = [...chainOf(t, t.kinds.length - 1)];
    say(right === t.kinds.length, t.start[chain.at(-1)]);
  }]])

function TestPage.test_chains_of_waits()
  local lines = lines_of(waiting)
  lu.assertEquals(#lines, #timelines)
  for _, line in ipairs(lines) do
    lu.assertEquals(line, "true 0")
  end
end

local choosing = open(timeline("1f1b", 2, 2):to_html(), [[
  draw();
  const t = timelines[0];
  say(details.hidden);
  click(middleOf(t, 3), rowOf(0)); draw();
  say(details.hidden); say(details.textContent.split("\n")[0]); say([...view.chain]);
  key("p"); say(details.textContent.split("\n")[0]);
  key("n"); key("n"); say(view.chosen.i);
  key("Escape"); say(details.hidden, view.chain.size);
  click(middleOf(t, 3), rowOf(0)); click(left + width() * 0.3, rowOf(0)); say(details.hidden);]])

function TestPage.test_click_and_keys_choose()
  local lines = lines_of(choosing)
  lu.assertEquals(lines, { "true", "false", "backward of 1, stage 0, Device 0", "3,7,6,5,4,0",
    "backward of 0, stage 0, Device 0", "3", "true 0", "true" })
end

local THEMES <const> = { "light", "dark" }

local coloured = {}
for _, theme in ipairs(THEMES) do
  coloured[theme] = open(timeline("dualpipe", 4, 8):to_html { theme = theme, palette = "safe" }, [[
    draw();
    const t = timelines[0];
    const paper = () => getComputedStyle(document.body).backgroundColor;
    const near = (i) => pixel(Math.round(xOf(t.start[i])) + 3, rowOf(0) - 8);
    const root = document.documentElement.dataset;
    say(root.theme, near(0), near(3));
    say(pixel(left + width() * 9.5 / 26, rowOf(0)) !== near(0), paper());
    key("t"); draw();
    say(root.theme, paper());
    const under = rowOf(0) + ROW / 2 + STRIP - 2;
    key("m"); draw(); say(pixel(left + width() / 2, under), colors.memory);]])
end

function TestPage.test_colours()
  for _, theme in ipairs(THEMES) do
    local lines = lines_of(coloured[theme])
    local light, dark = "rgb(255, 255, 255)", "rgb(22, 24, 28)"
    local before, after = light, dark
    local memory = "178 148 209 #b294d1"
    if theme == "dark" then
      before, after, memory = dark, light, "141 108 171 #8d6cab"
    end
    lu.assertEquals(lines, { theme .. " 230 159 0 184 125 0", "true " .. before,
      (theme == "dark" and "light " or "dark ") .. after, memory })
  end
end

-- A hundred thousand actions: what is drawn is bounded by the pixels, not by the actions. A row and
-- its strip draw at most two for each.
local t = timeline("1f1b", 8, 6250)
local large = open(t:to_html { memory = true }, [[
  draw();
  let drawn = 0;
  const each = eachSeen;
  eachSeen = (t, low, high, visit) => each(t, low, high, (...seen) => {
    drawn += 1;
    visit(...seen);
  });
  for (const share of [1, 0.1, 0.001]) {
    drawn = 0; show(span * 0.4, span * (0.4 + share)); draw();
    say(drawn > 100, drawn <= 4 * 8 * (width() + 2));
  }
  say(timelines[0].kinds.length);]])

function TestPage.test_many_actions()
  local lines = lines_of(large)
  lu.assertEquals(lines, { "true true", "true true", "true true", tostring(#t) })
end

return { TestPage = TestPage }
