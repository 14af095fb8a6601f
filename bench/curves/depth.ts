/** Longer and longer queues: filled, then emptied. */

import { Channel, i32, type Pool } from "../../mod.ts";
import type { Curve } from "../support/curve.ts";
import { usePool } from "../support/match.ts";
import { check, contestant, sumBelow } from "../support/measure.ts";
import { one } from "../tasks.ts";

/** Sends `size` numbers and takes them out again, in the form that never waits. */
export function fillAndDrain(channel: Channel<number>, size: number, ops: number): number {
  let sum = 0;
  const start = performance.now();
  for (let done = 0; done < ops; done += size) {
    for (let i = 0; i < size; i++) {
      if (!channel.trySend(i)) throw new Error("The channel is full that had to have room");
    }
    for (let i = 0; i < size; i++) {
      const got = channel.tryReceive();
      if (got.state !== "ok") throw new Error(`The channel is ${got.state} that had to hold more`);
      sum += got.value;
    }
  }
  const elapsedMs = performance.now() - start;
  check("The sum of what was received", sum, ops / size * sumBelow(size));
  return elapsedMs;
}

/** Submits `size` tasks before it awaits the first. */
export async function submitAndJoin(pool: Pool, size: number, ops: number): Promise<number> {
  let sum = 0;
  const start = performance.now();
  for (let done = 0; done < ops; done += size) {
    const tasks = Array.from({ length: size }, () => pool.go(one));
    for (const each of tasks) sum += await each;
  }
  const elapsedMs = performance.now() - start;
  check("The number of results", sum, ops);
  return elapsedMs;
}

const sizes = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

/** Values in a channel. */
export const depth: Curve = {
  name: "depth",
  title: "channel filled with values, then drained, try form",
  axis: "values in the channel",
  per: "value",
  sizes,
  go: { Go: "fillAndDrain" },
  open(size, held) {
    const ints = new Channel(i32, size);
    held.push(() => ints[Symbol.dispose]());
    const buffered = new Channel<number>(size);
    const unbounded = new Channel<number>(Infinity);
    const options = { unit: size, first: size };
    return [
      contestant("i32", (ops) => fillAndDrain(ints, size, ops), options),
      contestant("by reference", (ops) => fillAndDrain(buffered, size, ops), options),
      contestant("unbounded", (ops) => fillAndDrain(unbounded, size, ops), options),
    ];
  },
};

/** Tasks in a pool's queue. */
export const poolDepth: Curve = {
  name: "pool-depth",
  title: "pool of two threads, tasks submitted before the first is awaited",
  axis: "tasks in the pool's queue",
  per: "task",
  sizes,
  hasThreads: true,
  go: { "Go, goroutines": "submitAndJoin" },
  async open(size, held) {
    const pool = await usePool(held, 2);
    const options = { unit: size, first: size };
    return [contestant("pool", (ops) => submitAndJoin(pool, size, ops), options)];
  },
};
