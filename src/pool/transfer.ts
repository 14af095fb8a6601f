/**
 * `transfer`: what is moved to another thread, not copied.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import {
  mark,
  type Transferable,
  type TransferableClass,
  transferableClass,
} from "../memory/moves.ts";

export type { Transferable };

/**
 * Marks `value` to be moved: with the next call of {@linkcode Pool.go} that has it anywhere in its arguments, or with the result of the task that returns
 * it. It is the same value that comes back, so that a call reads, and infers its types, as if there were no mark.
 *
 * - **What:** an `ArrayBuffer`, whose views may go along (they arrive as views of it), and what cannot be copied at all: `MessagePort`,
 *   `ReadableStream`, `WritableStream`, `TransformStream`, and in browsers `OffscreenCanvas`, `ImageBitmap`, `VideoFrame` and the like.
 * - **When:** as `pool.go` returns, this thread has it no more (a buffer is detached, a stream locked, a port dead); with a result, as
 *   the task ends. If `pool.go` throws, nothing has been moved, and it stays marked.
 * - **Where not:** a value that a channel carries is never moved: a buffer is copied there, anything else refused. {@linkcode go}
 *   passes everything as it is.
 * - **Never wanted:** if the goroutine does not run, or its thread ends before it has it, what was moved is closed, streams are cancelled or aborted.
 * - **Cost:** small buffers are copied, and only seem to move. For anything else the thread that runs the task asks the one that made the pool,
 *   which takes as long as a round trip of `postMessage`: while that thread blocks, what is moved waits.
 *
 * @example A buffer, there and back
 * ```ts
 * import { Pool, transfer } from "@millrace/millrace";
 *
 * await using pool = new Pool({ threads: 1 });
 * const pixels = new Uint8Array(1 << 20);
 * const running = pool.go((buffer: ArrayBuffer) => {
 *   new Uint8Array(buffer).fill(7);
 *   return buffer;
 * }, transfer(pixels.buffer));
 * console.log(pixels.length); // 0
 * console.log(new Uint8Array(await running)[0]); // 7
 * ```
 *
 * @example A port
 * ```ts
 * import { Pool, transfer } from "@millrace/millrace";
 *
 * await using pool = new Pool({ threads: 1 });
 * const { port1, port2 } = new MessageChannel();
 * const heard = new Promise((resolve) => port1.onmessage = ({ data }) => resolve(data));
 * await pool.go(({ port }: { port: MessagePort }) => {
 *   port.postMessage("hello");
 *   port.close();
 * }, { port: transfer(port2) });
 * console.log(await heard); // hello
 * port1.close();
 * ```
 *
 * @typeParam T Its type.
 * @param value What to move.
 * @returns `value` itself.
 * @throws {TypeError} if it is nothing that can be moved, or nothing that this runtime can move
 */
export function transfer<T extends Transferable>(value: T): T {
  const className = transferableClass(value);
  if (className === undefined) {
    const hint = ArrayBuffer.isView(value) ? "; of a view move its buffer" : "";
    throw new TypeError(
      `Cannot move ${
        show(value)
      }: expected an ArrayBuffer, a MessagePort, a stream, or a picture${hint}`,
    );
  }
  if (!canTransfer(className)) {
    throw new TypeError(`Cannot move ${show(value)}: this runtime does not transfer such objects`);
  }
  mark(value);
  return value;
}

/** Makes one object of a class that not every runtime transfers, to try it on. */
const samples: { readonly [Name in TransferableClass]?: () => Transferable } = {
  ReadableStream: () => new ReadableStream({ start: (controller) => controller.close() }),
  WritableStream: () => new WritableStream({ start: (controller) => controller.error() }),
  OffscreenCanvas: () => new OffscreenCanvas(1, 1),
};

/** What is transferred where the other is. */
const likewise: { readonly [Name in TransferableClass]?: TransferableClass } = {
  TransformStream: "ReadableStream",
  ImageBitmap: "OffscreenCanvas",
  VideoFrame: "OffscreenCanvas",
  AudioData: "OffscreenCanvas",
};

const findings = new Map<TransferableClass, boolean>();

/** Reports whether this runtime transfers objects of a class, by trying it once. */
function canTransfer(className: TransferableClass): boolean {
  const tried = likewise[className] ?? className;
  let finding = findings.get(tried);
  if (finding === undefined) {
    finding = tryTransfer(samples[tried]);
    findings.set(tried, finding);
  }
  return finding;
}

function tryTransfer(make: (() => Transferable) | undefined): boolean {
  // Every runtime transfers buffers and ports; of the rest there is no telling.
  if (make === undefined) return true;
  // Whatever it is; see `parcel.ts`.
  const sample = make() as ArrayBuffer;
  try {
    structuredClone(sample, { transfer: [sample] });
    return true;
  } catch {
    return false;
  }
}
