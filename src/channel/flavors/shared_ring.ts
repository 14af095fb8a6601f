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
import { type ElementType, elementType, peekValue, writeValue } from "../../memory/element.ts";
import { KIND_CHANNEL } from "../../memory/handle.ts";
import {
  CLOSED_PLAIN,
  OBJECT_ELEMENT,
  RING_CAPACITY,
  RING_CLOSED,
  RING_IS_CLOSED,
  RING_OK,
  RING_OK_SELF,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_WOULD_BLOCK,
  SELF_FIRED,
} from "../../memory/layout.ts";
import { discardMessage, peekText, writeText } from "../../memory/message.ts";
import { agent } from "../../park/agent.ts";
import { CLOSED, EMPTY, type ReceiveCase, type SendCase, type Wait } from "../../select/case.ts";
import type { Flavor } from "./flavor.ts";

/** The largest capacity of a typed channel: what fits into 2 GiB. */
export const MAX_CAPACITY = 2 ** 27 - 4096;

/** The flavor of typed channels. */
export class SharedRing<T> implements Flavor<T> {
  readonly capacity: number;
  /** Address of the ring. */
  readonly ptr: number;
  readonly type: ElementType<T>;
  readonly core: Core;
  /** The handle, so that it is not collected while a goroutine waits at the ring. */
  handle: unknown;

  /** @param ptr Address of the ring; its elements are of `type`. */
  constructor(ptr: number, type: ElementType<T>) {
    this.core = core();
    this.ptr = ptr;
    this.type = type;
    this.capacity = this.core.readU32(ptr + RING_CAPACITY);
    this.core.reserveScratch(type.wideBytes);
  }

  /** The ring at `ptr`, whose reference passes to the caller. */
  static revive(ptr: number): SharedRing<unknown> {
    return new SharedRing(ptr, typeOf(ptr));
  }

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

  /** The last reference has gone: closes the ring for those of this thread that still wait, and lets it go. */
  static abandon(ptr: number): void {
    const { fn, agent: self } = core();
    if (fn.ringClose(ptr, CLOSED_PLAIN, self) === RING_OK_SELF) agent().drain();
    SharedRing.unpin(ptr);
  }

  /** Ends a pin; with the last one the ring goes, and the values still in it. */
  static unpin(ptr: number): void {
    const { fn, agent: self } = core();
    if (!fn.ringUnpin(ptr)) return;
    const type = typeOf(ptr);
    core().reserveScratch(type.wideBytes);
    const reason = core().readU32(ptr + RING_CLOSED);
    for (;;) {
      const payload = type.wideBytes > 0
        ? fn.ringReceiveWide(ptr, core().scratch, self)
        : fn.ringReceive(ptr, self);
      if (payload < 0) break;
      type.discard(payload, core().scratch);
    }
    fn.free(core().readU32(ptr + OBJECT_ELEMENT));
    fn.free(ptr);
    if (reason > CLOSED_PLAIN) discardMessage(reason);
  }

  get size(): number {
    return this.core.fn.ringSize(this.ptr);
  }

  get closed(): boolean {
    return this.core.loadU32(this.ptr + RING_CLOSED) !== 0;
  }

  offer(value: T): boolean {
    const payload = this.type.encode(value, this.core.scratch);
    const code = this.push(payload, this.core.scratch);
    if (code === RING_OK) return true;
    return this.#afterOffer(code, payload, value);
  }

  #afterOffer(code: number, payload: number, value: T): boolean {
    if (code === RING_OK_SELF) {
      agent().drain();
      return true;
    }
    this.type.discard(payload, this.core.scratch);
    if (code === RING_WOULD_BLOCK) return false;
    throw new ChannelClosedError("send on closed channel", value);
  }

  /** Sends what {@linkcode ElementType.encode} gave, with the bytes at `from` if it is wide; returns a `RING_…` code. */
  push(payload: number, from: number): number {
    const c = this.core;
    return this.type.wideBytes > 0
      ? c.fn.ringSendWide(this.ptr, from, c.agent)
      : c.fn.ringSend(this.ptr, payload, c.agent);
  }

  poll(): T | typeof EMPTY | typeof CLOSED {
    const c = this.core;
    const payload = this.type.wideBytes > 0
      ? c.fn.ringReceiveWide(this.ptr, c.scratch, c.agent)
      : c.fn.ringReceive(this.ptr, c.agent);
    if (payload >= 0 && payload < SELF_FIRED) return this.type.decode(payload, this.core.scratch);
    return this.#afterPoll(payload);
  }

  #afterPoll(payload: number): T | typeof EMPTY | typeof CLOSED {
    if (payload >= SELF_FIRED) {
      const value = this.type.decode(payload - SELF_FIRED, this.core.scratch);
      agent().drain();
      return value;
    }
    return payload === -RING_WOULD_BLOCK ? EMPTY : this.#end();
  }

  /** What a closed and drained ring gives. */
  #end(): typeof CLOSED {
    const reason = this.core.readU32(this.ptr + RING_CLOSED);
    if (reason > CLOSED_PLAIN) throw peekValue(reason);
    return CLOSED;
  }

  close(reason: unknown): void {
    const c = this.core;
    const message = reason === undefined ? CLOSED_PLAIN : writeValue(reason);
    const code = c.fn.ringClose(this.ptr, message, c.agent);
    if (code === RING_OK_SELF) agent().drain();
    if (code !== RING_IS_CLOSED) return;
    if (message !== CLOSED_PLAIN) discardMessage(message);
    throw new ChannelClosedError("close of closed channel");
  }

  receiveCase(): ReceiveCase<T> {
    return new RingReceive(this);
  }

  sendCase(value: T): SendCase {
    return new RingSend(this, value);
  }
}

/** The type of the elements of the ring at `ptr`. */
function typeOf(ptr: number): ElementType<unknown> {
  return elementType(peekText(core().readU32(ptr + OBJECT_ELEMENT)));
}

/** A party that waits at a ring. */
abstract class RingParty<T> {
  index = 0;
  readonly isShared = true;
  readonly isTimed = false;
  readonly deadline = Infinity;
  protected readonly ring: SharedRing<T>;
  #wait: Wait | undefined = undefined;

  constructor(ring: SharedRing<T>) {
    this.ring = ring;
    ring.core.fn.ringPin(ring.ptr);
  }

  get rank(): number {
    return this.ring.ptr;
  }

  /** Address of the queue that it waits in. */
  protected abstract readonly queue: number;

  abstract poll(): boolean;

  enter(wait: Wait): void {
    this.#wait = wait;
    wait.enterShared(this.index, this.queue, 0);
  }

  leave(wasClaimed: boolean): void {
    // Whoever fired it has taken it out.
    if (!wasClaimed) this.#wait!.leaveShared(this.index, this.queue);
  }

  complete(): boolean {
    return this.poll();
  }

  dispose(_hadEffect: boolean): void {
    SharedRing.unpin(this.ring.ptr);
  }
}

class RingReceive<T> extends RingParty<T> implements ReceiveCase<T> {
  protected readonly queue = this.ring.ptr + RING_RECEIVERS;
  #value: T | typeof CLOSED = CLOSED;

  poll(): boolean {
    const value = this.ring.poll();
    if (value === EMPTY) return false;
    this.#value = value;
    return true;
  }

  isReady(): boolean {
    return this.ring.core.fn.ringCanReceive(this.ring.ptr) !== 0;
  }

  outcome(): T | typeof CLOSED {
    return this.#value;
  }
}

class RingSend<T> extends RingParty<T> implements SendCase {
  protected readonly queue = this.ring.ptr + RING_SENDERS;
  readonly #value: T;
  /** The value written down, once: not anew at each try. A wide one has bytes of its own, since the scratch serves all. */
  readonly #payload: number;
  readonly #bytes: number;

  constructor(ring: SharedRing<T>, value: T) {
    // First what may throw: the pin that comes after it is undone by dispose alone.
    const { core: c, type } = ring;
    const bytes = type.wideBytes === 0 ? 0 : c.allocate(type.wideBytes, "a waiting element");
    c.bytes(bytes + type.wideBytes);
    let payload;
    try {
      payload = type.encode(value, bytes);
    } catch (error) {
      c.fn.free(bytes);
      throw error;
    }
    super(ring);
    this.#value = value;
    this.#payload = payload;
    this.#bytes = bytes;
  }

  poll(): boolean {
    const code = this.ring.push(this.#payload, this.#bytes);
    if (code === RING_WOULD_BLOCK) return false;
    if (code === RING_IS_CLOSED) {
      throw new ChannelClosedError("send on closed channel", this.#value);
    }
    if (code === RING_OK_SELF) agent().drain();
    return true;
  }

  isReady(): boolean {
    return this.ring.core.fn.ringCanSend(this.ring.ptr) !== 0;
  }

  outcome(): void {}

  override dispose(hadEffect: boolean): void {
    if (!hadEffect) this.ring.type.discard(this.#payload, this.#bytes);
    this.ring.core.fn.free(this.#bytes);
    super.dispose(hadEffect);
  }
}
