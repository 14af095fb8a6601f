/**
 * Where pipelines begin: `generate`, `repeat`, `repeatFn`.
 *
 * @module
 */
import { checkFunction } from "../group/routine.ts";
import { promiseOf } from "../pool/go.ts";
import { type Done, stage, type StageChannel } from "./stage.ts";

/**
 * Sends some values, and closes the channel.
 *
 * @example
 * ```ts
 * import { generate, map } from "@millrace/millrace/patterns";
 *
 * for await (const n of map(null, generate(null, 1, 2, 3), (n) => n * n)) console.log(n); // 1, 4, 9
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it early.
 * @param values What to send.
 * @throws {TypeError} if `done` is neither a channel nor `null`
 */
export function generate<T>(done: Done, ...values: T[]): StageChannel<T> {
  return stage(done, (own, output) => {
    own.start(async () => {
      for (const value of values) {
        if (!await own.send(output, value)) return;
      }
    });
  });
}

/**
 * Sends some values again and again, until `done` fires or the reader leaves. Without values there is nothing to wait for: the channel is
 * closed.
 *
 * @example
 * ```ts
 * import { repeat, take } from "@millrace/millrace/patterns";
 *
 * const song: string[] = [];
 * for await (const word of take(null, repeat(null, "row", "your", "boat"), 5)) song.push(word);
 * console.log(song.join(" ")); // row your boat row your
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it; with `null` it ends when nobody has its channel any more.
 * @param values What to send.
 * @throws {TypeError} if `done` is neither a channel nor `null`
 */
export function repeat<T>(done: Done, ...values: T[]): StageChannel<T> {
  return stage(done, (own, output) => {
    own.start(async () => {
      for (let at = 0; values.length > 0; at = (at + 1) % values.length) {
        if (!await own.send(output, values[at]!)) return;
      }
    });
  });
}

/**
 * Sends what `fn` returns, call after call, until `done` fires or the reader leaves. It is one call ahead of the reader.
 *
 * @example
 * ```ts
 * import { repeatFn, take } from "@millrace/millrace/patterns";
 *
 * const dice = repeatFn(null, () => 1 + Math.floor(Math.random() * 6));
 * for await (const eyes of take(null, dice, 3)) console.log(eyes);
 * ```
 *
 * @typeParam T What it returns.
 * @param done Ends it; with `null` it ends when nobody has its channel any more.
 * @param fn What to call, first once the caller has yielded; it may be asynchronous.
 * @returns The channel; if `fn` throws, it is closed with that reason.
 * @throws {TypeError} if `done` is neither a channel nor `null`, or `fn` no function
 */
export function repeatFn<T>(done: Done, fn: () => T | PromiseLike<T>): StageChannel<T> {
  checkFunction(fn);
  return stage(done, (own, output) => {
    own.start(async () => {
      for (;;) {
        const made = fn();
        // Asked once: a thenable may begin its work when it is.
        const promise = promiseOf(made) as Promise<T> | undefined;
        const value = promise === undefined ? made as T : await promise;
        if (!await own.send(output, value)) return;
      }
    });
  });
}
