/** Larger and larger messages from one thread to another, copied on the way. */

import { bytes, Channel, type Pool } from "../../mod.ts";
import { type PostStream, startPostStream } from "../rivals/post_stream.ts";
import type { Curve } from "../support/curve.ts";
import { usePool } from "../support/match.ts";
import { check, contestant } from "../support/measure.ts";
import { consumeBytes, produceBytes } from "./payload_tasks.ts";

/** Bytes that may be under way, as long as that is two messages at least. */
const UNDER_WAY = 1 << 24;

/** How many messages of so many bytes may wait for their receiver. */
export function windowOf(size: number): number {
  return Math.max(2, Math.min(1_024, Math.floor(UNDER_WAY / size)));
}

/** One thread sends, another receives; both block. The pool has two threads. */
export async function passBytes(pool: Pool, size: number, ops: number): Promise<number> {
  using channel = new Channel(bytes, windowOf(size));
  const consuming = pool.go(consumeBytes, channel, ops);
  await pool.go(produceBytes, channel, size, ops);
  const { elapsedMs, sum } = await consuming;
  check("The bytes and marks received", sum, receivedOf(size, ops));
  return elapsedMs;
}

/** The same with a worker and `postMessage`. */
async function postBytes(stream: PostStream, size: number, ops: number): Promise<number> {
  const { elapsedMs, sum } = await stream.send(size, ops, windowOf(size));
  check("The bytes and marks received", sum, receivedOf(size, ops));
  return elapsedMs;
}

/** What the lengths of `ops` messages and their marks, 1 at either end, add up to. */
function receivedOf(size: number, ops: number): number {
  return ops * (size === 0 ? 0 : size + 2);
}

/** Operations at the start of the search for the length of a round: four may be a tenth of a second. */
const FEW = { unit: 4, first: 4 };

/**
 * The largest message for `postMessage`: Deno 2.9.6 takes 60 ms to copy one of 1 MiB, and for one of 16 MiB seconds, many rounds of
 * which nobody waits for.
 */
const POSTED = 1 << 20;

/** From nothing to 16 MiB. */
export const payload: Curve = {
  name: "payload",
  title: "messages from thread to thread, copied; at most 1,024 or 16 MiB under way",
  axis: "bytes in a message",
  per: "message",
  sizes: [0, 1 << 6, 1 << 10, 1 << 14, 1 << 18, 1 << 20, 1 << 24],
  hasThreads: true,
  go: { "Go, []byte": "payloadCopied" },
  async open(size, held) {
    const pool = await usePool(held, 2);
    const ours = contestant("bytes", (ops) => passBytes(pool, size, ops), FEW);
    if (size > POSTED) return [ours];
    const stream = startPostStream();
    held.push(() => stream.stop());
    return [ours, contestant("raw postMessage", (ops) => postBytes(stream, size, ops), FEW)];
  },
};
