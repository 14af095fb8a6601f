/** What is divided among the threads of a pool: functions that fork, and functions over a range of a shared array. */

import { Pool, task } from "../../mod.ts";

/** Below this a Fibonacci number is computed at once: a few hundred microseconds. */
const CUTOFF = 22;

/** A Fibonacci number by the definition; one of the two calls is a fork. */
export const forkFib = task(import.meta.url, "forkFib", async (n: number): Promise<number> => {
  if (n < CUTOFF) return plainFib(n);
  const left = Pool.current!.go(forkFib, n - 1);
  const right = await forkFib(n - 2);
  return await left + right;
});

/** The same without forks. */
export function plainFib(n: number): number {
  return n < 2 ? n : plainFib(n - 1) + plainFib(n - 2);
}

/** Rows of the board in which each queen is a fork. */
const FORKED_ROWS = 2;

/**
 * Counts the ways to place queens in the rows from `row` on.
 *
 * @param columns The columns that are under attack, a bit for each; `left` and `right`: along the diagonals.
 */
export const forkQueens = task(
  import.meta.url,
  "forkQueens",
  async (
    size: number,
    row: number,
    columns: number,
    left: number,
    right: number,
  ): Promise<number> => {
    if (row >= FORKED_ROWS) return plainQueens(size, row, columns, left, right);
    const forks = freeIn(size, columns | left | right).map((bit) =>
      Pool.current!.go(
        forkQueens,
        size,
        row + 1,
        columns | bit,
        (left | bit) << 1,
        (right | bit) >> 1,
      )
    );
    let count = 0;
    for (const fork of forks) count += await fork;
    return count;
  },
);

function freeIn(size: number, attacked: number): number[] {
  return Array.from({ length: size }, (_, column) => 1 << column)
    .filter((bit) => (attacked & bit) === 0);
}

/** The same without forks. */
export function plainQueens(
  size: number,
  row: number,
  columns: number,
  left: number,
  right: number,
): number {
  if (row === size) return 1;
  let count = 0;
  for (let free = ~(columns | left | right) & (1 << size) - 1; free !== 0; free &= free - 1) {
    const bit = free & -free;
    count += plainQueens(size, row + 1, columns | bit, (left | bit) << 1, (right | bit) >> 1);
  }
  return count;
}

/** Writes after how many steps of Collatz's each number of a range comes to 1: work that differs from one to the next. */
export const countSteps = task(
  import.meta.url,
  "countSteps",
  (input: Float64Array, output: Float64Array, from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      let steps = 0;
      for (let n = input[i]!; n > 1; steps++) n = n % 2 === 0 ? n / 2 : 3 * n + 1;
      output[i] = steps;
    }
  },
);
