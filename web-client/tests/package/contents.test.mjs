// What is in the tarball.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = dirname(fileURLToPath(import.meta.resolve("@latchkey/web-client")));
const read = (name, encoding = "utf8") => readFileSync(join(folder, name), encoding);
const manifest = JSON.parse(read("package.json"));
const names = readdirSync(folder).sort();

test("issue 5: the tarball has the code, its types, its source maps, its integrity, a README and both licences, and nothing else", () => {
  const scripts = ["index.js", "node.js", "token-worker.js"];
  const expected = [...scripts, ...scripts.map((name) => `${name}.map`), "latchkey.wasm", "index.d.ts", "integrity.json", "package.json", "README.md", "LICENSE-APACHE", "LICENSE-MIT"];
  assert.deepEqual(names, expected.sort());
});

test("issue 5: package.json says which version this is, under which licence, and depends on nothing", () => {
  const workspace = readFileSync(join(process.env.LATCHKEY_ROOT, "Cargo.toml"), "utf8");
  assert.equal(manifest.version, workspace.match(/^\[workspace\.package\]\nversion = "([^"]+)"/m)[1]);
  assert.equal(manifest.license, "MIT OR Apache-2.0");
  assert.equal(manifest.dependencies, undefined);
  assert.equal(manifest.scripts, undefined, "nothing runs when it is installed");
  const targets = Object.values(manifest.exports).flatMap((entry) => (typeof entry === "string" ? [entry] : Object.values(entry)));
  for (const target of [...targets, manifest.main, manifest.module, manifest.types]) assert(existsSync(join(folder, target)), target);
});

test("issue 5: integrity.json has the SHA-384 of everything a page runs", () => {
  const integrity = JSON.parse(read("integrity.json"));
  assert.deepEqual(Object.keys(integrity).sort(), names.filter((name) => /\.(js|wasm)$/.test(name)));
  for (const [name, value] of Object.entries(integrity)) {
    assert.equal(value, `sha384-${createHash("sha384").update(read(name, null)).digest("base64")}`, name);
  }
  // So that a page which checks index.js needs to check nothing else.
  assert(read("index.js").includes(integrity["latchkey.wasm"]), "index.js doesn't know the integrity of its WebAssembly");
});

test("issue 5: every script has a source map that brings its sources along", () => {
  for (const name of names.filter((name) => name.endsWith(".js"))) {
    assert(read(name).trimEnd().endsWith(`//# sourceMappingURL=${name}.map`), name);
    const map = JSON.parse(read(`${name}.map`));
    assert(map.sources.some((source) => source.endsWith("js/load.js")), `${name}.map: ${map.sources}`);
    assert.equal(map.sourcesContent.length, map.sources.length, name);
    for (const [index, content] of map.sourcesContent.entries()) assert(content, map.sources[index]);
  }
});

test("issue 5: no script evaluates text, and none names a folder of the machine that built it", () => {
  for (const name of names) {
    const text = read(name, "latin1");
    assert(!text.includes(process.env.LATCHKEY_ROOT), `${name} names the folder it was built in`);
    assert(!/\/(home|Users)\/|\/\.cargo\//.test(text), `${name} names somebody's folder`);
    if (name.endsWith(".js")) assert(!/\beval\(|\bnew Function\b|\bFunction\(/.test(text), `${name} evaluates text`);
  }
});
