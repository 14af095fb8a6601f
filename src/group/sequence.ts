/**
 * Functions one after the other: again and again until one succeeds, or each with what the one before returned.
 *
 * @module
 */
import type { Context } from "../context/mod.ts";
import { checkDuration, checkInteger, show } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { sleep } from "../time/time.ts";
import { checkJobs, type Job } from "./jobs.ts";
import { checkFunction } from "./routine.ts";
import { within } from "./within.ts";

/** How {@linkcode retry} waits between tries, and when it gives up. */
export interface RetryOptions {
  /** Milliseconds between the first try and the second. Default: 0. */
  delayMs?: number | undefined;
  /** By how much each delay is longer than the one before: a number of at least 1. Default: 2. */
  factor?: number | undefined;
  /** The longest delay in milliseconds. Default: a minute, or `delayMs` if that is more. */
  maxDelayMs?: number | undefined;
  /**
   * Which part of each delay is left to chance, so that many who failed at once do not come back at once: from 0, or `"none"`, the
   * default, to 1, or `"full"`, any time from none to the whole delay.
   */
  jitter?: number | "full" | "none" | undefined;
  /** Reports whether there is sense in another try after this error. What it throws ends the retries. Default: there is. */
  shouldRetry?: ((error: unknown) => boolean) | undefined;
}

/** Options with nothing left out. */
interface Backoff {
  readonly delayMs: number;
  readonly factor: number;
  readonly maxDelayMs: number;
  readonly jitter: number;
  readonly shouldRetry: (error: unknown) => boolean;
}

/**
 * Calls `fn` until it succeeds (Go: gollback's and Hunch's `Retry`).
 *
 * Between the tries it waits: after the n-th try `delayMs · factor^(n - 1)` milliseconds, and no longer than `maxDelayMs`, of which
 * `jitter` leaves a part to chance. The end of the context ends the wait at once.
 *
 * @example
 * ```ts
 * import { background } from "@millrace/millrace/context";
 * import { retry } from "@millrace/millrace/group";
 *
 * let tries = 0;
 * const connect = () => {
 *   if (++tries < 3) throw new Error("connection refused");
 *   return `connected at try ${tries}`;
 * };
 * console.log(await retry(background(), 5, connect, { delayMs: 1, jitter: "full" })); // connected at try 3
 * ```
 *
 * @typeParam T The result.
 * @param ctx Its end ends the retries, even if a try goes on; if it has ended already there is none. Each try gets a child of it.
 * @param tries How many in all: an integer ≥ 0; 0 is for ever.
 * @param fn What to try; it may be asynchronous. The first try is within the call.
 * @param options See {@linkcode RetryOptions}.
 * @returns What the first try gives that succeeds.
 * @throws {TypeError | RangeError} at the call, if one of them is something else
 * @throws the last try's error; `ctx.err` if `ctx` ends first
 */
export function retry<T>(
  ctx: Context,
  tries: number,
  fn: Job<T>,
  options: RetryOptions = {},
): Promise<T> {
  checkInteger("a number of tries", tries, 0, Number.MAX_SAFE_INTEGER);
  checkFunction(fn);
  const backoff = toBackoff(options);
  return within(ctx, (own, resolve, reject) => {
    tryUntil(own, tries === 0 ? Infinity : tries, fn, backoff).then(resolve, reject);
  });
}

async function tryUntil<T>(
  ctx: Context,
  tries: number,
  fn: Job<T>,
  backoff: Backoff,
): Promise<T> {
  for (let tried = 1;; tried++) {
    try {
      return await fn(ctx);
    } catch (error) {
      if (tried >= tries || !backoff.shouldRetry(error)) throw error;
    }
    const ms = delayAfter(tried, backoff, Math.random());
    if (ms > 0) await sleep(ms, { signal: ctx.signal });
    // Without a delay a function that fails at once would keep all others waiting.
    else if (isBudgetSpent()) await afterTurn(undefined);
    if (ctx.err !== undefined) throw ctx.err;
  }
}

/**
 * Milliseconds between the try number `tried` and the next.
 *
 * @param chance A number from 0 to 1.
 */
export function delayAfter(
  tried: number,
  backoff: Omit<Backoff, "shouldRetry">,
  chance: number,
): number {
  const { delayMs, factor, maxDelayMs, jitter } = backoff;
  // Not as a product with an infinite power: without a delay there is none to grow.
  const ms = delayMs === 0 ? 0 : Math.min(maxDelayMs, delayMs * factor ** (tried - 1));
  return jitter === 0 ? ms : ms * (1 - jitter * chance);
}

function toBackoff(options: RetryOptions): Backoff {
  const { factor = 2, jitter = "none", shouldRetry = () => true } = options;
  const delayMs = checkDuration("a delay", options.delayMs ?? 0);
  const maxDelayMs = checkDuration(
    "a longest delay",
    options.maxDelayMs ?? Math.max(60_000, delayMs),
  );
  checkNumber("a factor", factor, 1, Infinity);
  const part = jitter === "none" ? 0 : jitter === "full" ? 1 : jitter;
  checkNumber("a jitter", part, 0, 1);
  return { delayMs, factor, maxDelayMs, jitter: part, shouldRetry: checkFunction(shouldRetry) };
}

function checkNumber(name: string, value: unknown, minimum: number, maximum: number): void {
  if (typeof value !== "number") {
    throw new TypeError(`Cannot use ${show(value)} as ${name}: expected a number`);
  }
  if (!(value >= minimum && value <= maximum)) {
    throw new RangeError(
      `Cannot use ${value} as ${name}: expected a number from ${minimum} to ${maximum}`,
    );
  }
}

/**
 * Calls functions one after the other, each with what the one before returned, and gives what the last one does (Go: Hunch's
 * `Waterfall`).
 *
 * The first error ends it. The first function gets `undefined`. No functions: `undefined`.
 *
 * @example
 * ```ts
 * import { background } from "@millrace/millrace/context";
 * import { waterfall } from "@millrace/millrace/group";
 *
 * const sum = await waterfall(background(), [
 *   () => "1 2 3",
 *   (_, text) => (text as string).split(" ").map(Number),
 *   (_, numbers) => (numbers as number[]).reduce((a, b) => a + b),
 * ]);
 * console.log(sum); // 6
 * ```
 *
 * @param ctx Its end ends the wait, even if a function goes on, and none is called after it. Each function gets a child of it.
 * @param fns What to call; they may be asynchronous. The first call is within this one.
 * @returns What the last function returns.
 * @throws {TypeError} at the call, if `ctx` is no context or `fns` no array of functions
 * @throws the first error; `ctx.err` if `ctx` ends first
 */
export function waterfall(
  ctx: Context,
  fns: readonly ((ctx: Context, previous: unknown) => unknown)[],
): Promise<unknown> {
  checkJobs(ctx, fns);
  return within(ctx, (own, resolve, reject) => {
    fall(own, [...fns]).then(resolve, reject);
  });
}

async function fall(
  ctx: Context,
  fns: readonly ((ctx: Context, previous: unknown) => unknown)[],
): Promise<unknown> {
  let previous: unknown = undefined;
  for (const fn of fns) {
    if (ctx.err !== undefined) throw ctx.err;
    previous = await fn(ctx, previous);
  }
  return previous;
}
