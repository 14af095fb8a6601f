/**
 * Typed arrays in shared memory.
 *
 * @module
 */
import { checkInteger, show } from "../internal/check.ts";
import { core, exhausted } from "../memory/core.ts";
import { type ElementType, isElementType, type NumberType } from "../memory/element.ts";
import { KIND_SHARED_ARRAY } from "../memory/handle.ts";
import { ARRAY_BYTES, ARRAY_ELEMENTS } from "../memory/layout.ts";
import { Region } from "../memory/region.ts";

/** The typed arrays over shared memory, by the names of their element types. */
export interface SharedArrays {
  /** Signed 8-bit integers. */
  i8: Int8Array<SharedArrayBuffer>;
  /** Unsigned 8-bit integers. */
  u8: Uint8Array<SharedArrayBuffer>;
  /** Signed 16-bit integers. */
  i16: Int16Array<SharedArrayBuffer>;
  /** Unsigned 16-bit integers. */
  u16: Uint16Array<SharedArrayBuffer>;
  /** Signed 32-bit integers. */
  i32: Int32Array<SharedArrayBuffer>;
  /** Unsigned 32-bit integers. */
  u32: Uint32Array<SharedArrayBuffer>;
  /** Signed 64-bit integers: bigints. */
  i64: BigInt64Array<SharedArrayBuffer>;
  /** Unsigned 64-bit integers: bigints. */
  u64: BigUint64Array<SharedArrayBuffer>;
  /** 32-bit floating-point numbers. */
  f32: Float32Array<SharedArrayBuffer>;
  /** 64-bit floating-point numbers. */
  f64: Float64Array<SharedArrayBuffer>;
}

type Name = keyof SharedArrays;

interface ViewClass {
  new (buffer: SharedArrayBuffer, byteOffset: number, length: number): SharedArrays[Name];
  readonly BYTES_PER_ELEMENT: number;
}

const classes = new Map<string, ViewClass>(Object.entries(
  {
    i8: Int8Array,
    u8: Uint8Array,
    i16: Int16Array,
    u16: Uint16Array,
    i32: Int32Array,
    u32: Uint32Array,
    i64: BigInt64Array,
    u64: BigUint64Array,
    f32: Float32Array,
    f64: Float64Array,
  } satisfies Record<Name, ViewClass>,
));

/** The typed array whose elements are of type `E`: an `Int32Array` for `i32`, and so on. */
export type SharedArrayOf<E> = E extends
  NumberType<number | bigint, infer N extends keyof SharedArrays> ? SharedArrays[N]
  : E extends ElementType<infer T> ? [T] extends [bigint] ? SharedArrays["i64" | "u64"]
    : [T] extends [number] ? SharedArrays[Exclude<keyof SharedArrays, "i64" | "u64">]
    : SharedArrays[keyof SharedArrays]
  : never;

/** The largest array in bytes: what the core allocates at most, without the header. */
const MAX_BYTES = 0x7fffff00;

/**
 * Makes a typed array in shared memory, all of whose elements are 0.
 *
 * It is a plain typed array. Passed to another thread, as an argument or result of a task, through a channel of `any()`, by itself or within
 * a structure, it is not copied: both threads see the same elements, and so it is with a view of a part of it (`subarray`).
 *
 * - **Ordering:** elements are read and written plainly. What makes another thread's writes visible is what happens between: a
 *   channel, a lock, the end of a task, an atomic value, or `Atomics` on the array itself.
 * - **Lifetime:** the memory is returned when no view of the array is left on any thread, nor in a message on its way, and the
 *   collectors of all threads have noticed. That they do so from time to time takes a thread that yields to its event loop.
 * - **Limits:** `array.buffer` is the whole of shared memory: make views with `array.byteOffset`, or with `subarray`. What
 *   goes to a thread by a `postMessage` of one's own is not counted. In a page that is not cross-origin isolated, which has no other
 *   threads, the memory is not returned.
 *
 * @example
 * ```ts
 * import { any, Channel, f64, sharedArray } from "@millrace/millrace";
 *
 * const sums = sharedArray(f64, 4);
 * using parts = new Channel(any<Float64Array>(), 2); // to any thread
 * await parts.send(sums.subarray(0, 2));
 * const part = (await parts.receive())!;
 * part[1] = 0.5;
 * console.log(sums.join(" ")); // 0 0.5 0 0
 * ```
 *
 * @typeParam E The type of the elements.
 * @param type `i8` to `f64`.
 * @param length How many elements: an integer from 0.
 * @throws {TypeError} if `type` is no type of numbers, or `length` is no number
 * @throws {RangeError} if `length` is no integer from 0 to as many as 2147483392 bytes hold
 * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
 */
export function sharedArray<
  E extends ElementType<number> | ElementType<bigint> | ElementType<number | bigint>,
>(
  type: E,
  length: number,
): SharedArrayOf<E> {
  const View = isElementType(type) ? classes.get(type.name) : undefined;
  if (View === undefined) {
    const given = isElementType(type) ? type.name : show(type);
    throw new TypeError(
      `Cannot make a shared array of ${given}: expected a type of numbers, i8 to f64`,
    );
  }
  const most = Math.floor(MAX_BYTES / View.BYTES_PER_ELEMENT);
  checkInteger("the length of a shared array", length, 0, most);
  const c = core();
  const byteLength = length * View.BYTES_PER_ELEMENT;
  const ptr = c.fn.objectNew(KIND_SHARED_ARRAY, ARRAY_ELEMENTS + byteLength) >>> 0;
  if (ptr === 0) throw exhausted(`a shared array of ${byteLength} bytes`);
  c.writeU32(ptr + ARRAY_BYTES, byteLength);
  return new View(new Region(ptr).buffer, ptr + ARRAY_ELEMENTS, length) as SharedArrayOf<E>;
}
