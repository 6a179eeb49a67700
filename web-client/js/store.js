// Where the text of a session is kept: in memory, in the browser's storage, or where the page says.
import { LatchkeyError } from "./error.js";

/**
 * The store for the option `storage`: `get`, `set` and `remove` of one text, whether scripts of other tabs can read it, and
 * `removeIf`, which looks and removes with nothing in between where the store is the browser's own.
 */
export function storeFor(storage, name) {
  const store = textStore(storage, name);
  const removeIf = (isIt) => {
    const text = store.get();
    if (typeof text?.then === "function") return text.then((value) => (isIt(value) ? store.remove() : undefined));
    return isIt(text) ? store.remove() : undefined;
  };
  return { ...store, removeIf };
}

function textStore(storage, name) {
  if (typeof storage === "object" && storage !== null) {
    for (const method of ["get", "set", "remove"]) if (typeof storage[method] !== "function") throw unknown();
    return {
      isShared: true,
      get: () => storage.get(name),
      set: (text) => storage.set(name, text),
      remove: () => storage.remove(name),
    };
  }
  if (storage === undefined || storage === "memory") return inMemory();
  if (storage !== "session" && storage !== "local") throw unknown();
  const kept = webStorage(`${storage}Storage`);
  return {
    isShared: true,
    get: () => blockedIfThrown(() => kept.getItem(name)),
    set: (text) => blockedIfThrown(() => kept.setItem(name, text)),
    remove: () => blockedIfThrown(() => kept.removeItem(name)),
  };
}

/** `sessionStorage` or `localStorage`; throws `storage_blocked` where the browser keeps nothing for this page. */
export function webStorage(name) {
  // Reading the property itself throws where site data is blocked.
  const storage = blockedIfThrown(() => globalThis[name]);
  if (!storage) throw blocked();
  return storage;
}

/** The same, or undefined. */
export function webStorageIfAny(name) {
  try {
    return webStorage(name);
  } catch {
    return undefined;
  }
}

function inMemory() {
  let kept = null;
  return {
    isShared: false,
    get: () => kept,
    set: (text) => void (kept = text),
    remove: () => void (kept = null),
  };
}

/** What storage throws is `storage_blocked`: it is off, or full. */
export function blockedIfThrown(action) {
  try {
    return action();
  } catch (cause) {
    throw blocked(cause);
  }
}

function blocked(cause) {
  const message = 'This browser keeps nothing for this page. Use storage: "memory" and sign in by a popup.';
  return new LatchkeyError("storage_blocked", message, { cause });
}

function unknown() {
  const message = 'storage must be "memory", "session", "local", "worker", or an object with get, set and remove.';
  return new LatchkeyError("invalid_options", message, { member: "storage" });
}
