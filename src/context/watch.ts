/**
 * Watching a context of another thread: one wait for all of this thread who follow it.
 *
 * @module
 */
import { microtask } from "../internal/macrotask.ts";
import type { Case, Wait } from "../select/case.ts";
import { Operation } from "../select/operation.ts";
import { EndCase, type SharedContext } from "./shared_context.ts";

/** What ends the wait from this side. */
class StopCase implements Case {
  index = 0;
  readonly rank = 0;
  readonly isShared = false;
  readonly isTimed = false;
  readonly deadline: number = Infinity;
  /** Reports whether the wait was stopped: an end that is on its way then is nobody's. */
  isStopped = false;
  #wait: Wait | undefined = undefined;

  stop(): void {
    this.isStopped = true;
    if (this.#wait?.claim(this.index)) this.#wait.finish(this.index);
  }

  enter(wait: Wait): boolean {
    this.#wait = wait;
    return true;
  }

  poll(): boolean {
    return this.isStopped;
  }

  isReady(): boolean {
    return this.isStopped;
  }

  leave(): void {
    this.#wait = undefined;
  }

  complete(): boolean {
    throw new TypeError("Cannot complete a case of this thread: no other thread can have fired it");
  }

  dispose(): void {}
}

/**
 * Calls `ended` once when the context has ended, never within this call; it may be called while a goroutine blocks the thread.
 *
 * @param ended Runs no code of the caller's.
 * @returns What ends the watch; nothing is called afterwards.
 * @throws {SharedMemoryExhaustedError} if there is no room to wait
 */
export function watch(context: SharedContext, ended: () => void): () => void {
  const stop = new StopCase();
  let isStarting = true;
  const tell = (): void => {
    if (!stop.isStopped) ended();
  };
  Operation.wait([new EndCase(context), stop], () => {
    // Whoever begins to wait is not to be told before it has.
    if (isStarting) microtask(tell);
    else tell();
  });
  isStarting = false;
  return () => stop.stop();
}
