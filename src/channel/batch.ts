/**
 * Batches: many values in one operation, over any flavor.
 *
 * @module
 */
import { checkInteger, show } from "../internal/check.ts";
import { CLOSED, EMPTY } from "../select/case.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import type { Batch, Flavor, Outgoing } from "./flavors/flavor.ts";

/** What a batch may be given as. */
export type BatchSource<T> = Iterable<T> | ArrayLike<T>;

/** Sends all of `values`, suspending where there is no room. See {@linkcode Channel.sendMany}. */
export async function sendMany<T>(
  values: ArrayLike<T>,
  batch: Outgoing,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    signal?.throwIfAborted();
    for (;;) {
      batch.offer();
      if (batch.sent === values.length) return;
      await waitFor(batch.nextCase(), (ended) => ended.outcome(), signal);
    }
  } finally {
    batch.dispose();
  }
}

/** Sends all of `values`, blocking where there is no room. See {@linkcode Channel.sendManySync}. */
export function sendManySync<T>(values: ArrayLike<T>, batch: Outgoing): void {
  try {
    for (;;) {
      batch.offer();
      if (batch.sent === values.length) return;
      const next = batch.nextCase();
      Operation.block([next], () => next.outcome());
    }
  } finally {
    batch.dispose();
  }
}

/**
 * Turns what a batch was given as into something with a length and indexes.
 *
 * @throws {TypeError} if it is nothing of the kind
 */
export function toBatch<T>(values: BatchSource<T>): ArrayLike<T> {
  if (typeof values === "object" && values !== null) {
    if (Array.isArray(values) || ArrayBuffer.isView(values)) return values as ArrayLike<T>;
    if (Symbol.iterator in values) return Array.from(values);
  }
  throw new TypeError(
    `Cannot send ${show(values)} as a batch: expected an array, a typed array or an iterable`,
  );
}

/** Receives into `into`: what is there, or the first that comes. 0: closed and drained. */
export async function receiveMany<T>(
  from: Flavor<T>,
  into: Batch<T>,
  signal: AbortSignal | undefined,
): Promise<number> {
  signal?.throwIfAborted();
  const count = from.pollMany(into, 0);
  if (count === CLOSED) return 0;
  if (count !== EMPTY) return count;
  const first = await waitFor(from.receiveCase(), (ended) => ended.outcome(), signal);
  return first === CLOSED ? 0 : andMore(from, into, first);
}

/** As {@linkcode receiveMany}, blocking. */
export function receiveManySync<T>(from: Flavor<T>, into: Batch<T>): number {
  const count = from.pollMany(into, 0);
  if (count === CLOSED) return 0;
  if (count !== EMPTY) return count;
  const only = from.receiveCase();
  const first = Operation.block([only], () => only.outcome());
  return first === CLOSED ? 0 : andMore(from, into, first);
}

/** What was waited for, and what has come besides. */
function andMore<T>(from: Flavor<T>, into: Batch<T>, first: T): number {
  into[0] = first;
  let more;
  try {
    more = from.pollMany(into, 1);
  } catch {
    // Closed for a reason, and drained: the next receive says so. This one has something to give.
    return 1;
  }
  return more === EMPTY || more === CLOSED ? 1 : 1 + more;
}

/**
 * Where a batch is to go: a new array of `max` places, or the typed array that was given.
 *
 * @throws {TypeError | RangeError} if it is neither a number ≥ 1 nor a typed array with room for at least one
 */
export function toDestination<T>(max: number | Batch<T>): Batch<T> {
  if (ArrayBuffer.isView(max)) {
    const into = max as unknown as Batch<T>;
    checkInteger("the length of a batch", into.length, 1, Number.MAX_SAFE_INTEGER);
    return into;
  }
  return new Array<T>(Math.min(checkInteger("the size of a batch", max, 1, 2 ** 32 - 1), 2 ** 20));
}
