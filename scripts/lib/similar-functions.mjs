// Puts functions of a WebAssembly module that are alike next to each other, so that it compresses better: deflate finds what
// repeats only within the last 32 KB, and generic code repeats all over a module. Nothing else of the module changes.
//
// The order is told to wasm-opt by names that sort that way, and wasm-opt renumbers whatever refers to a function. A wrong order
// costs bytes and no more.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The file that decides the order. */
export const SIMILAR_FUNCTIONS = fileURLToPath(import.meta.url);

/** So many bytes of code may still be referred to; a little less than deflate's window. */
const WINDOW = 30_000;
/** Functions are alike by the runs of so many bytes that both have. */
const RUN = 7;
/** What more functions than this have says nothing about them. */
const COMMON = 300;
/** A function is this many bytes longer than its code, so that tiny ones don't come first. */
const OVERHEAD = 60;

const CUSTOM = 0;
const IMPORT = 2;
const CODE = 10;
const FUNCTION = 0;

/** Names the functions of the module in `file` by the order that compresses best: `wasm-opt --reorder-functions-by-name` does the rest. */
export function nameBySimilarity(file) {
  const bytes = readFileSync(file);
  const sections = [...sectionsOf(bytes)];
  const imported = importedFunctions(bytes, sections.find(({ id }) => id === IMPORT));
  const order = orderBySimilarity(bodiesOf(bytes, sections.find(({ id }) => id === CODE)));
  const place = new Array(order.length);
  order.forEach((which, index) => (place[which] = index));
  const names = place.map((index, which) => [which + imported, `f${String(index).padStart(6, "0")}`]);
  const kept = sections.filter(({ id, name }) => id !== CUSTOM || name !== "name");
  const parts = [bytes.subarray(0, 8), ...kept.map(({ start, end }) => bytes.subarray(start, end)), nameSection(names)];
  writeFileSync(file, Buffer.concat(parts));
}

/** Which of the `bodies` comes first, second and so on: always the one that has most in common with those just before it. */
export function orderBySimilarity(bodies, window = WINDOW) {
  const runs = sharedRuns(bodies);
  const alike = new Float64Array(bodies.length);
  const length = bodies.map((body) => body.length + OVERHEAD);
  /** How many of the functions in the window have a run. */
  const seen = new Uint32Array(runs.owners.length);
  const isPlaced = new Uint8Array(bodies.length);
  const order = [];
  let oldest = 0;
  let size = 0;
  const count = (which, change) => {
    for (const number of runs.of[which]) {
      const before = seen[number];
      seen[number] += change;
      if (before !== 0 && seen[number] !== 0) continue;
      for (const owner of runs.owners[number]) alike[owner] += change;
    }
  };
  let next = longest(bodies);
  while (next !== undefined) {
    order.push(next);
    isPlaced[next] = 1;
    count(next, 1);
    size += bodies[next].length;
    while (size > window && oldest < order.length - 1) {
      const gone = order[oldest++];
      count(gone, -1);
      size -= bodies[gone].length;
    }
    next = undefined;
    let most = -1;
    for (let which = 0; which < bodies.length; which++) {
      if (isPlaced[which]) continue;
      const share = alike[which] / length[which];
      if (share > most) [most, next] = [share, which];
    }
  }
  return order;
}

function longest(bodies) {
  let found;
  bodies.forEach((body, which) => {
    if (found === undefined || body.length > bodies[found].length) found = which;
  });
  return found;
}

/** The runs of bytes that more than one and not nearly all of `bodies` have: who has each, and which each has. */
function sharedRuns(bodies) {
  const owners = new Map();
  bodies.forEach((body, which) => {
    for (let at = 0; at + RUN <= body.length; at++) {
      const key = body.latin1Slice(at, at + RUN);
      const known = owners.get(key);
      if (known === undefined) owners.set(key, [which]);
      else if (known.at(-1) !== which) known.push(which);
    }
  });
  const shared = [...owners.values()].filter(({ length }) => length > 1 && length <= COMMON);
  const of = bodies.map(() => []);
  shared.forEach((those, number) => those.forEach((which) => of[which].push(number)));
  return { owners: shared, of };
}

function* sectionsOf(bytes) {
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at];
    const size = numberAt(bytes, at + 1);
    const end = size.end + size.value;
    yield { id, name: id === CUSTOM ? textAt(bytes, size.end).value : undefined, start: at, content: size.end, end };
    at = end;
  }
}

function bodiesOf(bytes, { content }) {
  const count = numberAt(bytes, content);
  const bodies = [];
  let at = count.end;
  for (let left = count.value; left > 0; left--) {
    const size = numberAt(bytes, at);
    bodies.push(bytes.subarray(size.end, size.end + size.value));
    at = size.end + size.value;
  }
  return bodies;
}

/** How many functions are imported: the numbers of the module's own begin after them. */
function importedFunctions(bytes, section) {
  if (section === undefined) return 0;
  const count = numberAt(bytes, section.content);
  let functions = 0;
  let at = count.end;
  for (let left = count.value; left > 0; left--) {
    const kind = textAt(bytes, textAt(bytes, at).end).end;
    if (bytes[kind] === FUNCTION) functions++;
    at = endOfImport(bytes, kind);
  }
  return functions;
}

function endOfImport(bytes, at) {
  const limits = (from) => {
    const least = numberAt(bytes, from + 1).end;
    return bytes[from] & 1 ? numberAt(bytes, least).end : least;
  };
  switch (bytes[at]) {
    case FUNCTION: return numberAt(bytes, at + 1).end;
    case 1: return limits(at + 2); // a table
    case 2: return limits(at + 1); // a memory
    case 3: return at + 3; // a global
    case 4: return numberAt(bytes, at + 2).end; // a tag
    default: throw new Error(`an import of the kind ${bytes[at]}, which is none that this knows`);
  }
}

function nameSection(names) {
  const entries = names.map(([number, name]) => Buffer.concat([leb(number), leb(name.length), Buffer.from(name)]));
  const functions = Buffer.concat([leb(names.length), ...entries]);
  const content = Buffer.concat([leb(4), Buffer.from("name"), leb(1), leb(functions.length), functions]);
  return Buffer.concat([leb(CUSTOM), leb(content.length), content]);
}

function numberAt(bytes, at) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at };
  }
}

function textAt(bytes, at) {
  const length = numberAt(bytes, at);
  const end = length.end + length.value;
  return { value: bytes.toString("utf8", length.end, end), end };
}

function leb(number) {
  const bytes = [];
  for (let left = number; ; ) {
    const low = left % 128;
    left = Math.floor(left / 128);
    bytes.push(left > 0 ? low | 0x80 : low);
    if (left === 0) return Buffer.from(bytes);
  }
}
