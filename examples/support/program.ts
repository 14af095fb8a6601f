/**
 * What the programs of this folder have in common: how they read their options, hear signals, and end.
 *
 * @module
 */
import { basename } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Pool } from "../../mod.ts";
import { type CancelFunc, cause, type Context, withCancelCause } from "../../src/context/mod.ts";

/** What a program ends with when its arguments are wrong (`EX_USAGE` of sysexits.h). */
export const EXIT_USAGE = 64;

/** Signals that ask a program to end, and what it then ends with, as in a shell. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that asks a program to end. */
export type Signal = keyof typeof EXIT_CODES;

/** A mistake on the command line; the message is one line. */
class UsageError extends Error {}

/**
 * An option that has a value.
 *
 * @typeParam T The value.
 */
export interface Option<T> {
  /** Its value when it is not given. */
  readonly default: T;
  /** Reads its value; `undefined`: it is none, and `expected` says what would be. */
  read(text: string): T | undefined;
  readonly expected: string;
}

/** What options are read to. */
export type Values<O extends Readonly<Record<string, Option<unknown>>>> = {
  readonly [K in keyof O]: O[K] extends Option<infer T> ? T : never;
};

/** An option that is a whole number from `least` to `most`. */
export function whole<D extends number | undefined>(
  byDefault: D,
  least: number,
  most: number,
): Option<number | D> {
  return {
    default: byDefault,
    read(text) {
      const number = /^(0|[1-9]\d{0,9})$/.test(text) ? Number(text) : NaN;
      return number >= least && number <= most ? number : undefined;
    },
    expected: `a whole number from ${least} to ${most}`,
  };
}

/** An option that is one of several words; the first is the default. */
export function oneOf<const W extends readonly [string, ...string[]]>(
  ...words: W
): Option<W[number]> {
  return {
    default: words[0],
    read: (text) => words.find((word) => word === text),
    expected: words.join(", "),
  };
}

/**
 * Runs a program if `meta` is that of the module that was started: reads its options, and ends with what `main` returns. Wrong arguments are
 * one line on standard error, and {@linkcode EXIT_USAGE}.
 *
 * @param options By their names.
 */
export async function program<O extends Readonly<Record<string, Option<unknown>>>>(
  meta: ImportMeta,
  options: O,
  main: (values: Values<O>) => number | Promise<number>,
): Promise<void> {
  const path = fileURLToPath(meta.url);
  // Node 20 does not know `import.meta.main`. In a bundle the threads load the program as well, to find their tasks.
  const isStarted = meta.main ?? process.argv[1] === path;
  if (!isStarted || Pool.current !== undefined) return;
  let values;
  try {
    values = readOptions(process.argv.slice(2), options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${basename(path, ".ts")}: ${error.message}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  process.exitCode = await main(values);
}

function readOptions<O extends Readonly<Record<string, Option<unknown>>>>(
  args: string[],
  options: O,
): Values<O> {
  const given = splitArguments(args, Object.keys(options));
  const values = Object.entries(options).map(([name, option]) => {
    const text = given[name];
    if (typeof text !== "string") return [name, option.default];
    const value = option.read(text);
    if (value !== undefined) return [name, value];
    throw new UsageError(onOneLine(`--${name} ${text}: expected ${option.expected}`));
  });
  return Object.fromEntries(values);
}

function splitArguments(args: string[], names: string[]): Record<string, unknown> {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" } as const]));
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    // After the first line, or the first sentence, comes advice.
    const [mistake] = (error as Error).message.split(/\n|\. /, 1);
    throw new UsageError(onOneLine(mistake!));
  }
}

/** `text` with its control characters, a newline among them, written as `\u{a}`. */
function onOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/**
 * Makes a context that the first of `signals` ends (Go: `signal.NotifyContext`); its cause is the name of the signal. The next one
 * ends the process, as it does by default.
 *
 * @returns The context, and what ends it, and the listening, if no signal does.
 */
export function notifyContext(
  parent: Context,
  ...signals: readonly Signal[]
): [ctx: Context, stop: CancelFunc] {
  const [ctx, cancel] = withCancelCause(parent);
  const notify = (signal?: string): void => {
    for (const each of signals) process.off(each, notify);
    cancel(signal);
  };
  for (const each of signals) process.on(each, notify);
  return [ctx, () => notify()];
}

/** What a program ends with after {@linkcode notifyContext}: 130 or 143 if a signal came, 0 otherwise. */
export function exitCodeOf(ctx: Context): number {
  return EXIT_CODES[cause(ctx) as Signal] ?? 0;
}
