// Measures Latchkey side by side with its peers and with the platform's own limit: set-up, build, then bench/.
//
//   npm run bench                            everything, for about eight minutes
//   npm run bench -- --only refresh,cold     some of it; bench/README.md has all flags
//   npm run bench -- --as-built              what is in build/ now, instead of building it first
import { bench } from "./lib/bench.mjs";
import { runMain } from "./lib/say.mjs";

runMain(() => bench(process.argv.slice(2)));
