/**
 * WaitGroup: what Go's own tests of it ask for, and threads.
 *
 * @module
 */
import { AtomicI32, Channel, i32, LockMisuseError, Pool, WaitGroup } from "../../mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { awaitGroupAndDie, countAndDone, meet } from "../support/tasks_primitives.ts";
import { test } from "../support/test.ts";
import { isPending, settled } from "./waiting.ts";

for (const isBlocking of [false, true]) {
  test(
    `WaitGroup lets goroutines meet, round after round (TestWaitGroup), ${
      isBlocking ? "blocking" : "suspending"
    }`,
    async () => {
      const threads = 3;
      await using pool = new Pool({ threads });
      using here = new WaitGroup();
      using there = new WaitGroup();
      for (let round = 0; round < 8; round++) {
        // Blocked, a thread has room for one.
        const count = isBlocking ? threads : 16;
        here.add(count);
        there.add(count);
        const all = Array.from({ length: count }, () => pool.go(meet, here, there, isBlocking));
        await here.wait();
        assert(await isPending(Promise.race(all)), "one went on early");
        for (let i = 0; i < count; i++) there.done();
        assertEquals(await Promise.all(all), new Array(count).fill(true));
      }
    },
  );
}

test("WaitGroup refuses a negative counter with Go's text (TestWaitGroupMisuse)", () => {
  using group = new WaitGroup();
  group.add(1);
  group.done();
  for (const misuse of [() => group.done(), () => group.add(-1), () => group.add(-(2 ** 31))]) {
    const error = assertThrows(misuse, LockMisuseError);
    assertEquals(
      [error.message, error.code, error.name],
      ["sync: negative WaitGroup counter", "LOCK_MISUSE", "LockMisuseError"],
    );
  }
  group.add(2);
  assertThrows(() => group.add(-3), LockMisuseError, "sync: negative WaitGroup counter");
  group.add(-2);
  group.waitSync();
});

test("WaitGroup refuses a delta that is none", () => {
  using group = new WaitGroup();
  for (const delta of [1.5, NaN, Infinity, 2 ** 31, -(2 ** 31) - 1, 2 ** 40]) {
    assertThrows(() => group.add(delta), RangeError, "as a delta");
  }
  for (const delta of ["1", 1n, null, undefined, {}]) {
    assertThrows(() => group.add(delta as number), TypeError, "as a delta");
  }
  group.add(2 ** 31 - 1);
  assertThrows(() => group.add(1), RangeError, "the counter would pass 2147483647");
  group.add(-(2 ** 31 - 1));
  group.waitSync();
});

test("WaitGroup.wait() sees what was counted off on other threads (TestWaitGroupRace)", async () => {
  await using pool = new Pool({ threads: 3 });
  for (let round = 0; round < 300; round++) {
    using group = new WaitGroup();
    using seen = new AtomicI32();
    group.add(1);
    pool.go(countAndDone, group, seen);
    group.add(1);
    pool.go(countAndDone, group, seen);
    if (round % 2 === 0) await group.wait();
    else group.waitSync();
    assertEquals(seen.load(), 2, `round ${round}`);
  }
});

test("WaitGroup.wait() of others ends when a thread has died that waited", async () => {
  await using pool = new Pool({ threads: 1 });
  using group = new WaitGroup();
  using started = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  group.add(2);
  const before = group.wait();
  const crashed = settled(pool.go(awaitGroupAndDie, started, group, end).join());
  await started.receive();
  const after = group.wait();
  end.close();
  await crashed;
  // What it counted nobody counts off but who knows of its end, as in Go.
  assert(await isPending(Promise.race([before, after])));
  group.add(-2);
  await Promise.all([before, after]);
});
