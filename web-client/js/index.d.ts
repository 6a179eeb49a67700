/**
 * Latchkey in the browser: OAuth 2.1 for single-page applications and MCP clients, on the same protocol code as the server.
 *
 * A page needs {@link createClient}. What is below it, step by step, is for tools and tests.
 *
 * @module
 */

// ---------------------------------------------------------------------------------------------- loading

/** Where the WebAssembly comes from. */
export type WasmSource = URL | string | Request | Response | Promise<Response> | BufferSource | WebAssembly.Module;

/**
 * Fetches and compiles the WebAssembly, once. Every function below waits for it by itself, so call it only to choose the
 * moment (while the page is idle) or the place (`source`; by default `latchkey.wasm` beside this module).
 *
 * @throws {LatchkeyError} `wasm_unavailable`: it can't be fetched, or the page's policy lacks `'wasm-unsafe-eval'`.
 */
export function load(source?: WasmSource): Promise<void>;

// ---------------------------------------------------------------------------------------------- errors

/** Every error of this package. Programs look at `code`, which never changes its meaning; people read `message`. */
export class LatchkeyError extends Error {
  readonly name: "LatchkeyError";
  /** A code of this package ({@link LatchkeyErrorCode}), or the server's own (`error` of RFC 6749, such as `access_denied`). */
  readonly code: LatchkeyErrorCode | (string & {});
  /** The HTTP status, when the error is an answer of a server. */
  readonly status?: number;
  /** Seconds after which it is worth another try, when the server said so. */
  readonly retryAfter?: number;
  /** With `insufficient_scope`: everything to ask for, what is held already included. */
  readonly scope?: string;
  /** With `unsafe_endpoint`, `wrong_issuer` and the like: the member, address or option that is wrong. */
  readonly member?: string;
}

export type LatchkeyErrorCode =
  /** The WebAssembly can't be loaded. */
  | "wasm_unavailable"
  /** An option is missing or of a wrong kind; `member` names it. */
  | "invalid_options"
  /** The call was aborted by its `AbortSignal`, or the client was closed. */
  | "aborted"
  /** No answer: offline, refused, blocked by CORS or by a policy. */
  | "network_error"
  /** The server is busy or broken (429, 5xx). The session is kept. */
  | "temporarily_unavailable"
  /** What a server answered is not what the specification says. */
  | "malformed_response"
  /** Neither metadata nor a hint to it at the address. */
  | "not_discoverable"
  /** The metadata names another issuer or resource than the one it was asked for (RFC 8414 section 3.3, RFC 9728 section 3.3). */
  | "wrong_issuer"
  | "wrong_resource"
  /** An address in the metadata that must not be followed: not https, `javascript:`, with a password. */
  | "unsafe_endpoint"
  /** The server doesn't announce PKCE with S256 (MCP authorization: clients must refuse). */
  | "pkce_not_supported"
  /** No `clientId`, and the server lets no client register itself. */
  | "registration_not_supported"
  /** The callback is of no sign-in that this tab began, or of one that is over. */
  | "unknown_state"
  | "wrong_state"
  /** The callback can't be read, or has a parameter twice. */
  | "malformed_callback"
  /** A callback with neither a code nor an error. */
  | "no_code"
  /** The browser keeps nothing for this page (`storage`), and a redirect needs it. Use a popup. */
  | "storage_blocked"
  | "popup_blocked"
  | "popup_closed"
  /** The page that opened the popup is gone. */
  | "opener_gone"
  /** Nobody is signed in, or the server ended the session. */
  | "signed_out"
  /** The call needs more scopes; `scope` says which. */
  | "insufficient_scope";

// ---------------------------------------------------------------------------------------------- the client

/** Makes a client. It reads storage, sends no request, and never throws for what storage holds. */
export function createClient(options: ClientOptions): Promise<Client>;

export interface ClientOptions {
  /** The authorization server (RFC 8414 `issuer`). This or `resource` is needed. */
  issuer?: string;
  /** The API or MCP server to be called (RFC 8707 `resource`); its metadata names the issuer when `issuer` doesn't (RFC 9728). */
  resource?: string;
  /** The client's id. An https address is the client's metadata document. Left out, the client registers itself. */
  clientId?: string;
  /** What the client says when it registers itself (RFC 7591 section 2); `redirect_uris` is `redirectUri` unless given. */
  registration?: ClientMetadata;
  /** Where the server sends the person back to. Default: this page's address without query and fragment. */
  redirectUri?: string;
  /** What to ask for, separated by spaces. Default: what the resource says it needs (MCP scope selection). */
  scope?: string;
  /** Where tokens are kept. Default `"memory"`. See the README for what each risks. */
  storage?: "memory" | "session" | "local" | "worker" | TokenStore;
  /** Besides `resource`'s own origin, where {@link Client.fetch} may send the token. */
  allowedOrigins?: string[];
  /** What {@link Client.fetch} does when the token lacks a scope. Default `"popup"`; `"manual"` throws `insufficient_scope`. */
  stepUp?: "popup" | "redirect" | "manual";
  /** Instead of the platform's `fetch`; not with `storage: "worker"`. */
  fetch?: typeof fetch;
  /** Called after each request to the authorization server, secrets masked. */
  onExchange?: (exchange: Exchange) => void;
}

/** A store of your own, for `storage`. Each value is one text; throw when it can't be kept. */
export interface TokenStore {
  get(key: string): string | null | undefined | Promise<string | null | undefined>;
  set(key: string, value: string): void | Promise<void>;
  remove(key: string): void | Promise<void>;
}

/** One person's sign-in at one server. */
export class Client extends EventTarget {
  private constructor();

  /**
   * Sends the person to the server. By redirect (the default) the page is left and the promise stays open; it fails when
   * the page could not be left. By popup it is settled once the popup is done: call it in a click.
   *
   * @throws {LatchkeyError} among others `popup_blocked`, `popup_closed`, `storage_blocked`, `access_denied`.
   */
  signIn(options?: SignInOptions): Promise<Session>;

  /**
   * Finishes a sign-in, on the page of `redirectUri`: checks `state` and `iss`, takes the code out of the address, and
   * redeems it. `null` when the address has no callback. In a popup it hands the callback to the page that opened it,
   * closes the popup, and the promise stays open.
   *
   * @param url the address to read; default: the page's own.
   */
  handleCallback(url?: string | URL, options?: SignalOptions): Promise<CallbackResult | null>;

  /**
   * A token that is still valid, refreshed in time, once for all tabs.
   *
   * @throws {LatchkeyError} `signed_out`; `temporarily_unavailable` and `network_error`, with which the session is kept.
   */
  getAccessToken(options?: AccessTokenOptions): Promise<string>;

  /**
   * `fetch` with the token, for `resource`'s origin and `allowedOrigins`; elsewhere it is `fetch` as it is. After 401 it
   * refreshes and tries once more; after `insufficient_scope` it does what `stepUp` says and tries once more.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /** Forgets the tokens here and in the other tabs, and revokes them. `revoked` is false when the server couldn't be told. */
  signOut(options?: SignalOptions): Promise<{ revoked: boolean }>;

  /** Who is signed in, without a token; `null` for nobody. */
  getSession(): Promise<Session | null>;

  /** Stops listening to other tabs and ends the worker. Tokens in memory are gone; stored ones stay. */
  close(): void;

  addEventListener<K extends keyof ClientEventMap>(
    type: K,
    listener: (this: Client, event: ClientEventMap[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
}

export interface ClientEventMap {
  /** A sign-in is done, here or in another tab. */
  signedin: CustomEvent<Session>;
  /** There is no session any more, and why. */
  signedout: CustomEvent<{ reason: "signed_out" | "session_ended" }>;
  /** There is a new access token, refreshed here or in another tab. */
  refreshed: CustomEvent<Session>;
  /** A refresh failed for now and is tried again in `seconds`. */
  retrying: CustomEvent<{ attempt: number; seconds: number; code: string }>;
}

export interface SignalOptions {
  signal?: AbortSignal;
}

export interface SignInOptions extends SignalOptions {
  /** Stay on this page and use a popup. */
  popup?: boolean;
  /** Instead of the client's `scope`. */
  scope?: string;
  /** `login`, `consent`, `select_account`, `create` or `none` (OpenID Connect Core section 3.1.2.1). */
  prompt?: string;
  /** The e-mail address to fill in. */
  loginHint?: string;
  /** Comes back in {@link CallbackResult.returnTo}: where the page was, say. At most 2,000 characters. */
  returnTo?: string;
}

export interface AccessTokenOptions extends SignalOptions {
  /** Seconds for which the token must still be valid. Default 30. */
  minimumValidity?: number;
  /** A new token although there is a valid one; where there can be none, the call fails. */
  forceRefresh?: boolean;
}

export interface CallbackResult {
  session: Session;
  returnTo?: string;
}

/** What may be known of a session. It holds no secret. */
export interface Session {
  issuer: string;
  clientId: string;
  resource?: string;
  /** What was granted. */
  scope: string;
  /** When the access token ends, in milliseconds since 1970 by this machine's clock; `null` when the server didn't say. */
  expiresAt: number | null;
  /** Whether the session outlives the access token. */
  refreshable: boolean;
}

// ---------------------------------------------------------------------------------------------- step by step

/** Common to every step that sends a request. */
export interface StepOptions extends SignalOptions {
  fetch?: typeof fetch;
  onExchange?: (exchange: Exchange) => void;
}

/** One request and its answer. Tokens, codes, verifiers, secrets and assertions are masked: `abcd…(43)`. */
export interface Exchange {
  purpose:
    | "protected_resource"
    | "protected_resource_metadata"
    | "authorization_server_metadata"
    | "registration"
    | "token"
    | "revocation"
    | "introspection";
  request: { method: string; url: string; headers: Record<string, string>; body?: string };
  /** Absent when no answer came; then `error` says why. */
  response?: { status: number; headers: Record<string, string>; body: string };
  error?: string;
  /** From sending until the whole answer was there. */
  milliseconds: number;
}

/** A code verifier and its challenge (RFC 7636). A log shows neither. */
export class Pkce {
  private constructor();
  readonly codeVerifier: string;
  readonly codeChallenge: string;
  readonly codeChallengeMethod: "S256";
}

/** Draws a verifier of 256 bits and its challenge. Draw afresh for every request. */
export function createPkce(): Promise<Pkce>;

/** Draws a `state` of 256 bits. */
export function createState(): Promise<string>;

/** RFC 9728 section 2, as it was served. */
export interface ProtectedResourceMetadata {
  resource: string;
  authorization_servers?: string[];
  scopes_supported?: string[];
  [member: string]: unknown;
}

/** RFC 8414 section 2, as it was served. */
export interface AuthorizationServerMetadata {
  issuer: string;
  authorization_endpoint: string;
  token_endpoint: string;
  registration_endpoint?: string;
  revocation_endpoint?: string;
  introspection_endpoint?: string;
  scopes_supported?: string[];
  code_challenge_methods_supported?: string[];
  authorization_response_iss_parameter_supported?: boolean;
  client_id_metadata_document_supported?: boolean;
  [member: string]: unknown;
}

export interface ResourceDiscovery {
  metadata: ProtectedResourceMetadata;
  /** Where it was found. */
  metadataUrl: string;
  /** The scopes to ask for: the challenge's, else `scopes_supported`. */
  scope?: string;
  /** The `WWW-Authenticate` of the resource's own answer, if it had one. */
  challenge?: string;
}

/**
 * Asks the resource, follows `resource_metadata` of its 401, else looks at the well-known addresses (RFC 9728 sections 3 and 5).
 * `metadata.resource` is the address that was asked, or a path above it, with or without a slash at its end.
 */
export function discoverResource(resource: string | URL, options?: StepOptions): Promise<ResourceDiscovery>;

export interface ServerDiscovery {
  metadata: AuthorizationServerMetadata;
  metadataUrl: string;
}

/** Finds and checks the metadata of an issuer (RFC 8414 section 3, OpenID Connect Discovery section 4). */
export function discoverServer(issuer: string | URL, options?: StepOptions): Promise<ServerDiscovery>;

/** RFC 7591 section 2. */
export interface ClientMetadata {
  client_name?: string;
  client_uri?: string;
  logo_uri?: string;
  redirect_uris?: string[];
  grant_types?: string[];
  response_types?: string[];
  token_endpoint_auth_method?: string;
  application_type?: string;
  scope?: string;
  [member: string]: unknown;
}

/** Registers a public client (RFC 7591). The answer is as the server gave it. */
export function registerClient(
  server: AuthorizationServerMetadata,
  metadata: ClientMetadata,
  options?: StepOptions & { initialAccessToken?: string },
): Promise<ClientMetadata & { client_id: string }>;

/** An authorization request. A log shows neither verifier nor state. */
export class AuthorizationRequest {
  private constructor();
  /** Where to send the person. */
  readonly url: string;
  readonly state: string;
  readonly codeVerifier: string;
}

/** Writes an authorization request with a fresh state and verifier (RFC 6749 section 4.1.1, RFC 7636 section 4.3, RFC 8707 section 2). */
export function createAuthorizationRequest(
  server: AuthorizationServerMetadata,
  request: {
    clientId: string;
    redirectUri: string;
    scope?: string;
    resource?: string;
    prompt?: string;
    loginHint?: string;
  },
): Promise<AuthorizationRequest>;

/**
 * Reads a callback and returns its code. An error of the server is reported only once `state` and `iss` are right.
 *
 * @param callback the address, or its query.
 */
export function readCallback(
  callback: string | URL,
  expected: { server: AuthorizationServerMetadata; state: string },
): Promise<string>;

/** The answer of the token endpoint. A log shows no token. */
export class TokenResponse {
  private constructor();
  readonly accessToken: string;
  readonly refreshToken: string | undefined;
  readonly tokenType: string;
  /** Seconds. */
  readonly expiresIn: number | undefined;
  readonly scope: string | undefined;
}

/** Redeems a code (RFC 6749 section 4.1.3). */
export function redeemCode(
  server: AuthorizationServerMetadata,
  request: { clientId: string; code: string; codeVerifier: string; redirectUri: string; resource?: string },
  options?: StepOptions,
): Promise<TokenResponse>;

/** Refreshes (RFC 6749 section 6). */
export function refreshTokens(
  server: AuthorizationServerMetadata,
  request: { clientId: string; refreshToken: string; scope?: string; resource?: string },
  options?: StepOptions,
): Promise<TokenResponse>;

/** Revokes a token (RFC 7009). */
export function revokeToken(
  server: AuthorizationServerMetadata,
  request: { clientId: string; token: string; tokenTypeHint?: "access_token" | "refresh_token" },
  options?: StepOptions,
): Promise<void>;

/**
 * Asks about a token (RFC 7662). Servers answer resource servers only, so `authorization` is needed: a whole header,
 * `Basic …` or `Bearer …`.
 */
export function introspectToken(
  server: AuthorizationServerMetadata,
  request: { token: string; tokenTypeHint?: string; authorization?: string },
  options?: StepOptions,
): Promise<Record<string, unknown> & { active: boolean }>;
