/**
 * `or` and `orDone`: the end of whichever comes first.
 *
 * @module
 */
import type { ReceiveChannel } from "../select/types.ts";
import { checkChannel, type Done, Stage, stage, type StageChannel } from "./stage.ts";

/**
 * Joins several ends into one: a channel that is closed as soon as one of `channels` is, or a value comes from it.
 *
 * However many there are, it is one wait, and when it is over none of them knows of it any more.
 *
 * @example
 * ```ts
 * import { after } from "@millrace/millrace";
 * import { or } from "@millrace/millrace/patterns";
 *
 * const minute = 60_000;
 * await or(after(120 * minute), after(5 * minute), after(10), after(60 * minute))!.receive();
 * console.log("after 10 ms");
 * ```
 *
 * @param channels What to wait for; `null` is never ready.
 * @returns The channel; `null`, which is never ready, if there is nothing to wait for.
 * @throws {TypeError} if one of them is neither a channel nor `null`
 */
export function or(...channels: Done[]): StageChannel<never> | null {
  const made = new Stage(...channels);
  return channels.every((each) => each === null) ? null : made.output<never>()[1];
}

/**
 * Passes on what comes from `input` until that is closed or `done` fires, so that a loop over it needs no select.
 *
 * - **Ordering:** that of `input`.
 * - **Cancellation:** when `done` fires the output is closed, even if nobody reads it. A value on its way then is given up.
 *
 * @example
 * ```ts
 * import { Channel } from "@millrace/millrace";
 * import { background, withCancel } from "@millrace/millrace/context";
 * import { orDone, repeat } from "@millrace/millrace/patterns";
 *
 * const [ctx, cancel] = withCancel(background());
 * let count = 0;
 * for await (const _ of orDone(ctx.done, repeat(ctx.done, "tick"))) {
 *   if (++count === 3) cancel();
 * }
 * console.log(count); // 3
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it; `null`: only the end of `input` does.
 * @param input Where the values come from. A channel of any kind; others may receive from it as well.
 * @returns Their channel, without a buffer. It is closed with the reason that `input` is closed with, if any.
 * @throws {TypeError} if `done` or `input` is no channel
 */
export function orDone<T>(done: Done, input: ReceiveChannel<T>): StageChannel<T> {
  checkChannel(input, "input");
  return stage(done, (own, output) => {
    own.start(() => own.each(input, (value) => own.send(output, value)));
  });
}
