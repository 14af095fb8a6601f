/**
 * sharedArray: what it makes, how it travels, and when its memory is returned.
 *
 * @module
 */
import {
  any,
  bool,
  bytes,
  Channel,
  type ElementType,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  Pool,
  sharedArray,
  type SharedArrays,
  struct,
  text,
  u16,
  u32,
  u64,
  u8,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { collect, collectUntil } from "../support/collect.ts";
import { addOne, makeArray, partOf } from "../support/tasks_primitives.ts";
import { test } from "../support/test.ts";

/** `true` if the two types are the same, and not just assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles only if `T` is `true`. */
function holds<T extends true>(..._: T extends true ? [] : [never]): void {}

const KINDS = [
  [i8, Int8Array],
  [u8, Uint8Array],
  [i16, Int16Array],
  [u16, Uint16Array],
  [i32, Int32Array],
  [u32, Uint32Array],
  [i64, BigInt64Array],
  [u64, BigUint64Array],
  [f32, Float32Array],
  [f64, Float64Array],
] as const;

for (const [type, View] of KINDS) {
  test(`sharedArray(${type.name}) makes a ${View.name}, zeroed and aligned`, () => {
    for (const length of [0, 1, 3, 1000]) {
      const array = sharedArray(type, length) as Uint8Array<SharedArrayBuffer>;
      assertStrictEquals(array.constructor as unknown, View);
      assertStrictEquals(array.length, length);
      assertEquals(array.byteOffset % View.BYTES_PER_ELEMENT, 0);
      assert(array.every((value) => Number(value) === 0));
      assert(array.buffer instanceof SharedArrayBuffer);
      array.fill((View.name.startsWith("Big") ? 1n : 1) as number);
    }
  });
}

test("sharedArray() zeroes memory that was used before", async () => {
  const places = new Set<number>();
  let isUsedAgain = false;
  for (let round = 0; round < 20 && !isUsedAgain; round++) {
    for (let i = 0; i < 20; i++) {
      const array = sharedArray(u8, 5000);
      assert(array.every((value) => value === 0));
      array.fill(255);
      isUsedAgain ||= places.has(array.byteOffset);
      places.add(array.byteOffset);
    }
    await collect();
  }
  assert(isUsedAgain);
});

test("sharedArray() gives each array memory of its own", () => {
  const arrays = Array.from({ length: 20 }, (_, i) => sharedArray(i32, 7).fill(i));
  for (const [i, array] of arrays.entries()) assert(array.every((value) => value === i));
});

test("sharedArray() is typed by its element type", () => {
  holds<Same<ReturnType<typeof sharedArray<typeof i32>>, Int32Array<SharedArrayBuffer>>>();
  holds<Same<ReturnType<typeof sharedArray<typeof u64>>, BigUint64Array<SharedArrayBuffer>>>();
  const ints: Int32Array = sharedArray(i32, 1);
  const longs: BigInt64Array = sharedArray(i64, 1);
  const floats: Float64Array = sharedArray(f64, 1);
  const numbers: ElementType<number> = u8;
  const some:
    | Int8Array
    | Uint8Array
    | Float64Array
    | Int32Array
    | Int16Array
    | Uint16Array
    | Uint32Array
    | Float32Array = sharedArray(numbers, 1);
  const either: ElementType<number | bigint> = i64;
  const view: SharedArrays[keyof SharedArrays] = sharedArray(either, 1);
  assertEquals([ints.length, longs.length, floats.length, some.length, view.length], [
    1,
    1,
    1,
    1,
    1,
  ]);
  // @ts-expect-error: an Int32Array is no Float64Array
  const wrong: Float64Array = sharedArray(i32, 1);
  assertInstanceOf(wrong, Int32Array);
  // @ts-expect-error: text is no type of numbers
  assertThrows(() => sharedArray(text, 1), TypeError);
});

test("sharedArray() refuses what is no length", () => {
  for (const length of [-1, 1.5, NaN, Infinity, 2 ** 40, 2 ** 32]) {
    assertThrows(
      () => sharedArray(i32, length),
      RangeError,
      `Cannot use ${length} as the length of a shared array: expected an integer from 0 to`,
    );
  }
  for (const length of ["1", 1n, null, undefined, {}]) {
    assertThrows(() => sharedArray(i32, length as number), TypeError, "expected an integer");
  }
});

test("sharedArray() refuses what is no type of numbers", () => {
  const types = [text, bytes, bool, any<number>(), struct({ x: f64 })] as const;
  for (const type of types) {
    assertThrows(
      () => sharedArray(type as unknown as typeof i32, 1),
      TypeError,
      `Cannot make a shared array of ${type.name}: expected a type of numbers, i8 to f64`,
    );
  }
  for (const type of ["i32", Int32Array, null, undefined, 1, {}]) {
    assertThrows(() => sharedArray(type as unknown as typeof i32, 1), TypeError, "expected a type");
  }
});

test("sharedArray is not copied as an argument and as a result of a task", async () => {
  await using pool = new Pool({ threads: 1 });
  const ints = sharedArray(i32, 100);
  const floats = sharedArray(f64, 10);
  await pool.go(addOne, { ints, floats });
  await pool.go(addOne, { ints });
  assert(ints.every((value) => value === 2));
  assert(floats.every((value) => value === 1));
  const part = await pool.go(partOf, ints, 10, 20);
  assertEquals([part.length, part.byteOffset], [10, ints.byteOffset + 40]);
  part[0] = 9;
  assertEquals(ints[10], 9);
  const made = await pool.go(makeArray, 5);
  assertEquals([...made], [7, 7, 7, 7, 7]);
  await pool.go(addOne, { made });
  assertEquals([...made], [8, 8, 8, 8, 8]);
});

test("sharedArray is not copied by a channel of any(), by itself and within structures", async () => {
  using channel = new Channel(any<unknown>(), 3);
  const array = sharedArray(i32, 4);
  await channel.send(array);
  await channel.send(new Map([["deep", { array, part: array.subarray(1, 3) }]]));
  await channel.send(array.subarray(2, 2));
  const same = await channel.receive() as Int32Array;
  same[1] = 5;
  const deep = (await channel.receive() as Map<string, { array: Int32Array; part: Int32Array }>)
    .get("deep")!;
  assertEquals([array[1], deep.array[1], deep.part[0]], [5, 5, 5]);
  assertEquals((await channel.receive() as Int32Array).length, 0);
  const view = new DataView(array.buffer, array.byteOffset, 8);
  await channel.send(view);
  (await channel.receive() as DataView).setInt32(0, -3, true);
  assertEquals(array[0], -3);
});

test("sharedArray is copied by a channel of bytes", async () => {
  using channel = new Channel(bytes, 1);
  const array = sharedArray(u8, 3).fill(1);
  await channel.send(array);
  array.fill(2);
  const got = (await channel.receive())!;
  assertEquals([...got], [1, 1, 1]);
  assert(got.buffer instanceof ArrayBuffer);
});

test("sharedArray refuses to send a view of what is beyond it", () => {
  using channel = new Channel(any<unknown>(), 1);
  const array = sharedArray(i32, 4);
  for (
    const view of [
      new Uint8Array(array.buffer),
      new Int32Array(array.buffer, array.byteOffset, 5),
      new Int32Array(array.buffer, array.byteOffset - 4, 1),
    ]
  ) assertThrows(() => channel.trySend(view), TypeError, "not the shared array's own");
  assert(channel.trySend(new Int32Array(array.buffer, array.byteOffset + 4, 3)));
});

test("sharedArray stays when memory has grown", async () => {
  await using pool = new Pool({ threads: 1 });
  const array = sharedArray(i32, 10).fill(3);
  const large = sharedArray(f64, 2 ** 20);
  large[2 ** 20 - 1] = 1;
  await pool.go(addOne, { array, end: large.subarray(2 ** 20 - 1) });
  assertEquals([array[9], large[2 ** 20 - 1]], [4, 2]);
});

/** Reports whether what `name` names has been collected. A function of its own: nothing of it stays on the stack. */
function isGone(name: WeakRef<object>): boolean {
  return name.deref() === undefined;
}

test("sharedArray goes when no view is left, and not before", async () => {
  const name = await (async () => {
    const part = sharedArray(u8, 100).fill(1).subarray(5, 7);
    const name = new WeakRef(part.buffer);
    for (let round = 0; round < 3; round++) await collect();
    assertEquals(isGone(name), false);
    assertEquals([...part], [1, 1]);
    return name;
  })();
  await collectUntil(() => isGone(name));
  assertEquals(isGone(name), true);
});

test("sharedArray comes back as a view of the same memory after it was collected here", async () => {
  using channel = new Channel(any<Int32Array>(), 1);
  const name = (() => {
    const array = sharedArray(i32, 8).fill(2);
    channel.trySend(array);
    return new WeakRef(array.buffer);
  })();
  await collectUntil(() => isGone(name));
  const other = sharedArray(i32, 8).fill(1);
  const got = (await channel.receive())!;
  assertNotEquals(got.byteOffset, other.byteOffset);
  assertEquals([...got], [2, 2, 2, 2, 2, 2, 2, 2]);
});
