// Runs every test there is, after all the set-up they need; stops at the first that fails.
//
//   npm test                                 everything
//   npm test -- --list                       the steps
//   npm test -- --only format,host-tests     some of them
import { writeFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { checkBoundary } from "./check-boundary.mjs";
import { checkPackage } from "./check-package.mjs";
import { checkStart } from "./check-start.mjs";
import { checkTitles } from "./check-titles.mjs";
import { checkTree } from "./check-tree.mjs";
import { fuzz } from "./fuzz.mjs";
import { run } from "./lib/run.mjs";
import { bold, duration, Failure, green, red, runMain, say } from "./lib/say.mjs";
import { ROOT, toolEnvironment, WASM_TARGET, WRANGLER } from "./lib/tools.mjs";
import { verifierEnvironment } from "./lib/verifiers.mjs";
import { buildPlayground } from "./playground.mjs";
import { setUp } from "./setup.mjs";
import { checkSize } from "./size.mjs";
import { buildWebClient, PACKAGE } from "./web-client.mjs";

const env = toolEnvironment();
const cargo = (...args) => run("cargo", args, { env });
const wasmTests = (extra) =>
  run("cargo", ["test", "-p", "latchkey-web-client", "--target", WASM_TARGET, "--tests"], {
    env: { ...env, CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: "wasm-bindgen-test-runner", ...extra },
  });

// Cheap checks first, so that a slip shows in seconds.
const STEPS = [
  { name: "format", title: "Format", run: format },
  { name: "tree", title: "Files and versions", run: async () => checkTree() },
  { name: "titles", title: "The tests that documents name", run: async () => checkTitles() },
  { name: "boundary", title: "The crate boundary of protocol", run: async () => checkBoundary() },
  { name: "licences", title: "Licences, sources and banned crates", run: checkDependencies },
  { name: "lints", title: "Lints on the host", run: lints },
  {
    name: "lints-wasm",
    title: "Lints for WebAssembly",
    run: lintsForWasm,
  },
  { name: "host-tests", title: "Host tests", run: hostTests },
  { name: "fuzz", title: "Fuzzing, a little of it", run: () => fuzz({ runs: 3_000 }) },
  { name: "playground", title: "The playground's checks and masks", run: playgroundTests },
  { name: "wasm-node", title: "WebAssembly tests in Node", run: () => wasmTests({ WASM_BINDGEN_TEST_ONLY_NODE: "1" }) },
  { name: "wasm-browser", title: "WebAssembly tests in Chromium", browser: true, run: wasmTestsInBrowser },
  { name: "size", title: "Size of what is downloaded, and the start of a cold isolate", run: checkSize },
  { name: "package", title: "The browser package, from its tarball", needs: [buildWebClient], run: checkPackage },
  { name: "build", title: "Build of the worker", run: build },
  { name: "scripts", title: "What the scripts decide", run: scriptTests },
  { name: "dry-run", title: "wrangler deploy --dry-run, of the examples too", run: dryRuns },
  { name: "soak", title: "Mixed traffic for half a minute, and its books", needs: [build], run: soak },
  { name: "start", title: "npm start", needs: [build], run: checkStart },
  { name: "black-box", title: "Black box and browser tests", browser: true, needs: [build, buildPlayground], run: blackBox },
];

runMain(async () => {
  const steps = stepsFromArguments();
  if (steps === null) return;
  const started = Date.now();
  heading("Set-up");
  const browser = await setUp({ tests: true, browser: steps.some((step) => step.browser) });
  say(`Set-up took ${duration(Date.now() - started)}`);

  const done = [];
  for (const step of steps) {
    heading(step.title);
    const begun = Date.now();
    try {
      // One that is a step itself has run by now, or isn't wanted twice.
      for (const need of step.needs ?? []) if (!steps.some((other) => other.run === need)) await need();
      await step.run(browser);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      console.error(red(error.message));
      done.push({ step, took: Date.now() - begun, failed: true });
      break;
    }
    done.push({ step, took: Date.now() - begun, failed: false });
    say(`${step.title}: ${duration(Date.now() - begun)}`);
  }
  summarise(done, steps, Date.now() - started);
});

function stepsFromArguments() {
  let values;
  try {
    ({ values } = parseArgs({ options: { only: { type: "string", multiple: true }, list: { type: "boolean" } } }));
  } catch (error) {
    throw new Failure(`${error.message}. Use: npm test -- [--list] [--only NAME,NAME]`);
  }
  if (values.list) {
    for (const { name, title } of STEPS) say(`${name.padEnd(13)} ${title}`);
    return null;
  }
  if (!values.only) return STEPS;
  const wanted = values.only.flatMap((names) => names.split(","));
  const unknown = wanted.find((name) => !STEPS.some((step) => step.name === name));
  if (unknown !== undefined) {
    throw new Failure(`There is no step ${JSON.stringify(unknown)}; there are ${STEPS.map(({ name }) => name).join(", ")}`);
  }
  return STEPS.filter(({ name }) => wanted.includes(name));
}

// The verifier is a feature that nothing in the worker turns on, so it is named wherever it could be missed.
const VERIFIER = ["-p", "latchkey-protocol", "--features", "verifier"];

// A workspace of its own, so that libFuzzer is compiled by those only who fuzz.
const FUZZ = ["--manifest-path", join(ROOT, "protocol", "fuzz", "Cargo.toml")];

async function format() {
  await cargo("fmt", "--all", "--check");
  await cargo("fmt", ...FUZZ, "--check");
}

async function lints() {
  await cargo("clippy", "--workspace", "--all-targets", "--", "-D", "warnings");
  await cargo("clippy", ...VERIFIER, "--all-targets", "--", "-D", "warnings");
  await cargo("clippy", ...FUZZ, "--all-targets", "--", "-D", "warnings");
}

async function lintsForWasm() {
  const packages = ["-p", "latchkey-protocol", "-p", "latchkey-worker", "-p", "latchkey-web-client", "-p", "latchkey-bench-limit"];
  await cargo("clippy", ...packages, "--target", WASM_TARGET, "--", "-D", "warnings");
  await cargo("clippy", ...VERIFIER, "--target", WASM_TARGET, "--", "-D", "warnings");
}

async function hostTests() {
  await cargo("test", "--workspace", "--exclude", "latchkey-tests");
  await cargo("test", ...VERIFIER);
}

async function checkDependencies() {
  // cargo-deny reads every platform's crates; fetched here, it needs no network itself.
  for (const workspace of [[], FUZZ]) {
    await cargo("fetch", ...workspace, ...(process.env.CI ? ["--locked"] : []));
    await run("cargo-deny", [...workspace, "--offline", "check", "bans", "licenses", "sources"], { env });
  }
  if (process.env.LATCHKEY_ADVISORIES === "1") {
    await run("cargo-deny", ["check", "advisories"], { env });
  } else {
    say("Advisories are not checked: their database is on the network. LATCHKEY_ADVISORIES=1 npm test checks them.");
  }
}

async function dryRuns() {
  for (const folder of ["", "examples/mcp-server/", "examples/rest-api/"]) {
    const args = ["deploy", "--dry-run", "--config", `${folder}wrangler.toml`];
    await run(process.execPath, [WRANGLER, ...args], { env, label: `wrangler ${args.join(" ")}` });
  }
}

async function playgroundTests() {
  const folder = join(ROOT, "examples", "playground", "tests");
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.js")).map((name) => join(folder, name));
  await run(process.execPath, ["--test", ...files], { env, label: "node --test examples/playground/tests" });
}

async function scriptTests() {
  const folder = join(ROOT, "scripts", "tests");
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.mjs")).map((name) => join(folder, name));
  await run(process.execPath, ["--test", ...files], { env, label: "node --test scripts/tests" });
}

async function wasmTestsInBrowser({ chrome, chromedriver }) {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-webdriver-"));
  try {
    // The crate's own webdriver.json, and which Chromium.
    const capabilities = JSON.parse(readFileSync(join(ROOT, "web-client", "webdriver.json"), "utf8"));
    capabilities["goog:chromeOptions"].binary = chrome;
    const file = join(folder, "webdriver.json");
    writeFileSync(file, JSON.stringify(capabilities));
    await wasmTests({
      WASM_BINDGEN_TEST_ONLY_WEB: "1",
      WASM_BINDGEN_TEST_WEBDRIVER_JSON: file,
      WASM_BINDGEN_TEST_TIMEOUT: "120",
      CHROMEDRIVER: chromedriver,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Half a minute is too short for memory: that is `npm run soak`. */
function soak() {
  return cargo("run", "--quiet", "-p", "latchkey-bench", "--", "--soak", "0.5", "--connections", "8");
}

async function blackBox({ chrome, chromedriver }) {
  const verifiers = await verifierEnvironment();
  await run("cargo", ["test", "-p", "latchkey-tests"], {
    env: { ...env, ...verifiers, LATCHKEY_WRANGLER: WRANGLER, LATCHKEY_WEB_CLIENT: PACKAGE, CHROME: chrome, CHROMEDRIVER: chromedriver },
  });
}

function heading(title) {
  say();
  say(bold(`== ${title} ==`));
}

function summarise(done, steps, took) {
  heading("Summary");
  for (const step of steps) {
    const result = done.find((entry) => entry.step === step);
    const word = !result ? "not run" : result.failed ? red("FAILED") : green("passed");
    say(`${step.name.padEnd(13)} ${word}${result ? ` in ${duration(result.took)}` : ""}`);
  }
  const failed = done.find((entry) => entry.failed);
  if (failed) {
    console.error(red(`npm test failed at ${failed.step.name} (${failed.step.title}) after ${duration(took)}; again: npm test -- --only ${failed.step.name}`));
    process.exit(1);
  }
  say(green(`All ${steps.length} steps passed in ${duration(took)}.`));
}
