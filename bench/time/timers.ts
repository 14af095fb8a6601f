/** Situations of timers: made and stopped before they are due, as the limit of an operation is that comes in time. */

import { after, Channel, Timer, trySelect } from "../../mod.ts";
import { check } from "../support/measure.ts";

/** Longer than any bench. */
const LATE_MS = 1e8;

/** With nothing but the runtime's own. */
export function timeouts(ops: number): number {
  const start = performance.now();
  for (let i = 0; i < ops; i++) clearTimeout(setTimeout(() => {}, LATE_MS));
  return performance.now() - start;
}

/** A timer with a channel, stopped. */
export function timers(ops: number): number {
  let stopped = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) if (new Timer(LATE_MS).stop()) stopped++;
  const elapsedMs = performance.now() - start;
  check("The number of timers", stopped, ops);
  return elapsedMs;
}

/** A select of a value that is there and a time limit, which nobody needs then. */
export function limits(ops: number): number {
  const values = new Channel<number>(1);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    values.trySend(1);
    const got = trySelect({ value: values, late: after(LATE_MS) });
    if (got?.case === "value") sum += got.value ?? NaN;
  }
  const elapsedMs = performance.now() - start;
  check("The sum of the values", sum, ops);
  return elapsedMs;
}
