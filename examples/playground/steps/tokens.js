// Steps 4, 6, 7 and 8: the code becomes tokens, and what can be done with those at the server.
import { introspectToken, redeemCode, refreshTokens, revokeToken } from "../package.js";
import { introspectionChecks } from "../checks/introspection.js";
import { readable } from "../checks/network.js";
import { refreshChecks } from "../checks/refresh.js";
import { revocationChecks } from "../checks/revocation.js";
import { tokenChecks } from "../checks/token.js";
import { Mcp } from "../mcp.js";

/** What of an answer is kept for the steps after it. Its members aren't enumerable, so it can't be copied as it is. */
const kept = (response) => {
  const { accessToken, refreshToken, tokenType, expiresIn, scope } = response;
  return { accessToken, refreshToken, tokenType, expiresIn, scope };
};

/** The values that are secret. */
const secretsOf = (tokens) => [tokens.accessToken, tokens.refreshToken];

/** Redeems the code. */
export function redemption({ server, client, request, code, page }) {
  const { codeVerifier, redirectUri, resource, scope } = request;
  return {
    run: async ({ options }) => kept(await redeemCode(server, { clientId: client, code, codeVerifier, redirectUri, resource }, options)),
    checks: ({ exchanges, outcome }) => [...tokenChecks({ exchanges, tokens: outcome, asked: { scope, resource }, server }), ...readable(exchanges, page)],
    secretsOf,
    words: ({ scope: granted, refreshToken }) => `There is an access token${refreshToken ? " and a refresh token" : ""}${granted ? `, for ${granted}` : ""}.`,
  };
}

/** Refreshes. */
export function renewal({ server, client, tokens, scope, resource, page }) {
  return {
    run: async ({ options }) => kept(await refreshTokens(server, { clientId: client, refreshToken: tokens.refreshToken, scope, resource }, options)),
    checks: ({ exchanges, outcome }) => [
      ...refreshChecks({ exchanges, before: tokens, after: outcome, asked: { scope: scope ?? tokens.scope, resource }, server }),
      ...readable(exchanges, page),
    ],
    secretsOf,
    words: () => "There are new tokens.",
  };
}

/** Asks about a token. That nobody is told is what is hoped for, so it is no error. */
export function introspection({ server, token, kind, authorization, isOver, page }) {
  return {
    run: async ({ options }) => {
      try {
        return await introspectToken(server, { token, tokenTypeHint: kind, authorization }, options);
      } catch (error) {
        if (error.code === "invalid_options" || error.code === "unsafe_endpoint") throw error;
        return null;
      }
    },
    checks: ({ exchanges }) => [
      ...introspectionChecks({ exchanges, hasCredential: authorization !== undefined, expectActive: !isOver }),
      ...readable(exchanges, page, { isForServers: true }),
    ],
    words: (answer) => (answer === null ? "The server didn’t tell." : answer.active ? "The token is good." : "The token isn’t good."),
  };
}

/** Gives a token back, and tries it: a refresh token at the server, an access token at the resource. */
export function revocation({ server, client, tokens, kind, resource, page }) {
  const isRefresh = kind === "refresh_token";
  const token = isRefresh ? tokens.refreshToken : tokens.accessToken;
  return {
    run: async ({ options }) => {
      await revokeToken(server, { clientId: client, token, tokenTypeHint: kind }, options);
      if (isRefresh) {
        // It must be refused, which the checks look at. Should it be taken, these are the tokens to go on with.
        return refreshTokens(server, { clientId: client, refreshToken: token, resource }, options).then(kept, () => null);
      }
      if (resource) await new Mcp(resource, token, "2025-11-25", options).request("ping", {});
      return null;
    },
    checks: ({ exchanges }) => [...revocationChecks({ exchanges, kind }), ...readable(exchanges, page)],
    secretsOf: (still) => (still ? secretsOf(still) : []),
    words: (still) => (still ? "The token was given back, and still works." : "The token was given back."),
  };
}
