/**
 * Patterns made of goroutines and channels: the end of whichever comes first, stages of pipelines, signs of life, and pools of workers and
 * resources.
 *
 * Each function takes first what ends it, a channel such as `ctx.done`, or `null`. When that fires, the outputs are closed and nothing of
 * the pattern waits anywhere any more.
 *
 * @example The first ten primes
 * ```ts
 * import { background, withCancel } from "@millrace/millrace/context";
 * import { filter, repeatFn, take } from "@millrace/millrace/patterns";
 *
 * const [ctx, cancel] = withCancel(background());
 * let n = 1;
 * const isPrime = (n: number) => {
 *   for (let divisor = 2; divisor * divisor <= n; divisor++) if (n % divisor === 0) return false;
 *   return true;
 * };
 * const primes: number[] = [];
 * for await (const prime of take(ctx.done, filter(ctx.done, repeatFn(ctx.done, () => ++n), isPrime), 10)) {
 *   primes.push(prime);
 * }
 * cancel();
 * console.log(primes.join()); // 2,3,5,7,11,13,17,19,23,29
 * ```
 *
 * @module
 */
export { Dispatcher, type DispatcherOptions } from "./dispatcher.ts";
export { bridge, fanIn, fanOut, type FanOutOptions, tee } from "./fan.ts";
export { heartbeat, type HeartbeatOptions } from "./heartbeat.ts";
export { map, mapReduce, type StageOptions } from "./map.ts";
export { mirror } from "./mirror.ts";
export { or, orDone } from "./or.ts";
export { type Resource, ResourcePool } from "./resource_pool.ts";
export { Runner } from "./runner.ts";
export { generate, repeat, repeatFn } from "./sources.ts";
export type { Done, StageChannel } from "./stage.ts";
export { batch, type BatchOptions, filter, skip, take, throttle } from "./stages.ts";
export { steward, type Ward } from "./steward.ts";
export { WorkPool } from "./work_pool.ts";
export type { Context } from "../context/mod.ts";
export { CanceledError, InterruptedError, PoolClosedError } from "../errors.ts";
export type { Job } from "../group/mod.ts";
export type { Pool } from "../pool/pool.ts";
export type { RateLimiter } from "../rate/mod.ts";
export type { ReceiveChannel, WaitOptions } from "../select/types.ts";
