// Waiting with an AbortSignal, for what goes on without the one who waits.
import { LatchkeyError } from "./error.js";

export function throwIfAborted(signal) {
  if (signal?.aborted) throw new LatchkeyError("aborted", "The call was aborted.", { cause: signal.reason });
}

/** The promise's outcome, or the signal's, whichever comes first. */
export async function unlessAborted(promise, signal) {
  if (!signal) return promise;
  throwIfAborted(signal);
  let listener;
  const aborted = new Promise((resolve) => {
    listener = resolve;
    signal.addEventListener("abort", listener);
  }).then(() => throwIfAborted(signal));
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", listener);
  }
}

/** A promise that is kept after so many milliseconds. */
export const after = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
