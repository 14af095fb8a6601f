/**
 * Channels.
 *
 * @module
 */
import { ChannelClosedError } from "../errors.ts";
import { checkInteger, checkSignal, show } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { core } from "../memory/core.ts";
import {
  type ElementType,
  elementType,
  isElementType,
  registerElementTypes,
} from "../memory/element.ts";
import { dropObject, holdObject, KIND_CHANNEL, registerKind, shared } from "../memory/handle.ts";
import { type Inlet, type Outlet, type SendCase, sink, source } from "../select/case.ts";
import { HandleType } from "../memory/handle_type.ts";
import { OBJECT_ELEMENT, RING_CAPACITY } from "../memory/layout.ts";
import { peekText } from "../memory/message.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import {
  receiveMany,
  receiveManySync,
  sendMany,
  sendManySync,
  toBatch,
  toDestination,
} from "./batch.ts";
import { Disposed, refuseDisposed } from "./flavors/disposed.ts";
import type { Batch, Flavor } from "./flavors/flavor.ts";
import { LocalFlavor } from "./flavors/local.ts";
import { elementTypeOf, SharedFlavor } from "./flavors/shared.ts";
import { SharedRendezvous } from "./flavors/shared_rendezvous.ts";
import { MAX_CAPACITY, SharedRing } from "./flavors/shared_ring.ts";
import { pump, toReadableStream, toWritableStream } from "./stream.ts";
import * as receiver from "../select/receiver.ts";
import type {
  ReceiveChannel,
  SendChannel,
  TryReceiveResult,
  WaitOptions,
} from "../select/types.ts";

/**
 * A channel, as in Go: values go in at one side and come out at the other, first in, first out.
 *
 * - `new Channel<T>(capacity?)` is *by reference*: it carries any JavaScript value between goroutines of this thread, and is
 *   collected like any object. Capacity 0, the default, is a rendezvous; `Infinity` is unbounded.
 * - `new Channel(type, capacity?)` is *typed*: it lives in shared memory, and every thread that it is passed to (as an
 *   argument of a task, or through another channel) uses the same one. Values are copied.
 *
 * A send synchronizes before the receive that returns its value, across threads. Waiting parties of a by-reference channel
 * are served first come, first served; those of a typed channel are woken in that order. One that was overtaken then by a party that was
 * running is served before whoever comes later, so nobody starves.
 *
 * What is the caller's mistake is thrown by the call itself, by the promise forms too: a value that the channel does not carry, and every
 * use of a typed channel whose handle has been disposed (a `TypeError`), but for `capacity`, `closed` and disposing it again. What
 * becomes of the channel (closed, aborted) rejects the promise.
 *
 * @example Two goroutines and a channel
 * ```ts
 * import { Channel, go } from "@millrace/millrace";
 *
 * const squares = new Channel<number>();
 * go(async () => {
 *   for (let i = 1; i <= 3; i++) await squares.send(i * i);
 *   squares.close();
 * });
 * for await (const square of squares) console.log(square); // 1, 4, 9
 * ```
 *
 * @typeParam T What it carries.
 * @see Go spec, "Channel types".
 */
export class Channel<T> implements SendChannel<T>, ReceiveChannel<T>, Disposable, AsyncDisposable {
  #flavor: Flavor<T>;
  readonly #shared: SharedFlavor<T> | undefined;

  /**
   * Makes a by-reference channel.
   *
   * @param capacity How many values may wait without a receiver: an integer ≥ 0, or `Infinity`. Default: 0.
   * @throws {RangeError | TypeError} if `capacity` is something else
   */
  constructor(capacity?: number);
  /**
   * Makes a typed channel.
   *
   * @param type What it carries; see {@linkcode ElementType}.
   * @param capacity How many values may wait: an integer from 0, a rendezvous and the default, to 134213632.
   * @throws {RangeError | TypeError} if `capacity` is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(type: ElementType<T>, capacity?: number);
  constructor(first: ElementType<T> | number = 0, capacity?: number) {
    if (first instanceof SharedFlavor) {
      this.#flavor = this.#shared = first;
    } else if (isElementType(first)) {
      const slots = capacity === undefined ? 0 : capacity;
      checkInteger("the capacity of a typed channel", slots, 0, MAX_CAPACITY);
      this.#flavor = this.#shared = slots === 0
        ? SharedRendezvous.create(first)
        : SharedRing.create(first, slots);
    } else {
      if (capacity !== undefined) {
        throw new TypeError(
          `Cannot use ${show(first)} as an element type: expected one, as in new Channel(i32, 8)`,
        );
      }
      if (first !== Infinity) checkInteger("a capacity", first, 0, Number.MAX_SAFE_INTEGER);
      this.#flavor = new LocalFlavor<T>(first as number);
      return;
    }
    this.#shared.handle = this;
    holdObject(this, this.#shared.ptr);
  }

  /** How many values may wait without a receiver. */
  get capacity(): number {
    return this.#flavor.capacity;
  }

  /** How many values wait; for a typed channel a snapshot. */
  get size(): number {
    return this.#flavor.size;
  }

  /** Reports whether the channel has been closed; values may still be in it. */
  get closed(): boolean {
    return this.#flavor.closed;
  }

  /** Where values come out; for {@linkcode select}. */
  get [source](): Outlet<T> {
    return this.#usable();
  }

  /** Where values go in; for {@linkcode send}. */
  get [sink](): Inlet<T> {
    return this.#usable();
  }

  /**
   * The flavor, for operations that do not go through one of its own, which would say so themselves.
   *
   * @throws {TypeError} if the handle is disposed
   */
  #usable(): Flavor<T> {
    return this.#shared === undefined || this.#flavor === this.#shared
      ? this.#flavor
      : refuseDisposed();
  }

  /** What goes to another thread in this channel's place. */
  get [shared](): number | string {
    if (this.#shared === undefined) {
      return "Cannot send a by-reference channel to another thread: give it an element type, as in new Channel(i32, 8)";
    }
    if (this.#flavor instanceof Disposed) return "Cannot send a disposed channel to another thread";
    return this.#shared.ptr;
  }

  /**
   * Sends `value`, waiting until there is room for it or a receiver.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode sendSync} blocks.
   * - **Cancellation:** an aborted signal wins even if there is room; the value is then not sent.
   * - **Cost:** no allocation when there is room.
   *
   * @param value What to send. By reference, or copied if the channel is typed.
   * @param options `signal` cancels the wait.
   * @throws {TypeError | RangeError} at the call, if the channel does not carry such values
   * @throws {ChannelClosedError} if the channel is closed, or is closed while this waits
   * @throws `signal.reason` if aborted
   * @see Go spec, "Send statements".
   */
  send(value: T, options?: WaitOptions): Promise<void> {
    const signal = options === undefined ? undefined : checkSignal(options);
    const flavor = this.#flavor;
    if (signal?.aborted) {
      // A mistake of the caller's comes first.
      flavor.check?.(value);
      return Promise.reject(signal.reason);
    }
    try {
      if (flavor.offer(value)) return isBudgetSpent() ? afterTurn(undefined) : SENT;
    } catch (error) {
      // A mistake of the caller's ends the call; that the channel is closed ends the promise.
      if (error instanceof ChannelClosedError) return Promise.reject(error);
      throw error;
    }
    return signal === undefined && flavor.parkSender !== undefined
      ? flavor.parkSender(value)
      : waitFor(flavor.sendCase(value), toNothing, signal);
  }

  /**
   * Sends `value`, blocking the thread until there is room.
   *
   * - **Blocking:** blocks the calling thread; its goroutines stand still meanwhile.
   *
   * @param value What to send.
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block, or the channel is by reference
   * @throws {TypeError | RangeError} if the channel does not carry such values
   * @throws {ChannelClosedError} if the channel is closed, or is closed while this waits
   */
  sendSync(value: T): void {
    const flavor = this.#flavor;
    if (flavor.offer(value, true)) return;
    const only = flavor.sendCase(value);
    Operation.block([only], () => only.outcome());
  }

  /**
   * Sends `value` if that needs no waiting.
   *
   * @param value What to send.
   * @returns `false` if there is neither room nor a waiting receiver
   * @throws {TypeError | RangeError} if the channel does not carry such values
   * @throws {ChannelClosedError} if the channel is closed
   */
  trySend(value: T): boolean {
    return this.#flavor.offer(value);
  }

  /**
   * Receives the next value, waiting until one arrives or the channel is closed and drained.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode receiveSync} blocks.
   * - **Ordering:** FIFO; a send synchronizes before the receive that returns its value.
   * - **Cancellation:** an aborted signal wins even if a value is ready; no value is lost.
   * - **Cost:** no waiter when a value is buffered.
   *
   * @param options `signal` cancels the wait.
   * @returns The value, or `undefined` once the channel is closed and drained; {@linkcode next} tells the two apart.
   * @throws `signal.reason` if aborted; the reason given to `close(reason)` after draining
   * @see Go spec, "Receive operator".
   */
  receive(options?: WaitOptions): Promise<T | undefined> {
    // Reading the options may run the caller's code, and that dispose of this channel: only then its flavor.
    const signal = options === undefined ? undefined : checkSignal(options);
    return receiver.receive(this.#flavor, signal);
  }

  /**
   * Receives the next value, blocking the thread until one arrives or the channel is closed and drained.
   *
   * @returns The value, or `undefined` once the channel is closed and drained.
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block, or the channel is by reference
   * @throws the reason given to `close(reason)` after draining
   */
  receiveSync(): T | undefined {
    return receiver.receiveSync(this.#flavor);
  }

  /**
   * Receives a value if that needs no waiting.
   *
   * @returns `{ state: "ok", value }`, `{ state: "empty" }`, or `{ state: "closed" }` once closed and drained
   * @throws the reason given to `close(reason)` after draining
   */
  tryReceive(): TryReceiveResult<T> {
    return receiver.tryReceive(this.#flavor);
  }

  /**
   * Receives a value and says whether there was one (Go: `v, ok := <-ch`).
   *
   * @param options `signal` cancels the wait.
   * @returns `{ done: false, value }`, or `{ done: true }` once closed and drained
   * @throws as {@linkcode receive}
   */
  next(options?: WaitOptions): Promise<IteratorResult<T, undefined>> {
    const signal = options === undefined ? undefined : checkSignal(options);
    return receiver.next(this.#flavor, signal);
  }

  /**
   * Sends many values in one operation, in order, waiting where there is no room.
   *
   * The values are checked before the first is sent. A numeric channel takes its own kind of typed array (`Int32Array` for
   * `i32`, `Float64Array` for `f64`, …) as a block of memory.
   *
   * @param values An array, a typed array, or an iterable.
   * @param options `signal` ends the wait; what was sent before stays sent.
   * @throws {TypeError | RangeError} at the call, if the channel does not carry such values
   * @throws {ChannelClosedError} if the channel is closed, or is closed meanwhile; its `value` is the first that was not sent
   * @throws `signal.reason` if aborted
   */
  sendMany(values: Iterable<T>, options?: WaitOptions): Promise<void> {
    const signal = checkSignal(options);
    const batch = toBatch(values);
    return sendMany(this.#flavor.outgoing(batch), signal);
  }

  /**
   * Sends many values in one operation, in order, blocking the thread where there is no room.
   *
   * @param values As for {@linkcode sendMany}.
   * @throws as {@linkcode sendMany} and {@linkcode sendSync}
   */
  sendManySync(values: Iterable<T>): void {
    const batch = toBatch(values);
    sendManySync(this.#flavor.outgoing(batch));
  }

  /**
   * Receives what is there, at least one value, waiting only when there is none.
   *
   * What is there is what the channel holds, and what waiting senders have. A few more values may be among it that other threads send
   * meanwhile, but the call does not go on for as long as they keep sending.
   *
   * @param max How many at most, at least 1; or a typed array to fill from its start.
   * @param options `signal` cancels the wait; no value is lost.
   * @returns The values, `[]` once closed and drained; or how many were put into the typed array, 0 once closed and drained.
   * @throws `signal.reason` if aborted; the reason given to `close(reason)` after draining
   * @throws {TypeError | RangeError} at the call, if `max` is something else
   */
  receiveMany(max: number, options?: WaitOptions): Promise<T[]>;
  /** Receives into a typed array; see above. */
  receiveMany(into: TypedArrayOf<T>, options?: WaitOptions): Promise<number>;
  receiveMany(max: number | TypedArrayOf<T>, options?: WaitOptions): Promise<T[] | number> {
    const signal = checkSignal(options);
    const { into, limit } = toDestination<T>(max as number | Batch<T>);
    const received = receiveMany(this.#flavor, this.#flavor.incoming(into, limit), signal);
    return typeof max === "number" ? received.then(() => into as T[]) : received;
  }

  /**
   * Receives what is there, at least one value, blocking the thread only when there is none.
   *
   * @param max As for {@linkcode receiveMany}.
   * @returns As {@linkcode receiveMany}.
   * @throws as {@linkcode receiveMany} and {@linkcode receiveSync}
   */
  receiveManySync(max: number): T[];
  /** Receives into a typed array; see above. */
  receiveManySync(into: TypedArrayOf<T>): number;
  receiveManySync(max: number | TypedArrayOf<T>): T[] | number {
    const { into, limit } = toDestination<T>(max as number | Batch<T>);
    const count = receiveManySync(this.#flavor, this.#flavor.incoming(into, limit));
    return typeof max === "number" ? into as T[] : count;
  }

  /**
   * Returns a stream of the channel's values. A value is received when the stream's reader asks for one, not before.
   * Cancelling the stream leaves the channel open; a value that comes in the very moment of it is the stream's, and goes with
   * it. Closing the channel closes the stream, or fails it with the reason.
   */
  toReadableStream(): ReadableStream<T> {
    this.#usable();
    return toReadableStream(this);
  }

  /**
   * Returns a stream whose chunks are sent to the channel. A write is done when its value has been sent. Closing the stream
   * closes the channel; aborting it closes the channel with the reason.
   */
  toWritableStream(): WritableStream<T> {
    this.#usable();
    return toWritableStream(this);
  }

  /**
   * Returns a rendezvous channel that carries what `values` yields, and is closed when that ends; with the reason, if it fails.
   * The next value is asked for when the one before has been received. Closing the channel ends the iteration at the next
   * value.
   *
   * @typeParam T What it carries.
   * @param values What to send: an asynchronous iterable, a stream for example, or a synchronous one.
   * @throws {TypeError} if `values` cannot be iterated
   */
  static from<T>(values: AsyncIterable<T> | Iterable<T>): Channel<T> {
    const isIterable = typeof values === "object" && values !== null &&
      (Symbol.asyncIterator in values || Symbol.iterator in values);
    if (!isIterable) {
      throw new TypeError(`Cannot make a channel from ${show(values)}: expected an iterable`);
    }
    const channel = new Channel<T>();
    pump(values, channel);
    return channel;
  }

  /** Receives until the channel is closed and drained (Go: `range`). Leaving the loop early leaves the channel open. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    this.#usable();
    return receiver.iterate(() => this.next());
  }

  /**
   * Closes the channel: what waits in it is still received, and after that every receive ends at once, for ever.
   *
   * @param reason What receivers reject with once the channel is drained; without it they get the end instead.
   * @throws {ChannelClosedError} if it is closed already
   * @see Go spec, "Close".
   */
  close(reason?: unknown): void {
    this.#flavor.close(reason);
  }

  /**
   * Gives the channel up. A by-reference channel is closed. Of a typed one this thread's handle goes; when the last handle
   * anywhere has gone, the channel is closed and its memory returned. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    if (this.#shared !== undefined) {
      this.#flavor = new Disposed(this.capacity);
      dropObject(this);
    } else if (!this.#flavor.closed) {
      this.#flavor.close(undefined);
    }
  }

  /** As `Symbol.dispose`; there is nothing to wait for. */
  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }
}

/** The typed arrays that {@linkcode Channel.receiveMany} fills: those whose elements are of the channel's type. */
export type TypedArrayOf<T> = [T] extends [number] ?
    | Int8Array
    | Uint8Array
    | Int16Array
    | Uint16Array
    | Int32Array
    | Uint32Array
    | Float32Array
    | Float64Array
  : [T] extends [bigint] ? BigInt64Array | BigUint64Array
  : never;

/** What a send that did not have to wait returns: always the same promise. */
const SENT: Promise<void> = Promise.resolve();

function toNothing(ended: SendCase): void {
  return ended.outcome();
}

/**
 * The element type of typed channels of `type`: for a channel that carries channels (Go: `chan chan T`).
 *
 * What is received is the very channel that was sent; it is alive as long as anybody has it, or a message carries it.
 *
 * @example
 * ```ts
 * import { Channel, channelOf, i32 } from "@millrace/millrace";
 *
 * const calls = new Channel(channelOf(i32), 4);
 * const reply = new Channel(i32, 1);
 * await calls.send(reply);
 * (await calls.receive())?.trySend(42);
 * console.log(await reply.receive()); // 42
 * ```
 *
 * @param type What those channels carry.
 * @throws {TypeError} if `type` is no element type
 */
export function channelOf<T>(type: ElementType<T>): ElementType<Channel<T>> {
  if (!isElementType(type)) {
    throw new TypeError(`Cannot make a channelOf(${show(type)}): expected an element type`);
  }
  const name = `channelOf(${type.name})`;
  const expected = `a typed channel, ${name}`;
  const isRight = (ptr: number) => peekText(core().readU32(ptr + OBJECT_ELEMENT)) === type.name;
  const carried: ElementType<unknown> = new HandleType(name, KIND_CHANNEL, expected, isRight);
  return carried as ElementType<Channel<T>>;
}

registerElementTypes("channelOf", (body) => channelOf(elementType(body)) as ElementType<unknown>);

registerKind(KIND_CHANNEL, {
  revive: (ptr) => new Channel<unknown>(reviveFlavor(ptr) as never),
  abandon: (ptr) => reviveFlavor(ptr).abandon(),
});

function reviveFlavor(ptr: number): SharedFlavor<unknown> {
  const type = elementTypeOf(ptr);
  return core().readU32(ptr + RING_CAPACITY) === 0
    ? new SharedRendezvous(ptr, type)
    : new SharedRing(ptr, type);
}
