/** Situations in which the two ends of a channel are on different threads. */

import { bytes, Channel, i32, type Pool } from "../../mod.ts";
import { check, sumBelow } from "../support/measure.ts";
import {
  consume,
  consumeKib,
  consumeMany,
  drain,
  produce,
  produceKib,
  produceMany,
} from "../tasks.ts";

/** One thread of the pool sends, another receives; both block. The pool has two threads. */
export async function passBlocking(pool: Pool, capacity: number, ops: number): Promise<number> {
  using channel = new Channel(i32, capacity);
  const consuming = pool.go(consume, channel, ops);
  await pool.go(produce, channel, ops);
  const { elapsedMs, sum } = await consuming;
  check("The sum of what was received", sum, sumBelow(ops));
  return elapsedMs;
}

/** The same in batches of typed arrays, written by one and read by the other. */
export async function passBatches(pool: Pool, capacity: number, ops: number): Promise<number> {
  using channel = new Channel(i32, capacity);
  const consuming = pool.go(consumeMany, channel, ops);
  await pool.go(produceMany, channel, ops);
  const { elapsedMs, sum } = await consuming;
  check("The sum of what was received", sum, sumBelow(ops));
  return elapsedMs;
}

/** A thread of the pool sends, blocking; this thread receives, awaiting. */
export async function passToAwait(pool: Pool, capacity: number, ops: number): Promise<number> {
  using channel = new Channel(i32, capacity);
  const producing = pool.go(produce, channel, ops);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) sum += await channel.receive() ?? NaN;
  const elapsedMs = performance.now() - start;
  await producing;
  check("The sum of what was received", sum, sumBelow(ops));
  return elapsedMs;
}

/** As many threads send as receive, half the pool's each, until the channel is closed. */
export async function passManyToMany(
  pool: Pool,
  pairs: number,
  capacity: number,
  ops: number,
): Promise<number> {
  using channel = new Channel(i32, capacity);
  const each = Math.floor(ops / pairs);
  const ends = Array.from({ length: pairs });
  const start = performance.now();
  const consuming = ends.map(() => pool.go(drain, channel));
  await Promise.all(ends.map(() => pool.go(produce, channel, each)));
  channel.close();
  const sums = await Promise.all(consuming);
  const elapsedMs = performance.now() - start;
  check("The sum of what was received", sums.reduce((a, b) => a + b, 0), pairs * sumBelow(each));
  return elapsedMs;
}

/** One thread sends messages of 1 KiB, another receives them; both block. */
export async function passKib(pool: Pool, capacity: number, ops: number): Promise<number> {
  using channel = new Channel(bytes, capacity);
  const consuming = pool.go(consumeKib, channel, ops);
  await pool.go(produceKib, channel, ops);
  const { elapsedMs, sum } = await consuming;
  const full = Math.floor(ops / 256);
  check("The sum of the bytes", sum, 2 * (full * sumBelow(256) + sumBelow(ops % 256)));
  return elapsedMs;
}
