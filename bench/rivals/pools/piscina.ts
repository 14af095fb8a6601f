/**
 * piscina: one task at a time on each thread, by `postMessage`, and threads that wait for the next one in `Atomics.wait`.
 * Runs on Deno 2.9.6 and on Node 20.
 */

import { Piscina } from "piscina";
import { programFile } from "../../support/program.ts";
import { type RivalPool, THREADS } from "./rival_pool.ts";

/** Starts the pool. */
export function startPiscina(): RivalPool {
  const pool = new Piscina({
    filename: programFile(import.meta.url, "work").href,
    minThreads: THREADS,
    maxThreads: THREADS,
  });
  return {
    name: "piscina",
    one: () => pool.run(undefined, { name: "one" }),
    fib: (n) => pool.run(n, { name: "fib" }),
    stop: () => pool.destroy(),
  };
}
