// Checks as a list: what is wrong first and in red, then what can't be seen, then what is right.
import { element, icon } from "./element.js";

const ORDER = ["wrong", "unknown", "right"];
const WORDS = { wrong: "Wrong", unknown: "Can’t be seen, or is left open", right: "Right" };

/** The list. */
export function checkList(checks) {
  const sorted = ORDER.flatMap((state) => checks.filter((check) => check.state === state));
  return element("ul", { class: "checks", "aria-label": "Checks" }, sorted.map(item));
}

function item({ id, section, title, state, found, change }) {
  return element("li", { class: `check ${state}`, "data-check": id, "data-state": state },
    icon(state),
    element("div", {},
      element("p", { class: "check-title" }, element("span", { class: "unseen" }, `${WORDS[state]}: `), title, " ", element("span", { class: "section" }, section)),
      element("p", { class: "found" }, found),
      change ? element("p", { class: "change" }, change) : null));
}

/** How many there are of each kind, in words. */
export function countsOf(checks) {
  const counts = ORDER.map((state) => [state, checks.filter((check) => check.state === state).length]).filter(([, count]) => count > 0);
  const words = { wrong: "wrong", unknown: "open", right: "right" };
  return counts.map(([state, count]) => `${count} ${words[state]}`).join(", ");
}
