/**
 * Tasks that the tests run on threads.
 *
 * @module
 */
import { Channel, Pool, task } from "../../mod.ts";

/** Returns what it is given. */
export const echo = task(import.meta.url, "echo", (value: unknown): unknown => value);

/** Computes a Fibonacci number the slow way. */
export const fib = task(
  import.meta.url,
  "fib",
  (n: number): number => n < 2 ? n : fib(n - 1) + fib(n - 2),
);

/** Does nothing. */
export const noop = task(import.meta.url, "noop", (): void => {});

/** Fails with the given error. */
export const fail = task(import.meta.url, "fail", (error: unknown): never => {
  throw error;
});

/** Receives numbers until the channel ends, blocking, and returns their sum and count. */
export const sumSync = task(
  import.meta.url,
  "sumSync",
  (from: Channel<number>): { sum: number; count: number } => {
    let sum = 0;
    let count = 0;
    for (let value = from.receiveSync(); value !== undefined; value = from.receiveSync()) {
      sum += value;
      count++;
    }
    return { sum, count };
  },
);

/** Receives numbers until the channel ends, suspending, and returns their sum and count. */
export const sum = task(
  import.meta.url,
  "sum",
  async (from: Channel<number>): Promise<{ sum: number; count: number }> => {
    let sum = 0;
    let count = 0;
    for await (const value of from) {
      sum += value;
      count++;
    }
    return { sum, count };
  },
);

/** Sends `first` … `first + count - 1`, blocking. */
export const produceSync = task(
  import.meta.url,
  "produceSync",
  (to: Channel<number>, first: number, count: number): void => {
    for (let i = first; i < first + count; i++) to.sendSync(i);
  },
);

/** Sends `first` … `first + count - 1`, suspending. */
export const produce = task(
  import.meta.url,
  "produce",
  async (to: Channel<number>, first: number, count: number): Promise<void> => {
    for (let i = first; i < first + count; i++) await to.send(i);
  },
);

/** Fibonacci by forks. */
export const forkFib = task(import.meta.url, "forkFib", async (n: number): Promise<number> => {
  if (n < 12) return fib(n);
  const left = Pool.current!.go(forkFib, n - 1);
  const right = await forkFib(n - 2);
  return await left + right;
});

/** Never returns. */
export const spin = task(import.meta.url, "spin", (started: Channel<number>): never => {
  started.sendSync(1);
  for (;;);
});

/** Receives once, blocking, after it has said that it is about to. */
export const blockOn = task(
  import.meta.url,
  "blockOn",
  (started: Channel<number>, from: Channel<number>): number | undefined => {
    started.sendSync(1);
    return from.receiveSync();
  },
);

/** Ends its thread. */
export const die = task(import.meta.url, "die", (): void => {
  process.exit(3);
});
