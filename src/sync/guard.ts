/**
 * What the locks have in common for those who hold them.
 *
 * @module
 */
import type { WaitOptions } from "../select/types.ts";

/**
 * A lock that is held: disposing it unlocks.
 *
 * Disposing it twice is harmless, and so is disposing it after the lock was freed by `unlock()`: it never frees the lock of
 * the next holder.
 */
export interface Guard extends Disposable {
  /** Unlocks, unless this guard's lock has been freed already. */
  [Symbol.dispose](): void;
}

/** Units of a semaphore that are held: disposing it gives them back, once. */
export interface Permit extends Disposable {
  /** Gives the units back, unless this permit has done so already. */
  [Symbol.dispose](): void;
}

/** Something that can be locked and unlocked (Go: `sync.Locker`). */
export interface Locker {
  /** Locks, suspending this goroutine until it can. See {@linkcode Mutex.lock}. */
  lock(options?: WaitOptions): Promise<Guard>;
  /** Locks, blocking the thread until it can. See {@linkcode Mutex.lockSync}. */
  lockSync(): Guard;
  /** Locks if that needs no waiting. See {@linkcode Mutex.tryLock}. */
  tryLock(): Guard | undefined;
  /** Unlocks. See {@linkcode Mutex.unlock}. */
  unlock(): void;
}
