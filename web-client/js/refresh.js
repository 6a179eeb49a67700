// One refresh at a time, and what comes of it (needs #38, #39).
import * as glue from "latchkey:glue";
import { after } from "./abort.js";
import { LatchkeyError } from "./error.js";
import { later } from "./http.js";
import { withLock } from "./lock.js";
import * as sessions from "./session.js";
import { askForTokens, refusal } from "./tokens.js";

/** The longest time in milliseconds that a call waits because the server wanted to be left alone. */
const LONGEST_HOLD = 15_000;

/** The error for a session that isn't there. */
export function signedOut() {
  return new LatchkeyError("signed_out", "Nobody is signed in, or the session is over. Sign in again.");
}

export class Refresher {
  #name;
  #http;
  #keeper;
  /** The refresh that is under way in this tab: its callers share it. */
  #underWay;
  /** Until when the server wants to be left alone, in milliseconds. */
  #hold = 0;

  /** `keeper` loads, replaces and ends the session, and tells the other tabs and the page. */
  constructor(name, http, keeper) {
    this.#name = name;
    this.#http = http;
    this.#keeper = keeper;
  }

  /** The server is to be left alone until then. */
  hold(until) {
    this.#hold = Math.max(this.#hold, until);
  }

  /** The server has answered. */
  release() {
    this.#hold = 0;
  }

  /** A session whose access token meets the need: `{ minimumValidity, force, refused }`. */
  async session(need) {
    const session = await this.#keeper.load();
    if (!session) throw signedOut();
    const state = stateFor(need, session, need.force);
    // The server wants to be left alone, and there is no need yet.
    if (state === "fresh" || (state === "due" && this.#hold > Date.now())) return session;
    this.#underWay ??= this.#refresh(need, sessions.fingerprint(session)).finally(() => {
      this.#underWay = undefined;
    });
    try {
      return await this.#underWay;
    } catch (error) {
      // Callers who share a refresh need not share its failure: where the token is still good, what went wrong may mend itself
      // before it ends.
      const current = await this.#keeper.load();
      if (current && stateFor(need, current, need.force) !== "expired") return current;
      throw error;
    }
  }

  /** Refreshes the session that was `seen` before the wait for other tabs, unless one of them was first. */
  #refresh(need, seen) {
    // BRW-06: rotation ends the session of tabs that refresh at once.
    return withLock(this.#name, async () => {
      await this.#waitOutHold();
      for (let attempt = 1; ; attempt += 1) {
        const session = await this.#keeper.load();
        if (!session) throw signedOut();
        const state = stateFor(need, session, need.force && sessions.fingerprint(session) === seen);
        if (state === "fresh") return session;
        const { done, wait, error } = await this.#attempt(session, attempt);
        if (done) return done;
        // While the token is still good nobody waits for another try.
        if (state === "due" || wait === undefined) throw error;
        await after(wait);
      }
    });
  }

  async #waitOutHold() {
    const left = this.#hold - Date.now();
    if (left > LONGEST_HOLD) throw later("temporarily_unavailable", { retryAfter: Math.ceil(left / 1000) });
    if (left > 0) await after(left);
  }

  /** One request. `done` is the session that is valid then; else `error`, and the `wait` before another try if there is to be one. */
  async #attempt(session, attempt) {
    const { refreshToken, clientId, resource, tokenEndpoint } = session;
    if (refreshToken === undefined) {
      if (sessions.freshness(session, 0) === "expired" && (await this.#isStill(session))) await this.#keeper.end(session);
      return { error: signedOut() };
    }
    const start = Date.now();
    const form = { grant_type: "refresh_token", client_id: clientId, refresh_token: refreshToken, resource };
    let answer;
    try {
      answer = await askForTokens(tokenEndpoint, form, this.#http);
    } catch (error) {
      return { error, wait: this.#leaveAlone(attempt, undefined, error) };
    }
    if (answer.kind === "later") {
      const error = refusal(answer);
      return { error, wait: this.#leaveAlone(attempt, answer.retryAfter, error) };
    }
    if (answer.kind !== "granted" && answer.kind !== "ended") return { error: refusal(answer) };
    // Needs #39: what is stored changes only if it is still what was sent. Else another tab has newer tokens, or the
    // person has signed out.
    if (!(await this.#isStill(session))) {
      const current = await this.#keeper.load();
      return current ? { done: current } : { error: signedOut() };
    }
    if (answer.kind === "ended") {
      await this.#keeper.end(session);
      return { error: signedOut() };
    }
    const refreshed = sessions.withTokens(session, answer, start);
    await this.#keeper.replace(session, refreshed);
    this.release();
    return { done: refreshed };
  }

  async #isStill(session) {
    const stored = await this.#keeper.load();
    return stored !== undefined && sessions.fingerprint(stored) === sessions.fingerprint(session);
  }

  /** Remembers, and tells the other tabs, that the server wants to be left alone. */
  #leaveAlone(attempt, retryAfter, { code }) {
    const wait = glue.pause(attempt, retryAfter);
    const held = wait ?? (retryAfter ?? 1) * 1000;
    const until = Date.now() + held;
    this.hold(until);
    this.#keeper.post({ kind: "held", until });
    this.#keeper.emit("retrying", { attempt, seconds: held / 1000, code });
    return wait;
  }
}

/** What the session's token is to a caller with this need. */
function stateFor({ minimumValidity, refused }, session, isForced) {
  // The caller wants another, so this one is of no use until it is replaced.
  if (isForced || refused === session.accessToken) return "expired";
  return sessions.freshness(session, minimumValidity);
}
