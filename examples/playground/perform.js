// Runs a step: its requests, its checks, its record and its view.
import { isSent } from "./checks/check.js";

/** How long the requests of one run may take together, in milliseconds. */
const PATIENCE = 60_000;

/**
 * Runs `step`, shows it in `view` and writes it into `trace`. A step has `run`, which sends; `checks`, which looks at what was
 * sent and came, also after a fault; `words`, which says what came of it; and perhaps `secretsOf`, for what of that is secret.
 */
export async function perform({ id, view, trace, secrets, announce, area = "" }, step) {
  const record = step.goesOn ? trace.reopen(id, view.title) : trace.begin(id, view.title);
  record.area = area;
  view.begin(area);
  announce(`${view.title}: running.`);
  const before = record.exchanges.length;
  const options = {
    signal: AbortSignal.timeout(PATIENCE),
    onExchange: (exchange) => trace.add(record, exchange),
  };
  let outcome;
  let failure;
  try {
    outcome = await step.run({ options });
  } catch (error) {
    failure = error;
  }
  await lookAgain(record.exchanges.slice(before), options);
  // A server may say a secret in other places than those where it belongs.
  if (failure === undefined) secrets.remember(...(step.secretsOf?.(outcome) ?? []));
  const exchanges = trace.scrub(record).slice(before);
  const checks = step.checks({ exchanges, outcome });
  const words = failure ? undefined : step.words(outcome);
  record.words = words && secrets.text(words);
  trace.end(record, step.goesOn ? [...record.checks, ...checks] : checks, failure);
  view.end(record);
  const wrong = record.checks.filter(({ state }) => state === "wrong").length;
  announce(`${view.title}: ${failure ? "stopped" : "done"}, ${wrong === 0 ? "nothing wrong" : `${wrong} wrong`}.`);
  return { outcome, exchanges, failed: failure !== undefined };
}

/**
 * Finds out what a request without an answer means: whether something answers there that a page may not read (CORS). The answer to
 * this is opaque, so nothing of it is read.
 */
async function lookAgain(exchanges, options) {
  const unanswered = exchanges.filter((exchange) => isSent(exchange) && !exchange.response);
  const urls = [...new Set(unanswered.map(({ request }) => request.url))].filter((url) => /^https?:/.test(url));
  for (const url of urls) {
    const reached = await fetch(url, { mode: "no-cors", credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(10_000) }).then(() => true, () => false);
    const error = reached ? "Something answers there; a page may not read what." : "Nothing answers there.";
    options.onExchange({ purpose: "probe", request: { method: "GET", url, headers: {} }, error, milliseconds: 0 });
    for (const exchange of unanswered) if (exchange.request.url === url) exchange.reached = reached;
  }
}
