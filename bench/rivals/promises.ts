/**
 * What bare promises and async functions cost, without a library: the floor of everything awaited.
 */

import { check, sumBelow } from "../support/measure.ts";

/**
 * Hands values from one async function to another, each waiting for the other: a rendezvous made by
 * hand, one promise for the value and one for the go-ahead.
 */
export async function pingPong(ops: number): Promise<number> {
  let deliver: (value: number) => void = () => {};
  let proceed: () => void = () => {};
  const start = performance.now();
  const receiving = (async () => {
    let sum = 0;
    for (let i = 0; i < ops; i++) {
      const value = new Promise<number>((resolve) => deliver = resolve);
      proceed();
      sum += await value;
    }
    return sum;
  })();
  for (let i = 0; i < ops; i++) {
    const asked = new Promise<void>((resolve) => proceed = resolve);
    deliver(i);
    if (i + 1 < ops) await asked;
  }
  const sum = await receiving;
  const elapsedMs = performance.now() - start;
  check("The sum of what was received", sum, sumBelow(ops));
  return elapsedMs;
}

/** Calls an async function that does nothing and awaits it. */
export async function asyncFunction(ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) count += await one();
  const elapsedMs = performance.now() - start;
  check("The number of results", count, ops);
  return elapsedMs;
}

// An async function without an await is the thing measured.
// deno-lint-ignore require-await
async function one(): Promise<number> {
  return 1;
}
