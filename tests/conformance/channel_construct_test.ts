/** What a channel can be made with. */
import { Channel, type ElementType, i32 } from "../../mod.ts";
import { assertStrictEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Capacities that no channel has: the value, the error, and what its message says. */
const BAD: readonly [unknown, typeof RangeError | typeof TypeError, string][] = [
  [-1, RangeError, "-1"],
  [1.5, RangeError, "1.5"],
  [NaN, RangeError, "NaN"],
  [-Infinity, RangeError, "-Infinity"],
  [2 ** 53, RangeError, "9007199254740992"],
  ["3", TypeError, '"3"'],
  [3n, TypeError, "3n"],
  [true, TypeError, "true"],
  [null, TypeError, "null"],
  [{}, TypeError, "an object"],
  [[8], TypeError, "an array"],
];

for (const [capacity, errorClass, shown] of BAD) {
  test(`new Channel() refuses the capacity ${shown}`, () => {
    assertThrows(() => new Channel(capacity as number), errorClass, shown);
  });

  test(`new Channel() refuses the capacity ${shown} of a typed channel`, () => {
    assertThrows(() => new Channel(i32, capacity as number), errorClass, shown);
  });
}

/** Capacities that only a by-reference channel has. */
for (const capacity of [Infinity, 2 ** 40, 2 ** 32, 2 ** 32 + 1]) {
  test(`new Channel() refuses the capacity ${capacity} of a typed channel`, () => {
    assertThrows(() => new Channel(i32, capacity), RangeError, String(capacity));
  });

  test(`new Channel() takes the capacity ${capacity} by reference`, () => {
    using channel = new Channel<string>(capacity);
    assertStrictEquals(channel.capacity, capacity);
  });
}

test("new Channel() makes a typed rendezvous when no capacity is given", () => {
  using channel = new Channel(i32);
  assertStrictEquals(channel.capacity, 0);
});

test("new Channel() takes undefined as the capacity of a rendezvous", () => {
  using channel = new Channel<string>(undefined);
  assertStrictEquals(channel.capacity, 0);
});

for (const type of [undefined, 8, "i32", () => 1, { name: "i32" }, Symbol("i32"), Int32Array]) {
  test(`new Channel() refuses ${String(type)} as an element type`, () => {
    assertThrows(() => new Channel(type as never as ElementType<number>, 1), TypeError);
  });
}
