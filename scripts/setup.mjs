// Installs what building, serving and testing need. A run with nothing to do takes a second.
//
//   node scripts/setup.mjs            what `npm start` and a deploy need
//   node scripts/setup.mjs --tests    and what `npm test` needs: cargo-deny, Chromium and its driver, PyJWT where Python is
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { findBrowser } from "./lib/browser.mjs";
import { output, run } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";
import { CARGO_TEST_TOOLS, CARGO_TOOLS, missingCargoTools, ROOT, TOOLS, WASM_TARGET } from "./lib/tools.mjs";
import { installPythonPackages } from "./lib/verifiers.mjs";

/**
 * Makes everything ready, or throws a `Failure` that says what is missing and how to get it.
 * With `browser` it returns where Chromium and its driver are.
 */
export async function setUp({ tests = false, browser = false } = {}) {
  checkNode({ tests });
  checkPrograms({ tests });
  // Before anything slow, so that what is missing shows at once.
  const found = browser ? await findBrowser({ install: true }) : null;
  await installRust({ tests });
  await installPackages();
  if (tests) await installPythonPackages();
  await installCargoTools(tests ? { ...CARGO_TOOLS, ...CARGO_TEST_TOOLS } : CARGO_TOOLS);
  return found;
}

function checkNode({ tests }) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  // Vite, which the browser package is tested with, asks for more than wrangler does.
  const least = tests ? 19 : 3;
  if (major < 20 || (major === 20 && minor < least)) {
    const what = tests ? " for npm test" : "";
    throw new Failure(`Node ${process.versions.node} is too old${what}: install Node 20.${least} or later from https://nodejs.org`);
  }
}

/** Programs that are used and never installed by us; asked for in one go. */
function checkPrograms({ tests }) {
  const there = (...command) => output(...command) !== null;
  const missing = [];
  // Not `cargo --version`: rustup would begin to download, unseen.
  if (!there("sh", ["-c", "command -v cargo || command -v rustup"])) missing.push("Rust (rustup, from https://rustup.rs)");
  if (!there("cc", ["--version"])) {
    missing.push("the C compiler cc, which Rust links with (Debian and Ubuntu: apt-get install gcc libc6-dev; macOS: xcode-select --install)");
  }
  if (tests) {
    for (const name of ["git", "curl", "openssl"]) {
      const about = name === "openssl" ? ["version"] : ["--version"];
      if (!there(name, about)) missing.push(`${name} (Debian and Ubuntu: apt-get install ${name})`);
    }
  }
  if (missing.length > 0) throw new Failure(`Missing: ${missing.join("\nMissing: ")}\nInstall this and run it again.`);
}

async function installRust({ tests }) {
  const pinned = readFileSync(join(ROOT, "rust-toolchain.toml"), "utf8").match(/channel = "([^"]+)"/)?.[1];
  // rustup's proxies would fetch the pinned toolchain at their first use, unseen; this shows it.
  const toolchains = process.env.RUSTUP_TOOLCHAIN ? null : output("rustup", ["toolchain", "list"]);
  if (toolchains !== null && !toolchains.split("\n").some((name) => name.startsWith(`${pinned}-`))) {
    say(`Set-up: Rust ${pinned} (a minute or two)`);
    const parts = ["--profile", "minimal", "--component", "clippy,rustfmt", "--target", WASM_TARGET];
    await run("rustup", ["toolchain", "install", pinned, ...parts, "--no-self-update"]);
  }
  const version = output("rustc", ["--version"]);
  if (!version?.includes(pinned)) {
    const how = process.env.RUSTUP_TOOLCHAIN ? "unset RUSTUP_TOOLCHAIN" : "install rustup from https://rustup.rs";
    throw new Failure(`Rust ${pinned} is needed (rust-toolchain.toml), and rustc is ${version ?? "missing"}: ${how}`);
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

/** Builds the tools of `wanted` that aren't there yet at their version. */
export async function installCargoTools(wanted) {
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
