/**
 * Goroutines that somebody has to watch over.
 *
 * @module
 */
import { Channel, go, type ReceiveChannel, select, send, WaitGroup } from "../../mod.ts";
import { type Context, withCancel } from "../../src/context/mod.ts";
import { bridge, type Done, heartbeat, steward, take, type Ward } from "../../src/patterns/mod.ts";
import type { Print } from "./worker.ts";

/** Between the pulses of a steward that nobody listens to. */
const NEVER_MIND_MS = 3_600_000;

/** A ward that gives no sign of life, and does nothing but end when it is told to. `wards` counts those that have not. */
export function irresponsible(wards: WaitGroup, print: Print): Ward {
  return (done) => {
    print("ward: hello, I am irresponsible");
    wards.go(async () => {
      await done?.receive();
      print("ward: stopping");
    });
    return null;
  };
}

/** Watches over an irresponsible ward, which may be silent for `timeoutMs`, until the context ends. */
export async function watchIrresponsible(
  ctx: Context,
  timeoutMs: number,
  print: Print,
): Promise<void> {
  using wards = new WaitGroup();
  const pulse = steward(timeoutMs, irresponsible(wards, print))(ctx.done, timeoutMs);
  for await (const _ of pulse!) print("steward: pulse");
  await wards.wait();
  print("steward: ended");
}

/** A ward with results. Each time it is started again it has another channel for them; `values` joins these. */
export interface Source {
  readonly ward: Ward;
  readonly values: ReceiveChannel<number>;
}

/**
 * A ward that gives `numbers` again and again, but stops at the first that is negative: then there are no more signs of life.
 *
 * @param started Called when it is started.
 */
export function numbersWard(
  done: Done,
  numbers: readonly number[],
  started: () => void,
): Source {
  const streams = new Channel<ReceiveChannel<number>>();
  const ward: Ward = (done, pulseMs) => {
    started();
    const out = new Channel<number>();
    const [pulse, results] = heartbeat(done, out, { everyMs: pulseMs });
    go(async () => {
      try {
        const told = await select({ stream: send(streams, results), stop: done });
        if (told.case === "stop") return;
        for (let at = 0;; at = (at + 1) % numbers.length) {
          if (numbers[at]! < 0) return;
          const sent = await select({ sent: send(out, numbers[at]!), stop: done });
          if (sent.case === "stop") return;
        }
      } finally {
        out.close();
      }
    });
    return pulse;
  };
  return { ward, values: bridge(done, streams) };
}

/** Takes `count` of the numbers of a ward that has to be started again each time that it comes to a negative one. */
export async function takeNumbers(
  parent: Context,
  numbers: readonly number[],
  count: number,
  timeoutMs: number,
  print: Print,
): Promise<void> {
  const [ctx, cancel] = withCancel(parent);
  let starts = 0;
  const { ward, values } = numbersWard(ctx.done, numbers, () => starts++);
  steward(timeoutMs, ward)(ctx.done, NEVER_MIND_MS);
  const taken: number[] = [];
  for await (const number of take(ctx.done, values, count)) {
    taken.push(number);
    print(`received ${number}`);
  }
  cancel();
  print(`${taken.join(" ")}, after ${starts} starts`);
}
