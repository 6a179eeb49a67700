// Who takes part, and the Miniflare workers of each; the first one is the one that is reached.
import { bare } from "./bare/workers.mjs";
import { cold } from "./cold/workers.mjs";
import { latchkey } from "./latchkey/workers.mjs";
import { limit } from "./limit/workers.mjs";
import { nothing } from "./nothing/workers.mjs";
import { peer } from "./peer/workers.mjs";

const WARM = { latchkey, peer, nothing, limit };

export const CONTENDERS = { ...WARM, bare, cold: cold(WARM) };
