/**
 * The spin lock of wait queues and of the injector.
 *
 * | word | meaning |
 * | ---- | ------- |
 * | 0    | free    |
 * | 1    | held    |
 *
 * Law 10: between `acquire` and `release` stands neither a call nor a loop. A thread can be terminated at a
 * loop's back edge and at a function's entry and nowhere else, so none dies while it holds a lock, and a
 * lock is held for some tens of instructions. The operating system may still take the processor from a
 * holder: who has spun for `SPIN_LIMIT` rounds therefore sleeps for a moment, where its agent may.
 *
 * Rejected: a queued lock (MCS) — fair, but a hand-over to a thread that is not running costs a time
 * slice, and the sections are far too short for unfairness to show.
 */
import { cas32, load32, store32, wait32 } from "./atomics";

// @ts-ignore: decorator
@external("env", "spinLimit")
/** Rounds to spin before sleeping; 0 on one core. Constant for an agent. */
declare const SPIN_LIMIT: i32;
// @ts-ignore: decorator
@external("env", "canBlock")
/** 1 where the agent may sleep in `wait32`, 0 on a browser's main thread. Constant for an agent. */
declare const CAN_BLOCK: i32;

/** How long to sleep between two looks at a word that somebody is about to change. */
const NAP_MS: f64 = 0.02;

/**
 * Acquires the lock at `ptr`.
 *
 * - Progress: blocking; the holder is never terminated (law 10).
 * - Linearization: the successful compare-and-swap.
 * - Model: `queue_model_test.ts`.
 */
// @ts-ignore: decorator
@inline
export function acquire(ptr: usize): void {
  // Fast path: nobody holds it.
  if (cas32(ptr, 0, 1) != 0) acquireSlow(ptr);
}

function acquireSlow(ptr: usize): void {
  let round = 0;
  do {
    // Look before the next swap: a load keeps the line shared, a failing swap would fight the holder for it.
    while (load32(ptr) != 0) round = relax(ptr, 1, round);
  } while (cas32(ptr, 0, 1) != 0);
}

/** Releases the lock at `ptr`; the caller holds it. */
// @ts-ignore: decorator
@inline
export function release(ptr: usize): void {
  store32(ptr, 0);
}

/**
 * One round of waiting for the word at `ptr` to become something else than `seen`.
 *
 * @returns the next round's number
 */
export function relax(ptr: usize, seen: u32, round: i32): i32 {
  if (round >= SPIN_LIMIT && CAN_BLOCK) wait32(ptr, seen, NAP_MS);
  return round + 1;
}
