/** The adapter's own types say that it is a module of CommonJS, which it is not. */

import type { Endpoint } from "comlink";
import type { MessagePort, Worker } from "node:worker_threads";

export default function nodeEndpoint(endpoint: Worker | MessagePort): Endpoint;
