/**
 * What all limiters have in common.
 *
 * @module
 */
import type { WaitOptions } from "../select/types.ts";

/**
 * Says when events may happen. All limiters of this module are such, and whatever else has these three can be combined with
 * them in a {@linkcode MultiLimiter}.
 */
export interface RateLimiter {
  /** Events a second, in the long run; `Infinity`: no limit. */
  readonly limit: number;
  /**
   * Reports whether an event may happen now, and counts it if it may. One that is refused is not counted.
   */
  allow(): boolean;
  /**
   * Waits until an event may happen, and counts it.
   *
   * @param options `signal` cancels the wait; the event is then not counted.
   */
  wait(options?: WaitOptions): Promise<void>;
}

/** A promise that an event may happen, at a time to come (Go: `rate.Reservation`). */
export interface Reservation {
  /** Reports whether there is one. If not, it was asked for more than the burst, or the limit is 0; nothing is taken then. */
  readonly ok: boolean;
  /** Milliseconds from now until the event may happen; 0 when it may now, `Infinity` when it never may. */
  readonly delay: number;
  /**
   * The event will not happen: gives back what was taken for it, as far as that has not been promised to later ones.
   *
   * When its time has passed the event counts as happened, and nothing is given back. Calling it twice is harmless.
   */
  cancel(): void;
}
