// One step on the page: its form, its state, and what came of it.
import { checkLists, countsOf } from "./checks.js";
import { element, icon } from "./element.js";
import { exchangeView } from "./exchange.js";

const WORDS = { waiting: "Not yet", ready: "Ready", running: "Running…", done: "Done", failed: "Stopped" };

/** The view of the step whose section has this `data-step`. */
export class StepView {
  #section;
  #state;
  #fields;
  #needs;
  #areas = new Map();

  constructor(id) {
    this.#section = document.querySelector(`section[data-step="${id}"]`);
    this.#state = this.#section.querySelector(".step-state");
    this.#fields = this.#section.querySelectorAll("fieldset.step-fields");
    this.#needs = this.#section.querySelector(".needs");
    for (const area of this.#section.querySelectorAll(".results")) this.#areas.set(area.dataset.area ?? "", area);
  }

  /** The step's title. */
  get title() {
    return this.#section.querySelector("h2").textContent;
  }

  /** An element of the step. */
  find(selector) {
    return this.#section.querySelector(selector);
  }

  /** Opens the step, or says what it needs first. Once it has run its state stays. */
  allow(needs) {
    for (const fields of this.#fields) fields.disabled = needs !== null;
    this.#section.dataset.allowed = needs === null ? "yes" : "no";
    const hasRun = !["waiting", "ready"].includes(this.#section.dataset.state);
    if (!hasRun) this.#show(needs === null ? "ready" : "waiting");
    this.#needs.hidden = needs === null;
    this.#needs.textContent = needs ?? "";
  }

  /** Forgets that it has run: another walk has begun. */
  reset() {
    for (const area of this.#areas.values()) area.replaceChildren();
    this.#show("waiting");
  }

  /** Clears what an earlier run left. */
  begin(areaName = "") {
    this.#areas.get(areaName).replaceChildren();
    this.#section.setAttribute("aria-busy", "true");
    this.#show("running");
  }

  /** Shows how a run ended. */
  end(run) {
    this.#section.removeAttribute("aria-busy");
    const area = this.#areas.get(run.area ?? "");
    area.replaceChildren();
    if (run.error) area.append(errorNotice(run.error));
    if (run.words) area.append(element("p", { class: "outcome-words" }, run.words));
    if (run.checks.length > 0) area.append(checkLists(run.checks));
    if (run.exchanges.length > 0) area.append(element("div", { class: "exchanges" }, run.exchanges.map(exchangeView)));
    this.#show(run.error ? "failed" : "done", run.checks);
  }

  /** Brings the step into view and gives its heading the focus. */
  focus() {
    this.#section.querySelector("h2").focus({ preventScroll: true });
    this.#section.scrollIntoView({ block: "start" });
  }

  #show(state, checks = []) {
    this.#section.dataset.state = state;
    const counts = countsOf(checks);
    this.#section.dataset.wrong = String(checks.filter((check) => check.state === "wrong").length);
    this.#state.textContent = counts ? `${WORDS[state]}: ${counts}` : WORDS[state];
  }
}

/** An error as a notice: its code, and its words. */
export function errorNotice({ code, message, status, member }) {
  const more = [status ? `status ${status}` : null, member ? `in ${member}` : null].filter(Boolean).join(", ");
  return element("div", { class: "notice danger error", role: "alert" },
    icon("wrong"),
    element("div", {}, element("p", {}, element("code", {}, code), more ? ` (${more})` : null), element("p", {}, message)));
}
