/**
 * Mutex, Semaphore and WaitGroup between threads.
 *
 * @module
 */
import {
  Channel,
  i32,
  LockMisuseError,
  Mutex,
  Pool,
  Semaphore,
  text,
  WaitGroup,
} from "../../mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import {
  answer,
  disposeLock,
  flicker,
  type Form,
  incrementMany,
  incrementManyThere,
  lockSync,
  lockWithinSync,
  occupyMany,
  occupyManyThere,
  relock,
  sendAndDone,
  unlock,
  unlockAndVisit,
  visitSync,
  waitFor,
} from "../support/sync_tasks.ts";
import { test } from "../support/test.ts";
import { drain, isPending, turn } from "./waiting.ts";

/** What the main thread does while the pool's threads do the other. */
const FORMS: readonly (readonly [here: Form, there: Form])[] = [
  ["suspending", "blocking"],
  ["blocking", "suspending"],
  ["suspending", "suspending"],
];

for (const [here, there] of FORMS) {
  test(`Mutex keeps all others out when goroutines lock it ${here} here and ${there} on threads`, async () => {
    await using pool = new Pool({ threads: 3 });
    using mutex = new Mutex();
    using cell = new Channel(i32, 1);
    cell.trySend(0);
    const count = 2000;
    const all = [1, 2, 3].map((seed) =>
      pool.go(incrementManyThere, mutex, cell, count, there, seed)
    );
    await Promise.all([incrementMany(mutex, cell, count, here, 4), ...all]);
    assertEquals(await cell.receive(), 4 * count);
    assertEquals(mutex.locked, false);
  });
}

test("Mutex.lock() and lockSync() are woken when another thread unlocks", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new Mutex();
  for (let round = 0; round < 20; round++) {
    const guard = await mutex.lock();
    const there = pool.go(lockSync, mutex);
    if (round % 2 === 0) await turn();
    guard[Symbol.dispose]();
    await there;
    assertEquals(mutex.locked, true);
    const wait = round % 3 === 0 ? mutex.lockWithin(50_000) : mutex.lock();
    assert(await isPending(wait));
    pool.go(unlock, mutex);
    await wait;
    assertEquals(mutex.locked, true);
    pool.go(unlock, mutex);
    mutex.lockSync();
    mutex.unlock();
  }
  assertEquals(mutex.locked, false);
});

// A goroutine that was woken used to take the mutex although its thread was blocked: for ever, if by a wait for the mutex.
test("Mutex.lockSync() locks when goroutines of its own thread have waited longer", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new Mutex();
  for (let round = 0; round < 20; round++) {
    mutex.lockSync();
    const waits = [mutex.lock(), mutex.lockWithin(50_000), mutex.lock()];
    pool.go(unlock, mutex);
    const guard = mutex.lockSync();
    assert(await isPending(Promise.race(waits)));
    guard[Symbol.dispose]();
    await Promise.all(waits.map(async (wait) => (await wait)![Symbol.dispose]()));
    assertEquals(mutex.locked, false);
  }
});

test("Mutex.lock() leaves the mutex to others when its thread is blocked", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new Mutex();
  using channel = new Channel(i32, 1);
  for (let round = 0; round < 5; round++) {
    mutex.lockSync();
    const wait = mutex.lock();
    const there = pool.go(unlockAndVisit, mutex, channel);
    assertEquals(channel.receiveSync(), 1);
    (await wait)[Symbol.dispose]();
    await there;
    assertEquals(mutex.locked, false);
  }
});

test("Mutex.lockWithinSync() blocks a thread no longer than its time when the mutex stays locked", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new Mutex();
  mutex.lockSync();
  assertEquals(await pool.go(lockWithinSync, mutex, 3), false);
  const patient = pool.go(lockWithinSync, mutex, 50_000);
  await turn();
  mutex.unlock();
  assertEquals(await patient, true);
  assertEquals(mutex.locked, true);
});

test("Guard leaves the lock of another thread alone when that one has unlocked and locked", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new Mutex();
  const guard = mutex.lockSync();
  await pool.go(relock, mutex);
  guard[Symbol.dispose]();
  assertEquals(mutex.locked, true);
  mutex.unlock();
  assertEquals(mutex.locked, false);
  const next = mutex.lockSync();
  guard[Symbol.dispose]();
  assertEquals(mutex.locked, true);
  next[Symbol.dispose]();
  assertEquals(mutex.locked, false);
});

for (const [here, there] of FORMS) {
  test(`Semaphore never gives more units than there are when they are acquired ${here} here and ${there} on threads`, async () => {
    await using pool = new Pool({ threads: 3 });
    const size = 5;
    using semaphore = new Semaphore(size);
    using room = new Channel(i32, size);
    const count = 2000;
    const all = [1, 2, 3].map((seed) =>
      pool.go(occupyManyThere, semaphore, room, size, count, there, seed)
    );
    await Promise.all([occupyMany(semaphore, room, size, count, here, 4), ...all]);
    assertEquals(room.size, 0);
    assert(semaphore.tryAcquire(size), "units were lost");
    assertThrows(() => semaphore.release(size + 1), LockMisuseError);
  });
}

test("Semaphore.acquire() is not overtaken when a large request of another thread waits", async () => {
  await using pool = new Pool({ threads: 1 });
  using semaphore = new Semaphore(3);
  using log = new Channel(text, 2);
  semaphore.acquireSync(3);
  const large = pool.go(visitSync, semaphore, 3, "large", log);
  // Asking for nothing fails exactly while somebody waits.
  while (semaphore.tryAcquire(0) !== undefined) await turn();
  semaphore.release(2);
  assertEquals(semaphore.tryAcquire(1), undefined);
  const small = semaphore.acquire(1);
  assert(await isPending(small));
  semaphore.release(1);
  await small;
  log.trySend("small");
  await large;
  log.close();
  assertEquals(await drain(log), ["large", "small"]);
});

test("Semaphore.acquire() lets a goroutine of another thread go on when it is aborted", async () => {
  await using pool = new Pool({ threads: 1 });
  using semaphore = new Semaphore(3);
  using log = new Channel(text, 1);
  semaphore.acquireSync(2);
  const controller = new AbortController();
  const large = semaphore.acquire(3, { signal: controller.signal });
  const small = pool.go(visitSync, semaphore, 1, "small", log);
  await turn();
  assertEquals(log.size, 0);
  controller.abort();
  assert(await large.then(() => false, () => true));
  await small;
  assertEquals(await log.receive(), "small");
});

test("WaitGroup.wait() and waitSync() end after what other threads did before done()", async () => {
  await using pool = new Pool({ threads: 2 });
  using group = new WaitGroup();
  using values = new Channel(i32, 100);
  for (const isBlocking of [false, true]) {
    group.add(100);
    for (let i = 0; i < 100; i++) pool.go(sendAndDone, group, values, i);
    if (isBlocking) group.waitSync();
    else await group.wait();
    assertEquals(values.size, 100);
    for (let i = 0; i < 100; i++) values.tryReceive();
  }
});

test("WaitGroup.wait() ends on every thread when the counter comes to 0", async () => {
  await using pool = new Pool({ threads: 2 });
  using group = new WaitGroup();
  group.add(1);
  const waits = [
    pool.go(waitFor, group, false),
    pool.go(waitFor, group, false),
    pool.go(waitFor, group, true),
  ];
  assert(await isPending(Promise.race(waits)));
  group.done();
  await Promise.all(waits);
});

// Whoever brought the counter to 0 used to fire those who had begun to wait after it had been raised again.
test("WaitGroup.wait() does not end early when the counter came to 0 just before", async () => {
  await using pool = new Pool({ threads: 2 });
  using group = new WaitGroup();
  using requests = new Channel(i32, 1);
  using answers = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  const there = [pool.go(answer, group, requests, answers), pool.go(flicker, group, end)];
  for (let i = 0; i < 20_000; i++) {
    group.add(1);
    requests.sendSync(i);
    if (i % 2 === 0) group.waitSync();
    else await group.wait();
    const got = answers.tryReceive();
    assert(got.state === "ok" && got.value === i, `wait ${i} ended early`);
  }
  requests.close();
  end.close();
  await Promise.all(there);
  await group.wait();
});

test("Locks go on working here when another thread has disposed its handle", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new Mutex();
  using semaphore = new Semaphore(1);
  using group = new WaitGroup();
  for (let round = 0; round < 3; round++) {
    for (const lock of [mutex, semaphore, group]) await pool.go(disposeLock, lock);
  }
  mutex.lockSync()[Symbol.dispose]();
  semaphore.acquireSync()[Symbol.dispose]();
  group.add(1);
  group.done();
  await pool.go(waitFor, group, true);
  assertEquals(mutex.locked, false);
});
