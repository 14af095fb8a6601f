import { parseOptions, UsageError } from "../../bench/support/options.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

const MATCHES = ["try", "select"];
const CURVES = ["depth", "payload"];

function parse(...args: string[]) {
  return parseOptions(args, MATCHES, CURVES);
}

test("parseOptions() chooses all matches and no curve by default", () => {
  const { matches, curves, json, write, onNode, showsCurves, passes, rounds, targetMs } = parse();
  assertEquals([matches, curves], [MATCHES, []]);
  assertEquals([json, write, onNode, showsCurves], [false, false, false, false]);
  assertEquals([passes, rounds, targetMs], [1, 7, 100]);
});

test("parseOptions() adds and shows the curves with --curves", () => {
  const { matches, curves, write, showsCurves } = parse("--json", "--curves");
  assertEquals([matches, curves, write, showsCurves], [MATCHES, CURVES, false, true]);
});

test("parseOptions() measures the curves with --write, but does not print them", () => {
  const { matches, curves, write, showsCurves } = parse("--json", "--write");
  assertEquals([matches, curves, write, showsCurves], [MATCHES, CURVES, true, false]);
});

test("parseOptions() measures what --only names, matches and curves", () => {
  const { matches, curves, showsCurves } = parse("--only=payload,try");
  assertEquals([matches, curves, showsCurves], [["try"], ["payload"], true]);
});

test("parseOptions() goes on to Node with --node", () => {
  assertEquals(parse("--node", "--json").onNode, true);
});

test("parseOptions() shows no curves when --only names none", () => {
  const { matches, curves, showsCurves } = parse("--only=select");
  assertEquals([matches, curves, showsCurves], [["select"], [], false]);
});

for (
  const [args, message] of [
    [["--quick"], "Cannot read the option --quick"],
    [["--only=try,tries"], 'Cannot measure "tries": no such match or curve'],
    [["--passes=x"], "Cannot read --passes=x: a positive whole number is needed"],
    [["--rounds=0"], "Cannot read --rounds=0: a positive whole number is needed"],
    [["--ms=1.5"], "Cannot read --ms=1.5: a positive whole number is needed"],
    [
      ["--write", "--only=try"],
      "Cannot write a part of the results: --write goes without --only",
    ],
  ] as const
) {
  test(`parseOptions() refuses ${args.join(" ")}`, () => {
    assertThrows(() => parse(...args), UsageError, message);
  });
}
