/**
 * The queue of a ranked pool: the tasks with most weight first, of equal ones the oldest.
 *
 * A binary heap (Williams, "Algorithm 232: Heapsort", 1964) under the lock of the injector. Between `acquire` and `release`
 * stands no loop (law 10), or a thread that is terminated there would hold the lock for ever and leave the heap in disorder. So what
 * climbs or sinks does so by `RANKED_LEVELS` steps written one after the other, each of which does nothing once the place
 * is found; and a heap that is full is replaced by one that was allocated before the lock was taken.
 *
 * | byte  | word             | written by | meaning                                     |
 * | ----- | ---------------- | ---------- | ------------------------------------------- |
 * | 0     | RANKED_CAPACITY  | once       | entries that there is room for, 2^n − 1     |
 * | 16i   | RANKED_WEIGHT    | the lock   | the task's weight                           |
 * | 16i+8 | RANKED_SEQUENCE  | the lock   | its place among its equals                  |
 * | 16i+12| RANKED_TASK      | the lock   | the task                                    |
 *
 * Invariants, whenever the lock is free
 * - I1 No entry i > 1 comes before entry i ÷ 2.
 * - I2 TASK_PLACE of a task in the heap is its entry, of any other 0.
 * - I3 POOL_RANKED_COUNT ≤ capacity ≤ RANKED_MOST < 2^RANKED_LEVELS, so that a place is found within as many steps.
 *
 * Rejected: buckets by the logarithm of the weight, which take one step but run a task of 5 before one of 7; a lock-free
 * skip list, whose nodes somebody would have to reclaim; a heap of the owner's in JavaScript, which stands still while the owner's
 * thread computes.
 */
import { load32, store32 } from "./atomics";
import { allocate, free } from "./heap";
import { acquire, release } from "./lock";
import { taskCount } from "./task";
import {
  POOL_COUNT,
  POOL_LOCK,
  POOL_RANKED,
  POOL_RANKED_COUNT,
  POOL_RANKED_SEQUENCE,
  RANKED_CAPACITY,
  RANKED_ENTRY_SIZE,
  RANKED_INITIAL,
  RANKED_MOST,
  RANKED_SEQUENCE,
  RANKED_TASK,
  RANKED_WEIGHT,
  TASK_PLACE,
  TASK_WEIGHT,
} from "./layout";

// @ts-ignore: decorator
@inline
function entryPtr(heap: usize, index: u32): usize {
  return heap + <usize>index * RANKED_ENTRY_SIZE;
}

// @ts-ignore: decorator
@inline
function weightAt(heap: usize, index: u32): f64 {
  return load<f64>(entryPtr(heap, index) + RANKED_WEIGHT);
}

// @ts-ignore: decorator
@inline
function sequenceAt(heap: usize, index: u32): u32 {
  return load<u32>(entryPtr(heap, index) + RANKED_SEQUENCE);
}

// @ts-ignore: decorator
@inline
function taskAt(heap: usize, index: u32): u32 {
  return load<u32>(entryPtr(heap, index) + RANKED_TASK);
}

/** Reports whether a task of this weight and sequence comes before another. Sequences wrap. */
// @ts-ignore: decorator
@inline
function isBefore(weight: f64, sequence: u32, otherWeight: f64, otherSequence: u32): bool {
  return weight > otherWeight || (weight == otherWeight && <i32>(sequence - otherSequence) < 0);
}

/** Puts an entry at `index`. */
// @ts-ignore: decorator
@inline
function putEntry(heap: usize, index: u32, weight: f64, sequence: u32, task: u32): void {
  const entry = entryPtr(heap, index);
  store<f64>(entry + RANKED_WEIGHT, weight);
  store<u32>(entry + RANKED_SEQUENCE, sequence);
  store<u32>(entry + RANKED_TASK, task);
  store<u32>(<usize>task + TASK_PLACE, index);
}

/** Moves entry `from` into the hole at `to`; returns where the hole is now. */
// @ts-ignore: decorator
@inline
function moveEntry(heap: usize, from: u32, to: u32): u32 {
  putEntry(heap, to, weightAt(heap, from), sequenceAt(heap, from), taskAt(heap, from));
  return from;
}

/** One step of the hole towards the root: what stands above it comes down if the new one goes before it. */
// @ts-ignore: decorator
@inline
function climb(heap: usize, hole: u32, weight: f64, sequence: u32): u32 {
  const parent = hole >> 1;
  if (parent == 0) return hole;
  return isBefore(weight, sequence, weightAt(heap, parent), sequenceAt(heap, parent)) ? moveEntry(heap, parent, hole) : hole;
}

/** One step of the hole towards the leaves: the foremost child comes up if it goes before the moved one. */
// @ts-ignore: decorator
@inline
function sink(heap: usize, count: u32, hole: u32, weight: f64, sequence: u32): u32 {
  let child = hole << 1;
  if (child > count) return hole;
  const other = child + 1;
  if (other <= count && isBefore(weightAt(heap, other), sequenceAt(heap, other), weightAt(heap, child), sequenceAt(heap, child))) {
    child = other;
  }
  return isBefore(weightAt(heap, child), sequenceAt(heap, child), weight, sequence) ? moveEntry(heap, child, hole) : hole;
}

/** Four steps. */
// @ts-ignore: decorator
@inline
function climb4(heap: usize, hole: u32, weight: f64, sequence: u32): u32 {
  hole = climb(heap, hole, weight, sequence);
  hole = climb(heap, hole, weight, sequence);
  hole = climb(heap, hole, weight, sequence);
  return climb(heap, hole, weight, sequence);
}

/** Four steps. */
// @ts-ignore: decorator
@inline
function sink4(heap: usize, count: u32, hole: u32, weight: f64, sequence: u32): u32 {
  hole = sink(heap, count, hole, weight, sequence);
  hole = sink(heap, count, hole, weight, sequence);
  hole = sink(heap, count, hole, weight, sequence);
  return sink(heap, count, hole, weight, sequence);
}

/** All the steps that there can be. */
// @ts-ignore: decorator
@inline
function climbAll(heap: usize, hole: u32, weight: f64, sequence: u32): u32 {
  hole = climb4(heap, hole, weight, sequence);
  hole = climb4(heap, hole, weight, sequence);
  hole = climb4(heap, hole, weight, sequence);
  hole = climb4(heap, hole, weight, sequence);
  hole = climb4(heap, hole, weight, sequence);
  return climb4(heap, hole, weight, sequence);
}

/** All the steps that there can be. */
// @ts-ignore: decorator
@inline
function sinkAll(heap: usize, count: u32, hole: u32, weight: f64, sequence: u32): u32 {
  hole = sink4(heap, count, hole, weight, sequence);
  hole = sink4(heap, count, hole, weight, sequence);
  hole = sink4(heap, count, hole, weight, sequence);
  hole = sink4(heap, count, hole, weight, sequence);
  hole = sink4(heap, count, hole, weight, sequence);
  return sink4(heap, count, hole, weight, sequence);
}

/** Adds a task; the heap has room, and the lock is the caller's. */
// @ts-ignore: decorator
@inline
function insert(pool: usize, heap: usize, task: u32): void {
  const count = load<u32>(pool + POOL_RANKED_COUNT) + 1;
  const sequence = load<u32>(pool + POOL_RANKED_SEQUENCE);
  const weight = load<f64>(<usize>task + TASK_WEIGHT);
  putEntry(heap, climbAll(heap, count, weight, sequence), weight, sequence, task);
  store<u32>(pool + POOL_RANKED_COUNT, count);
  store<u32>(pool + POOL_RANKED_SEQUENCE, sequence + 1);
  store32(pool + POOL_COUNT, load<u32>(pool + POOL_COUNT) + 1);
}

/**
 * Removes the task of entry `index` from the heap; there is one, and the lock is the caller's. The last entry takes its place, and climbs or
 * sinks from there.
 *
 * @returns the task
 */
// @ts-ignore: decorator
@inline
export function rankedRemove(pool: usize, index: u32): u32 {
  const heap: usize = load<u32>(pool + POOL_RANKED);
  const last = load<u32>(pool + POOL_RANKED_COUNT);
  const task = taskAt(heap, index);
  const weight = weightAt(heap, last);
  const sequence = sequenceAt(heap, last);
  const moved = taskAt(heap, last);
  const hole = sinkAll(heap, last - 1, climbAll(heap, index, weight, sequence), weight, sequence);
  // Of the last entry itself nothing is left: what is written there lies beyond the end.
  putEntry(heap, hole, weight, sequence, moved);
  store<u32>(<usize>task + TASK_PLACE, 0);
  store<u32>(pool + POOL_RANKED_COUNT, last - 1);
  store32(pool + POOL_COUNT, load<u32>(pool + POOL_COUNT) - 1);
  return task;
}

/**
 * Adds `task`, which `worker` submits, to the queue of a ranked pool, and counts it.
 *
 * - Progress: blocking on the injector's lock.
 * - Order: counted and put in under one lock, see `taskCount`. A larger heap is allocated without the lock, and whether it is still wanted is looked at under it.
 * - Model: `ranking_model_test.ts`.
 *
 * @returns false when memory is exhausted, or the heap has all the entries that it may have; nothing has changed then
 */
export function rankedPush(pool: usize, worker: usize, task: u32): bool {
  let spare: usize = 0;
  let isIn = false;
  while (!isIn) {
    let capacity: u32 = 0;
    let outgrown: usize = 0;
    acquire(pool + POOL_LOCK);
    let heap: usize = load<u32>(pool + POOL_RANKED);
    if (heap != 0) capacity = load<u32>(heap + RANKED_CAPACITY);
    const count = load<u32>(pool + POOL_RANKED_COUNT);
    if (count == capacity && spare != 0 && load<u32>(spare + RANKED_CAPACITY) > capacity) {
      memory.copy(entryPtr(spare, 1), entryPtr(heap, 1), <usize>count * RANKED_ENTRY_SIZE);
      store<u32>(pool + POOL_RANKED, <u32>spare);
      outgrown = heap;
      capacity = load<u32>(spare + RANKED_CAPACITY);
      heap = spare;
    }
    if (count < capacity) {
      taskCount(worker);
      insert(pool, heap, task);
      isIn = true;
    }
    release(pool + POOL_LOCK);
    // Not in use: somebody else was faster.
    if (spare != 0 && spare != heap) free(spare);
    if (outgrown != 0) free(outgrown);
    if (!isIn) {
      spare = rankedNew(capacity);
      if (spare == 0) return false;
    }
  }
  return true;
}

/** Makes a heap that is larger than one with room for `capacity` entries; 0 when there is no memory, or that is the most. */
function rankedNew(capacity: u32): usize {
  if (capacity >= RANKED_MOST) return 0;
  const larger = capacity == 0 ? RANKED_INITIAL : (capacity << 1) | 1;
  const heap = allocate((larger + 1) * <u32>RANKED_ENTRY_SIZE);
  if (heap != 0) store<u32>(heap + RANKED_CAPACITY, larger); // Plain: ours until the lock publishes it.
  return heap;
}
