// What a page does with the package, and how it went: draws PKCE, and asks the worker that would keep its tokens.
import { createClient, createPkce } from "@latchkey/web-client";

async function use() {
  const { codeVerifier, codeChallenge } = await createPkce();
  const client = await createClient({ issuer: "https://id.example", clientId: "app", storage: "worker" });
  const inWorker = await client.getSession();
  client.close();
  return { codeVerifier, codeChallenge, inWorker };
}

function show(outcome) {
  const place = document.createElement("pre");
  place.id = "outcome";
  place.textContent = JSON.stringify(outcome);
  document.body.append(place);
}

use().then(show, ({ name, code, message }) => show({ name, code, message }));
