/**
 * Semaphore: resizing, requests for more than there is, threads that die.
 *
 * @module
 */
import { any, Channel, i32, LockMisuseError, Pool, Semaphore } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import {
  acquireSync,
  awaitUnitsAndDie,
  holdSome,
  holdSomeThere,
  resizeMany,
} from "../support/tasks_primitives.ts";
import { test } from "../support/test.ts";
import { isPending, seeded, settled, turn } from "./waiting.ts";

test("Semaphore.resize() serves who waits at once when it grows", async () => {
  using semaphore = new Semaphore(2);
  semaphore.acquireSync(2);
  const waits = [1, 2, 1].map((n) => semaphore.acquire(n));
  semaphore.resize(5);
  await Promise.all(waits.slice(0, 2));
  assert(await isPending(waits[2]!));
  semaphore.resize(6);
  await waits[2];
  semaphore.release(6);
  assert(semaphore.tryAcquire(6));
});

test("Semaphore.resize() takes nothing from holders when it shrinks, and lets nobody in until enough is released", async () => {
  using semaphore = new Semaphore(5);
  semaphore.acquireSync(5);
  semaphore.resize(2);
  assertEquals(semaphore.tryAcquire(0), undefined);
  const wait = semaphore.acquire(1);
  semaphore.release(3);
  assert(await isPending(wait));
  semaphore.release(1);
  await wait;
  assertEquals(semaphore.tryAcquire(1), undefined);
  semaphore.release(2);
  assert(semaphore.tryAcquire(2));
});

test("Semaphore.resize() to 0 and back stops and lets go on", async () => {
  using semaphore = new Semaphore(1);
  semaphore.resize(0);
  assertEquals(semaphore.tryAcquire(), undefined);
  const wait = semaphore.acquire();
  assert(await isPending(wait));
  semaphore.resize(1);
  (await wait)[Symbol.dispose]();
  assert(semaphore.tryAcquire());
});

test("Semaphore.release() refuses exactly what is not held when the size has changed", () => {
  using semaphore = new Semaphore(2);
  const refused = (n: number) => {
    const error = assertThrows(() => semaphore.release(n), LockMisuseError);
    assertEquals([error.message, error.code], [
      "semaphore: released more than held",
      "LOCK_MISUSE",
    ]);
  };
  refused(1);
  semaphore.acquireSync(2);
  semaphore.resize(9);
  refused(3);
  semaphore.resize(0);
  refused(3);
  semaphore.release(2);
  refused(1);
  semaphore.resize(2 ** 32 - 1);
  semaphore.acquireSync(2 ** 32 - 1);
  refused(2 ** 32);
  semaphore.resize(1);
  semaphore.release(2 ** 32 - 1);
  assert(semaphore.tryAcquire(1));
});

test("Semaphore.resize() refuses what is no size", () => {
  using semaphore = new Semaphore(1);
  for (const size of [-1, 1.5, NaN, Infinity, 2 ** 32, 2 ** 40]) {
    assertThrows(() => semaphore.resize(size), RangeError, String(size));
    assertThrows(() => new Semaphore(size), RangeError, String(size));
  }
  for (const size of ["1", null, undefined, 1n, {}]) {
    assertThrows(() => semaphore.resize(size as number), TypeError, "expected an integer");
    assertThrows(() => new Semaphore(size as number), TypeError, "expected an integer");
  }
  semaphore[Symbol.dispose]();
  assertThrows(() => semaphore.resize(1), TypeError, "disposed");
});

test("Semaphore.acquire() of more than there is holds up nobody, and gets in line once there is enough", async () => {
  using semaphore = new Semaphore(2);
  const order: string[] = [];
  const wait = (name: string, n: number) =>
    semaphore.acquire(n).then((permit) => (order.push(name), permit));
  const large = wait("large", 4);
  const small = await wait("small", 1);
  assertEquals(semaphore.tryAcquire(2), undefined);
  assert(semaphore.tryAcquire(1));
  semaphore.release(1);
  const line = wait("line", 2);
  semaphore.resize(4);
  // Three are free: enough for the one in line, which has waited shorter than the large one but got in line before.
  await line;
  assert(await isPending(large));
  semaphore.release(2);
  small[Symbol.dispose]();
  await large;
  assertEquals(order, ["small", "line", "large"]);
});

test("Semaphore.resize() lets go on who waits behind a request that it has made impossible", async () => {
  using semaphore = new Semaphore(3);
  semaphore.acquireSync(1);
  const large = semaphore.acquire(3);
  const small = semaphore.acquire(1);
  assert(await isPending(small));
  semaphore.resize(2);
  await small;
  assert(await isPending(large));
  semaphore.resize(5);
  await large;
  semaphore.release(5);
  assert(semaphore.tryAcquire(5));
});

test("Semaphore.acquire() of more than there is rejects when its signal is aborted", async () => {
  using semaphore = new Semaphore(1);
  const controller = new AbortController();
  const reason = new Error("aborted by the test");
  const waits = [2, 2 ** 32, 2 ** 53 - 1].map((n) => semaphore.acquire(n, controller));
  semaphore.resize(1);
  assert(await isPending(Promise.race(waits)));
  controller.abort(reason);
  for (const wait of waits) {
    assertStrictEquals(await wait.catch((error: unknown) => error), reason);
  }
  semaphore.resize(3);
  assert(semaphore.tryAcquire(3));
});

test("Semaphore.acquireSync() of more than there is blocks until another thread resizes", async () => {
  await using pool = new Pool({ threads: 1 });
  using semaphore = new Semaphore(1);
  using got = new Channel(i32, 1);
  for (let round = 0; round < 20; round++) {
    const there = pool.go(acquireSync, semaphore, 3, got);
    if (round % 2 === 0) await turn();
    assertEquals(got.size, 0);
    semaphore.resize(3);
    assertEquals(await got.receive(), 3);
    await there;
    semaphore.release(3);
    semaphore.resize(1);
  }
});

test("Semaphore ends each wait once when it is resized and waits are aborted", async () => {
  for (let seed = 1; seed <= 200; seed++) {
    const next = seeded(seed);
    using semaphore = new Semaphore(next(4));
    let held = 0;
    const controllers = Array.from({ length: 8 }, () => new AbortController());
    const ends = controllers.map(async ({ signal }) => {
      const n = next(6);
      const permit = await semaphore.acquire(n, { signal }).catch(() => undefined);
      if (permit === undefined) return;
      held += n;
      if (next(2) === 0) await Promise.resolve();
      held -= n;
      permit[Symbol.dispose]();
    });
    for (const controller of controllers) {
      semaphore.resize(next(6));
      if (next(2) === 0) controller.abort();
      if (next(3) === 0) await Promise.resolve();
    }
    semaphore.resize(5);
    await Promise.all(ends);
    assertEquals(held, 0, `seed ${seed}`);
    assert(semaphore.tryAcquire(5), `units were lost, seed ${seed}`);
    assertThrows(() => semaphore.release(6), LockMisuseError);
  }
});

for (const isBlocking of [false, true]) {
  test(
    `Semaphore never gives more units than there ever are when it is resized meanwhile, threads ${
      isBlocking ? "trying" : "waiting"
    }`,
    async () => {
      await using pool = new Pool({ threads: 3 });
      const [least, most, count] = [1, 5, 1000];
      using semaphore = new Semaphore(most);
      using room = new Channel(i32, most);
      using end = new Channel(i32, 1);
      const resizing = pool.go(resizeMany, semaphore, least, most, end);
      const holding = [1, 2].map((seed) =>
        pool.go(holdSomeThere, semaphore, room, most, count, isBlocking, seed)
      );
      await Promise.all([holdSome(semaphore, room, most, count, isBlocking, 3), ...holding]);
      end.close();
      await resizing;
      semaphore.resize(most);
      assertEquals(room.size, 0);
      assert(semaphore.tryAcquire(most), "units were lost");
      assertThrows(() => semaphore.release(most + 1), LockMisuseError);
    },
  );
}

// A dead thread's request used to stay at the head of the line until its units were free.
test("Semaphore serves those behind a dead thread's request when that does not fit", async () => {
  await using pool = new Pool({ threads: 1 });
  using semaphore = new Semaphore(3);
  using started = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  semaphore.acquireSync(2);
  const crashed = settled(pool.go(awaitUnitsAndDie, started, semaphore, 3, end).join());
  await started.receive();
  const two = semaphore.acquire(2);
  const one = semaphore.acquire(1);
  assert(await isPending(one));
  end.close();
  await crashed;
  // One unit is free, but that would be to overtake.
  assert(await isPending(one));
  semaphore.release(1);
  await two;
  assert(await isPending(one));
  semaphore.release(2);
  await one;
  semaphore.release(2);
  assert(semaphore.tryAcquire(2));
});

test("Semaphore.tryAcquire() gets units when nobody but a dead thread waits", async () => {
  await using pool = new Pool({ threads: 1 });
  using semaphore = new Semaphore(3);
  using started = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  semaphore.acquireSync(2);
  const crashed = settled(pool.go(awaitUnitsAndDie, started, semaphore, 3, end).join());
  await started.receive();
  assertEquals(semaphore.tryAcquire(1), undefined);
  end.close();
  await crashed;
  assert(semaphore.tryAcquire(1));
  semaphore.release(3);
  assert(semaphore.tryAcquire(3));
});

test("Semaphore keeps what a dead thread held until somebody releases it", async () => {
  await using pool = new Pool({ threads: 1 });
  using semaphore = new Semaphore(2);
  using started = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  const crashed = settled(pool.go(awaitUnitsAndDie, started, semaphore, 2, end).join());
  await started.receive();
  const wait = semaphore.acquire(1);
  end.close();
  await crashed;
  assert(await isPending(wait));
  semaphore.release(2);
  await wait;
  assert(semaphore.tryAcquire(1));
});

test("Semaphore.acquire() of all units ends when everybody has released (the drain idiom)", async () => {
  await using pool = new Pool({ threads: 2 });
  using semaphore = new Semaphore(3);
  using room = new Channel(i32, 3);
  const all = [1, 2, 3].map((seed) => pool.go(holdSomeThere, semaphore, room, 3, 200, false, seed));
  await Promise.all(all);
  await semaphore.acquire(3);
  assertEquals(room.size, 0);
});

test("Semaphore arrives as itself, with its size as it is then", async () => {
  using channel = new Channel(any<Semaphore>(), 1);
  const semaphore = new Semaphore(1);
  await channel.send(semaphore);
  semaphore.resize(3);
  semaphore.acquireSync(2);
  semaphore[Symbol.dispose]();
  using other = (await channel.receive())!;
  assert(other.tryAcquire(1));
  assertEquals(other.tryAcquire(1), undefined);
  other.release(3);
  await assertRejects(
    () => other.acquire(4, { signal: AbortSignal.abort(new Error("no")) }),
    Error,
    "no",
  );
});
