// Prints what is downloaded to use Latchkey and how long the worker takes to start, and fails when either is more than its limit.
//
//   npm run size
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { build, named } from "./build.mjs";
import { output, run } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";
import { ROOT, TOOLS } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";
import { buildWebClient, PACKAGE } from "./web-client.mjs";

/** 1 KB is 1,000 bytes, the stricter reading. */
const KB = 1_000;

/** What is weighed: which files together, how they are made, and how many compressed bytes they may be. */
const BUDGETS = [
  {
    title: "Browser package, redirect flow",
    folder: PACKAGE,
    files: ["index.js", "latchkey.wasm"],
    build: buildWebClient,
    limit: 40 * KB,
    // Minified and compressed in the same way; measured in September 2026.
    beside: { "oidc-client-ts 3.5.0": 17.9 * KB, "openid-client 6.8.9": 25.1 * KB },
  },
  {
    title: "Worker",
    folder: join(ROOT, "build"),
    files: ["index_bg.wasm"],
    build,
    // It may not grow. docs/performance.md says why it isn't at its goal yet.
    limit: 665 * KB,
    beside: { goal: 400 * KB },
    contributors: named("latchkey_worker"),
  },
];

/**
 * The longest start of a cold isolate, from asking for it to its whole first answer, as a multiple of the same of a worker that
 * does nothing: the median of many. A limit in milliseconds would say more about the machine. It may not grow either: it is 4.2
 * (3.5 while doing nothing read the request), and a fifth more is what a machine with other work may add.
 */
const LONGEST_START = 5;
const START_GOAL_MS = 30;
const ISOLATES = 30;

/** Builds and weighs everything and starts the worker; throws a `Failure` that names what is too much. */
export async function checkSize() {
  const faults = [];
  for (const budget of BUDGETS) {
    await budget.build();
    const weights = budget.files.map((name) => weigh(name, readFileSync(join(budget.folder, name))));
    const sum = (column) => weights.reduce((all, weight) => all + weight[column], 0);
    const total = { name: "together", raw: sum("raw"), compressed: sum("compressed") };
    print(budget, weights, total);
    if (budget.contributors) await printContributors(budget.contributors);
    if (total.compressed > budget.limit) {
      const over = number(total.compressed - budget.limit);
      faults.push(`${budget.title}: ${number(total.compressed)} bytes compressed are ${over} more than the ${number(budget.limit)} allowed`);
    }
  }
  const { latchkey, limit } = await measureStart();
  const times = latchkey.p50_ms / limit.p50_ms;
  say(`Worker: a cold isolate answers its first request after ${latchkey.p50_ms.toFixed(1)} ms, the median of ${ISOLATES} (goal ${START_GOAL_MS} ms)`);
  say(`  ${times.toFixed(1)} times as long as a worker in Rust that does nothing (${limit.p50_ms.toFixed(1)} ms; limit ${LONGEST_START} times)`);
  if (times > LONGEST_START) faults.push(`Worker: a start ${times.toFixed(1)} times as long as one that does nothing is over the ${LONGEST_START} times allowed`);
  if (faults.length > 0) throw new Failure(faults.join("\n"));
}

function weigh(name, bytes) {
  return { name, raw: bytes.length, compressed: gzipSync(bytes, { level: 9 }).length };
}

function print({ title, limit, beside }, weights, total) {
  const row = (name, ...columns) => say(`  ${name.padEnd(22)}${columns.map((text) => text.padStart(12)).join("")}`);
  say(title);
  row("bytes", "raw", "gzip -9");
  for (const { name, raw, compressed } of weights.length > 1 ? [...weights, total] : weights) row(name, number(raw), number(compressed));
  row("limit", "", number(limit));
  for (const [name, compressed] of Object.entries(beside)) row(name, "", number(compressed));
  say(`  ${(total.compressed / KB).toFixed(1)} KB of ${limit / KB} KB (1 KB is ${number(KB)} bytes)`);
}

/** The ten largest functions and data segments, from the WebAssembly that still has names. */
async function printContributors(wasm) {
  const listed = output(join(TOOLS, "bin", "twiggy"), ["top", "-n", "12", "--format", "csv", wasm]);
  if (listed === null) throw new Failure(`twiggy could not read ${wasm}. Run npm run build.`);
  say("  bytes       the ten largest, before compression");
  const rows = listed.split("\n").slice(1).map((line) => line.match(/^"?(.*?)"?,(\d+),/)).filter(Boolean);
  // The names themselves are not in what is shipped.
  const shipped = rows.filter(([, name]) => !name.includes("subsection") && !name.startsWith("custom section") && !name.startsWith("..."));
  for (const [, name, bytes] of shipped.slice(0, 10)) say(`  ${number(Number(bytes)).padStart(9)}   ${name.slice(0, 130)}`);
}

async function measureStart() {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-start-"));
  try {
    const report = join(folder, "cold.json");
    const flags = ["--as-built", "--only", "cold", "--isolates", String(ISOLATES), "--json", report];
    await run(process.execPath, [join(ROOT, "scripts", "bench.mjs"), ...flags], { label: "The bench" });
    return JSON.parse(readFileSync(report, "utf8")).work.cold;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function number(value) {
  return value.toLocaleString("en-GB");
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => {
    await setUp({ tests: true });
    await checkSize();
  });
}
