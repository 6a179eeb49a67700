// Finds Chromium and its driver; on Debian, as root, installs them.
import { existsSync, readFileSync } from "node:fs";
import { output, run } from "./run.mjs";
import { Failure, say } from "./say.mjs";

const HOW =
  "install Chromium (or Chrome) and the chromedriver of the same version, and name both in CHROME and CHROMEDRIVER";
const BROWSERS = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];

/**
 * Returns `{ chrome, chromedriver }`, absolute paths of two programs that run.
 * CHROME and CHROMEDRIVER in the environment come first.
 */
export async function findBrowser({ install }) {
  let found = look();
  if (!found.works && install && isDebian() && !process.env.CHROME && !process.env.CHROMEDRIVER) {
    if (process.getuid?.() !== 0) {
      throw new Failure(`${found.problem}: as root run apt-get install chromium chromium-driver, or ${HOW}`);
    }
    say("Set-up: Chromium and its driver, by apt-get (a minute or two)");
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    try {
      await run("apt-get", ["update", "-q"], { env });
      await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", "chromium", "chromium-driver"], { env });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(`${error.message}: ${HOW}`);
    }
    found = look();
  }
  if (!found.works) throw new Failure(`${found.problem}: ${HOW}`);
  return { chrome: found.chrome, chromedriver: found.chromedriver };
}

function look() {
  const chrome = first([process.env.CHROME, ...BROWSERS]);
  const chromedriver = first([process.env.CHROMEDRIVER, "chromedriver"]);
  const problem = problemOf("Chromium", chrome) ?? problemOf("chromedriver", chromedriver) ?? mismatch(chrome, chromedriver);
  return { works: !problem, problem, chrome: chrome.path, chromedriver: chromedriver.path };
}

/** The first candidate that runs, else the first that is there but doesn't. A name given wins. */
function first([given, ...names]) {
  const candidates = given ? [given] : names;
  let broken = null;
  for (const name of candidates) {
    const path = name.includes("/") ? name : output("sh", ["-c", 'command -v "$0"', name]);
    if (!path || !existsSync(path)) continue;
    const version = output(path, ["--version"])?.match(/(\d+)\.\d+\.\d+/)?.[1];
    if (version) return { path, version };
    broken ??= path;
  }
  return { path: given ?? null, broken: broken ?? (given || null) };
}

function problemOf(what, { version, broken }) {
  if (version) return null;
  // Ubuntu's package is a stub that only points to its snap store.
  return broken ? `${broken} is there but does not run (on Ubuntu it is a stub for a snap)` : `${what} is missing`;
}

function mismatch(chrome, driver) {
  if (chrome.version === driver.version) return null;
  return `${chrome.path} is version ${chrome.version} and ${driver.path} is for version ${driver.version}`;
}

function isDebian() {
  if (!existsSync("/etc/os-release")) return false;
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(readFileSync("/etc/os-release", "utf8"));
}
