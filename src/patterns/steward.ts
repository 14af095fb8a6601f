/**
 * `steward`: restarts a goroutine that gives no sign of life.
 *
 * @module
 */
import { checkFunction } from "../group/routine.ts";
import { select } from "../select/select.ts";
import type { ReceiveChannel } from "../select/types.ts";
import { after } from "../time/time.ts";
import { beat, checkInterval } from "./heartbeat.ts";
import { checkChannel, type Done, Stage } from "./stage.ts";

/**
 * Starts a goroutine that can be watched.
 *
 * @param done When it fires the goroutine has to end.
 * @param pulseMs How often it has to give a sign of life, in milliseconds.
 * @returns Its pulses; `null` if it gives none.
 */
export type Ward = (done: Done, pulseMs: number) => ReceiveChannel<unknown> | null;

/**
 * Makes a goroutine that watches over another, and restarts it when it has been silent too long. It is a ward itself, and can be watched
 * over in turn.
 *
 * A ward is told by its `done` that it has to end before the next is started; one that does not listen goes on beside it. A ward whose
 * pulses end, with a reason or without, is silent from then on: the next comes when the time is over, not at once.
 *
 * @example
 * ```ts
 * import { afterFunc } from "@millrace/millrace";
 * import { background, withCancel } from "@millrace/millrace/context";
 * import { steward } from "@millrace/millrace/patterns";
 *
 * const [ctx, cancel] = withCancel(background());
 * let starts = 0;
 * const irresponsible = () => {
 *   if (++starts === 3) cancel();
 *   return null; // no sign of life
 * };
 * const pulse = steward(5, irresponsible)(ctx.done, 1000);
 * for await (const _ of pulse!);
 * console.log(starts); // 3
 * ```
 *
 * @param timeoutMs How long the ward may be silent: more than 0. It is asked for two pulses in that time.
 * @param ward Starts what is watched over.
 * @returns What starts the steward; its own pulses come as often as it is asked for. They need not be received, but `done` or disposing of them ends
 * both. They are closed with what `ward` throws, if it does.
 * @throws {TypeError | RangeError} if `timeoutMs` is no such time, or `ward` no function
 */
export function steward(timeoutMs: number, ward: Ward): Ward {
  checkInterval("a time of silence", timeoutMs);
  checkFunction(ward);
  return (done, pulseMs) => {
    checkInterval("a time between pulses", pulseMs);
    const own = new Stage(done);
    const [pulses, pulse] = own.pulse();
    beat(own, pulses, pulseMs);
    // What a ward gets as its done it can only receive from: closing it is the steward's.
    let term = new Stage();
    own.atEnd(() => term.finish());
    own.start(async () => {
      while (!own.isOver) {
        const [, stop] = term.pulse();
        await watch(own, ward(stop, timeoutMs / 2), timeoutMs);
        if (own.isOver) return;
        const last = term;
        term = new Stage();
        last.finish();
      }
    });
    return pulse;
  };
}

/** Returns when nothing has come from `pulses` for `timeoutMs`, or the stage has ended. */
async function watch(
  own: Stage,
  pulses: ReceiveChannel<unknown> | null,
  timeoutMs: number,
): Promise<void> {
  if (pulses !== null) checkChannel(pulses, "the pulses of a ward", " or null");
  let late = after(timeoutMs);
  let pulse = pulses;
  for (;;) {
    let got;
    try {
      got = await select({ pulse, late, end: own.end });
    } catch {
      // They were closed with a reason. That the ward has failed is why it is watched over.
      pulse = null;
      continue;
    }
    if (got.case !== "pulse") return;
    if (got.ok) late = after(timeoutMs);
    else pulse = null;
  }
}
