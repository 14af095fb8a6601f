/**
 * MultiLimiter, in virtual time.
 *
 * @module
 */
import {
  FixedWindow,
  LeakyBucket,
  Limiter,
  MultiLimiter,
  per,
  type RateLimiter,
  SlidingLog,
} from "../../src/rate/mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { settled } from "./waiting.ts";

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

function allowed(limiter: RateLimiter, count: number): number {
  return Array.from({ length: count }, () => limiter.allow()).filter(Boolean).length;
}

/** A limiter of a caller's own, which lets happen what it is told to. */
class Own implements RateLimiter {
  readonly limit: number;
  readonly log: string[] = [];
  isOpen = true;

  constructor(limit: number) {
    this.limit = limit;
  }

  allow(): boolean {
    this.log.push("allow");
    return this.isOpen;
  }

  wait({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    this.log.push("wait");
    return new Promise((resolve, reject) => {
      if (this.isOpen) resolve();
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  }
}

// ---- The examples of the seed

test("MultiLimiter.wait() lets 2 a second happen until 10 of the minute are used, then one in 6 s (001)", async () => {
  using time = virtualTime();
  using second = new Limiter(per(2, 1000), 1);
  using minute = new Limiter(per(10, 60_000), 10);
  const times = note(new MultiLimiter(second, minute), 13);
  await time.pass(60_000);
  assertEquals(times.slice(0, 10), [0, 500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500]);
  assertEquals(times.slice(10), [6000, 12_000, 18_000]);
});

test("MultiLimiter combines combinations: a call needs the service, and the disk or the network (001)", async () => {
  using time = virtualTime();
  const api = new MultiLimiter(new Limiter(per(2, 1000), 2), new Limiter(per(10, 60_000), 10));
  const disk = new MultiLimiter(new Limiter(1, 1));
  const network = new MultiLimiter(new Limiter(per(3, 1000), 3));
  const reads = note(new MultiLimiter(api, disk), 3);
  const resolves = note(new MultiLimiter(api, network), 2);
  await time.pass(60_000);
  // The disk lets one a second; the service two at once, and one each half second. Reads that wait for the disk hold up nobody.
  assertEquals([reads, resolves], [[0, 1000, 2000], [0, 500]]);
});

// ---- limit

test("MultiLimiter.limit is that of the strictest, as it is now", () => {
  using fast = new Limiter(10, 1);
  using slow = new Limiter(2, 1);
  const both = new MultiLimiter(fast, new FixedWindow(5, 1000), slow);
  assertStrictEquals(both.limit, 2);
  slow.setLimit(20);
  assertStrictEquals(both.limit, 5);
  assertStrictEquals(new MultiLimiter().limit, Infinity);
});

test("MultiLimiter.limiters has the limiters, the strictest first, those of combinations among them", () => {
  const [a, b, c] = [new Limiter(3, 1), new Limiter(1, 1), new SlidingLog(2, 1000)];
  assertEquals(new MultiLimiter(a, new MultiLimiter(b, c)).limiters, [b, c, a]);
});

test("MultiLimiter of nothing lets everything happen", async () => {
  const none = new MultiLimiter();
  assertStrictEquals(none.allow(), true);
  await none.wait();
});

// ---- allow

test("MultiLimiter.allow() takes from all or from none, whoever refuses", async () => {
  using time = virtualTime();
  const make: (() => RateLimiter)[] = [
    () => new Limiter(1, 3),
    () => new FixedWindow(3, 3000),
    () => new SlidingLog(3, 3000),
    () => new LeakyBucket(1, 3),
  ];
  for (const makeFirst of make) {
    for (const makeOther of make) {
      const [first, other] = [makeFirst(), makeOther()];
      const both = new MultiLimiter(first, other);
      assertStrictEquals(other.allow(), true);
      assertStrictEquals(allowed(both, 5), 2);
      // Three refusals later the first has still what it had.
      assertEquals([allowed(first, 5), allowed(other, 5)], [1, 0]);
      await time.pass(1e6);
      for (let i = 0; i < 3; i++) other.allow();
      assertStrictEquals(allowed(both, 5), 0);
      assertStrictEquals(allowed(first, 5), 3);
    }
  }
});

test("MultiLimiter.allow() returns a drop although others wait in the bucket", async () => {
  using time = virtualTime();
  using bucket = new LeakyBucket(1, 3);
  using none = new Limiter(2, 1);
  none.allow();
  const times = note(bucket, 2);
  assertStrictEquals(allowed(new MultiLimiter(bucket, none), 5), 0);
  assertStrictEquals(allowed(bucket, 5), 1);
  await time.pass(1000);
  assertEquals(times, [0, 1000]);
});

test("MultiLimiter.allow() takes two tokens of a limiter that it combines twice", () => {
  using _ = virtualTime();
  const limiter = new Limiter(1, 3);
  const twice = new MultiLimiter(limiter, limiter);
  assertEquals([twice.allow(), twice.allow(), limiter.allow()], [true, false, true]);
});

test("MultiLimiter.allow() takes from none when one of them is disposed", () => {
  using _ = virtualTime();
  const strict = new Limiter(1, 1);
  const gone = new Limiter(2, 1);
  const both = new MultiLimiter(strict, gone);
  gone[Symbol.dispose]();
  assertThrows(() => both.allow(), TypeError, "disposed");
  assertThrows(() => both.wait(), TypeError, "disposed");
  assertStrictEquals(strict.allow(), true);
});

// ---- wait

// It used to take all turns at the call. Those of the faster limiter had then passed when the slower one's came, and the third and
// fourth event happened together.
test("MultiLimiter.wait() keeps the limit of each when another holds events back", async () => {
  using time = virtualTime();
  using fast = new Limiter(10, 1);
  using log = new SlidingLog(2, 1000);
  const both = new MultiLimiter(fast, log);
  const times = note(both, 5);
  await time.pass(10_000);
  assertEquals(times, [0, 100, 1000, 1100, 2000]);
});

test("MultiLimiter.wait() that is given up returns its turns to all", async () => {
  using time = virtualTime();
  using plenty = new Limiter(0, 5);
  using slow = new Limiter(1, 1);
  using log = new SlidingLog(4, 1e6);
  using fixed = new FixedWindow(4, 1e6);
  using bucket = new LeakyBucket(0.001, 4);
  const all = new MultiLimiter(plenty, slow, log, fixed, bucket);
  assertStrictEquals(all.allow(), true);
  const abort = new AbortController();
  // By its turn in the bucket it would wait for a long time.
  const aborted = settled(all.wait(abort));
  await time.pass(500);
  abort.abort("stop");
  assertEquals([await aborted, time.timers], [{ reason: "stop" }, 0]);
  // Those who would have let it happen at once have it back as well.
  assertEquals([plenty, log, fixed, bucket].map((each) => allowed(each, 9)), [4, 3, 3, 3]);
  const times = note(slow, 1);
  await time.pass(500);
  assertEquals(times, [500]);
});

test("MultiLimiter.wait() that is given up returns a turn that has come already", async () => {
  using time = virtualTime();
  using minute = new Limiter(per(10, 60_000), 2);
  using second = new Limiter(1, 1);
  const both = new MultiLimiter(minute, second);
  assertEquals([both.allow(), second.allow()], [true, false]);
  const abort = new AbortController();
  const aborted = settled(both.wait(abort));
  await time.pass(999);
  assertStrictEquals(minute.allow(), false);
  abort.abort("stop");
  assertEquals(await aborted, { reason: "stop" });
  assertEquals([allowed(minute, 2), time.timers], [1, 0]);
});

test("MultiLimiter.wait() that is aborted between two turns returns the first and takes no second", async () => {
  using time = virtualTime();
  using strict = new Limiter(1, 1);
  using other = new Limiter(2, 1);
  const both = new MultiLimiter(strict, other);
  strict.allow();
  const abort = new AbortController();
  strict.wait().then(() => abort.abort("stop"));
  const aborted = settled(both.wait(abort));
  // The alarm comes late: it serves both, in this order, before either of them goes on.
  const { now } = performance;
  performance.now = () => now.call(performance) + 5000;
  await time.pass(1000);
  performance.now = now;
  assertEquals(await aborted, { reason: "stop" });
  assertStrictEquals(allowed(other, 2), 1);
});

test("MultiLimiter.wait() takes nothing when the signal is aborted already", async () => {
  using limiter = new Limiter(1, 1);
  const both = new MultiLimiter(limiter, new Limiter(2, 1));
  const reason = new Error("stop");
  const error = await assertRejects(() => both.wait({ signal: AbortSignal.abort(reason) }));
  assertEquals([error, limiter.allow()], [reason, true]);
});

test("MultiLimiter.wait() takes nothing when one of them refuses", async () => {
  using _ = virtualTime();
  using limiter = new Limiter(1, 1);
  using bucket = new LeakyBucket(10, 1);
  const both = new MultiLimiter(limiter, bucket);
  bucket.allow();
  await assertRejects(() => both.wait(), DOMException, "full");
  assertStrictEquals(limiter.allow(), true);
  const none = new MultiLimiter(new Limiter(1, 0));
  await assertRejects(() => none.wait(), RangeError, "burst is 0");
});

test("MultiLimiter goes on serving those who wait when all handles are disposed", async () => {
  using time = virtualTime();
  const limiter = new Limiter(1, 1);
  const multi = new MultiLimiter(limiter);
  const times = note(multi, 2);
  multi[Symbol.dispose]();
  limiter[Symbol.dispose]();
  assertThrows(() => multi.allow(), TypeError, "disposed MultiLimiter");
  await time.pass(1000);
  assertEquals(times, [0, 1000]);
});

// ---- Limiters of the caller's own

test("MultiLimiter.allow() asks a limiter of the caller's own last, and returns the others' when that refuses", () => {
  using _ = virtualTime();
  const own = new Own(0.5);
  const limiter = new Limiter(1, 2);
  const both = new MultiLimiter(own, limiter);
  assertEquals([both.limit, both.allow()], [0.5, true]);
  own.isOpen = false;
  assertEquals([both.allow(), limiter.allow(), both.allow()], [false, true, false]);
  // The third time there was no need to ask it.
  assertEquals(own.log, ["allow", "allow"]);
});

test("MultiLimiter.allow() returns what it took when a limiter of the caller's own throws", () => {
  using _ = virtualTime();
  const limiter = new Limiter(1, 1);
  const own = new Own(1);
  own.allow = () => {
    throw new Error("broken");
  };
  assertThrows(() => new MultiLimiter(limiter, own).allow(), Error, "broken");
  assertStrictEquals(limiter.allow(), true);
});

test("MultiLimiter.wait() waits for a limiter of the caller's own, too, and returns the others' when it is given up there", async () => {
  using time = virtualTime();
  const own = new Own(1);
  const limiter = new Limiter(1, 1);
  const both = new MultiLimiter(limiter, own);
  await both.wait();
  own.isOpen = false;
  const abort = new AbortController();
  const wait = settled(both.wait(abort));
  await time.pass(1500);
  assertEquals(own.log, ["wait", "wait"]);
  abort.abort("stop");
  assertEquals(await wait, { reason: "stop" });
  assert(limiter.allow());
});
