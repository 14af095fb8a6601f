/** Many goroutines that wait at once: each is spawned, parks, is served and joined. */

import { Channel, go, i32 } from "../../mod.ts";
import type { Curve } from "../support/curve.ts";
import { check, contestant, sumBelow } from "../support/measure.ts";

/** Spawns `size` goroutines that receive from `channel`, sends each its value and waits for all. */
export async function parkAndServe(
  channel: Channel<number>,
  size: number,
  ops: number,
): Promise<number> {
  let sum = 0;
  const start = performance.now();
  for (let done = 0; done < ops; done += size) {
    const parked = Array.from({ length: size }, () =>
      go(async () => {
        // Not in one with the sum, which would be read before the wait.
        const value = await channel.receive();
        sum += value ?? NaN;
      }));
    for (let i = 0; i < size; i++) await channel.send(i);
    for (const each of parked) await each;
  }
  const elapsedMs = performance.now() - start;
  check("The sum of what was received", sum, ops / size * sumBelow(size));
  return elapsedMs;
}

/** Goroutines of one thread, from one to a million. */
export const goroutines: Curve = {
  name: "goroutines",
  title: "goroutines of one thread that park on a channel: spawned, served and joined",
  axis: "goroutines",
  per: "goroutine",
  sizes: [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000],
  go: { Go: "goroutinesParked" },
  open(size, held) {
    const local = new Channel<number>();
    const ints = new Channel(i32);
    held.push(() => ints[Symbol.dispose]());
    const options = { unit: size, first: size };
    return [
      contestant("by reference", (ops) => parkAndServe(local, size, ops), options),
      contestant("i32", (ops) => parkAndServe(ints, size, ops), options),
    ];
  },
};
