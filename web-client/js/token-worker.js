// The dedicated worker that keeps the tokens: the page asks, and gets access tokens alone (RFC 10017 section 8).
import { plain } from "./error.js";
import { Keeper } from "./keeper.js";
import { load } from "./load.js";

const ASKED = new Set(["redeem", "accessToken", "session", "signOut"]);
let keeper;

async function answer(method, given) {
  if (method === "open" && !keeper) {
    const [name, module] = given;
    // As the page has it: wherever that came from, and without asking for it again.
    await load(module);
    const onExchange = (exchange) => postMessage({ exchange });
    keeper = new Keeper({ name, storage: "memory", onExchange }, (type, detail) => postMessage({ type, detail }));
    return undefined;
  }
  if (!keeper || !ASKED.has(method)) throw new TypeError(`The worker doesn't know ${method}`);
  return keeper[method](...given);
}

addEventListener("message", async ({ data: { id, method, given } }) => {
  try {
    postMessage({ id, value: await answer(method, given) });
  } catch (error) {
    postMessage({ id, error: plain(error) });
  }
});
