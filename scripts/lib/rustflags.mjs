// The flags that WebAssembly is shipped with: those of .cargo/config.toml, and none of this machine's folders in it. A panic's place would
// else name one, and the file would differ from machine to machine.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "./run.mjs";
import { ROOT, WASM_TARGET } from "./tools.mjs";

/** They, as variables for whatever starts cargo. The crates are fetched for it: only then is it known where they lie. */
export async function shippedRustflags() {
  // What npm installs is there only once the set-up has run, and this file is read before.
  const { parse } = await import("smol-toml");
  await run("cargo", ["fetch", "--quiet", "--target", WASM_TARGET]);
  const registries = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  const folders = existsSync(registries) ? readdirSync(registries).sort() : [];
  const remapped = folders.map((name) => `--remap-path-prefix=${join(registries, name)}=crates`);
  const own = parse(readFileSync(join(ROOT, ".cargo", "config.toml"), "utf8")).target[WASM_TARGET].rustflags;
  // Separated as cargo wants it; what this variable has replaces every other source of flags.
  return { CARGO_ENCODED_RUSTFLAGS: [...own, ...remapped, `--remap-path-prefix=${ROOT}=.`].join("\x1f") };
}
