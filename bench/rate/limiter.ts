/** Situations of limiters. */

import type { Pool } from "../../mod.ts";
import { Limiter, type RateLimiter } from "../../src/rate/mod.ts";
import { check } from "../support/measure.ts";
import { allowMany } from "../tasks.ts";

/** More tokens than any bench takes, and none that are gained meanwhile. */
export const PLENTY = 2 ** 50;

/** Asks for events that are all allowed, and that no other thread asks for. */
export function allowFree(limiter: RateLimiter, ops: number): number {
  let allowed = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) if (limiter.allow()) allowed++;
  const elapsedMs = performance.now() - start;
  check("The number of events", allowed, ops);
  return elapsedMs;
}

/** Waits for events that are all allowed. */
export async function waitFree(limiter: RateLimiter, ops: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < ops; i++) await limiter.wait();
  return performance.now() - start;
}

/** Reserves, and gives back. */
export function reserveFree(limiter: Limiter, ops: number): number {
  const start = performance.now();
  for (let i = 0; i < ops; i++) limiter.reserve().cancel();
  return performance.now() - start;
}

/** Reads the clock, as every operation of a limiter does. */
export function readClock(ops: number): number {
  let last = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) last = performance.now();
  const elapsedMs = performance.now() - start;
  check("The later of two readings", Math.max(start, last), last);
  return elapsedMs;
}

/** Two threads ask the same limiter all the time. The pool has two threads. */
export async function allowContended(pool: Pool, ops: number): Promise<number> {
  using limiter = new Limiter(0, PLENTY);
  const each = Math.floor(ops / 2);
  const start = performance.now();
  const counts = await Promise.all([1, 2].map(() => pool.go(allowMany, limiter, each)));
  const elapsedMs = performance.now() - start;
  check("The number of events", counts[0]! + counts[1]!, 2 * each);
  return elapsedMs;
}
