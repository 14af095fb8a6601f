import { Heap } from "../../src/internal/heap.ts";
import { seeded } from "../conformance/waiting.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** A heap of strings by the number that they begin with. */
function heapOf(...values: string[]): Heap<string> {
  const heap = new Heap<string>();
  for (const value of values) heap.push(parseFloat(value), value);
  return heap;
}

function drain<T>(heap: Heap<T>): T[] {
  return Array.from({ length: heap.size }, () => heap.shift()!);
}

test("Heap.shift() yields every permutation of seven in order", () => {
  const permute = (rest: number[], taken: number[]): void => {
    if (rest.length === 0) {
      const heap = new Heap<number>();
      for (const value of taken) heap.push(value, value);
      assertEquals(drain(heap), [0, 1, 2, 3, 4, 5, 6]);
    }
    for (const value of rest) permute(rest.filter((each) => each !== value), [...taken, value]);
  };
  permute([0, 1, 2, 3, 4, 5, 6], []);
});

test("Heap.shift() yields values of equal keys in the order in which they were put in", () => {
  const heap = heapOf("2a", "1a", "2b", "1b", "1c", "2c");
  assertEquals([heap.shift(), heap.shift()], ["1a", "1b"]);
  heap.push(1, "1d");
  heap.push(2, "2d");
  assertEquals(drain(heap), ["1c", "1d", "2a", "2b", "2c", "2d"]);
});

test("Heap.firstKey is the least key, and Infinity when there is nothing", () => {
  const heap = heapOf();
  assertEquals([heap.firstKey, heap.shift(), heap.size], [Infinity, undefined, 0]);
  heap.push(3, "c");
  heap.push(-1.5, "a");
  assertStrictEquals(heap.firstKey, -1.5);
  heap.shift();
  assertStrictEquals(heap.firstKey, 3);
  heap.shift();
  assertEquals([heap.firstKey, heap.shift(), heap.size], [Infinity, undefined, 0]);
});

test("Heap takes infinite keys, and undefined as a value", () => {
  const heap = new Heap<string | undefined>();
  heap.push(Infinity, "late");
  heap.push(-Infinity, undefined);
  assertEquals([heap.size, heap.firstKey], [2, -Infinity]);
  assertEquals([heap.shift(), heap.shift()], [undefined, "late"]);
});

test("Heap.clear() leaves nothing, and the heap can be used again", () => {
  const heap = heapOf("2", "1");
  heap.clear();
  assertEquals([heap.size, heap.firstKey], [0, Infinity]);
  heap.push(7, "7");
  assertEquals(drain(heap), ["7"]);
});

test("Heap is a sorted array under a random mix, grown and emptied again and again", () => {
  const random = seeded(20230401);
  const heap = new Heap<string>();
  const sorted: string[] = [];
  const [shrink, grow] = [2, 8];
  for (let step = 0, bias = grow; step < 40_000; step++) {
    if (heap.size === 0) bias = grow;
    if (heap.size > 2000) bias = shrink;
    if (random(10) < bias) {
      const key = random(500);
      const value = `${key} at ${step}`;
      heap.push(key, value);
      const after = sorted.findIndex((each) => parseFloat(each) > key);
      sorted.splice(after < 0 ? sorted.length : after, 0, value);
    } else {
      assertStrictEquals(heap.shift(), sorted.shift());
    }
    assertStrictEquals(heap.size, sorted.length);
    assertStrictEquals(heap.firstKey, sorted.length === 0 ? Infinity : parseFloat(sorted[0]!));
  }
});
