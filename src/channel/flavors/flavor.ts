/**
 * What a flavor of channel provides. {@linkcode Channel} is a thin handle over one.
 *
 * @module
 */
import { CLOSED, EMPTY, type SendCase, type Sink, type Source } from "../../select/case.ts";

/** Both ends of a channel's storage, and its state. */
export interface Flavor<T> extends Source<T>, Sink<T> {
  /** How many values may wait. */
  readonly capacity: number;
  /** How many values wait. */
  readonly size: number;
  /** Reports whether it has been closed. */
  readonly closed: boolean;
  /**
   * Closes it, and ends every wait at it.
   *
   * @param reason What receivers reject with once it is drained; `undefined`: they get the end instead.
   * @throws {ChannelClosedError} if it is closed already
   */
  close(reason: unknown): void;
  /**
   * Prepares to send `values`, in order. All of them are checked first.
   *
   * @throws {TypeError | RangeError} if the channel does not carry such values; nothing was sent then
   */
  outgoing(values: ArrayLike<T>): Outgoing;
  /**
   * Receives into `into`, from `start` and up to its length, what is there.
   *
   * @returns how many; `EMPTY` or `CLOSED` if it is none
   * @throws the reason that the channel was closed with, if it is none
   */
  pollMany(into: Batch<T>, start: number): number | typeof EMPTY | typeof CLOSED;
}

/** A batch that is being sent. */
export interface Outgoing {
  /** How many have been sent. */
  readonly sent: number;
  /**
   * Sends as many of the rest as there is room for.
   *
   * @throws {ChannelClosedError} if it is closed
   */
  offer(): void;
  /** Makes a case that waits for the next one to be taken; it counts as sent from here on. */
  nextCase(): SendCase;
  /** Frees what was not sent. */
  dispose(): void;
}

/** Where a batch goes: a plain array of the wanted length, or a typed array. */
export interface Batch<T> {
  /** How many fit. */
  readonly length: number;
  [index: number]: T;
}

/** A batch for a flavor that has nothing faster than one send after the other. */
export class OneByOne<T> implements Outgoing {
  readonly #to: Sink<T>;
  readonly #values: ArrayLike<T>;
  sent = 0;

  /**
   * @param to Where they go.
   * @param values What goes there.
   */
  constructor(to: Sink<T>, values: ArrayLike<T>) {
    this.#to = to;
    this.#values = values;
  }

  offer(): void {
    while (this.sent < this.#values.length && this.#to.offer(this.#values[this.sent]!)) this.sent++;
  }

  nextCase(): SendCase {
    return this.#to.sendCase(this.#values[this.sent++]!);
  }

  dispose(): void {}
}

/** {@linkcode Flavor.pollMany} for a flavor that has nothing faster. */
export function pollEach<T>(
  from: Source<T>,
  into: Batch<T>,
  start: number,
): number | typeof EMPTY | typeof CLOSED {
  let received = 0;
  try {
    while (start + received < into.length) {
      const value = from.poll();
      if (value === EMPTY) return received === 0 ? EMPTY : received;
      if (value === CLOSED) return received === 0 ? CLOSED : received;
      into[start + received++] = value;
    }
  } catch (error) {
    // The end comes again, with its reason, when there is nothing before it.
    if (received === 0) throw error;
  }
  return received;
}
