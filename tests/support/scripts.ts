/**
 * Scripts for processes of their own: what only shows in how a process ends. Run as a program, this module runs the
 * script that its argument names.
 *
 * A script prints what has happened. It starts nothing at the top level but itself, without awaiting it: a pending
 * top-level await is no way for a process to end.
 *
 * @module
 */
import { go } from "../../mod.ts";

const scripts = {
  failGoroutine(): void {
    go(function boom() {
      throw new RangeError("boom");
    });
  },

  failWithText(): void {
    go(() => Promise.reject("plain text"));
  },
} satisfies Record<string, () => void | Promise<void>>;

/** How a process ended. */
export interface Ended {
  /** Its exit code; `null` when a signal ended it. */
  readonly code: number | null;
  /** What it printed. */
  readonly stdout: string;
  /** What it complained about. */
  readonly stderr: string;
}

/** A process that has not ended by then hangs. */
const TIMEOUT_MS = 40_000;

/** Runs a script in a process of its own, on the runtime that calls this. */
export function runScript(name: keyof typeof scripts, ...flags: string[]): Promise<Ended> {
  const { execFile } = process.getBuiltinModule("node:child_process");
  const run = "Deno" in globalThis
    ? ["run", ...(flags.length === 0 ? ["-A"] : flags), "--no-check"]
    : [];
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...run, thisFile(), name],
      { timeout: TIMEOUT_MS, env: { ...process.env, NO_COLOR: "1" } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === "string") reject(error);
        else resolve({ code: code ?? null, stdout, stderr });
      },
    );
  });
}

function thisFile(): string {
  return process.getBuiltinModule("node:url").fileURLToPath(import.meta.url);
}

if (process.argv[1] === thisFile()) {
  const script: () => void | Promise<void> = scripts[process.argv[2] as keyof typeof scripts];
  script();
}
