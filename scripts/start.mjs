// Serves Latchkey, its playground and the two examples behind it on this machine: set-up, build, then wrangler dev
// until Ctrl-C.
//
//   npm start                   on http://127.0.0.1:8787
//   npm start -- --port 9000    on another port
//   npm start -- --storage DIR  with what is stored in another folder
//   npm start -- --consent-as ci@example.com
//                               every client is allowed at once as this test user: for tests without a browser
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { start } from "./lib/run.mjs";
import { bold, duration, Failure, runMain, say } from "./lib/say.mjs";
import { ROOT, toolEnvironment, WRANGLER } from "./lib/tools.mjs";
import { buildPlayground } from "./playground.mjs";
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
  const { port, storage, consentAs } = settingsFromArguments();
  await refuseTakenPort(port);
  await setUp();
  await build();
  await buildPlayground();
  // It needs a package that the set-up has only just installed in a clean checkout.
  const { developmentConfigurations } = await import("./lib/development.mjs");
  const { configurations, name, hasExamples, hasPlayground } = developmentConfigurations(consentAs);

  const issuer = `http://127.0.0.1:${port}`;
  const metadataUrl = `${issuer}/.well-known/oauth-authorization-server`;
  const server = serve(port, issuer, storage, configurations, name);
  let stopping = false;
  const stop = async (status) => {
    if (stopping) return;
    stopping = true;
    await server.end();
    process.exit(status);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop(0));

  const started = Date.now();
  let answer = null;
  while (answer === null && !server.hasEnded()) {
    if (Date.now() - started > PATIENCE) break;
    answer = await answerOf(metadataUrl);
  }
  if (stopping) return;
  // The line about our own request is still on its way: of no use to anyone, or it says what is wrong.
  await new Promise((resolve) => setTimeout(resolve, 300));
  if (!answer?.metadata) {
    server.showHeldBack();
    let how = `${metadataUrl} did not answer within ${duration(PATIENCE)}`;
    if (answer) how = `${metadataUrl} answered ${answer.status}, probably for a setting in wrangler.toml`;
    if (server.hasEnded()) how = "wrangler dev ended";
    console.error(`The server did not start: ${how}; wrangler's words are above.`);
    await stop(1);
    return;
  }
  introduce(metadataUrl, answer.metadata, storage, { hasExamples, hasPlayground }, consentAs);
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
      options: {
        port: { type: "string", short: "p", default: "8787" },
        storage: { type: "string", default: STORAGE },
        "consent-as": { type: "string" },
      },
    }));
  } catch (error) {
    throw new Failure(`${error.message}. Use: npm start -- [--port N] [--storage FOLDER] [--consent-as ADDRESS]`);
  }
  const port = Number(values.port);
  if (!/^\d{1,5}$/.test(values.port) || port < 1 || port > 65_535) {
    throw new Failure(`--port is ${JSON.stringify(values.port)}, and must be a number from 1 to 65535`);
  }
  const consentAs = values["consent-as"];
  if (consentAs !== undefined && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(consentAs)) {
    throw new Failure(`--consent-as is ${JSON.stringify(consentAs)}, and must be an e-mail address such as ci@example.com`);
  }
  return { port, storage: resolve(ROOT, values.storage), consentAs };
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
function serve(port, issuer, storage, configurations, name) {
  const variables = join(ROOT, ".dev.vars");
  const { child, ended, end } = start(
    process.execPath,
    [WRANGLER, "dev", ...configurations.flatMap((file) => ["--config", file]),
      "--ip", "127.0.0.1", "--port", String(port), "--var", `ISSUER:${issuer}`,
      // Else wrangler looks beside the configuration, which may be a written one.
      ...(existsSync(variables) ? ["--env-file", variables] : []),
      "--persist-to", storage, "--show-interactive-dev-session=false"],
    {
      env: toolEnvironment(),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  // With several workers wrangler says whose line it is; ours stay the JSON that they are.
  const labels = ["[wrangler:info] ", `[${name}] `];
  const withoutLabel = (line) => line.slice(labels.find((label) => line.startsWith(label))?.length ?? 0);
  let heldBack = [];
  let over = false;
  for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]]) {
    createInterface({ input: from }).on("line", (coloured) => {
      const line = to.isTTY ? coloured : coloured.replace(ESCAPES, "");
      if (heldBack) heldBack.push(line);
      else if (!NOISE.test(line.replace(ESCAPES, ""))) to.write(`${withoutLabel(line)}\n`);
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

/** The status and the metadata, or null while nothing is listening yet or an object isn't ready (503). */
async function answerOf(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    if (answer.ok) return { status: answer.status, metadata: await answer.json() };
    await answer.body?.cancel();
    if (answer.status !== 503) return { status: answer.status };
  } catch {
    // Not listening yet.
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  return null;
}

function introduce(metadataUrl, metadata, storage, { hasExamples, hasPlayground }, consentAs) {
  const { issuer } = metadata;
  const account = metadata.authorization_endpoint.replace(/\/authorize$/, "/account");
  say();
  say(bold("Latchkey is ready."));
  say(`  Issuer     ${issuer}`);
  say(`  Account    ${account} (sign up there; no e-mail is sent)`);
  if (hasExamples) {
    say(`  MCP        ${issuer}/mcp (examples/mcp-server, which knows nothing of OAuth)`);
    say(`  REST       ${issuer}/api (examples/rest-api, likewise)`);
  }
  if (hasPlayground) say(`  Playground ${account.replace(/\/account$/, "/playground")} (walk through OAuth at any server, step by step)`);
  say(`  Metadata   ${metadataUrl}`);
  say(`  Stored in  ${storage} (delete it to begin afresh)`);
  say();
  if (consentAs !== undefined) {
    say(bold("Anyone who reaches this server gets tokens without signing in"));
    say(`  --consent-as: every client is allowed at once, as the test user ${consentAs}. For tests on this machine only.`);
    say();
  }
  if (hasExamples) tryExamples(issuer, account);
  else say("What is behind it is what wrangler.toml says. README.md has a five-minute walk with curl.");
  say();
  say("Ctrl-C stops it. Requests and log lines follow.");
  say();
}

function tryExamples(issuer, account) {
  const url = `${issuer}/mcp`;
  say(bold("Connect an MCP client; it opens the sign-in page by itself"));
  say(`  Claude Code    claude mcp add --transport http latchkey ${url}   and then /mcp in Claude Code`);
  say(`  VS Code        code --add-mcp '{"name":"latchkey","type":"http","url":"${url}"}'`);
  say(`  Cursor         in .cursor/mcp.json: {"mcpServers":{"latchkey":{"url":"${url}"}}}`);
  say(`  MCP Inspector  npx @modelcontextprotocol/inspector   with "Streamable HTTP" and ${url}`);
  say("  Ask it to add a note and to delete it: deleting needs one more scope, which clients that can ask you for.");
  say();
  say(bold("Or call the API with a token of your own"));
  say(`  1. Make one at ${account}/tokens, with "Change your notes", for "The notes API"`);
  say(`  2. curl ${issuer}/api/notes -H 'Authorization: Bearer <token>' -d '{"text":"hello"}'`);
  say(`     curl ${issuer}/api/notes -H 'X-API-Key: <token>'`);
  say(`  3. See what was called, and revoke it, at ${account}`);
}
