/** Barriers, onces and atomic values give back what they take. */
import {
  any,
  AtomicBool,
  AtomicI32,
  AtomicI64,
  AtomicU32,
  Channel,
  CyclicBarrier,
  Once,
  Pool,
  Semaphore,
} from "../../mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
import { agent } from "../../src/park/agent.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { collect, collectUntil } from "../support/collect.ts";
import { echo } from "../support/tasks.ts";
import { test } from "../support/test.ts";

/** Bytes of shared memory and waits that `body` leaves, and by how much it makes memory grow once it has run before. */
async function leftBy(body: () => void | Promise<void>): Promise<unknown> {
  await body();
  const before = memoryUse();
  const { waiting } = agent();
  await body();
  const after = memoryUse();
  return {
    liveBytes: after.liveBytes - before.liveBytes,
    reservedBytes: after.reservedBytes - before.reservedBytes,
    waiting: agent().waiting - waiting,
  };
}

const FLAT = { liveBytes: 0, reservedBytes: 0, waiting: 0 };

test("CyclicBarrier leaves memory flat when 100,000 are made, used and disposed", async () => {
  const left = await leftBy(async () => {
    for (let i = 0; i < 100_000; i++) {
      using barrier = new CyclicBarrier(2);
      if (i % 10 === 0) await Promise.all([barrier.wait(), barrier.wait()]);
    }
  });
  assertEquals(left, FLAT);
});

test("Once leaves memory flat when 100,000 are made, used and disposed", async () => {
  const left = await leftBy(async () => {
    for (let i = 0; i < 100_000; i++) {
      using once = new Once();
      if (i % 10 !== 0) once.doSync(() => i);
      else await Promise.all([once.do(() => Promise.resolve(i)), once.do(() => {})]);
    }
  });
  assertEquals(left, FLAT);
});

test("Atomic values leave memory flat when 100,000 of each are made, used and disposed", async () => {
  const left = await leftBy(() => {
    for (let i = 0; i < 100_000; i++) {
      using signed = new AtomicI32(i);
      using unsigned = new AtomicU32(i);
      using long = new AtomicI64(1n);
      using flag = new AtomicBool(true);
      signed.add(1);
      unsigned.add(1);
      long.add(1n);
      flag.swap(false);
    }
  });
  assertEquals(left, FLAT);
});

test("Primitives leave memory flat when waits end, are aborted, break or are moved by a resize", async () => {
  const left = await leftBy(async () => {
    using barrier = new CyclicBarrier(3);
    using semaphore = new Semaphore(1);
    for (let i = 0; i < 1000; i++) {
      const controller = new AbortController();
      const waits = [barrier.wait(), barrier.wait(controller)];
      semaphore.resize(1);
      semaphore.acquireSync();
      const units = [
        semaphore.acquire(1),
        semaphore.acquire(2),
        semaphore.acquire(2, controller),
        semaphore.acquire(2 ** 40, controller),
      ];
      controller.abort();
      await Promise.allSettled(waits);
      barrier.reset();
      if (i % 2 === 0) {
        const others = [barrier.wait(), barrier.wait()];
        barrier.reset();
        await Promise.allSettled(others);
      }
      semaphore.resize(2);
      semaphore.resize(0);
      semaphore.resize(4);
      await Promise.allSettled(units);
      semaphore.release(4);
    }
  });
  assertEquals(left, FLAT);
});

test("Primitives give their memory back when they are dropped and not disposed", async () => {
  for (let round = 0; round < 3; round++) await collect();
  const before = memoryUse().liveBytes;
  (() => {
    for (let i = 0; i < 1000; i++) {
      new CyclicBarrier(2);
      new Once().doSync(() => {});
      new AtomicI32(1);
      new AtomicBool();
    }
  })();
  assert(memoryUse().liveBytes > before);
  await collectUntil(() => memoryUse().liveBytes <= before);
  assertEquals(memoryUse().liveBytes, before);
});

test("Primitives give their memory back when threads and messages have had them", async () => {
  await using pool = new Pool({ threads: 1 });
  await pool.go(echo, 1);
  const make = () => [
    new CyclicBarrier(2),
    new Once(),
    new AtomicI32(1),
    new AtomicU32(1),
    new AtomicI64(1n),
    new AtomicBool(),
  ];
  const pass = async () => {
    using channel = new Channel(any<unknown>(), 1);
    const all = make();
    channel.trySend(all);
    assertEquals((await pool.go(echo, all) as unknown[]).length, all.length);
    for (const each of all) each[Symbol.dispose]();
  };
  await pass();
  const before = memoryUse().liveBytes;
  await pass();
  // The thread gives up its handles when its collector has noticed, or when it ends.
  await pool.close();
  assert(memoryUse().liveBytes <= before);
});
