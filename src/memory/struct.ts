/**
 * `struct`: elements of several fields.
 *
 * A struct is a wide element: its fields stand one after the other, each in 8 bytes or more: narrow ones as their 32 bits, wide
 * ones (f64, 64-bit integers, structs) as their own. What is in a message (text, bytes, any) stands as its address.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { core } from "./core.ts";

import { type ElementType, elementType, isElementType, registerElementTypes } from "./element.ts";
import { beginCallersCode, endCallersCode } from "./handle.ts";

/** The fields of a struct: their names and types. */
export type StructFields = Readonly<Record<string, ElementType<unknown>>>;

/** What an element type's values are in JavaScript. */
export type ValueOf<E> = E extends ElementType<infer T> ? T : never;

/** What a struct's values are in JavaScript: plain objects with the fields. */
export type StructOf<F> = { -readonly [K in keyof F]: ValueOf<F[K]> };

/** A field of a struct, and where its bytes begin. */
export interface Field {
  readonly name: string;
  readonly type: ElementType<unknown>;
  readonly byteOffset: number;
}

class Struct implements ElementType<Record<string, unknown>> {
  readonly name: string;
  readonly wideBytes: number;
  readonly #fields: readonly Field[];

  constructor(fields: StructFields) {
    let byteOffset = 0;
    this.#fields = Object.entries(fields).map(([name, type]) => {
      const field = { name, type, byteOffset };
      byteOffset += type.wideBytes > 0 ? type.wideBytes : 8;
      return field;
    });
    this.wideBytes = byteOffset;
    const names = Object.entries(fields).map(([name, type]) => [name, type.name]);
    this.name = `struct(${JSON.stringify(names)})`;
  }

  encode(value: Record<string, unknown>, ptr: number): number {
    beginCallersCode();
    try {
      this.#encode(value, ptr);
    } finally {
      endCallersCode();
    }
    return 0;
  }

  #encode(value: Record<string, unknown>, ptr: number): void {
    if (typeof value !== "object" || value === null) {
      throw new TypeError(`Cannot send ${show(value)}: expected an object, a ${this.name}`);
    }
    for (const key of Object.keys(value)) {
      if (!this.#fields.some(({ name }) => name === key)) {
        throw new TypeError(`Cannot send the field ${key}: ${this.name} has none of that name`);
      }
    }
    for (const { name } of this.#fields) {
      if (!(name in value)) {
        throw new TypeError(`In the field ${name}: Cannot send a ${this.name} without it`);
      }
    }
    // In bytes of its own: reading a field may run the caller's code, which may send something else meanwhile.
    const c = core();
    const own = c.allocate(this.wideBytes, "a struct");
    // Where memory has grown, this thread's views have to as well: what is written beyond them is lost.
    c.bytes(own + this.wideBytes);
    try {
      this.#encodeTo(own, value);
      c.bytes(Math.max(own, ptr) + this.wideBytes).copyWithin(ptr, own, own + this.wideBytes);
    } finally {
      c.fn.free(own);
    }
  }

  #encodeTo(ptr: number, value: Record<string, unknown>): void {
    const c = core();
    let written = 0;
    try {
      for (const { name, type, byteOffset } of this.#fields) {
        const payload = type.encode(value[name], ptr + byteOffset);
        if (type.wideBytes === 0) c.writeU32(ptr + byteOffset, payload);
        written++;
      }
    } catch (error) {
      this.#discardFirst(written, ptr);
      throw inField(error, this.#fields[written]!.name);
    }
  }

  decode(_payload: number, ptr: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const { name, type, byteOffset } of this.#fields) {
      value[name] = type.decode(narrowAt(type, ptr + byteOffset), ptr + byteOffset);
    }
    return value;
  }

  peek(_payload: number, ptr: number): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const { name, type, byteOffset } of this.#fields) {
      value[name] = type.peek(narrowAt(type, ptr + byteOffset), ptr + byteOffset);
    }
    return value;
  }

  /** The fields of `type`, if it is one of these. */
  static fieldsOf(type: ElementType<unknown>): readonly Field[] | undefined {
    return type instanceof Struct ? type.#fields : undefined;
  }

  discard(_payload: number, ptr: number): void {
    this.#discardFirst(this.#fields.length, ptr);
  }

  #discardFirst(count: number, ptr: number): void {
    // All is read before anything is discarded: that may be a channel's end, which goes through the same scratch.
    for (const [type, payload] of this.#narrowOfFirst(count, ptr)) type.discard(payload, 0);
  }

  /** The narrow fields among the first `count` with their payloads, those of structs within included. */
  #narrowOfFirst(count: number, ptr: number): [ElementType<unknown>, number][] {
    return this.#fields.slice(0, count).flatMap(({ type, byteOffset }) => {
      if (type instanceof Struct) {
        return type.#narrowOfFirst(type.#fields.length, ptr + byteOffset);
      }
      // Of what is wide and no struct nothing is allocated.
      return type.wideBytes > 0 ? [] : [[type, narrowAt(type, ptr + byteOffset)]];
    });
  }
}

/** The fields of a struct in their order; `undefined` if `type` is something else. */
export function structFields(type: ElementType<unknown>): readonly Field[] | undefined {
  if (!type.name.startsWith("struct(")) return undefined;
  // Another copy of this module may have made it.
  return Struct.fieldsOf(type) ?? Struct.fieldsOf(elementType(type.name));
}

/** The 32 bits of a narrow field at `ptr`. */
export function narrowAt(type: ElementType<unknown>, ptr: number): number {
  return type.wideBytes > 0 ? 0 : core().readU32(ptr);
}

/** The same error, saying in which field. */
function inField(error: unknown, field: string): unknown {
  if (error instanceof TypeError || error instanceof RangeError) {
    error.message = `In the field ${field}: ${error.message}`;
  }
  return error;
}

/**
 * Plain objects with the given fields, side by side in shared memory.
 *
 * Every field must be given, and no other. A struct may hold structs, `text`, `bytes` and `any()`, which are copied.
 *
 * @example
 * ```ts
 * import { Channel, f64, struct, text, u32 } from "@millrace/millrace";
 *
 * const points = new Channel(struct({ id: u32, x: f64, y: f64, label: text }), 256);
 * points.trySend({ id: 1, x: 0.5, y: -1, label: "start" });
 * console.log((await points.receive())?.label); // start
 * ```
 *
 * @param fields Names and types of the fields, at least one.
 * @throws {TypeError} if there is none, or one is no element type
 */
export function struct<const F extends StructFields>(fields: F): ElementType<StructOf<F>> {
  if (typeof fields !== "object" || fields === null || Object.keys(fields).length === 0) {
    throw new TypeError(
      `Cannot make a struct of ${show(fields)}: expected an object of element types`,
    );
  }
  for (const [name, type] of Object.entries(fields)) {
    if (name === "__proto__") {
      throw new TypeError(
        "Cannot make a struct with the field __proto__: it would be the values' prototype",
      );
    }
    if (!isElementType(type)) {
      throw new TypeError(
        `Cannot make a struct with the field ${name}: ${show(type)} is no element type`,
      );
    }
  }
  return new Struct(fields) as ElementType<unknown> as ElementType<StructOf<F>>;
}

registerElementTypes("struct", (body) => {
  const names = JSON.parse(body) as [string, string][];
  return new Struct(Object.fromEntries(names.map(([name, type]) => [name, elementType(type)])));
});
