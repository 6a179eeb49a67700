// Which instance of the WebAssembly answers what comes in.
//
// A panic traps: the stack it happened on is gone, and with it whatever its request was about to do. The other requests of
// the isolate wait in the same memory, and nothing of theirs was touched. wasm-bindgen would refuse all of them from then on,
// and worker-build would begin a new instance in place of this one, whose memory knows nothing of them. Here an instance that
// has trapped gets nothing new, and ends what it has: a fresh one takes what comes from now on.
import * as workers from "cloudflare:workers";
import wasm from "./index_bg.wasm";
// What worker-build made, as a function: scripts/lib/instances.mjs.
import { glue } from "./glue.js";

const IMPORTS = { "cloudflare:workers": workers, "./index_bg.wasm": wasm };

/** No address: wasm-bindgen reads nothing there, and what it writes there goes nowhere. */
const NOWHERE = { value: -4 };

/** A proxy that is what it stands for. */
function Bare(target) {
  return target;
}

function begin() {
  let hasTrapped = false;
  const trapped = {
    get value() {
      hasTrapped = true;
      return NOWHERE.value;
    },
  };
  // The two places by which wasm-bindgen's own code would note a trap and refuse everything from then on.
  const watched = (exports) => ({ ...exports, __instance_terminated: NOWHERE, __abort_handler: trapped });
  const own = {
    Instance: class {
      constructor(module, imports) {
        this.exports = watched(new WebAssembly.Instance(module, imports).exports);
      }
    },
  };
  const module = { exports: {} };
  const shadowed = Object.create(WebAssembly, { Instance: { value: own.Instance } });
  // What worker-build listens for concerns one instance; with several, each would begin anew for another's trap. For the same
  // reason nothing is to stand around its classes, which would cost each call a few microseconds besides.
  const listen = () => {};
  glue((name) => IMPORTS[name], module, module.exports, shadowed, listen, Bare);
  return { exports: module.exports, hasTrapped: () => hasTrapped };
}

let current = begin();

function fresh() {
  if (current.hasTrapped()) {
    console.warn(JSON.stringify({ event: "fresh instance", level: "warn" }));
    current = begin();
  }
  return current;
}

/**
 * The worker: each request is one instance's from beginning to end. The promise is made here, so that it is kept also where
 * the stack has trapped (worker/src/steps.rs).
 */
export class Entrypoint extends workers.WorkerEntrypoint {
  fetch(request) {
    const { answer } = fresh().exports.default.prototype;
    return new Promise((keep) => answer(request, this.env, this.ctx, keep));
  }
}

/**
 * A Durable Object's class: each message is one instance's; what the object keeps in memory begins anew with a new one.
 * Whatever has a public name here can be called by who has the object's binding, so there is no other than the two.
 */
export function object(name) {
  return class extends workers.DurableObject {
    #home;
    #own;

    #current() {
      const home = fresh();
      if (this.#home !== home) {
        this.#own = new home.exports[name](this.ctx, this.env);
        this.#home = home;
      }
      return this.#own;
    }

    /** A message and its answer: worker/src/objects/receiving.rs. */
    send(message, text) {
      return new Promise((keep) => this.#current().send(message, text, keep));
    }

    /** An error makes the runtime try again. */
    alarm() {
      return new Promise((keep, refuse) => {
        this.#current().alarm((problem) => (problem === undefined ? keep() : refuse(new Error(problem))));
      });
    }
  };
}
