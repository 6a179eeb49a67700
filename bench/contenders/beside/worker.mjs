// An API that checks Latchkey's access tokens by itself, as docs/verifying-tokens.md has it, and does nothing else.
import { verify } from "../../../examples/verify/worker/verify.mjs";

export default {
  async fetch(request, env) {
    const [scheme, token] = (request.headers.get("authorization") ?? "").split(" ");
    if (scheme !== "Bearer" || token === undefined) return new Response(null, { status: 401 });
    await verify(env, token, "mcp");
    return new Response("ok");
  },
};
