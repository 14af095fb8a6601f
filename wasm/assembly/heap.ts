/**
 * The allocator of shared memory: size classes over lock-free free lists.
 *
 * Algorithm: segregated fits with four classes a doubling (at most 25 % unused within a block), each with a
 * Treiber stack (IBM System/370 "free list" example; Treiber 1986) whose head carries a tag, so that a head
 * which was popped and pushed back between a load and a swap is not mistaken for the one loaded (ABA).
 * A class whose stack is empty carves a new block from the untouched end of memory, which grows; when it
 * can grow no more, a larger free block is split.
 *
 * | byte | word          | written by            | meaning                                      |
 * | ---- | ------------- | --------------------- | -------------------------------------------- |
 * | 128  | HEAP_TOP      | any, CAS              | first byte never handed out                  |
 * | 256  | HEAP_FREE_…   | any, CAS              | `tag << 32 \| block`, one a class            |
 * | b+0  | BLOCK_CLASS   | who carved or split b | the class, for `free`                        |
 * | b+4  | BLOCK_STATE   | who owns b            | live or free                                 |
 * | b+8  | payload       | who owns b            | a free block keeps the next block's address  |
 *
 * Invariants
 * - I1 A block is owned by exactly one of: a caller, a free list, or the thread between the two.
 * - I2 HEAP_TOP only grows, and memory reaches at least to it.
 * - I3 The headers from HEAP_START to HEAP_TOP tile that range once every carve has written its header.
 * - I4 The tag of a head grows by one with every pop, so equal heads mean that no pop came between; 2^32
 *   pops of one class while a thread stands between two instructions are taken as impossible.
 *
 * Limits, on purpose: neighbours are not merged, so memory once cut small serves small blocks for ever. The
 * system allocates the same few shapes again and again, and merging would need a lock around everything.
 */
import { cas64, load64 } from "./atomics";
import {
  BLOCK_CLASS,
  BLOCK_FREE,
  BLOCK_HEADER,
  BLOCK_LIVE,
  BLOCK_STATE,
  GROW_PAGES,
  HEAP_CLASS_COUNT,
  HEAP_FREE_LISTS,
  HEAP_START,
  HEAP_TOP,
  PAGE_SIZE,
} from "./layout";

/** Largest block in bytes, header included. */
const BLOCK_MAX: u32 = 0x80000000;

/** Index of the smallest class whose blocks hold `size` bytes (header included, 1 … BLOCK_MAX). */
// @ts-ignore: decorator
@inline
function classOf(size: u32): i32 {
  const last = size - 1;
  // Eight classes of 16 … 128 bytes, then four to each doubling.
  if (last < 128) return <i32>(last >> 4);
  const log = 31 - clz(last);
  return 8 + ((log - 7) << 2) + <i32>((last >> (log - 2)) & 3);
}

/** Bytes of a block of class `index`, header included. */
// @ts-ignore: decorator
@inline
function sizeOf(index: i32): u32 {
  if (index < 8) return (<u32>index + 1) << 4;
  return (<u32>(index & 3) + 5) << (((index - 8) >> 2) + 5);
}

/** Prepares fresh memory. Called once, by the thread that created it, before any other thread sees it. */
export function heapInit(): void {
  // Plain: no other thread has the memory yet.
  store<u64>(HEAP_TOP, HEAP_START);
}

/**
 * Allocates `byteLength` bytes, aligned to 8. The bytes are not cleared.
 *
 * - Progress: lock-free.
 * - Linearization: the swap in `pop`, or the one in `carve`.
 * - Model: `heap_model_test.ts`.
 *
 * @returns the address, or 0 when memory is exhausted; nothing has changed then
 */
export function allocate(byteLength: u32): usize {
  if (byteLength > BLOCK_MAX - <u32>BLOCK_HEADER) return 0;
  const index = classOf(byteLength + <u32>BLOCK_HEADER);
  // Fast path: a block of the class is free.
  let block = pop(index);
  if (block == 0) {
    block = carve(index);
    if (block == 0) block = split(index);
    if (block == 0) return 0;
  }
  // Plain: the block is ours alone (I1).
  store<u32>(block + BLOCK_STATE, BLOCK_LIVE);
  return block + BLOCK_HEADER;
}

/**
 * Frees what `allocate` returned; 0 is accepted. Traps on an address that is not live.
 *
 * - Progress: lock-free.
 * - Linearization: the swap in `push`.
 * - Model: `heap_model_test.ts`.
 */
export function free(ptr: usize): void {
  if (ptr == 0) return;
  const block = ptr - BLOCK_HEADER;
  // Plain: the block is the caller's alone (I1).
  if (load<u32>(block + BLOCK_STATE) != BLOCK_LIVE) unreachable();
  push(load<u32>(block + BLOCK_CLASS), block);
}

/**
 * Bytes in live blocks, headers included. Walks all headers: for tests and reports.
 * Exact while no thread allocates or frees.
 */
export function liveBytes(): f64 {
  const top = load64(HEAP_TOP);
  let live: f64 = 0;
  let block: u64 = HEAP_START;
  while (block < top) {
    const size = sizeOf(load<u32>(<usize>block + BLOCK_CLASS));
    if (load<u32>(<usize>block + BLOCK_STATE) == BLOCK_LIVE) live += <f64>size;
    block += size;
  }
  return live;
}

/** Bytes between the start of the heap and the end of what was ever handed out. */
export function reservedBytes(): f64 {
  return <f64>(load64(HEAP_TOP) - HEAP_START);
}

/** Takes a block off free list `index`; 0 when it is empty. */
// @ts-ignore: decorator
@inline
function pop(index: i32): usize {
  const list = HEAP_FREE_LISTS + (<usize>index << 3);
  let head = load64(list);
  while (<u32>head != 0) {
    const block = <usize>(<u32>head);
    // Plain, and possibly stale: another thread may own the block by now and write here. Then the head's tag
    // has moved and the swap fails; if the swap succeeds the pusher's swap made its store visible (I4).
    const next = load<u32>(block + BLOCK_HEADER);
    const seen = cas64(list, head, (((head >> 32) + 1) << 32) | next);
    if (seen == head) return block;
    head = seen;
  }
  return 0;
}

/** Puts a block that the caller owns on free list `index`. */
// @ts-ignore: decorator
@inline
function push(index: i32, block: usize): void {
  const list = HEAP_FREE_LISTS + (<usize>index << 3);
  // Plain: ours until the swap publishes it (I1).
  store<u32>(block + BLOCK_STATE, BLOCK_FREE);
  let head = load64(list);
  for (;;) {
    store<u32>(block + BLOCK_HEADER, <u32>head);
    const seen = cas64(list, head, (head & 0xffffffff00000000) | <u64>block);
    if (seen == head) return;
    head = seen;
  }
}

/** Cuts a new block of class `index` off the untouched end of memory, growing it; 0 when it cannot. */
function carve(index: i32): usize {
  const size: u64 = sizeOf(index);
  let top = load64(HEAP_TOP);
  for (;;) {
    const end = top + size;
    if (end > <u64>memory.size() * PAGE_SIZE && !grow(end)) return 0;
    const seen = cas64(HEAP_TOP, top, end);
    if (seen == top) break;
    top = seen;
  }
  // Plain: ours since the swap.
  store<u32>(<usize>top + BLOCK_CLASS, index);
  return <usize>top;
}

/** Makes memory reach `end`; false when it cannot. Several threads may grow at once: it is then larger. */
function grow(end: u64): bool {
  const pages = <i32>((end + PAGE_SIZE - 1) / PAGE_SIZE - <u64>memory.size());
  if (pages <= 0) return true;
  if (memory.grow(max(pages, GROW_PAGES)) >= 0 || memory.grow(pages) >= 0) return true;
  // Another thread's growth may have taken what was left, and with it reach far enough.
  return end <= <u64>memory.size() * PAGE_SIZE;
}

/** Splits a larger free block for class `index` and frees the rest; 0 when there is none. */
function split(index: i32): usize {
  const size = sizeOf(index);
  for (let larger = index + 1; larger < HEAP_CLASS_COUNT; larger++) {
    const block = pop(larger);
    if (block == 0) continue;
    // The rest goes first: until the first header shrinks the old one still tiles the range (I3).
    let rest = sizeOf(larger) - size;
    let at = block + size;
    while (rest != 0) {
      let piece = classOf(rest);
      if (sizeOf(piece) > rest) piece--;
      store<u32>(at + BLOCK_CLASS, piece);
      push(piece, at);
      at += sizeOf(piece);
      rest -= sizeOf(piece);
    }
    store<u32>(block + BLOCK_CLASS, index);
    return block;
  }
  return 0;
}
