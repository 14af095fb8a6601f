/** Situations in which one piece of work is divided among the threads of a pool. */

import { f64, parallelMap, parallelSort, type Pool, sharedArray } from "../../mod.ts";
import { type Body, check } from "../support/measure.ts";
import { countSteps, forkFib, forkQueens, plainFib, plainQueens } from "./scale_tasks.ts";

/** One piece of work: divided among the threads of a pool, and without one. */
export interface Divided {
  readonly name: string;
  /** In the words of a row. */
  readonly title: string;
  /** Operations that one piece of it counts as. */
  readonly unit: number;
  /** Makes the bodies; they take turns. */
  open(): { divided(pool: Pool): Body; readonly plain: Body };
}

/** Runs `piece` for every `unit` operations and adds up what it says it took. */
function bodyOf(unit: number, piece: () => Promise<number> | number): Body {
  return async (ops) => {
    let elapsedMs = 0;
    for (let done = 0; done < ops; done += unit) elapsedMs += await piece();
    return elapsedMs;
  };
}

/** Times a computation and checks what it comes to. */
async function timed(
  what: string,
  run: () => PromiseLike<number> | number,
  want: number,
): Promise<number> {
  const start = performance.now();
  const got = await run();
  const elapsedMs = performance.now() - start;
  check(what, got, want);
  return elapsedMs;
}

const FIB = 32;
const FIB_VALUE = 2_178_309;

const fib: Divided = {
  name: "fib",
  title: `fork-join fib(${FIB})`,
  unit: 1,
  open: () => ({
    divided: (pool) => bodyOf(1, () => timed("The number", () => pool.go(forkFib, FIB), FIB_VALUE)),
    plain: bodyOf(1, () => timed("The number", () => plainFib(FIB), FIB_VALUE)),
  }),
};

const QUEENS = 13;
const QUEENS_WAYS = 73_712;

const queens: Divided = {
  name: "queens",
  title: `fork-join ${QUEENS} queens`,
  unit: 1,
  open: () => ({
    divided: (pool) =>
      bodyOf(
        1,
        () =>
          timed("The number of ways", () => pool.go(forkQueens, QUEENS, 0, 0, 0, 0), QUEENS_WAYS),
      ),
    plain: bodyOf(
      1,
      () => timed("The number of ways", () => plainQueens(QUEENS, 0, 0, 0, 0), QUEENS_WAYS),
    ),
  }),
};

/** Elements that are sorted: 8 MB of numbers, a tenth of a second. */
const SORTED = 1 << 20;

const sort: Divided = {
  name: "sort",
  title: `parallelSort, ${SORTED.toLocaleString("en")} × f64, per element`,
  unit: SORTED,
  open() {
    const numbers = sharedArray(f64, SORTED);
    const piece = (sort: () => PromiseLike<unknown> | unknown) => async () => {
      shuffle(numbers);
      const start = performance.now();
      await sort();
      const elapsedMs = performance.now() - start;
      let wrong = 0;
      for (let i = 0; i < SORTED; i++) if (numbers[i] !== i) wrong++;
      check("The number of elements in the wrong place", wrong, 0);
      return elapsedMs;
    };
    return {
      divided: (pool) => bodyOf(SORTED, piece(() => parallelSort(pool, numbers))),
      plain: bodyOf(SORTED, piece(() => numbers.sort())),
    };
  },
};

/** Fills an array with its indexes, shuffled (Fisher and Yates), each time alike. */
function shuffle(numbers: Float64Array): void {
  let state = 1;
  for (let i = 0; i < numbers.length; i++) {
    // Marsaglia's xorshift.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (i + 1);
    numbers[i] = numbers[other]!;
    numbers[other] = i;
  }
}

/** Elements that are mapped, at a microsecond each. */
const MAPPED = 1 << 16;

const map: Divided = {
  name: "map",
  title: `parallelMap, ${MAPPED.toLocaleString("en")} × Collatz, per element`,
  unit: MAPPED,
  open() {
    const input = sharedArray(f64, MAPPED);
    for (let i = 0; i < MAPPED; i++) input[i] = i + 1;
    const output = sharedArray(f64, MAPPED);
    countSteps(input, output, 0, MAPPED);
    const want = sumOf(output);
    const piece = (map: () => PromiseLike<unknown> | unknown) => async () => {
      output.fill(0);
      const start = performance.now();
      await map();
      const elapsedMs = performance.now() - start;
      check("The number of steps", sumOf(output), want);
      return elapsedMs;
    };
    return {
      divided: (pool) => bodyOf(MAPPED, piece(() => parallelMap(pool, input, output, countSteps))),
      plain: bodyOf(MAPPED, piece(() => countSteps(input, output, 0, MAPPED))),
    };
  },
};

function sumOf(numbers: Float64Array): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}

/** What scales, or ought to. */
export const everythingDivided: readonly Divided[] = [fib, queens, sort, map];
