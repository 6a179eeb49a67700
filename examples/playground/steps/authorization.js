// Step 3: the request that a person is asked about, and the response to it.
import { createAuthorizationRequest, readCallback } from "../package.js";
import { callbackChecks, requestChecks } from "../checks/authorization.js";
import { isSafe } from "../checks/check.js";
import { maskedUrl } from "../mask.js";

/** What a browser did, in the form of an exchange. */
const navigation = (purpose, url) => ({ purpose, request: { method: "GET", url: maskedUrl(url), headers: {} }, milliseconds: 0 });

/** Writes the request. `remember` gets its secrets before anything is shown. */
export function authorizationRequest({ server, asked, remember }) {
  let url = server.authorization_endpoint;
  return {
    run: async ({ options }) => {
      const request = await createAuthorizationRequest(server, asked);
      remember(request.state, request.codeVerifier);
      url = request.url;
      options.onExchange(navigation("authorization_request", url));
      if (!isSafe(url)) throw new Error("This address must not be followed.");
      return { url, state: request.state, codeVerifier: request.codeVerifier, ...asked };
    },
    checks: () => requestChecks({ url, resource: asked.resource }),
    words: () => `Asking at ${new URL(url).host}.`,
  };
}

/** Reads the response to `request`, which came as the address `callback`. */
export function authorizationResponse({ server, request, callback }) {
  return {
    goesOn: true,
    run: async ({ options }) => {
      options.onExchange(navigation("authorization_response", callback));
      return readCallback(callback, { server, state: request.state });
    },
    checks: () => callbackChecks({ callback, state: request.state, server }),
    words: (code) => (code ? "There is a code. Redeem it before it is too old." : undefined),
  };
}
