/**
 * Atomic signed integers of 32 bits.
 *
 * @module
 */
import { checkInteger } from "../internal/check.ts";
import { shared } from "../memory/handle.ts";
import { CELL_I32 } from "../memory/layout.ts";
import type { HandleElement } from "../memory/handle_type.ts";
import { Cell, cellsOf, registerCell } from "./cell.ts";

const MIN_I32 = -(2 ** 31);
const MAX_I32 = 2 ** 31 - 1;

function checkI32(value: number): number {
  // Fast path: it is one.
  if (typeof value === "number" && (value | 0) === value) return value;
  return checkInteger("an i32", value, MIN_I32, MAX_I32);
}

/**
 * A signed 32-bit integer that all threads read and write atomically (Go: `atomic.Int32`).
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * value there. All operations on all atomic values have one order; what a thread wrote before a store, an addition or a swap is
 * visible to whoever reads what that has written. None of them ever waits.
 *
 * Values are checked and never truncated: one that is no integer of 32 bits is refused. Only the sum of an addition wraps.
 *
 * @example
 * ```ts
 * import { AtomicI32 } from "@millrace/millrace";
 *
 * using hits = new AtomicI32();
 * console.log(hits.add(2)); // 2
 * console.log(hits.compareAndSwap(2, 10), hits.load()); // true 10
 * ```
 *
 * @see Go package sync/atomic, type Int32.
 */
export class AtomicI32 implements Disposable {
  readonly #cell: Cell;

  /**
   * Makes an atomic integer.
   *
   * @param initial Its value: an integer from -2147483648 to 2147483647. Default: 0.
   * @throws {TypeError | RangeError} if `initial` is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(initial?: number);
  constructor(initial: number | Cell = 0) {
    if (initial instanceof Cell) {
      this.#cell = initial;
    } else {
      checkI32(initial);
      this.#cell = Cell.create(CELL_I32);
      if (initial !== 0) this.#cell.fn.store32(this.#cell.at, initial);
    }
    this.#cell.attach(this);
  }

  /** What goes to another thread in this value's place. */
  get [shared](): number {
    return this.#cell.ptr;
  }

  /** Returns the value. */
  load(): number {
    const cell = this.#cell;
    return cell.fn.load32(cell.at);
  }

  /**
   * Sets the value.
   *
   * @param value An integer of 32 bits.
   * @throws {TypeError | RangeError} if `value` is something else
   */
  store(value: number): void {
    const cell = this.#cell;
    cell.fn.store32(cell.at, checkI32(value));
  }

  /**
   * Adds `delta`; the sum wraps.
   *
   * @param delta An integer of 32 bits.
   * @returns The new value, as in Go.
   * @throws {TypeError | RangeError} if `delta` is something else
   */
  add(delta: number): number {
    const cell = this.#cell;
    return (cell.fn.add32(cell.at, checkI32(delta)) + delta) | 0;
  }

  /**
   * Sets the value.
   *
   * @param value An integer of 32 bits.
   * @returns The old value.
   * @throws {TypeError | RangeError} if `value` is something else
   */
  swap(value: number): number {
    const cell = this.#cell;
    return cell.fn.xchg32(cell.at, checkI32(value));
  }

  /**
   * Sets the value to `value` if it is `old`.
   *
   * @param old An integer of 32 bits.
   * @param value An integer of 32 bits.
   * @returns Whether it was.
   * @throws {TypeError | RangeError} if one of the two is something else
   */
  compareAndSwap(old: number, value: number): boolean {
    const cell = this.#cell;
    // Equal by value: -0 is 0 in the cell.
    return cell.fn.cas32(cell.at, checkI32(old), checkI32(value)) === old;
  }

  /**
   * Clears the bits that `mask` lacks.
   *
   * @param mask An integer of 32 bits.
   * @returns The old value, as in Go.
   * @throws {TypeError | RangeError} if `mask` is something else
   */
  and(mask: number): number {
    const cell = this.#cell;
    return cell.fn.and32(cell.at, checkI32(mask));
  }

  /**
   * Sets the bits of `mask`.
   *
   * @param mask An integer of 32 bits.
   * @returns The old value, as in Go.
   * @throws {TypeError | RangeError} if `mask` is something else
   */
  or(mask: number): number {
    const cell = this.#cell;
    return cell.fn.or32(cell.at, checkI32(mask));
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Disposing twice is
   * harmless.
   */
  [Symbol.dispose](): void {
    this.#cell.dispose();
  }
}

const Revived = AtomicI32 as unknown as new (existing: Cell) => AtomicI32;

registerCell(CELL_I32, (existing) => new Revived(existing));

/** The element type of AtomicI32s: for a channel that carries them, or a field of a struct. See {@linkcode mutexOf}. */
export const atomicI32Of: HandleElement<AtomicI32> = cellsOf(
  "atomicI32Of",
  CELL_I32,
  "an AtomicI32",
);
