/**
 * Pool: the order in which tasks start.
 *
 * @module
 */
import { Channel, type Goroutine, i32, Pool, type PoolOptions, task } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { blockOn } from "../support/tasks.ts";
import { forkWeighed, weighed, weighedInVain } from "../support/tasks_order.ts";
import { record } from "../support/tasks_pool.ts";
import { test } from "../support/test.ts";
import { takeAll } from "./waiting.ts";

/** Submits while nothing can start, and gives the numbers of the tasks in the order in which they ran. */
async function orderOf(
  options: PoolOptions,
  submit: (pool: Pool, ran: Channel<number>) => void,
): Promise<number[]> {
  await using pool = new Pool({ threads: 1, ...options });
  using ran = new Channel(i32, 100);
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  // Without threads nothing starts before this function yields.
  const blocked = pool.threads > 0 && pool.go(blockOn, started, until);
  if (blocked) await started.receive();
  submit(pool, ran);
  until.close();
  if (blocked) await blocked;
  await pool.close();
  ran.close();
  return await takeAll(ran);
}

for (const threads of [1, 0]) {
  test(`Pool starts the longest first, of equal ones the first, ${threads} threads`, async () => {
    const weights = [3, 1, 5, -2, 5, 0.5, Infinity, 3];
    const order = await orderOf({ threads, order: "longest" }, (pool, ran) => {
      for (const [n, weight] of weights.entries()) pool.go(weighed, ran, n, weight);
    });
    assertEquals(order, [6, 2, 4, 0, 7, 1, 5, 3]);
  });

  test(`Pool ranks forks among what was submitted, ${threads} threads`, async () => {
    const order = await orderOf({ threads, order: "longest" }, (pool, ran) => {
      for (const n of [10, 30, 20]) pool.go(weighed, ran, n, n);
      pool.go(forkWeighed, ran, [15, 35, 25]);
    });
    assertEquals(order, [35, 30, 25, 20, 15, 10]);
  });

  test(`Pool takes a task without weight for one of 0, ${threads} threads`, async () => {
    const order = await orderOf({ threads, order: "longest" }, (pool, ran) => {
      pool.go(weighed, ran, 1, -1);
      pool.go(record, ran, 2);
      pool.go(weighed, ran, 3, 1);
      pool.go((ran, n) => ran.sendSync(n), ran, 4);
    });
    assertEquals(order, [3, 2, 4, 1]);
  });

  test(`Pool starts tasks in the same random order for the same seed, ${threads} threads`, async () => {
    const run = (seed?: number) =>
      orderOf({ threads, order: "random", ...seed === undefined ? {} : { seed } }, (pool, ran) => {
        for (let n = 0; n < 50; n++) pool.go(record, ran, n);
      });
    const submitted = Array.from({ length: 50 }, (_, n) => n);
    const [first, again, other, any] = [await run(7), await run(7), await run(8), await run()];
    assertEquals(first, again);
    assertNotEquals(first, other);
    assertNotEquals(first, submitted);
    assertEquals(any.toSorted((a, b) => a - b), submitted);
  });

  test(`Pool starts none that was cancelled, in whatever order, ${threads} threads`, async () => {
    const order = await orderOf({ threads, order: "longest" }, (pool, ran) => {
      const all = [4, 9, 1, 7].map((n) => pool.go(weighed, ran, n, n));
      assert(all[1]!.cancel());
      assert(all[2]!.cancel());
    });
    assertEquals(order, [7, 4]);
  });
}

test("Pool ranks ten thousand tasks, whichever thread takes them", async () => {
  await using pool = new Pool({ threads: 2, order: "longest" });
  using ran = new Channel(i32, 20_000);
  const goroutines: Goroutine<void>[] = [];
  for (let n = 0; n < 10_000; n++) {
    goroutines.push(pool.go(weighed, ran, n, (n * 7919) % 10_000));
    if (n % 50 === 0) goroutines.push(pool.go(forkWeighed, ran, [n]));
  }
  await Promise.all(goroutines);
  await pool.close();
  ran.close();
  const order = await takeAll(ran);
  assertEquals(order.length, 10_200);
  assertEquals(new Set(order).size, 10_000);
});

test("Pool.seed is that of a random order and undefined otherwise", async () => {
  await using given = new Pool({ threads: 0, order: "random", seed: 42 });
  await using drawn = new Pool({ threads: 0, order: "random" });
  await using longest = new Pool({ threads: 0, order: "longest", seed: 42 });
  await using plain = new Pool({ threads: 0 });
  assertEquals(given.seed, 42);
  assert(Number.isInteger(drawn.seed));
  assertEquals([longest.seed, plain.seed], [undefined, undefined]);
});

for (const threads of [1, 0]) {
  test(`Pool.go() throws at the call when a weight cannot be used, ${threads} threads`, async () => {
    await using pool = new Pool({ threads, order: "longest" });
    using ran = new Channel(i32, 1);
    assertThrows(() => pool.go(weighed, ran, 1, NaN), RangeError, "NaN");
    assertThrows(() => pool.go(weighed, ran, 1, "heavy"), TypeError, '"heavy"');
    assertThrows(() => pool.go(weighedInVain, "no scales"), Error, "no scales");
    assertEquals(pool.stats().submitted, 0);
  });
}

test("Pool.go() does not ask for weights unless they matter", async () => {
  await using pool = new Pool({ threads: 0 });
  await pool.go(weighedInVain, "no scales");
});

const badOptions: readonly (readonly [PoolOptions, new (message: string) => Error, string])[] = [
  [{ order: "shortest" as "longest" }, TypeError, '"shortest"'],
  [{ order: 1 as unknown as "longest" }, TypeError, "1"],
  [{ order: "random", seed: 0.5 }, RangeError, "0.5"],
  [{ order: "random", seed: 2 ** 32 }, RangeError, "4294967296"],
  [{ seed: "7" as unknown as number }, TypeError, '"7"'],
];

for (const [options, expected, value] of badOptions) {
  test(`Pool throws a ${expected.name} when it is made with ${JSON.stringify(options)}`, () => {
    assertStringIncludes(assertThrows(() => new Pool(options), expected).message, value);
  });
}

test("task() throws a TypeError when its weight is no function", () => {
  const error = assertThrows(
    () => task(import.meta.url, "unweighed", () => {}, { weight: 3 as unknown as () => number }),
    TypeError,
  );
  assertStringIncludes(error.message, "unweighed");
});
