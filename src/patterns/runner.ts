/**
 * `Runner`: tasks one after the other, within a time, until somebody interrupts.
 *
 * @module
 */
import { InterruptedError } from "../errors.ts";
import { checkFunction } from "../group/routine.ts";
import { listenTo, stopListening, unlessAborted } from "../internal/abort.ts";
import { checkInterval } from "./heartbeat.ts";
import { checkSignal } from "../internal/check.ts";
import { macrotask } from "../internal/macrotask.ts";
import type { WaitOptions } from "../select/types.ts";
import { afterFunc } from "../time/time.ts";

/** What of a runtime's `process` is used; a browser has none. */
interface Signals {
  on(signal: "SIGINT", listener: () => void): unknown;
  off(signal: "SIGINT", listener: () => void): unknown;
}

/**
 * Runs tasks one after the other, for a limited time; an interrupt (SIGINT) ends it between two of them. It fits a job that is started by a clock or by
 * hand.
 *
 * @example
 * ```ts
 * import { Runner } from "@millrace/millrace/patterns";
 *
 * const runner = new Runner(3000);
 * runner.add((id) => console.log(`task ${id}`), (id) => console.log(`task ${id}`));
 * await runner.start(); // task 0, task 1
 * ```
 */
export class Runner {
  readonly #timeoutMs: number;
  readonly #tasks: ((id: number) => unknown)[] = [];
  #isRunning = false;

  /**
   * Makes a runner without tasks.
   *
   * @param timeoutMs How long all of them may take, counted from the start: more than 0.
   * @throws {TypeError | RangeError} if it is something else
   */
  constructor(timeoutMs: number) {
    this.#timeoutMs = checkInterval("a time limit", timeoutMs);
  }

  /**
   * Adds tasks. Those that are added while it runs are run as well.
   *
   * @param tasks They are called with their numbers, from 0, and may be asynchronous.
   * @throws {TypeError} if one of them is no function; none is added then
   */
  add(...tasks: ((id: number) => unknown)[]): void {
    tasks.forEach(checkFunction);
    this.#tasks.push(...tasks);
  }

  /**
   * Runs all tasks in the order in which they were added.
   *
   * - **Cancellation:** when the time is over, or the signal is aborted, the promise rejects at once; the task under way cannot be stopped, and
   *   none is started after it. An interrupt lets it end first. While this runs SIGINT does not end the process; that begins and ends with
   *   it. Where there are no such signals, in a browser, there is no interrupt.
   *
   * @param options `signal` ends it early.
   * @throws {DOMException} "TimeoutError" when the time is over
   * @throws {InterruptedError} if SIGINT came
   * @throws what a task throws; the rest is not run then
   * @throws `signal.reason` if aborted
   * @throws {Error} at the call, if it runs already
   */
  start(options?: WaitOptions): Promise<void> {
    const signal = checkSignal(options);
    if (this.#isRunning) throw new Error("Cannot start a runner that runs already");
    if (signal?.aborted) return Promise.reject(signal.reason);
    this.#isRunning = true;
    const end = new AbortController();
    const timer = afterFunc(this.#timeoutMs, () => {
      end.abort(
        new DOMException(
          `Timed out: the tasks took more than ${this.#timeoutMs} ms`,
          "TimeoutError",
        ),
      );
    });
    // By a listener that can be taken back: of AbortSignal.any a signal that lives long keeps something for each, on Node.
    const caller = { aborted: (by: AbortSignal) => end.abort(by.reason) };
    if (signal !== undefined) listenTo(signal, caller);
    return unlessAborted(this.#run(end.signal), end.signal).finally(() => {
      timer.stop();
      if (signal !== undefined) stopListening(signal, caller);
      this.#isRunning = false;
    });
  }

  async #run(stop: AbortSignal): Promise<void> {
    let isInterrupted = false;
    const interrupt = (): void => {
      isInterrupted = true;
    };
    const signals = (globalThis as { process?: Partial<Signals> }).process;
    signals?.on?.("SIGINT", interrupt);
    const forget = (): void => {
      signals?.off?.("SIGINT", interrupt);
    };
    stop.addEventListener("abort", forget);
    try {
      // The first starts after the caller yields, like a goroutine.
      await undefined;
      for (let id = 0; id < this.#tasks.length; id++) {
        if (stop.aborted) return;
        if (isInterrupted) throw new InterruptedError();
        // Of neither the time nor an interrupt is anything heard while tasks that never wait follow each other. One that waits has had it.
        const turn = macrotask();
        await this.#tasks[id]!(id);
        await turn;
      }
      if (isInterrupted) throw new InterruptedError();
    } finally {
      stop.removeEventListener("abort", forget);
      forget();
    }
  }
}
