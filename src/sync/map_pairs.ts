/**
 * The pairs of a map: what is read of them, and how they are taken apart.
 *
 * A pair may be read by whoever has taken it out of the map, and by whoever has named it (`wasm/assembly/map_retire.ts`).
 *
 * @module
 */
import { type Canonical, canonicalOf } from "../memory/canonical.ts";
import { type Core, core } from "../memory/core.ts";
import {
  MAP_CHANGED,
  MAP_RETIRED,
  PAIR_NEXT,
  PAIR_VALUE,
  SEEK_END,
  SEEK_HASH,
  SEEK_TABLE,
  SEEK_TAG,
} from "../memory/layout.ts";
import type { MapShape } from "./map_shape.ts";

/** All hashes are below. */
export const HASH_END = 2 ** 32;

/** A key and its value. */
export type Entry = readonly [key: unknown, value: unknown];

/** The pairs of the map at an address. */
export class MapPairs {
  readonly #map: number;
  readonly #shape: MapShape;
  readonly #core: Core = core();

  /**
   * @param map Address of the map.
   * @param shape How its keys and values stand in memory.
   */
  constructor(map: number, shape: MapShape) {
    this.#map = map;
    this.#shape = shape;
  }

  /** The value of `pair`, which is a block. */
  value(pair: number): unknown {
    return this.#shape.type.peek(this.#payload(pair), pair + PAIR_VALUE);
  }

  /** The canonical form of that. */
  canonical(pair: number): Canonical {
    return canonicalOf(this.#shape.type, this.#payload(pair), pair + PAIR_VALUE);
  }

  /** The key of `pair`. */
  key(pair: number): unknown {
    return this.#shape.keys.read(this.#narrowKey(pair), this.#keyAt(pair));
  }

  /** What is in the first bucket from that of `hash` on that is not empty, and the hash after it. */
  bucket(hash: number): readonly [entries: readonly Entry[], end: number] {
    const c = this.#core;
    const { scratch: at, agent } = c;
    for (;;) {
      if (c.fn.mapSeek(this.#map, hash, at) === 0) return [[], HASH_END];
      c.bytes(at + SEEK_END + 8);
      const table = c.readU32(at + SEEK_TABLE);
      const tag = c.readU32(at + SEEK_TAG);
      const first = c.f64[(at + SEEK_HASH) >>> 3]!;
      const end = c.f64[(at + SEEK_END) >>> 3]!;
      const entries: Entry[] = [];
      let pair = 0;
      try {
        for (;;) {
          pair = c.fn.mapVisit(this.#map, table, first, tag, pair, at, agent) >>> 0;
          if (pair === 0 || pair === MAP_CHANGED) break;
          // Before the key: reading that may write to the scratch.
          const value = this.#shape.isBlock
            ? this.value(pair)
            : this.#shape.type.decode(c.readU32(at), at);
          entries.push([this.key(pair), value]);
        }
      } finally {
        this.done();
      }
      // If it has changed, nobody has seen these yet: once more.
      if (pair === 0) return [entries, end];
    }
  }

  /** Ends the reading of what this thread has named. */
  done(): void {
    if (this.#core.fn.mapDone(this.#map, this.#core.agent) !== 0) this.#reclaim();
  }

  /** Gives up a pair that this thread has taken out. */
  retire(pair: number): void {
    if (this.#core.fn.mapRetire(this.#map, pair) !== 0) this.#takeApart(pair);
    else this.#reclaim();
  }

  /** Takes apart what the core has left to be taken apart, if there is anything. */
  tidy(): void {
    if (this.#shape.isPlain) return;
    if (this.#core.loadU32(this.#map + MAP_RETIRED) !== 0) this.#reclaim();
  }

  /** Frees a chain of pairs, with all that they own. */
  takeApartAll(first: number): void {
    for (let pair = first >>> 0; pair !== 0;) {
      const next = this.#core.readU32(pair + PAIR_NEXT);
      this.#takeApart(pair);
      pair = next;
    }
  }

  #reclaim(): void {
    this.takeApartAll(this.#core.fn.mapReclaim(this.#map));
  }

  #takeApart(pair: number): void {
    const { isPlain, isBlock, keys, type } = this.#shape;
    if (!isPlain) {
      if (keys.holdHandles) keys.discard(this.#narrowKey(pair), this.#keyAt(pair));
      if (isBlock) type.discard(this.#payload(pair), pair + PAIR_VALUE);
    }
    this.#core.fn.free(pair);
  }

  /** The 32 bits of the value of `pair`. */
  #payload(pair: number): number {
    const c = this.#core;
    const { valueBytes, isWide } = this.#shape;
    // Reading may not reach beyond the views: another thread may have made memory grow.
    c.bytes(pair + PAIR_VALUE + valueBytes);
    return isWide ? 0 : c.readU32(pair + PAIR_VALUE);
  }

  #narrowKey(pair: number): number {
    return this.#shape.isNarrow ? this.#core.fn.mapNarrowKey(this.#map, pair) >>> 0 : 0;
  }

  /** Where the bytes of a key are. */
  #keyAt(pair: number): number {
    const at = pair + PAIR_VALUE + this.#shape.valueBytes;
    this.#core.bytes(at + 8);
    return at;
  }
}
