// The page that t:write_html() writes: timelines on one axis, drawn on a canvas. What is to be drawn
// lies in the element "data" as JSON (see html.lua), and is made into arrays by page_timelines.js,
// which comes before this. Only what can be seen is drawn, so that a hundred thousand actions move
// as smoothly as ten.

const ROW = 24;
const STRIP = 14;
const GAP = 2;
const HEAD = 26; // the name above a timeline's rows
const AXIS = 30;
const DIGIT = 7.5;
const FORWARD_SHARE = 1 / 3; // as in layout.lua
const KINDS = {
  F: "forward", B: "backward", I: "backward for input", W: "backward for weights",
  "&": "overlapped forward and backward",
};
const PALETTE = { F: "forward", B: "backward", I: "input", W: "weight" };

// ---- Words ----

const data = JSON.parse(document.getElementById("data").textContent);
const timelines = data.timelines.map(unpack);

function amount(value) {
  return String(Number(value.toPrecision(10)));
}

function time(value) {
  return data.unit === "" ? amount(value) : `${amount(value)} ${data.unit}`;
}

function nameOf(t, i) {
  const where = `${data.label} ${rankOf(t, i)}`;
  if (t.kinds[i] !== "&") {
    return `${KINDS[t.kinds[i]]} of ${t.chunk[i]}, stage ${t.stage[i]}, ${where}`;
  }
  return `forward of ${t.chunk[i]}, stage ${t.stage[i]}, with backward of `
    + `${t.backwardChunk[i]}, stage ${t.backwardStage[i]}, ${where}`;
}

function describe(t, i) {
  const lines = [
    nameOf(t, i),
    `${time(t.start[i])} to ${time(t.finish[i])}: ${time(t.finish[i] - t.start[i])}`,
  ];
  for (const j of inputs(t, i)) lines.push(`needs ${nameOf(t, j)}: there at ${time(arrival(t, j, i))}`);
  const before = i > t.first[rankOf(t, i)] ? t.finish[i - 1] : 0;
  if (t.start[i] > before) lines.push(`idle before it: ${time(t.start[i] - before)}`);
  lines.push(`activations held: ${amount(t.during[i])}, then ${amount(t.after[i])}`);
  return lines.join("\n");
}

// ---- What is seen ----

const canvas = document.querySelector("canvas");
const pen = canvas.getContext("2d");
const hover = document.getElementById("hover");
const details = document.getElementById("details");
const span = Math.max(...timelines.map((t) => t.makespan)) || 1;
const shortest = span * 1e-9;
const view = { from: 0, to: span, top: 0, memory: data.memory, chosen: null, chain: new Set() };
let left = 0;
let plot = 1;
let colors = {};

function pitch() {
  return view.memory ? ROW + STRIP + GAP : ROW;
}

function heightOf(t) {
  return HEAD + t.ranks * pitch() + 10;
}

// The width of the rows. Kept, since asking the page for it at every action is slow.
function width() {
  return plot;
}

function measure() {
  plot = Math.max(canvas.clientWidth - left - 8, 1);
}

function xOf(at) {
  return left + ((at - view.from) / (view.to - view.from)) * width();
}

function timeAt(x) {
  return view.from + ((x - left) / width()) * (view.to - view.from);
}

function show(from, to) {
  const length = Math.min(Math.max(to - from, shortest), span);
  view.from = Math.min(Math.max(from, 0), span - length);
  view.to = view.from + length;
  redraw();
}

function zoom(factor, at) {
  show(at - (at - view.from) * factor, at + (view.to - at) * factor);
}

function pan(share) {
  const by = share * (view.to - view.from);
  show(view.from + by, view.to + by);
}

function scroll(pixels) {
  const whole = timelines.reduce((sum, t) => sum + heightOf(t), 0);
  const most = Math.max(whole - (canvas.clientHeight - AXIS), 0);
  view.top = Math.min(Math.max(view.top + pixels, 0), most);
  redraw();
}

// The action at a point of the canvas: { t, i }, or null.
function actionAt(x, y) {
  if (y < AXIS || x < left) return null;
  let below = y - AXIS + view.top;
  for (const t of timelines) {
    const row = Math.floor((below - HEAD) / pitch());
    if (below >= HEAD && row < t.ranks) {
      const i = firstAfter(t, t.first[row], t.first[row + 1], timeAt(x));
      return i < t.first[row + 1] && t.start[i] <= timeAt(x) ? { t, i } : null;
    }
    below -= heightOf(t);
    if (below < 0) return null;
  }
  return null;
}

// ---- Drawing ----

function box(x, y, wide, color) {
  pen.fillStyle = color;
  pen.fillRect(x, y, wide, ROW - 1);
}

function number(text, direction, x, y, wide) {
  if (String(text).length * DIGIT + 2 > wide) return;
  pen.fillStyle = direction === 2 ? "#fff" : "#000";
  pen.fillText(text, x + wide / 2, y + ROW / 2);
}

function colorOf(kind, direction) {
  return data.palette[PALETTE[kind]][direction - 1];
}

function drawAction(t, i, x, y, wide) {
  const forward = t.directions[t.stage[i]];
  const backward = t.directions[t.backwardStage[i]];
  if (t.kinds[i] === "&") {
    const part = wide * FORWARD_SHARE;
    box(x, y, part, colorOf("F", forward));
    box(x + part, y, wide - part, colorOf("B", backward));
    number(t.chunk[i], forward, x, y, part);
    number(t.backwardChunk[i], backward, x + part, y, wide - part);
  } else {
    box(x, y, wide, colorOf(t.kinds[i], forward));
    number(t.chunk[i], forward, x, y, wide);
  }
  if (wide < 4) return;
  pen.strokeStyle = "#000";
  pen.strokeRect(x, y - 0.5, wide, ROW);
}

// Where the actions low to high - 1, some of them less than a pixel wide, are drawn: calls
// visit(i, x, wide, next), next being the action behind the last that this one stands for.
function eachSeen(t, low, high, visit) {
  let i = firstAfter(t, low, high, view.from);
  while (i < high && t.start[i] < view.to) {
    const x = Math.max(xOf(t.start[i]), left);
    const wide = Math.min(xOf(t.finish[i]), left + width()) - x;
    let next = i + 1;
    if (wide < 1) {
      const until = timeAt(Math.floor(x) + 1);
      next = Math.max(firstAfter(t, i + 1, high, until), i + 1);
      visit(i, Math.floor(x), t.finish[i] > t.start[i] ? 1 : 0, next);
    } else {
      visit(i, x, wide, next);
    }
    i = next;
  }
}

// One outline for the whole rank: a fill for each action is too slow.
function drawStrip(t, low, high, y) {
  const bottom = y + ROW + STRIP;
  const scale = (STRIP - GAP) / (t.mostHeld || 1);
  pen.fillStyle = colors.memory;
  pen.beginPath();
  const seen = firstAfter(t, low, high, view.from);
  let last = left;
  pen.moveTo(left, bottom);
  const before = bottom - (seen > low ? t.after[seen - 1] : 0) * scale;
  pen.lineTo(left, before);
  if (seen < high) {
    last = Math.min(Math.max(xOf(t.start[seen]), left), left + width());
    pen.lineTo(last, before);
  }
  eachSeen(t, low, high, (i, x, wide, next) => {
    const top = bottom - mostHeld(t, i, next) * scale;
    const rest = bottom - t.after[next - 1] * scale;
    pen.lineTo(x, top);
    pen.lineTo(x + wide, top);
    pen.lineTo(x + wide, rest);
    last = next < high ? Math.min(xOf(t.start[next]), left + width()) : x + wide;
    pen.lineTo(last, rest);
  });
  pen.lineTo(last, bottom);
  pen.fill();
}

// Actions of less than a pixel are put into a picture one pixel high, which is drawn once.
const thin = document.createElement("canvas");
const thinPen = thin.getContext("2d");
let thinPixels = null;

function beginThin() {
  thinPixels = thinPen.createImageData(Math.ceil(width()), 1);
}

// Red, green and blue by colour.
const parts = {};
for (const color of Object.values(data.palette).flat()) {
  parts[color] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
}

function addThin(t, i, x, alpha) {
  const pair = t.kinds[i] === "&";
  const color = pair ? colorOf("B", t.directions[t.backwardStage[i]])
    : colorOf(t.kinds[i], t.directions[t.stage[i]]);
  const at = 4 * Math.min(Math.floor(x - left), thinPixels.width - 1);
  thinPixels.data.set(parts[color], at);
  thinPixels.data[at + 3] = 255 * alpha;
}

function endThin(y) {
  thin.width = thinPixels.width;
  thin.height = 1;
  thinPen.putImageData(thinPixels, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(thin, left, y, thin.width, ROW - 1);
}

function drawRow(t, rank, y) {
  const low = t.first[rank];
  const high = t.first[rank + 1];
  const chosen = view.chosen && view.chosen.t === t;
  const end = Math.min(xOf(t.makespan), left + width());
  const begin = Math.max(xOf(0), left);
  if (end > begin) box(begin, y, end - begin, colors.idle);
  pen.textAlign = "center";
  beginThin();
  eachSeen(t, low, high, (i, x, wide) => {
    const alpha = chosen && !view.chain.has(i) ? 0.4 : 1;
    if (wide > 1) {
      pen.globalAlpha = alpha;
      drawAction(t, i, x, y, wide);
    } else if (wide > 0) {
      addThin(t, i, x, alpha);
    }
  });
  pen.globalAlpha = 1;
  endThin(y);
  if (view.memory) drawStrip(t, low, high, y);
  pen.fillStyle = colors.paper;
  pen.fillRect(0, y - 1, left, ROW + 1);
  pen.fillStyle = colors.ink;
  pen.textAlign = "right";
  pen.fillText(`${data.label} ${rank}`, left - 8, y + ROW / 2);
}

// The chain to the chosen action, each joined to what it waited for.
function drawChain(t, y) {
  const middle = (i) => y + HEAD + rankOf(t, i) * pitch() + ROW / 2;
  pen.save();
  pen.beginPath();
  pen.rect(left, AXIS, width(), canvas.clientHeight);
  pen.clip();
  pen.strokeStyle = colors.chosen;
  pen.lineWidth = 2;
  pen.beginPath();
  let later = null;
  let drawn = Infinity;
  for (const i of view.chain) {
    const seen = t.finish[i] >= view.from && t.start[i] <= view.to;
    const x = xOf(t.start[i]);
    if ((seen || (later !== null && t.start[later] >= view.from)) && drawn - x > 1) {
      drawn = x;
      pen.rect(x, middle(i) - ROW / 2, xOf(t.finish[i]) - x, ROW - 1);
      if (later !== null) {
        pen.moveTo(xOf(t.finish[i]), middle(i));
        pen.lineTo(xOf(t.start[later]), middle(later));
      }
    }
    later = i;
  }
  pen.stroke();
  pen.restore();
}

function drawTimeline(t, y) {
  pen.fillStyle = colors.ink;
  pen.textAlign = "left";
  const nothing = t.makespan > 0 ? "" : ": nothing to draw, no action takes time";
  pen.fillText(`${t.name} \u2013 ${time(t.makespan)}${nothing}`, 12, y + HEAD / 2);
  for (let rank = 0; rank < t.ranks; rank++) {
    const top = y + HEAD + rank * pitch();
    if (top + pitch() > AXIS && top < canvas.clientHeight) drawRow(t, rank, top);
  }
  if (view.chosen && view.chosen.t === t) drawChain(t, y);
}

// The least 1, 2 or 5 times a power of ten that leaves room for a number.
function tick() {
  const least = ((view.to - view.from) / width()) * 90;
  const unit = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * unit).find((step) => step >= least * (1 - 1e-9));
}

function drawAxis() {
  const step = tick();
  pen.fillStyle = colors.paper;
  pen.fillRect(0, 0, canvas.clientWidth, AXIS);
  pen.fillStyle = colors.ink;
  pen.textAlign = "right";
  pen.fillText(data.unit === "" ? "Time" : `Time, ${data.unit}`, left - 8, 12);
  pen.textAlign = "center";
  for (let n = Math.ceil(view.from / step); n * step <= view.to; n++) {
    pen.fillText(amount(n * step), xOf(n * step), 12);
    pen.fillRect(xOf(n * step), AXIS - 8, 1, 6);
  }
  pen.fillRect(left, AXIS - 3, width(), 1);
}

function draw() {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio);
  canvas.height = Math.round(canvas.clientHeight * ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = "12px Helvetica, Arial, sans-serif";
  pen.textBaseline = "middle";
  const names = timelines.map((t) => pen.measureText(`${data.label} ${t.ranks - 1}`).width);
  left = Math.ceil(Math.max(...names, pen.measureText(`Time, ${data.unit}`).width)) + 20;
  measure();
  let y = AXIS - view.top;
  for (const t of timelines) {
    if (y + heightOf(t) > AXIS && y < canvas.clientHeight) drawTimeline(t, y);
    y += heightOf(t);
  }
  drawAxis();
}

let waiting = false;
function redraw() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

// ---- Choosing ----

function choose(found) {
  view.chosen = found;
  view.chain = found ? chainOf(found.t, found.i) : new Set();
  details.hidden = !found;
  details.textContent = found
    ? `${describe(found.t, found.i)}\n${view.chain.size - 1} actions before it in its chain of waits`
    : "";
  redraw();
}

// The next or the previous action on the rank of the chosen one, brought into view.
function step(by) {
  const { t, i } = view.chosen || { t: timelines[0], i: by > 0 ? -1 : 1 };
  const rank = i < 0 ? 0 : rankOf(t, i);
  const next = i + by;
  if (next < t.first[rank] || next >= t.first[rank + 1]) return;
  choose({ t, i: next });
  const length = view.to - view.from;
  if (t.start[next] < view.from || t.finish[next] > view.to) {
    show(t.start[next] - length / 3, t.start[next] + (2 * length) / 3);
  }
}

function point(event) {
  const area = canvas.getBoundingClientRect();
  return { x: event.clientX - area.left, y: event.clientY - area.top };
}

function showHover(at) {
  const found = actionAt(at.x, at.y);
  hover.hidden = !found;
  if (!found) return;
  hover.textContent = describe(found.t, found.i);
  hover.style.left = `${Math.min(at.x + 14, Math.max(canvas.clientWidth - 430, 0))}px`;
  const below = at.y + 18 + hover.offsetHeight <= canvas.clientHeight;
  hover.style.top = `${below ? at.y + 18 : Math.max(at.y - hover.offsetHeight - 10, 0)}px`;
}

// ---- Mouse, touch and keyboard ----

let drag = null;
canvas.addEventListener("pointerdown", (event) => {
  drag = { ...point(event), from: view.from, to: view.to, moved: false };
  canvas.focus();
});
canvas.addEventListener("pointermove", (event) => {
  const at = point(event);
  if (!drag) {
    showHover(at);
    return;
  }
  const by = ((drag.x - at.x) / width()) * (drag.to - drag.from);
  if (Math.hypot(at.x - drag.x, at.y - (drag.lastY ?? drag.y)) > 3 || drag.moved) {
    drag.moved = true;
    hover.hidden = true;
    show(drag.from + by, drag.to + by);
    scroll((drag.lastY ?? drag.y) - at.y);
    drag.lastY = at.y;
  }
});
window.addEventListener("pointerup", (event) => {
  if (drag && !drag.moved) choose(actionAt(point(event).x, point(event).y));
  drag = null;
});
canvas.addEventListener("pointerleave", () => {
  hover.hidden = true;
});
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    pan((event.deltaX || event.deltaY) / width());
  } else {
    zoom(Math.exp(event.deltaY * 0.0015), timeAt(point(event).x));
  }
  showHover(point(event));
}, { passive: false });

const zoomIn = () => zoom(0.5, (view.from + view.to) / 2);
const zoomOut = () => zoom(2, (view.from + view.to) / 2);
const fit = () => show(0, span);

function press(id, pressed) {
  document.getElementById(id).setAttribute("aria-pressed", String(pressed));
}

function setMemory(shown) {
  view.memory = shown;
  press("memory", shown);
  scroll(0);
}

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  press("dark", dark);
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "ink", "faint", "idle", "memory", "chosen"]) {
    colors[name] = style.getPropertyValue(`--${name}`).trim();
  }
  redraw();
}

const toggleTheme = () => setTheme(document.documentElement.dataset.theme !== "dark");
const toggleMemory = () => setMemory(!view.memory);

const KEYS = {
  "+": zoomIn, "=": zoomIn, w: zoomIn, "-": zoomOut, s: zoomOut, 0: fit, Home: fit,
  ArrowLeft: () => pan(-0.2), a: () => pan(-0.2), ArrowRight: () => pan(0.2), d: () => pan(0.2),
  ArrowUp: () => scroll(-60), ArrowDown: () => scroll(60),
  PageUp: () => scroll(60 - canvas.clientHeight), PageDown: () => scroll(canvas.clientHeight - 60),
  n: () => step(1), p: () => step(-1), m: toggleMemory, t: toggleTheme,
  Escape: () => choose(null),
};

document.addEventListener("keydown", (event) => {
  const act = Object.hasOwn(KEYS, event.key) && KEYS[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
});

document.getElementById("in").addEventListener("click", zoomIn);
document.getElementById("out").addEventListener("click", zoomOut);
document.getElementById("fit").addEventListener("click", fit);
document.getElementById("memory").addEventListener("click", toggleMemory);
document.getElementById("dark").addEventListener("click", toggleTheme);

const systemDark = matchMedia("(prefers-color-scheme: dark)");
setTheme(data.theme === "auto" ? systemDark.matches : data.theme === "dark");
setMemory(data.memory);
new ResizeObserver(() => scroll(0)).observe(canvas);
draw();
