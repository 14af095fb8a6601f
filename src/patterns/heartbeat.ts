/**
 * `heartbeat`: signs of life of a stage.
 *
 * @module
 */
import { checkDuration, show } from "../internal/check.ts";
import type { ReceiveChannel } from "../select/types.ts";
import { Ticker } from "../time/time.ts";
import { checkChannel, type Done, type Output, Stage, type StageChannel } from "./stage.ts";

/** When a heart beats: every so many milliseconds, or before each value. */
export type HeartbeatOptions =
  | { readonly everyMs: number; readonly perItem?: undefined }
  | { readonly perItem: true; readonly everyMs?: undefined };

/**
 * Passes on what comes from `input`, and says meanwhile that it is alive.
 *
 * A pulse never holds anything up: one at most waits to be received, and none is missed that nobody wants. Between pulses by time whoever
 * listens can tell a stage that waits for values from one that hangs; pulses by value say that work has begun.
 *
 * @example
 * ```ts
 * import { generate, heartbeat } from "@millrace/millrace/patterns";
 *
 * const [pulse, results] = heartbeat(null, generate(null, 1, 2), { perItem: true });
 * console.log((await pulse.next()).done, await results.receive()); // false 1
 * ```
 *
 * @typeParam T The values.
 * @param done Ends it early.
 * @param input Where the values come from.
 * @param options `everyMs`: the time between pulses, more than 0; or `perItem`: a pulse as each value comes, before it is passed on.
 * @returns The pulses and the values; both are closed with the input. The values have to be read, or left.
 * @throws {TypeError | RangeError} if one of them is something else
 */
export function heartbeat<T>(
  done: Done,
  input: ReceiveChannel<T>,
  options: HeartbeatOptions,
): [pulse: StageChannel<void>, results: StageChannel<T>] {
  checkChannel(input, "input");
  const everyMs = checkOptions(options);
  const own = new Stage(done);
  const [pulses, pulse] = own.pulse();
  const [output, results] = own.output<T>();
  if (everyMs !== undefined) beat(own, pulses, everyMs);
  own.start(() =>
    own.each(input, (value) => {
      if (everyMs === undefined) giveSign(pulses);
      return own.send(output, value);
    })
  );
  return [pulse, results];
}

/** Has `own` give a sign of life every `everyMs` milliseconds. */
export function beat(own: Stage, pulses: Output<void>, everyMs: number): void {
  const ticker = new Ticker(everyMs);
  own.atEnd(() => ticker.stop());
  own.startBeside(() =>
    own.each(checkChannel(ticker.channel, "a ticker"), () => {
      giveSign(pulses);
      return true;
    })
  );
}

/** Nobody has to listen: a pulse that is not wanted is dropped. */
function giveSign(pulses: Output<void>): void {
  if (!pulses.closed) pulses.offer(undefined);
}

function checkOptions(options: HeartbeatOptions): number | undefined {
  const { everyMs, perItem }: { everyMs?: unknown; perItem?: unknown } = options;
  if (perItem === true && everyMs === undefined) return undefined;
  if (everyMs !== undefined && !perItem) return checkInterval("a time between pulses", everyMs);
  throw new TypeError(
    `Cannot beat by ${show(options)}: expected either { everyMs } or { perItem: true }`,
  );
}

/**
 * Returns `ms` if it is a duration of more than 0.
 *
 * @throws {TypeError | RangeError} if it is not
 */
export function checkInterval(name: string, ms: unknown): number {
  if (checkDuration(name, ms) > 0) return ms as number;
  throw new RangeError(`Cannot use ${ms} as ${name}: expected more than 0 milliseconds`);
}
