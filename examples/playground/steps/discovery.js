// Step 1: from an address to the metadata of the resource and of the server that guards it.
import { discoverResource, discoverServer } from "../package.js";
import { originOf, unknown } from "../checks/check.js";
import { preflights, readable } from "../checks/network.js";
import { resourceChecks } from "../checks/resource.js";
import { serverChecks } from "../checks/server.js";
import { send } from "../mcp.js";

/**
 * The discovery of `asked`, which is a resource, an issuer, or one of both ("any"), by the page at `page`. `found` fills while it
 * runs, so that what was found before a fault is there too.
 */
export function discovery({ asked, kind, page }) {
  const found = { asked, resource: null, resourceAddress: null, issuer: null, server: null, documents: [], isIssuer: kind === "issuer" };
  return {
    found,
    run: async ({ options }) => {
      await walk(found, kind, options);
      await askAsClientsDo(found, page, options);
    },
    checks: ({ exchanges }) => checksOf(found, exchanges, page),
    words: () => wordsOf(found),
  };
}

async function walk(found, kind, options) {
  if (kind !== "issuer") {
    try {
      found.resource = await discoverResource(found.asked, options);
    } catch (error) {
      if (kind === "resource" || !(await isServed(found, error, options))) throw error;
      return;
    }
    found.documents.push(found.resource.metadataUrl);
    found.resourceAddress = found.asked;
    found.issuer = found.resource.metadata.authorization_servers?.[0];
    if (found.issuer === undefined) throw new Error("The metadata of the resource names no authorization server.");
  } else {
    found.issuer = found.asked;
  }
  take(found, await discoverServer(found.issuer, options));
}

function take(found, { metadata, metadataUrl }) {
  found.server = metadata;
  found.documents.push(metadataUrl);
}

/** MCP clients send MCP-Protocol-Version when they look for metadata, and browsers ask the server first whether a page may. */
async function askAsClientsDo({ documents }, page, options) {
  for (const url of documents) {
    if (originOf(url) === originOf(page)) continue;
    await send("preflight", url, { method: "GET", headers: { accept: "application/json", "mcp-protocol-version": "2025-11-25" } }, options);
  }
}

/** Whether an address without resource metadata is an issuer, or has its server on its own origin, as in MCP 2025-03-26. */
async function isServed(found, error, options) {
  if (["aborted", "unsafe_endpoint"].includes(error.code)) return false;
  const { origin } = new URL(found.asked);
  const isOrigin = found.asked === `${origin}/` || found.asked === origin;
  const candidates = isOrigin ? [origin] : [found.asked, ...(error.code === "not_discoverable" ? [origin] : [])];
  for (const candidate of candidates) {
    const server = await discoverServer(candidate, options).catch((failure) => {
      // What is there and wrong is worth more words than what isn't there.
      if (["not_discoverable", "network_error", "malformed_response", "temporarily_unavailable", "invalid_options"].includes(failure.code)) return null;
      Object.assign(found, { issuer: candidate, isIssuer: candidate !== origin || isOrigin });
      throw failure;
    });
    if (server === null) continue;
    found.issuer = candidate;
    take(found, server);
    found.isIssuer = candidate !== origin || isOrigin;
    found.resourceAddress = found.isIssuer ? null : found.asked;
    return true;
  }
  return false;
}

function checksOf(found, exchanges, page) {
  const { asked, resource, issuer, isIssuer, server } = found;
  const resources = isIssuer ? [] : resourceChecks({ exchanges, asked, page });
  const taken = isIssuer && exchanges.some(({ purpose }) => purpose === "protected_resource")
    ? [unknown("taken_as_issuer", "RFC 9728 section 3", "The address is a protected resource", "it has no metadata as one, and is an issuer")]
    : [];
  const legacy = server && !isIssuer && !resource
    ? [unknown("legacy", "MCP 2025-03-26", "The server is found the old way", `${issuer}: only clients of that revision look there`)]
    : [];
  const servers = issuer ? serverChecks({ exchanges, issuer }) : [];
  // An issuer was only asked whether it is a resource: who reads that answer doesn't matter.
  const relevant = isIssuer ? exchanges.filter(({ purpose }) => purpose === "authorization_server_metadata") : exchanges;
  return [...resources, ...taken, ...legacy, ...servers, ...preflights(exchanges), ...readable(relevant, page)];
}

function wordsOf({ resource, resourceAddress, issuer, server }) {
  if (!server) return undefined;
  if (resource) return `${resourceAddress} is guarded by ${issuer}.`;
  return resourceAddress ? `${resourceAddress} has its server at ${issuer}.` : `${issuer} is an authorization server.`;
}
