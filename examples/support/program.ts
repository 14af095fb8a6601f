/**
 * What the programs of this folder have in common: how they read their arguments, hear signals, and end.
 *
 * @module
 */
import { parse } from "node:path";
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
import { Screen } from "./screen.ts";

/** What a program ends with when something has failed. */
export const EXIT_FAILED = 1;

/** What a program ends with when its arguments are wrong (`EX_USAGE` of sysexits.h). */
export const EXIT_USAGE = 64;

/** A signal that asks a program to end; SIGINT is Ctrl-C. */
export type Signal = "SIGINT" | "SIGTERM";

/** All of them. */
export const SIGNALS: readonly Signal[] = ["SIGINT", "SIGTERM"];

/** What a program ends with after a signal, as in a shell. The last one comes to a program whose output nobody reads any more. */
export const EXIT_CODES: Readonly<Record<Signal | "SIGPIPE", number>> = {
  SIGINT: 130,
  SIGTERM: 143,
  SIGPIPE: 141,
};

/** A mistake on the command line. */
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

/** An option without a value: whether it is given. */
export interface Flag {
  readonly isFlag: true;
}

/** Words that are no options: all that there are. */
export interface Operands<T> {
  readonly each: Format<T>;
  /** How many there may be. */
  readonly most: number;
}

/** What a program can be given, by names. Not more than one of them takes operands. */
export type Parameters = Readonly<
  Record<string, Option<unknown, unknown> | Flag | Operands<unknown>>
>;

/** What arguments are read to. */
export type Values<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Operands<infer T> ? readonly T[]
    : P[K] extends Flag ? boolean
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
  return { default: words[0], ...wordOf(words) };
}

/** One of several words. */
export function wordOf<W extends string>(words: readonly W[]): Format<W> {
  return {
    read: (text) => words.find((word) => word === text),
    expected: `one of ${words.join(", ")}`,
  };
}

/** An option that is a path, and may be left out. */
export const path: Option<string, undefined> = {
  default: undefined,
  read: (text) => text === "" ? undefined : text,
  expected: "a path",
};

/** An option without a value. */
export const flag: Flag = { isFlag: true };

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
  const file = fileURLToPath(meta.url);
  // Node 20 does not know `import.meta.main`. In a bundle the threads load the program as well, to find their tasks.
  const isStarted = meta.main ?? process.argv[1] === file;
  if (!isStarted || Pool.current !== undefined) return;
  try {
    process.exitCode = await main(readArguments(process.argv.slice(2), parameters));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    new Screen(parse(file).name).complain(error.message);
    process.exitCode = EXIT_USAGE;
  }
}

/**
 * Makes of `main` one that gets a context which SIGINT and SIGTERM end, by {@linkcode notifyContext}; and so does what a
 * {@linkcode Screen} prints for a reader that has gone, as in `… | head`: as if SIGPIPE had come. What it then returns is up to it:
 * {@linkcode exitCodeOf} says what a shell does.
 */
export function untilSignal<V>(
  main: (values: V, ctx: Context) => number | Promise<number>,
): (values: V) => Promise<number> {
  return async (values) => {
    const [unread, cancel] = withCancelCause(background());
    // It stays: what is still printed fails in the same way.
    process.stdout.on("error", (error: Error & { code?: string }) => {
      if (error.code !== "EPIPE") throw error;
      cancel("SIGPIPE");
    });
    const [ctx, stop] = notifyContext(unread, ...SIGNALS);
    try {
      return await main(values, ctx);
    } finally {
      stop();
    }
  };
}

function readArguments<P extends Parameters>(args: string[], parameters: P): Values<P> {
  const entries = Object.entries(parameters);
  const options: Options = {};
  for (const [name, parameter] of entries) {
    if (!("each" in parameter)) {
      options[name] = { type: "isFlag" in parameter ? "boolean" : "string" };
    }
  }
  const { values: given, positionals: words } = splitArguments(args, options);
  const values = entries.map(([name, parameter]) => {
    if ("each" in parameter) {
      return [name, words.splice(0, parameter.most).map((text) => read(parameter.each, text))];
    }
    const text = given[name];
    if ("isFlag" in parameter) return [name, text === true];
    if (typeof text !== "string") return [name, parameter.default];
    return [name, read(parameter, text, `--${name} `)];
  });
  if (words.length > 0) throw new UsageError(`${words[0]}: expected no more`);
  return Object.fromEntries(values);
}

function read<T>(format: Format<T>, text: string, before = ""): T {
  const value = format.read(text);
  if (value !== undefined) return value;
  throw new UsageError(`${before}${text}: expected ${format.expected}`);
}

/** What `parseArgs` takes. */
type Options = Record<string, { type: "boolean" | "string" }>;

function splitArguments(args: string[], options: Options) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    // After the first line, or the first sentence, comes advice.
    const [mistake] = (error as Error).message.split(/\n|\. /, 1);
    throw new UsageError(mistake);
  }
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

/** What a program ends with after {@linkcode notifyContext}, as in a shell: 130 or 143 if a signal came, 0 otherwise; after {@linkcode untilSignal} it may be 141. */
export function exitCodeOf(ctx: Context): number {
  return EXIT_CODES[cause(ctx) as keyof typeof EXIT_CODES] ?? 0;
}
