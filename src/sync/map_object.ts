/**
 * A map in shared memory, as a thread uses it: keys and values written down, the core called, what comes back read.
 *
 * A value is *in place* (a number: the core reads and changes it) or a *block* (all else): then its pair is read where it
 * stands. While a thread does that its agent names the pair, and nobody frees it (`wasm/assembly/map_retire.ts`). Whoever
 * takes a pair with a block out of the map has it for itself, reads what it needs, and takes it apart, or leaves that to those
 * who still read it.
 *
 * Reading a key or encoding a value may run the caller's code (a getter), which may use this map, make a larger scratch, or
 * dispose the handle. So what an operation writes to the scratch of before, the key is placed last of all, and the handle is
 * checked once more.
 *
 * @module
 */
import { type Canonical, canonical, isEqual } from "../memory/canonical.ts";
import { core, exhausted } from "../memory/core.ts";
import { type ElementType, elementType } from "../memory/element.ts";
import { KIND_SYNC_MAP } from "../memory/handle.ts";
import { MAP_NO_MEMORY, OBJECT_ELEMENT, TABLE_INITIAL } from "../memory/layout.ts";
import { peekText, writeText } from "../memory/message.ts";
import { LockObject } from "./lock_object.ts";
import { HASH_END, MapPairs } from "./map_pairs.ts";
import { MapShape } from "./map_shape.ts";

/** Up to so many bytes a key goes through the thread's scratch; a longer one has a block for the time of the call. */
const SHORT_KEY = 4096;

/** A value, and whether there was one. */
export interface Found<V> {
  readonly value: V | undefined;
  readonly loaded: boolean;
}

/** A map in shared memory, as this thread uses it. */
export class SharedMap<K, V> extends LockObject {
  readonly #shape: MapShape;
  readonly #pairs: MapPairs;
  /** Of the shape, for the fast paths. */
  readonly #isNarrow: boolean;
  readonly #isBlock: boolean;
  readonly #isWide: boolean;
  readonly #type: ElementType<unknown>;
  /** The block of the key that has been placed, 0 when it is in the scratch. */
  #longKey = 0;

  /** @param ptr Address of the map; the caller's reference passes to the handle, see {@linkcode attach}. */
  constructor(ptr: number) {
    super(ptr, "map");
    const names = JSON.parse(peekText(this.core.readU32(ptr + OBJECT_ELEMENT))) as string[];
    this.#shape = new MapShape(elementType(names[0]!), elementType(names[1]!));
    this.#pairs = new MapPairs(ptr, this.#shape);
    this.#isNarrow = this.#shape.isNarrow;
    this.#isBlock = this.#shape.isBlock;
    this.#isWide = this.#shape.isWide;
    this.#type = this.#shape.type;
    reserveFor(this.#shape);
  }

  /**
   * Makes an empty map, with one reference that belongs to the caller.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  static create<K, V>(key: ElementType<K>, value: ElementType<V>): SharedMap<K, V> {
    const c = core();
    const shape = new MapShape(key as ElementType<unknown>, value as ElementType<unknown>);
    reserveFor(shape);
    const names = writeText(JSON.stringify([key.name, value.name]));
    const seed = c.scratch;
    c.bytes(seed + 16).set(crypto.getRandomValues(new Uint8Array(16)), seed);
    const ptr = c.fn.mapNew(
      KIND_SYNC_MAP,
      names,
      shape.keys.form,
      shape.form,
      shape.valueBytes,
      shape.isPlain ? 1 : 0,
      seed,
      TABLE_INITIAL,
    ) >>> 0;
    if (ptr !== 0) return new SharedMap(ptr);
    c.fn.free(names);
    throw exhausted("a map");
  }

  get size(): number {
    const size = this.core.fn.mapSize(this.ptr);
    this.#pairs.tidy();
    return size;
  }

  load(key: K): V | undefined {
    const c = this.core;
    const { scratch } = c;
    const result = c.fn.mapLoad(this.ptr, this.#place(this.#take(key)), scratch, c.agent);
    this.#unplace();
    if (result >= 0) return this.#isBlock ? this.#shared(result) : this.#number(result, scratch);
    // The core may have named a pair that was then taken out by somebody who saw that.
    if (this.#isBlock) this.#pairs.tidy();
    return undefined;
  }

  store(key: K, value: V): void {
    const before = this.#put(key, value, false, this.core.scratch);
    if (before >= 0 && this.#isBlock) this.#pairs.retire(before);
  }

  swap(key: K, value: V): Found<V> {
    const { scratch } = this.core;
    return this.#taken(this.#put(key, value, false, scratch), scratch);
  }

  loadOrStore(key: K, value: V): { value: V; loaded: boolean } {
    const { scratch } = this.core;
    const there = this.#put(key, value, true, scratch);
    if (there < 0) return { value, loaded: false };
    const found = this.#isBlock ? this.#shared(there) : this.#number(there, scratch);
    return { value: found, loaded: true };
  }

  delete(key: K): void {
    const before = this.#delete(key, this.core.scratch);
    if (before >= 0 && this.#isBlock) this.#pairs.retire(before);
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
    this.#pairs.tidy();
  }

  range(visit: (key: K, value: V) => boolean | void): void {
    // Whatever the callback does, even to the handle, the memory stays.
    this.begin();
    try {
      let hash = 0;
      while (hash < HASH_END) {
        const [entries, end] = this.#pairs.bucket(hash);
        for (const [key, value] of entries) if (visit(key as K, value as V) === false) return;
        hash = end;
      }
    } finally {
      this.finish();
    }
  }

  /** The last reference has gone: frees all that is in the map, and the map. */
  abandon(): void {
    const { fn } = this.core;
    this.#pairs.takeApartAll(fn.mapTakeAll(this.ptr));
    fn.free(this.core.readU32(this.ptr + OBJECT_ELEMENT));
    fn.mapFree(this.ptr);
  }

  // ---- Keys and values on their way to the core --------------------------------------------------------

  /** Checks a key and takes it down. */
  #take(key: K): unknown {
    try {
      return this.#shape.keys.take(key);
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
    // Fast path: it is a number, and no code of the caller's has run.
    return this.#isNarrow ? taken as number : this.#placeWide(taken);
  }

  #placeWide(taken: unknown): number {
    this.check();
    const c = this.core;
    const { keys, keyOffset } = this.#shape;
    // The core reads whole words.
    const byteLength = (keys.room(taken) + 7) & ~7;
    if (byteLength <= SHORT_KEY) {
      c.reserveScratch(keyOffset + byteLength);
      return keys.place(taken, c.scratch + keyOffset);
    }
    this.#longKey = c.allocate(byteLength, "a key");
    return keys.place(taken, this.#longKey);
  }

  /** The key is not needed any more. */
  #unplace(): void {
    if (this.#longKey !== 0) this.#freeKey();
  }

  #freeKey(): void {
    this.core.fn.free(this.#longKey);
    this.#longKey = 0;
  }

  /** Puts a value, or, if `isNew`, only where there is none. Returns what the core does; an old number goes to `at`. */
  #put(key: K, value: V, isNew: boolean, at: number): number {
    const c = this.core;
    const { keys } = this.#shape;
    const taken = this.#take(key);
    const payload = this.#encode(value, at);
    let placed: number;
    try {
      this.check();
      placed = this.#place(taken);
    } catch (error) {
      this.#type.discard(payload, at);
      throw error;
    }
    const from = this.#isWide ? at : 0;
    if (keys.holdHandles) keys.retain(taken);
    const result = isNew
      ? c.fn.mapStoreNew(this.ptr, placed, payload, from, at, c.agent)
      : c.fn.mapStore(this.ptr, placed, payload, from, at, c.agent);
    this.#unplace();
    // A number that takes another's place uses no pair; nor does what is already there.
    const isUnused = result === MAP_NO_MEMORY || (result >= 0 && (isNew || !this.#isBlock));
    if (isUnused && keys.holdHandles) keys.release(taken);
    if (isUnused && this.#isBlock) this.#type.discard(payload, at);
    if (result === MAP_NO_MEMORY) throw exhausted("an entry of a map");
    this.#pairs.tidy();
    return result;
  }

  /** Deletes a key. Returns what the core does; an old number goes to `at`. */
  #delete(key: K, at: number): number {
    const c = this.core;
    const result = c.fn.mapDelete(this.ptr, this.#place(this.#take(key)), at, c.agent);
    this.#unplace();
    this.#pairs.tidy();
    return result;
  }

  /** Compares a number in place, and swaps it for `value` or deletes it. */
  #compareNumber(key: K, old: V, value: V, isSwap: boolean): boolean {
    const c = this.core;
    const taken = this.#take(key);
    const { scratch } = c;
    const oldAt = scratch + this.#shape.valueBytes;
    const payload = this.#encode(value, scratch);
    const oldPayload = this.#encode(old, oldAt);
    const expected = this.#isWide ? oldAt : oldPayload;
    const from = this.#isWide ? scratch : 0;
    const placed = this.#place(taken);
    const result = isSwap
      ? c.fn.mapStoreIf(this.ptr, placed, payload, from, expected, scratch, c.agent)
      : c.fn.mapDeleteIf(this.ptr, placed, expected, scratch, c.agent);
    this.#unplace();
    this.#pairs.tidy();
    return result >= 0;
  }

  /** Compares a block, and swaps it for `value` or deletes it. */
  #compareBlock(key: K, old: V, value: V, isSwap: boolean): boolean {
    const { keys } = this.#shape;
    const taken = this.#take(key);
    const wanted = this.#canonical(old);
    const at = this.core.scratch;
    const payload = isSwap ? this.#encode(value, at) : 0;
    const isHeld = isSwap && keys.holdHandles;
    let before = -1;
    try {
      this.check();
      const placed = this.#place(taken);
      if (isHeld) keys.retain(taken);
      try {
        before = this.#replace(placed, wanted, isSwap, payload, at);
      } finally {
        if (isHeld && before < 0) keys.release(taken);
      }
    } finally {
      this.#unplace();
      if (isSwap && before < 0) this.#type.discard(payload, at);
      if (before >= 0) this.#pairs.retire(before);
      this.#pairs.tidy();
    }
    return before >= 0;
  }

  /**
   * Replaces or takes out the pair of the key at `placed`, if its block is `wanted`. A block never changes and cannot be freed while
   * it is read: if the same pair is still in the map afterwards, so is the value that was compared.
   *
   * @returns the pair that was there, or -1
   */
  #replace(
    placed: number,
    wanted: Canonical,
    isSwap: boolean,
    payload: number,
    at: number,
  ): number {
    const { fn, agent } = this.core;
    const from = this.#isWide ? at : 0;
    for (;;) {
      const pair = fn.mapLoad(this.ptr, placed, at, agent);
      if (pair < 0) return -1;
      let result: number;
      try {
        if (!isEqual(wanted, this.#pairs.canonical(pair))) return -1;
        result = isSwap
          ? fn.mapStoreIf(this.ptr, placed, payload, from, pair, at, agent)
          : fn.mapDeleteIf(this.ptr, placed, pair, at, agent);
      } finally {
        this.#pairs.done();
      }
      if (result === MAP_NO_MEMORY) throw exhausted("an entry of a map");
      if (result >= 0) return result;
    }
  }

  /** The canonical form of a value of the caller's. */
  #canonical(value: V): Canonical {
    try {
      return canonical(this.#type, value);
    } catch (error) {
      throw refused(error, "value");
    }
  }

  // ---- What comes back ------------------------------------------------------------------------------------

  /** A number that the core has returned, or left at `at`. */
  #number(result: number, at: number): V {
    return this.#type.decode(result, at) as V;
  }

  /** The block of a pair that the core has named for this thread. */
  #shared(pair: number): V {
    try {
      return this.#pairs.value(pair) as V;
    } finally {
      this.#pairs.done();
    }
  }

  /** What has been taken out of the map. */
  #taken(result: number, at: number): Found<V> {
    if (result < 0) return { value: undefined, loaded: false };
    if (!this.#isBlock) return { value: this.#number(result, at), loaded: true };
    try {
      return { value: this.#pairs.value(result) as V, loaded: true };
    } finally {
      this.#pairs.retire(result);
    }
  }
}

/** Sees to it that the scratch has room for values and a short key; a longer one is seen to when there is one. */
function reserveFor({ keyOffset }: MapShape): void {
  core().reserveScratch(keyOffset + 8);
}

/** The same error, saying whether it is the key or the value. */
function refused(error: unknown, what: "key" | "value"): unknown {
  if (error instanceof TypeError || error instanceof RangeError) {
    error.message = `As a ${what}: ${error.message}`;
  }
  return error;
}
