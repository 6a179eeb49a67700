// Writes what the shipped files are made of, as CycloneDX 1.5: a component for each crate with version, licence, source and checksum,
// in WebAssembly alone. What npm has here only builds and tests (package-lock.json); `npm sbom` lists that.
//
//   npm run sbom             sbom/latchkey-worker.cdx.json and sbom/latchkey-web-client.cdx.json
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { run } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";
import { CARGO_SBOM_TOOLS, ROOT, toolEnvironment, WASM_TARGET } from "./lib/tools.mjs";
import { installCargoTools, setUp } from "./setup.mjs";

const SHIPPED = [
  { crate: "worker", name: "latchkey-worker" },
  { crate: "web-client", name: "latchkey-web-client" },
];

runMain(async () => {
  await setUp();
  await installCargoTools(CARGO_SBOM_TOOLS);
  const folder = join(ROOT, "sbom");
  mkdirSync(folder, { recursive: true });
  for (const { crate, name } of SHIPPED) {
    const file = join(folder, `${name}.cdx.json`);
    const manifest = join(ROOT, crate, "Cargo.toml");
    const args = ["cyclonedx", "--manifest-path", manifest, "--format", "json", "--spec-version", "1.5", "--target", WASM_TARGET, "--no-build-deps", "--quiet"];
    // Without this each run would have another serial number and time.
    await run("cargo", args, { env: { ...toolEnvironment(), SOURCE_DATE_EPOCH: "0" }, label: `cargo cyclonedx of ${name}` });
    renameSync(join(ROOT, crate, `${name}.cdx.json`), file);
    const components = JSON.parse(readFileSync(file, "utf8")).components ?? [];
    if (components.length === 0) throw new Failure(`${relative(ROOT, file)} names no component`);
    say(`${relative(ROOT, file)}: ${components.length} crates`);
  }
});
