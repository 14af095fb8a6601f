/**
 * The clock by which threads compare how long somebody has waited.
 *
 * @module
 */

/**
 * Milliseconds, counted alike by all threads, unlike `performance.now()`, which each begins anew. Taken once, so that a test that
 * replaces the clock of one thread does not part it from the others.
 */
export const commonMs: () => number = Date.now;

const { performance: clock } = globalThis;
const now = clock.now.bind(clock);
const { timeOrigin } = clock;

/** As {@linkcode commonMs}, with what the clock has of fractions; threads agree on it to a millisecond or so. */
export function preciseMs(): number {
  return timeOrigin + now();
}
