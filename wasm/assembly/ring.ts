/**
 * The ring: a bounded multi-producer multi-consumer queue of any capacity ≥ 1 that can be closed.
 *
 * Algorithm: positions live in the slots, as in Tsigas and Zhang, "A simple, fast and scalable non-blocking
 * concurrent FIFO queue" (SPAA 2001), with a lap number in each slot, as in Vyukov's bounded queue (2010), to tell one
 * round from the next. A send or a receive of a narrow element is then one compare-and-swap in all: it
 * moves the slot on and claims the position in one step. Vyukov's own form needs two ordered writes each (the
 * shared index, then the slot); each one more costs some 6 ns here, as the wide elements show, which need one.
 *
 * A slot is a u64 word, for wide elements followed by their bytes, a multiple of 8:
 *
 * | bits    | field   | meaning                                                            |
 * | ------- | ------- | ------------------------------------------------------------------ |
 * | 0 … 31  | payload | the element, or the address of its message; 0 when not FULL         |
 * | 32 … 33 | state   | EMPTY 0, SEALED 1, WRITING 2, FULL 3                                |
 * | 34 … 63 | lap     | how often the slot has been emptied; wraps, compared by difference  |
 *
 * `lap` and `state` together are the *stamp*. Position (lap L, index i) moves EMPTY(L) → [WRITING(L) →] FULL(L) →
 * EMPTY(L+1), or EMPTY(L) → SEALED(L), where a closed ring ends.
 *
 * Invariants
 * - I1 Positions are filled in order: a producer fills (L, i) only after it has seen the position before it claimed.
 * - I2 Positions are emptied in order, likewise.
 * - I3 So, if the slot before index i has been claimed in the lap that precedes (L, i), the tail is at (L, i) or later;
 *   and if (L, i) itself is EMPTY, the tail is exactly there when the swap succeeds. The same holds for the head.
 * - I4 RING_HEAD and RING_TAIL are hints: where to begin to look. No value in them can do harm, so they are plain and a
 *   late store that moves one back costs a walk, once, not correctness.
 * - I5 A producer reads the slot, then the closed flag, then swaps. `ringClose` sets the flag, then seals the slot at
 *   the tail. A slot that was EMPTY before the flag was found clear is therefore either filled as part of the ring before
 *   the close or sealed under the producer's hands: no value enters once `ringClose` has returned.
 *
 * The lap has 30 bits: a thread would have to stand between a load and a swap for exactly 2^30 rounds of the ring (20 s
 * at capacity 1, where it does no harm; hours at 1024) to mistake one round for another.
 */
import { add32, cas32, cas64, load32, load64, store64 } from "./atomics";
import { allocate } from "./heap";
import { tell, yieldToHungry } from "./hungry";
import { relax } from "./lock";
import { queueWakeAll } from "./queue";
import {
  OBJECT_ELEMENT,
  OBJECT_KIND,
  OBJECT_REFERENCES,
  QUEUE_COUNT,
  QUEUE_HUNGRY,
  RING_CAPACITY,
  RING_CLOSED,
  RING_HEAD,
  RING_IS_CLOSED,
  RING_OK,
  RING_OK_SELF,
  RING_PINS,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_SLOTS,
  RING_STRIDE,
  RING_TAIL,
  RING_WOULD_BLOCK,
  SELF_FIRED,
  WOKE_NONE,
  WOKE_SELF,
} from "./layout";

export const EMPTY: u32 = 0;
export const SEALED: u32 = 1;
export const WRITING: u32 = 2;
export const FULL: u32 = 3;
/** Adding this to a stamp moves it one lap on. */
export const LAP: u32 = 4;
const STATE_MASK: u32 = 3;

/** The stamp of a slot word. */
// @ts-ignore: decorator
@inline
export function stampOf(word: u64): u32 {
  return <u32>(word >> 32);
}

/** A slot word with `stamp` and `payload`. */
// @ts-ignore: decorator
@inline
export function wordOf(stamp: u32, payload: u32): u64 {
  return (<u64>stamp << 32) | payload;
}

/** The stamp EMPTY(L), where (L, index) is the position that follows one claimed by a producer in slot `before`. */
// @ts-ignore: decorator
@inline
function tailLap(before: u32, index: u32): u32 {
  const lap = before & ~STATE_MASK;
  // WRITING and FULL: claimed in this lap. EMPTY and SEALED: last claimed in the lap before.
  const claimed = (before & STATE_MASK) >= WRITING ? lap : lap - LAP;
  return index == 0 ? claimed + LAP : claimed;
}

/** The stamp EMPTY(L), where (L, index) is the position that follows the last one emptied in slot `before`. */
// @ts-ignore: decorator
@inline
function headLap(before: u32, index: u32): u32 {
  const emptied = (before & ~STATE_MASK) - LAP;
  return index == 0 ? emptied + LAP : emptied;
}

/** Copies the wide part of an element in a ring of `stride`. An instruction for each case: this may stand between two steps. */
// @ts-ignore: decorator
@inline
export function copy(to: usize, from: usize, stride: u32): void {
  if (stride == 16) store<u64>(to, load<u64>(from));
  else memory.copy(to, from, stride - 8);
}

/**
 * Makes a ring of `capacity` slots (the caller checked it) whose elements take `wideBytes` beside the slot's word, 0 for
 * narrow ones; 0 when memory is exhausted.
 */
export function ringNew(capacity: u32, wideBytes: u32, kind: u32, element: u32): usize {
  const stride: u32 = 8 + ((wideBytes + 7) & ~7);
  const slotBytes = <u64>capacity * stride;
  if (slotBytes > 0x7fff0000) return 0;
  const self = allocate(<u32>RING_SLOTS + <u32>slotBytes);
  if (self == 0) return 0;
  // Plain: ours until a handle to it is given away. All slots start as EMPTY(0).
  memory.fill(self, 0, RING_SLOTS + <usize>slotBytes);
  store<u32>(self + OBJECT_REFERENCES, 1);
  store<u32>(self + OBJECT_KIND, kind);
  store<u32>(self + OBJECT_ELEMENT, element);
  store<u32>(self + RING_CAPACITY, capacity);
  store<u32>(self + RING_STRIDE, stride);
  store<u32>(self + RING_PINS, 1);
  return self;
}

/** Keeps the ring's memory while a party waits at it. The caller's thread has a handle. Progress: wait-free. */
export function ringPin(ring: usize): void {
  add32(ring + RING_PINS, 1);
}

/** Ends a pin, or what the references kept. Progress: wait-free. @returns true when it was the last: the caller frees the ring */
export function ringUnpin(ring: usize): bool {
  return add32(ring + RING_PINS, -1) == 1;
}

/**
 * Puts an element at the tail. The caller wakes a receiver afterwards.
 *
 * - Progress: lock-free.
 * - Linearization: the swap of the slot (wide: the store of FULL); for a full or closed ring the load that showed it.
 * - Order: slot before, slot, closed flag, swap (I3, I5); then the receivers' count (law 3). With the flag read
 *   before the slot, a value could enter a ring whose close has returned.
 * - Model: `ring_model_test.ts`.
 */
// @ts-ignore: decorator
@inline
function put(ring: usize, payload: u32, from: usize, isWide: bool): i32 {
  const capacity = load<u32>(ring + RING_CAPACITY); // Plain, as RING_STRIDE: written before the ring was published.
  const stride: u32 = isWide ? load<u32>(ring + RING_STRIDE) : 8;
  const slots = ring + RING_SLOTS;
  let index = load<u32>(ring + RING_TAIL); // Plain: a hint (I4).
  for (;;) {
    const before = stampOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    const slot = slots + <usize>index * stride;
    const word = load64(slot);
    const lap = tailLap(before, index);
    const ahead = <i32>(stampOf(word) - lap);
    const next: u32 = index + 1 == capacity ? 0 : index + 1;
    if (ahead == EMPTY) {
      if (load32(ring + RING_CLOSED) != 0) return RING_IS_CLOSED;
      if (cas64(slot, word, wordOf(lap + (isWide ? WRITING : FULL), payload)) == word) {
        if (isWide) {
          // Plain: WRITING keeps everyone else out, and the store of FULL publishes it.
          copy(slot + 8, from, stride);
          store64(slot, wordOf(lap + FULL, payload));
        }
        store<u32>(ring + RING_TAIL, next); // Plain: a hint (I4).
        break;
      }
    } else if (ahead == SEALED) {
      return RING_IS_CLOSED;
    } else if (ahead < 0) {
      // The value of the lap before is still here: full.
      return load32(ring + RING_CLOSED) != 0 ? RING_IS_CLOSED : RING_WOULD_BLOCK;
    } else {
      index = next;
    }
  }
  return RING_OK;
}

/**
 * Takes the element at the head. The caller wakes a sender afterwards.
 *
 * - Progress: lock-free, but for a wide element that is being written: its writer
 *   cannot die (law 10) and needs two more stores.
 * - Linearization: the swap of the slot; for an empty ring the load that showed it; for a closed one the seal.
 * - Order: slot before, slot, payload, swap (I3). The payload is read before the swap: afterwards it is the producers'.
 * - Model: `ring_model_test.ts`.
 *
 * @returns the payload (0 … 2^32 − 1), or, negative, a `RING_…` code
 */
// @ts-ignore: decorator
@inline
function take(ring: usize, into: usize, isWide: bool): f64 {
  const capacity = load<u32>(ring + RING_CAPACITY);
  const stride: u32 = isWide ? load<u32>(ring + RING_STRIDE) : 8;
  const slots = ring + RING_SLOTS;
  let index = load<u32>(ring + RING_HEAD); // Plain: a hint (I4).
  let payload: u32 = 0;
  let round = 0;
  for (;;) {
    const before = stampOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    const slot = slots + <usize>index * stride;
    const word = load64(slot);
    const lap = headLap(before, index);
    const ahead = <i32>(stampOf(word) - lap);
    const next: u32 = index + 1 == capacity ? 0 : index + 1;
    if (ahead == FULL) {
      payload = <u32>word;
      // Plain: if a producer writes here meanwhile, the stamp has moved, the swap fails, and what was copied is discarded.
      if (isWide) copy(into, slot + 8, stride);
      if (cas64(slot, word, wordOf(lap + LAP, 0)) == word) {
        store<u32>(ring + RING_HEAD, next); // Plain: a hint (I4).
        break;
      }
    } else if (ahead == EMPTY) {
      if (load32(ring + RING_CLOSED) == 0) return -<f64>RING_WOULD_BLOCK;
      // Closed says only who has made sure that nothing comes after (I5).
      if (cas64(slot, word, wordOf(lap + SEALED, 0)) == word) return -<f64>RING_IS_CLOSED;
    } else if (ahead == SEALED) {
      return -<f64>RING_IS_CLOSED;
    } else if (ahead == WRITING) {
      round = relax(slot + 4, stampOf(word), round);
    } else {
      index = next;
    }
  }
  return payload;
}

/** Tells a receiver after a `put`. Order: the slot, then the count (law 3). Returns the code of the send. */
// @ts-ignore: decorator
@inline
function afterPut(ring: usize, code: i32, self: usize): i32 {
  // Fast path: no receiver waits.
  if (code != RING_OK || load32(ring + RING_RECEIVERS + QUEUE_COUNT) == 0) return code;
  return tell(ring, ring + RING_RECEIVERS, self) == WOKE_SELF ? RING_OK_SELF : RING_OK;
}

/**
 * Tells a sender after a `take`. Order: the slot, then the count (law 3).
 *
 * @returns the payload, plus `SELF_FIRED` when a waiter of the calling agent was fired into its inbox; or the negative code
 */
// @ts-ignore: decorator
@inline
function afterTake(ring: usize, result: f64, self: usize): f64 {
  // Fast path: no sender waits.
  if (result < 0 || load32(ring + RING_SENDERS + QUEUE_COUNT) == 0) return result;
  return tell(ring, ring + RING_SENDERS, self) == WOKE_SELF ? result + SELF_FIRED : result;
}

/** Reports whether the caller may send: nobody who was woken in vain goes before it, or all who were are served. See hungry.ts. */
// @ts-ignore: decorator
@inline
function maySend(ring: usize): bool {
  // Fast path: nobody was. Plain: who reads an old value goes before it once more.
  return load<u32>(ring + RING_SENDERS + QUEUE_HUNGRY) == 0 || yieldToHungry(ring, ring + RING_SENDERS);
}

/** As `maySend`, for a receive. */
// @ts-ignore: decorator
@inline
function mayReceive(ring: usize): bool {
  return load<u32>(ring + RING_RECEIVERS + QUEUE_HUNGRY) == 0 || yieldToHungry(ring, ring + RING_RECEIVERS);
}

/** Sends a narrow element; a `RING_…` code. See `put`. */
export function ringSend(ring: usize, payload: u32, self: usize): i32 {
  if (!maySend(ring)) return RING_WOULD_BLOCK;
  return afterPut(ring, put(ring, payload, 0, false), self);
}

/** Sends the wide element at `from`; a `RING_…` code. See `put`. */
export function ringSendWide(ring: usize, from: usize, self: usize): i32 {
  if (!maySend(ring)) return RING_WOULD_BLOCK;
  return afterPut(ring, put(ring, 0, from, true), self);
}

/** Receives a narrow element. See `take` and `afterTake`. */
export function ringReceive(ring: usize, self: usize): f64 {
  if (!mayReceive(ring)) return -<f64>RING_WOULD_BLOCK;
  return afterTake(ring, take(ring, 0, false), self);
}

/** Receives a wide element to `into`, whose bytes are undefined if that fails. See `take` and `afterTake`. */
export function ringReceiveWide(ring: usize, into: usize, self: usize): f64 {
  if (!mayReceive(ring)) return -<f64>RING_WOULD_BLOCK;
  return afterTake(ring, take(ring, into, true), self);
}

/**
 * Sends elements that stand one after the other at `from`, as many of `count` as there is room for: each is a send of its
 * own, in order; the receivers are woken once, at the end.
 *
 * - Progress: as `put`. Model: `channel_model_test.ts`.
 *
 * @returns how many were sent, plus `SELF_FIRED`; or, negative and only if it was none, a `RING_…` code
 */
export function ringSendMany(ring: usize, from: usize, count: u32, self: usize): f64 {
  const bytes = load<u32>(ring + RING_STRIDE) - 8;
  let sent: u32 = 0;
  let code = RING_OK;
  if (!maySend(ring)) return -<f64>RING_WOULD_BLOCK;
  while (sent < count) {
    code = bytes == 0
      ? put(ring, load<u32>(from + (<usize>sent << 2)), 0, false)
      : put(ring, 0, from + <usize>sent * bytes, true);
    if (code != RING_OK) break;
    sent++;
  }
  return sent == 0 && count != 0 ? -<f64>code : tellMany(ring, ring + RING_RECEIVERS, sent, self);
}

/**
 * Receives up to `count` elements to `into`, one after the other: what is there.
 *
 * - Progress: as `take`. Model: `channel_model_test.ts`.
 *
 * @returns how many were received, plus `SELF_FIRED`; or, negative and only if it was none, a `RING_…` code
 */
export function ringReceiveMany(ring: usize, into: usize, count: u32, self: usize): f64 {
  const bytes = load<u32>(ring + RING_STRIDE) - 8;
  let received: u32 = 0;
  let result: f64 = 0;
  if (!mayReceive(ring)) return -<f64>RING_WOULD_BLOCK;
  while (received < count) {
    if (bytes == 0) {
      result = take(ring, 0, false);
      if (result < 0) break;
      store<u32>(into + (<usize>received << 2), <u32>result); // Plain: the caller's own memory.
    } else {
      result = take(ring, into + <usize>received * bytes, true);
      if (result < 0) break;
    }
    received++;
  }
  return received == 0 && count != 0 ? result : tellMany(ring, ring + RING_SENDERS, received, self);
}

/** Tells up to `count` who wait in `queue`; returns `count`, plus `SELF_FIRED` if one is the caller's own. */
function tellMany(ring: usize, queue: usize, count: u32, self: usize): f64 {
  let result: f64 = count;
  for (let left = count; left != 0; left--) {
    const woke = tell(ring, queue, self);
    if (woke == WOKE_NONE) break;
    if (woke == WOKE_SELF) result = <f64>count + SELF_FIRED;
  }
  return result;
}

/**
 * Closes the ring with `reason` (`CLOSED_PLAIN` or a message) and fires everyone who waits.
 *
 * - Progress: lock-free, but for the waiters' locks.
 * - Linearization: the swap of the flag.
 * - Order: flag, seal (I5), then the waiters: who enters a queue later sees the flag when it looks again.
 * - Model: `ring_model_test.ts`.
 *
 * @returns `RING_OK`, `RING_OK_SELF`, or `RING_IS_CLOSED` when it was closed already; nothing has changed then
 */
export function ringClose(ring: usize, reason: u32, self: usize): i32 {
  if (cas32(ring + RING_CLOSED, 0, reason) != 0) return RING_IS_CLOSED;
  const slots = ring + RING_SLOTS;
  const stride = load<u32>(ring + RING_STRIDE);
  for (;;) {
    const position = tailPosition(ring);
    const empty = stampOf(position);
    const slot = slots + <usize>(<u32>position) * stride;
    const seen = cas64(slot, wordOf(empty, 0), wordOf(empty + SEALED, 0));
    const ahead = <i32>(stampOf(seen) - empty);
    // Sealed by us or by a receiver; or full, and then producers find the flag.
    if (ahead == EMPTY || ahead == SEALED || ahead < 0) break;
  }
  const receivers = queueWakeAll(ring + RING_RECEIVERS, self);
  const senders = queueWakeAll(ring + RING_SENDERS, self);
  return receivers == WOKE_SELF || senders == WOKE_SELF ? RING_OK_SELF : RING_OK;
}

/** Where the tail was at some moment of the call: stamp EMPTY(L) in the high half, index in the low. */
export function tailPosition(ring: usize): u64 {
  const capacity = load<u32>(ring + RING_CAPACITY);
  const stride = load<u32>(ring + RING_STRIDE);
  const slots = ring + RING_SLOTS;
  let next = load<u32>(ring + RING_TAIL);
  let index: u32;
  let lap: u32;
  do {
    index = next;
    next = index + 1 == capacity ? 0 : index + 1;
    lap = tailLap(stampOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride)), index);
  } while (<i32>(stampOf(load64(slots + <usize>index * stride)) - lap) >= <i32>WRITING);
  return wordOf(lap, index);
}

/** Where the head was at some moment of the call, in the same form. */
export function headPosition(ring: usize): u64 {
  const capacity = load<u32>(ring + RING_CAPACITY);
  const stride = load<u32>(ring + RING_STRIDE);
  const slots = ring + RING_SLOTS;
  let next = load<u32>(ring + RING_HEAD);
  let index: u32;
  let lap: u32;
  do {
    index = next;
    next = index + 1 == capacity ? 0 : index + 1;
    lap = headLap(stampOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride)), index);
  } while (<i32>(stampOf(load64(slots + <usize>index * stride)) - lap) > <i32>FULL);
  return wordOf(lap, index);
}

/**
 * Number of elements in the ring: exact for a moment of the call when nobody else moved the tail
 * during it, otherwise a value between 0 and the capacity that was nearly right.
 */
export function ringSize(ring: usize): u32 {
  const capacity = load<u32>(ring + RING_CAPACITY);
  let size: i64 = 0;
  for (let tries = 0; tries < 4; tries++) {
    const tail = tailPosition(ring);
    const head = headPosition(ring);
    const laps = <i32>(stampOf(tail) - stampOf(head)) >> 2;
    size = <i64>laps * capacity + <i64>(<u32>tail) - <i64>(<u32>head);
    if (tailPosition(ring) == tail) break;
  }
  return <u32>max<i64>(0, min<i64>(size, capacity));
}

/** Reports whether a receive would not have to wait: an element, or the end. */
export function ringCanReceive(ring: usize): bool {
  if (load32(ring + RING_CLOSED) != 0) return true;
  const head = headPosition(ring);
  const slot = ring + RING_SLOTS + <usize>(<u32>head) * load<u32>(ring + RING_STRIDE);
  // Anything but EMPTY in the head's own lap, WRITING too: its value is two stores away.
  return stampOf(load64(slot)) != stampOf(head);
}

/** Reports whether a send would not have to wait: room, or the ring is closed. */
export function ringCanSend(ring: usize): bool {
  if (load32(ring + RING_CLOSED) != 0) return true;
  const tail = tailPosition(ring);
  const slot = ring + RING_SLOTS + <usize>(<u32>tail) * load<u32>(ring + RING_STRIDE);
  return <i32>(stampOf(load64(slot)) - stampOf(tail)) >= <i32>EMPTY;
}
