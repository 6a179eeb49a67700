// Finds Chromium and its driver; on Debian and Ubuntu, as root, installs them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { output, run } from "./run.mjs";
import { Failure, say } from "./say.mjs";
import { BROWSERS } from "./tools.mjs";

const HOW =
  "install Chromium (or Chrome) and the chromedriver of the same version, and name both in CHROME and CHROMEDRIVER";
const NAMES = [
  "chromium",
  "google-chrome",
  "google-chrome-stable",
  "chromium-browser",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];
// Of the last major version that runs on every Node we accept.
const INSTALLER = "@puppeteer/browsers@2.11.1";

/**
 * Returns `{ chrome, chromedriver }`, absolute paths of two programs that run.
 * CHROME and CHROMEDRIVER in the environment come first.
 */
export async function findBrowser({ install }) {
  let found = look();
  const given = process.env.CHROME || process.env.CHROMEDRIVER;
  const system = found.works || !install || given ? null : systemWithPackages();
  if (system) {
    if (process.getuid?.() !== 0) throw new Failure(`${found.problem}: ${system.byHand}, or ${HOW}`);
    try {
      await system.install();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(`${error.message}: ${HOW}`);
    }
    found = look();
  }
  if (!found.works) throw new Failure(`${found.problem}: ${HOW}`);
  return { chrome: found.chrome, chromedriver: found.chromedriver };
}

/** What is named in the environment or on the PATH, else what an earlier run downloaded. */
function look() {
  const found = judge(first([process.env.CHROME, ...NAMES]), first([process.env.CHROMEDRIVER, "chromedriver"]));
  const downloaded = found.works || process.env.CHROME || process.env.CHROMEDRIVER ? null : downloadedPair();
  return downloaded ? judge(first([downloaded.chrome]), first([downloaded.chromedriver])) : found;
}

function judge(chrome, chromedriver) {
  const problem = problemOf("Chromium", chrome) ?? problemOf("chromedriver", chromedriver) ?? mismatch(chrome, chromedriver);
  return { works: !problem, problem, chrome: chrome.path, chromedriver: chromedriver.path };
}

/** How this system installs the two, or null where we don't know. */
function systemWithPackages() {
  if (!existsSync("/etc/os-release")) return null;
  const release = readFileSync("/etc/os-release", "utf8");
  const is = (name) => new RegExp(`^ID(_LIKE)?=.*\\b${name}\\b`, "m").test(release);
  // Ubuntu's own packages are stubs for a snap, which a container can't run. Chrome for Testing is x64 only.
  if (is("ubuntu")) return process.arch === "x64" ? { install: installOnUbuntu, byHand: HOW_ON_UBUNTU } : null;
  if (is("debian")) return { install: installOnDebian, byHand: "as root run apt-get install chromium chromium-driver" };
  return null;
}

async function installOnDebian() {
  say("Set-up: Chromium and its driver, by apt-get (a minute or two)");
  await aptGet("chromium", "chromium-driver");
}

const download = (what) => ["--yes", INSTALLER, "install", what, "--path", BROWSERS];
const HOW_ON_UBUNTU =
  `as root run npx ${download("chrome@stable").join(" ")} --install-deps, then npx ${download("chromedriver@stable").join(" ")}`;

async function installOnUbuntu() {
  say("Set-up: Chrome for Testing and its driver (a minute or two), kept for later runs");
  await aptGet("fonts-dejavu-core");
  // The libraries that it needs come from the list that Chrome brings along, by apt-get.
  await run("npx", [...download("chrome@stable"), "--install-deps"], { env: NO_QUESTIONS });
  const version = downloadedVersions("chrome").at(-1);
  if (!version) throw new Failure(`${INSTALLER} left no Chrome in ${BROWSERS}`);
  await run("npx", download(`chromedriver@${version}`));
}

const NO_QUESTIONS = { DEBIAN_FRONTEND: "noninteractive" };

async function aptGet(...packages) {
  await run("apt-get", ["update", "-q"], { env: NO_QUESTIONS });
  await run("apt-get", ["install", "-y", "-q", "--no-install-recommends", ...packages], { env: NO_QUESTIONS });
}

/** The versions of "chrome" or "chromedriver" that were downloaded, oldest first. */
function downloadedVersions(program) {
  const folder = join(BROWSERS, program);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.startsWith("linux-"));
  return names.map((name) => name.slice("linux-".length)).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

function downloadedPair() {
  const drivers = downloadedVersions("chromedriver");
  const version = downloadedVersions("chrome").findLast((name) => drivers.includes(name));
  if (!version) return null;
  const program = (name) => join(BROWSERS, name, `linux-${version}`, `${name}-linux64`, name);
  return { chrome: program("chrome"), chromedriver: program("chromedriver") };
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
  // Ubuntu's packages only point to its snap store.
  const why = "it is a stub for a snap (Ubuntu), or lacks a library, which ldd names";
  return broken ? `${broken} is there but does not run (${why})` : `${what} is missing`;
}

function mismatch(chrome, driver) {
  if (chrome.version === driver.version) return null;
  return `${chrome.path} is version ${chrome.version} and ${driver.path} is for version ${driver.version}`;
}
