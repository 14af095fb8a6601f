import { Channel, f64, struct } from "../../mod.ts";
import { core } from "../../src/memory/core.ts";
import { assertEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

test("a struct arrives whole when memory has just grown beyond what this thread has seen of it", () => {
  const type = struct({ x: f64, y: f64 });
  for (let round = 0; round < 4; round++) {
    using channel = new Channel(type, 1);
    // As another thread would, or the core for a ring: beyond this thread's views, which only it renews.
    const { fn } = core();
    const seen = core().f64.byteLength;
    const taken: number[] = [];
    // The small ones that are free lie before that.
    for (const size of [1 << 20, 16, 32, 64]) {
      for (let ptr = 0; ptr < seen;) taken.push(ptr = fn.allocate(size) >>> 0);
    }
    assertEquals(core().f64.byteLength, seen);
    channel.trySend({ x: 1.5, y: round });
    assertEquals(channel.tryReceive(), { state: "ok", value: { x: 1.5, y: round } });
    for (const ptr of taken) fn.free(ptr);
  }
});
