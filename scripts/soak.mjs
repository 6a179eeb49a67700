// Mixed traffic for a long time (bench/src/soak): memory has to stay flat, nothing may fail, the books have to balance.
//
//   npm run soak                      an hour
//   npm run soak -- --minutes 5       so long; --seed N makes the same random choices again
//   npm run soak -- --as-built        with what is in build/ now
import { bench } from "./lib/bench.mjs";
import { runMain } from "./lib/say.mjs";

runMain(() => {
  const flags = process.argv.slice(2).map((flag) => flag.replace(/^--minutes(?==|$)/, "--soak"));
  return bench(flags.some((flag) => /^--soak(=|$)/.test(flag)) ? flags : ["--soak", "60", ...flags]);
});
