// A keeper in a dedicated worker, as the page sees it: the same methods, and the refresh token never comes over.
import { LatchkeyError, own } from "./error.js";
import { compiled } from "./load.js";

export class RemoteKeeper {
  #worker;
  #emit;
  #onExchange;
  #waiting = new Map();
  #next = 0;

  constructor(worker, emit, onExchange) {
    this.#worker = worker;
    this.#emit = emit;
    this.#onExchange = onExchange;
    worker.addEventListener("message", ({ data }) => this.#hear(data));
    worker.addEventListener("error", () => this.#fail(notStarted()));
  }

  /** Starts the worker and opens its keeper. */
  static async open({ name, fetch, onExchange }, emit) {
    if (fetch) {
      throw new LatchkeyError("invalid_options", 'fetch can\'t be given with storage: "worker", which has its own.', { member: "fetch" });
    }
    let worker;
    try {
      worker = new Worker(new URL("./token-worker.js", import.meta.url), { type: "module", name: "latchkey" });
    } catch (cause) {
      throw notStarted(cause);
    }
    const keeper = new RemoteKeeper(worker, emit, onExchange);
    try {
      await keeper.#call("open", name, await compiled());
    } catch (error) {
      keeper.close();
      throw error;
    }
    return keeper;
  }

  redeem(grant) {
    return this.#call("redeem", grant);
  }

  accessToken(minimumValidity, force, refused) {
    return this.#call("accessToken", minimumValidity, force, refused);
  }

  session() {
    return this.#call("session");
  }

  signOut() {
    return this.#call("signOut");
  }

  close() {
    this.#worker.terminate();
    this.#fail(new LatchkeyError("aborted", "The client was closed."));
  }

  #call(method, ...given) {
    return new Promise((resolve, reject) => {
      const id = this.#next++;
      this.#waiting.set(id, { resolve, reject });
      this.#worker.postMessage({ id, method, given });
    });
  }

  #hear({ id, value, error, type, detail, exchange }) {
    if (type) return this.#emit(type, detail);
    if (exchange) return this.#onExchange?.(exchange);
    const { resolve, reject } = this.#waiting.get(id) ?? {};
    this.#waiting.delete(id);
    if (error) reject?.(own(error));
    else resolve?.(value);
  }

  #fail(error) {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

function notStarted(cause) {
  const message =
    "The worker that keeps the tokens can't be started. token-worker.js belongs beside the module, on the page's own origin, " +
    "and the page's policy must allow it in worker-src.";
  return new LatchkeyError("wasm_unavailable", message, { cause });
}
