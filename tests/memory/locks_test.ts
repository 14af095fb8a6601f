import { any, Channel, Cond, i32, Mutex, Pool, RWMutex } from "../../mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { holdAndDie, readAndDie } from "../support/tasks_locks.ts";
import { test } from "../support/test.ts";
import { turn } from "../conformance/waiting.ts";

/** Bytes of shared memory that `body` leaves in use, once it has run before. */
async function leftBy(body: () => void | Promise<void>): Promise<number> {
  await body();
  const before = memoryUse().liveBytes;
  await body();
  return memoryUse().liveBytes - before;
}

test("RWMutex and Cond leave memory flat when 50,000 are made, used and disposed", async () => {
  const left = await leftBy(async () => {
    for (let i = 0; i < 50_000; i++) {
      using mutex = new RWMutex();
      using cond = new Cond(mutex);
      using _other = new Cond(mutex.rLocker());
      {
        using _reader = mutex.rLockSync();
        using _second = mutex.rLocker().lockSync();
      }
      using _writer = mutex.lockSync();
      if (i % 1000 !== 0) continue;
      const wait = cond.wait();
      cond.broadcast();
      await wait;
    }
  });
  assertEquals(left, 0);
});

test("RWMutex and Cond leave memory flat when waits end or are aborted", async () => {
  const left = await leftBy(async () => {
    using mutex = new RWMutex();
    using lock = new Mutex();
    using cond = new Cond(lock);
    for (let i = 0; i < 500; i++) {
      const controller = new AbortController();
      const { signal } = controller;
      const first = i % 2 === 0 ? mutex.lockSync() : mutex.rLockSync();
      const given = [mutex.lock({ signal }), mutex.rLock({ signal })];
      const kept = [mutex.lock(), mutex.rLock(), mutex.rLock()];
      let waiting = 4;
      const waits = Array.from({ length: 4 }, async (_, index) => {
        using _guard = await lock.lock();
        await cond.wait(index < 2 ? { signal } : undefined).catch(() => {});
        waiting--;
      });
      await Promise.resolve();
      if (i % 3 === 0) cond.signal();
      controller.abort();
      for (const end of await Promise.allSettled(given)) {
        // The reader was let in by the abort of the writer before it.
        if (end.status === "fulfilled") end.value[Symbol.dispose]();
      }
      first[Symbol.dispose]();
      await Promise.all(kept.map(async (wait) => (await wait)[Symbol.dispose]()));
      while (waiting > 0) {
        cond.broadcast();
        await turn();
      }
      await Promise.all(waits);
    }
  });
  assertEquals(left, 0);
});

test("RWMutex and Cond give their memory back when a wait or a guard outlives the handle", async () => {
  const left = await leftBy(async () => {
    const mutex = new RWMutex();
    const cond = new Cond(mutex.rLocker());
    const readers = [mutex.rLockSync(), mutex.rLockSync()];
    const wait = cond.wait();
    const controller = new AbortController();
    const aborted = cond.wait(controller);
    const writes = mutex.lock();
    mutex[Symbol.dispose]();
    controller.abort();
    (await writes)[Symbol.dispose]();
    await aborted.catch(() => {});
    cond.signal();
    cond[Symbol.dispose]();
    await wait;
    for (const reader of readers) reader[Symbol.dispose]();
  });
  assertEquals(left, 0);
});

test("Cond keeps its lock's memory as long as it is there, and no longer", async () => {
  const left = await leftBy(async () => {
    using channel = new Channel(any<Cond>(), 1);
    const mutex = new Mutex();
    const cond = new Cond(mutex);
    mutex[Symbol.dispose]();
    channel.trySend(cond);
    cond[Symbol.dispose]();
    const other = (await channel.receive())!;
    const locker = other.locker as Mutex;
    locker.lockSync();
    const wait = other.wait();
    other.signal();
    await wait;
    locker.unlock();
    locker[Symbol.dispose]();
    other[Symbol.dispose]();
  });
  assertEquals(left, 0);
});

test("Mutex and RWMutex give their memory back when threads have died with them", async () => {
  let agents = 0;
  const round = async () => {
    await using pool = new Pool({ threads: 2 });
    using mutex = new Mutex();
    using rw = new RWMutex();
    using started = new Channel(i32, 2);
    using stop = new Channel(i32, 1);
    const ends = [
      pool.go(holdAndDie, mutex, started, stop),
      pool.go(readAndDie, rw, 2, started, stop),
    ].map((each) => each.join().catch(() => agents++));
    await started.receive();
    await started.receive();
    stop.close();
    await Promise.all(ends);
    mutex.recover()![Symbol.dispose]();
    rw.lockSync()[Symbol.dispose]();
  };
  await round();
  const before = memoryUse().liveBytes;
  agents = 0;
  for (let i = 0; i < 5; i++) await round();
  const left = memoryUse().liveBytes - before;
  assertEquals(agents, 10);
  // The dead keep their agents, and the handles that they had: each of them two of the channels and one of the locks.
  assert(left <= agents * 4096, `${left} bytes for ${agents} dead threads`);
});
