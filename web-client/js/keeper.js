// The keeper of one session: its tokens, and whoever may have them. It runs in the page or, with storage "worker", in a
// dedicated worker; the client knows no difference (RFC 10017 section 8).
import * as glue from "latchkey:glue";
import { after } from "./abort.js";
import { Refresher } from "./refresh.js";
import * as sessions from "./session.js";
import { storeFor } from "./store.js";
import { join } from "./tabs.js";
import { askForTokens, refusal, revoke } from "./tokens.js";

/** How often a tab looks for the session that another one says it stored, and how many milliseconds longer each time. */
const LOOKS = 20;
const LONGER = 50;

export class Keeper {
  #store;
  #http;
  #emit;
  #tabs;
  #refresher;
  /** Whether this tab has known a session, so that its end is news. */
  #hadSession = false;

  /** A keeper by the options `name`, `storage`, `fetch` and `onExchange`; `emit(type, detail)` is told what happens. */
  constructor({ name, storage, fetch, onExchange }, emit) {
    this.#store = storeFor(storage, name);
    this.#http = { fetch, onExchange };
    this.#emit = emit;
    // What is in memory is nobody else's affair: no other tab has this session.
    this.#tabs = this.#store.isShared ? join(name, (message) => this.#hear(message)) : { post() {}, close() {} };
    this.#refresher = new Refresher(name, this.#http, {
      load: () => this.load(),
      replace: (before, session) => this.#replace(before, session),
      end: (session) => this.#end(session, "session_ended"),
      post: (message) => this.#tabs.post(message),
      emit,
    });
  }

  /** The stored session. What can't be read as one is none: reading never fails for it. */
  async load() {
    const session = sessions.read(await this.#store.get());
    this.#hadSession ||= session !== undefined;
    return session;
  }

  /** Redeems a code; `grant` has what the sign-in remembered, and the code. */
  async redeem(grant) {
    const start = Date.now();
    const { clientId, code, codeVerifier, redirectUri, resource, tokenEndpoint } = grant;
    const form = { grant_type: "authorization_code", client_id: clientId, code, code_verifier: codeVerifier, redirect_uri: redirectUri, resource };
    for (let attempt = 1; ; attempt += 1) {
      const answer = await askForTokens(tokenEndpoint, form, this.#http);
      if (answer.kind === "granted") return this.#begin(sessions.begin(grant, answer, start));
      // The server said that it did nothing, so the code is still good. An answer that was lost is another matter: a code
      // that comes twice ends what it gave.
      const wait = answer.kind === "later" ? glue.pause(attempt, answer.retryAfter) : undefined;
      if (wait === undefined) throw refusal(answer);
      await after(wait);
    }
  }

  /** An access token that is valid for so many milliseconds. `refused` is one that a resource didn't take. */
  async accessToken(minimumValidity, force, refused) {
    return (await this.#refresher.session({ minimumValidity, force, refused })).accessToken;
  }

  /** What may be known of the session; null for none. */
  async session() {
    const session = await this.load();
    return session ? sessions.view(session) : null;
  }

  /** Forgets the session and revokes its tokens; whether the server could be told. */
  async signOut() {
    const session = await this.load();
    if (!session) return true;
    // First here, so that nothing more is sent with it whatever the server says.
    await this.#end(session, "signed_out");
    const { revocationEndpoint, refreshToken, accessToken, clientId } = session;
    if (!revocationEndpoint || !glue.isSafe(revocationEndpoint, session.issuer)) return false;
    const form = refreshToken
      ? { token: refreshToken, token_type_hint: "refresh_token", client_id: clientId }
      : { token: accessToken, token_type_hint: "access_token", client_id: clientId };
    return revoke(revocationEndpoint, form, this.#http).then(() => true, () => false);
  }

  /** Stops listening to other tabs. */
  close() {
    this.#tabs.close();
  }

  async #begin(session) {
    await this.#store.set(sessions.write(session));
    this.#hadSession = true;
    this.#refresher.release();
    this.#tabs.post({ kind: "began", began: sessions.fingerprint(session) });
    this.#emit("signedin", sessions.view(session));
    return sessions.view(session);
  }

  /** Stores the session that a refresh made of `before`. */
  async #replace(before, session) {
    const text = sessions.write(session);
    await this.#store.set(text);
    this.#tabs.post({ kind: "refreshed", before: sessions.fingerprint(before), text });
    this.#emit("refreshed", sessions.view(session));
  }

  /** Forgets a session, here and in the other tabs. */
  async #end(session, reason) {
    const before = sessions.fingerprint(session);
    // Needs #39: not the session that another tab may have stored meanwhile.
    await this.#store.removeIf((text) => isOf(text, before));
    this.#tabs.post({ kind: "ended", before, reason });
    this.#tellEnd(reason);
  }

  #tellEnd(reason) {
    const isNews = this.#hadSession;
    this.#hadSession = false;
    if (isNews) this.#emit("signedout", { reason });
  }

  async #hear({ kind, began, before, text, reason, until }) {
    if (kind === "held") return this.#refresher.hold(until);
    if (kind === "began") return this.#follow(began);
    const hadSession = this.#hadSession;
    // A store that can't be read for now: the next call will say so.
    const current = await this.load().catch(() => undefined);
    const isSame = current !== undefined && before === sessions.fingerprint(current);
    if (kind === "refreshed") {
      const session = sessions.read(text);
      if (!session || !current) return;
      if (isSame) await this.#store.set(text);
      else if (sessions.fingerprint(current) !== sessions.fingerprint(session)) return;
      this.#refresher.release();
      this.#emit("refreshed", sessions.view(session));
    } else if (kind === "ended" && (isSame || (!current && hadSession))) {
      if (isSame) await this.#store.removeIf((text) => isOf(text, before));
      this.#tellEnd(reason);
    }
  }

  /** Tells of a session that another tab began, if the tabs share their store. */
  async #follow(began) {
    // A browser may deliver what a tab says before what it stored: tabs can be processes of their own.
    for (let attempt = 1; attempt <= LOOKS; attempt += 1) {
      const current = await this.load().catch(() => undefined);
      if (current && sessions.fingerprint(current) === began) {
        this.#refresher.release();
        return this.#emit("signedin", sessions.view(current));
      }
      await after(attempt * LONGER);
    }
  }
}

/** Whether a stored text is the session with this fingerprint. */
function isOf(text, fingerprint) {
  const session = sessions.read(text);
  return session !== undefined && sessions.fingerprint(session) === fingerprint;
}
