// Web Locks: one tab at a time.

/** How long to wait for another tab, in milliseconds. Past it the server's own window for refreshes that come together has to do. */
const PATIENCE = 40_000;

/**
 * Does something while no other tab does something under this name. Where there are no locks (an insecure origin, an old
 * browser), or they can't be had, it is as if nobody else were there.
 */
export async function withLock(name, action) {
  const locks = globalThis.navigator?.locks;
  if (!locks) return action();
  let begun;
  const inside = async () => (begun ??= action());
  try {
    return await locks.request(name, { signal: AbortSignal.timeout(PATIENCE) }, inside);
  } catch (error) {
    // Its own failure is its own; that of the lock is not.
    if (begun) throw error;
    return inside();
  }
}
