// An authorization server and a resource on loopback, whose answers a test decides.
import { createServer } from "node:http";
import { after } from "node:test";

/** Starts one; it ends with the test file. `token(form)` gives `[status, body, headers]` of the token endpoint. */
export async function startServer() {
  const requests = [];
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, own.issuer);
    let body = "";
    for await (const piece of request) body += piece;
    requests.push({ method: request.method, path: url.pathname, headers: request.headers, body });
    const answer = own.answers[url.pathname] ?? (() => [404, { error: "not_found" }]);
    const [status, value, headers] = await answer({ body, form: Object.fromEntries(new URLSearchParams(body)), headers: request.headers });
    const text = typeof value === "string" ? value : JSON.stringify(value);
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(text);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const own = {
    issuer,
    requests,
    metadata: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      registration_endpoint: `${issuer}/register`,
      introspection_endpoint: `${issuer}/introspect`,
      code_challenge_methods_supported: ["S256"],
      authorization_response_iss_parameter_supported: true,
    },
    answers: {
      "/.well-known/oauth-authorization-server": () => [200, own.metadata],
      "/token": ({ form }) => [200, tokens(`${form.refresh_token ?? form.code}+`)],
      "/revoke": () => [200, ""],
    },
    /** How often a path was asked for. */
    count: (path) => requests.filter((request) => request.path === path).length,
    forms: (path) => requests.filter((request) => request.path === path).map(({ body }) => Object.fromEntries(new URLSearchParams(body))),
  };
  return own;
}

/** A token response whose refresh token is this. */
export function tokens(refresh, more = {}) {
  return { access_token: `access of ${refresh}`, token_type: "Bearer", expires_in: 3600, refresh_token: refresh, scope: "a", ...more };
}

/** A store of a page's own, with a session that is already there. */
export function storeWith(server, session = {}) {
  const name = `latchkey:session: ${server.issuer}  c1`;
  const kept = new Map();
  const store = {
    get: (key) => kept.get(key),
    set: (key, value) => void kept.set(key, value),
    remove: (key) => void kept.delete(key),
    /** What is kept, or undefined. */
    session: () => (kept.has(name) ? JSON.parse(kept.get(name)) : undefined),
    put: (more) => kept.set(name, JSON.stringify({ ...store.session(), ...more })),
    write: (text) => kept.set(name, text),
  };
  store.put({
    issuer: server.issuer,
    clientId: "c1",
    tokenEndpoint: `${server.issuer}/token`,
    revocationEndpoint: `${server.issuer}/revoke`,
    scope: "a",
    accessToken: "access of r0",
    refreshToken: "r0",
    obtained: Date.now() - 7_200_000,
    expires: Date.now() - 1,
    ...session,
  });
  return store;
}

/** The events of a client, as they come. */
export function eventsOf(client) {
  const events = [];
  for (const type of ["signedin", "signedout", "refreshed", "retrying"]) {
    client.addEventListener(type, ({ detail }) => events.push({ type, detail }));
  }
  return events;
}

/** Waits until `is` holds, and fails after ten seconds. */
export async function until(is) {
  const deadline = Date.now() + 10_000;
  while (!is()) {
    if (Date.now() > deadline) throw new Error(`it never came: ${is}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
