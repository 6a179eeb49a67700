import assert from "node:assert/strict";
import { test } from "node:test";
import { setKeyringSecret, workerArguments } from "../lib/keyring-secret.mjs";

/** A wrangler whose worker has these secrets; it notes what it was asked. */
function fakeWrangler(listed, put = "") {
  const asked = [];
  const wrangler = (args, input) => {
    asked.push({ args, input });
    return args[1] === "list" ? listed : put;
  };
  return { asked, wrangler };
}

test("issue 7: the first deployment sets a random KEYRING_SECRET for the worker that it deployed", () => {
  const secrets = [1, 2].map(() => {
    const { asked, wrangler } = fakeWrangler('[{"name":"ADMIN_TOKEN","type":"secret_text"}]');
    assert.equal(setKeyringSecret(wrangler, ["--env", "staging", "--minify"]), true);
    assert.deepEqual(asked[1].args, ["secret", "put", "KEYRING_SECRET", "--env", "staging"]);
    assert.match(asked[1].input, /^[0-9a-f]{64}\n$/);
    assert.ok(!asked[1].args.includes(asked[1].input.trim()), "it is in no command line");
    return asked[1].input;
  });
  assert.notEqual(secrets[0], secrets[1]);
});

test("issue 7: a KEYRING_SECRET that is there, or may be there, is never replaced", () => {
  const there = fakeWrangler('[{"name":"KEYRING_SECRET","type":"secret_text"}]');
  assert.equal(setKeyringSecret(there.wrangler, []), false);
  for (const listed of [null, "", "no JSON", "{}"]) {
    const unknown = fakeWrangler(listed);
    assert.throws(() => setKeyringSecret(unknown.wrangler, []), /openssl rand/);
    assert.equal(unknown.asked.length, 1);
  }
  const dry = fakeWrangler("[]");
  assert.equal(setKeyringSecret(dry.wrangler, ["--dry-run"]), false);
  assert.equal(dry.asked.length + there.asked.length, 1);
});

test("issue 7: a KEYRING_SECRET that could not be set ends the deployment with what to do", () => {
  const failing = fakeWrangler("[]", null);
  assert.throws(() => setKeyringSecret(failing.wrangler, []), /was not set.*openssl rand/s);
});

test("issue 7: the worker is named as it was for the deployment", () => {
  assert.deepEqual(workerArguments(["-c", "a.toml", "--name=b", "--minify", "-e"]), ["-c", "a.toml", "--name=b", "-e"]);
});
