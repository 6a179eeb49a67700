// Checks `npm start` as a person meets it: it says when it is ready, serves its issuer, refuses a
// taken port in one line, and ends cleanly with the port free again.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { start } from "./lib/run.mjs";
import { Failure, runMain, say } from "./lib/say.mjs";
import { ROOT } from "./lib/tools.mjs";

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
  say("npm start came up, served its issuer, refused a taken port and ended with the port free.");
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
