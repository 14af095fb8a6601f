/**
 * Tests of `examples/water.ts`: its plant on this thread and on several, and the program as a process of its own.
 *
 * @module
 */
import { makeWater } from "../../examples/water.ts";
import { Pool } from "../../mod.ts";
import { assertEquals } from "../support/assert.ts";
import { checkUsage, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";

/** Sorted, each molecule of water reads HHO. */
function assertWater(made: readonly string[], molecules: number): void {
  assertEquals(made.map((each) => [...each].sort().join("")), Array(molecules).fill("HHO"));
}

test("makeWater() makes 100 molecules of 300 atoms on this thread, in whatever order they come", async () => {
  using time = virtualTime();
  const making = makeWater({ molecules: 100, spreadMs: 100 });
  await time.pass(100);
  assertWater(await making, 100);
  assertEquals(time.timers, 0);
});

test("makeWater() makes 100 molecules of 300 atoms that come all at once, the oxygen first", async () => {
  assertWater(await makeWater({ molecules: 100, spreadMs: 0 }), 100);
});

test("makeWater() makes 100 molecules of 300 atoms on three threads", async () => {
  await using pool = new Pool({ threads: 3 });
  assertWater(await makeWater({ molecules: 100, spreadMs: 10, pool }), 100);
});

for (const command of [["water"], ["--allow-read", "water", "--threads", "2"]]) {
  test(`${command.join(" ")} prints every molecule`, async () => {
    const { code, lines, err } = await runExample(...command);
    assertEquals([code, err], [0, ""]);
    assertEquals(lines.at(-1), "300 atoms: 100 molecules of water");
    assertWater(lines.slice(0, -1).flatMap((line) => line.split(" ")), 100);
  });
}

test("water ends with 64 when its arguments are wrong", () =>
  checkUsage("water", [["--molecules 0", "--molecules", "0"]]));
