/**
 * Go's `sync` across threads: locks that live in shared memory.
 *
 * Each is the same lock on every thread that it is passed to, and has up to three forms of what may wait: a promise, which
 * never blocks the thread; `…Sync`, which does; and `try…`, which never waits.
 *
 * @example
 * ```ts
 * import { Mutex, WaitGroup } from "@millrace/millrace/sync";
 *
 * const mutex = new Mutex();
 * const group = new WaitGroup();
 * const log: string[] = [];
 * for (const name of ["a", "b"]) {
 *   group.go(async () => {
 *     using _ = await mutex.lock();
 *     log.push(`${name} in`);
 *     await Promise.resolve();
 *     log.push(`${name} out`);
 *   });
 * }
 * await group.wait();
 * console.log(log.join(", ")); // a in, a out, b in, b out
 * ```
 *
 * @module
 */
export { Cond } from "./cond.ts";
export type { Guard, Locker, Permit } from "./guard.ts";
export { Mutex } from "./mutex.ts";
export { RWMutex } from "./rw_mutex.ts";
export { Semaphore } from "./semaphore.ts";
export { WaitGroup } from "./wait_group.ts";
export {
  AgentCannotBlockError,
  LockAbandonedError,
  LockMisuseError,
  SharedMemoryExhaustedError,
} from "../errors.ts";
export type { WaitOptions } from "../select/types.ts";
