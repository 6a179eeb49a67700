// The worker as it is shipped, on a platform that fails when a test wants it to. Nothing of this can be in a deployment: it
// is a second main module, which only tests/miniflare/start.mjs adds.
//
// POST /faults sets what is to fail, as JSON; what is left out works. GET /faults says how many messages are held, and by which
// names the shipped objects can be called.
// POST /faults/hang_up sends each of [{ path, method, headers, body }, …], and hangs up at DELETE /faults/hang_up.
// POST /faults/message sends { binding, object, message, body } to an object, as another isolate would: this one learns nothing of it.
//
//   clock      seconds by which the clock is ahead (behind, when negative)
//   objects    { class, how }: the messages to the objects of a class
//                "throw"   the object throws, as one does that the platform can't reach
//                "hold"    they wait until this is set to something else
//                "never"   they are never answered
//                "panic"   the next one makes the object's Rust code panic
//   sql        { class, statement }: a statement of the objects of a class that begins so throws
//   kv         "throw": each call of the cache fails; "never": none is answered; "frozen": what is written or deleted stays as it was
//   panic      true: the next request that waits for something panics in Rust
//   randomness false: whoever next draws random bytes aborts in Rust, without a panic
import { DurableObject } from "cloudflare:workers";
import * as shipped from "./index.js";

let faults = {};
let held = 0;
let hangUp = false;

const wait = (milliseconds) => scheduler.wait(milliseconds);
/** Bounded, so that nothing waits for ever when a test has ended. */
const LONG_MS = 60_000;

const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + (faults.clock ?? 0) * 1000);
    else super(...args);
  }
  static now() {
    return RealDate.now() + (faults.clock ?? 0) * 1000;
  }
};

const realThen = Promise.prototype.then;
Promise.prototype.then = function then(kept, refused) {
  if (faults.panic) {
    faults.panic = false;
    // wasm-bindgen's futures assert that nobody answers before the question is asked.
    kept();
  }
  return realThen.call(this, kept, refused);
};

const realRandom = crypto.getRandomValues.bind(crypto);
crypto.getRandomValues = (bytes) => {
  if (faults.randomness === false) {
    faults.randomness = true;
    throw new Error("a platform without randomness");
  }
  return realRandom(bytes);
};

function failingCache(kv) {
  const call = (name) => async (...args) => {
    if (faults.kv === "throw") throw new Error("KV is down");
    if (faults.kv === "never") await wait(LONG_MS);
    if (faults.kv === "frozen" && name !== "get") return undefined;
    return kv[name](...args);
  };
  return new Proxy(kv, { get: (target, name) => (typeof target[name] === "function" ? call(name) : target[name]) });
}

function failingEnvironment(env) {
  return env.CACHE === undefined ? env : { ...env, CACHE: failingCache(env.CACHE) };
}

function failing(name) {
  const Shipped = shipped[name];
  return class extends DurableObject {
    #object;

    constructor(state, env) {
      super(state, env);
      const { storage } = state;
      const { sql } = storage;
      const exec = (statement, ...bindings) => {
        const { sql: fault } = faults;
        if (fault?.class === name && statement.trimStart().startsWith(fault.statement)) throw new Error("a full disk");
        return sql.exec(statement, ...bindings);
      };
      Object.defineProperty(storage, "sql", { value: { exec } });
      const breaks = () => {
        const isIt = faults.objects?.class === name && faults.objects.how === "panic";
        if (isIt) faults.objects = undefined;
        return isIt;
      };
      // The worker crate unwraps what comes of `storage`.
      Object.defineProperty(state, "storage", {
        get: () => {
          if (breaks()) throw new Error("an object without storage");
          return storage;
        },
      });
      this.#object = new Shipped(state, failingEnvironment(env));
    }

    async send(message, text) {
      const how = faults.objects?.class === name ? faults.objects.how : undefined;
      if (how === "throw") throw new Error(`${name} is out of reach`);
      if (how === "never") await wait(LONG_MS);
      if (how === "hold") {
        held += 1;
        for (let waited = 0; faults.objects?.how === "hold" && waited < LONG_MS; waited += 10) await wait(10);
        held -= 1;
      }
      return this.#object.send(message, text);
    }

    alarm() {
      return this.#object.alarm();
    }
  };
}

const CLASSES = ["Account", "ClientRegistry", "DeviceAuthorization", "Directory", "Keyring"];

export const Account = failing("Account");
export const Directory = failing("Directory");
export const ClientRegistry = failing("ClientRegistry");
export const DeviceAuthorization = failing("DeviceAuthorization");
export const Keyring = failing("Keyring");

export default {
  async fetch(request, env, context) {
    const { pathname } = new URL(request.url);
    if (request.method === "POST" && pathname === "/faults/message") {
      const { binding, object, message, body } = await request.json();
      const stub = env[binding].get(env[binding].idFromName(object));
      const [mark, reply] = (await stub.send(message, JSON.stringify(body))).split("\n");
      return new Response(reply, { status: mark === "+" ? 200 : 500 });
    }
    if (request.method === "DELETE" && pathname === "/faults/hang_up") {
      hangUp = true;
      return new Response(null, { status: 204 });
    }
    if (request.method === "POST" && pathname === "/faults/hang_up") {
      hangUp = false;
      const requests = await request.json();
      const client = new AbortController();
      const send = ({ path, ...init }) => env.SELF.fetch(new URL(path, request.url), { ...init, signal: client.signal });
      const calls = Promise.allSettled(requests.map(send));
      for (let waited = 0; !hangUp && waited < LONG_MS; waited += 10) await wait(10);
      client.abort();
      const hungUp = (await calls).filter(({ status }) => status === "rejected");
      return Response.json({ hung_up: hungUp.length });
    }
    if (pathname !== "/faults") {
      const worker = new shipped.default(context, failingEnvironment(env));
      return worker.fetch(request);
    }
    if (request.method === "POST") faults = await request.json();
    const names = Object.fromEntries(CLASSES.map((name) => [name, Object.getOwnPropertyNames(shipped[name].prototype).sort()]));
    return Response.json({ held, names });
  },
};
