/**
 * The tasks that the page starts. They stand in a module of their own: a thread that runs one imports
 * the module it came from.
 *
 * @module
 */

import { type AtomicI32, type Channel, task } from "../../../mod.ts";

/** Sends the square of every number that it receives, until `numbers` is closed; then closes `squares`. */
export const squareAll = task(
  import.meta.url,
  "squareAll",
  async (numbers: Channel<number>, squares: Channel<number>): Promise<void> => {
    for await (const n of numbers) await squares.send(n * n);
    squares.close();
  },
);

/** Sums 1…n, and tells which thread did it: only a page's own has a document. */
export const sumTo = task(
  import.meta.url,
  "sumTo",
  (n: number): Promise<{ sum: number; thread: "page" | "worker" }> => {
    let sum = 0;
    for (let i = 1; i <= n; i++) sum += i;
    return Promise.resolve({ sum, thread: "document" in globalThis ? "page" : "worker" });
  },
);

/** Says that it has started, and counts without end. */
export const countForEver = task(
  import.meta.url,
  "countForEver",
  (started: Channel<number>, counter: Int32Array): never => {
    started.sendSync(1);
    for (;;) Atomics.add(counter, 0, 1);
  },
);

/** Adds 1 to every element of the parts, and counts them. */
export const addTo = task(
  import.meta.url,
  "addTo",
  (parts: readonly Int32Array[], count: AtomicI32): void => {
    for (const part of parts) {
      for (let at = 0; at < part.length; at++) {
        part[at]! += 1;
        count.add(1);
      }
    }
  },
);
