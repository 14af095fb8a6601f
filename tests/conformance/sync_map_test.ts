/**
 * SyncMap on one thread: every method for every type, what is equal, what is refused, what `range` promises.
 *
 * @module
 */
import {
  any,
  bool,
  bytes,
  Channel,
  channelOf,
  type ElementType,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  Mutex,
  struct,
  SyncMap,
  text,
  u16,
  u32,
  u64,
  u8,
} from "../../mod.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { seeded } from "./waiting.ts";

/** A type, and four values of it that differ. Made anew at each call: equal values need not be the same. */
interface Row {
  readonly type: ElementType<unknown>;
  readonly values: () => readonly unknown[];
}

/** A row of the table, with the values' type checked. */
function row<T>(type: ElementType<T>, values: () => readonly T[]): Row {
  return { type: type as ElementType<unknown>, values };
}

const channels = [1, 2, 3, 4].map((capacity) => new Channel(i32, capacity));
const mutexes = [1, 2, 3, 4].map(() => new Mutex());

const rows: readonly Row[] = [
  row(i8, () => [-128, -1, 0, 127]),
  row(u8, () => [0, 1, 128, 255]),
  row(i16, () => [-32768, -1, 0, 32767]),
  row(u16, () => [0, 1, 32768, 65535]),
  row(i32, () => [-2147483648, -1, 0, 2147483647]),
  row(u32, () => [0, 1, 2147483648, 4294967295]),
  row(i64, () => [-(2n ** 63n), -1n, 0n, 2n ** 63n - 1n]),
  row(u64, () => [0n, 1n, 2n ** 32n, 2n ** 64n - 1n]),
  row(f32, () => [-0.5, 0, Infinity, NaN]),
  row(f64, () => [Math.PI, 0, -Infinity, NaN]),
  row(text, () => ["", "text", "tëxt ".repeat(100), "\ud800 alone"]),
  row(
    bytes,
    () => [[], [0], [0, 0], new Array<number>(5000).fill(7)].map((list) => Uint8Array.from(list)),
  ),
  row(
    any<unknown>(),
    () => [undefined, "1", { a: [1, new Date(5)], b: new Map([[1, 2n]]) }, [null]],
  ),
  row(
    struct({ id: u32, at: struct({ x: f64, label: text }), data: bytes, more: any<unknown>() }),
    () =>
      [1, 2, 3, 4].map((id) => ({
        id: id >> 1,
        at: { x: id / 2, label: `label ${id}` },
        data: new Uint8Array(id),
        more: [id],
      })),
  ),
  row(struct({ x: f64, y: i32 }), () => [1, 2, 3, 4].map((x) => ({ x, y: x % 2 }))),
  row(channelOf(i32), () => channels),
  row(any<Mutex>(), () => mutexes),
];

/** The type of a row as the name of a test. */
function nameOf({ type }: Row): string {
  return type.name.length < 20 ? type.name : `${type.name.slice(0, 17)}…`;
}

for (const keys of rows) {
  for (const values of rows) {
    test(`SyncMap of ${nameOf(keys)} and ${nameOf(values)} keeps what it is given when every method is called`, () => {
      using map = new SyncMap(keys.type, values.type);
      const [a, b, c, d] = keys.values();
      const [one, two, three] = values.values();
      assertEquals([map.load(a), map.size], [undefined, 0]);
      map.store(a, one);
      assertEquals([map.load(a), map.load(b), map.size], [one, undefined, 1]);
      map.store(keys.values()[0], two);
      assertEquals([map.load(a), map.size], [two, 1]);
      assertEquals(map.loadOrStore(a, three), { value: two, loaded: true });
      assertEquals(map.loadOrStore(b, three), { value: three, loaded: false });
      assertEquals(map.swap(c, one), { value: undefined, loaded: false });
      assertEquals(map.swap(c, two), { value: one, loaded: true });
      assertEquals(map.size, 3);
      assertEquals(map.compareAndSwap(a, one, three), false);
      assertEquals(map.compareAndSwap(a, values.values()[1], three), true);
      assertEquals(map.load(a), three);
      assertEquals(map.compareAndSwap(d, one, three), false);
      assertEquals(map.compareAndDelete(a, one), false);
      assertEquals(map.compareAndDelete(d, one), false);
      const seen: [unknown, unknown][] = [];
      map.range((key, value) => void seen.push([key, value]));
      assertEquals(seen.length, 3);
      for (const [key, value] of [[a, three], [b, three], [c, two]]) {
        assert(
          seen.some(([k, v]) => isAlike(k, key) && isAlike(v, value)),
          `range() has not met ${String(key)}`,
        );
      }
      assertEquals(map.compareAndDelete(a, values.values()[2]), true);
      assertEquals(map.loadAndDelete(b), { value: three, loaded: true });
      assertEquals(map.loadAndDelete(b), { value: undefined, loaded: false });
      map.delete(c);
      map.delete(c);
      assertEquals(map.size, 0);
      for (const key of [a, b, c, d]) map.store(key, one);
      assertEquals(map.size, 4);
      map.clear();
      assertEquals([map.size, map.load(a), map.load(d)], [0, undefined, undefined]);
      map.store(d, two);
      assertEquals([map.size, map.load(d)], [1, two]);
    });
  }
}

/** Reports whether two values are equal as the assertions have it. */
function isAlike(a: unknown, b: unknown): boolean {
  try {
    assertEquals(a, b);
    return true;
  } catch {
    return false;
  }
}

test("SyncMap gives handles back as themselves when they are keys or values", () => {
  using map = new SyncMap<unknown, unknown>();
  using typed = new SyncMap(channelOf(i32), channelOf(i32));
  const [first, second] = channels;
  map.store(first, second);
  map.store({ lock: mutexes[0] }, [mutexes[1], map]);
  assertStrictEquals(map.load(first), second);
  const [mutex, itself] = map.load({ lock: mutexes[0] }) as unknown[];
  assertStrictEquals(mutex, mutexes[1]);
  assertStrictEquals(itself, map);
  map.range((key) => {
    if (key instanceof Channel) assertStrictEquals(key, first);
    else assertStrictEquals((key as { lock: Mutex }).lock, mutexes[0]);
  });
  // It is in itself: nothing else would ever take it out.
  map.clear();
  typed.store(first!, second!);
  assertStrictEquals(typed.load(first!), second);
  assertEquals(typed.compareAndSwap(first!, first!, first!), false);
  assertEquals(typed.compareAndSwap(first!, second!, first!), true);
  typed.range((key, value) => {
    assertStrictEquals(key, first);
    assertStrictEquals(value, first);
  });
});

test("SyncMap keeps a channel open that nobody else has, and lets it go with its entry", async () => {
  using map = new SyncMap(i32, channelOf(i32));
  const inner = new Channel(i32, 1);
  map.store(1, inner);
  const waiting = inner.receive();
  inner[Symbol.dispose]();
  const again = map.load(1)!;
  assertEquals(again.closed, false);
  again.trySend(5);
  assertEquals(await waiting, 5);
  const last = again.receive();
  again[Symbol.dispose]();
  map.delete(1);
  assertEquals(await last, undefined);
});

/** Pairs of keys that are equal, and some that are not. */
const equalities: readonly [ElementType<unknown>, unknown, unknown, boolean][] = [
  [f64 as ElementType<unknown>, 0, -0, true],
  [f64 as ElementType<unknown>, NaN, -NaN, true],
  [f32 as ElementType<unknown>, 0, -0, true],
  [f32 as ElementType<unknown>, NaN, 0 / 0, true],
  [f32 as ElementType<unknown>, 0.1, Math.fround(0.1), true],
  [any(), 0, -0, true],
  [any(), NaN, NaN, true],
  [any(), 1, "1", false],
  [any(), 1, 1n, false],
  [any(), null, undefined, false],
  [any(), true, 1, false],
  [any(), "", [], false],
  [any(), { a: 1, b: 2 }, { a: 1, b: 2 }, true],
  [any(), { a: 1, b: 2 }, { b: 2, a: 1 }, false],
  [any(), [0], [-0], false],
  [any(), new Date(1), new Date(1), true],
  [any(), new Date(1), new Date(2), false],
  [any(), new Uint8Array([1, 2]), new Uint8Array([1, 2]), true],
  [any(), new Uint8Array([1, 2]), new Int8Array([1, 2]), false],
  [any(), new Map([[1, { a: 1 }]]), new Map([[1, { a: 1 }]]), true],
  [text as ElementType<unknown>, "\u00e9", "e\u0301", false],
  [text as ElementType<unknown>, "\ud800", "\ufffd", false],
  [text as ElementType<unknown>, "a\0", "a", false],
  [bytes as ElementType<unknown>, new Uint8Array(8), new Uint8Array(9), false],
  [bytes as ElementType<unknown>, new Uint8Array([0, 5]).subarray(1), new Uint8Array([5]), true],
  [struct({ x: f64 }) as ElementType<unknown>, { x: -0 }, { x: 0 }, true],
  [struct({ x: f64 }) as ElementType<unknown>, { x: NaN }, { x: NaN }, true],
  [
    struct({ a: text, b: text }) as ElementType<unknown>,
    { a: "x", b: "" },
    { a: "", b: "x" },
    false,
  ],
];

for (const [type, a, b, isEqual] of equalities) {
  const name = `${type.name.slice(0, 6)}: ${label(a)} and ${label(b)}`;
  test(`SyncMap takes keys and values of ${name} for ${isEqual ? "equal" : "different"}`, () => {
    using keyed = new SyncMap(type, i32);
    keyed.store(a, 1);
    assertEquals(keyed.load(b), isEqual ? 1 : undefined);
    keyed.store(b, 2);
    assertEquals(keyed.size, isEqual ? 1 : 2);
    using valued = new SyncMap(i32, type);
    valued.store(1, a);
    // Written down, the two zeros differ.
    const isSame = isEqual && !(type.name === "any" && a === 0);
    assertEquals(valued.compareAndSwap(1, b, a), isSame);
    assertEquals(valued.compareAndDelete(1, b), isSame);
    assertEquals(valued.compareAndDelete(1, a), !isSame);
  });
}

function label(value: unknown): string {
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value !== "object" || value === null) return String(value);
  return `${value.constructor.name} ${JSON.stringify(value)}`;
}

test("SyncMap.load() gives a copy when the value is an object", () => {
  using map = new SyncMap<string, { list: number[] }>();
  const stored = { list: [1] };
  map.store("a", stored);
  stored.list.push(2);
  const loaded = map.load("a")!;
  loaded.list.push(3);
  assertEquals(map.load("a"), { list: [1] });
});

test("SyncMap knows undefined as a value", () => {
  using map = new SyncMap<string, unknown>();
  map.store("a", undefined);
  assertEquals(map.size, 1);
  assertEquals(map.loadOrStore("a", 1), { value: undefined, loaded: true });
  assertEquals(map.compareAndSwap("a", undefined, null), true);
  assertEquals(map.loadAndDelete("a"), { value: null, loaded: true });
});

/** Calls that are refused: the method, what is wrong, and what the message says. */
const refusals: readonly [string, (map: SyncMap<number, string>) => void, RegExp][] = [
  ["load", (map) => map.load("1" as never), /As a key: .*"1".*expected an i32/],
  ["load", (map) => map.load(1.5), /As a key: .*1\.5.*expected an i32/],
  ["store", (map) => map.store(2 ** 31, ""), /As a key: .*2147483648.*expected an i32/],
  ["store", (map) => map.store(1, 2 as never), /As a value: .*2.*expected a text/],
  [
    "loadOrStore",
    (map) => map.loadOrStore(1, null as never),
    /As a value: .*null.*expected a text/,
  ],
  ["swap", (map) => map.swap(1, undefined as never), /As a value: .*undefined.*expected a text/],
  ["delete", (map) => map.delete(NaN), /As a key: .*NaN.*expected an i32/],
  ["loadAndDelete", (map) => map.loadAndDelete(1n as never), /As a key: .*1n.*expected an i32/],
  ["compareAndSwap", (map) => map.compareAndSwap(1, 1 as never, ""), /As a value: .*1.*text/],
  ["compareAndSwap", (map) => map.compareAndSwap(1, "", 1 as never), /As a value: .*1.*text/],
  ["compareAndDelete", (map) => map.compareAndDelete(1, {} as never), /As a value: .*object.*text/],
  ["range", (map) => map.range(5 as never), /Cannot range .* 5: expected a function/],
];

for (const [index, [method, call, message]] of refusals.entries()) {
  test(`SyncMap.${method}() names what is wrong, and nothing has changed (${index})`, () => {
    using map = new SyncMap(i32, text);
    map.store(1, "one");
    const error = assertThrows(() => call(map)) as Error;
    assert(error instanceof TypeError || error instanceof RangeError);
    assert(message.test(error.message), error.message);
    assertEquals([map.size, map.load(1)], [1, "one"]);
  });
}

test("SyncMap refuses a function, a symbol and a by-reference channel, and names the path to it", () => {
  using map = new SyncMap<unknown, unknown>();
  assertThrows(() => map.store("a", { deep: [() => 1] }), TypeError, ".deep[0]");
  assertThrows(() => map.store({ key: Symbol("s") }, 1), TypeError, "As a key");
  assertThrows(() => map.load(() => 1), TypeError, "As a key");
  assertThrows(() => map.store("a", new Channel(1)), TypeError, "by-reference");
  assertEquals(map.size, 0);
});

test("new SyncMap() refuses what is no element type", () => {
  assertThrows(() => new SyncMap("text" as never), TypeError, 'keys are "text"');
  assertThrows(() => new SyncMap(i32, {} as never), TypeError, "values are an object");
  assertThrows(() => new SyncMap(null as never), TypeError, "keys are null");
});

test("SyncMap is refused by every method once it is disposed; disposing twice is harmless", () => {
  const map = new SyncMap(i32, i32);
  map.store(1, 1);
  map[Symbol.dispose]();
  map[Symbol.dispose]();
  const calls: (() => unknown)[] = [
    () => map.load(1),
    () => map.store(1, 1),
    () => map.loadOrStore(1, 1),
    () => map.loadAndDelete(1),
    () => map.delete(1),
    () => map.swap(1, 1),
    () => map.compareAndSwap(1, 1, 1),
    () => map.compareAndDelete(1, 1),
    () => map.range(() => {}),
    () => map.clear(),
    () => map.size,
  ];
  for (const call of calls) assertThrows(call, TypeError, "disposed map");
  using channel = new Channel(any<unknown>(), 1);
  assertThrows(() => channel.trySend(map), TypeError, "disposed map");
});

test("SyncMap is the same one when it comes back through a channel", async () => {
  using map = new SyncMap(text, i32);
  using channel = new Channel(any<SyncMap<string, number>>(), 1);
  map.store("a", 1);
  channel.trySend(map);
  assertStrictEquals(await channel.receive(), map);
  channel.trySend(map);
  map[Symbol.dispose]();
  using other = (await channel.receive())!;
  assertEquals([other.load("a"), other.size], [1, 1]);
});

test("SyncMap.store() puts nothing when a getter of the value has disposed the map", () => {
  const map = new SyncMap(i32, struct({ x: i32 }));
  const value = {
    get x(): number {
      map[Symbol.dispose]();
      return 1;
    },
  };
  assertThrows(() => map.store(1, value), TypeError, "disposed map");
});

test("SyncMap is not read any more when a getter of the key has disposed the map", () => {
  const calls: ((map: SyncMap<{ x: number }, number>, key: { x: number }) => unknown)[] = [
    (map, key) => map.load(key),
    (map, key) => map.store(key, 1),
    (map, key) => map.loadOrStore(key, 1),
    (map, key) => map.swap(key, 1),
    (map, key) => map.delete(key),
    (map, key) => map.loadAndDelete(key),
    (map, key) => map.compareAndSwap(key, 1, 2),
    (map, key) => map.compareAndDelete(key, 1),
  ];
  for (const call of calls) {
    const map = new SyncMap(struct({ x: i32 }), i32);
    const key = {
      get x(): number {
        map[Symbol.dispose]();
        return 1;
      },
    };
    assertThrows(() => call(map, key), TypeError, "disposed map");
  }
});

test("SyncMap.swap() gives the old number when a getter of the key has used long keys", () => {
  using map = new SyncMap(struct({ x: text }), f64);
  map.store({ x: "a" }, 1.5);
  let length = 100;
  const key = {
    get x(): string {
      // Each time the scratch has to grow.
      map.load({ x: "long".repeat(length *= 2) });
      return "a";
    },
  };
  assertEquals(map.swap(key, 2.5), { value: 1.5, loaded: true });
  assertEquals(map.loadOrStore(key, 3.5), { value: 2.5, loaded: true });
  assertEquals(map.load(key), 2.5);
  assertEquals(map.loadAndDelete(key), { value: 2.5, loaded: true });
});

test("SyncMap.store() is not confused when getters of key and value use the map", () => {
  using map = new SyncMap(struct({ x: i32 }), struct({ y: f64, label: text }));
  const key = {
    get x(): number {
      map.store({ x: 7 }, { y: 7, label: "of the key" });
      return 1;
    },
  };
  const value = {
    get y(): number {
      map.store({ x: 8 }, { y: 8, label: "of the value" });
      return 2;
    },
    get label(): string {
      return map.load({ x: 8 })!.label;
    },
  };
  map.store(key, value);
  assertEquals(map.load({ x: 1 }), { y: 2, label: "of the value" });
  assertEquals(map.load({ x: 7 }), { y: 7, label: "of the key" });
  assertEquals(map.size, 3);
  assertEquals(map.compareAndSwap(key, value, value), true);
});

test("SyncMap.range() stops only at false", () => {
  using map = new SyncMap(i32, i32);
  for (let i = 0; i < 100; i++) map.store(i, i);
  for (const [answer, calls] of [[undefined, 100], [0, 100], ["", 100], [null, 100], [false, 1]]) {
    let count = 0;
    map.range(() => {
      count++;
      return answer as boolean;
    });
    assertEquals(count, calls);
  }
  assertThrows(
    () =>
      map.range(() => {
        throw new Error("enough");
      }),
    Error,
    "enough",
  );
  assertEquals(map.size, 100);
});

test("SyncMap.range() meets each key once when its callback calls every method", () => {
  using map = new SyncMap(i32, i32);
  for (let i = 0; i < 200; i++) map.store(i, i);
  const seen = new Set<number>();
  map.range((key) => {
    assert(!seen.has(key), `key ${key} came twice`);
    seen.add(key);
    map.store(1000 + key * 7, key);
    map.delete(1000 + key * 7 - 14);
    map.swap(key, -key);
    map.compareAndSwap(key, -key, key);
    map.loadOrStore(key, 0);
    if (key % 10 === 0) map.range((inner) => inner < 100);
    assert(map.size >= 200);
  });
  for (let i = 0; i < 200; i++) assert(seen.has(i), `key ${i} never came`);
});

test("SyncMap.range() goes on when its callback clears or disposes the map", () => {
  const map = new SyncMap(i32, text);
  for (let i = 0; i < 50; i++) map.store(i, `value ${i}`);
  let count = 0;
  map.range((key, value) => {
    assertEquals(value, `value ${key}`);
    if (count++ === 0) map.clear();
  });
  assert(count < 50);
  for (let i = 0; i < 50; i++) map.store(i, `value ${i}`);
  count = 0;
  map.range((key, value) => {
    assertEquals(value, `value ${key}`);
    if (count++ === 0) map[Symbol.dispose]();
  });
  assertEquals(count, 50);
});

// Go issue 40999: deleting keys that were stored a moment ago must not let the map grow without end.
test("SyncMap keeps room for what is in it when keys come and go", () => {
  using map = new SyncMap<number, { n: number } | null>();
  for (let i = 0; i < 20_000; i++) {
    map.store(i, null);
    map.delete(i);
    if (i % 100 === 0) assertEquals(map.size, 0);
  }
  assertEquals(map.size, 0);
});

test("SyncMap holds a million entries", () => {
  using map = new SyncMap(i32, i32);
  const count = 1_000_000;
  for (let i = 0; i < count; i++) map.store(i * 3 - count, i);
  assertEquals(map.size, count);
  for (let i = 0; i < count; i += 7) assertEquals(map.load(i * 3 - count), i);
  assertEquals(map.load(1 - count), undefined);
  let sum = 0;
  map.range((_, value) => {
    sum += value;
  });
  assertEquals(sum, count * (count - 1) / 2);
  map.clear();
  assertEquals(map.size, 0);
});

/** Every method at random, beside a `Map` that must agree. */
const programs: readonly [Row, Row][] = [
  [rows[4]!, rows[4]!],
  [rows[10]!, rows[10]!],
  [rows[9]!, rows[8]!],
  [rows[12]!, rows[12]!],
  [rows[5]!, rows[13]!],
];
for (const [keys, values] of programs) {
  test(`SyncMap agrees with Map when both run random programs on ${nameOf(keys)} and ${nameOf(values)}`, () => {
    const seed = Date.now() % 1_000_000;
    const next = seeded(seed);
    using map = new SyncMap(keys.type, values.type);
    const model = new Map<number, unknown>();
    // Beyond the four of the table, keys that make it grow.
    const allKeys = [...keys.values()];
    if (keys.type.name === "i32") { for (let i = 0; i < 200; i++) allKeys.push(1000 + i); }
    if (keys.type.name === "text") { for (let i = 0; i < 200; i++) allKeys.push(`key ${i}`); }
    const allValues = values.values();
    for (let step = 0; step < 5000; step++) {
      const k = next(allKeys.length);
      const [key, value, other] = [allKeys[k], allValues[next(4)], allValues[next(4)]];
      const [there, loaded] = [model.get(k), model.has(k)];
      const note = `seed ${seed}, step ${step}`;
      const check = (got: unknown, expected: unknown): void => assertEquals(got, expected, note);
      const put = (): void => void model.set(k, value);
      switch (next(12)) {
        case 0:
        case 1:
          map.store(key, value);
          put();
          break;
        case 2:
          check(map.loadOrStore(key, value), loaded ? { value: there, loaded } : { value, loaded });
          if (!loaded) put();
          break;
        case 3:
          check(map.swap(key, value), { value: there, loaded });
          put();
          break;
        case 4:
          check(map.loadAndDelete(key), { value: there, loaded });
          model.delete(k);
          break;
        case 5:
          map.delete(key);
          model.delete(k);
          break;
        case 6:
        case 7: {
          const isSame = loaded && isAlike(there, other);
          check(map.compareAndSwap(key, other, value), isSame);
          if (isSame) put();
          break;
        }
        case 8: {
          const isSame = loaded && isAlike(there, other);
          check(map.compareAndDelete(key, other), isSame);
          if (isSame) model.delete(k);
          break;
        }
        case 9: {
          let count = 0;
          map.range(() => void count++);
          check(count, model.size);
          if (next(20) === 0) {
            map.clear();
            model.clear();
          }
          break;
        }
        default:
          check(map.load(key), there);
      }
      check(map.size, model.size);
    }
  });
}

/** The types say what goes in and comes out. */
test("SyncMap infers its types from the element types", () => {
  using map = new SyncMap(text, struct({ x: f64 }));
  map.store("a", { x: 1 });
  const value: { x: number } | undefined = map.load("a");
  assertEquals(value?.x, 1);
  // @ts-expect-error: a number is no text
  assertThrows(() => map.load(1));
  // @ts-expect-error: the field is missing
  assertThrows(() => map.store("a", {}));
  using flags = new SyncMap(u8, bool);
  flags.store(1, true);
  const flag: boolean | undefined = flags.load(1);
  assertEquals(flag, true);
});
