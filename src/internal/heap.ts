/**
 * A heap: what has the least key comes out first, and of equals what was put in first.
 *
 * Each node has four children, and the keys stand beside each other in memory of their own: with a million values in it, to take one out
 * costs ten misses of the cache, where a binary heap of objects costs sixty.
 *
 * Invariant: no child comes before its parent. The children of slot `i` are the slots from `4i + 1` to `4i + 4`.
 *
 * @module
 */

const INITIAL = 16;
/** Emptied arrays longer than this are given back. */
const KEPT = 1024;

/** A heap of values of any kind, by numbers. */
export class Heap<T> {
  #keys = new Float64Array(INITIAL);
  /** In which order the values were put in: decides between equal keys. */
  #orders = new Float64Array(INITIAL);
  #values: (T | undefined)[] = [];
  #size = 0;
  #pushed = 0;

  /** Number of values in it. */
  get size(): number {
    return this.#size;
  }

  /** The least key; `Infinity` when there is no value. */
  get firstKey(): number {
    return this.#size === 0 ? Infinity : this.#keys[0]!;
  }

  /** Puts `value` in. `key` is not NaN. */
  push(key: number, value: T): void {
    if (this.#size === this.#keys.length) this.#grow();
    let hole = this.#size++;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      // Of equals the parent was here first.
      if (this.#keys[parent]! <= key) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#set(hole, key, this.#pushed++, value);
  }

  /** Takes the value with the least key out; `undefined` when there is none. */
  shift(): T | undefined {
    const first = this.#values[0];
    if (this.#size <= 1) {
      if (this.#keys.length > KEPT) this.clear();
      else this.#values[0] = undefined;
      this.#size = 0;
      return first;
    }
    const last = --this.#size;
    const value = this.#values[last] as T;
    this.#values[last] = undefined;
    // The last one takes the first one's place, and sinks to where it belongs.
    this.#sink(this.#keys[last]!, this.#orders[last]!, value);
    return first;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#keys = new Float64Array(INITIAL);
    this.#orders = new Float64Array(INITIAL);
    this.#values = [];
    this.#size = 0;
  }

  #sink(key: number, order: number, value: T): void {
    const keys = this.#keys;
    let hole = 0;
    for (let first = 1; first < this.#size; first = 4 * hole + 1) {
      const end = Math.min(first + 4, this.#size);
      let least = first;
      for (let child = first + 1; child < end; child++) {
        if (this.#isBefore(child, keys[least]!, this.#orders[least]!)) least = child;
      }
      if (!this.#isBefore(least, key, order)) break;
      this.#move(least, hole);
      hole = least;
    }
    this.#set(hole, key, order, value);
  }

  #isBefore(slot: number, key: number, order: number): boolean {
    const own = this.#keys[slot]!;
    return own < key || own === key && this.#orders[slot]! < order;
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#keys[from]!, this.#orders[from]!, this.#values[from] as T);
  }

  #set(slot: number, key: number, order: number, value: T): void {
    this.#keys[slot] = key;
    this.#orders[slot] = order;
    this.#values[slot] = value;
  }

  #grow(): void {
    const [keys, orders] = [this.#keys, this.#orders];
    this.#keys = new Float64Array(2 * keys.length);
    this.#keys.set(keys);
    this.#orders = new Float64Array(2 * keys.length);
    this.#orders.set(orders);
  }
}
