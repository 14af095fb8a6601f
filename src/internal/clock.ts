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
/** What is measured of it may differ by less than this without a change: `Date.now()` leaves out fractions, and is read a little before. */
const TOLERANCE_MS = 2;
/** The clocks have been read together if less time has passed meanwhile. */
const TOGETHER_MS = 0.5;

/**
 * Returns when `performance.now()` will show that `Date.now()` has come to `dateMs`, or up to 2 ms after that, if nobody sets the clock
 * until then.
 *
 * Of two instants the earlier comes out earlier, and equal ones equal, unless the clock has been set between the calls.
 */
export function toMonotonic(dateMs: number): number {
  if (hasChanged(Date.now(), performance.now())) measureOffset();
  return dateMs + offsetMs;
}

function measureOffset(): void {
  for (;;) {
    const before = performance.now();
    const dateMs = Date.now();
    const after = performance.now();
    // Somebody else may have had the processor in between: that is no change of the clock.
    if (after - before >= TOGETHER_MS) continue;
    // Not early: `Date.now()` was read first.
    if (hasChanged(dateMs, after)) offsetMs = after - dateMs;
    return;
  }
}

function hasChanged(dateMs: number, ms: number): boolean {
  // NaN, at the first call, is as far away as can be.
  return !(Math.abs(ms - dateMs - offsetMs) < TOLERANCE_MS);
}
