/**
 * The tasks that the page starts. They stand in a module of their own: a thread that runs one imports
 * the module it came from.
 *
 * @module
 */

import { type AtomicI32, type Channel, task, transfer, type Transferable } from "../../../mod.ts";

/** Sends the square of every number that it receives, until `numbers` is closed; then closes `squares`. */
export const squareAll = task(
  import.meta.url,
  "squareAll",
  async (numbers: Channel<number>, squares: Channel<number>): Promise<void> => {
    for await (const n of numbers) await squares.send(n * n);
    squares.close();
  },
);

/** Sums 1…n, and tells which thread did it: only a page's own has a document. */
export const sumTo = task(
  import.meta.url,
  "sumTo",
  (n: number): Promise<{ sum: number; thread: "page" | "worker" }> => {
    let sum = 0;
    for (let i = 1; i <= n; i++) sum += i;
    return Promise.resolve({ sum, thread: "document" in globalThis ? "page" : "worker" });
  },
);

/** Says that it has started, and counts without end. */
export const countForEver = task(
  import.meta.url,
  "countForEver",
  (started: Channel<number>, counter: Int32Array): never => {
    started.sendSync(1);
    for (;;) Atomics.add(counter, 0, 1);
  },
);

/** Adds 1 to every element of the parts, and counts them. */
export const addTo = task(
  import.meta.url,
  "addTo",
  (parts: readonly Int32Array[], count: AtomicI32): void => {
    for (const part of parts) {
      for (let at = 0; at < part.length; at++) {
        part[at]! += 1;
        count.add(1);
      }
    }
  },
);

/** The part of a canvas's context that is used here; Deno's library knows none for two dimensions. */
interface Context2d {
  fillStyle: string;
  fillRect(x: number, y: number, width: number, height: number): void;
  drawImage(picture: ImageBitmap, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): { data: Uint8ClampedArray };
}

/** What to paint on `canvas` with. */
export function context2d(canvas: OffscreenCanvas): Context2d {
  const { getContext } = canvas as unknown as { getContext(kind: "2d"): Context2d };
  return getContext.call(canvas, "2d");
}

/** Paints one pixel of the canvas in each colour that comes, and returns the picture, moved. */
export const paint = task(
  import.meta.url,
  "paint",
  async (canvas: OffscreenCanvas, colours: ReadableStream<string>): Promise<ImageBitmap> => {
    const context = context2d(canvas);
    const reader = colours.getReader();
    for (let x = 0;; x++) {
      const { done, value } = await reader.read();
      if (done) break;
      context.fillStyle = value;
      context.fillRect(x, 0, 1, 1);
    }
    return transfer(canvas.transferToImageBitmap());
  },
);

/** Counts what has been moved to it. */
export const receiveMoved = task(
  import.meta.url,
  "receiveMoved",
  (objects: Transferable[]): number => objects.length,
);
