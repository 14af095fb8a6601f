/** Situations of contexts on one thread: what a request costs that may be cancelled. */

import { Channel, select, trySelect } from "../../mod.ts";
import { background, type Context, withCancel, withValue } from "../../src/context/mod.ts";
import { check } from "../support/measure.ts";

/** How far up a value is looked for. */
export const DEPTH = 10;

/** A child made of a parent that can end, and cancelled: nobody has waited for it. */
export function cancelChild(parent: Context, ops: number): number {
  let live = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    const [ctx, cancel] = withCancel(parent);
    if (ctx.done === null) live++;
    cancel();
  }
  const elapsedMs = performance.now() - start;
  check("The number of contexts without done", live, 0);
  return elapsedMs;
}

/** The same with a signal that somebody listens to: what a caller of the platform's functions has instead. */
export function abortSignal(ops: number): number {
  let heard = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    const controller = new AbortController();
    controller.signal.addEventListener("abort", () => heard++);
    controller.abort();
  }
  const elapsedMs = performance.now() - start;
  check("The number of aborts", heard, ops);
  return elapsedMs;
}

/** A child whose end a goroutine waits for. */
export async function cancelWaiting(parent: Context, ops: number): Promise<number> {
  let ended = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    const [ctx, cancel] = withCancel(parent);
    const waiting = ctx.done!.receive();
    cancel();
    if (await waiting === undefined) ended++;
  }
  const elapsedMs = performance.now() - start;
  check("The number of ends", ended, ops);
  return elapsedMs;
}

/** A chain of values, of which the one at its root is `1`. */
export function chainOfValues(): Context {
  let ctx = withValue(background(), "root", 1);
  for (let i = 1; i < DEPTH; i++) ctx = withValue(ctx, `key ${i}`, i);
  return ctx;
}

/** The value at the root of the chain. */
export function lookUp(ctx: Context, ops: number): number {
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) sum += ctx.value("root") as number;
  const elapsedMs = performance.now() - start;
  check("The sum of the values", sum, ops);
  return elapsedMs;
}

/** A loop that takes jobs as long as the context lives, in the form that never waits. */
export function trySelectJob(ctx: Context, ops: number): number {
  const jobs = new Channel<number>(1);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    jobs.trySend(1);
    const got = trySelect({ job: jobs, stop: ctx.done });
    sum += got?.case === "job" ? got.value ?? NaN : NaN;
  }
  const elapsedMs = performance.now() - start;
  check("The sum of the jobs", sum, ops);
  return elapsedMs;
}

/** The same in the form that might wait. */
export async function selectJob(ctx: Context, ops: number): Promise<number> {
  const jobs = new Channel<number>(1);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    jobs.trySend(1);
    const got = await select({ job: jobs, stop: ctx.done });
    sum += got.case === "job" ? got.value ?? NaN : NaN;
  }
  const elapsedMs = performance.now() - start;
  check("The sum of the jobs", sum, ops);
  return elapsedMs;
}
