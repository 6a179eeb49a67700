// Serves Latchkey on this machine: set-up, build, then wrangler dev until Ctrl-C.
//
//   npm start                   on http://127.0.0.1:8787
//   npm start -- --port 9000    on another port
//   npm start -- --storage DIR  with what is stored in another folder
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { start } from "./lib/run.mjs";
import { bold, duration, Failure, runMain, say } from "./lib/say.mjs";
import { ROOT, toolEnvironment, WRANGLER } from "./lib/tools.mjs";
import { setUp } from "./setup.mjs";

/** What is stored, unless --storage says where. */
const STORAGE = join(".wrangler", "state");
/** How long wrangler may take until the server answers, in milliseconds. */
const PATIENCE = 120_000;

/** Colours; wrangler writes some even where nobody sees them. */
const ESCAPES = /\u001b\[[\d;]*m/g;
// What wrangler says while all is well, and nobody needs once the issuer is printed.
const NOISE = /^\s*$|^\[wrangler:info\] Ready on |^⎔ |^\[custom build\]|Reloading local server|Local server updated|^🪵/u;

runMain(async () => {
  const { port, storage } = settingsFromArguments();
  await refuseTakenPort(port);
  await setUp();
  await build();

  const issuer = `http://127.0.0.1:${port}`;
  const metadataUrl = `${issuer}/.well-known/oauth-authorization-server`;
  const server = serve(port, issuer, storage);
  let stopping = false;
  const stop = async (status) => {
    if (stopping) return;
    stopping = true;
    await server.end();
    process.exit(status);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(0));

  const started = Date.now();
  let metadata = null;
  while (metadata === null && !server.hasEnded()) {
    if (Date.now() - started > PATIENCE) break;
    metadata = await fetchMetadata(metadataUrl);
  }
  if (stopping) return;
  if (metadata === null) {
    server.showHeldBack();
    const how = server.hasEnded() ? "wrangler dev ended" : `${metadataUrl} did not answer within ${duration(PATIENCE)}`;
    console.error(`The server did not start: ${how}; wrangler's words are above.`);
    await stop(1);
    return;
  }
  // The line about our own request is still on its way, and of no use to anyone.
  await new Promise((resolve) => setTimeout(resolve, 300));
  introduce(issuer, metadataUrl, metadata, storage);
  server.showFromNowOn();

  await server.ended;
  if (!stopping) {
    console.error("wrangler dev has ended by itself; its last words are above.");
    await stop(1);
  }
});

function settingsFromArguments() {
  let values;
  try {
    ({ values } = parseArgs({
      options: { port: { type: "string", short: "p", default: "8787" }, storage: { type: "string", default: STORAGE } },
    }));
  } catch (error) {
    throw new Failure(`${error.message}. Use: npm start -- [--port N] [--storage FOLDER]`);
  }
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port < 1 || port > 65_535) {
    throw new Failure(`--port is ${JSON.stringify(values.port)}, and must be a number from 1 to 65535`);
  }
  return { port, storage: resolve(ROOT, values.storage) };
}

/** Asks first, because wrangler would quietly take another port and the issuer would be wrong. */
async function refuseTakenPort(port) {
  const probe = createServer();
  await new Promise((resolve, reject) => {
    probe.once("error", reject);
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, resolve);
  }).catch((error) => {
    const why = { EADDRINUSE: "is taken by another program", EACCES: "needs more rights" }[error.code] ?? error.message;
    throw new Failure(`Port ${port} ${why}. Choose another: npm start -- --port ${port === 8788 ? 8790 : 8788}`);
  });
  await new Promise((resolve) => probe.close(resolve));
}

/** Starts wrangler dev and holds its output back until someone asks for it. */
function serve(port, issuer, storage) {
  const { child, ended, end } = start(
    process.execPath,
    [WRANGLER, "dev", "--ip", "127.0.0.1", "--port", String(port), "--var", `ISSUER:${issuer}`,
      "--persist-to", storage, "--show-interactive-dev-session=false"],
    {
      env: toolEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  let heldBack = [];
  let over = false;
  for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
    createInterface({ input: from }).on("line", (coloured) => {
      const line = to.isTTY ? coloured : coloured.replace(ESCAPES, "");
      if (heldBack) heldBack.push(line);
      else if (!NOISE.test(line.replace(ESCAPES, ""))) to.write(`${line.replace(/^\[wrangler:info\] /, "")}\n`);
    });
  }
  const settled = ended.then(() => { over = true; }, () => { over = true; });
  return {
    ended: settled,
    end,
    hasEnded: () => over,
    showHeldBack: () => {
      for (const line of heldBack ?? []) console.error(line);
      heldBack = null;
    },
    showFromNowOn: () => { heldBack = null; },
  };
}

/** The metadata, or null while there is none yet. */
async function fetchMetadata(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    if (answer.ok) return await answer.json();
    await answer.body?.cancel();
  } catch {
    // Not listening yet.
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  return null;
}

function introduce(issuer, metadataUrl, metadata, storage) {
  say();
  say(bold("Latchkey is ready."));
  say(`  Issuer     ${issuer}`);
  say(`  Metadata   ${metadataUrl}`);
  say(`  Stored in  ${storage} (delete it to begin afresh)`);
  say();
  say(bold("What to try first"));
  say(`  1. Open ${issuer} in a browser and sign up; no e-mail is sent.`);
  say("  2. Register a client:");
  say(`       curl ${metadata.registration_endpoint ?? `${issuer}/register`} -H 'content-type: application/json' \\`);
  say(`         -d '{"client_name":"My first client","redirect_uris":["http://127.0.0.1:9999/callback"]}'`);
  say("     and go on with the five-minute walk in README.md.");
  say(`  3. Or point an MCP client at a server that names ${issuer} as its authorization server.`);
  say();
  say("Ctrl-C stops it. Requests and log lines follow.");
  say();
}
