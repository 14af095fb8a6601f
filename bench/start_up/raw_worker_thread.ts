/** The worker of `raw_worker.ts`: answers with 1. */

import { parentPort } from "node:worker_threads";

parentPort!.once("message", () => parentPort!.postMessage(1));
