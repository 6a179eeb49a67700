// Checks as lists: what is wrong first and in red, then what can't be seen, and what is right folded.
import { element, icon } from "./element.js";

const ORDER = ["wrong", "unknown", "right"];
const WORDS = { wrong: "Wrong", unknown: "Can’t be seen, or is left open", right: "Right" };

/** The lists. */
export function checkLists(checks) {
  const of = (state) => checks.filter((check) => check.state === state);
  const open = [...of("wrong"), ...of("unknown")];
  const right = of("right");
  return element("div", { class: "checks" },
    open.length > 0 ? element("ul", { "aria-label": "Wrong or open" }, open.map(item)) : null,
    right.length > 0
      ? element("details", { class: "rights" }, element("summary", {}, icon("right"), `${right.length} right`), element("ul", { "aria-label": "Right" }, right.map(item)))
      : null);
}

function item({ id, section, title, state, found, change }) {
  return element("li", { class: `check ${state}`, "data-check": id, "data-state": state },
    icon(state),
    element("div", {},
      element("p", { class: "check-title" }, element("span", { class: "unseen" }, `${WORDS[state]}: `), title, " ", element("span", { class: "section" }, section)),
      element("p", { class: "found" }, state === "wrong" ? `Found: ${found}` : found),
      change ? element("p", { class: "change" }, change) : null));
}

/** How many there are of each kind, in words. */
export function countsOf(checks) {
  const counts = ORDER.map((state) => [state, checks.filter((check) => check.state === state).length]).filter(([, count]) => count > 0);
  const words = { wrong: "wrong", unknown: "open", right: "right" };
  return counts.map(([state, count]) => `${count} ${words[state]}`).join(", ");
}
