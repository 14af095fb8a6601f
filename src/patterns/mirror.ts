/**
 * `mirror`: the first of several answers to the same question.
 *
 * @module
 */
import { background, withCancel } from "../context/mod.ts";
import { type Job, race } from "../group/mod.ts";
import { type Done, Stage } from "./stage.ts";

/**
 * Asks several at once, and gives the first answer. The others are told that theirs is of no use any more.
 *
 * @example
 * ```ts
 * import { sleep } from "@millrace/millrace";
 * import type { Context } from "@millrace/millrace/context";
 * import { mirror } from "@millrace/millrace/patterns";
 *
 * const from = (place: string, ms: number) => async (ctx: Context) => {
 *   await sleep(ms, { signal: ctx.signal });
 *   return `answer from ${place}`;
 * };
 * console.log(await mirror(null, from("Asia", 1000), from("Europe", 1))); // answer from Europe
 * ```
 *
 * @typeParam T The answer.
 * @param done Ends all of it.
 * @param queries What to ask, at least one. Each gets a context that ends with the first answer; `ctx.signal` fits `fetch`.
 * @throws {TypeError | RangeError} at the call, if one of them is something else, or there is none
 * @throws {CanceledError} if `done` fires first
 * @throws the last error, if all fail
 */
export function mirror<T>(done: Done, ...queries: Job<T>[]): Promise<T> {
  const own = new Stage(done);
  const [ctx, cancel] = withCancel(background());
  own.atEnd(cancel);
  try {
    return race(ctx, queries).finally(() => own.finish());
  } catch (error) {
    own.finish();
    throw error;
  }
}
