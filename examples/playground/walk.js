// The state of one walk, in memory only, and the part of it that a redirect needs.

/** What is known so far. */
export class Walk {
  /** The address that was pasted. */
  asked = "";
  /** What the resource says of itself; null when an issuer was pasted. */
  resource = null;
  /** Where the resource is; null without one. */
  resourceAddress = null;
  /** The authorization server's metadata. */
  server = null;
  /** The client: its id. */
  client = null;
  /** The authorization request under way: state, verifier, and what was asked for. */
  request = null;
  /** A code that wasn't redeemed yet. */
  code = null;
  /** The tokens of last time. */
  tokens = null;
  /** Which kinds of token were revoked. */
  revoked = new Set();
  /** The conversation with the MCP server. */
  mcp = null;

  /** Forgets what belongs to the client of before. */
  forgetClient() {
    const { client, request, code, tokens, revoked, mcp } = new Walk();
    Object.assign(this, { client, request, code, tokens, revoked, mcp });
  }

  /** What a redirect needs, as plain data. Tokens and codes are not among it. */
  toSaved() {
    const { asked, resource, resourceAddress, server, client, request } = this;
    return { asked, resource, resourceAddress, server, client, request };
  }

  /** The walk that `saved` was taken of. */
  static of(saved) {
    const walk = new Walk();
    for (const member of Object.keys(new Walk().toSaved())) walk[member] = saved[member] ?? walk[member];
    return walk;
  }

  /** What each step needs first, in words; null when it can be taken. */
  needs() {
    const { server, client, code, tokens, resourceAddress } = this;
    const authorize = "Authorize first.";
    return {
      discovery: null,
      registration: server ? null : "Discover a server first.",
      authorization: client ? null : "Choose a client first.",
      token: code ? null : tokens ? "The code is used up. Authorize again for another." : authorize,
      call: !tokens ? authorize : resourceAddress ? null : "An issuer was pasted, so there is no server to call. Paste the MCP server’s address to go this way.",
      refresh: !tokens ? authorize : tokens.refreshToken ? null : "The server gave no refresh token.",
      introspection: !tokens ? authorize : server.introspection_endpoint ? null : "The server announces no introspection_endpoint.",
      revocation: !tokens ? authorize : server.revocation_endpoint ? null : "The server announces no revocation_endpoint.",
    };
  }
}
