/**
 * Limiters that several threads share.
 *
 * @module
 */
import { any, Channel, i32, Pool, Semaphore, struct, WaitGroup } from "../../mod.ts";
import {
  FixedWindow,
  fixedWindowOf,
  LeakyBucket,
  leakyBucketOf,
  Limiter,
  limiterOf,
  MultiLimiter,
  multiLimiterOf,
  type RateLimiter,
  SlidingLog,
  slidingLogOf,
} from "../../src/rate/mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import {
  allowMany,
  limitsOf,
  raise,
  reserveInVain,
  reserveMany,
  useForEver,
  waitAndDie,
  waitAndSend,
} from "../support/tasks_rate.ts";
import { echo } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { settled } from "./waiting.ts";

/** So long that nothing comes back while a test runs. */
const AGES_MS = 1e9;
const THREADS = 4;
const TOKENS = 1000;

/** Limiters that let `TOKENS` events happen and then no more. */
const makers: Readonly<Record<string, () => RateLimiter & Disposable>> = {
  "Limiter with a limit of 0": () => new Limiter(0, TOKENS),
  "Limiter with a small limit": () => new Limiter(1e-6, TOKENS),
  FixedWindow: () => new FixedWindow(TOKENS, AGES_MS),
  SlidingLog: () => new SlidingLog(TOKENS, AGES_MS),
  LeakyBucket: () => new LeakyBucket(1e-6, TOKENS),
  MultiLimiter: () => new MultiLimiter(new Limiter(0, 2 * TOKENS), new SlidingLog(TOKENS, AGES_MS)),
};

for (const [name, make] of Object.entries(makers)) {
  test(`${name} lets exactly its tokens happen when ${THREADS} threads want more`, async () => {
    await using pool = new Pool({ threads: THREADS });
    using limiter = make();
    using start = new WaitGroup();
    start.add(THREADS);
    const counts = await Promise.all(
      Array.from({ length: THREADS }, () => pool.go(allowMany, limiter, TOKENS, start)),
    );
    assertStrictEquals(counts.reduce((sum, each) => sum + each, 0), TOKENS);
    assertStrictEquals(limiter.allow(), false);
  });
}

test("MultiLimiter.allow() on threads loses no token of those who let happen what another refuses", async () => {
  await using pool = new Pool({ threads: 2 });
  using plenty = new Limiter(0, TOKENS);
  using strict = new SlidingLog(10, AGES_MS);
  const both = new MultiLimiter(plenty, strict);
  using start = new WaitGroup();
  start.add(2);
  const counts = await Promise.all(
    [1, 2].map(() => pool.go(allowMany, both, 5000, start)),
  );
  assertStrictEquals(counts[0]! + counts[1]!, 10);
  let left = 0;
  while (plenty.allow()) left++;
  assertStrictEquals(left, TOKENS - 10);
});

test("Limiter.reserve() gives each turn once, an interval apart, whatever thread asks", async () => {
  await using pool = new Pool({ threads: 2 });
  using limiter = new Limiter(0.001, 1);
  limiter.allow();
  using start = new WaitGroup();
  start.add(2);
  const turns = await Promise.all([1, 2].map(() => pool.go(reserveMany, limiter, 500, start)));
  for (const own of turns) {
    assert(own.every((turn, index) => index === 0 || turn > own[index - 1]!));
  }
  const all = turns.flat().sort((a, b) => a - b);
  // A million milliseconds each; what the clocks of threads differ by is far less than one.
  for (let index = 1; index < all.length; index++) {
    assert(Math.abs(all[index]! - all[index - 1]! - 1e6) < 100);
  }
});

test("Limiter.reserve() and cancel() on threads lose nothing but what was promised, and give nothing twice", async () => {
  await using pool = new Pool({ threads: 2 });
  using limiter = new Limiter(1e-6, 10);
  limiter.allowN(10);
  using start = new WaitGroup();
  start.add(2);
  await Promise.all([
    pool.go(reserveInVain, limiter, 2000, start),
    pool.go(allowMany, limiter, 2000, start),
  ]);
  // All were the last when they were cancelled: the next turn is the first again, within what was gained meanwhile.
  const { delay } = limiter.reserve();
  assert(delay > 1e9 - 60_000 && delay <= 1e9, `${delay} ms`);
});

test("Limiter.wait() on threads serves all, and the limit is for all together", async () => {
  await using pool = new Pool({ threads: 2 });
  using limiter = new Limiter(200, 1);
  using served = new Channel(i32, 100);
  const start = performance.now();
  await Promise.all([1, 2].map((name) => pool.go(waitAndSend, limiter, 20, name, served)));
  assert(performance.now() - start >= 39 * 5 - 1);
  assertStrictEquals(served.size, 40);
});

test("Limiter that is changed on one thread is changed on all", async () => {
  await using pool = new Pool({ threads: 1 });
  using limiter = new Limiter(0, 1);
  await pool.go(raise, limiter, 5, 7);
  assertEquals([limiter.limit, limiter.burst], [5, 7]);
});

test("Limiter.wait() on a thread that dies holds up nobody, and keeps its turn", async () => {
  await using pool = new Pool({ threads: 1 });
  using limiter = new Limiter(1e-6, 1);
  limiter.allow();
  using started = new Semaphore(1);
  await started.acquire();
  using end = new Channel(i32, 1);
  const crashed = settled(pool.go(waitAndDie, limiter, started, end).join());
  await started.acquire();
  end.close();
  await crashed;
  const { ok, delay } = limiter.reserve();
  // After the dead one's, which is a million seconds away.
  assertEquals([ok, delay > 1.9e9, limiter.allow()], [true, true, false]);
  limiter.setLimit(Infinity);
  await limiter.wait();
});

test("Limiter goes on when threads are ended in the middle of using it", async () => {
  using limiter = new Limiter(1, 1);
  using started = new Semaphore(2);
  for (let round = 0; round < 2; round++) {
    await started.acquire(2);
    const pool = new Pool({ threads: 2 });
    const ends = [1, 2].map(() => settled(pool.go(useForEver, limiter, started).join()));
    await started.acquire(2);
    await pool.terminate();
    for (const end of await Promise.all(ends)) assert("reason" in end);
    started.release(2);
    // Whoever held the lock of its words for ever would hold this up.
    limiter.setLimit(round + 2);
    assertStrictEquals(limiter.limit, round + 2);
  }
});

test("A limiter comes back from a thread as itself", async () => {
  await using pool = new Pool({ threads: 1 });
  const all = [
    new Limiter(1, 1),
    new FixedWindow(1, 1),
    new SlidingLog(1, 1),
    new LeakyBucket(1, 1),
    new MultiLimiter(new Limiter(1, 1)),
  ];
  const back = await pool.go(echo, all) as unknown[];
  for (const [index, each] of all.entries()) assertStrictEquals(back[index], each);
  // An inline function: nothing on its thread has asked for this module.
  const classes = await pool.go(
    (...limiters) => limiters.map((each) => each.constructor.name),
    ...all,
  );
  assertEquals(classes, all.map((each) => each.constructor.name));
});

test("MultiLimiter arrives over the same limiters, nested ones included", async () => {
  await using pool = new Pool({ threads: 1 });
  using strict = new Limiter(0, 3);
  const multi = new MultiLimiter(new FixedWindow(10, 1000), new MultiLimiter(strict));
  assertEquals(await pool.go(limitsOf, multi), [0, 10]);
  using start = new WaitGroup();
  start.add(1);
  assertStrictEquals(await pool.go(allowMany, multi, 2, start), 2);
  assertEquals([strict.allow(), strict.allow()], [true, false]);
});

test("MultiLimiter arrives although the limiters it was made of are disposed where it came from", async () => {
  using channel = new Channel(any<MultiLimiter>(), 1);
  const limiter = new Limiter(0, 2);
  const multi = new MultiLimiter(limiter);
  channel.trySend(multi);
  multi[Symbol.dispose]();
  limiter[Symbol.dispose]();
  const other = (await channel.receive())!;
  assertEquals([other.allow(), other.allow(), other.allow()], [true, true, false]);
});

test("MultiLimiter with a limiter of the caller's own cannot be sent, and says why", async () => {
  await using pool = new Pool({ threads: 1 });
  const own: RateLimiter = { limit: 1, allow: () => true, wait: () => Promise.resolve() };
  const multi = new MultiLimiter(new Limiter(1, 1), own);
  await assertRejects(
    async () => await pool.go(echo, multi),
    TypeError,
    "a limiter of the caller's own",
  );
});

const elements = [
  { name: "limiterOf", type: limiterOf, make: () => new Limiter(1, 1) },
  { name: "fixedWindowOf", type: fixedWindowOf, make: () => new FixedWindow(1, 1) },
  { name: "slidingLogOf", type: slidingLogOf, make: () => new SlidingLog(1, 1) },
  { name: "leakyBucketOf", type: leakyBucketOf, make: () => new LeakyBucket(1, 1) },
  { name: "multiLimiterOf", type: multiLimiterOf, make: () => new MultiLimiter(new Limiter(1, 1)) },
] as const;

for (const [index, { name, type, make }] of elements.entries()) {
  test(`${name} carries the limiter that was sent, and no other kind`, () => {
    using channel = new Channel(struct({ limiter: type as typeof limiterOf }), 1);
    const limiter = make() as Limiter;
    channel.trySend({ limiter });
    const got = channel.tryReceive();
    assert(got.state === "ok");
    assertStrictEquals(got.value.limiter, limiter);
    const wrong = elements[(index + 1) % elements.length]!.make() as Limiter;
    const error = assertThrows(() => channel.trySend({ limiter: wrong }), TypeError);
    assertInstanceOf(error, TypeError);
  });
}
