// The one class of errors: `code` is for programs, `message` for people (index.d.ts lists the codes).

export class LatchkeyError extends Error {
  constructor(code, message, { cause, ...details } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    Object.assign(this, { code, ...details });
  }
}

Object.defineProperty(LatchkeyError.prototype, "name", { value: "LatchkeyError" });

const DETAILS = ["status", "retryAfter", "scope", "member"];

/** What a program may look at, as a plain object that can be sent to another thread. */
export function plain({ code, message, ...rest }) {
  const error = { code, message: String(message) };
  for (const name of DETAILS) if (rest[name] !== undefined) error[name] = rest[name];
  return error;
}

/** The error that WebAssembly or the worker gave, as this class. What a store or a `fetch` of the page's own threw stays what it is. */
export function own(error) {
  if (error instanceof LatchkeyError || typeof error?.code !== "string" || error instanceof DOMException) return error;
  const { code, message, ...details } = plain({ ...error, message: error.message });
  return new LatchkeyError(code, message, details);
}

/** Does something that may throw or reject, and throws errors of this class. */
export async function owned(action) {
  try {
    return await action();
  } catch (error) {
    throw own(error);
  }
}
