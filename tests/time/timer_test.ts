/** Timer sources against a clock that stands still: what is exact about them. */
import { EMPTY } from "../../src/select/case.ts";
import { TimerSource } from "../../src/time/timer.ts";
import { assertEquals, assertInstanceOf, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** A clock that stands still in the place of `performance.now()`. */
class FakeClock implements Disposable {
  readonly #performanceNow = performance.now;
  now = 5000;

  constructor() {
    performance.now = () => this.now;
  }

  [Symbol.dispose](): void {
    performance.now = this.#performanceNow;
  }
}

test("TimerSource.poll() is empty until the deadline, and yields once at it", () => {
  using clock = new FakeClock();
  const source = new TimerSource(10, Infinity);
  const polls: unknown[] = [];
  for (const now of [5000, 5009.999, 5010, 5010, 9999]) {
    clock.now = now;
    polls.push(source.poll() !== EMPTY);
  }
  assertEquals(polls, [false, false, true, false, false]);
});

test("TimerSource.poll() yields a Date", () => {
  assertInstanceOf(new TimerSource(0, Infinity).poll(), Date);
});

test("TimerSource.poll() yields once a period", () => {
  using clock = new FakeClock();
  const source = new TimerSource(10, 10);
  const ticks: number[] = [];
  for (clock.now = 5000; clock.now < 5050; clock.now++) {
    if (source.poll() !== EMPTY) ticks.push(clock.now);
  }
  assertEquals(ticks, [5010, 5020, 5030, 5040]);
});

test("TimerSource.poll() drops the ticks that were missed, and keeps the rhythm", () => {
  using clock = new FakeClock();
  const source = new TimerSource(10, 10);
  clock.now = 5057;
  assertStrictEquals(source.poll() !== EMPTY, true);
  assertEquals([source.poll(), source.deadline], [EMPTY, 5060]);
});

test("TimerSource.poll() exactly at a tick that was missed takes that one", () => {
  using clock = new FakeClock();
  const source = new TimerSource(10, 10);
  clock.now = 5030;
  assertStrictEquals(source.poll() !== EMPTY, true);
  assertEquals([source.poll(), source.deadline], [EMPTY, 5040]);
});

test("TimerSource.poll() keeps a rhythm of fractions", () => {
  using clock = new FakeClock();
  const source = new TimerSource(0.5, 0.5);
  let ticks = 0;
  for (clock.now = 5000; clock.now < 5010; clock.now += 0.25) if (source.poll() !== EMPTY) ticks++;
  assertStrictEquals(ticks, 19);
});

test("TimerSource.restart() tells whether the value was still to be had", () => {
  using clock = new FakeClock();
  const source = new TimerSource(10, Infinity);
  const results = [source.restart(10, Infinity)];
  clock.now = 5020; // due and unread
  results.push(source.restart(10, Infinity));
  clock.now = 5030;
  source.poll(); // read
  results.push(source.restart(Infinity, Infinity), source.restart(10, Infinity));
  assertEquals(results, [true, true, false, false]);
});

test("TimerSource.restart() counts from now", () => {
  using clock = new FakeClock();
  const source = new TimerSource(10, Infinity);
  clock.now = 5007;
  source.restart(10, Infinity);
  assertStrictEquals(source.deadline, 5017);
});

test("TimerSource.restart() with Infinity stops it", () => {
  using clock = new FakeClock();
  const source = new TimerSource(10, 10);
  source.restart(Infinity, Infinity);
  clock.now = 1e15;
  assertStrictEquals(source.poll(), EMPTY);
});
