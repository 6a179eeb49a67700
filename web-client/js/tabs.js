// What the tabs of one origin tell each other about their session.
//
// Tokens are sent only where scripts of the origin can read the store anyway. A tab takes over a refresh only if it holds
// the very token that was refreshed, so that a copy of sessionStorage (a duplicated tab) follows its original, and another
// person's session in another tab is left alone.

/** Joins the tabs of this name; `hear` gets each message of the others. */
export function join(name, hear) {
  if (typeof BroadcastChannel === "undefined") return { post() {}, close() {} };
  const channel = new BroadcastChannel(name);
  // Else an open channel keeps Node's process alive.
  channel.unref?.();
  channel.addEventListener("message", ({ data }) => hear(data));
  return { post: (message) => channel.postMessage(message), close: () => channel.close() };
}
