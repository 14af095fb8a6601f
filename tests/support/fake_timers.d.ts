/**
 * Types of `@sinonjs/fake-timers`, which is plain JavaScript: what the tests use of it.
 */

/** A clock in the place of the engine's: `Date`, `performance.now`, and timers. */
export interface InstalledClock {
  /** What time it is, as `Date.now()` counts. */
  readonly now: number;
  /** How many timers are set. */
  countTimers(): number;
  /** Lets the time pass until the next timer is due, and calls that. */
  next(): number;
  /** Sets what `Date.now()` shows, and nothing else. */
  setSystemTime(now: number): void;
  /** Puts the engine's own clock back. */
  uninstall(): void;
}

/** Which parts to replace, and the time to begin with. */
export interface Config {
  readonly now?: number;
  readonly toFake?: readonly string[];
}

declare const fakeTimers: { install(config?: Config): InstalledClock };
export default fakeTimers;
