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
   * Prepares to send `values`, in order. All of them are checked, and taken over, first.
   *
   * @throws {TypeError | RangeError} if the channel does not carry such values; nothing was sent then
   */
  outgoing(values: ArrayLike<T>): Outgoing;
  /**
   * Prepares to receive up to `limit` values into `into`.
   *
   * @throws {TypeError} if it is a typed array that cannot hold every value of the channel
   */
  incoming(into: Batch<T>, limit: number): Incoming<T>;
}

/** A batch that is being sent. */
export interface Outgoing {
  /** Reports whether all have been sent. */
  readonly isDone: boolean;
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

/** A batch that is being received. */
export interface Incoming<T> {
  /** How many have been received. */
  readonly count: number;
  /**
   * Receives what is there.
   *
   * @returns `EMPTY` or `CLOSED` if nothing was, and nothing had been received before
   * @throws the reason that the channel was closed with, likewise
   */
  poll(): typeof EMPTY | typeof CLOSED | undefined;
  /** Takes a value that was received by itself. */
  add(value: T): void;
  /** The batch is over. */
  dispose(): void;
}

/** Where a batch goes: an array that grows, or a typed array. */
export interface Batch<T> {
  /** Reports how long it is. */
  readonly length: number;
  [index: number]: T;
}

/** A batch for a flavor that has nothing faster than one send after the other. */
export class SendOneByOne<T> implements Outgoing {
  readonly #to: Sink<T>;
  readonly #values: readonly T[];
  #sent = 0;

  /**
   * @param to Where they go.
   * @param values What goes there; copied, since its owner may use it again before all of it is sent.
   */
  constructor(to: Sink<T>, values: ArrayLike<T>) {
    this.#to = to;
    this.#values = Array.from(values);
  }

  get isDone(): boolean {
    return this.#sent === this.#values.length;
  }

  offer(): void {
    while (!this.isDone && this.#to.offer(this.#values[this.#sent]!)) this.#sent++;
  }

  nextCase(): SendCase {
    return this.#to.sendCase(this.#values[this.#sent++]!);
  }

  dispose(): void {}
}

/** A batch for a flavor that has nothing faster than one receive after the other. */
export class ReceiveOneByOne<T> implements Incoming<T> {
  readonly #from: Source<T>;
  readonly #into: Batch<T>;
  readonly #limit: number;
  count = 0;

  /**
   * @param from Where they come from.
   * @param into Where they go.
   * @param limit How many at most.
   */
  constructor(from: Source<T>, into: Batch<T>, limit: number) {
    this.#from = from;
    this.#into = into;
    this.#limit = limit;
  }

  poll(): typeof EMPTY | typeof CLOSED | undefined {
    while (this.count < this.#limit) {
      let value;
      try {
        value = this.#from.poll();
      } catch (reason) {
        // The end comes again, with its reason, when there is nothing before it.
        if (this.count === 0) throw reason;
        return undefined;
      }
      if (value === EMPTY) return this.count === 0 ? EMPTY : undefined;
      if (value === CLOSED) return this.count === 0 ? CLOSED : undefined;
      this.add(value);
    }
    return undefined;
  }

  add(value: T): void {
    this.#into[this.count++] = value;
  }

  dispose(): void {}
}
