// Checks the files themselves: none names a path of somebody's machine or the host of a package
// registry, and the versions that must agree do.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { output } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";
import { CARGO_TOOLS, ROOT } from "./lib/tools.mjs";

// A folder of a person on Linux, macOS or Windows, and not the path of a URL.
const MACHINE_PATH = /(?<![\w.~-])(?:\/root\/|\/home\/[a-z_][\w-]*\/|\/Users\/[A-Za-z][\w.-]*\/|[A-Z]:\\Users\\)/;

// In pieces, so that this file doesn't name what it refuses.
const HOSTS = [
  ["registry", "npmjs", "org"],
  ["registry", "yarnpkg", "com"],
  ["index", "crates", "io"],
  ["static", "crates", "io"],
  ["pypi", "org"],
  ["files", "pythonhosted", "org"],
  ["deb", "debian", "org"],
  ["archive", "ubuntu", "com"],
].map((labels) => labels.join("."));

const CARGO_SOURCE = 'source = "registry+https://github.com/rust-lang/crates.io-index"';

/** Throws a `Failure` that lists every fault with its file and line. */
export function checkTree() {
  const listed = output("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  if (listed === null) throw new Failure("git ls-files failed: check-tree needs a git checkout");
  const files = [...new Set(listed.split("\0"))].filter((file) => file && existsSync(join(ROOT, file)));
  const faults = [...files.flatMap(faultsOfFile), ...files.flatMap(faultsOfLock), ...faultsOfVersions()];
  if (faults.length > 0) throw new Failure(`${faults.length} in the tree:\n  ${faults.join("\n  ")}`);
  say(`${files.length} files name no machine's path and no registry's host, and the versions agree.`);
}

function faultsOfFile(file) {
  const bytes = readFileSync(join(ROOT, file));
  if (bytes.includes(0)) return [];
  return bytes.toString("utf8").split("\n").flatMap((line, index) => {
    const at = `${file}:${index + 1}`;
    if (/(^|\/)Cargo\.lock$/.test(file) && line.startsWith("source = ")) {
      return line === CARGO_SOURCE ? [] : [`${at} has a source other than crates.io: ${line}`];
    }
    const path = line.match(MACHINE_PATH)?.[0];
    const host = HOSTS.find((name) => line.includes(name));
    return [
      ...(path ? [`${at} names a machine's path: ${path}`] : []),
      ...(host ? [`${at} names a package registry's host: ${host}`] : []),
      ...(file === "package-lock.json" && line.includes('"resolved":') ? [`${at} says where a package was fetched`] : []),
    ];
  });
}

/** What a lock file names without a checksum could be anything by the time that it is fetched. */
function faultsOfLock(file) {
  const text = () => readFileSync(join(ROOT, file), "utf8");
  if (/(^|\/)Cargo\.lock$/.test(file)) {
    const packages = text().split("[[package]]").slice(1);
    const unsure = packages.filter((entry) => entry.includes("\nsource = ") && !entry.includes("\nchecksum = "));
    return unsure.map((entry) => `${file} has no checksum of ${entry.match(/name = "([^"]+)"/)?.[1]}`);
  }
  if (/(^|\/)package-lock\.json$/.test(file)) {
    const packages = Object.entries(JSON.parse(text()).packages ?? {});
    const unsure = packages.filter(([path, entry]) => path.includes("node_modules/") && !entry.link && !entry.inBundle && !entry.integrity);
    return unsure.map(([path]) => `${file} has no integrity of ${path}`);
  }
  return [];
}

function faultsOfVersions() {
  const lock = readFileSync(join(ROOT, "Cargo.lock"), "utf8");
  return [["wasm-bindgen", "wasm-bindgen-cli"], ["worker", "worker-build"]].flatMap(([library, tool]) => {
    const locked = lock.match(new RegExp(`name = "${library}"\\nversion = "([^"]+)"`))?.[1];
    const { version } = CARGO_TOOLS[tool];
    return locked === version ? [] : [`Cargo.lock has ${library} ${locked}, scripts/lib/tools.mjs has ${tool} ${version}`];
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => checkTree());
}
