// Finding the server of a resource, and what it can do.
import * as glue from "latchkey:glue";
import { throwIfAborted } from "./abort.js";
import { LatchkeyError } from "./error.js";
import { later, send } from "./http.js";

/** `discoverResource` of index.d.ts (MCL-01). */
export async function findResource(resource, options = {}) {
  check("resource", resource);
  let challenge;
  try {
    ({ challenge } = await send({ purpose: "protected_resource", url: resource }, options));
  } catch {
    // What no script may read may still have metadata.
    throwIfAborted(options.signal);
  }
  const { resourceMetadata, scope } = (challenge && glue.readChallenge(challenge)) ?? {};
  if (resourceMetadata && !glue.isSafe(resourceMetadata, resource)) {
    throw new LatchkeyError("unsafe_endpoint", "The resource names an address for its metadata that must not be followed.", {
      member: "resource_metadata",
    });
  }
  const urls = resourceMetadata ? [resourceMetadata] : glue.resourceMetadataUrls(resource);
  const found = await firstDocument("protected_resource_metadata", urls, options);
  glue.checkResource(found.metadata, resource);
  // MCL-06: what the challenge wants, else all there is.
  const all = found.metadata.scopes_supported;
  return { ...found, scope: scope ?? (Array.isArray(all) && all.length > 0 ? all.join(" ") : undefined), challenge };
}

/** `discoverServer` of index.d.ts. */
export async function findServer(issuer, options = {}) {
  check("issuer", issuer);
  const found = await firstDocument("authorization_server_metadata", glue.serverMetadataUrls(issuer), options);
  glue.checkServer(found.metadata, issuer);
  return found;
}

/** An address that an application gives. */
export function check(member, address) {
  if (typeof address !== "string" || !glue.isSafe(address)) {
    throw new LatchkeyError("invalid_options", `${member} must be an https address (http on this machine alone), without fragment.`, { member });
  }
}

/** The first of these addresses that answers with a document. */
async function firstDocument(purpose, urls, options) {
  let trouble;
  for (const url of urls) {
    try {
      const { ok, status, body } = await send({ purpose, url }, options);
      if (ok && body) return { metadata: body, metadataUrl: url };
      // A server that is ill is not one without metadata.
      if (status === 429 || status >= 500) trouble = later("temporarily_unavailable", { status });
    } catch (error) {
      throwIfAborted(options.signal);
      trouble = error;
    }
  }
  throw trouble ?? new LatchkeyError("not_discoverable", "There is no OAuth metadata at this address, nor where it should point to it.");
}
