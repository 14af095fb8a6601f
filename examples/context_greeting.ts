/**
 * Two goroutines that share a context: a greeting that has a second, and a farewell that has all the time in the world.
 *
 * It is the greeting program of "Concurrency in Go" (chapter 4): both ask for the locale, which takes a minute. The greeting gives up after
 * its second, and its failure cancels the farewell, whose own patience would have been longer.
 *
 * ```
 *   background ── withCancel ──┬── withTimeout 1 s ── greeting ── locale
 *                              └── farewell ── locale
 * ```
 *
 * @module
 */
import { after, select, WaitGroup } from "../mod.ts";
import { background, type Context, withCancel, withTimeout } from "../src/context/mod.ts";

/** How long the greeting may take. */
const PATIENCE_MS = 1000;

/** What the program runs in. */
export interface World {
  /** How long it takes to find out the locale. */
  readonly localeMs: number;
  /** Prints a line. */
  print(line: string): void;
}

/**
 * Runs the program; resolves when both goroutines have ended.
 *
 * @param parent Ends both, and all that they wait for.
 */
export async function greetAndPart(parent: Context, world: World): Promise<void> {
  const [ctx, cancel] = withCancel(parent);
  using group = new WaitGroup();
  group.go(async () => {
    try {
      world.print(`${await greeting(ctx, world)} world!`);
    } catch (error) {
      world.print(`Cannot print the greeting: ${messageOf(error)}`);
      cancel();
    }
  });
  group.go(async () => {
    try {
      world.print(`${await farewell(ctx, world)} world!`);
    } catch (error) {
      world.print(`Cannot print the farewell: ${messageOf(error)}`);
    }
  });
  await group.wait();
  cancel();
}

async function greeting(parent: Context, world: World): Promise<string> {
  const [ctx, cancel] = withTimeout(parent, PATIENCE_MS);
  try {
    return wordFor(await locale(ctx, world), "hello");
  } finally {
    cancel();
  }
}

async function farewell(ctx: Context, world: World): Promise<string> {
  return wordFor(await locale(ctx, world), "goodbye");
}

/** Finds out the locale, unless the context ends before. */
async function locale(ctx: Context, { localeMs }: World): Promise<string> {
  const got = await select({ stop: ctx.done, found: after(localeMs) });
  if (got.case === "stop") throw ctx.err;
  return "EN/US";
}

function wordFor(found: string, word: string): string {
  if (found !== "EN/US") throw new RangeError(`Cannot speak ${found}: unsupported locale`);
  return word;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

if (import.meta.main) {
  await greetAndPart(background(), { localeMs: 60_000, print: console.log });
}
