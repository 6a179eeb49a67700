// Starts one contender in a Miniflare of its own, and prints one line of JSON: where it listens.
//
//   node bench/contenders/start.mjs NAME FOLDER [INSPECTOR_PORT]
//
// It ends when its standard input ends, so that it never outlives who started it. With a port for the
// inspector, a profiler can attach to workerd. FOLDER gets what it stores; LATCHKEY_BENCH_LOG names a file for what it logs,
// and has Latchkey count what each request does; LATCHKEY_BENCH_SETTINGS is JSON for its configuration.
import { createWriteStream, mkdirSync } from "node:fs";
import { Log, LogLevel, Miniflare } from "miniflare";
import { CONTENDERS } from "./contenders.mjs";
import { ORIGIN } from "./platform.mjs";

const [name, folder, inspectorPort] = process.argv.slice(2);
const contender = CONTENDERS[name];
if (contender === undefined || folder === undefined) {
  console.error(`There is no contender ${JSON.stringify(name)} to start; there are ${Object.keys(CONTENDERS).join(", ")}. Use: start.mjs NAME FOLDER`);
  process.exit(2);
}

mkdirSync(folder, { recursive: true });
const log = process.env.LATCHKEY_BENCH_LOG;
const miniflare = new Miniflare({
  host: "127.0.0.1",
  port: 0,
  // What workers see as their own address, as if they were deployed there. Nothing is fetched from it.
  upstream: ORIGIN,
  inspectorPort: inspectorPort === undefined ? undefined : Number(inspectorPort),
  // The network would be asked which data centre is near.
  cf: false,
  logRequests: false,
  log: new Log(LogLevel.ERROR),
  defaultPersistRoot: folder,
  // What a worker logs is taken and let go, so that it costs the same whether anybody reads it. What the runtime itself
  // has to say is shown.
  handleRuntimeStdio: (stdout, stderr) => {
    if (log === undefined) stdout.resume();
    else stdout.pipe(createWriteStream(log));
    stderr.pipe(process.stderr);
  },
  workers: await contender(),
});

let isEnding = false;
process.stdin.resume();
process.stdin.on("end", end);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);

async function end() {
  if (isEnding) return;
  isEnding = true;
  await miniflare.dispose();
  process.exit(0);
}

const { port } = await miniflare.ready;
console.log(JSON.stringify({ port: Number(port) }));
