/**
 * Element types: how a value of a typed channel stands in shared memory.
 *
 * A *narrow* element is 32 bits in the ring's slot itself: a number, or the address of a message. A *wide* one has bytes of
 * its own there, which pass through the thread's scratch.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { core } from "./core.ts";
import {
  discardMessage,
  peekBytes,
  peekMessage,
  peekText,
  readBytes,
  readMessage,
  readText,
  writeMessage,
  writeText,
} from "./message.ts";
import type { Moves } from "./moves.ts";
import { isPlain, peekPlain, readPlain, writePlain } from "./plain.ts";
import { decodeStructured, encodeStructured } from "./structured.ts";

/**
 * The type of a typed channel's elements. Values are checked when they are sent and never truncated.
 *
 * Use the ones that are exported: the numbers `i8` to `f64`, `bool`, `text`, `bytes`, `any()`, `struct({…})`, `channelOf(…)`,
 * and those of handles: `mutexOf`, `semaphoreOf`, `waitGroupOf`.
 *
 * @typeParam T What the values are in JavaScript.
 */
export interface ElementType<T> {
  /** Its description, as in `"i32"` or `"struct({\"x\":f64})"`: with it another thread finds the same type. */
  readonly name: string;
  /** Bytes that an element takes beside the slot's word: 0 for a narrow one. */
  readonly wideBytes: number;
  /**
   * Checks `value` and writes it down.
   *
   * @param ptr Where the bytes of a wide one go.
   * @returns the slot's 32 bits; 0 for a wide type
   * @throws {TypeError | RangeError} if `value` is not of the type; nothing is left allocated then
   */
  encode(value: T, ptr: number): number;
  /** Turns the slot's 32 bits, or the bytes at `ptr`, into a value; a message is freed. */
  decode(payload: number, ptr: number): T;
  /** As {@linkcode decode}, but leaves the element as it is: a message stays, and handles get references of their own. */
  peek(payload: number, ptr: number): T;
  /** Frees what belongs to an element that nobody will receive. */
  discard(payload: number, ptr: number): void;
}

/**
 * The type of numbers of one kind; its name says which, also to the compiler.
 *
 * @typeParam T What the values are in JavaScript.
 * @typeParam N The name.
 */
export interface NumberType<T extends number | bigint, N extends string> extends ElementType<T> {
  /** Its name. */
  readonly name: N;
}

/** A number that a numeric type cannot hold is out of range; anything else is of the wrong type. */
function refuse(value: unknown, expected: string, right?: "number" | "bigint"): Error {
  const message = `Cannot send ${show(value)}: expected ${expected}`;
  const type = typeof value;
  return type === right ? new RangeError(message) : new TypeError(message);
}

// Classes, not object literals: a call through one of a few classes is one that the engine can inline.

class I32 implements ElementType<number> {
  readonly name = "i32";
  readonly wideBytes = 0;

  encode(value: number): number {
    if (typeof value !== "number" || (value | 0) !== value) {
      throw refuse(value, "an i32, an integer from -2147483648 to 2147483647", "number");
    }
    return value;
  }

  decode(payload: number): number {
    return payload | 0;
  }

  peek(payload: number): number {
    return this.decode(payload);
  }

  discard(): void {}
}

/** Signed 32-bit integers. */
export const i32: NumberType<number, "i32"> = new I32();

class U32 implements ElementType<number> {
  readonly name = "u32";
  readonly wideBytes = 0;

  encode(value: number): number {
    if (typeof value !== "number" || value >>> 0 !== value) {
      throw refuse(value, "a u32, an integer from 0 to 4294967295", "number");
    }
    return value;
  }

  decode(payload: number): number {
    return payload;
  }

  peek(payload: number): number {
    return this.decode(payload);
  }

  discard(): void {}
}

/** Unsigned 32-bit integers. */
export const u32: NumberType<number, "u32"> = new U32();

/** Integers of less than 32 bits. */
class Small<N extends string> implements NumberType<number, N> {
  readonly name: N;
  readonly wideBytes = 0;
  readonly #minimum: number;
  readonly #maximum: number;
  /** Shifting left and right by so much restores the sign. */
  readonly #shift: number;

  constructor(name: N, bits: number, isSigned: boolean) {
    this.name = name;
    this.#minimum = isSigned ? -(2 ** (bits - 1)) : 0;
    this.#maximum = isSigned ? 2 ** (bits - 1) - 1 : 2 ** bits - 1;
    this.#shift = isSigned ? 32 - bits : 0;
  }

  encode(value: number): number {
    if (
      typeof value !== "number" || (value | 0) !== value || value < this.#minimum ||
      value > this.#maximum
    ) {
      const range = `an integer from ${this.#minimum} to ${this.#maximum}`;
      const article = this.name.startsWith("i") ? "an" : "a";
      throw refuse(value, `${article} ${this.name}, ${range}`, "number");
    }
    return value;
  }

  decode(payload: number): number {
    return (payload << this.#shift) >> this.#shift;
  }

  peek(payload: number): number {
    return this.decode(payload);
  }

  discard(): void {}
}

/** Signed 8-bit integers. */
export const i8: NumberType<number, "i8"> = new Small("i8", 8, true);
/** Unsigned 8-bit integers. */
export const u8: NumberType<number, "u8"> = new Small("u8", 8, false);
/** Signed 16-bit integers. */
export const i16: NumberType<number, "i16"> = new Small("i16", 16, true);
/** Unsigned 16-bit integers. */
export const u16: NumberType<number, "u16"> = new Small("u16", 16, false);

const floats = new Float32Array(1);
const floatBits = new Uint32Array(floats.buffer);

class F32 implements ElementType<number> {
  readonly name = "f32";
  readonly wideBytes = 0;

  encode(value: number): number {
    if (typeof value !== "number") throw refuse(value, "an f32, a number");
    floats[0] = value;
    if (Number.isFinite(value) && !Number.isFinite(floats[0])) {
      throw refuse(
        value,
        "an f32, a number of at most 3.4028234663852886e38 in magnitude",
        "number",
      );
    }
    return floatBits[0]!;
  }

  decode(payload: number): number {
    floatBits[0] = payload;
    return floats[0]!;
  }

  peek(payload: number): number {
    return this.decode(payload);
  }

  discard(): void {}
}

/** 32-bit floating-point numbers. A number is rounded to the nearest (`Math.fround`); one too large is refused. */
export const f32: NumberType<number, "f32"> = new F32();

/** 64-bit integers, as bigints. */
class Long<N extends "i64" | "u64"> implements NumberType<bigint, N> {
  readonly name: N;
  readonly wideBytes = 8;

  constructor(name: N) {
    this.name = name;
  }

  encode(value: bigint, ptr: number): number {
    const isSigned = this.name === "i64";
    if (
      typeof value !== "bigint" ||
      (isSigned ? BigInt.asIntN(64, value) : BigInt.asUintN(64, value)) !== value
    ) {
      const expected = isSigned
        ? "an i64, a bigint from -(2n**63n) to 2n**63n-1n"
        : "a u64, a bigint from 0n to 2n**64n-1n";
      throw refuse(value, expected, "bigint");
    }
    core().u64[ptr >>> 3] = value;
    return 0;
  }

  decode(_payload: number, ptr: number): bigint {
    const value = core().u64[ptr >>> 3]!;
    return this.name === "i64" ? BigInt.asIntN(64, value) : value;
  }

  peek(payload: number, ptr: number): bigint {
    return this.decode(payload, ptr);
  }

  discard(): void {}
}

/** Signed 64-bit integers: bigints. */
export const i64: NumberType<bigint, "i64"> = new Long("i64");
/** Unsigned 64-bit integers: bigints. */
export const u64: NumberType<bigint, "u64"> = new Long("u64");

class F64 implements ElementType<number> {
  readonly name = "f64";
  readonly wideBytes = 8;

  encode(value: number, ptr: number): number {
    if (typeof value !== "number") throw refuse(value, "an f64, a number");
    core().f64[ptr >>> 3] = value;
    return 0;
  }

  decode(_payload: number, ptr: number): number {
    return core().f64[ptr >>> 3]!;
  }

  peek(payload: number, ptr: number): number {
    return this.decode(payload, ptr);
  }

  discard(): void {}
}

/** 64-bit floating-point numbers: any JavaScript number. */
export const f64: NumberType<number, "f64"> = new F64();

class Bool implements ElementType<boolean> {
  readonly name = "bool";
  readonly wideBytes = 0;

  encode(value: boolean): number {
    if (typeof value !== "boolean") throw refuse(value, "a bool, true or false");
    return value ? 1 : 0;
  }

  decode(payload: number): boolean {
    return payload !== 0;
  }

  peek(payload: number): boolean {
    return this.decode(payload);
  }

  discard(): void {}
}

/** Booleans. */
export const bool: ElementType<boolean> = new Bool();

class Text implements ElementType<string> {
  readonly name = "text";
  readonly wideBytes = 0;

  encode(value: string): number {
    if (typeof value !== "string") throw refuse(value, "a text, a string");
    return writeText(value);
  }

  decode(payload: number): string {
    return readText(payload);
  }

  peek(payload: number): string {
    return peekText(payload);
  }

  discard(payload: number): void {
    discardMessage(payload);
  }
}

/** Strings of any length, lone surrogates included. Copied. */
export const text: ElementType<string> = new Text();

class Bytes implements ElementType<Uint8Array> {
  readonly name = "bytes";
  readonly wideBytes = 0;

  encode(value: Uint8Array): number {
    if (!(value instanceof Uint8Array)) throw refuse(value, "bytes, a Uint8Array");
    return writeMessage(value);
  }

  decode(payload: number): Uint8Array {
    return readBytes(payload);
  }

  peek(payload: number): Uint8Array {
    return peekBytes(payload);
  }

  discard(payload: number): void {
    discardMessage(payload);
  }
}

/** Byte arrays of any length. Copied: what is received is the receiver's own. */
export const bytes: ElementType<Uint8Array> = new Bytes();

/** See {@linkcode any}. */
export class Structured implements ElementType<unknown> {
  readonly name = "any";
  readonly wideBytes = 0;

  /** @param moves Takes what is marked in the value, to be moved. */
  encode(value: unknown, _ptr?: number, moves?: Moves): number {
    // What is plain holds no object, so nothing that could be marked.
    const plain = writePlain(value);
    if (plain !== 0) return plain;
    const { payload, handles } = encodeStructured(value, moves);
    return writeMessage(payload, handles);
  }

  /** @param objects What was moved with it, where that went beside it. */
  decode(payload: number, _ptr?: number, objects?: readonly unknown[]): unknown {
    return isPlain(payload) ? readPlain(payload) : decodeStructured(readMessage(payload), objects);
  }

  peek(payload: number): unknown {
    return isPlain(payload) ? peekPlain(payload) : decodeStructured(peekMessage(payload));
  }

  discard(payload: number): void {
    discardMessage(payload);
  }
}

/** The one {@linkcode Structured}. */
export const structured: Structured = new Structured();

/**
 * Any structured value: numbers, strings, bigints, `undefined`, arrays, plain objects, Map, Set, Date, RegExp, URL, Error,
 * typed arrays, with cycles; and every millrace handle, as itself. Copied. A function, a symbol or an instance of a class
 * of one's own is a `TypeError` at the send that names the path to it.
 *
 * @typeParam T What is sent. It is a promise to the compiler, not checked.
 */
export function any<T>(): ElementType<T> {
  return structured as ElementType<T>;
}

/** Makes the type whose name is `head(body)`. */
type Compose = (body: string) => ElementType<unknown>;

const simpleTypes = new Map<string, ElementType<unknown>>();
const composers = new Map<string, Compose>();

/** Makes a type known by its name. */
export function registerElementType(type: ElementType<unknown>): void {
  simpleTypes.set(type.name, type);
}

/** Makes types of the form `head(body)` known by their names. */
export function registerElementTypes(head: string, compose: Compose): void {
  composers.set(head, compose);
}

for (
  const type of [i8, u8, i16, u16, i32, u32, i64, u64, f32, f64, bool, text, bytes, structured]
) {
  registerElementType(type as ElementType<unknown>);
}

/**
 * The element type called `name`.
 *
 * @throws {TypeError} if this copy of millrace knows none of that name
 */
export function elementType(name: string): ElementType<unknown> {
  const simple = simpleTypes.get(name);
  if (simple !== undefined) return simple;
  const open = name.indexOf("(");
  const compose = open < 0 ? undefined : composers.get(name.slice(0, open));
  if (compose === undefined) {
    throw new TypeError(`Cannot use elements of type ${name}: this copy of millrace lacks it`);
  }
  return compose(name.slice(open + 1, -1));
}

/** Reports whether `value` is an element type. */
export function isElementType(value: unknown): value is ElementType<unknown> {
  // Those of handles are functions.
  return (typeof value === "object" || typeof value === "function") && value !== null &&
    typeof (value as ElementType<unknown>).encode === "function" &&
    typeof (value as ElementType<unknown>).decode === "function";
}
