/** Situations in which a buffer goes to another thread and comes back, and neither side keeps it. */

import { Worker } from "node:worker_threads";
import { type Pool, transfer } from "../../mod.ts";
import { check } from "../support/measure.ts";
import { giveBack } from "../tasks.ts";

const SOURCE = `
import { parentPort } from "node:worker_threads";
parentPort.on("message", (buffer) => parentPort.postMessage(buffer, [buffer]));
`;

/** A worker that sends every buffer back: the floor. */
export interface Mirror {
  /** Sends a buffer of so many bytes there and back, `ops` times. */
  roundTrips(byteLength: number, ops: number): Promise<number>;
  /** Ends the worker. */
  stop(): Promise<unknown>;
}

/** Starts the worker. */
export function startMirror(): Mirror {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`));
  return {
    roundTrips: (byteLength, ops) =>
      roundTrips(byteLength, ops, (buffer) =>
        new Promise((resolve) => {
          worker.once("message", resolve);
          worker.postMessage(buffer, [buffer]);
        })),
    stop: () => worker.terminate(),
  };
}

/** The same on the pool. */
export function poolRoundTrips(pool: Pool, byteLength: number, ops: number): Promise<number> {
  return roundTrips(byteLength, ops, (buffer) => pool.go(giveBack, transfer(buffer)));
}

async function roundTrips(
  byteLength: number,
  ops: number,
  send: (buffer: ArrayBuffer) => PromiseLike<ArrayBuffer>,
): Promise<number> {
  let buffer = new ArrayBuffer(byteLength);
  const start = performance.now();
  for (let i = 0; i < ops; i++) buffer = await send(buffer);
  const elapsedMs = performance.now() - start;
  check("The length of the buffer", buffer.byteLength, byteLength);
  return elapsedMs;
}
