/**
 * `Dispatcher`: jobs go to whichever worker has said that it is free.
 *
 * @module
 */
import { Channel } from "../channel/channel.ts";
import { checkFunction } from "../group/routine.ts";
import { checkInteger } from "../internal/check.ts";
import type { WaitOptions } from "../select/types.ts";
import { asClosed, MAX_WORKERS, toWork, type Work } from "./work_pool.ts";

/** How a {@linkcode Dispatcher} queues. */
export interface DispatcherOptions {
  /** How many jobs may wait for a worker before {@linkcode Dispatcher.submit} does: an integer ≥ 0, or `Infinity`. Default: 0. */
  queue?: number | undefined;
}

/**
 * Two levels of channels: a queue of jobs, and a channel of the free workers' own channels.
 *
 * ```
 *   submit ──▶ jobs ──▶ dispatch ──▶ own channel ──▶ worker ──▶ handler
 *                          ▲                            │
 *                          └──────── free workers ◀─────┘
 * ```
 *
 * The dispatching goroutine asks for a free worker first and for a job then: it is one goroutine however many jobs wait, and no job is
 * taken from the queue that nobody can do. All of it is on this thread; a handler may `await pool.go(…)`.
 *
 * @example
 * ```ts
 * import { Dispatcher } from "@millrace/millrace/patterns";
 *
 * const uploads: string[] = [];
 * const dispatcher = new Dispatcher(2, (job: string) => uploads.push(job), { queue: 100 });
 * await dispatcher.submit("a.png");
 * await dispatcher.submit("b.png");
 * await dispatcher.stop();
 * console.log(uploads); // ["a.png", "b.png"]
 * ```
 *
 * @typeParam J The jobs.
 */
export class Dispatcher<J> implements AsyncDisposable {
  readonly #jobs: Channel<Work>;
  /** Channels of workers that are free. */
  readonly #free: Channel<Channel<Work>>;
  readonly #handler: (job: J) => unknown;
  readonly #goroutines: Promise<unknown>;

  /**
   * Starts the workers.
   *
   * @param workers How many: an integer ≥ 1.
   * @param handler What each does with a job; it may be asynchronous. An error that it throws is uncaught, as a panic is in Go, and says
   * who submitted the job; the worker goes on.
   * @param options See {@linkcode DispatcherOptions}.
   * @throws {TypeError | RangeError} if one of them is something else
   */
  constructor(workers: number, handler: (job: J) => unknown, options: DispatcherOptions = {}) {
    checkInteger("a number of workers", workers, 1, MAX_WORKERS);
    this.#handler = checkFunction(handler);
    const { queue = 0 } = options;
    if (queue !== Infinity) checkInteger("a queue", queue, 0, Number.MAX_SAFE_INTEGER);
    this.#jobs = new Channel(queue);
    this.#free = new Channel(workers);
    this.#goroutines = Promise.all([
      this.#dispatch(workers),
      ...Array.from({ length: workers }, () => this.#work()),
    ]);
  }

  /** @param workers How many there are: each has to hear of the end. */
  async #dispatch(workers: number): Promise<void> {
    for (let working = workers; working > 0;) {
      const worker = (await this.#free.receive())!;
      const { done, value: job } = await this.#jobs.next();
      if (!done) {
        await worker.send(job);
      } else {
        worker.close();
        working--;
      }
    }
  }

  async #work(): Promise<void> {
    const own = new Channel<Work>();
    for (;;) {
      await this.#free.send(own);
      const { done, value: job } = await own.next();
      if (done) return;
      await job();
    }
  }

  /**
   * Hands over a job.
   *
   * - **Blocking:** suspends this goroutine until there is room in the queue, or a worker is free; first come, first served.
   * - **Cancellation:** an aborted signal wins; the job is not done then.
   *
   * @param job What the handler gets.
   * @param options `signal` ends the wait.
   * @throws {PoolClosedError} if it has been stopped, or is while this waits
   * @throws `signal.reason` if aborted
   */
  submit(job: J, options?: WaitOptions): Promise<void> {
    const handler = this.#handler;
    const work = toWork(() => handler(job), this.submit);
    return this.#jobs.send(work, options).catch(asClosed(options));
  }

  /** Ends the workers once all that was submitted is done; what waits to be submitted is refused. */
  async stop(): Promise<void> {
    if (!this.#jobs.closed) this.#jobs.close();
    await this.#goroutines;
  }

  /** Stops it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}
