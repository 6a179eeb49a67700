// Where the WebAssembly is in Node, whose `fetch` reads no files.
import { readFile } from "node:fs/promises";

/** Reads latchkey.wasm from beside this module. */
export function defaultSource() {
  return readFile(new URL("./latchkey.wasm", import.meta.url));
}
