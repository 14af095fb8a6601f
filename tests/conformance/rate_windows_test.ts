/**
 * FixedWindow, SlidingLog and LeakyBucket, in virtual time.
 *
 * @module
 */
import { FixedWindow, LeakyBucket, type RateLimiter, SlidingLog } from "../../src/rate/mod.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { seeded, settled } from "./waiting.ts";

/** How many of `count` events are allowed now. */
function allowed(limiter: RateLimiter, count: number): number {
  return Array.from({ length: count }, () => limiter.allow()).filter(Boolean).length;
}

/** Notes when each of `count` waits ends. */
function note(
  limiter: RateLimiter,
  count: number,
  times: number[] = [],
  start = performance.now(),
): number[] {
  for (let index = 0; index < count; index++) {
    limiter.wait().then(() => times.push(performance.now() - start));
  }
  return times;
}

// ---- FixedWindow

test("FixedWindow.allow() lets its count happen in each window", async () => {
  using time = virtualTime();
  using fixed = new FixedWindow(3, 1000);
  assertStrictEquals(fixed.limit, 3);
  assertStrictEquals(allowed(fixed, 5), 3);
  await time.pass(999);
  assertStrictEquals(allowed(fixed, 5), 0);
  await time.pass(1);
  assertStrictEquals(allowed(fixed, 5), 3);
});

test("FixedWindow counts windows from its construction", async () => {
  using time = virtualTime();
  await time.pass(700);
  using fixed = new FixedWindow(1, 1000);
  await time.pass(900);
  assertStrictEquals(allowed(fixed, 2), 1);
  await time.pass(100);
  assertStrictEquals(allowed(fixed, 2), 1);
});

test("FixedWindow.allow() lets twice its count happen around the end of a window (its known weakness)", async () => {
  using time = virtualTime();
  using fixed = new FixedWindow(5, 1000);
  await time.pass(999);
  const before = allowed(fixed, 9);
  await time.pass(1);
  assertEquals([before, allowed(fixed, 9)], [5, 5]);
});

test("FixedWindow keeps nothing of the windows in which nothing happened", async () => {
  using time = virtualTime();
  using fixed = new FixedWindow(2, 1000);
  await time.pass(10_500);
  assertStrictEquals(allowed(fixed, 9), 2);
});

test("FixedWindow.wait() fills the windows in order", async () => {
  using time = virtualTime();
  using fixed = new FixedWindow(2, 1000);
  await time.pass(400);
  const times = note(fixed, 5);
  await time.pass(0);
  assertStrictEquals(fixed.allow(), false);
  await time.pass(3000);
  assertEquals(times, [0, 0, 600, 600, 1600]);
});

test("FixedWindow.wait() that is aborted gives its place back", async () => {
  using time = virtualTime();
  using fixed = new FixedWindow(1, 1000);
  const aborts = Array.from({ length: 3 }, () => new AbortController());
  fixed.allow();
  const waits = aborts.map((abort) => settled(fixed.wait(abort)));
  // In reverse: each was the last, and leaves its window empty.
  for (const abort of aborts.reverse()) abort.abort("stop");
  assertEquals(await Promise.all(waits), aborts.map(() => ({ reason: "stop" })));
  assertStrictEquals(time.timers, 0);
  const times = note(fixed, 2);
  await time.pass(3000);
  assertEquals(times, [1000, 2000]);
});

test("FixedWindow.wait() that is aborted leaves later windows to those who have them", async () => {
  using time = virtualTime();
  using fixed = new FixedWindow(1, 1000);
  fixed.allow();
  const abort = new AbortController();
  const aborted = settled(fixed.wait(abort));
  const times = note(fixed, 1);
  abort.abort();
  await aborted;
  note(fixed, 1, times, 0);
  await time.pass(5000);
  assertEquals(times, [2000, 3000]);
});

// ---- SlidingLog

test("SlidingLog.allow() lets its count happen in any window, wherever that begins", async () => {
  using time = virtualTime();
  using log = new SlidingLog(3, 1000);
  assertStrictEquals(log.limit, 3);
  await time.pass(900);
  assertStrictEquals(allowed(log, 5), 3);
  // Where a fixed window would let three more happen.
  await time.pass(100);
  assertStrictEquals(allowed(log, 5), 0);
  await time.pass(900);
  assertStrictEquals(allowed(log, 5), 3);
});

test("SlidingLog.allow() does not count what it refuses", async () => {
  using time = virtualTime();
  using log = new SlidingLog(1, 1000);
  assertStrictEquals(log.allow(), true);
  for (let i = 1; i < 1000; i++) {
    await time.pass(1);
    assertStrictEquals(log.allow(), false);
  }
  await time.pass(1);
  assertStrictEquals(log.allow(), true);
});

for (let seed = 1; seed <= 10; seed++) {
  test(`SlidingLog.allow() does as a list of all events when calls are random (seed ${seed})`, async () => {
    using time = virtualTime();
    const random = seeded(seed);
    const count = 1 + random(5);
    const windowMs = 10 + random(90);
    using log = new SlidingLog(count, windowMs);
    const events: number[] = [];
    for (let step = 0; step < 400; step++) {
      if (random(2) === 0) await time.pass(random(30));
      const now = performance.now();
      const isFree = events.filter((each) => each > now - windowMs).length < count;
      if (isFree) events.push(now);
      assertStrictEquals(log.allow(), isFree, `step ${step}, ${now} ms`);
    }
  });

  test(`SlidingLog.wait() never lets more than its count happen when waits are aborted at random (seed ${seed})`, async () => {
    using time = virtualTime();
    const random = seeded(seed);
    const count = 1 + random(4);
    using log = new SlidingLog(count, 100);
    const events: number[] = [];
    const open: AbortController[] = [];
    const waits: Promise<void>[] = [];
    for (let step = 0; step < 200; step++) {
      const abort = new AbortController();
      const happen = () => void events.push(performance.now());
      switch (random(5)) {
        case 0:
          await time.pass(random(100));
          break;
        case 1:
          if (log.allow()) happen();
          break;
        case 2:
          open.splice(random(open.length), 1)[0]?.abort();
          break;
        default:
          open.push(abort);
          waits.push(log.wait(abort).then(happen, () => {}));
      }
    }
    await time.pass(100_000);
    await Promise.all(waits);
    assert(events.length > count);
    for (const end of events) {
      const within = events.filter((each) => each > end - 100 && each <= end).length;
      assert(within <= count, `${within} of ${count} before ${end}`);
    }
    // Nothing stays taken.
    assertStrictEquals(allowed(log, 9), count);
  });
}

test("SlidingLog.wait() comes a window after the oldest", async () => {
  using time = virtualTime();
  using log = new SlidingLog(2, 1000);
  log.allow();
  await time.pass(300);
  log.allow();
  const times = note(log, 4);
  await time.pass(5000);
  assertEquals(times, [700, 1000, 1700, 2000]);
});

test("SlidingLog.wait() that is aborted as the last leaves the log as it was", async () => {
  using time = virtualTime();
  using log = new SlidingLog(2, 1000);
  log.allow();
  await time.pass(900);
  log.allow();
  const abort = new AbortController();
  const aborted = settled(log.wait(abort));
  abort.abort("stop");
  assertEquals([await aborted, time.timers], [{ reason: "stop" }, 0]);
  const times = note(log, 2);
  await time.pass(5000);
  assertEquals(times, [100, 1000]);
});

test("SlidingLog.wait() that is aborted before others leaves a free place", async () => {
  using time = virtualTime();
  using log = new SlidingLog(2, 1000);
  allowed(log, 2);
  const abort = new AbortController();
  const aborted = settled(log.wait(abort));
  const times = note(log, 1);
  abort.abort();
  await aborted;
  await time.pass(1000);
  assertEquals(times, [1000]);
  // One has happened at 1000, and the place of the other is free, then a third would be too much.
  assertStrictEquals(allowed(log, 3), 1);
});

test("SlidingLog with a large count takes no longer than a small one, and forgets nothing", async () => {
  using time = virtualTime();
  using log = new SlidingLog(100_000, 1000);
  assertStrictEquals(allowed(log, 100_001), 100_000);
  await time.pass(1000);
  assertStrictEquals(allowed(log, 100_001), 100_000);
});

// ---- LeakyBucket

test("LeakyBucket.allow() is a meter: it lets in what fits", async () => {
  using time = virtualTime();
  using bucket = new LeakyBucket(2, 3);
  assertStrictEquals(bucket.limit, 2);
  assertStrictEquals(allowed(bucket, 5), 3);
  await time.pass(499);
  assertStrictEquals(bucket.allow(), false);
  await time.pass(1);
  assertStrictEquals(allowed(bucket, 5), 1);
  await time.pass(1e6);
  assertStrictEquals(allowed(bucket, 5), 3);
});

test("LeakyBucket.wait() is a queue that leaves at a fixed pace, however it arrives", async () => {
  using time = virtualTime();
  using bucket = new LeakyBucket(10, 4);
  const times = note(bucket, 3);
  await time.pass(150);
  note(bucket, 1, times, 0);
  await time.pass(1000);
  note(bucket, 2, times, 0);
  await time.pass(1000);
  assertEquals(times, [0, 100, 200, 300, 1150, 1250]);
});

test("LeakyBucket.wait() rejects when the bucket is full", async () => {
  using time = virtualTime();
  using bucket = new LeakyBucket(10, 3);
  const times = note(bucket, 3);
  const error = await assertRejects(() => bucket.wait(), DOMException, "capacity is 3");
  assertStrictEquals(error.name, "QuotaExceededError");
  await time.pass(99);
  await assertRejects(() => bucket.wait(), DOMException);
  await time.pass(1);
  note(bucket, 1, times, 0);
  await time.pass(1000);
  assertEquals(times, [0, 100, 200, 300]);
});

test("LeakyBucket.wait() and allow() share the water", async () => {
  using time = virtualTime();
  using bucket = new LeakyBucket(1, 3);
  assertStrictEquals(allowed(bucket, 2), 2);
  const times = note(bucket, 1);
  assertStrictEquals(bucket.allow(), false);
  await time.pass(3000);
  assertEquals(times, [2000]);
});

test("LeakyBucket.wait() that is aborted takes its drop out", async () => {
  using time = virtualTime();
  using bucket = new LeakyBucket(1, 2);
  bucket.allow();
  const abort = new AbortController();
  const aborted = settled(bucket.wait(abort));
  await assertRejects(() => bucket.wait(), DOMException);
  abort.abort("stop");
  assertEquals([await aborted, time.timers], [{ reason: "stop" }, 0]);
  const times = note(bucket, 1);
  await time.pass(5000);
  assertEquals(times, [1000]);
});

// The meter used to count as the latest turn, however many waited for later ones: these then gave back what others had been promised.
test("LeakyBucket.wait() keeps its pace when waits are aborted after the meter has let a drop in", async () => {
  using time = virtualTime();
  using bucket = new LeakyBucket(1, 9);
  const aborts = [1, 2].map(() => new AbortController());
  const times = note(bucket, 1);
  const aborted = aborts.map((abort) => settled(bucket.wait(abort)));
  note(bucket, 1, times);
  assertStrictEquals(bucket.allow(), true);
  for (const abort of aborts) abort.abort();
  await Promise.all(aborted);
  note(bucket, 1, times);
  await time.pass(20_000);
  assertEquals(times, [0, 3000, 5000]);
});

for (let seed = 1; seed <= 10; seed++) {
  test(`LeakyBucket.wait() never comes closer than its pace when waits are aborted at random (seed ${seed})`, async () => {
    using time = virtualTime();
    const random = seeded(seed);
    using bucket = new LeakyBucket(100, 8);
    const events: number[] = [];
    const open: AbortController[] = [];
    for (let step = 0; step < 300; step++) {
      const abort = new AbortController();
      switch (random(6)) {
        case 0:
          await time.pass(random(40));
          break;
        case 1:
          bucket.allow();
          break;
        case 2:
          open.splice(random(open.length), 1)[0]?.abort();
          break;
        default:
          open.push(abort);
          bucket.wait(abort).then(() => void events.push(performance.now()), () => {});
      }
    }
    await time.pass(1000);
    assert(events.length > 20);
    events.reduce((before, event) => {
      assert(event - before >= 10, `${before} ms, ${event} ms`);
      return event;
    });
    assertStrictEquals(allowed(bucket, 9), 8);
  });
}

test("LeakyBucket without a limit is always empty, with a limit of 0 never again", async () => {
  using time = virtualTime();
  using free = new LeakyBucket(Infinity, 1);
  assertStrictEquals(allowed(free, 5), 5);
  await free.wait();
  using stuck = new LeakyBucket(0, 2);
  await stuck.wait();
  const abort = new AbortController();
  const wait = settled(stuck.wait(abort));
  await time.pass(1e9);
  abort.abort("stop");
  assertEquals(await wait, { reason: "stop" });
  assertEquals([stuck.allow(), stuck.allow()], [true, false]);
  await assertRejects(() => stuck.wait(), DOMException, "full");
});

// ---- All of them

const makers: Readonly<Record<string, () => RateLimiter & Disposable>> = {
  FixedWindow: () => new FixedWindow(1, 1000),
  SlidingLog: () => new SlidingLog(1, 1000),
  LeakyBucket: () => new LeakyBucket(1, 3),
};

for (const [name, make] of Object.entries(makers)) {
  test(`${name}.wait() rejects with the reason when the signal is aborted already, and counts nothing`, async () => {
    using limiter = make();
    const reason = new Error("stop");
    const error = await assertRejects(() => limiter.wait({ signal: AbortSignal.abort(reason) }));
    assertStrictEquals(error, reason);
    assertStrictEquals(limiter.allow(), true);
  });

  test(`${name} lets nothing happen twice when the clock is set back`, async () => {
    using time = virtualTime();
    using limiter = make();
    await time.pass(10_000);
    const before = allowed(limiter, 9);
    const { now } = performance;
    performance.now = () => now.call(performance) - 5000;
    const back = allowed(limiter, 9);
    performance.now = now;
    assert(before > 0);
    assertEquals([back, allowed(limiter, 9)], [0, 0]);
  });

  test(`${name} goes on serving those who wait when its handle is disposed`, async () => {
    using time = virtualTime();
    const limiter = make();
    const times = note(limiter, 2);
    limiter[Symbol.dispose]();
    limiter[Symbol.dispose]();
    await time.pass(1000);
    assertEquals(times, [0, 1000]);
  });
}
