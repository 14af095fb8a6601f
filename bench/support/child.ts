/** Contestants that are processes of their own: started afresh for each round, since the second of anything costs less. */

import { execFile } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Contestant } from "./measure.ts";
import { programFile } from "./program.ts";
import { runtimeName } from "./runtime.ts";

const run = promisify(execFile);

/**
 * Returns the command that runs a module of the benches on this runtime.
 *
 * @param name The module, without its extension, beside the one at `base`: in the sources or in `dist/`.
 * @param args What the program is told.
 * @param flags Flags for V8.
 */
export function programCommand(
  base: string,
  name: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): readonly string[] {
  const file = fileURLToPath(programFile(base, name));
  const before = runtimeName === "node"
    ? flags
    : ["run", "-A", ...flags.length > 0 ? [`--v8-flags=${flags.join(",")}`] : []];
  return [process.execPath, ...before, file, ...args];
}

/** Makes a contestant of a process, timed from its start to its exit. It fails unless that exits with 0. */
export function wholeProcess(name: string, command: readonly string[]): Contestant {
  return {
    name,
    async round() {
      const start = performance.now();
      await runCommand(command);
      return (performance.now() - start) * 1e6;
    },
  };
}

/** Makes a contestant of a process that measures itself: it prints one number, in the unit of the row. */
export function ownReport(name: string, command: readonly string[]): Contestant {
  return {
    name,
    async round() {
      const text = await runCommand(command);
      const value = Number(text.trim() || NaN);
      if (!Number.isFinite(value)) {
        throw new TypeError(`Cannot read what ${name} measured: ${JSON.stringify(text)}`);
      }
      return value;
    },
  };
}

/** Runs a command to its end, and returns what it printed. It fails, with what it complained of, unless that exits with 0. */
export async function runCommand([file, ...args]: readonly string[]): Promise<string> {
  return (await run(file!, args, { maxBuffer: 1 << 26 })).stdout;
}
