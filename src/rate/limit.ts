/**
 * Limits: how often events may happen, in events a second.
 *
 * @module
 */
import { checkDuration, checkInteger, show } from "../internal/check.ts";

/**
 * The limit of one event every `ms` milliseconds (Go: `rate.Every`).
 *
 * @example
 * ```ts
 * import { every } from "@millrace/millrace/rate";
 *
 * console.log(every(100), every(2000), every(0)); // 10 0.5 Infinity
 * ```
 *
 * @param ms Milliseconds from event to event.
 * @returns Events a second; `Infinity`, which is no limit, where `ms` is 0 or less.
 * @throws {TypeError | RangeError} if `ms` is no number, or NaN
 */
export function every(ms: number): number {
  return 1000 / checkDuration("an interval", ms);
}

/**
 * The limit of `n` events in `ms` milliseconds.
 *
 * @example
 * ```ts
 * import { per } from "@millrace/millrace/rate";
 *
 * console.log(per(2, 1000), per(30, 60_000)); // 2 0.5
 * ```
 *
 * @param n How many events: an integer from 0.
 * @param ms In how many milliseconds.
 * @returns Events a second; `Infinity`, which is no limit, where `ms` is 0 or less.
 * @throws {TypeError | RangeError} if `n` is no such integer, or `ms` no number, or NaN
 */
export function per(n: number, ms: number): number {
  checkInteger("a number of events", n, 0, Number.MAX_SAFE_INTEGER);
  const spanMs = checkDuration("a duration", ms);
  return spanMs === 0 ? Infinity : n * 1000 / spanMs;
}

/**
 * Returns `limit` if it is one: a number from 0 to Infinity.
 *
 * @throws {TypeError} if it is not a number
 * @throws {RangeError} if it is negative or NaN
 */
export function checkLimit(limit: unknown): number {
  const expected = "expected a number of events a second, from 0 to Infinity";
  if (typeof limit !== "number") {
    throw new TypeError(`Cannot use ${show(limit)} as a limit: ${expected}`);
  }
  // Also for NaN.
  if (!(limit >= 0)) throw new RangeError(`Cannot use ${limit} as a limit: ${expected}`);
  return limit;
}

/**
 * Returns `ms` if it is the length of a window: a finite number of milliseconds, more than 0.
 *
 * @throws {TypeError} if it is not a number
 * @throws {RangeError} if it is none of these
 */
export function checkWindow(ms: unknown): number {
  const expected = "expected a finite number of milliseconds, more than 0";
  if (typeof ms !== "number") {
    throw new TypeError(`Cannot use ${show(ms)} as a window: ${expected}`);
  }
  if (!(ms > 0 && ms < Infinity)) {
    throw new RangeError(`Cannot use ${ms} as a window: ${expected}`);
  }
  return ms;
}
