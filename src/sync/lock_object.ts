/**
 * What the handles of all locks are made of: the object in shared memory, and the party that waits at it.
 *
 * Invariant: a thread keeps its reference to the object while anything of its own needs the memory: the handle until it is
 * disposed, and beyond that every goroutine that waits, and every guard that is out. So no release writes to memory that
 * has been freed, and a wait that outlives the handle ends as any other.
 *
 * Rejected: pins in the object, as rings have. A ring is closed when its last handle goes, which fires those who wait, so it
 * has to tell the two apart; a lock has no such end, and a reference of the thread does for both.
 *
 * @module
 */
import { type Core, core, exhausted } from "../memory/core.ts";
import { dropObject, holdObject, releaseObject, type Shareable } from "../memory/handle.ts";
import { LOCK_OBJECT_SIZE, LOCK_QUEUE, WOKE_SELF } from "../memory/layout.ts";
import { agent } from "../park/agent.ts";
import type { Case, Wait } from "../select/case.ts";

/** A lock in shared memory, as this thread uses it. */
export abstract class LockObject {
  /** Address of the object. */
  readonly ptr: number;
  readonly core: Core;
  /** What it is called in messages. */
  readonly name: string;
  /** The handle, so that it is not collected while it is in use. */
  #handle: Shareable | undefined = undefined;
  /** Waits that have not ended, and what is held through this handle. */
  #uses = 0;
  #isDisposed = false;

  /** @param ptr Address of the object; the caller's reference passes to the handle, see {@linkcode attach}. */
  constructor(ptr: number, name: string) {
    this.core = core();
    this.ptr = ptr;
    this.name = name;
  }

  /**
   * Makes an object of `kind` with one reference, which belongs to the caller: nobody holds it, nobody waits.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  protected static allocate(kind: number, name: string): number {
    const ptr = core().fn.objectNew(kind, LOCK_OBJECT_SIZE) >>> 0;
    if (ptr === 0) throw exhausted(`a ${name}`);
    return ptr;
  }

  /** The last reference has gone: nobody waits, nobody holds. */
  static abandon(ptr: number): void {
    core().fn.free(ptr);
  }

  /** Makes `handle` the one that stands for this object. */
  attach(handle: Shareable): void {
    this.#handle = handle;
    holdObject(handle, this.ptr);
  }

  /** Reports whether the memory may be gone: the handle is disposed, and nothing of it is in use. */
  get isGone(): boolean {
    return this.#isDisposed && this.#uses === 0;
  }

  /**
   * Called by every operation that begins.
   *
   * @throws {TypeError} if the handle is disposed
   */
  check(): void {
    if (!this.#isDisposed) return;
    throw new TypeError(`Cannot use a disposed ${this.name}: this thread gave up its handle`);
  }

  /** From now on the object is in use, until as many calls of {@linkcode finish}. */
  begin(): void {
    this.#uses++;
  }

  /** Ends a use. */
  finish(): void {
    if (--this.#uses === 0 && this.#isDisposed) releaseObject(this.ptr);
  }

  /** The handle is disposed. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    // What is in use gets a reference of its own, which the last to finish gives up.
    if (this.#uses > 0) this.core.fn.objectRetain(this.ptr);
    dropObject(this.#handle!);
  }

  /** Hands out what a call of the core, which returned `woke`, has fired of this thread's own waiters. */
  deliver(woke: number): void {
    if (woke === WOKE_SELF) agent().drain();
  }
}

/** A goroutine that waits at a lock. */
export abstract class LockCase<O extends LockObject> implements Case {
  index = 0;
  readonly isShared = true;
  readonly isTimed: boolean;
  readonly deadline: number;
  protected readonly object: O;
  /** The wait that it is a case of, once it has entered a queue. */
  protected wait: Wait | undefined = undefined;

  /** @param deadline As `performance.now()` counts; when it is over, {@linkcode poll} has an effect. */
  constructor(object: O, deadline: number = Infinity) {
    this.object = object;
    this.deadline = deadline;
    this.isTimed = deadline !== Infinity;
    object.begin();
  }

  get rank(): number {
    return this.object.ptr;
  }

  /** How much of the lock it asks for, where that is counted. */
  protected get need(): number {
    return 0;
  }

  /** Address of the queue that it waits in; the same from entering to leaving. */
  protected get queue(): number {
    return this.object.ptr + LOCK_QUEUE;
  }

  abstract poll(): boolean;

  abstract isReady(): boolean;

  enter(wait: Wait): boolean {
    this.wait = wait;
    this.join(wait);
    return true;
  }

  /** Enters the queue. */
  protected join(wait: Wait): void {
    wait.enterShared(this.index, this.queue, this.need);
  }

  leave(wasClaimed: boolean): void {
    // Whoever fired it has taken it out.
    if (!wasClaimed) this.wait!.leaveShared(this.index, this.queue);
  }

  complete(): boolean {
    return this.poll();
  }

  dispose(_hadEffect: boolean): void {
    this.object.finish();
  }
}
