/**
 * Work on shared arrays by all threads of a pool: map and reduce.
 *
 * @module
 */
import { CanceledError } from "../errors.ts";
import { listenTo, stopListening } from "../internal/abort.ts";
import { checkSignal, show } from "../internal/check.ts";
import { core } from "../memory/core.ts";
import { Region } from "../memory/region.ts";
import type { WaitOptions } from "../select/types.ts";
import { AtomicBool } from "../sync/atomic_bool.ts";
import type { SharedArrays } from "../sync/shared_array.ts";
import type { Goroutine } from "./goroutine.ts";
import { argumentId, findFunction } from "./lookup.ts";
import { inPieces } from "./pieces.ts";
import { isHungry, Pool } from "./pool.ts";
import { type Task, task } from "./task.ts";

/** A typed array over shared memory, as {@linkcode sharedArray} makes it, or a part of one. */
export type SharedArray = SharedArrays[keyof SharedArrays];

/** Options of {@linkcode parallelMap} and {@linkcode parallelReduce}. */
export interface ParallelOptions<A extends readonly unknown[]> extends WaitOptions {
  /** Further arguments of the function, behind the range: a function that runs on other threads closes over nothing. */
  readonly args?: Readonly<A>;
}

/** One part of a map; see {@linkcode parallelMap}. */
const mapPart: Task<
  [string, SharedArray, SharedArray, number, number, readonly unknown[], AtomicBool | undefined],
  Promise<void>
> = task(
  import.meta.url,
  "parallelMap",
  async (id, input, output, from, to, args, stop): Promise<void> => {
    const pool = Pool.current!;
    const found = findFunction(id);
    const fn = typeof found === "function" ? found : await found;
    await inPieces<unknown>(() => isHungry(pool), from, to, {
      apply: (from, to) => fn(input, output, from, to, ...args),
      fork: (from, to) => pool.go(mapPart, id, input, output, from, to, args, stop),
      combine: () => undefined,
      stop,
    });
  },
);

/**
 * Fills `output` from `input`, element by element, on all threads of a pool.
 *
 * `mapRange(input, output, from, to)` computes the elements from `from` to before `to`. It is called for range after range, on
 * any thread, at the same time for different ones: pieces of a fraction of a millisecond, found by the clock. While
 * all threads are busy nothing is split; a thread that has nothing to do is given half of what another has left. `input` and
 * `output` may be the same array, as long as a range reads only its own elements.
 *
 * - **Blocking:** returns at once. Called within a task of the pool, that task's thread takes part while it awaits.
 * - **Memory:** nothing is copied; what `mapRange` wrote is visible when the promise resolves.
 * - **Cancellation:** a signal stops it at the next piece. When the promise settles, whichever way, no thread is at work on
 *   the arrays any more; after a failure or an abort `output` may be half filled.
 *
 * @example
 * ```ts
 * import { f64, parallelMap, Pool, sharedArray } from "@millrace/millrace";
 *
 * await using pool = new Pool({ threads: 2 });
 * const numbers = sharedArray(f64, 100_000).fill(2);
 * await parallelMap(pool, numbers, numbers, (input, output, from, to) => {
 *   for (let i = from; i < to; i++) output[i] = Math.sqrt(input[i]!);
 * });
 * console.log(numbers.every((n) => n === Math.SQRT2)); // true
 * ```
 *
 * @param pool The pool.
 * @param input A shared array.
 * @param output A shared array of the same length; its elements may be of another type.
 * @param mapRange A task or a self-contained function; it may be asynchronous.
 * @param options `args` for `mapRange`; `signal` stops it.
 * @returns A promise of `output`.
 * @throws {TypeError | RangeError} if an argument is of another kind, or the lengths differ
 * @throws {PoolClosedError} if the pool was closed
 * @throws what `mapRange` throws, of several the first by position; `signal.reason` if aborted
 */
export function parallelMap<
  I extends SharedArray,
  O extends SharedArray,
  A extends readonly unknown[] = [],
>(
  pool: Pool,
  input: I,
  output: O,
  mapRange: (input: I, output: O, from: number, to: number, ...args: A) => unknown,
  options: ParallelOptions<A> = {},
): Promise<O> {
  checkPool(pool);
  checkShared("input", input);
  checkShared("output", output);
  if (input.length !== output.length) {
    throw new RangeError(
      `Cannot map ${input.length} elements to ${output.length}: expected arrays of one length`,
    );
  }
  const id = argumentId(mapRange, "mapRange");
  const { args = [] } = options;
  const mapped = untilAborted(
    options,
    (stop) => pool.go(mapPart, id, input, output, 0, input.length, args, stop),
  );
  return mapped.then(() => output);
}

/** One part of a reduction; see {@linkcode parallelReduce}. */
const reducePart: Task<
  [string, string, SharedArray, number, number, readonly unknown[], AtomicBool | undefined],
  Promise<unknown>
> = task(
  import.meta.url,
  "parallelReduce",
  async (reduceId, combineId, input, from, to, args, stop): Promise<unknown> => {
    const pool = Pool.current!;
    const found = [findFunction(reduceId), findFunction(combineId)] as const;
    const reduce = typeof found[0] === "function" ? found[0] : await found[0];
    const combine = typeof found[1] === "function" ? found[1] : await found[1];
    if (from === to) return reduce(input, from, to, ...args);
    return inPieces<unknown>(() => isHungry(pool), from, to, {
      apply: (from, to) => reduce(input, from, to, ...args),
      fork: (from, to) => pool.go(reducePart, reduceId, combineId, input, from, to, args, stop),
      combine,
      stop,
    });
  },
);

/**
 * Reduces a shared array to one value, on all threads of a pool.
 *
 * `reduceRange(input, from, to)` reduces the elements from `from` to before `to`, at least one unless the array is empty;
 * `combine(left, right)` puts the results of two neighbouring ranges together. The ranges differ from run to run, so `combine`
 * has to be associative; it need not be commutative, the order is kept. (A sum of floating-point numbers is neither quite the one
 * nor the same each time.)
 *
 * - **Blocking:** returns at once. Called within a task of the pool, that task's thread takes part while it awaits.
 * - **Memory:** the array is not copied; results that move between threads are.
 * - **Cancellation:** as {@linkcode parallelMap}.
 *
 * @example
 * ```ts
 * import { f64, parallelReduce, Pool, sharedArray } from "@millrace/millrace";
 *
 * await using pool = new Pool({ threads: 2 });
 * const numbers = sharedArray(f64, 100_000).fill(0.5);
 * const largest = await parallelReduce(pool, numbers, (input, from, to) => {
 *   let most = -Infinity;
 *   for (let i = from; i < to; i++) most = Math.max(most, input[i]!);
 *   return most;
 * }, (left, right) => Math.max(left, right));
 * console.log(largest); // 0.5
 * ```
 *
 * @param pool The pool.
 * @param input A shared array.
 * @param reduceRange A task or a self-contained function; it may be asynchronous.
 * @param combine Likewise; it may be asynchronous.
 * @param options `args` for `reduceRange`; `signal` stops it.
 * @returns A promise of the result.
 * @throws {TypeError} if an argument is of another kind
 * @throws {PoolClosedError} if the pool was closed
 * @throws what a function throws, of several the first by position; `signal.reason` if aborted
 */
export function parallelReduce<I extends SharedArray, R, A extends readonly unknown[] = []>(
  pool: Pool,
  input: I,
  reduceRange: (input: I, from: number, to: number, ...args: A) => R,
  combine: (left: Awaited<R>, right: Awaited<R>) => R | Awaited<R> | Promise<Awaited<R>>,
  options: ParallelOptions<A> = {},
): Promise<Awaited<R>> {
  checkPool(pool);
  checkShared("input", input);
  const ids = [argumentId(reduceRange, "reduceRange"), argumentId(combine, "combine")] as const;
  const { args = [] } = options;
  const reduced = untilAborted(
    options,
    (stop) => pool.go(reducePart, ...ids, input, 0, input.length, args, stop),
  );
  return reduced as Promise<Awaited<R>>;
}

/** Throws unless `pool` is one. */
export function checkPool(pool: unknown): void {
  if (!(pool instanceof Pool)) throw new TypeError(`Cannot use ${show(pool)} as a pool`);
}

/** Throws unless other threads see the elements of `array` as this one does. */
export function checkShared(name: string, array: unknown): void {
  const isShared = ArrayBuffer.isView(array) && !(array instanceof DataView) &&
    (Region.of(array.buffer) !== undefined || core().owns(array.buffer));
  if (!isShared) {
    throw new TypeError(`Cannot use ${show(array)} as ${name}: expected an array of sharedArray()`);
  }
}

/**
 * Runs a goroutine that can be stopped.
 *
 * @param start Starts it; where there is a signal it is given the flag that is set when that is aborted.
 * @returns What becomes of the goroutine; rejects with `signal.reason` if aborted, once it has ended.
 */
export function untilAborted<R>(
  options: WaitOptions,
  start: (stop: AtomicBool | undefined) => Goroutine<R>,
): Promise<R> {
  const signal = checkSignal(options);
  if (signal === undefined) return start(undefined).join();
  if (signal.aborted) return Promise.reject(signal.reason);
  const stop = new AtomicBool();
  let goroutine: Goroutine<R>;
  try {
    goroutine = start(stop);
  } catch (error) {
    stop[Symbol.dispose]();
    throw error;
  }
  const listener = {
    aborted: (): void => {
      stop.store(true);
      goroutine.cancel();
    },
  };
  // Starting it has written the arguments, which may have run the caller's code.
  if (signal.aborted) listener.aborted();
  else listenTo(signal, listener);
  return goroutine.join().catch((error: unknown) => {
    throw signal.aborted && error instanceof CanceledError ? signal.reason : error;
  }).finally(() => {
    stopListening(signal, listener);
    stop[Symbol.dispose]();
  });
}
