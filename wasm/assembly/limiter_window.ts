/**
 * Limiters that count events in windows: the fixed window and the sliding log.
 *
 * The words that all limiters have, and the rules for them, are at the head of `limiter.ts`: one lock, sections that no thread
 * dies in (I1), an instant that only grows (I2).
 *
 * Fixed window: time from WINDOW_START on is cut into windows, each of which has room for LIMITER_BURST turns. They are filled in order, so
 * two numbers say all: the window that the last turn is in, which lies ahead when all before it are full, and how many turns are in it.
 *
 * Sliding log: a ring of the last LIMITER_BURST turns, in the order of time. The next turn is a window after the oldest of them,
 * whose slot it takes, and never before the one given last. So any stretch of one window holds at most so many turns, and no call
 * looks at more than one slot.
 *
 * A turn that is given back from the window that was filled last, or the newest in the log, leaves everything as it was. Of the others:
 * a slot in an earlier window is lost; one in the middle of the log is free once its turn comes to be the oldest, since closing
 * the gap would be a loop under the lock (law 10). Neither ever lets more through than the limit.
 */
import {
  instant,
  limiterNew,
  whole,
  writeTurn,
} from "./limiter";
import { acquire, release } from "./lock";
import {
  LIMITER_BURST,
  LIMITER_EVENT,
  LIMITER_LAST,
  LIMITER_LOCK,
  LIMITER_LOG,
  LIMITER_SIZE,
  LIMITER_WINDOW,
  LOG_HEAD,
  LOG_NUMBER,
  LOG_STAMPS,
  TURN_GIVEN,
  TURN_REFUSED,
  WINDOW_INDEX,
  WINDOW_MS,
  WINDOW_START,
  WINDOW_USED,
} from "./layout";

/** Makes a fixed window of `kind`, the first of which starts at `now`; 0 when memory is exhausted. */
export function windowNew(kind: u32, base: f64, count: f64, ms: f64, now: f64): usize {
  const window = limiterNew(kind, LIMITER_WINDOW, <u32>LIMITER_SIZE, base, count * 1000 / ms, count, now);
  if (window == 0) return 0;
  // Plain: ours until a handle to it is given away. The other words are 0.
  store<f64>(window + WINDOW_MS, ms);
  store<f64>(window + WINDOW_START, now);
  return window;
}

/** Number of the window that the instant `at` is in. */
// @ts-ignore: decorator
@inline
function windowAt(window: usize, at: f64): f64 {
  // Plain: both are written once.
  return floor<f64>((at - load<f64>(window + WINDOW_START)) / load<f64>(window + WINDOW_MS));
}

/** Milliseconds from `at` to the start of the window `index`, 0 if that has started. */
// @ts-ignore: decorator
@inline
function timeTo(window: usize, index: f64, at: f64): f64 {
  return max<f64>(0, whole(load<f64>(window + WINDOW_START) + index * load<f64>(window + WINDOW_MS) - at));
}

/**
 * Takes a place in the first window that has one, if it starts within `maxWait` milliseconds, and writes the turn to `into`: when
 * it is, and the number of the window.
 *
 * - Progress: blocking on the lock; the holder is never terminated (law 10).
 * - Linearization: the release. Model: `limiter_model_test.ts`.
 *
 * @returns a `TURN_…` code
 */
export function windowReserve(window: usize, now: f64, maxWait: f64, into: usize): i32 {
  acquire(window + LIMITER_LOCK);
  const at = instant(window, now);
  const last = load<f64>(window + WINDOW_INDEX);
  const first = max<f64>(last, windowAt(window, at));
  const used: f64 = first == last ? load<f64>(window + WINDOW_USED) : 0;
  const isFull = used >= load<f64>(window + LIMITER_BURST);
  const index: f64 = isFull ? first + 1 : first;
  const wait = timeTo(window, index, at);
  const turn = wait == 0 ? now : at + wait;
  let result = TURN_REFUSED;
  if (wait <= maxWait) {
    result = TURN_GIVEN;
    store<f64>(window + LIMITER_LAST, at);
    store<f64>(window + WINDOW_INDEX, index);
    store<f64>(window + WINDOW_USED, isFull ? 1 : used + 1);
  }
  release(window + LIMITER_LOCK);
  writeTurn(into, turn, index, 0, 0);
  return result;
}

/**
 * Gives back a place in the window `index`. The turn has not been used. Is that window the last, and ahead, and now
 * empty, then the last is the one before it, which was full.
 *
 * - Linearization: the release. Model: `limiter_model_test.ts`.
 */
export function windowCancel(window: usize, index: f64, now: f64): void {
  acquire(window + LIMITER_LOCK);
  const used = load<f64>(window + WINDOW_USED);
  if (load<f64>(window + WINDOW_INDEX) == index) {
    const isEmpty = used == 1 && index > windowAt(window, instant(window, now));
    store<f64>(window + WINDOW_INDEX, isEmpty ? index - 1 : index);
    store<f64>(window + WINDOW_USED, isEmpty ? load<f64>(window + LIMITER_BURST) : used - 1);
  }
  release(window + LIMITER_LOCK);
}

/** Makes an empty log of `kind`; 0 when memory is exhausted. */
export function logNew(kind: u32, base: f64, count: u32, ms: f64, now: f64): usize {
  const byteLength = <u32>LOG_STAMPS + (count << 3);
  const log = limiterNew(kind, LIMITER_LOG, byteLength, base, <f64>count * 1000 / ms, count, now);
  if (log == 0) return 0;
  // Plain: ours until a handle to it is given away.
  store<f64>(log + WINDOW_MS, ms);
  for (let at = log + LOG_STAMPS; at < log + byteLength; at += 8) store<f64>(at, -Infinity);
  return log;
}

/** Address of a slot. */
// @ts-ignore: decorator
@inline
function slotAt(log: usize, index: u32): usize {
  return log + LOG_STAMPS + (<usize>index << 3);
}

/**
 * Takes the slot of the oldest turn, if the new one is within `maxWait` milliseconds, and writes that to `into`: when it is, what stood
 * in the slot, the turn before, and its number.
 *
 * - Progress: blocking on the lock; the holder is never terminated (law 10).
 * - Linearization: the release. Model: `limiter_model_test.ts`.
 *
 * @returns a `TURN_…` code
 */
export function logReserve(log: usize, now: f64, maxWait: f64, into: usize): i32 {
  acquire(log + LIMITER_LOCK);
  const at = instant(log, now);
  const event = load<f64>(log + LIMITER_EVENT);
  const head = load<u32>(log + LOG_HEAD);
  const number = load<u32>(log + LOG_NUMBER) + 1;
  const slot = slotAt(log, head);
  const oldest = load<f64>(slot);
  const wait = max<f64>(0, whole(max<f64>(event, oldest + load<f64>(log + WINDOW_MS)) - at));
  const turn = wait == 0 ? now : at + wait;
  let result = TURN_REFUSED;
  if (wait <= maxWait) {
    result = TURN_GIVEN;
    store<f64>(log + LIMITER_LAST, at);
    store<f64>(log + LIMITER_EVENT, at + wait);
    store<f64>(slot, at + wait);
    store<u32>(log + LOG_HEAD, head + 1 == <u32>load<f64>(log + LIMITER_BURST) ? 0 : head + 1);
    store<u32>(log + LOG_NUMBER, number);
  }
  release(log + LIMITER_LOCK);
  writeTurn(into, turn, oldest, event, number);
  return result;
}

/**
 * Takes a turn out of the log, which has not been used. The newest leaves the log as it was before it; an earlier one leaves a free
 * slot, unless it has left the log already. Numbers are used again, but never while who had them can still give them back.
 *
 * - Linearization: the release. Model: `limiter_model_test.ts`.
 *
 * @param replaced What stood in its slot.
 * @param previous The turn before.
 */
export function logCancel(log: usize, replaced: f64, previous: f64, number: u32): void {
  acquire(log + LIMITER_LOCK);
  const count = <u32>load<f64>(log + LIMITER_BURST);
  const since = load<u32>(log + LOG_NUMBER) - number;
  if (since < count) {
    const head = load<u32>(log + LOG_HEAD);
    const index = head > since ? head - 1 - since : head + count - 1 - since;
    store<f64>(slotAt(log, index), since == 0 ? replaced : -Infinity);
    if (since == 0) {
      store<u32>(log + LOG_HEAD, index);
      store<u32>(log + LOG_NUMBER, number - 1);
      store<f64>(log + LIMITER_EVENT, previous);
    }
  }
  release(log + LIMITER_LOCK);
}
