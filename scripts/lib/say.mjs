// What the scripts print, and how a script ends when something is missing.

const COLOUR = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (COLOUR ? `\u001b[${code}m${text}\u001b[0m` : text);

export const bold = (text) => paint("1", text);
export const red = (text) => paint("31", text);
export const green = (text) => paint("32", text);

/** Prints one line of progress. */
export function say(line = "") {
  console.log(line);
}

/** A failure whose message says all: what is wrong and what to do. It needs no stack trace. */
export class Failure extends Error {}

/** Ends a script's `main`: a `Failure` is one line, anything else is a bug and shows its stack. */
export function runMain(main) {
  main().catch((error) => {
    console.error(error instanceof Failure ? red(error.message) : error);
    process.exit(1);
  });
}

/** "3.4 s" or "2 min 05 s", from milliseconds. */
export function duration(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, "0")} s`;
}
