// The do-nothing worker in Rust. It reads nothing of the request, and none of worker-build's proxies stands around it: Latchkey
// has none either (worker/js/instances.js).
import { WorkerEntrypoint } from "cloudflare:workers";
import built from "./index.js";

const { nothing } = built.prototype;

export default class extends WorkerEntrypoint {
  fetch() {
    return nothing();
  }
}
