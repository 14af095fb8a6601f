/**
 * Mutexes.
 *
 * @module
 */
import { checkDuration, checkSignal } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { core } from "../memory/core.ts";
import { KIND_MUTEX, registerKind, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import type { WaitOptions } from "../select/types.ts";
import type { Guard, Locker } from "./guard.ts";
import { LockObject } from "./lock_object.ts";
import { monitor } from "./monitor.ts";
import { MutexCase, SharedMutex } from "./shared_mutex.ts";

/**
 * A lock that one goroutine of all threads holds at a time (Go: `sync.Mutex`).
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * lock there. What was written under the lock, on any thread, is visible to the next holder.
 *
 * It is not re-entrant: who locks it twice waits for itself. Any goroutine may unlock it, on any thread, as in Go.
 *
 * Who waits is woken in the order of arrival. When it runs, another thread may have been faster; then it stands at the head of the
 * queue again. Has it waited for more than a millisecond (of a clock that counts whole ones), the unlock hands it the mutex, so that
 * nobody starves (Go's starvation mode). What was handed to a goroutine rests with it until its thread gets to it.
 *
 * When the thread of its holder dies, the mutex is *abandoned*: those who wait, and those who ask later, get a
 * {@linkcode LockAbandonedError}, until somebody takes it over with {@linkcode recover}. That goes for a thread that is killed, and for
 * one that ends in order while a goroutine of its has not unlocked.
 *
 * @example
 * ```ts
 * import { Mutex } from "@millrace/millrace";
 *
 * const mutex = new Mutex();
 * let balance = 0;
 * async function deposit(amount: number) {
 *   using _ = await mutex.lock();
 *   const before = balance;
 *   await Promise.resolve(); // something that takes time
 *   balance = before + amount;
 * }
 * await Promise.all([deposit(1), deposit(2), deposit(3)]);
 * console.log(balance); // 6
 * ```
 *
 * @see Go package sync, type Mutex.
 */
export class Mutex implements Locker, Disposable {
  readonly #mutex: SharedMutex;

  /**
   * Makes a mutex, unlocked.
   *
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor();
  constructor(existing?: SharedMutex) {
    this.#mutex = existing instanceof SharedMutex ? existing : SharedMutex.create();
    this.#mutex.attach(this);
  }

  /** Reports whether somebody holds the mutex, or held it when the thread died; a snapshot. */
  get locked(): boolean {
    this.#mutex.check();
    return this.#mutex.isLocked;
  }

  /** What goes to another thread in this mutex's place. */
  get [shared](): number {
    this.#mutex.check();
    return this.#mutex.ptr;
  }

  /** What a condition needs of this mutex: a `Monitor`. */
  get [monitor](): unknown {
    return this.#mutex;
  }

  /**
   * Locks the mutex, waiting until it is free.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode lockSync} blocks.
   * - **Ordering:** those who wait are woken first come, first served, and may be overtaken by another thread, but not once they
   *   have waited for more than a millisecond.
   * - **Cancellation:** an aborted signal wins even if the mutex is free; the lock is then not taken.
   * - **Cost:** no waiter when the mutex is free.
   *
   * @param options `signal` cancels the wait.
   * @returns A guard that unlocks when it is disposed; or ignore it and call {@linkcode unlock}.
   * @throws `signal.reason` if aborted
   * @throws {LockAbandonedError} if the holder's thread has died
   */
  lock(options?: WaitOptions): Promise<Guard> {
    return this.#lock(options, Infinity) as Promise<Guard>;
  }

  /**
   * Locks the mutex, blocking the thread until it is free.
   *
   * The thread's other goroutines stand still meanwhile: if one of them holds the mutex, only another thread could unlock it.
   *
   * @returns A guard that unlocks when it is disposed.
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block
   * @throws {LockAbandonedError} if the holder's thread has died
   */
  lockSync(): Guard {
    return this.#lockSync(Infinity)!;
  }

  /**
   * Locks the mutex if it is free.
   *
   * @returns A guard that unlocks when it is disposed, or `undefined` if somebody holds the mutex.
   * @throws {LockAbandonedError} if the holder's thread has died
   */
  tryLock(): Guard | undefined {
    this.#mutex.check();
    return this.#mutex.tryLock();
  }

  /**
   * Locks the mutex, waiting until it is free, but not longer than `ms` milliseconds.
   *
   * @param ms Milliseconds; any number, also beyond 2^31. Negative ones count as 0.
   * @param options `signal` cancels the wait.
   * @returns A guard that unlocks when it is disposed, or `undefined` if the time was over first.
   * @throws {TypeError | RangeError} at the call, if `ms` is no number, or NaN
   * @throws `signal.reason` if aborted
   * @throws {LockAbandonedError} if the holder's thread has died
   */
  lockWithin(ms: number, options?: WaitOptions): Promise<Guard | undefined> {
    return this.#lock(options, checkDuration("a time limit", ms));
  }

  /**
   * Locks the mutex, blocking the thread until it is free, but not longer than `ms` milliseconds.
   *
   * @param ms Milliseconds. Negative ones count as 0.
   * @returns A guard that unlocks when it is disposed, or `undefined` if the time was over first.
   * @throws {TypeError | RangeError} if `ms` is no number, or NaN
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block
   * @throws {LockAbandonedError} if the holder's thread has died
   */
  lockWithinSync(ms: number): Guard | undefined {
    return this.#lockSync(checkDuration("a time limit", ms));
  }

  /**
   * Unlocks the mutex and wakes the goroutine that has waited longest, or hands it the mutex.
   *
   * It need not be called by who locked the mutex. The guard that was given for the lock is then spent.
   *
   * @throws {LockMisuseError} "sync: unlock of unlocked mutex"
   * @throws {LockAbandonedError} if the holder's thread has died
   */
  unlock(): void {
    this.#mutex.unlock();
  }

  /**
   * Takes over the mutex if it is abandoned: if the thread of its holder has died. From then on it is a mutex like any other, so
   * whoever calls this puts right what it protects, and then unlocks. Rust calls this clearing the poison.
   *
   * Who waited when the thread died and has not noticed yet goes on waiting. Of several who call this one takes it over.
   *
   * @returns A guard that unlocks when it is disposed, or `undefined` if the mutex is not abandoned.
   *
   * @example
   * ```ts
   * import { type Guard, LockAbandonedError, Mutex } from "@millrace/millrace";
   *
   * const mutex = new Mutex();
   * async function lockAndRepair(repair: () => void): Promise<Guard> {
   *   for (;;) {
   *     try {
   *       return await mutex.lock();
   *     } catch (error) {
   *       if (!(error instanceof LockAbandonedError)) throw error;
   *       const guard = mutex.recover();
   *       if (guard === undefined) continue; // somebody else was faster
   *       repair();
   *       return guard;
   *     }
   *   }
   * }
   * using _ = await lockAndRepair(() => console.log("its holder has died"));
   * ```
   */
  recover(): Guard | undefined {
    this.#mutex.check();
    return this.#mutex.recover();
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting, and a guard that is out can still be disposed. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#mutex.dispose();
  }

  #lock(options: WaitOptions | undefined, ms: number): Promise<Guard | undefined> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const mutex = this.#mutex;
    mutex.check();
    if (signal?.aborted) return Promise.reject(signal.reason);
    let guard: Guard | undefined;
    try {
      guard = mutex.tryLock();
    } catch (error) {
      return Promise.reject(error);
    }
    if (guard !== undefined) return isBudgetSpent() ? afterTurn(guard) : Promise.resolve(guard);
    return waitFor(new MutexCase(mutex, performance.now() + ms), toGuard, signal);
  }

  #lockSync(ms: number): Guard | undefined {
    const mutex = this.#mutex;
    mutex.check();
    const guard = mutex.tryLock();
    if (guard !== undefined) return guard;
    const only = new MutexCase(mutex, performance.now() + ms);
    return Operation.block([only], () => only.outcome());
  }
}

function toGuard(ended: MutexCase): Guard | undefined {
  return ended.outcome();
}

const Revived = Mutex as unknown as new (existing: SharedMutex) => Mutex;

registerKind(KIND_MUTEX, {
  revive: (ptr) => new Revived(new SharedMutex(ptr)),
  abandon: LockObject.abandon,
  isHeld(ptr) {
    const c = core();
    return c.fn.mutexIsOwn(ptr, c.agent) !== 0;
  },
});

/**
 * The element type of mutexes: for a channel that carries them, or a field of a struct.
 *
 * What is received is the very mutex that was sent; it is alive as long as anybody has it, or a message carries it.
 *
 * @example
 * ```ts
 * import { Channel, Mutex, mutexOf } from "@millrace/millrace";
 *
 * const locks = new Channel(mutexOf, 4); // or mutexOf(): both are the same type
 * const mutex = new Mutex();
 * locks.trySend(mutex);
 * console.log(await locks.receive() === mutex); // true
 * ```
 */
export const mutexOf: HandleElement<Mutex> = handlesOf("mutexOf", KIND_MUTEX, "a Mutex");
