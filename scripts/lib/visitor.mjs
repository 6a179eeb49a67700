// A client and a person in one, over plain HTTP: registers, signs up, allows, and gets access tokens.
import { createHash, randomBytes } from "node:crypto";
import { Failure } from "./say.mjs";

const CALLBACK = "http://127.0.0.1:9999/callback";
/** How long one answer may take, in milliseconds. */
const PATIENCE = 30_000;

/** Signs up at `issuer`; the returned `accessToken(resource, scope)` allows that and redeems the code. */
export async function visit(issuer) {
  const cookies = new Map();
  const browse = async (url, form) => {
    const answer = await fetch(new URL(url, issuer), {
      method: form ? "POST" : "GET",
      body: form && new URLSearchParams(form),
      headers: { cookie: [...cookies].map((pair) => pair.join("=")).join("; ") },
      redirect: "manual",
      signal: AbortSignal.timeout(PATIENCE),
    });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      cookies.set(name, value);
    }
    return { status: answer.status, location: answer.headers.get("location"), page: await answer.text() };
  };
  const hidden = (name, page) => page.match(new RegExp(`name="${name}" value="([^"]*)"`))?.[1] ?? "";
  const post = async (path, page, fields) => {
    const answer = await browse(path, { csrf: hidden("csrf", page), ...fields });
    if (!answer.location) throw new Failure(`${path} answered ${answer.status} and sent the browser nowhere`);
    return answer.location;
  };
  const api = async (path, body, type) => {
    const answer = await fetch(`${issuer}${path}`, { method: "POST", body, headers: { "content-type": type }, signal: AbortSignal.timeout(PATIENCE) });
    if (!answer.ok) throw new Failure(`${path} answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };

  const { page: signUp } = await browse("/sign-up");
  const email = `${randomBytes(6).toString("hex")}@people.example`;
  await post("/sign-up", signUp, { email, password: randomBytes(12).toString("hex") });
  const registration = { client_name: "npm start, checked", redirect_uris: [CALLBACK], token_endpoint_auth_method: "none" };
  const { client_id } = await api("/register", JSON.stringify(registration), "application/json");

  return {
    async accessToken(resource, scope) {
      const code_verifier = randomBytes(32).toString("base64url");
      const code_challenge = createHash("sha256").update(code_verifier).digest("base64url");
      const request = new URLSearchParams({
        response_type: "code", client_id, redirect_uri: CALLBACK, code_challenge, code_challenge_method: "S256", resource, scope, state: "s",
      });
      const { page } = await browse(`/authorize?${request}`);
      const sentTo = await post("/consent", page, { request: hidden("request", page), decision: "allow" });
      const code = new URL(sentTo, issuer).searchParams.get("code");
      if (!code) throw new Failure(`Allowing ${resource} gave no code: ${page.match(/<title>(.*)<\/title>/)?.[1]}`);
      const form = new URLSearchParams({ grant_type: "authorization_code", client_id, code, redirect_uri: CALLBACK, code_verifier });
      return (await api("/token", form, "application/x-www-form-urlencoded")).access_token;
    },
  };
}
