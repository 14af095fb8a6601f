import type { MeasuredCurve } from "../../bench/support/curve.ts";
import { plotCurve, plotRatios, ratiosToGo } from "../../bench/support/plot.ts";
import { compareRow, type Goal, type MeasuredRow } from "../../bench/support/table.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

const curve: MeasuredCurve = {
  name: "payload",
  title: "messages from thread to thread",
  axis: "bytes in a message",
  per: "message",
  sides: ["ours", "Go"].map((name, index) => ({
    name,
    points: [0, 64, 4_096].map((size) => ({ size, median: 200 + size * (index + 1), spread: 0 })),
  })),
};

function row(name: string, rivalName: string, ours: number, goal?: Goal): MeasuredRow {
  const of = (median: number) => ({ name: "", rounds: [median], median, spread: 0 });
  return compareRow(name, "deno", of(ours), rivalName, of(100), goal);
}

const rows = [
  row("one", "Go", 50, { factor: 0.7, rival: "Go" }),
  row("one", "Go, LockOSThread", 50),
  row("two", "bare promises", 50),
  row("three", "Go, two threads", 300),
  row("four", "the same, 1 thread", 50, { speedUp: 1.7 }),
];

test("plotCurve() draws on white and names situation, axes and sides", () => {
  const svg = plotCurve(curve);
  assert(svg.startsWith("<svg "));
  assert(svg.includes('fill="#fff"'));
  for (const text of [curve.title, curve.axis, "time per message", "ours", "Go"]) {
    assert(svg.includes(`>${text}</text>`), `${text} is missing`);
  }
});

test("plotCurve() gives the same text for the same data, whatever was drawn before", () => {
  const first = plotCurve(curve);
  plotRatios(rows, "Deno");
  assertStrictEquals(plotCurve(curve), first);
  assert(!/\bzr\d/.test(first));
});

test("plotCurve() leaves out a size of 0, which a logarithmic axis has no place for", () => {
  const without = {
    ...curve,
    sides: curve.sides.map(({ name, points }) => ({ name, points: points.slice(1) })),
  };
  // Both axes span the same: the times at 0 and at 64 are of one decade.
  assertStrictEquals(plotCurve(curve), plotCurve(without));
  assert(!plotCurve(curve).includes("NaN"));
});

test("ratiosToGo() takes the first form of Go of each row, with the goal where there is one", () => {
  assertEquals(ratiosToGo(rows), [
    { row: "one", ratio: 0.5, goal: 0.7 },
    { row: "three", ratio: 3, goal: undefined },
  ]);
});

test("plotRatios() draws a row for each ratio, and marks the goals", () => {
  const svg = plotRatios(rows, "Deno");
  for (const text of ["Ours ÷ Go on Deno", "one", "three", "ratio", "goal: at most"]) {
    assert(svg.includes(`>${text}</text>`), `${text} is missing`);
  }
  assert(!svg.includes(">two</text>"));
});

test("plots are small enough for a page", () => {
  const many = Array.from(
    { length: 60 },
    (_, index) => row(`row number ${index}`, "Go", index + 1),
  );
  assert(plotCurve(curve).length < 60_000);
  assert(plotRatios(many, "Deno").length < 60_000);
});
