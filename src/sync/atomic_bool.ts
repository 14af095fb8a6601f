/**
 * Atomic booleans.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { shared } from "../memory/handle.ts";
import { CELL_BOOL } from "../memory/layout.ts";
import type { HandleElement } from "../memory/handle_type.ts";
import { Cell, cellsOf, registerCell } from "./cell.ts";

function checkBool(value: boolean): boolean {
  if (typeof value === "boolean") return value;
  throw new TypeError(`Cannot use ${show(value)} as a bool: expected true or false`);
}

/**
 * A boolean that all threads read and write atomically (Go: `atomic.Bool`).
 *
 * It is shared, ordered and checked as `AtomicI32` says.
 *
 * @example A flag that says that data is there
 * ```ts
 * import { AtomicBool, i32, sharedArray } from "@millrace/millrace";
 *
 * const data = sharedArray(i32, 1);
 * using isReady = new AtomicBool();
 * data[0] = 42;
 * isReady.store(true); // whoever loads true, on any thread, sees 42
 * console.log(isReady.load() && data[0]); // 42
 * ```
 *
 * @see Go package sync/atomic, type Bool.
 */
export class AtomicBool implements Disposable {
  readonly #cell: Cell;

  /**
   * Makes an atomic boolean.
   *
   * @param initial Its value. Default: `false`.
   * @throws {TypeError} if `initial` is no boolean
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(initial?: boolean);
  constructor(initial: boolean | Cell = false) {
    if (initial instanceof Cell) {
      this.#cell = initial;
    } else {
      checkBool(initial);
      this.#cell = Cell.create(CELL_BOOL);
      if (initial) this.#cell.fn.store32(this.#cell.at, 1);
    }
    this.#cell.attach(this);
  }

  /** What goes to another thread in this value's place. */
  get [shared](): number {
    return this.#cell.ptr;
  }

  /** Returns the value. */
  load(): boolean {
    const cell = this.#cell;
    return cell.fn.load32(cell.at) !== 0;
  }

  /**
   * Sets the value.
   *
   * @param value `true` or `false`.
   * @throws {TypeError} if `value` is no boolean
   */
  store(value: boolean): void {
    const cell = this.#cell;
    cell.fn.store32(cell.at, checkBool(value) ? 1 : 0);
  }

  /**
   * Sets the value.
   *
   * @param value `true` or `false`.
   * @returns The old value.
   * @throws {TypeError} if `value` is no boolean
   */
  swap(value: boolean): boolean {
    const cell = this.#cell;
    return cell.fn.xchg32(cell.at, checkBool(value) ? 1 : 0) !== 0;
  }

  /**
   * Sets the value to `value` if it is `old`.
   *
   * @param old `true` or `false`.
   * @param value `true` or `false`.
   * @returns Whether it was.
   * @throws {TypeError} if one of the two is no boolean
   */
  compareAndSwap(old: boolean, value: boolean): boolean {
    const cell = this.#cell;
    const expected = checkBool(old) ? 1 : 0;
    return cell.fn.cas32(cell.at, expected, checkBool(value) ? 1 : 0) === expected;
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Disposing twice is
   * harmless.
   */
  [Symbol.dispose](): void {
    this.#cell.dispose();
  }
}

const Revived = AtomicBool as unknown as new (existing: Cell) => AtomicBool;

registerCell(CELL_BOOL, (existing) => new Revived(existing));

/** The element type of AtomicBools: for a channel that carries them, or a field of a struct. See {@linkcode mutexOf}. */
export const atomicBoolOf: HandleElement<AtomicBool> = cellsOf(
  "atomicBoolOf",
  CELL_BOOL,
  "an AtomicBool",
);
