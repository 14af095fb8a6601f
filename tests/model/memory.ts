/** The shared memory of a model: put back between schedules, and hashed by value as it changes. */
import { type Hash, Sequence, Sum } from "./fingerprint.ts";

const BLOCK_SHIFT = 12;
/** Cells are 8 bytes, since a hook does not tell 32-bit operations from 64-bit ones. */
const CELL_SHIFT = 3;

export class ModelMemory {
  readonly memory: WebAssembly.Memory;
  readonly growable: boolean;
  words: Int32Array;
  /** The memory as `setup` left it. */
  #image: Int32Array;
  /** Blocks that may differ from the image. */
  readonly #dirty: Uint8Array;
  readonly #hash = new Sum();
  readonly #scratch = new Sequence();
  /** Cells of a plain store that is announced but perhaps not yet done. */
  #storeFirst = 0;
  #storeLast = -1;
  #restores = 0;

  constructor(pages: number, maxPages: number) {
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: maxPages, shared: true });
    this.growable = maxPages > pages;
    this.words = new Int32Array(this.memory.buffer);
    this.#image = this.words.slice();
    this.#dirty = new Uint8Array((maxPages << 16) >>> BLOCK_SHIFT);
  }

  /** What distinguishes this memory from the image. */
  get hash(): Hash {
    return this.#hash;
  }

  /** Reports whether the memory has grown since it was photographed: that cannot be undone. */
  get grown(): boolean {
    return this.growable && this.memory.buffer.byteLength !== this.#image.byteLength;
  }

  /** Takes the image. */
  photograph(): void {
    this.refresh();
    this.#image = this.words.slice();
    this.#dirty.fill(0);
    this.#restores = 0;
  }

  /** Makes the memory what it is in the image. */
  restore(): void {
    // Hooks announce what WebAssembly writes; what JavaScript wrote is searched for now and then.
    if ((this.#restores & (this.#restores - 1)) === 0) this.#findDirty();
    this.#restores++;
    this.#hash.clear();
    this.#storeLast = -1;
    const blockWords = 1 << (BLOCK_SHIFT - 2);
    for (let block = 0; block < this.#dirty.length; block++) {
      if (this.#dirty[block] === 0) continue;
      const start = block * blockWords;
      this.words.set(this.#image.subarray(start, start + blockWords), start);
    }
  }

  /** Looks at the memory anew after it may have grown. */
  refresh(): void {
    this.words = new Int32Array(this.memory.buffer);
  }

  /** `ptr` is about to be touched. */
  touch(ptr: number): void {
    this.#dirty[ptr >>> BLOCK_SHIFT] = 1;
    if (ptr + 8 > this.words.length << 2) this.refresh();
  }

  /** The lower half of the cell around `ptr`. */
  lower(ptr: number): number {
    return this.words[(ptr >>> CELL_SHIFT) << 1] ?? 0;
  }

  /** The upper half of the cell around `ptr`. */
  upper(ptr: number): number {
    return this.words[((ptr >>> CELL_SHIFT) << 1) + 1] ?? 0;
  }

  /** The cell around `ptr` held these halves and may hold others now. Reports whether it does. */
  changed(ptr: number, lower: number, upper: number): boolean {
    if (this.lower(ptr) === lower && this.upper(ptr) === upper) return false;
    const cell = ptr >>> CELL_SHIFT;
    this.#hash.remove(this.#hashOf(cell, lower, upper));
    this.#hash.add(this.#hashOf(cell, this.lower(ptr), this.upper(ptr)));
    return true;
  }

  /** A plain store is about to happen. */
  announceStore(ptr: number, byteLength: number): void {
    this.#storeFirst = ptr >>> CELL_SHIFT;
    this.#storeLast = (ptr + byteLength - 1) >>> CELL_SHIFT;
    for (let cell = this.#storeFirst; cell <= this.#storeLast; cell++) {
      this.#hash.remove(this.#hashOfCell(cell));
    }
  }

  /** The plain store announced last, if any, has happened. */
  settleStore(): void {
    for (let cell = this.#storeFirst; cell <= this.#storeLast; cell++) {
      this.#hash.add(this.#hashOfCell(cell));
    }
    this.#storeLast = -1;
  }

  #hashOfCell(cell: number): Hash {
    const ptr = cell << CELL_SHIFT;
    return this.#hashOf(cell, this.lower(ptr), this.upper(ptr));
  }

  #hashOf(cell: number, lower: number, upper: number): Hash {
    return this.#scratch.clear().add(cell).add(lower).add(upper);
  }

  #findDirty(): void {
    for (let word = 0; word < this.#image.length; word++) {
      if (this.words[word] !== this.#image[word]) this.#dirty[word >>> (BLOCK_SHIFT - 2)] = 1;
    }
  }
}
