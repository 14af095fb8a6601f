/** Situations of a mutex: nobody else wants it, another thread does, many goroutines do. */

import { go, i32, Mutex, type Pool, sharedArray } from "../../mod.ts";
import { check } from "../support/measure.ts";
import { lockMany, lockManyAwaited } from "../tasks.ts";

/** How many goroutines want the mutex where there are more of them than threads. */
export const CROWD = 64;
/** Rounds of work that a goroutine does with the mutex, and as many without, where it works. */
export const WORK = 100;

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

/** Two threads lock and unlock, blocking; between that they do `work` rounds of work with the mutex, and as many without. */
export async function lockSyncContended(pool: Pool, work: number, ops: number): Promise<number> {
  using mutex = new Mutex();
  const cell = sharedArray(i32, 1);
  const start = performance.now();
  const both = [1, 2].map(() => pool.go(lockMany, mutex, cell, ops / 2, work));
  for (const each of both) await each;
  const elapsedMs = performance.now() - start;
  check("The count under the lock", cell[0]!, ops);
  return elapsedMs;
}

/** {@linkcode CROWD} goroutines on the pool's threads lock and unlock, awaiting. */
export async function lockOversubscribed(pool: Pool, ops: number): Promise<number> {
  using mutex = new Mutex();
  const cell = sharedArray(i32, 1);
  const start = performance.now();
  const all = Array.from(
    { length: CROWD },
    () => pool.go(lockManyAwaited, mutex, cell, ops / CROWD),
  );
  for (const each of all) await each;
  const elapsedMs = performance.now() - start;
  check("The count under the lock", cell[0]!, ops);
  return elapsedMs;
}

/** {@linkcode CROWD} goroutines of this thread lock, suspend with the mutex held, and unlock. */
export async function lockCrowd(ops: number): Promise<number> {
  using mutex = new Mutex();
  let count = 0;
  const start = performance.now();
  const all = Array.from({ length: CROWD }, () =>
    go(async () => {
      for (let i = 0; i < ops / CROWD; i++) {
        await mutex.lock();
        const before = count;
        await undefined;
        count = before + 1;
        mutex.unlock();
      }
    }));
  for (const each of all) await each;
  const elapsedMs = performance.now() - start;
  check("The count under the lock", count, ops);
  return elapsedMs;
}
