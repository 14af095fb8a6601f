/**
 * Channels in great numbers, made and dropped, and goroutines that wait in great numbers. The ordinary suite runs a smaller count of
 * what the stress runs in full.
 *
 * @module
 */
import {
  any,
  bytes,
  Channel,
  channelOf,
  type ElementType,
  f64,
  i32,
  Mutex,
  mutexOf,
  struct,
  text,
} from "../../mod.ts";
import { core, memoryUse } from "../../src/memory/core.ts";
import { type Shareable, shared } from "../../src/memory/handle.ts";
import { OBJECT_REFERENCES } from "../../src/memory/layout.ts";
import { assert, assertEquals } from "./assert.ts";
import { collectUntil } from "./collect.ts";

/** A type of channel, and values to leave in it. */
export interface Row {
  /** What the channels carry. */
  readonly type: ElementType<unknown>;
  /** A value of it. */
  sample(index: number): unknown;
}

function row<T>(type: ElementType<T>, sample: (index: number) => T): Row {
  return { type: type as ElementType<unknown>, sample };
}

/** Handles that stay. */
const kept = { mutex: new Mutex(), channel: new Channel(i32, 1) };

/** Every way in which a value can stand in a channel. */
export const rows: readonly Row[] = [
  row(i32, (index) => index),
  row(f64, (index) => index / 3),
  row(text, (index) => `text ${index} ü`),
  row(bytes, (index) => new Uint8Array(index % 50)),
  row(any<unknown>(), (index) => ({ index, lock: kept.mutex })),
  row(mutexOf, () => kept.mutex),
  row(channelOf(i32), () => kept.channel),
  row(struct({ name: text, lock: mutexOf }), (index) => ({ name: `${index}`, lock: kept.mutex })),
];

/** Channels between two turns of the event loop. */
const BATCH = 1000;
/** What so many may take at a time, and what is garbage but not collected yet: far less than all of them would. */
const MOST_BYTES = 128 * 2 ** 20;

function references(handle: Shareable): number {
  return core().readU32(handle[shared] as number + OBJECT_REFERENCES);
}

/** Makes a channel and drops it. A function of its own: the frame of one that awaits would keep the last channel alive. */
function makeOne({ type, sample }: Row, index: number, way: "using" | "collected"): void {
  const channel = new Channel(type, index % 4);
  channel.trySend(sample(index));
  if (index % 3 === 0) channel.trySend(sample(index + 1));
  if (index % 7 === 0) channel.close();
  if (way === "using") channel[Symbol.dispose]();
}

/**
 * Makes `count` channels and drops them with values inside, and asserts that shared memory does not grow with them and is what it was
 * at the end.
 *
 * @param way Disposed one by one, or left to the garbage collector.
 */
export async function makeAndDrop(
  row: Row,
  count: number,
  way: "using" | "collected",
): Promise<void> {
  // What an earlier test has left for the collector would be missing at the end.
  if (way === "collected") await collectUntil(() => false, 2);
  const before = memoryUse().liveBytes;
  let most = 0;
  for (let index = 0; index < count; index++) {
    makeOne(row, index, way);
    if (index % BATCH === 0) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      most = Math.max(most, memoryUse().liveBytes - before);
    }
  }
  // Less: something that an earlier test had dropped was collected only now. A leak would be `count` times as large.
  if (way === "collected") await collectUntil(() => memoryUse().liveBytes <= before);
  assert(memoryUse().liveBytes <= before, `${memoryUse().liveBytes} bytes are live, not ${before}`);
  assert(most < MOST_BYTES, `${most} bytes were in use at a time`);
  assertEquals([references(kept.mutex), references(kept.channel)], [1, 1]);
}

/** What a number of waiting goroutines took, in bytes each. */
export interface Parked {
  /** Of shared memory. */
  readonly sharedBytes: number;
  /** Of the heap of JavaScript, where it could be measured. */
  readonly heapBytes: number;
}

/**
 * Lets `count` goroutines wait on `channel`, asserts that each gets one value and no value comes twice, and that nothing is left.
 */
export async function parkAndWake(channel: Channel<number>, count: number): Promise<Parked> {
  await collectUntil(() => false, 2);
  const before = memoryUse().liveBytes;
  const { heapUsed } = Deno.memoryUsage();
  const received = new Uint8Array(count);
  const goroutine = async (): Promise<void> => {
    received[(await channel.receive())!]!++;
  };
  const all = Array.from({ length: count }, goroutine);
  const sharedBytes = (memoryUse().liveBytes - before) / count;
  await collectUntil(() => false, 2);
  const heapBytes = (Deno.memoryUsage().heapUsed - heapUsed) / count;
  for (let value = 0; value < count; value++) await channel.send(value);
  await Promise.all(all);
  assert(received.every((times) => times === 1));
  assertEquals([channel.size, memoryUse().liveBytes], [0, before]);
  return { sharedBytes, heapBytes };
}
