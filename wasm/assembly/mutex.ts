/**
 * Mutex. Waiting is queue.ts; here is who gets it.
 *
 * MUTEX_OWNER is the one word of state.
 *
 * | value                | meaning                                                                        | may be changed by                    |
 * | -------------------- | ------------------------------------------------------------------------------ | ------------------------------------ |
 * | 0                    | free                                                                           | whoever asks, to itself              |
 * | agent                | a goroutine of that thread holds it                                            | any unlock, to 0 or to a waiter      |
 * | agent + MUTEX_HANDED | handed to a waiter of that thread, whose entry has not come out of its inbox yet | that thread, to agent; any unlock  |
 * | MUTEX_ABANDONED      | its holder's thread has died                                                   | `mutexRecover`, to the caller        |
 *
 * Unlock looks at the longest waiter first. Has that one waited for no more than MUTEX_PATIENCE, the mutex is freed and the waiter
 * fired: it tries again like everybody else, and may be overtaken (*barging*). Has it waited longer, it is given the mutex
 * (*hand-over*, Go's starvation mode): the word goes from one owner to the next, so that no newcomer finds it free.
 *
 * Invariants
 * - I1 Every change of the word is one swap from the value that was looked at, so it has one holder at a time.
 * - I2 Who is fired for a free mutex is owed nothing: if somebody else has it by then, that one's unlock fires the next. Who is overtaken
 *   enters again at the head (`mutexEnter`), so the order is that of arrival, but for two who are overtaken at a time; and it keeps
 *   the time at which it first came.
 * - I3 Nobody sleeps beside a free mutex: a waiter enters and then looks at the word; an unlock frees the word and then looks at the
 *   count (law 3).
 * - I4 Nobody sleeps beside a mutex whose holder is dead. A death writes the agent's state and then lets everybody look again: leave the
 *   queue, read the word, enter. A hand-over reads the state and writes the word under the queue's lock. Who was found alive and is not
 *   any more has therefore been written before anybody leaves or enters because of its death. Whoever finds a dead agent in
 *   the word first writes MUTEX_ABANDONED and fires everybody.
 * - I5 An agent in the word is alive or dead for ever: a thread that ends in order while it holds a mutex is declared
 *   dead, too (`src/pool/worker.ts`), and its agent serves no other.
 *
 * Times come from the callers (`src/internal/clock.ts`): milliseconds that all threads count alike, in 32 bits. A clock that is set
 * makes hand-overs early or late, and nothing else.
 *
 * Rejected: Go's own form, where a woken waiter that was overtaken looks at its clock and turns the starvation mode on. Here who holds for 5 ms
 * at a time would take two turns for each of another's. A bit in the word for "handed" and one for "somebody waits", as parking_lot has:
 * then an unlock need not read the count, but who locks a free mutex has to keep the bits.
 */
import { cas32, load32 } from "./atomics";
import { inboxPush } from "./agent";
import { acquire, release } from "./lock";
import { claimNode, delivered, link, linkFirst, queueWake, queueWakeAll } from "./queue";
import {
  AGENT_DEAD,
  AGENT_STATE,
  LOCK_ABANDONED,
  LOCK_CONTENDED,
  LOCK_MISUSED,
  LOCK_QUEUE,
  MUTEX_ABANDONED,
  MUTEX_HANDED,
  MUTEX_OWNER,
  MUTEX_PATIENCE,
  NODE_INDEX,
  NODE_NEED,
  NODE_NEXT,
  NODE_WAITER,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_LOCK,
  WOKE_NONE,
  WOKE_SELF,
} from "./layout";

/**
 * Takes the mutex if it is free.
 *
 * - Progress: wait-free, but for the first to find it abandoned, who wakes everybody.
 * - Linearization: the swap. Model: `mutex_model_test.ts`.
 *
 * @returns 1 if it has, 0 if somebody holds it, or `LOCK_ABANDONED`; then waiters of the caller's own may lie in its inbox
 */
export function mutexTryLock(mutex: usize, self: usize): i32 {
  const seen = cas32(mutex + MUTEX_OWNER, 0, <u32>self);
  if (seen == 0) return 1;
  return isLost(seen) ? found(mutex, seen, self) : 0;
}

/**
 * Ends the wait of a waiter that was fired: it has been handed the mutex, or tries for it.
 *
 * Two waiters of one thread may have been fired, of whom one was handed it. Which of them takes delivery is all one; the other
 * enters again, at the head.
 *
 * - Linearization: the swap that succeeds. Model: `mutex_model_test.ts`.
 *
 * @returns as `mutexTryLock`
 */
export function mutexComplete(mutex: usize, self: usize): i32 {
  const handed = <u32>self | MUTEX_HANDED;
  if (cas32(mutex + MUTEX_OWNER, handed, <u32>self) == handed) return 1;
  return mutexTryLock(mutex, self);
}

/**
 * Puts `node` of a waiter into the mutex's queue, for case `index`.
 *
 * - Progress: blocking on the queue's lock.
 * - Order: the caller looks again afterwards (`mutexIsOpen`), before it sleeps (I3).
 * - Model: `mutex_model_test.ts`.
 *
 * @param since when it first asked for the mutex
 * @param isOvertaken whether it was fired and is back: then it goes to the head
 */
export function mutexEnter(mutex: usize, node: usize, index: u32, since: u32, isOvertaken: bool): void {
  const queue = mutex + LOCK_QUEUE;
  // Plain: the node is in no queue, so it is ours.
  store<u32>(node + NODE_INDEX, index);
  store<u32>(node + NODE_NEED, since);
  store<u32>(node + NODE_NEXT, 0);
  acquire(queue + QUEUE_LOCK);
  if (isOvertaken) linkFirst(queue, node);
  else link(queue, node);
  release(queue + QUEUE_LOCK);
}

/**
 * Unlocks a mutex that the calling thread holds, if nobody waits for it.
 *
 * - Progress: wait-free unless somebody has come meanwhile.
 * - Linearization: the swap. Order: free, then the queue's count (I3). Model: `mutex_model_test.ts`.
 *
 * @returns a `WOKE_…` code, or `LOCK_CONTENDED` when it has done nothing: `mutexRelease` does it
 */
export function mutexUnlock(mutex: usize, self: usize): i32 {
  // Fast path: nobody waits whom it would have to be handed to.
  const count = mutex + LOCK_QUEUE + QUEUE_COUNT;
  if (load32(count) != 0 || cas32(mutex + MUTEX_OWNER, <u32>self, 0) != <u32>self) return LOCK_CONTENDED;
  return load32(count) == 0 ? WOKE_NONE : queueWake(mutex + LOCK_QUEUE, self);
}

/**
 * Unlocks the mutex: hands it to the longest waiter if that has waited for long, or else frees it and fires that one.
 *
 * - Progress: blocking on the queue's lock; each round changes the word, takes a node out, or finds the word changed.
 * - Linearization: the swap of the word.
 * - Order: claim, look at the agent's state, hand over, deliver, all of it under the lock (I4) and without a loop (law 10): no thread
 *   dies between claim and delivery. If the caller dies before, the mutex is abandoned.
 * - Model: `mutex_model_test.ts`.
 *
 * @param expected the word that is to be changed, for who may unlock only what is its own; 0: whatever it is
 * @param now the time
 * @returns a `WOKE_…` code; `LOCK_MISUSED` when it is not locked, or not as expected; or `LOCK_ABANDONED`
 */
export function mutexRelease(mutex: usize, self: usize, expected: u32, now: u32): i32 {
  const queue = mutex + LOCK_QUEUE;
  // Declared dead, and not stopped yet: what it held is somebody else's by now.
  if (load32(self + AGENT_STATE) == AGENT_DEAD) return WOKE_NONE;
  let result = WOKE_NONE;
  let isFreed = false;
  do {
    let agent: usize = 0;
    const held = load32(mutex + MUTEX_OWNER);
    if (held == 0 || (expected != 0 && held != expected)) return LOCK_MISUSED;
    if (isLost(held)) return found(mutex, held, self);
    let isHanded = false;
    acquire(queue + QUEUE_LOCK);
    const node: usize = load<u32>(queue + QUEUE_HEAD);
    if (node == 0 || now - load<u32>(node + NODE_NEED) <= MUTEX_PATIENCE) {
      isFreed = cas32(mutex + MUTEX_OWNER, held, 0) == held;
    } else {
      const waiter: usize = load<u32>(node + NODE_WAITER);
      agent = claimNode(queue, node);
      if (agent != 0) {
        isHanded = cas32(mutex + MUTEX_OWNER, held, <u32>agent | MUTEX_HANDED) == held;
        // Not handed, because somebody else has changed the word: fired all the same, it looks for itself.
        inboxPush(agent, waiter);
      }
    }
    release(queue + QUEUE_LOCK);
    result = delivered(agent, self, result);
    if (isHanded) return result;
  } while (!isFreed);
  const woke = queueWake(queue, self);
  return result == WOKE_SELF ? result : woke;
}

/**
 * Is called for a waiter that was fired while its goroutine cannot run: hands the mutex on, if that is what it was fired for, or wakes
 * the next in its stead. Model: `mutex_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function mutexPass(mutex: usize, self: usize, now: u32): i32 {
  const woke = mutexRelease(mutex, self, <u32>self | MUTEX_HANDED, now);
  return woke < WOKE_NONE ? queueWake(mutex + LOCK_QUEUE, self) : woke;
}

/**
 * Takes the mutex if it is abandoned, which it then is no longer.
 *
 * - Linearization: the swap. Model: `mutex_model_test.ts`.
 *
 * @returns whether it has; waiters of the caller's own may lie in its inbox
 */
export function mutexRecover(mutex: usize, self: usize): bool {
  const seen = load32(mutex + MUTEX_OWNER);
  if (!isLost(seen)) return false;
  found(mutex, seen, self);
  return cas32(mutex + MUTEX_OWNER, MUTEX_ABANDONED, <u32>self) == MUTEX_ABANDONED;
}

/** Reports whether the mutex is not free. */
export function mutexIsLocked(mutex: usize): bool {
  return load32(mutex + MUTEX_OWNER) != 0;
}

/** Reports whether a goroutine of the calling thread holds the mutex. */
export function mutexIsOwn(mutex: usize, self: usize): bool {
  return load32(mutex + MUTEX_OWNER) == <u32>self;
}

/** Reports whether a wait would end now: the mutex is free, or abandoned. */
export function mutexIsOpen(mutex: usize): bool {
  const seen = load32(mutex + MUTEX_OWNER);
  return seen == 0 || isLost(seen);
}

/** The agent in an owner's word; 0 when there is none. */
// @ts-ignore: decorator
@inline
function agentOf(word: u32): usize {
  return word & ~(MUTEX_HANDED | MUTEX_ABANDONED);
}

/** Reports whether an owner's word, or that of an RWMutex's writer, says that the holder's thread has died. */
// @ts-ignore: decorator
@inline
export function isLost(word: u32): bool {
  if (word == 0) return false;
  return word == MUTEX_ABANDONED || load32(agentOf(word) + AGENT_STATE) == AGENT_DEAD;
}

/** Somebody has found the mutex abandoned, its word being `seen`: the first to find it tells everybody. */
function found(mutex: usize, seen: u32, self: usize): i32 {
  if (seen != MUTEX_ABANDONED && cas32(mutex + MUTEX_OWNER, seen, MUTEX_ABANDONED) == seen) {
    queueWakeAll(mutex + LOCK_QUEUE, self);
  }
  return LOCK_ABANDONED;
}
