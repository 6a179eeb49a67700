// Fuzzes what reads a stranger's bytes, and whole lives of grants (protocol/fuzz).
//
//   npm run fuzz -- --minutes 30                 every target, sharing the 30 minutes
//   npm run fuzz -- --minutes 30 grant_life jwt  some of them
//   npm run fuzz -- --list                       the targets
//   npm run fuzz -- --keep --minutes 30          and what the corpora gain stays in protocol/fuzz/corpus, made small
//
// What is found is in protocol/fuzz/artifacts, and is run again by `cargo fuzz run --fuzz-dir protocol/fuzz --sanitizer none TARGET FILE`.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { output, run } from "./lib/run.mjs";
import { duration, Failure, runMain, say } from "./lib/say.mjs";
import { CARGO_TEST_TOOLS, ROOT, toolEnvironment } from "./lib/tools.mjs";
import { installCargoTools } from "./setup.mjs";

const FOLDER = join(ROOT, "protocol", "fuzz");
// A text longer than this only repeats what a shorter one finds.
const LONGEST_INPUT = 4096;
const MOST_MEMORY_MB = 2048;
// One input that takes so long is a finding.
const SLOWEST_INPUT_S = 25;
// So many inputs of a target are kept beside those that have a name, each with at most so many bytes.
const MOST_KEPT = 24;
const LONGEST_KEPT = 512;

/** The targets' names, which are those of the corpora too. */
export function targets() {
  return readdirSync(join(FOLDER, "fuzz_targets")).map((file) => file.replace(/\.rs$/, "")).sort();
}

// No sanitizer: there is no unsafe code to watch, and so the pinned toolchain does, where one would need a nightly one.
async function build() {
  const env = { ...toolEnvironment(), CARGO_INCREMENTAL: "0" };
  await run("cargo", ["fuzz", "build", "--fuzz-dir", FOLDER, "--sanitizer", "none"], { env });
  const host = output("rustc", ["-vV"])?.match(/^host: (.+)$/m)?.[1];
  return (name) => join(FOLDER, "target", host, "release", name);
}

/**
 * Runs each target from its corpus, for `seconds` or for so many `runs`; a `Failure` names the first that found something.
 * With `runs` it does the same each time, so that what fails then is the change's.
 */
export async function fuzz({ names = targets(), seconds = 0, runs = null, keep = false }) {
  const binary = await build();
  for (const name of names) {
    const committed = join(FOLDER, "corpus", name);
    const found = mkdtempSync(join(tmpdir(), `latchkey-fuzz-${name}-`));
    const artifacts = join(FOLDER, "artifacts", name);
    mkdirSync(artifacts, { recursive: true });
    try {
      say(`${name}: ${runs === null ? duration(seconds * 1000) : `${runs} inputs`}`);
      await run(
        binary(name),
        [
          ...(runs === null ? [`-max_total_time=${seconds}`] : [`-runs=${runs}`, "-seed=7"]),
          `-max_len=${LONGEST_INPUT}`,
          `-rss_limit_mb=${MOST_MEMORY_MB}`,
          `-timeout=${SLOWEST_INPUT_S}`,
          `-artifact_prefix=${artifacts}/`,
          "-print_final_stats=1",
          "-verbosity=0",
          found,
          committed,
        ],
        { label: `The fuzz target ${name}` },
      );
      if (keep) await keepSmall(binary(name), name, [committed, found]);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(`${error.message}. Its input is in ${artifacts}; again: cargo fuzz run --fuzz-dir protocol/fuzz --sanitizer none ${name} FILE`);
    } finally {
      rmSync(found, { recursive: true, force: true });
    }
  }
}

/** Adds a few short inputs of those that together reach all that was reached, in place of those of before. */
async function keepSmall(binary, name, folders) {
  const merged = mkdtempSync(join(tmpdir(), `latchkey-fuzz-merge-${name}-`));
  try {
    await run(binary, ["-merge=1", `-max_len=${LONGEST_KEPT}`, "-verbosity=0", merged, ...folders]);
    const isOurs = (file) => !/^[0-9a-f]{40}$/.test(file);
    const committed = folders[0];
    for (const file of readdirSync(committed)) if (!isOurs(file)) rmSync(join(committed, file));
    const ours = readdirSync(committed).map((file) => readFileSync(join(committed, file)).toString("latin1"));
    const gained = readdirSync(merged)
      .map((file) => ({ file, bytes: readFileSync(join(merged, file)) }))
      .filter(({ bytes }) => !ours.includes(bytes.toString("latin1")))
      .sort((one, other) => one.bytes.length - other.bytes.length || (one.file < other.file ? -1 : 1));
    // From all lengths alike: the shortest alone reach little.
    const kept = Math.min(MOST_KEPT, gained.length);
    for (let index = 0; index < kept; index++) {
      const { file, bytes } = gained[Math.floor((index * gained.length) / kept)];
      writeFileSync(join(committed, file), bytes);
    }
  } finally {
    rmSync(merged, { recursive: true, force: true });
  }
}

async function main() {
  let parsed;
  try {
    const options = { minutes: { type: "string" }, list: { type: "boolean" }, keep: { type: "boolean" } };
    parsed = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new Failure(`${error.message}. Use: npm run fuzz -- [--list] [--keep] --minutes N [TARGET …]`);
  }
  const { values, positionals } = parsed;
  if (values.list) return say(targets().join("\n"));
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new Failure(`--minutes is ${values.minutes ?? "missing"}: say for how many minutes to fuzz, such as --minutes 30`);
  const names = positionals.length > 0 ? positionals : targets();
  const unknown = names.find((name) => !existsSync(join(FOLDER, "fuzz_targets", `${name}.rs`)));
  if (unknown !== undefined) throw new Failure(`There is no target ${unknown}; there are ${targets().join(", ")}`);
  await installCargoTools({ "cargo-fuzz": CARGO_TEST_TOOLS["cargo-fuzz"] });
  await fuzz({ names, seconds: Math.max(1, Math.round((minutes * 60) / names.length)), keep: values.keep ?? false });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) runMain(main);
