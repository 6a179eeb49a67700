// `fetch` with the token.
import * as glue from "latchkey:glue";
import { throwIfAborted } from "./abort.js";
import { LatchkeyError } from "./error.js";

/** Seconds for which a token must be valid, unless the caller says otherwise. */
export const MINIMUM_VALIDITY = 30;

export async function fetchWithToken(parts, input, init) {
  const { options, keeper, signIn } = parts;
  const request = new Request(input, init);
  const send = options.http.fetch ?? globalThis.fetch;
  if (!options.allows(request.url)) return send(request);
  throwIfAborted(request.signal);
  const token = (refused) => keeper.accessToken(MINIMUM_VALIDITY * 1000, false, refused);
  // A copy, so that the request's body is there for a second time.
  const sendWith = (value) => {
    const copy = request.clone();
    copy.headers.set("authorization", `Bearer ${value}`);
    return send(copy);
  };
  const first = await token();
  let response = await sendWith(first);
  // Refreshed, or another that came meanwhile. A session that is over is the caller's news.
  if (response.status === 401) return sendWith(await token(first));
  let scope = await missingScope(response, keeper);
  // Another call is asking the person already, and may get what this one needs.
  if (scope !== undefined && parts.steppingUp) {
    await parts.steppingUp;
    response = await sendWith(await token());
    scope = await missingScope(response, keeper);
  }
  if (scope === undefined) return response;
  parts.steppingUp = stepUp(signIn, options.stepUp, scope).finally(() => (parts.steppingUp = undefined));
  await parts.steppingUp;
  return sendWith(await token());
}

/** What to ask for, when more scopes would help: what is held and what is needed (MCL-06). */
async function missingScope(response, keeper) {
  if (response.status !== 403) return undefined;
  const header = response.headers.get("www-authenticate");
  const challenge = header ? glue.readChallenge(header) : undefined;
  if (challenge?.error !== "insufficient_scope") return undefined;
  const session = await keeper.session();
  return glue.unionOfScopes(session?.scope ?? "", challenge.scope ?? "");
}

async function stepUp(signIn, how, scope) {
  const insufficient = () => new LatchkeyError("insufficient_scope", "The call needs more scopes than the token has.", { scope, status: 403 });
  if (how === "manual") throw insufficient();
  try {
    await signIn.begin({ scope, popup: how === "popup" });
  } catch (error) {
    // No click, no popup: the page asks the person, and signs in with this scope.
    throw error.code === "popup_blocked" ? insufficient() : error;
  }
}
