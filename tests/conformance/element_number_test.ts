/** The elements that are numbers, and bool: what they carry and what they refuse. */
import {
  bool,
  Channel,
  type ElementType,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  select,
  send,
  u16,
  u32,
  u64,
  u8,
} from "../../mod.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** The end of every message of refusal: what was given, as text. */
type Refusal = readonly [value: unknown, errorClass: typeof TypeError | typeof RangeError, string];

/** Values that are neither a number nor a bigint. */
const NO_NUMBERS: readonly Refusal[] = [
  ["1", TypeError, '"1"'],
  ["", TypeError, '""'],
  [null, TypeError, "null"],
  [undefined, TypeError, "undefined"],
  [[1], TypeError, "an array of 1"],
  [{ valueOf: () => 1 }, TypeError, "an object (Object)"],
  [new Number(1), TypeError, "an object (Number)"],
  [new Date(1), TypeError, "an object (Date)"],
  [Symbol("one"), TypeError, "Symbol(one)"],
  [() => 1, TypeError, "function"],
];

/** What no element that is a number carries. */
const NO_FLOATS: readonly Refusal[] = [
  ...NO_NUMBERS,
  [1n, TypeError, "1n"],
  [2n ** 80n, TypeError, "1208925819614629174706176n"],
  [true, TypeError, "true"],
];

/** What no element that is an integer in a number carries. */
const NO_INTEGERS: readonly Refusal[] = [
  ...NO_FLOATS,
  [0.5, RangeError, "0.5"],
  [-0.5, RangeError, "-0.5"],
  [1e-300, RangeError, "1e-300"],
  [NaN, RangeError, "NaN"],
  [Infinity, RangeError, "Infinity"],
  [-Infinity, RangeError, "-Infinity"],
  [2 ** 53, RangeError, "9007199254740992"],
  [2 ** 32, RangeError, "4294967296"],
];

/** What no element that is a bigint carries. */
const NO_BIGINTS: readonly Refusal[] = [
  ...NO_NUMBERS,
  [1, TypeError, "1"],
  [0.5, TypeError, "0.5"],
  [NaN, TypeError, "NaN"],
  [true, TypeError, "true"],
];

interface Element {
  readonly type: ElementType<unknown>;
  readonly carries: readonly unknown[];
  readonly refuses: readonly Refusal[];
}

/** A row of the table, with the values' types checked. */
function element<T>(
  type: ElementType<T>,
  carries: readonly T[],
  refuses: readonly Refusal[],
): Element {
  return { type: type as ElementType<unknown>, carries, refuses };
}

/** An integer of `bits` bits in a number. */
function integer(type: ElementType<number>, bits: number, isSigned: boolean): Element {
  const minimum = isSigned ? -(2 ** (bits - 1)) : 0;
  const maximum = 2 ** (isSigned ? bits - 1 : bits) - 1;
  return element(type, [0, 1, maximum, minimum, maximum - 1, minimum + 1, maximum >>> 1], [
    ...NO_INTEGERS,
    [maximum + 1, RangeError, String(maximum + 1)],
    [minimum - 1, RangeError, String(minimum - 1)],
  ]);
}

/** An integer of 64 bits in a bigint. */
function long(type: ElementType<bigint>, minimum: bigint, maximum: bigint): Element {
  return element(type, [0n, 1n, maximum, minimum, 2n ** 53n + 1n, 2n ** 32n, 0xffffffffn], [
    ...NO_BIGINTS,
    [maximum + 1n, RangeError, `${maximum + 1n}n`],
    [minimum - 1n, RangeError, `${minimum - 1n}n`],
    [2n ** 200n, RangeError, `${2n ** 200n}n`],
  ]);
}

const elements: readonly Element[] = [
  integer(i8, 8, true),
  integer(u8, 8, false),
  integer(i16, 16, true),
  integer(u16, 16, false),
  integer(i32, 32, true),
  integer(u32, 32, false),
  long(i64, -(2n ** 63n), 2n ** 63n - 1n),
  long(u64, 0n, 2n ** 64n - 1n),
  element(
    f32,
    [0, -0, 0.5, -1.5, NaN, Infinity, -Infinity, 2 ** 24, 3.4028234663852886e38, 2 ** -149],
    [...NO_FLOATS, [1e39, RangeError, "1e+39"], [-1e300, RangeError, "-1e+300"]],
  ),
  element(
    f64,
    [
      0,
      -0,
      0.1,
      -1.5,
      NaN,
      Infinity,
      -Infinity,
      Number.MAX_VALUE,
      Number.MIN_VALUE,
      Number.EPSILON,
      Number.MAX_SAFE_INTEGER,
      2 ** 53 + 2,
      -1e308,
    ],
    NO_FLOATS,
  ),
  element(bool, [true, false], [
    ...NO_NUMBERS,
    [0, TypeError, "0"],
    [1, TypeError, "1"],
    [1n, TypeError, "1n"],
    [new Boolean(true), TypeError, "an object (Boolean)"],
  ]),
];

for (const { type, carries, refuses } of elements) {
  for (const value of carries) {
    // `-0` shows as 0.
    const shown = Object.is(value, -0) ? "-0" : String(value);

    test(`Channel of ${type.name} carries ${shown}`, () => {
      using channel = new Channel(type, 3);
      // Neighbours that a value too wide would spill into.
      const sent = [carries[0], value, carries[1]];
      for (const each of sent) channel.trySend(each);
      for (const each of sent) assertStrictEquals(channel.receiveSync(), each);
    });

    test(`Channel of ${type.name} carries ${shown} to a receiver that waits`, async () => {
      using channel = new Channel(type, 1);
      const receiving = channel.receive();
      await channel.send(value);
      assertStrictEquals(await receiving, value);
    });

    test(`Channel of ${type.name} carries ${shown} from a sender that waits`, async () => {
      using channel = new Channel(type, 1);
      channel.trySend(carries[0]);
      const sending = channel.send(value);
      assertEquals(channel.tryReceive(), { state: "ok", value: carries[0] });
      assertStrictEquals(channel.receiveSync(), value);
      await sending;
    });
  }

  for (const [value, errorClass, shown] of refuses) {
    test(`Channel of ${type.name} refuses ${shown} at the call, in every form`, () => {
      using channel = new Channel(type, 1);
      const says = `Cannot send ${shown}`;
      assertThrows(() => channel.trySend(value), errorClass, says);
      assertThrows(() => channel.sendSync(value), errorClass, says);
      assertThrows(() => channel.send(value), errorClass, says);
      assertThrows(() => select({ out: send(channel, value) }), errorClass, says);
      assertStrictEquals(channel.size, 0);
    });

    test(`Channel of ${type.name} refuses ${shown} when it is full`, () => {
      using channel = new Channel(type, 1);
      channel.trySend(carries[0]);
      assertThrows(() => channel.send(value), errorClass, `Cannot send ${shown}`);
    });
  }

  test(`Channel of ${type.name} names its type in a refusal`, () => {
    using channel = new Channel(type, 1);
    assertThrows(() => channel.trySend("text"), TypeError, type.name);
  });
}

test("Channel of i32 carries -0 as 0", () => {
  using channel = new Channel(i32, 1);
  channel.trySend(-0);
  assertStrictEquals(channel.receiveSync(), 0);
});

test("Channel of f32 rounds to the nearest", () => {
  using channel = new Channel(f32, 2);
  channel.trySend(0.1);
  channel.trySend(16777217);
  assertEquals([channel.receiveSync(), channel.receiveSync()], [Math.fround(0.1), 16777216]);
});
