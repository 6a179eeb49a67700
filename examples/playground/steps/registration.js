// Step 2: which client the playground is at this server.
import { registerClient } from "../package.js";
import { last, unknown } from "../checks/check.js";
import { readable } from "../checks/network.js";
import { documentChecks, registrationChecks } from "../checks/registration.js";
import { send } from "../mcp.js";

/** The playground registers itself. */
export function dynamicRegistration({ server, clientName, initialAccessToken, redirectUri, page }) {
  const metadata = {
    client_name: clientName,
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    token_endpoint_auth_method: "none",
    // OpenID Connect Dynamic Client Registration section 2: http is for native clients. MCP wants the member.
    application_type: redirectUri.startsWith("https:") ? "web" : "native",
  };
  return {
    run: ({ options }) => registerClient(server, metadata, { ...options, ...(initialAccessToken ? { initialAccessToken } : {}) }),
    checks: ({ exchanges }) => [...registrationChecks({ exchanges, metadata }), ...readable(exchanges, page)],
    words: (client) => `The client is ${client.client_id}.`,
    idOf: (client) => client.client_id,
    secretsOf: (client) => [client.client_secret, client.registration_access_token],
  };
}

/** The client is described by a document at its id. */
export function documentRegistration({ server, url, redirectUri }) {
  return {
    // The server fetches the document itself; this look at it is for the checks, and may fail.
    run: ({ options }) => send("client_metadata_document", url, { method: "GET", headers: { accept: "application/json" } }, options),
    checks: ({ exchanges }) => documentChecks({ url, exchange: last(exchanges, "client_metadata_document"), server, redirectUri }),
    words: () => `The client is ${url}.`,
    idOf: () => url,
  };
}

/** The operator gave the client its id. */
export function knownClient({ clientId }) {
  return {
    run: async () => {},
    checks: () => [unknown("client_id", "RFC 6749 section 2.2", "The server knows the client", "its answer to the next step shows it")],
    words: () => `The client is ${clientId}.`,
    idOf: () => clientId,
  };
}
