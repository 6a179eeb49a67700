// The client of the MCP TypeScript SDK as it comes, with an OAuthClientProvider in memory.
//
// The test that runs it is the person: a line {"event":"redirect","url"} on standard output asks it
// to open the URL, and the line that it answers with is the URL the browser was sent to. No secret
// is printed.
import { createInterface } from "node:readline";
import { auth, discoverAuthorizationServerMetadata } from "@modelcontextprotocol/sdk/client/auth.js";

// A test that hangs shows nothing; one that ends shows why.
setTimeout(() => fail("no end after 60 seconds"), 60_000).unref();

const [serverUrl, authMethod] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

class Provider {
  redirectUrl = "http://127.0.0.1:18735/callback";
  registrations = 0;

  get clientMetadata() {
    return {
      client_name: "TypeScript SDK under test",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: authMethod,
      scope: "mcp",
    };
  }

  state() {
    this.sentState = crypto.randomUUID();
    return this.sentState;
  }

  clientInformation() {
    return this.client;
  }

  saveClientInformation(client) {
    // Also called when a registration is only bound to its issuer.
    if (client.client_id !== this.client?.client_id) this.registrations += 1;
    this.client = client;
  }

  tokens() {
    return this.saved;
  }

  saveTokens(tokens) {
    this.saved = tokens;
  }

  redirectToAuthorization(url) {
    this.authorizationUrl = url;
  }

  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }

  codeVerifier() {
    return this.verifier;
  }

  invalidateCredentials(scope) {
    say("invalidated", { scope });
    if (scope === "all" || scope === "client") this.client = undefined;
    if (scope === "all" || scope === "tokens") this.saved = undefined;
  }
}

function say(event, more = {}) {
  console.log(JSON.stringify({ event, ...more }));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function expect(actual, wanted, what) {
  if (actual !== wanted) fail(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`);
}

/** Lets the person sign in and allow, and gets tokens for what comes back. */
async function authorize(provider) {
  say("redirect", { url: provider.authorizationUrl.href });
  const { value } = await lines.next();
  if (value === undefined) fail("nobody answered");
  const callback = new URL(value);
  expect(callback.origin + callback.pathname, provider.redirectUrl, "callback");
  expect(callback.searchParams.get("state"), provider.sentState, "state");
  const authorizationCode = callback.searchParams.get("code");
  expect(await auth(provider, { serverUrl, authorizationCode }), "AUTHORIZED", "after the code");
}

const provider = new Provider();
expect(await auth(provider, { serverUrl }), "REDIRECT", "the first time");
await authorize(provider);
const { access_token, refresh_token, token_type, scope, expires_in } = provider.saved;
say("authorized", {
  client_id: provider.client.client_id,
  has_secret: provider.client.client_secret !== undefined,
  has_refresh_token: refresh_token !== undefined,
  token_type,
  scope,
  expires_in,
});

expect(await auth(provider, { serverUrl }), "AUTHORIZED", "with a refresh token");
say("refreshed", {
  other_access_token: provider.saved.access_token !== access_token,
  other_refresh_token: provider.saved.refresh_token !== refresh_token,
});

// The SDK has no call for revocation: this is what its metadata is for.
const metadata = await discoverAuthorizationServerMetadata(new URL("/", serverUrl));
const { client_id, client_secret = "" } = provider.client;
const body = new URLSearchParams({ token: provider.saved.refresh_token });
const headers = {};
if (authMethod === "client_secret_basic") {
  headers.authorization = `Basic ${btoa([client_id, client_secret].map(encodeURIComponent).join(":"))}`;
} else {
  body.set("client_id", client_id);
  if (client_secret) body.set("client_secret", client_secret);
}
const revocation = await fetch(metadata.revocation_endpoint, { method: "POST", headers, body });
expect(revocation.status, 200, "revocation");
expect(await auth(provider, { serverUrl }), "REDIRECT", "after the revocation");
await authorize(provider);
say("authorized again", { registrations: provider.registrations });

// The server has never heard of this client: it was removed, or expired.
provider.client = { ...provider.client, client_id: `${provider.client.client_id}x` };
provider.registrations = 0;
expect(await auth(provider, { serverUrl }), "REDIRECT", "as a forgotten client");
await authorize(provider);
say("authorized anew", { registrations: provider.registrations });
process.exit(0);
