/** How the keys of a map spread over its buckets. */
import { any, bytes, type ElementType, f64, i32, i64, SyncMap, text } from "../../mod.ts";
import { core } from "../../src/memory/core.ts";
import { shared } from "../../src/memory/handle.ts";
import { SEEK_END, SEEK_HASH, SEEK_TABLE, SEEK_TAG } from "../../src/memory/layout.ts";
import { assertEquals, assertLess } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Numbers of pairs in the buckets of a map that are not empty. */
function bucketsOf(map: SyncMap<unknown, number>): number[] {
  const c = core();
  const { fn, agent, scratch: at } = c;
  const ptr = map[shared];
  const sizes: number[] = [];
  for (let hash = 0; fn.mapSeek(ptr, hash, at) !== 0;) {
    const [table, tag] = [c.readU32(at + SEEK_TABLE), c.readU32(at + SEEK_TAG)];
    const first = c.f64[(at + SEEK_HASH) >>> 3]!;
    hash = c.f64[(at + SEEK_END) >>> 3]!;
    let size = 0;
    for (let pair = 0;; size++) {
      pair = fn.mapVisit(ptr, table, first, tag, pair, at, agent);
      if (pair === 0) break;
    }
    fn.mapDone(ptr, agent);
    sizes.push(size);
  }
  return sizes;
}

/** Keys that a bad hash would put together. */
const families: readonly [string, ElementType<unknown>, (index: number) => unknown][] = [
  ["i32 one after the other", i32 as ElementType<unknown>, (index) => index],
  ["i32 that differ in their upper half", i32 as ElementType<unknown>, (index) => index << 16 >> 2],
  ["i64 that differ in their upper half", i64 as ElementType<unknown>, (i) => BigInt(i) << 33n],
  ["f64 that are whole", f64 as ElementType<unknown>, (index) => index],
  [
    "f64 that are almost nothing",
    f64 as ElementType<unknown>,
    (index) => index * Number.MIN_VALUE,
  ],
  [
    "text that ends differently",
    text as ElementType<unknown>,
    (index) => `the same beginning ${index}`,
  ],
  [
    "text that begins differently",
    text as ElementType<unknown>,
    (index) => `${index} and the same end`,
  ],
  ["bytes that are all zeros", bytes as ElementType<unknown>, (index) => new Uint8Array(index)],
  ["any that are objects", any(), (index) => ({ id: index })],
];

for (const [name, type, key] of families) {
  test(`SyncMap spreads its keys when they are ${name}`, () => {
    using map = new SyncMap(type, i32);
    const count = 8000;
    for (let index = 0; index < count; index++) map.store(key(index), index);
    assertEquals(map.size, count);
    const sizes = bucketsOf(map);
    assertEquals(sizes.reduce((a, b) => a + b), count);
    // With at most one key a bucket on average, chance makes one of 13 once in a million maps.
    assertLess(Math.max(...sizes), 13);
  });
}

test("SyncMap spreads the same keys differently when it is another map", () => {
  const orders = [1, 2].map(() => {
    using map = new SyncMap(text, i32);
    for (let index = 0; index < 100; index++) map.store(`key ${index}`, index);
    const order: number[] = [];
    map.range((_, value) => void order.push(value));
    return order.join();
  });
  assertEquals(orders[0] === orders[1], false);
});
