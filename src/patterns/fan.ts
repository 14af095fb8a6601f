/**
 * Several channels from one, and one from several: `tee`, `fanOut`, `fanIn`, `bridge`.
 *
 * @module
 */
import { checkInteger } from "../internal/check.ts";
import type { ReceiveChannel } from "../select/types.ts";
import { checkChannel, type Done, type Output, Stage, stage, type StageChannel } from "./stage.ts";

/** Outputs of a `fanOut`, at most. */
const MAX_OUTPUTS = 1 << 20;

/**
 * Passes each value on to two channels (the Unix command of that name). The next is taken when both have been received from; which of them
 * comes first does not matter. A reader that leaves no longer holds up the other.
 *
 * @example
 * ```ts
 * import { generate, tee } from "@millrace/millrace/patterns";
 *
 * const [left, right] = tee(null, generate(null, 1, 2));
 * for await (const n of left) console.log(n, await right.receive()); // 1 1, 2 2
 * ```
 *
 * @typeParam T The values; both get the same by reference.
 * @param done Ends it early.
 * @param input Where the values come from.
 * @throws {TypeError} if `done` or `input` is no channel
 */
export function tee<T>(
  done: Done,
  input: ReceiveChannel<T>,
): [StageChannel<T>, StageChannel<T>] {
  const [left, right] = fanOut(done, input, 2);
  return [left!, right!];
}

/** How {@linkcode fanOut} passes values on. */
export interface FanOutOptions {
  /**
   * Whether a slow reader leaves the others alone: what it has not received yet waits in memory, without a limit. Default: `false`, the
   * next value is taken when all have received the one before.
   */
  async?: boolean | undefined;
}

/**
 * Passes each value on to `count` channels. A reader that leaves no longer holds up the others.
 *
 * To spread values over several workers, each to one of them, let the workers receive from the same channel.
 *
 * @example
 * ```ts
 * import { fanOut, generate } from "@millrace/millrace/patterns";
 *
 * const outputs = fanOut(null, generate(null, "news"), 3);
 * console.log(await Promise.all(outputs.map((each) => each.receive()))); // ["news", "news", "news"]
 * ```
 *
 * @typeParam T The values; all get the same by reference.
 * @param done Ends it early.
 * @param input Where the values come from.
 * @param count How many channels: an integer ≥ 1.
 * @param options See {@linkcode FanOutOptions}.
 * @throws {TypeError | RangeError} if one of them is something else
 */
export function fanOut<T>(
  done: Done,
  input: ReceiveChannel<T>,
  count: number,
  options: FanOutOptions = {},
): StageChannel<T>[] {
  checkChannel(input, "input");
  checkInteger("a number of outputs", count, 1, MAX_OUTPUTS);
  const capacity = options.async ? Infinity : 0;
  const own = new Stage(done);
  const outputs: Output<T>[] = [];
  const channels: StageChannel<T>[] = [];
  for (let made = 0; made < count; made++) {
    const [output, channel] = own.output<T>(capacity);
    outputs.push(output);
    channels.push(channel);
  }
  own.start(() =>
    own.each(input, async (value) => {
      // The end of the stage, not that of a reader, is its end.
      await Promise.all(outputs.map((output) => own.send(output, value)));
      return true;
    })
  );
  return channels;
}

/**
 * Passes on what comes from any of several channels, as it comes, until all are closed.
 *
 * - **Ordering:** that of each input; among them none.
 * - **Cost:** one goroutine an input; it does not grow with their number.
 *
 * @example
 * ```ts
 * import { fanIn, generate } from "@millrace/millrace/patterns";
 *
 * const both = fanIn(null, generate(null, 1, 2), generate(null, 10, 20));
 * let sum = 0;
 * for await (const n of both) sum += n;
 * console.log(sum); // 33
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it early.
 * @param inputs Where they come from. The first to be closed with a reason ends all with it.
 * @throws {TypeError} if one of them is no channel
 */
export function fanIn<T>(done: Done, ...inputs: ReceiveChannel<T>[]): StageChannel<T> {
  for (const input of inputs) checkChannel(input, "input");
  return stage(done, (own, output) => {
    if (inputs.length === 0) return own.finish();
    for (const input of inputs) {
      own.start(() => own.each(input, (value) => own.send(output, value)));
    }
  });
}

/**
 * Makes one channel of a channel of channels: what comes from the first, until it is closed, then from the next.
 *
 * @example
 * ```ts
 * import { bridge, generate, map } from "@millrace/millrace/patterns";
 *
 * const pages = map(null, generate(null, 1, 2), (n) => generate(null, `${n}a`, `${n}b`));
 * for await (const line of bridge(null, pages)) console.log(line); // 1a, 1b, 2a, 2b
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it early.
 * @param streams Where the channels come from. What is closed with a reason, they or one of them, ends it with that.
 * @throws {TypeError} if `done` or `streams` is no channel; if a stream is none, the output is closed with such a reason
 */
export function bridge<T>(
  done: Done,
  streams: ReceiveChannel<ReceiveChannel<T>>,
): StageChannel<T> {
  checkChannel(streams, "streams");
  return stage(done, (own, output) => {
    own.start(() =>
      own.each(streams, async (stream) => {
        await own.each(checkChannel(stream, "a stream"), (value) => own.send(output, value));
        return true;
      })
    );
  });
}
