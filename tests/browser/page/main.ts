/**
 * What the smoke test calls in the page. Each function does one thing and returns what there is to
 * assert; the assertions stand in `smoke_test.ts`.
 *
 * @module
 */

import { any, AtomicI32, capabilities, Channel, i32, Pool, sharedArray } from "../../../mod.ts";
import { addTo, squareAll, sumTo } from "./tasks.ts";

/** Reports whether the page is isolated, and whether the module says that it has threads. */
export function capability(): { isolated: boolean; threads: boolean } {
  const isolated = Reflect.get(globalThis, "crossOriginIsolated") === true;
  return { isolated, threads: capabilities.threads };
}

/** Runs one task on a pool. */
export async function poolTask(n: number): Promise<{ sum: number; thread: "page" | "worker" }> {
  await using pool = new Pool({ threads: 1 });
  return await pool.go(sumTo, n);
}

/**
 * Sends 1…count to a task and returns the squares that it sends back. Both channels are smaller than
 * `count`, so that page and task wait for each other, in both directions.
 */
export async function channelRoundTrip(count: number): Promise<number[]> {
  await using pool = new Pool({ threads: 1 });
  using numbers = new Channel(i32, 4);
  using squares = new Channel(i32, 4);
  const squaring = pool.go(squareAll, numbers, squares);
  const sending = (async () => {
    for (let n = 1; n <= count; n++) await numbers.send(n);
    numbers.close();
  })();
  const received: number[] = [];
  for await (const square of squares) received.push(square);
  await Promise.all([sending, squaring]);
  return received;
}

/** Two arrays, of which a task adds to the parts that a channel has carried, and an atomic value that it raises. */
export async function sharedRoundTrip(): Promise<{ arrays: number[][]; count: number }> {
  await using pool = new Pool({ threads: 1 });
  using channel = new Channel(any<Int32Array>(), 2);
  using count = new AtomicI32();
  const arrays = [sharedArray(i32, 3), sharedArray(i32, 2).fill(5)];
  for (const array of arrays) await channel.send(array.subarray(1));
  await pool.go(addTo, [(await channel.receive())!, (await channel.receive())!], count);
  return { arrays: arrays.map((array) => [...array]), count: count.load() };
}
