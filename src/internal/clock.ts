/**
 * The clocks by which threads compare how long somebody has waited, and when something is due.
 *
 * @module
 */

/**
 * Milliseconds, counted alike by all threads, unlike `performance.now()`, which each begins anew. Taken once, so that a test that
 * replaces the clock of one thread does not part it from the others.
 */
export const commonMs: () => number = Date.now;

/**
 * When this thread's `performance.now()` was 0, in milliseconds: with it added, instants of different threads can be compared. Measured:
 * Node gives all threads one origin, Deno each its own, and the sums agree to a few microseconds. Taken once, since a clock of
 * a test's own has another origin, which would part the thread from itself.
 */
export const originMs: number = performance.timeOrigin;
