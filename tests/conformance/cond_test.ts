/**
 * Cond, on one thread and between threads.
 *
 * @module
 */
import {
  AgentCannotBlockError,
  any,
  Channel,
  Cond,
  type Guard,
  i32,
  LockAbandonedError,
  type Locker,
  LockMisuseError,
  Mutex,
  Pool,
  RWMutex,
  type WaitOptions,
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
  awaitMore,
  consume,
  holdAndDie,
  signal,
  takeTurns,
  takeTurnsThere,
  waitOnce,
} from "../support/tasks_locks.ts";
import { test } from "../support/test.ts";
import { isPending, seeded, settled, turn } from "./waiting.ts";

/** The locks that a condition can belong to; disposed by whoever asks. */
const LOCKERS: Record<string, () => { locker: Locker; owner: Disposable }> = {
  Mutex() {
    const owner = new Mutex();
    return { locker: owner, owner };
  },
  RWMutex() {
    const owner = new RWMutex();
    return { locker: owner, owner };
  },
  "RWMutex.rLocker()"() {
    const owner = new RWMutex();
    return { locker: owner.rLocker(), owner };
  },
};

for (const [name, make] of Object.entries(LOCKERS)) {
  // Go: TestCondSignal.
  test(`Cond.signal() wakes one, who has waited longest, over ${name}`, async () => {
    const { locker, owner } = make();
    using _ = owner;
    using cond = new Cond(locker);
    assertStrictEquals(cond.locker, locker);
    const awake: number[] = [];
    const count = 10;
    const waits = Array.from({ length: count }, async (_, index) => {
      using _guard = await locker.lock();
      await cond.wait();
      awake.push(index);
    });
    await turn();
    for (let i = 0; i < count; i++) {
      assertEquals(awake.length, i);
      if (i % 2 === 0) cond.signal();
      else {
        using _guard = await locker.lock();
        cond.signal();
        await turn();
      }
      await waits[i];
    }
    assertEquals(awake, Array.from({ length: count }, (_, index) => index));
    cond.signal();
    locker.tryLock()![Symbol.dispose]();
  });

  // Go: TestCondBroadcast.
  test(`Cond.broadcast() wakes all, one after the other, over ${name}`, async () => {
    const { locker, owner } = make();
    using _ = owner;
    using cond = new Cond(locker);
    for (let round = 0; round < 5; round++) {
      let inside = 0;
      let most = 0;
      let awake = 0;
      const waits = Array.from({ length: 20 }, async () => {
        using _guard = await locker.lock();
        await cond.wait();
        most = Math.max(most, ++inside);
        await turn();
        inside--;
        awake++;
      });
      await turn();
      assertEquals(awake, 0);
      if (round % 2 === 0) cond.broadcast();
      else {
        using _guard = await locker.lock();
        cond.broadcast();
        await turn();
      }
      await Promise.all(waits);
      assertEquals(awake, 20);
      if (name !== "RWMutex.rLocker()") assertEquals(most, 1);
    }
    cond.broadcast();
  });

  test(`Cond.wait() gives the lock up and takes it again, and its guard with it, over ${name}`, async () => {
    const { locker, owner } = make();
    using _ = owner;
    using cond = new Cond(locker);
    const guard = await locker.lock();
    const wait = cond.wait();
    assert(await isPending(wait));
    const writer = owner as Mutex | RWMutex;
    const other = writer.tryLock();
    assert(other, "it still holds the lock");
    // Nobody's lock is freed by a guard whose lock has been given up.
    guard[Symbol.dispose]();
    assertEquals(writer.tryLock(), undefined);
    cond.signal();
    assert(await isPending(wait));
    other[Symbol.dispose]();
    await wait;
    assertEquals(writer.tryLock(), undefined);
    guard[Symbol.dispose]();
    assert(writer.tryLock());
  });

  test(`Cond.wait() rejects with the reason and with the lock held when the signal is aborted, over ${name}`, async () => {
    const { locker, owner } = make();
    using _ = owner;
    using cond = new Cond(locker);
    const writer = owner as Mutex | RWMutex;
    const reason = new Error("aborted by the test");
    const guard = await locker.lock();
    const early = await settled(cond.wait({ signal: AbortSignal.abort(reason) }));
    assertStrictEquals((early as { reason: unknown }).reason, reason);
    assertEquals(writer.tryLock(), undefined);

    const controller = new AbortController();
    const wait = settled(cond.wait({ signal: controller.signal }));
    const other = writer.tryLock()!;
    controller.abort(reason);
    assert(await isPending(wait), "it rejected without the lock");
    other[Symbol.dispose]();
    assertStrictEquals((await wait as { reason: unknown }).reason, reason);
    assertEquals(writer.tryLock(), undefined);
    guard[Symbol.dispose]();
    writer.tryLock()![Symbol.dispose]();
    // Nobody waits any more, so no signal is kept.
    cond.signal();
    using _guard = await locker.lock();
    assert(await isPending(Promise.race([cond.wait()])));
    cond.signal();
    await turn();
  });

  test(`Cond refuses to wait when the lock is not held, over ${name}`, async () => {
    const { locker, owner } = make();
    using cond = new Cond(locker);
    const unlocked = /unlocked/;
    for (let times = 0; times < 2; times++) {
      const error = await assertRejects(() => cond.wait(), LockMisuseError);
      assertEquals(error.code, "LOCK_MISUSE");
      assert(unlocked.test(error.message), error.message);
      assertThrows(() => cond.waitSync(), LockMisuseError, "unlocked");
    }
    locker.tryLock()![Symbol.dispose]();
    owner[Symbol.dispose]();
    await assertRejects(() => cond.wait(), TypeError, "disposed");
  });
}

test("Cond() refuses what is no lock, and names it", () => {
  const disposed = new Mutex();
  disposed[Symbol.dispose]();
  const table: [locker: unknown, text: string][] = [
    [{}, "an object (Object)"],
    [undefined, "undefined"],
    [null, "null"],
    [7, "7"],
    [{ lock() {}, lockSync() {}, tryLock() {}, unlock: true }, "an object (Object)"],
    [() => {}, "function"],
    [new Channel(1), "an object"],
    [disposed, "disposed"],
  ];
  for (const [locker, text] of table) {
    assertThrows(() => new Cond(locker as Locker), TypeError, text);
  }
});

test("Cond throws at the call when an argument is bad, and after dispose", () => {
  using mutex = new Mutex();
  using _ = mutex.lockSync();
  const cond = new Cond(mutex);
  assertThrows(() => cond.wait({ signal: "stop" as never }), TypeError, '"stop"');
  cond[Symbol.dispose]();
  cond[Symbol.dispose]();
  const uses: (() => unknown)[] = [
    () => cond.wait(),
    () => cond.waitSync(),
    () => cond.signal(),
    () => cond.broadcast(),
    () => cond.locker,
    () => new Channel(any(), 1).trySend(cond),
  ];
  for (const use of uses) assertThrows(use, TypeError, "disposed");
});

// Go: TestCondSignalGenerations.
test("Cond.signal() wakes the waiters of before, not those that come later", async () => {
  using mutex = new Mutex();
  using cond = new Cond(mutex);
  const count = 50;
  const awake: number[] = [];
  const all: Promise<void>[] = [];
  for (let i = 0; i < count; i++) {
    all.push((async () => {
      using _ = await mutex.lock();
      await cond.wait();
      awake.push(i);
    })());
    await turn();
    if (i === 0) continue;
    {
      using _ = await mutex.lock();
      cond.signal();
    }
    await turn();
    assertEquals(awake.at(-1), i - 1);
  }
  cond.signal();
  await Promise.all(all);
});

// Go: TestRace.
test("Cond carries a conversation", async () => {
  using mutex = new Mutex();
  using cond = new Cond(mutex);
  let x = 0;
  const first = (async () => {
    using _ = await mutex.lock();
    x = 1;
    await cond.wait();
    assertEquals(x, 2);
    x = 3;
    cond.signal();
  })();
  const second = (async () => {
    for (;;) {
      using _ = await mutex.lock();
      if (x === 1) {
        x = 2;
        cond.signal();
        return;
      }
      await turn();
    }
  })();
  const third = (async () => {
    for (;;) {
      using _ = await mutex.lock();
      if (x === 2) {
        await cond.wait();
        assertEquals(x, 3);
        return;
      }
      if (x === 3) return;
      await turn();
    }
  })();
  await Promise.all([first, second, third]);
});

test("Cond loses no signal when waits are aborted around it", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = seeded(seed);
    using mutex = new Mutex();
    using cond = new Cond(mutex);
    let tokens = 0;
    let taken = 0;
    let given = 0;
    const controllers = Array.from({ length: 6 }, () => new AbortController());
    const waits = controllers.map(async ({ signal }) => {
      using _ = await mutex.lock();
      try {
        while (tokens === 0) await cond.wait({ signal });
        tokens--;
        taken++;
      } catch {
        given++;
      }
    });
    await Promise.resolve();
    const signals = 1 + next(5);
    for (const [index, controller] of controllers.entries()) {
      if (index < signals) {
        using _ = await mutex.lock();
        tokens++;
        if (next(2) === 0) controller.abort();
        cond.signal();
      }
      if (next(3) === 0) controller.abort();
      if (next(3) === 0) await Promise.resolve();
    }
    // Whoever is left waits for a token that is not there; a lost signal leaves a token and a waiter.
    await turn();
    assert(
      tokens === 0 || taken + given === 6,
      `seed ${seed}: ${tokens} tokens, and somebody waits`,
    );
    tokens += 6;
    cond.broadcast();
    await Promise.all(waits);
    assertEquals(taken + given, 6, `seed ${seed}`);
    assertEquals(mutex.locked, false, `seed ${seed}`);
  }
});

test("Cond keeps apart the guards of readers that wait on one thread", async () => {
  using mutex = new RWMutex();
  using cond = new Cond(mutex.rLocker());
  const first = mutex.rLockSync();
  const second = mutex.rLockSync();
  // One of two that read waits; whose guard it is cannot be seen.
  const wait = cond.wait();
  first[Symbol.dispose]();
  const writer = mutex.tryLock();
  assert(writer, "a read lock was left behind");
  writer[Symbol.dispose]();
  cond.signal();
  await wait;
  assertEquals(mutex.tryLock(), undefined);
  second[Symbol.dispose]();
  assert(mutex.tryLock());
});

test("Cond goes on when the handles are disposed while somebody waits", async () => {
  using channel = new Channel(any<Cond>(), 1);
  const mutex = new Mutex();
  const cond = new Cond(mutex);
  channel.trySend(cond);
  const guard = await mutex.lock();
  const wait = cond.wait();
  const controller = new AbortController();
  mutex[Symbol.dispose]();
  cond[Symbol.dispose]();
  using other = (await channel.receive())!;
  assertInstanceOf(other, Cond);
  using locker = other.locker as Mutex;
  const held = locker.lockSync();
  const aborted = settled(other.wait({ signal: controller.signal }));
  controller.abort();
  other.signal();
  await wait;
  assertEquals(locker.locked, true);
  guard[Symbol.dispose]();
  await aborted;
  held[Symbol.dispose]();
  assertEquals(locker.locked, false);
});

// ---- Between threads -----------------------------------------------------------------------------------------

for (const form of ["blocking", "suspending"] as const) {
  test(`Cond.signal() and broadcast() wake waiters of other threads, ${form}`, async () => {
    await using pool = new Pool({ threads: 3 });
    using mutex = new Mutex();
    using cond = new Cond(mutex);
    using cell = new Channel(i32, 1);
    using started = new Channel(i32, 3);
    cell.trySend(0);
    const there = [1, 2, 3].map(() => pool.go(awaitMore, cond, cell, 0, started, form));
    for (let i = 0; i < 3; i++) await started.receive();
    {
      // Who has this lock has seen all of them wait.
      using _ = await mutex.lock();
      cell.tryReceive();
      cell.trySend(1);
      cond.signal();
    }
    await Promise.race(there);
    cond.broadcast();
    await Promise.all(there);
    assertEquals(await cell.receive(), 4);
  });

  test(`Cond lets threads take turns, ${form}, while some waits are aborted here`, async () => {
    await using pool = new Pool({ threads: 2 });
    using mutex = new Mutex();
    using cond = new Cond(mutex);
    using cell = new Channel(i32, 1);
    cell.trySend(0);
    const there = [1, 2].map((own) => pool.go(takeTurnsThere, cond, cell, own, 3, 200, form));
    await takeTurns(cond, cell, 0, 3, 200, "suspending");
    await Promise.all(there);
    assertEquals(await cell.receive(), 600);
    assertEquals(mutex.locked, false);
  });

  test(`Cond loses no signal between threads, ${form}`, async () => {
    await using pool = new Pool({ threads: 2 });
    using mutex = new Mutex();
    using cond = new Cond(mutex);
    using pot = new Channel(i32, 1000);
    const count = 500;
    const there = [1, 2].map(() => pool.go(consume, cond, pot, count, form));
    let sum = 0;
    for (let i = 1; i <= 2 * count; i++) {
      using _ = await mutex.lock();
      pot.trySend(i);
      sum += i;
      cond.signal();
    }
    assertEquals(await there[0]! + await there[1]!, sum);
    assertEquals(pot.size, 0);
  });
}

test("Cond wakes this thread when another signals, and its waits look again when a thread has died", async () => {
  await using pool = new Pool({ threads: 2 });
  using mutex = new Mutex();
  using cond = new Cond(mutex);
  using guard = await mutex.lock();
  const wait = cond.wait();
  assert(await isPending(wait));
  await pool.go(signal, cond);
  await wait;
  assertEquals(mutex.locked, true);
  const again = cond.wait();
  using other = new Mutex();
  using started = new Channel(i32, 1);
  using stop = new Channel(i32, 1);
  stop.close();
  await settled(pool.go(holdAndDie, other, started, stop).join());
  await again;
  assertEquals(mutex.locked, true);
  guard[Symbol.dispose]();
  assertEquals(mutex.locked, false);
});

test("Cond rejects those who wait when the thread of the lock's holder dies", async () => {
  await using pool = new Pool({ threads: 2 });
  using mutex = new Mutex();
  using cond = new Cond(mutex);
  using started = new Channel(i32, 2);
  using stop = new Channel(i32, 1);
  const there = pool.go(waitOnce, cond, started);
  await started.receive();
  const guard = await mutex.lock();
  const wait = settled(cond.wait());
  const crashed = settled(pool.go(holdAndDie, mutex, started, stop).join());
  await started.receive();
  stop.close();
  await crashed;
  assertInstanceOf((await wait as { reason: unknown }).reason, LockAbandonedError);
  assertEquals(await there, "LOCK_ABANDONED");
  guard[Symbol.dispose]();
  await assertRejects(() => cond.wait(), LockAbandonedError);
  {
    using recovered = mutex.recover();
    assert(recovered);
    const next = cond.wait();
    cond.signal();
    await next;
    assertEquals(mutex.locked, true);
  }
  assertEquals(mutex.locked, false);
});

test("Cond goes to the next when a thread that waited has died", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new Mutex();
  using cond = new Cond(mutex);
  using started = new Channel(i32, 2);
  const doomed = new Pool({ threads: 1 });
  const lost = settled(doomed.go(waitOnce, cond, started).join());
  await started.receive();
  mutex.lockSync()[Symbol.dispose]();
  await doomed.terminate(0);
  await lost;
  const next = pool.go(waitOnce, cond, started);
  await started.receive();
  {
    using _ = await mutex.lock();
    cond.signal();
  }
  assertEquals(await next, "signalled");
  assertEquals(mutex.locked, false);
});

test("Cond.waitSync() leaves the lock to others when its thread is being stopped", async () => {
  const pool = new Pool({ threads: 1 });
  using mutex = new Mutex();
  using cond = new Cond(mutex);
  using started = new Channel(i32, 1);
  const there = settled(pool.go(waitOnce, cond, started).join());
  await started.receive();
  mutex.lockSync()[Symbol.dispose]();
  await pool.terminate(5000);
  await there;
  assert(mutex.tryLock());
});

// The types: this compiles.
test("Mutex, RWMutex and rLocker() are Lockers, and Cond takes Lockers and nothing else", () => {
  using mutex = new Mutex();
  using rw = new RWMutex();
  const lockers: Locker[] = [mutex, rw, rw.rLocker()];
  for (const locker of lockers) {
    using cond: Cond = new Cond(locker);
    const _waits: (() => Promise<void>) & Cond["wait"] = cond.wait;
    // @ts-expect-error: a Cond needs a Locker.
    assertThrows(() => new Cond({}), TypeError);
    // @ts-expect-error: a Locker has all four.
    assertThrows(() => new Cond({ lock: locker.lock }), TypeError);
  }
  const guard: Guard | undefined = mutex.recover() ?? rw.recover();
  assertEquals(guard, undefined);
});

// ---- A Locker that is not ours (Go: `sync.NewCond` takes any) ----------------------------------------------

/** A lock as a caller might write one: a mutex that counts. */
class CountingLocker implements Locker {
  readonly mutex = new Mutex();
  locks = 0;
  unlocks = 0;

  lock(options?: WaitOptions): Promise<Guard> {
    this.locks++;
    return this.mutex.lock(options);
  }

  lockSync(): Guard {
    return this.mutex.lockSync();
  }

  tryLock(): Guard | undefined {
    return this.mutex.tryLock();
  }

  unlock(): void {
    this.unlocks++;
    this.mutex.unlock();
  }
}

test("Cond of a caller's own Locker wakes in order, one with each signal, and all with a broadcast", async () => {
  const locker = new CountingLocker();
  using cond = new Cond(locker);
  assertStrictEquals(cond.locker, locker);
  const log: number[] = [];
  const all = [0, 1, 2, 3].map(async (i) => {
    await locker.lock();
    await cond.wait();
    assert(locker.mutex.locked);
    log.push(i);
    locker.unlock();
  });
  while (locker.unlocks < 4) await Promise.resolve();
  cond.signal();
  await all[0];
  assertEquals(log, [0]);
  assert(await isPending(all[1]!));
  cond.broadcast();
  await Promise.all(all);
  assertEquals(log, [0, 1, 2, 3]);
  assertEquals([locker.locks, locker.unlocks, locker.mutex.locked], [8, 8, false]);
  cond.signal();
  cond.broadcast();
});

test("Cond of a caller's own Locker rejects an aborted wait with the lock held, and loses no signal", async () => {
  const locker = new CountingLocker();
  using cond = new Cond(locker);
  await locker.lock();
  assertEquals(await settled(cond.wait({ signal: AbortSignal.abort("before") })), {
    reason: "before",
  });
  assertEquals([locker.unlocks, locker.mutex.locked], [0, true]);
  const controller = new AbortController();
  const aborted = cond.wait(controller);
  const other = locker.lock().then(() => cond.wait());
  while (locker.unlocks < 2) await Promise.resolve();
  controller.abort("meanwhile");
  cond.signal();
  assertEquals(await settled(aborted), { reason: "meanwhile" });
  assert(locker.mutex.locked);
  assert(await isPending(other));
  locker.unlock();
  await other;
  // An abort after the signal comes too late.
  const late = new AbortController();
  const signalled = cond.wait(late);
  cond.signal();
  late.abort("late");
  await signalled;
  locker.unlock();
  assertEquals(locker.mutex.locked, false);
});

test("Cond of a caller's own Locker refuses what cannot be", async () => {
  const locker = new CountingLocker();
  const cond = new Cond(locker);
  await assertRejects(() => cond.wait(), LockMisuseError, "sync: unlock of unlocked mutex");
  await assertRejects(() => cond.wait(new AbortController()), LockMisuseError);
  // Nobody was left waiting who would take the signal.
  await locker.lock();
  const wait = cond.wait();
  cond.signal();
  await wait;
  assertThrows(() => cond.waitSync(), AgentCannotBlockError, "Locker");
  assert(locker.mutex.locked);
  assertThrows(() => new Channel(any(), 1).trySend(cond), TypeError, "Mutex or an RWMutex");
  cond[Symbol.dispose]();
  cond[Symbol.dispose]();
  assertThrows(() => cond.wait(), TypeError, "disposed");
});

test("Cond.wait() of a Locker of one's own that fails to unlock leaves nothing uncaught, and no signal is lost", async () => {
  const controller = new AbortController();
  let isBroken = false;
  let act = (): void => {};
  const locker: Locker = {
    lock: () => Promise.resolve({ [Symbol.dispose]() {} }),
    lockSync: () => ({ [Symbol.dispose]() {} }),
    tryLock: () => undefined,
    unlock() {
      if (!isBroken) return;
      act();
      throw new Error("broken");
    },
  };
  using cond = new Cond(locker);
  isBroken = true;
  act = () => controller.abort(new Error("stop"));
  await assertRejects(() => cond.wait({ signal: controller.signal }), Error, "broken");
  let next: Promise<void> | undefined;
  act = () => {
    isBroken = false;
    next = cond.wait();
    // It wakes the one whose unlocking is under way, and is about to fail.
    cond.signal();
  };
  await assertRejects(() => cond.wait(), Error, "broken");
  await next;
  await turn();
});
