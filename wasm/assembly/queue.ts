/**
 * Wait queues: who waits, in order of arrival.
 *
 * A *waiter* is one wait of one goroutine. It has one *node* for each queue that it waits in (a select has
 * several), and one claim word: whoever swaps that from CLAIM_NONE decides what the wait ends with, and
 * everyone else passes on (law 1).
 *
 * Queue (16 bytes, a ring's 20)
 * | byte | word        | written by       | meaning                                          |
 * | ---- | ----------- | ---------------- | ------------------------------------------------ |
 * | 0    | QUEUE_LOCK  | any, CAS         | see lock.ts                                      |
 * | 4    | QUEUE_HEAD  | holder           | longest waiting node                             |
 * | 8    | QUEUE_TAIL  | holder           | newest node                                      |
 * | 12   | QUEUE_COUNT | holder           | number of nodes; read by all to skip the lock    |
 * | 16   | QUEUE_HUNGRY | holder          | a ring's alone: hungry ones among them           |
 *
 * Claim word
 * | value       | meaning                                         | who may change it             |
 * | ----------- | ----------------------------------------------- | ----------------------------- |
 * | CLAIM_NONE  | waits                                           | anyone, by compare-and-swap   |
 * | CLAIM_SELF  | the owner took it back: abort, or starts again  | the owner                     |
 * | 1 + index   | case `index` was fired; the entry is on its way | the owner, once it arrived    |
 *
 * Invariants
 * - I1 A node's words and its membership change only under the lock of the queue concerned.
 * - I2 A waker claims while it holds the queue's lock and the node stands in the queue; it takes the node out, and
 *   the push into the inbox is the last that it does with the waiter. The owner frees a waiter only after it has taken
 *   the others of its nodes out under their locks, and, once fired, received it. So a waker never touches freed memory;
 *   and it has delivered before it releases, so no thread dies between claim and delivery.
 * - I3 A node leaves its queue at the first of: claimed here, found claimed elsewhere, taken out by its owner.
 * - I4 The nodes of a thread that died stay where they are until a waker comes to them; it takes them out and passes on.
 *
 * Rejected: a lock-free queue with removal from the middle (Harris marks). Every removal would need the
 * marked node to stay allocated until no walker can stand on it, which costs more than this lock.
 */
import { cas32, load32, store32 } from "./atomics";
import { inboxPush, ring } from "./agent";
import { acquire, release } from "./lock";
import {
  AGENT_DEAD,
  AGENT_STATE,
  CLAIM_NONE,
  ENTRY_ID,
  NODE_BYTES,
  NODE_HUNGRY,
  NODE_INDEX,
  NODE_MET,
  NODE_NEED,
  NODE_NEXT,
  NODE_PAYLOAD,
  NODE_PREVIOUS,
  NODE_QUEUE,
  NODE_SIZE,
  NODE_WAITER,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_HUNGRY,
  QUEUE_LOCK,
  QUEUE_TAIL,
  WAITER_AGENT,
  WAITER_CLAIM,
  WAITER_NODES,
  WOKE_NONE,
  WOKE_OTHER,
  WOKE_SELF,
} from "./layout";
import { allocate } from "./heap";

/** Makes a waiter of `agent` with `nodeCount` nodes; 0 when memory is exhausted. */
export function waiterNew(agent: usize, id: u32, nodeCount: u32): usize {
  const waiter = allocate(<u32>WAITER_NODES + nodeCount * <u32>NODE_SIZE);
  if (waiter == 0) return 0;
  // Plain: ours until its first node enters a queue.
  store<u32>(waiter + ENTRY_ID, id);
  store<u32>(waiter + WAITER_CLAIM, CLAIM_NONE);
  store<u32>(waiter + WAITER_AGENT, <u32>agent);
  for (let i: u32 = 0; i < nodeCount; i++) {
    const node = waiter + WAITER_NODES + <usize>i * NODE_SIZE;
    store<u32>(node + NODE_QUEUE, 0);
    store<u32>(node + NODE_WAITER, <u32>waiter);
    store<u32>(node + NODE_MET, 0);
  }
  return waiter;
}

/**
 * Claims a waiter of the calling thread for what happened on this thread: `CLAIM_SELF`, or 1 + the index of a case that
 * is not in shared memory. It is not sent to the inbox then.
 *
 * @returns false when another thread has fired it already: its entry is in the inbox, or about to be
 */
export function waiterClaim(waiter: usize, claim: u32): bool {
  return cas32(waiter + WAITER_CLAIM, CLAIM_NONE, claim) == CLAIM_NONE;
}

/** Makes a waiter that no queue holds claimable again. */
export function waiterReset(waiter: usize): void {
  store32(waiter + WAITER_CLAIM, CLAIM_NONE);
}

/** The case that a fired waiter was fired for. */
export function waiterFiredIndex(waiter: usize): u32 {
  return load32(waiter + WAITER_CLAIM) - 1;
}

/**
 * Puts node `slot` of `waiter` at the end of `queue`, for case `index`, asking for `need`.
 *
 * - Progress: blocking on the queue's lock.
 * - Order: the caller looks at the resource again afterwards, before it sleeps (law 3).
 * - Model: `queue_model_test.ts`.
 */
export function queueEnter(queue: usize, waiter: usize, slot: u32, index: u32, need: u32): void {
  const node = waiter + WAITER_NODES + <usize>slot * NODE_SIZE;
  // Plain: the node is in no queue, so it is ours.
  store<u32>(node + NODE_INDEX, index);
  store<u32>(node + NODE_NEED, need);
  store<u32>(node + NODE_NEXT, 0);
  acquire(queue + QUEUE_LOCK);
  link(queue, node);
  release(queue + QUEUE_LOCK);
}

/**
 * Puts node `slot` of `waiter` at the front of `queue`, a ring's, for case `index`: it was woken in vain, and is to be served. See
 * hungry.ts.
 *
 * - Progress, order: as `queueEnter`.
 * - Model: `hungry_model_test.ts`.
 *
 * @param payload a sender's narrow element
 * @param bytes where a wide element is, or goes
 */
export function queueEnterFirst(queue: usize, waiter: usize, slot: u32, index: u32, payload: u32, bytes: usize): void {
  const node = waiter + WAITER_NODES + <usize>slot * NODE_SIZE;
  // Plain: the node is in no queue, so it is ours.
  store<u32>(node + NODE_INDEX, index);
  store<u32>(node + NODE_PAYLOAD, payload);
  store<u32>(node + NODE_BYTES, <u32>bytes);
  store<u32>(node + NODE_MET, NODE_HUNGRY);
  acquire(queue + QUEUE_LOCK);
  linkFirst(queue, node);
  store32(queue + QUEUE_HUNGRY, load<u32>(queue + QUEUE_HUNGRY) + 1);
  release(queue + QUEUE_LOCK);
}

/** Puts `node`, whose successor is 0, at the end of `queue`; the caller holds the lock. */
// @ts-ignore: decorator
@inline
export function link(queue: usize, node: usize): void {
  // Plain: all of these words belong to the lock (I1).
  const tail: usize = load<u32>(queue + QUEUE_TAIL);
  store<u32>(node + NODE_PREVIOUS, <u32>tail);
  store<u32>(node + NODE_QUEUE, <u32>queue);
  if (tail == 0) store<u32>(queue + QUEUE_HEAD, <u32>node);
  else store<u32>(tail + NODE_NEXT, <u32>node);
  store<u32>(queue + QUEUE_TAIL, <u32>node);
  store32(queue + QUEUE_COUNT, load<u32>(queue + QUEUE_COUNT) + 1);
}

/** Puts `node` at the head of `queue`; the caller holds the lock. */
// @ts-ignore: decorator
@inline
export function linkFirst(queue: usize, node: usize): void {
  // Plain: all of these words belong to the lock (I1).
  const head: usize = load<u32>(queue + QUEUE_HEAD);
  store<u32>(node + NODE_PREVIOUS, 0);
  store<u32>(node + NODE_NEXT, <u32>head);
  store<u32>(node + NODE_QUEUE, <u32>queue);
  if (head == 0) store<u32>(queue + QUEUE_TAIL, <u32>node);
  else store<u32>(head + NODE_PREVIOUS, <u32>node);
  store<u32>(queue + QUEUE_HEAD, <u32>node);
  store32(queue + QUEUE_COUNT, load<u32>(queue + QUEUE_COUNT) + 1);
}

/**
 * Takes node `slot` of `waiter` out of `queue`; harmless when it stands in none.
 *
 * - Progress: blocking on the queue's lock. Constant time.
 * - Model: `queue_model_test.ts`.
 */
export function queueLeave(queue: usize, waiter: usize, slot: u32): void {
  const node = waiter + WAITER_NODES + <usize>slot * NODE_SIZE;
  acquire(queue + QUEUE_LOCK);
  if (load<u32>(node + NODE_QUEUE) != 0) unlink(queue, node);
  release(queue + QUEUE_LOCK);
}

/** Takes `node` out of `queue`; the caller holds the lock and has seen it there. */
// @ts-ignore: decorator
@inline
export function unlink(queue: usize, node: usize): void {
  // Plain: all of these words belong to the lock (I1).
  const next: usize = load<u32>(node + NODE_NEXT);
  const previous: usize = load<u32>(node + NODE_PREVIOUS);
  if (previous == 0) store<u32>(queue + QUEUE_HEAD, <u32>next);
  else store<u32>(previous + NODE_NEXT, <u32>next);
  if (next == 0) store<u32>(queue + QUEUE_TAIL, <u32>previous);
  else store<u32>(next + NODE_PREVIOUS, <u32>previous);
  store<u32>(node + NODE_QUEUE, 0);
  store32(queue + QUEUE_COUNT, load<u32>(queue + QUEUE_COUNT) - 1);
  if (load<u32>(node + NODE_MET) == NODE_HUNGRY) {
    store32(queue + QUEUE_HUNGRY, load<u32>(queue + QUEUE_HUNGRY) - 1);
  }
}

/**
 * Takes `node` out of `queue` and claims its waiter, if that is still to be had. The caller holds the lock; it delivers with
 * `inboxPush(agent, waiter)` before it releases, and rings afterwards.
 *
 * - Linearization: the swap of the claim word.
 * - Order: claim, unlink, deliver (I2). A delivery before the unlink would let the owner free the node that is being taken
 *   out. The agent's state is read after what the waiter waits for was made available: a thread that is found alive and
 *   dies later is followed by agentDied, which lets all others look again.
 * - Model: `queue_model_test.ts`.
 *
 * @returns the waiter's agent; 0 when it was claimed elsewhere, or its thread has died: the next one's turn (I4)
 */
// @ts-ignore: decorator
@inline
export function claimNode(queue: usize, node: usize): usize {
  const waiter: usize = load<u32>(node + NODE_WAITER);
  const isMine = cas32(waiter + WAITER_CLAIM, CLAIM_NONE, load<u32>(node + NODE_INDEX) + 1) == CLAIM_NONE;
  unlink(queue, node);
  if (!isMine) return 0;
  const agent: usize = load<u32>(waiter + WAITER_AGENT);
  return load32(agent + AGENT_STATE) == AGENT_DEAD ? 0 : agent;
}

/**
 * Reports whether the thread whose waiter stands in `node` has died: whoever holds the queue's lock may take it out, whatever
 * it waits for, so that it holds up nobody.
 */
// @ts-ignore: decorator
@inline
export function isOfDead(node: usize): bool {
  // Plain: written before the node entered (I1). The memory of a dead thread's waiters is not freed.
  return load32(<usize>load<u32>(<usize>load<u32>(node + NODE_WAITER) + WAITER_AGENT) + AGENT_STATE) == AGENT_DEAD;
}

/** As `claimNode`, and delivers. */
// @ts-ignore: decorator
@inline
export function fire(queue: usize, node: usize): usize {
  const waiter: usize = load<u32>(node + NODE_WAITER);
  const agent = claimNode(queue, node);
  if (agent != 0) inboxPush(agent, waiter);
  return agent;
}

/**
 * What comes after the lock is released under which a waiter of `agent` was fired, or of nobody (0): rings, unless it is the
 * caller's own.
 *
 * @param result the `WOKE_…` code so far
 * @returns the `WOKE_…` code with this one
 */
// @ts-ignore: decorator
@inline
export function delivered(agent: usize, self: usize, result: i32): i32 {
  if (agent == 0) return result;
  if (agent == self) return WOKE_SELF;
  ring(agent);
  return result == WOKE_NONE ? WOKE_OTHER : result;
}

/**
 * Fires the longest waiter of `queue` that is still to be had.
 *
 * - Progress: blocking on the queue's lock; each round takes a node out.
 * - Linearization: that of `fire`.
 * - Order: fire, release, ring: ringing under the lock would wake a thread into it.
 * - Model: `queue_model_test.ts`.
 *
 * @param self the calling agent: its own doorbell is not rung
 * @returns a `WOKE_…` code
 */
export function queueWake(queue: usize, self: usize): i32 {
  return wakeUnder(queue + QUEUE_LOCK, queue, self);
}

/** As `queueWake`, for a queue that stands under the lock at `lock`. */
export function wakeUnder(lock: usize, queue: usize, self: usize): i32 {
  // Fast path: nobody waits. Sound because a waiter looks again after it has entered (law 3).
  while (load32(queue + QUEUE_COUNT) != 0) {
    let agent: usize = 0;
    acquire(lock);
    const node: usize = load<u32>(queue + QUEUE_HEAD);
    if (node != 0) agent = fire(queue, node);
    release(lock);
    if (agent != 0) return delivered(agent, self, WOKE_NONE);
  }
  return WOKE_NONE;
}

/** Fires everyone who waits in `queue` now. @returns `WOKE_SELF` when one of them is the caller's own. */
export function queueWakeAll(queue: usize, self: usize): i32 {
  return wakeAllUnder(queue + QUEUE_LOCK, queue, self);
}

/** As `queueWakeAll`, for a queue that stands under the lock at `lock`. */
export function wakeAllUnder(lock: usize, queue: usize, self: usize): i32 {
  let result = WOKE_NONE;
  for (let left = load32(queue + QUEUE_COUNT); left != 0; left--) {
    const woke = wakeUnder(lock, queue, self);
    if (woke == WOKE_NONE) break;
    if (result != WOKE_SELF) result = woke;
  }
  return result;
}
