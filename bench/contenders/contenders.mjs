// Who takes part, and the Miniflare workers of each; the first one is the one that is reached.
import { latchkey } from "./latchkey/workers.mjs";
import { limit } from "./limit/workers.mjs";
import { nothing } from "./nothing/workers.mjs";
import { peer } from "./peer/workers.mjs";

export const CONTENDERS = { latchkey, peer, nothing, limit };
