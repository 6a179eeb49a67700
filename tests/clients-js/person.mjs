// What every script here has: an OAuthClientProvider in memory, and the person who runs it.
//
// The test that runs a script is the person: a line {"event":"redirect","url"} on standard output
// asks it to open the URL, and the line that it answers with is the URL the browser was sent to. No
// secret is printed.
import { createInterface } from "node:readline";

// A test that hangs shows nothing; one that ends shows why.
setTimeout(() => fail("no end after 120 seconds"), 120_000).unref();

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** A host of the SDK that keeps all in memory. */
export class Provider {
  redirectUrl = "http://127.0.0.1:18735/callback";
  registrations = 0;

  constructor(metadata) {
    this.metadata = metadata;
  }

  get clientMetadata() {
    return {
      client_name: "TypeScript SDK under test",
      redirect_uris: [this.redirectUrl],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none",
      ...this.metadata,
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

  saveDiscoveryState(state) {
    this.discovered = state;
  }

  discoveryState() {
    return this.discovered;
  }

  invalidateCredentials(scope) {
    say("invalidated", { scope });
    if (scope === "all" || scope === "client") this.client = undefined;
    if (scope === "all" || scope === "tokens") this.saved = undefined;
    if (scope === "all" || scope === "discovery") this.discovered = undefined;
  }
}

/** Lets the person sign in and allow, and returns the parameters of what comes back. */
export async function askPerson(provider) {
  say("redirect", { url: provider.authorizationUrl.href });
  const callback = new URL(await answer());
  expect(callback.origin + callback.pathname, provider.redirectUrl, "callback");
  expect(callback.searchParams.get("state"), provider.sentState, "state");
  return callback.searchParams;
}

/** The test's next line. */
export async function answer() {
  const { value } = await lines.next();
  if (value === undefined) fail("nobody answered");
  return value;
}

export function say(event, more = {}) {
  console.log(JSON.stringify({ event, ...more }));
}

export function fail(message) {
  console.error(message);
  process.exit(1);
}

export function expect(actual, wanted, what) {
  if (actual !== wanted) fail(`${what}: ${JSON.stringify(actual)}, not ${JSON.stringify(wanted)}`);
}
