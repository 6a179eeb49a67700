// What is kept of a session, and how it is written. Times are milliseconds since 1970 by this machine's clock.
import * as glue from "latchkey:glue";
import { objectOf } from "./http.js";

const TEXTS = ["issuer", "clientId", "tokenEndpoint", "scope", "accessToken"];

/** A session that begins: what the sign-in remembered, and the tokens that it asked for at `start`. */
export function begin({ issuer, clientId, tokenEndpoint, revocationEndpoint, resource, scope = "" }, granted, start) {
  // RFC 6749 section 5.1: without `scope` it is what was asked for.
  return withTokens({ issuer, clientId, tokenEndpoint, revocationEndpoint, resource, scope }, granted, start);
}

/** The same session with other tokens. RFC 6749 section 6: without a new refresh token the old one goes on. */
export function withTokens(session, { accessToken, refreshToken, expiresIn, scope }, start) {
  return {
    ...session,
    accessToken,
    refreshToken: refreshToken ?? session.refreshToken,
    scope: scope ?? session.scope,
    obtained: start,
    expires: expiresIn === undefined ? undefined : start + expiresIn * 1000,
  };
}

/** Reads what was stored; undefined for anything else. */
export function read(text) {
  const session = typeof text === "string" ? objectOf(text) : undefined;
  const isWhole = session && TEXTS.every((name) => typeof session[name] === "string") && Number.isFinite(session.obtained);
  // What is stored may have been written by somebody else: no token goes to an address that metadata couldn't name either.
  return isWhole && glue.isSafe(session.tokenEndpoint, session.issuer) ? session : undefined;
}

export const write = (session) => JSON.stringify(session);

/** The `Session` of index.d.ts: nothing secret. */
export function view({ issuer, clientId, resource, scope, expires, refreshToken }) {
  return { issuer, clientId, ...(resource && { resource }), scope, expiresAt: expires ?? null, refreshable: refreshToken !== undefined };
}

/** By what tabs recognise the tokens without their being said. */
export const fingerprint = ({ refreshToken, accessToken }) => glue.fingerprint(refreshToken ?? accessToken);

/** `fresh`, `due` or `expired`. */
export function freshness({ obtained, expires }, minimumValidity) {
  return glue.freshness(Date.now(), obtained, expires, minimumValidity);
}
