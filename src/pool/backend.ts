/**
 * What stands behind a {@linkcode Pool}: threads of its own, the threads that this one belongs to, or this thread alone.
 *
 * @module
 */
import type { Goroutine } from "./goroutine.ts";

/** What one thread of a pool has done. */
export interface WorkerStats {
  /** The thread's name. */
  readonly name: string;
  /** Tasks that it took. */
  readonly took: number;
  /** Tasks among them that it stole from another thread of the pool. */
  readonly stole: number;
  /** Tasks that it finished. */
  readonly finished: number;
}

/** What a pool has done so far. */
export interface PoolStats {
  /** Tasks submitted, from whichever thread. */
  readonly submitted: number;
  /** Tasks that have ended. */
  readonly finished: number;
  /** The threads that have been started. */
  readonly workers: readonly WorkerStats[];
}

/** The mechanism behind a pool. */
export interface Backend {
  /** Number of threads at most; 0: everything runs on this one. */
  readonly threads: number;
  /** Reports whether a task that this thread forked now would find another that has nothing to do. */
  readonly isHungry: boolean;
  /**
   * Submits the task `id`.
   *
   * @param above The public function that was called.
   * @throws {PoolClosedError} if the pool was closed
   */
  submit(id: string, args: readonly unknown[], above: unknown): Goroutine<unknown>;
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
