/**
 * Who waits at a by-reference channel: cases of waits, and goroutines that wait for nothing else.
 *
 * @module
 */
import { ChannelClosedError } from "../../errors.ts";
import { type List, ListNode } from "../../internal/list.ts";
import {
  CLOSED,
  EMPTY,
  type ReceiveCase,
  type SendCase,
  type Sink,
  type Source,
  type Wait,
} from "../../select/case.ts";

/** What a channel was closed with: a reason, if one was given. */
export interface Close {
  readonly reason?: unknown;
}

/** What waits in the queue of receivers. */
export interface LocalReceiver<T> extends ListNode {
  /** Gives it a value; false when its wait is over already. */
  give(value: T): boolean;
  /** The channel is closed. */
  end(close: Close): void;
}

/** What waits in the queue of senders. */
export interface LocalSender<T> extends ListNode {
  readonly value: T;
  /** Takes its value; false when its wait is over already. */
  take(): boolean;
  /** The channel is closed. */
  end(): void;
}

/**
 * A goroutine that waits for a value and nothing else: no state but its promise's. A million of them may wait, so
 * each word counts, and the promise's own `reject` is one that need not be kept: it ends with a promise that is rejected. The goroutine
 * hears of that two microtasks later than by `reject`, which may be after others that were told when the channel was closed.
 */
export class ParkedReceiver<T, R> extends ListNode implements LocalReceiver<T> {
  readonly #outcome: (value: T | typeof CLOSED) => R;
  readonly #resolve: (result: R | Promise<never>) => void;

  constructor(
    outcome: (value: T | typeof CLOSED) => R,
    resolve: (result: R | Promise<never>) => void,
  ) {
    super();
    this.#outcome = outcome;
    this.#resolve = resolve;
  }

  give(value: T): boolean {
    this.#resolve(this.#outcome(value));
    return true;
  }

  end(close: Close): void {
    this.#resolve("reason" in close ? Promise.reject(close.reason) : this.#outcome(CLOSED));
  }
}

/** A goroutine that waits until its value is taken and for nothing else. */
export class ParkedSender<T> extends ListNode implements LocalSender<T> {
  readonly value: T;
  readonly #resolve: (result: void | Promise<never>) => void;

  constructor(value: T, resolve: (result: void | Promise<never>) => void) {
    super();
    this.value = value;
    this.#resolve = resolve;
  }

  take(): boolean {
    this.#resolve();
    return true;
  }

  end(): void {
    this.#resolve(Promise.reject(refusal(this.value)));
  }
}

function refusal(value: unknown): ChannelClosedError {
  return new ChannelClosedError("send on closed channel", value);
}

/** What a closed channel gives once it is drained. */
export function endOf(close: Close): typeof CLOSED {
  if ("reason" in close) throw close.reason;
  return CLOSED;
}

/** A party whose wait may have other cases, or be ended by something else. */
abstract class LocalParty extends ListNode {
  index = 0;
  #wait: Wait | undefined = undefined;
  readonly #queue: List<ListNode>;

  /** @param queue Where it waits. */
  constructor(queue: List<ListNode>) {
    super();
    this.#queue = queue;
  }

  // Of the class, not of each: a select may have thousands.
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

/** A receive that is a case of a wait. */
export class LocalReceive<T> extends LocalParty implements ReceiveCase<T>, LocalReceiver<T> {
  readonly #flavor: Pick<Source<T>, "poll">;
  #value: T | typeof CLOSED = CLOSED;
  #close: Close | undefined = undefined;

  constructor(flavor: Pick<Source<T>, "poll">, queue: List<LocalReceiver<T>>) {
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

  end(close: Close): void {
    if (!this.claim()) return;
    this.#close = close;
    this.finish();
  }

  outcome(): T | typeof CLOSED {
    return this.#close === undefined ? this.#value : endOf(this.#close);
  }
}

/** A send that is a case of a wait. */
export class LocalSend<T> extends LocalParty implements SendCase, LocalSender<T> {
  readonly value: T;
  readonly #flavor: Pick<Sink<T>, "offer">;
  #isRefused = false;

  constructor(flavor: Pick<Sink<T>, "offer">, queue: List<LocalSender<T>>, value: T) {
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
    if (this.#isRefused) throw refusal(this.value);
  }
}
