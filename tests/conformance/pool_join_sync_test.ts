/**
 * Goroutine.joinSync(): joining in the blocking form.
 *
 * @module
 */
import {
  AgentCannotBlockError,
  AtomicBool,
  CanceledError,
  Channel,
  go,
  i32,
  Mutex,
  Pool,
  WorkerCrashedError,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { blockOn, die, echo, sendOne, suspend } from "../support/tasks.ts";
import {
  deep,
  failWith,
  fibSync,
  joinAndBlock,
  joinBlocked,
  joinFailureSync,
  joinLater,
  joinRefusedAndCancel,
  joinStolen,
  later,
  lockTwice,
  promise,
} from "../support/tasks_order.ts";
import { test } from "../support/test.ts";
import { turn } from "./waiting.ts";

for (const threads of [2, 1, 0]) {
  test(`Goroutine.joinSync() gives what the task returns, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    const goroutine = pool.go(echo, { answer: 42 });
    assertEquals(goroutine.joinSync(), { answer: 42 });
    assertEquals(goroutine.joinSync(), { answer: 42 });
    assertEquals(await goroutine, { answer: 42 });
    assertEquals(pool.go((a, b) => a + b, 1, 2).joinSync(), 3);
  });

  test(`Goroutine.joinSync() throws what the task throws, and that is no uncaught error, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    const goroutine = pool.go(failWith, "boom");
    const error = assertThrows(() => goroutine.joinSync(), RangeError, "boom");
    assertStringIncludes(error.stack!, "created by");
    assertEquals(await goroutine.join().catch((reason) => reason), error);
  });

  test(`Goroutine.joinSync() throws CanceledError when it was cancelled, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    using started = new Channel(i32, 2);
    using until = new Channel(i32, 1);
    const blocked = Array.from({ length: threads }, () => pool.go(blockOn, started, until));
    for (const _ of blocked) await started.receive();
    const goroutine = pool.go(echo, 1);
    assert(goroutine.cancel());
    assertThrows(() => goroutine.joinSync(), CanceledError);
    until.close();
    await Promise.all(blocked);
  });

  test(`Goroutine.joinSync() joins forks of forks, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    assertEquals(await pool.go(fibSync, 15), 610);
    assertEquals(pool.go(fibSync, 10).joinSync(), 55);
  });

  test(`Goroutine.joinSync() throws within a task what a fork throws, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    const error = await pool.go(joinFailureSync, "boom");
    assertInstanceOf(error, RangeError);
    assertEquals(error.message, "boom");
  });

  test(`Goroutine.joinSync() refuses to block for what only this thread can get on, ${threads} threads`, async () => {
    await using pool = new Pool({ threads: Math.min(threads, 1) });
    const [asynchronous, seven, suspended, again] = await pool.go(joinLater) as Error[];
    assertInstanceOf(asynchronous, AgentCannotBlockError);
    assertInstanceOf(suspended, AgentCannotBlockError);
    assertStringIncludes(asynchronous.message, "await");
    assertStringIncludes(suspended.message, "await");
    assertEquals([seven, again], [7, 7] as unknown as Error[]);
  });

  test(`Goroutine.joinSync() joins forks of a pool that ranks them, ${threads} threads`, async () => {
    await using pool = new Pool({ threads, order: "random", seed: 3 });
    assertEquals(await pool.go(fibSync, 15), 610);
  });
}

for (const threads of [1, 0]) {
  test(`Goroutine.joinSync() refuses what would overflow the stack, and the pool goes on, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    assertEquals(await pool.go(deep, 200), 200);
    const error = await pool.go(deep, 1200).join().catch((reason) => reason);
    assertInstanceOf(error, RangeError);
    assertStringIncludes(error.message, "within one another");
    assertEquals(await pool.go(echo, "still here"), "still here");
    await pool.close();
    const { submitted, queued, running, finished } = pool.stats();
    assertEquals([submitted - finished, queued, running], [0, 0, 0]);
  });
}

test("Goroutine.joinSync() waits for a goroutine that suspends on another thread", async () => {
  await using pool = new Pool({ threads: 1 });
  assertEquals(pool.go(later, 7).joinSync(), 7);
  assertEquals(pool.go(promise, 8).joinSync(), 8);
});

test("Goroutine.joinSync() helps the thread that has taken what it waits for", async () => {
  await using pool = new Pool({ threads: 2 });
  using started = new Channel(i32);
  using ran = new Channel(i32, 4);
  assertEquals(await pool.go(joinStolen, started, ran), 10);
});

test("Goroutine.joinSync() leaves a thread busy that has run a fork within the task that joins it", async () => {
  await using pool = new Pool({ threads: 2 });
  using started = new Channel(i32);
  using word = new Channel(i32);
  using gate = new Channel(i32);
  using until = new Channel(i32);
  using end = new Channel(i32);
  // One thread has a goroutine suspended, and leaves tasks to the other one as long as that is free.
  const suspended = pool.go(suspend, started, end);
  await started.receive();
  const joining = pool.go(joinAndBlock, started, word, gate, until);
  await started.receive();
  // It blocks while the other one joins, so that the fork is run there.
  const blocked = pool.go(blockOn, started, gate);
  await started.receive();
  await word.send(0);
  await blocked;
  await pool.go(sendOne, until, 7);
  end.close();
  assertEquals([await joining, await suspended], [8, "resumed"]);
});

test("Goroutine.joinSync() is ended by the end of the pool", async () => {
  const pool = new Pool({ threads: 2 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const joining = pool.go(joinBlocked, started, until);
  await started.receive();
  const ended = joining.join().catch((error) => error.name);
  await pool.terminate(50_000);
  assertEquals(await ended, "PoolClosedError");
});

test("Goroutine.joinSync() that is refused leaves nothing behind that would be an uncaught error", async () => {
  await using pool = new Pool({ threads: 1 });
  assertEquals(await pool.go(joinRefusedAndCancel), ["AgentCannotBlockError", true]);
  assertEquals(pool.stats().workers.length, 1);
});

for (const waits of ["running", "queued"]) {
  test(`Goroutine.joinSync() does not wait for a thread that exits: ${waits}`, async () => {
    await using pool = new Pool({ threads: 1 });
    await pool.go(echo, 0);
    const dying = pool.go(die);
    const innocent = pool.go(echo, 7);
    const joined = waits === "running" ? dying : innocent;
    assertThrows(() => joined.joinSync(), AgentCannotBlockError, "about to exit");
    assertInstanceOf(await dying.join().catch((error) => error), WorkerCrashedError);
    // Another thread comes for it once this one's event loop has heard.
    assertEquals(await innocent, 7);
  });
}

test("Goroutine.joinSync() passes on a lock that comes for another goroutine of the thread, which cannot run", async () => {
  await using pool = new Pool({ threads: 1 });
  using mutex = new Mutex();
  using held = new AtomicBool();
  using waits = new AtomicBool();
  using freed = new AtomicBool();
  const running = pool.go(lockTwice, mutex, held, waits, freed);
  while (!held.load()) await turn();
  const waiting = mutex.lock();
  waits.store(true);
  // The lock has been handed over, and lies in this thread's inbox.
  while (!freed.load());
  assertEquals(running.joinSync(), "twice");
  using _guard = await waiting;
});

test("Goroutine.joinSync() throws WorkerCrashedError when the thread has died", async () => {
  await using pool = new Pool({ threads: 1 });
  const goroutine = pool.go(die);
  await goroutine.join().catch(() => {});
  assertThrows(() => goroutine.joinSync(), WorkerCrashedError);
});

test("Goroutine.joinSync() runs a goroutine of this thread that has not started", () => {
  const ran: number[] = [];
  const goroutine = go((n: number) => (ran.push(n), n * 2), 21);
  assertEquals(ran, []);
  assertEquals(goroutine.joinSync(), 42);
  assertEquals(ran, [21]);
  const failing = go(() => {
    throw new RangeError("boom");
  });
  assertThrows(() => failing.joinSync(), RangeError, "boom");
});

test("Goroutine.joinSync() runs a goroutine of this thread once", async () => {
  let runs = 0;
  const goroutine = go(() => ++runs);
  assertEquals(goroutine.joinSync(), 1);
  assertEquals(await goroutine, 1);
  await go(() => {});
  assertEquals(runs, 1);
});

test("Goroutine.joinSync() refuses to block for a goroutine of this thread that suspends", async () => {
  const goroutine = go(later, 7);
  assertThrows(() => goroutine.joinSync(), AgentCannotBlockError, "await");
  assertEquals(await goroutine, 7);
});

test("Goroutine.joinSync() throws CanceledError when a goroutine of this thread was cancelled", () => {
  const goroutine = go(() => 1);
  goroutine.cancel();
  assertThrows(() => goroutine.joinSync(), CanceledError);
});
