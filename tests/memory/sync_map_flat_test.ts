/** SyncMap leaves memory flat: what lived before is what lives after, to the byte. */
import {
  any,
  bytes,
  Channel,
  channelOf,
  type ElementType,
  f64,
  i32,
  Mutex,
  Pool,
  struct,
  SyncMap,
  text,
} from "../../mod.ts";
import { core, memoryUse } from "../../src/memory/core.ts";
import { SharedMemoryExhaustedError } from "../../src/errors.ts";
import { agent } from "../../src/park/agent.ts";
import { assert, assertEquals, assertLess, assertThrows } from "../support/assert.ts";
import { countTextUp, countTextUpThere, useLocks } from "../support/tasks_sync_map.ts";
import { blockOn } from "../support/tasks.ts";
import { test } from "../support/test.ts";

/** A type and a value of it for each number. */
type Row = readonly [type: ElementType<unknown>, sample: (index: number) => unknown];

function row<T>(type: ElementType<T>, sample: (index: number) => T): Row {
  return [type as ElementType<unknown>, sample];
}

const inner = new Channel(i32, 1);
const rows: readonly Row[] = [
  row(i32, (index) => index),
  row(f64, (index) => index / 3),
  row(text, (index) => `text ${index} ü`),
  row(bytes, (index) => new Uint8Array(index % 50).fill(index)),
  row(any<unknown>(), (index) => ({ index, inner })),
  row(struct({ id: i32, label: text, more: any<unknown>() }), (id) => ({
    id,
    label: `label ${id}`,
    more: [id, inner],
  })),
  row(channelOf(i32), () => inner),
];

/** The scratch of this thread has room for the longest key of these tests: it stays. */
function warmUp(): void {
  core().reserveScratch(8192);
}

/** Bytes that are in use after `body` and were not before. */
function leftBy(body: () => void): number {
  warmUp();
  const before = memoryUse().liveBytes;
  body();
  return memoryUse().liveBytes - before;
}

/** Does everything to a map with the values of `first` … `first + count`. */
function exercise(
  map: SyncMap<unknown, unknown>,
  [, key]: Row,
  [, value]: Row,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    map.store(key(i), value(i));
    map.store(key(i), value(i + 1));
    map.loadOrStore(key(i), value(i));
    map.loadOrStore(key(i + 1), value(i));
    map.swap(key(i), value(i + 2));
    map.load(key(i));
    map.compareAndSwap(key(i), value(i + 2), value(i));
    map.compareAndSwap(key(i), value(i + 2), value(i));
    if (i % 5 === 0) map.compareAndDelete(key(i), value(i));
    if (i % 7 === 0) map.loadAndDelete(key(i));
    if (i % 11 === 0) map.delete(key(i + 1));
    if (i % 50 === 0) map.range(() => {});
    if (i % 97 === 0) map.clear();
  }
}

for (const keys of rows) {
  for (const values of rows) {
    const name = [keys, values].map(([type]) => type.name.split("(")[0]).join(" and ");
    test(`SyncMap of ${name} leaves no byte when it is dropped with entries inside`, () => {
      const left = leftBy(() => {
        for (let round = 0; round < 10; round++) {
          const map = new SyncMap(keys[0], values[0]);
          exercise(map, keys, values, 60);
          map[Symbol.dispose]();
        }
      });
      assertEquals(left, 0);
    });
  }
}

test("10,000 maps made and dropped with entries inside leave no byte", () => {
  const left = leftBy(() => {
    for (let i = 0; i < 10_000; i++) {
      const map = new SyncMap<unknown, unknown>();
      map.store(i, { i });
      map.store(`key ${i}`, inner);
      map.store(inner, [i]);
      map[Symbol.dispose]();
    }
  });
  assertEquals(left, 0);
});

test("A million inserts and deletes leave no byte, and need room for those that are there", () => {
  warmUp();
  using map = new SyncMap(i32, i32);
  const pass = (count: number): void => {
    for (let i = 0; i < count; i++) {
      map.store(i, i);
      if (i >= 100) map.delete(i - 100);
    }
    for (let i = count - 100; i < count; i++) map.delete(i);
  };
  pass(1000);
  const before = memoryUse();
  pass(1_000_000);
  assertEquals(memoryUse(), before);
});

test("A million clears leave no byte", () => {
  warmUp();
  using map = new SyncMap(i32, text);
  map.store(1, "one");
  map.clear();
  const before = memoryUse();
  for (let i = 0; i < 1_000_000; i++) {
    if (i % 10 === 0) map.store(i, "text");
    map.clear();
  }
  assertEquals(memoryUse(), before);
});

test("SyncMap takes at most 80 bytes for an entry of two numbers when it is full", () => {
  const map = new SyncMap(i32, i32);
  const before = memoryUse().liveBytes;
  const count = 200_000;
  for (let i = 0; i < count; i++) map.store(i, i);
  assertLess((memoryUse().liveBytes - before) / count, 80);
  map[Symbol.dispose]();
});

test("Values and keys that are refused leave no byte", () => {
  const left = leftBy(() => {
    using map = new SyncMap<unknown, unknown>();
    using typed = new SyncMap(struct({ a: text, b: i32 }), struct({ a: text, b: i32 }));
    for (let i = 0; i < 1000; i++) {
      assertThrows(() => map.store([inner, "text"], [inner, () => 1]), TypeError);
      assertThrows(() => map.store([inner, () => 1], "text"), TypeError);
      assertThrows(() => typed.store({ a: "text", b: 1 }, { a: "text", b: 0.5 }), RangeError);
      assertThrows(() => typed.store({ a: "text", b: 0.5 }, { a: "text", b: 1 }), RangeError);
      assertThrows(
        () => typed.compareAndSwap({ a: "", b: 1 }, { a: "", b: 1 }, { a: "", b: 0.5 }),
        RangeError,
      );
    }
  });
  assertEquals(left, 0);
});

test("A key of a megabyte leaves no byte", () => {
  const left = leftBy(() => {
    using map = new SyncMap(text, bytes);
    const key = "long".repeat(250_000);
    map.store(key, new Uint8Array(5));
    assertEquals(map.load(key), new Uint8Array(5));
    assertEquals(map.load(`${key}!`), undefined);
    assertEquals(map.compareAndSwap(key, new Uint8Array(5), new Uint8Array(1)), true);
    map.range((there) => void assert(there === key));
    map.delete(key);
  });
  assertEquals(left, 0);
});

test("SyncMap.store() says that memory is exhausted, and nothing has changed", () => {
  using map = new SyncMap(text, bytes);
  map.store("a", new Uint8Array(3));
  const c = core();
  const { allocate } = c.fn;
  const before = memoryUse().liveBytes;
  // As if there were none.
  Object.assign(c.fn, { allocate: () => 0 });
  try {
    assertThrows(() => map.store("a", new Uint8Array(4)), SharedMemoryExhaustedError);
    assertThrows(
      () => map.store("long".repeat(5000), new Uint8Array(4)),
      SharedMemoryExhaustedError,
    );
    assertThrows(
      () => map.compareAndSwap("a", new Uint8Array(3), new Uint8Array(4)),
      SharedMemoryExhaustedError,
    );
  } finally {
    Object.assign(c.fn, { allocate });
  }
  assertEquals([map.load("a"), map.size], [new Uint8Array(3), 1]);
  assertEquals(memoryUse().liveBytes, before);
});

test("SyncMap keeps its own memory when its core has no room for an entry", () => {
  using map = new SyncMap(struct({ x: text }), struct({ y: text, z: any<unknown>() }));
  const c = core();
  map.store({ x: "a" }, { y: "b", z: inner });
  const before = memoryUse().liveBytes;
  const names = ["mapStore", "mapStoreNew", "mapStoreIf"] as const;
  const kept = names.map((name) => [name, c.fn[name]] as const);
  // What the core answers when it finds no memory.
  Object.assign(c.fn, Object.fromEntries(names.map((name) => [name, () => -2])));
  try {
    const value = { y: "c", z: [inner] };
    assertThrows(
      () => map.store({ x: "a" }, value),
      SharedMemoryExhaustedError,
      "an entry of a map",
    );
    assertThrows(() => map.loadOrStore({ x: "b" }, value), SharedMemoryExhaustedError);
    assertThrows(
      () => map.compareAndSwap({ x: "a" }, { y: "b", z: inner }, value),
      SharedMemoryExhaustedError,
    );
  } finally {
    Object.assign(c.fn, Object.fromEntries(kept));
  }
  assertEquals(memoryUse().liveBytes, before);
});

/** Agents are never freed. So that none is made later, there are first as many as the test has threads. */
async function makeAgents(): Promise<void> {
  await using pool = new Pool({ threads: 4 });
  // Each waits for the others: so all start.
  using started = new Channel(i32, 4);
  using end = new Channel(i32, 1);
  const all = Array.from({ length: 4 }, () => pool.go(blockOn, started, end));
  for (let i = 0; i < 4; i++) await started.receive();
  end.close();
  await Promise.all(all);
}

test("Threads that change texts and locks at the same time leave no byte", async () => {
  const round = async (): Promise<void> => {
    await using pool = new Pool({ threads: 3 });
    using map = new SyncMap(text, text);
    const there = [1, 2, 3].map((seed) => pool.go(countTextUpThere, map, 20, 1000, seed));
    countTextUp(map, 20, 1000, 4);
    await Promise.all(there);
    using locks = new SyncMap(i32, any<Mutex>());
    using started = new Channel(i32, 2);
    using end = new Channel(i32, 1);
    const users = [1, 2].map(() => pool.go(useLocks, locks, started, end));
    await started.receive();
    await started.receive();
    for (let i = 0; i < 2000; i++) {
      using mutex = new Mutex();
      locks.store(i % 3, mutex);
      if (i % 2 === 0) locks.delete((i + 1) % 3);
    }
    end.close();
    await Promise.all(users);
  };
  warmUp();
  await makeAgents();
  await round();
  const before = usedNow();
  for (let i = 0; i < 5; i++) await round();
  assertEquals(usedNow(), before);
});

/** What is in use, without what has come back to this thread and only waits to be handed out. */
function usedNow(): number {
  agent().drain();
  return memoryUse().liveBytes;
}
