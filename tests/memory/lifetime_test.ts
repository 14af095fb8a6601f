/** Channels that are dropped, disposed or not, and goroutines that wait in great numbers; `tests/stress` has the full numbers. */
import { Channel, i32 } from "../../mod.ts";
import { assertLess } from "../support/assert.ts";
import { makeAndDrop, parkAndWake, rows } from "../support/lifetime.ts";
import { test } from "../support/test.ts";

for (const row of rows) {
  const name = row.type.name.split("(")[0];

  test(`20,000 channels of ${name} that nobody disposed leave no byte when they are collected`, () =>
    makeAndDrop(row, 20_000, "collected"));
}

/** Bytes of Go's goroutines, of which two fifths is the goal. */
const GO_BYTES = 2600;

const channels: readonly (readonly [string, () => Channel<number>])[] = [
  ["by reference", () => new Channel<number>()],
  ["typed, capacity 0", () => new Channel(i32, 0)],
  ["typed, capacity 16", () => new Channel(i32, 16)],
];

for (const [name, make] of channels) {
  test(`100,000 goroutines wait at a channel and wake, each with its value [${name}]`, async () => {
    using channel = make();
    const { sharedBytes, heapBytes } = await parkAndWake(channel, 100_000);
    assertLess(sharedBytes + heapBytes, 0.4 * GO_BYTES);
  });
}
