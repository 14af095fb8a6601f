/**
 * Groups of functions that run at their time.
 *
 * @module
 */
import { Channel } from "../channel/channel.ts";
import { checkContext } from "../context/base.ts";
import { afterFunc, background, type Context } from "../context/mod.ts";
import { LockMisuseError } from "../errors.ts";
import { checkDate, checkDuration, checkSignal } from "../internal/check.ts";
import { Calendar } from "../internal/clock.ts";
import { Heap } from "../internal/heap.ts";
import { shared } from "../memory/handle.ts";
import { type Alarm, clearAlarm, setAlarm } from "../select/alarm.ts";
import { select } from "../select/select.ts";
import type { WaitOptions } from "../select/types.ts";
import { checkFunction, Routine } from "./routine.ts";

/** How long functions that are due run before the event loop has a turn. */
const BUDGET_MS = 10;

/** A function, and what must be over before it runs. */
class Entry extends Routine<[]> {
  /** The date, as `Date.now()` counts; -Infinity if it was given a delay. */
  readonly dateMs: number;

  constructor(fn: () => unknown, above: unknown, dateMs: number) {
    super(fn, above);
    this.dateMs = dateMs;
  }
}

/**
 * Runs functions at their time, or soon after it, and waits for all of them (Go: `github.com/mdlayher/schedgroup`, `Group`).
 *
 * One heap and one timer do for any number of them: a million entries are a million small objects, and no timers of the engine's.
 *
 * - A function starts as a goroutine of this thread. Those that are due start in the order of their times, and those at the same time
 *   in the order of the calls.
 * - A function that fails is an uncaught error, as a panic in a goroutine is in Go; to hand errors on, run it in an
 *   {@linkcode ErrGroup}.
 * - When the context ends, what has not started is dropped, and nothing is taken up any more.
 * - Once {@linkcode wait} has been called nothing more can be added.
 *
 * Entries that wait for their time keep the process alive.
 *
 * @example
 * ```ts
 * import { SchedGroup } from "@millrace/millrace/group";
 *
 * const group = new SchedGroup();
 * const log: string[] = [];
 * group.delay(20, () => log.push("second"));
 * group.schedule(new Date(Date.now() + 5), () => log.push("first"));
 * await group.wait();
 * console.log(log); // ["first", "second"]
 * ```
 */
export class SchedGroup {
  readonly #context: Context;
  readonly #calendar = new Calendar();
  /** By when they are due, as `performance.now()` counts. */
  readonly #entries = new Heap<Entry>();
  /** How many have started and not ended. */
  #running = 0;
  #alarm: Alarm | undefined = undefined;
  /** When the alarm rings, as `performance.now()` counts; `Infinity`: it is not set. */
  #alarmAt = Infinity;
  /** Stops watching the context, which is watched while anything is pending. */
  #unwatch: (() => boolean) | undefined = undefined;
  #isWaitedFor = false;
  /** Closed when nothing is pending any more, or the context has ended; there while somebody waits for that. */
  #idle: Channel<never> | undefined = undefined;

  /**
   * Makes a group with nothing in it.
   *
   * @param ctx Its end is the group's. Default: `background()`.
   * @throws {TypeError} if `ctx` is no context
   */
  constructor(ctx: Context = background()) {
    this.#context = checkContext(ctx);
  }

  /** Why it does not go to another thread. */
  get [shared](): string {
    return "Cannot send a SchedGroup to another thread: its functions are goroutines of this one";
  }

  /**
   * Runs `fn` after `ms` milliseconds.
   *
   * @param ms Milliseconds; any number, also beyond 2^31. Negative ones count as 0.
   * @param fn What to run; never inside the call. It may be asynchronous.
   * @throws {TypeError | RangeError} if `ms` is no number, or NaN, or `fn` no function
   * @throws {LockMisuseError} "schedgroup: attempted to schedule task after Group.Wait was called"
   */
  delay(ms: number, fn: () => unknown): void {
    const delayMs = checkDuration("a delay", ms);
    this.#add(checkFunction(fn), this.delay, performance.now() + delayMs, -Infinity);
  }

  /**
   * Runs `fn` at `when`; at once, if that is over.
   *
   * The date is the wall clock's. If somebody sets the clock back meanwhile, the function still does not run before it shows `when`; if
   * somebody sets it forward, the function runs when it would have without that.
   *
   * @param when The date.
   * @param fn What to run; never inside the call. It may be asynchronous.
   * @throws {TypeError | RangeError} if `when` is no `Date`, or an invalid one, or `fn` no function
   * @throws {LockMisuseError} "schedgroup: attempted to schedule task after Group.Wait was called"
   */
  schedule(when: Date, fn: () => unknown): void {
    const dateMs = checkDate("a time", when);
    this.#add(checkFunction(fn), this.schedule, this.#calendar.timeOf(dateMs), dateMs);
  }

  /**
   * Waits until all functions have run and ended.
   *
   * - **Blocking:** suspends this goroutine, never the thread.
   * - **Cancellation:** a wait that was aborted counts as none: more can be added, and the group waited for again.
   *
   * From this call on {@linkcode delay} and {@linkcode schedule} are errors.
   *
   * @param options `signal` cancels the wait.
   * @throws {LockMisuseError} at the call: "schedgroup: multiple calls to Group.Wait"
   * @throws the context's `err`, once it has ended, even if functions that have started go on
   * @throws `signal.reason` if aborted
   */
  wait(options?: WaitOptions): Promise<void> {
    const signal = checkSignal(options);
    if (this.#isWaitedFor) {
      throw new LockMisuseError("schedgroup: multiple calls to Group.Wait");
    }
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#isWaitedFor = true;
    return this.#settle(signal);
  }

  async #settle(signal: AbortSignal | undefined): Promise<void> {
    // As in Go the context comes first, even if there is nothing to wait for.
    if (this.#context.err !== undefined) throw this.#context.err;
    if (this.#pending === 0) return;
    const idle = this.#idle = new Channel<never>();
    try {
      // Awaited, a deadline keeps the process alive, even if the functions do not.
      const { case: first } = await select({ idle, done: this.#context.done }, { signal });
      if (first === "done") throw this.#context.err;
    } catch (reason) {
      if (reason !== this.#context.err) this.#isWaitedFor = false;
      throw reason;
    } finally {
      this.#idle = undefined;
    }
  }

  /** How many have not ended, those whose time has not come among them. */
  get #pending(): number {
    return this.#entries.size + this.#running;
  }

  #add(fn: () => unknown, above: unknown, deadline: number, dateMs: number): void {
    if (this.#isWaitedFor) {
      throw new LockMisuseError(
        "schedgroup: attempted to schedule task after Group.Wait was called",
      );
    }
    if (this.#context.err !== undefined) return;
    this.#unwatch ??= afterFunc(this.#context, () => this.#drop());
    this.#entries.push(deadline, new Entry(fn, above, dateMs));
    this.#arm();
  }

  /** Sees to it that the alarm rings when the first entry is due. */
  #arm(): void {
    const deadline = this.#entries.firstKey;
    if (deadline >= this.#alarmAt) return;
    clearAlarm(this.#alarm);
    this.#alarmAt = deadline;
    this.#alarm = setAlarm(deadline, () => this.#ring());
  }

  /** Starts what is due. */
  #ring(): void {
    this.#alarmAt = Infinity;
    const started = performance.now();
    for (let now = started; now - started < BUDGET_MS; now = performance.now()) {
      // One of the functions may have ended the context.
      if (this.#entries.firstKey > now || this.#context.err !== undefined) break;
      const entry = this.#entries.shift()!;
      const earlyMs = entry.dateMs - Date.now();
      // Early by the date: the clock was set back since the entry was added.
      if (earlyMs > 0) this.#entries.push(now + earlyMs, entry);
      else this.#start(entry);
    }
    this.#arm();
  }

  #start(entry: Entry): void {
    this.#running++;
    entry.start([], () => this.#ended(), (error) => {
      this.#ended();
      // Nobody's: the runtime reports it.
      Promise.reject(error);
    });
  }

  #ended(): void {
    this.#running--;
    if (this.#pending > 0) return;
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#idle?.close();
  }

  /** The context has ended. */
  #drop(): void {
    this.#entries.clear();
    clearAlarm(this.#alarm);
    this.#alarmAt = Infinity;
  }
}
