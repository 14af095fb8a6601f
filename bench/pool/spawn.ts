/** Situations in which a goroutine that does nothing is spawned and joined. */

import { go, type Pool } from "../../mod.ts";
import { check } from "../support/measure.ts";
import { one } from "../tasks.ts";

/** How many tasks of a burst are on their way at once. */
export const BURST = 10_000;

/** On this thread, one after the other. */
export async function spawnHere(ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) count += await go(() => 1);
  const elapsedMs = performance.now() - start;
  check("The number of results", count, ops);
  return elapsedMs;
}

/** On the pool, one after the other: a round trip to another thread. */
export async function poolOneByOne(pool: Pool, ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) count += await pool.go(one);
  const elapsedMs = performance.now() - start;
  check("The number of results", count, ops);
  return elapsedMs;
}

/** On the pool, {@linkcode BURST} at a time, all submitted before the first is awaited. */
export async function poolBurst(pool: Pool, ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let done = 0; done < ops; done += BURST) {
    const burst = Array.from({ length: BURST }, () => pool.go(one));
    for (const each of burst) count += await each;
  }
  const elapsedMs = performance.now() - start;
  check("The number of results", count, ops);
  return elapsedMs;
}
