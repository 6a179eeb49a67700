// The playground: which step follows which, and what each gives to the next.
import { call, connection, sampleArguments, scopeToAsk } from "./steps/call.js";
import { authorizationRequest, authorizationResponse } from "./steps/authorization.js";
import { discovery } from "./steps/discovery.js";
import { documentRegistration, dynamicRegistration, knownClient } from "./steps/registration.js";
import { introspection, redemption, renewal, revocation } from "./steps/tokens.js";
import { choice, complain, faultOf, fill, on, text } from "./form.js";
import { arrival, handOver, here, keep, receive, take } from "./journey.js";
import { Secrets } from "./mask.js";
import { perform } from "./perform.js";
import { Trace } from "./trace.js";
import { element } from "./view/element.js";
import { errorNotice, StepView } from "./view/step.js";
import { Walk } from "./walk.js";

const STEPS = ["discovery", "registration", "authorization", "token", "call", "refresh", "introspection", "revocation"];

const page = here();
const secrets = new Secrets();
const views = Object.fromEntries(STEPS.map((id) => [id, new StepView(id)]));
const by = (id) => document.getElementById(id);
let walk = new Walk();
let trace = new Trace(secrets);
/** Ends the wait for a popup; null while nobody waits. */
let waiting = null;

const announce = (words) => {
  by("progress").textContent = words;
};

/** Runs a step, and opens those that it makes possible. */
async function go(id, step, { area = "", then = () => {} } = {}) {
  const done = await perform({ id, view: views[id], trace, secrets, announce, area }, step);
  if (!done.failed) then(done.outcome);
  showNeeds();
  return done;
}

function showNeeds() {
  const needs = walk.needs();
  for (const id of STEPS) views[id].allow(needs[id]);
  by("export").disabled = trace.runs.length === 0;
}

/** Clears the steps after one that begins anew. */
function forgetAfter(id) {
  stopWaiting();
  by("call-form").hidden = true;
  for (const later of STEPS.slice(STEPS.indexOf(id) + 1)) views[later].reset();
}

// Step 1

on("discover-form", async () => {
  const asked = text("address");
  const fault = faultOf(asked);
  complain("address-wrong", fault, "address");
  if (fault) return;
  const step = discovery({ asked, kind: choice("kind"), page });
  // Another address is another walk; what was seen of the one before stays in the trace.
  walk = new Walk();
  forgetAfter("discovery");
  await go("discovery", step);
  const { resource, resourceAddress, server } = step.found;
  Object.assign(walk, { asked, resource, resourceAddress, server });
  fillIn();
  showNeeds();
});

/** What the discovery says about the next steps. */
function fillIn() {
  fill("scope", walk.request?.scope ?? walk.resource?.scope);
  fill("resource", walk.request?.resource ?? walk.resourceAddress);
  fill("document-url", text("document-url") ?? new URL("client.json", page).href);
  by("redirect-uri").textContent = page;
  if (walk.server && !walk.client) chooseWay(walk.server);
}

/** The way to register that the server has. Its own document is of use to a server that can fetch it, so it comes second. */
function chooseWay({ registration_endpoint: endpoint, client_id_metadata_document_supported: takesDocuments }) {
  const way = endpoint ? "dynamic" : takesDocuments === true ? "document" : "known";
  by(`way-${way}`).checked = true;
  showWay();
}

// Step 2

for (const way of document.querySelectorAll('input[name="way"]')) way.addEventListener("change", showWay);

function showWay() {
  for (const fields of document.querySelectorAll(".way")) fields.hidden = fields.dataset.way !== choice("way");
}

on("register-form", async () => {
  const step = registrationStep();
  complain("register-wrong", typeof step === "string" ? step : undefined);
  if (typeof step === "string") return;
  // Codes and tokens are the client's that they were given to.
  walk.forgetClient();
  forgetAfter("registration");
  await go("registration", step, {
    then: (answer) => {
      walk.client = step.idOf(answer);
    },
  });
});

/** The way that was chosen, or what is wrong with it. */
function registrationStep() {
  const { server } = walk;
  switch (choice("way")) {
    case "document": {
      const url = text("document-url");
      return faultOf(url) ?? documentRegistration({ server, url, redirectUri: page });
    }
    case "known": {
      const clientId = text("client-id");
      return clientId === undefined ? "Type the client_id in." : knownClient({ clientId });
    }
    default: {
      if (!server.registration_endpoint) return "The server announces no registration_endpoint: choose another way.";
      const initialAccessToken = text("initial-access-token");
      secrets.remember(initialAccessToken);
      return dynamicRegistration({ server, clientName: text("client-name"), initialAccessToken, redirectUri: page, page });
    }
  }
}

// Step 3

/** Writes the request, from what was typed. */
async function writeRequest() {
  stopWaiting();
  const resource = text("resource");
  const fault = resource === undefined ? undefined : faultOf(resource);
  complain("authorize-wrong", fault);
  if (fault) return null;
  const asked = { clientId: walk.client, redirectUri: page, scope: text("scope"), resource, prompt: text("prompt"), loginHint: text("login-hint") };
  const remember = (...values) => secrets.remember(...values);
  const { outcome } = await go("authorization", authorizationRequest({ server: walk.server, asked, remember }));
  walk.request = outcome ?? null;
  return walk.request;
}

on("authorize-form", async () => {
  const request = await writeRequest();
  if (request === null) return;
  try {
    keep({ walk: walk.toSaved(), runs: trace.runs });
  } catch {
    trouble({ code: "storage_blocked", message: "The browser keeps nothing for this page, and a redirect needs it. Use a popup." });
    return;
  }
  location.assign(request.url);
});

on("popup", async () => {
  const request = await writeRequest();
  if (request === null) return;
  // It has no hold on this page (the page's Cross-Origin-Opener-Policy), and answers by a channel of this origin.
  if (window.open(request.url, "_blank", "popup,width=520,height=760") === null) {
    trouble({ code: "popup_blocked", message: "The browser opened no popup. Allow popups for this page, or go there in this tab." });
    return;
  }
  waiting = new AbortController();
  by("stop-waiting").hidden = false;
  announce("Waiting for the popup.");
  try {
    await respond(await receive(request.state, waiting.signal));
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    announce("Nobody waits for the popup any more.");
  } finally {
    waiting = null;
    by("stop-waiting").hidden = true;
  }
});

on("stop-waiting", stopWaiting);

function stopWaiting() {
  waiting?.abort();
}

/** Reads the response to the request under way. */
async function respond(callback) {
  const { server, request } = walk;
  // Whatever it is, a parameter of it may be a code.
  const { searchParams, hash } = new URL(callback);
  for (const name of ["code", "access_token", "state"]) secrets.remember(...searchParams.getAll(name), ...new URLSearchParams(hash.slice(1)).getAll(name));
  await go("authorization", authorizationResponse({ server, request, callback }), {
    then: (code) => {
      secrets.remember(code);
      walk.code = code;
    },
  });
  views[walk.code === null ? "authorization" : "token"].focus();
}

// Steps 4 to 8

/** Takes new tokens over. */
function hold(tokens) {
  // A server that doesn't rotate sends no other refresh token: the old one stays good (RFC 6749 section 6).
  walk.tokens = { ...tokens, refreshToken: tokens.refreshToken ?? walk.tokens?.refreshToken, scope: tokens.scope ?? walk.tokens?.scope ?? walk.request.scope };
  walk.revoked = new Set();
}

on("token-form", async () => {
  const { server, client, request, code } = walk;
  // A code is good for one try.
  walk.code = null;
  walk.tokens = null;
  await go("token", redemption({ server, client, request, code, page }), { then: hold });
});

on("connect-form", async () => {
  const { resourceAddress: address, tokens } = walk;
  by("call-form").hidden = true;
  const remember = (value) => secrets.remember(value);
  const step = connection({ address, token: tokens.accessToken, revision: text("revision"), remember, page });
  const { exchanges } = await go("call", step, {
    then: ({ mcp, tools }) => {
      walk.mcp = mcp;
      showTools(tools);
    },
  });
  askFor(scopeToAsk(exchanges, tokens.scope));
});

function showTools(tools) {
  const choices = by("tool");
  choices.replaceChildren(...tools.map(({ name }) => element("option", { value: name }, name)));
  choices.onchange = () => {
    const tool = tools.find(({ name }) => name === choices.value);
    by("tool-hint").textContent = secrets.text(typeof tool?.description === "string" ? tool.description : "");
    fill("arguments", JSON.stringify(sampleArguments(tool?.inputSchema), null, 2));
  };
  by("call-form").hidden = tools.length === 0;
  if (tools.length > 0) choices.onchange();
}

on("call-form", async () => {
  const input = inputOf(by("arguments").value);
  complain("arguments-wrong", input === undefined ? "This is no JSON object, such as {\"text\": \"hello\"}." : undefined, "arguments");
  if (input === undefined) return;
  const { mcp, tokens } = walk;
  const remember = (value) => secrets.remember(value);
  const { exchanges } = await go("call", call({ mcp, token: tokens.accessToken, tool: by("tool").value, input, remember, page }), { area: "call" });
  askFor(scopeToAsk(exchanges, tokens.scope));
});

function inputOf(written) {
  try {
    const value = JSON.parse(written);
    return value !== null && typeof value === "object" && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What the next authorization asks for, when a call needed more. */
function askFor(scope) {
  if (scope !== undefined) fill("scope", scope);
}

on("refresh-form", async () => {
  const { server, client, tokens, request } = walk;
  await go("refresh", renewal({ server, client, tokens, scope: text("refresh-scope"), resource: request.resource, page }), { then: hold });
});

on("introspect-form", async () => {
  const { server, tokens, revoked } = walk;
  const kind = text("introspect-which");
  const authorization = text("credential");
  secrets.remember(authorization, authorization?.split(" ").slice(1).join(" "));
  const token = kind === "refresh_token" ? tokens.refreshToken : tokens.accessToken;
  if (token === undefined) return;
  await go("introspection", introspection({ server, token, kind, authorization, isOver: revoked.has(kind) || revoked.has("refresh_token"), page }));
});

on("revoke-form", async () => {
  const { server, client, tokens, resourceAddress: resource } = walk;
  const kind = text("revoke-which");
  if (kind === "refresh_token" && tokens.refreshToken === undefined) return;
  await go("revocation", revocation({ server, client, tokens, kind, resource, page }), {
    then: (still) => {
      if (still) hold(still);
      else walk.revoked.add(kind);
    },
  });
});

// The page

on("again", () => {
  take();
  location.replace(page);
});

on("export", () => {
  const file = new Blob([trace.export(secrets.text(walk.asked))], { type: "application/json" });
  const url = URL.createObjectURL(file);
  element("a", { href: url, download: "oauth-trace.json" }).click();
  // The download has begun with the click, so the address has done its work.
  setTimeout(() => URL.revokeObjectURL(url), 0);
});

function trouble(error) {
  by("trouble").replaceChildren(errorNotice(error));
  by("trouble").scrollIntoView({ block: "center" });
}

/** Goes on with a walk that was under way before the tab went to the server. */
function resume({ walk: saved, runs }) {
  walk = Walk.of(saved);
  secrets.remember(walk.request?.state, walk.request?.codeVerifier);
  trace = new Trace(secrets, runs);
  for (const run of runs) views[run.step].end(run);
  fill("address", walk.asked);
}

async function begin() {
  const callback = arrival();
  const kept = take();
  if (kept !== null) resume(kept);
  else fill("address", new URLSearchParams(location.search).get("url") ?? "");
  fillIn();
  showNeeds();
  if (callback === null) return;
  if (walk.request !== null) {
    await respond(callback);
  } else if (await handOver(callback)) {
    by("trouble").replaceChildren(element("p", { class: "notice good" }, "The answer is with the page that opened this window. You can close it."));
    window.close();
  } else {
    trouble({ code: "unknown_state", message: "This answer belongs to no walk of this browser: it was begun elsewhere, or is over. Nothing was done with it. Start again." });
  }
}

await begin();
