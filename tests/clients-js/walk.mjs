// The OAuth client of the MCP TypeScript SDK as it comes; person.mjs says how the test runs it.
import { auth, discoverAuthorizationServerMetadata } from "@modelcontextprotocol/sdk/client/auth.js";
import { askPerson, expect, Provider, say } from "./person.mjs";

const [serverUrl, authMethod] = process.argv.slice(2);

/** Lets the person sign in and allow, and gets tokens for what comes back. */
async function authorize(provider) {
  const authorizationCode = (await askPerson(provider)).get("code");
  expect(await auth(provider, { serverUrl, authorizationCode }), "AUTHORIZED", "after the code");
}

const provider = new Provider({ token_endpoint_auth_method: authMethod, scope: "mcp" });
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
