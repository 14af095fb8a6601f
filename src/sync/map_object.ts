/**
 * A map in shared memory, as a thread uses it: keys and values written down, the core called, what comes back read.
 *
 * A value is *in place* (a number: the core reads and changes it) or a *block* (all else): then its pair is read where it
 * stands. While a thread does that its agent names the pair, and nobody frees it (`wasm/assembly/map_retire.ts`). Whoever
 * takes a pair with a block out of the map has it for itself, reads what it needs, and takes it apart, or leaves that to those
 * who still read it.
 *
 * @module
 */
import { canonical, canonicalOf, isEqual, isNumeric } from "../memory/canonical.ts";
import { core, exhausted } from "../memory/core.ts";
import { type ElementType, elementType } from "../memory/element.ts";
import { KIND_SYNC_MAP } from "../memory/handle.ts";
import {
  KEY_NARROW,
  MAP_CHANGED,
  MAP_NO_MEMORY,
  MAP_RETIRED,
  OBJECT_ELEMENT,
  PAIR_NEXT,
  PAIR_VALUE,
  SEEK_END,
  SEEK_HASH,
  SEEK_TABLE,
  SEEK_TAG,
  TABLE_INITIAL,
  VALUE_BLOCK,
  VALUE_F32,
  VALUE_F64,
  VALUE_LONG,
  VALUE_NARROW,
} from "../memory/layout.ts";
import { peekText, writeText } from "../memory/message.ts";
import { type Keys, keysOf } from "./map_keys.ts";
import { LockObject } from "./lock_object.ts";

/** Up to so many bytes a key goes through the thread's scratch; a longer one has a block for the time of the call. */
const SHORT_KEY = 4096;
/** All hashes are below. */
const HASH_END = 2 ** 32;

/** A value, and whether there is one. */
export interface Found<V> {
  readonly value: V | undefined;
  readonly loaded: boolean;
}

/** Says that there was nothing. */
const NOTHING: Found<never> = Object.freeze({ value: undefined, loaded: false });

/** A map in shared memory, as this thread uses it. */
export class SharedMap<K, V> extends LockObject {
  readonly #keys: Keys<unknown>;
  /** Reports whether the core is given a key as a number. */
  readonly #isNarrow: boolean;
  readonly #type: ElementType<unknown>;
  /** A `VALUE_…` form. */
  readonly #form: number;
  readonly #isBlock: boolean;
  readonly #isWide: boolean;
  /** Bytes of a value in its pair. */
  readonly #valueBytes: number;
  /** Bytes of the scratch before the key: room for two values. */
  readonly #keyOffset: number;
  /** Reports whether the core frees pairs by itself. */
  readonly #isPlain: boolean;
  /** The block of the key that has been placed, 0 when it is in the scratch. */
  #longKey = 0;

  /** @param ptr Address of the map; the caller's reference passes to the handle, see {@linkcode attach}. */
  constructor(ptr: number) {
    super(ptr, "map");
    const [keyName, valueName] = JSON.parse(
      peekText(this.core.readU32(ptr + OBJECT_ELEMENT)),
    ) as [string, string];
    this.#keys = keysOf(elementType(keyName));
    this.#isNarrow = this.#keys.form === KEY_NARROW;
    this.#type = elementType(valueName);
    const { form, valueBytes, isPlain } = shapeOf(this.#keys, this.#type);
    this.#form = form;
    this.#valueBytes = valueBytes;
    this.#isPlain = isPlain;
    this.#isBlock = form === VALUE_BLOCK;
    this.#isWide = this.#type.wideBytes > 0;
    this.#keyOffset = 2 * valueBytes;
    // Of keys for a short one: the rest is seen to when there is one.
    this.core.reserveScratch(this.#keyOffset + 8);
  }

  /**
   * Makes an empty map, with one reference that belongs to the caller.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  static create<K, V>(key: ElementType<K>, value: ElementType<V>): SharedMap<K, V> {
    const c = core();
    const keys = keysOf(key as ElementType<unknown>);
    const { form, valueBytes, isPlain } = shapeOf(keys, value as ElementType<unknown>);
    const names = writeText(JSON.stringify([key.name, value.name]));
    const { scratch } = c;
    c.bytes(scratch + 16).set(crypto.getRandomValues(new Uint8Array(16)), scratch);
    const ptr = c.fn.mapNew(
      KIND_SYNC_MAP,
      names,
      keys.form,
      form,
      valueBytes,
      isPlain ? 1 : 0,
      scratch,
      TABLE_INITIAL,
    ) >>> 0;
    if (ptr !== 0) return new SharedMap(ptr);
    c.fn.free(names);
    throw exhausted("a map");
  }

  get size(): number {
    const size = this.core.fn.mapSize(this.ptr);
    this.#tidy();
    return size;
  }

  load(key: K): V | undefined {
    const c = this.core;
    const { scratch } = c;
    const result = c.fn.mapLoad(this.ptr, this.#place(this.#take(key)), scratch, c.agent);
    this.#unplace();
    if (result < 0) {
      // The core may have named a pair that was then taken out by somebody who saw that.
      if (this.#isBlock) this.#tidy();
      return undefined;
    }
    return this.#isBlock ? this.#readShared(result) : this.#number(result, scratch);
  }

  store(key: K, value: V): void {
    const before = this.#put(key, value, false);
    if (before >= 0 && this.#isBlock) this.#retire(before);
  }

  swap(key: K, value: V): Found<V> {
    const { scratch } = this.core;
    return this.#taken(this.#put(key, value, false), scratch);
  }

  loadOrStore(key: K, value: V): { value: V; loaded: boolean } {
    const { scratch } = this.core;
    const there = this.#put(key, value, true);
    if (there < 0) return { value, loaded: false };
    const found = this.#isBlock ? this.#readShared(there) : this.#number(there, scratch);
    return { value: found, loaded: true };
  }

  delete(key: K): void {
    const before = this.#delete(key, this.core.scratch);
    if (before >= 0 && this.#isBlock) this.#retire(before);
  }

  loadAndDelete(key: K): Found<V> {
    const { scratch } = this.core;
    return this.#taken(this.#delete(key, scratch), scratch);
  }

  compareAndSwap(key: K, old: V, value: V): boolean {
    return this.#isBlock
      ? this.#compareBlock(key, old, value, true)
      : this.#compareNumber(key, old, value, true);
  }

  compareAndDelete(key: K, old: V): boolean {
    return this.#isBlock
      ? this.#compareBlock(key, old, old, false)
      : this.#compareNumber(key, old, old, false);
  }

  clear(): void {
    this.core.fn.mapClear(this.ptr);
    this.#tidy();
  }

  range(visit: (key: K, value: V) => boolean | void): void {
    // Whatever the callback does, even to the handle, the memory stays.
    this.begin();
    try {
      let hash = 0;
      while (hash < HASH_END) {
        const [pairs, end] = this.#bucket(hash);
        for (const [key, value] of pairs) if (visit(key, value) === false) return;
        hash = end;
      }
    } finally {
      this.finish();
    }
  }

  /** The last reference has gone: frees all that is in the map, and the map. */
  abandon(): void {
    const { fn } = this.core;
    this.#takeApartAll(fn.mapTakeAll(this.ptr));
    fn.free(this.core.readU32(this.ptr + OBJECT_ELEMENT));
    fn.mapFree(this.ptr);
  }

  // ---- Keys and values on their way to the core --------------------------------------------------------

  /** Checks a key and takes it down. */
  #take(key: K): unknown {
    try {
      return this.#keys.take(key);
    } catch (error) {
      throw refused(error, "key");
    }
  }

  /** Writes a value down; a wide one to `at`. */
  #encode(value: V, at: number): number {
    try {
      return this.#type.encode(value, at);
    } catch (error) {
      throw refused(error, "value");
    }
  }

  /** Writes a key down for the core. From here to its call no code of the caller's runs. */
  #place(taken: unknown): number {
    // Fast path: it is a number.
    return this.#isNarrow ? taken as number : this.#placeWide(taken);
  }

  #placeWide(taken: unknown): number {
    const c = this.core;
    const room = this.#keys.room(taken);
    // The core reads whole words.
    const byteLength = (room + 7) & ~7;
    if (byteLength <= SHORT_KEY) {
      c.reserveScratch(this.#keyOffset + byteLength);
      return this.#keys.place(taken, c.scratch + this.#keyOffset);
    }
    this.#longKey = c.allocate(byteLength, "a key");
    return this.#keys.place(taken, this.#longKey);
  }

  /** The key is not needed any more. */
  #unplace(): void {
    if (this.#longKey !== 0) this.#freeKey();
  }

  #freeKey(): void {
    this.core.fn.free(this.#longKey);
    this.#longKey = 0;
  }

  /** Puts a value, or, if `isNew`, only where there is none. Returns what the core does; the old value goes to the scratch. */
  #put(key: K, value: V, isNew: boolean): number {
    const c = this.core;
    const taken = this.#take(key);
    // Encoding may run the caller's code (a getter), which may need a larger scratch: this one stays.
    const { scratch } = c;
    const payload = this.#encode(value, scratch);
    let placed: number;
    try {
      this.check();
      placed = this.#place(taken);
    } catch (error) {
      this.#type.discard(payload, scratch);
      throw error;
    }
    const from = this.#isWide ? scratch : 0;
    if (this.#keys.holdHandles) this.#keys.retain(taken);
    const put = isNew ? c.fn.mapStoreNew : c.fn.mapStore;
    const result = put(this.ptr, placed, payload, from, scratch, c.agent);
    this.#unplace();
    // A number that takes another's place uses no pair; nor does what is already there.
    const isUnused = result === MAP_NO_MEMORY || (result >= 0 && (isNew || !this.#isBlock));
    if (isUnused && this.#keys.holdHandles) this.#keys.release(taken);
    if (isUnused && this.#isBlock) this.#type.discard(payload, scratch);
    if (result === MAP_NO_MEMORY) throw exhausted("an entry of a map");
    this.#tidy();
    return result;
  }

  #delete(key: K, into: number): number {
    const c = this.core;
    const result = c.fn.mapDelete(this.ptr, this.#place(this.#take(key)), into, c.agent);
    this.#unplace();
    this.#tidy();
    return result;
  }

  /** Compares a number in place, and swaps it for `value` or deletes it. */
  #compareNumber(key: K, old: V, value: V, isSwap: boolean): boolean {
    const c = this.core;
    const taken = this.#take(key);
    const { scratch } = c;
    const expectedAt = scratch + this.#valueBytes;
    const payload = this.#encode(value, scratch);
    const oldPayload = this.#encode(old, expectedAt);
    const expected = this.#isWide ? expectedAt : oldPayload;
    const from = this.#isWide ? scratch : 0;
    const placed = this.#place(taken);
    const result = isSwap
      ? c.fn.mapStoreIf(this.ptr, placed, payload, from, expected, scratch, c.agent)
      : c.fn.mapDeleteIf(this.ptr, placed, expected, scratch, c.agent);
    this.#unplace();
    this.#tidy();
    return result >= 0;
  }

  /**
   * Compares a block, and swaps it for `value` or deletes it. A block never changes and cannot be freed while it is read: if the
   * same pair is still in the map afterwards, so is the value that was compared.
   */
  #compareBlock(key: K, old: V, value: V, isSwap: boolean): boolean {
    const c = this.core;
    const taken = this.#take(key);
    const wanted = this.#canonical(old);
    const { scratch } = c;
    const payload = isSwap ? this.#encode(value, scratch) : 0;
    const from = this.#isWide ? scratch : 0;
    let isUsed = false;
    let before = 0;
    try {
      this.check();
      const placed = this.#place(taken);
      if (isSwap && this.#keys.holdHandles) this.#keys.retain(taken);
      try {
        let result: number;
        do {
          const pair = c.fn.mapLoad(this.ptr, placed, scratch, c.agent);
          if (pair < 0) return false;
          try {
            if (!isEqual(wanted, this.#canonicalAt(pair))) return false;
            result = isSwap
              ? c.fn.mapStoreIf(this.ptr, placed, payload, from, pair, scratch, c.agent)
              : c.fn.mapDeleteIf(this.ptr, placed, pair, scratch, c.agent);
          } finally {
            c.fn.mapDone(this.ptr, c.agent);
          }
          if (result === MAP_NO_MEMORY) throw exhausted("an entry of a map");
        } while (result < 0);
        isUsed = true;
        before = result;
        return true;
      } finally {
        this.#unplace();
        if (isSwap && !isUsed && this.#keys.holdHandles) this.#keys.release(taken);
      }
    } finally {
      if (isSwap && !isUsed) this.#type.discard(payload, scratch);
      if (isUsed) this.#retire(before);
      this.#tidy();
    }
  }

  /** The canonical form of a value of the caller's. */
  #canonical(value: V): ReturnType<typeof canonical> {
    try {
      return canonical(this.#type, value);
    } catch (error) {
      throw refused(error, "value");
    }
  }

  /** That of the block of `pair`. */
  #canonicalAt(pair: number): ReturnType<typeof canonical> {
    return canonicalOf(this.#type, this.#payloadAt(pair), pair + PAIR_VALUE);
  }

  // ---- What comes back ------------------------------------------------------------------------------------

  /** A number that the core has returned, or left at `at`. */
  #number(result: number, at: number): V {
    return this.#type.decode(result, at) as V;
  }

  /** The block of a pair that this thread has named. */
  #readShared(pair: number): V {
    const c = this.core;
    try {
      return this.#read(pair);
    } finally {
      if (c.fn.mapDone(this.ptr, c.agent) !== 0) this.#reclaim();
    }
  }

  /** What has been taken out of the map. */
  #taken(result: number, at: number): Found<V> {
    if (result < 0) return NOTHING;
    if (!this.#isBlock) return { value: this.#number(result, at), loaded: true };
    try {
      return { value: this.#read(result), loaded: true };
    } finally {
      this.#retire(result);
    }
  }

  /** The 32 bits of the block of `pair`. */
  #payloadAt(pair: number): number {
    // Reading may not reach beyond the views: another thread may have made memory grow.
    this.core.bytes(pair + PAIR_VALUE + this.#valueBytes);
    return this.#isWide ? 0 : this.core.readU32(pair + PAIR_VALUE);
  }

  #read(pair: number): V {
    return this.#type.peek(this.#payloadAt(pair), pair + PAIR_VALUE) as V;
  }

  /** The pairs of the first bucket from `hash` on that is not empty, and the hash after it. */
  #bucket(hash: number): [pairs: [K, V][], end: number] {
    const c = this.core;
    const { scratch: at, agent } = c;
    for (;;) {
      if (c.fn.mapSeek(this.ptr, hash, at) === 0) return [[], HASH_END];
      c.bytes(at + SEEK_END + 8);
      const table = c.readU32(at + SEEK_TABLE);
      const tag = c.readU32(at + SEEK_TAG);
      const first = c.f64[(at + SEEK_HASH) >>> 3]!;
      const end = c.f64[(at + SEEK_END) >>> 3]!;
      const pairs: [K, V][] = [];
      let pair = 0;
      try {
        for (;;) {
          pair = c.fn.mapVisit(this.ptr, table, first, tag, pair, at, agent) >>> 0;
          if (pair === 0 || pair === MAP_CHANGED) break;
          pairs.push(this.#visit(pair, at));
        }
      } finally {
        if (c.fn.mapDone(this.ptr, agent) !== 0) this.#reclaim();
      }
      // Nobody has seen these yet: once more.
      if (pair === 0) return [pairs, end];
    }
  }

  /** Key and value of a pair that this thread has named; a number is at `at`. */
  #visit(pair: number, at: number): [K, V] {
    const value = this.#isBlock ? this.#read(pair) : this.#number(this.core.readU32(at), at);
    return [this.#keys.read(this.#narrowKey(pair), this.#keyAt(pair)) as K, value];
  }

  #narrowKey(pair: number): number {
    return this.#isNarrow ? this.core.fn.mapNarrowKey(this.ptr, pair) >>> 0 : 0;
  }

  /** Where the bytes of a key are. */
  #keyAt(pair: number): number {
    const at = pair + PAIR_VALUE + this.#valueBytes;
    this.core.bytes(at + 8);
    return at;
  }

  // ---- What is over ----------------------------------------------------------------------------------------

  /** Gives up a pair that this thread has taken out. */
  #retire(pair: number): void {
    if (this.core.fn.mapRetire(this.ptr, pair) !== 0) this.#takeApart(pair);
    else this.#reclaim();
  }

  /** Takes apart what the core has left to be taken apart, if there is anything. */
  #tidy(): void {
    if (!this.#isPlain && this.core.loadU32(this.ptr + MAP_RETIRED) !== 0) this.#reclaim();
  }

  #reclaim(): void {
    this.#takeApartAll(this.core.fn.mapReclaim(this.ptr));
  }

  /** Frees a chain of pairs, with all that they own. */
  #takeApartAll(first: number): void {
    for (let pair = first >>> 0; pair !== 0;) {
      const next = this.core.readU32(pair + PAIR_NEXT);
      this.#takeApart(pair);
      pair = next;
    }
  }

  #takeApart(pair: number): void {
    if (!this.#isPlain) {
      if (this.#keys.holdHandles) this.#keys.discard(this.#narrowKey(pair), this.#keyAt(pair));
      if (this.#isBlock) this.#type.discard(this.#payloadAt(pair), pair + PAIR_VALUE);
    }
    this.core.fn.free(pair);
  }
}

/** How the values of a map stand in its pairs. */
function shapeOf(
  keys: Keys<unknown>,
  type: ElementType<unknown>,
): { readonly form: number; readonly valueBytes: number; readonly isPlain: boolean } {
  const valueBytes = Math.max(8, (type.wideBytes + 7) & ~7);
  if (!isNumeric(type)) return { form: VALUE_BLOCK, valueBytes, isPlain: false };
  const isPlain = !keys.holdHandles;
  if (type.name === "f32") return { form: VALUE_F32, valueBytes, isPlain };
  if (type.name === "f64") return { form: VALUE_F64, valueBytes, isPlain };
  return { form: type.wideBytes > 0 ? VALUE_LONG : VALUE_NARROW, valueBytes, isPlain };
}

/** The same error, saying whether it is the key or the value. */
function refused(error: unknown, what: "key" | "value"): unknown {
  if (error instanceof TypeError || error instanceof RangeError) {
    error.message = `As a ${what}: ${error.message}`;
  }
  return error;
}
