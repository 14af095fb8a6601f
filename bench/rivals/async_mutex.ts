/** The mutex of async-mutex, the most used of npm: for goroutines of one thread, and with a promise for each lock. */

import { Mutex } from "async-mutex";
import { check } from "../support/measure.ts";

const mutex = new Mutex();

/** Locks and unlocks what nobody else wants. */
export async function asyncMutexFree(ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    const release = await mutex.acquire();
    count++;
    release();
  }
  const elapsedMs = performance.now() - start;
  check("The count under the lock", count, ops);
  return elapsedMs;
}

/** `crowd` async functions lock, suspend with the mutex held, and unlock. */
export async function asyncMutexCrowd(crowd: number, ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  const all = Array.from({ length: crowd }, async () => {
    for (let i = 0; i < ops / crowd; i++) {
      const release = await mutex.acquire();
      const before = count;
      await undefined;
      count = before + 1;
      release();
    }
  });
  await Promise.all(all);
  const elapsedMs = performance.now() - start;
  check("The count under the lock", count, ops);
  return elapsedMs;
}
