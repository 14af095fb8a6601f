/**
 * Those who were woken in vain: no party of a ring starves.
 *
 * A waiter is woken to try again, and whoever is running meanwhile may be faster: that keeps the ring in use instead of idle
 * for the length of a wake-up. But a thread in a tight loop could be faster every time. So a waiter that was woken in vain once is
 * *hungry*: it goes back to the front of its queue, leaves its element or the room for one in its node, and from then on is served
 * before anybody else, by whoever comes: an operation of its own side finds QUEUE_HUNGRY not 0 and first serves those in front of it,
 * one of the other side serves the first of them instead of waking it. To serve is to do the waiter's operation in its place, under
 * its queue's lock: claim, swap of the slot, delivery.
 *
 * The price on the fast path is one plain load, of a word beside others that are read anyway. Nothing stands still for a hungry
 * waiter whose thread is busy: it has been served, and the others go on.
 *
 * Invariants
 * - I1 The hungry nodes of a queue stand before all others; QUEUE_HUNGRY counts them. Both change under the queue's lock.
 * - I2 An operation that reads QUEUE_HUNGRY as not 0 serves, or finds that there is nothing to serve with, before it takes effect itself.
 * - I3 A hungry waiter is fired empty-handed only by a close, or when its server's swap fails. Servers look and swap under the lock, and
 *   it is counted until the swap is done; so that swap was lost to an operation that had read QUEUE_HUNGRY before the waiter was in.
 * - I4 Behind a hungry waiter nobody is fired. So only those can come to stand before it again that had been fired before it entered.
 *
 * By these, what begins after a hungry waiter has entered does not overtake it. An operation that was under way then (a thread has one; a
 * batch is one) may still win the swap from its server, and cost it another round; so it would starve only if in every round, between two
 * instructions of a server, somebody swapped that slot who had looked before the round began.
 *
 * Rejected: handing every element over to who waits (each would cost a wake-up, and one in flight to a thread that dies goes with it;
 * here that is so for the hungry alone, as in a rendezvous); a gate that keeps the others out until the hungry one has come
 * (all would wait for a thread that may be busy for long).
 */
import { cas64, load32, load64, store32, store64 } from "./atomics";
import { inboxPush, ring as ringDoorbell } from "./agent";
import { acquire, relax, release } from "./lock";
import { claimNode, queueWake } from "./queue";
import { copy, headPosition, LAP, stampOf, tailPosition, TAKEN, upperOf, wordOf } from "./ring";
import {
  NODE_BYTES,
  NODE_HUNGRY,
  NODE_MET,
  NODE_PAYLOAD,
  NODE_WAITER,
  NODE_WAS_MET,
  QUEUE_HEAD,
  QUEUE_HUNGRY,
  QUEUE_LOCK,
  RING_CAPACITY,
  RING_CLOSED,
  RING_HEAD,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_SLOTS,
  RING_STRIDE,
  RING_TAIL,
  SLOT_BUSY as BUSY,
  SLOT_EMPTY as EMPTY,
  SLOT_FULL as FULL,
  SLOT_SEALED as SEALED,
  WOKE_NONE,
  WOKE_OTHER,
} from "./layout";

/** The first hungry waiter has what it waited for. */
const SERVED: i32 = 0;
/** The ring had no element for it, or no room. */
const NOTHING: i32 = 1;
/** Somebody else was there: look again. */
const AGAIN: i32 = 2;

/**
 * Receives in the place of the first hungry receiver.
 *
 * - Progress: blocking on the queue's lock; the rest as `take`.
 * - Linearization: the swap of the slot; for an empty ring the load that showed it.
 * - Order: claim, swap, hand over, deliver, release, ring. Before the claim the waiter could be gone, and the element with it.
 * - Model: `hungry_model_test.ts`.
 */
function serveReceiver(ring: usize): i32 {
  const position = headPosition(ring);
  const lap = stampOf(position);
  const stride = load<u32>(ring + RING_STRIDE);
  const slot = ring + RING_SLOTS + <usize>(<u32>position) * stride;
  const word = load64(slot);
  const ahead = <i32>(stampOf(word) - lap);
  // Below: a batch of the lap before is still being taken here.
  if (ahead <= <i32>EMPTY || ahead == SEALED) return NOTHING;
  if (ahead == BUSY) relax(slot + 4, upperOf(word), 0);
  if (ahead != FULL) return AGAIN;
  const queue = ring + RING_RECEIVERS;
  let isTaken = false;
  let agent: usize = 0;
  acquire(queue + QUEUE_LOCK);
  const node: usize = load<u32>(queue + QUEUE_HEAD);
  // The slot again: another server may have been there, and this waiter would have been claimed for nothing.
  if (node != 0 && load<u32>(node + NODE_MET) == NODE_HUNGRY && load64(slot) == word) {
    const waiter: usize = load<u32>(node + NODE_WAITER);
    // It is counted until the swap is done, so that nobody who comes meanwhile is faster (I3).
    store<u32>(node + NODE_MET, 0);
    agent = claimNode(queue, node);
    if (agent != 0) {
      // Plain: the claim gave the node to us, until it is delivered; for the slot see `take`.
      if (stride != 8) copy(load<u32>(node + NODE_BYTES), slot + 8, stride);
      isTaken = cas64(slot, word, wordOf(lap + LAP, 0)) == word;
      store<u32>(node + NODE_PAYLOAD, <u32>word);
      if (isTaken) store<u32>(node + NODE_MET, NODE_WAS_MET);
      inboxPush(agent, waiter);
    }
    store32(queue + QUEUE_HUNGRY, load<u32>(queue + QUEUE_HUNGRY) - 1);
  }
  release(queue + QUEUE_LOCK);
  if (agent != 0) ringDoorbell(agent);
  if (!isTaken) return AGAIN;
  store<u32>(ring + RING_HEAD, after(ring, <u32>position)); // Plain: a hint.
  return SERVED;
}

/**
 * Sends in the place of the first hungry sender.
 *
 * - Progress, order, model: as `serveReceiver`. The flag is read between slot and swap, as in `put`.
 * - Linearization: the swap of the slot (wide: the store of FULL); for a full ring the load that showed it.
 */
function serveSender(ring: usize): i32 {
  const position = tailPosition(ring);
  const lap = stampOf(position);
  const stride = load<u32>(ring + RING_STRIDE);
  const slot = ring + RING_SLOTS + <usize>(<u32>position) * stride;
  const word = load64(slot);
  const ahead = <i32>(stampOf(word) - lap);
  if (ahead == BUSY - <i32>LAP && (<u32>word & TAKEN) != 0) {
    // A batch of the lap before is about to have emptied it.
    relax(slot + 4, upperOf(word), 0);
    return AGAIN;
  }
  // The value of the lap before, or the end.
  if (ahead < 0 || ahead == SEALED || load32(ring + RING_CLOSED) != 0) return NOTHING;
  if (ahead != EMPTY) return AGAIN;
  const queue = ring + RING_SENDERS;
  let isPut = false;
  let agent: usize = 0;
  acquire(queue + QUEUE_LOCK);
  const node: usize = load<u32>(queue + QUEUE_HEAD);
  // The slot again: another server may have been there, and this waiter would have been claimed for nothing.
  if (node != 0 && load<u32>(node + NODE_MET) == NODE_HUNGRY && load64(slot) == word) {
    const waiter: usize = load<u32>(node + NODE_WAITER);
    // It is counted until the swap is done, so that nobody who comes meanwhile is faster (I3).
    store<u32>(node + NODE_MET, 0);
    agent = claimNode(queue, node);
    if (agent != 0) {
      const payload = load<u32>(node + NODE_PAYLOAD);
      isPut = cas64(slot, word, wordOf(lap + (stride == 8 ? FULL : BUSY), stride == 8 ? payload : 0)) == word;
      if (isPut && stride != 8) {
        // Plain: as in `put`.
        copy(slot + 8, load<u32>(node + NODE_BYTES), stride);
        store64(slot, wordOf(lap + FULL, 0));
      }
      // Plain: the claim gave the node to us, until it is delivered.
      if (isPut) store<u32>(node + NODE_MET, NODE_WAS_MET);
      inboxPush(agent, waiter);
    }
    store32(queue + QUEUE_HUNGRY, load<u32>(queue + QUEUE_HUNGRY) - 1);
  }
  release(queue + QUEUE_LOCK);
  if (agent != 0) ringDoorbell(agent);
  if (!isPut) return AGAIN;
  store<u32>(ring + RING_TAIL, after(ring, <u32>position)); // Plain: a hint.
  return SERVED;
}

/** The index that follows `index`. */
function after(ring: usize, index: u32): u32 {
  return index + 1 == load<u32>(ring + RING_CAPACITY) ? 0 : index + 1;
}

/**
 * Tells those who wait in `queue`, one of the ring's two, of an element or of room for one: serves the first if it is hungry, or
 * else wakes it. What was served made room, or an element, in its turn, which those of the other queue are told of.
 *
 * - Progress: blocking on the queues' locks; each round takes a node out, or ends.
 * - Model: `hungry_model_test.ts`.
 *
 * @param self the calling agent: where it is not 0 and one of its own was woken, its doorbell is not rung
 * @returns a `WOKE_…` code
 */
export function tell(ring: usize, queue: usize, self: usize): i32 {
  let told = queue;
  let before = WOKE_NONE;
  while (load32(told + QUEUE_HUNGRY) != 0) {
    const isReceivers = told == ring + RING_RECEIVERS;
    const end = isReceivers ? serveReceiver(ring) : serveSender(ring);
    if (end == NOTHING) return before;
    if (end == SERVED) {
      before = WOKE_OTHER;
      told = ring + (isReceivers ? RING_SENDERS : RING_RECEIVERS);
    }
  }
  const woke = queueWake(told, self);
  return woke == WOKE_NONE ? before : woke;
}

/**
 * Serves the hungry in `queue` before the caller, who has an operation of their side to do, or is one of them itself.
 *
 * - Progress, model: as `tell`.
 *
 * @returns false when there is nothing for the caller: some are hungry still, and the ring, which is open, was empty (or full)
 */
export function yieldToHungry(ring: usize, queue: usize): bool {
  const isReceivers = queue == ring + RING_RECEIVERS;
  while (load32(queue + QUEUE_HUNGRY) != 0) {
    const end = isReceivers ? serveReceiver(ring) : serveSender(ring);
    if (end == SERVED) tell(ring, ring + (isReceivers ? RING_SENDERS : RING_RECEIVERS), 0);
    else if (end == NOTHING) return load32(ring + RING_CLOSED) != 0;
  }
  return true;
}

/** As `yieldToHungry`, for a hungry waiter that has entered its queue: it looks again by serving. */
export function ringServe(ring: usize, isSender: bool): bool {
  return yieldToHungry(ring, ring + (isSender ? RING_SENDERS : RING_RECEIVERS));
}
