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
