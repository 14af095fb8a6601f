/** A worker and `postMessage`, nothing else: the floor of every pool built on messages. */

import { Worker } from "node:worker_threads";
import { check } from "../support/measure.ts";

const SOURCE = `
import { parentPort } from "node:worker_threads";
parentPort.on("message", () => parentPort.postMessage(1));
`;

/** A worker that answers every message with 1. */
export interface Echo {
  /** Sends a message, waits for the answer, sends the next. */
  oneByOne(ops: number): Promise<number>;
  /** Sends `burst` messages, waits for as many answers, sends the next `burst`. */
  bursts(burst: number, ops: number): Promise<number>;
  /** Ends the worker. */
  stop(): Promise<unknown>;
}

/** Starts the worker. */
export function startEcho(): Echo {
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(SOURCE)}`));
  let outstanding = 0;
  let count = 0;
  let answered: () => void = () => {};
  worker.on("message", (answer: number) => {
    count += answer;
    if (--outstanding === 0) answered();
  });
  const send = (messages: number) =>
    new Promise<void>((resolve) => {
      answered = resolve;
      outstanding = messages;
      for (let i = 0; i < messages; i++) worker.postMessage(0);
    });
  const bursts = async (burst: number, ops: number) => {
    count = 0;
    const start = performance.now();
    for (let done = 0; done < ops; done += burst) await send(burst);
    const elapsedMs = performance.now() - start;
    check("The number of answers", count, ops);
    return elapsedMs;
  };
  return {
    oneByOne: (ops) => bursts(1, ops),
    bursts,
    stop: () => worker.terminate(),
  };
}
