// The way to the server and back: what is kept while this tab is away, and how a popup hands its answer over.

/** Where the walk waits while the tab is at the server. */
const KEY = "latchkey-playground";
/** How a popup and the page that opened it find each other. Only this origin hears it. */
const CHANNEL = "latchkey-playground";
/** How long a popup looks for the page that opened it, in milliseconds. */
const PATIENCE = 5_000;

/** This page's address without query and fragment: the redirect URI. */
export const here = () => `${location.origin}${location.pathname}`;

/** Keeps a walk for after the redirect. Throws when the browser keeps nothing for this page. */
export function keep(walk) {
  sessionStorage.setItem(KEY, JSON.stringify(walk));
}

/** The walk that was kept, which is forgotten by this; null when there is none. */
export function take() {
  try {
    const kept = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return kept === null ? null : JSON.parse(kept);
  } catch {
    // Kept nothing, or not by this program.
    return null;
  }
}

/**
 * The authorization response in the page's address, which is taken out of it at once (RFC 9700 section 4.2.4); null when there is
 * none.
 */
export function arrival() {
  const { href, search, hash } = location;
  const names = ["code", "state", "error", "iss", "access_token"];
  const query = new URLSearchParams(search);
  const fragment = new URLSearchParams(hash.slice(1));
  if (!names.some((name) => query.has(name) || fragment.has(name))) return null;
  history.replaceState(null, "", here());
  return href;
}

/** The `state` of a response, wherever it stands. */
export function stateOf(callback) {
  const url = new URL(callback);
  return url.searchParams.get("state") ?? new URLSearchParams(url.hash.slice(1)).get("state");
}

/** Hands a response to the page that waits for it; whether there is one. */
export function handOver(callback) {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve) => {
    const end = (taken) => {
      clearTimeout(late);
      channel.close();
      resolve(taken);
    };
    const late = setTimeout(() => end(false), PATIENCE);
    channel.onmessage = ({ data }) => {
      if (data?.taken === stateOf(callback)) end(true);
    };
    channel.postMessage({ callback });
  });
}

/** Waits for the response with this `state` from a popup. */
export function receive(state, signal) {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => {
      channel.close();
      reject(new DOMException("Nobody waits any more.", "AbortError"));
    }, { once: true });
    channel.onmessage = ({ data }) => {
      if (typeof data?.callback !== "string" || stateOf(data.callback) !== state) return;
      channel.postMessage({ taken: state });
      channel.close();
      resolve(data.callback);
    };
  });
}
