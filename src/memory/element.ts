/**
 * Element types: how a value of a typed channel stands in shared memory.
 *
 * A *narrow* element is 32 bits in the ring's slot itself: a number, or the address of a message. A *wide* one is 8 bytes
 * that pass through the agent's scratch.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { core } from "./core.ts";
import {
  discardMessage,
  peekMessage,
  readBytes,
  readMessage,
  readText,
  writeMessage,
  writeText,
} from "./message.ts";
import { decodeStructured, encodeStructured } from "./structured.ts";

/**
 * The type of a typed channel's elements. Values are checked when they are sent and never truncated.
 *
 * Use the ones exported by this module: `i32`, `u32`, `f64`, `bool`, `text`, `bytes` and `any`.
 *
 * @typeParam T What the values are in JavaScript.
 */
export interface ElementType<T> {
  /** Its name, as in `"i32"`. */
  readonly name: string;
  /** Number that names it in shared memory. */
  readonly id: number;
  /** Reports whether it takes 8 bytes beside the slot's word. */
  readonly isWide: boolean;
  /**
   * Checks `value` and writes it down.
   *
   * @returns the slot's 32 bits; for a wide type the value is left in the agent's scratch instead
   * @throws {TypeError | RangeError} if `value` is not of the type
   */
  encode(value: T): number;
  /** Turns the slot's 32 bits (or the scratch) into a value; a message is freed. */
  decode(payload: number): T;
  /** Frees what belongs to an element that nobody will receive. */
  discard(payload: number): void;
}

function refuse(value: unknown, expected: string): Error {
  const message = `Cannot send ${show(value)}: expected ${expected}`;
  return typeof value === "number" ? new RangeError(message) : new TypeError(message);
}

// Classes, not object literals: a call through one of a few classes is one that the engine can inline.

class I32 implements ElementType<number> {
  readonly name = "i32";
  readonly id = 1;
  readonly isWide = false;

  encode(value: number): number {
    if (typeof value !== "number" || (value | 0) !== value) {
      throw refuse(value, "an i32, an integer from -2147483648 to 2147483647");
    }
    return value;
  }

  decode(payload: number): number {
    return payload | 0;
  }

  discard(): void {}
}

/** Signed 32-bit integers. */
export const i32: ElementType<number> = new I32();

class U32 implements ElementType<number> {
  readonly name = "u32";
  readonly id = 2;
  readonly isWide = false;

  encode(value: number): number {
    if (typeof value !== "number" || value >>> 0 !== value) {
      throw refuse(value, "a u32, an integer from 0 to 4294967295");
    }
    return value;
  }

  decode(payload: number): number {
    return payload;
  }

  discard(): void {}
}

/** Unsigned 32-bit integers. */
export const u32: ElementType<number> = new U32();

class F64 implements ElementType<number> {
  readonly name = "f64";
  readonly id = 3;
  readonly isWide = true;

  encode(value: number): number {
    if (typeof value !== "number") throw refuse(value, "an f64, a number");
    const c = core();
    c.f64[c.scratch >>> 3] = value;
    return 0;
  }
  decode(): number {
    const c = core();
    return c.f64[c.scratch >>> 3]!;
  }

  discard(): void {}
}

/** 64-bit floating-point numbers: any JavaScript number. */
export const f64: ElementType<number> = new F64();

class Bool implements ElementType<boolean> {
  readonly name = "bool";
  readonly id = 4;
  readonly isWide = false;

  encode(value: boolean): number {
    if (typeof value !== "boolean") throw refuse(value, "a bool, true or false");
    return value ? 1 : 0;
  }

  decode(payload: number): boolean {
    return payload !== 0;
  }

  discard(): void {}
}

/** Booleans. */
export const bool: ElementType<boolean> = new Bool();

class Text implements ElementType<string> {
  readonly name = "text";
  readonly id = 5;
  readonly isWide = false;

  encode(value: string): number {
    if (typeof value !== "string") throw refuse(value, "a text, a string");
    return writeText(value);
  }

  decode(payload: number): string {
    return readText(payload);
  }

  discard(payload: number): void {
    discardMessage(payload);
  }
}

/** Strings of any length, lone surrogates included. Copied. */
export const text: ElementType<string> = new Text();

class Bytes implements ElementType<Uint8Array> {
  readonly name = "bytes";
  readonly id = 6;
  readonly isWide = false;

  encode(value: Uint8Array): number {
    if (!(value instanceof Uint8Array)) throw refuse(value, "bytes, a Uint8Array");
    return writeMessage(value);
  }

  decode(payload: number): Uint8Array {
    return readBytes(payload);
  }

  discard(payload: number): void {
    discardMessage(payload);
  }
}

/** Byte arrays of any length. Copied: what is received is the receiver's own. */
export const bytes: ElementType<Uint8Array> = new Bytes();

class Structured implements ElementType<unknown> {
  readonly name = "any";
  readonly id = 7;
  readonly isWide = false;

  encode(value: unknown): number {
    const { payload, handles } = encodeStructured(value);
    return writeMessage(payload, handles);
  }

  decode(payload: number): unknown {
    return decodeStructured(readMessage(payload));
  }

  discard(payload: number): void {
    discardMessage(payload);
  }
}

const structured: ElementType<unknown> = new Structured();

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

const types: ReadonlyMap<number, ElementType<unknown>> = new Map(
  [i32, u32, f64, bool, text, bytes, structured].map((
    type,
  ) => [type.id, type as ElementType<unknown>]),
);

/** The element type that shared memory calls `id`. */
export function elementType(id: number): ElementType<unknown> {
  const type = types.get(id);
  if (type === undefined) {
    throw new TypeError(
      `Cannot receive a channel of element type ${id}: this copy of millrace lacks it`,
    );
  }
  return type;
}

/** Writes any structured value as a message and returns its address; `undefined` is 0, no message at all. */
export function writeValue(value: unknown): number {
  return value === undefined ? 0 : structured.encode(value);
}

/** Reads what {@linkcode writeValue} wrote, and frees it. */
export function readValue(ptr: number): unknown {
  return ptr === 0 ? undefined : structured.decode(ptr);
}

/** Reads what {@linkcode writeValue} wrote and leaves it. */
export function peekValue(ptr: number): unknown {
  return ptr === 0 ? undefined : decodeStructured(peekMessage(ptr));
}
