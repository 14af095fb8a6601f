/**
 * Typed channels: a ring in shared memory, usable from every thread at once.
 *
 * A party that finds it empty (or full) enters its wait queue and is woken when something has come (or gone); then it tries
 * again, and may find that somebody was faster. It goes back to the front then, and is served before the others (`hungry.ts` in
 * the core), so that nobody starves. Values are not handed to every waiter directly: one in flight to a thread that dies goes with it.
 *
 * @module
 */
import { core } from "../../memory/core.ts";
import type { ElementType } from "../../memory/element.ts";
import { KIND_CHANNEL } from "../../memory/handle.ts";
import {
  NODE_MET,
  NODE_PAYLOAD,
  NODE_WAS_MET,
  RING_HEAD,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_SLOTS,
  RING_STRIDE,
  RING_TAIL,
  SLOT_EMPTY,
  SLOT_FULL,
  SLOT_STATE_MASK,
} from "../../memory/layout.ts";
import type { ReceiveCase, SendCase, Wait } from "../../select/case.ts";
import type { Batch, Incoming, Outgoing } from "./flavor.ts";
import { RingIncoming, RingOutgoing } from "./ring_batch.ts";
import {
  allocateElement,
  SharedFlavor,
  SharedReceive,
  SharedSend,
  type Written,
} from "./shared.ts";

/** The largest capacity of a typed channel: what fits into 2 GiB. */
export const MAX_CAPACITY = 2 ** 27 - 4096;

/** More than so many values between two waits are a stream, and no exchange of question and answer. */
const FEW = 2;

/**
 * Rounds, of about a nanosecond, that a thread leaves a ring alone before it tries again: for an answer; and for a stream, 2 µs, or as
 * long as it takes to move about half of what the ring holds. Measured, thread to thread, capacity 1024, median of ns a value: no
 * pause 31, always 0.5 µs 27, 2 µs 20, 4 µs 18, 8 µs 17; but batches of 1024, which take 4 µs to fill, suffer from more than 2 µs, and
 * a question and its answer, 0.6 µs with short pauses, take 2 µs with pauses of 1 µs.
 */
const SHORT_PAUSE = 300;
const LONG_PAUSE = 2000;
const ROUNDS_PER_VALUE = 8;

/**
 * After how many blocking operations, a power of two, a thread looks how close it is behind the other side, in rings of at least so many
 * slots; and how often in a row, as a power of two, one that has given way in vain leaves out the next occasions.
 */
const LOOK_EVERY = 16;
const LEAST_SPACIOUS = 64;
const MAX_VAIN = 8;

/** The flavor of typed channels with a buffer. */
export class SharedRing<T> extends SharedFlavor<T> {
  // For the fast paths: fields of its own instead of fields of others.
  readonly #fn = this.core.fn;
  readonly #agent = this.core.agent;
  readonly #isWide = this.type.wideBytes > 0;
  /** Where the ring stood when this thread last found it empty, and full: hints of the core. */
  #head = 0;
  #tail = 0;
  readonly #isSpacious = this.capacity >= LEAST_SPACIOUS && this.core.spins > 0;
  #operations = 0;
  /** How often in a row it gave way and nobody came; and how many occasions it leaves out for that. */
  #vain = 0;
  #leftOut = 0;

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
    const { ptr } = this;
    return this.#isWide
      ? this.#fn.ringSendWide(ptr, from, this.#agent)
      : this.#fn.ringSend(ptr, payload, this.#agent);
  }

  pull(into: number): number {
    const { ptr } = this;
    return this.#isWide
      ? this.#fn.ringReceiveWide(ptr, into, this.#agent)
      : this.#fn.ringReceive(ptr, this.#agent);
  }

  /** How long a thread that found it empty leaves it alone; see {@linkcode Case.pauseBeforeWait}. */
  pauseBeforeReceive(): number {
    const before = this.#head;
    this.#head = this.core.readU32(this.ptr + RING_HEAD);
    return this.#pause(before, this.#head);
  }

  /** The same for one that found it full. */
  pauseBeforeSend(): number {
    const before = this.#tail;
    this.#tail = this.core.readU32(this.ptr + RING_TAIL);
    return this.#pause(before, this.#tail);
  }

  /** Where the ring has moved on by a few places since the last time, values stream: then it pays to let some gather. */
  #pause(before: number, now: number): number {
    const moved = now >= before ? now - before : now - before + this.capacity;
    return moved > FEW ? Math.min(LONG_PAUSE, this.capacity * ROUNDS_PER_VALUE) : SHORT_PAUSE;
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

  protected pace(isSend: boolean): void {
    if ((++this.#operations & (LOOK_EVERY - 1)) === 0 && this.#isSpacious) this.#giveWay(isSend);
  }

  /**
   * Leaves the ring alone for a moment if the other side is less than a quarter of it ahead, and values stream. Two threads that are
   * close to each other fight for the lines of the slots, and well before they are in the same one: the processor of each fetches ahead
   * what the other is about to write.
   */
  #giveWay(isSend: boolean): void {
    const { core, ptr, capacity } = this;
    if (this.#leftOut > 0) {
      this.#leftOut--;
      return;
    }
    // Hints, all of them: whatever their age, nothing depends on them but a pause.
    const at = core.readU32(ptr + (isSend ? RING_TAIL : RING_HEAD));
    const ahead = (at + (capacity >>> 2)) % capacity;
    const stamp = core.readU32(ptr + RING_SLOTS + ahead * core.readU32(ptr + RING_STRIDE) + 4);
    if ((stamp & SLOT_STATE_MASK) === (isSend ? SLOT_EMPTY : SLOT_FULL)) return;
    const pause = isSend ? this.pauseBeforeSend() : this.pauseBeforeReceive();
    if (pause === SHORT_PAUSE) return;
    const other = ptr + (isSend ? RING_HEAD : RING_TAIL);
    const before = core.readU32(other);
    this.#fn.agentSpin(this.#agent, pause);
    // Did anybody come? If not, this thread is alone at the ring, or values come now and then.
    this.#vain = core.readU32(other) === before ? Math.min(this.#vain + 1, MAX_VAIN) : 0;
    this.#leftOut = this.#vain === 0 ? 0 : 1 << this.#vain;
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

// A party that was woken in vain is *hungry*: it goes back to the front of its queue, and its operation is done in its place by
// whoever comes next. It never leaves the queue to try for itself, but looks again by serving from where it stands. See `hungry.ts`.

class RingReceive<T> extends SharedReceive<T, SharedRing<T>> implements ReceiveCase<T> {
  #isHungry = false;
  /** Where the bytes of a wide element go, once it is hungry. */
  #bytes = 0;

  get #queue(): number {
    return this.flavor.ptr + RING_RECEIVERS;
  }

  pauseBeforeWait(): number {
    return this.flavor.pauseBeforeReceive();
  }

  enter(wait: Wait): boolean {
    this.wait = wait;
    if (this.#isHungry) wait.enterFirst(this.index, this.#queue, 0, this.#bytes);
    else wait.enterShared(this.index, this.#queue, 0);
    return true;
  }

  leave(wasClaimed: boolean): void {
    // Whoever fired it has taken it out.
    if (!wasClaimed) this.wait?.leaveShared(this.index, this.#queue);
  }

  isReady(): boolean {
    const { ptr, core: { fn } } = this.flavor;
    return (this.#isHungry ? fn.ringServe(ptr, 0) : fn.ringCanReceive(ptr)) !== 0;
  }

  complete(): boolean {
    const { core: c, type } = this.flavor;
    if (this.#isHungry) {
      const node = this.wait!.nodeOf(this.index);
      if (c.readU32(node + NODE_MET) === NODE_WAS_MET) {
        this.value = type.decode(c.readU32(node + NODE_PAYLOAD), this.#bytes);
        return true;
      }
    }
    if (this.poll()) return true;
    if (!this.#isHungry) this.#bytes = allocateElement(c, type);
    this.#isHungry = true;
    return false;
  }

  override dispose(hadEffect: boolean): void {
    this.flavor.core.fn.free(this.#bytes);
    super.dispose(hadEffect);
  }
}

class RingSend<T> extends SharedSend<T, SharedRing<T>> implements SendCase {
  #isHungry = false;

  get #queue(): number {
    return this.flavor.ptr + RING_SENDERS;
  }

  pauseBeforeWait(): number {
    return this.flavor.pauseBeforeSend();
  }

  enter(wait: Wait): boolean {
    this.wait = wait;
    const { payload, bytes } = this.written;
    if (this.#isHungry) wait.enterFirst(this.index, this.#queue, payload, bytes);
    else wait.enterShared(this.index, this.#queue, 0);
    return true;
  }

  leave(wasClaimed: boolean): void {
    // Whoever fired it has taken it out.
    if (!wasClaimed) this.wait?.leaveShared(this.index, this.#queue);
  }

  isReady(): boolean {
    const { ptr, core: { fn } } = this.flavor;
    return (this.#isHungry ? fn.ringServe(ptr, 1) : fn.ringCanSend(ptr)) !== 0;
  }

  complete(): boolean {
    if (this.#isHungry) {
      const node = this.wait!.nodeOf(this.index);
      if (this.flavor.core.readU32(node + NODE_MET) === NODE_WAS_MET) return true;
    }
    if (this.poll()) return true;
    this.#isHungry = true;
    return false;
  }
}
