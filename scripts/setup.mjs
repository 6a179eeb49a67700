// Installs what building, serving and testing need. A run with nothing to do takes a second.
//
//   node scripts/setup.mjs            what `npm start` and a deploy need
//   node scripts/setup.mjs --tests    and what `npm test` needs: cargo-deny, Chromium and its driver
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findBrowser } from "./lib/browser.mjs";
import { output, run } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";
import { CARGO_TEST_TOOLS, CARGO_TOOLS, missingCargoTools, ROOT, TOOLS, WASM_TARGET } from "./lib/tools.mjs";

/**
 * Makes everything ready, or throws a `Failure` that says what is missing and how to get it.
 * With `browser` it returns where Chromium and its driver are.
 */
export async function setUp({ tests = false, browser = false } = {}) {
  checkNode();
  await installRust({ tests });
  await installPackages();
  await installCargoTools(tests ? { ...CARGO_TOOLS, ...CARGO_TEST_TOOLS } : CARGO_TOOLS);
  return browser ? findBrowser({ install: true }) : null;
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 3)) {
    throw new Failure(`Node ${process.versions.node} is too old: install Node 20.3 or later from https://nodejs.org`);
  }
}

async function installRust({ tests }) {
  const pinned = readFileSync(join(ROOT, "rust-toolchain.toml"), "utf8").match(/channel = "([^"]+)"/)?.[1];
  if (output("cargo", ["--version"]) === null && output("rustup", ["--version"]) === null) {
    throw new Failure("Rust is missing: install rustup from https://rustup.rs and run this again");
  }
  // rustup's proxies fetch the pinned toolchain at their first use, some versions only when told to.
  if (!output("rustc", ["--version"])?.includes(pinned)) {
    say(`Set-up: Rust ${pinned}`);
    await run("rustup", ["toolchain", "install", pinned, "--profile", "minimal"], {
      label: `Rust ${pinned} is needed (rust-toolchain.toml); rustup toolchain install`,
    });
  }
  const libraries = output("rustc", ["--print", "target-libdir", "--target", WASM_TARGET]);
  if (!libraries || !existsSync(libraries)) {
    say(`Set-up: the ${WASM_TARGET} target`);
    await run("rustup", ["target", "add", WASM_TARGET]);
  }
  if (!tests) return;
  for (const [component, command] of [["clippy", "cargo-clippy"], ["rustfmt", "cargo-fmt"]]) {
    if (output(command, ["--version"]) === null) {
      say(`Set-up: ${component}`);
      await run("rustup", ["component", "add", component]);
    }
  }
}

async function installPackages() {
  const wanted = createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .update(`${process.platform} ${process.arch}`)
    .digest("hex");
  const stamp = join(ROOT, "node_modules", ".latchkey-lock");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  say("Set-up: npm packages (half a minute)");
  await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(stamp, wanted);
}

async function installCargoTools(wanted) {
  for (const [name, { version, about }] of missingCargoTools(wanted)) {
    say(`Set-up: ${name} ${version}, about ${about} on 2 cores, kept for later runs`);
    const install = ["install", "--root", TOOLS, `${name}@${version}`];
    try {
      await run("cargo", [...install, "--locked"]);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // A mirror that lags behind may not have a version that the tool's own lock file names.
      say(`Set-up: ${name} did not build with its own lock file; again with the newest dependencies there are`);
      await run("cargo", install);
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => {
    const tests = process.argv.includes("--tests");
    await setUp({ tests, browser: tests });
    say("Set-up is complete.");
  });
}
