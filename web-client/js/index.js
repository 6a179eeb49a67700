// What a page imports; index.d.ts says what each does.
import { load, ready } from "./load.js";

export { LatchkeyError } from "./error.js";
export { load };

export async function createPkce() {
  return (await ready()).createPkce();
}

export async function createState() {
  return (await ready()).createState();
}
