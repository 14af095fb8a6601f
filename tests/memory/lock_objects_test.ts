import { any, Channel, Mutex, Pool, RWMutex, Semaphore, WaitGroup } from "../../mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
import { assertEquals } from "../support/assert.ts";
import { releaseAndDispose, unlockAndDispose } from "../support/tasks_locks.ts";
import { test } from "../support/test.ts";

/** Bytes of shared memory that `body` leaves in use, and by how much it makes memory grow once it has run before. */
async function leftBy(
  body: () => void | Promise<void>,
): Promise<{ liveBytes: number; reservedBytes: number }> {
  await body();
  const before = memoryUse();
  await body();
  const after = memoryUse();
  return {
    liveBytes: after.liveBytes - before.liveBytes,
    reservedBytes: after.reservedBytes - before.reservedBytes,
  };
}

const FLAT = { liveBytes: 0, reservedBytes: 0 };

test("Locks leave memory flat when 100,000 are made, used and disposed", async () => {
  const left = await leftBy(async () => {
    for (let i = 0; i < 100_000; i++) {
      using mutex = new Mutex();
      using _guard = mutex.lockSync();
      using semaphore = new Semaphore(2);
      using _permit = semaphore.acquireSync();
      semaphore.acquireSync();
      semaphore.release();
      using group = new WaitGroup();
      group.add(1);
      group.done();
      if (i % 1000 === 0) await group.wait();
    }
  });
  assertEquals(left, FLAT);
});

test("Locks leave memory flat when waits end, are aborted, or run out of time", async () => {
  const left = await leftBy(async () => {
    using mutex = new Mutex();
    using semaphore = new Semaphore(2);
    using group = new WaitGroup();
    for (let i = 0; i < 1000; i++) {
      const controller = new AbortController();
      const { signal } = controller;
      using _guard = mutex.lockSync();
      using _permit = semaphore.acquireSync(2);
      group.add(1);
      const given = [
        mutex.lock({ signal }),
        semaphore.acquire(1, { signal }),
        semaphore.acquire(3, { signal }),
        group.wait({ signal }),
      ];
      const kept = [mutex.lock(), semaphore.acquire(), group.wait()];
      controller.abort();
      await Promise.allSettled(given);
      if (i % 100 === 0) await mutex.lockWithin(1);
      group.done();
      mutex.unlock();
      semaphore.release(1);
      await Promise.all(kept);
      mutex.unlock();
      semaphore.release(2);
      semaphore.acquireSync(2);
    }
  });
  assertEquals(left, FLAT);
});

test("Locks give their memory back when a wait or a guard outlives the handle", async () => {
  const left = await leftBy(async () => {
    const mutex = new Mutex();
    const guard = mutex.lockSync();
    const wait = mutex.lock();
    mutex[Symbol.dispose]();
    guard[Symbol.dispose]();
    (await wait)[Symbol.dispose]();

    const semaphore = new Semaphore(2);
    const permit = semaphore.acquireSync(2);
    const waits = [semaphore.acquire(2), semaphore.acquire(1)];
    semaphore[Symbol.dispose]();
    permit[Symbol.dispose]();
    for (const each of waits) (await each)[Symbol.dispose]();

    const group = new WaitGroup();
    group.go(() => Promise.resolve());
    const end = group.wait();
    group[Symbol.dispose]();
    await end;
  });
  assertEquals(left, FLAT);
});

test("Locks keep their memory when only another handle is disposed", async () => {
  const left = await leftBy(async () => {
    using channel = new Channel(any<Mutex>(), 1);
    const mutex = new Mutex();
    mutex.lockSync();
    channel.trySend(mutex);
    mutex.unlock();
    mutex[Symbol.dispose]();
    const other = (await channel.receive())!;
    other.lockSync();
    other.unlock();
    other[Symbol.dispose]();
  });
  assertEquals(left, FLAT);
});

test("Mutex, RWMutex and Semaphore that another thread has unlocked go with their handles", async () => {
  await using pool = new Pool({ threads: 1 });
  const body = async (): Promise<void> => {
    const mutex = new Mutex();
    await mutex.lock();
    await pool.go(unlockAndDispose, mutex);
    mutex[Symbol.dispose]();
    const rw = new RWMutex();
    await rw.lock();
    await pool.go(unlockAndDispose, rw);
    rw[Symbol.dispose]();
    const read = new RWMutex();
    await read.rLock();
    await pool.go(unlockAndDispose, read, true);
    read[Symbol.dispose]();
    const semaphore = new Semaphore(3);
    await semaphore.acquire(2);
    await pool.go(releaseAndDispose, semaphore, 2);
    semaphore[Symbol.dispose]();
  };
  for (let warmUp = 0; warmUp < 3; warmUp++) await body();
  assertEquals((await leftBy(body)).liveBytes, 0);
});
