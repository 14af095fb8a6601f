/**
 * CyclicBarrier: rounds, what breaks them, and threads.
 *
 * @module
 */
import {
  any,
  BrokenBarrierError,
  Channel,
  CyclicBarrier,
  i32,
  Pool,
  Semaphore,
  sharedArray,
  sleep,
  text,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import {
  arriveThere,
  awaitBarrierAndDie,
  goRound,
  goRoundThere,
  makeAtoms,
  storm,
} from "../support/tasks_primitives.ts";
import { test } from "../support/test.ts";
import { drain, isPending, seeded, settled, turn } from "./waiting.ts";

/** Asserts that `wait` ends with the barrier's own error. */
async function assertBroken(wait: Promise<unknown>): Promise<void> {
  const error = await assertRejects(() => wait, BrokenBarrierError);
  assertEquals([error.name, error.code], ["BrokenBarrierError", "BROKEN_BARRIER"]);
  assert(/broken/i.test(error.message));
}

test("CyclicBarrier.wait() lets all go on when the last has come, and says how many were to come", async () => {
  using barrier = new CyclicBarrier(3);
  assertEquals([barrier.parties, barrier.waiting, barrier.broken], [3, 0, false]);
  for (let round = 0; round < 3; round++) {
    const first = barrier.wait();
    const second = barrier.wait();
    assert(await isPending(Promise.race([first, second])));
    assertEquals(barrier.waiting, 2);
    assertEquals(await barrier.wait(), 0);
    assertEquals([await first, await second], [2, 1]);
    assertEquals([barrier.waiting, barrier.broken], [0, false]);
  }
});

test("CyclicBarrier.wait() and waitSync() need not wait when there is one party", async () => {
  using barrier = new CyclicBarrier(1);
  assertEquals(await barrier.wait(), 0);
  assertEquals(barrier.waitSync(), 0);
  assertEquals(barrier.waiting, 0);
});

test("CyclicBarrier.waitSync() completes a round of this thread's goroutines", async () => {
  using barrier = new CyclicBarrier(2);
  const wait = barrier.wait();
  assertEquals(barrier.waitSync(), 0);
  assertEquals(await wait, 1);
});

test("CyclicBarrier counts one that comes back at once in the next round", async () => {
  using barrier = new CyclicBarrier(3);
  const log: string[] = [];
  const party = async (name: string) => {
    for (let round = 0; round < 50; round++) {
      log.push(`${round}${name}`);
      await barrier.wait();
    }
  };
  await Promise.all(["a", "b", "c"].map(party));
  for (let round = 0; round < 50; round++) {
    assertEquals(
      log.slice(round * 3, round * 3 + 3).toSorted(),
      [`${round}a`, `${round}b`, `${round}c`],
    );
  }
});

test("CyclicBarrier refuses what is no number of parties", () => {
  for (const parties of [0, -1, 1.5, NaN, Infinity, 2 ** 30, 2 ** 40]) {
    assertThrows(() => new CyclicBarrier(parties), RangeError, String(parties));
  }
  for (const parties of ["3", undefined, null, 3n, {}]) {
    assertThrows(() => new CyclicBarrier(parties as number), TypeError, "expected an integer");
  }
  assertEquals(new CyclicBarrier(2 ** 30 - 2).parties, 2 ** 30 - 2);
});

test("CyclicBarrier.wait() refuses a signal that is none, and has not arrived then", () => {
  using barrier = new CyclicBarrier(2);
  assertThrows(() => barrier.wait({ signal: 1 as unknown as AbortSignal }), TypeError, "signal");
  assertEquals(barrier.waiting, 0);
});

test("CyclicBarrier breaks when a wait is aborted: that one gets the reason, the others the error", async () => {
  using barrier = new CyclicBarrier(4);
  const controller = new AbortController();
  const reason = new Error("aborted by the test");
  const others = [barrier.wait(), barrier.wait()];
  const given = barrier.wait(controller);
  controller.abort(reason);
  assertStrictEquals(await given.catch((error: unknown) => error), reason);
  for (const other of others) await assertBroken(other);
  assertEquals([barrier.broken, barrier.waiting], [true, 0]);
  await assertBroken(barrier.wait());
  assertThrows(() => barrier.waitSync(), BrokenBarrierError);
  barrier.reset();
  assertEquals(barrier.broken, false);
  assertEquals(
    (await Promise.all([1, 2, 3, 4].map(() => barrier.wait()))).toSorted(),
    [0, 1, 2, 3],
  );
});

test("CyclicBarrier does not count an arrival whose signal was aborted before", async () => {
  using barrier = new CyclicBarrier(2);
  const wait = barrier.wait();
  const reason = new Error("aborted by the test");
  const late = barrier.wait({ signal: AbortSignal.abort(reason) });
  assertStrictEquals(await late.catch((error: unknown) => error), reason);
  assertEquals([barrier.waiting, barrier.broken], [1, false]);
  assertEquals(await barrier.wait(), 0);
  assertEquals(await wait, 1);
});

test("CyclicBarrier.wait() goes on when its signal is aborted after all have come", async () => {
  using barrier = new CyclicBarrier(2);
  const controller = new AbortController();
  const wait = barrier.wait(controller);
  const last = barrier.wait(controller);
  controller.abort();
  assertEquals([await wait, await last], [1, 0]);
  assertEquals(barrier.broken, false);
});

test("CyclicBarrier.reset() sends off who waits, and leaves nothing broken", async () => {
  using barrier = new CyclicBarrier(3);
  barrier.reset();
  const waits = [barrier.wait(), barrier.wait()];
  barrier.reset();
  for (const wait of waits) await assertBroken(wait);
  assertEquals([barrier.broken, barrier.waiting], [false, 0]);
  const next = [barrier.wait(), barrier.wait(), barrier.wait()];
  assertEquals(await Promise.all(next), [2, 1, 0]);
});

test("CyclicBarrier.wait() lets timers run when it never has to wait", async () => {
  using barrier = new CyclicBarrier(1);
  let isDue = false;
  const timer = sleep(1).then(() => {
    isDue = true;
  });
  while (!isDue) await barrier.wait();
  await timer;
  assertEquals(barrier.broken, false);
});

test("CyclicBarrier refuses use once it is disposed, and who waits goes on", async () => {
  const barrier = new CyclicBarrier(2);
  using channel = new Channel(any<CyclicBarrier>(), 1);
  channel.trySend(barrier);
  const wait = barrier.wait();
  barrier[Symbol.dispose]();
  barrier[Symbol.dispose]();
  for (
    const use of [
      () => barrier.wait(),
      () => barrier.waitSync(),
      () => barrier.reset(),
      () => barrier.waiting,
      () => barrier.broken,
      () => channel.trySend(barrier),
    ]
  ) assertThrows(use, TypeError, "Cannot use a disposed barrier");
  assertEquals(barrier.parties, 2);
  using other = (await channel.receive())!;
  assertEquals(await other.wait(), 0);
  assertEquals(await wait, 1);
});

test("CyclicBarrier ends each wait once when some are aborted around the last arrival", async () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = seeded(seed);
    const parties = 2 + next(3);
    using barrier = new CyclicBarrier(parties);
    const controllers = Array.from({ length: 6 }, () => new AbortController());
    const ends = controllers.map(async (controller) => {
      if (next(2) === 0) await Promise.resolve();
      return await settled(barrier.wait(controller));
    });
    for (const controller of controllers) {
      if (next(3) === 0) controller.abort();
      if (next(3) === 0) await Promise.resolve();
      if (next(5) === 0) barrier.reset();
    }
    await turn();
    barrier.reset();
    let passed = 0;
    for (const end of await Promise.all(ends)) if ("value" in end) passed++;
    assertEquals(passed % parties, 0, `a round of a part, seed ${seed}`);
    assertEquals([barrier.waiting, barrier.broken], [0, false], `seed ${seed}`);
  }
});

/** How the main thread waits, and the pool's threads. */
const FORMS: readonly (readonly [here: boolean, there: boolean])[] = [
  [false, false],
  [false, true],
  [true, false],
  [true, true],
];

for (const [here, there] of FORMS) {
  test(
    `CyclicBarrier holds no round up and lets none through early, ${
      here ? "blocking" : "suspending"
    } here and ${there ? "blocking" : "suspending"} on threads`,
    async () => {
      await using pool = new Pool({ threads: 2 });
      using barrier = new CyclicBarrier(3);
      const rounds = 500;
      const came = sharedArray(i32, rounds);
      const others = [1, 2].map(() => pool.go(goRoundThere, barrier, came, rounds, there));
      // Blocked, this thread could not start the others'.
      if (here) { while (barrier.waiting < 2) await turn(); }
      const all = await Promise.all([goRound(barrier, came, rounds, here), ...others]);
      for (const index of [0, 1, 2]) {
        assertEquals(all.reduce((sum, left) => sum + left[index]!, 0), rounds);
      }
      assertEquals([barrier.waiting, barrier.broken], [0, false]);
    },
  );
}

test("CyclicBarrier breaks on other threads when a wait here is aborted", async () => {
  await using pool = new Pool({ threads: 2 });
  using barrier = new CyclicBarrier(4);
  for (let round = 0; round < 10; round++) {
    const there = [false, true].map((isBlocking) => pool.go(arriveThere, barrier, isBlocking));
    while (barrier.waiting < 2) await turn();
    const controller = new AbortController();
    const here = settled(barrier.wait(controller));
    controller.abort(1);
    assertEquals(await here, { reason: 1 });
    assertEquals(await Promise.all(there), ["BROKEN_BARRIER", "BROKEN_BARRIER"]);
    assertEquals(barrier.broken, true);
    barrier.reset();
  }
});

test("CyclicBarrier makes no round of a part when waits on all threads are aborted and it is reset", async () => {
  await using pool = new Pool({ threads: 3 });
  using barrier = new CyclicBarrier(2);
  const all = Promise.all([1, 2, 3].map((seed) => pool.go(storm, barrier, 300, seed)));
  let isOver = false;
  all.then(() => isOver = true, () => isOver = true);
  // Whoever is the last waits for nobody any more.
  while (!isOver) {
    await turn();
    barrier.reset();
  }
  const results = await all;
  const sum = (key: "passed" | "last") => results.reduce((total, each) => total + each[key], 0);
  // One that gives up while the other is just coming may be the second of a round.
  assertGreater(sum("passed"), 0);
  assertGreaterOrEqual(sum("passed"), sum("last"));
  assertLessOrEqual(sum("passed"), 2 * sum("last"));
  assertEquals(barrier.waiting, 0);
});

test("CyclicBarrier breaks when a thread dies that waits there", async () => {
  await using pool = new Pool({ threads: 2 });
  for (const isBlocking of [false, true]) {
    using barrier = new CyclicBarrier(4);
    using started = new Channel(i32, 1);
    using end = new Channel(i32, 1);
    // In front of it and behind it in the queue.
    const before = barrier.wait();
    const crashed = settled(pool.go(awaitBarrierAndDie, started, barrier, end).join());
    await started.receive();
    const behind = pool.go(arriveThere, barrier, isBlocking);
    while (barrier.waiting < 3) await turn();
    end.close();
    await crashed;
    await assertBroken(before);
    assertEquals(await behind, "BROKEN_BARRIER");
    await assertBroken(barrier.wait());
    assertEquals([barrier.broken, barrier.waiting], [true, 0]);
    barrier.reset();
    assertEquals(barrier.broken, false);
  }
});

test("CyclicBarrier is broken for who comes when only a dead thread waits", async () => {
  await using pool = new Pool({ threads: 1 });
  using barrier = new CyclicBarrier(2);
  using started = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  const crashed = settled(pool.go(awaitBarrierAndDie, started, barrier, end).join());
  await started.receive();
  end.close();
  await crashed;
  await assertBroken(barrier.wait());
  assertEquals([barrier.broken, barrier.waiting], [true, 0]);
});

test("CyclicBarrier bonds 300 atoms of several threads to molecules of HHO (the water factory)", async () => {
  await using pool = new Pool({ threads: 3 });
  using hydrogen = new Semaphore(2);
  using oxygen = new Semaphore(1);
  using barrier = new CyclicBarrier(3);
  using water = new Channel(text, 300);
  await Promise.all([
    pool.go(makeAtoms, "H", 100, hydrogen, barrier, water),
    pool.go(makeAtoms, "H", 100, hydrogen, barrier, water),
    pool.go(makeAtoms, "O", 100, oxygen, barrier, water),
  ]);
  water.close();
  const atoms = await drain(water);
  assertEquals(atoms.length, 300);
  for (let i = 0; i < 300; i += 3) {
    assertEquals(atoms.slice(i, i + 3).toSorted().join(""), "HHO", `molecule ${i / 3}`);
  }
});
