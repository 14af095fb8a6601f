/** The same without a pool: a worker, a message there and one back. */

import { Worker } from "node:worker_threads";
import { programFile } from "../support/program.ts";

const worker = new Worker(programFile(import.meta.url, "raw_worker_thread"));
const answer = new Promise<number>((resolve, reject) => {
  worker.once("message", resolve);
  worker.once("error", reject);
});
worker.postMessage(0);
if (await answer !== 1) throw new Error("The worker has not answered");
await worker.terminate();
