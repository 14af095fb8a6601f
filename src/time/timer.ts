/**
 * Timers: channels with a deadline and no storage.
 *
 * A timer that nobody waits for is a few numbers: the engine's own timers are set by waits, for as long as they wait, so an
 * unread timer keeps neither memory nor the process.
 *
 * @module
 */
import { List, ListNode } from "../internal/list.ts";
import { CLOSED, EMPTY, type ReceiveCase, type Source, type Wait } from "../select/case.ts";

/** A source that yields the time whenever its deadline has passed. */
export class TimerSource implements Source<Date> {
  /** Next deadline as `performance.now()` counts; `Infinity`: none. */
  #deadline: number;
  /** Milliseconds from deadline to deadline; `Infinity`: it comes once. */
  #periodMs: number;
  readonly #waiting = new List<TimerCase>();

  /** Starts it: due after `delayMs`, then every `periodMs`. */
  constructor(delayMs: number, periodMs: number) {
    this.#deadline = performance.now() + delayMs;
    this.#periodMs = periodMs;
  }

  /** Next deadline as `performance.now()` counts; `Infinity`: none. */
  get deadline(): number {
    return this.#deadline;
  }

  /** Those who wait. */
  get waiting(): List<TimerCase> {
    return this.#waiting;
  }

  poll(): Date | typeof EMPTY | typeof CLOSED {
    const now = performance.now();
    if (now < this.#deadline) return EMPTY;
    // Missed ticks are dropped, as by Go's ticker, and the rhythm stays.
    this.#deadline = this.#periodMs === Infinity
      ? Infinity
      : this.#deadline + this.#periodMs * (Math.floor((now - this.#deadline) / this.#periodMs) + 1);
    return new Date();
  }

  receiveCase(): TimerCase {
    return new TimerCase(this);
  }

  /**
   * Sets it anew; `Infinity` stops it. A value that is due and unread is dropped.
   *
   * @returns whether its value was still to be had: to come, or due and unread
   */
  restart(delayMs: number, periodMs: number): boolean {
    const wasActive = this.#deadline !== Infinity;
    this.#deadline = performance.now() + delayMs;
    this.#periodMs = periodMs;
    this.#waiting.forEach((each) => each.rearm());
    return wasActive;
  }
}

/** A party that waits for a timer. */
export class TimerCase extends ListNode implements ReceiveCase<Date> {
  index = 0;
  readonly rank = 0;
  readonly isShared = false;
  readonly isTimed = true;
  readonly #source: TimerSource;
  #wait: Wait | undefined = undefined;
  #value: Date | typeof CLOSED = CLOSED;

  /** @param from What it waits for. */
  constructor(from: TimerSource) {
    super();
    this.#source = from;
  }

  get deadline(): number {
    return this.#source.deadline;
  }

  poll(): boolean {
    const value = this.#source.poll();
    if (value === EMPTY) return false;
    this.#value = value;
    return true;
  }

  isReady(): boolean {
    return this.deadline <= performance.now();
  }

  enter(wait: Wait): boolean {
    this.#wait = wait;
    this.#source.waiting.push(this);
    return true;
  }

  leave(): void {
    this.#source.waiting.remove(this);
  }

  complete(): boolean {
    throw new TypeError("Cannot complete a timer's case: no other thread can have fired it");
  }

  dispose(): void {}

  outcome(): Date | typeof CLOSED {
    return this.#value;
  }

  /** Tells the wait that the deadline has changed. */
  rearm(): void {
    this.#wait!.rearm();
  }
}
