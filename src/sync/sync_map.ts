/**
 * Maps.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { core } from "../memory/core.ts";
import {
  any,
  type ElementType,
  elementType,
  isElementType,
  registerElementTypes,
} from "../memory/element.ts";
import { KIND_SYNC_MAP, registerKind, shared } from "../memory/handle.ts";
import { HandleType } from "../memory/handle_type.ts";
import { OBJECT_ELEMENT } from "../memory/layout.ts";
import { peekText } from "../memory/message.ts";
import { SharedMap } from "./map_object.ts";

/**
 * A map that all threads use at once (Go: `sync.Map`).
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * map there. Keys and values are of element types, `any()` unless others are given, and are copied in and out; handles
 * (channels, locks, other maps) stay what they are, and the map keeps those alive that are in it.
 *
 * No call ever suspends or blocks the goroutine. A reader takes no lock and waits for nobody; a writer locks one bucket for
 * the time of a few stores. The map grows while it is used, a few entries with each change.
 *
 * **Equal keys** are numbers as `Map` has it (`NaN` is `NaN`, and `-0` is `0`), equal texts, equal bytes, handles of the same
 * object, structs with equal fields, and of `any()` what is written down alike: `{ a: 1, b: 2 }` and another `{ a: 1, b: 2 }`
 * are, `{ b: 2, a: 1 }` is not, `1` and `"1"` are not. The values that {@linkcode compareAndSwap} and
 * {@linkcode compareAndDelete} compare are equal in the same sense, except that inside of an `any()` value `-0` is not `0`.
 *
 * **Ordering:** each call but {@linkcode range} happens at one moment, in an order that all threads agree upon; a write
 * synchronizes before the reads that see it.
 *
 * A map that is in itself, directly or through others, is never given back, as no reference count can tell.
 *
 * @example
 * ```ts
 * import { i32, SyncMap, text } from "@millrace/millrace";
 *
 * using hits = new SyncMap(text, i32);
 * function count(page: string): void {
 *   const { value, loaded } = hits.loadOrStore(page, 1);
 *   if (!loaded) return;
 *   for (let seen = value; !hits.compareAndSwap(page, seen, seen + 1);) seen = hits.load(page)!;
 * }
 * for (const page of ["/", "/about", "/"]) count(page);
 * console.log(hits.load("/"), hits.size); // 2 2
 * ```
 *
 * @typeParam K What the keys are.
 * @typeParam V What the values are.
 * @see Go package sync, type Map.
 */
export class SyncMap<K, V> implements Disposable {
  readonly #map: SharedMap<K, V>;

  /**
   * Makes an empty map.
   *
   * @param key What the keys are: `i32`, `text`, `struct({…})`, … Default: `any()`.
   * @param value What the values are. Default: `any()`.
   * @throws {TypeError} if one of them is no element type
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(key?: ElementType<K>, value?: ElementType<V>);
  constructor(key: ElementType<K> | SharedMap<K, V> = any<K>(), value: ElementType<V> = any<V>()) {
    this.#map = key instanceof SharedMap ? key : create(key, value);
    this.#map.attach(this);
  }

  /** What goes to another thread in this map's place. */
  get [shared](): number {
    this.#map.check();
    return this.#map.ptr;
  }

  /** How many keys there are: exact while nobody changes the map, otherwise nearly. */
  get size(): number {
    this.#map.check();
    return this.#map.size;
  }

  /**
   * Returns the value of `key`.
   *
   * - **Progress:** takes no lock and waits for nobody; it looks again if the key's bucket changed meanwhile.
   *
   * @returns `undefined` if there is none
   * @throws {TypeError | RangeError} if `key` is not of the keys' type
   */
  load(key: K): V | undefined {
    this.#map.check();
    return this.#map.load(key);
  }

  /**
   * Makes `value` the value of `key`.
   *
   * @throws {TypeError | RangeError} if one of them is not of its type
   * @throws {SharedMemoryExhaustedError} if there is no room; nothing has changed then
   */
  store(key: K, value: V): void {
    this.#map.check();
    this.#map.store(key, value);
  }

  /**
   * Returns the value of `key` if there is one, and otherwise makes it `value`.
   *
   * @returns the value that there is now, and whether it was there
   * @throws {TypeError | RangeError} if one of them is not of its type
   * @throws {SharedMemoryExhaustedError} if there is no room; nothing has changed then
   */
  loadOrStore(key: K, value: V): { value: V; loaded: boolean } {
    this.#map.check();
    return this.#map.loadOrStore(key, value);
  }

  /**
   * Deletes `key`, and returns the value that it had.
   *
   * @returns the value, and whether there was one
   * @throws {TypeError | RangeError} if `key` is not of the keys' type
   */
  loadAndDelete(key: K): { value: V | undefined; loaded: boolean } {
    this.#map.check();
    return this.#map.loadAndDelete(key);
  }

  /**
   * Deletes `key`, if it is there.
   *
   * @throws {TypeError | RangeError} if `key` is not of the keys' type
   */
  delete(key: K): void {
    this.#map.check();
    this.#map.delete(key);
  }

  /**
   * Makes `value` the value of `key`, and returns the one before.
   *
   * @returns the value before, and whether there was one
   * @throws {TypeError | RangeError} if one of them is not of its type
   * @throws {SharedMemoryExhaustedError} if there is no room; nothing has changed then
   */
  swap(key: K, value: V): { value: V | undefined; loaded: boolean } {
    this.#map.check();
    return this.#map.swap(key, value);
  }

  /**
   * Makes `value` the value of `key` if that is `old`.
   *
   * @returns `false` if it is not, or there is none
   * @throws {TypeError | RangeError} if one of them is not of its type
   * @throws {SharedMemoryExhaustedError} if there is no room; nothing has changed then
   */
  compareAndSwap(key: K, old: V, value: V): boolean {
    this.#map.check();
    return this.#map.compareAndSwap(key, old, value);
  }

  /**
   * Deletes `key` if its value is `old`.
   *
   * @returns `false` if it is not, or there is none
   * @throws {TypeError | RangeError} if one of them is not of its type
   */
  compareAndDelete(key: K, old: V): boolean {
    this.#map.check();
    return this.#map.compareAndDelete(key, old);
  }

  /**
   * Calls `visit` with each key and its value, in no particular order, until it returns `false`; nothing else stops it.
   *
   * It is no snapshot: no key comes twice, and one that is there all the time comes once; of what other goroutines, or `visit`
   * itself, change meanwhile, any state may be seen. `visit` may call any method of the map.
   *
   * @param visit What to call. An error that it throws ends the walk.
   * @throws {TypeError} if `visit` is no function
   */
  range(visit: (key: K, value: V) => boolean | void): void {
    if (typeof visit !== "function") {
      throw new TypeError(`Cannot range over a map with ${show(visit)}: expected a function`);
    }
    this.#map.check();
    this.#map.range(visit);
  }

  /**
   * Deletes all keys, at one moment. What it gives back to memory takes time for each key.
   */
  clear(): void {
    this.#map.check();
    this.#map.clear();
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned, with all that is in the
   * map. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#map.dispose();
  }
}

/**
 * The element type of maps with keys of `key` and values of `value`: for a channel that carries them, or a field of a struct.
 *
 * What is received is the very map that was sent; it is alive as long as anybody has it, or a message carries it.
 *
 * @example
 * ```ts
 * import { Channel, i32, SyncMap, syncMapOf, text } from "@millrace/millrace";
 *
 * const maps = new Channel(syncMapOf(text, i32), 4);
 * const ages = new SyncMap(text, i32);
 * maps.trySend(ages);
 * console.log(await maps.receive() === ages); // true
 * ```
 *
 * @param key The type of the keys, as the map was made with; `any()` if absent.
 * @param value The type of the values, likewise.
 * @throws {TypeError} if one of them is no element type
 */
export function syncMapOf<K = unknown, V = unknown>(
  key: ElementType<K> = any<K>(),
  value: ElementType<V> = any<V>(),
): ElementType<SyncMap<K, V>> {
  checkTypes(key, value);
  // As the map itself writes down its types.
  const names = JSON.stringify([key.name, value.name]);
  const name = `syncMapOf(${names})`;
  const isRight = (ptr: number) => peekText(core().readU32(ptr + OBJECT_ELEMENT)) === names;
  const expected = `a SyncMap of ${key.name} and ${value.name}`;
  const carried: ElementType<unknown> = new HandleType(name, KIND_SYNC_MAP, expected, isRight);
  return carried as ElementType<SyncMap<K, V>>;
}

registerElementTypes("syncMapOf", (body) => {
  const [key, value] = JSON.parse(body) as [string, string];
  return syncMapOf(elementType(key), elementType(value)) as ElementType<unknown>;
});

function create<K, V>(key: ElementType<K>, value: ElementType<V>): SharedMap<K, V> {
  checkTypes(key, value);
  return SharedMap.create(key, value);
}

function checkTypes(key: unknown, value: unknown): void {
  for (const [type, what] of [[key, "keys"], [value, "values"]] as const) {
    if (!isElementType(type)) {
      throw new TypeError(
        `Cannot make a map whose ${what} are ${
          show(type)
        }: expected an element type, as i32 or text`,
      );
    }
  }
}

const Revived = SyncMap as unknown as new (existing: SharedMap<unknown, unknown>) => SyncMap<
  unknown,
  unknown
>;

registerKind(KIND_SYNC_MAP, {
  revive: (ptr) => new Revived(new SharedMap(ptr)),
  abandon: (ptr) => new SharedMap(ptr).abandon(),
});
