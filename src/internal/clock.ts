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
/** By how much what is measured of it may differ without a change: `Date.now()` leaves out fractions, and it is read a little later. */
const TOLERANCE_MS = 2;
/** The clocks have been read together if no more time has passed meanwhile. */
const TOGETHER_MS = 0.5;

/**
 * Returns when `performance.now()` will show that `Date.now()` has come to `wallMs`, or up to 2 ms after that, if nobody sets the clock
 * until then.
 *
 * Of two instants the earlier comes out earlier, and equal ones equal, unless the clock has been set between the calls.
 */
export function toMonotonic(wallMs: number): number {
  const seenMs = performance.now() - Date.now();
  if (!(Math.abs(seenMs - offsetMs) < TOLERANCE_MS)) measureOffset();
  return wallMs + offsetMs;
}

function measureOffset(): void {
  for (;;) {
    const before = performance.now();
    const seenMs = before - Date.now();
    // Somebody else may have had the processor in between: then it is no change of the clock.
    if (performance.now() - before >= TOGETHER_MS) continue;
    if (!(Math.abs(seenMs - offsetMs) < TOLERANCE_MS)) offsetMs = seenMs;
    return;
  }
}
