/**
 * Sliding logs.
 *
 * @module
 */
import { checkInteger, checkSignal } from "../internal/check.ts";
import { shared } from "../memory/handle.ts";
import type { HandleElement } from "../memory/handle_type.ts";
import { LIMITER_LOG } from "../memory/layout.ts";
import type { WaitOptions } from "../select/types.ts";
import { checkWindow } from "./limit.ts";
import { limitersOf, registerLimiter } from "./limiter_object.ts";
import type { RateLimiter } from "./rate_limiter.ts";
import { turns } from "./turn.ts";
import { LogObject } from "./windows.ts";

/** The most events that a log remembers: 1 GiB of them. */
const MAX_COUNT = 2 ** 27;

/**
 * Lets at most `count` events happen in any stretch of `windowMs`, wherever it begins.
 *
 * It remembers when the last `count` events happened, 8 bytes for each. Events that are refused are not among them: who asks again
 * and again is let through as soon as the oldest has left the window. An operation takes the same short time whatever `count` is.
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * limiter there.
 *
 * @example
 * ```ts
 * import { SlidingLog } from "@millrace/millrace/rate";
 *
 * const log = new SlidingLog(2, 60_000);
 * const allowed = [1, 2, 3].map(() => log.allow());
 * console.log(allowed.join(" ")); // true true false
 * ```
 */
export class SlidingLog implements RateLimiter, Disposable {
  readonly #log: LogObject;

  /**
   * Makes a limiter with an empty log.
   *
   * @param count How many events may happen in a window: an integer from 1 to 134217728.
   * @param windowMs How long a window is: a finite number of milliseconds, more than 0.
   * @throws {TypeError | RangeError} if one of them is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(count: number, windowMs: number);
  constructor(count: number | LogObject, windowMs?: number) {
    this.#log = count instanceof LogObject ? count : LogObject.make(
      checkInteger("a number of events", count, 1, MAX_COUNT),
      checkWindow(windowMs),
    );
    this.#log.attach(this);
  }

  /** What goes to another thread in this limiter's place. */
  get [shared](): number {
    return this.#checked().ptr;
  }

  /** What gives its turns. */
  get [turns](): unknown {
    return this.#checked();
  }

  /** Events a second: how many a window lets happen, divided by its length. */
  get limit(): number {
    return this.#checked().limit;
  }

  /** Reports whether an event may happen now, and enters it in the log if so. It never waits. */
  allow(): boolean {
    return this.#checked().allow(1);
  }

  /**
   * Waits until an event may happen, and enters it in the log.
   *
   * - **Blocking:** suspends this goroutine, never the thread. It keeps the process alive.
   * - **Ordering:** in the order of the calls; the turn is found, and entered, at the call.
   * - **Cancellation:** an aborted signal wins even if an event may happen. An aborted wait leaves the log as it was before it, or, if
   *   others have been entered since, a free place among them.
   * - **Cost:** no timer when an event may happen; one for all waits of this thread when it may not.
   *
   * @param options `signal` cancels the wait.
   * @throws `signal.reason` if aborted
   */
  wait(options?: WaitOptions): Promise<void> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const log = this.#checked();
    if (signal?.aborted) return Promise.reject(signal.reason);
    return log.wait(1, signal);
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#log.dispose();
  }

  #checked(): LogObject {
    this.#log.check();
    return this.#log;
  }
}

const Revived = SlidingLog as unknown as new (existing: LogObject) => SlidingLog;

registerLimiter(LIMITER_LOG, (ptr) => new Revived(new LogObject(ptr)));

/** The element type of {@linkcode SlidingLog}s; see {@linkcode limiterOf}. */
export const slidingLogOf: HandleElement<SlidingLog> = limitersOf(
  "slidingLogOf",
  LIMITER_LOG,
  "a SlidingLog",
);
