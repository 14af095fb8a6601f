/**
 * Time that passes when a test says so.
 *
 * @module
 */

// @ts-types="./fake_timers.d.ts"
import fakeTimers from "@sinonjs/fake-timers";

/** A clock that stands still until it is told to go on. */
export interface VirtualTime extends Disposable {
  /** How many timers are set. */
  readonly timers: number;
  /** Lets `ms` milliseconds pass; what was waiting for them has gone on when this resolves. */
  pass(ms: number): Promise<void>;
  /** Sets the wall clock, as a person may: `Date` jumps to `ms`, and nothing else changes. */
  setDate(ms: number): void;
}

/** What is replaced; not the ways to come back in the same turn. */
const FAKED: readonly string[] = [
  "Date",
  "clearInterval",
  "clearTimeout",
  "performance",
  "setInterval",
  "setTimeout",
];

/** Replaces the clock and the timers of this thread until it is disposed. */
export function virtualTime(): VirtualTime {
  const clock = fakeTimers.install({ now: Date.now(), toFake: FAKED });
  return {
    get timers() {
      return clock.countTimers();
    },
    pass: async (ms) => {
      await clock.tickAsync(ms);
    },
    setDate: (ms) => clock.setSystemTime(ms),
    [Symbol.dispose]: () => clock.uninstall(),
  };
}
