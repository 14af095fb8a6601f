/**
 * Mutexes for many readers or one writer.
 *
 * @module
 */
import { checkSignal } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { core } from "../memory/core.ts";
import { KIND_RW_MUTEX, registerKind, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import type { WaitOptions } from "../select/types.ts";
import type { Guard, Locker } from "./guard.ts";
import { type Monitor, monitor } from "./monitor.ts";
import { RWMutexCase, SharedRWMutex, Side } from "./shared_rw_mutex.ts";

/**
 * A lock that any number of goroutines hold for reading, or one for writing (Go: `sync.RWMutex`).
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * lock there. What was written under the lock, on any thread, is visible to the next holders.
 *
 * Those who wait are served strictly in the order of arrival, readers that stand next to each other together. So a waiting writer
 * holds back later readers, and neither side starves. That is also why a goroutine must not lock for reading what it has locked
 * for reading already: a writer that came in between would wait for it, and it for the writer.
 *
 * When the thread of a writer dies, the lock is *abandoned*, as a {@linkcode Mutex} is: everybody gets a {@linkcode LockAbandonedError},
 * readers as well, until somebody calls {@linkcode recover}. What a reader's thread held when it died is given back: a reader leaves
 * nothing half done.
 *
 * @example
 * ```ts
 * import { RWMutex } from "@millrace/millrace";
 *
 * const mutex = new RWMutex();
 * const prices = new Map<string, number>();
 * async function price(name: string) {
 *   using _ = await mutex.rLock();
 *   return prices.get(name);
 * }
 * async function setPrice(name: string, value: number) {
 *   using _ = await mutex.lock();
 *   prices.set(name, value);
 * }
 * await setPrice("tea", 3);
 * console.log(await Promise.all([price("tea"), price("tea")])); // [ 3, 3 ]
 * ```
 *
 * @see Go package sync, type RWMutex.
 */
export class RWMutex implements Locker, Disposable {
  readonly #mutex: SharedRWMutex;
  #readLocker: Locker | undefined = undefined;

  /**
   * Makes an RWMutex, unlocked.
   *
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor();
  constructor(existing?: SharedRWMutex) {
    this.#mutex = existing instanceof SharedRWMutex ? existing : SharedRWMutex.create();
    this.#mutex.attach(this);
  }

  /** What goes to another thread in this mutex' place. */
  get [shared](): number {
    this.#mutex.check();
    return this.#mutex.ptr;
  }

  /** What a condition needs of this mutex: a `Monitor`. */
  get [monitor](): unknown {
    return new Side(this.#mutex, false);
  }

  /**
   * Locks for writing, waiting until nobody reads or writes and everybody who came earlier has been served.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode lockSync} blocks.
   * - **Ordering:** FIFO, across threads.
   * - **Cancellation:** an aborted signal wins even if the lock is free; it is then not taken.
   * - **Cost:** no waiter when the lock is free.
   *
   * @param options `signal` cancels the wait.
   * @returns A guard that unlocks when it is disposed; or ignore it and call {@linkcode unlock}.
   * @throws `signal.reason` if aborted
   * @throws {LockAbandonedError} if the thread of a writer has died
   */
  lock(options?: WaitOptions): Promise<Guard> {
    return this.#lock(false, options);
  }

  /**
   * Locks for writing, blocking the thread until it can.
   *
   * The thread's other goroutines stand still meanwhile: if one of them holds the lock, only another thread could unlock it.
   *
   * @returns A guard that unlocks when it is disposed.
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block
   * @throws {LockAbandonedError} if the thread of a writer has died
   */
  lockSync(): Guard {
    return this.#lockSync(false);
  }

  /**
   * Locks for writing if nobody reads, writes or waits.
   *
   * @returns A guard that unlocks when it is disposed, or `undefined`.
   * @throws {LockAbandonedError} if the thread of a writer has died
   */
  tryLock(): Guard | undefined {
    this.#mutex.check();
    return this.#mutex.tryLock(false);
  }

  /**
   * Unlocks what was locked for writing, and lets those in who are next.
   *
   * It need not be called by who locked. The guard that was given for the lock is then spent.
   *
   * @throws {LockMisuseError} "sync: Unlock of unlocked RWMutex"
   * @throws {LockAbandonedError} if the thread of the writer has died
   */
  unlock(): void {
    this.#mutex.unlock();
  }

  /**
   * Locks for reading, waiting until nobody writes and everybody who came earlier has been served.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode rLockSync} blocks.
   * - **Ordering:** FIFO, across threads; readers that stand next to each other get in together.
   * - **Cancellation:** an aborted signal wins even if the lock could be had; it is then not taken.
   * - **Cost:** no waiter when nobody writes or waits.
   *
   * @param options `signal` cancels the wait.
   * @returns A guard that unlocks when it is disposed; or ignore it and call {@linkcode rUnlock}.
   * @throws `signal.reason` if aborted
   * @throws {LockAbandonedError} if the thread of a writer has died
   */
  rLock(options?: WaitOptions): Promise<Guard> {
    return this.#lock(true, options);
  }

  /**
   * Locks for reading, blocking the thread until it can.
   *
   * The thread's other goroutines stand still meanwhile: if one of them writes, only another thread could unlock.
   *
   * @returns A guard that unlocks when it is disposed.
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block
   * @throws {LockAbandonedError} if the thread of a writer has died
   */
  rLockSync(): Guard {
    return this.#lockSync(true);
  }

  /**
   * Locks for reading if nobody writes or waits.
   *
   * @returns A guard that unlocks when it is disposed, or `undefined`.
   * @throws {LockAbandonedError} if the thread of a writer has died
   */
  tryRLock(): Guard | undefined {
    this.#mutex.check();
    return this.#mutex.tryLock(true);
  }

  /**
   * Unlocks what was locked for reading; the last reader lets a writer in.
   *
   * It need not be called by who locked. Of the guards that this thread has for read locks the oldest is then spent, since nobody can
   * tell whose this is: let those who read at the same time on one thread all dispose guards, or all call this.
   *
   * @throws {LockMisuseError} "sync: RUnlock of unlocked RWMutex"
   */
  rUnlock(): void {
    this.#mutex.rUnlock();
  }

  /**
   * The reading side as a {@linkcode Locker}: its `lock` is {@linkcode rLock}, its `unlock` {@linkcode rUnlock}, and so on.
   *
   * Every call returns the same one. It is this thread's: what goes to another is the RWMutex itself, or a `Cond` of it.
   */
  rLocker(): Locker {
    return this.#readLocker ??= new ReadLocker(this, new Side(this.#mutex, true));
  }

  /**
   * Takes over the lock, for writing, if it is abandoned: if the thread of a writer has died. See {@linkcode Mutex.recover}.
   *
   * @returns A guard that unlocks when it is disposed, or `undefined` if the lock is not abandoned.
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

  #lock(isReader: boolean, options: WaitOptions | undefined): Promise<Guard> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const mutex = this.#mutex;
    mutex.check();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const guard = mutex.tryFast(isReader);
    if (guard !== undefined) return isBudgetSpent() ? afterTurn(guard) : Promise.resolve(guard);
    return waitFor(new RWMutexCase(mutex, isReader), toGuard, signal);
  }

  #lockSync(isReader: boolean): Guard {
    const mutex = this.#mutex;
    mutex.check();
    // No more than that: looking further could give the lock to another goroutine of this thread, which is about to be blocked.
    const guard = mutex.tryFast(isReader);
    if (guard !== undefined) return guard;
    const only = new RWMutexCase(mutex, isReader);
    return Operation.block([only], () => only.outcome());
  }
}

/** See {@linkcode RWMutex.rLocker}. */
class ReadLocker implements Locker {
  readonly [monitor]: Monitor;
  readonly #mutex: RWMutex;

  constructor(mutex: RWMutex, side: Monitor) {
    this.#mutex = mutex;
    this[monitor] = side;
  }

  /** Why it does not go to another thread. */
  get [shared](): string {
    return "Cannot send an rLocker() to another thread: send its RWMutex, and call rLocker() there";
  }

  lock(options?: WaitOptions): Promise<Guard> {
    return this.#mutex.rLock(options);
  }

  lockSync(): Guard {
    return this.#mutex.rLockSync();
  }

  tryLock(): Guard | undefined {
    return this.#mutex.tryRLock();
  }

  unlock(): void {
    this.#mutex.rUnlock();
  }
}

function toGuard(ended: RWMutexCase): Guard {
  return ended.outcome();
}

const Revived = RWMutex as unknown as new (existing: SharedRWMutex) => RWMutex;

registerKind(KIND_RW_MUTEX, {
  revive: (ptr) => new Revived(new SharedRWMutex(ptr)),
  abandon: (ptr) => core().fn.rwFree(ptr),
  isHeld(ptr) {
    const c = core();
    return c.fn.rwIsOwn(ptr, c.agent) !== 0;
  },
});

/** The element type of RWMutexs: for a channel that carries them, or a field of a struct. See {@linkcode mutexOf}. */
export const rwMutexOf: HandleElement<RWMutex> = handlesOf(
  "rwMutexOf",
  KIND_RW_MUTEX,
  "an RWMutex",
);
