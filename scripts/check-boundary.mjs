// Checks the crate boundary: nothing that does I/O, reads a clock or randomness, or is async, is in
// the tree of latchkey-protocol on the host, whichever of its features are on. CONTRIBUTING.md says why.
import { pathToFileURL } from "node:url";
import { output } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";

const REFUSED = [
  [/^worker(-|$)/, "knows Cloudflare"],
  [/^(js|web)-sys$|^wasm-bindgen|^wasm-streams$|^gloo/, "knows JavaScript"],
  [/^getrandom$|^rand$|^rand_chacha$|^fastrand$/, "makes randomness; take `Entropy`"],
  [/^iana-time-zone$|^(coarse)?time-now$|^web-time$|^instant$/, "reads the clock; take `now`"],
  [/^tokio|^futures|^async-|^smol$|^pin-project|^hyper|^mio$|^polling$/, "is async"],
  [/^ureq$|^reqwest$|^socket2$/, "does network I/O"],
];

// With every feature, so that the verifier for resource servers keeps to it too.
const TREE = ["tree", "-p", "latchkey-protocol", "--all-features", "-e", "normal", "--prefix", "none", "--format", "{p}"];

/** Throws a `Failure` that names each crate over the boundary, and through which crates it came. */
export function checkBoundary() {
  const tree = output("cargo", TREE);
  if (tree === null) throw new Failure("cargo tree -p latchkey-protocol failed; run it to see why");
  const crates = new Set(tree.split("\n").map((line) => line.split(" ")[0]).filter(Boolean));
  if (!crates.has("latchkey-protocol")) throw new Failure("cargo tree did not list latchkey-protocol itself");

  const faults = [];
  for (const name of crates) {
    const why = REFUSED.find(([pattern]) => pattern.test(name))?.[1];
    if (!why) continue;
    const path = output("cargo", [...TREE, "-i", name]);
    const through = [...new Set((path ?? "").split("\n").map((line) => line.split(" ")[0]).filter(Boolean))].join(" <- ");
    faults.push(`${name} ${why}: ${through}`);
  }
  if (faults.length > 0) throw new Failure(`latchkey-protocol must not stand on:\n  ${faults.join("\n  ")}`);
  say(`latchkey-protocol stands on ${crates.size - 1} crates, none of them over the boundary.`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  runMain(async () => checkBoundary());
}
