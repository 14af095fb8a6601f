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

/**
 * When this thread's `performance.now()` was 0, in milliseconds: with it added, instants of different threads can be compared. Measured:
 * Node gives all threads one origin, Deno each its own, and the sums agree to a few microseconds. Taken once, since a clock of
 * a test's own has another origin, which would part the thread from itself.
 */
export const originMs: number = performance.timeOrigin;

const now = performance.now.bind(performance);

/** As {@linkcode commonMs}, with what the clock has of fractions; not to be replaced either. */
export function preciseMs(): number {
  return originMs + now();
}

/** What the clocks differ by may seem to change by less than this: `Date.now()` leaves out fractions, and is read a little before. */
const TOLERANCE_MS = 2;
/** The clocks have been read together if less time has passed meanwhile. */
const TOGETHER_MS = 0.5;
/** How often that is tried: a clock that a test makes may go on with every reading. */
const ATTEMPTS = 20;

/**
 * Says when dates come, as `performance.now()` counts.
 *
 * Of two dates that it is asked for the earlier comes earlier, and equal ones at the same time, whenever it is asked: unless the clock has
 * been set in between.
 */
export class Calendar {
  /** What `performance.now()` shows when `Date.now()` shows 0. */
  #offsetMs = NaN;

  /** When `Date.now()` will have come to `dateMs`, or up to 2 ms after that, if nobody sets the clock until then. */
  timeOf(dateMs: number): number {
    if (this.#hasChanged(Date.now(), performance.now())) this.#measure();
    return dateMs + this.#offsetMs;
  }

  #measure(): void {
    let dateMs, before, after;
    let attempts = 0;
    do {
      before = performance.now();
      dateMs = Date.now();
      after = performance.now();
      // Somebody else may have had the processor in between: that is no change of the clock.
    } while (after - before >= TOGETHER_MS && ++attempts < ATTEMPTS);
    // Not early: `Date.now()` was read first.
    if (this.#hasChanged(dateMs, after)) this.#offsetMs = after - dateMs;
  }

  #hasChanged(dateMs: number, ms: number): boolean {
    // NaN, at the first call, is as far away as can be.
    return !(Math.abs(ms - dateMs - this.#offsetMs) < TOLERANCE_MS);
  }
}
