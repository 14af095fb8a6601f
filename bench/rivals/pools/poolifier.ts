/**
 * poolifier: tasks go to the least busy thread at once, by `postMessage`; no queue of its own. Runs on Deno 2.9.6 and on Node 20.
 */

import { fileURLToPath } from "node:url";
import { FixedThreadPool } from "poolifier";
import { moduleUrl, type RivalPool, THREADS } from "./rival_pool.ts";

/** Starts the pool. */
export function startPoolifier(): RivalPool {
  const pool = new FixedThreadPool<number | undefined, number>(
    THREADS,
    fileURLToPath(moduleUrl("poolifier_worker")),
  );
  return {
    name: "poolifier",
    one: () => pool.execute(undefined, "one"),
    fib: (n) => pool.execute(n, "fib"),
    stop: () => pool.destroy(),
  };
}
