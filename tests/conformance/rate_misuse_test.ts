/**
 * Misuse of limiters: each is an error at the call, thrown and not a rejection, that names the value.
 *
 * @module
 */
import {
  every,
  FixedWindow,
  LeakyBucket,
  Limiter,
  MultiLimiter,
  per,
  type RateLimiter,
  SlidingLog,
} from "../../src/rate/mod.ts";
import { assert, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

type ErrorClass = typeof TypeError | typeof RangeError;
type Bad = readonly [value: unknown, error: ErrorClass, shown?: string];

const NO_NUMBERS: readonly Bad[] = [
  ["5", TypeError, '"5"'],
  [undefined, TypeError],
  [null, TypeError],
  [5n, TypeError, "5n"],
  [{}, TypeError, "an object"],
];
const NO_LIMITS: readonly Bad[] = [
  ...NO_NUMBERS,
  [NaN, RangeError],
  [-1, RangeError],
  [-Infinity, RangeError],
];
const NO_INTEGERS: readonly Bad[] = [...NO_LIMITS, [0.5, RangeError], [Infinity, RangeError]];
const NO_COUNTS: readonly Bad[] = [...NO_INTEGERS, [0, RangeError]];
const NO_WINDOWS: readonly Bad[] = [...NO_LIMITS, [0, RangeError], [Infinity, RangeError]];
const NO_DURATIONS: readonly Bad[] = [...NO_NUMBERS, [NaN, RangeError]];

const limiter = new Limiter(1, 1);

const rows: readonly [name: string, bad: readonly Bad[], use: (value: never) => unknown][] = [
  ["every()", NO_DURATIONS, (ms) => every(ms)],
  ["per() for the count", NO_INTEGERS, (n) => per(n, 1000)],
  ["per() for the duration", NO_DURATIONS, (ms) => per(1, ms)],
  ["Limiter for the limit", NO_LIMITS, (limit) => new Limiter(limit, 1)],
  ["Limiter for the burst", NO_INTEGERS, (burst) => new Limiter(1, burst)],
  ["Limiter.allowN()", NO_INTEGERS, (n) => limiter.allowN(n)],
  ["Limiter.waitN()", NO_INTEGERS, (n) => limiter.waitN(n, { signal: AbortSignal.abort() })],
  // Absent is one.
  [
    "Limiter.reserve()",
    NO_INTEGERS.filter(([value]) => value !== undefined),
    (n) => limiter.reserve(n),
  ],
  ["Limiter.setLimit()", NO_LIMITS, (limit) => limiter.setLimit(limit)],
  ["Limiter.setBurst()", NO_INTEGERS, (burst) => limiter.setBurst(burst)],
  ["FixedWindow for the count", NO_COUNTS, (count) => new FixedWindow(count, 1000)],
  ["FixedWindow for the window", NO_WINDOWS, (ms) => new FixedWindow(1, ms)],
  [
    "SlidingLog for the count",
    [...NO_COUNTS, [2 ** 28, RangeError]],
    (count) => new SlidingLog(count, 1000),
  ],
  ["SlidingLog for the window", NO_WINDOWS, (ms) => new SlidingLog(1, ms)],
  ["LeakyBucket for the limit", NO_LIMITS, (limit) => new LeakyBucket(limit, 1)],
  ["LeakyBucket for the capacity", NO_COUNTS, (capacity) => new LeakyBucket(1, capacity)],
  [
    "MultiLimiter",
    [
      ...NO_NUMBERS,
      [5, TypeError],
      [{ limit: 1, allow: () => true }, TypeError],
      [{ limit: "1", allow: () => true, wait: () => Promise.resolve() }, TypeError],
    ],
    (each) => new MultiLimiter(limiter, each),
  ],
];

for (const [name, bad, use] of rows) {
  for (const [value, errorClass, shown] of bad) {
    const text = typeof value === "string" ? `"${value}"` : String(value);
    test(`${name} refuses ${text} of type ${typeof value}, at the call`, () => {
      const error = assertThrows(() => use(value as never), errorClass);
      assertStrictEquals(error.constructor, errorClass);
      const named = shown ?? (typeof value === "object" && value !== null ? "an object" : text);
      assert(error.message.includes(named), error.message);
      assert(error.message.includes("expected"), error.message);
    });
  }
}

const makers: Readonly<Record<string, () => RateLimiter & Disposable>> = {
  Limiter: () => new Limiter(1, 1),
  FixedWindow: () => new FixedWindow(1, 1000),
  SlidingLog: () => new SlidingLog(1, 1000),
  LeakyBucket: () => new LeakyBucket(1, 1),
  MultiLimiter: () => new MultiLimiter(new Limiter(1, 1)),
};

for (const [name, make] of Object.entries(makers)) {
  test(`${name}.wait() refuses a signal that is none, at the call`, () => {
    using one = make();
    for (const signal of [{}, 1, null, "stop"]) {
      assertThrows(() => one.wait({ signal } as never), TypeError, "AbortSignal");
    }
    assertStrictEquals(one.allow(), true);
  });

  test(`${name} cannot be used once its handle is disposed`, () => {
    const one = make();
    one[Symbol.dispose]();
    one[Symbol.dispose]();
    assertThrows(() => one.allow(), TypeError, "disposed");
    assertThrows(() => one.wait(), TypeError, "disposed");
    assertThrows(() => one.limit, TypeError, "disposed");
  });
}
