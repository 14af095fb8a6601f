import { clearAlarm, setAlarm } from "../../src/select/alarm.ts";
import { assertEquals, assertGreaterOrEqual, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** The longest delay that the engine's timers take. */
const LONGEST_MS = 2 ** 31 - 1;

/** A clock and timers that run only when they are told to, in the place of the engine's. */
class FakeTime implements Disposable {
  readonly #performanceNow = performance.now;
  readonly #setTimeout = globalThis.setTimeout;
  readonly #clearTimeout = globalThis.clearTimeout;
  /** Delays of the timers that were set, in order. */
  readonly delays: number[] = [];
  #now = 1000;
  #pending: { readonly id: number; readonly due: number; readonly run: () => void }[] = [];

  constructor() {
    performance.now = () => this.#now;
    globalThis.setTimeout = ((run: () => void, ms: number) => {
      const id = this.delays.push(ms);
      this.#pending.push({ id, due: this.#now + ms, run });
      return id;
    }) as never;
    globalThis.clearTimeout = ((id: number) => {
      this.#pending = this.#pending.filter((timer) => timer.id !== id);
    }) as never;
  }

  get now(): number {
    return this.#now;
  }

  get pending(): number {
    return this.#pending.length;
  }

  /** Lets the earliest timer fire, `earlyMs` before it is due. */
  fire(earlyMs: number = 0): void {
    const next = this.#pending.shift()!;
    this.#now = next.due - earlyMs;
    next.run();
  }

  [Symbol.dispose](): void {
    performance.now = this.#performanceNow;
    globalThis.setTimeout = this.#setTimeout;
    globalThis.clearTimeout = this.#clearTimeout;
  }
}

test("setAlarm() rings at its deadline", () => {
  using time = new FakeTime();
  const rung: number[] = [];
  setAlarm(1500, () => rung.push(time.now));
  time.fire();
  assertEquals([rung, time.pending], [[1500], 0]);
});

test("setAlarm() rings not before its deadline when the engine's timer is early", () => {
  using time = new FakeTime();
  const rung: number[] = [];
  setAlarm(1500, () => rung.push(time.now));
  time.fire(0.75);
  assertEquals(rung, []);
  time.fire();
  assertGreaterOrEqual(rung[0]!, 1500);
});

test("setAlarm() rings when the engine's timer is late", () => {
  using time = new FakeTime();
  let rings = 0;
  setAlarm(1500, () => rings++);
  time.fire(-5000);
  assertEquals([rings, time.pending], [1, 0]);
});

test("setAlarm() for a deadline that is over rings, though never within the call", () => {
  using time = new FakeTime();
  let rings = 0;
  setAlarm(10, () => rings++);
  assertStrictEquals(rings, 0);
  time.fire();
  assertEquals([rings, time.delays], [1, [0]]);
});

test("setAlarm() beyond 2^31 ms goes in legs that the engine takes", () => {
  using time = new FakeTime();
  let rings = 0;
  const deadline = 1000 + 2.5 * LONGEST_MS;
  setAlarm(deadline, () => rings++);
  time.fire();
  time.fire();
  assertStrictEquals(rings, 0);
  time.fire();
  assertStrictEquals(rings, 1);
  assertGreaterOrEqual(time.now, deadline);
  assertEquals(time.delays.slice(0, 2), [LONGEST_MS, LONGEST_MS]);
});

test("setAlarm() at Infinity goes on for ever in legs that the engine takes", () => {
  using time = new FakeTime();
  let rings = 0;
  setAlarm(Infinity, () => rings++);
  for (let leg = 0; leg < 5; leg++) time.fire();
  assertEquals([rings, time.pending, time.delays], [0, 1, new Array(6).fill(LONGEST_MS)]);
});

test("clearAlarm() takes an alarm back, in its first leg and in a later one", () => {
  using time = new FakeTime();
  let rings = 0;
  clearAlarm(setAlarm(1500, () => rings++));
  const long = setAlarm(1000 + 2 * LONGEST_MS, () => rings++);
  time.fire();
  clearAlarm(long);
  assertEquals([rings, time.pending], [0, 0]);
});

test("clearAlarm() is harmless when there is none, or it has rung", () => {
  using time = new FakeTime();
  clearAlarm(undefined);
  const alarm = setAlarm(1500, () => {});
  time.fire();
  clearAlarm(alarm);
  assertStrictEquals(time.pending, 0);
});
