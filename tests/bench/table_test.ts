import { assertEquals, assertStringIncludes } from "@std/assert";
import { summarize } from "../../bench/support/measure.ts";
import {
  compareRow,
  type Goal,
  renderAmount,
  renderTable,
  toRow,
  type Unit,
} from "../../bench/support/table.ts";

/** A row whose sides each came to one figure. */
const row = (ours: number, rival: number | undefined, goal?: Goal, unit?: Unit) =>
  compareRow(
    "situation",
    "deno",
    summarize("ours", [ours]),
    "rival",
    rival === undefined ? undefined : summarize("rival", [rival]),
    goal,
    unit,
  );

Deno.test("compareRow() meets a factor by the ratio that it states", () => {
  const goal = { factor: 0.4, rival: "Go" };
  assertEquals(toRow(row(1_040, 2_600, goal, "B")), {
    row: "situation",
    runtime: "deno",
    ours: 1_040,
    rival: 2_600,
    rivalName: "rival",
    unit: "B",
    ratio: 0.4,
    goal: "≤ 0.4 × Go",
    met: true,
  });
  assertEquals(row(1_043, 2_600, goal, "B").met, false);
});

Deno.test("compareRow() meets a distance by milliseconds, whatever the ratio", () => {
  const goal = { plusMs: 10, rival: "a raw worker" };
  const met = row(60e6, 50e6, goal);
  assertEquals([met.met, met.ratio, met.goal], [true, 1.2, "≤ a raw worker + 10 ms"]);
  assertEquals(row(60.1e6, 50e6, goal).met, false);
  assertEquals(row(510e6, 500e6, goal).met, true);
});

Deno.test("compareRow() meets a speed-up by one over the ratio", () => {
  assertEquals(row(100, 170, { speedUp: 1.7 }).met, true);
  assertEquals(row(100, 169, { speedUp: 1.7 }).met, false);
});

Deno.test("compareRow() judges nothing without the rival", () => {
  for (const goal of [{ factor: 1, rival: "Go" }, { plusMs: 1, rival: "Go" }, { speedUp: 2 }]) {
    const { met, ratio, rival } = row(1, undefined, goal);
    assertEquals([met, ratio, rival], [null, null, null]);
  }
});

Deno.test("renderAmount() chooses the step of its unit", () => {
  const cases: [number, Unit, string][] = [
    [7.25, "ns", "7.3 ns"],
    [999, "ns", "999 ns"],
    [99_900, "ns", "99.9 µs"],
    [122_400_000, "ns", "122 ms"],
    [640, "B", "640 B"],
    [2_702, "B", "2.7 KB"],
    [375_210, "B", "375 KB"],
    [72_000_000, "B", "72.0 MB"],
  ];
  for (const [value, unit, text] of cases) assertEquals(renderAmount(value, unit), text);
});

Deno.test("renderTable() shows each row in its own unit, and a speed-up as one over the ratio", () => {
  const table = renderTable([
    row(1_040, 2_600, { factor: 0.4, rival: "Go" }, "B"),
    row(60e6, 50e6, { plusMs: 10, rival: "a raw worker" }),
    row(100, 180, { speedUp: 1.7 }),
  ]);
  assertStringIncludes(table, "1.0 KB ±0%");
  assertStringIncludes(table, "2.6 KB ±0%");
  assertStringIncludes(table, "60.0 ms ±0%");
  assertStringIncludes(table, "≤ a raw worker + 10 ms");
  assertStringIncludes(table, "1/1.80");
});
