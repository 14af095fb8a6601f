/**
 * Stages of a pipeline that pass on some of what comes, or all of it in another shape or at another pace: `take`, `skip`, `filter`,
 * `batch`, `throttle`.
 *
 * @module
 */
import { checkFunction } from "../group/routine.ts";
import { checkDuration, checkInteger, show } from "../internal/check.ts";
import { promiseOf } from "../pool/go.ts";
import type { RateLimiter } from "../rate/mod.ts";
import { select } from "../select/select.ts";
import type { ReceiveChannel } from "../select/types.ts";
import { after } from "../time/time.ts";
import { checkChannel, type Done, type Stage, stage, type StageChannel } from "./stage.ts";

/**
 * Passes on the first `count` values, and closes its output. It takes no more than these from its input.
 *
 * @example
 * ```ts
 * import { generate, take } from "@millrace/millrace/patterns";
 *
 * for await (const n of take(null, generate(null, 1, 2, 3), 2)) console.log(n); // 1, 2
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it early.
 * @param input Where the values come from.
 * @param count How many: an integer ≥ 0. If there are fewer, the output ends with the input.
 * @throws {TypeError | RangeError} if one of them is something else
 */
export function take<T>(done: Done, input: ReceiveChannel<T>, count: number): StageChannel<T> {
  checkChannel(input, "input");
  checkCount(count);
  return stage(done, (own, output) => {
    if (count === 0) return own.finish();
    let left = count;
    own.start(() => own.each(input, async (value) => await own.send(output, value) && --left > 0));
  });
}

/**
 * Leaves out the first `count` values, and passes on the others.
 *
 * @example
 * ```ts
 * import { generate, skip } from "@millrace/millrace/patterns";
 *
 * for await (const n of skip(null, generate(null, 1, 2, 3), 2)) console.log(n); // 3
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it early.
 * @param input Where the values come from.
 * @param count How many: an integer ≥ 0.
 * @throws {TypeError | RangeError} if one of them is something else
 */
export function skip<T>(done: Done, input: ReceiveChannel<T>, count: number): StageChannel<T> {
  checkChannel(input, "input");
  checkCount(count);
  return stage(done, (own, output) => {
    let left = count;
    own.start(() => own.each(input, (value) => --left >= 0 || own.send(output, value)));
  });
}

/**
 * Passes on the values of a type, as a type guard says.
 *
 * @example
 * ```ts
 * import { filter, generate } from "@millrace/millrace/patterns";
 *
 * const mixed = generate<number | string>(null, 1, "two", 3);
 * const numbers = filter(null, mixed, (value) => typeof value === "number");
 * for await (const n of numbers) console.log(n.toFixed(1)); // 1.0, 3.0
 * ```
 *
 * @typeParam T The values that come.
 * @typeParam S Those that are passed on.
 * @param done Ends it early.
 * @param input Where the values come from.
 * @param isWanted Asked about one value after the other.
 * @returns The channel; if `isWanted` throws, it is closed with that reason.
 * @throws {TypeError} if one of them is something else
 */
export function filter<T, S extends T>(
  done: Done,
  input: ReceiveChannel<T>,
  isWanted: (value: T) => value is S,
): StageChannel<S>;
/**
 * Passes on the values for which `isWanted` says so.
 *
 * @example
 * ```ts
 * import { filter, generate } from "@millrace/millrace/patterns";
 *
 * for await (const n of filter(null, generate(null, 1, 2, 3, 4), (n) => n % 2 === 0)) console.log(n); // 2, 4
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it early.
 * @param input Where the values come from.
 * @param isWanted Asked about one value after the other; it may be asynchronous.
 * @returns The channel; if `isWanted` throws, it is closed with that reason.
 * @throws {TypeError} if one of them is something else
 */
export function filter<T>(
  done: Done,
  input: ReceiveChannel<T>,
  isWanted: (value: T) => boolean | PromiseLike<boolean>,
): StageChannel<T>;
export function filter<T>(
  done: Done,
  input: ReceiveChannel<T>,
  isWanted: (value: T) => boolean | PromiseLike<boolean>,
): StageChannel<T> {
  checkChannel(input, "input");
  checkFunction(isWanted);
  return stage(done, (own, output) => {
    own.start(() =>
      own.each(input, (value) => {
        const answer = isWanted(value);
        // Asked once: a thenable may begin its work when it is.
        const promise = promiseOf(answer);
        if (promise === undefined) return !answer || own.send(output, value);
        return promise.then((isIt) => !isIt || own.send(output, value));
      })
    );
  });
}

/** When {@linkcode batch} passes on a batch that is not full. */
export interface BatchOptions {
  /** Milliseconds after which the first value of a batch waits no longer for others. Default: it does until the input ends. */
  withinMs?: number | undefined;
}

/**
 * Passes on arrays of `size` values each; the last may be shorter.
 *
 * @example
 * ```ts
 * import { batch, generate } from "@millrace/millrace/patterns";
 *
 * for await (const pair of batch(null, generate(null, 1, 2, 3), 2)) console.log(pair); // [1, 2], [3]
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it early; an unfinished batch is given up.
 * @param input Where the values come from. If it is closed with a reason, the unfinished batch comes before that.
 * @param size How many: an integer ≥ 1.
 * @param options See {@linkcode BatchOptions}.
 * @throws {TypeError | RangeError} if one of them is something else
 */
export function batch<T>(
  done: Done,
  input: ReceiveChannel<T>,
  size: number,
  options: BatchOptions = {},
): StageChannel<T[]> {
  checkChannel(input, "input");
  checkInteger("the size of a batch", size, 1, Number.MAX_SAFE_INTEGER);
  const { withinMs = Infinity } = options;
  checkDuration("a time for a batch", withinMs);
  return stage(done, (own, output) => {
    own.start(() =>
      own.each(input, async (first) => {
        const values = [first];
        const end = await fill(own, input, values, size, withinMs);
        const goesOn = await own.send(output, values) && end === undefined;
        if (end !== undefined && "reason" in end) throw end.reason;
        return goesOn;
      })
    );
  });
}

/** Receives up to `size` values, for no longer than `withinMs`. What it gives, if anything, says that there will be no more, and why. */
async function fill<T>(
  own: Stage,
  input: ReceiveChannel<T>,
  values: T[],
  size: number,
  withinMs: number,
): Promise<{ reason?: unknown } | undefined> {
  const late = withinMs === Infinity ? null : after(withinMs);
  // The end is asked for first: a select of several that are ready might take one value more.
  while (values.length < size && !own.isOver) {
    let got;
    try {
      got = await select({ input, late, end: own.end });
    } catch (reason) {
      return { reason };
    }
    if (got.case === "late") return undefined;
    if (got.case === "end" || !got.ok) return {};
    values.push(got.value);
  }
  return undefined;
}

/**
 * Passes on all values, at the pace that `limiter` allows.
 *
 * @example
 * ```ts
 * import { generate, throttle } from "@millrace/millrace/patterns";
 * import { Limiter, per } from "@millrace/millrace/rate";
 *
 * const limiter = new Limiter(per(2, 10), 1); // two in 10 ms
 * for await (const n of throttle(null, generate(null, 1, 2, 3), limiter)) console.log(n);
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it early, and with it the wait for the limiter.
 * @param input Where the values come from.
 * @param limiter Says when; others may use it as well. It is asked once a value is there.
 * @returns The channel; if the limiter refuses for ever, it is closed with that reason.
 * @throws {TypeError} if one of them is something else
 */
export function throttle<T>(
  done: Done,
  input: ReceiveChannel<T>,
  limiter: RateLimiter,
): StageChannel<T> {
  checkChannel(input, "input");
  if (typeof (limiter as Partial<RateLimiter> | null)?.wait !== "function") {
    throw new TypeError(`Cannot throttle by ${show(limiter)}: expected a limiter`);
  }
  return stage(done, (own, output) => {
    const end = new AbortController();
    own.atEnd(() => end.abort());
    own.start(() =>
      own.each(input, async (value) => {
        await limiter.wait({ signal: end.signal });
        return await own.send(output, value);
      })
    );
  });
}

function checkCount(count: number): void {
  checkInteger("a number of values", count, 0, Number.MAX_SAFE_INTEGER);
}
