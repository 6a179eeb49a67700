// Prints what is downloaded to use Latchkey, raw and compressed, and fails when it is more than its limit.
//
//   npm run size
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { Failure, runMain, say } from "./lib/say.mjs";
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
];

/** Builds and weighs everything; throws a `Failure` that names what is too big. */
export async function checkSize() {
  const faults = [];
  for (const budget of BUDGETS) {
    await budget.build();
    const weights = budget.files.map((name) => weigh(name, readFileSync(join(budget.folder, name))));
    const sum = (column) => weights.reduce((all, weight) => all + weight[column], 0);
    const total = { name: "together", raw: sum("raw"), compressed: sum("compressed") };
    print(budget, weights, total);
    if (total.compressed > budget.limit) {
      const over = number(total.compressed - budget.limit);
      faults.push(`${budget.title}: ${number(total.compressed)} bytes compressed are ${over} more than the ${number(budget.limit)} allowed`);
    }
  }
  if (faults.length > 0) throw new Failure(faults.join("\n"));
}

function weigh(name, bytes) {
  return { name, raw: bytes.length, compressed: gzipSync(bytes, { level: 9 }).length };
}

function print({ title, limit, beside }, weights, total) {
  const row = (name, ...columns) => say(`  ${name.padEnd(22)}${columns.map((text) => text.padStart(12)).join("")}`);
  say(title);
  row("bytes", "raw", "gzip -9");
  for (const { name, raw, compressed } of [...weights, total]) row(name, number(raw), number(compressed));
  row("limit", "", number(limit));
  for (const [name, compressed] of Object.entries(beside)) row(name, "", number(compressed));
  say(`  ${(total.compressed / KB).toFixed(1)} KB of ${limit / KB} KB (1 KB is ${number(KB)} bytes)`);
}

function number(value) {
  return value.toLocaleString("en-GB");
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => {
    await setUp();
    await checkSize();
  });
}
