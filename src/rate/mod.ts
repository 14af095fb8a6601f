/**
 * Rate limits across threads: how often something may happen.
 *
 * | class                      | how                                            | bursts                             |
 * | -------------------------- | ---------------------------------------------- | ---------------------------------- |
 * | {@linkcode Limiter}        | token bucket, as Go's `golang.org/x/time/rate` | up to its own size                 |
 * | {@linkcode FixedWindow}    | counts events in windows of time               | twice the count, around a boundary |
 * | {@linkcode SlidingLog}     | remembers the last events                      | up to the count                    |
 * | {@linkcode LeakyBucket}    | lets events out at a fixed pace                | as a queue, none                   |
 * | {@linkcode MultiLimiter}   | several of these as one                        | the least of theirs                |
 *
 * Each is the same limiter on every thread that it is passed to. Limits are events a second, delays and windows milliseconds. A bad
 * argument and the use of a disposed handle are thrown by the call itself, by `wait` too.
 *
 * @example
 * ```ts
 * import { Limiter } from "@millrace/millrace/rate";
 *
 * const limiter = new Limiter(200, 2); // two at once, then one every 5 ms
 * const start = performance.now();
 * for (let request = 0; request < 4; request++) await limiter.wait();
 * console.log(performance.now() - start >= 9); // true
 * ```
 *
 * @module
 */
export { FixedWindow, fixedWindowOf } from "./fixed_window.ts";
export { LeakyBucket, leakyBucketOf } from "./leaky_bucket.ts";
export { every, per } from "./limit.ts";
export { Limiter, limiterOf } from "./limiter.ts";
export { MultiLimiter, multiLimiterOf } from "./multi_limiter.ts";
export type { RateLimiter, Reservation } from "./rate_limiter.ts";
export { SlidingLog, slidingLogOf } from "./sliding_log.ts";
export { SharedMemoryExhaustedError } from "../errors.ts";
export type { ElementType } from "../memory/element.ts";
export type { HandleElement } from "../memory/handle_type.ts";
export type { WaitOptions } from "../select/types.ts";
