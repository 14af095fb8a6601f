/**
 * poolifier: tasks go to the least busy thread at once, by `postMessage`; no queue of its own. Runs on Deno 2.9.6 and on Node 20.
 */

import { fileURLToPath } from "node:url";
import { FixedThreadPool } from "poolifier";
import { programFile } from "../../support/program.ts";
import { type RivalPool, THREADS } from "./rival_pool.ts";

/** Starts the pool. */
export function startPoolifier(): RivalPool {
  let running = THREADS;
  let onceEnded!: () => void;
  const ended = new Promise<void>((resolve) => onceEnded = resolve);
  const pool = new FixedThreadPool<number | undefined, number>(
    THREADS,
    fileURLToPath(programFile(import.meta.url, "poolifier_worker")),
    {
      exitHandler() {
        if (--running === 0) onceEnded();
      },
    },
  );
  return {
    name: "poolifier",
    one: () => pool.execute(undefined, "one"),
    fib: (n) => pool.execute(n, "fib"),
    // On Node 20, if the machine is busy, its `destroy` waits for ever for the end of a thread that has already ended.
    stop: () => Promise.race([pool.destroy(), ended]),
  };
}
