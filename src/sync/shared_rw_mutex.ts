/**
 * What a thread does with an RWMutex in shared memory: taking and freeing it, the guards of both sides, and who waits.
 *
 * @module
 */
import { LockAbandonedError, LockMisuseError } from "../errors.ts";
import { List, ListNode } from "../internal/list.ts";
import { exhausted } from "../memory/core.ts";
import { KIND_RW_MUTEX } from "../memory/handle.ts";
import {
  COND_READER,
  COND_WRITER,
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

/** An RWMutex in shared memory, as this thread uses it. */
export class SharedRWMutex extends LockObject {
  /** This thread's record of read locks; 0 before its first. */
  #record = 0;
  /** As a mutex' holder: the guard whose lock this thread took last for writing and has not freed. */
  #writer: WriterGuard | undefined = undefined;
  /** The guards of read locks that this thread took and has not given back. */
  readonly #readers = new List<ReaderGuard>();

  constructor(ptr: number) {
    super(ptr, "RWMutex");
  }

  override dispose(): void {
    // Guards whose locks another thread has freed keep nothing alive.
    const { fn, agent } = this.core;
    if (this.#writer !== undefined && !fn.rwIsWriter(this.ptr, agent)) this.#freed(WOKE_NONE);
    if (!this.#readers.isEmpty && !fn.rwIsReader(this.#record)) {
      while (this.#readers.shift() !== undefined) this.finish();
    }
    super.dispose();
  }

  static create(): SharedRWMutex {
    return new SharedRWMutex(LockObject.allocate(KIND_RW_MUTEX, "RWMutex"));
  }

  /** @throws {SharedMemoryExhaustedError} if there is no room for it */
  get record(): number {
    if (this.#record !== 0) return this.#record;
    this.#record = this.core.fn.rwRecord(this.ptr, this.core.agent) >>> 0;
    if (this.#record === 0) throw exhausted("a reader of an RWMutex");
    return this.#record;
  }

  /** Takes the lock if nobody is in the way, not even a dead thread. */
  tryFast(isReader: boolean): Guard | undefined {
    const c = this.core;
    if (!isReader) return c.fn.rwTryLock(this.ptr, c.agent) ? this.#writes() : undefined;
    return c.fn.rwTryRead(this.ptr, this.record) ? this.#reads() : undefined;
  }

  /** @throws {LockAbandonedError} if the writer's thread has died */
  tryLock(isReader: boolean, held?: Held): Guard | undefined {
    const guard = held === undefined ? this.tryFast(isReader) : undefined;
    if (guard !== undefined) return guard;
    const c = this.core;
    const code = c.fn.rwTrySlow(this.ptr, c.agent, isReader ? this.record : 0);
    return this.#isTaken(code) ? this.#guard(isReader, held) : undefined;
  }

  #isTaken(code: number): boolean {
    // It may have granted the lock to goroutines of this thread, or fired all because it is abandoned.
    agent().drain();
    if (code !== LOCK_ABANDONED) return code !== 0;
    throw new LockAbandonedError(ABANDONED);
  }

  /** Ends a wait that was fired. Throws as {@linkcode tryLock} does. */
  complete(node: number, isReader: boolean, held?: Held): Guard | undefined {
    const c = this.core;
    const code = c.fn.rwComplete(this.ptr, c.agent, node);
    return this.#isTaken(code) ? this.#guard(isReader, held) : undefined;
  }

  /** Reports whether a goroutine of this thread was granted what it waited for, and cannot use it: it is given back then. */
  pass(node: number): boolean {
    const c = this.core;
    const woke = c.fn.rwPass(this.ptr, c.agent, node);
    this.deliver(woke);
    return woke >= WOKE_NONE;
  }

  /** Grants what is possible now; some of those who get it may be of this thread. Reports whether the lock is abandoned. */
  look(): boolean {
    const c = this.core;
    const code = c.fn.rwLook(this.ptr, c.agent);
    if (code !== LOCK_ABANDONED) this.deliver(code);
    else agent().drain();
    return code === LOCK_ABANDONED;
  }

  #guard(isReader: boolean, held?: Held): Guard {
    if (!isReader) return this.#writes(held?.guard as WriterGuard | undefined);
    const guard = held?.guard as ReaderGuard | undefined;
    if (guard !== undefined) guard.held = undefined;
    return this.#reads(guard);
  }

  /** The guard of a lock that this thread has just taken for writing: a new one, or that of before a wait for a condition. */
  #writes(guard: WriterGuard = new WriterGuard(this)): Guard {
    if (this.#writer === undefined) this.begin();
    return this.#writer = guard;
  }

  /** The same for reading. */
  #reads(guard: ReaderGuard = new ReaderGuard(this)): Guard {
    this.begin();
    this.#readers.push(guard);
    return guard;
  }

  recover(): Guard | undefined {
    const c = this.core;
    const isTaken = c.fn.rwRecover(this.ptr, c.agent) !== 0;
    agent().drain();
    return isTaken ? this.#writes() : undefined;
  }

  /** Frees the lock, whoever holds it for writing. */
  unlock(): void {
    // Where it is held through this handle, it may be freed through it.
    if (this.#writer === undefined) this.check();
    const c = this.core;
    let code = c.fn.rwUnlock(this.ptr, c.agent);
    if (code === LOCK_CONTENDED) code = c.fn.rwRelease(this.ptr, c.agent, 0);
    if (code === LOCK_MISUSED) throw new LockMisuseError("sync: Unlock of unlocked RWMutex");
    if (code === LOCK_ABANDONED) this.#isTaken(code);
    this.#freed(code);
  }

  /** Frees the lock of `guard`, unless that has been freed. */
  releaseWriter(guard: WriterGuard): void {
    if (this.#writer !== guard) return;
    const c = this.core;
    const code = c.fn.rwUnlock(this.ptr, c.agent);
    this.#freed(code === LOCK_CONTENDED ? WOKE_NONE : code);
  }

  #freed(code: number): void {
    if (this.#writer === undefined) return this.deliver(code);
    this.#writer = undefined;
    // The memory stays at least until those whom this wakes have what they waited for.
    this.deliver(code);
    this.finish();
  }

  /** Gives a read lock back, whoever holds it. The guard that has been out for longest is spent. */
  rUnlock(): void {
    const guard = this.#readers.first;
    if (guard === undefined) this.check();
    const c = this.core;
    const code = c.fn.rwReadUnlock(this.ptr, c.agent, this.#record, 1);
    if (code === LOCK_MISUSED) throw new LockMisuseError("sync: RUnlock of unlocked RWMutex");
    this.#left(guard, code);
  }

  /** Gives back the read lock of `guard`, unless that has been given back. */
  releaseReader(guard: ReaderGuard): void {
    let own: ReaderGuard | undefined = guard;
    if (guard.list === undefined) {
      // A wait for a condition took this guard for its own: it gets another one's instead, which is its own more likely.
      const { held } = guard;
      own = held === undefined ? undefined : this.#readers.first;
      if (own === undefined) return;
      guard.held = undefined;
      held!.guard = own;
      own.held = held;
    }
    const c = this.core;
    this.#left(own, c.fn.rwReadUnlock(this.ptr, c.agent, this.#record, 0));
  }

  /** Notes that this thread holds the lock, for a wait for a condition. Throws as {@linkcode Monitor.hold} does. */
  hold(isReader: boolean): Held {
    this.check();
    const c = this.core;
    const isHeld = isReader ? c.fn.rwIsReader(this.record) : c.fn.rwIsWriter(this.ptr, c.agent);
    if (isHeld) return { guard: isReader ? this.#readers.first : this.#writer };
    // Abandoned, it says so.
    if (this.look()) this.#isTaken(LOCK_ABANDONED);
    const unlock = isReader ? "RUnlock" : "Unlock";
    throw new LockMisuseError(`sync: ${unlock} of unlocked RWMutex: who waits has to hold it`);
  }

  /** Unlocks what `held` stands for, for as long as a wait for a condition takes. */
  suspend(isReader: boolean, held: Held): void {
    const c = this.core;
    if (!isReader) {
      const code = c.fn.rwUnlock(this.ptr, c.agent);
      return this.#freed(code === LOCK_CONTENDED ? WOKE_NONE : code);
    }
    const guard = held.guard as ReaderGuard | undefined;
    if (guard !== undefined) guard.held = held;
    this.#left(guard, c.fn.rwReadUnlock(this.ptr, c.agent, this.#record, 0));
  }

  enter(node: number, index: number, isReader: boolean): void {
    this.core.fn.rwEnter(this.ptr, node, index, isReader ? this.record : 0);
  }

  #left(guard: ReaderGuard | undefined, code: number): void {
    if (guard !== undefined) this.#readers.remove(guard);
    this.deliver(code);
    if (guard !== undefined) this.finish();
  }
}

/** What a {@linkcode LockAbandonedError} of an RWMutex says. */
const ABANDONED =
  "the thread that held this RWMutex for writing has died: what it protects may be half changed. Call recover() to take it over";

/** See {@linkcode Guard}. */
class WriterGuard implements Guard {
  readonly #mutex: SharedRWMutex;

  constructor(mutex: SharedRWMutex) {
    this.#mutex = mutex;
  }

  [Symbol.dispose](): void {
    this.#mutex.releaseWriter(this);
  }
}

/** See {@linkcode Guard}. It stands in a list as long as its lock is held. */
class ReaderGuard extends ListNode implements Guard {
  /** What has unlocked it, while it waits for a condition. */
  held: Held | undefined = undefined;
  readonly #mutex: SharedRWMutex;

  constructor(mutex: SharedRWMutex) {
    super();
    this.#mutex = mutex;
  }

  [Symbol.dispose](): void {
    this.#mutex.releaseReader(this);
  }
}

/** Either side of an RWMutex, for conditions. */
export class Side implements Monitor {
  readonly #mutex: SharedRWMutex;
  readonly #isReader: boolean;

  constructor(mutex: SharedRWMutex, isReader: boolean) {
    this.#mutex = mutex;
    this.#isReader = isReader;
  }

  get ptr(): number {
    return this.#mutex.ptr;
  }

  get mode(): number {
    return this.#isReader ? COND_READER : COND_WRITER;
  }

  get need(): number {
    return this.#isReader ? this.#mutex.record : 0;
  }

  hold(): Held {
    return this.#mutex.hold(this.#isReader);
  }

  suspend(held: Held): void {
    this.#mutex.suspend(this.#isReader, held);
  }

  tryResume(held: Held): boolean {
    return this.#mutex.tryLock(this.#isReader, held) !== undefined;
  }

  resume(held: Held, node: number): boolean {
    return this.#mutex.complete(node, this.#isReader, held) !== undefined;
  }

  enter(node: number, index: number): void {
    this.#mutex.enter(node, index, this.#isReader);
  }

  look(): boolean {
    return this.#mutex.look();
  }

  check(): void {
    this.#mutex.check();
  }

  begin(): void {
    this.#mutex.begin();
  }

  finish(): void {
    this.#mutex.finish();
  }

  pass(node: number): boolean {
    return this.#mutex.pass(node);
  }
}

/**
 * A goroutine that waits for an RWMutex. Locks are granted in the core, in the order of arrival, by whoever makes that possible; so a
 * wait is ready only when it has been fired, or the lock is abandoned.
 */
export class RWMutexCase extends LockCase<SharedRWMutex> {
  readonly #isReader: boolean;
  #node = 0;
  #guard: Guard | undefined = undefined;

  constructor(mutex: SharedRWMutex, isReader: boolean) {
    super(mutex);
    this.#isReader = isReader;
  }

  protected override join(wait: Wait): void {
    this.#node = wait.nodeOf(this.index);
    this.object.enter(this.#node, this.index, this.#isReader);
  }

  poll(): boolean {
    this.#guard = this.object.tryLock(this.#isReader);
    return this.#guard !== undefined;
  }

  isReady(): boolean {
    return this.object.look();
  }

  override leave(wasClaimed: boolean): void {
    if (wasClaimed) return;
    super.leave(wasClaimed);
    // It may have been what held up those behind it.
    this.object.look();
  }

  override complete(): boolean {
    this.#guard = this.object.complete(this.#node, this.#isReader);
    return this.#guard !== undefined;
  }

  /** A goroutine that cannot run must not hold what others wait for, least of all the one that blocks its thread. */
  pass(): boolean {
    return this.object.pass(this.#node);
  }

  outcome(): Guard {
    return this.#guard!;
  }
}
