/**
 * What the two flavors in shared memory have in common: type, reference, pins, the end.
 *
 * @module
 */
import { ChannelClosedError } from "../../errors.ts";
import { type Core, core } from "../../memory/core.ts";
import { type ElementType, elementType, peekValue, writeValue } from "../../memory/element.ts";
import {
  CLOSED_PLAIN,
  OBJECT_ELEMENT,
  RING_CAPACITY,
  RING_CLOSED,
  RING_IS_CLOSED,
  RING_OK_SELF,
  RING_WOULD_BLOCK,
  SELF_FIRED,
} from "../../memory/layout.ts";
import { discardMessage, peekText } from "../../memory/message.ts";
import { agent } from "../../park/agent.ts";
import { CLOSED, EMPTY, type ReceiveCase, type SendCase, type Wait } from "../../select/case.ts";
import type { Batch, Flavor, Outgoing } from "./flavor.ts";

/** A channel in shared memory, as this thread uses it. */
export abstract class SharedFlavor<T> implements Flavor<T> {
  readonly capacity: number;
  /** Address of the channel. */
  readonly ptr: number;
  readonly type: ElementType<T>;
  readonly core: Core;
  /** The handle, so that it is not collected while a goroutine waits at the channel. */
  handle: unknown;

  /** @param ptr Address of the channel; its elements are of `type`. */
  constructor(ptr: number, type: ElementType<T>) {
    this.core = core();
    this.ptr = ptr;
    this.type = type;
    this.capacity = this.core.readU32(ptr + RING_CAPACITY);
    this.core.reserveScratch(type.wideBytes);
  }

  abstract readonly size: number;

  get closed(): boolean {
    return this.core.loadU32(this.ptr + RING_CLOSED) !== 0;
  }

  abstract offer(value: T): boolean;
  abstract poll(): T | typeof EMPTY | typeof CLOSED;
  abstract outgoing(values: ArrayLike<T>): Outgoing;
  abstract pollMany(into: Batch<T>, start: number): number | typeof EMPTY | typeof CLOSED;
  abstract receiveCase(): ReceiveCase<T>;
  abstract sendCase(value: T): SendCase;

  /** The slow part of `offer`: what to do about a `RING_…` code other than `RING_OK`. */
  protected afterOffer(code: number, payload: number, value: T): boolean {
    if (code === RING_OK_SELF) {
      agent().drain();
      return true;
    }
    this.type.discard(payload, this.core.scratch);
    if (code === RING_WOULD_BLOCK) return false;
    throw new ChannelClosedError("send on closed channel", value);
  }

  /** The slow part of `poll`: what to do about a result that is no payload. */
  protected afterPoll(result: number): T | typeof EMPTY | typeof CLOSED {
    if (result >= SELF_FIRED) {
      const value = this.type.decode(result - SELF_FIRED, this.core.scratch);
      agent().drain();
      return value;
    }
    return this.nothing(result);
  }

  /** What a negative code of a receive stands for. */
  protected nothing(code: number): typeof EMPTY | typeof CLOSED {
    return code === -RING_WOULD_BLOCK ? EMPTY : this.#end();
  }

  /** What a closed and drained channel gives. */
  #end(): typeof CLOSED {
    const reason = this.core.readU32(this.ptr + RING_CLOSED);
    if (reason > CLOSED_PLAIN) throw peekValue(reason);
    return CLOSED;
  }

  /** Closes it in shared memory; returns a `RING_…` code. */
  protected abstract closeWith(reason: number): number;

  close(reason: unknown): void {
    const message = reason === undefined ? CLOSED_PLAIN : writeValue(reason);
    const code = this.closeWith(message);
    if (code === RING_OK_SELF) agent().drain();
    if (code !== RING_IS_CLOSED) return;
    if (message !== CLOSED_PLAIN) discardMessage(message);
    throw new ChannelClosedError("close of closed channel");
  }

  /** The last reference has gone: closes the channel for those of this thread that still wait, and lets it go. */
  abandon(): void {
    if (this.closeWith(CLOSED_PLAIN) === RING_OK_SELF) agent().drain();
    this.unpin();
  }

  /** Keeps the channel's memory while a party waits at it. */
  pin(): void {
    this.core.fn.ringPin(this.ptr);
  }

  /** Ends a pin; with the last one the channel goes, and the values still in it. */
  unpin(): void {
    const { fn } = this.core;
    if (!fn.ringUnpin(this.ptr)) return;
    this.drop();
    const reason = this.core.readU32(this.ptr + RING_CLOSED);
    fn.free(this.core.readU32(this.ptr + OBJECT_ELEMENT));
    fn.free(this.ptr);
    if (reason > CLOSED_PLAIN) discardMessage(reason);
  }

  /** Frees the values still in it; nobody knows it any more. */
  protected abstract drop(): void;
}

/** The type of the elements of the channel at `ptr`. */
export function elementTypeOf(ptr: number): ElementType<unknown> {
  return elementType(peekText(core().readU32(ptr + OBJECT_ELEMENT)));
}

/** A party that waits at a channel in shared memory. */
export abstract class SharedParty<T, F extends SharedFlavor<T>> {
  index = 0;
  readonly isShared = true;
  readonly isTimed = false;
  readonly deadline = Infinity;
  protected readonly flavor: F;
  /** `undefined` until it has entered one. */
  protected wait: Wait | undefined = undefined;

  /** @param flavor What it waits at; pinned until {@linkcode dispose}. */
  constructor(flavor: F) {
    this.flavor = flavor;
    flavor.pin();
  }

  get rank(): number {
    return this.flavor.ptr;
  }

  dispose(_hadEffect: boolean): void {
    this.flavor.unpin();
  }
}

/** A value written down for a party that waits: once, not anew at each try. A wide one has bytes of its own. */
export interface Written {
  /** The slot's 32 bits. */
  readonly payload: number;
  /** Where the bytes of a wide one are; 0 for a narrow one. */
  readonly bytes: number;
}

/**
 * Writes `value` down.
 *
 * @throws {TypeError | RangeError} if it is not of the type
 * @throws {SharedMemoryExhaustedError} if there is no room
 */
export function writeElement<T>(c: Core, type: ElementType<T>, value: T): Written {
  const bytes = allocateElement(c, type);
  try {
    return { payload: type.encode(value, bytes), bytes };
  } catch (error) {
    c.fn.free(bytes);
    throw error;
  }
}

/** Room for the bytes of an element; 0 for a narrow one. */
export function allocateElement(c: Core, type: { readonly wideBytes: number }): number {
  if (type.wideBytes === 0) return 0;
  const bytes = c.allocate(type.wideBytes, "a waiting element");
  c.bytes(bytes + type.wideBytes);
  return bytes;
}

/**
 * Checks that every one of `values` is of the channel's type.
 *
 * @throws {TypeError | RangeError} if one is not
 */
export function checkAll<T>({ core: c, type }: SharedFlavor<T>, values: ArrayLike<T>): void {
  for (let i = 0; i < values.length; i++) {
    type.discard(type.encode(values[i]!, c.scratch), c.scratch);
  }
}
