import {
  checkDate,
  checkDuration,
  checkInteger,
  checkSignal,
  show,
} from "../../src/internal/check.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

class Point {}

const SHOWN: readonly [unknown, string][] = [
  [5, "5"],
  [NaN, "NaN"],
  [undefined, "undefined"],
  [null, "null"],
  [true, "true"],
  ['say "hi"\n', '"say \\"hi\\"\\n"'],
  [5n, "5n"],
  [Symbol("s"), "Symbol(s)"],
  [[1, 2], "an array of 2"],
  [{}, "an object (Object)"],
  [new Point(), "an object (Point)"],
  [Object.create(null), "an object (no prototype)"],
  [function named() {}, "function named"],
  [() => {}, "function (anonymous)"],
];

for (const [value, shown] of SHOWN) {
  test(`show() renders ${shown}`, () => {
    assertStrictEquals(show(value), shown);
  });
}

test("checkInteger() returns an integer within its bounds, the bounds included", () => {
  assertEquals([1, 5, 9].map((value) => checkInteger("a count", value, 1, 9)), [1, 5, 9]);
});

for (const value of [0, 10, 1.5, NaN, Infinity]) {
  test(`checkInteger() refuses ${value} with a RangeError that names it and what it is for`, () => {
    const { message } = assertThrows(() => checkInteger("a count", value, 1, 9), RangeError);
    assertStrictEquals(
      message,
      `Cannot use ${value} as a count: expected an integer from 1 to 9`,
    );
  });
}

for (const value of ["5", 5n, null, undefined, [5], { valueOf: () => 5 }]) {
  test(`checkInteger() refuses ${show(value)} with a TypeError`, () => {
    assertThrows(() => checkInteger("a count", value, 1, 9), TypeError, show(value));
  });
}

test("checkDuration() counts what is negative as 0", () => {
  assertEquals(
    [-1, -Infinity, 0, 1.5, Infinity].map((ms) => checkDuration("a delay", ms)),
    [0, 0, 0, 1.5, Infinity],
  );
});

test("checkDate() gives the milliseconds of a date", () => {
  assertStrictEquals(checkDate("a time", new Date(5)), 5);
  assertThrows(() => checkDate("a time", 5), TypeError, "5 as a time: expected a Date");
  assertThrows(() => checkDate("a time", new Date(NaN)), RangeError, "an invalid Date as a time");
});

test("checkSignal() gives the signal, or undefined when there is none", () => {
  const { signal } = new AbortController();
  assertEquals([checkSignal({ signal }), checkSignal({}), checkSignal(undefined)], [
    signal,
    undefined,
    undefined,
  ]);
});
