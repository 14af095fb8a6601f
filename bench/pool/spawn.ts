/** Situations in which a goroutine, or a task of any pool, is spawned and joined. */

import { go } from "../../mod.ts";
import { check } from "../support/measure.ts";

/** How many tasks of a burst are on their way at once. */
export const BURST = 10_000;

/** How many tasks that compute are on their way at once. */
export const COMPUTATIONS = 64;

/** What each of them computes: `fib(FIB)`, which takes some milliseconds. */
export const FIB = 27;
const FIB_VALUE = 196_418;

/** On this thread, one after the other. */
export async function spawnHere(ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) count += await go(() => 1);
  const elapsedMs = performance.now() - start;
  check("The number of results", count, ops);
  return elapsedMs;
}

/** On a pool that runs `one()`, one after the other: a round trip to another thread. */
export async function oneByOne(run: () => PromiseLike<number>, ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) count += await run();
  const elapsedMs = performance.now() - start;
  check("The number of results", count, ops);
  return elapsedMs;
}

/** On a pool that runs `one()`, {@linkcode BURST} at a time. */
export async function bursts(run: () => PromiseLike<number>, ops: number): Promise<number> {
  const { elapsedMs, sum } = await inGroups(run, BURST, ops);
  check("The number of results", sum, ops);
  return elapsedMs;
}

/** On a pool that runs `fib(n)`, {@linkcode COMPUTATIONS} at a time. */
export async function fibs(
  run: (n: number) => PromiseLike<number>,
  ops: number,
): Promise<number> {
  const { elapsedMs, sum } = await inGroups(() => run(FIB), COMPUTATIONS, ops);
  check("The sum of the results", sum, ops * FIB_VALUE);
  return elapsedMs;
}

/** Without a pool, one after the other. */
export function fibsHere(fib: (n: number) => number, ops: number): number {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) sum += fib(FIB);
  const elapsedMs = performance.now() - start;
  check("The sum of the results", sum, ops * FIB_VALUE);
  return elapsedMs;
}

/** Runs `size` at a time, all submitted before the first is awaited. */
async function inGroups(
  run: () => PromiseLike<number>,
  size: number,
  ops: number,
): Promise<{ elapsedMs: number; sum: number }> {
  let sum = 0;
  const start = performance.now();
  for (let done = 0; done < ops; done += size) {
    const group = Array.from({ length: size }, run);
    for (const each of group) sum += await each;
  }
  return { elapsedMs: performance.now() - start, sum };
}
