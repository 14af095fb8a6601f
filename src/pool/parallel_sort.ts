/**
 * Sorting shared arrays on all threads of a pool.
 *
 * A merge sort by forks: runs are sorted by the typed array's own `sort`, and merged by all threads together, each of which
 * finds its part of a merge by itself (`merge.ts`). Two arrays of memory take turns as source and target.
 *
 * @module
 */
import { PoolClosedError, WorkerCrashedError } from "../errors.ts";
import { show } from "../internal/check.ts";
import { core } from "../memory/core.ts";
import type { WaitOptions } from "../select/types.ts";
import type { AtomicBool } from "../sync/atomic_bool.ts";
import type { Goroutine } from "./goroutine.ts";
import { argumentId, findFunction } from "./lookup.ts";
import { type IsAfter, isAfter, mergeRange } from "./merge.ts";
import { checkPool, checkShared, type SharedArray, untilAborted } from "./parallel.ts";
import { abandon, breathe, given, inPieces, isOutOfBreath, stopped } from "./pieces.ts";
import { isHungry, Pool } from "./pool.ts";
import { type Task, task } from "./task.ts";

/** Runs of so few elements are sorted at once: a fork costs more. */
const LEAST_RUN = 4096;
/** Runs of more are split even where nobody is there to share them: the event loop has its turn between two. */
const MOST_RUN = 1 << 18;

/** What all parts of one sort know. */
interface Sorting {
  readonly array: SharedArray;
  readonly scratch: SharedArray;
  /** The task that compares; none: by value. */
  readonly compareId: string | undefined;
  readonly stop: AtomicBool | undefined;
}

type Compare = (left: unknown, right: unknown) => number;

/** The function that compares, or a promise of it; `undefined` where there is none. */
function compareOf({ compareId }: Sorting): Compare | Promise<Compare> | undefined {
  return compareId === undefined
    ? undefined
    : findFunction(compareId) as unknown as Compare | Promise<Compare>;
}

/**
 * Sorts the elements from `from` to before `to`.
 *
 * @param splits How often a part is split at least, for threads that may yet come.
 * @param isInScratch Where the result is to stand.
 */
async function sortRun(
  pool: Pool,
  sorting: Sorting,
  from: number,
  to: number,
  splits: number,
  isInScratch: boolean,
): Promise<void> {
  const { array, scratch, stop } = sorting;
  if (stop?.load()) throw stopped();
  const length = to - from;
  if (length <= MOST_RUN && (length <= LEAST_RUN || splits <= 0 && !isHungry(pool))) {
    const found = compareOf(sorting);
    const compare = found instanceof Promise ? await found : found;
    const run = array.subarray(from, to);
    (run.sort as (compare?: Compare) => unknown)(compare);
    if (isInScratch) (scratch as Float64Array).set(run as Float64Array, from);
    return;
  }
  const middle = from + (length >>> 1);
  const right = given(pool.go(sortPart, sorting, middle, to, splits - 1, !isInScratch));
  try {
    await sortRun(pool, sorting, from, middle, splits - 1, !isInScratch);
    await right;
  } catch (error) {
    await abandon([right]);
    throw error;
  }
  if (isOutOfBreath()) await breathe();
  await mergeRuns(pool, sorting, from, middle, to, from, to, isInScratch);
}

/** {@linkcode sortRun} as a task. */
const sortPart: Task<[Sorting, number, number, number, boolean], Promise<void>> = task(
  import.meta.url,
  "parallelSort",
  (...part) => sortRun(Pool.current!, ...part),
);

/** Writes the elements from `from` to before `to` of the merge of the runs `start … middle` and `middle … end`. */
async function mergeRuns(
  pool: Pool,
  sorting: Sorting,
  start: number,
  middle: number,
  end: number,
  from: number,
  to: number,
  isInScratch: boolean,
): Promise<void> {
  const found = compareOf(sorting);
  const compare = found instanceof Promise ? await found : found;
  const { array, scratch, stop } = sorting;
  const [source, target] = isInScratch ? [array, scratch] : [scratch, array];
  const after = compare === undefined
    ? isAfter as IsAfter<unknown>
    : (left: unknown, right: unknown): boolean => compare(left, right) > 0;
  await inPieces<void>(() => isHungry(pool), from, to, {
    apply: (from, to) => mergeRange(source, target, start, middle, end, from, to, after),
    fork: (from, to) => pool.go(mergePart, sorting, start, middle, end, from, to, isInScratch),
    combine: () => undefined,
    stop,
  });
}

/** {@linkcode mergeRuns} as a task. */
const mergePart: Task<[Sorting, number, number, number, number, number, boolean], Promise<void>> =
  task(
    import.meta.url,
    "parallelSort merge",
    (...part) => mergeRuns(Pool.current!, ...part),
  );

/** Options of {@linkcode parallelSort}. */
export interface SortOptions<T extends number | bigint> extends WaitOptions {
  /**
   * Orders two elements as the argument of `sort` does: a task or a self-contained function. Default: by value, as a typed
   * array sorts.
   */
  readonly compare?: (left: T, right: T) => number;
}

/**
 * Sorts a shared array in place, on all threads of a pool. The sort is stable.
 *
 * - **Blocking:** returns at once. Called within a task of the pool, that task's thread takes part while it awaits.
 * - **Memory:** needs as much again as the array takes, until it is done.
 * - **Cancellation:** a signal stops it as soon as its runs are sorted or its pieces merged. When the promise settles, whichever
 *   way, no thread is at work on the array any more; after a failure or an abort it holds its elements no longer: some may
 *   stand there twice and others not at all.
 *
 * @example
 * ```ts
 * import { f64, parallelSort, Pool, sharedArray } from "@millrace/millrace";
 *
 * await using pool = new Pool({ threads: 2 });
 * const numbers = sharedArray(f64, 5);
 * numbers.set([3, -0.5, Infinity, 0, 1]);
 * await parallelSort(pool, numbers);
 * console.log(numbers.join(" ")); // -0.5 0 1 3 Infinity
 * ```
 *
 * @param pool The pool.
 * @param array A shared array.
 * @param options `compare` orders the elements; `signal` stops it.
 * @returns A promise of `array`.
 * @throws {TypeError} if an argument is of another kind
 * @throws {PoolClosedError} if the pool was closed
 * @throws {SharedMemoryExhaustedError} if shared memory has no room for as much again
 * @throws what `compare` throws; `signal.reason` if aborted
 */
export function parallelSort<S extends SharedArray>(
  pool: Pool,
  array: S,
  options: SortOptions<S[number]> = {},
): Promise<S> {
  checkPool(pool);
  checkShared("the array to sort", array);
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot use ${show(options)} as options: expected an object`);
  }
  const { compare } = options;
  const compareId = compare === undefined ? undefined : argumentId(compare, "compare");
  const c = core();
  // A block of our own, not a shared array: it is given back when all have ended, and not when collectors notice.
  const block = c.allocate(array.byteLength, `sorting ${array.byteLength} bytes`);
  const View = array.constructor as new (buffer: unknown, at: number, length: number) => S;
  const { buffer } = c.bytes(block + array.byteLength);
  const sorting = (stop: AtomicBool | undefined): Sorting => ({
    array,
    scratch: new View(buffer, block, array.length),
    compareId,
    stop,
  });
  const splits = pool.threads < 2 ? 0 : Math.ceil(Math.log2(pool.threads)) + 1;
  let sorted: Promise<unknown>;
  try {
    sorted = untilAborted(
      options,
      (stop): Goroutine<void> => pool.go(sortPart, sorting(stop), 0, array.length, splits, false),
    );
  } catch (error) {
    c.fn.free(block);
    throw error;
  }
  return sorted.then(() => {
    c.fn.free(block);
    return array;
  }, (error) => {
    // Where a thread died, or all were told to end, some may go on for a while and write there: the block is never used again.
    const mayBeInUse = error instanceof WorkerCrashedError || error instanceof PoolClosedError;
    if (!mayBeInUse) c.fn.free(block);
    throw error;
  });
}
