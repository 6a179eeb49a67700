// The least application around @cloudflare/workers-oauth-provider: whoever has a cookie is signed in and consents at once.
import OAuthProvider from "@cloudflare/workers-oauth-provider";

const api = {
  fetch() {
    return new Response("ok");
  },
};

const application = {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/authorize") return new Response("Not found", { status: 404 });
    const userId = request.headers.get("cookie")?.match(/^user=(\w+)$/)?.[1];
    if (userId === undefined) return new Response("Not signed in", { status: 401 });
    const authorization = await env.OAUTH_PROVIDER.parseAuthRequest(request);
    const { redirectTo } = await env.OAUTH_PROVIDER.completeAuthorization({
      request: authorization,
      userId,
      metadata: {},
      scope: authorization.scope,
      props: { userId },
    });
    return Response.redirect(redirectTo, 302);
  },
};

export default new OAuthProvider({
  apiRoute: "/api",
  apiHandler: api,
  defaultHandler: application,
  authorizeEndpoint: "/authorize",
  tokenEndpoint: "/token",
  clientRegistrationEndpoint: "/register",
  scopesSupported: ["mcp"],
  resourceMetadata: { resource: "https://id.example/api" },
});
