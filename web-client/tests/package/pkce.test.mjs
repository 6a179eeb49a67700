// The package in Node, as a test runner or a server-side renderer imports it.
import { createPkce, createState } from "@latchkey/web-client";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

test("RFC 7636 section 4.2: in Node the challenge is the SHA-256 of the verifier, by node:crypto's count", async () => {
  const { codeVerifier, codeChallenge, codeChallengeMethod } = await createPkce();
  assert.match(codeVerifier, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(codeChallenge, createHash("sha256").update(codeVerifier).digest("base64url"));
  assert.equal(codeChallengeMethod, "S256");
});

test("BRW-01: in Node every draw is another", async () => {
  const draws = await Promise.all([createState(), createState(), createPkce(), createPkce()]);
  const texts = draws.map((draw) => draw.codeVerifier ?? draw);
  assert.equal(new Set(texts).size, 4);
  for (const text of texts) assert.match(text, /^[A-Za-z0-9_-]{43}$/);
});
