/**
 * What a value takes along instead of leaving a copy: the objects in it that the caller has marked.
 *
 * A mark is a fact about an object of this thread. It says nothing until a value is written with {@linkcode Moves}: a call of
 * `pool.go` and the result of a task are, what a channel carries is not.
 *
 * @module
 */
import { show } from "../internal/check.ts";

/**
 * What a runtime may be able to transfer: an object that at any time belongs to one thread. The classes of browsers are among them where the compiler's
 * library has them.
 */
export type Transferable =
  | ArrayBuffer
  | MessagePort
  | ReadableStream<unknown>
  | WritableStream<never>
  | TransformStream<never, unknown>
  | {
    [
      Name in
        | "OffscreenCanvas"
        | "ImageBitmap"
        | "VideoFrame"
        | "AudioData"
        | "RTCDataChannel"
        | "MediaSourceHandle"
    ]: typeof globalThis extends Record<Name, { prototype: infer T }> ? T : never;
  }[
    | "OffscreenCanvas"
    | "ImageBitmap"
    | "VideoFrame"
    | "AudioData"
    | "RTCDataChannel"
    | "MediaSourceHandle"
  ];

/** The classes, by their names: which of them there are is the runtime's affair. */
const CLASSES = [
  "ArrayBuffer",
  "MessagePort",
  "ReadableStream",
  "WritableStream",
  "TransformStream",
  "OffscreenCanvas",
  "ImageBitmap",
  "VideoFrame",
  "AudioData",
  "RTCDataChannel",
  "MediaSourceHandle",
] as const;

/** Name of a class of {@linkcode Transferable}. */
export type TransferableClass = typeof CLASSES[number];

/** The class among those that can be transferred somewhere that `value` is of; `undefined` if it is of none. */
export function transferableClass(value: unknown): TransferableClass | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  return CLASSES.find((name) => {
    const Class: unknown = Reflect.get(globalThis, name);
    return typeof Class === "function" && value instanceof Class;
  });
}

/** On a global symbol, for modules that see another copy of this one. */
const MARKED: unique symbol = Symbol.for("millrace.marked/1") as never;
const globals = globalThis as { [MARKED]?: WeakSet<object> };

/** Marks `object`: it is moved with the next value that is written with {@linkcode Moves} and has it in it. */
export function mark(object: Transferable): void {
  (globals[MARKED] ??= new WeakSet()).add(object);
}

/** Reports whether `part` has been marked, and has not been moved since. */
export function isMarked(part: unknown): part is Transferable {
  return typeof part === "object" && part !== null && globals[MARKED]?.has(part) === true;
}

/**
 * What to write a value with that may have something to move in it.
 *
 * @param copyLimit Bytes of buffers that may be copied for it.
 * @returns `undefined` while nothing on this thread has ever been marked
 */
export function newMoves(copyLimit: number): Moves | undefined {
  return globals[MARKED] === undefined ? undefined : new Moves(copyLimit);
}

/** How a piece of a moved buffer stands in a text: its index, bytes from the end of the payload, and bytes. */
export type MovedPart = readonly [index: number, fromEnd: number, byteLength: number];

/** The objects that one value takes along, in the order in which its text names them. */
export class Moves {
  readonly #objects: Transferable[] = [];
  readonly #copyLimit: number;
  #byteLength = 0;
  /** Reports whether there is something else than buffers of a fixed length. */
  #hasOther = false;

  /** @param copyLimit Bytes of buffers that may be copied instead; negative: none, not even empty ones. */
  constructor(copyLimit: number) {
    this.#copyLimit = copyLimit;
  }

  /** The objects. */
  get objects(): readonly Transferable[] {
    return this.#objects;
  }

  /**
   * Reports whether the objects have to go beside the bytes. If not, all are buffers, and what they hold is among the bytes: whoever moves
   * them has but to detach them.
   */
  get needParcel(): boolean {
    return this.#hasOther || this.#byteLength > this.#copyLimit;
  }

  /**
   * Adds an object.
   *
   * @returns what stands for it in the text
   * @throws {TypeError} if it cannot be moved any more
   */
  add(object: Transferable): MovedPart {
    const why = whyImmovable(object);
    if (why !== undefined) throw new TypeError(`Cannot move ${show(object)}: ${why}`);
    const index = this.#objects.push(object) - 1;
    if (!(object instanceof ArrayBuffer) || object.resizable) {
      this.#hasOther = true;
      return [index, 0, 0];
    }
    this.#byteLength += object.byteLength;
    return [index, this.#byteLength, object.byteLength];
  }

  /** The bytes of the buffers, the last one's first: where {@linkcode needParcel} is false. */
  pieces(): Uint8Array<ArrayBuffer>[] {
    return this.#objects.map((buffer) => new Uint8Array(buffer as ArrayBuffer)).reverse();
  }

  /** They have been moved: they are marked no more. */
  done(): void {
    for (const object of this.#objects) globals[MARKED]!.delete(object);
  }
}

/**
 * Why `object` cannot be moved now, where that can be told without trying.
 *
 * A runtime that finds one object of several unfit may have moved the others by then. (Measured in Chromium: a port that has been moved fails
 * the call, and the buffers, streams and canvases beside it are gone.) So what can be known is asked first.
 */
function whyImmovable(object: Transferable): string | undefined {
  if (object instanceof ArrayBuffer) {
    return isDetached(object) ? "it is detached: it has been moved before" : undefined;
  }
  if (object instanceof MessagePort) {
    return isPortDead(object) ? "it is closed, or has been moved before" : undefined;
  }
  const { locked, readable, writable, format, width, height } = object as {
    locked?: boolean;
    readable?: ReadableStream;
    writable?: WritableStream;
    format?: unknown;
    width?: number;
    height?: number;
  };
  if (locked || readable?.locked || writable?.locked) {
    return "it is locked: it is in use, or has been moved before";
  }
  // Frames and sounds that are closed have no format, pictures no size.
  if (format === null || width === 0 && height === 0) {
    return "it is closed, or has been moved before";
  }
  return undefined;
}

function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  // Node 20 has no property for it.
  if (typeof buffer.detached === "boolean") return buffer.detached;
  try {
    new Uint8Array(buffer);
    return false;
  } catch {
    return true;
  }
}

/**
 * Reports whether a port is known to be closed or moved. One that is alive refuses to be sent through itself, as the standard has it; Chromium's
 * does nothing at all any more when it is dead. Elsewhere a dead one refuses as well; there the runtime finds out before it moves anything.
 */
function isPortDead(port: MessagePort): boolean {
  try {
    port.postMessage(null, [port]);
    return true;
  } catch {
    return false;
  }
}
