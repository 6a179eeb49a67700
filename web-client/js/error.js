// The one class of errors: `code` is for programs, `message` for people (index.d.ts lists the codes).

export class LatchkeyError extends Error {
  constructor(code, message, { cause, ...details } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, { code, ...details });
  }
}

Object.defineProperty(LatchkeyError.prototype, "name", { value: "LatchkeyError" });
