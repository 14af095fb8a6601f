/**
 * Conditions of lockers that are not ours: whoever wrote them, they are objects of this thread, and so is the condition.
 *
 * A waiter enters the list and then unlocks, as one in shared memory does; a signal takes the first out and ends its wait, and the
 * goroutine asks the locker for the lock like anybody else. There is no queue of the locker's into which it could be moved.
 *
 * @module
 */
import { AgentCannotBlockError } from "../errors.ts";
import { List, ListNode } from "../internal/list.ts";
import type { Case, Wait } from "../select/case.ts";
import { waitFor } from "../select/direct.ts";
import type { CondObject } from "./cond_object.ts";
import type { Locker } from "./guard.ts";

/** A condition of this thread. */
export class LocalCond implements CondObject {
  readonly locker: Locker;
  readonly ptr =
    "Cannot send this Cond to another thread: its Locker is an object of this thread. Make it of a Mutex or an RWMutex";
  readonly #waiting = new List<LocalWaiter>();
  #isDisposed = false;

  /** @param locker See {@linkcode isLocker}. */
  constructor(locker: Locker) {
    this.locker = locker;
  }

  attach(): void {}

  check(): void {
    if (!this.#isDisposed) return;
    throw new TypeError("Cannot use a disposed Cond: this thread gave up its handle");
  }

  async wait(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted) throw signal.reason;
    const waiter = new LocalWaiter(this.#waiting);
    const signalled = waitFor(waiter, nothing, signal);
    try {
      this.locker.unlock();
    } catch (error) {
      // Nobody held it, so nobody has begun to wait, nor is there anybody to hear of an abort.
      signalled.catch(() => {});
      this.#waiting.remove(waiter);
      // What has been signalled meanwhile was for somebody else.
      if (waiter.isWoken) this.signal();
      else waiter.wake();
      throw error;
    }
    try {
      await signalled;
    } finally {
      await this.locker.lock();
    }
  }

  waitSync(): never {
    throw new AgentCannotBlockError(
      "Cannot block this thread: only its own goroutines could signal a Cond whose Locker is an object of this thread",
    );
  }

  signal(): void {
    while (this.#waiting.shift()?.wake() === false);
  }

  broadcast(): void {
    // Whoever is woken runs later: none of them waits anew meanwhile.
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      next.wake();
    }
  }

  dispose(): void {
    this.#isDisposed = true;
  }
}

/** Reports whether `value` has the methods of a {@linkcode Locker}. */
export function isLocker(value: unknown): value is Locker {
  if (typeof value !== "object" || value === null) return false;
  const methods: { readonly [K in keyof Locker]?: unknown } = value;
  return [methods.lock, methods.lockSync, methods.tryLock, methods.unlock]
    .every((method) => typeof method === "function");
}

/** A goroutine that waits for a signal. */
class LocalWaiter extends ListNode implements Case {
  index = 0;
  readonly rank = 0;
  readonly isShared = false;
  readonly isTimed = false;
  readonly deadline = Infinity;
  /** Reports whether it was {@linkcode wake} that has ended its wait. */
  isWoken = false;
  readonly #list: List<LocalWaiter>;
  #wait: Wait | undefined = undefined;

  /** @param list Where it waits. */
  constructor(list: List<LocalWaiter>) {
    super();
    this.#list = list;
  }

  /** Ends its wait, unless that is over; the caller has taken it out of the list. */
  wake(): boolean {
    if (!this.#wait!.claim(this.index)) return false;
    this.isWoken = true;
    this.#wait!.finish(this.index);
    return true;
  }

  enter(wait: Wait): boolean {
    this.#wait = wait;
    this.#list.push(this);
    return true;
  }

  leave(): void {
    this.#list.remove(this);
  }

  poll(): boolean {
    return false;
  }

  isReady(): boolean {
    return false;
  }

  complete(): boolean {
    throw new TypeError("Cannot complete a case of this thread: no other thread can have fired it");
  }

  dispose(): void {}
}

function nothing(): void {}
