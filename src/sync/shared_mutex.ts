/**
 * What a thread does with a mutex in shared memory: taking and freeing it, its guards, and who waits.
 *
 * @module
 */
import { LockAbandonedError, LockMisuseError } from "../errors.ts";
import { commonMs } from "../internal/clock.ts";
import { KIND_MUTEX } from "../memory/handle.ts";
import {
  COND_MUTEX,
  LOCK_ABANDONED,
  LOCK_CONTENDED,
  LOCK_MISUSED,
  WOKE_NONE,
} from "../memory/layout.ts";
import { agent } from "../park/agent.ts";
import type { Wait } from "../select/case.ts";
import type { Guard } from "./guard.ts";
import { LockCase, LockObject } from "./lock_object.ts";
import type { Held, Monitor } from "./monitor.ts";

/** A mutex in shared memory, as this thread uses it. */
export class SharedMutex extends LockObject implements Monitor {
  readonly mode = COND_MUTEX;
  readonly need = 0;
  /**
   * The guard whose lock this thread took last and has not freed. One that another thread has freed stays until it is
   * disposed, this thread locks anew, or the handle is disposed.
   */
  #holder: MutexGuard | undefined = undefined;

  constructor(ptr: number) {
    super(ptr, "mutex");
  }

  override dispose(): void {
    // A guard whose lock another thread has freed keeps nothing alive.
    if (this.#holder !== undefined && !this.core.fn.mutexIsOwn(this.ptr, this.core.agent)) {
      this.#freed(WOKE_NONE);
    }
    super.dispose();
  }

  static create(): SharedMutex {
    return new SharedMutex(LockObject.allocate(KIND_MUTEX, "mutex"));
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
export class MutexCase extends LockCase<SharedMutex> {
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
