// The page that the server sends people back to.
import { LatchkeyError } from "./error.js";
import { forgetCallback, pageAddress } from "./page.js";
import { handOver, POPUP } from "./popup.js";
import { queryOf } from "./steps.js";
import { take } from "./transaction.js";

/** Finishes the sign-in whose callback is in the address; null when there is none. */
export async function handleCallback(signIn, url) {
  const query = queryOf(url ?? pageAddress().href);
  const parameters = new URLSearchParams(query);
  const state = parameters.get("state");
  if (!state || !(parameters.has("code") || parameters.has("error"))) return null;
  // BRW-05: at once, before anything else on the page could read or send them.
  if (url === undefined) forgetCallback();
  if (state.startsWith(POPUP)) return handOver(state, query);
  const transaction = take(state);
  if (!transaction) {
    const message = "This callback is of no sign-in that this tab began, or of one that is over. Sign in again.";
    throw new LatchkeyError("unknown_state", message);
  }
  const session = await signIn.believe(query, state, transaction);
  return { session, ...(transaction.returnTo !== undefined && { returnTo: transaction.returnTo }) };
}
