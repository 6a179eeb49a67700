import assert from "node:assert/strict";
import { test } from "node:test";
import { masked, maskedHeaders, maskedMembers, maskedUrl, Secrets } from "../mask.js";
import { events, messageOf } from "../mcp.js";
import { Trace } from "../trace.js";

const TOKEN = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
const CODE = "code+with/odd=characters";

test("issue 5: a masked value shows four characters and its length, and a short one nothing", () => {
  assert.equal(masked(TOKEN), `eyJh…(${TOKEN.length})`);
  assert.equal(masked("secret"), "…(6)");
});

test("issue 5: secret parameters and headers are masked, and others stay", () => {
  assert.equal(maskedUrl("https://c.example/cb?code=abcdefghijklmnop&state=xyzxyzxyzxyz&iss=https%3A%2F%2Fid.example#access_token=abcdefghijklmnop"),
    "https://c.example/cb?code=abcd…(16)&state=xyzx…(12)&iss=https%3A%2F%2Fid.example#access_token=abcd…(16)");
  assert.equal(maskedUrl("https://c.example/code=x"), "https://c.example/code=x");
  assert.deepEqual(maskedHeaders({ Authorization: `Bearer ${TOKEN}`, accept: "application/json", "X-API-Key": "abc" }), { Authorization: `Bearer eyJh…(${TOKEN.length})`, accept: "application/json", "X-API-Key": "…(3)" });
  assert.deepEqual(maskedMembers({ a: [{ access_token: TOKEN, scope: "mcp" }], code: -32_601 }), { a: [{ access_token: masked(TOKEN), scope: "mcp" }], code: -32_601 });
});

test("issue 5: a secret is masked wherever a server repeats it, percent-encoded too, and in names of members", () => {
  const secrets = new Secrets();
  secrets.remember(TOKEN, CODE, undefined, "short");
  const said = { [TOKEN]: [`You sent ${TOKEN}.`, { more: encodeURIComponent(CODE) }], short: "short" };
  const clean = JSON.stringify(secrets.value(said));
  assert.ok(!clean.includes(TOKEN) && !clean.includes(encodeURIComponent(CODE)), clean);
  assert.ok(clean.includes('"short":"short"'));
  secrets.remember(`${TOKEN}-longer`);
  assert.equal(secrets.text(`${TOKEN}-longer`), masked(`${TOKEN}-longer`));
});

test("issue 5: the exported trace holds no secret, also when it became known only later", () => {
  const secrets = new Secrets();
  const trace = new Trace(secrets);
  const run = trace.begin("token", "Token");
  trace.add(run, { purpose: "token", request: { method: "POST", url: "https://id.example/token", headers: {}, body: "x" }, response: { status: 400, headers: {}, body: `{"error_description":"${TOKEN}"}` }, milliseconds: 1 });
  trace.end(run, [{ id: "granted", section: "s", title: "t", state: "wrong", found: TOKEN, change: "c" }], Object.assign(new Error(TOKEN), { code: "invalid_grant" }));
  secrets.remember(TOKEN);
  const text = trace.export("https://mcp.example/mcp");
  assert.ok(!text.includes(TOKEN), text);
  const file = JSON.parse(text);
  assert.equal(file.trace, "latchkey-playground");
  assert.deepEqual(file.wrong, ["token: granted"]);
  assert.equal(file.runs[0].error.code, "invalid_grant");
});

test("MCP, Streamable HTTP: the answer is found in JSON, in a batch and in an event stream", () => {
  const answer = { jsonrpc: "2.0", id: 2, result: { tools: [] } };
  const shown = (type) => ({ response: { headers: { "content-type": type } } });
  const stream = `: hello\r\n\r\nevent: message\r\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\r\n\r\ndata: {"jsonrpc":"2.0","id":2,\r\ndata: "result":{"tools":[]}}\r\n`;
  assert.equal(events(stream).length, 1);
  assert.deepEqual(messageOf(stream, shown("text/event-stream"), 2), answer);
  assert.deepEqual(messageOf(JSON.stringify(answer), shown("application/json"), 2), answer);
  assert.deepEqual(messageOf(JSON.stringify([{ id: 1, result: {} }, answer]), shown("application/json"), 2), answer);
  assert.equal(messageOf(JSON.stringify(answer), shown("application/json"), 3), undefined);
  assert.equal(messageOf("<p>", shown("text/html"), 2), undefined);
});
