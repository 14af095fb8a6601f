/**
 * Batches over a ring: values cross into shared memory side by side and move in one call of the core.
 *
 * @module
 */
import { ChannelClosedError } from "../../errors.ts";
import { RING_IS_CLOSED, SELF_FIRED } from "../../memory/layout.ts";
import { agent } from "../../park/agent.ts";
import type { CLOSED, EMPTY, SendCase } from "../../select/case.ts";
import type { Batch, Incoming, Outgoing } from "./flavor.ts";
import { allocateElement, type SharedFlavor } from "./shared.ts";

/** Bytes of a narrow element in a batch. */
const NARROW_BYTES = 4;
/** Bytes that are received in one go, or one element if that is larger. */
const CHUNK_BYTES = 8192;

/** A view of memory whose elements are, bit for bit, those of a batch. */
type PlainView =
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** How elements of a numeric type stand in a batch: as in `view`; a narrower `own` array is widened and narrowed as it is copied. */
interface Plain {
  readonly own: { new (length: number): ArrayBufferView };
  readonly view: { new (buffer: ArrayBufferLike, byteOffset: number, length: number): PlainView };
}

const plains: Readonly<Record<string, Plain>> = {
  i8: { own: Int8Array, view: Int32Array },
  u8: { own: Uint8Array, view: Uint32Array },
  i16: { own: Int16Array, view: Int32Array },
  u16: { own: Uint16Array, view: Uint32Array },
  i32: { own: Int32Array, view: Int32Array },
  u32: { own: Uint32Array, view: Uint32Array },
  f32: { own: Float32Array, view: Float32Array },
  f64: { own: Float64Array, view: Float64Array },
  i64: { own: BigInt64Array, view: BigInt64Array },
  u64: { own: BigUint64Array, view: BigUint64Array },
};

/** How `values` can be copied as they are into, or out of, batches of the type called `name`; `undefined`: they cannot. */
function plainOf(name: string, values: unknown): Plain | undefined {
  const plain = plains[name];
  return plain !== undefined && values instanceof plain.own ? plain : undefined;
}

/** What both directions need of a ring. */
abstract class RingBatch<T, F extends SharedFlavor<T>> {
  protected readonly ring: F;
  protected readonly elementBytes: number;

  constructor(ring: F) {
    this.ring = ring;
    this.elementBytes = ring.type.wideBytes || NARROW_BYTES;
  }

  /** The `count` elements of a batch at `ptr`. */
  protected viewOf({ view }: Plain, ptr: number, count: number): PlainView {
    const { buffer } = this.ring.core.bytes(ptr + count * this.elementBytes);
    return new view(buffer, ptr, count);
  }

  /** The slot's 32 bits of the element at `ptr`. */
  protected payloadAt(ptr: number): number {
    return this.ring.type.wideBytes > 0 ? 0 : this.ring.core.readU32(ptr);
  }
}

/** A batch on its way into a ring: written down once, in a block of its own. */
export class RingOutgoing<T> extends RingBatch<T, SharedFlavor<T>> implements Outgoing {
  /** `undefined` when they have been copied as they are. */
  readonly #values: readonly T[] | undefined;
  readonly #count: number;
  readonly #ptr: number;
  #sent = 0;

  /**
   * @param ring Where it goes; pinned until {@linkcode dispose}.
   * @param values What goes there.
   * @throws {TypeError | RangeError} if one is not of the ring's type
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  constructor(ring: SharedFlavor<T>, values: ArrayLike<T>) {
    super(ring);
    // First: reading the values may run the caller's code, and that dispose of the channel.
    ring.pin();
    try {
      const plain = plainOf(ring.type.name, values);
      // Its owner may use the array again before all of it is sent.
      this.#values = plain === undefined ? Array.from(values) : undefined;
      this.#count = values.length;
      const byteLength = this.#count * this.elementBytes;
      this.#ptr = ring.core.allocate(Math.max(byteLength, 8), `a batch of ${this.#count}`);
      ring.core.bytes(this.#ptr + byteLength);
      if (this.#values !== undefined) this.#write(this.#values);
      // Each array goes into the view of its own kind: numbers into numbers, bigints into bigints.
      else this.viewOf(plain!, this.#ptr, this.#count).set(values as ArrayLike<never>);
    } catch (error) {
      ring.unpin();
      throw error;
    }
  }

  #write(values: readonly T[]): void {
    const { core: c, type } = this.ring;
    let written = 0;
    try {
      for (; written < this.#count; written++) {
        const at = this.#at(written);
        const payload = type.encode(values[written]!, at);
        if (type.wideBytes === 0) c.writeU32(at, payload);
      }
    } catch (error) {
      this.#discard(written);
      throw error;
    }
  }

  #at(index: number): number {
    return this.#ptr + index * this.elementBytes;
  }

  get isDone(): boolean {
    return this.#sent === this.#count;
  }

  offer(): void {
    if (this.isDone) return;
    const { core: c, ptr } = this.ring;
    const left = this.#count - this.#sent;
    const result = c.fn.ringSendMany(ptr, this.#at(this.#sent), left, c.agent);
    if (result === -RING_IS_CLOSED) {
      throw new ChannelClosedError("send on closed channel", this.#next);
    }
    if (result > 0) this.#sent += result >= SELF_FIRED ? result - SELF_FIRED : result;
    if (result >= SELF_FIRED) agent().drain();
  }

  /** The first value that has not been sent. */
  get #next(): T {
    const { type } = this.ring;
    if (this.#values !== undefined) return this.#values[this.#sent]!;
    const at = this.#at(this.#sent);
    return type.decode(this.payloadAt(at), at);
  }

  nextCase(): SendCase {
    const { core: c, type } = this.ring;
    const bytes = allocateElement(c, type);
    const at = this.#at(this.#sent);
    c.bytes(bytes + type.wideBytes).copyWithin(bytes, at, at + type.wideBytes);
    const value = this.#next;
    this.#sent++;
    // What the case holds is the case's: to be discarded by it, if it comes to that.
    return this.ring.sendCaseOf(value, { payload: this.payloadAt(at), bytes });
  }

  dispose(): void {
    this.#discard(this.#count);
    this.ring.unpin();
  }

  /** Frees the block, and what belongs to those before `end` that were not sent. */
  #discard(end: number): void {
    for (let index = this.#sent; index < end; index++) {
      const at = this.#at(index);
      this.ring.type.discard(this.payloadAt(at), at);
    }
    this.ring.core.fn.free(this.#ptr);
  }
}

/** A batch on its way out of a ring. */
export class RingIncoming<T> extends RingBatch<T, SharedFlavor<T>> implements Incoming<T> {
  readonly #into: Batch<T>;
  /** Elements that are received in one go. */
  readonly #chunk: number;
  readonly #limit: number;
  count = 0;

  /**
   * @param ring Where it comes from; pinned until {@linkcode dispose}.
   * @param into Where it goes; it holds values of the ring's type.
   * @param limit How many at most.
   */
  constructor(ring: SharedFlavor<T>, into: Batch<T>, limit: number) {
    super(ring);
    this.#into = into;
    this.#chunk = Math.max(1, Math.floor(CHUNK_BYTES / this.elementBytes));
    // More than fits in was never there at a time; and threads that fill the ring as fast as it is emptied would keep this going for ever.
    this.#limit = Math.min(limit, Math.max(ring.capacity, this.#chunk));
    ring.pin();
  }

  poll(): typeof EMPTY | typeof CLOSED | undefined {
    const { core: c, ptr } = this.ring;
    while (this.count < this.#limit) {
      const wanted = Math.min(this.#chunk, this.#limit - this.count);
      c.reserveScratch(wanted * this.elementBytes);
      const { scratch } = c;
      const result = c.fn.ringReceiveMany(ptr, scratch, wanted, c.agent);
      if (result < 0) return this.count === 0 ? this.ring.nothing(result) : undefined;
      const received = result >= SELF_FIRED ? result - SELF_FIRED : result;
      try {
        this.#takeOver(scratch, received);
      } finally {
        if (result >= SELF_FIRED) agent().drain();
      }
      if (received < wanted) break;
    }
    return undefined;
  }

  /** Decodes `received` elements that stand at `ptr`. */
  #takeOver(ptr: number, received: number): void {
    const { type } = this.ring;
    const plain = plainOf(type.name, this.#into);
    if (plain !== undefined) {
      const into = this.#into as unknown as { set(values: PlainView, offset: number): void };
      into.set(this.viewOf(plain, ptr, received), this.count);
      this.count += received;
      return;
    }
    for (let i = 0; i < received; i++) {
      const at = ptr + i * this.elementBytes;
      this.add(type.decode(this.payloadAt(at), at));
    }
  }

  add(value: T): void {
    this.#into[this.count++] = value;
  }

  dispose(): void {
    this.ring.unpin();
  }
}
