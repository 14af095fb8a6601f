/**
 * `WorkPool`: a fixed number of goroutines that run what they are given.
 *
 * @module
 */
import { Channel } from "../channel/channel.ts";
import { ChannelClosedError, PoolClosedError } from "../errors.ts";
import { checkFunction } from "../group/routine.ts";
import { checkInteger } from "../internal/check.ts";
import { detached } from "../internal/detached.ts";
import type { WaitOptions } from "../select/types.ts";

/** Goroutines of a pool, at most. */
export const MAX_WORKERS = 1 << 20;

/**
 * A fixed number of goroutines of this thread that run tasks. Handing over a task waits until one of them takes it up, so that whoever has more
 * of them than can be worked on notices. For work on other threads see {@linkcode Pool}.
 *
 * @example
 * ```ts
 * import { sleep } from "@millrace/millrace";
 * import { WorkPool } from "@millrace/millrace/patterns";
 *
 * const pool = new WorkPool(2);
 * for (const name of ["steve", "bob", "mary"]) {
 *   await pool.run(async () => {
 *     await sleep(1);
 *     console.log(name);
 *   });
 * }
 * await pool.shutdown();
 * ```
 */
export class WorkPool implements AsyncDisposable {
  readonly #tasks = new Channel<Work>();
  readonly #workers: Promise<unknown>;

  /**
   * Starts the goroutines.
   *
   * @param workers How many: an integer ≥ 1.
   * @throws {TypeError | RangeError} if it is something else
   */
  constructor(workers: number) {
    checkInteger("a number of workers", workers, 1, MAX_WORKERS);
    this.#workers = Promise.all(Array.from({ length: workers }, () => this.#work()));
  }

  async #work(): Promise<void> {
    for await (const task of this.#tasks) await task();
  }

  /**
   * Hands over a task.
   *
   * - **Blocking:** suspends this goroutine until a worker takes it up, first come, first served.
   * - **Cancellation:** an aborted signal wins; the task is not run then.
   *
   * @param task What to run; it may be asynchronous. An error that it throws is uncaught, as a panic is in Go, and says who handed it
   * over; the worker goes on.
   * @param options `signal` ends the wait.
   * @throws {TypeError} at the call, if `task` is no function
   * @throws {PoolClosedError} if the pool has been shut down, or is while this waits
   * @throws `signal.reason` if aborted
   */
  run(task: () => unknown, options?: WaitOptions): Promise<void> {
    checkFunction(task);
    return this.#tasks.send(toWork(task, this.run), options).catch(asClosed(options));
  }

  /** Ends the goroutines once each has done what it has taken up; what waits to be taken up is refused. */
  async shutdown(): Promise<void> {
    if (!this.#tasks.closed) this.#tasks.close();
    await this.#workers;
  }

  /** Shuts it down. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

/** Something to do; the promise ends with it, however it does. */
export type Work = () => Promise<void>;

/**
 * Makes work of `fn`.
 *
 * @param above The public function that was called with it. What `fn` fails with is uncaught, and says who called that.
 */
export function toWork(fn: () => unknown, above: unknown): Work {
  const start = detached(fn, above);
  return () =>
    new Promise((resolve) => {
      start().finally(resolve);
    });
}

/** Makes what says in a pool's words what a closed channel says. Whoever aborts gets their own reason, whatever it is. */
export function asClosed(options: WaitOptions | undefined): (reason: unknown) => never {
  return (reason) => {
    const isOwn = reason instanceof ChannelClosedError && reason !== options?.signal?.reason;
    throw isOwn ? new PoolClosedError("Cannot take more work: the pool is closed") : reason;
  };
}
