/** Who is parked where, the longest first. */
import { Op } from "./operations.ts";
import { Status, type Thread } from "./thread.ts";

export class Parked {
  readonly #queues = new Map<number, Thread[]>();

  /** Before a schedule. */
  reset(): void {
    this.#queues.clear();
  }

  /** Parks `thread`, which stands before a wait. */
  add(thread: Thread, expected: number, timed: boolean): void {
    thread.status = Status.parked;
    thread.expected = expected;
    thread.timed = timed;
    const queue = this.#queues.get(thread.ptr);
    if (queue === undefined) this.#queues.set(thread.ptr, [thread]);
    else queue.push(thread);
  }

  /** Lets up to `count` threads that are parked on `ptr` run on. */
  wake(ptr: number, count: number): readonly Thread[] {
    const woken = this.#queues.get(ptr)?.splice(0, count) ?? [];
    for (const thread of woken) {
      thread.status = Status.ready;
      thread.op = Op.wake;
      thread.result = 0;
    }
    return woken;
  }

  /** Takes out a parked thread that has not been woken. */
  remove(thread: Thread): void {
    this.#queues.get(thread.ptr)?.splice(this.position(thread), 1);
  }

  /** How many have been parked on the same word for longer. */
  position(thread: Thread): number {
    return this.#queues.get(thread.ptr)?.indexOf(thread) ?? -1;
  }
}
