// The languages of examples/verify besides Rust and JavaScript: tested where they are installed.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { output, run } from "./run.mjs";
import { say } from "./say.mjs";
import { PYTHON, ROOT } from "./tools.mjs";

const REQUIREMENTS = join(ROOT, "examples", "verify", "python", "requirements.txt");

// Which Python it is, if the pinned packages are made for it.
const ABOUT = "import sys, platform; v = sys.version_info; (3, 11) <= v < (3, 15) or sys.exit(1); print(sys.implementation.cache_tag, platform.platform())";

/**
 * What the black box tests get in their environment: what they find there they test, or fail. Says in one
 * line each what isn't there.
 */
export async function verifierEnvironment() {
  const packages = await installPythonPackages();
  if (packages === null) say("Not tested here: examples/verify/python, because python3 (3.11 to 3.14) or its pip is missing.");
  const go = output("go", ["version"]) !== null;
  if (!go) say("Not tested here: examples/verify/go, because go is missing.");
  // Both are always set, so that nothing of the caller's own environment stands in.
  return { LATCHKEY_PYTHON_PACKAGES: packages ?? "", LATCHKEY_GO: go ? "1" : "" };
}

/** Returns the folder with the Python packages, made if need be, or null where Python or pip is missing. */
export async function installPythonPackages() {
  const about = output("python3", ["-c", ABOUT]);
  if (about === null || output("python3", ["-m", "pip", "--version"]) === null) return null;
  // Compiled packages fit one version of Python on one machine.
  const key = createHash("sha256").update(readFileSync(REQUIREMENTS)).update(about).digest("hex").slice(0, 16);
  const folder = join(PYTHON, key);
  if (existsSync(folder)) return folder;
  say("Set-up: PyJWT for examples/verify/python (some seconds)");
  const fresh = `${folder}.${process.pid}`;
  mkdirSync(PYTHON, { recursive: true });
  try {
    const args = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"];
    await run("python3", ["-m", "pip", ...args, "--target", fresh, "--requirement", REQUIREMENTS], {
      env: { PIP_ROOT_USER_ACTION: "ignore" },
    });
    // Whole or not at all.
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}
