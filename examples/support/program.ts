/**
 * What the programs of this folder have in common: how they read their arguments, hear signals, and end.
 *
 * @module
 */
import { basename } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Pool } from "../../mod.ts";
import {
  background,
  type CancelFunc,
  cause,
  type Context,
  withCancelCause,
} from "../../src/context/mod.ts";

/** What a program ends with when something has failed. */
export const EXIT_FAILED = 1;

/** What a program ends with when its arguments are wrong (`EX_USAGE` of sysexits.h). */
export const EXIT_USAGE = 64;

/** A signal that asks a program to end; SIGINT is Ctrl-C. */
export type Signal = "SIGINT" | "SIGTERM";

/** All of them. */
export const SIGNALS: readonly Signal[] = ["SIGINT", "SIGTERM"];

/** What a program ends with after a signal, as in a shell. */
export const EXIT_CODES: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** A mistake on the command line; the message is one line. */
export class UsageError extends Error {}

/**
 * What a word on the command line may be.
 *
 * @typeParam T What it is read to.
 */
export interface Format<T> {
  /** Reads a word; `undefined`: it is none of these, and `expected` says what would be. */
  read(text: string): T | undefined;
  readonly expected: string;
}

/**
 * An option that has a value.
 *
 * @typeParam T The value.
 * @typeParam D What it is when it is not given.
 */
export interface Option<T, D = T> extends Format<T> {
  readonly default: D;
}

/** Words that are no options: all that there are. */
export interface Operands<T> {
  readonly each: Format<T>;
  /** How many there may be. */
  readonly most: number;
}

/** What a program can be given, by names. Not more than one of them takes operands. */
export type Parameters = Readonly<Record<string, Option<unknown, unknown> | Operands<unknown>>>;

/** What arguments are read to. */
export type Values<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Operands<infer T> ? readonly T[]
    : P[K] extends Option<infer T, infer D> ? T | D
    : never;
};

/** An option that is a whole number from `least` to `most`. */
export function whole<D extends number | undefined>(
  byDefault: D,
  least: number,
  most: number,
): Option<number, D> {
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

/** Words of a format, and no more than so many. */
export function operands<T>(each: Format<T>, most: number = Infinity): Operands<T> {
  return { each, most };
}

/**
 * Runs a program if `meta` is that of the module that was started: reads its arguments, and ends with what `main` returns. Wrong arguments,
 * and a {@linkcode UsageError} of `main`, are one line on standard error, and {@linkcode EXIT_USAGE}.
 *
 * The process ends when nothing is under way any more. A program that does not wait for that calls `process.exit`: a read of standard
 * input, for one, cannot be called off.
 *
 * @param parameters By their names.
 * @param main See {@linkcode untilSignal} for one that does not end by itself.
 */
export async function program<P extends Parameters>(
  meta: ImportMeta,
  parameters: P,
  main: (values: Values<P>) => number | Promise<number>,
): Promise<void> {
  const path = fileURLToPath(meta.url);
  // Node 20 does not know `import.meta.main`. In a bundle the threads load the program as well, to find their tasks.
  const isStarted = meta.main ?? process.argv[1] === path;
  if (!isStarted || Pool.current !== undefined) return;
  try {
    process.exitCode = await main(readArguments(process.argv.slice(2), parameters));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${basename(path, ".ts")}: ${error.message}\n`);
    process.exitCode = EXIT_USAGE;
  }
}

/**
 * Makes of `main` one that gets a context which SIGINT and SIGTERM end, by {@linkcode notifyContext}. What it then returns is up to it:
 * {@linkcode exitCodeOf} says what a shell does.
 */
export function untilSignal<V>(
  main: (values: V, ctx: Context) => number | Promise<number>,
): (values: V) => Promise<number> {
  return async (values) => {
    const [ctx, stop] = notifyContext(background(), ...SIGNALS);
    try {
      return await main(values, ctx);
    } finally {
      stop();
    }
  };
}

function readArguments<P extends Parameters>(args: string[], parameters: P): Values<P> {
  const entries = Object.entries(parameters);
  const names = entries.filter(([, parameter]) => !("each" in parameter)).map(([name]) => name);
  const { given, words } = splitArguments(args, names);
  const values = entries.map(([name, parameter]) => {
    if ("each" in parameter) {
      return [name, words.splice(0, parameter.most).map((text) => read(parameter.each, text))];
    }
    const text = given[name];
    if (text === undefined) return [name, parameter.default];
    return [name, read(parameter, text, `--${name} `)];
  });
  if (words.length > 0) throw new UsageError(onOneLine(`${words[0]}: expected no more`));
  return Object.fromEntries(values);
}

function read<T>(format: Format<T>, text: string, before = ""): T {
  const value = format.read(text);
  if (value !== undefined) return value;
  throw new UsageError(onOneLine(`${before}${text}: expected ${format.expected}`));
}

function splitArguments(
  args: string[],
  names: string[],
): { given: Readonly<Record<string, string | undefined>>; words: string[] } {
  const options = Object.fromEntries(names.map((name) => [name, { type: "string" } as const]));
  try {
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
    return { given: values, words: positionals };
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

/** What a program ends with after {@linkcode notifyContext}, as in a shell: 130 or 143 if a signal came, 0 otherwise. */
export function exitCodeOf(ctx: Context): number {
  return EXIT_CODES[cause(ctx) as Signal] ?? 0;
}
