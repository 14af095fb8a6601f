/**
 * Condition variables.
 *
 * @module
 */
import { checkSignal, show } from "../internal/check.ts";
import { KIND_COND, registerKind, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import type { WaitOptions } from "../select/types.ts";
import type { CondObject } from "./cond_object.ts";
import type { Locker } from "./guard.ts";
import { isLocker, LocalCond } from "./local_cond.ts";
import { monitorOf, SharedCond } from "./shared_cond.ts";

/**
 * A condition variable: goroutines wait, with a lock held, until another says that something has changed (Go: `sync.Cond`).
 *
 * It belongs to a {@linkcode Mutex}, an {@linkcode RWMutex} or the `rLocker()` of one, and is usable on every thread: passed to
 * another, as an argument of a task or through a typed channel, it is the same condition there, and its {@linkcode locker} the same lock.
 *
 * It may also belong to a {@linkcode Locker} of one's own, as in Go. Such a condition is this thread's, as the locker is: sending it is an
 * error, and {@linkcode waitSync} is, since nobody else could signal. A wait calls the locker's `unlock` and, after the signal, its `lock`;
 * free the lock with `unlock` afterwards, since the guard of before the wait may be spent.
 *
 * A wait ends after a signal, after a broadcast, and when some thread has died, since its signal may have died with it. By the time it
 * has the lock again somebody else may have changed things back. So wait in a loop.
 *
 * @example
 * ```ts
 * import { Cond, Mutex } from "@millrace/millrace";
 *
 * const mutex = new Mutex();
 * const changed = new Cond(mutex);
 * const queue: string[] = [];
 * async function take() {
 *   using _ = await mutex.lock();
 *   while (queue.length === 0) await changed.wait();
 *   return queue.shift();
 * }
 * const taken = take();
 * {
 *   using _ = await mutex.lock();
 *   queue.push("tea");
 *   changed.signal();
 * }
 * console.log(await taken); // tea
 * ```
 *
 * @see Go package sync, type Cond.
 */
export class Cond implements Disposable {
  readonly #cond: CondObject;

  /**
   * Makes a condition.
   *
   * @param locker The lock that is held around a wait: a {@linkcode Mutex}, an {@linkcode RWMutex}, its `rLocker()`, or a
   * {@linkcode Locker} of one's own.
   * @throws {TypeError} if `locker` is something else, or disposed
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(locker: Locker);
  constructor(locker: Locker | SharedCond) {
    this.#cond = locker instanceof SharedCond ? locker : create(locker);
    this.#cond.attach(this);
  }

  /** The lock that is held around a wait (Go: the field `L`). */
  get locker(): Locker {
    this.#cond.check();
    return this.#cond.locker;
  }

  /** What goes to another thread in this condition's place. */
  get [shared](): number | string {
    this.#cond.check();
    return this.#cond.ptr;
  }

  /**
   * Unlocks the lock, waits for a signal, and locks again. The guard of the lock does nothing meanwhile, and unlocks afterwards.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode waitSync} blocks.
   * - **Ordering:** FIFO: a signal goes to who has waited longest. No signal is missed that is given once the lock is free.
   * - **Cancellation:** an aborted wait rejects with the lock held, once it has it again. A signal that it had by then goes to the next.
   *
   * @param options `signal` cancels the wait.
   * @throws {LockMisuseError} if no goroutine of this thread holds the lock; what the `unlock` of a locker of one's own throws
   * @throws `signal.reason` if aborted; the lock is held then, too
   * @throws {LockAbandonedError} if the thread of the lock's holder has died; the lock is not held then
   */
  wait(options?: WaitOptions): Promise<void> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const cond = this.#cond;
    cond.check();
    return cond.wait(signal);
  }

  /**
   * Unlocks the lock, blocks the thread until there is a signal, and locks again. See {@linkcode wait}.
   *
   * The signal has to come from another thread: this one's goroutines stand still meanwhile.
   *
   * @throws {LockMisuseError} if no goroutine of this thread holds the lock
   * @throws {AgentCannotBlockError} if the thread may not block, or the locker is one's own; the lock is held then
   * @throws {LockAbandonedError} if the thread of the lock's holder has died; the lock is not held then
   */
  waitSync(): void {
    this.#cond.check();
    this.#cond.waitSync();
  }

  /**
   * Wakes the goroutine that has waited longest, if any does. It goes on once it has the lock.
   *
   * The lock need not be held.
   */
  signal(): void {
    this.#cond.check();
    this.#cond.signal();
  }

  /** Wakes all goroutines that wait, on all threads. Each goes on once it has the lock, one after the other. */
  broadcast(): void {
    this.#cond.check();
    this.#cond.broadcast();
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting. Disposing twice is harmless. The lock has a handle of its own.
   */
  [Symbol.dispose](): void {
    this.#cond.dispose();
  }
}

function create(locker: unknown): CondObject {
  if (isLocker(locker)) {
    const its = monitorOf(locker);
    return its === undefined ? new LocalCond(locker) : SharedCond.create(locker, its);
  }
  throw new TypeError(
    `Cannot make a Cond of ${
      show(locker)
    }: expected a Mutex, an RWMutex, the rLocker() of one, or a Locker of your own`,
  );
}

const Revived = Cond as unknown as new (existing: SharedCond) => Cond;

registerKind(KIND_COND, {
  revive: (ptr) => new Revived(SharedCond.revive(ptr)),
  abandon: SharedCond.abandonCond,
});

/** The element type of Conds: for a channel that carries them, or a field of a struct. See {@linkcode mutexOf}. */
export const condOf: HandleElement<Cond> = handlesOf("condOf", KIND_COND, "a Cond");
