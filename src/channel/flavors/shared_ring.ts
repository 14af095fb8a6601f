/**
 * Typed channels: a ring in shared memory, usable from every thread at once.
 *
 * A party that finds it empty (or full) enters its wait queue and is woken when something has come (or gone); then it tries
 * again, and may find that somebody was faster. Values are never handed to a waiter directly: a value in flight to a
 * thread that dies, or to a wait that is aborted, would have to come back, and in order.
 *
 * @module
 */
import { core } from "../../memory/core.ts";
import type { ElementType } from "../../memory/element.ts";
import { KIND_CHANNEL } from "../../memory/handle.ts";
import { RING_RECEIVERS, RING_SENDERS } from "../../memory/layout.ts";
import type { ReceiveCase, SendCase, Wait } from "../../select/case.ts";
import type { Batch, Incoming, Outgoing } from "./flavor.ts";
import { RingIncoming, RingOutgoing } from "./ring_batch.ts";
import { SharedFlavor, SharedReceive, SharedSend, type Written } from "./shared.ts";

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
    const ptr = SharedFlavor.allocate(
      type,
      (name) => core().fn.ringNew(capacity, type.wideBytes, KIND_CHANNEL, name),
    );
    return new SharedRing(ptr, type);
  }

  get size(): number {
    return this.core.fn.ringSize(this.ptr);
  }

  push(payload: number, from: number): number {
    const { fn, agent } = this.core;
    return this.type.wideBytes > 0
      ? fn.ringSendWide(this.ptr, from, agent)
      : fn.ringSend(this.ptr, payload, agent);
  }

  pull(into: number): number {
    const { fn, agent } = this.core;
    return this.type.wideBytes > 0
      ? fn.ringReceiveWide(this.ptr, into, agent)
      : fn.ringReceive(this.ptr, agent);
  }

  protected closeWith(reason: number): number {
    return this.core.fn.ringClose(this.ptr, reason, this.core.agent);
  }

  protected drop(): void {
    for (;;) {
      const { scratch } = this.core;
      const payload = this.pull(scratch);
      if (payload < 0) break;
      this.type.discard(payload, scratch);
    }
  }

  receiveCase(): ReceiveCase<T> {
    return new RingReceive(this);
  }

  sendCaseOf(value: T, written: Written): SendCase {
    return new RingSend(this, value, written);
  }

  outgoing(values: ArrayLike<T>): Outgoing {
    return new RingOutgoing(this, values);
  }

  protected incomingTo(into: Batch<T>, limit: number): Incoming<T> {
    return new RingIncoming(this, into, limit);
  }
}

class RingReceive<T> extends SharedReceive<T, SharedRing<T>> implements ReceiveCase<T> {
  enter(wait: Wait): boolean {
    this.wait = wait;
    wait.enterShared(this.index, this.flavor.ptr + RING_RECEIVERS, 0);
    return true;
  }

  leave(wasClaimed: boolean): void {
    // Whoever fired it has taken it out.
    if (!wasClaimed) this.wait?.leaveShared(this.index, this.flavor.ptr + RING_RECEIVERS);
  }

  isReady(): boolean {
    return this.flavor.core.fn.ringCanReceive(this.flavor.ptr) !== 0;
  }

  complete(): boolean {
    return this.poll();
  }
}

class RingSend<T> extends SharedSend<T, SharedRing<T>> implements SendCase {
  enter(wait: Wait): boolean {
    this.wait = wait;
    wait.enterShared(this.index, this.flavor.ptr + RING_SENDERS, 0);
    return true;
  }

  leave(wasClaimed: boolean): void {
    // Whoever fired it has taken it out.
    if (!wasClaimed) this.wait?.leaveShared(this.index, this.flavor.ptr + RING_SENDERS);
  }

  isReady(): boolean {
    return this.flavor.core.fn.ringCanSend(this.flavor.ptr) !== 0;
  }

  complete(): boolean {
    return this.poll();
  }
}
