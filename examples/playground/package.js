// The browser package, as it is published: the playground uses nothing else of Latchkey.
export * from "./package/index.js";
