/**
 * Go's `sync` across threads: locks that live in shared memory.
 *
 * Each is the same lock on every thread that it is passed to, and has up to three forms of what may wait: a promise, which
 * never blocks the thread; `…Sync`, which does; and `try…`, which never waits. A bad argument and the use of a disposed handle are thrown by
 * the call itself, by the promise forms too; only what is held through a handle may still be given back after its dispose.
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
export { AtomicBool, atomicBoolOf } from "./atomic_bool.ts";
export { AtomicI32, atomicI32Of } from "./atomic_i32.ts";
export { AtomicI64, atomicI64Of } from "./atomic_i64.ts";
export { AtomicU32, atomicU32Of } from "./atomic_u32.ts";
export { Cond, condOf } from "./cond.ts";
export { CyclicBarrier, cyclicBarrierOf } from "./cyclic_barrier.ts";
export type { Guard, Locker, Permit } from "./guard.ts";
export { Mutex, mutexOf } from "./mutex.ts";
export { ObjectPool } from "./object_pool.ts";
export { Once, onceFunc, onceOf, onceValue } from "./once.ts";
export { RWMutex, rwMutexOf } from "./rw_mutex.ts";
export { Semaphore, semaphoreOf } from "./semaphore.ts";
export { sharedArray, type SharedArrayOf, type SharedArrays } from "./shared_array.ts";
export { SyncMap, syncMapOf } from "./sync_map.ts";
export { WaitGroup, waitGroupOf } from "./wait_group.ts";
export {
  AgentCannotBlockError,
  BrokenBarrierError,
  LockAbandonedError,
  LockMisuseError,
  SharedMemoryExhaustedError,
} from "../errors.ts";
export type { ElementType } from "../memory/element.ts";
export type { HandleElement } from "../memory/handle_type.ts";
export type { WaitOptions } from "../select/types.ts";
