/** The offset between the two clocks, with clocks that the test sets. */
import { Calendar } from "../../src/internal/clock.ts";
import { assert, assertEquals, assertGreaterOrEqual, assertLess } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Both clocks in the test's hand; one is read after the other, and whatever `between` says happens in between. */
class Clocks implements Disposable {
  readonly calendar = new Calendar();
  readonly #dateNow = Date.now;
  readonly #performanceNow = performance.now;
  /** True time in milliseconds since the test began, with fractions. */
  ms = 0;
  /** What the wall clock shows at 0, with fractions that `Date.now()` leaves out. */
  wallMs = 1e12;
  /** How much time goes by with each reading of a clock. */
  between: () => number = () => 0;

  constructor() {
    Date.now = () => {
      this.ms += this.between();
      return Math.floor(this.wallMs + this.ms);
    };
    performance.now = () => {
      this.ms += this.between();
      return 5000 + this.ms;
    };
  }

  /** How much too late the calendar says that the date comes which is `ms` from the start. */
  lateness(ms: number): number {
    return this.calendar.timeOf(1e12 + ms) - 5000 - (1e12 + ms - this.wallMs);
  }

  [Symbol.dispose](): void {
    Date.now = this.#dateNow;
    performance.now = this.#performanceNow;
  }
}

test("Calendar.timeOf() is never early, and less than 2 ms late, whatever fractions Date.now() leaves out", () => {
  for (let fraction = 0; fraction < 1; fraction += 0.125) {
    using clocks = new Clocks();
    clocks.wallMs += fraction;
    for (let i = 0; i < 50; i++) {
      clocks.ms += 0.37;
      assertGreaterOrEqual(clocks.lateness(1e6), 0);
      assertLess(clocks.lateness(1e6), 2);
    }
  }
});

test("Calendar.timeOf() gives the same for the same date, and keeps the order of dates, at whatever time it is asked", () => {
  using clocks = new Clocks();
  clocks.wallMs += 0.3;
  const first = clocks.calendar.timeOf(1e12);
  for (let i = 0; i < 1000; i++) {
    clocks.ms += 0.123;
    assertEquals([clocks.calendar.timeOf(1e12), clocks.calendar.timeOf(1e12 + 1)], [
      first,
      first + 1,
    ]);
  }
});

test("Calendar.timeOf() takes a thread that was held up between two readings for no change of the clock", () => {
  using clocks = new Clocks();
  const first = clocks.calendar.timeOf(1e12);
  let readings = 0;
  clocks.between = () => readings++ % 7 === 1 ? 30 : 0.01;
  for (let i = 0; i < 100; i++) assertEquals(clocks.calendar.timeOf(1e12), first);
  assert(readings > 200);
});

test("Calendar.timeOf() follows a clock that is set, forward and back", () => {
  using clocks = new Clocks();
  clocks.calendar.timeOf(1e12);
  for (const jumpMs of [3, 3_600_000, -7_200_000]) {
    clocks.wallMs += jumpMs;
    assertGreaterOrEqual(clocks.lateness(0), 0);
    assertLess(clocks.lateness(0), 2);
  }
});

test("Calendar.timeOf() returns although a clock goes on with every reading", () => {
  using clocks = new Clocks();
  clocks.between = () => 5;
  assertLess(Math.abs(clocks.lateness(0)), 200);
});
