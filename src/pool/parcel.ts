/**
 * Parcels: objects on their way from one thread to another, of which neither has them.
 *
 * A parcel is both ends of a channel of its own with one message in it, the objects, posted with their transfer list: so they are gone from
 * the sender at once, and nobody has to know yet which thread will want them. A port that holds messages can itself be transferred. Both ends travel: in
 * Deno an end whose other end has ended with its thread, or was closed, can be transferred no more.
 *
 * Rejected: posting the objects themselves to the owner, who posts them on. A stream that has passed through a thread needs that
 * thread to the end of its days: each passage is a pipe.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import type { Moves } from "../memory/moves.ts";

/** Both ends of a channel; the first has the objects. */
export type Parcel = [full: MessagePort, other: MessagePort];

/**
 * Takes the objects of `moves` away from this thread: into a parcel, or, where what they hold has been copied, nowhere.
 *
 * @returns the parcel; `undefined` if there is none
 * @throws {TypeError} if one of them cannot be moved
 */
export function pack(moves: Moves): Parcel | undefined {
  if (moves.objects.length === 0) return undefined;
  if (!moves.needParcel) {
    uproot(moves, (objects) => structuredClone(null, { transfer: objects }));
    return undefined;
  }
  const { port1, port2 } = new MessageChannel();
  try {
    uproot(moves, (objects) => port1.postMessage(objects, objects));
  } catch (error) {
    port1.close();
    throw error;
  }
  return [port2, port1];
}

/** Calls `transfer` with what is in `moves`, and puts a failure in our words. */
function uproot<T>(moves: Moves, transfer: (objects: ArrayBuffer[]) => T): T {
  // Or whatever they are: that is the one class on which the lists of all the compiler's libraries agree.
  const objects = [...moves.objects] as ArrayBuffer[];
  let result;
  try {
    result = transfer(objects);
  } catch (cause) {
    const what = objects.map(show).join(", ");
    throw new TypeError(`Cannot move ${what}: ${(cause as Error).message}`, { cause });
  }
  moves.done();
  return result;
}

/** Takes the objects out of a parcel. */
export function unpack([full, other]: Parcel): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      full.close();
      other.close();
    };
    full.onmessage = ({ data }) => {
      end();
      resolve(data);
    };
    full.onmessageerror = () => {
      end();
      reject(new TypeError("Cannot receive what was moved: this thread cannot have such objects"));
    };
  });
}

/** Ends the objects of a parcel that nobody wants any more. */
export function discardParcel(parcel: Parcel): Promise<void> {
  // What this thread cannot even receive has ended with the channel.
  return unpack(parcel).then(discardObjects, () => {});
}

/**
 * Ends objects that nobody wants any more: closes what can be closed, and cancels and aborts streams. A runtime that only collects them would tell the
 * other end of a port, or the source of a stream, late or never.
 */
export function discardObjects(objects: readonly unknown[]): void {
  for (const object of objects) {
    if (object instanceof ReadableStream) ignore(object.cancel(UNWANTED));
    else if (object instanceof WritableStream) ignore(object.abort(UNWANTED));
    else if (object instanceof TransformStream) {
      ignore(object.readable.cancel(UNWANTED));
      ignore(object.writable.abort(UNWANTED));
    } else (object as { close?(): void }).close?.();
  }
}

/** Why streams end that were moved to a task which does not run. */
const UNWANTED = "the goroutine that this stream was moved to, or by, has ended without it";

/** The other end of a stream makes of its end what it will; nobody is left here to hear how that went. */
function ignore(end: Promise<unknown>): void {
  end.catch(() => {});
}
