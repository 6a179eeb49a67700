// Starting other programs, and ending exactly those again.
import { spawn, spawnSync } from "node:child_process";
import { constants } from "node:os";
import { Failure } from "./say.mjs";
import { ROOT } from "./tools.mjs";

const running = new Set();

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  // Without this a Ctrl-C would leave what a script started behind.
  process.on(signal, () => {
    for (const child of running) endGroup(child, signal);
    if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal]);
  });
}

function endGroup(child, signal) {
  try {
    // The group that `spawn` with `detached` made: the program and what it started itself.
    process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}

/**
 * Starts a program in a process group of its own; `end` ends the group. `group: false` leaves it in
 * the terminal's, for a program that asks questions.
 */
export function start(command, args, { env, cwd = ROOT, stdio = "inherit", group = true } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio, detached: group });
  running.add(child);
  const ended = new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve({ code, signal }));
  });
  ended.then(() => running.delete(child), () => running.delete(child));
  const end = async () => {
    endGroup(child, "SIGTERM");
    const late = setTimeout(() => endGroup(child, "SIGKILL"), 5_000);
    await ended.catch(() => {});
    clearTimeout(late);
    // The program itself is gone; what it left behind in its group goes too.
    endGroup(child, "SIGKILL");
  };
  return { child, ended, end };
}

/** Runs a program to its end with its output shown; a `Failure` when it fails. */
export async function run(command, args, options = {}) {
  let result;
  try {
    result = await start(command, args, options).ended;
  } catch (error) {
    throw new Failure(`${command} could not be started: ${error.message}`);
  }
  if (result.code !== 0) {
    const how = result.signal ? `was ended by ${result.signal}` : `exited with ${result.code}`;
    throw new Failure(`${options.label ?? `${command} ${args.join(" ")}`} ${how}`);
  }
}

/** Runs a program and returns what it printed, or null when it isn't there or failed. */
export function output(command, args, { env } = {}) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
    timeout: 600_000,
  });
  return result.status === 0 ? result.stdout.trim() : null;
}
