/**
 * Fork-join, and the parallel operations on shared arrays.
 *
 * @module
 */
import {
  AtomicI32,
  Channel,
  f32,
  f64,
  i32,
  i64,
  parallelMap,
  parallelReduce,
  parallelSort,
  Pool,
  PoolClosedError,
  sharedArray,
  u8,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { forkFib } from "../support/tasks.ts";
import {
  add,
  byLastDigit,
  compareNothing,
  crawl,
  descending,
  failBehind,
  failByThenable,
  joinSpans,
  queens,
  quicksort,
  refuseNegative,
  spanOf,
  squares,
  succeedByThenable,
  sumRange,
  visitAsync,
  visitSlowly,
} from "../support/tasks_parallel.ts";
import { test } from "../support/test.ts";
import { seeded } from "./waiting.ts";

const LENGTHS = [0, 1, 2, 3, 100, 4097, 100_003];

/** Ascending by value, -0 before 0, NaN last: what a typed array's own sort makes of a copy. */
function sortedCopy<T extends Float64Array | Float32Array | Int32Array | Uint8Array>(array: T): T {
  return array.slice().sort() as T;
}

for (const threads of [0, 1, 2, 4]) {
  test(`Pool forks fib, the queens and quicksort, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    assertEquals(await pool.go(forkFib, 22), 17711);
    assertEquals(await pool.go(queens, 9, 0, 0, 0, 0), 352);
    const random = seeded(threads + 1);
    const numbers = Float64Array.from({ length: 20_000 }, () => random(5000) - 2500);
    assertEquals(await pool.go(quicksort, numbers), sortedCopy(numbers));
  });

  test(`parallelMap() computes every element once, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    for (const length of LENGTHS) {
      const shared = sharedArray(f64, length);
      shared.set(Float64Array.from({ length }, (_, i) => i));
      const output = sharedArray(f64, length);
      assertStrictEquals(await parallelMap(pool, shared, output, squares), output);
      assertEquals(output.findIndex((value, i) => value !== i * i), -1);
      // In place, with an argument.
      await parallelMap(pool, shared, shared, squares, { args: [0.5] });
      assertEquals(shared.findIndex((value, i) => value !== i * i + 0.5), -1);
    }
  });

  test(`parallelMap() visits every element once when some cost far more than others, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    for (const task of [visitSlowly, visitAsync]) {
      const costs = sharedArray(i32, 3000).fill(10);
      costs.fill(200_000, 0, 30);
      const visits = sharedArray(i32, 3000);
      await parallelMap(pool, costs, visits, task);
      assert(visits.every((count) => count === 1));
    }
  });

  test(`parallelReduce() combines neighbours in order, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    for (const length of LENGTHS) {
      const array = sharedArray(i32, length);
      for (let i = 0; i < length; i++) array[i] = i;
      assertEquals(await parallelReduce(pool, array, sumRange, add), length * (length - 1) / 2);
      assertEquals(await parallelReduce(pool, array, spanOf, joinSpans), [0, length]);
    }
  });

  test(`parallelSort() sorts as the array's own sort does, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    const random = seeded(threads + 7);
    const specials = [NaN, -0, 0, Infinity, -Infinity, 1e-300, -1];
    for (const length of [...LENGTHS, 600_000]) {
      const array = sharedArray(f64, length);
      const isFull = length > 100_000;
      for (let i = 0; i < length; i++) {
        array[i] = random(50) === 0 ? specials[random(specials.length)]! : random(length) / 3;
      }
      const expected = sortedCopy(array);
      assertStrictEquals(await parallelSort(pool, array), array);
      // Object.is tells -0 from 0, and takes NaN for NaN.
      assertEquals(array.findIndex((value, i) => !Object.is(value, expected[i])), -1);
      // Sorted already, and then the other way round.
      await parallelSort(pool, array);
      assertEquals(array.findIndex((value, i) => !Object.is(value, expected[i])), -1);
      if (isFull) continue;
      const finite = array.map((value) => Number.isNaN(value) ? 0 : value);
      array.set(finite);
      await parallelSort(pool, array, { compare: descending });
      const backward = finite.slice().sort((a, b) => b - a);
      assertEquals(array.findIndex((value, i) => value !== backward[i]), -1);
    }
  });
}

test("parallelSort() is stable", async () => {
  await using pool = new Pool({ threads: 3 });
  const array = sharedArray(i32, 50_000);
  const random = seeded(3);
  for (let i = 0; i < array.length; i++) array[i] = i * 10 + random(10);
  await parallelSort(pool, array, { compare: byLastDigit });
  for (let i = 1; i < array.length; i++) {
    const [before, here] = [array[i - 1]!, array[i]!];
    const isInOrder = before % 10 < here % 10 || before % 10 === here % 10 && before < here;
    assert(isInOrder, `${before} stands before ${here}`);
  }
});

test("parallelSort() sorts every kind of array, and a part of one", async () => {
  await using pool = new Pool({ threads: 2 });
  const random = seeded(11);
  const floats = sharedArray(f32, 20_000);
  const bytes = sharedArray(u8, 20_000);
  const longs = sharedArray(i64, 20_000);
  for (let i = 0; i < 20_000; i++) {
    floats[i] = random(1e6) / 7;
    bytes[i] = random(256);
    longs[i] = BigInt(random(1e9)) * (random(2) === 0 ? 1n : -(2n ** 32n));
  }
  const expected = [sortedCopy(floats), sortedCopy(bytes), longs.slice().sort()];
  await Promise.all([parallelSort(pool, floats), parallelSort(pool, bytes)]);
  await parallelSort(pool, longs);
  for (const [which, array] of [floats, bytes, longs].entries()) {
    assertEquals(array.findIndex((value, i) => value !== expected[which]![i]), -1);
  }
  const whole = sharedArray(i32, 30_000);
  for (let i = 0; i < whole.length; i++) whole[i] = random(1e9);
  const [head, part, tail] = [
    whole.slice(0, 5000),
    whole.slice(5000, 25_000),
    whole.slice(25_000),
  ];
  await parallelSort(pool, whole.subarray(5000, 25_000));
  assertEquals(whole.slice(0, 5000), head);
  assertEquals(whole.slice(5000, 25_000), part.sort());
  assertEquals(whole.slice(25_000), tail);
});

test("parallelMap() rejects with the first failure by position, once nobody is at work any more", async () => {
  for (const threads of [0, 3]) {
    await using pool = new Pool({ threads });
    const input = sharedArray(i32, 50_000);
    const output = sharedArray(i32, 50_000);
    for (let i = 49_000; i >= 9000; i -= 10_000) input[i] = -1;
    await assertRejects(
      () => parallelMap(pool, input, output, refuseNegative),
      RangeError,
      "no. 9000",
    );
    output.fill(7);
    assertEquals(await parallelReduce(pool, output, sumRange, add), 350_000);
  }
});

test("parallelMap() goes on when a part fails that has been given away, and then rejects with that", async () => {
  await using pool = new Pool({ threads: 2 });
  const array = sharedArray(i32, 1000);
  using failures = new AtomicI32();
  await assertRejects(
    () => parallelMap(pool, array, array, failBehind, { args: [failures] }),
    RangeError,
    "no. ",
  );
});

test("parallelMap() and parallelReduce() take a thenable for what it is, once", async () => {
  for (const threads of [0, 1]) {
    await using pool = new Pool({ threads });
    const array = sharedArray(i32, 3);
    using calls = new AtomicI32();
    await parallelMap(pool, array, array, succeedByThenable, { args: [calls] });
    const forward = calls.load();
    assertEquals(array[0], forward);
    const failing = parallelMap(pool, array, array, failByThenable);
    await assertRejects(() => failing, RangeError, "by then()");
    const combining = parallelReduce(pool, array, failByThenable, add);
    await assertRejects(() => combining, RangeError, "by then()");
  }
});

test("parallelMap() hears of an abort that sending its arguments has brought", async () => {
  for (const threads of [0, 1]) {
    await using pool = new Pool({ threads });
    const visits = sharedArray(i32, 100_000);
    using calls = new AtomicI32();
    using started = new Channel(i32, 1);
    const controller = new AbortController();
    const { signal } = controller;
    const hostile = {
      get value(): number {
        controller.abort(new RangeError("enough"));
        return 1;
      },
    };
    const args = [calls, started, hostile] as const;
    // A hundred seconds of work.
    await assertRejects(
      () => parallelMap(pool, visits, visits, crawl, { args, signal }),
      RangeError,
      "enough",
    );
  }
});

test("parallelSort() rejects with what the comparison throws", async () => {
  await using pool = new Pool({ threads: 2 });
  const array = sharedArray(f64, 20_000);
  const sorting = parallelSort(pool, array, { compare: compareNothing });
  await assertRejects(() => sorting, TypeError, "incomparable");
});

test("parallelMap() ends with the signal's reason, and leaves the arrays alone from then on", async () => {
  for (const threads of [1, 2]) {
    await using pool = new Pool({ threads });
    using calls = new AtomicI32();
    using started = new Channel(i32, 1);
    const visits = sharedArray(i32, 100_000);
    const controller = new AbortController();
    const { signal } = controller;
    const args = [calls, started] as const;
    // A hundred seconds of work.
    const mapped = parallelMap(pool, visits, visits, crawl, { args, signal });
    await started.receive();
    controller.abort(new RangeError("enough"));
    await assertRejects(() => mapped, RangeError, "enough");
    const before = [calls.load(), visits.reduce((sum, n) => sum + n)];
    await parallelReduce(pool, visits, sumRange, add);
    assertEquals([calls.load(), visits.reduce((sum, n) => sum + n)], before);
    await assertRejects(
      () => parallelMap(pool, visits, visits, crawl, { args, signal }),
      RangeError,
      "enough",
    );
    assertEquals(calls.load(), before[0]);
    await assertRejects(() => parallelSort(pool, visits, { signal }), RangeError, "enough");
  }
});

test("parallelReduce() fails when the pool is terminated", async () => {
  const pool = new Pool({ threads: 2 });
  using calls = new AtomicI32();
  using started = new Channel(i32, 1);
  const visits = sharedArray(i32, 100_000);
  const mapped = parallelMap(pool, visits, visits, crawl, { args: [calls, started] });
  await started.receive();
  const ended = assertRejects(() => mapped, PoolClosedError);
  await pool.terminate();
  await ended;
});

test("parallelMap(), parallelReduce() and parallelSort() take self-contained functions", async () => {
  await using pool = new Pool({ threads: 2 });
  const array = sharedArray(f64, 50_000).fill(3);
  await parallelMap(pool, array, array, (input, output, from, to, factor: number) => {
    for (let i = from; i < to; i++) output[i] = input[i]! * factor + i;
  }, { args: [2] });
  await parallelSort(pool, array, { compare: (left, right) => right - left });
  assertEquals([array[0], array[49_999]], [50_005, 6]);
  const largest = await parallelReduce(pool, array, async (input, from, to) => {
    await Promise.resolve();
    return input.subarray(from, to).reduce((most, n) => Math.max(most, n));
  }, (left, right) => Math.max(left, right));
  assertEquals(largest, 50_005);
});

test("parallelMap(), parallelReduce() and parallelSort() throw at the call what they cannot use", async () => {
  await using pool = new Pool({ threads: 1 });
  const array = sharedArray(f64, 4);
  const own = new Float64Array(4) as unknown as typeof array;
  assertThrows(() => parallelMap(pool, own, array, squares), TypeError, "as input");
  assertThrows(() => parallelMap(pool, array, own, squares), TypeError, "as output");
  assertThrows(
    () => parallelMap(pool, array, array.subarray(1), squares),
    RangeError,
    "4 elements",
  );
  assertThrows(() => parallelMap({} as Pool, array, array, squares), TypeError, "as a pool");
  const bare = Math.max as unknown as typeof squares;
  assertThrows(() => parallelMap(pool, array, array, bare), TypeError, "as mapRange");
  assertThrows(() => parallelReduce(pool, own, sumRange, add), TypeError, "as input");
  const bareSum = (() => bare(array, array, 0, 1)) as unknown as typeof add;
  assertThrows(() => parallelReduce(pool, array, sumRange, bareSum), TypeError, "as combine");
  assertThrows(() => parallelSort(pool, own), TypeError, "the array to sort");
  assertThrows(() => parallelSort(pool, array, { compare: bareSum }), TypeError, "as compare");
  assertThrows(() => parallelSort(pool, array, null as never), TypeError, "as options");
  assertThrows(
    () => parallelSort(pool, array, { signal: 1 as unknown as AbortSignal }),
    TypeError,
    "signal",
  );
  assertEquals(pool.stats().submitted, 0);
  await pool.close();
  assertThrows(() => parallelSort(pool, array), PoolClosedError);
  assertThrows(() => parallelMap(pool, array, array, squares), PoolClosedError);
});
