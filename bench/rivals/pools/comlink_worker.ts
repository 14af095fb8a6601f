/** What the worker of comlink loads. */

import { parentPort } from "node:worker_threads";
import { expose } from "comlink";
// @ts-types="./comlink_node_adapter.d.ts"
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { fib, one } from "./work.ts";

expose({ one, fib }, nodeEndpoint(parentPort!));
