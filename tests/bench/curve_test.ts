import {
  type Curve,
  growthOf,
  mergeSizes,
  playCurve,
  roundsWithin,
  summarizeCurve,
  toCurveRow,
} from "../../bench/support/curve.ts";
import { renderCurve } from "../../bench/support/curve_table.ts";
import type { Measurement } from "../../bench/support/measure.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

const curve: Curve = {
  name: "things",
  title: "things that are many",
  axis: "things",
  per: "thing",
  sizes: [1, 100, 10_000],
  go: {},
  open: () => [],
};

function measurement(name: string, median: number): Measurement {
  return { name, rounds: [median], median, spread: 0.02 };
}

/** Without what logarithms leave behind. */
function rounded(value: number): number {
  return Number(value.toFixed(9));
}

/** Ours costs the same however many there are, theirs twice as much for four times as many. */
const measured = summarizeCurve(
  curve,
  curve.sizes.map((size) => ({
    size,
    measurements: [measurement("ours", 50), measurement("theirs", 10 * Math.sqrt(size))],
  })),
);

test("summarizeCurve() puts what was measured size by size together side by side", () => {
  const { name, sides } = measured;
  assertEquals(name, "things");
  assertEquals(sides.map((side) => side.name), ["ours", "theirs"]);
  assertEquals(sides[1]!.points, [
    { size: 1, median: 10, spread: 0.02 },
    { size: 100, median: 100, spread: 0.02 },
    { size: 10_000, median: 1_000, spread: 0.02 },
  ]);
});

test("a side that sits out a size has no point there, and a dash in the table", () => {
  const partly = summarizeCurve(curve, [
    { size: 1, measurements: [measurement("ours", 1), measurement("theirs", 1)] },
    { size: 100, measurements: [measurement("ours", 1)] },
  ]);
  assertEquals(partly.sides.map((side) => side.points.length), [2, 1]);
  assert(renderCurve(partly).includes("| 100    | 1.0 ns ±2% | –          |"));
});

test("growthOf() is the exponent over the last two decades", () => {
  const [ours, theirs] = measured.sides;
  assertEquals(rounded(growthOf(ours!)), 0);
  assertEquals(rounded(growthOf(theirs!)), 0.5);
  const bent = {
    ...ours!,
    points: [{ size: 1, median: 900, spread: 0 }, ...theirs!.points.slice(1)],
  };
  assertEquals(rounded(growthOf(bent)), 0.5);
});

test("growthOf() leaves out what has no place on a logarithmic axis", () => {
  const points = [0, 1, 4].map((size) => ({ size, median: size === 4 ? 8 : 2, spread: 0 }));
  assertEquals(rounded(growthOf({ name: "ours", points })), 1);
});

test("growthOf() of a single size is none, and of no size an error", () => {
  assertEquals(growthOf({ name: "ours", points: [{ size: 5, median: 3, spread: 0 }] }), 0);
  assertThrows(() => growthOf({ name: "ours", points: [] }), RangeError, "it has no points");
});

test("roundsWithin() plays as many rounds as there is patience for, and never too few for a median", () => {
  assertEquals(roundsWithin(3_000, 100, 7), 7);
  assertEquals(roundsWithin(3_000, 600, 7), 5);
  assertEquals(roundsWithin(3_000, 5_000, 7), 3);
  assertEquals(roundsWithin(3_000, 5_000, 1), 1);
});

test("roundsWithin() plays no round where warming up took longer than five seconds", () => {
  assertEquals(roundsWithin(3_000, 5_000, 7), 3);
  assertEquals(roundsWithin(3_000, 5_001, 7), 0);
});

test("playCurve() opens every size, warms up, and gives back what each held", async () => {
  const log: string[] = [];
  const played = await playCurve(
    {
      ...curve,
      sizes: [2, 8],
      open(size, held) {
        log.push(`open ${size}`);
        held.push(() => log.push(`give back ${size}`));
        let rounds = 0;
        // The warm-up is dearer, and does not count.
        return [{ name: "ours", round: () => Promise.resolve(++rounds === 1 ? 1_000 : size) }];
      },
    },
    undefined,
    { rounds: 3, warmups: 1, targetMs: 1 },
  );
  assertEquals(log, ["open 2", "give back 2", "open 8", "give back 8"]);
  assertEquals(
    played,
    [2, 8].map((size) => ({
      size,
      measurements: [{ name: "ours", rounds: [size, size, size], median: size, spread: 0 }],
    })),
  );
});

test("playCurve() warms up for as many rounds as the curve asks for", async () => {
  let rounds = 0;
  const [point] = await playCurve(
    {
      ...curve,
      sizes: [1],
      warmups: 4,
      open: () => [{ name: "ours", round: () => Promise.resolve(++rounds) }],
    },
    undefined,
    { rounds: 3, warmups: 1, targetMs: 1 },
  );
  assertEquals(point!.measurements[0]!.rounds, [5, 6, 7]);
});

test("mergeSizes() puts the rounds of several passes together, size by size", () => {
  const pass = (factor: number) =>
    [1, 100].map((size) => ({ size, measurements: [measurement("ours", factor * size)] }));
  assertEquals(
    mergeSizes([pass(1), pass(3), pass(2)]).map(({ size, measurements }) => [
      size,
      measurements[0]!.rounds,
      measurements[0]!.median,
    ]),
    [[1, [1, 3, 2], 2], [100, [100, 300, 200], 200]],
  );
});

test("renderCurve() writes a table of sizes against sides, and how each grows", () => {
  assertEquals(
    renderCurve(measured),
    `**Things that are many**, per thing

| things | ours        | theirs      |
| ------ | ----------- | ----------- |
| 1      | 50.0 ns ±2% | 10.0 ns ±2% |
| 100    | 50.0 ns ±2% | 100 ns ±2%  |
| 10,000 | 50.0 ns ±2% | 1.0 µs ±2%  |
| growth | n^0.00      | n^0.50      |`,
  );
});

test("toCurveRow() gives what --json prints, rounded", () => {
  const thirds = summarizeCurve(curve, [{ size: 3, measurements: [measurement("ours", 100 / 3)] }]);
  assertEquals(toCurveRow(thirds, "deno"), {
    curve: "things",
    runtime: "deno",
    axis: "things",
    unit: "ns",
    sides: [{ name: "ours", points: [{ size: 3, median: 33.33, spread: 0.02 }] }],
  });
});
