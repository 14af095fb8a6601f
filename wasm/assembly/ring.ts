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
 * | bits    | field   | meaning                                                                          |
 * | ------- | ------- | -------------------------------------------------------------------------------- |
 * | 0 … 31  | payload | FULL: the element, or the address of its message. BUSY: see below. Otherwise 0     |
 * | 32 … 33 | state   | EMPTY 0, SEALED 1, BUSY 2, FULL 3                                                |
 * | 34      | linked  | whoever claimed this position claimed the one after it in the same step          |
 * | 35 … 63 | lap     | how often the slot has been emptied; wraps, compared by difference               |
 *
 * `lap` and `state` together are the *stamp*. Position (lap L, index i) moves EMPTY(L) → [BUSY(L) →] FULL(L) → [BUSY(L) →]
 * EMPTY(L+1), or EMPTY(L) → SEALED(L), where a closed ring ends.
 *
 * A *batch* claims up to 16 positions that stand side by side with one swap, that of the first, which becomes BUSY and linked;
 * its payload says how many, and by the bit TAKEN which side is at work. Then it moves the ones between with
 * plain stores, the last one with an ordered store, and the first one again. One ordered write costs 6 ns here, a plain one
 * less than 1.
 *
 * Invariants
 * - I1 Positions are filled in order: a producer fills (L, i) only after it has seen the position before it claimed.
 * - I2 Positions are emptied in order, likewise.
 * - I3 So, if the slot before index i has been claimed in the lap that precedes (L, i), and is not linked, the tail is at (L, i)
 *   or later; and if (L, i) itself is EMPTY, the tail is exactly there when the swap succeeds. The same holds for the head.
 * - I4 RING_HEAD and RING_TAIL are hints: where to begin to look. No value in them can do harm, so they are plain and a
 *   late store that moves one back costs a walk, once, not correctness.
 * - I5 A producer reads the slot, then the closed flag, then swaps. `ringClose` sets the flag, then seals the slot at
 *   the tail. A slot that was EMPTY before the flag was found clear is therefore either filled as part of the ring before
 *   the close or sealed under the producer's hands: no value enters once `ringClose` has returned.
 * - I6 The plain stores of a batch may be seen in any order, early or late, by who has no business there: each of those words,
 *   old or new, is one that a walker passes by. Old, the slot is not claimed in the lap that a neighbour would need;
 *   new, it is linked. (An engine that splits a store of 64 bits splits it between stamp and payload, and walkers
 *   look at the stamp only.) Who may go on from there has read the last slot, or the first, where an ordered store stands
 *   behind the plain ones; positions are claimed one after the other, so that holds for all that come later.
 *
 * The lap has 29 bits: a thread would have to stand between a load and a swap for exactly 2^29 rounds of the ring (10 s
 * at capacity 1, where it does no harm; hours at 1024) to mistake one round for another.
 */
import { add32, cas32, cas64, load32, load64, store64 } from "./atomics";
import { allocate } from "./heap";
import { tell, yieldToHungry } from "./hungry";
import { relax } from "./lock";
import { queueWake } from "./queue";
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
  SLOT_BUSY as BUSY,
  SLOT_EMPTY as EMPTY,
  SLOT_FULL as FULL,
  SLOT_SEALED as SEALED,
  SLOT_STATE_MASK as STATE_MASK,
  WOKE_NONE,
  WOKE_SELF,
} from "./layout";

const LINKED: u32 = 4;
/** Adding this to a stamp moves it one lap on. */
export const LAP: u32 = 8;

/** In the payload of a linked BUSY slot, beside the number of positions: they are being emptied, not filled. */
export const TAKEN: u32 = 0x80000000;
/** Positions that a batch claims at most. */
const BATCH: u32 = 16;

/** What `put` and `take` say in place of a count. */
const NOTHING: i32 = 0;
const CLOSED: i32 = -1;

/** The upper half of a slot word: stamp, and whether it is linked. */
// @ts-ignore: decorator
@inline
export function upperOf(word: u64): u32 {
  return <u32>(word >> 32);
}

/** The stamp of a slot word. */
// @ts-ignore: decorator
@inline
export function stampOf(word: u64): u32 {
  return upperOf(word) & ~LINKED;
}

/** A slot word with `upper` and `payload`. */
// @ts-ignore: decorator
@inline
export function wordOf(upper: u32, payload: u32): u64 {
  return (<u64>upper << 32) | payload;
}

/** The stamp EMPTY(L), where (L, index) is the position that follows one claimed by a producer in slot `before`. */
// @ts-ignore: decorator
@inline
function tailLap(before: u32, index: u32): u32 {
  const lap = before & ~(LAP - 1);
  // BUSY and FULL: claimed in this lap. EMPTY and SEALED: last claimed in the lap before.
  const claimed = (before & STATE_MASK) >= BUSY ? lap : lap - LAP;
  return index == 0 ? claimed + LAP : claimed;
}

/** The stamp EMPTY(L), where (L, index) is the position that follows the last one emptied in slot `before`. */
// @ts-ignore: decorator
@inline
function headLap(before: u32, index: u32): u32 {
  const emptied = (before & ~(LAP - 1)) - LAP;
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
 * How many positions from `slot` on, up to `limit`, have `stamp`, a claimable one: at least 1. What is found stays so as long as
 * the first of them does, since positions are claimed in order.
 */
// @ts-ignore: decorator
@inline
function countOf(slot: usize, stride: u32, stamp: u32, limit: u32): u32 {
  let count: u32 = 1;
  // In this order: what was emptied, or filled, as a batch may be relied on once its first slot has been read (I6).
  while (count < limit && stampOf(load64(slot + <usize>count * stride)) == stamp) count++;
  return count;
}

/** Fills position `i` of a batch of `count`, if it is one between the first and the last. Plain: I6. */
// @ts-ignore: decorator
@inline
function fillInner(i: u32, count: u32, slot: usize, from: usize, full: u32, isWide: bool): void {
  if (count <= i + 1) return;
  if (isWide) {
    store<u64>(slot + i * 16 + 8, load<u64>(from + i * 8));
    store<u64>(slot + i * 16, wordOf(full | LINKED, 0));
  } else {
    store<u64>(slot + i * 8, wordOf(full | LINKED, load<u32>(from + i * 4)));
  }
}

/**
 * Fills the positions that a batch has claimed: `count` ≥ 2 of them, from `slot` on, with the elements from `from` on.
 * Neither a loop nor a call: no thread dies in here (law 10).
 */
// @ts-ignore: decorator
@inline
function fill(slot: usize, from: usize, count: u32, full: u32, isWide: bool): void {
  fillInner(1, count, slot, from, full, isWide);
  fillInner(2, count, slot, from, full, isWide);
  fillInner(3, count, slot, from, full, isWide);
  fillInner(4, count, slot, from, full, isWide);
  fillInner(5, count, slot, from, full, isWide);
  fillInner(6, count, slot, from, full, isWide);
  fillInner(7, count, slot, from, full, isWide);
  fillInner(8, count, slot, from, full, isWide);
  fillInner(9, count, slot, from, full, isWide);
  fillInner(10, count, slot, from, full, isWide);
  fillInner(11, count, slot, from, full, isWide);
  fillInner(12, count, slot, from, full, isWide);
  fillInner(13, count, slot, from, full, isWide);
  fillInner(14, count, slot, from, full, isWide);
  const last: usize = count - 1;
  if (isWide) {
    store<u64>(slot + 8, load<u64>(from));
    store<u64>(slot + last * 16 + 8, load<u64>(from + last * 8));
    store64(slot + last * 16, wordOf(full, 0));
    store64(slot, wordOf(full | LINKED, 0));
  } else {
    store64(slot + last * 8, wordOf(full, load<u32>(from + last * 4)));
    store64(slot, wordOf(full | LINKED, load<u32>(from)));
  }
}

/** Empties position `i` of a batch of `count`, if it is one between the first and the last. Plain: I6. */
// @ts-ignore: decorator
@inline
function emptyInner(i: u32, count: u32, slot: usize, into: usize, empty: u32, isWide: bool): void {
  if (count <= i + 1) return;
  if (isWide) {
    store<u64>(into + i * 8, load<u64>(slot + i * 16 + 8));
    store<u64>(slot + i * 16, wordOf(empty | LINKED, 0));
  } else {
    store<u32>(into + i * 4, load<u32>(slot + i * 8));
    store<u64>(slot + i * 8, wordOf(empty | LINKED, 0));
  }
}

/** Empties the positions that a batch has claimed, as `fill` fills them; that of the first was `payload`. */
// @ts-ignore: decorator
@inline
function drain(slot: usize, into: usize, count: u32, empty: u32, payload: u32, isWide: bool): void {
  emptyInner(1, count, slot, into, empty, isWide);
  emptyInner(2, count, slot, into, empty, isWide);
  emptyInner(3, count, slot, into, empty, isWide);
  emptyInner(4, count, slot, into, empty, isWide);
  emptyInner(5, count, slot, into, empty, isWide);
  emptyInner(6, count, slot, into, empty, isWide);
  emptyInner(7, count, slot, into, empty, isWide);
  emptyInner(8, count, slot, into, empty, isWide);
  emptyInner(9, count, slot, into, empty, isWide);
  emptyInner(10, count, slot, into, empty, isWide);
  emptyInner(11, count, slot, into, empty, isWide);
  emptyInner(12, count, slot, into, empty, isWide);
  emptyInner(13, count, slot, into, empty, isWide);
  emptyInner(14, count, slot, into, empty, isWide);
  const last: usize = count - 1;
  if (isWide) {
    store<u64>(into, load<u64>(slot + 8));
    store<u64>(into + last * 8, load<u64>(slot + last * 16 + 8));
    store64(slot + last * 16, wordOf(empty, 0));
  } else {
    store<u32>(into, payload);
    store<u32>(into + last * 4, load<u32>(slot + last * 8));
    store64(slot + last * 8, wordOf(empty, 0));
  }
  store64(slot, wordOf(empty | LINKED, 0));
}

/**
 * Puts elements at the tail: one, `payload` or the bytes at `from`; or, if `limit` is more than 1 (then at most BATCH, and elements
 * take no more than 8 bytes), as many of those that stand at `from` as fit there side by side. The caller wakes receivers
 * afterwards.
 *
 * - Progress: lock-free, but for a slot that a batch is emptying: its taker cannot die (law 10) and needs a few more
 *   stores.
 * - Linearization: the swap of the slot (wide: the store of FULL; a batch: the swap, for each of its elements in order);
 *   for a full or closed ring the load that showed it.
 * - Order: slot before, slot, closed flag, swap (I3, I5); then the receivers' count (law 3). With the flag read
 *   before the slot, a value could enter a ring whose close has returned.
 * - Model: `ring_model_test.ts`.
 *
 * @returns how many were put; NOTHING when the ring is full; CLOSED
 */
// @ts-ignore: decorator
@inline
function put(ring: usize, payload: u32, from: usize, isWide: bool, isMany: bool, limit: u32): i32 {
  const capacity = load<u32>(ring + RING_CAPACITY); // Plain, as RING_STRIDE: written before the ring was published.
  const stride: u32 = isWide ? load<u32>(ring + RING_STRIDE) : 8;
  const slots = ring + RING_SLOTS;
  let index = load<u32>(ring + RING_TAIL); // Plain: a hint (I4).
  let count: u32 = 1;
  let round = 0;
  // What the slot before would say, when a batch has been jumped over whose last slot does not say it yet.
  let known: u32 = 0;
  let isKnown = false;
  for (;;) {
    const before = isKnown
      ? known
      : upperOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    isKnown = false;
    const slot = slots + <usize>index * stride;
    const word = load64(slot);
    const lap = tailLap(before, index);
    const ahead = <i32>(stampOf(word) - lap);
    if (ahead == EMPTY && (before & LINKED) == 0) {
      if (load32(ring + RING_CLOSED) != 0) return CLOSED;
      if (isMany) count = countOf(slot, stride, lap, min(limit, capacity - index));
      if (isMany && count > 1) {
        if (cas64(slot, word, wordOf((lap + BUSY) | LINKED, count)) == word) {
          fill(slot, from, count, lap + FULL, isWide);
          break;
        }
      } else if (isWide) {
        if (cas64(slot, word, wordOf(lap + BUSY, 0)) == word) {
          // Plain: BUSY keeps everyone else out, and the store of FULL publishes it.
          copy(slot + 8, from, stride);
          store64(slot, wordOf(lap + FULL, 0));
          break;
        }
      } else if (cas64(slot, word, wordOf(lap + FULL, isMany ? load<u32>(from) : payload)) == word) {
        break;
      }
    } else if (ahead == SEALED) {
      return CLOSED;
    } else if (ahead == BUSY - <i32>LAP && (<u32>word & TAKEN) != 0) {
      // About to be empty; and those behind it may be already, so this is not full.
      round = relax(slot + 4, upperOf(word), round);
    } else if (ahead < 0) {
      // The value of the lap before is still here: full.
      return load32(ring + RING_CLOSED) != 0 ? CLOSED : NOTHING;
    } else if (ahead == BUSY && (upperOf(word) & LINKED) != 0) {
      // A batch is at work here: the tail is behind it, or later.
      index += <u32>word & ~TAKEN;
      if (index == capacity) index = 0;
      known = lap + FULL;
      isKnown = true;
    } else {
      index = index + 1 == capacity ? 0 : index + 1;
    }
  }
  index += count;
  store<u32>(ring + RING_TAIL, index == capacity ? 0 : index); // Plain: a hint (I4).
  return count;
}

/**
 * Takes elements from the head: one; or, if `isMany`, up to `limit` ≤ BATCH of no more than 8 bytes each, as many as stand
 * side by side, to `into`. The caller wakes senders afterwards.
 *
 * - Progress: lock-free, but for elements that are being written: their writer cannot die (law 10) and needs a few more
 *   stores.
 * - Linearization: the swap of the slot (a batch: for each of its elements in order); for an empty ring the load that
 *   showed it; for a closed one the seal.
 * - Order: slot before, slot, payload, swap (I3). The payload is read before the swap: afterwards it is the producers'.
 * - Model: `ring_model_test.ts`.
 *
 * @returns the payload (0 … 2^32 − 1), if `isMany` the count; or, negative, a `RING_…` code
 */
// @ts-ignore: decorator
@inline
function take(ring: usize, into: usize, isWide: bool, isMany: bool, limit: u32): f64 {
  const capacity = load<u32>(ring + RING_CAPACITY);
  const stride: u32 = isWide ? load<u32>(ring + RING_STRIDE) : 8;
  const slots = ring + RING_SLOTS;
  let index = load<u32>(ring + RING_HEAD); // Plain: a hint (I4).
  let payload: u32 = 0;
  let count: u32 = 1;
  let round = 0;
  // What the slot before would say, when a batch has been jumped over whose last slot does not say it yet.
  let known: u32 = 0;
  let isKnown = false;
  for (;;) {
    const before = isKnown
      ? known
      : upperOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    isKnown = false;
    const slot = slots + <usize>index * stride;
    const word = load64(slot);
    const lap = headLap(before, index);
    const ahead = <i32>(stampOf(word) - lap);
    if (ahead == FULL && (before & LINKED) == 0) {
      payload = <u32>word;
      if (isMany) count = countOf(slot, stride, lap + FULL, min(limit, capacity - index));
      if (isMany && count > 1) {
        if (cas64(slot, word, wordOf((lap + BUSY) | LINKED, count | TAKEN)) == word) {
          drain(slot, into, count, lap + LAP, payload, isWide);
          break;
        }
      } else {
        // Plain: if a producer writes here meanwhile, the stamp has moved, the swap fails, and what was copied is discarded.
        if (isWide) copy(into, slot + 8, stride);
        if (cas64(slot, word, wordOf(lap + LAP, 0)) == word) {
          if (isMany && !isWide) store<u32>(into, payload); // Plain: the caller's own memory.
          break;
        }
      }
    } else if (ahead <= <i32>EMPTY && (before & LINKED) == 0) {
      if (load32(ring + RING_CLOSED) == 0) return -<f64>RING_WOULD_BLOCK;
      // A batch of the lap before is still being taken here; then there will be a slot to seal.
      if (ahead < 0) {
        round = relax(slot + 4, upperOf(word), round);
        continue;
      }
      // Closed says only who has made sure that nothing comes after (I5).
      if (cas64(slot, word, wordOf(lap + SEALED, 0)) == word) return -<f64>RING_IS_CLOSED;
    } else if (ahead == SEALED) {
      return -<f64>RING_IS_CLOSED;
    } else if (ahead == BUSY && (<u32>word & TAKEN) != 0) {
      // A batch is being taken here: the head is behind it, or later.
      index += <u32>word & ~TAKEN;
      if (index == capacity) index = 0;
      known = lap + LAP;
      isKnown = true;
    } else if (ahead == BUSY && (before & LINKED) == 0) {
      round = relax(slot + 4, upperOf(word), round);
    } else {
      index = index + 1 == capacity ? 0 : index + 1;
    }
  }
  index += count;
  store<u32>(ring + RING_HEAD, index == capacity ? 0 : index); // Plain: a hint (I4).
  return isMany ? <f64>count : <f64>payload;
}

/** Tells a receiver after a `put`. Order: the slot, then the count (law 3). Returns the `RING_…` code of the send. */
// @ts-ignore: decorator
@inline
function afterPut(ring: usize, count: i32, self: usize): i32 {
  if (count <= 0) return count == NOTHING ? RING_WOULD_BLOCK : RING_IS_CLOSED;
  // Fast path: no receiver waits.
  if (load32(ring + RING_RECEIVERS + QUEUE_COUNT) == 0) return RING_OK;
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
  return afterPut(ring, put(ring, payload, 0, false, false, 1), self);
}

/** Sends the wide element at `from`; a `RING_…` code. See `put`. */
export function ringSendWide(ring: usize, from: usize, self: usize): i32 {
  if (!maySend(ring)) return RING_WOULD_BLOCK;
  return afterPut(ring, put(ring, 0, from, true, false, 1), self);
}

/** Receives a narrow element. See `take` and `afterTake`. */
export function ringReceive(ring: usize, self: usize): f64 {
  if (!mayReceive(ring)) return -<f64>RING_WOULD_BLOCK;
  return afterTake(ring, take(ring, 0, false, false, 1), self);
}

/** Receives a wide element to `into`, whose bytes are undefined if that fails. See `take` and `afterTake`. */
export function ringReceiveWide(ring: usize, into: usize, self: usize): f64 {
  if (!mayReceive(ring)) return -<f64>RING_WOULD_BLOCK;
  return afterTake(ring, take(ring, into, true, false, 1), self);
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
  let step: i32 = NOTHING;
  if (!maySend(ring)) return -<f64>RING_WOULD_BLOCK;
  while (sent < count) {
    const left = min(count - sent, BATCH);
    if (bytes == 0) step = put(ring, 0, from + (<usize>sent << 2), false, true, left);
    else if (bytes == 8) step = put(ring, 0, from + (<usize>sent << 3), true, true, left);
    else step = put(ring, 0, from + <usize>sent * bytes, true, false, 1);
    if (step <= 0) break;
    sent += step;
  }
  if (sent == 0 && count != 0) return step == NOTHING ? -<f64>RING_WOULD_BLOCK : -<f64>RING_IS_CLOSED;
  return tellMany(ring, ring + RING_RECEIVERS, sent, self);
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
    const left = min(count - received, BATCH);
    if (bytes == 0) result = take(ring, into + (<usize>received << 2), false, true, left);
    else if (bytes == 8) result = take(ring, into + (<usize>received << 3), true, true, left);
    else if ((result = take(ring, into + <usize>received * bytes, true, false, 1)) >= 0) result = 1;
    if (result < 0) break;
    received += <u32>result;
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
    const word = load64(slot);
    const ahead = <i32>(stampOf(word) - empty);
    // Sealed by a receiver; or full, and then producers find the flag.
    if (ahead == SEALED || ahead < 0) break;
    if (ahead == EMPTY && cas64(slot, word, wordOf(empty + SEALED, 0)) == word) break;
  }
  const receivers = wakeToEnd(ring + RING_RECEIVERS, self);
  const senders = wakeToEnd(ring + RING_SENDERS, self);
  return receivers == WOKE_SELF || senders == WOKE_SELF ? RING_OK_SELF : RING_OK;
}

/**
 * Fires everyone who waits in `queue` of a closed ring, and who enters it meanwhile. Those who were woken in vain come back to its head:
 * of a number that was counted before, so many would be left at its end.
 *
 * - Progress: blocking on the queue's lock. Nobody enters again who has looked at the ring since it was closed, so it ends.
 * - Model: `hungry_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
function wakeToEnd(queue: usize, self: usize): i32 {
  let result = WOKE_NONE;
  for (let woke = queueWake(queue, self); woke != WOKE_NONE; woke = queueWake(queue, self)) {
    result = max(result, woke);
  }
  return result;
}

/** Where the tail was at some moment of the call: stamp EMPTY(L) in the high half, index in the low. Walks as `put` does. */
export function tailPosition(ring: usize): u64 {
  const capacity = load<u32>(ring + RING_CAPACITY);
  const stride = load<u32>(ring + RING_STRIDE);
  const slots = ring + RING_SLOTS;
  let index = load<u32>(ring + RING_TAIL);
  let lap: u32;
  let known: u32 = 0;
  let isKnown = false;
  for (;;) {
    const before = isKnown
      ? known
      : upperOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    isKnown = false;
    lap = tailLap(before, index);
    const word = load64(slots + <usize>index * stride);
    const ahead = <i32>(stampOf(word) - lap);
    if (ahead < <i32>BUSY && (before & LINKED) == 0) break;
    if (ahead == BUSY && (upperOf(word) & LINKED) != 0) {
      index += <u32>word & ~TAKEN;
      if (index == capacity) index = 0;
      known = lap + FULL;
      isKnown = true;
    } else {
      index = index + 1 == capacity ? 0 : index + 1;
    }
  }
  return wordOf(lap, index);
}

/** Where the head was at some moment of the call, in the same form. Walks as `take` does. */
export function headPosition(ring: usize): u64 {
  const capacity = load<u32>(ring + RING_CAPACITY);
  const stride = load<u32>(ring + RING_STRIDE);
  const slots = ring + RING_SLOTS;
  let index = load<u32>(ring + RING_HEAD);
  let lap: u32;
  let known: u32 = 0;
  let isKnown = false;
  for (;;) {
    const before = isKnown
      ? known
      : upperOf(load64(slots + <usize>(index == 0 ? capacity - 1 : index - 1) * stride));
    isKnown = false;
    lap = headLap(before, index);
    const word = load64(slots + <usize>index * stride);
    const ahead = <i32>(stampOf(word) - lap);
    const isTaken = ahead == BUSY && (<u32>word & TAKEN) != 0;
    if (ahead <= <i32>FULL && (before & LINKED) == 0 && !isTaken) break;
    if (isTaken) {
      index += <u32>word & ~TAKEN;
      if (index == capacity) index = 0;
      known = lap + LAP;
      isKnown = true;
    } else {
      index = index + 1 == capacity ? 0 : index + 1;
    }
  }
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
    const laps = <i32>(stampOf(tail) - stampOf(head)) >> 3;
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
  // Anything but EMPTY in the head's own lap, BUSY too: its value is a few stores away.
  return stampOf(load64(slot)) != stampOf(head);
}

/** Reports whether a send would not have to wait: room, or the ring is closed. */
export function ringCanSend(ring: usize): bool {
  if (load32(ring + RING_CLOSED) != 0) return true;
  const tail = tailPosition(ring);
  const slot = ring + RING_SLOTS + <usize>(<u32>tail) * load<u32>(ring + RING_STRIDE);
  const word = load64(slot);
  const ahead = <i32>(stampOf(word) - stampOf(tail));
  return ahead >= <i32>EMPTY || (ahead == BUSY - <i32>LAP && (<u32>word & TAKEN) != 0);
}
