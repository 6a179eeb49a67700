// What a page imports; index.d.ts says what each does.
export { AuthorizationRequest, Pkce, TokenResponse } from "latchkey:glue";
export { Client, createClient } from "./client.js";
export { LatchkeyError } from "./error.js";
export { load } from "./load.js";
export * from "./steps.js";
