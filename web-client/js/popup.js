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

/** Opens an empty window; throws `popup_blocked`. */
export function openPopup() {
  const popup = globalThis.window?.open("about:blank", "_blank", "popup,width=480,height=720");
  if (!popup) throw new LatchkeyError("popup_blocked", "The browser opened no window. Call signIn in a click.");
  return {
    close: () => popup.close(),
    async callback({ url, state }, signal) {
      const channel = new BroadcastChannel(channelName(state));
      try {
        const heard = new Promise((resolve) => (channel.onmessage = ({ data }) => resolve(data)));
        popup.location.replace(url);
        const query = await unlessAborted(Promise.race([heard, closed(popup, heard)]), signal);
        channel.postMessage("heard");
        return query;
      } finally {
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

/** Fails once the person has closed the window. */
async function closed(popup, heard) {
  let isOver = false;
  void heard.then(() => (isOver = true));
  for (let looks = 0; !isOver; ) {
    await after(LOOK);
    if (!popup.closed) continue;
    // A page that isolates itself looks closed from its first moment, while the person is there; a window that was closed
    // gives its focus back. Once more, since a callback may be on its way.
    if (looks === 0 && !document.hasFocus()) return never();
    looks += 1;
    if (looks > 1) throw new LatchkeyError("popup_closed", "The window was closed before the sign-in was done.");
  }
  return never();
}

const channelName = (state) => `latchkey:popup:${state}`;
