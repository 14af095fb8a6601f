/** The elements i32, u32, f64 and bool: what they carry and what they refuse. */
import { bool, Channel, type ElementType, f64, i32, select, send, u32 } from "../../mod.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** The end of every message of refusal: what was given, as text. */
type Refusal = readonly [value: unknown, errorClass: typeof TypeError | typeof RangeError, string];

/** Values that no number is. */
const NO_NUMBERS: readonly Refusal[] = [
  ["1", TypeError, '"1"'],
  ["", TypeError, '""'],
  [1n, TypeError, "1n"],
  [true, TypeError, "true"],
  [null, TypeError, "null"],
  [undefined, TypeError, "undefined"],
  [[1], TypeError, "an array of 1"],
  [{ valueOf: () => 1 }, TypeError, "an object (Object)"],
  [new Number(1), TypeError, "an object (Number)"],
  [new Date(1), TypeError, "an object (Date)"],
  [Symbol("one"), TypeError, "Symbol(one)"],
  [() => 1, TypeError, "function"],
];

/** Numbers that no integer of 32 bits is. */
const NO_INTEGERS: readonly Refusal[] = [
  [0.5, RangeError, "0.5"],
  [-0.5, RangeError, "-0.5"],
  [1e-300, RangeError, "1e-300"],
  [NaN, RangeError, "NaN"],
  [Infinity, RangeError, "Infinity"],
  [-Infinity, RangeError, "-Infinity"],
  [2 ** 53, RangeError, "9007199254740992"],
  [2 ** 32, RangeError, "4294967296"],
];

interface Element<T> {
  readonly type: ElementType<T>;
  readonly carries: readonly T[];
  readonly refuses: readonly Refusal[];
}

const elements: readonly [Element<number>, Element<number>, Element<number>, Element<boolean>] = [
  {
    type: i32,
    carries: [0, 1, -1, 0x7fffffff, -0x80000000, 0x40000000, -12345],
    refuses: [
      ...NO_NUMBERS,
      ...NO_INTEGERS,
      [0x80000000, RangeError, "2147483648"],
      [-0x80000001, RangeError, "-2147483649"],
      [0xffffffff, RangeError, "4294967295"],
    ],
  },
  {
    type: u32,
    carries: [0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 12345],
    refuses: [...NO_NUMBERS, ...NO_INTEGERS, [-1, RangeError, "-1"]],
  },
  {
    type: f64,
    carries: [
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
      5e-324,
      -1e308,
    ],
    refuses: NO_NUMBERS,
  },
  {
    type: bool,
    carries: [true, false],
    refuses: [
      ...NO_NUMBERS.filter(([value]) => typeof value !== "boolean"),
      [0, RangeError, "0"],
      [1, RangeError, "1"],
      [new Boolean(true), TypeError, "an object (Boolean)"],
    ],
  },
];

for (const { type, carries, refuses } of elements as readonly Element<unknown>[]) {
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
