// Checks that every test which a document names as a proof exists: a case of the black box tests under its title, and
// a test beside the code under its name.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Failure, runMain, say } from "./lib/say.mjs";
import { ROOT } from "./lib/tools.mjs";

const DOCUMENTS = ["SECURITY.md", "docs/conformance.md", "docs/threats.md", "docs/reliability.md"];

// `file.rs`: title
const CASE = /^`([\w/]+\.rs)`: (.+)$/;
// crate: file.rs, other.rs: `name`, `name`
const BESIDE = /^(protocol\/model|protocol|worker|web-client|tests): ((?:[\w/]+\.rs(?:, )?)+): ((?:`\w+`(?:, )?)+)/;

// No title is shorter.
const SHORTEST = 12;

/** Throws a `Failure` that lists every title that no test has. */
export function checkTitles() {
  const found = DOCUMENTS.filter((document) => existsSync(join(ROOT, document))).map(titlesOf);
  const faults = found.flatMap(({ faults }) => faults);
  if (faults.length > 0) throw new Failure(`${faults.length} tests are named that don't exist:\n  ${faults.join("\n  ")}`);
  say(`${found.reduce((sum, { count }) => sum + count, 0)} tests that documents name exist.`);
}

function titlesOf(document) {
  const faults = [];
  let count = 0;
  readFileSync(join(ROOT, document), "utf8").split("\n").forEach((line, index) => {
    // A proof is a whole part of a table's cell.
    const parts = line.startsWith("|") ? line.split("|").flatMap((cell) => cell.split("<br>")) : [];
    for (const part of parts.map((text) => text.trim())) {
      const [black, beside] = [part.match(CASE), part.match(BESIDE)];
      if (black === null && beside === null) continue;
      count += 1;
      const fault = black === null ? faultBeside(...beside.slice(1)) : faultOfCase(...black.slice(1));
      if (fault !== null) faults.push(`${document}:${index + 1}: ${fault}`);
    }
  });
  return { faults, count };
}

function faultOfCase(file, title) {
  const path = join("tests", "black_box", file);
  if (!existsSync(join(ROOT, path))) return `there is no ${path}`;
  return titles(path).some((pattern) => pattern.test(title)) ? null : `${path} has no case ${JSON.stringify(title)}`;
}

function faultBeside(crate, files, names) {
  const paths = files.split(", ").map((file) => rustFiles(crate).filter((path) => path.endsWith(`/${file}`)));
  const text = paths.flat().map(read).join("\n");
  const wanted = [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name);
  const missing = wanted.filter((name) => !new RegExp(`fn ${name}\\b`).test(text));
  return missing.length === 0 ? null : `${crate}: ${files} has no test ${missing.join(", ")}`;
}

const cache = new Map();
const once = (key, make) => {
  if (!cache.has(key)) cache.set(key, make());
  return cache.get(key);
};
const read = (path) => once(path, () => readFileSync(join(ROOT, path), "utf8"));

/** What the string literals of a file can be the title of: where something is filled in, anything may be. */
function titles(path) {
  return once(`titles of ${path}`, () => {
    const literals = [...read(path).matchAll(/"((?:[^"\\]|\\[^])*)"/g)].map(([, text]) => text);
    const plain = literals.map((text) => text.replace(/\\\n\s*/g, "").replace(/\\(["\\])/g, "$1"));
    const parts = plain.map((text) => text.split(/\{\w*\}/));
    // One that is little more than what is filled in would be the title of everything.
    const telling = parts.filter((all) => all.join("").length >= SHORTEST);
    const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return telling.map((all) => new RegExp(`^${all.map(escaped).join(".+")}$`));
  });
}

function rustFiles(crate) {
  return once(`files of ${crate}`, () => {
    const list = (folder) =>
      readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
        const path = `${folder}/${entry.name}`;
        if (entry.isDirectory()) return entry.name === "target" || entry.name === "node_modules" ? [] : list(path);
        return entry.name.endsWith(".rs") ? [path] : [];
      });
    return list(crate);
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => checkTitles());
}
