/**
 * RWMutex, on one thread and between threads.
 *
 * @module
 */
import {
  any,
  Channel,
  type Guard,
  i32,
  LockAbandonedError,
  type Locker,
  LockMisuseError,
  Pool,
  RWMutex,
  sleep,
  WaitGroup,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import {
  ask,
  askSync,
  hammer,
  hammerOrDie,
  hammerThere,
  holdAndDie,
  keep,
  keepReading,
  readAndDie,
  readTogether,
  rUnlock,
  unlockWrite,
} from "../support/tasks_locks.ts";
import { test } from "../support/test.ts";
import { isPending, seeded, settled } from "./waiting.ts";

/** Every way to lock one that is free. */
const WRITES: Record<string, (mutex: RWMutex) => Promise<Guard | undefined>> = {
  lock: (mutex) => mutex.lock(),
  lockSync: (mutex) => Promise.resolve(mutex.lockSync()),
  tryLock: (mutex) => Promise.resolve(mutex.tryLock()),
};
const READS: Record<string, (mutex: RWMutex) => Promise<Guard | undefined>> = {
  rLock: (mutex) => mutex.rLock(),
  rLockSync: (mutex) => Promise.resolve(mutex.rLockSync()),
  tryRLock: (mutex) => Promise.resolve(mutex.tryRLock()),
  "rLocker().lock": (mutex) => mutex.rLocker().lock(),
  "rLocker().lockSync": (mutex) => Promise.resolve(mutex.rLocker().lockSync()),
  "rLocker().tryLock": (mutex) => Promise.resolve(mutex.rLocker().tryLock()),
};

for (const [name, lock] of Object.entries(WRITES)) {
  test(`RWMutex.${name}() keeps readers and writers out`, async () => {
    using mutex = new RWMutex();
    const guard = await lock(mutex);
    assertEquals(mutex.tryLock(), undefined);
    assertEquals(mutex.tryRLock(), undefined);
    guard![Symbol.dispose]();
    assert(mutex.tryLock());
    mutex.unlock();
    assert(mutex.tryRLock());
  });
}

for (const [name, lock] of Object.entries(READS)) {
  test(`RWMutex.${name}() lets readers in and keeps writers out`, async () => {
    using mutex = new RWMutex();
    const one = await lock(mutex);
    const other = await lock(mutex);
    assertEquals(mutex.tryLock(), undefined);
    one![Symbol.dispose]();
    assertEquals(mutex.tryLock(), undefined);
    other![Symbol.dispose]();
    assert(mutex.tryLock());
  });
}

test("RWMutex lets readers in together and a writer alone, in order of arrival", async () => {
  using mutex = new RWMutex();
  const log: string[] = [];
  const first = mutex.lockSync();
  const kinds = ["r", "r", "w", "r", "r", "r", "w", "w", "r"];
  const waits = kinds.map(async (kind, index) => {
    using _ = kind === "r" ? await mutex.rLock() : await mutex.lock();
    log.push(`+${kind}${index}`);
    await sleep(0);
    log.push(`-${kind}${index}`);
  });
  assert(await isPending(waits[0]!));
  first[Symbol.dispose]();
  await Promise.all(waits);
  const entered = log.filter((entry) => entry.startsWith("+")).map((entry) => entry.slice(1));
  assertEquals(entered, kinds.map((kind, index) => kind + index));
  // Each run of readers is inside together; nobody is with a writer.
  assertEquals(log.slice(0, 2), ["+r0", "+r1"]);
  assertEquals(log.slice(4, 6), ["+w2", "-w2"]);
  assertEquals(log.slice(6, 9), ["+r3", "+r4", "+r5"]);
  assertEquals(log.slice(12, 16), ["+w6", "-w6", "+w7", "-w7"]);
});

test("RWMutex.lock() holds back later readers when it waits", async () => {
  using mutex = new RWMutex();
  const reader = mutex.rLockSync();
  const write = mutex.lock();
  assertEquals(mutex.tryRLock(), undefined);
  const read = mutex.rLock();
  assert(await isPending(read));
  reader[Symbol.dispose]();
  const writer = await write;
  assert(await isPending(read));
  writer[Symbol.dispose]();
  (await read)[Symbol.dispose]();
  assert(mutex.tryLock());
});

test("RWMutex.lock() lets the readers behind it in when it is aborted", async () => {
  using mutex = new RWMutex();
  using _ = mutex.rLockSync();
  const controller = new AbortController();
  const reason = new Error("aborted by the test");
  const write = settled(mutex.lock({ signal: controller.signal }));
  const reads = [mutex.rLock(), mutex.rLock()];
  assert(await isPending(reads[0]!));
  controller.abort(reason);
  assertStrictEquals((await write as { reason: unknown }).reason, reason);
  for (const read of reads) (await read)[Symbol.dispose]();
});

test("RWMutex rejects with the reason when the signal is aborted before", async () => {
  using mutex = new RWMutex();
  const reason = new Error("aborted by the test");
  const signal = AbortSignal.abort(reason);
  for (const wait of [mutex.lock({ signal }), mutex.rLock({ signal })]) {
    assertStrictEquals((await settled(wait) as { reason: unknown }).reason, reason);
  }
  assert(mutex.tryLock());
});

test("RWMutex ends each wait once and loses no lock when some are aborted around the unlock", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = seeded(seed);
    using mutex = new RWMutex();
    const first = next(2) === 0 ? mutex.lockSync() : mutex.rLockSync();
    let ended = 0;
    const controllers = Array.from({ length: 8 }, () => new AbortController());
    const waits = controllers.map(async ({ signal }) => {
      try {
        using _ = next(2) === 0 ? await mutex.lock({ signal }) : await mutex.rLock({ signal });
        if (next(2) === 0) await Promise.resolve();
      } catch {
        // Aborted.
      }
      ended++;
    });
    const unlockAt = next(controllers.length);
    for (const [index, controller] of controllers.entries()) {
      if (index === unlockAt) first[Symbol.dispose]();
      if (next(2) === 0) controller.abort();
      if (next(3) === 0) await Promise.resolve();
    }
    await Promise.all(waits);
    assertEquals(ended, 8, `seed ${seed}`);
    assert(mutex.tryLock(), `a lock was lost, seed ${seed}`);
  }
});

// Go: TestRLocker.
test("RWMutex.rLocker() locks for reading", async () => {
  using mutex = new RWMutex();
  const reader: Locker = mutex.rLocker();
  assertStrictEquals(mutex.rLocker(), reader);
  for (let round = 0; round < 10; round++) {
    reader.lockSync();
    await reader.lock();
    const write = mutex.lock();
    assert(await isPending(write));
    reader.unlock();
    assert(await isPending(write));
    reader.unlock();
    const guard = await write;
    const read = reader.lock();
    assert(await isPending(read));
    guard[Symbol.dispose]();
    (await read)[Symbol.dispose]();
  }
  assert(mutex.tryLock());
  assertThrows(
    () => new Channel(any<unknown>(), 1).trySend([reader]),
    TypeError,
    "Cannot send an rLocker() to another thread: send its RWMutex",
  );
});

test("Guard of an RWMutex does nothing when it is disposed twice, or after an unlock", () => {
  using mutex = new RWMutex();
  const writer = mutex.lockSync();
  writer[Symbol.dispose]();
  const second = mutex.lockSync();
  writer[Symbol.dispose]();
  assertEquals(mutex.tryLock(), undefined);
  mutex.unlock();
  second[Symbol.dispose]();
  const one = mutex.rLockSync();
  mutex.rLockSync();
  writer[Symbol.dispose]();
  one[Symbol.dispose]();
  one[Symbol.dispose]();
  assertEquals(mutex.tryLock(), undefined, "a reader's lock was given back twice");
  mutex.rUnlock();
  one[Symbol.dispose]();
  const only = mutex.rLockSync();
  mutex.rUnlock();
  mutex.rLockSync();
  only[Symbol.dispose]();
  assertEquals(mutex.tryLock(), undefined, "a guard gave back the lock of another");
  mutex.rUnlock();
  assert(mutex.tryLock());
});

test("RWMutex throws a LockMisuseError with Go's text and changes nothing when it is misused", () => {
  const table: [misuse: (mutex: RWMutex) => void, text: string][] = [
    [(mutex) => mutex.unlock(), "sync: Unlock of unlocked RWMutex"],
    [(mutex) => mutex.rUnlock(), "sync: RUnlock of unlocked RWMutex"],
    [(mutex) => mutex.rLocker().unlock(), "sync: RUnlock of unlocked RWMutex"],
    [(mutex) => (mutex.rLockSync(), mutex.unlock()), "sync: Unlock of unlocked RWMutex"],
    [(mutex) => (mutex.lockSync(), mutex.rUnlock()), "sync: RUnlock of unlocked RWMutex"],
    [
      (mutex) => (mutex.lockSync(), mutex.unlock(), mutex.unlock()),
      "sync: Unlock of unlocked RWMutex",
    ],
    [
      (mutex) => (mutex.rLockSync(), mutex.rUnlock(), mutex.rUnlock()),
      "sync: RUnlock of unlocked RWMutex",
    ],
  ];
  for (const [index, [misuse, text]] of table.entries()) {
    using mutex = new RWMutex();
    const error = assertThrows(() => misuse(mutex), LockMisuseError, text);
    assertEquals((error as LockMisuseError).code, "LOCK_MISUSE");
    if (index === 3) mutex.rUnlock();
    if (index === 4) mutex.unlock();
    assert(mutex.tryLock());
  }
});

test("RWMutex throws at the call when an argument is bad, and after dispose", () => {
  const mutex = new RWMutex();
  assertThrows(() => mutex.lock({ signal: "stop" as never }), TypeError, '"stop"');
  assertThrows(() => mutex.rLock({ signal: 1 as never }), TypeError, "1");
  assertThrows(() => mutex.rLocker().lock({ signal: {} as never }), TypeError, "object");
  const reader = mutex.rLocker();
  mutex[Symbol.dispose]();
  mutex[Symbol.dispose]();
  const uses: (() => unknown)[] = [
    () => mutex.lock(),
    () => mutex.lockSync(),
    () => mutex.tryLock(),
    () => mutex.unlock(),
    () => mutex.rLock(),
    () => mutex.rLockSync(),
    () => mutex.tryRLock(),
    () => mutex.rUnlock(),
    () => reader.tryLock(),
    () => mutex.recover(),
    () => new Channel(any(), 1).trySend(mutex),
  ];
  for (const use of uses) assertThrows(use, TypeError, "disposed");
});

test("RWMutex keeps its locks when the handle is disposed first", async () => {
  using channel = new Channel(any<RWMutex>(), 1);
  const mutex = new RWMutex();
  const readers = [mutex.rLockSync(), mutex.rLockSync()];
  channel.trySend(mutex);
  const wait = mutex.lock();
  mutex[Symbol.dispose]();
  using other = (await channel.receive())!;
  assertInstanceOf(other, RWMutex);
  for (const reader of readers) {
    assertEquals(other.tryLock(), undefined);
    reader[Symbol.dispose]();
  }
  const writer = await wait;
  assertEquals(other.tryRLock(), undefined);
  writer[Symbol.dispose]();
  assert(other.tryLock());
});

// ---- Between threads -----------------------------------------------------------------------------------------

// Go: TestParallelReaders.
test("RWMutex.rLockSync() lets readers of several threads in at the same time", async () => {
  await using pool = new Pool({ threads: 3 });
  using mutex = new RWMutex();
  for (let round = 0; round < 3; round++) {
    using met = new WaitGroup();
    met.add(3);
    await Promise.all([1, 2, 3].map(() => pool.go(readTogether, mutex, met)));
    mutex.lockSync()[Symbol.dispose]();
  }
});

for (const form of ["blocking", "suspending"] as const) {
  test(`RWMutex keeps writers apart from all others when it is hammered by threads, ${form}`, async () => {
    await using pool = new Pool({ threads: 3 });
    using mutex = new RWMutex();
    using room = new Channel(i32, 4);
    using cell = new Channel(i32, 1);
    cell.trySend(0);
    const count = 2000;
    const all = [1, 2, 3].map((seed) => pool.go(hammerThere, mutex, room, cell, count, form, seed));
    let writes = await hammer(mutex, room, cell, count, "suspending", 4);
    for (const there of all) writes += await there;
    assertEquals(await cell.receive(), writes);
    assertEquals(room.size, 0);
    assert(mutex.tryLock());
  });
}

test("RWMutex goes on when a goroutine was granted the lock whose thread is blocked", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new RWMutex();
  for (let round = 0; round < 20; round++) {
    mutex.lockSync();
    const waits = [mutex.rLock(), mutex.lock(), mutex.rLock()];
    const there = pool.go(unlockWrite, mutex);
    const guard = round % 2 === 0 ? mutex.lockSync() : mutex.rLockSync();
    assert(await isPending(waits[1]!));
    guard[Symbol.dispose]();
    await Promise.all(waits.map(async (wait) => (await wait)[Symbol.dispose]()));
    await there;
    const end = mutex.tryLock();
    assert(end);
    end[Symbol.dispose]();
  }
});

test("RWMutex.rUnlock() gives back what another thread has locked when this one has nothing", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new RWMutex();
  await pool.go(keepReading, mutex);
  assertEquals(mutex.tryLock(), undefined);
  mutex.rUnlock();
  assertThrows(() => mutex.rUnlock(), LockMisuseError);
  mutex.rLockSync();
  await pool.go(rUnlock, mutex);
  assert(mutex.tryLock());
});

test("RWMutex rejects readers and writers when the thread of a writer dies, until recover()", async () => {
  await using pool = new Pool({ threads: 3 });
  using mutex = new RWMutex();
  using started = new Channel(i32, 3);
  using stop = new Channel(i32, 1);
  const crashed = settled(pool.go(holdAndDie, mutex, started, stop).join());
  await started.receive();
  const there = [pool.go(askSync, mutex, started), pool.go(ask, mutex, started)];
  await started.receive();
  await started.receive();
  const here = [mutex.rLock(), mutex.lock(), mutex.rLock()];
  assert(await isPending(Promise.race(here)));
  const ends = here.map((wait) => assertRejects(() => wait, LockAbandonedError));
  stop.close();
  await crashed;
  await Promise.all(ends);
  for (const end of there) assertEquals(await end, "LOCK_ABANDONED");

  await assertRejects(() => mutex.lock(), LockAbandonedError);
  await assertRejects(() => mutex.rLock(), LockAbandonedError);
  const asks: (() => unknown)[] = [
    () => mutex.lockSync(),
    () => mutex.tryLock(),
    () => mutex.unlock(),
    () => mutex.rLockSync(),
    () => mutex.tryRLock(),
  ];
  for (const each of asks) assertThrows(each, LockAbandonedError, "recover()");
  using guard = mutex.recover();
  assert(guard);
  assertEquals(mutex.recover(), undefined);
  assertEquals(mutex.tryRLock(), undefined);
  guard[Symbol.dispose]();
  mutex.rLockSync()[Symbol.dispose]();
  assert(mutex.tryLock());
});

test("RWMutex gives back what a reader's thread held when it died", async () => {
  await using pool = new Pool({ threads: 2 });
  using mutex = new RWMutex();
  using started = new Channel(i32, 2);
  for (const waits of [true, false]) {
    using stop = new Channel(i32, 1);
    const crashed = settled(pool.go(readAndDie, mutex, 3, started, stop).join());
    await started.receive();
    const reader = mutex.rLockSync();
    const writes = waits ? [mutex.lock(), mutex.lock()] : [];
    if (waits) assert(await isPending(writes[0]!));
    stop.close();
    await crashed;
    if (waits) assert(await isPending(writes[0]!), "a living reader was not waited for");
    assertEquals(mutex.tryLock(), undefined);
    reader[Symbol.dispose]();
    await Promise.all(writes.map(async (write) => (await write)[Symbol.dispose]()));
    const guard = mutex.tryLock();
    assert(guard, "a dead reader holds the lock");
    guard[Symbol.dispose]();
  }
});

test("RWMutex is left defined when a thread ends in order and has not unlocked", async () => {
  const pool = new Pool({ threads: 2 });
  using mutex = new RWMutex();
  using other = new RWMutex();
  await pool.go(keepReading, mutex);
  await pool.go(keep, other);
  const write = mutex.lock();
  const read = settled(other.rLock());
  assert(await isPending(write));
  await pool.close();
  (await write)[Symbol.dispose]();
  assertInstanceOf((await read as { reason: unknown }).reason, LockAbandonedError);
  using guard = other.recover();
  assert(guard);
});

test("RWMutex hangs nobody and loses nothing when threads die reading and writing, again and again", async () => {
  await using pool = new Pool({ threads: 3 });
  using mutex = new RWMutex();
  using cell = new Channel(i32, 1);
  cell.trySend(0);
  const count = 100;
  let finished = 0;
  await Promise.all(Array.from({ length: 20 }, async (_, seed) => {
    const end = await settled(pool.go(hammerOrDie, mutex, cell, count, seed + 1).join());
    if ("value" in end) finished++;
    else assertEquals((end.reason as { code: unknown }).code, "WORKER_CRASHED");
  }));
  assert(finished > 0 && finished < 20, `${finished} finished`);
  const total = (await cell.receive())!;
  assert(total >= finished * count, `${total} increments`);
  const guard = mutex.recover() ?? mutex.tryLock();
  assert(guard, "a dead thread holds the lock");
});
