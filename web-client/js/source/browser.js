// Where the WebAssembly is in browsers, and for the bundlers that build for them.

/** Fetches latchkey.wasm from beside this module. Bundlers read this very expression and put the file where it says. */
export function defaultSource() {
  // The integrity of this module, where a page checks it, so holds for the WebAssembly as well.
  return fetch(new URL("./latchkey.wasm", import.meta.url), { integrity: LATCHKEY_WASM_INTEGRITY });
}
