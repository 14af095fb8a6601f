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
import { List, ListNode } from "../../internal/list.ts";
import { CLOSED, EMPTY, type ReceiveCase, type SendCase, type Wait } from "../../select/case.ts";
import {
  type Batch,
  type Flavor,
  type Incoming,
  type Outgoing,
  ReceiveOneByOne,
  SendOneByOne,
} from "./flavor.ts";

/** Why a channel was closed: `undefined` while it is open, and then what `close` was given, if anything. */
type Close = { readonly reason?: unknown } | undefined;

/** The flavor of by-reference channels. */
export class LocalFlavor<T> implements Flavor<T> {
  readonly capacity: number;
  readonly #values = new Fifo<T>();
  readonly #receivers = new List<LocalReceive<T>>();
  readonly #senders = new List<LocalSend<T>>();
  #close: Close = undefined;

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

  #nextSender(): LocalSend<T> | undefined {
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

  sendCase(value: T): LocalSend<T> {
    return new LocalSend(this, this.#senders, value);
  }
}

/** What a closed channel gives once it is drained. */
function endOf(close: { readonly reason?: unknown }): typeof CLOSED {
  if ("reason" in close) throw close.reason;
  return CLOSED;
}

/** A party that waits at a local channel. */
abstract class LocalParty extends ListNode {
  index = 0;
  #wait: Wait | undefined = undefined;
  readonly #queue: List<LocalParty>;

  /** @param queue Where it waits. */
  constructor(queue: List<LocalParty>) {
    super();
    this.#queue = queue;
  }

  // Of the class, not of each: a million goroutines may wait.
  get rank(): number {
    return 0;
  }

  get isShared(): boolean {
    return false;
  }

  get isTimed(): boolean {
    return false;
  }

  get deadline(): number {
    return Infinity;
  }

  enter(wait: Wait): boolean {
    this.#wait = wait;
    this.#queue.push(this);
    return true;
  }

  leave(): void {
    this.#queue.remove(this);
  }

  isReady(): boolean {
    // One thread: nothing can have happened between the poll and the entry.
    return false;
  }

  complete(): boolean {
    throw new TypeError("Cannot complete a case of this thread: no other thread can have fired it");
  }

  dispose(): void {}

  /** Claims its wait; the caller has taken it out of its queue. */
  claim(): boolean {
    return this.#wait!.claim(this.index);
  }

  /** Ends the wait that {@linkcode claim} has claimed. */
  finish(): void {
    this.#wait!.finish(this.index);
  }
}

class LocalReceive<T> extends LocalParty implements ReceiveCase<T> {
  readonly #flavor: LocalFlavor<T>;
  #value: T | typeof CLOSED = CLOSED;
  #close: Close = undefined;

  constructor(flavor: LocalFlavor<T>, queue: List<LocalParty>) {
    super(queue);
    this.#flavor = flavor;
  }

  poll(): boolean {
    const value = this.#flavor.poll();
    if (value === EMPTY) return false;
    this.#value = value;
    return true;
  }

  give(value: T): boolean {
    if (!this.claim()) return false;
    this.#value = value;
    this.finish();
    return true;
  }

  end(close: NonNullable<Close>): void {
    if (!this.claim()) return;
    this.#close = close;
    this.finish();
  }

  outcome(): T | typeof CLOSED {
    return this.#close === undefined ? this.#value : endOf(this.#close);
  }
}

class LocalSend<T> extends LocalParty implements SendCase {
  readonly value: T;
  readonly #flavor: LocalFlavor<T>;
  #isRefused = false;

  constructor(flavor: LocalFlavor<T>, queue: List<LocalParty>, value: T) {
    super(queue);
    this.#flavor = flavor;
    this.value = value;
  }

  poll(): boolean {
    return this.#flavor.offer(this.value);
  }

  take(): boolean {
    if (!this.claim()) return false;
    this.finish();
    return true;
  }

  end(): void {
    if (!this.claim()) return;
    this.#isRefused = true;
    this.finish();
  }

  outcome(): void {
    if (this.#isRefused) throw new ChannelClosedError("send on closed channel", this.value);
  }
}
