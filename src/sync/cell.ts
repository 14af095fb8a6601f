/**
 * Cells: what atomic values are made of.
 *
 * Every operation is one call of the core. Measured, one thread, Deno, ns: an addition takes 6.9 by a call and 8.8 by `Atomics.add`,
 * a compare-and-swap 6.9 and 9.4, a load 4.0 and 5.6; with 64 bits an addition takes 7.6 and 15.3.
 *
 * Rejected: cells that lie close together. Two that different threads write to would share a cache line, and slow each other
 * down as if they were one.
 *
 * @module
 */
import { type Core, core, exhausted } from "../memory/core.ts";
import {
  dropObject,
  holdObject,
  KIND_ATOMIC,
  registerKind,
  type Shareable,
} from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import { CELL_SIZE, CELL_TYPE, CELL_VALUE } from "../memory/layout.ts";

/** A cell in shared memory, as this thread uses it. */
export class Cell {
  readonly fn: Core["fn"];
  /** Address of the object; 0 once the handle is disposed. */
  #ptr: number;
  #handle: Shareable | undefined = undefined;

  /** @param ptr The object; the caller's reference passes to the handle, see {@linkcode attach}. */
  constructor(ptr: number) {
    this.fn = core().fn;
    this.#ptr = ptr;
  }

  /** @throws {SharedMemoryExhaustedError} if there is no room */
  static create(type: number): Cell {
    const c = core();
    const ptr = c.fn.objectNew(KIND_ATOMIC, CELL_SIZE) >>> 0;
    if (ptr === 0) throw exhausted("an atomic value");
    c.writeU32(ptr + CELL_TYPE, type);
    return new Cell(ptr);
  }

  /** Makes `handle` the one that stands for this cell. */
  attach(handle: Shareable): void {
    this.#handle = handle;
    holdObject(handle, this.#ptr);
  }

  /**
   * Address of the object.
   *
   * @throws {TypeError} if the handle is disposed
   */
  get ptr(): number {
    if (this.#ptr !== 0) return this.#ptr;
    throw new TypeError("Cannot use a disposed atomic value: this thread gave up its handle");
  }

  /** Address of the value; throws as {@linkcode ptr}. */
  get at(): number {
    return this.ptr + CELL_VALUE;
  }

  dispose(): void {
    if (this.#ptr === 0) return;
    this.#ptr = 0;
    dropObject(this.#handle!);
  }
}

/** Makes the handle for a cell. */
type Revive = (existing: Cell) => Shareable;

const types = new Map<number, Revive>();

/** Declares how the handle for a cell of `type` is made. Called once a thread, by the module that owns the type. */
export function registerCell(type: number, revive: Revive): void {
  types.set(type, revive);
}

/** Makes the element type of the handles for cells of `type`; see `handlesOf`. */
export function cellsOf<T extends Shareable>(
  name: string,
  type: number,
  expected: string,
): HandleElement<T> {
  return handlesOf(name, KIND_ATOMIC, expected, (ptr) => core().readU32(ptr + CELL_TYPE) === type);
}

registerKind(KIND_ATOMIC, {
  revive: (ptr) => types.get(core().readU32(ptr + CELL_TYPE))!(new Cell(ptr)),
  abandon: (ptr) => core().fn.free(ptr),
});
