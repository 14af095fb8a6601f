/**
 * Condition variables: a wait queue beside a mutex, from which waiters are moved into the queue of the mutex.
 *
 * A waiter enters the condition's queue and then unlocks the mutex. A signal moves the longest waiter into the mutex's queue, a broadcast
 * all; there they wait for the mutex like everybody else, so one of them runs at a time and no herd thunders (Linux' futex requeue,
 * parking_lot). The claim word is not touched by that: a waiter is claimed when the mutex is unlocked for it, or takes itself back.
 *
 * | NODE_QUEUE  | NODE_MOVED   | the waiter                                          |
 * | ----------- | ------------ | --------------------------------------------------- |
 * | condition's | 0            | waits for a signal                                  |
 * | mutex's     | by a signal  | has one, and waits for the mutex                    |
 * | mutex's     | by broadcast | the same                                            |
 * | 0           | 0            | was given up                                        |
 * | 0           | any other    | has been fired for the mutex, or was given up after its signal |
 *
 * Both queues stand under the lock of the mutex's queue, so that a node goes from one to the other in one step.
 *
 * Invariants
 * - I1 A node stands in one of the two queues from its entry until it is claimed. Nobody finds it in neither and takes it for gone.
 * - I2 No signal is lost. If it goes to a waiter that is being given up, its owner finds that out by NODE_MOVED and signals again
 *   (law 4), but for a broadcast, which has been to everybody; if to one whose thread is dead, to the next.
 * - I3 Nobody sleeps in the queue of a free mutex: after it has moved somebody a signal looks at the mutex (law 3).
 * - I4 When a thread dies, everybody who waits looks again and ends its wait, since the signal may have died with it.
 *
 * Rejected: a condition that fires its waiters, who then lock. Each would be woken to wait again. Tickets, as Go's notifyList has: a
 * waiter that is given up leaves a hole, which a signal would have to be told from a waiter.
 */
import { load32 } from "./atomics";
import { acquire, release } from "./lock";
import { mutexIsOpen } from "./mutex";
import { objectNew } from "./object";
import { link, queueWake, unlink } from "./queue";
import { rwLook } from "./rwmutex";
import {
  AGENT_DEAD,
  AGENT_STATE,
  COND_LOCKER,
  COND_MODE,
  COND_MUTEX,
  LOCK_ABANDONED,
  LOCK_OBJECT_SIZE,
  LOCK_QUEUE,
  MOVED_BY_BROADCAST,
  MOVED_BY_SIGNAL,
  NODE_GRANTED,
  NODE_INDEX,
  NODE_MOVED,
  NODE_NEED,
  NODE_NEXT,
  NODE_QUEUE,
  NODE_WAITER,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_LOCK,
  WAITER_AGENT,
  WOKE_NONE,
  WOKE_SELF,
} from "./layout";

/** Makes a condition of `kind` for the lock at `locker`, which is what `mode` says; 0 when memory is exhausted. */
export function condNew(kind: u32, locker: u32, mode: u32): usize {
  const cond = objectNew(kind, <u32>LOCK_OBJECT_SIZE);
  if (cond == 0) return 0;
  // Plain: ours until a handle to it is given away.
  store<u32>(cond + COND_LOCKER, locker);
  store<u32>(cond + COND_MODE, mode);
  return cond;
}

/**
 * Puts `node` of a waiter into the condition's queue, for case `index`. The caller unlocks the mutex afterwards.
 *
 * - Progress: blocking on the queues' lock.
 * - Order: entry, then unlock: who locks then and signals finds it.
 * - Model: `cond_model_test.ts`.
 *
 * @param need what it will ask the mutex for: an RWMutex's record, for a reader; else 0
 */
export function condEnter(cond: usize, node: usize, index: u32, need: u32): void {
  const queue = cond + LOCK_QUEUE;
  const lock = lockOf(cond);
  // Plain: the node is in no queue, so it is ours.
  store<u32>(node + NODE_INDEX, index);
  store<u32>(node + NODE_NEED, need);
  store<u32>(node + NODE_NEXT, 0);
  store<u32>(node + NODE_MOVED, 0);
  store<u32>(node + NODE_GRANTED, 0);
  acquire(lock);
  link(queue, node);
  release(lock);
}

/**
 * Takes `node` out of the queue in which it stands.
 *
 * - Progress: blocking on the queues' lock. Constant time.
 * - Model: `cond_model_test.ts`.
 *
 * @returns 0 if it has had no signal, or a `MOVED_…` code
 */
export function condLeave(cond: usize, node: usize): u32 {
  const lock = lockOf(cond);
  acquire(lock);
  const queue: usize = load<u32>(node + NODE_QUEUE);
  if (queue != 0) unlink(queue, node);
  const moved = load<u32>(node + NODE_MOVED);
  release(lock);
  return moved;
}

/**
 * Moves the longest waiter into the mutex's queue.
 *
 * - Linearization: the move. Order: move, then look at the mutex (I3). Model: `cond_model_test.ts`.
 *
 * @param now the time, from which it has waited for the mutex
 * @returns a `WOKE_…` code
 */
export function condSignal(cond: usize, self: usize, now: u32): i32 {
  const count = cond + LOCK_QUEUE + QUEUE_COUNT;
  // Fast path: nobody waits. Whoever signals under the mutex sees all who have unlocked it to wait.
  while (load32(count) != 0) {
    if (move(cond, now, MOVED_BY_SIGNAL)) return settle(cond, self);
  }
  return WOKE_NONE;
}

/**
 * Moves all who wait now into the mutex's queue.
 *
 * - Linearization: the moves, one by one. Order as in `condSignal`. Model: `cond_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function condBroadcast(cond: usize, self: usize, now: u32): i32 {
  const count = load32(cond + LOCK_QUEUE + QUEUE_COUNT);
  if (count == 0) return WOKE_NONE;
  for (let left = count; left != 0; left--) move(cond, now, MOVED_BY_BROADCAST);
  return settle(cond, self);
}

/**
 * Moves the first node of the condition's queue, or throws it out if its thread is dead.
 *
 * @returns whether somebody has been moved
 */
function move(cond: usize, now: u32, how: u32): bool {
  const from = cond + LOCK_QUEUE;
  const to: usize = <usize>load<u32>(cond + COND_LOCKER) + LOCK_QUEUE; // Plain: written once.
  const isTimed = load<u32>(cond + COND_MODE) == COND_MUTEX;
  const lock = to + QUEUE_LOCK;
  let isMoved = false;
  acquire(lock);
  const node: usize = load<u32>(from + QUEUE_HEAD);
  if (node != 0) {
    const waiter: usize = load<u32>(node + NODE_WAITER);
    unlink(from, node);
    // Plain: the agent of a waiter that stands in a queue is never written.
    isMoved = load32(<usize>load<u32>(waiter + WAITER_AGENT) + AGENT_STATE) != AGENT_DEAD;
    if (isMoved) {
      store<u32>(node + NODE_MOVED, how);
      if (isTimed) store<u32>(node + NODE_NEED, now);
      store<u32>(node + NODE_NEXT, 0);
      link(to, node);
    }
  }
  release(lock);
  return isMoved;
}

/** Sees to it that those who were moved do not sleep beside a mutex that they could have, or that is abandoned. */
function settle(cond: usize, self: usize): i32 {
  const locker: usize = load<u32>(cond + COND_LOCKER); // Plain: written once.
  if (load<u32>(cond + COND_MODE) == COND_MUTEX) {
    return mutexIsOpen(locker) ? queueWake(locker + LOCK_QUEUE, self) : WOKE_NONE;
  }
  const woke = rwLook(locker, self);
  // All have been fired, and some may be the caller's own.
  return woke == LOCK_ABANDONED ? WOKE_SELF : woke;
}

/** The lock of both queues. */
// @ts-ignore: decorator
@inline
function lockOf(cond: usize): usize {
  return <usize>load<u32>(cond + COND_LOCKER) + LOCK_QUEUE + QUEUE_LOCK; // Plain: written once.
}
