// What has happened in a walk, step by step, and the file that it is exported as. It never holds a secret.

/** The form of the exported file. Raised when a reader of the old one would misread the new. */
const VERSION = 1;

/** The record of one walk. */
export class Trace {
  #runs;
  #secrets;

  /** A record that goes on where `runs` ended: those of before a redirect. */
  constructor(secrets, runs = []) {
    this.#secrets = secrets;
    this.#runs = runs;
  }

  /** The runs so far, as plain data. */
  get runs() {
    return this.#runs;
  }

  /** Begins the run of a step. What is added later is added to what this returns. */
  begin(step, title) {
    const run = { step, title, at: new Date().toISOString(), exchanges: [], checks: [] };
    this.#runs.push(run);
    return run;
  }

  /** The last run of a step, to go on with: what comes after a redirect belongs to it. */
  reopen(step, title) {
    return this.#runs.findLast((run) => run.step === step) ?? this.begin(step, title);
  }

  /** Adds a request and its answer. */
  add(run, exchange) {
    const clean = this.#secrets.value(exchange);
    run.exchanges.push(clean);
    return clean;
  }

  /** Masks in a run what has turned out to be secret since; returns its exchanges. */
  scrub(run) {
    run.exchanges = this.#secrets.value(run.exchanges);
    return run.exchanges;
  }

  /** Ends a run with what was checked, and the error that it ended with. */
  end(run, checks, error) {
    run.checks = this.#secrets.value(checks);
    if (error) run.error = this.#secrets.value(describe(error));
    return run;
  }

  /** The file's text. */
  export(asked) {
    const wrong = this.#runs.flatMap((run) => run.checks.filter(({ state }) => state === "wrong").map(({ id }) => `${run.step}: ${id}`));
    // Once more over everything: a secret may have become known after it was seen.
    const file = this.#secrets.value({ trace: "latchkey-playground", version: VERSION, exported_at: new Date().toISOString(), asked, wrong, runs: this.#runs });
    return `${JSON.stringify(file, null, 2)}\n`;
  }
}

/** An error as plain data. */
export function describe(error) {
  const { code, status, member, scope } = error;
  const more = Object.entries({ status, member, scope }).filter(([, value]) => value !== undefined);
  return { code: code ?? error.name, message: error.message, ...Object.fromEntries(more) };
}
