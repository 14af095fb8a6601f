/**
 * Time as channels: `after`, `tick`, `Timer`, `Ticker`, `afterFunc`, `sleep`, and `never`.
 *
 * @module
 */
import { listenTo, stopListening } from "../internal/abort.ts";
import { checkDuration, checkSignal, show } from "../internal/check.ts";
import { type Alarm, clearAlarm, setAlarm } from "../select/alarm.ts";
import type { ReceiveChannel, WaitOptions } from "../select/types.ts";
import { SourceChannel } from "../select/source_channel.ts";
import { EMPTY, type ReceiveCase, type Source } from "../select/case.ts";
import { TimerSource } from "./timer.ts";

/**
 * Returns a channel that yields the time once, after `ms` milliseconds (Go: `time.After`).
 *
 * It is for a {@linkcode select} with a time limit. Unread, it keeps neither memory nor the process.
 *
 * @example
 * ```ts
 * import { after, Channel, select } from "@millrace/millrace";
 *
 * const answers = new Channel<number>();
 * const got = await select({ answer: answers, late: after(10) });
 * console.log(got.case); // late
 * ```
 *
 * @param ms Milliseconds; any number, also beyond 2^31. Negative ones count as 0.
 * @throws {TypeError | RangeError} if `ms` is no number, or NaN
 */
export function after(ms: number): ReceiveChannel<Date> {
  return new SourceChannel(new TimerSource(checkDuration("a delay", ms), Infinity), 1);
}

/**
 * Returns a channel that yields the time every `ms` milliseconds (Go: `time.Tick`). Ticks that nobody takes are dropped.
 *
 * @param ms Milliseconds, more than 0.
 * @throws {TypeError | RangeError} if `ms` is no such number
 */
export function tick(ms: number): ReceiveChannel<Date> {
  return new Ticker(ms).channel;
}

/** Returns a channel that never yields and never closes, for a place where a channel is needed. In a select use `null`. */
export function never(): ReceiveChannel<never> {
  return NEVER;
}

/**
 * Waits for `ms` milliseconds (Go: `time.Sleep`).
 *
 * @param ms Milliseconds; any number, also beyond 2^31. Negative ones count as 0.
 * @param options `signal` cancels the wait.
 * @throws `signal.reason` if aborted
 * @throws {TypeError | RangeError} at the call, if `ms` is no number, or NaN
 */
export function sleep(ms: number, options?: WaitOptions): Promise<void> {
  const delayMs = checkDuration("a duration", ms);
  const signal = checkSignal(options);
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const sleeper = {
      aborted: () => {
        clearAlarm(alarm);
        reject(signal!.reason);
      },
    };
    const alarm = setAlarm(performance.now() + delayMs, () => {
      if (signal !== undefined) stopListening(signal, sleeper);
      resolve();
    });
    if (signal !== undefined) listenTo(signal, sleeper);
  });
}

/**
 * A timer that can be stopped and set anew (Go: `time.Timer`).
 *
 * `stop` and `reset` drop a value that is due but unread, and never close the channel (Go 1.23).
 */
export class Timer implements Disposable {
  /** Yields the time once when the timer is due; never, if it was made by {@linkcode afterFunc}. */
  readonly channel: ReceiveChannel<Date>;
  readonly #source: TimerSource;

  /**
   * Starts the timer.
   *
   * @param ms Milliseconds until it is due. Negative ones count as 0.
   * @throws {TypeError | RangeError} if `ms` is no number, or NaN
   */
  constructor(ms: number) {
    this.#source = new TimerSource(checkDuration("a delay", ms), Infinity);
    this.channel = new SourceChannel(this.#source, 1);
  }

  /**
   * Stops the timer.
   *
   * @returns whether its value was still to be had: to come, or due and unread (Go 1.23)
   */
  stop(): boolean {
    return this.#source.restart(Infinity, Infinity);
  }

  /**
   * Sets the timer anew.
   *
   * @param ms Milliseconds from now.
   * @returns whether its value was still to be had: to come, or due and unread (Go 1.23)
   * @throws {TypeError | RangeError} if `ms` is no number, or NaN
   */
  reset(ms: number): boolean {
    return this.#source.restart(checkDuration("a delay", ms), Infinity);
  }

  /** Stops the timer. */
  [Symbol.dispose](): void {
    this.stop();
  }
}

/**
 * Yields the time again and again (Go: `time.Ticker`). Ticks that nobody takes are dropped; the rhythm stays.
 */
export class Ticker implements Disposable {
  /** Yields the time at each tick. */
  readonly channel: ReceiveChannel<Date>;
  readonly #source: TimerSource;

  /**
   * Starts the ticker.
   *
   * @param ms Milliseconds from tick to tick, more than 0.
   * @throws {TypeError | RangeError} if `ms` is no such number
   */
  constructor(ms: number) {
    const periodMs = checkPeriod(ms);
    this.#source = new TimerSource(periodMs, periodMs);
    this.channel = new SourceChannel(this.#source, 1);
  }

  /** Stops the ticker: no more ticks come, not even one that was due. The channel stays open. */
  stop(): void {
    this.#source.restart(Infinity, Infinity);
  }

  /**
   * Sets the ticker anew; the next tick comes after `ms`.
   *
   * @param ms Milliseconds from tick to tick, more than 0.
   * @throws {TypeError | RangeError} if `ms` is no such number
   */
  reset(ms: number): void {
    const periodMs = checkPeriod(ms);
    this.#source.restart(periodMs, periodMs);
  }

  /** Stops the ticker. */
  [Symbol.dispose](): void {
    this.stop();
  }
}

/** A running call of {@linkcode afterFunc}. */
class FunctionTimer extends Timer {
  readonly #fn: () => unknown;
  #alarm: Alarm | undefined;

  constructor(ms: number, fn: () => unknown) {
    super(Infinity);
    this.#fn = fn;
    this.reset(ms);
  }

  override stop(): boolean {
    const wasActive = this.#alarm !== undefined;
    clearAlarm(this.#alarm);
    this.#alarm = undefined;
    return wasActive;
  }

  override reset(ms: number): boolean {
    const delayMs = checkDuration("a delay", ms);
    const wasActive = this.stop();
    this.#alarm = setAlarm(performance.now() + delayMs, () => {
      this.#alarm = undefined;
      this.#fn();
    });
    return wasActive;
  }
}

/**
 * Calls `fn` after `ms` milliseconds, unless the timer is stopped (Go: `time.AfterFunc`). An error that `fn` throws is uncaught.
 *
 * @param ms Milliseconds. Negative ones count as 0.
 * @param fn What to call; never within this call.
 * @returns The timer; its channel never yields.
 * @throws {TypeError | RangeError} if `ms` is no number, or NaN, or `fn` no function
 */
export function afterFunc(ms: number, fn: () => unknown): Timer {
  if (typeof fn !== "function") throw new TypeError(`Cannot call ${show(fn)}: expected a function`);
  return new FunctionTimer(ms, fn);
}

function checkPeriod(ms: number): number {
  if (checkDuration("a period", ms) === 0) {
    throw new RangeError(`Cannot use ${ms} as a period: non-positive interval for Ticker`);
  }
  return ms;
}

class NeverSource implements Source<never> {
  poll(): typeof EMPTY {
    return EMPTY;
  }

  receiveCase(): ReceiveCase<never> {
    return new TimerSource(Infinity, Infinity).receiveCase() as ReceiveCase<never>;
  }
}

const NEVER: ReceiveChannel<never> = new SourceChannel(new NeverSource(), 0);
