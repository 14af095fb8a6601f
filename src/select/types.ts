/**
 * The two directions of a channel, and the options of a wait.
 *
 * @module
 */
import type { Receivable, Sendable } from "./case.ts";

/** Options of every operation that may wait. */
export interface WaitOptions {
  /** Ends the wait: it rejects with `signal.reason`, loses no value and leaves nothing behind. */
  signal?: AbortSignal | undefined;
}

/** What {@linkcode ReceiveChannel.tryReceive} gives. */
export type TryReceiveResult<T> =
  | { readonly state: "ok"; readonly value: T }
  | { readonly state: "empty" }
  | { readonly state: "closed" };

/**
 * The sending side of a channel (Go: `chan<- T`).
 *
 * @typeParam T What it carries.
 */
export interface SendChannel<T> extends Sendable<T> {
  /** How many values may wait without a receiver. */
  readonly capacity: number;
  /** How many values wait. */
  readonly size: number;
  /** Reports whether the channel has been closed. */
  readonly closed: boolean;
  /** Sends `value`, waiting until there is room or a receiver. See {@linkcode Channel.send}. */
  send(value: T, options?: WaitOptions): Promise<void>;
  /** Sends `value`, blocking the thread. See {@linkcode Channel.sendSync}. */
  sendSync(value: T): void;
  /** Sends `value` if that needs no waiting. See {@linkcode Channel.trySend}. */
  trySend(value: T): boolean;
  /** Closes the channel. See {@linkcode Channel.close}. */
  close(reason?: unknown): void;
}

/**
 * The receiving side of a channel (Go: `<-chan T`). It has no `close`: that belongs to those who send.
 *
 * @typeParam T What it carries.
 */
export interface ReceiveChannel<T> extends AsyncIterable<T>, Receivable<T> {
  /** How many values may wait without a receiver. */
  readonly capacity: number;
  /** How many values wait. */
  readonly size: number;
  /** Reports whether the channel has been closed; values may still be in it. */
  readonly closed: boolean;
  /** Receives a value; `undefined` once closed and drained. See {@linkcode Channel.receive}. */
  receive(options?: WaitOptions): Promise<T | undefined>;
  /** Receives a value, blocking the thread. See {@linkcode Channel.receiveSync}. */
  receiveSync(): T | undefined;
  /** Receives a value if that needs no waiting. See {@linkcode Channel.tryReceive}. */
  tryReceive(): TryReceiveResult<T>;
  /** Receives a value and says whether there was one (Go: `v, ok := <-ch`). See {@linkcode Channel.next}. */
  next(options?: WaitOptions): Promise<IteratorResult<T, undefined>>;
}
