/**
 * The rendezvous: a channel of capacity 0 between threads. A value goes from the sender's hands into the receiver's; one of
 * the two waits in a queue, the other finds it there, claims it, and hands over.
 *
 * It is laid out as a ring without slots. Both queues stand under one lock, that of the receivers' queue, so that *entering* and
 * *finding nobody* are one step: of two parties the second always sees the first, and not each the other (which would
 * make both take themselves back and try again, for as long as they keep in step).
 *
 * Invariants
 * - I1 A node enters only while the other queue holds nobody but its own waiter, under the lock; so a sender and a receiver that
 *   could meet never both wait, but for waiters that have been claimed elsewhere and are on their way out.
 * - I2 The element is written into the claimed node (receiver) or read from it (sender) before the waiter is delivered; after
 *   that the node is its owner's.
 * - I3 An agent that looks for a partner (send, receive) is not claimable itself (law 2): two that claimed each other would both
 *   have met twice.
 *
 * Rejected: an exchange slot (crossbeam's zero flavor spins on a packet on the other's stack). Here the packet is the node, and
 * who is claimed has nothing to wait for.
 */
import { cas32, load32 } from "./atomics";
import { inboxPush, ring } from "./agent";
import { allocate } from "./heap";
import { acquire, release } from "./lock";
import { claimNode, link, unlink, wakeAllUnder } from "./queue";
import {
  NODE_BYTES,
  NODE_INDEX,
  NODE_MET,
  NODE_NEXT,
  NODE_PAYLOAD,
  NODE_QUEUE,
  NODE_WAITER,
  NODE_WAS_MET,
  OBJECT_ELEMENT,
  OBJECT_KIND,
  OBJECT_REFERENCES,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_LOCK,
  RENDEZVOUS_SIZE,
  RING_CLOSED,
  RING_IS_CLOSED,
  RING_OK,
  RING_OK_SELF,
  RING_PINS,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_STRIDE,
  RING_WOULD_BLOCK,
  SELF_FIRED,
  WOKE_SELF,
} from "./layout";

/** The lock of both queues. */
const LOCK: usize = RING_RECEIVERS + QUEUE_LOCK;

/** Makes a rendezvous whose elements take `wideBytes`, 0 for narrow ones; 0 when memory is exhausted. */
export function rendezvousNew(wideBytes: u32, kind: u32, element: u32): usize {
  const self = allocate(<u32>RENDEZVOUS_SIZE);
  if (self == 0) return 0;
  // Plain: ours until a handle to it is given away. The capacity is 0.
  memory.fill(self, 0, RENDEZVOUS_SIZE);
  store<u32>(self + OBJECT_REFERENCES, 1);
  store<u32>(self + OBJECT_KIND, kind);
  store<u32>(self + OBJECT_ELEMENT, element);
  store<u32>(self + RING_STRIDE, 8 + ((wideBytes + 7) & ~7));
  store<u32>(self + RING_PINS, 1);
  return self;
}

/**
 * Hands an element to the longest waiting receiver.
 *
 * - Progress: blocking on the lock; each round takes a node out.
 * - Linearization: the swap of the receiver's claim word; with nobody there the load that showed it.
 * - Order: claim, unlink, hand over, deliver, release, ring (I2).
 * - Model: `rendezvous_model_test.ts`.
 *
 * @param from where the bytes of a wide element are
 * @returns a `RING_…` code
 */
export function rendezvousSend(channel: usize, payload: u32, from: usize, self: usize): i32 {
  const queue = channel + RING_RECEIVERS;
  let agent: usize;
  do {
    if (load32(channel + RING_CLOSED) != 0) return RING_IS_CLOSED;
    // Fast path: nobody waits.
    if (load32(queue + QUEUE_COUNT) == 0) return RING_WOULD_BLOCK;
    agent = 0;
    acquire(channel + LOCK);
    const node: usize = load<u32>(queue + QUEUE_HEAD);
    if (node != 0) {
      const waiter: usize = load<u32>(node + NODE_WAITER);
      agent = claimNode(queue, node);
      if (agent != 0) {
        // Plain: the claim gave the node to us, until it is delivered.
        store<u32>(node + NODE_PAYLOAD, payload);
        store<u32>(node + NODE_MET, NODE_WAS_MET);
        memory.copy(load<u32>(node + NODE_BYTES), from, load<u32>(channel + RING_STRIDE) - 8);
        inboxPush(agent, waiter);
      }
    }
    release(channel + LOCK);
  } while (agent == 0);
  if (agent == self) return RING_OK_SELF;
  ring(agent);
  return RING_OK;
}

/**
 * Takes the element of the longest waiting sender.
 *
 * - Progress, order, model: as `rendezvousSend`. Linearization: the swap of the sender's claim word.
 *
 * @param into where the bytes of a wide element go
 * @returns as `ringReceive`
 */
export function rendezvousReceive(channel: usize, into: usize, self: usize): f64 {
  const queue = channel + RING_SENDERS;
  let payload: u32 = 0;
  let agent: usize;
  do {
    if (load32(channel + RING_CLOSED) != 0) return -<f64>RING_IS_CLOSED;
    // Fast path: nobody waits.
    if (load32(queue + QUEUE_COUNT) == 0) return -<f64>RING_WOULD_BLOCK;
    agent = 0;
    acquire(channel + LOCK);
    const node: usize = load<u32>(queue + QUEUE_HEAD);
    if (node != 0) {
      const waiter: usize = load<u32>(node + NODE_WAITER);
      agent = claimNode(queue, node);
      if (agent != 0) {
        // Plain: as in rendezvousSend.
        payload = load<u32>(node + NODE_PAYLOAD);
        store<u32>(node + NODE_MET, NODE_WAS_MET);
        memory.copy(into, load<u32>(node + NODE_BYTES), load<u32>(channel + RING_STRIDE) - 8);
        inboxPush(agent, waiter);
      }
    }
    release(channel + LOCK);
  } while (agent == 0);
  if (agent == self) return <f64>payload + SELF_FIRED;
  ring(agent);
  return payload;
}

/**
 * Puts a node into the queue of its side, unless there is somebody on the other side to meet.
 *
 * - Progress: blocking on the lock.
 * - Linearization: the store of the count, or the load of the other side's.
 * - Order: the flag is read under the lock, and set under it: `rendezvousClose` then wakes whoever is in (law 3).
 * - Model: `rendezvous_model_test.ts`.
 *
 * @param index the case within the waiter
 * @param own how many nodes of the same waiter are in the other side's queue: a select does not meet itself
 * @param payload a sender's narrow element
 * @param bytes where a wide element is, or goes
 * @returns false when it need not wait: the node is not in then
 */
export function rendezvousEnter(
  channel: usize,
  isSender: bool,
  node: usize,
  index: u32,
  own: u32,
  payload: u32,
  bytes: usize,
): bool {
  // Plain: the node is in no queue, so it is ours.
  store<u32>(node + NODE_INDEX, index);
  store<u32>(node + NODE_NEXT, 0);
  store<u32>(node + NODE_PAYLOAD, payload);
  store<u32>(node + NODE_BYTES, <u32>bytes);
  store<u32>(node + NODE_MET, 0);
  const queue = channel + (isSender ? RING_SENDERS : RING_RECEIVERS);
  const others = channel + (isSender ? RING_RECEIVERS : RING_SENDERS);
  acquire(channel + LOCK);
  const waits = load32(channel + RING_CLOSED) == 0 && load32(others + QUEUE_COUNT) == own;
  if (waits) link(queue, node);
  release(channel + LOCK);
  return waits;
}

/** Takes a node out of its queue; harmless when it stands in none. Progress: blocking on the lock. */
export function rendezvousLeave(channel: usize, isSender: bool, node: usize): void {
  const queue = channel + (isSender ? RING_SENDERS : RING_RECEIVERS);
  acquire(channel + LOCK);
  if (load<u32>(node + NODE_QUEUE) != 0) unlink(queue, node);
  release(channel + LOCK);
}

/** Reports whether a delivered node was met by the other side, and not fired by a close. */
export function rendezvousWasMet(node: usize): bool {
  return load<u32>(node + NODE_MET) != 0; // Plain: the delivery published it.
}

/**
 * Closes the rendezvous with `reason` (`CLOSED_PLAIN` or a message) and fires everyone who waits.
 *
 * - Progress: blocking on the lock.
 * - Linearization: the swap of the flag.
 * - Order: flag, then the waiters. The flag is set under the lock: whoever enters has either read it, or is in when the counts
 *   are read. Otherwise it could read the flag, and be in only after the counts were found 0.
 * - Model: `rendezvous_model_test.ts`.
 *
 * @returns `RING_OK`, `RING_OK_SELF`, or `RING_IS_CLOSED` when it was closed already; nothing has changed then
 */
export function rendezvousClose(channel: usize, reason: u32, self: usize): i32 {
  acquire(channel + LOCK);
  const before = cas32(channel + RING_CLOSED, 0, reason);
  release(channel + LOCK);
  if (before != 0) return RING_IS_CLOSED;
  const receivers = wakeAllUnder(channel + LOCK, channel + RING_RECEIVERS, self);
  const senders = wakeAllUnder(channel + LOCK, channel + RING_SENDERS, self);
  return receivers == WOKE_SELF || senders == WOKE_SELF ? RING_OK_SELF : RING_OK;
}
