/**
 * Drepper's second mutex ("Futexes Are Tricky", 2004).
 *
 * | word | meaning               |
 * | ---- | --------------------- |
 * | 0    | free                  |
 * | 1    | held                  |
 * | 2    | held, somebody sleeps |
 */
import { add32, cas32, notify, store32, wait32, xchg32 } from "../../../../wasm/assembly/atomics";

export function lock(ptr: usize): void {
  if (cas32(ptr, 0, 1) == 0) return;
  while (xchg32(ptr, 2) != 0) wait32(ptr, 2, -1);
}

export function unlock(ptr: usize): void {
  if (add32(ptr, -1) == 1) return;
  store32(ptr, 0);
  notify(ptr, 1);
}

/** Adds one to a plain word under the lock. */
export function incrementLocked(ptr: usize, counter: usize): void {
  lock(ptr);
  // Plain: under the lock.
  store<u32>(counter, load<u32>(counter) + 1);
  unlock(ptr);
}

/** Waits for the lock with naps, as one that may not sleep for long. */
export function lockNapping(ptr: usize): void {
  while (cas32(ptr, 0, 1) != 0) wait32(ptr, 1, 0.001);
}

/** 0 woken, 1 not equal, 2 timed out. */
export function waitFor(ptr: usize, expected: u32, timeoutMs: f64): i32 {
  return wait32(ptr, expected, timeoutMs);
}

export function wakeAll(ptr: usize): i32 {
  return notify(ptr, -1);
}
