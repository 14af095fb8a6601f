/**
 * Channels of other libraries, all for one thread: that of thi.ng, and the queue of Effect. Deno's own is not among them: its npm
 * republish has lost a module that it imports.
 */

import { channel } from "@thi.ng/csp";
import { Effect, Fiber, Queue } from "effect";
import { check, sumBelow } from "../support/measure.ts";

/** Their names in the table. */
export const THI_NG = "@thi.ng/csp";
export const EFFECT = "effect";

/** One async function sends, another receives, both awaiting each step. */
async function pass(
  ops: number,
  send: (value: number) => Promise<unknown>,
  receive: () => Promise<number | undefined>,
): Promise<number> {
  const start = performance.now();
  const sending = (async () => {
    for (let i = 0; i < ops; i++) await send(i);
  })();
  const receiving = (async () => {
    let sum = 0;
    for (let i = 0; i < ops; i++) sum += await receive() ?? NaN;
    return sum;
  })();
  await sending;
  const sum = await receiving;
  const elapsedMs = performance.now() - start;
  check("The sum of what was received", sum, sumBelow(ops));
  return elapsedMs;
}

/** thi.ng's channel; it has room for a value at least. */
export function thiNgChannel(capacity: number, ops: number): Promise<number> {
  const values = channel<number>(capacity);
  return pass(ops, (value) => values.write(value), () => values.read());
}

/** Effect's bounded queue between two of its fibers. */
export async function effectQueue(capacity: number, ops: number): Promise<number> {
  const start = performance.now();
  const sum = await Effect.runPromise(Effect.gen(function* () {
    const queue = yield* Queue.bounded<number>(capacity);
    const sending = yield* Effect.forkChild(Effect.gen(function* () {
      for (let i = 0; i < ops; i++) yield* Queue.offer(queue, i);
    }));
    let sum = 0;
    for (let i = 0; i < ops; i++) sum += yield* Queue.take(queue);
    yield* Fiber.join(sending);
    return sum;
  }));
  const elapsedMs = performance.now() - start;
  check("The sum of what was received", sum, sumBelow(ops));
  return elapsedMs;
}
