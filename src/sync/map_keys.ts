/**
 * Keys of a map: how each type stands in shared memory so that equal keys are alike, bit by bit.
 *
 * A key is taken down first, which checks it and may run the caller's code (a getter in a struct), and placed later, when
 * nothing can run any more before the core reads it.
 *
 * @module
 */
import {
  type Canonical,
  canonical,
  canonicalF32,
  canonicalF64,
  fromCanonical,
  isHandle,
  isNumeric,
  mayHoldHandles,
} from "../memory/canonical.ts";
import { core } from "../memory/core.ts";
import type { ElementType } from "../memory/element.ts";
import { releaseObject } from "../memory/handle.ts";
import { KEY_LONG, KEY_NARROW, KEY_RECORD } from "../memory/layout.ts";
import {
  handlesOf,
  peekBytes,
  peekMessage,
  peekText,
  putText,
  textRoom,
} from "../memory/message.ts";
import { decodeStructured, encodeStructured } from "../memory/structured.ts";

/** How the keys of a map are written and read. `T` is a key taken down. */
export interface Keys<T> {
  /** A `KEY_…` form. */
  readonly form: number;
  /** Reports whether keys may hold handles, of which a pair then has references. */
  readonly holdHandles: boolean;
  /**
   * Checks `key` and takes it down.
   *
   * @throws {TypeError | RangeError} if `key` is not of the type
   */
  take(key: unknown): T;
  /** Bytes that it needs to be placed; a narrow one is what it was taken down as. */
  room(taken: T): number;
  /** Writes it to `ptr`, and returns what the core is given. */
  place(taken: T, ptr: number): number;
  /** Takes references to its handles, for a pair. */
  retain(taken: T): void;
  /** Gives them up again. */
  release(taken: T): void;
  /** Reads the key whose bytes are at `ptr`, or which is `narrow`. */
  read(narrow: number, ptr: number): unknown;
  /** Gives up the references of a pair whose key that is. */
  discard(narrow: number, ptr: number): void;
}

/** The keys of `type`. */
export function keysOf(type: ElementType<unknown>): Keys<unknown> {
  return pick(type) as Keys<unknown>;
}

function pick(type: ElementType<unknown>): unknown {
  if (isHandle(type)) return new HandleKeys(type);
  if (isNumeric(type)) return type.wideBytes > 0 ? new LongKeys(type) : new NarrowKeys(type);
  if (type.name === "text") return new TextKeys(type);
  if (type.name === "bytes") return new BytesKeys(type);
  return type.name === "any" ? new AnyKeys() : new StructKeys(type);
}

/** Keys without handles. */
abstract class BareKeys {
  readonly holdHandles: boolean = false;

  retain(): void {}
  release(): void {}
  discard(): void {}
}

/** Numbers and booleans of up to 32 bits. */
class NarrowKeys extends BareKeys implements Keys<number> {
  readonly form = KEY_NARROW;
  readonly #type: ElementType<unknown>;
  readonly #isFloat: boolean;

  constructor(type: ElementType<unknown>) {
    super();
    this.#type = type;
    this.#isFloat = type.name === "f32";
  }

  take(key: unknown): number {
    const bits = this.#type.encode(key, 0);
    return this.#isFloat ? canonicalF32(bits) : bits;
  }

  room(): number {
    return 0;
  }

  place(taken: number): number {
    return taken;
  }

  read(narrow: number): unknown {
    return this.#type.decode(narrow, 0);
  }
}

/** Numbers of 64 bits. */
class LongKeys extends BareKeys implements Keys<unknown> {
  readonly form = KEY_LONG;
  readonly #type: ElementType<unknown>;

  constructor(type: ElementType<unknown>) {
    super();
    this.#type = type;
  }

  take(key: unknown): unknown {
    // For the check: the scratch may be written to before the key is placed.
    this.#type.encode(key, core().scratch);
    return typeof key === "number" ? canonicalF64(key) : key;
  }

  room(): number {
    return 8;
  }

  place(taken: unknown, ptr: number): number {
    this.#type.encode(taken, ptr);
    return ptr;
  }

  read(_narrow: number, ptr: number): unknown {
    return this.#type.decode(0, ptr);
  }
}

class TextKeys extends BareKeys implements Keys<string> {
  readonly form = KEY_RECORD;
  readonly #type: ElementType<unknown>;

  constructor(type: ElementType<unknown>) {
    super();
    this.#type = type;
  }

  take(key: unknown): string {
    // What is no string is refused by the type itself.
    if (typeof key !== "string") this.#type.encode(key, 0);
    return key as string;
  }

  room(taken: string): number {
    return textRoom(taken);
  }

  place(taken: string, ptr: number): number {
    putText(taken, ptr);
    return ptr;
  }

  read(_narrow: number, ptr: number): string {
    return peekText(ptr);
  }
}

class BytesKeys extends BareKeys implements Keys<Uint8Array> {
  readonly form = KEY_RECORD;
  readonly #type: ElementType<unknown>;

  constructor(type: ElementType<unknown>) {
    super();
    this.#type = type;
  }

  take(key: unknown): Uint8Array {
    // What is no array of bytes is refused by the type itself.
    if (!(key instanceof Uint8Array)) this.#type.encode(key, 0);
    return key as Uint8Array;
  }

  room(taken: Uint8Array): number {
    return roomOf(taken.length, 0);
  }

  place(taken: Uint8Array, ptr: number): number {
    return putRecord(taken, [], ptr);
  }

  read(_narrow: number, ptr: number): Uint8Array {
    return peekBytes(ptr);
  }
}

/** Handles: equal when they stand for the same object. */
class HandleKeys implements Keys<number> {
  readonly form = KEY_NARROW;
  readonly holdHandles = true;
  readonly #type: ElementType<unknown>;

  constructor(type: ElementType<unknown>) {
    this.#type = type;
  }

  take(key: unknown): number {
    const ptr = this.#type.encode(key, 0);
    // The caller's handle has a reference.
    releaseObject(ptr);
    return ptr;
  }

  room(): number {
    return 0;
  }

  place(taken: number): number {
    return taken;
  }

  retain(taken: number): void {
    core().fn.objectRetain(taken);
  }

  release(taken: number): void {
    releaseObject(taken);
  }

  read(narrow: number): unknown {
    return this.#type.peek(narrow, 0);
  }

  discard(narrow: number): void {
    releaseObject(narrow);
  }
}

/** Keys that are written down at length, and may hold handles. */
abstract class RecordKeys {
  readonly form = KEY_RECORD;

  retain({ handles }: Canonical): void {
    const { fn } = core();
    for (const handle of handles) fn.objectRetain(handle);
  }

  release({ handles }: Canonical): void {
    for (const handle of handles) releaseObject(handle);
  }

  discard(_narrow: number, ptr: number): void {
    for (const handle of handlesOf(ptr)) releaseObject(handle);
  }
}

class StructKeys extends RecordKeys implements Keys<Canonical> {
  readonly holdHandles: boolean;
  readonly #type: ElementType<unknown>;

  constructor(type: ElementType<unknown>) {
    super();
    this.holdHandles = mayHoldHandles(type);
    this.#type = type;
  }

  take(key: unknown): Canonical {
    return canonical(this.#type, key);
  }

  room({ payload, handles }: Canonical): number {
    return roomOf(payload.length, handles.length);
  }

  place({ payload, handles }: Canonical, ptr: number): number {
    return putRecord(payload, handles, ptr);
  }

  read(_narrow: number, ptr: number): unknown {
    return fromCanonical(this.#type, peekMessage(ptr));
  }
}

/** First byte of the payload of an `any` key that is no text, whose own first bytes are smaller. */
const NUMBER = 16;
/** See {@linkcode NUMBER}. */
const STRUCTURED = 17;

/** Structured values. Strings and numbers, which most keys are, are not written as such. */
class AnyKeys extends RecordKeys implements Keys<Canonical | string> {
  readonly holdHandles = true;

  take(key: unknown): Canonical | string {
    if (typeof key === "string") return key;
    if (typeof key === "number") {
      const payload = new Uint8Array(9);
      payload[0] = NUMBER;
      new DataView(payload.buffer).setFloat64(1, canonicalF64(key));
      return { payload, handles: [] };
    }
    const { payload, handles } = encodeStructured(key);
    const tagged = new Uint8Array(1 + payload.length);
    tagged[0] = STRUCTURED;
    tagged.set(payload, 1);
    return { payload: tagged, handles };
  }

  room(taken: Canonical | string): number {
    if (typeof taken === "string") return textRoom(taken);
    return roomOf(taken.payload.length, taken.handles.length);
  }

  place(taken: Canonical | string, ptr: number): number {
    if (typeof taken !== "string") return putRecord(taken.payload, taken.handles, ptr);
    putText(taken, ptr);
    return ptr;
  }

  override retain(taken: Canonical | string): void {
    if (typeof taken !== "string") super.retain(taken);
  }

  override release(taken: Canonical | string): void {
    if (typeof taken !== "string") super.release(taken);
  }

  read(_narrow: number, ptr: number): unknown {
    const { payload, handles } = peekMessage(ptr);
    if (payload[0] === STRUCTURED) {
      return decodeStructured({ payload: payload.subarray(1), handles });
    }
    return payload[0] === NUMBER ? new DataView(payload.buffer).getFloat64(1) : peekText(ptr);
  }
}

/** Bytes of a record. */
function roomOf(payloadBytes: number, handleCount: number): number {
  return 8 + 4 * handleCount + payloadBytes;
}

/** Writes a record, which is a message in form, to `ptr`, and returns that. */
function putRecord(payload: Uint8Array, handles: readonly number[], ptr: number): number {
  const c = core();
  const start = roomOf(0, handles.length) + ptr;
  c.bytes(start + payload.length).set(payload, start);
  c.writeU32(ptr, payload.length);
  c.writeU32(ptr + 4, handles.length);
  handles.forEach((handle, at) => c.writeU32(ptr + 8 + 4 * at, handle));
  return ptr;
}
