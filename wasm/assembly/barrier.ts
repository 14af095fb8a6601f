/**
 * A cyclic barrier: as many as make a round wait for each other, again and again.
 *
 * Who arrives is counted and put into the wait queue in one critical section; so the queue holds exactly those who wait, in the
 * round in which they arrived. Whoever ends a round, by arriving last, by giving up, by a reset, or by finding a dead
 * thread's waiter, raises BARRIER_ROUND and fires the others afterwards, one at a time.
 *
 * | word           | meaning                                                                      |
 * | -------------- | ---------------------------------------------------------------------------- |
 * | BARRIER_ROUND  | the current round; wraps, compared for equality                              |
 * | BARRIER_ENDED  | how the round before it ended                                                |
 * | BARRIER_BROKEN | 1: whoever arrives is refused, until a reset                                 |
 * | NODE_ROUND     | the round that the node's waiter is counted in                               |
 * | NODE_ENDED     | how that ended: what its wait ends with, by whatever way it learns it        |
 *
 * Invariants
 * - I1 All words and nodes change under the queue's lock alone.
 * - I2 The nodes in the queue are all of the current round, or all of the round before: nobody enters, and no further round
 *   ends, before the last node of a round that has ended is out (whoever wants to helps to fire them first). So one word
 *   is enough for how a round ended, and a fast thread is never counted in an old round.
 * - I3 An ender says in NODE_ENDED how the round ended, and claims the waiter then. Whose claim fails has been claimed by its owner,
 *   who makes it claimable again and reads NODE_ENDED then. So an owner is sent an entry or finds the end by itself. In the
 *   second case it calls `barrierLeave` before it frees the waiter: the ender may not yet have taken the node out.
 * - I4 BARRIER_ARRIVED is the number of nodes of the current round.
 *
 * Death: a section under a lock is never left half done (law 10), so whoever died had arrived, and stands in the queue, or had
 * not. Who stands there and is dead breaks the round; it is found at the queue's head, by who arrives, and by those who were
 * told of the death: each puts its own node behind all others, and the last of them finds the dead one in front. If an
 * ender died before it had fired everybody, those who were told read BARRIER_ENDED.
 *
 * Rejected: counting by a swap and entering the queue afterwards. A waiter that is late to enter would have to learn how a round
 * ended that lies any number of rounds behind.
 */
import { load32, store32 } from "./atomics";
import { inboxPush } from "./agent";
import { acquire, release } from "./lock";
import { objectNew } from "./object";
import { claimNode, delivered, isOfDead, link, unlink } from "./queue";
import {
  ARRIVED_BROKEN,
  ARRIVED_SELF,
  ARRIVED_TOO_EARLY,
  BARRIER_ARRIVED,
  BARRIER_BROKE,
  BARRIER_BROKEN,
  BARRIER_ENDED,
  BARRIER_PARTIES,
  BARRIER_ROUND,
  BARRIER_TRIPPED,
  BARRIER_WAITS,
  LOCK_OBJECT_SIZE,
  LOCK_QUEUE,
  NODE_ENDED,
  NODE_INDEX,
  NODE_NEXT,
  NODE_QUEUE,
  NODE_ROUND,
  NODE_WAITER,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_LOCK,
  WOKE_NONE,
  WOKE_SELF,
} from "./layout";

/** Nodes of the round before are still in the queue. */
const MUST_SETTLE: i32 = -1;

/** Makes a barrier of `kind` for `parties`; 0 when memory is exhausted. */
export function barrierNew(kind: u32, parties: u32): usize {
  const barrier = objectNew(kind, <u32>LOCK_OBJECT_SIZE);
  // Plain: ours until a handle to it is given away.
  if (barrier != 0) store<u32>(barrier + BARRIER_PARTIES, parties);
  return barrier;
}

/**
 * Arrives: ends the round if everybody else is there, or enters `node` for case `index` to wait for them. Without a node (0) it
 * does only the former.
 *
 * - Progress: blocking on the queue's lock; each round of the loop ends an old node or is the last.
 * - Linearization: the section under the lock that finds no old node.
 * - Model: `barrier_model_test.ts`.
 *
 * @returns how many are still to come (0: the round has ended), ARRIVED_BROKEN, or ARRIVED_TOO_EARLY: not the last, and without
 * a node; plus ARRIVED_SELF when a waiter of `self` was fired
 */
export function barrierArrive(barrier: usize, node: usize, index: u32, self: usize): i32 {
  const queue = barrier + LOCK_QUEUE;
  let woke = WOKE_NONE;
  let result = MUST_SETTLE;
  do {
    acquire(queue + QUEUE_LOCK);
    // Plain: all of these words belong to the lock (I1).
    const head: usize = load<u32>(queue + QUEUE_HEAD);
    const round = load<u32>(barrier + BARRIER_ROUND);
    if (head != 0 && load<u32>(head + NODE_ROUND) != round) {
      result = MUST_SETTLE;
    } else if (load<u32>(barrier + BARRIER_BROKEN) != 0) {
      result = ARRIVED_BROKEN;
    } else if (head != 0 && isOfDead(head)) {
      endRound(barrier, BARRIER_BROKE, 1);
      result = ARRIVED_BROKEN;
    } else {
      const arrived = load<u32>(barrier + BARRIER_ARRIVED) + 1;
      const left = load<u32>(barrier + BARRIER_PARTIES) - arrived;
      result = left;
      if (left == 0) {
        endRound(barrier, BARRIER_TRIPPED, 0);
      } else if (node == 0) {
        result = ARRIVED_TOO_EARLY;
      } else {
        store32(barrier + BARRIER_ARRIVED, arrived);
        store<u32>(node + NODE_INDEX, index);
        store<u32>(node + NODE_ROUND, round);
        store<u32>(node + NODE_ENDED, BARRIER_WAITS);
        store<u32>(node + NODE_NEXT, 0);
        link(queue, node);
      }
    }
    release(queue + QUEUE_LOCK);
    // Also after the end of a round: those who wait in it are old now.
    if (result <= 0 || result == ARRIVED_BROKEN) woke = max(woke, barrierSettle(barrier, self));
  } while (result == MUST_SETTLE);
  return woke == WOKE_SELF ? result + ARRIVED_SELF : result;
}

/**
 * Fires everybody whose round has ended.
 *
 * - Progress: blocking on the queue's lock; each round takes a node out or is the last.
 * - Order: say how it ended, claim, unlink, deliver (I3). Said after the claim has failed, it could come after its owner's look.
 * - Model: `barrier_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function barrierSettle(barrier: usize, self: usize): i32 {
  const queue = barrier + LOCK_QUEUE;
  let result = WOKE_NONE;
  let isOver = false;
  while (!isOver && load32(queue + QUEUE_COUNT) != 0) {
    let agent: usize = 0;
    acquire(queue + QUEUE_LOCK);
    // Plain: all of these words belong to the lock (I1).
    const node: usize = load<u32>(queue + QUEUE_HEAD);
    if (node == 0 || load<u32>(node + NODE_ROUND) == load<u32>(barrier + BARRIER_ROUND)) {
      isOver = true;
    } else {
      const waiter: usize = load<u32>(node + NODE_WAITER);
      store32(node + NODE_ENDED, load<u32>(barrier + BARRIER_ENDED));
      agent = claimNode(queue, node);
      if (agent != 0) inboxPush(agent, waiter);
    }
    release(queue + QUEUE_LOCK);
    result = delivered(agent, self, result);
  }
  return result;
}

/**
 * Looks how it stands with the round of `node`, whose waiter the caller has claimed, after a thread has died: NODE_ENDED says so
 * afterwards. It keeps its place in the round, and goes to the end of the queue.
 *
 * - Progress: blocking on the queue's lock. Model: `barrier_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function barrierLook(barrier: usize, node: usize, self: usize): i32 {
  const queue = barrier + LOCK_QUEUE;
  let mustSettle = false;
  acquire(queue + QUEUE_LOCK);
  // Plain: all of these words belong to the lock (I1). A node that is out has been told how its round ended.
  if (load<u32>(node + NODE_QUEUE) != 0) {
    unlink(queue, node);
    if (load<u32>(node + NODE_ROUND) != load<u32>(barrier + BARRIER_ROUND)) {
      store32(node + NODE_ENDED, load<u32>(barrier + BARRIER_ENDED));
    } else {
      store<u32>(node + NODE_NEXT, 0);
      link(queue, node);
      if (isOfDead(load<u32>(queue + QUEUE_HEAD))) {
        endRound(barrier, BARRIER_BROKE, 1);
        mustSettle = true;
      }
    }
  }
  release(queue + QUEUE_LOCK);
  return mustSettle ? barrierSettle(barrier, self) : WOKE_NONE;
}

/**
 * Takes `node` out, whose waiter the caller has claimed, and which gives up, or has found by itself that its round has ended. If
 * it has not ended, that breaks it.
 *
 * - Progress: blocking on the queue's lock. Model: `barrier_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function barrierLeave(barrier: usize, node: usize, self: usize): i32 {
  const queue = barrier + LOCK_QUEUE;
  let mustSettle = false;
  acquire(queue + QUEUE_LOCK);
  // Plain: all of these words belong to the lock (I1).
  if (load<u32>(node + NODE_QUEUE) != 0) {
    unlink(queue, node);
    if (load<u32>(node + NODE_ROUND) == load<u32>(barrier + BARRIER_ROUND)) {
      endRound(barrier, BARRIER_BROKE, 1);
      mustSettle = true;
    }
  }
  release(queue + QUEUE_LOCK);
  return mustSettle ? barrierSettle(barrier, self) : WOKE_NONE;
}

/**
 * Breaks the current round, if anybody waits in it, and makes the barrier as new.
 *
 * - Progress: as `barrierArrive`. Model: `barrier_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function barrierReset(barrier: usize, self: usize): i32 {
  const queue = barrier + LOCK_QUEUE;
  let woke = WOKE_NONE;
  let mustSettle = true;
  do {
    acquire(queue + QUEUE_LOCK);
    // Plain: all of these words belong to the lock (I1).
    const head: usize = load<u32>(queue + QUEUE_HEAD);
    mustSettle = head != 0 && load<u32>(head + NODE_ROUND) != load<u32>(barrier + BARRIER_ROUND);
    if (!mustSettle) {
      if (head != 0) endRound(barrier, BARRIER_BROKE, 0);
      else store32(barrier + BARRIER_BROKEN, 0);
    }
    release(queue + QUEUE_LOCK);
    woke = max(woke, barrierSettle(barrier, self));
  } while (mustSettle);
  return woke;
}

/** Reports whether whoever arrives is refused. Progress: wait-free. */
export function barrierIsBroken(barrier: usize): bool {
  return load32(barrier + BARRIER_BROKEN) != 0;
}

/** How many wait in the current round. Progress: wait-free. */
export function barrierWaiting(barrier: usize): u32 {
  return load32(barrier + BARRIER_ARRIVED);
}

/** Ends the current round, in which no node of an older one is left; the caller holds the lock, and settles afterwards. */
// @ts-ignore: decorator
@inline
function endRound(barrier: usize, how: u32, isBroken: u32): void {
  // Plain: these words belong to the lock (I1).
  store<u32>(barrier + BARRIER_ROUND, load<u32>(barrier + BARRIER_ROUND) + 1);
  store<u32>(barrier + BARRIER_ENDED, how);
  store32(barrier + BARRIER_ARRIVED, 0);
  store32(barrier + BARRIER_BROKEN, isBroken);
}
