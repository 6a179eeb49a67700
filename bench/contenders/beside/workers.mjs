// An API at an address of its own beside Latchkey, which asks Latchkey for nothing but its keys.
import { join } from "node:path";
import { build } from "esbuild";
import { folderOf, ORIGIN, PLATFORM } from "../platform.mjs";

/** The path that it has on Latchkey's host. */
export const BESIDE = "/beside";

export async function beside(latchkey) {
  const path = join(folderOf(import.meta.url), "worker.mjs");
  const bundled = await build({ entryPoints: [path], bundle: true, minify: true, write: false, format: "esm", target: "es2022" });
  return {
    name: "beside",
    ...PLATFORM,
    modules: [{ type: "ESModule", path, contents: bundled.outputFiles[0].text }],
    routes: [`${new URL(ORIGIN).host}${BESIDE}`],
    serviceBindings: { LATCHKEY: latchkey },
    bindings: { ISSUER: ORIGIN, RESOURCE: `${ORIGIN}${BESIDE}` },
  };
}
