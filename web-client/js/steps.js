// The steps, each once the WebAssembly is there.
import { owned } from "./error.js";
import { ready } from "./load.js";

const step = (name) => (...given) => owned(async () => (await ready())[name](...given));

export const createPkce = step("createPkce");
export const createState = step("createState");
export const registerClient = step("registerClient");
export const createAuthorizationRequest = step("createAuthorizationRequest");
export const redeemCode = step("redeemCode");
export const refreshTokens = step("refreshTokens");
export const revokeToken = step("revokeToken");
export const introspectToken = step("introspectToken");

const resource = step("discoverResource");
const server = step("discoverServer");
const callback = step("readCallback");

export const discoverResource = (address, options) => resource(String(address), options);
export const discoverServer = (issuer, options) => server(issuerOf(issuer), options);
export const readCallback = (address, expected) => callback(String(address), expected);

// An issuer without a path has no slash at its end, and a URL object always shows one.
function issuerOf(issuer) {
  return issuer instanceof URL && issuer.pathname === "/" && !issuer.search ? issuer.origin : String(issuer);
}
