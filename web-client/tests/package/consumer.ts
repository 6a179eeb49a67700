// A consumer that uses everything there is. TypeScript alone reads it; nothing here is run.
import {
  AuthorizationRequest,
  Client,
  createAuthorizationRequest,
  createClient,
  createPkce,
  createState,
  discoverResource,
  discoverServer,
  introspectToken,
  LatchkeyError,
  load,
  Pkce,
  readCallback,
  redeemCode,
  refreshTokens,
  registerClient,
  revokeToken,
  TokenResponse,
} from "@latchkey/web-client";
import type {
  AuthorizationServerMetadata,
  CallbackResult,
  ClientMetadata,
  ClientOptions,
  Exchange,
  LatchkeyErrorCode,
  Session,
  SignInOptions,
  StepOptions,
  TokenStore,
  WasmSource,
} from "@latchkey/web-client";

const sources: WasmSource[] = ["/latchkey.wasm", new URL("https://app.example/latchkey.wasm"), fetch("/latchkey.wasm"), new Uint8Array(8)];
await load();
await load(sources[0]);

const store: TokenStore = {
  get: (key) => localStorage.getItem(key),
  set: async (key, value) => localStorage.setItem(key, value),
  remove: (key) => localStorage.removeItem(key),
};
const registration: ClientMetadata = { client_name: "Notes", redirect_uris: ["https://app.example/callback"], "x-team": 7 };
const options: ClientOptions = {
  issuer: "https://id.example",
  resource: "https://api.example/mcp",
  registration,
  redirectUri: "https://app.example/callback",
  scope: "notes:read",
  storage: store,
  allowedOrigins: ["https://files.example"],
  stepUp: "manual",
  fetch: globalThis.fetch,
  onExchange: (exchange) => show(exchange),
};
const client: Client = await createClient(options);

client.addEventListener("signedin", function (event) {
  const session: Session = event.detail;
  this.close();
  return session.scope;
});
client.addEventListener("signedout", ({ detail }) => (detail.reason === "session_ended" ? location.reload() : undefined), { once: true });
client.addEventListener("refreshed", ({ detail }) => detail.expiresAt?.toFixed());
client.addEventListener("retrying", ({ detail: { attempt, seconds, code } }) => console.warn(attempt + seconds, code));

const { signal } = new AbortController();
const how: SignInOptions = { popup: true, scope: "notes:read", prompt: "login", loginHint: "ann@people.example", returnTo: "/notes/1", signal };
const session: Session = await client.signIn(how);
const back: CallbackResult | null = await client.handleCallback(location.href, { signal });
const place: string | undefined = back?.returnTo;
const token: string = await client.getAccessToken({ minimumValidity: 60, forceRefresh: false, signal });
const answer: Response = await client.fetch(new URL("https://api.example/notes"), { method: "POST", body: "{}", signal });
const { revoked }: { revoked: boolean } = await client.signOut({ signal });
const nobody: Session | null = await client.getSession();

try {
  await client.signIn();
} catch (error) {
  if (!(error instanceof LatchkeyError)) throw error;
  const code: LatchkeyErrorCode | (string & {}) = error.code;
  const details: [number | undefined, number | undefined, string | undefined, string | undefined] = [error.status, error.retryAfter, error.scope, error.member];
  if (code === "popup_blocked" || code === "access_denied") console.info(details, error.message, error.name satisfies "LatchkeyError");
}

const steps: StepOptions = { signal, fetch: globalThis.fetch, onExchange: show };
const pkce: Pkce = await createPkce();
const method: "S256" = pkce.codeChallengeMethod;
const state: string = await createState();
const { metadata: resource, metadataUrl, scope, challenge } = await discoverResource("https://api.example/mcp", steps);
const { metadata: server } = await discoverServer(new URL(resource.authorization_servers?.[0] ?? "https://id.example"), steps);
const known: AuthorizationServerMetadata = server;
const { client_id: clientId } = await registerClient(known, registration, { ...steps, initialAccessToken: "t" });
const request: AuthorizationRequest = await createAuthorizationRequest(known, {
  clientId,
  redirectUri: "https://app.example/callback",
  scope: scope ?? "notes:read",
  resource: resource.resource,
  prompt: "consent",
  loginHint: "ann@people.example",
});
const code: string = await readCallback(new URL(location.href), { server: known, state: request.state });
const tokens: TokenResponse = await redeemCode(
  known,
  { clientId, code, codeVerifier: request.codeVerifier, redirectUri: "https://app.example/callback", resource: resource.resource },
  steps,
);
const more: TokenResponse = await refreshTokens(known, { clientId, refreshToken: tokens.refreshToken ?? "", scope: "notes:read" }, steps);
const about = await introspectToken(known, { token: more.accessToken, authorization: "Basic YTpi" }, steps);
const active: boolean = about.active;
await revokeToken(known, { clientId, token: more.accessToken, tokenTypeHint: "access_token" }, steps);

function show({ purpose, request, response, error, milliseconds }: Exchange): void {
  console.debug(purpose satisfies string, request.method, request.headers["accept"], response?.status, error, milliseconds);
}

// @ts-expect-error: a client comes from createClient.
new Client();
// @ts-expect-error: an option that isn't one.
await createClient({ issuer: "https://id.example", clientSecret: "s" });
// @ts-expect-error: a store that forgets nothing.
await createClient({ issuer: "https://id.example", storage: { get: () => null, set: () => {} } });
// @ts-expect-error: a redirect URI is needed.
await createAuthorizationRequest(known, { clientId });
// @ts-expect-error: nobody writes into a pair.
pkce.codeVerifier = "v";
// @ts-expect-error: getSession may give nobody.
(await client.getSession()).scope;

export { active, answer, challenge, metadataUrl, method, nobody, place, revoked, session, state, token, url };
const { url } = request;
