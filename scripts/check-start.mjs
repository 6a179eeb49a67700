// Checks `npm start` as a person meets it: it says when it is ready, serves its issuer, the playground and the two
// examples behind the gateway, refuses a taken port in one line, ends cleanly with the port free
// again, and consents for a test user only when it is told to.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { start } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";
import { ROOT } from "./lib/tools.mjs";
import { visit } from "./lib/visitor.mjs";

/** How long the server may take until it says that it is ready, and until it has ended; milliseconds. */
const TO_START = 240_000;
const TO_END = 30_000;

/** Throws a `Failure` that says what `npm start` did instead, and its last words. */
export async function checkStart() {
  const storage = mkdtempSync(join(tmpdir(), "latchkey-start-"));
  const port = await withPort(0);
  const server = startScript("--port", String(port), "--storage", storage);
  try {
    await server.expect(server.says("Latchkey is ready"), TO_START, "did not say that it is ready");

    const issuer = `http://127.0.0.1:${port}`;
    const answer = await fetch(`${issuer}/.well-known/oauth-authorization-server`, { signal: AbortSignal.timeout(30_000) });
    const metadata = await answer.json();
    if (metadata.issuer !== issuer) throw new Failure(`npm start -- --port ${port} serves the issuer ${metadata.issuer}`);

    for (const [resource, path] of [["/mcp", "/mcp"], ["/api", "/api/notes"]]) await asksForToken(issuer, resource, path);
    await servesExamples(issuer);
    await servesPlayground(issuer, server.output());
    await refusesTakenPort(port);

    server.child.kill("SIGTERM");
    const { code, signal } = await server.expect(server.ended, TO_END, "did not end at SIGTERM");
    if (code !== 0) throw server.failure(`ended with ${signal ?? code} at SIGTERM, where 0 was expected`);
    await withPort(port).catch((error) => {
      throw new Failure(`npm start has ended and left port ${port} taken: ${error.message}`);
    });
  } finally {
    await server.end();
    rmSync(storage, { recursive: true, force: true });
  }
  await consentsForTestUser();
  say("npm start came up, served its issuer, the playground and both examples, refused a taken port, ended with the port free, and consented for a test user when told to.");
}

/** With --consent-as a client is sent back at once, by a server that says what that means. */
async function consentsForTestUser() {
  await refusesAddress("ci");
  const storage = mkdtempSync(join(tmpdir(), "latchkey-start-"));
  const port = await withPort(0);
  const server = startScript("--port", String(port), "--storage", storage, "--consent-as", "ci@example.com");
  try {
    await server.expect(server.says("Ctrl-C stops it"), TO_START, "did not say that it is ready");
    if (!server.output().includes("Anyone who reaches this server gets tokens without signing in")) {
      throw server.failure("did not say that anyone gets tokens");
    }
    const issuer = `http://127.0.0.1:${port}`;
    const redirect_uri = "http://127.0.0.1:9999/callback";
    const registered = await ask(`${issuer}/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ redirect_uris: [redirect_uri], token_endpoint_auth_method: "none" }),
    });
    const { client_id } = JSON.parse(registered.text);
    const query = new URLSearchParams({ response_type: "code", client_id, redirect_uri, code_challenge: "A".repeat(43), code_challenge_method: "S256" });
    const answer = await ask(`${issuer}/authorize?${query}`, { redirect: "manual" });
    const location = answer.headers.get("location") ?? "";
    if (answer.status !== 302 || !location.startsWith(`${redirect_uri}?code=`)) {
      throw new Failure(`/authorize of npm start -- --consent-as answered ${answer.status}, Location: ${location}`);
    }
  } finally {
    await server.end();
    rmSync(storage, { recursive: true, force: true });
  }
}

async function refusesAddress(text) {
  const server = startScript("--consent-as", text);
  try {
    const { code } = await server.expect(server.ended, TO_END, "went on without an address");
    const lines = server.output().trim().split("\n");
    if (code !== 1 || lines.length !== 1 || !lines[0].includes("--consent-as")) {
      throw server.failure(`ended with ${code}, where 1 and one line about --consent-as were expected`);
    }
  } finally {
    await server.end();
  }
}

/** RFC 9728 section 5.1: without a token a client learns where to get one. */
async function asksForToken(issuer, resource, path) {
  const answer = await ask(`${issuer}${path}`);
  const challenge = answer.headers.get("www-authenticate") ?? "";
  const metadataUrl = challenge.match(/resource_metadata="([^"]+)"/)?.[1];
  if (answer.status !== 401 || !metadataUrl) {
    throw new Failure(`${path} without a token answered ${answer.status} with WWW-Authenticate: ${challenge}, where 401 and resource_metadata were expected`);
  }
  const metadata = JSON.parse((await ask(metadataUrl)).text);
  if (metadata.resource !== `${issuer}${resource}` || metadata.authorization_servers?.[0] !== issuer) {
    throw new Failure(`${metadataUrl} is the metadata of ${metadata.resource} with ${metadata.authorization_servers}`);
  }
}

/** Both examples answer somebody who has allowed it, and know who it is without seeing the token. */
async function servesExamples(issuer) {
  const visitor = await visit(issuer);

  const apiToken = await visitor.accessToken(`${issuer}/api`, "notes:read");
  const whoami = await ask(`${issuer}/api/whoami`, { headers: { authorization: `Bearer ${apiToken}` } });
  const { told, headers } = whoami.status === 200 ? JSON.parse(whoami.text) : {};
  if (!told?.["latchkey-subject"] || !told["latchkey-assertion"] || headers.includes("authorization")) {
    throw new Failure(`/api/whoami answered ${whoami.status}: ${whoami.text}`);
  }

  const mcpToken = await visitor.accessToken(`${issuer}/mcp`, "mcp");
  const call = (method, params) => ask(`${issuer}/mcp`, {
    method: "POST",
    headers: { authorization: `Bearer ${mcpToken}`, "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  });
  const tools = await call("tools/list");
  if (tools.status !== 200 || !tools.text.includes('"delete_note"')) {
    throw new Failure(`tools/list at /mcp answered ${tools.status}: ${tools.text}`);
  }
  const refused = await call("tools/call", { name: "delete_note", arguments: { id: 1 } });
  const challenge = refused.headers.get("www-authenticate") ?? "";
  if (refused.status !== 403 || !challenge.includes("insufficient_scope") || !challenge.includes("notes:write")) {
    throw new Failure(`delete_note without notes:write answered ${refused.status}, ${challenge}: ${refused.text}`);
  }
}

/** The page is there, with the browser package that it is made of, and is what `npm start` names. */
async function servesPlayground(issuer, said) {
  if (!said.includes(`${issuer}/playground `)) throw new Failure("npm start does not say where the playground is");
  for (const file of ["", "playground.js", "package/index.js", "package/latchkey.wasm"]) {
    const { status } = await ask(`${issuer}/playground/${file}`);
    if (status !== 200) throw new Failure(`/playground/${file} answered ${status}, where 200 was expected`);
  }
}

async function ask(url, options) {
  const answer = await fetch(url, { ...options, signal: AbortSignal.timeout(30_000) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

async function refusesTakenPort(port) {
  const second = startScript("--port", String(port));
  try {
    const { code } = await second.expect(second.ended, TO_END, "went on with a taken port");
    const lines = second.output().trim().split("\n");
    if (code !== 1 || lines.length !== 1 || !lines[0].includes(`Port ${port} is taken`)) {
      throw second.failure(`ended with ${code} at a taken port, where 1 and one line that says so were expected`);
    }
  } finally {
    await second.end();
  }
}

/** scripts/start.mjs with its output kept. */
function startScript(...args) {
  const { child, ended, end } = start(process.execPath, [join(ROOT, "scripts", "start.mjs"), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const closed = Promise.all([child.stdout, child.stderr].map((stream) => {
    stream.setEncoding("utf8").on("data", (chunk) => { text += chunk; });
    return new Promise((resolve) => stream.on("close", resolve));
  }));
  const failure = (what) => new Failure(`npm start -- ${args.join(" ")} ${what}. Its last words:\n${text.slice(-4_000)}`);
  const says = (words) => new Promise((resolve, reject) => {
    child.stdout.on("data", () => { if (text.includes(words)) resolve(); });
    ended.then(() => reject(failure("ended early")), reject);
  });
  const expect = async (wanted, patience, otherwise) => {
    let late;
    const deadline = new Promise((_, reject) => {
      late = setTimeout(() => reject(failure(`${otherwise} within ${patience / 1000} s`)), patience);
    });
    return Promise.race([wanted, deadline]).finally(() => clearTimeout(late));
  };
  return { child, end, says, expect, failure, output: () => text, ended: ended.then(async (how) => (await closed, how)) };
}

/** Takes a port for a moment, 0 for any that is free, and says which. */
async function withPort(port) {
  const probe = createServer();
  await new Promise((resolve, reject) => {
    probe.once("error", reject);
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, resolve);
  });
  const { port: taken } = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  return taken;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) runMain(checkStart);
