// The options of a client, checked once.
import * as glue from "latchkey:glue";
import { check } from "./discovery.js";
import { LatchkeyError } from "./error.js";
import { callbackAddress } from "./page.js";

const TEXTS = ["issuer", "resource", "clientId", "redirectUri", "scope"];
const STEP_UPS = ["popup", "redirect", "manual"];

/** `ClientOptions` of index.d.ts, with what is left out filled in. */
export function optionsOf(given) {
  for (const member of TEXTS) {
    if (given[member] !== undefined && typeof given[member] !== "string") throw wrong(member, "a string");
  }
  const { issuer, resource, stepUp = "popup", allowedOrigins = [] } = given;
  if (issuer === undefined && resource === undefined) throw wrong("issuer", "the server's issuer, or resource the address of what is called");
  if (issuer !== undefined) check("issuer", issuer);
  if (resource !== undefined) check("resource", resource);
  if (!STEP_UPS.includes(stepUp)) throw wrong("stepUp", STEP_UPS.join(", "));
  if (!Array.isArray(allowedOrigins) || !allowedOrigins.every((origin) => typeof origin === "string" && glue.isSafe(origin))) {
    throw wrong("allowedOrigins", "a list of origins, each https (or http on this machine)");
  }
  const origins = new Set([...allowedOrigins, ...(resource === undefined ? [] : [resource])].map((address) => new URL(address).origin));
  return {
    ...given,
    stepUp,
    http: { fetch: given.fetch, onExchange: given.onExchange },
    redirectUri: () => given.redirectUri ?? callbackAddress(),
    allows: (address) => origins.has(new URL(address).origin),
  };
}

function wrong(member, expected) {
  return new LatchkeyError("invalid_options", `${member} must be ${expected}.`, { member });
}
