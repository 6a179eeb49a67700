// The peer: what a user would pick instead, on the npm package that package.json pins.
import { join } from "node:path";
import { build } from "esbuild";
import { folderOf, PLATFORM } from "../platform.mjs";

export async function peer() {
  const path = join(folderOf(import.meta.url), "application.js");
  // Minified, as wrangler's own bundle may be: a smaller script starts faster.
  const bundled = await build({ entryPoints: [path], bundle: true, minify: true, write: false, format: "esm", target: "es2022", external: ["cloudflare:*"] });
  return [
    {
      name: "peer",
      ...PLATFORM,
      modules: [{ type: "ESModule", path, contents: bundled.outputFiles[0].text }],
      kvNamespaces: ["OAUTH_KV"],
    },
  ];
}
