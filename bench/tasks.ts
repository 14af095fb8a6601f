/**
 * The work that the benches put on other threads. A task is found by its module and its name, so
 * these live apart from the benches, which a thread must not run again.
 */

import { type Channel, type Mutex, task } from "../mod.ts";

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

/** Work: rounds of a generator of random numbers (Marsaglia's xorshift). */
function scramble(state: number, rounds: number): number {
  for (let i = 0; i < rounds; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}
