/**
 * workerpool: one task at a time on each thread, by `postMessage`; promises of its own. Here with a worker of its own, which
 * is faster than sending functions as source. Runs on Deno 2.9.6 and on Node 20.
 */

import { fileURLToPath } from "node:url";
import workerpool from "workerpool";
import { programFile } from "../../support/program.ts";
import { type RivalPool, THREADS } from "./rival_pool.ts";

/** Starts the pool. */
export function startWorkerpool(): RivalPool {
  const pool = workerpool.pool(fileURLToPath(programFile(import.meta.url, "workerpool_worker")), {
    minWorkers: THREADS,
    maxWorkers: THREADS,
    workerType: "thread",
  });
  return {
    name: "workerpool",
    one: () => pool.exec("one", []),
    fib: (n) => pool.exec("fib", [n]),
    stop: () => pool.terminate(),
  };
}
