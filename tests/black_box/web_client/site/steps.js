// The walk as a tool does it: each step takes what the ones before have found, and adds to it. The case says first what
// RESOURCE, REDIRECT_URI and the STEP to take are.
const kept = (name) => sessionStorage.getItem(name) ?? "";
const found = JSON.parse(kept("found") || "{}");
const onExchange = (exchange) => sessionStorage.setItem("traces", kept("traces") + JSON.stringify(exchange));

const steps = {
  async resource() {
    const { metadata, scope } = await latchkey.discoverResource(RESOURCE, { onExchange });
    return { resource: metadata.resource, issuer: metadata.authorization_servers[0], scope };
  },
  async server() {
    const { metadata, metadataUrl } = await latchkey.discoverServer(found.issuer, { onExchange });
    return { server: metadata, metadataUrl };
  },
  async client() {
    const metadata = { client_name: "A tool", redirect_uris: [REDIRECT_URI] };
    const { client_id, client_name, client_secret } = await latchkey.registerClient(found.server, metadata, { onExchange });
    return { clientId: client_id, clientName: client_name, clientSecret: client_secret };
  },
  async request() {
    const { clientId, scope, resource } = found;
    const request = await latchkey.createAuthorizationRequest(found.server, { clientId, redirectUri: REDIRECT_URI, scope, resource });
    return { url: request.url, state: request.state, codeVerifier: request.codeVerifier };
  },
  async tokens() {
    const { server, state, clientId, codeVerifier, resource } = found;
    const code = await latchkey.readCallback(location.href, { server, state });
    const request = { clientId, code, codeVerifier, redirectUri: REDIRECT_URI, resource };
    const tokens = await latchkey.redeemCode(server, request, { onExchange });
    const { accessToken, refreshToken, tokenType, expiresIn, scope } = tokens;
    const shown = `${String(tokens)} ${JSON.stringify(tokens)}`;
    return { accessToken, refreshToken, tokenType, expiresIn, granted: scope, shown };
  },
  async refresh() {
    const { server, clientId, refreshToken, resource } = found;
    const next = await latchkey.refreshTokens(server, { clientId, refreshToken, resource }, { onExchange });
    return { accessToken: next.accessToken, refreshToken: next.refreshToken };
  },
  async revoke() {
    const { server, clientId, refreshToken } = found;
    await latchkey.revokeToken(server, { clientId, token: refreshToken, tokenTypeHint: "refresh_token" }, { onExchange });
  },
};

const result = await steps[STEP]();
sessionStorage.setItem("found", JSON.stringify({ ...found, ...result }));
return result;
