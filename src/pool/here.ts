/**
 * A pool where threads are not to be had: the same calls run on this thread.
 *
 * @module
 */
import { PoolClosedError } from "../errors.ts";
import { readValue, writeValue } from "../memory/element.ts";
import { discardMessage } from "../memory/message.ts";
import { type Backend, nameOfTask, type PoolStats } from "./backend.ts";
import { startHere } from "./go.ts";
import type { Goroutine } from "./goroutine.ts";
import { findTask } from "./task.ts";

/** Runs tasks as goroutines of this thread. Arguments are copied all the same. */
export class Here implements Backend {
  readonly threads = 0;
  #submitted = 0;
  #finished = 0;
  #isClosed = false;
  #isTerminated = false;
  #quiet: (() => void)[] = [];

  submit(id: string, args: readonly unknown[], above: unknown): Goroutine<unknown> {
    if (this.#isClosed) throw new PoolClosedError("Cannot run a task: the pool is closed");
    const message = writeValue(args);
    this.#submitted++;
    return startHere(nameOfTask(id), above, () => this.#run(id, message));
  }

  async #run(id: string, message: number): Promise<unknown> {
    try {
      if (this.#isTerminated) {
        discardMessage(message);
        throw new PoolClosedError("the pool was closed before this task started");
      }
      const args = readValue(message) as unknown[];
      const fn = await findTask(id);
      return await fn(...args);
    } finally {
      if (++this.#finished === this.#submitted) {
        for (const resolve of this.#quiet.splice(0)) resolve();
      }
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#finished === this.#submitted) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.push(resolve));
  }

  terminate(): Promise<void> {
    this.#isClosed = this.#isTerminated = true;
    return Promise.resolve();
  }

  stats(): PoolStats {
    return { submitted: this.#submitted, finished: this.#finished, workers: [] };
  }
}
