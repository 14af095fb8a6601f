/**
 * Deadlines.
 *
 * @module
 */

/** A deadline of a context's own. */
export interface Deadline {
  readonly date: Date;
  /** The same as `performance.now()` counts. */
  readonly due: number;
  /** The cause of the end that it brings; `undefined`: none is given. */
  readonly cause: unknown;
}
