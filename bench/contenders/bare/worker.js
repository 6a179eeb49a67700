// What the platform takes for the operations of a refresh, and of a call through a gateway, with the least code around them: the same
// messages, rows, signature and service call as Latchkey has, of a refresh the log's line too, and nothing of what it decides. An entry of the
// activity log is changed in place, so that the table doesn't grow. In JavaScript, where no boundary to WebAssembly costs anything. Requests
// and messages come in as Latchkey's do (worker/js/instances.js), by a class and by RPC, so that only what is done differs.
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256" };
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" };
const RECORD = JSON.stringify({ client_id: "c".repeat(43), scope: ["mcp"], filler: "r".repeat(700) });
const ENTRY = JSON.stringify({ kind: "refreshed", filler: "e".repeat(200) });
const NOT_STORED = { "content-type": "application/json", "cache-control": "no-store", "access-control-allow-origin": "*" };

/** Signs what a token or an assertion is made of: as many bytes, with a key that this isolate keeps. */
let key;
async function sign(claims) {
  key ??= crypto.subtle.generateKey(ALGORITHM, false, ["sign", "verify"]);
  const message = new TextEncoder().encode(`${btoa(JSON.stringify({ typ: "at+jwt", alg: "ES256", kid: "k" }))}.${btoa(JSON.stringify(claims))}`);
  const signature = await crypto.subtle.sign(SIGNATURE, (await key).privateKey, message);
  return `${new TextDecoder().decode(message)}.${btoa(String.fromCharCode(...new Uint8Array(signature)))}`;
}

const claims = (audience) => ({
  iss: "https://id.example", aud: audience, sub: "s".repeat(22), client_id: "c".repeat(43), iat: 1, exp: 2, jti: crypto.randomUUID(), scope: "mcp",
});

/** The line of a token request. A person's call has none at the level that Latchkey ships with. */
function log() {
  console.log(JSON.stringify({ level: "info", message: "request", endpoint: "token", status: 200, reference: crypto.randomUUID(), client: "c".repeat(43), duration_ms: 1 }));
}

/** A person's object: it reads a record, changes it on a condition and notes an entry. */
export class Account extends DurableObject {
  #isReady = false;

  send(name, message) {
    const { token } = JSON.parse(message);
    const { sql } = this.ctx.storage;
    if (!this.#isReady) {
      sql.exec("CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, version INTEGER NOT NULL, record TEXT NOT NULL)");
      sql.exec("CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, record TEXT NOT NULL)");
      sql.exec("INSERT OR IGNORE INTO grants (id, version, record) VALUES ('grant', 1, ?)", RECORD);
      sql.exec("INSERT OR IGNORE INTO entries (id, record) VALUES (1, ?)", ENTRY);
      this.#isReady = true;
    }
    const { version, record } = sql.exec("SELECT version, record FROM grants WHERE id = 'grant'").one();
    const grant = JSON.parse(record);
    sql.exec("UPDATE grants SET version = version + 1, record = ? WHERE id = 'grant' AND version = ? RETURNING version", JSON.stringify(grant), version).one();
    sql.exec("UPDATE entries SET record = ? WHERE id = 1", ENTRY);
    return JSON.stringify({ name, token, client_id: grant.client_id, scope: grant.scope, filler: "a".repeat(400) });
  }
}

export default class extends WorkerEntrypoint {
  async fetch(request) {
    const { env } = this;
    const { pathname } = new URL(request.url);
    if (pathname === "/call") {
      const assertion = await sign(claims("https://behind.example"));
      const headers = new Headers(request.headers);
      headers.set("authorization", `Bearer ${assertion}`);
      const answer = await env.NOTHING.fetch("https://behind.example/", { method: request.method, headers });
      return new Response(answer.body, answer);
    }
    const form = new URLSearchParams(await request.text());
    const token = form.get("refresh_token");
    const object = env.ACCOUNT.getByName(form.get("person"));
    const { scope } = JSON.parse(await object.send("refresh", JSON.stringify({ token, filler: "m".repeat(300) })));
    const access_token = await sign(claims("https://id.example/remembered"));
    log();
    return new Response(JSON.stringify({ access_token, token_type: "Bearer", expires_in: 3600, refresh_token: token, scope: scope.join(" ") }), { headers: NOT_STORED });
  }
}
