/** Situations of a mutex that nobody else wants. */

import type { Mutex } from "../../mod.ts";
import { check } from "../support/measure.ts";

/** Locks and unlocks, in the form that blocks. */
export function lockSyncFree(mutex: Mutex, ops: number): number {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    mutex.lockSync();
    count++;
    mutex.unlock();
  }
  const elapsedMs = performance.now() - start;
  check("The count under the lock", count, ops);
  return elapsedMs;
}

/** Locks and unlocks, in the form that returns a promise. */
export async function lockFree(mutex: Mutex, ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    await mutex.lock();
    count++;
    mutex.unlock();
  }
  const elapsedMs = performance.now() - start;
  check("The count under the lock", count, ops);
  return elapsedMs;
}
