/**
 * Pool: how many threads it has, and what they have done.
 *
 * @module
 */
import { Channel, i32, Pool, PoolClosedError } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertLessOrEqual,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";

import { blockOn, compute, echo, forkFib, noop, suspend } from "../support/tasks.ts";
import { forkAndSuspend, later, leaveInterval, resizeOwnPool } from "../support/tasks_order.ts";
import { holdFor, record, seeThreads } from "../support/tasks_pool.ts";
import { test } from "../support/test.ts";
import { takeAll, turn } from "./waiting.ts";

test("Pool.resize() lets more run at a time", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 3);
  using until = new Channel(i32, 1);
  const blocked = [1, 2, 3].map(() => pool.go(blockOn, started, until));
  await started.receive();
  pool.resize(3);
  assertEquals(pool.threads, 3);
  await started.receive();
  await started.receive();
  until.close();
  await Promise.all(blocked);
});

test("Pool.resize() lets fewer run at a time", async () => {
  await using pool = new Pool({ threads: 3 });
  using started = new Channel(i32, 6);
  using until = new Channel(i32, 1);
  const first = [1, 2, 3].map(() => pool.go(blockOn, started, until));
  for (const _ of first) await started.receive();
  pool.resize(1);
  until.close();
  await Promise.all(first);
  // One runs, and the other does not although nothing else is to be done.
  using then = new Channel(i32, 1);
  const second = [1, 2].map(() => pool.go(blockOn, started, then));
  await started.receive();
  while (pool.stats().running !== 1) await turn();
  assertEquals(started.size, 0);
  assertEquals(pool.stats().queued, 1);
  then.close();
  await Promise.all(second);
  assertEquals(await pool.go(seeThreads), 1);
});

test("Pool.resize() leaves suspended goroutines their thread, and their forks to others", async () => {
  await using pool = new Pool({ threads: 2 });
  using ran = new Channel(i32, 10);
  using started = new Channel(i32, 2);
  using until = new Channel(i32, 1);
  const goroutines = [1, 2].map(() => pool.go(forkAndSuspend, ran, 5, started, until));
  for (const _ of goroutines) await started.receive();
  pool.resize(1);
  for (let i = 0; i < 10; i++) await ran.receive();
  until.close();
  await Promise.all(goroutines);
  assertEquals(await pool.go(echo, "still here"), "still here");
});

test("Pool.resize() up and down while it works loses nothing", async () => {
  await using pool = new Pool({ threads: 1 });
  const sums: Promise<number>[] = [];
  for (let round = 0; round < 40; round++) {
    pool.resize(1 + (round * 7) % 4);
    sums.push(pool.go(forkFib, 8).join());
    for (let i = 0; i < 20; i++) sums.push(pool.go(echo, 21).join() as Promise<number>);
    if (round % 4 === 0) await sums[sums.length - 1];
  }
  for (const sum of await Promise.all(sums)) assertEquals(sum, 21);
  // A result is on its way a moment before its task counts as finished.
  await pool.close();
  const { submitted, finished, queued, running } = pool.stats();
  assertEquals([submitted - finished, queued, running], [0, 0, 0]);
});

test("Pool.resize() before the first task says how many threads there will be", async () => {
  await using pool = new Pool({ threads: 4 });
  pool.resize(1);
  await Promise.all([1, 2, 3].map((n) => pool.go(echo, n)));
  assertEquals(pool.stats().workers.length, 1);
});

test("Pool.resize() to fewer while threads are starting ends them", async () => {
  await using pool = new Pool({ threads: 4 });
  const goroutines = Array.from({ length: 8 }, (_, n) => pool.go(echo, n));
  pool.resize(1);
  assertEquals(await Promise.all(goroutines), [0, 1, 2, 3, 4, 5, 6, 7]);
});

for (
  const [threads, expected] of [[0, RangeError], [1025, RangeError], [1.5, RangeError]] as const
) {
  test(`Pool.resize() throws a ${expected.name} when it is given ${threads}`, async () => {
    await using pool = new Pool({ threads: 1 });
    assertThrows(() => pool.resize(threads), expected, String(threads));
    assertEquals(pool.threads, 1);
  });
}

test("Pool.resize() throws a TypeError when the pool was made without threads, or is resized by a task", async () => {
  await using serial = new Pool({ threads: 0 });
  assertThrows(() => serial.resize(2), TypeError, "without threads");
  for (const threads of [0, 1]) {
    await using pool = new Pool({ threads });
    const error = await pool.go(resizeOwnPool);
    assertStringIncludes(String(error), "from one of its own tasks");
  }
});

test("Pool starts a thread again after all have ended for want of work", async () => {
  await using pool = new Pool({ threads: 2, idleTimeoutMs: 0 });
  for (let round = 0; round < 5; round++) {
    assertEquals(await Promise.all([1, 2, 3].map((n) => pool.go(echo, n))), [1, 2, 3]);
    while (pool.stats().workers.some(({ busyShare }) => busyShare > 0)) await turn();
  }
  const { submitted, finished, workers } = pool.stats();
  assertEquals([submitted, finished], [15, 15]);
  assertEquals(workers.reduce((sum, { took }) => sum + took, 0), 15);
  assertLessOrEqual(workers.length, 2);
});

test("Pool starts no thread for want of work elsewhere", async () => {
  await using pool = new Pool({ threads: 2, idleTimeoutMs: 0 });
  using started = new Channel(i32, 2);
  using until = new Channel(i32, 1);
  const [blocked, brief] = [pool.go(blockOn, started, until), pool.go(noop)];
  await started.receive();
  await brief;
  // One thread is busy. The other has left, and nobody takes its place.
  const living = () => pool.stats().workers.filter(({ busyShare }) => busyShare > 0).length;
  while (living() > 1) await turn();
  for (let round = 0; round < 20; round++) await turn();
  assertEquals(living(), 1);
  until.close();
  await blocked;
});

test("Pool lets a thread go whose last goroutine ended while it slept", async () => {
  await using pool = new Pool({ threads: 1, idleTimeoutMs: 20 });
  assertEquals(await pool.go(later, 7), 7);
  while (pool.stats().workers[0]!.busyShare > 0) await turn();
  assertEquals(await pool.go(later, 8), 8);
});

test("Pool takes a thread for ended although a task has left a timer behind there", async () => {
  await using pool = new Pool({ threads: 1, idleTimeoutMs: 0 });
  for (let round = 0; round < 3; round++) {
    await pool.go(leaveInterval);
    while (pool.stats().workers.some(({ busyShare }) => busyShare > 0)) await turn();
  }
});

test("Pool lets no thread go that has a goroutine suspended", async () => {
  await using pool = new Pool({ threads: 1, idleTimeoutMs: 0 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const suspended = pool.go(suspend, started, until);
  await started.receive();
  for (let round = 0; round < 5; round++) await pool.go(noop);
  until.close();
  await suspended;
});

for (const [idleTimeoutMs, expected] of [[NaN, RangeError], ["1", TypeError]] as const) {
  test(`Pool throws a ${expected.name} when its idle timeout is ${typeof idleTimeoutMs} ${idleTimeoutMs}`, () => {
    assertThrows(() => new Pool({ idleTimeoutMs: idleTimeoutMs as number }), expected);
  });
}

test("Pool.stats() counts what waits, runs and has ended, and who did it", async () => {
  await using pool = new Pool({ threads: 1, name: "stats" });
  using started = new Channel(i32, 2);
  using until = new Channel(i32, 1);
  using ran = new Channel(i32, 10);
  const suspended = pool.go(suspend, started, until);
  await started.receive();
  const blocked = pool.go(blockOn, started, until);
  await started.receive();
  const waiting = [1, 2, 3].map((n) => pool.go(record, ran, n));
  const { submitted, queued, running, finished, stolen, workers } = pool.stats();
  assertEquals({ submitted, queued, running, finished, stolen }, {
    submitted: 5,
    queued: 3,
    running: 2,
    finished: 0,
    stolen: 0,
  });
  assertEquals(workers.map(({ name, took, stole, running }) => [name, took, stole, running]), [
    ["stats-1", 2, 0, 2],
  ]);
  until.close();
  await Promise.all([suspended, blocked, ...waiting]);
  await pool.close();
  const after = pool.stats();
  assertEquals([after.submitted, after.queued, after.running, after.finished], [5, 0, 0, 5]);
  ran.close();
  assertEquals((await takeAll(ran)).length, 3);
});

test("Pool.stats() says what share of its time a thread is at work", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  await pool.go(noop);
  const computing = pool.go(compute, started, until);
  await started.receive();
  const share = () => pool.stats().workers[0]!.busyShare;
  // A thread that computes is busier from one moment to the next.
  const before = share();
  assertGreater(before, 0);
  while (share() <= before) await turn();
  until.close();
  await computing;
  await pool.go(holdFor, 1);
  // One that has nothing to do is less and less so.
  while (pool.stats().running > 0) await turn();
  const busy = share();
  assertLess(busy, 1);
  while (share() >= busy) await turn();
});

test("Pool.stats() counts stolen tasks", async () => {
  await using pool = new Pool({ threads: 2 });
  using ran = new Channel(i32, 10);
  using started = new Channel(i32, 2);
  using until = new Channel(i32, 1);
  const blocked = pool.go(blockOn, started, until);
  await started.receive();
  const forking = pool.go(forkAndSuspend, ran, 5, started, until);
  await started.receive();
  until.close();
  await Promise.all([blocked, forking]);
  await pool.close();
  const { stolen, workers } = pool.stats();
  assertEquals(stolen, workers.reduce((sum, { stole }) => sum + stole, 0));
  assert(stolen <= 5);
});

test("Pool.resize() after the close changes nothing", async () => {
  const pool = new Pool({ threads: 1 });
  await pool.go(noop);
  await pool.close();
  pool.resize(3);
  await assertRejects(async () => await pool.go(noop), PoolClosedError);
});
