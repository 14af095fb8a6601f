/**
 * The command line of `../compile_queue.ts`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Shape } from "./program.ts";

const MAX_WORKERS = 256;
const MAX_FUNCTIONS = 100_000;
const MAX_DEPTH = 8;
const MAX_SEED = 2 ** 32 - 1;

/** What `--help` prints. */
export const USAGE = `Usage: compile_queue [OPTION]... [FILE]
Compiles the functions of FILE, or generated ones, and prints what came of it.

  --workers N    compile N functions at once, on threads, 1 to ${MAX_WORKERS};
                 default: 1, on the main thread
  --race SEED    compile in a random order; default: the longest first
  --functions N  generate N functions, 0 to ${MAX_FUNCTIONS}; default: 40
  --depth N      with closures in closures, N deep, 0 to ${MAX_DEPTH}; default: 2
  --seed SEED    by this seed, 0 to ${MAX_SEED}; default: 1
  --json         print one object: functions, closures, instructions, digest,
                 workers, seconds, order
  --help         print this text

Exit status: 0; 1 if FILE cannot be read or compiled; 2 if an argument is wrong.
`;

/** What the command line asks for. */
export interface Options {
  /** Whether to print the usage and do nothing else. */
  readonly help: boolean;
  /** Whether to print an object instead of text. */
  readonly json: boolean;
  /** How many functions to compile at once. */
  readonly workers: number;
  /** Where a random order begins, if one is wanted. */
  readonly race: number | undefined;
  /** The file to compile, or what to generate. */
  readonly input: string | Shape;
}

/** A mistake on the command line; the message is one line. */
export class UsageError extends Error {}

/**
 * Reads the command line.
 *
 * @throws {UsageError} if it is wrong
 */
export function parseOptions(args: string[]): Options {
  const { values, positionals } = splitArguments(args);
  const { help = false, json = false, workers = "1", race, functions, depth, seed } = values;
  const [file, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`${onOneLine(others[0]!)}: there can be one FILE`);
  if (file !== undefined && (functions ?? depth ?? seed) !== undefined) {
    throw new UsageError("--functions, --depth and --seed do not go with a FILE");
  }
  return {
    help,
    json,
    workers: readNumber("--workers", workers, 1, MAX_WORKERS),
    race: race === undefined ? undefined : readNumber("--race", race, 0, MAX_SEED),
    input: file ?? {
      functions: readNumber("--functions", functions ?? "40", 0, MAX_FUNCTIONS),
      depth: readNumber("--depth", depth ?? "2", 0, MAX_DEPTH),
      seed: readNumber("--seed", seed ?? "1", 0, MAX_SEED),
    },
  };
}

function splitArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        json: { type: "boolean" },
        workers: { type: "string" },
        race: { type: "string" },
        functions: { type: "string" },
        depth: { type: "string" },
        seed: { type: "string" },
      },
    });
  } catch (error) {
    // After the first line, or the first sentence, comes advice.
    const [mistake] = (error as Error).message.split(/\n|\. /, 1);
    throw new UsageError(onOneLine(mistake!));
  }
}

function readNumber(option: string, given: string, least: number, most: number): number {
  const number = /^(0|[1-9]\d{0,9})$/.test(given) ? Number(given) : NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(
    `${option} ${onOneLine(given)}: expected a whole number from ${least} to ${most}`,
  );
}

/** `text` with its control characters, a newline among them, written as `\u{a}`. */
export function onOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
