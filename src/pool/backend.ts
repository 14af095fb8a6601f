/**
 * What stands behind a {@linkcode Pool}: threads of its own, the threads that this one belongs to, or this thread alone.
 *
 * @module
 */
import type { Goroutine } from "./goroutine.ts";
import type { Ranking } from "./ranking.ts";

/** What one thread of a pool has done, and those that had its name before it. */
export interface WorkerStats {
  /** The thread's name. */
  readonly name: string;
  /** Tasks that it took. */
  readonly took: number;
  /** Tasks among them that it stole from another thread of the pool. */
  readonly stole: number;
  /** Tasks that it finished, or that ended with it. */
  readonly finished: number;
  /** Tasks that it has started and not finished, suspended ones included. */
  readonly running: number;
  /**
   * Share of the thread's time, from 0 to 1, in which it ran tasks, or looked for one after another; not what a goroutine does after its first
   * suspension. Of the thread that has the name now; 0 when none has.
   */
  readonly busyShare: number;
}

/** What a pool has done so far: `submitted` = `queued` + `running` + `finished`, when nothing moves meanwhile. */
export interface PoolStats {
  /** Tasks submitted, from whichever thread. */
  readonly submitted: number;
  /** Tasks that wait for a thread, those that are held up by a bounded queue and those that were cancelled there included. */
  readonly queued: number;
  /** Tasks that have started and not ended, suspended ones included. */
  readonly running: number;
  /** Tasks that have ended, or were cancelled. */
  readonly finished: number;
  /** Tasks that one thread of the pool took from another. */
  readonly stolen: number;
  /** The threads that have been started, by their names. */
  readonly workers: readonly WorkerStats[];
}

/** A task to run. */
export interface Submission {
  /** The name of its function. */
  readonly id: string;
  /** What to call it with. */
  readonly args: readonly unknown[];
  /** Its rank, where the pool ranks tasks. */
  readonly rank: number;
  /** The public function that was called. */
  readonly above: unknown;
}

/** The mechanism behind a pool. */
export interface Backend {
  /** Number of threads at most; 0: everything runs on this one. */
  readonly threads: number;
  /** Reports whether a task that this thread forked now would find another that has nothing to do. */
  readonly isHungry: boolean;
  /** What ranks the tasks; `undefined` where they start in the order in which they come. */
  readonly ranking: Ranking | undefined;
  /**
   * Submits a task.
   *
   * @throws {PoolClosedError} if the pool was closed
   * @throws {PoolFullError} if it refuses what would have to wait
   */
  submit(submission: Submission): Goroutine<unknown>;
  /** Resolves when a submission would be let into the queue at once. */
  ready(signal: AbortSignal | undefined): Promise<void>;
  /** Changes the number of threads. */
  resize(threads: number): void;
  /** Resolves when everything submitted has ended and nothing of the pool is left. */
  close(): Promise<void>;
  /** Resolves when everything has been stopped and nothing of the pool is left. */
  terminate(graceMs: number): Promise<void>;
  /** What has been done so far. */
  stats(): PoolStats;
}

/** The task's own name, from its `url#name`. */
export function nameOfTask(id: string): string {
  return id.slice(id.lastIndexOf("#") + 1);
}
