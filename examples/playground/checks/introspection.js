// What introspection tells, and to whom.
import { isJson, jsonOf, last, right, shown, unknown, wrong } from "./check.js";

/** Checks of an introspection; `hasCredential` says whether one was sent, `expectActive` what is known of the token. */
export function introspectionChecks({ exchanges, hasCredential, expectActive }) {
  const exchange = last(exchanges, "introspection");
  if (!exchange?.response) return [];
  const { status } = exchange.response;
  const answer = jsonOf(exchange);
  return hasCredential ? withCredential(exchange, status, answer, expectActive) : withoutCredential(status, answer);
}

function withoutCredential(status, answer) {
  const section = "RFC 7662 section 2.1";
  const title = "Nobody is told without a credential";
  if (status === 401 || status === 403) return [right("closed", section, title, `${status}: only resource servers are answered. Type in the credential of one to see more.`)];
  if (status === 200 && answer?.active === true) return [wrong("closed", section, title, "200, active: true", "Ask for a credential: whoever finds a token learns from this what it is good for.")];
  if (status === 400) return [unknown("closed", section, title, "400", "401 says better what is missing.")];
  if (status === 200) return [unknown("closed", section, title, `200, active: ${shown(answer?.active)}`, "Answer 401 to who has no credential.")];
  return [unknown("closed", section, title, String(status))];
}

function withCredential(exchange, status, answer, expectActive) {
  const section = "RFC 7662 section 2.2";
  if (status === 401) return [unknown("answered", "RFC 7662 section 2.3", "The credential is taken", "401: it is not one that may ask")];
  if (status !== 200) return [wrong("answered", section, "The answer is 200", String(status), "Answer 200 with active, also for a token that nobody knows.")];
  const checks = [isJson(exchange, section)];
  const title = "active says whether the token is good";
  if (typeof answer?.active !== "boolean") return [...checks, wrong("active", section, title, shown(answer?.active), "Send active: true or false.")];
  if (!answer.active) {
    const more = Object.keys(answer).filter((name) => name !== "active");
    checks.push(expectActive
      ? unknown("active", section, title, "false: it ended, or this resource server may not see it")
      : right("active", section, title, "false"));
    if (more.length > 0) checks.push(wrong("inactive_only", section, "Of a token that isn't good nothing else is said", more.join(", "), "Answer {\"active\": false} and nothing more."));
    return checks;
  }
  checks.push(right("active", section, title, "true"));
  for (const [name, type] of [["exp", "number"], ["scope", "string"], ["client_id", "string"]]) {
    if (answer[name] === undefined) checks.push(unknown(name, section, `${name} is told`, "it isn't"));
    else if (typeof answer[name] !== type) checks.push(wrong(name, section, `${name} is a ${type === "number" ? "number" : "text"}`, shown(answer[name]), `Send ${name} as JSON has it.`));
  }
  const audience = [answer.aud].flat().filter((value) => value !== undefined);
  checks.push(audience.length > 0 ? right("audience", section, "aud says for whom the token is", audience.join(", ")) : unknown("audience", section, "aud says for whom the token is", "it isn't told", "Tell it: a resource server must refuse a token that is for another."));
  return checks;
}
