// The folder that the worker serves the playground from: examples/playground, and the browser package beside it.
import { cpSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./tools.mjs";

const SOURCE = join(ROOT, "examples", "playground");
const TESTS = join(SOURCE, "tests");
const PACKAGE = join(ROOT, "web-client", "pkg");

/** Where the files are put together. */
export const PLAYGROUND = join(ROOT, "build-playground");

/** What a wrangler configuration has as `assets` so that the worker finds the playground's files in `directory`. */
export function playgroundAssets(directory) {
  // The worker is asked first, and says whether there is a playground, with which headers.
  return { directory, binding: "PLAYGROUND", run_worker_first: true, html_handling: "none" };
}

/** Puts the files together; the package must be built. */
export function assemblePlayground() {
  // Made beside and then put in place, so that nobody is served half of it.
  const fresh = `${PLAYGROUND}-${process.pid}`;
  try {
    mkdirSync(fresh);
    cpSync(SOURCE, fresh, { recursive: true, filter: (path) => path !== TESTS && !path.endsWith(".md") });
    // Only what a page loads: no types, no notes of the build.
    const isLoaded = (path) => path === PACKAGE || /(index|token-worker)\.js(\.map)?$|\.wasm$/.test(path);
    cpSync(PACKAGE, join(fresh, "package"), { recursive: true, filter: isLoaded });
    rmSync(PLAYGROUND, { recursive: true, force: true });
    renameSync(fresh, PLAYGROUND);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}
