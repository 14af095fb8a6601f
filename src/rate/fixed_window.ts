/**
 * Fixed windows.
 *
 * @module
 */
import { checkInteger, checkSignal } from "../internal/check.ts";
import { shared } from "../memory/handle.ts";
import type { HandleElement } from "../memory/handle_type.ts";
import { LIMITER_WINDOW } from "../memory/layout.ts";
import type { WaitOptions } from "../select/types.ts";
import { checkWindow } from "./limit.ts";
import { limitersOf, registerLimiter } from "./limiter_object.ts";
import type { RateLimiter } from "./rate_limiter.ts";
import { turns } from "./turn.ts";
import { WindowObject } from "./windows.ts";

/**
 * Lets `count` events happen in each of the windows that time is cut into, `windowMs` long, from its construction on.
 *
 * It is the simplest of limiters, and remembers no more than a number. Its weakness: up to twice as many events may happen within one `windowMs`, around the end of a window. A {@linkcode SlidingLog} has it not.
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * limiter there.
 *
 * @example
 * ```ts
 * import { FixedWindow } from "@millrace/millrace/rate";
 *
 * const window = new FixedWindow(3, 60_000);
 * const allowed = [1, 2, 3, 4].map(() => window.allow());
 * console.log(allowed.join(" ")); // true true true false
 * ```
 */
export class FixedWindow implements RateLimiter, Disposable {
  readonly #window: WindowObject;

  /**
   * Makes a limiter whose first window starts now.
   *
   * @param count How many events may happen in a window: an integer from 1.
   * @param windowMs How long a window is: a finite number of milliseconds, more than 0.
   * @throws {TypeError | RangeError} if one of them is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(count: number, windowMs: number);
  constructor(count: number | WindowObject, windowMs?: number) {
    this.#window = count instanceof WindowObject ? count : WindowObject.make(
      checkInteger("a number of events", count, 1, Number.MAX_SAFE_INTEGER),
      checkWindow(windowMs),
    );
    this.#window.attach(this);
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

  /** Reports whether an event may happen in the current window, and counts it if so. It never waits. */
  allow(): boolean {
    return this.#checked().allow(1);
  }

  /**
   * Waits for a place in the first window that has one, and takes it.
   *
   * - **Blocking:** suspends this goroutine, never the thread. It keeps the process alive.
   * - **Ordering:** in the order of the calls; which window it is, is found at the call.
   * - **Cancellation:** an aborted signal wins even if there is a place. An aborted wait gives its place back, unless later windows have
   *   been filled meanwhile.
   * - **Cost:** no timer when there is a place; one for all waits of this thread when there is none.
   *
   * @param options `signal` cancels the wait.
   * @throws `signal.reason` if aborted
   */
  wait(options?: WaitOptions): Promise<void> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const window = this.#checked();
    if (signal?.aborted) return Promise.reject(signal.reason);
    return window.wait(1, signal);
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#window.dispose();
  }

  #checked(): WindowObject {
    this.#window.check();
    return this.#window;
  }
}

const Revived = FixedWindow as unknown as new (existing: WindowObject) => FixedWindow;

registerLimiter(LIMITER_WINDOW, (ptr) => new Revived(new WindowObject(ptr)));

/** The element type of {@linkcode FixedWindow}s; see {@linkcode limiterOf}. */
export const fixedWindowOf: HandleElement<FixedWindow> = limitersOf(
  "fixedWindowOf",
  LIMITER_WINDOW,
  "a FixedWindow",
);
