/** Situations in which one thread is both ends of a channel. */

import { type Channel, go } from "../../mod.ts";
import { check, sumBelow } from "../support/measure.ts";

/** Sends a number and takes it out again, in the form that never waits. */
export function sendReceiveTry(channel: Channel<number>, ops: number): number {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    if (!channel.trySend(i)) throw new Error("The channel is full that had to be empty");
    const got = channel.tryReceive();
    if (got.state !== "ok") throw new Error(`The channel is ${got.state} that had to hold a value`);
    sum += got.value;
  }
  const elapsedMs = performance.now() - start;
  check("The sum of what was received", sum, sumBelow(ops));
  return elapsedMs;
}

/** One goroutine sends, another receives, both on this thread and both awaiting. */
export async function passAwaited(channel: Channel<number>, ops: number): Promise<number> {
  const start = performance.now();
  const sending = go(async () => {
    for (let i = 0; i < ops; i++) await channel.send(i);
  });
  const receiving = go(async () => {
    let sum = 0;
    for (let i = 0; i < ops; i++) sum += await channel.receive() ?? NaN;
    return sum;
  });
  await sending;
  const sum = await receiving;
  const elapsedMs = performance.now() - start;
  check("The sum of what was received", sum, sumBelow(ops));
  return elapsedMs;
}
