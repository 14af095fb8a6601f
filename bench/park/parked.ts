/**
 * Parks goroutines at one channel and prints by how many bytes memory grew for each. The channel is closed afterwards, and every
 * one of them counted.
 *
 * `parked reference|typed resident|heap COUNT`, with V8's `--expose-gc`.
 */

import process from "node:process";
import { Channel, go, i32 } from "../../mod.ts";
import { check } from "../support/measure.ts";

const [kind, measure, count] = process.argv.slice(2);
const { gc } = globalThis as { gc?: () => void };
if (gc === undefined) throw new Error("Cannot measure memory: V8 is run without --expose-gc");

/** Returns how much memory there is once all goroutines have run as far as they can and garbage has gone. */
async function settled(collect: () => void): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await new Promise((resolve) => setTimeout(resolve));
    collect();
  }
  const { rss, heapUsed } = process.memoryUsage();
  return measure === "heap" ? heapUsed : rss;
}

/** Parks `count` goroutines, and returns the bytes for each. */
async function park(channel: Channel<number>, count: number, collect: () => void): Promise<number> {
  let started = 0;
  let woken = 0;
  const before = await settled(collect);
  for (let i = 0; i < count; i++) {
    go(async () => {
      started++;
      await channel.receive();
      woken++;
    });
  }
  const after = await settled(collect);
  check("The number of goroutines that started", started, count);
  check("The number of goroutines that did not wait", woken, 0);
  channel.close();
  await settled(collect);
  check("The number of goroutines that were woken", woken, count);
  return (after - before) / count;
}

const open = () => kind === "typed" ? new Channel(i32) : new Channel<number>();
// Some before, so that what is made once (code, tables) is there.
await park(open(), 100, gc);
console.log(await park(open(), Number(count), gc));
