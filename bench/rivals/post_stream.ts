/** Messages in one direction by `postMessage`, copied: the floor of every channel built on it. */

import { Worker } from "node:worker_threads";
import type { Received } from "../tasks.ts";

/**
 * Counts what arrives: `{ count, every }` begins, then come so many messages. Every `every` of them it says so, because
 * `postMessage` by itself would let the sender run ahead without end.
 */
const SOURCE = `
import { parentPort } from "node:worker_threads";
let left = 0, every = 0, sum = 0, start = 0;
parentPort.on("message", (message) => {
  if (!(message instanceof Uint8Array)) {
    ({ count: left, every } = message);
    sum = 0;
    start = performance.now();
    return;
  }
  sum += message.length + (message[0] ?? 0) + (message.at(-1) ?? 0);
  left--;
  if (left === 0) parentPort.postMessage({ elapsedMs: performance.now() - start, sum });
  else if (left % every === 0) parentPort.postMessage(every);
});
`;

/** A worker that receives. */
export interface PostStream {
  /** Sends `count` messages of `size` bytes, marked with 1 at either end, about `window` of them under way. */
  send(size: number, count: number, window: number): Promise<Received>;
  /** Ends the worker. */
  stop(): Promise<unknown>;
}

/** Starts the worker. */
export function startPostStream(): PostStream {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`));
  const send = (size: number, count: number, window: number) =>
    new Promise<Received>((resolve) => {
      const message = new Uint8Array(size);
      message[0] = message[size - 1] = 1;
      let left = count;
      const post = (messages: number) => {
        const now = Math.min(messages, left);
        left -= now;
        for (let i = 0; i < now; i++) worker.postMessage(message);
      };
      const answered = (answer: number | Received) => {
        if (typeof answer === "number") return post(answer);
        worker.off("message", answered);
        resolve(answer);
      };
      worker.on("message", answered);
      worker.postMessage({ count, every: window / 2 });
      post(window);
    });
  return { send, stop: () => worker.terminate() };
}
