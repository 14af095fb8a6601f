/**
 * comlink: no pool, but a proxy over one worker: a call is a message there and a message back. Runs on Deno 2.9.6 and on Node 20, by its
 * adapter for `node:worker_threads`.
 */

import { Worker } from "node:worker_threads";
import { releaseProxy, wrap } from "comlink";
// @ts-types="./comlink_node_adapter.d.ts"
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { programFile } from "../../support/program.ts";
import type { RivalPool } from "./rival_pool.ts";
import type { fib, one } from "./work.ts";

/** The library. */
export const COMLINK = "comlink";

/** Starts the worker. */
export function startComlink(): RivalPool {
  const worker = new Worker(programFile(import.meta.url, "comlink_worker"));
  const remote = wrap<{ one: typeof one; fib: typeof fib }>(nodeEndpoint(worker));
  return {
    name: COMLINK,
    one: () => remote.one(),
    fib: (n) => remote.fib(n),
    stop: () => {
      remote[releaseProxy]();
      return worker.terminate();
    },
  };
}
