/** More and more threads, on however many cores there are. */

import { passManyToMany } from "../channel/threads.ts";
import { COMPUTATIONS, fibs } from "../pool/spawn.ts";
import type { Curve } from "../support/curve.ts";
import { usePool } from "../support/match.ts";
import { contestant } from "../support/measure.ts";
import { fib } from "../tasks.ts";

/** Tasks that compute, on a pool of one thread to eight. */
export const computing: Curve = {
  name: "threads-computing",
  title: "pool, 64 × fib(27) on more and more threads",
  axis: "threads",
  per: "task",
  sizes: [1, 2, 4, 8],
  hasThreads: true,
  go: { "Go, as many goroutines": "computingOn" },
  async open(size, held) {
    const pool = await usePool(held, size);
    const options = { unit: COMPUTATIONS, first: COMPUTATIONS };
    return [contestant("pool", (ops) => fibs((n) => pool.go(fib, n), ops), options)];
  },
};

/** With fewer rounds, or shorter ones, sixteen threads on two cores are still measured in the interpreter, or as they wake. */
const PASSING_WARMUPS = 10;
const PASSING_MS = 100;

/** A channel between threads that block, from one to one up to eight to eight. */
export const passing: Curve = {
  name: "threads-channel",
  title: "channel of i32, capacity 1024, n producers → n consumers, blocking form",
  axis: "producers, and as many consumers",
  per: "value",
  sizes: [1, 2, 4, 8],
  warmups: PASSING_WARMUPS,
  leastMs: PASSING_MS,
  hasThreads: true,
  go: { Go: "passBetween" },
  async open(size, held) {
    const pool = await usePool(held, 2 * size);
    return [
      contestant("i32", (ops) => passManyToMany(pool, size, 1_024, ops), { unit: size }),
    ];
  },
};
