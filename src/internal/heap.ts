/**
 * A binary heap: what is least comes out first (Go: `container/heap`).
 *
 * @module
 */

/** A heap of values of one kind. */
export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  #values: T[] = [];

  /** @param isBefore Reports whether `a` comes out before `b`. A strict order; of equals either may be first. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** Number of values in it. */
  get size(): number {
    return this.#values.length;
  }

  /** The value that comes out next; `undefined` when there is none. */
  get first(): T | undefined {
    return this.#values[0];
  }

  /** Puts `value` in. */
  push(value: T): void {
    const values = this.#values;
    let hole = values.push(value) - 1;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#isBefore(value, values[parent]!)) break;
      values[hole] = values[parent]!;
      hole = parent;
    }
    values[hole] = value;
  }

  /** Takes the first value out; `undefined` when there is none. */
  shift(): T | undefined {
    const values = this.#values;
    const first = values[0];
    const moved = values.pop();
    // The last one takes the first one's place, and sinks to where it belongs.
    if (values.length > 0) this.#sink(moved!);
    return first;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#values = [];
  }

  #sink(value: T): void {
    const values = this.#values;
    const { length } = values;
    let hole = 0;
    for (let child = 1; child < length; child = 2 * hole + 1) {
      if (child + 1 < length && this.#isBefore(values[child + 1]!, values[child]!)) child++;
      if (!this.#isBefore(values[child]!, value)) break;
      values[hole] = values[child]!;
      hole = child;
    }
    values[hole] = value;
  }
}
