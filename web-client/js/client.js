// The client as JavaScript knows such things: an EventTarget whose methods give promises. What it does is in web-client/src.
import { LatchkeyError, owned } from "./error.js";
import { ready } from "./load.js";
import { RemoteKeeper } from "./remote-keeper.js";

let making = false;
let make;

export class Client extends EventTarget {
  #core;
  #keeper;

  constructor() {
    super();
    if (!making) throw new LatchkeyError("invalid_options", "A client is made by createClient(options).");
  }

  /** Makes a client; once, by `createClient`. */
  static async #make(options) {
    const glue = await ready();
    making = true;
    const client = new Client();
    making = false;
    const emit = (type, detail) => client.dispatchEvent(new CustomEvent(type, { detail }));
    const { issuer, resource, clientId, storage, fetch, onExchange } = options;
    const name = `latchkey:session:${issuer ?? resource} ${clientId ?? ""}`;
    const keep = { name, storage, fetch, onExchange };
    client.#keeper = storage === "worker" ? await RemoteKeeper.open(keep, emit) : new glue.Keeper(keep, emit);
    client.#core = new glue.Client(options, client.#keeper);
    // So that the end of a session that is there already is news. What can't be read now is said by the next call.
    await client.#keeper.session().catch(() => {});
    return client;
  }

  // A private name is out of reach from outside, also for `createClient`.
  static {
    make = (options) => Client.#make(options);
  }

  /** Does something with the core, unless the client is closed. */
  #with(action) {
    return owned(() => {
      if (!this.#core) throw new LatchkeyError("aborted", "The client was closed.");
      return action(this.#core, this.#keeper);
    });
  }

  signIn(options) {
    return this.#with((core) => core.signIn(options));
  }

  handleCallback(url, options) {
    return this.#with((core) => core.handleCallback(url === undefined ? undefined : String(url), options));
  }

  getAccessToken(options) {
    return this.#with((core) => core.getAccessToken(options));
  }

  fetch(input, init) {
    return this.#with((core) => core.fetch(input, init));
  }

  signOut({ signal } = {}) {
    return this.#with(async (_, keeper) => {
      signal?.throwIfAborted();
      return { revoked: await keeper.signOut() };
    });
  }

  getSession() {
    return this.#with((_, keeper) => keeper.session());
  }

  close() {
    this.#keeper?.close();
    this.#core = undefined;
  }
}

export function createClient(options) {
  return owned(async () => {
    if (typeof options !== "object" || options === null) {
      throw new LatchkeyError("invalid_options", "createClient needs an object with at least `issuer` or `resource`.", { member: "options" });
    }
    return make(options);
  });
}
