/**
 * Several functions at once, of which all, some or one count.
 *
 * @module
 */
import { checkContext } from "../context/base.ts";
import type { Context } from "../context/mod.ts";
import { checkInteger, show } from "../internal/check.ts";
import { go } from "../pool/go.ts";
import { checkFunction } from "./routine.ts";
import { within } from "./within.ts";

/**
 * A function that is run for its result. Its context is cancelled when the result is of no use any more.
 *
 * @typeParam T The result.
 */
export type Job<T> = (ctx: Context) => T | PromiseLike<T>;

/**
 * Runs functions at once and gives the results of all, in the order of the functions (Go: Hunch's `All`, gollback's `All`).
 *
 * The first error decides: the context of the others is cancelled, and what becomes of them is dropped. The functions are goroutines of
 * this thread, and start after the caller yields. No functions: `[]`.
 *
 * @example
 * ```ts
 * import { background } from "@millrace/millrace/context";
 * import { all } from "@millrace/millrace/group";
 *
 * const squares = await all(background(), [() => 1, () => Promise.resolve(4), () => 9]);
 * console.log(squares); // [1, 4, 9]
 * ```
 *
 * @typeParam T What the functions return, each its own.
 * @param ctx Its end ends the wait, even if the functions go on; if it has ended already none is run.
 * @param fns What to run.
 * @throws {TypeError} at the call, if `ctx` is no context or `fns` no array of functions
 * @throws the first error; `ctx.err` if `ctx` ends first
 */
export function all<T extends readonly unknown[] | []>(
  ctx: Context,
  fns: { readonly [K in keyof T]: (ctx: Context) => T[K] },
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
/** As above, for results of one type. */
export function all<T>(ctx: Context, fns: readonly Job<T>[]): Promise<T[]>;
export function all<T>(ctx: Context, fns: readonly Job<T>[]): Promise<T[]> {
  checkJobs(ctx, fns);
  return within(ctx, (own, resolve, reject) => {
    const results = new Array<T>(fns.length);
    let missing = fns.length;
    if (missing === 0) resolve(results);
    fns.forEach((fn, index) => {
      go(fn, own).then((result) => {
        results[index] = result;
        if (--missing === 0) resolve(results);
      }, reject);
    });
  });
}

/**
 * Runs functions at once and gives the result of the first that succeeds (Go: gollback's `Race`).
 *
 * Then the context of the others is cancelled, and what becomes of them is dropped. Unlike in `Promise.race` a failure decides nothing,
 * unless all have failed.
 *
 * @example The fastest mirror
 * ```ts
 * import { sleep } from "@millrace/millrace";
 * import { background, type Context } from "@millrace/millrace/context";
 * import { race } from "@millrace/millrace/group";
 *
 * const mirror = (name: string, ms: number) => async (ctx: Context) => {
 *   await sleep(ms, { signal: ctx.signal });
 *   return name;
 * };
 * const down = () => Promise.reject(new Error("no route to host"));
 * console.log(await race(background(), [mirror("far", 60_000), down, mirror("near", 1)])); // near
 * ```
 *
 * @typeParam T The result.
 * @param ctx Its end ends the wait, even if the functions go on; if it has ended already none is run.
 * @param fns What to run, at least one.
 * @throws {TypeError} at the call, if `ctx` is no context or `fns` no array of functions
 * @throws {RangeError} at the call, if there are none
 * @throws the last error, if all fail; `ctx.err` if `ctx` ends first
 */
export function race<T>(ctx: Context, fns: readonly Job<T>[]): Promise<T> {
  checkJobs(ctx, fns);
  if (fns.length === 0) throw new RangeError("Cannot race no functions: expected at least one");
  return within(ctx, (own, resolve, reject) => {
    let left = fns.length;
    for (const fn of fns) {
      go(fn, own).then(resolve, (error) => {
        if (--left === 0) reject(error);
      });
    }
  });
}

/**
 * Runs functions at once and gives the results of the first `n` that succeed, in the order in which they did (Go: Hunch's `Take`).
 *
 * Then the context of the others is cancelled, and what becomes of them is dropped. An error before that decides: it fails all.
 *
 * @example
 * ```ts
 * import { sleep } from "@millrace/millrace";
 * import { background, type Context } from "@millrace/millrace/context";
 * import { take } from "@millrace/millrace/group";
 *
 * const after = (ms: number) => async (ctx: Context) => {
 *   await sleep(ms, { signal: ctx.signal });
 *   return ms;
 * };
 * console.log(await take(background(), 2, [after(60_000), after(20), after(1)])); // [1, 20]
 * ```
 *
 * @typeParam T The results.
 * @param ctx Its end ends the wait, even if the functions go on; if it has ended already none is run.
 * @param n How many are wanted: an integer from 0 to the number of functions. With 0 none is run.
 * @param fns What to run.
 * @throws {TypeError | RangeError} at the call, if one of them is something else
 * @throws the first error; `ctx.err` if `ctx` ends first
 */
export function take<T>(ctx: Context, n: number, fns: readonly Job<T>[]): Promise<T[]> {
  checkJobs(ctx, fns);
  checkInteger("a number of results", n, 0, fns.length);
  return within(ctx, (own, resolve, reject) => {
    const results: T[] = [];
    if (n === 0) return resolve(results);
    for (const fn of fns) {
      go(fn, own).then((result) => {
        if (results.length < n && results.push(result) === n) resolve(results);
      }, reject);
    }
  });
}

/**
 * Runs functions at once and gives the results of the last `n` that end, in the order in which they do (Go: Hunch's `Last`).
 *
 * It waits for all. The first error decides: it fails all, the context of the others is cancelled, and what becomes of them is dropped.
 *
 * @example
 * ```ts
 * import { sleep } from "@millrace/millrace";
 * import { background } from "@millrace/millrace/context";
 * import { last } from "@millrace/millrace/group";
 *
 * const after = (ms: number) => async () => {
 *   await sleep(ms);
 *   return ms;
 * };
 * console.log(await last(background(), 1, [after(20), after(1)])); // [20]
 * ```
 *
 * @typeParam T The results.
 * @param ctx Its end ends the wait, even if the functions go on; if it has ended already none is run.
 * @param n How many are wanted: an integer from 0 to the number of functions.
 * @param fns What to run.
 * @throws {TypeError | RangeError} at the call, if one of them is something else
 * @throws the first error; `ctx.err` if `ctx` ends first
 */
export function last<T>(ctx: Context, n: number, fns: readonly Job<T>[]): Promise<T[]> {
  checkJobs(ctx, fns);
  checkInteger("a number of results", n, 0, fns.length);
  return within(ctx, (own, resolve, reject) => {
    const results: T[] = [];
    if (fns.length === 0) return resolve(results);
    for (const fn of fns) {
      go(fn, own).then((result) => {
        results.push(result);
        if (results.length === fns.length) resolve(results.slice(fns.length - n));
      }, reject);
    }
  });
}

/**
 * Throws if these are no arguments for functions that run at once.
 *
 * @throws {TypeError} if `ctx` is no context or `fns` no array of functions
 */
export function checkJobs(ctx: Context, fns: readonly unknown[]): void {
  checkContext(ctx);
  if (!Array.isArray(fns)) {
    throw new TypeError(`Cannot run ${show(fns)}: expected an array of functions`);
  }
  // By index: a hole is no function.
  for (let i = 0; i < fns.length; i++) checkFunction(fns[i]);
}
