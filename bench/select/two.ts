/** Situations of a select over two channels on one thread. */

import { Channel, go, select, trySelect } from "../../mod.ts";
import { check, sumBelow } from "../support/measure.ts";

/** Both channels hold a value; the one taken goes back to where it came from. */
export async function selectReady(
  a: Channel<number>,
  b: Channel<number>,
  ops: number,
): Promise<number> {
  a.trySend(1);
  b.trySend(1);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    const got = await select({ a, b });
    sum += got.value ?? NaN;
    (got.case === "a" ? a : b).trySend(1);
  }
  const elapsedMs = performance.now() - start;
  empty(a, b);
  check("The sum of what was selected", sum, ops);
  return elapsedMs;
}

/** The same in the form that never waits. */
export function trySelectReady(a: Channel<number>, b: Channel<number>, ops: number): number {
  a.trySend(1);
  b.trySend(1);
  let sum = 0;
  const start = performance.now();
  for (let i = 0; i < ops; i++) {
    const got = trySelect({ a, b });
    sum += got?.value ?? NaN;
    (got?.case === "a" ? a : b).trySend(1);
  }
  const elapsedMs = performance.now() - start;
  empty(a, b);
  check("The sum of what was selected", sum, ops);
  return elapsedMs;
}

/** One goroutine waits on both, another sends to them in turn; nothing is buffered. */
export async function selectWaiting(ops: number): Promise<number> {
  const a = new Channel<number>();
  const b = new Channel<number>();
  const start = performance.now();
  const sending = go(async () => {
    for (let i = 0; i < ops; i++) await (i % 2 === 0 ? a : b).send(i);
  });
  const receiving = go(async () => {
    let sum = 0;
    for (let i = 0; i < ops; i++) sum += (await select({ a, b })).value ?? NaN;
    return sum;
  });
  await sending;
  const sum = await receiving;
  const elapsedMs = performance.now() - start;
  check("The sum of what was selected", sum, sumBelow(ops));
  return elapsedMs;
}

function empty(...channels: Channel<number>[]): void {
  for (const channel of channels) {
    while (channel.tryReceive().state === "ok");
  }
}
