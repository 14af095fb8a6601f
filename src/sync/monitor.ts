/**
 * What a condition needs of the lock that it belongs to.
 *
 * @module
 */
import type { Guard } from "./guard.ts";

/** A lock that was held before a wait for a condition, and is to be held after it. */
export interface Held {
  /** The guard that stands for it; it does so again after the wait. `undefined` if this handle has given none. */
  guard: Guard | undefined;
}

/** A lock to which conditions can belong: a mutex, or either side of an RWMutex. */
export interface Monitor {
  /** Address of the lock. */
  readonly ptr: number;
  /** A `COND_…` code: what it is. */
  readonly mode: number;
  /** What a waiter asks the lock for. */
  readonly need: number;
  /**
   * Notes that a goroutine of this thread holds the lock.
   *
   * @throws {LockMisuseError} if none does
   * @throws {LockAbandonedError} if the holder's thread has died
   * @throws {TypeError} if the lock's handle is disposed
   */
  hold(): Held;
  /**
   * Called before the lock is used.
   *
   * @throws {TypeError} if the lock's handle is disposed
   */
  check(): void;
  /** From now on the lock's memory is needed, until as many calls of {@linkcode finish}. */
  begin(): void;
  /** Ends that. */
  finish(): void;
  /** Unlocks it. The guard does nothing until the lock is held again. */
  suspend(held: Held): void;
  /** Locks it again if it can. Throws as `tryLock` does. */
  tryResume(held: Held): boolean;
  /** As {@linkcode tryResume}, for a waiter that was fired. */
  resume(held: Held, node: number): boolean;
  /** Puts a waiter that has had its signal into the lock's queue. */
  enter(node: number, index: number, since: number, isOvertaken: boolean): void;
  /** Looks at the lock on behalf of who has entered its queue, or left it. Reports whether a wait would end now. */
  look(): boolean;
  /** A waiter was fired whose goroutine cannot run: fires somebody else. */
  pass(node: number): boolean;
}

/** Key under which a locker shows what it can do for a condition. */
export const monitor: unique symbol = Symbol.for("millrace.monitor/1") as never;
