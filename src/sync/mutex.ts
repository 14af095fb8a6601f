/**
 * Mutexes.
 *
 * @module
 */
import { LockAbandonedError, LockMisuseError } from "../errors.ts";
import { checkDuration, checkSignal } from "../internal/check.ts";
import { commonMs } from "../internal/clock.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { core } from "../memory/core.ts";
import { KIND_MUTEX, registerKind, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import { COND_MUTEX, LOCK_ABANDONED, LOCK_CONTENDED, LOCK_MISUSED } from "../memory/layout.ts";
import { agent } from "../park/agent.ts";
import type { Wait } from "../select/case.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import type { WaitOptions } from "../select/types.ts";
import type { Guard, Locker } from "./guard.ts";
import { LockCase, LockObject } from "./lock_object.ts";
import { type Held, type Monitor, monitor } from "./monitor.ts";

/** A mutex in shared memory, as this thread uses it. */
class SharedMutex extends LockObject implements Monitor {
  readonly mode = COND_MUTEX;
  readonly need = 0;
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

  /** Reports whether a wait would end now. */
  get isOpen(): boolean {
    return this.core.fn.mutexIsOpen(this.ptr) !== 0;
  }

  /** @throws {LockAbandonedError} if the holder's thread has died */
  tryLock(): Guard | undefined {
    const c = this.core;
    return this.#take(c.fn.mutexTryLock(this.ptr, c.agent));
  }

  /** Ends a wait that was fired: it may have been handed the lock. Throws as {@linkcode tryLock} does. */
  complete(): Guard | undefined {
    const c = this.core;
    return this.#take(c.fn.mutexComplete(this.ptr, c.agent));
  }

  /** The guard of a lock that this thread has just taken, if it has: a new one, or that of before a wait for a condition. */
  #take(code: number, guard?: MutexGuard): Guard | undefined {
    if (code !== 1) return this.#refused(code);
    if (this.#holder === undefined) this.begin();
    return this.#holder = guard ?? new MutexGuard(this);
  }

  #refused(code: number): undefined {
    if (code !== LOCK_ABANDONED) return undefined;
    // Whoever finds it abandoned fires those who wait, and some may be of this thread.
    agent().drain();
    throw new LockAbandonedError(ABANDONED);
  }

  recover(): Guard | undefined {
    const c = this.core;
    const isTaken = c.fn.mutexRecover(this.ptr, c.agent);
    agent().drain();
    return this.#take(isTaken);
  }

  /** Frees the lock, whoever holds it. */
  unlock(): void {
    // Where it is held through this handle, it may be freed through it.
    if (this.#holder === undefined) this.check();
    const c = this.core;
    let code = c.fn.mutexUnlock(this.ptr, c.agent);
    if (code === LOCK_CONTENDED) code = c.fn.mutexRelease(this.ptr, c.agent, 0, commonMs());
    if (code === LOCK_MISUSED) throw new LockMisuseError("sync: unlock of unlocked mutex");
    this.#refused(code);
    this.#freed(code);
  }

  /** Hands on what was meant for a goroutine of this thread that cannot run. */
  pass(): boolean {
    const c = this.core;
    this.deliver(c.fn.mutexPass(this.ptr, c.agent, commonMs()));
    return true;
  }

  /** Frees the lock of `guard`, unless that has been freed. */
  release(guard: MutexGuard): void {
    if (this.#holder !== guard) return;
    const c = this.core;
    let code = c.fn.mutexUnlock(this.ptr, c.agent);
    if (code === LOCK_CONTENDED) {
      code = c.fn.mutexRelease(this.ptr, c.agent, c.agent, commonMs());
    }
    this.#freed(code);
  }

  hold(): Held {
    this.check();
    const c = this.core;
    if (c.fn.mutexIsOwn(this.ptr, c.agent)) return { guard: this.#holder };
    // Abandoned, it says so.
    if (this.isOpen && this.isLocked) this.#refused(LOCK_ABANDONED);
    throw new LockMisuseError("sync: unlock of unlocked mutex: who waits has to hold it");
  }

  suspend(): void {
    const c = this.core;
    const code = c.fn.mutexUnlock(this.ptr, c.agent);
    this.#freed(
      code === LOCK_CONTENDED ? c.fn.mutexRelease(this.ptr, c.agent, c.agent, commonMs()) : code,
    );
  }

  tryResume(held: Held): boolean {
    const c = this.core;
    const code = c.fn.mutexTryLock(this.ptr, c.agent);
    return this.#take(code, held.guard as MutexGuard | undefined) !== undefined;
  }

  resume(held: Held): boolean {
    const c = this.core;
    const code = c.fn.mutexComplete(this.ptr, c.agent);
    return this.#take(code, held.guard as MutexGuard | undefined) !== undefined;
  }

  enter(node: number, index: number, since: number, isOvertaken: boolean): void {
    this.core.fn.mutexEnter(this.ptr, node, index, since, Number(isOvertaken));
  }

  look(): boolean {
    return this.isOpen;
  }

  #freed(code: number): void {
    if (this.#holder === undefined) return this.deliver(code);
    this.#holder = undefined;
    // The memory stays at least until those whom this wakes have what they waited for.
    this.deliver(code);
    this.finish();
  }
}

/** What a {@linkcode LockAbandonedError} of a mutex says. */
const ABANDONED =
  "the thread that held this mutex has died: what it protects may be half changed. Call recover() to take it over";

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
 * A goroutine that waits for a mutex. When it is woken it has been handed the mutex, or the mutex is free and it tries for it like
 * everybody else. One that finds it taken need not pass the wake-up on: whoever took it wakes the next.
 */
class MutexCase extends LockCase<SharedMutex> {
  /** When it first asked. */
  readonly #since = commonMs();
  #isOvertaken = false;
  #guard: Guard | undefined = undefined;

  protected override join(wait: Wait): void {
    this.object.enter(wait.nodeOf(this.index), this.index, this.#since, this.#isOvertaken);
    this.#isOvertaken = false;
  }

  poll(): boolean {
    this.#guard = this.object.tryLock();
    return this.#hasEnded();
  }

  isReady(): boolean {
    return this.object.isOpen;
  }

  override complete(): boolean {
    this.#guard = this.object.complete();
    // If it goes on, somebody was faster.
    this.#isOvertaken = true;
    return this.#hasEnded();
  }

  #hasEnded(): boolean {
    return this.#guard !== undefined || (this.isTimed && this.deadline <= performance.now());
  }

  /** A goroutine that cannot run must not hold what others wait for, least of all the one that blocks its thread. */
  pass(): boolean {
    return this.object.pass();
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
