/**
 * What a thread does with a condition in shared memory: signals, and who waits.
 *
 * @module
 */
import { commonMs } from "../internal/clock.ts";
import { core, exhausted } from "../memory/core.ts";
import { importHandle, KIND_COND, releaseObject } from "../memory/handle.ts";
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
import type { CondObject } from "./cond_object.ts";
import type { Locker } from "./guard.ts";
import { LockCase, LockObject } from "./lock_object.ts";
import { type Held, type Monitor, monitor } from "./monitor.ts";
import type { RWMutex } from "./rw_mutex.ts";

/** A condition in shared memory, as this thread uses it. */
export class SharedCond extends LockObject implements CondObject {
  readonly locker: Locker;
  readonly monitor: Monitor;

  constructor(ptr: number, locker: Locker, its: Monitor) {
    super(ptr, "Cond");
    this.locker = locker;
    this.monitor = its;
  }

  /** Makes a condition of `locker`, which shows `its`. */
  static create(locker: Locker, its: Monitor): SharedCond {
    its.check();
    const ptr = core().fn.condNew(KIND_COND, its.ptr, its.mode) >>> 0;
    if (ptr === 0) throw exhausted("a Cond");
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
    return new SharedCond(ptr, locker, monitorOf(locker)!);
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

  wait(signal: AbortSignal | undefined): Promise<void> {
    let held: Held;
    try {
      held = this.monitor.hold();
    } catch (error) {
      return Promise.reject(error);
    }
    if (signal === undefined) return Operation.wait([new CondCase(this, held, false)], nothing);
    if (signal.aborted) return Promise.reject(signal.reason);
    return waitAborted(this, held, signal);
  }

  waitSync(): void {
    const only = new CondCase(this, this.monitor.hold(), false);
    // The case gives it back before a signal that it had has gone to the next.
    this.begin();
    try {
      Operation.block([only], nothing);
    } catch (error) {
      only.handOn();
      throw error;
    } finally {
      this.finish();
    }
  }

  static abandonCond(ptr: number): void {
    releaseObject(core().readU32(ptr + COND_LOCKER));
    LockObject.abandon(ptr);
  }
}

/** What `locker` shows to conditions, if it is one of those that live in shared memory. */
export function monitorOf(locker: object): Monitor | undefined {
  return monitor in locker ? locker[monitor] as Monitor : undefined;
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
