/** What the threads of the curve of payloads do. */

import { type Channel, task } from "../../mod.ts";
import type { Received } from "../tasks.ts";

/** Sends `count` messages of `size` bytes from one buffer, marked with 1 at either end. */
export const produceBytes = task(
  import.meta.url,
  "produceBytes",
  (channel: Channel<Uint8Array>, size: number, count: number): void => {
    const message = new Uint8Array(size);
    // Not those of one that is empty: it has none.
    message[0] = message[size - 1] = 1;
    for (let i = 0; i < count; i++) channel.sendSync(message);
  },
);

/** Receives `count` messages and adds up their lengths and marks. */
export const consumeBytes = task(
  import.meta.url,
  "consumeBytes",
  (channel: Channel<Uint8Array>, count: number): Received => {
    let sum = 0;
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const message = channel.receiveSync();
      if (message === undefined) throw new Error(`The channel ended after ${i} messages`);
      sum += message.length + (message[0] ?? 0) + (message.at(-1) ?? 0);
    }
    return { elapsedMs: performance.now() - start, sum };
  },
);
