/**
 * Mutex, Semaphore and WaitGroup on one thread: what each form does, what ends a wait, what is misuse.
 *
 * @module
 */
import {
  any,
  Channel,
  type Guard,
  LockMisuseError,
  Mutex,
  type Permit,
  Semaphore,
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
import { test } from "../support/test.ts";
import { isPending, seeded } from "./waiting.ts";

/** A signal that has been aborted, and its reason. */
function aborted(): { signal: AbortSignal; reason: Error } {
  const reason = new Error("aborted by the test");
  return { signal: AbortSignal.abort(reason), reason };
}

/** What `wait` rejects with. */
async function reasonOf(wait: Promise<unknown>): Promise<unknown> {
  try {
    await wait;
  } catch (reason) {
    return reason;
  }
  throw new Error("it did not reject");
}

/** Every way to lock a mutex that is free. */
const LOCKS: Record<string, (mutex: Mutex) => Promise<Guard | undefined>> = {
  lock: (mutex) => mutex.lock(),
  lockSync: (mutex) => Promise.resolve(mutex.lockSync()),
  tryLock: (mutex) => Promise.resolve(mutex.tryLock()),
  lockWithin: (mutex) => mutex.lockWithin(1000),
  lockWithinSync: (mutex) => Promise.resolve(mutex.lockWithinSync(1000)),
};

for (const [name, lock] of Object.entries(LOCKS)) {
  test(`Mutex.${name}() locks when the mutex is free`, async () => {
    using mutex = new Mutex();
    assertEquals(mutex.locked, false);
    const guard = await lock(mutex);
    assertEquals(mutex.locked, true);
    guard![Symbol.dispose]();
    assertEquals(mutex.locked, false);
  });
}

test("Mutex.tryLock() and lockWithin() give nothing when the mutex stays locked", async () => {
  using mutex = new Mutex();
  mutex.lockSync();
  assertEquals(mutex.tryLock(), undefined);
  assertEquals(mutex.lockWithinSync(2), undefined);
  assertEquals(mutex.lockWithinSync(-1), undefined);
  assertEquals(await mutex.lockWithin(2), undefined);
  assertEquals(await mutex.lockWithin(-1), undefined);
  assertEquals(mutex.locked, true);
  mutex.unlock();
  assert(mutex.tryLock());
});

test("Mutex.lockWithin() locks when the mutex is unlocked in time", async () => {
  using mutex = new Mutex();
  mutex.lockSync();
  const wait = mutex.lockWithin(50_000);
  assert(await isPending(wait));
  mutex.unlock();
  const guard = await wait;
  assertEquals(mutex.locked, true);
  guard![Symbol.dispose]();
  assertEquals(mutex.locked, false);
});

test("Mutex.lockWithin() leaves nothing behind when the time is over", async () => {
  using mutex = new Mutex();
  using guard = mutex.lockSync();
  const late = mutex.lockWithin(1);
  const patient = mutex.lock();
  assertEquals(await late, undefined);
  guard[Symbol.dispose]();
  assert(await patient);
});

test("Mutex.lock() waits in order of arrival when the mutex is locked", async () => {
  using mutex = new Mutex();
  const order: number[] = [];
  const first = mutex.lockSync();
  const waits = [1, 2, 3, 4].map(async (number) => {
    using _ = await mutex.lock();
    order.push(number);
  });
  assert(await isPending(waits[0]!));
  first[Symbol.dispose]();
  await Promise.all(waits);
  assertEquals(order, [1, 2, 3, 4]);
  assertEquals(mutex.locked, false);
});

test("Mutex.lock() keeps others out when the holder suspends", async () => {
  using mutex = new Mutex();
  let inside = 0;
  let count = 0;
  await Promise.all(Array.from({ length: 50 }, async () => {
    for (let i = 0; i < 4; i++) {
      using _ = await mutex.lock();
      assertEquals(++inside, 1);
      if (i % 2 === 0) await Promise.resolve();
      inside--;
      count++;
    }
  }));
  assertEquals(count, 200);
});

test("Mutex.lock() is not re-entrant", async () => {
  using mutex = new Mutex();
  mutex.lockSync();
  const again = mutex.lock();
  assert(await isPending(again));
  mutex.unlock();
  await again;
});

test("Mutex.lock() lets timers run when it never has to wait", async () => {
  using mutex = new Mutex();
  let isDue = false;
  const timer = sleep(1).then(() => {
    isDue = true;
  });
  while (!isDue) {
    using _ = await mutex.lock();
  }
  await timer;
  assertEquals(mutex.locked, false);
});

test("Mutex.lock() rejects with the reason when the signal is aborted", async () => {
  using mutex = new Mutex();
  const { signal, reason } = aborted();
  assertStrictEquals(await reasonOf(mutex.lock({ signal })), reason);
  assertStrictEquals(await reasonOf(mutex.lockWithin(10, { signal })), reason);
  assertEquals(mutex.locked, false);

  mutex.lockSync();
  const controller = new AbortController();
  const given = [
    mutex.lock({ signal: controller.signal }),
    mutex.lockWithin(50_000, { signal: controller.signal }),
  ];
  const kept = mutex.lock();
  controller.abort(reason);
  for (const wait of given) assertStrictEquals(await reasonOf(wait), reason);
  mutex.unlock();
  await kept;
});

test("Mutex.lock() ends each wait once when some are aborted around the unlock", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = seeded(seed);
    using mutex = new Mutex();
    mutex.lockSync();
    let locked = 0;
    let given = 0;
    const controllers = Array.from({ length: 6 }, () => new AbortController());
    const waits = controllers.map(async ({ signal }) => {
      try {
        using _ = next(2) === 0
          ? await mutex.lock({ signal })
          : await mutex.lockWithin(1e6, { signal });
        if (next(2) === 0) await Promise.resolve();
        locked++;
      } catch {
        given++;
      }
    });
    const unlockAt = next(controllers.length);
    for (const [index, controller] of controllers.entries()) {
      if (index === unlockAt) mutex.unlock();
      if (next(2) === 0) controller.abort();
      if (next(3) === 0) await Promise.resolve();
    }
    await Promise.all(waits);
    assertEquals(locked + given, 6, `seed ${seed}`);
    assertEquals(mutex.locked, false, `seed ${seed}`);
  }
});

test("Mutex.unlock() unlocks when another goroutine has locked", async () => {
  using mutex = new Mutex();
  await (async () => {
    await mutex.lock();
  })();
  mutex.unlock();
  assertEquals(mutex.locked, false);
});

test("Guard does nothing when it is disposed twice, or after an unlock", () => {
  using mutex = new Mutex();
  const first = mutex.lockSync();
  first[Symbol.dispose]();
  const second = mutex.lockSync();
  first[Symbol.dispose]();
  assertEquals(mutex.locked, true);
  mutex.unlock();
  second[Symbol.dispose]();
  assertEquals(mutex.locked, false);
  mutex.lockSync();
  second[Symbol.dispose]();
  assertEquals(mutex.locked, true);
});

test("Guard hands the mutex to the next when one waits", async () => {
  using mutex = new Mutex();
  const guard = mutex.lockSync();
  const wait = mutex.lock();
  guard[Symbol.dispose]();
  assertEquals(mutex.locked, true);
  guard[Symbol.dispose]();
  const next = await wait;
  assertEquals(mutex.locked, true);
  next[Symbol.dispose]();
  assertEquals(mutex.locked, false);
});

/** Every way to acquire units that are free. */
const ACQUIRES: Record<string, (semaphore: Semaphore, n?: number) => Promise<Permit | undefined>> =
  {
    acquire: (semaphore, n) => semaphore.acquire(n),
    acquireSync: (semaphore, n) => Promise.resolve(semaphore.acquireSync(n)),
    tryAcquire: (semaphore, n) => Promise.resolve(semaphore.tryAcquire(n)),
  };

for (const [name, acquire] of Object.entries(ACQUIRES)) {
  test(`Semaphore.${name}() takes its units when they are free`, async () => {
    using semaphore = new Semaphore(5);
    const one = await acquire(semaphore);
    const four = await acquire(semaphore, 4);
    assertEquals(semaphore.tryAcquire(), undefined);
    assert(await acquire(semaphore, 0));
    four![Symbol.dispose]();
    assertEquals(semaphore.tryAcquire(5), undefined);
    one![Symbol.dispose]();
    assert(semaphore.tryAcquire(5));
  });
}

test("Semaphore.tryAcquire() gives nothing when too few units are free", () => {
  using semaphore = new Semaphore(3);
  assertEquals(semaphore.tryAcquire(4), undefined);
  assertEquals(semaphore.tryAcquire(2 ** 32), undefined);
  assertEquals(semaphore.tryAcquire(2 ** 32 + 1), undefined);
  semaphore.acquireSync(2);
  assertEquals(semaphore.tryAcquire(2), undefined);
  assert(semaphore.tryAcquire(1));
});

test("Semaphore() counts the whole range when it is as large as can be", () => {
  using semaphore = new Semaphore(2 ** 32 - 1);
  using _all = semaphore.acquireSync(2 ** 32 - 1);
  assertEquals(semaphore.tryAcquire(), undefined);
  semaphore.release(2 ** 31);
  assert(semaphore.tryAcquire(2 ** 31));
});

test("Semaphore() of size 0 lets nobody in but who asks for nothing", async () => {
  using semaphore = new Semaphore(0);
  assertEquals(semaphore.tryAcquire(), undefined);
  assert(await semaphore.acquire(0));
  const controller = new AbortController();
  const wait = semaphore.acquire(1, { signal: controller.signal });
  assert(await isPending(wait));
  controller.abort();
  await assertRejects(() => wait);
});

test("Semaphore.acquire() is served in order of arrival when a large request waits", async () => {
  using semaphore = new Semaphore(3);
  semaphore.acquireSync(3);
  const order: string[] = [];
  const waits = [["large", 3], ["small", 1], ["smaller", 1]].map(async ([name, n]) => {
    await semaphore.acquire(n as number);
    order.push(name as string);
  });
  semaphore.release(2);
  assert(await isPending(waits[1]!), "a small request overtook a large one");
  assertEquals(semaphore.tryAcquire(1), undefined, "tryAcquire() overtook those who wait");
  semaphore.release(1);
  await waits[0];
  assertEquals(order, ["large"]);
  semaphore.release(3);
  await Promise.all(waits);
  assertEquals(order, ["large", "small", "smaller"]);
  assert(semaphore.tryAcquire(1));
});

test("Semaphore.acquire() waits behind a small request when one waits", async () => {
  using semaphore = new Semaphore(2);
  const both = semaphore.acquireSync(2);
  const first = semaphore.acquire(2);
  const nothing = semaphore.acquire(0);
  assert(await isPending(nothing));
  both[Symbol.dispose]();
  await first;
  await nothing;
});

test("Semaphore.release() serves several at once when they fit", async () => {
  using semaphore = new Semaphore(4);
  semaphore.acquireSync(4);
  const waits = [1, 2, 1, 1].map((n) => semaphore.acquire(n));
  semaphore.release(4);
  await Promise.all(waits.slice(0, 3));
  assert(await isPending(waits[3]!));
  semaphore.release(1);
  await waits[3];
});

test("Semaphore.acquire() lets those behind it go on when it is aborted", async () => {
  using semaphore = new Semaphore(3);
  semaphore.acquireSync(2);
  const controller = new AbortController();
  const reason = new Error("aborted by the test");
  const large = semaphore.acquire(3, { signal: controller.signal });
  const small = semaphore.acquire(1);
  assert(await isPending(small));
  controller.abort(reason);
  assertStrictEquals(await reasonOf(large), reason);
  await small;
  semaphore.release(3);
  assert(semaphore.tryAcquire(3));
});

test("Semaphore.acquire() rejects with the reason when the signal is aborted before", async () => {
  using semaphore = new Semaphore(3);
  const { signal, reason } = aborted();
  assertStrictEquals(await reasonOf(semaphore.acquire(1, { signal })), reason);
  assertStrictEquals(await reasonOf(semaphore.acquire(4, { signal })), reason);
  assert(semaphore.tryAcquire(3));
});

test("Semaphore.acquire() waits for its signal alone when it asks for more than there are", async () => {
  using semaphore = new Semaphore(2);
  const controller = new AbortController();
  const reason = new Error("aborted by the test");
  const tooMany = semaphore.acquire(3, { signal: controller.signal });
  const far = semaphore.acquire(2 ** 32 + 1, { signal: controller.signal });
  const both = await semaphore.acquire(2);
  both[Symbol.dispose]();
  assert(semaphore.tryAcquire(1));
  assert(await isPending(tooMany));
  controller.abort(reason);
  assertStrictEquals(await reasonOf(tooMany), reason);
  assertStrictEquals(await reasonOf(far), reason);
});

test("Semaphore.acquire() loses no unit when some waits are aborted", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = seeded(seed);
    const size = 1 + next(5);
    using semaphore = new Semaphore(size);
    let held = semaphore.acquireSync(size) && size;
    let ended = 0;
    const controllers = Array.from({ length: 8 }, () => new AbortController());
    const waits = controllers.map(async ({ signal }) => {
      try {
        const n = next(size + 1);
        using _ = await semaphore.acquire(n, { signal });
        if (next(2) === 0) await Promise.resolve();
      } catch {
        // Aborted.
      }
      ended++;
    });
    for (const controller of controllers) {
      const n = next(held + 1);
      semaphore.release(n);
      held -= n;
      if (next(2) === 0) controller.abort();
      if (next(3) === 0) await Promise.resolve();
    }
    semaphore.release(held);
    await Promise.all(waits);
    assertEquals(ended, 8, `seed ${seed}`);
    assert(semaphore.tryAcquire(size), `units were lost, seed ${seed}`);
    assertThrows(() => semaphore.release(size + 1), LockMisuseError);
  }
});

test("Semaphore.acquire() lets timers run when it never has to wait", async () => {
  using semaphore = new Semaphore(1);
  let isDue = false;
  const timer = sleep(1).then(() => {
    isDue = true;
  });
  while (!isDue) {
    using _ = await semaphore.acquire();
  }
  await timer;
  assert(semaphore.tryAcquire());
});

test("Semaphore.acquire() drains the semaphore when it asks for all", async () => {
  using semaphore = new Semaphore(3);
  let running = 0;
  for (let i = 0; i < 10; i++) {
    const permit = await semaphore.acquire();
    running++;
    (async () => {
      using _ = permit;
      await sleep(0);
      running--;
    })();
  }
  await semaphore.acquire(3);
  assertEquals(running, 0);
});

test("Permit gives its units back once when it is disposed twice", () => {
  using semaphore = new Semaphore(4);
  const two = semaphore.acquireSync(2);
  const other = semaphore.acquireSync(2);
  two[Symbol.dispose]();
  two[Symbol.dispose]();
  assertEquals(semaphore.tryAcquire(3), undefined);
  other[Symbol.dispose]();
  assert(semaphore.tryAcquire(4));
});

test("WaitGroup.wait() returns at once when the counter is 0", async () => {
  using group = new WaitGroup();
  await group.wait();
  group.waitSync();
  group.add(2);
  group.add(-2);
  group.add(0);
  await group.wait();
  group.waitSync();
  assertThrows(() => group.done(), LockMisuseError);
});

test("WaitGroup.wait() waits until the counter is 0", async () => {
  using group = new WaitGroup();
  group.add(2);
  const waits = [group.wait(), group.wait(), group.wait()];
  group.done();
  assert(await isPending(waits[0]!));
  group.done();
  await Promise.all(waits);
});

test("WaitGroup.wait() ends with its own round when the group is used again at once", async () => {
  using group = new WaitGroup();
  for (let round = 0; round < 3; round++) {
    group.add(1);
    const wait = group.wait();
    group.done();
    group.add(1);
    const next = group.wait();
    await wait;
    assert(await isPending(next));
    group.done();
    await next;
  }
});

test("WaitGroup.wait() rejects with the reason when the signal is aborted", async () => {
  using group = new WaitGroup();
  const { signal, reason } = aborted();
  assertStrictEquals(await reasonOf(group.wait({ signal })), reason);
  group.add(1);
  const controller = new AbortController();
  const given = group.wait({ signal: controller.signal });
  const kept = group.wait();
  controller.abort(reason);
  assertStrictEquals(await reasonOf(given), reason);
  assert(await isPending(kept));
  group.done();
  await kept;
});

test("WaitGroup.wait() lets timers run when it never has to wait", async () => {
  using group = new WaitGroup();
  let isDue = false;
  const timer = sleep(1).then(() => {
    isDue = true;
  });
  while (!isDue) await group.wait();
  await timer;
  assert(isDue);
});

test("WaitGroup.go() runs after the caller yields and is waited for", async () => {
  using group = new WaitGroup();
  const log: string[] = [];
  group.go(() => log.push("first"));
  group.go(async () => {
    await sleep(0);
    log.push("second");
  });
  log.push("caller");
  await group.wait();
  assertEquals(log, ["caller", "first", "second"]);
});

test("WaitGroup.go() counts off and leaves the error uncaught when the function throws", async () => {
  interface Process {
    listeners(event: string): ((reason: unknown) => void)[];
    on(event: string, listener: (reason: unknown) => void): void;
    off(event: string, listener: (reason: unknown) => void): void;
  }
  const event = "unhandledRejection";
  const process = globalThis.process as unknown as Process;
  // The test runner's own listener would fail the test.
  const others = process.listeners(event);
  for (const other of others) process.off(event, other);
  let onUncaught!: (reason: unknown) => void;
  const uncaught = new Promise<unknown>((resolve) => onUncaught = resolve);
  process.on(event, onUncaught);
  try {
    using group = new WaitGroup();
    const error = new Error("thrown by the goroutine");
    group.go(() => {
      throw error;
    });
    await group.wait();
    assertStrictEquals(await uncaught, error);
    assert(/\ngoroutine \d+, created by\n +at .*sync_test/.test(error.stack!), error.stack);
  } finally {
    process.off(event, onUncaught);
    for (const other of others) process.on(event, other);
  }
});

test("Locks throw a LockMisuseError with Go's text and change nothing when they are misused", () => {
  using mutex = new Mutex();
  using semaphore = new Semaphore(2);
  using group = new WaitGroup();
  using counting = new WaitGroup();
  counting.add(2);
  using _ = semaphore.acquireSync(1);
  const table: [misuse: () => void, text: string][] = [
    [() => mutex.unlock(), "sync: unlock of unlocked mutex"],
    [() => semaphore.release(2), "semaphore: released more than held"],
    [() => semaphore.release(2 ** 32), "semaphore: released more than held"],
    [() => group.done(), "sync: negative WaitGroup counter"],
    [() => counting.add(-3), "sync: negative WaitGroup counter"],
  ];
  for (const [misuse, text] of table) {
    const error = assertThrows(misuse, LockMisuseError, text);
    assertEquals((error as LockMisuseError).code, "LOCK_MISUSE");
  }
  assertEquals(mutex.locked, false);
  assertEquals(semaphore.tryAcquire(2), undefined);
  counting.add(-2);
});

test("Locks throw at the call and name the value when an argument is bad", () => {
  using mutex = new Mutex();
  using semaphore = new Semaphore(1);
  using group = new WaitGroup();
  group.add(1);
  const table: [call: () => unknown, type: new () => Error, value: string][] = [
    [() => mutex.lockWithin(NaN), RangeError, "NaN"],
    [() => mutex.lockWithin("5" as never), TypeError, '"5"'],
    [() => mutex.lockWithinSync(NaN), RangeError, "NaN"],
    [() => mutex.lock({ signal: "stop" as never }), TypeError, '"stop"'],
    [() => new Semaphore(-1), RangeError, "-1"],
    [() => new Semaphore(1.5), RangeError, "1.5"],
    [() => new Semaphore(2 ** 32), RangeError, "4294967296"],
    [() => new Semaphore(undefined as never), TypeError, "undefined"],
    [() => semaphore.acquire(-1), RangeError, "-1"],
    [() => semaphore.acquire(NaN), RangeError, "NaN"],
    [() => semaphore.acquire({} as never), TypeError, "object"],
    [() => semaphore.acquire(1, { signal: 1 as never }), TypeError, "1"],
    [() => semaphore.acquireSync(0.5), RangeError, "0.5"],
    [() => semaphore.tryAcquire(Infinity), RangeError, "Infinity"],
    [() => semaphore.release(-2), RangeError, "-2"],
    [() => group.add(0.5), RangeError, "0.5"],
    [() => group.add(2 ** 31), RangeError, "2147483648"],
    [() => group.add(2 ** 31 - 1), RangeError, "2147483647"],
    [() => group.add("1" as never), TypeError, '"1"'],
    [() => group.go(7 as never), TypeError, "7"],
    [() => group.wait({ signal: {} as never }), TypeError, "object"],
  ];
  for (const [call, type, value] of table) assertThrows(call, type, value);
  assertEquals(mutex.locked, false);
  assert(semaphore.tryAcquire());
  group.done();
});

test("Locks throw a TypeError when they are used after dispose", () => {
  const mutex = new Mutex();
  const semaphore = new Semaphore(1);
  const group = new WaitGroup();
  for (let times = 0; times < 2; times++) {
    mutex[Symbol.dispose]();
    semaphore[Symbol.dispose]();
    group[Symbol.dispose]();
  }
  const channel = new Channel(any(), 1);
  const uses: (() => unknown)[] = [
    () => mutex.locked,
    () => mutex.lock(),
    () => mutex.lockSync(),
    () => mutex.tryLock(),
    () => mutex.lockWithin(1),
    () => mutex.unlock(),
    () => channel.trySend(mutex),
    () => semaphore.acquire(),
    () => semaphore.acquireSync(),
    () => semaphore.tryAcquire(),
    () => semaphore.release(0),
    () => channel.trySend(semaphore),
    () => group.add(1),
    () => group.done(),
    () => group.wait(),
    () => group.waitSync(),
    () => group.go(() => {}),
    () => channel.trySend(group),
  ];
  for (const use of uses) assertThrows(use, TypeError, "disposed");
});

test("Mutex keeps its lock when the handle is disposed first", async () => {
  using channel = new Channel(any<Mutex>(), 1);
  const mutex = new Mutex();
  const guard = mutex.lockSync();
  channel.trySend(mutex);
  const wait = mutex.lock();
  mutex[Symbol.dispose]();
  using other = (await channel.receive())!;
  assertEquals(other.locked, true);
  guard[Symbol.dispose]();
  guard[Symbol.dispose]();
  const next = await wait;
  assertEquals(other.locked, true);
  next[Symbol.dispose]();
  next[Symbol.dispose]();
  assertEquals(other.locked, false);
});

test("Mutex.unlock() unlocks when the handle is disposed while it holds the lock", () => {
  const mutex = new Mutex();
  mutex.lockSync();
  mutex[Symbol.dispose]();
  mutex.unlock();
  assertThrows(() => mutex.unlock(), TypeError, "disposed");
});

test("Semaphore keeps its units when the handle is disposed first", async () => {
  using channel = new Channel(any<Semaphore>(), 1);
  const semaphore = new Semaphore(2);
  const permits = [semaphore.acquireSync(1), semaphore.acquireSync(1)];
  channel.trySend(semaphore);
  const wait = semaphore.acquire(2);
  semaphore[Symbol.dispose]();
  using other = (await channel.receive())!;
  assertEquals(other.tryAcquire(), undefined);
  for (const permit of permits) permit[Symbol.dispose]();
  const both = await wait;
  assertEquals(other.tryAcquire(), undefined);
  both[Symbol.dispose]();
  both[Symbol.dispose]();
  assert(other.tryAcquire(2));
});

test("WaitGroup keeps its goroutines and its waits when the handle is disposed first", async () => {
  using channel = new Channel(any<WaitGroup>(), 1);
  const group = new WaitGroup();
  group.go(() => sleep(0));
  const wait = group.wait();
  channel.trySend(group);
  group[Symbol.dispose]();
  using other = (await channel.receive())!;
  await Promise.all([wait, other.wait()]);
  assertThrows(() => other.done(), LockMisuseError);
});

test("Locks arrive as themselves when a typed channel carries them", async () => {
  using channel = new Channel(any(), 4);
  using mutex = new Mutex();
  using semaphore = new Semaphore(1);
  using group = new WaitGroup();
  await channel.send({ mutex, locks: [semaphore, group] });
  const got = await channel.receive() as { mutex: Mutex; locks: unknown[] };
  assertInstanceOf(got.mutex, Mutex);
  assertStrictEquals(got.mutex, mutex);
  assertStrictEquals(got.locks[0], semaphore);
  assertStrictEquals(got.locks[1], group);
});
