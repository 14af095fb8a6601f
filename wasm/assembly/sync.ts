/**
 * State words of semaphore and wait group, and what all lock objects begin with. Waiting is queue.ts; here is who gets what.
 *
 * Semaphore: SEMAPHORE_FREE counts the units that nobody holds. Waiters are granted in order, from the head only, by
 * `semaphoreSettle`, so a large request is never overtaken; what is granted is already taken off when the waiter fires.
 *
 * Wait group: GROUP_STATE is a u64 word; who brings the count to 0 ends a round and fires everyone.
 *
 * | bits    | field | meaning                                                        |
 * | ------- | ----- | -------------------------------------------------------------- |
 * | 0 … 31  | count | what is still to be done, 0 … 2^31 − 1                         |
 * | 32 … 63 | round | how often the count has come to 0; wraps, compared for equality |
 *
 * A waiter waits for the end of the round in which it began, so that neither of two things can happen: the count comes to
 * 0 and is raised again before the waiter looks, and it misses the 0; or whoever brought it to 0 is held up before it looks
 * at the queue, and then fires somebody who waits for a later round, who takes it for the end. Go forbids the first
 * (`Add` before the earlier `Wait` has returned) and has no queue beside the word; here it costs nothing to be exact.
 *
 * Each word is atomic; a waiter enters its queue, looks again, and sleeps only then (law 3).
 */
import { add32, cas32, cas64, load32, load64 } from "./atomics";
import { ring } from "./agent";
import { allocate } from "./heap";
import { acquire, release } from "./lock";
import { fire, queueWakeAll } from "./queue";
import {
  GROUP_STATE,
  LOCK_MISUSED,
  LOCK_OBJECT_SIZE,
  LOCK_QUEUE,
  MUTEX_OWNER,
  NODE_NEED,
  OBJECT_KIND,
  OBJECT_REFERENCES,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_LOCK,
  SEMAPHORE_FREE,
  SEMAPHORE_TOTAL,
  WOKE_NONE,
  WOKE_OTHER,
  WOKE_SELF,
} from "./layout";

/** Makes a lock object of `kind` whose two words are `first` and `second`; 0 when memory is exhausted. */
export function lockNew(kind: u32, first: u32, second: u32): usize {
  const lock = allocate(<u32>LOCK_OBJECT_SIZE);
  if (lock == 0) return 0;
  // Plain: ours until a handle to it is given away.
  memory.fill(lock, 0, LOCK_OBJECT_SIZE);
  store<u32>(lock + OBJECT_REFERENCES, 1);
  store<u32>(lock + OBJECT_KIND, kind);
  store<u32>(lock + MUTEX_OWNER, first);
  store<u32>(lock + SEMAPHORE_TOTAL, second);
  return lock;
}

/**
 * Takes `count` units if they are free and nobody waits.
 *
 * - Progress: lock-free. Linearization: the swap. Model: `sync_model_test.ts`.
 */
export function semaphoreTryAcquire(semaphore: usize, count: u32): bool {
  let free = load32(semaphore + SEMAPHORE_FREE);
  while (load32(semaphore + LOCK_QUEUE + QUEUE_COUNT) == 0 && free >= count) {
    const seen = cas32(semaphore + SEMAPHORE_FREE, free, free - count);
    if (seen == free) return true;
    free = seen;
  }
  return false;
}

/**
 * Gives `count` units back and grants what has become possible.
 *
 * - Linearization: the swap. Order: units, then the queue. Model: `sync_model_test.ts`.
 *
 * @returns a `WOKE_…` code, or `LOCK_MISUSED` when more would be free than there are; nothing has changed then
 */
export function semaphoreRelease(semaphore: usize, count: u32, self: usize): i32 {
  let free = load32(semaphore + SEMAPHORE_FREE);
  for (;;) {
    if (count > load<u32>(semaphore + SEMAPHORE_TOTAL) - free) return LOCK_MISUSED; // Plain: the total never changes.
    const seen = cas32(semaphore + SEMAPHORE_FREE, free, free + count);
    if (seen == free) break;
    free = seen;
  }
  return semaphoreSettle(semaphore, self);
}

/**
 * Grants units to waiters, longest first, until the first does not fit.
 * Called after everything that may let the first fit: a release, an entry, a waiter's leaving.
 *
 * - Progress: blocking on the queue's lock; each round grants, drops a node, or ends.
 * - Order: units are taken before the claim, or a grant could be claimed that cannot be paid; if the claim fails they
 *   go back. All of it under the lock, without a loop (law 10).
 * - Model: `sync_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function semaphoreSettle(semaphore: usize, self: usize): i32 {
  const queue = semaphore + LOCK_QUEUE;
  let result = WOKE_NONE;
  while (load32(queue + QUEUE_COUNT) != 0) {
    let agent: usize = 0;
    let isOver = false;
    acquire(queue + QUEUE_LOCK);
    const node: usize = load<u32>(queue + QUEUE_HEAD);
    if (node == 0) {
      isOver = true;
    } else {
      const need = load<u32>(node + NODE_NEED);
      const free = load32(semaphore + SEMAPHORE_FREE);
      if (free < need) {
        isOver = true;
      } else if (cas32(semaphore + SEMAPHORE_FREE, free, free - need) == free) {
        agent = fire(queue, node);
        if (agent == 0) add32(semaphore + SEMAPHORE_FREE, need);
      }
    }
    release(queue + QUEUE_LOCK);
    if (isOver) break;
    if (agent == self && agent != 0) {
      result = WOKE_SELF;
    } else if (agent != 0) {
      ring(agent);
      if (result == WOKE_NONE) result = WOKE_OTHER;
    }
  }
  return result;
}

/**
 * Adds `delta` to the count; when it comes to 0, ends the round and fires everyone.
 *
 * - Progress: lock-free, but for the waiters' lock.
 * - Linearization: the swap. Order: count and round in one word, then the queue (law 3). A round kept apart could be read
 *   between the two, by a waiter that then takes the end of the round before for its own. Model: `sync_model_test.ts`.
 *
 * @returns a `WOKE_…` code, or `LOCK_MISUSED` when the count would leave 0 … 2^31 − 1; nothing has changed then
 */
export function groupAdd(group: usize, delta: i32, self: usize): i32 {
  let state: u64;
  let sum: i64;
  let isEnd: bool;
  do {
    state = load64(group + GROUP_STATE);
    sum = <i64>countOf(state) + delta;
    if (sum < 0 || sum > 0x7fffffff) return LOCK_MISUSED;
    isEnd = sum == 0 && delta != 0;
  } while (cas64(group + GROUP_STATE, state, (<u64>(roundOf(state) + <u32>isEnd) << 32) | <u64>sum) != state);
  return isEnd ? queueWakeAll(group + LOCK_QUEUE, self) : WOKE_NONE;
}

/** The round that a wait which begins now waits for. Progress: wait-free. */
export function groupRound(group: usize): u32 {
  return roundOf(load64(group + GROUP_STATE));
}

/** Reports whether a wait that began in `round` is over: the count is 0, or was since. Progress: wait-free. */
export function groupIsOver(group: usize, round: u32): bool {
  const state = load64(group + GROUP_STATE);
  return countOf(state) == 0 || roundOf(state) != round;
}

/** Reports whether the count is 0. Progress: wait-free. */
export function groupIsDone(group: usize): bool {
  return countOf(load64(group + GROUP_STATE)) == 0;
}

/** What is still to be done. */
// @ts-ignore: decorator
@inline
function countOf(state: u64): u32 {
  return <u32>state;
}

/** How often the count has come to 0. */
// @ts-ignore: decorator
@inline
function roundOf(state: u64): u32 {
  return <u32>(state >> 32);
}
