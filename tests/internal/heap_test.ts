import { Heap } from "../../src/internal/heap.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { seeded } from "../conformance/waiting.ts";
import { test } from "../support/test.ts";

function numbers(): Heap<number> {
  return new Heap((a, b) => a < b);
}

function drain<T>(heap: Heap<T>): T[] {
  return Array.from({ length: heap.size }, () => heap.shift()!);
}

test("Heap.shift() yields every permutation of six in order", () => {
  const permute = (rest: number[], taken: number[]): void => {
    if (rest.length === 0) {
      const heap = numbers();
      for (const value of taken) heap.push(value);
      assertEquals(drain(heap), [0, 1, 2, 3, 4, 5]);
    }
    for (const value of rest) permute(rest.filter((each) => each !== value), [...taken, value]);
  };
  permute([0, 1, 2, 3, 4, 5], []);
});

test("Heap.first is what Heap.shift() takes, and undefined when there is nothing", () => {
  const heap = numbers();
  assertEquals([heap.first, heap.shift(), heap.size], [undefined, undefined, 0]);
  for (const value of [3, 1, 2]) heap.push(value);
  assertStrictEquals(heap.first, 1);
  assertStrictEquals(heap.shift(), 1);
  assertStrictEquals(heap.first, 2);
});

test("Heap keeps equal values, each as often as it was put in", () => {
  const heap = numbers();
  for (const value of [2, 1, 2, 1, 1]) heap.push(value);
  assertEquals(drain(heap), [1, 1, 1, 2, 2]);
});

test("Heap.clear() leaves nothing, and the heap can be used again", () => {
  const heap = numbers();
  for (const value of [2, 1]) heap.push(value);
  heap.clear();
  assertEquals([heap.size, heap.first], [0, undefined]);
  heap.push(7);
  assertEquals(drain(heap), [7]);
});

test("Heap is a sorted array under a random mix", () => {
  const random = seeded(20230401);
  const heap = numbers();
  const sorted: number[] = [];
  for (let step = 0; step < 20_000; step++) {
    if (random(5) < 3) {
      const value = random(1000);
      heap.push(value);
      sorted.push(value);
      sorted.sort((a, b) => a - b);
      if (sorted.length > 50) {
        sorted.splice(0, 20).forEach((each) => assertStrictEquals(heap.shift(), each));
      }
    } else {
      assertStrictEquals(heap.shift(), sorted.shift());
    }
    assertEquals([heap.size, heap.first], [sorted.length, sorted[0]]);
  }
});
