/**
 * A first-in first-out queue in a circular array that grows by doubling and shrinks when it is emptied.
 *
 * @module
 */

const INITIAL = 8;
/** An emptied array longer than this is given back. */
const KEPT = 1024;

/** A queue of values of any kind, `undefined` included. */
export class Fifo<T> {
  #values: (T | undefined)[] = [];
  #mask = -1;
  #head = 0;
  #size = 0;

  /** Number of values in it. */
  get size(): number {
    return this.#size;
  }

  /** Puts `value` at the end. */
  push(value: T): void {
    if (this.#size > this.#mask) this.#grow();
    this.#values[(this.#head + this.#size) & this.#mask] = value;
    this.#size++;
  }

  /** Takes the oldest value out. The caller has seen that there is one. */
  shift(): T {
    const value = this.#values[this.#head];
    // The slot lets go of the value, or a drained queue would keep it alive.
    this.#values[this.#head] = undefined;
    this.#head = (this.#head + 1) & this.#mask;
    if (--this.#size === 0 && this.#mask >= KEPT) this.clear();
    return value as T;
  }

  /** Lets go of everything. */
  clear(): void {
    this.#values = [];
    this.#mask = -1;
    this.#head = 0;
    this.#size = 0;
  }

  #grow(): void {
    const length = this.#mask + 1;
    const values: (T | undefined)[] = new Array(length === 0 ? INITIAL : length * 2).fill(
      undefined,
    );
    for (let i = 0; i < this.#size; i++) values[i] = this.#values[(this.#head + i) & this.#mask];
    this.#values = values;
    this.#mask = values.length - 1;
    this.#head = 0;
  }
}
