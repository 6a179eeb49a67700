// At which server, and as which client.
import * as glue from "latchkey:glue";
import { findResource, findServer } from "./discovery.js";
import { LatchkeyError } from "./error.js";
import { pageAddress } from "./page.js";
import { register } from "./registration.js";
import { webStorageIfAny } from "./store.js";

/** Where a person is sent, and for what: the issuer of the options, else the one that the resource names. */
export async function findTarget({ issuer, resource, scope, http }, signal) {
  const options = { ...http, signal };
  if (issuer !== undefined) return { server: (await findServer(issuer, options)).metadata, resource, scope };
  const found = await findResource(resource, options);
  const [named] = found.metadata.authorization_servers ?? [];
  if (typeof named !== "string") throw new LatchkeyError("not_discoverable", "The resource's metadata names no authorization server.");
  if (!glue.isSafe(named, resource)) {
    throw new LatchkeyError("unsafe_endpoint", "The resource names an authorization server that must not be followed.", {
      member: "authorization_servers",
    });
  }
  const { metadata: server } = await findServer(named, options);
  // RFC 8707: as the resource calls itself.
  return { server, resource: found.metadata.resource, scope: scope ?? found.scope };
}

/** The client id, in the order of MCL-07: given, a metadata document, registered. */
export async function clientIdFor(server, options, signal) {
  const { clientId, registration } = options;
  const isDocument = /^https?:/.test(clientId ?? "");
  if (clientId !== undefined && !(isDocument && registration && !server.client_id_metadata_document_supported)) return clientId;
  return registered(server, options, signal);
}

/** Forgets a registration that the server no longer knows, so that the next sign-in makes another. */
export function forgetRegistration(issuer, { redirectUri }, { code }) {
  if (code === "invalid_client" || code === "unauthorized_client") webStorageIfAny("localStorage")?.removeItem(nameOf(issuer, redirectUri()));
}

/**
 * The id that this client registered for itself at this issuer (MCL-05). It is no secret, and a client that registers anew
 * for every page is a burden to the server.
 */
async function registered(server, { redirectUri, registration, http }, signal) {
  const uri = redirectUri();
  const name = nameOf(server.issuer, uri);
  const storage = webStorageIfAny("localStorage");
  const known = storage?.getItem(name);
  if (known) return known;
  const metadata = { redirect_uris: [uri], client_name: document.title || pageAddress().host, ...registration };
  const { client_id: id } = await register(server, metadata, { ...http, signal });
  try {
    storage?.setItem(name, id);
  } catch {
    // Where it can't be kept it is registered again.
  }
  return id;
}

const nameOf = (issuer, redirectUri) => `latchkey:client:${issuer} ${redirectUri}`;
