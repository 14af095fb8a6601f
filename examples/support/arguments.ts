/**
 * Command lines of whole numbers.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";

/** The exit code of a program whose arguments are wrong. */
const EXIT_USAGE = 64;

/** A mistake on the command line; the message is one line. */
export class UsageError extends Error {}

/** The whole numbers that an option may be, and what it is without one; no `default`: it may be left out. */
export interface Range {
  readonly from: number;
  readonly to: number;
  readonly default?: number;
}

/** What {@linkcode parseNumbers} makes of ranges. */
export type Numbers<R extends Readonly<Record<string, Range>>> = {
  readonly [K in keyof R]: R[K] extends { readonly default: number } ? number : number | undefined;
};

/**
 * Reads `--name N` for each of `ranges`.
 *
 * @throws {UsageError} if there is anything else, or a number is out of its range
 */
export function parseNumbers<const R extends Readonly<Record<string, Range>>>(
  args: string[],
  ranges: R,
): Numbers<R> {
  const options = Object.fromEntries(
    Object.keys(ranges).map((name) => [name, { type: "string" as const }]),
  );
  const { values } = split(() => parseArgs({ args, options }));
  const numbers = Object.entries(ranges).map(([name, range]) => {
    const given = values[name];
    return [name, given === undefined ? range.default : toNumber(`--${name}`, given, range)];
  });
  return Object.fromEntries(numbers) as Numbers<R>;
}

/**
 * Reads a whole number.
 *
 * @throws {UsageError} if it is none, or out of `range`
 */
export function toNumber(name: string, given: string, { from, to }: Range): number {
  const number = /^\d{1,9}$/.test(given) ? Number(given) : NaN;
  if (number >= from && number <= to) return number;
  throw new UsageError(
    `${name} ${onOneLine(given)}: expected a whole number from ${from} to ${to}`,
  );
}

/** Calls `parse`; what `parseArgs` finds wrong is a {@linkcode UsageError}. */
export function split<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // After the first line, or the first sentence, comes advice.
    throw new UsageError(onOneLine(error.message.split(/\n|\. /, 1)[0]!));
  }
}

/** `text` with its control characters, a newline among them, written as `\u{a}`. */
export function onOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/**
 * Runs `main` with the arguments of the process, and ends it with the code that it returns; with 64 if they are wrong. Whatever is still under
 * way then ends with it: a read of standard input, for one, cannot be called off.
 */
export async function run(
  name: string,
  main: (args: string[]) => Promise<number>,
): Promise<never> {
  let code;
  try {
    code = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${name}: ${error.message}\n`);
    code = EXIT_USAGE;
  }
  process.exit(code);
}
