// Writes what the shipped files are made of, as CycloneDX 1.5: a component for each crate that is in the WebAssembly, with version, licence,
// source and checksum. What npm has here only builds and tests (package-lock.json); `npm sbom` lists that.
//
//   npm run sbom             sbom/latchkey-worker.cdx.json and sbom/latchkey-web-client.cdx.json
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { output, run } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";
import { CARGO_SBOM_TOOLS, ROOT, toolEnvironment, WASM_TARGET } from "./lib/tools.mjs";
import { installCargoTools, setUp } from "./setup.mjs";

const SHIPPED = ["latchkey-worker", "latchkey-web-client"];
const FOLDER = join(ROOT, "sbom");

runMain(async () => {
  await setUp();
  await installCargoTools(CARGO_SBOM_TOOLS);
  const args = ["cyclonedx", "--format", "json", "--spec-version", "1.5", "--target", WASM_TARGET, "--no-build-deps", "--quiet"];
  await run("cargo", args, { env: toolEnvironment(), label: "cargo cyclonedx" });
  mkdirSync(FOLDER, { recursive: true });
  // It writes one beside each crate of the workspace.
  for (const { name, manifest_path } of packages()) {
    const written = join(dirname(manifest_path), `${name}.cdx.json`);
    if (!existsSync(written)) continue;
    if (SHIPPED.includes(name)) keep(name, readFileSync(written, "utf8"));
    rmSync(written);
  }
});

function packages() {
  const metadata = output("cargo", ["metadata", "--no-deps", "--format-version", "1"]);
  if (metadata === null) throw new Failure("cargo metadata failed");
  return JSON.parse(metadata).packages;
}

/** Keeps one, without this machine's folders in it. */
function keep(name, text) {
  const folders = [pathToFileURL(ROOT).href, ROOT];
  const bill = folders.reduce((bill, folder) => bill.replaceAll(folder, folder === ROOT ? "." : "file://."), text);
  const { components = [] } = JSON.parse(bill);
  if (components.length === 0) throw new Failure(`The bill of ${name} names no component`);
  const file = join(FOLDER, `${name}.cdx.json`);
  writeFileSync(file, bill);
  say(`${relative(ROOT, file)}: ${components.length} crates`);
}
