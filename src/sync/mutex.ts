/**
 * Mutexes.
 *
 * @module
 */
import { LockMisuseError } from "../errors.ts";
import { checkDuration, checkSignal } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { KIND_MUTEX, registerKind, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import { LOCK_MISUSED, LOCK_QUEUE } from "../memory/layout.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import type { WaitOptions } from "../select/types.ts";
import type { Guard, Locker } from "./guard.ts";
import { LockCase, LockObject } from "./lock_object.ts";

/** A mutex in shared memory, as this thread uses it. */
class SharedMutex extends LockObject {
  /**
   * The guard whose lock this thread took last and has not freed. One that another thread has freed stays until it is
   * disposed, or this thread locks anew.
   */
  #holder: MutexGuard | undefined = undefined;

  constructor(ptr: number) {
    super(ptr, "mutex");
  }

  static create(): SharedMutex {
    return new SharedMutex(LockObject.allocate(KIND_MUTEX, 0, 0, "mutex"));
  }

  get isLocked(): boolean {
    return this.core.fn.mutexIsLocked(this.ptr) !== 0;
  }

  tryLock(): Guard | undefined {
    const c = this.core;
    if (c.fn.mutexTryLock(this.ptr, c.agent) === 0) return undefined;
    if (this.#holder === undefined) this.begin();
    return this.#holder = new MutexGuard(this);
  }

  /** Frees the lock, whoever holds it. */
  unlock(): void {
    // Where it is held through this handle, it may be freed through it.
    if (this.#holder === undefined) this.check();
    const c = this.core;
    const code = c.fn.mutexUnlock(this.ptr, c.agent);
    if (code === LOCK_MISUSED) throw new LockMisuseError("sync: unlock of unlocked mutex");
    this.#freed(code);
  }

  /** Wakes who has waited longest, in the stead of one that was woken and cannot lock now. */
  wakeNext(): void {
    const c = this.core;
    this.deliver(c.fn.queueWake(this.ptr + LOCK_QUEUE, c.agent));
  }

  /** Frees the lock of `guard`, unless that has been freed. */
  release(guard: MutexGuard): void {
    if (this.#holder !== guard) return;
    const c = this.core;
    this.#freed(c.fn.mutexUnlockOwn(this.ptr, c.agent));
  }

  #freed(code: number): void {
    if (this.#holder === undefined) return this.deliver(code);
    this.#holder = undefined;
    // The memory stays at least until those whom this wakes have what they waited for.
    this.deliver(code);
    this.finish();
  }
}

/** See {@linkcode Guard}. */
class MutexGuard implements Guard {
  readonly #mutex: SharedMutex;

  constructor(mutex: SharedMutex) {
    this.#mutex = mutex;
  }

  [Symbol.dispose](): void {
    this.#mutex.release(this);
  }
}

/**
 * A goroutine that waits for a mutex. When it is woken the mutex is free, and it tries for it like everybody else. One that
 * finds it taken need not pass the wake-up on: whoever took it wakes the next.
 */
class MutexCase extends LockCase<SharedMutex> {
  #guard: Guard | undefined = undefined;

  poll(): boolean {
    this.#guard = this.object.tryLock();
    return this.#guard !== undefined || (this.isTimed && this.deadline <= performance.now());
  }

  isReady(): boolean {
    return !this.object.isLocked;
  }

  /** A goroutine that cannot run must not hold what others wait for, least of all the one that blocks its thread. */
  pass(): boolean {
    this.object.wakeNext();
    return true;
  }

  /** The guard, or `undefined` when the time is over. */
  outcome(): Guard | undefined {
    return this.#guard;
  }
}

/**
 * A lock that one goroutine of all threads holds at a time (Go: `sync.Mutex`).
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * lock there. What was written under the lock, on any thread, is visible to the next holder.
 *
 * It is not re-entrant: who locks it twice waits for itself. Any goroutine may unlock it, on any thread, as in Go.
 * Who waits is woken in the order of arrival; when it runs, another thread may have been faster, and then it queues again.
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

  /** Reports whether somebody holds the mutex; a snapshot. */
  get locked(): boolean {
    this.#mutex.check();
    return this.#mutex.isLocked;
  }

  /** What goes to another thread in this mutex's place. */
  get [shared](): number {
    this.#mutex.check();
    return this.#mutex.ptr;
  }

  /**
   * Locks the mutex, waiting until it is free.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode lockSync} blocks.
   * - **Ordering:** those who wait are woken first come, first served, and may be overtaken by another thread.
   * - **Cancellation:** an aborted signal wins even if the mutex is free; the lock is then not taken.
   * - **Cost:** no waiter when the mutex is free.
   *
   * @param options `signal` cancels the wait.
   * @returns A guard that unlocks when it is disposed; or ignore it and call {@linkcode unlock}.
   * @throws `signal.reason` if aborted
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
   */
  lockSync(): Guard {
    return this.#lockSync(Infinity)!;
  }

  /**
   * Locks the mutex if it is free.
   *
   * @returns A guard that unlocks when it is disposed, or `undefined` if somebody holds the mutex.
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
   */
  lockWithinSync(ms: number): Guard | undefined {
    return this.#lockSync(checkDuration("a time limit", ms));
  }

  /**
   * Unlocks the mutex and wakes the goroutine that has waited longest.
   *
   * It need not be called by who locked the mutex. The guard that was given for the lock is then spent.
   *
   * @throws {LockMisuseError} "sync: unlock of unlocked mutex"
   */
  unlock(): void {
    this.#mutex.unlock();
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
    const guard = mutex.tryLock();
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
