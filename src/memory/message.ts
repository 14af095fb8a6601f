/**
 * Messages: blocks of shared memory that carry a value of variable size from thread to thread.
 *
 * | byte | word                                                                           |
 * | ---- | ------------------------------------------------------------------------------ |
 * | 0    | u32 bytes of payload                                                           |
 * | 4    | u32 number of handles, `n`                                                     |
 * | 8    | u32 × n addresses of shared objects; the message holds a reference to each      |
 * | 8+4n | the payload                                                                    |
 *
 * A message belongs to whoever holds its address: the sender until it is sent, the receiver once it is received.
 * Reading one frees it; {@linkcode discardMessage} frees one that nobody will read.
 *
 * @module
 */
import { core } from "./core.ts";
import { releaseObject } from "./handle.ts";

const HEADER = 8;

/**
 * Writes a message.
 *
 * @param payload Copied.
 * @param handles Addresses of shared objects; the message takes a reference to each.
 * @returns its address
 * @throws {SharedMemoryExhaustedError} if there is no room; nothing has changed then
 */
export function writeMessage(payload: Uint8Array, handles: readonly number[] = []): number {
  const c = core();
  const start = HEADER + handles.length * 4;
  const ptr = c.allocate(start + payload.length, `a message of ${payload.length} bytes`);
  const bytes = c.bytes(ptr + start + payload.length);
  c.writeU32(ptr, payload.length);
  c.writeU32(ptr + 4, handles.length);
  for (let i = 0; i < handles.length; i++) {
    c.fn.objectRetain(handles[i]!);
    c.writeU32(ptr + HEADER + i * 4, handles[i]!);
  }
  bytes.set(payload, ptr + start);
  return ptr;
}

/**
 * Reads the message at `ptr` and frees it. The references that it held pass to the caller.
 *
 * @returns a copy of the payload, and the handles' addresses
 */
export function readMessage(ptr: number): { payload: Uint8Array<ArrayBuffer>; handles: number[] } {
  const handles = handlesOf(ptr);
  const payload = payloadOf(ptr, handles.length);
  core().fn.free(ptr);
  return { payload, handles };
}

/** Reads the message at `ptr` and leaves it; the handles get references of their own, which pass to the caller. */
export function peekMessage(ptr: number): { payload: Uint8Array<ArrayBuffer>; handles: number[] } {
  const c = core();
  const handles = handlesOf(ptr);
  for (const handle of handles) c.fn.objectRetain(handle);
  return { payload: payloadOf(ptr, handles.length), handles };
}

/** Reads the payload of the message at `ptr`, which has no handles, and leaves it. */
export function peekBytes(ptr: number): Uint8Array<ArrayBuffer> {
  return payloadOf(ptr, 0);
}

/** Reads the payload of the message at `ptr`, which has no handles, and frees it. */
export function readBytes(ptr: number): Uint8Array<ArrayBuffer> {
  const payload = payloadOf(ptr, 0);
  core().fn.free(ptr);
  return payload;
}

/** The handles of the message at `ptr`. */
export function handlesOf(ptr: number): number[] {
  const c = core();
  const handles: number[] = [];
  const count = c.readU32(ptr + 4);
  for (let i = 0; i < count; i++) handles.push(c.readU32(ptr + HEADER + i * 4));
  return handles;
}

/** A copy of the payload of the message at `ptr`, which has `handleCount` handles. */
function payloadOf(ptr: number, handleCount: number): Uint8Array<ArrayBuffer> {
  const c = core();
  const byteLength = c.readU32(ptr);
  const start = ptr + HEADER + handleCount * 4;
  // One call that allocates and copies; what it makes is not shared, though its source is.
  return c.bytes(start + byteLength).slice(start, start + byteLength) as Uint8Array<ArrayBuffer>;
}

/** Frees a message unread, and gives up the references that it held. */
export function discardMessage(ptr: number): void {
  const handles = handlesOf(ptr);
  core().fn.free(ptr);
  // After the free: releasing an object may read further messages.
  for (const handle of handles) releaseObject(handle);
}

/** Up to this length text is copied by a loop, which is faster than the encoder's call. */
const SHORT_TEXT = 96;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** First byte of a text's payload: how the rest is encoded. */
const ASCII = 0;
const UTF8 = 1;
/** For strings with lone surrogates, which UTF-8 cannot carry. */
const UTF16 = 2;

/**
 * Writes `text` as a message, losing nothing.
 *
 * @throws {SharedMemoryExhaustedError} if there is no room
 */
export function writeText(text: string): number {
  const { length } = text;
  if (length <= SHORT_TEXT) {
    const c = core();
    const ptr = c.allocate(HEADER + 1 + length, "a text");
    const start = ptr + HEADER;
    if (putAscii(c.bytes(start + 1 + length), start, text)) {
      c.writeU32(ptr, length + 1);
      c.writeU32(ptr + 4, 0);
      return ptr;
    }
    c.fn.free(ptr);
  }
  return writeMessage(textPayload(text));
}

/**
 * Writes `text` as a message to `ptr`, where there is room for `textRoom(text)` bytes. Equal texts give equal bytes.
 */
export function putText(text: string, ptr: number): void {
  const c = core();
  const { length } = text;
  const start = ptr + HEADER;
  let byteLength = length + 1;
  if (length > SHORT_TEXT || !putAscii(c.bytes(start + byteLength), start, text)) {
    const payload = textPayload(text);
    byteLength = payload.length;
    c.bytes(start + byteLength).set(payload, start);
  }
  c.writeU32(ptr, byteLength);
  c.writeU32(ptr + 4, 0);
}

/** Bytes that a message with `text` takes at most. */
export function textRoom(text: string): number {
  return HEADER + 1 + text.length * 3;
}

/** Writes `text` to `bytes[start…]` if it is ASCII; otherwise returns false, and what stands there is rubbish. */
function putAscii(bytes: Uint8Array, start: number, text: string): boolean {
  const { length } = text;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    bytes[start + 1 + i] = code;
  }
  bytes[start] = ASCII;
  return true;
}

/** The payload of a text that is not short or not ASCII. */
function textPayload(text: string): Uint8Array<ArrayBuffer> {
  const { length } = text;
  if (!text.isWellFormed()) {
    const payload = new Uint8Array(1 + length * 2);
    payload[0] = UTF16;
    const view = new DataView(payload.buffer);
    for (let i = 0; i < length; i++) view.setUint16(1 + i * 2, text.charCodeAt(i));
    return payload;
  }
  const payload = new Uint8Array(1 + length * 3);
  payload[0] = UTF8;
  const { written } = encoder.encodeInto(text, payload.subarray(1));
  return payload.subarray(0, 1 + written);
}

/** Reads the text at `ptr` and frees its message. */
export function readText(ptr: number): string {
  const text = peekText(ptr);
  core().fn.free(ptr);
  return text;
}

/** Reads the text at `ptr` and leaves its message. */
export function peekText(ptr: number): string {
  const c = core();
  const byteLength = c.readU32(ptr);
  const start = ptr + HEADER;
  const bytes = c.bytes(start + byteLength);
  if (bytes[start] === ASCII) {
    let text = "";
    for (let i = start + 1; i < start + byteLength; i++) text += String.fromCharCode(bytes[i]!);
    return text;
  }
  return textOf(payloadOf(ptr, 0));
}

/** The text whose payload is `payload`. */
export function textOf(payload: Uint8Array<ArrayBuffer>): string {
  // ASCII is UTF-8.
  if (payload[0] !== UTF16) return decoder.decode(payload.subarray(1));
  const view = new DataView(payload.buffer, payload.byteOffset);
  let text = "";
  for (let i = 1; i < payload.length; i += 2) text += String.fromCharCode(view.getUint16(i));
  return text;
}
