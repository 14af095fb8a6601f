/**
 * Regions: the memory of shared arrays, as a thread holds it.
 *
 * A region is a shared object with the elements behind its header. On each thread it has one SharedArrayBuffer object of its
 * own: another name for the whole memory. Every view that is ever made of it, by whatever way, keeps that object alive; when the last
 * one of the thread is collected it goes, its {@linkcode Region} with it, and with that the thread's reference. Messages that
 * carry a view hold a reference, too (law 12).
 *
 * Rejected: watching the typed array. A view made from it (`subarray`, or a constructor given its buffer) would outlive
 * the memory. Rejected: a subclass of the typed arrays, or a method of one's own on each: it would be no plain typed array.
 *
 * @module
 */
import { core } from "./core.ts";
import {
  dropObject,
  holdObject,
  KIND_SHARED_ARRAY,
  registerKind,
  type Shareable,
  shared,
} from "./handle.ts";
import { ARRAY_BYTES, ARRAY_ELEMENTS } from "./layout.ts";

/** A region as this thread uses it. Alive as long as its buffer is. */
export class Region implements Shareable {
  readonly #ptr: number;
  /** The whole memory, under a name of the region's own. */
  readonly buffer: SharedArrayBuffer;

  /** @param ptr The object; the caller's reference passes to the region. */
  constructor(ptr: number) {
    this.#ptr = ptr;
    const c = core();
    this.buffer = c.nameBuffer(ptr + ARRAY_ELEMENTS + c.readU32(ptr + ARRAY_BYTES));
    if (this.buffer === c.seed.memory.buffer) nameless.add(this);
    else regions.set(this.buffer, this);
    holdObject(this, ptr);
  }

  /** The region whose name `buffer` is. */
  static of(buffer: object): Region | undefined {
    return regions.get(buffer);
  }

  get [shared](): number {
    return this.#ptr;
  }

  /** Reports whether the bytes from `byteOffset` on lie in it. */
  contains(byteOffset: number, byteLength: number): boolean {
    const start = this.#ptr + ARRAY_ELEMENTS;
    const end = start + core().readU32(this.#ptr + ARRAY_BYTES);
    return start <= byteOffset && byteOffset + byteLength <= end;
  }

  /** The thread has come to its end. */
  [Symbol.dispose](): void {
    dropObject(this);
  }
}

/** A region is reachable from its buffer, and by nothing else for good. */
const regions = new WeakMap<object, Region>();

/** Regions in a page that is not isolated. Nobody can tell when the last view is gone, so they stay. */
const nameless = new Set<Region>();

registerKind(KIND_SHARED_ARRAY, {
  revive: (ptr) => new Region(ptr),
  abandon: (ptr) => core().fn.free(ptr),
});
