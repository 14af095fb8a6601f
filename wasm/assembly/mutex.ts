/**
 * Mutex. Waiting is queue.ts; here is who gets it.
 *
 * MUTEX_OWNER is 0 (free) or the agent that holds it. Unlock frees it and fires the longest waiter, which tries again (it may be
 * overtaken: barging). A waiter enters its queue, looks again, and sleeps only then (law 3).
 */
import { cas32, load32, xchg32 } from "./atomics";
import { queueWake } from "./queue";
import { LOCK_MISUSED, LOCK_QUEUE, MUTEX_OWNER, QUEUE_COUNT, WOKE_NONE } from "./layout";

/**
 * Takes the mutex if it is free.
 *
 * - Progress: wait-free. Linearization: the swap. Model: `mutex_model_test.ts`.
 */
export function mutexTryLock(mutex: usize, self: usize): bool {
  return cas32(mutex + MUTEX_OWNER, 0, <u32>self) == 0;
}

/**
 * Frees the mutex, whoever holds it, and fires the longest waiter.
 *
 * - Linearization: the exchange. Order: free, then the queue's count (law 3). Model: `mutex_model_test.ts`.
 *
 * @returns a `WOKE_…` code, or `LOCK_MISUSED` when nobody held it; nothing has changed then
 */
export function mutexUnlock(mutex: usize, self: usize): i32 {
  if (xchg32(mutex + MUTEX_OWNER, 0) == 0) return LOCK_MISUSED;
  return wakeNext(mutex, self);
}

/**
 * Frees the mutex if `self` holds it, and fires the longest waiter. For a guard, whose lock another thread may have freed and
 * a third one taken since.
 *
 * - Linearization: the swap. Order: free, then the queue's count (law 3). Model: `mutex_model_test.ts`.
 *
 * @returns a `WOKE_…` code, or `LOCK_MISUSED` when `self` did not hold it; nothing has changed then
 */
export function mutexUnlockOwn(mutex: usize, self: usize): i32 {
  if (cas32(mutex + MUTEX_OWNER, <u32>self, 0) != <u32>self) return LOCK_MISUSED;
  return wakeNext(mutex, self);
}

/** Fires the longest waiter of a mutex that has just been freed. */
// @ts-ignore: decorator
@inline
function wakeNext(mutex: usize, self: usize): i32 {
  // Fast path: nobody waits.
  if (load32(mutex + LOCK_QUEUE + QUEUE_COUNT) == 0) return WOKE_NONE;
  return queueWake(mutex + LOCK_QUEUE, self);
}

/** Reports whether somebody holds the mutex. */
export function mutexIsLocked(mutex: usize): bool {
  return load32(mutex + MUTEX_OWNER) != 0;
}
