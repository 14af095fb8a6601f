/**
 * The operations of a receiving side, written once over any source: a channel's, a timer's, a nil channel's.
 *
 * @module
 */
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { CLOSED, EMPTY, type ReceiveCase, type Source } from "./case.ts";
import { waitAmong, waitFor, type Waits } from "./direct.ts";
import { Operation } from "./operation.ts";
import type { TryReceiveResult } from "./types.ts";

const EMPTY_RESULT: TryReceiveResult<never> = Object.freeze({ state: "empty" });
const CLOSED_RESULT: TryReceiveResult<never> = Object.freeze({ state: "closed" });
const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/** What `receive` gives: the end is `undefined`. */
function valueOf<T>(value: T | typeof CLOSED): T | undefined {
  return value === CLOSED ? undefined : value;
}

function toValue<T>(ended: ReceiveCase<T>): T | undefined {
  return valueOf(ended.outcome());
}

/** What `next` gives. */
function resultOf<T>(value: T | typeof CLOSED): IteratorResult<T, undefined> {
  return value === CLOSED ? DONE : { done: false, value };
}

function toResult<T>(ended: ReceiveCase<T>): IteratorResult<T, undefined> {
  return resultOf(ended.outcome());
}

/**
 * What ends a receive at once, as a promise. Only the use of a disposed channel ends the call: a mistake of the caller's, which
 * comes before an abort.
 */
function rejectWith(from: Source<unknown>, reason: unknown): Promise<never> {
  from.refuse?.();
  return Promise.reject(reason);
}

/** See {@linkcode Channel.receive}. */
export function receive<T>(
  from: Source<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (signal?.aborted) return rejectWith(from, signal.reason);
  let value;
  try {
    value = from.poll();
  } catch (reason) {
    return rejectWith(from, reason);
  }
  if (value === EMPTY) {
    return signal === undefined && from.parkReceiver !== undefined
      ? from.parkReceiver(valueOf)
      : waitFor(from.receiveCase(), toValue, signal);
  }
  const received = valueOf(value);
  return isBudgetSpent() ? afterTurn(received) : Promise.resolve(received);
}

/** See {@linkcode Channel.next}. */
export function next<T>(
  from: Source<T>,
  signal: AbortSignal | undefined,
): Promise<IteratorResult<T, undefined>> {
  if (signal?.aborted) return rejectWith(from, signal.reason);
  let value;
  try {
    value = from.poll();
  } catch (reason) {
    return rejectWith(from, reason);
  }
  if (value === EMPTY) {
    return signal === undefined && from.parkReceiver !== undefined
      ? from.parkReceiver(resultOf)
      : waitFor(from.receiveCase(), toResult, signal);
  }
  const result = resultOf(value);
  return isBudgetSpent() ? afterTurn(result) : Promise.resolve(result);
}

/**
 * As {@linkcode next}, and over as well when `end` comes, which never carries a value. That is the caller's to look at before.
 *
 * @param waits Those that `end` ends.
 */
export function nextUntil<T>(
  from: Source<T>,
  end: Source<never>,
  waits: Waits,
): Promise<IteratorResult<T, undefined>> {
  const value = from.poll();
  if (value !== EMPTY) {
    const result = resultOf(value);
    return isBudgetSpent() ? afterTurn(result) : Promise.resolve(result);
  }
  const only = from.receiveCase();
  // Fast path: a local channel.
  if (!only.isShared && !only.isTimed) return waitAmong(waits, only, toResult, DONE);
  return Operation.wait([only, end.receiveCase()], toResult);
}

/** See {@linkcode Channel.receiveSync}. */
export function receiveSync<T>(from: Source<T>): T | undefined {
  const value = from.poll(true);
  if (value === EMPTY) {
    const only = from.receiveCase();
    return Operation.block([only], () => toValue(only));
  }
  return valueOf(value);
}

/** See {@linkcode Channel.tryReceive}. */
export function tryReceive<T>(from: Source<T>): TryReceiveResult<T> {
  const value = from.poll();
  if (value === EMPTY) return EMPTY_RESULT;
  if (value === CLOSED) return CLOSED_RESULT;
  return { state: "ok", value };
}

/** An iterator over what `next` gives. Ending it early leaves the channel open. */
export function iterate<T>(
  next: () => Promise<IteratorResult<T, undefined>>,
): AsyncIterator<T, undefined> {
  let isOver = false;
  return {
    next: () => isOver ? Promise.resolve(DONE) : next(),
    return: () => {
      isOver = true;
      return Promise.resolve(DONE);
    },
  };
}
