/**
 * Several goroutines as one thing: groups that fail together, calls that are merged, functions at their time, and all, race, take,
 * last, retry and waterfall over a context.
 *
 * @example
 * ```ts
 * import { ErrGroup } from "@millrace/millrace/group";
 *
 * const group = new ErrGroup({ limit: 2 });
 * const squares: number[] = [];
 * for (const n of [1, 2, 3]) await group.go(() => squares.push(n * n));
 * await group.wait();
 * console.log(squares); // [1, 4, 9]
 * ```
 *
 * @module
 */
export { ErrGroup, type ErrGroupOptions, type GroupFunction } from "./err_group.ts";
export { all, type Job, last, race, take } from "./jobs.ts";
export { SchedGroup } from "./sched_group.ts";
export { retry, type RetryOptions, waterfall } from "./sequence.ts";
export { type FlightResult, type Flown, SingleFlight } from "./single_flight.ts";
export type { Context } from "../context/mod.ts";
export { LockMisuseError } from "../errors.ts";
export type { ReceiveChannel, WaitOptions } from "../select/types.ts";
