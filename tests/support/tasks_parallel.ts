/**
 * Tasks for the tests of fork-join and of the parallel operations on shared arrays.
 *
 * @module
 */
import { type AtomicI32, type Channel, Pool, task } from "../../mod.ts";

/** Squares, plus an offset. */
export const squares = task(
  import.meta.url,
  "squares",
  (
    input: Float64Array,
    output: Float64Array,
    from: number,
    to: number,
    offset: number = 0,
  ): void => {
    for (let i = from; i < to; i++) output[i] = input[i]! ** 2 + offset;
  },
);

/** Counts in each element of `output` how often it was visited, after a delay that grows with its place. */
export const visitSlowly = task(
  import.meta.url,
  "visitSlowly",
  (input: Int32Array, output: Int32Array, from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      let x = i;
      for (let round = 0; round < input[i]!; round++) x = Math.imul(x, 31) + 1 | 0;
      Atomics.add(output, i, x === 0.5 ? 2 : 1);
    }
  },
);

/** Counts visits, suspending in between. */
export const visitAsync = task(
  import.meta.url,
  "visitAsync",
  async (_input: Int32Array, output: Int32Array, from: number, to: number): Promise<void> => {
    await Promise.resolve();
    for (let i = from; i < to; i++) Atomics.add(output, i, 1);
  },
);

/** Fails at the elements that are negative, with their place. */
export const refuseNegative = task(
  import.meta.url,
  "refuseNegative",
  (input: Int32Array, output: Int32Array, from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      if (input[i]! < 0) throw new RangeError(`no. ${i}`);
      output[i] = 1;
    }
  },
);

/**
 * Fails in the second half, which raises the counter; in the first half an element takes a millisecond, and one of them turns of the event
 * loop besides once that has happened.
 */
export const failBehind = task(
  import.meta.url,
  "failBehind",
  async (
    input: Int32Array,
    _output: Int32Array,
    from: number,
    _to: number,
    failures: AtomicI32,
  ): Promise<void> => {
    if (from >= input.length / 2) {
      failures.add(1);
      throw new RangeError(`no. ${from}`);
    }
    const end = performance.now() + 1;
    while (performance.now() < end);
    // Once is enough.
    if (!failures.compareAndSwap(1, 2)) return;
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
  },
);

/** Raises the counters, and says so, as often as it is called, for one element at a time; each takes a millisecond. */
export const crawl = task(
  import.meta.url,
  "crawl",
  (
    _input: Int32Array,
    output: Int32Array,
    from: number,
    to: number,
    calls: AtomicI32,
    started: Channel<number>,
    _more?: unknown,
  ): void => {
    calls.add(1);
    started.trySend(from);
    const end = performance.now() + (to - from);
    while (performance.now() < end);
    for (let i = from; i < to; i++) Atomics.add(output, i, 1);
  },
);

/** Fails, by something that is no promise. */
export const failByThenable = task(
  import.meta.url,
  "failByThenable",
  (..._args: unknown[]): PromiseLike<number> => ({
    then(_onFulfilled, onRejected): never {
      onRejected?.(new RangeError("by then()"));
      return undefined as never;
    },
  }),
);

/** Counts how often its thenables are asked, and leaves that at the front. */
export const succeedByThenable = task(
  import.meta.url,
  "succeedByThenable",
  (
    _input: Int32Array,
    output: Int32Array,
    _from: number,
    _to: number,
    calls: AtomicI32,
  ): PromiseLike<void> => {
    calls.add(1);
    return {
      then(onFulfilled): never {
        output[0]! += 1;
        onFulfilled?.();
        return undefined as never;
      },
    };
  },
);

/** The sum of a range. */
export const sumRange = task(
  import.meta.url,
  "sumRange",
  (input: Float64Array | Int32Array, from: number, to: number): number => {
    let sum = 0;
    for (let i = from; i < to; i++) sum += input[i]!;
    return sum;
  },
);

/** The sum of two sums. */
export const add = task(
  import.meta.url,
  "add",
  (left: number, right: number): number => left + right,
);

/** Where a range begins and ends. */
export const spanOf = task(
  import.meta.url,
  "spanOf",
  (_input: Int32Array, from: number, to: number): readonly [number, number] => [from, to],
);

/** Joins two spans that touch. */
export const joinSpans = task(
  import.meta.url,
  "joinSpans",
  async (
    left: readonly [number, number],
    right: readonly [number, number],
  ): Promise<readonly [number, number]> => {
    await Promise.resolve();
    if (left[1] !== right[0]) throw new Error(`${left} does not touch ${right}`);
    return [left[0], right[1]];
  },
);

/** Orders numbers from the largest to the smallest. */
export const descending = task(
  import.meta.url,
  "descending",
  (left: number, right: number): number => right - left,
);

/** Orders integers by their lowest digit alone. */
export const byLastDigit = task(
  import.meta.url,
  "byLastDigit",
  (left: number, right: number): number => left % 10 - right % 10,
);

/** Cannot compare. */
export const compareNothing = task(
  import.meta.url,
  "compareNothing",
  (_left: number, _right: number): number => {
    throw new TypeError("incomparable");
  },
);

/** Counts the ways to place the queens of the rows from `row` on, given what is under attack; forks for the first rows. */
export const queens = task(
  import.meta.url,
  "queens",
  async (
    size: number,
    row: number,
    columns: number,
    left: number,
    right: number,
  ): Promise<number> => {
    if (row >= 3) return countQueens(size, row, columns, left, right);
    const forks = [];
    for (let bit = 1; bit < 1 << size; bit <<= 1) {
      if (((columns | left | right) & bit) !== 0) continue;
      const below = [columns | bit, (left | bit) << 1, (right | bit) >> 1] as const;
      forks.push(Pool.current!.go(queens, size, row + 1, ...below));
    }
    let count = 0;
    for (const fork of forks) count += await fork;
    return count;
  },
);

function countQueens(
  size: number,
  row: number,
  columns: number,
  left: number,
  right: number,
): number {
  if (row === size) return 1;
  let count = 0;
  for (let free = ~(columns | left | right) & (1 << size) - 1; free !== 0;) {
    const bit = free & -free;
    free ^= bit;
    count += countQueens(size, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

/** Sorts by forks that carry their parts: the first element divides. */
export const quicksort = task(
  import.meta.url,
  "quicksort",
  async (numbers: Float64Array): Promise<Float64Array> => {
    if (numbers.length < 500) return numbers.sort();
    const pivot = numbers[0]!;
    const left = Pool.current!.go(quicksort, numbers.filter((n) => n < pivot));
    const right = await quicksort(numbers.filter((n) => n > pivot));
    const equal = numbers.filter((n) => n === pivot);
    const sorted = new Float64Array(numbers.length);
    const smaller = await left;
    sorted.set(smaller);
    sorted.set(equal, smaller.length);
    sorted.set(right, smaller.length + equal.length);
    return sorted;
  },
);
