/**
 * Channels as web streams, and back; each with backpressure.
 *
 * @module
 */
import { ChannelClosedError } from "../errors.ts";
import { standInFor } from "../memory/failure.ts";
import type { ReceiveChannel, SendChannel } from "../select/types.ts";

/** See {@linkcode Channel.toReadableStream}. */
export function toReadableStream<T>(from: ReceiveChannel<T>): ReadableStream<T> {
  const cancelled = new AbortController();
  return new ReadableStream<T>({
    async pull(controller) {
      let next;
      try {
        next = await from.next({ signal: cancelled.signal });
      } catch (error) {
        // A stream that was cancelled has nobody to tell.
        if (!cancelled.signal.aborted) controller.error(error);
        return;
      }
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
    cancel() {
      cancelled.abort();
    },
  }, { highWaterMark: 0 });
}

/** See {@linkcode Channel.toWritableStream}. */
export function toWritableStream<T>(to: SendChannel<T>): WritableStream<T> {
  return new WritableStream<T>({
    async write(value, controller) {
      try {
        await to.send(value, { signal: controller.signal });
      } catch (error) {
        // The stream has failed and will not close the channel: who receives must hear of it.
        closeIfOpen(to, error);
        throw error;
      }
    },
    close() {
      to.close();
    },
    abort(reason) {
      closeIfOpen(
        to,
        reason === undefined ? new DOMException("The stream was aborted", "AbortError") : reason,
      );
    },
  }, { highWaterMark: 1 });
}

/** Sends what `values` yields until it ends or fails, and closes `to` accordingly. */
export async function pump<T>(
  values: AsyncIterable<T> | Iterable<T>,
  to: SendChannel<T>,
): Promise<void> {
  try {
    for await (const value of values) await to.send(value);
  } catch (error) {
    // Closed by whoever receives: that ends the iteration, and is no failure.
    if (!(error instanceof ChannelClosedError && to.closed)) {
      // To `close`, `undefined` is no reason, and a failure must not look like the end.
      closeIfOpen(
        to,
        error === undefined ? new Error("The iterable failed with undefined") : error,
      );
    }
    return;
  }
  closeIfOpen(to);
}

function closeIfOpen<T>(to: SendChannel<T>, reason?: unknown): void {
  if (to.closed) return;
  try {
    to.close(reason);
  } catch (error) {
    // Another thread has closed it in this moment.
    if (to.closed) return;
    // A reason that cannot be sent to another thread, or for which there is no room.
    to.close(standInFor(reason, error));
  }
}
