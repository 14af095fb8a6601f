/**
 * Compiles functions as the back end of the Go compiler does (`compileFunctions` of cmd/compile).
 *
 * ```
 *   compile ── workq ──▶ coordinator ── go ──▶ work, on N threads
 *      ▲                  pending, ids ◀─ done ──┘  │
 *      └──────────── closures found inside ─────────┘
 * ```
 *
 * - The longest functions come first: one that takes long and is begun last keeps everybody waiting. To bring races to light,
 *   the order is random.
 * - What a function has inside is found when it is compiled, and is queued then.
 * - By default there are no threads: `queue` does the work where it is called. With more than one worker, any amount of work
 *   may wait, and N functions at most are compiled at once.
 * - Go's coordinator is never told that the work is over, and stays. This one ends when `workq` is closed and the last worker is
 *   back.
 * - Which worker compiles what, and when, changes from run to run; the code, and so the digest, does not.
 *
 * Run it as `deno run --allow-read examples/compile_queue.ts [--workers N] [--race SEED] [FILE]`; `--help` says more.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import {
  onOneLine,
  type Options,
  parseOptions,
  USAGE,
  UsageError,
} from "./compile_queue/arguments.ts";
import { compileFunctions } from "./compile_queue/back_end.ts";
import type { Compiled } from "./compile_queue/compile.ts";
import { type Func, generate, parseProgram } from "./compile_queue/program.ts";

/** Functions that the table shows. */
const MAX_LINES = 20;

/** Runs the program, and returns its exit status. */
async function main(args: string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return complain(error.message, 2);
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { json, workers, race, input } = options;
  try {
    const functions = typeof input === "string" ? readProgram(input) : generate(input);
    const startedAt = performance.now();
    const compiled = await compileFunctions(functions, { workers, race });
    const seconds = (performance.now() - startedAt) / 1000;
    const totals = totalsOf(functions, compiled);
    process.stdout.write(
      json
        ? `${
          JSON.stringify({
            ...totals,
            workers,
            seconds: Number(seconds.toFixed(3)),
            order: compiled.map((each) => each.name),
          })
        }\n`
        : asText(totals, compiled, options, seconds),
    );
    return 0;
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof ReadError)) throw error;
    return complain(error.message, 1);
  }
}

/** A file that cannot be read. */
class ReadError extends Error {}

function readProgram(path: string): Func[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    const reason = error instanceof Error ? error.message.split(", ", 1)[0] : String(error);
    throw new ReadError(`cannot read ${path}: ${reason}`, { cause: error });
  }
  return parseProgram(text);
}

function complain(message: string, status: number): number {
  process.stderr.write(`compile_queue: ${onOneLine(message)}\n`);
  return status;
}

/** What has been compiled, whoever did it. */
interface Totals {
  readonly functions: number;
  readonly closures: number;
  readonly instructions: number;
  /** SHA-256 of the hashes of all functions, sorted by their names. */
  readonly digest: string;
}

function totalsOf(functions: readonly Func[], compiled: readonly Compiled[]): Totals {
  const lines = compiled.map(({ name, hash }) => `${name} ${hash}\n`).sort();
  return {
    functions: functions.length,
    closures: compiled.length - functions.length,
    instructions: compiled.reduce((sum, each) => sum + each.instructions, 0),
    digest: createHash("sha256").update(lines.join("")).digest("hex"),
  };
}

/** What is printed without `--json`. */
function asText(
  { functions, closures, instructions, digest }: Totals,
  compiled: readonly Compiled[],
  { workers, race }: Options,
  seconds: number,
): string {
  const rows = [
    ["worker", "statements", "instructions", "hash", "function"],
    ...compiled.slice(0, MAX_LINES).map((each) => [
      String(each.worker),
      String(each.statements),
      String(each.instructions),
      each.hash.slice(0, 8),
      each.name,
    ]),
  ];
  const lines = rows.map(([worker, statements, instructions, hash, name]) =>
    `${worker!.padStart(6)}  ${statements!.padStart(10)}  ${instructions!.padStart(12)}  ${
      hash!.padEnd(8)
    }  ${name}`
  );
  if (compiled.length > MAX_LINES) lines.push(`… and ${compiled.length - MAX_LINES} more`);
  const order = race === undefined ? "longest first" : `random order ${race}`;
  lines.push(
    `${count(functions, "function")} and ${count(closures, "closure")}, ${order}, ` +
      `${count(workers, "worker")}: ${count(instructions, "instruction")}, ${seconds.toFixed(2)} s`,
    `sha256 ${digest}`,
  );
  return lines.map((line) => `${line}\n`).join("");
}

/** `1 function`, `5,000 functions`. */
function count(n: number, noun: string): string {
  return `${n.toLocaleString("en-US")} ${noun}${n === 1 ? "" : "s"}`;
}

// Node 20 does not know `import.meta.main`.
if (import.meta.main ?? process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = await main(process.argv.slice(2));
}
