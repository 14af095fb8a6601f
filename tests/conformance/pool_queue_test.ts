/**
 * Pool: the bound on what waits for a thread.
 *
 * @module
 */
import {
  CanceledError,
  Channel,
  type Goroutine,
  i32,
  Pool,
  PoolClosedError,
  PoolFullError,
  type PoolOptions,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertLessOrEqual,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { blockOn, echo, forkSenders, noop } from "../support/tasks.ts";
import { record } from "../support/tasks_pool.ts";
import { test } from "../support/test.ts";
import { isPending, settled, takeAll } from "./waiting.ts";

/** A pool whose thread is taken, so that whatever is submitted waits until `go` is called. */
async function takenPool(options: PoolOptions): Promise<
  { pool: Pool; ran: Channel<number>; release: () => Promise<void> } & AsyncDisposable
> {
  const pool = new Pool({ threads: 1, ...options });
  const ran = new Channel(i32, 1000);
  const started = new Channel(i32, 1);
  const until = new Channel(i32, 1);
  const blocked: Goroutine<unknown> | undefined = pool.threads > 0
    ? pool.go(blockOn, started, until)
    : undefined;
  if (blocked !== undefined) await started.receive();
  let isReleased = false;
  const release = async () => {
    if (!isReleased) until.close();
    isReleased = true;
    await blocked;
  };
  return {
    pool,
    ran,
    release,
    async [Symbol.asyncDispose]() {
      await release();
      await pool.close();
      for (const channel of [ran, started, until]) channel[Symbol.dispose]();
    },
  };
}

/** The numbers of the tasks that ran; the pool is closed. */
async function whatRan(pool: Pool, ran: Channel<number>): Promise<number[]> {
  await pool.close();
  ran.close();
  return await takeAll(ran);
}

for (const threads of [1, 0]) {
  test(`Pool.go() throws PoolFullError when as many wait as may, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 2, whenFull: "reject" });
    const { pool, ran, release } = taken;
    const accepted = [pool.go(record, ran, 1), pool.go(record, ran, 2)];
    const error = assertThrows(() => pool.go(record, ran, 3), PoolFullError);
    assertEquals(error.code, "POOL_FULL");
    assertStringIncludes(error.message, "2 are waiting");
    assertEquals(pool.stats().queued, 2);
    await release();
    await Promise.all(accepted);
    await pool.go(record, ran, 4);
    assertEquals(await whatRan(pool, ran), [1, 2, 4]);
  });

  test(`Pool holds up what finds no room, and runs it in its turn, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 2 });
    const { pool, ran, release } = taken;
    const all = Array.from({ length: 100 }, (_, n) => pool.go(record, ran, n));
    assertEquals(pool.stats().queued, 100);
    await release();
    await Promise.all(all);
    assertEquals(await whatRan(pool, ran), Array.from({ length: 100 }, (_, n) => n));
  });

  test(`Pool.close() finishes what is held up, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 1 });
    const { pool, ran, release } = taken;
    for (let n = 0; n < 20; n++) pool.go(record, ran, n);
    const closed = pool.close();
    await release();
    await closed;
    ran.close();
    assertEquals((await takeAll(ran)).length, 20);
  });

  test(`Pool.terminate() rejects what is held up, ${threads} threads`, async () => {
    const pool = new Pool({ threads, queue: 1 });
    const goroutines = Array.from({ length: 5 }, (_, n) => pool.go(echo, n));
    const ends = goroutines.map((goroutine) => settled(goroutine.join()));
    await pool.terminate();
    for (const end of await Promise.all(ends)) {
      assert("reason" in end);
      assertInstanceOf(end.reason, PoolClosedError);
    }
    const { submitted, queued, running } = pool.stats();
    assertEquals([submitted, queued, running], [5, 0, 0]);
  });

  test(`Goroutine.cancel() takes one that is held up out, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 1 });
    const { pool, ran, release } = taken;
    const [first, second, third] = [1, 2, 3].map((n) => pool.go(record, ran, n));
    assert(second!.cancel());
    assert(!second!.cancel());
    assertEquals(pool.stats().queued, 2);
    await assertRejects(() => second!.join(), CanceledError);
    await release();
    await Promise.all([first, third]);
    assertEquals(await whatRan(pool, ran), [1, 3]);
  });

  test(`Goroutine.cancel() makes room in the queue, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 1, whenFull: "reject" });
    const { pool, ran, release } = taken;
    const first = pool.go(record, ran, 1);
    assertThrows(() => pool.go(record, ran, 2), PoolFullError);
    assert(first.cancel());
    const third = pool.go(record, ran, 3);
    assertThrows(() => pool.go(record, ran, 4), PoolFullError);
    await release();
    await third;
    assertEquals(await whatRan(pool, ran), [3]);
  });

  test(`Goroutine.cancel() gives up the arguments at once, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 1 });
    const { pool, ran, release } = taken;
    const outlet = new Channel(i32, 1);
    const goroutines = [1, 2].map(() => pool.go(echo, outlet));
    for (const goroutine of goroutines) assert(goroutine.cancel());
    // Theirs were the only other references, so the channel ends with this one.
    const back = pool.go(echo, ran);
    outlet[Symbol.dispose]();
    await release();
    assert(await back === ran);
  });

  test(`Pool.ready() resolves once there is room, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 1, whenFull: "reject" });
    const { pool, ran, release } = taken;
    await pool.ready();
    const first = pool.go(record, ran, 1);
    if (threads > 0) assert(await isPending(pool.ready()));
    const ready = pool.ready();
    await release();
    await ready;
    pool.go(record, ran, 2);
    await first;
    assertEquals(await whatRan(pool, ran), [1, 2]);
  });

  test(`Pool.ready() lets a producer go as fast as the pool, ${threads} threads`, async () => {
    await using pool = new Pool({ threads, queue: 4, whenFull: "reject" });
    let count = 0;
    for (let n = 0; n < 1000; n++) {
      await pool.ready();
      pool.go(echo, n).then((m) => count += m === n ? 1 : 0);
      assertLessOrEqual(pool.stats().queued, 4);
    }
    await pool.close();
    await Promise.resolve();
    assertEquals(count, 1000);
  });

  // All who waited were told of one place, and all but one of them refused.
  test(`Pool.ready() lets no more producers go than there is room for, ${threads} threads`, async () => {
    await using pool = new Pool({ threads, queue: 2, whenFull: "reject" });
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const produce = async () => {
      const goroutines = [];
      for (const n of numbers) {
        await pool.ready();
        goroutines.push(pool.go(echo, n));
      }
      return await Promise.all(goroutines);
    };
    const echoed = await Promise.all(Array.from({ length: 5 }, produce));
    for (const each of echoed) assertEquals(each, numbers);
  });

  test(`Pool.ready() tells another when who was told submits nothing, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 1, whenFull: "reject" });
    const { pool, ran, release } = taken;
    pool.go(record, ran, 1);
    const waits = Array.from({ length: 5 }, () => pool.ready());
    await release();
    await Promise.all(waits);
    pool.go(record, ran, 2);
    assertEquals(await whatRan(pool, ran), [1, 2]);
  });

  test(`Pool.ready() rejects with the signal's reason and leaves nothing behind, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 1 });
    const { pool, ran } = taken;
    const controller = new AbortController();
    const { signal } = controller;
    pool.go(record, ran, 1);
    const ready = settled(pool.ready({ signal }));
    controller.abort(new RangeError("enough"));
    const end = await ready;
    assert("reason" in end && end.reason instanceof RangeError);
    await assertRejects(() => pool.ready({ signal }), RangeError, "enough");
  });

  test(`Pool.ready() rejects with PoolClosedError when the pool is closed, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 1 });
    const { pool, ran, release } = taken;
    pool.go(record, ran, 1);
    const ready = settled(pool.ready());
    const closed = pool.close();
    const end = await ready;
    assert("reason" in end);
    assertInstanceOf(end.reason, PoolClosedError);
    await assertRejects(() => pool.ready(), PoolClosedError);
    await release();
    await closed;
  });

  test(`Pool never holds up a fork, ${threads} threads`, async () => {
    await using pool = new Pool({ threads, queue: 1, whenFull: "reject" });
    using results = new Channel(i32, 100);
    await pool.go(forkSenders, results, 20);
    await pool.close();
    results.close();
    assertEquals((await takeAll(results)).length, 20);
  });

  test(`Pool bounds a queue that is ranked, too, ${threads} threads`, async () => {
    await using taken = await takenPool({ threads, queue: 3, order: "random", whenFull: "reject" });
    const { pool, ran, release } = taken;
    for (const n of [1, 2, 3]) pool.go(record, ran, n);
    assertThrows(() => pool.go(record, ran, 4), PoolFullError);
    await release();
    assertEquals((await whatRan(pool, ran)).toSorted(), [1, 2, 3]);
  });
}

test("Pool.ready() resolves at once when nothing bounds the queue, unless it is aborted", async () => {
  await using pool = new Pool({ threads: 1 });
  await pool.ready();
  await assertRejects(
    () =>
      pool.ready({ signal: AbortSignal.abort("no") }).catch((reason) => {
        throw new Error(String(reason));
      }),
    Error,
    "no",
  );
  assertThrows(() => pool.ready({ signal: 1 as unknown as AbortSignal }), TypeError);
});

// What came while there was room again, and nobody had looked yet, went ahead of what was held up.
test("Pool runs what is held up before what is submitted later", async () => {
  await using taken = await takenPool({ threads: 1, queue: 4 });
  const { pool, ran, release } = taken;
  for (let n = 0; n < 5; n++) pool.go(record, ran, n);
  const released = release();
  // This thread does not come to look meanwhile.
  while (pool.stats().queued > 1);
  pool.go(record, ran, 5);
  await released;
  assertEquals(await whatRan(pool, ran), [0, 1, 2, 3, 4, 5]);
});

test("Pool runs what is held up when the thread that runs the rest dies", async () => {
  await using pool = new Pool({ threads: 1, queue: 1 });
  using ran = new Channel(i32, 10);
  await pool.go(noop);
  const ends = [
    pool.go(() => globalThis.process.exit(0)),
    ...[1, 2, 3, 4].map((n) => pool.go(record, ran, n)),
  ]
    .map((goroutine) => settled(goroutine.join()));
  const [first, ...others] = await Promise.all(ends);
  assert("reason" in first!);
  for (const end of others) assert("value" in end);
  assertEquals(await whatRan(pool, ran), [1, 2, 3, 4]);
});

const badOptions: readonly (readonly [PoolOptions, new (message: string) => Error, string])[] = [
  [{ queue: 0 }, RangeError, "0"],
  [{ queue: -1 }, RangeError, "-1"],
  [{ queue: 1.5 }, RangeError, "1.5"],
  [{ queue: NaN }, RangeError, "NaN"],
  [{ queue: "1" as unknown as number }, TypeError, '"1"'],
  [{ queue: 1, whenFull: "throw" as "wait" }, TypeError, '"throw"'],
];

for (const [options, expected, value] of badOptions) {
  test(`Pool throws a ${expected.name} when it is made with a queue of ${options.queue}, ${options.whenFull}`, () => {
    assertStringIncludes(assertThrows(() => new Pool(options), expected).message, value);
  });
}
