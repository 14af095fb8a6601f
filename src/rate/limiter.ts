/**
 * Token buckets.
 *
 * @module
 */
import { checkInteger, checkSignal } from "../internal/check.ts";
import { shared } from "../memory/handle.ts";
import type { HandleElement } from "../memory/handle_type.ts";
import { LIMITER_BUCKET } from "../memory/layout.ts";
import type { WaitOptions } from "../select/types.ts";
import { TokenBucket } from "./bucket.ts";
import { checkLimit } from "./limit.ts";
import { limitersOf, registerLimiter } from "./limiter_object.ts";
import type { RateLimiter, Reservation } from "./rate_limiter.ts";
import { NEVER, type Turn, turns } from "./turn.ts";

/** See {@linkcode Reservation}. */
class TurnReservation implements Reservation {
  readonly ok: boolean;
  readonly #turn: Turn;
  #isCancelled = false;

  /** @param turn What was given; `NEVER` when there is none. */
  constructor(turn: Turn) {
    this.ok = turn !== NEVER;
    this.#turn = turn;
  }

  get delay(): number {
    return Math.max(0, this.#turn.at - performance.now());
  }

  cancel(): void {
    if (this.#isCancelled || this.#turn.at < performance.now()) return;
    this.#isCancelled = true;
    this.#turn.giveBack();
  }
}

/**
 * Lets events happen at a rate of `limit` a second, and up to `burst` of them at once (Go: `golang.org/x/time/rate`).
 *
 * It is a token bucket: `burst` tokens deep, full at the start, and filled up by `limit` tokens a second. An event takes a token
 * out. There are three ways to ask for one:
 *
 * - {@linkcode allow} drops or skips the event when there is no token;
 * - {@linkcode reserve} says how long to wait, and takes the token for then;
 * - {@linkcode wait} waits.
 *
 * Tokens are promised in the order of the calls, on whatever thread: a wait or a reservation knows its turn at once, and later ones come
 * after it. The limit may be `Infinity`, which lets everything happen whatever the burst, or 0, which adds no token to those that
 * are there.
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * limiter there. What a thread has taken that dies stays taken, and holds up nobody.
 *
 * It reads `performance.now()`, and waits by `setTimeout`, so a test's fake clock reaches it.
 *
 * @example A bucket five deep that gains a token every two seconds
 * ```ts
 * import { every, Limiter } from "@millrace/millrace/rate";
 *
 * const limiter = new Limiter(every(2000), 5);
 * const allowed = Array.from({ length: 7 }, () => limiter.allow());
 * console.log(allowed.filter(Boolean).length); // 5
 * ```
 *
 * @example At most a hundred a second, evenly
 * ```ts
 * import { Limiter } from "@millrace/millrace/rate";
 *
 * const limiter = new Limiter(100, 1);
 * const start = performance.now();
 * for (let request = 0; request < 4; request++) await limiter.wait();
 * console.log(performance.now() - start >= 29); // true
 * ```
 *
 * @see Go package golang.org/x/time/rate, type Limiter.
 */
export class Limiter implements RateLimiter, Disposable {
  readonly #bucket: TokenBucket;

  /**
   * Makes a limiter whose bucket is full.
   *
   * @param limit Events a second, in the long run: from 0 to `Infinity`. See {@linkcode every} and {@linkcode per}.
   * @param burst How many may happen at once: an integer from 0. With 0 none ever may, unless there is no limit.
   * @throws {TypeError | RangeError} if one of them is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(limit: number, burst: number);
  constructor(limit: number | TokenBucket, burst?: number) {
    this.#bucket = limit instanceof TokenBucket
      ? limit
      : TokenBucket.make(checkLimit(limit), checkBurst(burst));
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

  /** How many events may happen at once. */
  get burst(): number {
    return this.#checked().burst;
  }

  /** Reports whether an event may happen now, and takes a token for it if so. It never waits. */
  allow(): boolean {
    return this.#checked().allow(1);
  }

  /**
   * Reports whether `n` events may happen now, and takes their tokens if so: all or none.
   *
   * @param n How many: an integer from 0.
   * @throws {TypeError | RangeError} if `n` is something else
   */
  allowN(n: number): boolean {
    return this.#checked().allow(checkCount(n));
  }

  /**
   * Waits for a token, and takes it.
   *
   * - **Blocking:** suspends this goroutine, never the thread. It keeps the process alive.
   * - **Ordering:** in the order of the calls. The turn is found at the call: what changes the limit later does not change it.
   * - **Cancellation:** an aborted signal wins even if there is a token, and takes none. An aborted wait gives its token back, as far as
   *   it has not been promised to those who came later (`Reservation.cancel` in Go).
   * - **Cost:** no timer when there is a token; one for all waits of this thread when there is none.
   *
   * Where no token will ever come, since the limit is 0, it waits for its signal. A signal does not say when it will be aborted, so
   * unlike in Go a wait that ends too late for it is not refused at the call: ask {@linkcode reserve} for the delay.
   *
   * @param options `signal` cancels the wait.
   * @throws {RangeError} as a rejection, if the burst is 0, and there is a limit
   * @throws `signal.reason` if aborted
   */
  wait(options?: WaitOptions): Promise<void> {
    return this.waitN(1, options);
  }

  /**
   * Waits for `n` tokens, and takes them; otherwise as {@linkcode wait}.
   *
   * @param n How many: an integer from 0.
   * @param options `signal` cancels the wait.
   * @throws {TypeError | RangeError} at the call, if `n` is something else
   * @throws {RangeError} as a rejection, if `n` is more than the burst, and there is a limit
   * @throws `signal.reason` if aborted
   */
  waitN(n: number, options?: WaitOptions): Promise<void> {
    checkCount(n);
    const signal = options === undefined ? undefined : checkSignal(options);
    const bucket = this.#checked();
    if (signal?.aborted) return Promise.reject(signal.reason);
    return bucket.wait(n, signal);
  }

  /**
   * Takes `n` tokens for the time when they will be there.
   *
   * Whoever does not want to wait so long has to cancel it. Dropped, it stays taken.
   *
   * @example
   * ```ts
   * import { Limiter } from "@millrace/millrace/rate";
   *
   * const limiter = new Limiter(10, 1);
   * limiter.allow();
   * const reservation = limiter.reserve();
   * if (reservation.delay > 50) reservation.cancel();
   * console.log(Math.ceil(reservation.delay / 10) * 10); // 100
   * ```
   *
   * @param n How many: an integer from 0. Default: 1.
   * @returns When that is. It is not `ok` if `n` is more than the burst, or will never be there since the limit is 0.
   * @throws {TypeError | RangeError} if `n` is something else
   */
  reserve(n: number = 1): Reservation {
    checkCount(n);
    const turn = this.#checked().reserve(n, performance.now());
    return new TurnReservation(turn instanceof Error ? NEVER : turn);
  }

  /**
   * Changes the limit. Tokens gained so far stay, and so do the turns of those who wait.
   *
   * @param limit Events a second: from 0 to `Infinity`.
   * @throws {TypeError | RangeError} if `limit` is something else
   */
  setLimit(limit: number): void {
    checkLimit(limit);
    this.#checked().setLimit(limit);
  }

  /**
   * Changes the burst. Tokens that do not fit any more are lost; the turns of those who wait stay.
   *
   * @param burst How many events may happen at once: an integer from 0.
   * @throws {TypeError | RangeError} if `burst` is something else
   */
  setBurst(burst: number): void {
    checkBurst(burst);
    this.#checked().setBurst(burst);
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#bucket.dispose();
  }

  #checked(): TokenBucket {
    this.#bucket.check();
    return this.#bucket;
  }
}

function checkBurst(burst: unknown): number {
  return checkInteger("the burst of a limiter", burst, 0, Number.MAX_SAFE_INTEGER);
}

function checkCount(n: unknown): number {
  return checkInteger("a number of events", n, 0, Number.MAX_SAFE_INTEGER);
}

const Revived = Limiter as unknown as new (existing: TokenBucket) => Limiter;

registerLimiter(LIMITER_BUCKET, (ptr) => new Revived(new TokenBucket(ptr)));

/**
 * The element type of {@linkcode Limiter}s: for a channel that carries them, or a field of a struct.
 *
 * What is received is the very limiter that was sent.
 */
export const limiterOf: HandleElement<Limiter> = limitersOf(
  "limiterOf",
  LIMITER_BUCKET,
  "a Limiter",
);
