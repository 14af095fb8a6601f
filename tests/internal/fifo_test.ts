import { Fifo } from "../../src/internal/fifo.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { seeded } from "../conformance/waiting.ts";
import { test } from "../support/test.ts";

test("Fifo.shift() yields what Fifo.push() put in, first in, first out", () => {
  const fifo = new Fifo<number>();
  for (let value = 0; value < 100; value++) fifo.push(value);
  assertEquals(
    Array.from({ length: 100 }, () => fifo.shift()),
    Array.from({ length: 100 }, (_, value) => value),
  );
});

test("Fifo.size counts what is in it", () => {
  const fifo = new Fifo<number>();
  const sizes = [fifo.size];
  for (let value = 0; value < 20; value++) {
    fifo.push(value);
    sizes.push(fifo.size);
  }
  assertEquals(sizes, Array.from({ length: 21 }, (_, size) => size));
});

test("Fifo keeps undefined as a value", () => {
  const fifo = new Fifo<undefined | null>();
  fifo.push(undefined);
  fifo.push(null);
  assertStrictEquals(fifo.size, 2);
  assertEquals([fifo.shift(), fifo.shift()], [undefined, null]);
});

test("Fifo keeps the order when it grows while its head is not at the start", () => {
  // At every offset of the head, beyond every size at which the array doubles.
  for (let offset = 0; offset < 9; offset++) {
    const fifo = new Fifo<number>();
    for (let value = 0; value < offset; value++) {
      fifo.push(-1);
      fifo.shift();
    }
    for (let value = 0; value < 70; value++) fifo.push(value);
    assertEquals(
      Array.from({ length: 70 }, () => fifo.shift()),
      Array.from({ length: 70 }, (_, value) => value),
    );
  }
});

test("Fifo is an array's push and shift under a random mix", () => {
  const fifo = new Fifo<number>();
  const model: number[] = [];
  const random = seeded(7);
  let next = 0;
  for (let step = 0; step < 50_000; step++) {
    // Long runs of one kind, so that it grows beyond what it keeps and is emptied again.
    const isPush = random(2000) < (step % 10_000 < 5000 ? 1200 : 800);
    if (isPush) {
      fifo.push(next);
      model.push(next++);
    } else if (model.length > 0) assertStrictEquals(fifo.shift(), model.shift());
    assertStrictEquals(fifo.size, model.length);
  }
});

test("Fifo works on after it was emptied at a large size", () => {
  const fifo = new Fifo<number>();
  for (let round = 0; round < 3; round++) {
    for (let value = 0; value < 5000; value++) fifo.push(value);
    for (let value = 0; value < 5000; value++) assertStrictEquals(fifo.shift(), value);
    assertStrictEquals(fifo.size, 0);
  }
});

test("Fifo.clear() lets go of everything", () => {
  const fifo = new Fifo<number>();
  fifo.push(1);
  fifo.clear();
  assertStrictEquals(fifo.size, 0);
  fifo.push(2);
  assertStrictEquals(fifo.shift(), 2);
});
