/**
 * Go's way of writing concurrent programs: channels, select, sync and goroutines on real threads.
 *
 * @example
 * ```ts
 * import { Channel, go } from "@millrace/millrace";
 *
 * const greetings = new Channel<string>();
 * go(async () => {
 *   await greetings.send("hello");
 *   greetings.close();
 * });
 * for await (const greeting of greetings) console.log(greeting); // hello
 * ```
 *
 * @module
 */
export { Channel, channelOf, type TypedArrayOf } from "./src/channel/channel.ts";
export * from "./src/errors.ts";
export {
  any,
  bool,
  bytes,
  type ElementType,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  type NumberType,
  text,
  u16,
  u32,
  u64,
  u8,
} from "./src/memory/element.ts";
export { struct, type StructFields, type StructOf, type ValueOf } from "./src/memory/struct.ts";
export {
  type Inlet,
  type Outlet,
  type Receivable,
  type Sendable,
  sink,
  source,
} from "./src/select/case.ts";
export type {
  ReceiveChannel,
  SendChannel,
  TryReceiveResult,
  WaitOptions,
} from "./src/select/types.ts";
export {
  type IndexOf,
  type OutcomeOf,
  select,
  type SelectCase,
  type SelectCases,
  type Selected,
  type SelectOptions,
  selectSync,
  send,
  type SendCase,
  trySelect,
} from "./src/select/select.ts";
export { after, afterFunc, never, sleep, tick, Ticker, Timer } from "./src/time/time.ts";
export * from "./src/sync/mod.ts";
export type { PoolStats, WorkerStats } from "./src/pool/backend.ts";
export { type Capabilities, capabilities } from "./src/pool/capabilities.ts";
export { go } from "./src/pool/go.ts";
export type { Goroutine } from "./src/pool/goroutine.ts";
export {
  parallelMap,
  type ParallelOptions,
  parallelReduce,
  type SharedArray,
} from "./src/pool/parallel.ts";
export { parallelSort, type SortOptions } from "./src/pool/parallel_sort.ts";
export type { PoolOrder } from "./src/pool/ranking.ts";
export { GOMAXPROCS, Pool, type PoolOptions } from "./src/pool/pool.ts";
export { type Task, task, type TaskOptions } from "./src/pool/task.ts";
export { transfer, type Transferable } from "./src/pool/transfer.ts";
import "./src/pool/worker.ts";
