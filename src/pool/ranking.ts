/**
 * In which order the tasks of a pool start, where it is not the order in which they come.
 *
 * A ranked pool keeps what waits in one queue in shared memory, by a number that each task gets when it is submitted
 * (`wasm/assembly/ranking.ts`).
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { taskWeight } from "./task.ts";

/** In which order the tasks of a pool start; see {@linkcode PoolOptions.order}. */
export type PoolOrder = "submitted" | "longest" | "random";

/** What each thread has to know of it. */
export interface RankingSeed {
  readonly order: "longest" | "random";
  readonly seed: number;
}

/** Ranks tasks: of those that wait the one with the largest rank starts first, of equal ones the one that came first. */
export class Ranking {
  readonly #isRandom: boolean;
  #state: number;

  /**
   * @param seed The order.
   * @param slot Number of the thread that ranks; each has random numbers of its own.
   */
  constructor({ order, seed }: RankingSeed, slot: number) {
    this.#isRandom = order === "random";
    this.#state = (seed ^ Math.imul(slot, 0x9e3779b9)) | 0;
  }

  /**
   * The rank of a task.
   *
   * @throws {TypeError | RangeError} if its weight is no number; whatever its `weight` throws
   */
  rank(fn: unknown, args: readonly unknown[]): number {
    return this.#isRandom ? this.#random() : weigh(fn, args);
  }

  /** Mulberry32 (Ettinger 2017). */
  #random(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x100000000;
  }
}

function weigh(fn: unknown, args: readonly unknown[]): number {
  const weight: unknown = taskWeight(fn)?.(...args) ?? 0;
  if (typeof weight !== "number") {
    throw new TypeError(`Cannot use ${show(weight)} as the weight of a task: expected a number`);
  }
  if (Number.isNaN(weight)) {
    throw new RangeError("Cannot use NaN as the weight of a task: expected a number");
  }
  return weight;
}
