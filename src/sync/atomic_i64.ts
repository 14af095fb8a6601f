/**
 * Atomic signed integers of 64 bits.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { shared } from "../memory/handle.ts";
import { CELL_I64 } from "../memory/layout.ts";
import type { HandleElement } from "../memory/handle_type.ts";
import { Cell, cellsOf, registerCell } from "./cell.ts";

function checkI64(value: bigint): bigint {
  const expected = "a bigint from -(2n**63n) to 2n**63n-1n";
  if (typeof value !== "bigint") {
    throw new TypeError(`Cannot use ${show(value)} as an i64: expected ${expected}`);
  }
  if (BigInt.asIntN(64, value) === value) return value;
  throw new RangeError(`Cannot use ${show(value)} as an i64: expected ${expected}`);
}

/**
 * A signed 64-bit integer, a bigint, that all threads read and write atomically (Go: `atomic.Int64`).
 *
 * It is shared, ordered and checked as `AtomicI32` says.
 *
 * @example
 * ```ts
 * import { AtomicI64 } from "@millrace/millrace";
 *
 * using total = new AtomicI64();
 * console.log(total.add(2n ** 40n)); // 1099511627776n
 * ```
 *
 * @see Go package sync/atomic, type Int64.
 */
export class AtomicI64 implements Disposable {
  readonly #cell: Cell;

  /**
   * Makes an atomic integer.
   *
   * @param initial Its value: a bigint of 64 bits. Default: 0n.
   * @throws {TypeError | RangeError} if `initial` is something else
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(initial?: bigint);
  constructor(initial: bigint | Cell = 0n) {
    if (initial instanceof Cell) {
      this.#cell = initial;
    } else {
      checkI64(initial);
      this.#cell = Cell.create(CELL_I64);
      if (initial !== 0n) this.#cell.fn.store64(this.#cell.at, initial);
    }
    this.#cell.attach(this);
  }

  /** What goes to another thread in this value's place. */
  get [shared](): number {
    return this.#cell.ptr;
  }

  /** Returns the value. */
  load(): bigint {
    const cell = this.#cell;
    return cell.fn.load64(cell.at);
  }

  /**
   * Sets the value.
   *
   * @param value A bigint of 64 bits.
   * @throws {TypeError | RangeError} if `value` is something else
   */
  store(value: bigint): void {
    const cell = this.#cell;
    cell.fn.store64(cell.at, checkI64(value));
  }

  /**
   * Adds `delta`; the sum wraps.
   *
   * @param delta A bigint of 64 bits.
   * @returns The new value, as in Go.
   * @throws {TypeError | RangeError} if `delta` is something else
   */
  add(delta: bigint): bigint {
    const cell = this.#cell;
    return BigInt.asIntN(64, cell.fn.add64(cell.at, checkI64(delta)) + delta);
  }

  /**
   * Sets the value.
   *
   * @param value A bigint of 64 bits.
   * @returns The old value.
   * @throws {TypeError | RangeError} if `value` is something else
   */
  swap(value: bigint): bigint {
    const cell = this.#cell;
    return cell.fn.xchg64(cell.at, checkI64(value));
  }

  /**
   * Sets the value to `value` if it is `old`.
   *
   * @param old A bigint of 64 bits.
   * @param value A bigint of 64 bits.
   * @returns Whether it was.
   * @throws {TypeError | RangeError} if one of the two is something else
   */
  compareAndSwap(old: bigint, value: bigint): boolean {
    const cell = this.#cell;
    return cell.fn.cas64(cell.at, checkI64(old), checkI64(value)) === old;
  }

  /**
   * Clears the bits that `mask` lacks.
   *
   * @param mask A bigint of 64 bits.
   * @returns The old value, as in Go.
   * @throws {TypeError | RangeError} if `mask` is something else
   */
  and(mask: bigint): bigint {
    const cell = this.#cell;
    return cell.fn.and64(cell.at, checkI64(mask));
  }

  /**
   * Sets the bits of `mask`.
   *
   * @param mask A bigint of 64 bits.
   * @returns The old value, as in Go.
   * @throws {TypeError | RangeError} if `mask` is something else
   */
  or(mask: bigint): bigint {
    const cell = this.#cell;
    return cell.fn.or64(cell.at, checkI64(mask));
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Disposing twice is
   * harmless.
   */
  [Symbol.dispose](): void {
    this.#cell.dispose();
  }
}

const Revived = AtomicI64 as unknown as new (existing: Cell) => AtomicI64;

registerCell(CELL_I64, (existing) => new Revived(existing));

/** The element type of AtomicI64s: for a channel that carries them, or a field of a struct. See {@linkcode mutexOf}. */
export const atomicI64Of: HandleElement<AtomicI64> = cellsOf(
  "atomicI64Of",
  CELL_I64,
  "an AtomicI64",
);
