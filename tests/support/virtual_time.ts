/**
 * Time that passes when a test says so.
 *
 * @module
 */

// @ts-types="./fake_timers.d.ts"
import fakeTimers, { type InstalledClock } from "@sinonjs/fake-timers";

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

/** The longest time that a timer can be set for. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Turns of the event loop after each timer. One is not enough: a goroutine takes a turn by itself where its thread has been busy for
 * long, by a clock that goes on, and on a slow machine that may be at any operation.
 */
const TURNS = 20;

/** The engine's own, which is not replaced. */
const { setImmediate } = globalThis as unknown as { setImmediate(callback: () => void): void };

async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Lets `ms` milliseconds of `clock` pass, at most {@linkcode LONGEST_MS}, from timer to timer. */
async function passTo(clock: InstalledClock, ms: number): Promise<void> {
  const end = clock.now + ms;
  await settle();
  let others: number;
  do {
    // Ends what is due until then; and comes after what is due at that very time, but for what this sets in turn.
    others = -1;
    let isOver = false;
    setTimeout(() => isOver = true, end - clock.now);
    for (; !isOver; others++) {
      clock.next();
      await settle();
    }
  } while (others > 0);
}

/** Replaces the clock and the timers of this thread until it is disposed. */
export function virtualTime(): VirtualTime {
  const clock = fakeTimers.install({ now: Date.now(), toFake: FAKED });
  return {
    get timers() {
      return clock.countTimers();
    },
    pass: async (ms) => {
      for (let left = ms; left >= 0; left -= LONGEST_MS) {
        await passTo(clock, Math.min(left, LONGEST_MS));
      }
    },
    setDate: (ms) => clock.setSystemTime(ms),
    [Symbol.dispose]: () => clock.uninstall(),
  };
}
