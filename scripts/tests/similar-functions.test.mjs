import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nameBySimilarity, orderBySimilarity } from "../lib/similar-functions.mjs";
import { toolEnvironment } from "../lib/tools.mjs";

/** A body of `length` bytes that has nothing in common with one of another `kind`. */
const body = (kind, length) => Buffer.from(Array.from({ length }, (_, at) => (kind * 97 + at * (2 * kind + 1)) & 0xff));

test("issue 6: functions that are alike come next to each other, each once", () => {
  const bodies = [1, 2, 3, 1, 2, 3, 1, 2, 3].map((kind) => body(kind, 60));
  const order = orderBySimilarity(bodies, 100);
  assert.deepEqual([...order].sort(), bodies.map((_, which) => which));
  const kinds = order.map((which) => which % 3);
  assert.equal(kinds.filter((kind, at) => kind !== kinds[at - 1]).length, 3, "each kind is left once");
});

test("issue 6: what no other function has, and a module without functions, is no obstacle", () => {
  assert.deepEqual(orderBySimilarity([]), []);
  assert.deepEqual([...orderBySimilarity([body(1, 3), body(2, 300), Buffer.alloc(0)])].sort(), [0, 1, 2]);
});

test("issue 6: a module in the order of its functions' names does what it did", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-order-"));
  const file = join(folder, "module.wasm");
  const wasmOpt = (...args) => execFileSync(toolEnvironment().WASM_OPT_BIN, args, { stdio: "pipe" });
  try {
    // Every kind of import, and each way to name a function: a call, an export, the start and a table.
    writeFileSync(`${file}.wat`, TEXT);
    wasmOpt(`${file}.wat`, "--enable-reference-types", "--enable-exception-handling", "-g", "-o", file);
    const before = run(file);
    const asWritten = readFileSync(file);
    nameBySimilarity(file);
    wasmOpt(file, "--enable-reference-types", "--enable-exception-handling", "--reorder-functions-by-name", "--strip-debug", "-o", file);
    assert.deepEqual(run(file), before);
    // Else nothing of this would be tested: the longest function comes first now.
    assert.notDeepEqual(codeOf(readFileSync(file)), codeOf(asWritten));
    assert.deepEqual(before, { direct: 203, indirect: [110, 120], started: 7 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const TEXT = `(module
  (import "env" "ten" (func $ten (result i32)))
  (import "env" "table" (table 1 funcref))
  (import "env" "memory" (memory 1 2))
  (import "env" "global" (global $global i32))
  (import "env" "tag" (tag $tag (param i32)))
  (import "env" "twenty" (func $twenty (result i32)))
  (table $own 2 2 funcref)
  (global $started (mut i32) (i32.const 0))
  (elem (table $own) (i32.const 0) func $first $second)
  (func $start (global.set $started (i32.const 7)))
  (func $second (result i32) (i32.add (call $twenty) (i32.const 100)))
  (func $first (result i32) (i32.add (call $ten) (i32.const 100)))
  (func $direct (export "direct") (result i32) (i32.add (i32.sub (call $first) (i32.const 27)) (call $second)))
  (func (export "indirect") (param i32) (result i32) (call_indirect $own (result i32) (local.get 0)))
  (func (export "started") (result i32) (global.get $started))
  (start $start))`;

/** The functions' code: the last section but those that only tools read. */
function codeOf(bytes) {
  const CODE = 10;
  for (let at = 8; at < bytes.length; ) {
    // No section of so small a module is longer than 16 KB.
    const isTwo = bytes[at + 1] >= 0x80;
    const size = isTwo ? (bytes[at + 1] & 0x7f) + bytes[at + 2] * 128 : bytes[at + 1];
    const start = at + (isTwo ? 3 : 2);
    if (bytes[at] === CODE) return bytes.subarray(start, start + size);
    at = start + size;
  }
  throw new Error("a module without code");
}

/** What the module's exports answer. */
function run(file) {
  const env = {
    ten: () => 10,
    twenty: () => 20,
    table: new WebAssembly.Table({ initial: 1, element: "anyfunc" }),
    memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
    global: 0,
    tag: new WebAssembly.Tag({ parameters: ["i32"] }),
  };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { env });
  return { direct: exports.direct(), indirect: [0, 1].map((place) => exports.indirect(place)), started: exports.started() };
}
