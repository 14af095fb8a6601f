import { type Match, rowsOf } from "../../bench/support/match.ts";
import { mergeRounds, summarize } from "../../bench/support/measure.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

const match: Match = {
  name: "match",
  rows: [
    {
      row: "situation",
      ours: "ours",
      rivals: [{ name: "Go", goal: { factor: 0.5, rival: "Go" } }, { name: "a" }, { name: "b" }],
      best: { rivals: ["a", "b"], goal: { factor: 0.1, rival: "JS" } },
    },
  ],
  go: {},
  open: () => [],
};

const sides = (medians: Readonly<Record<string, number>>) =>
  Object.entries(medians).map(([name, median]) => summarize(name, [median]));

test("rowsOf() sets ours against each rival, and asks for the goal against the best of several", () => {
  const rows = rowsOf(match, "deno", sides({ ours: 10, Go: 40, a: 90, b: 80 }));
  assertEquals(
    rows.map(({ rivalName, ratio, goal, met }) => [rivalName, ratio, goal, met]),
    [
      ["Go", 0.25, "≤ 0.5 × Go", true],
      ["a", 0.111, null, null],
      ["b", 0.125, "≤ 0.1 × JS", false],
    ],
  );
});

test("rowsOf() leaves the column of a rival that is not there empty", () => {
  const [row] = rowsOf(match, "node", sides({ ours: 10, a: 90, b: 80 }));
  assertEquals([row!.runtime, row!.rival, row!.ratio, row!.met], ["node", null, null, null]);
});

test("rowsOf() refuses measurements without ours", () => {
  assertThrows(() => rowsOf(match, "deno", sides({ Go: 40 })), Error, 'no contestant "ours"');
});

test("mergeRounds() takes the median over the rounds of all passes", () => {
  const passes = [
    [summarize("ours", [1, 2]), summarize("Go", [5])],
    // A slow minute.
    [summarize("ours", [90, 95]), summarize("Go", [50])],
    [summarize("ours", [3, 2]), summarize("Go", [6])],
  ];
  assertEquals(
    mergeRounds(passes).map(({ name, rounds, median }) => [name, rounds.length, median]),
    [["ours", 6, 2.5], ["Go", 3, 6]],
  );
});
