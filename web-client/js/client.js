// The client as JavaScript knows such things: an EventTarget whose methods give promises, and whose fields are private, so
// that a log shows nothing of it.
import { throwIfAborted, unlessAborted } from "./abort.js";
import { handleCallback } from "./callback.js";
import { LatchkeyError, owned } from "./error.js";
import { fetchWithToken, MINIMUM_VALIDITY } from "./fetch.js";
import { Keeper } from "./keeper.js";
import { ready } from "./load.js";
import { optionsOf } from "./options.js";
import { RemoteKeeper } from "./remote-keeper.js";
import { SignIn } from "./sign-in.js";

/** Lets nobody but `createClient` make a client. */
const OURS = Symbol("latchkey");

export class Client extends EventTarget {
  /** `{ options, keeper, signIn }`; undefined once the client is closed. */
  #parts;

  constructor(key, takeParts) {
    super();
    if (key !== OURS) throw new LatchkeyError("invalid_options", "A client is made by createClient(options).");
    takeParts((parts) => (this.#parts = parts));
  }

  signIn(wishes) {
    return this.#with(({ signIn }) => signIn.begin(wishes));
  }

  handleCallback(url, { signal } = {}) {
    return this.#with(({ signIn }) => unlessAborted(handleCallback(signIn, url === undefined ? undefined : String(url)), signal));
  }

  /** Who goes away leaves the refresh to the others who wait for it. */
  getAccessToken({ minimumValidity = MINIMUM_VALIDITY, forceRefresh = false, signal } = {}) {
    return this.#with(({ keeper }) => {
      throwIfAborted(signal);
      return unlessAborted(keeper.accessToken(minimumValidity * 1000, forceRefresh), signal);
    });
  }

  fetch(input, init) {
    return this.#with((parts) => fetchWithToken(parts, input, init));
  }

  signOut({ signal } = {}) {
    return this.#with(({ keeper }) => {
      throwIfAborted(signal);
      return unlessAborted(keeper.signOut().then((revoked) => ({ revoked })), signal);
    });
  }

  getSession() {
    return this.#with(({ keeper }) => keeper.session());
  }

  close() {
    this.#parts?.keeper.close();
    this.#parts = undefined;
  }

  #with(action) {
    return owned(() => {
      if (!this.#parts) throw new LatchkeyError("aborted", "The client was closed.");
      return action(this.#parts);
    });
  }
}

// Bundling shortens names, and a console shows them.
Object.defineProperty(Client, "name", { value: "Client" });

export function createClient(given) {
  return owned(async () => {
    if (typeof given !== "object" || given === null) {
      throw new LatchkeyError("invalid_options", "createClient needs an object with at least issuer or resource.", { member: "options" });
    }
    await ready();
    const options = optionsOf(given);
    const { issuer, resource, clientId, storage, fetch, onExchange } = options;
    const keep = { name: ["latchkey:session:", issuer, resource, clientId].join(" "), storage, fetch, onExchange };
    let give;
    const client = new Client(OURS, (giveParts) => (give = giveParts));
    const emit = (type, detail) => client.dispatchEvent(new CustomEvent(type, { detail }));
    const keeper = storage === "worker" ? await RemoteKeeper.open(keep, emit) : new Keeper(keep, emit);
    give({ options, keeper, signIn: new SignIn(options, keeper) });
    // So that the end of a session that is there already is news. What can't be read now is said by the next call.
    await keeper.session().catch(() => {});
    return client;
  });
}
