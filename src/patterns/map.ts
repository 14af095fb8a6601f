/**
 * `map` and `mapReduce`: a function of every value, on this thread or on a pool's.
 *
 * @module
 */
import { CanceledError } from "../errors.ts";
import { checkFunction } from "../group/routine.ts";
import { checkInteger, show } from "../internal/check.ts";
import { LocalFlavor } from "../channel/flavors/local.ts";
import { promiseOf } from "../pool/go.ts";
import type { Goroutine } from "../pool/goroutine.ts";
import { Pool } from "../pool/pool.ts";
import { type Receivable, type Source, source } from "../select/case.ts";
import type { ReceiveChannel } from "../select/types.ts";
import { checkChannel, type Done, Stage, stage, type StageChannel } from "./stage.ts";

/** Calls that may be under way at once, at most. */
const MAX_CONCURRENCY = 1 << 20;

/** Where the function of a stage runs, and how often at once. */
export interface StageOptions {
  /** The threads to call it on: it is a task then, or a self-contained inline function, as for {@linkcode Pool.go}. Default: this thread. */
  pool?: Pool | undefined;
  /** How many calls may be under way at once: an integer ≥ 1. Default: the pool's number of threads; 1 without a pool. */
  concurrency?: number | undefined;
  /** Whether the results keep the order of the values. Default: `true`; `false` passes on each as soon as it is there. */
  ordered?: boolean | undefined;
}

/** How a stage calls its function. */
interface Plan<T, U> {
  readonly call: (value: T) => U | PromiseLike<U>;
  readonly concurrency: number;
  readonly ordered: boolean;
}

/**
 * Passes on what `fn` makes of each value.
 *
 * - **Concurrency:** one call after the other, unless `concurrency` or `pool` says otherwise. No more values are held than calls may be under way.
 * - **Cancellation:** when `done` fires, the output is closed at once. Calls on this thread run to their end, and nobody hears of
 *   it; tasks that no thread has started do not run.
 *
 * @example
 * ```ts
 * import { Pool } from "@millrace/millrace";
 * import { generate, map } from "@millrace/millrace/patterns";
 *
 * await using pool = new Pool({ threads: 2 });
 * const words = generate(null, "channels", "and", "threads");
 * for await (const length of map(null, words, (word) => word.length, { pool })) console.log(length); // 8, 3, 7
 * ```
 *
 * @typeParam T The values.
 * @typeParam U What becomes of them.
 * @param done Ends it early.
 * @param input Where the values come from.
 * @param fn The function; it may be asynchronous.
 * @param options See {@linkcode StageOptions}.
 * @returns The channel; if `fn` throws, it is closed with that reason, in order: after the results of the values before.
 * @throws {TypeError | RangeError} if one of them is something else
 */
export function map<T, U>(
  done: Done,
  input: ReceiveChannel<T>,
  fn: (value: T) => U | PromiseLike<U>,
  options: StageOptions = {},
): StageChannel<U> {
  checkChannel(input, "input");
  const prepare = planOf(fn, options);
  return stage(done, (own, output) => {
    const plan = prepare(own);
    own.start(() => transform(own, input, plan, (result) => own.send(output, result)));
  });
}

/**
 * Combines what `fn` makes of each value into one result.
 *
 * @example
 * ```ts
 * import { generate, mapReduce } from "@millrace/millrace/patterns";
 *
 * const words = generate(null, "channels", "and", "threads");
 * console.log(await mapReduce(null, words, (word) => word.length, (sum, n) => sum + n, 0)); // 18
 * ```
 *
 * @typeParam T The values.
 * @typeParam U What becomes of them.
 * @typeParam R The result.
 * @param done Ends it early.
 * @param input Where the values come from.
 * @param fn The function of one value; it may be asynchronous.
 * @param combine What becomes of the result so far and one thing more, one call after the other; on this thread.
 * @param initial The result of nothing.
 * @param options Where `fn` runs, and whether `combine` gets what it makes in order; see {@linkcode StageOptions}.
 * @throws {TypeError | RangeError} at the call, if one of them is something else
 * @throws {CanceledError} if `done` fires first: what has been combined by then is no result
 * @throws what `fn` or `combine` throws; the reason that `input` is closed with
 */
export function mapReduce<T, U, R>(
  done: Done,
  input: ReceiveChannel<T>,
  fn: (value: T) => U | PromiseLike<U>,
  combine: (result: R, value: U) => R | PromiseLike<R>,
  initial: R,
  options: StageOptions = {},
): Promise<R> {
  checkChannel(input, "input");
  const prepare = planOf(fn, options);
  checkFunction(combine);
  const own = new Stage(done);
  return new Promise((resolve, reject) => {
    own.atEnd((reason) => reject(own.wasCalledOff ? new CanceledError() : reason));
    const plan = prepare(own);
    let result = initial;
    // Results that come at once wait for each other.
    let combined: Promise<unknown> = Promise.resolve();
    const add = async (value: U): Promise<boolean> => {
      // Who was told that there is no result is not asked to make one.
      if (own.isOver) return false;
      result = await combine(result, value);
      return true;
    };
    own.start(async () => {
      await transform(own, input, plan, (value) => {
        const turn = combined.then(() => add(value));
        combined = turn;
        return turn;
      });
      resolve(result);
    });
  });
}

/** Checks a stage's function and options, and gives what makes its plan once there is a stage. */
function planOf<T, U>(
  fn: (value: T) => U | PromiseLike<U>,
  { pool, concurrency = Math.max(1, pool?.threads ?? 1), ordered = true }: StageOptions,
): (own: Stage) => Plan<T, U> {
  checkFunction(fn);
  if (pool !== undefined && !(pool instanceof Pool)) {
    throw new TypeError(`Cannot use ${show(pool)} as pool: expected a Pool`);
  }
  checkInteger("a concurrency", concurrency, 1, MAX_CONCURRENCY);
  return (own) => ({
    call: pool === undefined ? fn : onPool(own, pool, fn),
    concurrency,
    ordered,
  });
}

/** What calls `fn` on a thread of `pool`. Calls that have not started at the end of the stage are taken back. */
function onPool<T, U>(
  own: Stage,
  pool: Pool,
  fn: (value: T) => U | PromiseLike<U>,
): (value: T) => Promise<U> {
  const underWay = new Set<Goroutine<unknown>>();
  own.atEnd(() => {
    for (const each of underWay) each.cancel();
  });
  return (value) => {
    const goroutine = pool.go(fn, value);
    underWay.add(goroutine);
    return goroutine.join().finally(() => underWay.delete(goroutine)) as Promise<U>;
  };
}

/** Calls the plan's function with each value of `input`, and `deliver` with what it makes of it. */
async function transform<T, U>(
  own: Stage,
  input: Receivable<T>,
  { call, concurrency, ordered }: Plan<T, U>,
  deliver: (result: U) => boolean | Promise<boolean>,
): Promise<void> {
  const one = (value: T): boolean | Promise<boolean> => {
    const made = call(value);
    const promise = promiseOf(made) as Promise<U> | undefined;
    return promise === undefined ? deliver(made as U) : promise.then(deliver);
  };
  // Fast path: nothing overtakes anything.
  if (concurrency === 1) return await own.each(input, one);
  if (ordered) return await transformInOrder(own, input, call, concurrency, deliver);
  const workers = Array.from({ length: concurrency }, () =>
    own.each(input, async (value) => {
      try {
        return await one(value);
      } catch (reason) {
        // The others need not come to their ends: they may never do.
        own.fail(reason);
        return false;
      }
    }));
  // What is under way when the input fails is delivered before that.
  for (const ended of await Promise.allSettled(workers)) {
    if (ended.status === "rejected") throw ended.reason;
  }
}

/** As {@linkcode transform}, by one goroutine that starts the calls and another that waits for them, in order. */
async function transformInOrder<T, U>(
  own: Stage,
  input: Receivable<T>,
  call: (value: T) => U | PromiseLike<U>,
  concurrency: number,
  deliver: (result: U) => boolean | Promise<boolean>,
): Promise<void> {
  // One call more waits to get in here, and another is waited for: together as many as may be under way.
  const calls = new LocalFlavor<Promise<U>>(concurrency - 2);
  const starting = own.each(input, (value) => {
    const promise = new Promise<U>((resolve) => resolve(call(value)));
    // It may fail before anybody waits for it.
    promise.catch(() => {});
    return own.send(calls, promise);
  });
  const delivering = own.each(
    { [source]: calls as Source<Promise<U>> },
    async (promise) => await deliver(await promise),
  );
  await Promise.all([
    delivering,
    // The input's end and its failure come after what is under way.
    starting.then(() => calls.close(undefined), (reason) => calls.close(reason)),
  ]);
}
