/**
 * Typed channels: a ring in shared memory, usable from every thread at once.
 *
 * A party that finds it empty (or full) enters its wait queue and is woken when something has come (or gone); then it tries
 * again, and may find that somebody was faster. Values are never handed to a waiter directly: a value in flight to a
 * thread that dies, or to a wait that is aborted, would have to come back, and in order.
 *
 * @module
 */
import { ChannelClosedError } from "../../errors.ts";
import { type Core, core, exhausted } from "../../memory/core.ts";
import type { ElementType } from "../../memory/element.ts";
import { KIND_CHANNEL } from "../../memory/handle.ts";
import {
  RING_IS_CLOSED,
  RING_OK,
  RING_OK_SELF,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_WOULD_BLOCK,
  SELF_FIRED,
} from "../../memory/layout.ts";
import { writeText } from "../../memory/message.ts";
import { agent } from "../../park/agent.ts";
import { CLOSED, EMPTY, type ReceiveCase, type SendCase, type Wait } from "../../select/case.ts";
import type { Batch, Outgoing } from "./flavor.ts";
import {
  allocateElement,
  SharedFlavor,
  SharedParty,
  writeElement,
  type Written,
} from "./shared.ts";

/** The largest capacity of a typed channel: what fits into 2 GiB. */
export const MAX_CAPACITY = 2 ** 27 - 4096;

/** The flavor of typed channels with a buffer. */
export class SharedRing<T> extends SharedFlavor<T> {
  /**
   * Makes a ring of `capacity` slots, with one reference that belongs to the caller.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  static create<T>(type: ElementType<T>, capacity: number): SharedRing<T> {
    const { fn } = core();
    const name = writeText(type.name);
    const ptr = fn.ringNew(capacity, type.wideBytes, KIND_CHANNEL, name) >>> 0;
    if (ptr !== 0) return new SharedRing(ptr, type);
    fn.free(name);
    throw exhausted(`a channel of ${capacity} ${type.name}`);
  }

  get size(): number {
    return this.core.fn.ringSize(this.ptr);
  }

  offer(value: T): boolean {
    const { scratch } = this.core;
    const payload = this.type.encode(value, scratch);
    const code = this.push(payload, scratch);
    if (code === RING_OK) return true;
    return this.afterOffer(code, payload, value);
  }

  /** Sends what {@linkcode ElementType.encode} gave, with the bytes at `from` if it is wide; returns a `RING_…` code. */
  push(payload: number, from: number): number {
    const c = this.core;
    return this.type.wideBytes > 0
      ? c.fn.ringSendWide(this.ptr, from, c.agent)
      : c.fn.ringSend(this.ptr, payload, c.agent);
  }

  poll(): T | typeof EMPTY | typeof CLOSED {
    const result = this.#pull();
    if (result >= 0 && result < SELF_FIRED) return this.type.decode(result, this.core.scratch);
    return this.afterPoll(result);
  }

  #pull(): number {
    const c = this.core;
    return this.type.wideBytes > 0
      ? c.fn.ringReceiveWide(this.ptr, c.scratch, c.agent)
      : c.fn.ringReceive(this.ptr, c.agent);
  }

  outgoing(values: ArrayLike<T>): Outgoing {
    return new RingOutgoing(this, values);
  }

  pollMany(into: Batch<T>, start: number): number | typeof EMPTY | typeof CLOSED {
    const { core: c, type, ptr } = this;
    const elementBytes = type.wideBytes || NARROW_BYTES;
    c.reserveScratch(MAX_BATCH * elementBytes);
    let received = 0;
    while (start + received < into.length) {
      const wanted = Math.min(MAX_BATCH, into.length - start - received);
      const { scratch } = c;
      const result = c.fn.ringReceiveMany(ptr, scratch, wanted, c.agent);
      if (result < 0) return received === 0 ? this.nothing(result) : received;
      const count = result >= SELF_FIRED ? result - SELF_FIRED : result;
      const plain = plainView(c, type);
      if (plain !== undefined && into instanceof plain.constructor) {
        const first = scratch / elementBytes;
        (into as unknown as PlainArray).set(plain.subarray(first, first + count), start + received);
      } else {
        for (let i = 0; i < count; i++) {
          const at = scratch + i * elementBytes;
          into[start + received + i] = type.decode(type.wideBytes > 0 ? 0 : c.readU32(at), at);
        }
      }
      received += count;
      if (result >= SELF_FIRED) agent().drain();
      if (count < wanted) break;
    }
    return received;
  }

  protected closeWith(reason: number): number {
    return this.core.fn.ringClose(this.ptr, reason, this.core.agent);
  }

  protected drop(): void {
    for (let payload = this.#pull(); payload >= 0; payload = this.#pull()) {
      this.type.discard(payload, this.core.scratch);
    }
  }

  receiveCase(): ReceiveCase<T> {
    return new RingReceive(this);
  }

  sendCase(value: T): SendCase {
    return new RingSend(this, value, writeElement(this.core, this.type, value));
  }
}

/** Bytes of a narrow element in a batch. */
const NARROW_BYTES = 4;
/** Elements that are received in one go. */
const MAX_BATCH = 1024;

/** The kinds of typed arrays whose elements stand in shared memory as they stand in a batch. */
type PlainArray = Int32Array | Uint32Array | Float64Array;

/** The view of memory whose elements are those of `type`, bit for bit; `undefined` if there is none. */
function plainView(c: Core, type: { readonly name: string }): PlainArray | undefined {
  switch (type.name) {
    case "i32":
      return c.i32;
    case "u32":
      return c.u32;
    case "f64":
      return c.f64;
    default:
      return undefined;
  }
}

/** A batch on its way into a ring: written down once, side by side, in a block of its own. */
class RingOutgoing<T> implements Outgoing {
  readonly #ring: SharedRing<T>;
  readonly #values: ArrayLike<T>;
  readonly #elementBytes: number;
  readonly #ptr: number;
  sent = 0;

  constructor(ring: SharedRing<T>, values: ArrayLike<T>) {
    this.#ring = ring;
    this.#values = values;
    this.#elementBytes = ring.type.wideBytes || NARROW_BYTES;
    const byteLength = values.length * this.#elementBytes;
    this.#ptr = ring.core.allocate(Math.max(byteLength, 8), `a batch of ${values.length}`);
    ring.core.bytes(this.#ptr + byteLength);
    this.#write();
  }

  #write(): void {
    const { core: c, type } = this.#ring;
    const plain = plainView(c, type);
    if (plain !== undefined && this.#values instanceof plain.constructor) {
      plain.set(this.#values as unknown as PlainArray, this.#ptr / this.#elementBytes);
      return;
    }
    let written = 0;
    try {
      for (; written < this.#values.length; written++) {
        const at = this.#at(written);
        const payload = type.encode(this.#values[written]!, at);
        if (type.wideBytes === 0) c.writeU32(at, payload);
      }
    } catch (error) {
      this.#discard(written);
      throw error;
    }
  }

  #at(index: number): number {
    return this.#ptr + index * this.#elementBytes;
  }

  #payload(index: number): number {
    return this.#ring.type.wideBytes > 0 ? 0 : this.#ring.core.readU32(this.#at(index));
  }

  offer(): void {
    const { core: c, ptr } = this.#ring;
    const left = this.#values.length - this.sent;
    const result = c.fn.ringSendMany(ptr, this.#at(this.sent), left, c.agent);
    if (result === -RING_IS_CLOSED) {
      throw new ChannelClosedError("send on closed channel", this.#values[this.sent]);
    }
    if (result > 0) this.sent += result >= SELF_FIRED ? result - SELF_FIRED : result;
    if (result >= SELF_FIRED) agent().drain();
  }

  nextCase(): SendCase {
    const { core: c, type } = this.#ring;
    const bytes = allocateElement(c, type);
    const at = this.#at(this.sent);
    c.bytes(bytes + type.wideBytes).copyWithin(bytes, at, at + type.wideBytes);
    // What the case holds is the case's: to be discarded by it, if it comes to that.
    return new RingSend(this.#ring, this.#values[this.sent]!, {
      payload: this.#payload(this.sent++),
      bytes,
    });
  }

  dispose(): void {
    this.#discard(this.#values.length);
  }

  /** Frees the block, and what belongs to those before `end` that were not sent. */
  #discard(end: number): void {
    for (let index = this.sent; index < end; index++) {
      this.#ring.type.discard(this.#payload(index), this.#at(index));
    }
    this.#ring.core.fn.free(this.#ptr);
  }
}

/** A party that waits at a ring. */
abstract class RingParty<T> extends SharedParty<T, SharedRing<T>> {
  /** Address of the queue that it waits in. */
  protected abstract readonly queue: number;

  abstract poll(): boolean;

  enter(wait: Wait): boolean {
    this.wait = wait;
    wait.enterShared(this.index, this.queue, 0);
    return true;
  }

  leave(wasClaimed: boolean): void {
    // Whoever fired it has taken it out.
    if (!wasClaimed) this.wait?.leaveShared(this.index, this.queue);
  }

  complete(): boolean {
    return this.poll();
  }
}

class RingReceive<T> extends RingParty<T> implements ReceiveCase<T> {
  protected readonly queue = this.flavor.ptr + RING_RECEIVERS;
  #value: T | typeof CLOSED = CLOSED;

  poll(): boolean {
    const value = this.flavor.poll();
    if (value === EMPTY) return false;
    this.#value = value;
    return true;
  }

  isReady(): boolean {
    return this.flavor.core.fn.ringCanReceive(this.flavor.ptr) !== 0;
  }

  outcome(): T | typeof CLOSED {
    return this.#value;
  }
}

class RingSend<T> extends RingParty<T> implements SendCase {
  protected readonly queue = this.flavor.ptr + RING_SENDERS;
  readonly #value: T;
  readonly #written: Written;

  constructor(flavor: SharedRing<T>, value: T, written: Written) {
    super(flavor);
    this.#value = value;
    this.#written = written;
  }

  poll(): boolean {
    const code = this.flavor.push(this.#written.payload, this.#written.bytes);
    if (code === RING_WOULD_BLOCK) return false;
    if (code === RING_IS_CLOSED) {
      throw new ChannelClosedError("send on closed channel", this.#value);
    }
    if (code === RING_OK_SELF) agent().drain();
    return true;
  }

  isReady(): boolean {
    return this.flavor.core.fn.ringCanSend(this.flavor.ptr) !== 0;
  }

  outcome(): void {}

  override dispose(hadEffect: boolean): void {
    const { payload, bytes } = this.#written;
    if (!hadEffect) this.flavor.type.discard(payload, bytes);
    this.flavor.core.fn.free(bytes);
    super.dispose(hadEffect);
  }
}
