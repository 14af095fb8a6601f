/**
 * Plain values: numbers, booleans, `undefined`, `null` and short texts, alone or as an array of a few, which is what most tasks
 * are called with and give back. They are written word by word, some thirty times as fast as what structured.ts does for
 * anything at all; who reads tells one from the other by the word where a structured value has the length of its text.
 *
 * | byte   | message                                              |
 * | ------ | ---------------------------------------------------- |
 * | 0      | its header: bytes of payload, no handles              |
 * | 8      | u32 PLAIN                                             |
 * | 12     | u32 number of values in the array; SINGLE for none    |
 * | 16+16i | u32 what it is (`IS_…`), u32 length of a text         |
 * | 24+16i | f64 the number; 1 or 0 for a boolean                  |
 * | …      | the texts, one byte a character, one after the other  |
 *
 * What is not used is 0, so that equal values are equal byte for byte. (NaN has many forms, and is none of the plain ones.)
 *
 * @module
 */
import { core } from "./core.ts";
import { beginCallersCode, endCallersCode } from "./handle.ts";

const PLAIN = 0xffffffff;
const SINGLE = 0xffffffff;
/** Arrays of more go the way of structured values: their texts are denser. */
const MOST_VALUES = 16;
/** Longer texts are encoded faster by the runtime than by a loop. */
const LONGEST_TEXT = 96;

const FORM_AT = 8;
const COUNT_AT = 12;
const VALUES_AT = 16;
const VALUE_SIZE = 16;

const IS_UNDEFINED = 0;
const IS_NULL = 1;
const IS_BOOLEAN = 2;
const IS_NUMBER = 3;
const IS_TEXT = 4;

/**
 * Writes `value` as a message, if it is plain.
 *
 * @returns its address; 0 if `value` is not plain
 * @throws {SharedMemoryExhaustedError} if there is no room
 */
export function writePlain(value: unknown): number {
  if (typeof value !== "object" || value === null) {
    const room = roomFor(value);
    if (room < 0) return 0;
    const ptr = begin(SINGLE, VALUES_AT + VALUE_SIZE + room);
    put(value, ptr + VALUES_AT, ptr + VALUES_AT + VALUE_SIZE);
    return ptr;
  }
  const values = valuesOf(value);
  if (values === undefined) return 0;
  const { length } = values;
  const textsAt = VALUES_AT + VALUE_SIZE * length;
  let byteLength = textsAt;
  for (let i = 0; i < length; i++) {
    const room = roomFor(values[i]);
    if (room < 0) return 0;
    byteLength += room;
  }
  const ptr = begin(length, byteLength);
  let textPtr = ptr + textsAt;
  for (let i = 0; i < length; i++) {
    textPtr = put(values[i], ptr + VALUES_AT + VALUE_SIZE * i, textPtr);
  }
  return ptr;
}

/** What an array of few elements holds, read once: an element may be a getter. `undefined` if `value` is none. */
function valuesOf(value: object): unknown[] | undefined {
  if (!Array.isArray(value)) return undefined;
  beginCallersCode();
  try {
    const { length } = value;
    if (length > MOST_VALUES || Object.getPrototypeOf(value) !== Array.prototype) return undefined;
    const values: unknown[] = [];
    for (let i = 0; i < length; i++) {
      const element = value[i];
      // A hole is something else than `undefined`.
      if (element === undefined && !(i in value)) return undefined;
      values.push(element);
    }
    return values;
  } finally {
    endCallersCode();
  }
}

/** Bytes that `value` takes beside its words; negative if it is not plain. */
function roomFor(value: unknown): number {
  switch (typeof value) {
    case "number":
      return Number.isNaN(value) ? -1 : 0;
    case "boolean":
    case "undefined":
      return 0;
    case "string":
      return isShort(value) ? value.length : -1;
    default:
      return value === null ? 0 : -1;
  }
}

/** Reports whether `text` is short, and each of its characters fits a byte. */
function isShort(text: string): boolean {
  if (text.length > LONGEST_TEXT) return false;
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0xff) return false;
  }
  return true;
}

/** Makes a message of `byteLength` bytes in all. */
function begin(count: number, byteLength: number): number {
  const c = core();
  const ptr = c.allocate(byteLength, "a message");
  c.bytes(ptr + byteLength);
  c.writeU32(ptr, byteLength - FORM_AT);
  c.writeU32(ptr + 4, 0);
  c.writeU32(ptr + FORM_AT, PLAIN);
  c.writeU32(ptr + COUNT_AT, count);
  return ptr;
}

/** Writes `value` to `ptr`, its text to `textPtr`; returns where the next text goes. The views reach that far. */
function put(value: unknown, ptr: number, textPtr: number): number {
  const { u8, u32, f64 } = core();
  const at = ptr >>> 2;
  let number = 0;
  let length = 0;
  switch (typeof value) {
    case "number":
      u32[at] = IS_NUMBER;
      number = value;
      break;
    case "boolean":
      u32[at] = IS_BOOLEAN;
      number = value ? 1 : 0;
      break;
    case "string":
      u32[at] = IS_TEXT;
      length = value.length;
      for (let i = 0; i < length; i++) u8[textPtr + i] = value.charCodeAt(i);
      break;
    default:
      u32[at] = value === null ? IS_NULL : IS_UNDEFINED;
  }
  u32[at + 1] = length;
  f64[(ptr + 8) >>> 3] = number;
  return textPtr + length;
}

/** Reports whether the message at `ptr`, of a plain or a structured value, is that of a plain one. */
export function isPlain(ptr: number): boolean {
  // Where there are handles this is the address of one: never all ones.
  return core().readU32(ptr + FORM_AT) === PLAIN;
}

/** Reports whether `payload`, a copy of what is in such a message, is that of a plain value. */
export function isPlainPayload(payload: Uint8Array): boolean {
  return payload.length >= 4 && payload.subarray(0, 4).every((byte) => byte === 0xff);
}

/** Reads the plain value at `ptr` and leaves its message. */
export function peekPlain(ptr: number): unknown {
  const c = core();
  c.bytes(ptr + FORM_AT + c.readU32(ptr));
  const count = c.readU32(ptr + COUNT_AT);
  if (count === SINGLE) return get(c.u32, ptr + VALUES_AT, ptr + VALUES_AT + VALUE_SIZE);
  const values: unknown[] = [];
  let textPtr = ptr + VALUES_AT + VALUE_SIZE * count;
  for (let i = 0; i < count; i++) {
    const valuePtr = ptr + VALUES_AT + VALUE_SIZE * i;
    values.push(get(c.u32, valuePtr, textPtr));
    if (c.u32[valuePtr >>> 2] === IS_TEXT) textPtr += c.u32[(valuePtr >>> 2) + 1]!;
  }
  return values;
}

/** Reads the value at `ptr`, whose text, if it is one, stands at `textPtr`. The views reach that far. */
function get(u32: Uint32Array, ptr: number, textPtr: number): unknown {
  switch (u32[ptr >>> 2]) {
    case IS_UNDEFINED:
      return undefined;
    case IS_NULL:
      return null;
    case IS_BOOLEAN:
      return core().f64[(ptr + 8) >>> 3] === 1;
    case IS_NUMBER:
      return asComputed(core().f64[(ptr + 8) >>> 3]!);
    default: {
      const { u8 } = core();
      const end = textPtr + u32[(ptr >>> 2) + 1]!;
      let text = "";
      for (let at = textPtr; at < end; at++) text += String.fromCharCode(u8[at]!);
      return text;
    }
  }
}

/**
 * The same number, in the form that engines compute with. What comes out of an array of floats stays a float there even when it is whole: a
 * recursion over such an argument ran at half its speed, as everything that it adds and subtracts is a float, too.
 */
function asComputed(value: number): number {
  const integer = value | 0;
  return Object.is(integer, value) ? integer : value;
}

/** Reads the plain value at `ptr` and frees its message. */
export function readPlain(ptr: number): unknown {
  const value = peekPlain(ptr);
  core().fn.free(ptr);
  return value;
}
