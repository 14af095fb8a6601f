/**
 * AtomicI32, AtomicU32, AtomicI64, AtomicBool.
 *
 * @module
 */
import {
  any,
  AtomicBool,
  AtomicI32,
  AtomicI64,
  AtomicU32,
  Channel,
  i32,
  Pool,
  sharedArray,
} from "../../mod.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import {
  addMany,
  addManyThere,
  flipMany,
  flipManyThere,
  publish,
  spinMany,
  spinManyThere,
} from "../support/tasks_primitives.ts";
import { test } from "../support/test.ts";

const MIN_I64 = -(2n ** 63n);
const MAX_I64 = 2n ** 63n - 1n;

test("AtomicI32 gives the new value of an addition and the old one of everything else", () => {
  using value = new AtomicI32();
  assertStrictEquals(value.load(), 0);
  assertStrictEquals(value.add(5), 5);
  assertStrictEquals(value.add(-7), -2);
  assertStrictEquals(value.swap(12), -2);
  assertStrictEquals(value.and(10), 12);
  assertStrictEquals(value.or(3), 8);
  assertStrictEquals(value.load(), 11);
  assertStrictEquals(value.compareAndSwap(10, 1), false);
  assertStrictEquals(value.compareAndSwap(11, -1), true);
  assertStrictEquals(value.load(), -1);
  value.store(7);
  assertStrictEquals(value.load(), 7);
});

test("AtomicI32.add() wraps", () => {
  using value = new AtomicI32(2 ** 31 - 1);
  assertStrictEquals(value.add(1), -(2 ** 31));
  assertStrictEquals(value.load(), -(2 ** 31));
  assertStrictEquals(value.add(-1), 2 ** 31 - 1);
  value.store(-(2 ** 31));
  assertStrictEquals(value.add(-(2 ** 31)), 0);
});

test("AtomicU32 holds the whole range and wraps, also below 0", () => {
  using value = new AtomicU32(2 ** 32 - 1);
  assertStrictEquals(value.load(), 2 ** 32 - 1);
  assertStrictEquals(value.add(1), 0);
  assertStrictEquals(value.add(-1), 2 ** 32 - 1);
  assertStrictEquals(value.add(-(2 ** 32 - 1)), 0);
  assertStrictEquals(value.add(2 ** 32 - 1), 2 ** 32 - 1);
  assertStrictEquals(value.swap(2 ** 31), 2 ** 32 - 1);
  assertStrictEquals(value.or(1), 2 ** 31);
  assertStrictEquals(value.and(2 ** 31), 2 ** 31 + 1);
  assertStrictEquals(value.compareAndSwap(2 ** 31, 2 ** 32 - 2), true);
  assertStrictEquals(value.compareAndSwap(2 ** 31, 0), false);
  assertStrictEquals(value.load(), 2 ** 32 - 2);
});

test("AtomicI64 holds the whole range and wraps", () => {
  using value = new AtomicI64(MAX_I64);
  assertStrictEquals(value.load(), MAX_I64);
  assertStrictEquals(value.add(1n), MIN_I64);
  assertStrictEquals(value.add(-1n), MAX_I64);
  assertStrictEquals(value.swap(6n), MAX_I64);
  assertStrictEquals(value.and(-3n), 6n);
  assertStrictEquals(value.or(2n ** 40n), 4n);
  assertStrictEquals(value.compareAndSwap(4n, 0n), false);
  assertStrictEquals(value.compareAndSwap(2n ** 40n + 4n, MIN_I64), true);
  assertStrictEquals(value.load(), MIN_I64);
  value.store(-1n);
  assertStrictEquals(value.load(), -1n);
});

test("AtomicBool stores, swaps and compares", () => {
  using value = new AtomicBool();
  assertStrictEquals(value.load(), false);
  assertStrictEquals(value.swap(true), false);
  assertStrictEquals(value.swap(true), true);
  assertStrictEquals(value.compareAndSwap(false, true), false);
  assertStrictEquals(value.compareAndSwap(true, false), true);
  assertStrictEquals(value.load(), false);
  value.store(true);
  assertStrictEquals(value.load(), true);
  assertStrictEquals(new AtomicBool(true).load(), true);
  assertEquals(["add" in value, "and" in value, "or" in value], [false, false, false]);
});

test("AtomicI32 takes -0 for 0", () => {
  using value = new AtomicI32(-0);
  assertStrictEquals(value.compareAndSwap(-0, 3), true);
  assertStrictEquals(value.add(-0), 3);
  using unsigned = new AtomicU32();
  assertStrictEquals(unsigned.compareAndSwap(-0, 3), true);
});

/** What is refused: every way to give it, and the error. */
type Row = readonly [value: unknown, error: ErrorConstructor, text: string];

const notI32: readonly Row[] = [
  [1.5, RangeError, "1.5 as an i32: expected an integer from -2147483648 to 2147483647"],
  [NaN, RangeError, "NaN"],
  [Infinity, RangeError, "Infinity"],
  [2 ** 31, RangeError, "2147483648"],
  [-(2 ** 31) - 1, RangeError, "-2147483649"],
  [2 ** 40, RangeError, "1099511627776"],
  ["1", TypeError, '"1" as an i32: expected an integer'],
  [1n, TypeError, "1n"],
  [true, TypeError, "true"],
  [null, TypeError, "null"],
  [{}, TypeError, "an object"],
  [Symbol("x"), TypeError, "Symbol(x)"],
];
const notU32: readonly Row[] = [
  [-1, RangeError, "-1 as a u32: expected an integer from 0 to 4294967295"],
  [2 ** 32, RangeError, "4294967296"],
  ...notI32.filter(([value]) => value !== 2 ** 31 && value !== -(2 ** 31) - 1).map((
    [value, error],
  ): Row => [value, error, "as a u32"]),
];
const notI64: readonly Row[] = [
  [1, TypeError, "1 as an i64: expected a bigint from -(2n**63n) to 2n**63n-1n"],
  [2n ** 63n, RangeError, "9223372036854775808n"],
  [MIN_I64 - 1n, RangeError, "-9223372036854775809n"],
  ["1", TypeError, '"1"'],
  [null, TypeError, "null"],
];
const notBool: readonly Row[] = [
  [1, TypeError, "1 as a bool: expected true or false"],
  [0, TypeError, "0"],
  ["true", TypeError, '"true"'],
  [null, TypeError, "null"],
];

const tables = [
  { name: "AtomicI32", Class: AtomicI32, rows: notI32, good: 1 },
  { name: "AtomicU32", Class: AtomicU32, rows: notU32, good: 1 },
  { name: "AtomicI64", Class: AtomicI64, rows: notI64, good: 1n },
  { name: "AtomicBool", Class: AtomicBool, rows: notBool, good: true },
] as const;

for (const { name, Class, rows, good } of tables) {
  test(`${name} refuses what does not fit, and has not changed`, () => {
    using value = new (Class as new (initial: unknown) => Disposable)(good);
    const any = value as unknown as Record<string, (...given: unknown[]) => unknown>;
    for (const [bad, error, text] of rows) {
      assertThrows(() => new (Class as new (initial: unknown) => unknown)(bad), error, text);
      for (const method of ["store", "swap", "and", "or"]) {
        if (any[method] === undefined) continue;
        assertThrows(() => any[method]!(bad), error, text, method);
      }
      assertThrows(() => any.compareAndSwap!(bad, good), error, text);
      assertThrows(() => any.compareAndSwap!(good, bad), error, text);
      // The delta of an unsigned addition may be negative.
      if (any.add !== undefined && bad !== -1) {
        assertThrows(() => any.add!(bad), error, name === "AtomicU32" ? "u32" : text);
      }
      assertThrows(() => any.store!(), TypeError, "undefined");
    }
    assertStrictEquals(any.load!(), good);
  });

  test(`${name} arrives as itself, and refuses use once it is disposed`, async () => {
    using channel = new Channel(any<unknown>(), 1);
    const value = new (Class as new (initial: unknown) => AtomicI32)(good);
    await channel.send({ value });
    value[Symbol.dispose]();
    value[Symbol.dispose]();
    const bad: (() => unknown)[] = [
      () => value.load(),
      () => value.store(good as number),
      () => value.swap(good as number),
      () => value.compareAndSwap(good as number, good as number),
      () => channel.trySend(value),
    ];
    if (name !== "AtomicBool") {
      bad.push(
        () => value.add(good as number),
        () => value.and(good as number),
        () => value.or(good as number),
      );
    }
    for (const use of bad) assertThrows(use, TypeError, "Cannot use a disposed atomic value");
    const { value: other } = await channel.receive() as { value: AtomicI32 };
    assert(other instanceof Class);
    assertStrictEquals(other.load(), good);
    other[Symbol.dispose]();
  });
}

test("AtomicI32, AtomicU32 and AtomicI64 count every addition of every thread", async () => {
  await using pool = new Pool({ threads: 3 });
  using signed = new AtomicI32();
  using unsigned = new AtomicU32(2 ** 32 - 1000);
  using long = new AtomicI64(2n ** 32n - 1000n);
  const count = 20_000;
  const all = [1, 2, 3].map(() => pool.go(addManyThere, signed, unsigned, long, count));
  addMany(signed, unsigned, long, count);
  await Promise.all(all);
  assertEquals(signed.load(), 4 * count);
  assertEquals(long.load(), 2n ** 32n - 1000n + 4n * BigInt(count));
  assertEquals(unsigned.load(), 4 * count - 1000);
});

test("AtomicBool makes a lock that keeps all others out", async () => {
  await using pool = new Pool({ threads: 2 });
  using isLocked = new AtomicBool();
  const data = sharedArray(i32, 1);
  const count = 5000;
  const all = [1, 2].map(() => pool.go(spinManyThere, isLocked, data, count));
  spinMany(isLocked, data, count);
  await Promise.all(all);
  assertEquals(data[0], 3 * count);
});

test("AtomicU32.and() and or() touch the bits of the mask alone", async () => {
  await using pool = new Pool({ threads: 2 });
  using mask = new AtomicU32(0b1000);
  const all = [0, 31].map((bit) => pool.go(flipManyThere, mask, bit, 20_000));
  flipMany(mask, 7, 20_000);
  await Promise.all(all);
  assertEquals(mask.load(), 0b1000);
});

test("AtomicBool shows whoever sees the flag the data that was written before it", async () => {
  await using pool = new Pool({ threads: 1 });
  using flag = new AtomicBool();
  const data = sharedArray(i32, 64);
  const count = 3000;
  const there = pool.go(publish, flag, data, count);
  // The thread starts with the help of this one.
  while (!flag.load()) await new Promise((resolve) => setTimeout(resolve, 0));
  for (let i = 1; i <= count; i++) {
    while (!flag.load());
    for (let at = 0; at < data.length; at++) {
      if (data[at] !== i) throw new Error(`round ${i}: data ${at} is ${data[at]}`);
    }
    flag.store(false);
  }
  await there;
});
