// What a sign-in by redirect remembers until its callback, each under its own state (needs #40).
//
// It is in sessionStorage, which the tab that began the sign-in alone can read: a callback that somebody else began finds
// nothing there.
import { objectOf } from "./http.js";
import { blockedIfThrown, webStorage, webStorageIfAny } from "./store.js";

const PREFIX = "latchkey:sign-in:";
/** How long a person may take to sign in, in milliseconds: an hour. */
const LIFETIME = 3_600_000;

/** Throws `storage_blocked` where nothing can be kept, before anybody is sent away. */
export function checkKeeping() {
  webStorage("sessionStorage").getItem(PREFIX);
}

export function keep(state, transaction) {
  const storage = webStorage("sessionStorage");
  for (const name of Object.keys(storage)) {
    if (name.startsWith(PREFIX) && !isRecent(objectOf(storage.getItem(name)))) storage.removeItem(name);
  }
  blockedIfThrown(() => storage.setItem(PREFIX + state, JSON.stringify({ ...transaction, begun: Date.now() })));
}

/** Takes a transaction out: a state counts once (BRW-01). Undefined when there is none, or it is too old. */
export function take(state) {
  const storage = webStorageIfAny("sessionStorage");
  const transaction = objectOf(storage?.getItem(PREFIX + state) ?? "");
  storage?.removeItem(PREFIX + state);
  return isRecent(transaction) ? transaction : undefined;
}

// Of either sign: a clock that was set in between.
const isRecent = (transaction) => Math.abs(Date.now() - transaction?.begun) < LIFETIME;
