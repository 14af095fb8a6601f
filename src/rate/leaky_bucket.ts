/**
 * Leaky buckets.
 *
 * @module
 */
import { checkInteger, checkSignal } from "../internal/check.ts";
import { shared } from "../memory/handle.ts";
import type { HandleElement } from "../memory/handle_type.ts";
import { LIMITER_LEAKY } from "../memory/layout.ts";
import type { WaitOptions } from "../select/types.ts";
import { DropBucket } from "./bucket.ts";
import { checkLimit } from "./limit.ts";
import { limitersOf, registerLimiter } from "./limiter_object.ts";
import type { RateLimiter } from "./rate_limiter.ts";
import { turns } from "./turn.ts";

/**
 * A bucket that holds `capacity` drops and leaks `limit` of them a second. Each event is a drop; one that does not fit is
 * refused.
 *
 * - As a meter, {@linkcode allow}: an event whose drop fits happens at once. So up to `capacity` may happen together.
 * - As a queue, {@linkcode wait}: an event happens once the drops before it have leaked. So events are `1 / limit` seconds apart, however
 *   they arrive; the first happens at once, and `capacity` are in the bucket at most.
 *
 * Both share the water: what one lets in, the other finds.
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * limiter there.
 *
 * @example
 * ```ts
 * import { LeakyBucket } from "@millrace/millrace/rate";
 *
 * const bucket = new LeakyBucket(100, 3);
 * const waits = [1, 2, 3, 4].map(() => bucket.wait().then(() => "leaves", () => "is refused"));
 * console.log((await Promise.all(waits)).join(", ")); // leaves, leaves, leaves, is refused
 * ```
 */
export class LeakyBucket implements RateLimiter, Disposable {
  readonly #bucket: DropBucket;

  /**
   * Makes an empty bucket.
   *
   * @param limit How many drops leak in a second: from 0 to `Infinity`.
   * @param capacity How many drops it holds: an integer from 1.
   * @throws {TypeError | RangeError} if one of them is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(limit: number, capacity: number);
  constructor(limit: number | DropBucket, capacity?: number) {
    this.#bucket = limit instanceof DropBucket ? limit : DropBucket.make(
      checkLimit(limit),
      checkInteger("the capacity of a leaky bucket", capacity, 1, Number.MAX_SAFE_INTEGER),
    );
    this.#bucket.attach(this);
  }

  /** What goes to another thread in this limiter's place. */
  get [shared](): number {
    return this.#checked().ptr;
  }

  /** What gives its turns. */
  get [turns](): unknown {
    return this.#checked();
  }

  /** Events a second. */
  get limit(): number {
    return this.#checked().limit;
  }

  /** Reports whether the event's drop fits, and lets it in if so. It never waits. */
  allow(): boolean {
    return this.#checked().allow(1);
  }

  /**
   * Lets a drop in, and waits until those before it have leaked.
   *
   * - **Blocking:** suspends this goroutine, never the thread. It keeps the process alive.
   * - **Ordering:** in the order of the calls; the turn is found at the call.
   * - **Cancellation:** an aborted signal wins even if the bucket is empty. An aborted wait takes its drop out, as far as those after it
   *   have not been told to wait for it.
   * - **Cost:** no timer when the bucket is empty; one for all waits of this thread when it is not.
   *
   * @param options `signal` cancels the wait.
   * @throws {DOMException} "QuotaExceededError", as a rejection, if the bucket is full
   * @throws `signal.reason` if aborted
   */
  wait(options?: WaitOptions): Promise<void> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const bucket = this.#checked();
    if (signal?.aborted) return Promise.reject(signal.reason);
    return bucket.wait(1, signal);
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#bucket.dispose();
  }

  #checked(): DropBucket {
    this.#bucket.check();
    return this.#bucket;
  }
}

const Revived = LeakyBucket as unknown as new (existing: DropBucket) => LeakyBucket;

registerLimiter(LIMITER_LEAKY, (ptr) => new Revived(new DropBucket(ptr)));

/** The element type of {@linkcode LeakyBucket}s; see {@linkcode limiterOf}. */
export const leakyBucketOf: HandleElement<LeakyBucket> = limitersOf(
  "leakyBucketOf",
  LIMITER_LEAKY,
  "a LeakyBucket",
);
