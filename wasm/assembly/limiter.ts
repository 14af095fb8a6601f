/**
 * Limiters that are buckets: the token bucket and the leaky bucket.
 *
 * Algorithm: golang.org/x/time/rate. A bucket holds up to `burst` tokens and gains `limit` of them a second; an event takes one
 * out, or more. Tokens may go below 0: whoever takes them then waits until that would be 0 again. So a turn is computed once, at the
 * call, nobody has to be woken, and turns come in the order of the calls.
 *
 * A leaky bucket is the same bucket, looked at from above: what the one lacks to be full is the water in the other. As a meter it
 * lets an event through if its drop still fits. As a queue it lets it through once all water before it has run out.
 *
 * | word           | meaning                                                                                     |
 * | -------------- | ------------------------------------------------------------------------------------------- |
 * | LIMITER_LIMIT  | tokens a second, 0 … Infinity                                                               |
 * | LIMITER_BURST  | the most that it holds                                                                      |
 * | LIMITER_LAST   | the latest instant of any call that changed something                                       |
 * | BUCKET_TOKENS  | tokens at that instant                                                                      |
 * | LIMITER_EVENT  | the turn given last: from it follows what has been promised since an earlier one            |
 *
 * Invariants
 * - I1 All of these change together, under LIMITER_LOCK, in a section without a call or a loop (law 10): no thread dies within.
 * - I2 LIMITER_LAST only grows. Threads' clocks differ a little, and time that one of them has seen must not count twice: an
 *   earlier instant counts as the latest.
 * - I3 Tokens never exceed the burst when they are used; over any time no more turns are given than the burst and what was gained.
 * - I4 What is given back is at most what was taken, less what turns given since then were promised, and cannot exceed the burst.
 *
 * Deviations from x/time/rate: I2 (there all callers have one clock); the turn before the last is remembered and not computed,
 * so that giving back in reverse order is exact; after a change of the limit no more is given back than was taken; with a limit of 0
 * what is not there now is refused, where Go promises it for the year 2262.
 *
 * Times are milliseconds. Delays are rounded to whole nanoseconds, the units of Go's durations: the rounding errors of f64 are far
 * smaller, so a token that is due now is there now.
 *
 * Rejected: one word that holds the theoretical arrival time (GCRA), changed by compare-and-swap. It says when the next token is due; limit
 * and burst, which `setLimit` and `setBurst` change, and the last turn, which giving back needs, would be words of their own, and
 * who read them apart could combine an old limit with a new time. Rejected: versions of the state in blocks, swapped by their
 * address: an allocation for each call, and blocks that others still read.
 */
import { acquire, release } from "./lock";
import { objectNew } from "./object";
import {
  BUCKET_TOKENS,
  LIMITER_BASE,
  LIMITER_BURST,
  LIMITER_EVENT,
  LIMITER_LAST,
  LIMITER_LIMIT,
  LIMITER_LOCK,
  LIMITER_SIZE,
  LIMITER_TYPE,
  TURN_AT,
  TURN_FIRST,
  TURN_GIVEN,
  TURN_NEVER,
  TURN_REFUSED,
  TURN_SECOND,
  TURN_THIRD,
} from "./layout";

/** Nanoseconds in a millisecond. */
const NANOSECONDS: f64 = 1e6;

/** A duration in whole nanoseconds. */
// @ts-ignore: decorator
@inline
export function whole(ms: f64): f64 {
  return nearest<f64>(ms * NANOSECONDS) / NANOSECONDS;
}

/** The instant of a call that its thread's clock sets at `now` (I2). Under the lock. */
// @ts-ignore: decorator
@inline
export function instant(limiter: usize, now: f64): f64 {
  return max<f64>(now, load<f64>(limiter + LIMITER_LAST));
}

/** Tokens gained in `ms` milliseconds; none in less than 0. */
// @ts-ignore: decorator
@inline
function gained(limit: f64, ms: f64): f64 {
  return ms > 0 ? ms * limit / 1000 : 0;
}

/** Milliseconds in which `tokens` are gained; Infinity if that never comes. */
// @ts-ignore: decorator
@inline
function timeFor(limit: f64, tokens: f64): f64 {
  return tokens > 0 ? whole(tokens * 1000 / limit) : 0;
}

/** Tokens in the bucket at the instant `at`. Under the lock. */
// @ts-ignore: decorator
@inline
function tokensAt(limiter: usize, at: f64): f64 {
  const since = at - load<f64>(limiter + LIMITER_LAST);
  const tokens = load<f64>(limiter + BUCKET_TOKENS) + gained(load<f64>(limiter + LIMITER_LIMIT), since);
  return min<f64>(tokens, load<f64>(limiter + LIMITER_BURST));
}

/** Makes a limiter of `kind` and `type`, `byteLength` bytes in all, that has given no turn; 0 when memory is exhausted. */
export function limiterNew(
  kind: u32,
  type: u32,
  byteLength: u32,
  base: f64,
  limit: f64,
  burst: f64,
  now: f64,
): usize {
  const limiter = objectNew(kind, byteLength);
  if (limiter == 0) return 0;
  // Plain: ours until a handle to it is given away.
  store<u32>(limiter + LIMITER_TYPE, type);
  store<f64>(limiter + LIMITER_BASE, base);
  store<f64>(limiter + LIMITER_LIMIT, limit);
  store<f64>(limiter + LIMITER_BURST, burst);
  store<f64>(limiter + LIMITER_LAST, now);
  store<f64>(limiter + LIMITER_EVENT, -Infinity);
  return limiter;
}

/** Makes a full token bucket, or an empty leaky one; 0 when memory is exhausted. */
export function bucketNew(kind: u32, type: u32, base: f64, limit: f64, burst: f64, now: f64): usize {
  const bucket = limiterNew(kind, type, <u32>LIMITER_SIZE, base, limit, burst, now);
  // Plain: ours until a handle to it is given away.
  if (bucket != 0) store<f64>(bucket + BUCKET_TOKENS, burst);
  return bucket;
}

/** Events a second. Progress: blocking on the lock. */
export function limiterLimit(limiter: usize): f64 {
  acquire(limiter + LIMITER_LOCK);
  const limit = load<f64>(limiter + LIMITER_LIMIT);
  release(limiter + LIMITER_LOCK);
  return limit;
}

/** The most tokens that a bucket holds. Progress: blocking on the lock. */
export function limiterBurst(limiter: usize): f64 {
  acquire(limiter + LIMITER_LOCK);
  const burst = load<f64>(limiter + LIMITER_BURST);
  release(limiter + LIMITER_LOCK);
  return burst;
}

/**
 * Takes `n` tokens out, if they are there within `maxWait` milliseconds, and writes the turn to `into`: when it is, then the limit, the
 * turn before, and the burst; the last also when it is refused.
 *
 * - Progress: blocking on the lock; the holder is never terminated (law 10).
 * - Linearization: the release. Order: what was gained before what is taken, and both in one section, or two could take one token.
 * - Model: `limiter_model_test.ts`.
 *
 * @returns a `TURN_…` code
 */
export function bucketReserve(bucket: usize, n: f64, now: f64, maxWait: f64, into: usize): i32 {
  acquire(bucket + LIMITER_LOCK);
  const limit = load<f64>(bucket + LIMITER_LIMIT);
  const burst = load<f64>(bucket + LIMITER_BURST);
  const event = load<f64>(bucket + LIMITER_EVENT);
  const at = instant(bucket, now);
  const tokens = tokensAt(bucket, at) - n;
  const isFree = limit == Infinity;
  const wait: f64 = isFree ? 0 : timeFor(limit, -tokens);
  // There now is there by the caller's own clock.
  const turn = wait == 0 ? now : at + wait;
  let result = TURN_REFUSED;
  if (isFree) {
    result = TURN_GIVEN;
  } else if (n <= burst) {
    if (wait == Infinity) {
      result = TURN_NEVER;
    } else if (wait <= maxWait) {
      result = TURN_GIVEN;
      store<f64>(bucket + LIMITER_LAST, at);
      store<f64>(bucket + BUCKET_TOKENS, tokens);
      store<f64>(bucket + LIMITER_EVENT, turn);
    }
  }
  release(bucket + LIMITER_LOCK);
  writeTurn(into, turn, limit, event, burst);
  return result;
}

/**
 * Lets a drop into a leaky bucket, if it fits, and writes to `into` when it leaves: once all before it has run out. Otherwise
 * as {@link bucketReserve}.
 *
 * A meter asks whether it fits and lets its event happen now; its drop leaves when a queue's would. So both count alike, and either
 * can be taken out again.
 *
 * @returns a `TURN_…` code: refused when the bucket is full; never, to a queue, when nothing leaks
 */
export function leakyReserve(bucket: usize, now: f64, isMeter: bool, into: usize): i32 {
  acquire(bucket + LIMITER_LOCK);
  const limit = load<f64>(bucket + LIMITER_LIMIT);
  const burst = load<f64>(bucket + LIMITER_BURST);
  const event = load<f64>(bucket + LIMITER_EVENT);
  const at = instant(bucket, now);
  const tokens = tokensAt(bucket, at);
  const isFree = limit == Infinity;
  const wait: f64 = isFree ? 0 : timeFor(limit, burst - tokens);
  const isStuck = wait == Infinity;
  const turn = wait == 0 || isStuck ? now : at + wait;
  let result = TURN_REFUSED;
  if (isFree) {
    result = TURN_GIVEN;
  } else if (timeFor(limit, 1 - tokens) == 0) {
    if (isStuck && !isMeter) {
      result = TURN_NEVER;
    } else {
      result = TURN_GIVEN;
      store<f64>(bucket + LIMITER_LAST, at);
      store<f64>(bucket + BUCKET_TOKENS, tokens - 1);
      store<f64>(bucket + LIMITER_EVENT, turn);
    }
  }
  release(bucket + LIMITER_LOCK);
  writeTurn(into, turn, limit, event, burst);
  return result;
}

/** Writes a turn to memory of the caller's own. */
// @ts-ignore: decorator
@inline
export function writeTurn(into: usize, at: f64, first: f64, second: f64, third: f64): void {
  store<f64>(into + TURN_AT, at);
  store<f64>(into + TURN_FIRST, first);
  store<f64>(into + TURN_SECOND, second);
  store<f64>(into + TURN_THIRD, third);
}

/**
 * Gives back what a turn has taken (x/time/rate: `CancelAt`): its `n` tokens less those that turns given since have been
 * promised, which are as many as are gained from the one turn to the latest (I4). The turn has not been used.
 *
 * - Linearization: the release. Model: `limiter_model_test.ts`.
 *
 * @param limit The limit when it was given.
 * @param previous The turn that was the latest before.
 */
export function bucketCancel(bucket: usize, n: f64, turn: f64, limit: f64, previous: f64, now: f64): void {
  acquire(bucket + LIMITER_LOCK);
  const event = load<f64>(bucket + LIMITER_EVENT);
  const restored = n - gained(limit, event - turn);
  // A bucket without a limit has taken nothing, and needs nothing.
  if (limit != Infinity && load<f64>(bucket + LIMITER_LIMIT) != Infinity && restored > 0) {
    const at = instant(bucket, now);
    const tokens = min<f64>(tokensAt(bucket, at) + restored, load<f64>(bucket + LIMITER_BURST));
    store<f64>(bucket + LIMITER_LAST, at);
    store<f64>(bucket + BUCKET_TOKENS, tokens);
    if (event == turn && previous >= at) store<f64>(bucket + LIMITER_EVENT, previous);
  }
  release(bucket + LIMITER_LOCK);
}

/** Sets the limit; what has been gained so far was gained by the old one. Turns that have been given stay. */
export function bucketSetLimit(bucket: usize, limit: f64, now: f64): void {
  acquire(bucket + LIMITER_LOCK);
  const at = instant(bucket, now);
  const tokens = tokensAt(bucket, at);
  store<f64>(bucket + LIMITER_LAST, at);
  store<f64>(bucket + BUCKET_TOKENS, tokens);
  store<f64>(bucket + LIMITER_LIMIT, limit);
  release(bucket + LIMITER_LOCK);
}

/** Sets the burst; what does not fit any more is lost. Turns that have been given stay. */
export function bucketSetBurst(bucket: usize, burst: f64, now: f64): void {
  acquire(bucket + LIMITER_LOCK);
  const at = instant(bucket, now);
  const tokens = tokensAt(bucket, at);
  store<f64>(bucket + LIMITER_LAST, at);
  store<f64>(bucket + BUCKET_TOKENS, tokens);
  store<f64>(bucket + LIMITER_BURST, burst);
  release(bucket + LIMITER_LOCK);
}
