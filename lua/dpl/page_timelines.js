// The timelines of a page as arrays, which are asked when each action runs, what is held in memory,
// and what it waits for. page.js, which comes after this, draws them.
"use strict";

const BLOCK = 64; // actions whose most memory is known beforehand

// ---- Timelines ----

// The arrays of all ranks behind each other: rank r has the actions first[r] to first[r + 1] - 1.
function unpack(given) {
  const kinds = given.kinds.join("");
  const t = {
    name: given.name, makespan: given.makespan, p2p: given.p2p,
    directions: given.directions, firstStages: new Set(given.first_stages),
    ranks: given.kinds.length, kinds, first: [0],
    stage: Int32Array.from(given.stage.flat()), chunk: Int32Array.from(given.chunk.flat()),
    backwardStage: new Int32Array(kinds.length), backwardChunk: new Int32Array(kinds.length),
    start: Float64Array.from(given.start.flat()), finish: Float64Array.from(given.finish.flat()),
    during: Float64Array.from(given.during.flat()), after: Float64Array.from(given.after.flat()),
  };
  for (const row of given.kinds) t.first.push(t.first.at(-1) + row.length);
  const pairs = given.pairs.flat();
  let next = 0;
  for (let i = 0; i < kinds.length; i++) {
    const pair = kinds[i] === "&";
    t.backwardStage[i] = pair ? pairs[next++] : t.stage[i];
    t.backwardChunk[i] = pair ? pairs[next++] : t.chunk[i];
  }
  return index(t);
}

// Where each stage's forward and backward of a micro-batch are, and the most memory of each block.
function index(t) {
  t.width = t.chunk.reduce((most, chunk) => Math.max(most, chunk), 0) + 1;
  t.forwards = new Map();
  t.backwards = new Map();
  t.blocks = new Float64Array(Math.ceil(t.kinds.length / BLOCK));
  for (let i = 0; i < t.kinds.length; i++) {
    const kind = t.kinds[i];
    if (kind === "F" || kind === "&") t.forwards.set(t.stage[i] * t.width + t.chunk[i], i);
    if (kind !== "F" && kind !== "W") {
      t.backwards.set(t.backwardStage[i] * t.width + t.backwardChunk[i], i);
    }
    const block = Math.floor(i / BLOCK);
    t.blocks[block] = Math.max(t.blocks[block], t.during[i]);
  }
  t.mostHeld = t.blocks.reduce((most, held) => Math.max(most, held), 0);
  return t;
}

function rankOf(t, i) {
  let low = 0;
  let high = t.ranks - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (t.first[middle] <= i) low = middle;
    else high = middle - 1;
  }
  return low;
}

// The first action from `low` on, before `high`, that ends after a time.
function firstAfter(t, low, high, time) {
  while (low < high) {
    const middle = (low + high) >> 1;
    if (t.finish[middle] > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

// The most that is held while the actions low to high - 1 run.
function mostHeld(t, low, high) {
  let most = 0;
  while (low < high) {
    if (low % BLOCK === 0 && low + BLOCK <= high) {
      most = Math.max(most, t.blocks[low / BLOCK]);
      low += BLOCK;
    } else {
      most = Math.max(most, t.during[low]);
      low += 1;
    }
  }
  return most;
}

// ---- What an action waits for ----

function backwardInput(t, stage, chunk) {
  const last = t.firstStages.has(stage + 1) || stage + 1 >= t.directions.length;
  return last ? t.forwards.get(stage * t.width + chunk)
    : t.backwards.get((stage + 1) * t.width + chunk);
}

// The actions whose results it needs.
function inputs(t, i) {
  const kind = t.kinds[i];
  const found = [];
  if ((kind === "F" || kind === "&") && !t.firstStages.has(t.stage[i])) {
    found.push(t.forwards.get((t.stage[i] - 1) * t.width + t.chunk[i]));
  }
  if (kind === "B" || kind === "I" || kind === "&") {
    found.push(backwardInput(t, t.backwardStage[i], t.backwardChunk[i]));
  }
  if (kind === "W") found.push(t.backwards.get(t.stage[i] * t.width + t.chunk[i]));
  return found.filter((j) => j !== undefined && j !== i);
}

// When what an action gives is there for another.
function arrival(t, from, to) {
  return t.finish[from] + (rankOf(t, from) === rankOf(t, to) ? 0 : t.p2p);
}

// What it waited for last: an input, or the action before it on its rank; -1 where there is none.
function cause(t, i) {
  let best = i > t.first[rankOf(t, i)] ? i - 1 : -1;
  for (const j of inputs(t, i)) {
    if (best < 0 || arrival(t, j, i) > arrival(t, best, i)) best = j;
  }
  return best;
}

function chainOf(t, i) {
  const chain = new Set();
  for (let j = i; j >= 0 && !chain.has(j); j = cause(t, j)) chain.add(j);
  return chain;
}
