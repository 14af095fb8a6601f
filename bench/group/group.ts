/** Situations of groups on one thread. */

import { background } from "../../src/context/mod.ts";
import { all, ErrGroup, SingleFlight } from "../../src/group/mod.ts";
import { check } from "../support/measure.ts";

/** How many functions a group runs. */
export const MEMBERS = 10;

/** Runs {@linkcode MEMBERS} functions at a time in a group, and waits for all. */
export async function groups(ops: number): Promise<number> {
  let count = 0;
  const start = performance.now();
  for (let done = 0; done < ops; done += MEMBERS) {
    const group = new ErrGroup();
    for (let i = 0; i < MEMBERS; i++) group.go(() => void count++);
    await group.wait();
  }
  const elapsedMs = performance.now() - start;
  check("The number of functions", count, ops);
  return elapsedMs;
}

/** The same with `all`. */
export async function jobs(ops: number): Promise<number> {
  let count = 0;
  const members = Array.from({ length: MEMBERS }, () => () => Promise.resolve(1));
  const start = performance.now();
  for (let done = 0; done < ops; done += MEMBERS) {
    for (const one of await all(background(), members)) count += one;
  }
  const elapsedMs = performance.now() - start;
  check("The number of functions", count, ops);
  return elapsedMs;
}

/** The same with nothing but promises. */
export async function promises(ops: number): Promise<number> {
  let count = 0;
  const member = () => Promise.resolve(1);
  const start = performance.now();
  for (let done = 0; done < ops; done += MEMBERS) {
    for (const one of await Promise.all(Array.from({ length: MEMBERS }, member))) count += one;
  }
  const elapsedMs = performance.now() - start;
  check("The number of functions", count, ops);
  return elapsedMs;
}

/** {@linkcode MEMBERS} callers ask for one key at a time, and one of them fetches it. */
export async function flights(ops: number): Promise<number> {
  const flight = new SingleFlight<string, number>();
  let fetched = 0;
  let count = 0;
  const fetch = () => {
    fetched++;
    return Promise.resolve(1);
  };
  const start = performance.now();
  for (let done = 0; done < ops; done += MEMBERS) {
    const asking = Array.from({ length: MEMBERS }, () => flight.do("key", fetch));
    for (const { value } of await Promise.all(asking)) count += value;
  }
  const elapsedMs = performance.now() - start;
  check("The number of answers", count, ops);
  check("The number of fetches", fetched, ops / MEMBERS);
  return elapsedMs;
}
