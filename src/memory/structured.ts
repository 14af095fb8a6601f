/**
 * Structured values: any data, written as bytes that another thread can read.
 *
 * The text of a value is written by devalue (cycles, `undefined`, `-0`, bigint, Map, Set, Date, RegExp, URL, sparse
 * arrays); what it cannot write is an error that names the path inside the value. Added here: binary data goes beside
 * the text as raw bytes, errors keep their class, and handles and shared arrays arrive as themselves.
 *
 * | byte | payload                                |
 * | ---- | -------------------------------------- |
 * | 0    | u32 bytes of text, `n`                 |
 * | 4    | the text, UTF-8                        |
 * | 4+n  | binary data, one piece after the other |
 *
 * What is moved instead (`moves.ts`) is either handed over beside all this, and the text has its index, or, where it is small buffers only,
 * stands at the end of the binary data, the last first.
 *
 * @module
 */
import { DevalueError, parse, stringify } from "devalue";
import * as errors from "../errors.ts";
import { show } from "../internal/check.ts";
import { core } from "./core.ts";
import {
  beginCallersCode,
  endCallersCode,
  exportHandle,
  importHandle,
  isShareable,
} from "./handle.ts";
import { isMarked, type MovedPart, type Moves, transferableClass } from "./moves.ts";
import { Region } from "./region.ts";

type Binary = ArrayBufferLike | ArrayBufferView;

interface ViewClass {
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): ArrayBufferView;
  readonly BYTES_PER_ELEMENT?: number;
}

/** Classes of views by name; a name that arrives is looked up here and nowhere else. */
const viewClasses: ReadonlyMap<string, ViewClass> = new Map<string, ViewClass>(
  [
    DataView,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    // Node 20 lacks it.
    ...("Float16Array" in globalThis ? [Float16Array] : []),
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((viewClass) => [viewClass.name, viewClass as unknown as ViewClass]),
);

/** Classes that an error keeps; of any other class the nearest of these above it. */
const errorClasses: ReadonlyMap<string, (message: string, name: string) => Error> = new Map([
  ...[
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    ...Object.values(errors),
  ].map((Class): [string, (message: string, name: string) => Error] => [
    Class.name,
    (message) => new Class(message),
  ]),
  ["AggregateError", (message) => new AggregateError([], message)],
  // Its name is not its own property: `code` follows from it.
  ["DOMException", (message, name) => new DOMException(message, name)],
]);

/** A value written down. */
export interface Structured {
  /** What to send. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Addresses of the shared objects that it names. */
  readonly handles: number[];
}

/**
 * Where binary data is: beside the text, in shared memory that is never returned, in a buffer that is moved, or (from 0) in the region
 * of a handle.
 */
const COPIED = -1;
const OWNED = -2;
const MOVED = -3;

/** What stands for binary data in the text; the buffer, where that is moved. */
type BinaryPart = [
  name: string,
  byteOffset: number,
  byteLength: number,
  place: number,
  buffer?: ArrayBuffer,
];

const textEncoder = new TextEncoder();
const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Writes `value` down.
 *
 * @param moves Takes what is marked in the value; nothing has been moved yet when this returns. Without it, marks mean nothing.
 * @throws {TypeError} if something in it cannot be sent; the message names the path to it
 */
export function encodeStructured(value: unknown, moves?: Moves): Structured {
  const handles: number[] = [];
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let pieceBytes = 0;
  let refusal: TypeError | undefined;
  /** Makes devalue fail where it stands, for it knows the path to there. */
  const refuse = (reason: TypeError): () => void => {
    refusal = reason;
    return () => {};
  };
  const reducers: Record<string, (part: unknown) => unknown> = {
    moved: (part) => {
      if (moves === undefined || !isMarked(part)) return false;
      try {
        return moves.add(part);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        return refuse(error);
      }
    },
    handle: (part) => {
      if (!isShareable(part)) return false;
      try {
        return [handles.push(exportHandle(part)) - 1];
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        return refuse(error);
      }
    },
    error: (part) => part instanceof Error && describeError(part),
    binary: (part) => {
      if (!isBinary(part)) return false;
      const [name, buffer, byteOffset, byteLength] = ArrayBuffer.isView(part)
        ? [nameOf(part), part.buffer, part.byteOffset, part.byteLength]
        : ["", part, 0, part.byteLength];
      if (moves !== undefined && isMarked(buffer)) {
        return [name, byteOffset, byteLength, MOVED, buffer];
      }
      if (buffer instanceof ArrayBuffer) {
        pieces.push(new Uint8Array(buffer, byteOffset, byteLength));
        pieceBytes += byteLength;
        return [name, pieceBytes - byteLength, byteLength, COPIED];
      }
      const region = Region.of(buffer);
      if (region !== undefined) {
        if (name !== "" && !region.contains(byteOffset, byteLength)) {
          return refuse(
            new TypeError("Cannot send a view of memory that is not the shared array's own"),
          );
        }
        return [name, byteOffset, byteLength, handles.push(exportHandle(region)) - 1];
      }
      if (core().owns(buffer)) return [name, byteOffset, byteLength, OWNED];
      return refuse(
        new TypeError(
          "Cannot send a SharedArrayBuffer to another thread: only millrace's own shared arrays can be",
        ),
      );
    },
  };
  let text: string;
  beginCallersCode();
  try {
    text = stringify(value, reducers);
  } catch (error) {
    throw error instanceof DevalueError ? refused(error, refusal) : error;
  } finally {
    endCallersCode();
  }
  if (moves !== undefined && !moves.needParcel) {
    for (const piece of moves.pieces()) {
      pieces.push(piece);
      pieceBytes += piece.length;
    }
  }
  if (pieces.reduce((sum, { length }) => sum + length, 0) < pieceBytes) {
    throw new TypeError(
      "Cannot send a buffer that was moved or made smaller while it was being sent",
    );
  }
  const encoded = textEncoder.encode(text);
  const payload = new Uint8Array(4 + encoded.length + pieceBytes);
  new DataView(payload.buffer).setUint32(0, encoded.length);
  payload.set(encoded, 4);
  let at = 4 + encoded.length;
  for (const piece of pieces) {
    // An empty one may be of a buffer that is gone.
    if (piece.length > 0) payload.set(piece, at);
    at += piece.length;
  }
  return { payload, handles };
}

/**
 * Reads what {@linkcode encodeStructured} wrote. The references to the handles pass to what is returned.
 *
 * @param objects What was moved with it, where that went beside it.
 */
export function decodeStructured(
  { payload, handles }: Structured,
  objects?: readonly unknown[],
): unknown {
  const textLength = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
  const text = textDecoder.decode(payload.subarray(4, 4 + textLength));
  // Before anything can throw: each reference has an owner from here on.
  const revived = handles.map(importHandle);
  const revivedErrors = new Map<ErrorDescription, Error>();
  return parse(text, {
    moved: ([index, fromEnd, byteLength]: MovedPart) => {
      if (objects !== undefined) return objects[index];
      const start = payload.byteOffset + payload.length - fromEnd;
      return payload.buffer.slice(start, start + byteLength);
    },
    handle: ([index]: [number]) => revived[index],
    error: (description: ErrorDescription) => reviveError(description, revivedErrors),
    binary: ([name, byteOffset, byteLength, place, moved]: BinaryPart) => {
      const start = payload.byteOffset + 4 + textLength + byteOffset;
      const [buffer, offset] = place === COPIED
        ? [payload.buffer.slice(start, start + byteLength), 0]
        : place === MOVED
        ? [moved!, byteOffset]
        : place === OWNED
        ? [core().bytes(byteOffset + byteLength).buffer, byteOffset]
        : [(revived[place] as Region).buffer, byteOffset];
      if (name === "") return buffer;
      const View = viewClasses.get(name)!;
      return new View(buffer, offset, byteLength / (View.BYTES_PER_ELEMENT ?? 1));
    },
  });
}

/** The error for what devalue stopped at, under this module's own terms; `reason`, where it is ours. */
function refused(cause: DevalueError, reason: TypeError | undefined): TypeError {
  const { path, message, value } = cause;
  if (reason !== undefined) {
    if (path !== "") reason.message += ` (at ${path})`;
    return reason;
  }
  const place = path === "" ? "this value" : `the value at ${path}`;
  const why = transferableClass(value) === undefined
    ? message
    : `${
      show(value)
    } is moved or not at all: mark it with transfer() in a call of pool.go(), or in what a task returns`;
  return new TypeError(`Cannot send ${place} to another thread: ${why}`, { cause });
}

function isBinary(part: unknown): part is Binary {
  if (ArrayBuffer.isView(part) || part instanceof ArrayBuffer) return true;
  // By its tag: a page that is not isolated lacks the class.
  return Object.prototype.toString.call(part) === "[object SharedArrayBuffer]";
}

/** The class that a view arrives as: a subclass such as Node's Buffer as the one above it. */
function nameOf(view: ArrayBufferView): string {
  // Not by the property, which a subclass may have redefined.
  return viewName.call(view) ?? "DataView";
}

/** Gives a typed array's name, and `undefined` for anything else. */
const viewName = Object.getOwnPropertyDescriptor(
  Object.getPrototypeOf(Uint8Array.prototype),
  Symbol.toStringTag,
)!.get as (this: ArrayBufferView) => string | undefined;

interface ErrorDescription {
  readonly className: string;
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  /**
   * `cause`, `errors` and whatever else the error has of its own. The last property: where these lead back to the error,
   * it is revived before they are complete.
   */
  readonly own: Record<string, unknown> | undefined;
}

function describeError(error: Error): ErrorDescription {
  let classOf: object | null = Object.getPrototypeOf(error);
  while (classOf !== null && !errorClasses.has(classOf.constructor?.name)) {
    classOf = Object.getPrototypeOf(classOf);
  }
  const own: Record<string, unknown> = {};
  for (const key of Object.getOwnPropertyNames(error)) {
    const value: unknown = (error as unknown as Record<string, unknown>)[key];
    // A method among the own properties is no data, and losing the error over it would help nobody.
    if (key !== "message" && key !== "stack" && typeof value !== "function") own[key] = value;
  }
  return {
    className: classOf?.constructor.name ?? "Error",
    name: String(error.name),
    message: String(error.message),
    stack: String(error.stack),
    own,
  };
}

/**
 * Turns a description into the error.
 *
 * @param revived The errors so far. One that leads back to itself is revived twice: first without what it owns.
 */
function reviveError(
  description: ErrorDescription,
  revived: Map<ErrorDescription, Error>,
): Error {
  const { className, name, message, stack, own } = description;
  let error = revived.get(description);
  if (error === undefined) {
    error = (errorClasses.get(className) ?? Error)(message, name);
    revived.set(description, error);
    if (error.name !== name) define(error, "name", name);
    define(error, "stack", stack);
  }
  for (const [key, value] of Object.entries(own ?? {})) define(error, key, value);
  return error;
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    configurable: true,
    enumerable: false,
    writable: true,
  });
}
