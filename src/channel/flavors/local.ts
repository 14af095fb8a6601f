/**
 * By-reference channels: any JavaScript value, between goroutines of one thread.
 *
 * Rendezvous, buffered and unbounded are one flavor: they differ in how many values may wait without a receiver, and
 * in nothing else. It is plain TypeScript, because these channels must be garbage like any object and one thread needs
 * no atomics.
 *
 * Invariants
 * - I1 While a receiver waits, no value and no sender does.
 * - I2 While a sender waits, the buffer is full.
 * - I3 Values, receivers and senders are each served first come, first served.
 *
 * @module
 */
import { ChannelClosedError } from "../../errors.ts";
import { Fifo } from "../../internal/fifo.ts";
import { List } from "../../internal/list.ts";
import { type CLOSED, EMPTY } from "../../select/case.ts";
import {
  type Batch,
  type Flavor,
  type Incoming,
  type Outgoing,
  ReceiveOneByOne,
  SendOneByOne,
} from "./flavor.ts";
import {
  type Close,
  endOf,
  LocalReceive,
  type LocalReceiver,
  LocalSend,
  type LocalSender,
  ParkedReceiver,
  ParkedSender,
} from "./local_parties.ts";

/** The flavor of by-reference channels. */
export class LocalFlavor<T> implements Flavor<T> {
  readonly capacity: number;
  readonly #values = new Fifo<T>();
  readonly #receivers = new List<LocalReceiver<T>>();
  readonly #senders = new List<LocalSender<T>>();
  #close: Close | undefined = undefined;

  /** @param capacity How many values may wait: an integer ≥ 0, or `Infinity`. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#values.size;
  }

  get closed(): boolean {
    return this.#close !== undefined;
  }

  /** Reports whether a receiver waits. */
  get isAwaited(): boolean {
    return !this.#receivers.isEmpty;
  }

  offer(value: T): boolean {
    // Fast path: nobody waits, there is room, and it is open.
    if (this.#receivers.isEmpty && this.#values.size < this.capacity && this.#close === undefined) {
      this.#values.push(value);
      return true;
    }
    return this.#offerSlow(value);
  }

  #offerSlow(value: T): boolean {
    if (this.#close !== undefined) throw new ChannelClosedError("send on closed channel", value);
    for (let next = this.#receivers.shift(); next !== undefined; next = this.#receivers.shift()) {
      if (next.give(value)) return true;
    }
    if (this.#values.size >= this.capacity) return false;
    this.#values.push(value);
    return true;
  }

  poll(): T | typeof EMPTY | typeof CLOSED {
    // Fast path: a value, and no sender waits for its place.
    if (this.#values.size > 0 && this.#senders.isEmpty) return this.#values.shift();
    return this.#pollSlow();
  }

  #pollSlow(): T | typeof EMPTY | typeof CLOSED {
    if (this.#values.size > 0) {
      const value = this.#values.shift();
      // The place that has become free belongs to the longest waiting sender.
      const sender = this.#nextSender();
      if (sender !== undefined) this.#values.push(sender.value);
      return value;
    }
    // A rendezvous has no places: the value comes from the sender itself.
    const sender = this.#nextSender();
    if (sender !== undefined) return sender.value;
    return this.#close === undefined ? EMPTY : endOf(this.#close);
  }

  #nextSender(): LocalSender<T> | undefined {
    for (let next = this.#senders.shift(); next !== undefined; next = this.#senders.shift()) {
      if (next.take()) return next;
    }
    return undefined;
  }

  close(reason: unknown): void {
    if (this.#close !== undefined) throw new ChannelClosedError("close of closed channel");
    const close = this.#close = reason === undefined ? {} : { reason };
    for (let next = this.#receivers.shift(); next !== undefined; next = this.#receivers.shift()) {
      next.end(close);
    }
    for (let next = this.#senders.shift(); next !== undefined; next = this.#senders.shift()) {
      next.end();
    }
  }

  outgoing(values: ArrayLike<T>): Outgoing {
    return new SendOneByOne(this, values);
  }

  incoming(into: Batch<T>, limit: number): Incoming<T> {
    if (ArrayBuffer.isView(into)) {
      throw new TypeError(
        "Cannot receive into a typed array from a by-reference channel: its values may be anything",
      );
    }
    return new ReceiveOneByOne(this, into, limit);
  }

  receiveCase(): LocalReceive<T> {
    return new LocalReceive(this, this.#receivers);
  }

  parkReceiver<R>(outcome: (value: T | typeof CLOSED) => R): Promise<R> {
    return new Promise((resolve) => this.#receivers.push(new ParkedReceiver(outcome, resolve)));
  }

  sendCase(value: T): LocalSend<T> {
    return new LocalSend(this, this.#senders, value);
  }

  parkSender(value: T): Promise<void> {
    return new Promise((resolve) => this.#senders.push(new ParkedSender(value, resolve)));
  }
}
