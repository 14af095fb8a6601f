/**
 * The canonical form of values: equal values, and no others, have equal forms. What maps compare and hash.
 *
 * What is equal: numbers, as `Map` compares its keys (`NaN` is `NaN`, `-0` is `0`), booleans, texts and bytes by what they
 * are; handles when they stand for the same object; structs field by field; what is in an `any` when it is written down
 * alike: the same structure with its properties in the same order, equal leaves (here `-0` is not `0`), and parts that are
 * one and the same object where they are in the other.
 *
 * | part               | bytes                                                    |
 * | ------------------ | -------------------------------------------------------- |
 * | number, bool       | 4, or 8 if it is wide                                    |
 * | handle             | none: the next one of `handles`                          |
 * | text, bytes, any   | u32 length, u32 number of handles, and the message's payload |
 * | struct             | its fields, one after the other                          |
 *
 * @module
 */
import { core } from "./core.ts";
import type { ElementType } from "./element.ts";
import { importHandle } from "./handle.ts";
import { handlesOf, textOf, writeMessage } from "./message.ts";
import { narrowAt, structFields } from "./struct.ts";
import { isPlainPayload, readPlain } from "./plain.ts";
import { decodeStructured } from "./structured.ts";

/** A value in canonical form. */
export interface Canonical {
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Addresses of shared objects; no references are held. */
  readonly handles: readonly number[];
}

const numbers: readonly string[] = [
  ...["i8", "u8", "i16", "u16", "i32", "u32", "f32", "bool"],
  ...["i64", "u64", "f64"],
];
const messages: readonly string[] = ["text", "bytes", "any"];

/** Reports whether the values of `type` are numbers or booleans. */
export function isNumeric(type: ElementType<unknown>): boolean {
  return numbers.includes(type.name);
}

/** Reports whether the values of `type` are in messages. */
function isMessage(type: ElementType<unknown>): boolean {
  return messages.includes(type.name);
}

/** Reports whether the values of `type` are handles. */
export function isHandle(type: ElementType<unknown>): boolean {
  return type.wideBytes === 0 && !isNumeric(type) && !isMessage(type);
}

/** Reports whether a value of `type` may hold handles. */
export function mayHoldHandles(type: ElementType<unknown>): boolean {
  const fields = structFields(type);
  if (fields !== undefined) return fields.some((field) => mayHoldHandles(field.type));
  return type.name === "any" || isHandle(type);
}

/** The canonical bits of an f32. */
export function canonicalF32(bits: number): number {
  if ((bits & 0x7fffffff) >>> 0 > 0x7f800000) return 0x7fc00000;
  return bits === 0x80000000 ? 0 : bits;
}

/** The number that stands for all equal ones. */
export function canonicalF64(value: number): number {
  if (Number.isNaN(value)) return NaN;
  return value === 0 ? 0 : value;
}

/** The canonical form of `value`. */
export function canonical<T>(type: ElementType<T>, value: T): Canonical {
  const c = core();
  const ptr = type.wideBytes > 0 ? c.allocate(type.wideBytes, "a value to compare") : 0;
  try {
    const payload = type.encode(value, ptr);
    try {
      return canonicalOf(type as ElementType<unknown>, payload, ptr);
    } finally {
      type.discard(payload, ptr);
    }
  } finally {
    c.fn.free(ptr);
  }
}

/** The canonical form of an element that is in shared memory, as `type.encode` has left it there. */
export function canonicalOf(
  type: ElementType<unknown>,
  payload: number,
  ptr: number,
): Canonical {
  const writer = new Writer();
  writer.element(type, payload, ptr);
  return { payload: writer.bytes.subarray(0, writer.length), handles: writer.handles };
}

/** Reports whether two values have the same canonical form. */
export function isEqual(a: Canonical, b: Canonical): boolean {
  return areEqual(a.handles, b.handles) && areEqual(a.payload, b.payload);
}

function areEqual(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

class Writer {
  bytes = new Uint8Array(64);
  length = 0;
  readonly handles: number[] = [];
  #view = new DataView(this.bytes.buffer);

  element(type: ElementType<unknown>, payload: number, ptr: number): void {
    const fields = structFields(type);
    if (fields !== undefined) {
      for (const { type: inner, byteOffset } of fields) {
        this.element(inner, narrowAt(inner, ptr + byteOffset), ptr + byteOffset);
      }
    } else if (isMessage(type)) {
      this.#message(payload);
    } else if (type.name === "f64") {
      this.#view.setFloat64(this.#room(8), canonicalF64(type.decode(0, ptr) as number));
    } else if (type.wideBytes > 0) {
      this.#view.setBigUint64(this.#room(8), BigInt.asUintN(64, type.decode(0, ptr) as bigint));
    } else if (isNumeric(type)) {
      this.#u32(type.name === "f32" ? canonicalF32(payload) : payload);
    } else {
      this.handles.push(payload);
    }
  }

  #message(ptr: number): void {
    const c = core();
    const handles = handlesOf(ptr);
    const byteLength = c.readU32(ptr);
    const start = ptr + 8 + handles.length * 4;
    this.#u32(byteLength);
    this.#u32(handles.length);
    const at = this.#room(byteLength);
    this.bytes.set(c.bytes(start + byteLength).subarray(start, start + byteLength), at);
    this.handles.push(...handles);
  }

  #u32(value: number): void {
    this.#view.setUint32(this.#room(4), value);
  }

  /** Where `byteLength` more bytes go. */
  #room(byteLength: number): number {
    const at = this.length;
    this.length += byteLength;
    if (this.length > this.bytes.length) {
      const { bytes } = this;
      this.bytes = new Uint8Array(Math.max(this.length, bytes.length * 2));
      this.bytes.set(bytes);
      this.#view = new DataView(this.bytes.buffer);
    }
    return at;
  }
}

/** Turns a canonical form of `type` back into a value. The caller holds references to the handles, which pass to the value. */
export function fromCanonical(type: ElementType<unknown>, form: Canonical): unknown {
  return new Reader(form).element(type);
}

class Reader {
  readonly #payload: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  readonly #handles: readonly number[];
  #at = 0;
  #handleAt = 0;

  constructor({ payload, handles }: Canonical) {
    this.#payload = payload;
    this.#view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    this.#handles = handles;
  }

  element(type: ElementType<unknown>): unknown {
    const fields = structFields(type);
    if (fields !== undefined) {
      const value: Record<string, unknown> = {};
      for (const { name, type: inner } of fields) value[name] = this.element(inner);
      return value;
    }
    if (isMessage(type)) return this.#message(type);
    if (type.wideBytes > 0) return this.#long(type);
    if (isNumeric(type)) return type.decode(this.#u32(), 0);
    return importHandle(this.#handles[this.#handleAt++]!);
  }

  #message(type: ElementType<unknown>): unknown {
    const byteLength = this.#u32();
    const handleCount = this.#u32();
    const payload = this.#payload.slice(this.#at, this.#at + byteLength);
    const handles = this.#handles.slice(this.#handleAt, this.#handleAt + handleCount);
    this.#at += byteLength;
    this.#handleAt += handleCount;
    if (type.name === "text") return textOf(payload);
    if (type.name === "bytes") return payload;
    if (isPlainPayload(payload)) return readPlain(writeMessage(payload));
    return decodeStructured({ payload, handles });
  }

  #long(type: ElementType<unknown>): unknown {
    const at = this.#at;
    this.#at += 8;
    if (type.name === "f64") return this.#view.getFloat64(at);
    return type.name === "i64" ? this.#view.getBigInt64(at) : this.#view.getBigUint64(at);
  }

  #u32(): number {
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4);
  }
}
