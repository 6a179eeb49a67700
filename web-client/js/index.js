// What a page imports; index.d.ts says what each does.
export { AuthorizationRequest, Pkce } from "latchkey:glue";
export { Client, createClient } from "./client.js";
export { LatchkeyError } from "./error.js";
export { load } from "./load.js";
export {
  createAuthorizationRequest,
  createPkce,
  createState,
  discoverResource,
  discoverServer,
  introspectToken,
  readCallback,
  redeemCode,
  refreshTokens,
  registerClient,
  revokeToken,
} from "./steps.js";
export { TokenResponse } from "./tokens.js";
