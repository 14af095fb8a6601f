/**
 * State words of semaphore and wait group. Waiting is queue.ts; here is who gets what.
 *
 * Semaphore: SEMAPHORE_STATE is a u64 word: who acquires, who releases and who resizes agree on both halves by one swap, so
 * that a release of more than is held is found whatever the others do. Free is the difference, and below 0 while more is
 * held than there is since a resize. Waiters are granted in order, from the head only, by `semaphoreSettle`, so a large
 * request is never overtaken; what is granted is already taken off when the waiter fires.
 *
 * | bits    | field | meaning                                                                        |
 * | ------- | ----- | ------------------------------------------------------------------------------ |
 * | 0 … 31  | size  | how many units there are, 0 … 2^32 − 1                                         |
 * | 32 … 63 | held  | how many of them are held; more than `size` only after a resize, until released |
 *
 * A request for more than `size` could hold up the queue for ever. It waits aside, in a queue that is never granted
 * from and only fired, by a resize, to try again. Rejected: one queue in which settling steps over such requests; it would
 * have to walk, and no section under a lock may loop (law 10).
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
import { add64, cas32, cas64, load32, load64 } from "./atomics";
import { inboxPush } from "./agent";
import { acquire, release } from "./lock";
import { objectNew } from "./object";
import { delivered, isOfDead, queueWake, queueWakeAll, unlink } from "./queue";
import {
  CLAIM_NONE,
  GROUP_STATE,
  LOCK_MISUSED,
  LOCK_QUEUE,
  NODE_GRANTED,
  NODE_INDEX,
  NODE_NEED,
  NODE_WAITER,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_LOCK,
  SEMAPHORE_ASIDE,
  SEMAPHORE_SIZE,
  SEMAPHORE_STATE,
  WAITER_AGENT,
  WAITER_CLAIM,
  WOKE_NONE,
} from "./layout";

/** Makes a semaphore of `kind` with `size` units; 0 when memory is exhausted. */
export function semaphoreNew(kind: u32, size: u32): usize {
  const semaphore = objectNew(kind, <u32>SEMAPHORE_SIZE);
  // Plain: ours until a handle to it is given away.
  if (semaphore != 0) store<u64>(semaphore + SEMAPHORE_STATE, size);
  return semaphore;
}

/**
 * Takes `count` units if they are free and nobody waits.
 *
 * - Progress: lock-free, unless a dead thread's waiter has to be taken out of the way.
 * - Linearization: the swap. Model: `sync_model_test.ts`.
 */
export function semaphoreTryAcquire(semaphore: usize, count: u32): bool {
  let state = load64(semaphore + SEMAPHORE_STATE);
  while (fits(state, count)) {
    if (load32(semaphore + LOCK_QUEUE + QUEUE_COUNT) != 0 && !onlyDeadWait(semaphore + LOCK_QUEUE)) return false;
    const seen = cas64(semaphore + SEMAPHORE_STATE, state, state + (<u64>count << 32));
    if (seen == state) return true;
    state = seen;
  }
  return false;
}

/**
 * Takes the waiters of dead threads off the head of `queue`. Nobody is granted anything: the living behind them were told
 * of the death, and settle.
 *
 * @returns whether nobody is left
 */
function onlyDeadWait(queue: usize): bool {
  let isDead = true;
  while (isDead && load32(queue + QUEUE_COUNT) != 0) {
    acquire(queue + QUEUE_LOCK);
    const node: usize = load<u32>(queue + QUEUE_HEAD);
    isDead = node != 0 && isOfDead(node);
    if (isDead) unlink(queue, node);
    release(queue + QUEUE_LOCK);
  }
  return load32(queue + QUEUE_COUNT) == 0;
}

/**
 * Gives `count` units back and grants what has become possible.
 *
 * - Linearization: the swap. Order: units, then the queue. Model: `sync_model_test.ts`.
 *
 * @returns a `WOKE_…` code, or `LOCK_MISUSED` when fewer are held; nothing has changed then
 */
export function semaphoreRelease(semaphore: usize, count: u32, self: usize): i32 {
  let state = load64(semaphore + SEMAPHORE_STATE);
  for (;;) {
    if (count > heldOf(state)) return LOCK_MISUSED;
    const seen = cas64(semaphore + SEMAPHORE_STATE, state, state - (<u64>count << 32));
    if (seen == state) break;
    state = seen;
  }
  return semaphoreSettle(semaphore, self);
}

/**
 * Changes the number of units to `size`, grants what has become possible, and lets those who wait aside try again.
 *
 * - Linearization: the swap. Order: size, then the queues (law 3); those in line before those who have to get in line.
 * - Model: `sync_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function semaphoreResize(semaphore: usize, size: u32, self: usize): i32 {
  let state: u64;
  do {
    state = load64(semaphore + SEMAPHORE_STATE);
  } while (cas64(semaphore + SEMAPHORE_STATE, state, <u64>heldOf(state) << 32 | size) != state);
  const granted = semaphoreSettle(semaphore, self);
  return max(granted, queueWakeAll(semaphore + SEMAPHORE_ASIDE, self));
}

/** How many units there are, held or not. Progress: wait-free. */
export function semaphoreSize(semaphore: usize): u32 {
  return sizeOf(load64(semaphore + SEMAPHORE_STATE));
}

/**
 * Grants units to waiters, longest first, until the first does not fit.
 * Called after everything that may let the first fit: a release, a resize, an entry, a waiter's leaving.
 *
 * A waiter whose thread has died is taken out, whatever it asked for. One that asks for more than there is since a resize is
 * fired without units: it holds up nobody, and goes aside. One that its owner has claimed keeps its place: the owner looks again
 * (after a death), or gives up, and settles afterwards in either case. If it lost its place, it would be overtaken.
 *
 * - Progress: blocking on the queue's lock; each round grants, takes a node out, or ends.
 * - Order: units are taken before the claim, or a grant could be claimed that cannot be paid; if the claim fails they
 *   go back. Claim, unlink, deliver, as in queue.ts. All of it under the lock, without a loop (law 10).
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
      const state = load64(semaphore + SEMAPHORE_STATE);
      const isTooLarge = need > sizeOf(state);
      if (isOfDead(node)) {
        unlink(queue, node);
      } else if (!isTooLarge && !fits(state, need)) {
        isOver = true;
      } else if (isTooLarge || cas64(semaphore + SEMAPHORE_STATE, state, state + (<u64>need << 32)) == state) {
        const waiter: usize = load<u32>(node + NODE_WAITER);
        // Plain: the node's, and under the lock; its owner reads it once the entry has arrived.
        store<u32>(node + NODE_GRANTED, isTooLarge ? 0 : 1);
        if (cas32(waiter + WAITER_CLAIM, CLAIM_NONE, load<u32>(node + NODE_INDEX) + 1) == CLAIM_NONE) {
          unlink(queue, node);
          agent = load<u32>(waiter + WAITER_AGENT);
          inboxPush(agent, waiter);
        } else {
          if (!isTooLarge) add64(semaphore + SEMAPHORE_STATE, -(<u64>need << 32));
          isOver = true;
        }
      }
    }
    release(queue + QUEUE_LOCK);
    if (isOver) break;
    result = delivered(agent, self, result);
  }
  return result;
}

/** How many units there are. */
// @ts-ignore: decorator
@inline
function sizeOf(state: u64): u32 {
  return <u32>state;
}

/** How many of them are held; more than there are, after a resize. */
// @ts-ignore: decorator
@inline
function heldOf(state: u64): u32 {
  return <u32>(state >> 32);
}

/** Reports whether `count` units are free. */
// @ts-ignore: decorator
@inline
function fits(state: u64, count: u32): bool {
  return <u64>heldOf(state) + count <= <u64>sizeOf(state);
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

/**
 * The round that a wait which begins now waits for; -1 when there is nothing to wait for, the count is 0. Both are of one moment: the count
 * could come to 0 between two, and the wait would be for the next round.
 *
 * Progress: wait-free.
 */
export function groupRound(group: usize): f64 {
  const state = load64(group + GROUP_STATE);
  return countOf(state) == 0 ? -1 : <f64>roundOf(state);
}

/** Reports whether a wait that began in `round` is over: the count is 0, or was since. Progress: wait-free. */
export function groupIsOver(group: usize, round: u32): bool {
  const state = load64(group + GROUP_STATE);
  return countOf(state) == 0 || roundOf(state) != round;
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
