/**
 * Atomic unsigned integers of 32 bits.
 *
 * @module
 */
import { checkInteger } from "../internal/check.ts";
import { shared } from "../memory/handle.ts";
import { CELL_U32 } from "../memory/layout.ts";
import type { HandleElement } from "../memory/handle_type.ts";
import { Cell, cellsOf, registerCell } from "./cell.ts";

const MAX_U32 = 2 ** 32 - 1;

function checkU32(value: number): number {
  if (typeof value === "number" && value >>> 0 === value) return value;
  return checkInteger("a u32", value, 0, MAX_U32);
}

/**
 * An unsigned 32-bit integer that all threads read and write atomically (Go: `atomic.Uint32`).
 *
 * It is shared, ordered and checked as `AtomicI32` says.
 *
 * @example
 * ```ts
 * import { AtomicU32 } from "@millrace/millrace";
 *
 * using tickets = new AtomicU32(4294967295);
 * console.log(tickets.add(1)); // 0
 * console.log(tickets.add(-1)); // 4294967295
 * ```
 *
 * @see Go package sync/atomic, type Uint32.
 */
export class AtomicU32 implements Disposable {
  readonly #cell: Cell;

  /**
   * Makes an atomic integer.
   *
   * @param initial Its value: an integer from 0 to 4294967295. Default: 0.
   * @throws {TypeError | RangeError} if `initial` is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(initial?: number);
  constructor(initial: number | Cell = 0) {
    if (initial instanceof Cell) {
      this.#cell = initial;
    } else {
      checkU32(initial);
      this.#cell = Cell.create(CELL_U32);
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
    return cell.fn.load32(cell.at) >>> 0;
  }

  /**
   * Sets the value.
   *
   * @param value An integer from 0 to 4294967295.
   * @throws {TypeError | RangeError} if `value` is something else
   */
  store(value: number): void {
    const cell = this.#cell;
    cell.fn.store32(cell.at, checkU32(value));
  }

  /**
   * Adds `delta`; the sum wraps.
   *
   * @param delta An integer from -4294967295 to 4294967295. A negative one subtracts, which in Go takes a complement.
   * @returns The new value, as in Go.
   * @throws {TypeError | RangeError} if `delta` is something else
   */
  add(delta: number): number {
    const cell = this.#cell;
    if (typeof delta !== "number" || (delta | 0) !== delta) {
      checkInteger("a delta of a u32", delta, -MAX_U32, MAX_U32);
    }
    return (cell.fn.add32(cell.at, delta) + delta) >>> 0;
  }

  /**
   * Sets the value.
   *
   * @param value An integer from 0 to 4294967295.
   * @returns The old value.
   * @throws {TypeError | RangeError} if `value` is something else
   */
  swap(value: number): number {
    const cell = this.#cell;
    return cell.fn.xchg32(cell.at, checkU32(value)) >>> 0;
  }

  /**
   * Sets the value to `value` if it is `old`.
   *
   * @param old An integer from 0 to 4294967295.
   * @param value An integer from 0 to 4294967295.
   * @returns Whether it was.
   * @throws {TypeError | RangeError} if one of the two is something else
   */
  compareAndSwap(old: number, value: number): boolean {
    const cell = this.#cell;
    return cell.fn.cas32(cell.at, checkU32(old), checkU32(value)) >>> 0 === old;
  }

  /**
   * Clears the bits that `mask` lacks.
   *
   * @param mask An integer from 0 to 4294967295.
   * @returns The old value, as in Go.
   * @throws {TypeError | RangeError} if `mask` is something else
   */
  and(mask: number): number {
    const cell = this.#cell;
    return cell.fn.and32(cell.at, checkU32(mask)) >>> 0;
  }

  /**
   * Sets the bits of `mask`.
   *
   * @param mask An integer from 0 to 4294967295.
   * @returns The old value, as in Go.
   * @throws {TypeError | RangeError} if `mask` is something else
   */
  or(mask: number): number {
    const cell = this.#cell;
    return cell.fn.or32(cell.at, checkU32(mask)) >>> 0;
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Disposing twice is
   * harmless.
   */
  [Symbol.dispose](): void {
    this.#cell.dispose();
  }
}

const Revived = AtomicU32 as unknown as new (existing: Cell) => AtomicU32;

registerCell(CELL_U32, (existing) => new Revived(existing));

/** The element type of AtomicU32s: for a channel that carries them, or a field of a struct. See {@linkcode mutexOf}. */
export const atomicU32Of: HandleElement<AtomicU32> = cellsOf(
  "atomicU32Of",
  CELL_U32,
  "an AtomicU32",
);
