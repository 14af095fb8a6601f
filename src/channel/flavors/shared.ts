/**
 * What the two flavors in shared memory have in common: type, reference, pins, the operations on one value, the end.
 *
 * @module
 */
import { ChannelClosedError } from "../../errors.ts";
import { show } from "../../internal/check.ts";
import { type Core, core, exhausted } from "../../memory/core.ts";
import { type ElementType, elementType } from "../../memory/element.ts";
import {
  CLOSED_PLAIN,
  OBJECT_ELEMENT,
  RING_CAPACITY,
  RING_CLOSED,
  RING_IS_CLOSED,
  RING_OK,
  RING_OK_SELF,
  RING_WOULD_BLOCK,
  SELF_FIRED,
} from "../../memory/layout.ts";
import { peekText, writeText } from "../../memory/message.ts";
import { discardValue, peekValue, writeValue } from "../../memory/value.ts";
import { agent } from "../../park/agent.ts";
import { CLOSED, EMPTY, type ReceiveCase, type SendCase, type Wait } from "../../select/case.ts";
import type { Batch, Flavor, Incoming, Outgoing } from "./flavor.ts";

/** Typed arrays that hold exactly the values of a type. */
const ownArrays: Readonly<Record<string, { readonly name: string }>> = {
  i8: Int8Array,
  u8: Uint8Array,
  i16: Int16Array,
  u16: Uint16Array,
  i32: Int32Array,
  u32: Uint32Array,
  f32: Float32Array,
  f64: Float64Array,
  i64: BigInt64Array,
  u64: BigUint64Array,
};

/** A channel in shared memory, as this thread uses it. */
export abstract class SharedFlavor<T> implements Flavor<T> {
  readonly capacity: number;
  /** Address of the channel. */
  readonly ptr: number;
  readonly type: ElementType<T>;
  readonly core: Core;
  /** The handle, so that it is not collected while a goroutine waits at the channel. */
  handle: unknown;

  /** @param ptr Address of the channel; its elements are of `type`, and the scratch has room for one. */
  constructor(ptr: number, type: ElementType<T>) {
    this.core = core();
    this.ptr = ptr;
    this.type = type;
    this.capacity = this.core.readU32(ptr + RING_CAPACITY);
  }

  /**
   * Makes a channel in shared memory, with one reference that belongs to the caller.
   *
   * @param make Makes it, given the address of the text that names the type; 0: there is no room.
   * @throws {SharedMemoryExhaustedError} if there is no room; nothing has changed then
   */
  protected static allocate(
    type: { readonly name: string; readonly wideBytes: number },
    make: (name: number) => number,
  ): number {
    const c = core();
    c.reserveScratch(type.wideBytes);
    const name = writeText(type.name);
    const ptr = make(name) >>> 0;
    if (ptr !== 0) return ptr;
    c.fn.free(name);
    throw exhausted(`a channel of ${type.name}`);
  }

  abstract readonly size: number;

  get closed(): boolean {
    return this.core.loadU32(this.ptr + RING_CLOSED) !== 0;
  }

  /** Sends the slot's 32 bits, or the bytes at `from`; returns a `RING_…` code. */
  abstract push(payload: number, from: number): number;
  /** Receives, bytes to `into`: the slot's 32 bits, plus `SELF_FIRED`; or, negative, a `RING_…` code. */
  abstract pull(into: number): number;
  /** A send or a receive that may block has worked. */
  protected abstract pace(isSend: boolean): void;
  /** Closes it in shared memory; returns a `RING_…` code. */
  protected abstract closeWith(reason: number): number;
  abstract receiveCase(): ReceiveCase<T>;
  abstract outgoing(values: ArrayLike<T>): Outgoing;

  offer(value: T, mayBlock = false): boolean {
    // Encoding may run the caller's code (a getter), which may need a larger scratch: this one stays.
    const { scratch } = this.core;
    const payload = this.type.encode(value, scratch);
    const code = this.push(payload, scratch);
    if (code !== RING_OK) return this.#offerSlow(code, payload, scratch, value);
    if (mayBlock) this.pace(true);
    return true;
  }

  #offerSlow(code: number, payload: number, from: number, value: T): boolean {
    if (code === RING_OK_SELF) {
      agent().drain();
      return true;
    }
    this.type.discard(payload, from);
    if (code === RING_WOULD_BLOCK) return false;
    throw new ChannelClosedError("send on closed channel", value);
  }

  check(value: T): void {
    const { scratch } = this.core;
    this.type.discard(this.type.encode(value, scratch), scratch);
  }

  poll(mayBlock = false): T | typeof EMPTY | typeof CLOSED {
    const { scratch } = this.core;
    const result = this.pull(scratch);
    if (result >= 0 && result < SELF_FIRED) {
      if (mayBlock) this.pace(false);
      return this.type.decode(result, scratch);
    }
    return result < 0 ? this.nothing(result) : this.#pollSlow(result, scratch);
  }

  #pollSlow(result: number, from: number): T {
    try {
      return this.type.decode(result - SELF_FIRED, from);
    } finally {
      // Whatever comes of the value, who was fired with it must not wait.
      agent().drain();
    }
  }

  /** What a negative code of a receive stands for. */
  nothing(code: number): typeof EMPTY | typeof CLOSED {
    return code === -RING_WOULD_BLOCK ? EMPTY : this.#end();
  }

  /** What a closed and drained channel gives. */
  #end(): typeof CLOSED {
    const reason = this.core.readU32(this.ptr + RING_CLOSED);
    if (reason > CLOSED_PLAIN) throw peekValue(reason);
    return CLOSED;
  }

  sendCase(value: T): SendCase {
    const { core: c, type } = this;
    const bytes = allocateElement(c, type);
    let payload;
    try {
      payload = type.encode(value, bytes);
    } catch (error) {
      c.fn.free(bytes);
      throw error;
    }
    return this.sendCaseOf(value, { payload, bytes });
  }

  /** Makes a case that sends what has been written down. */
  abstract sendCaseOf(value: T, written: Written): SendCase;

  /** Checks the destination; the flavor says how it is filled. */
  incoming(into: Batch<T>, limit: number): Incoming<T> {
    if (ArrayBuffer.isView(into)) {
      const own = ownArrays[this.type.name];
      if (Object.prototype.toString.call(into) !== `[object ${own?.name}]`) {
        throw new TypeError(
          `Cannot receive ${this.type.name} into ${show(into)}: expected ${
            own?.name ?? "a number"
          }`,
        );
      }
    }
    return this.incomingTo(into, limit);
  }

  protected abstract incomingTo(into: Batch<T>, limit: number): Incoming<T>;

  close(reason: unknown): void {
    const message = reason === undefined ? CLOSED_PLAIN : writeValue(reason);
    const code = this.closeWith(message);
    if (code === RING_OK_SELF) agent().drain();
    if (code !== RING_IS_CLOSED) return;
    if (message !== CLOSED_PLAIN) discardValue(message);
    throw new ChannelClosedError("close of closed channel");
  }

  /** The last reference has gone: closes the channel for those of this thread that still wait, and lets it go. */
  abandon(): void {
    if (this.closeWith(CLOSED_PLAIN) === RING_OK_SELF) agent().drain();
    this.unpin();
  }

  /** Keeps the channel's memory while a party waits at it, or a batch is under way. */
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
    if (reason > CLOSED_PLAIN) discardValue(reason);
  }

  /** Frees the values still in it; nobody knows it any more. */
  protected abstract drop(): void;
}

/** The type of the elements of the channel at `ptr`; the scratch has room for one. */
export function elementTypeOf(ptr: number): ElementType<unknown> {
  const type = elementType(peekText(core().readU32(ptr + OBJECT_ELEMENT)));
  core().reserveScratch(type.wideBytes);
  return type;
}

/** A value written down for a party that waits: once, not anew at each try. A wide one has bytes of its own. */
export interface Written {
  /** The slot's 32 bits. */
  readonly payload: number;
  /** Where the bytes of a wide one are; 0 for a narrow one. */
  readonly bytes: number;
}

/** Room for the bytes of an element; 0 for a narrow one. */
export function allocateElement(c: Core, { wideBytes }: { readonly wideBytes: number }): number {
  if (wideBytes === 0) return 0;
  const bytes = c.allocate(wideBytes, "a waiting element");
  c.bytes(bytes + wideBytes);
  return bytes;
}

/** A party that waits at a channel in shared memory. */
abstract class SharedParty<T, F extends SharedFlavor<T>> {
  index = 0;
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

  // Of the class, not of each: a million goroutines may wait.
  get isShared(): boolean {
    return true;
  }

  get isTimed(): boolean {
    return false;
  }

  get deadline(): number {
    return Infinity;
  }

  dispose(_hadEffect: boolean): void {
    this.flavor.unpin();
  }
}

/** The part of a receiving party that both flavors share. */
export abstract class SharedReceive<T, F extends SharedFlavor<T>> extends SharedParty<T, F> {
  protected value: T | typeof CLOSED = CLOSED;

  poll(): boolean {
    const value = this.flavor.poll();
    if (value === EMPTY) return false;
    this.value = value;
    return true;
  }

  outcome(): T | typeof CLOSED {
    return this.value;
  }
}

/** The part of a sending party that both flavors share. */
export abstract class SharedSend<T, F extends SharedFlavor<T>> extends SharedParty<T, F> {
  protected readonly written: Written;
  readonly #value: T;

  /**
   * @param flavor What it waits at.
   * @param value What it sends.
   * @param written The same, written down; it belongs to the party.
   */
  constructor(flavor: F, value: T, written: Written) {
    super(flavor);
    this.#value = value;
    this.written = written;
  }

  poll(): boolean {
    const code = this.flavor.push(this.written.payload, this.written.bytes);
    if (code === RING_WOULD_BLOCK) return false;
    if (code === RING_IS_CLOSED) {
      throw new ChannelClosedError("send on closed channel", this.#value);
    }
    if (code === RING_OK_SELF) agent().drain();
    return true;
  }

  outcome(): void {}

  override dispose(hadEffect: boolean): void {
    const { payload, bytes } = this.written;
    if (!hadEffect) this.flavor.type.discard(payload, bytes);
    this.flavor.core.fn.free(bytes);
    super.dispose(hadEffect);
  }
}
