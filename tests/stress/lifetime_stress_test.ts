/**
 * A million typed channels made and dropped, disposed or not, with values inside; a million goroutines waiting on one channel.
 *
 * `MILLRACE_STRESS_COUNT` says how many (default 10,000; in full 1,000,000).
 *
 * @module
 */
import { Channel, i32 } from "../../mod.ts";
import { makeAndDrop, parkAndWake, rows } from "../support/lifetime.ts";

const count = Number(Deno.env.get("MILLRACE_STRESS_COUNT") ?? 10_000);

for (const row of rows) {
  const name = row.type.name.split("(")[0];
  for (const way of ["using", "collected"] as const) {
    Deno.test(`${count} channels of ${name} leave shared memory flat, ${way}`, () =>
      makeAndDrop(row, count, way));
  }
}

const channels: readonly (readonly [string, () => Channel<number>])[] = [
  ["by reference", () => new Channel<number>()],
  ["typed, capacity 0", () => new Channel(i32, 0)],
  ["typed, capacity 16", () => new Channel(i32, 16)],
];

for (const [name, make] of channels) {
  Deno.test(`${count} goroutines wait at a channel and wake, each with its value [${name}]`, async () => {
    using channel = make();
    const { sharedBytes, heapBytes } = await parkAndWake(channel, count);
    console.log(
      `a waiting goroutine: ${Math.round(heapBytes)} bytes of heap, ${
        Math.round(sharedBytes)
      } of shared memory`,
    );
  });
}
