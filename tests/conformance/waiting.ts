/**
 * What tests need to look at waits: whether a promise is pending, and what came of several.
 *
 * @module
 */
import type { PoolStats, ReceiveChannel } from "../../mod.ts";

/** Resolves after a turn of the event loop: whatever this thread alone could have done has been done. */
export async function turn(): Promise<void> {
  await tick();
  // Who has spent its time budget goes on after the timers of a turn, so before those of the next.
  await tick();
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Reports whether `promise` is still pending after a turn of the event loop. Its rejection is handled. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  await turn();
  return !settled;
}

/** What came of a promise, so that a rejection can be looked at later. */
export type Settled = { readonly value: unknown } | { readonly reason: unknown };

/** Resolves to what comes of `promise`. */
export function settled(promise: Promise<unknown>): Promise<Settled> {
  return promise.then((value) => ({ value }), (reason: unknown) => ({ reason }));
}

/** Receives until `channel` is closed and drained. */
export async function drain<T>(channel: ReceiveChannel<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of channel) values.push(value);
  return values;
}

/** Takes out of `channel` what is there now. */
export function takeAll<T>(channel: ReceiveChannel<T>): T[] {
  const values: T[] = [];
  for (let got = channel.tryReceive(); got.state === "ok"; got = channel.tryReceive()) {
    values.push(got.value);
  }
  return values;
}

/**
 * Makes a generator of pseudo-random integers, the same sequence for the same `seed`.
 *
 * @returns A function that gives an integer from 0 to `bound - 1`.
 */
export function seeded(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    // Numerical Recipes' linear congruential generator; its high bits are the good ones.
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x100000000) * bound);
  };
}

/** What a pool reports that never had a thread, and nothing pending. */
export function idleStats(finished: number): PoolStats {
  return { submitted: finished, queued: 0, running: 0, finished, stolen: 0, workers: [] };
}
