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
import { core, exhausted } from "../../memory/core.ts";
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
import { SharedFlavor, SharedParty, writeElement, type Written } from "./shared.ts";

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
