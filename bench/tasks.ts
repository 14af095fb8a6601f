/**
 * The work that the benches put on other threads. A task is found by its module and its name, so
 * these live apart from the benches, which a thread must not run again.
 */

import {
  type AtomicI32,
  type Channel,
  type CyclicBarrier,
  type Mutex,
  type Semaphore,
  type SyncMap,
  task,
  transfer,
  type WaitGroup,
} from "../mod.ts";
import type { RateLimiter } from "../src/rate/mod.ts";
import { keyList, type Mix, useMap } from "./sync/map.ts";

/** What a consumer on another thread saw. */
export interface Received {
  /** By the consumer's own clock, from its first receive to its last. */
  readonly elapsedMs: number;
  readonly sum: number;
}

/** Sends `0 … count - 1`, blocking. */
export const produce = task(
  import.meta.url,
  "produce",
  (channel: Channel<number>, count: number): void => {
    for (let i = 0; i < count; i++) channel.sendSync(i);
  },
);

/** Receives `count` numbers, blocking. */
export const consume = task(
  import.meta.url,
  "consume",
  (channel: Channel<number>, count: number): Received => {
    let sum = 0;
    const start = performance.now();
    for (let i = 0; i < count; i++) sum += channel.receiveSync() ?? NaN;
    return { elapsedMs: performance.now() - start, sum };
  },
);

/** Values that a batch holds: as many as the ring that the goals are about. */
const BATCH = 1_024;

/** Sends `0 … count - 1` in batches, blocking. */
export const produceMany = task(
  import.meta.url,
  "produceMany",
  (channel: Channel<number>, count: number): void => {
    const batch = new Int32Array(BATCH);
    for (let i = 0; i < count; i += BATCH) {
      const length = Math.min(BATCH, count - i);
      for (let at = 0; at < length; at++) batch[at] = i + at;
      channel.sendManySync(length === BATCH ? batch : batch.subarray(0, length));
    }
  },
);

/** Receives `count` numbers in batches, blocking. */
export const consumeMany = task(
  import.meta.url,
  "consumeMany",
  (channel: Channel<number>, count: number): Received => {
    const batch = new Int32Array(BATCH);
    let sum = 0;
    const start = performance.now();
    for (let left = count; left > 0;) {
      const received = channel.receiveManySync(batch);
      for (let at = 0; at < received; at++) sum += batch[at]!;
      left -= received;
    }
    return { elapsedMs: performance.now() - start, sum };
  },
);

/** Receives numbers, blocking, until the channel is closed and drained, and returns their sum. */
export const drain = task(import.meta.url, "drain", (channel: Channel<number>): number => {
  let sum = 0;
  for (;;) {
    const value = channel.receiveSync();
    if (value === undefined) return sum;
    sum += value;
  }
});

/** Sends `count` messages of 1 KiB from one buffer, the low byte of their index first and last. */
export const produceKib = task(
  import.meta.url,
  "produceKib",
  (channel: Channel<Uint8Array>, count: number): void => {
    const message = new Uint8Array(1_024);
    for (let i = 0; i < count; i++) {
      message[0] = message[1_023] = i;
      channel.sendSync(message);
    }
  },
);

/** Receives `count` messages and adds up their first and last bytes. */
export const consumeKib = task(
  import.meta.url,
  "consumeKib",
  (channel: Channel<Uint8Array>, count: number): Received => {
    let sum = 0;
    const start = performance.now();
    for (let i = 0; i < count; i++) {
      const message = channel.receiveSync();
      sum += (message?.[0] ?? NaN) + (message?.at(-1) ?? NaN);
    }
    return { elapsedMs: performance.now() - start, sum };
  },
);

/** Does nothing. The result is there to be counted. */
export const one = task(import.meta.url, "one", (): number => 1);

/** A Fibonacci number by the definition. */
export const fib = task(
  import.meta.url,
  "fib",
  (n: number): number => n < 2 ? n : fib(n - 1) + fib(n - 2),
);

/** Adds 1 to `count` under a unit of `semaphore`, blocking, `rounds` times. */
export const incrementUnder = task(
  import.meta.url,
  "incrementUnder",
  (semaphore: Semaphore, count: Int32Array, rounds: number): void => {
    for (let i = 0; i < rounds; i++) {
      semaphore.acquireSync();
      count[0]!++;
      semaphore.release();
    }
  },
);

/** Locks, counts in `cell`, and unlocks, `count` times, blocking; each time does `work` rounds of work inside, and as many outside. */
export const lockMany = task(
  import.meta.url,
  "lockMany",
  (mutex: Mutex, cell: Int32Array, count: number, work: number): number => {
    let state = 1;
    for (let i = 0; i < count; i++) {
      mutex.lockSync();
      cell[0]!++;
      state = scramble(state, work);
      mutex.unlock();
      state = scramble(state, work);
    }
    return state;
  },
);

/** Locks, counts in `cell`, and unlocks, `count` times, awaiting. */
export const lockManyAwaited = task(
  import.meta.url,
  "lockManyAwaited",
  async (mutex: Mutex, cell: Int32Array, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      await mutex.lock();
      cell[0]!++;
      mutex.unlock();
    }
  },
);

/** Adds 1 to `value`, `rounds` times. */
export const addAtomically = task(
  import.meta.url,
  "addAtomically",
  (value: AtomicI32, rounds: number): void => {
    for (let i = 0; i < rounds; i++) value.add(1);
  },
);

/** Asks `limiter` for `count` events, and returns how many it has let through. */
export const allowMany = task(
  import.meta.url,
  "allowMany",
  (limiter: RateLimiter, count: number): number => {
    let allowed = 0;
    for (let i = 0; i < count; i++) if (limiter.allow()) allowed++;
    return allowed;
  },
);

/** Waits at `barrier`, blocking, `rounds` times, and returns how often it was the last to come. */
export const goRound = task(
  import.meta.url,
  "goRound",
  (barrier: CyclicBarrier, rounds: number): number => {
    let last = 0;
    for (let i = 0; i < rounds; i++) if (barrier.waitSync() === 0) last++;
    return last;
  },
);

/** Uses a map as `useMap` does, once all that `start` counts are ready, and returns how long it took. */
export const useMapThere = task(
  import.meta.url,
  "useMapThere",
  (
    map: SyncMap<number, number> | SyncMap<string, number>,
    kind: "i32" | "text",
    mix: Mix,
    ops: number,
    start: WaitGroup,
  ): number => {
    const keys = keyList(kind);
    start.done();
    start.waitSync();
    return useMap(map, keys, mix, ops);
  },
);

/** Work: rounds of a generator of random numbers (Marsaglia's xorshift). */
function scramble(state: number, rounds: number): number {
  for (let i = 0; i < rounds; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}

/** Returns the buffer that has been moved to it, moved. */
export const giveBack = task(
  import.meta.url,
  "giveBack",
  (buffer: ArrayBuffer): ArrayBuffer => transfer(buffer),
);
