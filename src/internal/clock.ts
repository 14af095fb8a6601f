/**
 * The two clocks: `Date.now()`, which all threads read alike and people may set, and `performance.now()`, which only goes on.
 *
 * @module
 */

/**
 * The clock by which threads compare how long somebody has waited: milliseconds, counted alike by all threads, unlike
 * `performance.now()`, which each begins anew. Taken once, so that a test that replaces the clock of one thread does not part it
 * from the others.
 */
export const commonMs: () => number = Date.now;

/** What `performance.now()` shows when `Date.now()` shows 0. */
let offsetMs = NaN;

/**
 * Returns when `performance.now()` will show that `Date.now()` has come to `wallMs`, if nobody sets the clock until then.
 *
 * Of two instants the earlier comes out earlier, and equal ones equal: `Date.now()` leaves out fractions, so what the two clocks
 * differ by seems to change by up to a millisecond from call to call, and only a larger change is one.
 */
export function toMonotonic(wallMs: number): number {
  const seenMs = performance.now() - Date.now();
  if (!(Math.abs(seenMs - offsetMs) < 1)) offsetMs = seenMs;
  return wallMs + offsetMs;
}
