/**
 * Typed channels of capacity 0: a rendezvous between threads.
 *
 * A send completes only with its receive. Whoever comes second finds the other in its queue, claims it, and hands the value
 * over (or takes it); both sides may stand in a select. See `wasm/assembly/rendezvous.ts`.
 *
 * @module
 */
import { core } from "../../memory/core.ts";
import type { ElementType } from "../../memory/element.ts";
import { KIND_CHANNEL } from "../../memory/handle.ts";
import { NODE_PAYLOAD, QUEUE_COUNT, RING_RECEIVERS, RING_SENDERS } from "../../memory/layout.ts";
import type { ReceiveCase, SendCase, Wait } from "../../select/case.ts";
import {
  type Batch,
  type Incoming,
  type Outgoing,
  ReceiveOneByOne,
  SendOneByOne,
} from "./flavor.ts";
import {
  allocateElement,
  SharedFlavor,
  SharedReceive,
  SharedSend,
  type Written,
} from "./shared.ts";

/** Senders that a batch meets at most beyond those who waited at its beginning. */
const MANY = 1024;

/** The flavor of typed channels without a buffer. */
export class SharedRendezvous<T> extends SharedFlavor<T> {
  readonly size = 0;

  /**
   * Makes a rendezvous, with one reference that belongs to the caller.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  static create<T>(type: ElementType<T>): SharedRendezvous<T> {
    const ptr = SharedFlavor.allocate(
      type,
      (name) => core().fn.rendezvousNew(type.wideBytes, KIND_CHANNEL, name),
    );
    return new SharedRendezvous(ptr, type);
  }

  push(payload: number, from: number): number {
    return this.core.fn.rendezvousSend(this.ptr, payload, from, this.core.agent);
  }

  pull(into: number): number {
    return this.core.fn.rendezvousReceive(this.ptr, into, this.core.agent);
  }

  protected closeWith(reason: number): number {
    return this.core.fn.rendezvousClose(this.ptr, reason, this.core.agent);
  }

  protected pace(): void {
    // There are no places to be close to.
  }

  protected drop(): void {
    // No value is ever in it.
  }

  receiveCase(): ReceiveCase<T> {
    return new RendezvousReceive(this, allocateElement(this.core, this.type));
  }

  sendCaseOf(value: T, written: Written): SendCase {
    return new RendezvousSend(this, value, written);
  }

  outgoing(values: ArrayLike<T>): Outgoing {
    // First: reading the values may run the caller's code, and that dispose of the channel.
    this.pin();
    try {
      for (let i = 0; i < values.length; i++) this.check(values[i]!);
      return new RendezvousOutgoing(this, values);
    } catch (error) {
      this.unpin();
      throw error;
    }
  }

  protected incomingTo(into: Batch<T>, limit: number): Incoming<T> {
    // Senders that come as fast as they are met would keep it going for ever.
    const waiting = this.core.loadU32(this.ptr + RING_SENDERS + QUEUE_COUNT);
    return new RendezvousIncoming(this, into, Math.min(limit, Math.max(waiting, MANY)));
  }
}

/** A batch on its way through a rendezvous, which the caller has pinned for it. */
class RendezvousOutgoing<T> extends SendOneByOne<T> {
  readonly #flavor: SharedRendezvous<T>;

  constructor(flavor: SharedRendezvous<T>, values: ArrayLike<T>) {
    super(flavor, values);
    this.#flavor = flavor;
  }

  override dispose(): void {
    this.#flavor.unpin();
  }
}

/** Likewise, the other way. */
class RendezvousIncoming<T> extends ReceiveOneByOne<T> {
  readonly #flavor: SharedRendezvous<T>;

  constructor(flavor: SharedRendezvous<T>, into: Batch<T>, limit: number) {
    super(flavor, into, limit);
    this.#flavor = flavor;
    flavor.pin();
  }

  override dispose(): void {
    this.#flavor.unpin();
  }
}

/** The place of a party in a rendezvous' queues. */
class Place {
  /** Address of its node, once it has entered. */
  node = 0;
  #waits = false;
  readonly #flavor: SharedRendezvous<never>;
  readonly #isSender: boolean;

  constructor(flavor: SharedRendezvous<never>, isSender: boolean) {
    this.#flavor = flavor;
    this.#isSender = isSender;
  }

  /** Enters unless there is somebody to meet; reports whether it has. */
  enter(wait: Wait, index: number, { payload, bytes }: Written): boolean {
    const { ptr, core: { fn } } = this.#flavor;
    const isSender = this.#isSender;
    this.node = wait.nodeOf(index);
    // A select that both sends and receives here does not meet itself.
    const own = wait.countIn(ptr + (isSender ? RING_RECEIVERS : RING_SENDERS));
    const waits = fn.rendezvousEnter(ptr, isSender ? 1 : 0, this.node, index, own, payload, bytes);
    this.#waits = waits !== 0;
    if (this.#waits) wait.entered(ptr + (isSender ? RING_SENDERS : RING_RECEIVERS));
    return this.#waits;
  }

  /** Leaves, if it is in. */
  leave(wasClaimed: boolean): void {
    if (!this.#waits) return;
    this.#waits = false;
    if (wasClaimed) return;
    const { ptr, core: { fn } } = this.#flavor;
    fn.rendezvousLeave(ptr, this.#isSender ? 1 : 0, this.node);
  }

  /** Reports whether the other side has met it, and not a close fired it. */
  get wasMet(): boolean {
    return this.#flavor.core.fn.rendezvousWasMet(this.node) !== 0;
  }
}

class RendezvousReceive<T> extends SharedReceive<T, SharedRendezvous<T>> implements ReceiveCase<T> {
  readonly #place: Place;
  /** Where the bytes of a wide element go. */
  readonly #bytes: number;

  constructor(flavor: SharedRendezvous<T>, bytes: number) {
    super(flavor);
    this.#place = new Place(flavor as SharedRendezvous<never>, false);
    this.#bytes = bytes;
  }

  enter(wait: Wait): boolean {
    return this.#place.enter(wait, this.index, { payload: 0, bytes: this.#bytes });
  }

  leave(wasClaimed: boolean): void {
    this.#place.leave(wasClaimed);
  }

  isReady(): boolean {
    // Entering has looked: of two that could meet, the second did not enter.
    return false;
  }

  complete(): boolean {
    if (!this.#place.wasMet) return this.poll();
    const { core: c, type } = this.flavor;
    this.value = type.decode(c.readU32(this.#place.node + NODE_PAYLOAD), this.#bytes);
    return true;
  }

  override dispose(hadEffect: boolean): void {
    this.flavor.core.fn.free(this.#bytes);
    super.dispose(hadEffect);
  }
}

class RendezvousSend<T> extends SharedSend<T, SharedRendezvous<T>> implements SendCase {
  readonly #place: Place;

  constructor(flavor: SharedRendezvous<T>, value: T, written: Written) {
    super(flavor, value, written);
    this.#place = new Place(flavor as SharedRendezvous<never>, true);
  }

  enter(wait: Wait): boolean {
    return this.#place.enter(wait, this.index, this.written);
  }

  leave(wasClaimed: boolean): void {
    this.#place.leave(wasClaimed);
  }

  isReady(): boolean {
    // As in RendezvousReceive.
    return false;
  }

  complete(): boolean {
    return this.#place.wasMet || this.poll();
  }
}
