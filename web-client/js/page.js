// The window: its address, and leaving it.
import { LatchkeyError } from "./error.js";

/** What of an address belongs to a callback (RFC 6749 section 4.1.2, RFC 9207; the last is OpenID's). */
const CALLBACK_PARAMETERS = ["code", "state", "iss", "error", "error_description", "error_uri", "session_state"];

/** The window's own address; throws where there is no window (Node, a worker). */
export function pageAddress() {
  if (typeof window === "undefined") {
    throw new LatchkeyError("invalid_options", "This needs a page, or redirectUri and an address: there is no window here.", { member: "redirectUri" });
  }
  return new URL(location.href);
}

/** Where callbacks come by default: the page's address without query and fragment. */
export function callbackAddress() {
  const { origin, pathname } = pageAddress();
  return origin + pathname;
}

/** Takes the callback out of the page's address and out of the history (RFC 9700 section 4.3.1). */
export function forgetCallback() {
  const address = pageAddress();
  for (const name of CALLBACK_PARAMETERS) address.searchParams.delete(name);
  history.replaceState(history.state, "", address);
}

/** Leaves the page, for good. */
export function leave(url) {
  location.assign(url);
  return never();
}

/** A promise that stays open. */
export const never = () => new Promise(() => {});
