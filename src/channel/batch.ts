/**
 * Batches: many values in one operation, over any flavor.
 *
 * @module
 */
import { checkInteger, show } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { CLOSED, EMPTY } from "../select/case.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import type { Batch, Flavor, Incoming, Outgoing } from "./flavors/flavor.ts";

/** Sends the batch, suspending where there is no room. See {@linkcode Channel.sendMany}. */
export async function sendMany(batch: Outgoing, signal: AbortSignal | undefined): Promise<void> {
  try {
    for (;;) {
      signal?.throwIfAborted();
      batch.offer();
      if (batch.isDone) break;
      await waitFor(batch.nextCase(), (ended) => ended.outcome(), signal);
      // What is all sent is not taken back by an abort that comes now.
      if (batch.isDone) break;
    }
  } finally {
    batch.dispose();
  }
  if (isBudgetSpent()) await afterTurn(undefined);
}

/** Sends the batch, blocking where there is no room. See {@linkcode Channel.sendManySync}. */
export function sendManySync(batch: Outgoing): void {
  try {
    for (;;) {
      batch.offer();
      if (batch.isDone) return;
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
export function toBatch<T>(values: Iterable<T>): ArrayLike<T> {
  // A DataView is a view, but has no elements.
  if (Array.isArray(values) || (ArrayBuffer.isView(values) && "length" in values)) {
    return values as ArrayLike<T>;
  }
  if (typeof values === "object" && values !== null && Symbol.iterator in values) {
    return Array.from(values);
  }
  throw new TypeError(
    `Cannot send ${show(values)} as a batch: expected an array, a typed array or an iterable`,
  );
}

/** Receives what is there, or the first that comes; returns how many. See {@linkcode Channel.receiveMany}. */
export async function receiveMany<T>(
  from: Flavor<T>,
  batch: Incoming<T>,
  signal: AbortSignal | undefined,
): Promise<number> {
  try {
    signal?.throwIfAborted();
    if (batch.poll() === EMPTY) {
      const first = await waitFor(from.receiveCase(), (ended) => ended.outcome(), signal);
      if (first !== CLOSED) addAndMore(batch, first);
    }
  } finally {
    batch.dispose();
  }
  return isBudgetSpent() ? afterTurn(batch.count) : batch.count;
}

/** As {@linkcode receiveMany}, blocking. */
export function receiveManySync<T>(from: Flavor<T>, batch: Incoming<T>): number {
  try {
    if (batch.poll() === EMPTY) {
      const only = from.receiveCase();
      const first = Operation.block([only], () => only.outcome());
      if (first !== CLOSED) addAndMore(batch, first);
    }
    return batch.count;
  } finally {
    batch.dispose();
  }
}

/** What was waited for, and what has come besides. */
function addAndMore<T>(batch: Incoming<T>, first: T): void {
  batch.add(first);
  // With something in it already, the batch leaves the end to the next receive.
  batch.poll();
}

/** Where a batch is to go, and how much of it. */
export interface Destination<T> {
  /** An array that grows, or the typed array that was given. */
  readonly into: Batch<T>;
  /** How many at most. */
  readonly limit: number;
}

/**
 * Where a batch is to go: a new array for up to `max` values, or the typed array that was given.
 *
 * @throws {TypeError | RangeError} if it is neither an integer ≥ 1 nor a typed array with room for at least one
 */
export function toDestination<T>(max: number | Batch<T>): Destination<T> {
  if (ArrayBuffer.isView(max)) {
    const into = max as unknown as Batch<T>;
    return { into, limit: checkInteger("the length of a batch", into.length, 1, MAX_LENGTH) };
  }
  return { into: [], limit: checkInteger("the size of a batch", max, 1, MAX_LENGTH) };
}

const MAX_LENGTH = Number.MAX_SAFE_INTEGER;
