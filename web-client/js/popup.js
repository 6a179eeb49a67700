// A window for the sign-in, and how its callback comes to the page that opened it.
//
// It comes over a BroadcastChannel named by the state, which pages of this origin alone can hear: no window is posted to,
// so there is no target origin to get wrong (BRW-04), and a server whose pages isolate themselves (COOP) is no obstacle.
import { after, unlessAborted } from "./abort.js";
import { LatchkeyError } from "./error.js";
import { never } from "./page.js";

/** How the state of a sign-in by popup begins. */
export const POPUP = "p.";
/** How often the window is looked at, and how long the page that opened it may take to hear it, in milliseconds. */
const LOOK = 300;
const HEARING = 5000;
/** How long a person who has come back stays before their sign-in counts as given up, in milliseconds. */
const STAYING = 10_000;

/** Opens an empty window; throws `popup_blocked`. */
export function openPopup() {
  const popup = globalThis.window?.open("about:blank", "_blank", "popup,width=480,height=720");
  if (!popup) throw new LatchkeyError("popup_blocked", "The browser opened no window. Call signIn in a click.");
  return {
    close: () => popup.close(),
    async callback({ url, state }, signal) {
      const channel = new BroadcastChannel(channelName(state));
      const over = new AbortController();
      try {
        const heard = new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data)));
        if (popup.closed) throw wasClosed();
        popup.location.replace(url);
        const query = await unlessAborted(Promise.race([heard, closed(popup, over.signal)]), signal);
        channel.postMessage("heard");
        return query;
      } finally {
        over.abort();
        channel.close();
      }
    },
  };
}

/** In the popup: gives the callback to the page that opened it, which alone knows what it began, and closes the window. */
export async function handOver(state, query) {
  const channel = new BroadcastChannel(channelName(state));
  const heard = new Promise((resolve) => (channel.onmessage = () => resolve(true)));
  channel.postMessage(query);
  const isHeard = await Promise.race([heard, after(HEARING)]);
  channel.close();
  if (!isHeard) {
    throw new LatchkeyError("opener_gone", "The page that opened this window is gone. Close the window and sign in again.");
  }
  window.close();
  return never();
}

/** Fails once the person has closed the window, as far as that can be seen, until `over`. */
async function closed(popup, over) {
  let wasElsewhere = false;
  while (!over.aborted) {
    await after(LOOK);
    if (!popup.closed) {
      wasElsewhere ||= isElsewhere(popup);
      continue;
    }
    // A callback may be on its way, and the focus comes back a moment later.
    await after(LOOK);
    // A server's page that isolates itself (COOP) looks closed from its first moment, while the person is there.
    if (wasElsewhere && document.hasFocus()) throw wasClosed();
    return comeBack(over);
  }
}

/** Fails when the person has come back to this page and stays: all that is to be seen of a window which is cut off. */
function comeBack(over) {
  return new Promise((_, reject) => {
    let timer;
    const leave = () => clearTimeout(timer);
    const come = () => (timer = setTimeout(() => reject(wasClosed()), STAYING));
    window.addEventListener("focus", come, { signal: over });
    window.addEventListener("blur", leave, { signal: over });
    over.addEventListener("abort", leave);
  });
}

function isElsewhere(popup) {
  try {
    return popup.location.href !== "about:blank";
  } catch {
    // Of another origin nothing may be read.
    return true;
  }
}

function wasClosed() {
  return new LatchkeyError("popup_closed", "The window was closed before the sign-in was done.");
}

const channelName = (state) => `latchkey:popup:${state}`;
