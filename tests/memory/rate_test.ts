/** Limiters give back what they take. */
import { any, Channel, Pool } from "../../mod.ts";
import {
  FixedWindow,
  LeakyBucket,
  Limiter,
  MultiLimiter,
  type RateLimiter,
  SlidingLog,
} from "../../src/rate/mod.ts";
import { core, memoryUse } from "../../src/memory/core.ts";
import { type Shareable, shared } from "../../src/memory/handle.ts";
import { OBJECT_REFERENCES } from "../../src/memory/layout.ts";
import { settled } from "../conformance/waiting.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { collect, collectUntil } from "../support/collect.ts";
import { echo } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

const makers: Readonly<Record<string, () => RateLimiter & Disposable>> = {
  Limiter: () => new Limiter(1, 1),
  FixedWindow: () => new FixedWindow(1, 1000),
  SlidingLog: () => new SlidingLog(50, 1000),
  LeakyBucket: () => new LeakyBucket(1, 5),
};

/** Makes one, uses it, and drops it. A function of its own: the frame of one that awaits would keep the last alive. */
function useOne(make: () => RateLimiter & Disposable, isDisposed: boolean): void {
  const limiter = make();
  limiter.allow();
  if (isDisposed) limiter[Symbol.dispose]();
}

function references(handle: Shareable): number {
  return core().readU32(handle[shared] as number + OBJECT_REFERENCES);
}

for (const [name, make] of Object.entries(makers)) {
  test(`${name} leaves memory flat when 100,000 are made, used and disposed`, () => {
    useOne(make, true);
    const before = memoryUse();
    for (let i = 0; i < 100_000; i++) useOne(make, true);
    assertEquals(memoryUse(), before);
  });

  test(`${name} gives its memory back when it is dropped and not disposed`, async () => {
    for (let round = 0; round < 3; round++) await collect();
    const before = memoryUse().liveBytes;
    for (let i = 0; i < 1000; i++) useOne(make, false);
    assert(memoryUse().liveBytes > before);
    await collectUntil(() => memoryUse().liveBytes <= before);
    assertStrictEquals(memoryUse().liveBytes, before);
  });

  test(`${name}.wait() leaves neither memory nor a timer when it ends, is aborted, or outlives the handle`, async () => {
    using time = virtualTime();
    const before = memoryUse().liveBytes;
    for (let round = 0; round < 100; round++) {
      const limiter = make();
      const abort = new AbortController();
      const kept = [limiter.wait(), limiter.wait()];
      const aborted = [1, 2].map(() => settled(limiter.wait(abort)));
      limiter[Symbol.dispose]();
      abort.abort();
      await Promise.all(aborted);
      await time.pass(5000);
      await Promise.all(kept);
      assertEquals([memoryUse().liveBytes, time.timers], [before, 0]);
    }
  });
}

test("Limiter.reserve() leaves memory flat when reservations are dropped", () => {
  using limiter = new Limiter(1, 1);
  const before = memoryUse().liveBytes;
  for (let i = 0; i < 10_000; i++) limiter.reserve();
  assertStrictEquals(memoryUse().liveBytes, before);
});

test("A reservation keeps its limiter, and may be cancelled after the dispose of its handle", async () => {
  const limiter = new Limiter(1, 1);
  limiter.allow();
  const reservation = limiter.reserve();
  const wait = settled(limiter.wait({ signal: AbortSignal.timeout(1) }));
  limiter[Symbol.dispose]();
  reservation.cancel();
  await wait;
  const before = memoryUse().liveBytes;
  reservation.cancel();
  assertStrictEquals(memoryUse().liveBytes, before);
});

test("MultiLimiter takes no shared memory until it is sent, and returns it", async () => {
  using limiter = new Limiter(1, 1);
  const before = memoryUse().liveBytes;
  const multi = new MultiLimiter(limiter, limiter);
  multi.allow();
  assertStrictEquals(memoryUse().liveBytes, before);
  using channel = new Channel(any<MultiLimiter>(), 1);
  const withChannel = memoryUse().liveBytes;
  channel.trySend(multi);
  assertStrictEquals(references(limiter), 3);
  assertStrictEquals(await channel.receive(), multi);
  multi[Symbol.dispose]();
  multi[Symbol.dispose]();
  assertEquals([references(limiter), memoryUse().liveBytes], [1, withChannel]);
});

test("MultiLimiter that goes by a message alone keeps its limiters, and lets them go", async () => {
  using channel = new Channel(any<MultiLimiter>(), 1);
  const before = memoryUse().liveBytes;
  const send = () => {
    using limiter = new Limiter(0, 1);
    using multi = new MultiLimiter(limiter, new MultiLimiter(limiter));
    channel.trySend(multi);
  };
  for (let round = 0; round < 100; round++) {
    send();
    const multi = (await channel.receive())!;
    const [limiter] = multi.limiters as Limiter[];
    assertStrictEquals(references(limiter!), 3);
    multi[Symbol.dispose]();
    limiter![Symbol.dispose]();
  }
  assertStrictEquals(memoryUse().liveBytes, before);
});

test("Limiters give their memory back when threads and messages have had them", async () => {
  await using pool = new Pool({ threads: 1 });
  await pool.go(echo, 1);
  const pass = async () => {
    const limiter = new Limiter(1, 1);
    const all = [
      ...Object.values(makers).map((make) => make()),
      limiter,
      new MultiLimiter(limiter),
    ];
    assertStrictEquals((await pool.go(echo, all) as unknown[]).length, all.length);
    for (const each of all) each[Symbol.dispose]();
  };
  await pass();
  const before = memoryUse().liveBytes;
  await pass();
  // The thread gives up its handles when its collector has noticed, or when it ends.
  await pool.close();
  assert(memoryUse().liveBytes <= before);
});
