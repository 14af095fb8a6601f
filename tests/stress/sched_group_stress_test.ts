/**
 * A `SchedGroup` with more than anybody needs.
 *
 * @module
 */
import { background, withCancel } from "../../src/context/mod.ts";
import { SchedGroup } from "../../src/group/mod.ts";
import { seeded, settled } from "../conformance/waiting.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

const MANY = 1_000_000;

test("SchedGroup runs a million functions in the order of their times, each once", async () => {
  const seed = Date.now();
  console.log(`seed ${seed}`);
  const random = seeded(seed);
  const group = new SchedGroup();
  const ran = new Uint8Array(MANY);
  let [count, lastMs, wrong] = [0, 0, 0];
  // One date for all of them, so that the order of the times is that of the milliseconds, however long the loop takes.
  const start = Date.now();
  for (let i = 0; i < MANY; i++) {
    const ms = random(1000);
    group.schedule(new Date(start + ms), () => {
      count++;
      ran[i]!++;
      if (ms < lastMs) wrong++;
      lastMs = ms;
    });
  }
  await group.wait();
  assertEquals([count, wrong], [MANY, 0]);
  assert(ran.every((times) => times === 1));
});

test("SchedGroup drops a million entries when its context is cancelled", async () => {
  const [ctx, cancel] = withCancel(background());
  const group = new SchedGroup(ctx);
  let ran = 0;
  for (let i = 0; i < MANY; i++) group.delay(60_000, () => ran++);
  const waited = settled(group.wait());
  cancel();
  assertStrictEquals((await waited as { reason: unknown }).reason, ctx.err);
  assertStrictEquals(ran, 0);
});
