/**
 * Pool: how it ends.
 *
 * @module
 */
import { Channel, GOMAXPROCS, i32, Pool, PoolClosedError, WorkerCrashedError } from "../../mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { receiveAndReport, sendAndReport, sendRange } from "../support/thread_tasks.ts";
import {
  blockOn,
  chain,
  closeOwnPool,
  compute,
  echo,
  fib,
  forkFib,
  forkSenders,
  leaveWaiters,
  noop,
  submitLater,
  suspend,
} from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { idleStats, settled, takeAll, turn } from "./waiting.ts";

/** What came of a goroutine, as one word. */
async function fate(joined: PromiseLike<unknown>): Promise<string> {
  const end = await settled(Promise.resolve(joined));
  if ("value" in end) return "done";
  return end.reason instanceof Error ? end.reason.name : String(end.reason);
}

const badThreads: readonly [unknown, new (message: string) => Error][] = [
  [-1, RangeError],
  [1.5, RangeError],
  [1025, RangeError],
  [NaN, RangeError],
  [Infinity, RangeError],
  ["2", TypeError],
  [null, TypeError],
  [2n, TypeError],
];

for (const [threads, expected] of badThreads) {
  test(`Pool throws a ${expected.name} when threads is ${typeof threads} ${threads}`, () => {
    const error = assertThrows(() => new Pool({ threads: threads as number }), expected);
    assert(error.message.includes("a number of threads"));
  });
}

test("Pool throws a TypeError when its name is no string", () => {
  assertThrows(() => new Pool({ name: 1 as unknown as string }), TypeError, "name of a pool");
});

for (const worker of ["./worker.js", "", 1, null, {}]) {
  for (const threads of [0, 1]) {
    test(`Pool of ${threads} threads throws a TypeError when its worker is ${typeof worker} ${worker}`, () => {
      const make = () => new Pool({ threads, worker: worker as string });
      assertThrows(make, TypeError, "as the worker of a pool: expected a URL");
    });
  }
}

test("Pool rejects every task when its worker file cannot be loaded", async () => {
  await using pool = new Pool({ threads: 1, worker: new URL("./none.js", import.meta.url) });
  const error = await assertRejects(() => pool.go(noop).join(), WorkerCrashedError);
  assert(error.message.startsWith("Cannot start the thread"));
  assert(error.cause !== undefined);
});

test("Pool has as many threads as it is told, and otherwise GOMAXPROCS", async () => {
  await using three = new Pool({ threads: 3 });
  assertEquals(three.threads, 3);
  await using some = new Pool();
  assertEquals(some.threads, GOMAXPROCS());
});

test("GOMAXPROCS() sets the size of the pools to come and returns the one before", async () => {
  const before = GOMAXPROCS(3);
  try {
    assertEquals(GOMAXPROCS(), 3);
    await using pool = new Pool();
    assertEquals(pool.threads, 3);
  } finally {
    assertEquals(GOMAXPROCS(before), 3);
  }
  assertThrows(() => GOMAXPROCS(-1), RangeError);
  assertThrows(() => GOMAXPROCS("1" as unknown as number), TypeError);
});

test("Pool.close() ends a pool that was never used", async () => {
  const pool = new Pool({ threads: 2 });
  await pool.close();
  assertEquals(pool.stats(), idleStats(0));
});

test("Pool.close() finishes what was submitted", async () => {
  const pool = new Pool({ threads: 2 });
  const running = Array.from({ length: 200 }, (_, i) => pool.go(echo, i));
  await pool.close();
  assertEquals(await Promise.all(running), Array.from({ length: 200 }, (_, i) => i));
});

test("Pool.close() finishes what is suspended", async () => {
  const pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const suspended = pool.go(suspend, started, until);
  await started.receive();
  const closed = pool.close();
  until.close();
  await closed;
  assertEquals(await suspended, "resumed");
});

test("Pool.close() finishes forks, and the forks of forks", async () => {
  const pool = new Pool({ threads: 2 });
  using ran = new Channel(i32, 100);
  const running = [pool.go(forkFib, 18), pool.go(chain, 50)];
  pool.go(forkSenders, ran, 100);
  await pool.close();
  assertEquals(await Promise.all(running), [2584, 50]);
  assertEquals(takeAll(ran).length, 100);
});

test("Pool.close() twice is harmless, at the same time and afterwards", async () => {
  const pool = new Pool({ threads: 1 });
  const running = pool.go(noop);
  await Promise.all([pool.close(), pool.close()]);
  await pool.close();
  await running;
});

test("Pool.go() throws PoolClosedError once the pool is closed, and while it closes", async () => {
  const pool = new Pool({ threads: 1 });
  const running = pool.go(noop);
  const closed = pool.close();
  const error = assertThrows(() => pool.go(noop), PoolClosedError);
  assertEquals(error.code, "POOL_CLOSED");
  await closed;
  assertThrows(() => pool.go(noop), PoolClosedError);
  await running;
});

test("Pool closes at the end of `await using`", async () => {
  let inner: Pool;
  {
    await using pool = new Pool({ threads: 1 });
    inner = pool;
    pool.go(noop);
  }
  assertThrows(() => inner.go(noop), PoolClosedError);
});

test("Pool.close() refuses to wait for itself on one of the pool's threads", async () => {
  await using pool = new Pool({ threads: 1 });
  assertEquals(await pool.go(closeOwnPool), ["TypeError", "TypeError"]);
});

test("Pool.close() leaves nothing to what a task left behind", async () => {
  for (let round = 0; round < 5; round++) {
    const pool = new Pool({ threads: 2 });
    using channel = new Channel(i32, 1);
    await pool.go(leaveWaiters, channel);
    await pool.close();
    // What still waited there is gone with its thread, and takes nothing.
    channel.trySend(round);
    await using next = new Pool({ threads: 2 });
    await Promise.all([next.go(noop), next.go(noop)]);
    await turn();
  }
});

test("Pool.close() survives a task that goes on to fork after it has ended", async () => {
  for (let round = 0; round < 10; round++) {
    const pool = new Pool({ threads: 3 });
    await pool.go(submitLater, 20);
    await pool.close();
    assertThrows(() => pool.go(noop), PoolClosedError);
  }
  await using pool = new Pool({ threads: 2 });
  assertEquals(await pool.go(forkFib, 16), 987);
});

test("Pool.terminate() ends a pool that was never used, and one that is closed", async () => {
  const pool = new Pool({ threads: 2 });
  await pool.terminate();
  await pool.terminate();
  await pool.close();
});

test("Pool.terminate() rejects with PoolClosedError what has not started", async () => {
  const pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  using ran = new Channel(i32, 100);
  const running = pool.go(suspend, started, until);
  await started.receive();
  const blocking = pool.go(receiveAndReport, started, until, "sync");
  const queued = Array.from({ length: 100 }, (_, i) => pool.go(sendRange, ran, i, 1, "sync"));
  await started.receive();
  await pool.terminate();
  const fates = await Promise.all(queued.map(fate));
  assert(fates.every((end) => end === "PoolClosedError"));
  assertEquals(takeAll(ran), []);
  assertEquals(await fate(running), "PoolClosedError");
  assert(["done", "PoolClosedError"].includes(await fate(blocking)));
});

test("Pool.terminate() reports nothing uncaught when nobody joins", async () => {
  const pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  pool.go(suspend, started, until);
  await started.receive();
  for (let i = 0; i < 10; i++) pool.go(noop);
  await pool.terminate();
  await turn();
});

test("Pool.terminate() rejects those who have joined before and those who join after", async () => {
  const pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const suspended = pool.go(suspend, started, until);
  await started.receive();
  const before = fate(suspended);
  await pool.terminate();
  assertEquals([await before, await fate(suspended)], ["PoolClosedError", "PoolClosedError"]);
});

test("Pool.terminate() wakes a thread that is blocked receiving", async () => {
  const pool = new Pool({ threads: 2 });
  using started = new Channel(i32, 2);
  using from = new Channel(i32, 1);
  const blocked = [pool.go(blockOn, started, from), pool.go(blockOn, started, from)];
  await started.receive();
  await started.receive();
  await pool.terminate(50_000);
  assertEquals(await Promise.all(blocked.map(fate)), ["PoolClosedError", "PoolClosedError"]);
  // Nobody waits there any more.
  from.trySend(1);
  assertEquals(await from.receive(), 1);
});

test("Pool.terminate() lets a blocked task that expects it come to its own end", async () => {
  const pool = new Pool({ threads: 2 });
  using started = new Channel(i32, 2);
  using full = new Channel(i32, 1);
  using empty = new Channel(i32, 1);
  full.trySend(0);
  const sending = pool.go(sendAndReport, started, full, 1, "sync");
  const receiving = pool.go(receiveAndReport, started, empty, "sync");
  await started.receive();
  await started.receive();
  await pool.terminate(50_000);
  assert((await sending).startsWith("PoolClosedError: "));
  assert((await receiving).startsWith("PoolClosedError: "));
  assertEquals(takeAll(full), [0]);
});

test("Pool.terminate() does not wait for a thread that computes", async () => {
  const pool = new Pool({ threads: 2 });
  using started = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  const computing = pool.go(compute, started, end);
  await started.receive();
  await pool.terminate(1);
  assertEquals(await fate(computing), "PoolClosedError");
  // Where a runtime cannot stop it, it comes to its end now, and finds that nobody is interested.
  end.close();
  await using next = new Pool({ threads: 2 });
  assertEquals(await next.go(forkFib, 20), 6765);
});

test("Pool.terminate() at once survives threads that are still starting", async () => {
  for (let round = 0; round < 10; round++) {
    const pool = new Pool({ threads: 3 });
    const running = Array.from({ length: 10 }, () => pool.go(noop));
    await pool.terminate(round % 2);
    const fates = await Promise.all(running.map(fate));
    assertEquals(fates.filter((end) => end !== "done" && end !== "PoolClosedError"), []);
  }
  await using next = new Pool({ threads: 2 });
  assertEquals(await next.go(forkFib, 16), 987);
});

test("Pool.terminate() overtakes a close that waits", async () => {
  const pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const suspended = pool.go(suspend, started, until);
  await started.receive();
  const closed = pool.close();
  await turn();
  await pool.terminate();
  await closed;
  assertEquals(await fate(suspended), "PoolClosedError");
});

test("Pool.terminate() overtakes a close that is stopping its threads", async () => {
  const pool = new Pool({ threads: 2 });
  await pool.go(noop);
  const closed = pool.close();
  await Promise.all([pool.terminate(), closed]);
});

test("Pool.terminate() stops forks", async () => {
  const pool = new Pool({ threads: 2 });
  const running = pool.go(forkFib, 32);
  await turn();
  await pool.terminate();
  const end = await fate(running);
  assert(end === "PoolClosedError" || end === "done", end);
});

for (const threads of [1, 0]) {
  test(`Pool.go() throws PoolClosedError when sending an argument terminates the pool, ${threads} threads`, async () => {
    const pool = new Pool({ threads });
    let ended: Promise<void> | undefined;
    const hostile = {
      get value(): number {
        ended ??= pool.terminate();
        return 1;
      },
    };
    assertThrows(() => pool.go(echo, hostile), PoolClosedError);
    await ended;
    const { submitted, queued, running, finished } = pool.stats();
    assertEquals([submitted - finished, queued, running], [0, 0, 0]);
  });
}

test("Pool.terminate() in the middle of a burst ends every goroutine, one way or the other", async () => {
  for (let round = 0; round < 5; round++) {
    const pool = new Pool({ threads: 2 });
    const running = Array.from({ length: 500 }, () => pool.go(fib, 15));
    await running[round * 20];
    await pool.terminate();
    const fates = await Promise.all(running.map(fate));
    const odd = fates.filter((end) => end !== "done" && end !== "PoolClosedError");
    assertEquals(odd, []);
  }
});

const badGraces: readonly [unknown, new (message: string) => Error][] = [
  [NaN, RangeError],
  ["1", TypeError],
  [null, TypeError],
];

for (const [graceMs, expected] of badGraces) {
  test(`Pool.terminate() throws a ${expected.name} when it is given ${typeof graceMs} ${graceMs}`, async () => {
    await using pool = new Pool({ threads: 1 });
    assertThrows(() => pool.terminate(graceMs as number), expected, "a time of grace");
    assertEquals(await pool.go(echo, 1), 1);
  });
}
