/**
 * Typed channels of capacity 0: a rendezvous between threads.
 *
 * A send completes only with its receive. Whoever comes second finds the other in its queue, claims it, and hands the value
 * over (or takes it); both sides may stand in a select. See `wasm/assembly/rendezvous.ts`.
 *
 * @module
 */
import { ChannelClosedError } from "../../errors.ts";
import { core, exhausted } from "../../memory/core.ts";
import type { ElementType } from "../../memory/element.ts";
import { KIND_CHANNEL } from "../../memory/handle.ts";
import {
  NODE_PAYLOAD,
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
import { type Batch, OneByOne, type Outgoing, pollEach } from "./flavor.ts";
import {
  allocateElement,
  checkAll,
  SharedFlavor,
  SharedParty,
  writeElement,
  type Written,
} from "./shared.ts";

/** The flavor of typed channels without a buffer. */
export class SharedRendezvous<T> extends SharedFlavor<T> {
  readonly size = 0;

  /**
   * Makes a rendezvous, with one reference that belongs to the caller.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  static create<T>(type: ElementType<T>): SharedRendezvous<T> {
    const { fn } = core();
    const name = writeText(type.name);
    const ptr = fn.rendezvousNew(type.wideBytes, KIND_CHANNEL, name) >>> 0;
    if (ptr !== 0) return new SharedRendezvous(ptr, type);
    fn.free(name);
    throw exhausted(`a channel of ${type.name}`);
  }

  offer(value: T): boolean {
    const { scratch } = this.core;
    const payload = this.type.encode(value, scratch);
    const code = this.push(payload, scratch);
    if (code === RING_OK) return true;
    return this.afterOffer(code, payload, value);
  }

  /** Hands over what {@linkcode ElementType.encode} gave; returns a `RING_…` code. */
  push(payload: number, from: number): number {
    return this.core.fn.rendezvousSend(this.ptr, payload, from, this.core.agent);
  }

  poll(): T | typeof EMPTY | typeof CLOSED {
    const c = this.core;
    const result = c.fn.rendezvousReceive(this.ptr, c.scratch, c.agent);
    if (result >= 0 && result < SELF_FIRED) return this.type.decode(result, c.scratch);
    return this.afterPoll(result);
  }

  outgoing(values: ArrayLike<T>): Outgoing {
    checkAll(this, values);
    return new OneByOne(this, values);
  }

  pollMany(into: Batch<T>, start: number): number | typeof EMPTY | typeof CLOSED {
    return pollEach(this, into, start);
  }

  protected closeWith(reason: number): number {
    return this.core.fn.rendezvousClose(this.ptr, reason, this.core.agent);
  }

  protected drop(): void {
    // No value is ever in it.
  }

  receiveCase(): ReceiveCase<T> {
    return new RendezvousReceive(this, allocateElement(this.core, this.type));
  }

  sendCase(value: T): SendCase {
    return new RendezvousSend(this, value, writeElement(this.core, this.type, value));
  }
}

/** A party that waits at a rendezvous. */
abstract class RendezvousParty<T> extends SharedParty<T, SharedRendezvous<T>> {
  /** Address of its node, once it has entered. */
  protected node = 0;
  #waits = false;

  protected abstract readonly isSender: boolean;
  /** What its node shows the other side. */
  protected abstract readonly written: Written;

  abstract poll(): boolean;

  enter(wait: Wait): boolean {
    this.wait = wait;
    this.node = wait.nodeOf(this.index);
    const { ptr, core: { fn } } = this.flavor;
    const others = ptr + (this.isSender ? RING_RECEIVERS : RING_SENDERS);
    this.#waits = fn.rendezvousEnter(
      ptr,
      this.isSender ? 1 : 0,
      this.node,
      this.index,
      wait.countIn(others),
      this.written.payload,
      this.written.bytes,
    ) !== 0;
    if (this.#waits) wait.entered(ptr + (this.isSender ? RING_SENDERS : RING_RECEIVERS));
    return this.#waits;
  }

  isReady(): boolean {
    // Entering has looked: of two that could meet, the second did not enter.
    return false;
  }

  leave(wasClaimed: boolean): void {
    if (!this.#waits) return;
    this.#waits = false;
    if (!wasClaimed) {
      this.flavor.core.fn.rendezvousLeave(this.flavor.ptr, this.isSender ? 1 : 0, this.node);
    }
  }

  /** Reports whether the other side has met it, and not a close fired it. */
  protected get wasMet(): boolean {
    return this.flavor.core.fn.rendezvousWasMet(this.node) !== 0;
  }

  abstract complete(): boolean;

  override dispose(hadEffect: boolean): void {
    this.flavor.core.fn.free(this.written.bytes);
    super.dispose(hadEffect);
  }
}

class RendezvousReceive<T> extends RendezvousParty<T> implements ReceiveCase<T> {
  protected readonly isSender = false;
  protected readonly written: Written;
  #value: T | typeof CLOSED = CLOSED;

  constructor(flavor: SharedRendezvous<T>, bytes: number) {
    super(flavor);
    this.written = { payload: 0, bytes };
  }

  poll(): boolean {
    const value = this.flavor.poll();
    if (value === EMPTY) return false;
    this.#value = value;
    return true;
  }

  complete(): boolean {
    if (!this.wasMet) return this.poll();
    const { core: c, type } = this.flavor;
    this.#value = type.decode(c.readU32(this.node + NODE_PAYLOAD), this.written.bytes);
    return true;
  }

  outcome(): T | typeof CLOSED {
    return this.#value;
  }
}

class RendezvousSend<T> extends RendezvousParty<T> implements SendCase {
  protected readonly isSender = true;
  protected readonly written: Written;
  readonly #value: T;

  constructor(flavor: SharedRendezvous<T>, value: T, written: Written) {
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

  complete(): boolean {
    return this.wasMet || this.poll();
  }

  outcome(): void {}

  override dispose(hadEffect: boolean): void {
    if (!hadEffect) this.flavor.type.discard(this.written.payload, this.written.bytes);
    super.dispose(hadEffect);
  }
}
