/** tinypool: piscina with less, which Vitest is built on. Runs on Deno 2.9.6 and on Node 20. */

import { Tinypool } from "tinypool";
import { programFile } from "../../support/program.ts";
import { type RivalPool, THREADS } from "./rival_pool.ts";

/** Starts the pool. */
export function startTinypool(): RivalPool {
  const pool = new Tinypool({
    filename: programFile(import.meta.url, "work").href,
    minThreads: THREADS,
    maxThreads: THREADS,
  });
  return {
    name: "tinypool",
    one: () => pool.run(undefined, { name: "one" }),
    fib: (n) => pool.run(n, { name: "fib" }),
    stop: () => pool.destroy(),
  };
}
