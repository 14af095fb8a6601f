/**
 * Condition variables.
 *
 * @module
 */
import { checkSignal, show } from "../internal/check.ts";
import { commonMs } from "../internal/clock.ts";
import { core } from "../memory/core.ts";
import { importHandle, KIND_COND, registerKind, releaseObject, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import {
  COND_LOCKER,
  COND_MODE,
  COND_READER,
  LOCK_QUEUE,
  MOVED_BY_SIGNAL,
  NODE_MOVED,
  QUEUE_COUNT,
} from "../memory/layout.ts";
import type { Wait } from "../select/case.ts";
import { Operation } from "../select/operation.ts";
import type { WaitOptions } from "../select/types.ts";
import type { Locker } from "./guard.ts";
import { LockCase, LockObject } from "./lock_object.ts";
import { type Held, type Monitor, monitor } from "./monitor.ts";
import type { RWMutex } from "./rw_mutex.ts";

/** A condition in shared memory, as this thread uses it. */
class SharedCond extends LockObject {
  readonly locker: Locker;
  readonly monitor: Monitor;

  constructor(ptr: number, locker: Locker, its: Monitor) {
    super(ptr, "Cond");
    this.locker = locker;
    this.monitor = its;
  }

  static create(locker: Locker): SharedCond {
    const its = monitorOf(locker);
    its.check();
    const ptr = LockObject.allocate(KIND_COND, its.ptr, its.mode, "Cond");
    // As long as the condition is there, its lock is.
    core().fn.objectRetain(its.ptr);
    return new SharedCond(ptr, locker, its);
  }

  /** The condition at `ptr`, which came from another thread, and its lock with it. */
  static revive(ptr: number): SharedCond {
    const c = core();
    const its = c.readU32(ptr + COND_LOCKER);
    c.fn.objectRetain(its);
    const handle = importHandle(its) as unknown as Locker;
    const isReader = c.readU32(ptr + COND_MODE) === COND_READER;
    const locker = isReader ? (handle as RWMutex).rLocker() : handle;
    return new SharedCond(ptr, locker, monitorOf(locker));
  }

  get isWaited(): boolean {
    return this.core.loadU32(this.ptr + LOCK_QUEUE + QUEUE_COUNT) !== 0;
  }

  signal(): void {
    if (!this.isWaited) return;
    const c = this.core;
    this.deliver(c.fn.condSignal(this.ptr, c.agent, commonMs()));
  }

  broadcast(): void {
    if (!this.isWaited) return;
    const c = this.core;
    this.deliver(c.fn.condBroadcast(this.ptr, c.agent, commonMs()));
  }

  static abandonCond(ptr: number): void {
    releaseObject(core().readU32(ptr + COND_LOCKER));
    LockObject.abandon(ptr);
  }
}

function monitorOf(locker: unknown): Monitor {
  if (typeof locker === "object" && locker !== null && monitor in locker) {
    return locker[monitor] as Monitor;
  }
  throw new TypeError(
    `Cannot make a Cond of ${show(locker)}: expected a Mutex, an RWMutex, or the rLocker() of one`,
  );
}

/**
 * A goroutine that waits for a condition, and then for its lock. Its node stands in the condition's queue until somebody moves it into
 * that of the lock; so whoever fires it has unlocked the lock.
 */
class CondCase extends LockCase<SharedCond> {
  readonly #held: Held;
  /** It waits for the lock only. */
  #isSignalled: boolean;
  #hasUnlocked: boolean;
  /** When it began to wait for the lock. */
  #since = 0;
  #isOvertaken = false;
  #node = 0;
  /** A `MOVED_…` code, once it has come out of the queues: whether it had a signal. */
  #moved = 0;

  /** @param isSignalled It has the lock unlocked, and wants nothing but the lock. */
  constructor(cond: SharedCond, held: Held, isSignalled: boolean) {
    super(cond);
    cond.monitor.begin();
    this.#held = held;
    this.#isSignalled = this.#hasUnlocked = isSignalled;
  }

  /** It was given up: a signal of its own goes to the next. */
  handOn(): void {
    if (this.#moved === MOVED_BY_SIGNAL) this.object.signal();
  }

  protected override join(wait: Wait): void {
    this.#node = wait.nodeOf(this.index);
    const { ptr, core: { fn }, monitor: its } = this.object;
    if (!this.#isSignalled) return fn.condEnter(ptr, this.#node, this.index, its.need);
    if (this.#since === 0) this.#since = commonMs();
    its.enter(this.#node, this.index, this.#since, this.#isOvertaken);
    this.#isOvertaken = false;
  }

  isReady(): boolean {
    const its = this.object.monitor;
    if (!this.#hasUnlocked) {
      // It stands in the queue, so that whoever gets the lock now finds it there.
      this.#hasUnlocked = true;
      its.suspend(this.#held);
    }
    return this.#isSignalled && its.look();
  }

  poll(): boolean {
    // Not fired and here all the same: a thread has died, and the signal perhaps with it.
    this.#isSignalled = true;
    return this.object.monitor.tryResume(this.#held);
  }

  override leave(wasClaimed: boolean): void {
    if (wasClaimed) return;
    const { ptr, core: { fn }, monitor: its } = this.object;
    this.#moved = fn.condLeave(ptr, this.#node);
    // It may have held up those behind it.
    if (this.#moved !== 0 || this.#isSignalled) its.look();
  }

  override complete(): boolean {
    this.#isSignalled = this.#isOvertaken = true;
    this.#moved = this.object.core.readU32(this.#node + NODE_MOVED);
    return this.object.monitor.resume(this.#held, this.#node);
  }

  pass(): boolean {
    this.#moved = this.object.core.readU32(this.#node + NODE_MOVED);
    return this.object.monitor.pass(this.#node);
  }

  override dispose(hadEffect: boolean): void {
    this.object.monitor.finish();
    super.dispose(hadEffect);
  }
}

/**
 * A condition variable: goroutines wait, with a lock held, until another says that something has changed (Go: `sync.Cond`).
 *
 * It belongs to a {@linkcode Mutex}, an {@linkcode RWMutex} or the `rLocker()` of one, and is usable on every thread: passed to
 * another, as an argument of a task or through a typed channel, it is the same condition there, and its {@linkcode locker} the same lock.
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
  readonly #cond: SharedCond;

  /**
   * Makes a condition.
   *
   * @param locker The lock that is held around a wait: a {@linkcode Mutex}, an {@linkcode RWMutex}, or its `rLocker()`.
   * @throws {TypeError} if `locker` is something else, or disposed
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(locker: Locker);
  constructor(locker: Locker | SharedCond) {
    this.#cond = locker instanceof SharedCond ? locker : SharedCond.create(locker);
    this.#cond.attach(this);
  }

  /** The lock that is held around a wait (Go: the field `L`). */
  get locker(): Locker {
    this.#cond.check();
    return this.#cond.locker;
  }

  /** What goes to another thread in this condition's place. */
  get [shared](): number {
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
   * @throws {LockMisuseError} if no goroutine of this thread holds the lock
   * @throws `signal.reason` if aborted; the lock is held then, too
   * @throws {LockAbandonedError} if the thread of the lock's holder has died; the lock is not held then
   */
  wait(options?: WaitOptions): Promise<void> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const cond = this.#cond;
    cond.check();
    let held: Held;
    try {
      held = cond.monitor.hold();
    } catch (error) {
      return Promise.reject(error);
    }
    if (signal === undefined) return Operation.wait([new CondCase(cond, held, false)], nothing);
    if (signal.aborted) return Promise.reject(signal.reason);
    return waitAborted(cond, held, signal);
  }

  /**
   * Unlocks the lock, blocks the thread until there is a signal, and locks again. See {@linkcode wait}.
   *
   * The signal has to come from another thread: this one's goroutines stand still meanwhile.
   *
   * @throws {LockMisuseError} if no goroutine of this thread holds the lock
   * @throws {AgentCannotBlockError} if the thread may not block; the lock is held then
   * @throws {LockAbandonedError} if the thread of the lock's holder has died; the lock is not held then
   */
  waitSync(): void {
    const cond = this.#cond;
    cond.check();
    const only = new CondCase(cond, cond.monitor.hold(), false);
    // The case gives it back before a signal that it had has gone to the next.
    cond.begin();
    try {
      Operation.block([only], nothing);
    } catch (error) {
      only.handOn();
      throw error;
    } finally {
      cond.finish();
    }
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

/** A wait that a signal may cancel. */
async function waitAborted(cond: SharedCond, held: Held, signal: AbortSignal): Promise<void> {
  const only = new CondCase(cond, held, false);
  // The cases give these back before all is done.
  cond.begin();
  cond.monitor.begin();
  try {
    await Operation.wait([only], nothing, signal);
  } catch (reason) {
    only.handOn();
    // Any other failure is that of the lock, which cannot be had.
    if (!signal.aborted || reason !== signal.reason) throw reason;
    await Operation.wait([new CondCase(cond, held, true)], nothing);
    throw reason;
  } finally {
    cond.monitor.finish();
    cond.finish();
  }
}

function nothing(): void {}

const Revived = Cond as unknown as new (existing: SharedCond) => Cond;

registerKind(KIND_COND, {
  revive: (ptr) => new Revived(SharedCond.revive(ptr)),
  abandon: SharedCond.abandonCond,
});

/** The element type of Conds: for a channel that carries them, or a field of a struct. See {@linkcode mutexOf}. */
export const condOf: HandleElement<Cond> = handlesOf("condOf", KIND_COND, "a Cond");
