/** Situations of semaphores, atomic values, wait groups and barriers. */

import {
  AtomicI32,
  CyclicBarrier,
  i32,
  type Pool,
  Semaphore,
  sharedArray,
  type WaitGroup,
} from "../../mod.ts";
import { check } from "../support/measure.ts";
import { addAtomically, goRound, incrementUnder } from "../tasks.ts";

/** Acquires a unit that is free and releases it, in the form that blocks. */
export function acquireSyncFree(semaphore: Semaphore, ops: number): number {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    semaphore.acquireSync();
    count++;
    semaphore.release();
  }
  const elapsedMs = performance.now() - start;
  check("The count under the unit", count, ops);
  return elapsedMs;
}

/** Acquires a unit that is free and releases it, in the form that returns a promise. */
export async function acquireFree(semaphore: Semaphore, ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    await semaphore.acquire();
    count++;
    semaphore.release();
  }
  const elapsedMs = performance.now() - start;
  check("The count under the unit", count, ops);
  return elapsedMs;
}

/** Two threads want the only unit all the time; both block. The pool has two threads. */
export async function acquireContended(pool: Pool, ops: number): Promise<number> {
  using semaphore = new Semaphore(1);
  const count = sharedArray(i32, 1);
  const each = Math.floor(ops / 2);
  const start = performance.now();
  await Promise.all([1, 2].map(() => pool.go(incrementUnder, semaphore, count, each)));
  const elapsedMs = performance.now() - start;
  check("The count under the unit", count[0]!, 2 * each);
  return elapsedMs;
}

/** Adds to a value that no other thread touches. */
export function addFree(value: AtomicI32, ops: number): number {
  value.store(0);
  const start = performance.now();
  for (let i = 0; i < ops; i++) value.add(1);
  const elapsedMs = performance.now() - start;
  check("The sum", value.load(), ops);
  return elapsedMs;
}

/** The same by `Atomics`, on an array in shared memory. */
export function addByAtomics(values: Int32Array, ops: number): number {
  Atomics.store(values, 0, 0);
  const start = performance.now();
  for (let i = 0; i < ops; i++) Atomics.add(values, 0, 1);
  const elapsedMs = performance.now() - start;
  check("The sum", Atomics.load(values, 0), ops);
  return elapsedMs;
}

/** Two threads add to one value. The pool has two threads. */
export async function addContended(pool: Pool, ops: number): Promise<number> {
  using value = new AtomicI32();
  const each = Math.floor(ops / 2);
  const start = performance.now();
  await Promise.all([1, 2].map(() => pool.go(addAtomically, value, each)));
  const elapsedMs = performance.now() - start;
  check("The sum", value.load(), 2 * each);
  return elapsedMs;
}

/** Counts one up and off, and finds that there is nothing to wait for. */
export function waitFree(group: WaitGroup, ops: number): number {
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    group.add(1);
    group.done();
    group.waitSync();
  }
  return performance.now() - start;
}

/** Two threads meet at a barrier in every operation; both block. The pool has two threads. */
export async function meetAtBarrier(pool: Pool, ops: number): Promise<number> {
  using barrier = new CyclicBarrier(2);
  const start = performance.now();
  const lasts = await Promise.all([1, 2].map(() => pool.go(goRound, barrier, ops)));
  const elapsedMs = performance.now() - start;
  check("The number of rounds", lasts[0]! + lasts[1]!, ops);
  return elapsedMs;
}
