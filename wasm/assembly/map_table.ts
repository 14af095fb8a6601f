/**
 * Tables of a map: buckets, and how a larger table takes the place of one that is full. See map.ts.
 *
 * Algorithm: pairs are chained in buckets; a bucket is one u64 word, so that its chain and its version change in one
 * step. A search reads without locking and compares the word afterwards (a sequence lock: Lameter 2005, Boehm, "Can
 * seqlocks get along with programming language memory models?", MSPC 2012); a change searches in the same way and then locks
 * the bucket by a swap that succeeds only if nothing has changed since (Guerraoui and Trigonakis, "Optimistic concurrency
 * with OPTIK", PPoPP 2016). For growth each pair has two links, one for the old table and one for the new (Herbert Xu's
 * resizable hash tables of the Linux kernel, 2010), so that whoever walks the old chain is not led astray.
 *
 * A bucket:
 *
 * | bits    | field | meaning                                                                              |
 * | ------- | ----- | ------------------------------------------------------------------------------------ |
 * | 0 … 2   | flags | LOCKED 1, MOVED 2, DRAINING 4                                                          |
 * | 3 … 31  | head  | the first pair, an address that is a multiple of 8                                     |
 * | 32 … 63 | tag   | how often the chain has changed; wraps, compared for equality                          |
 *
 * | flags    | where the bucket's pairs are                  | who may change the chain                  | left by            |
 * | -------- | --------------------------------------------- | ----------------------------------------- | ------------------ |
 * | none     | in the chain                                  | whoever swaps the word                    | a lock, the first step of a drain |
 * | LOCKED   | in the chain                                  | whoever locked it                         | the same           |
 * | DRAINING | in the chain, or in the two buckets of the next table | who takes the first pair over, with LOCKED besides | MOVED |
 * | MOVED    | in the two buckets of the next table           | nobody                                    | nothing            |
 *
 * The bucket of hash h among n is floor(h · n / 2^32): in the order of hashes, so that those of bucket i are those of
 * buckets 2i and 2i + 1 in a table of twice the size, and a walk over the hashes is not disturbed by growth.
 *
 * Invariants
 * - I1 A pair is reachable from one bucket, except while it is taken over: then from one in each table.
 * - I2 Whatever in a chain changes but for values in place, its bucket's tag grows after it. So who finds a bucket's word as it
 *   was, but for LOCKED, has read a chain that was there; every address in it was a pair's when it was read.
 * - I3 A pair is freed only after the tag has grown. So an address from a chain is used only after the word has been
 *   compared once more; what is read there may be rubbish (the block may be another's by now), and is used for nothing before
 *   the word has been compared again. Memory is never given back to the engine: no address ever becomes invalid.
 * - I4 From the swap that sets LOCKED to the store that clears it stands neither a call nor a loop (law 10).
 * - I5 The buckets of the next table that belong to a bucket are written by who has that one locked, until it is MOVED; nobody
 *   else changes them before.
 * - I6 A table has a next one only once it is the map's own, and that only once the one before is MOVED throughout: there
 *   are two tables at most that are not.
 *
 * Old tables stay until the map goes: together they are smaller than the last. To free one, each search would have to
 * announce itself first, which costs as much as the search.
 *
 * Loads of a chain are atomic not because they would tear, but because they may not pass the comparison that follows.
 *
 * Rejected: split-ordered lists (Shalev and Shavit 2006), which move no pair at all — every search would walk memory that
 * may be freed under it with no version to compare; open addressing — deletions leave tombstones, and tables that are
 * rebuilt because of them have to be freed; a lock for each stretch of buckets, held while it moves — a thread may die in
 * a loop.
 */
import { cas32, cas64, load32, load64, store32, store64 } from "./atomics";
import { allocate, free } from "./heap";
import {
  MAP_TABLE,
  PAIR_HASH,
  PAIR_NEXT,
  TABLE_BUCKETS,
  TABLE_COUNT,
  TABLE_LINK,
  TABLE_NEXT,
  TABLE_OLDER,
  TABLE_SWEPT,
} from "./layout";
import { relax } from "./lock";

export const LOCKED: u32 = 1;
export const MOVED: u32 = 2;
export const DRAINING: u32 = 4;
const FLAGS: u32 = 7;

/** Buckets of a full table that each change moves besides its own: all have moved long before the next is full. */
const SWEEP: u32 = 8;
/** Buckets of the largest table: 1 GiB. */
const MAX_COUNT: u32 = 1 << 27;

/** The first pair of a bucket, or 0. */
// @ts-ignore: decorator
@inline
export function headOf(word: u64): usize {
  return <usize>(<u32>word & ~FLAGS);
}

/** The word that follows `word`, with another chain. */
// @ts-ignore: decorator
@inline
export function wordAfter(word: u64, head: usize, flags: u32): u64 {
  return (((word >> 32) + 1) << 32) | (<u64>(<u32>head | flags));
}

/** Reports whether `bucket` has the chain that it had when it held `word` (I2). */
// @ts-ignore: decorator
@inline
export function holds(bucket: usize, word: u64): bool {
  return ((load64(bucket) ^ word) & ~(<u64>LOCKED)) == 0;
}

/** The bucket of `hash` in `table`. */
// @ts-ignore: decorator
@inline
export function bucketOf(table: usize, hash: u32): usize {
  // Plain: the count is written before the table is published.
  return table + TABLE_BUCKETS + (<usize>((<u64>hash * load<u32>(table + TABLE_COUNT)) >> 32) << 3);
}

/** The first hash after those of the bucket of `hash`: up to 2^32. */
export function bucketEnd(table: usize, hash: u32): u64 {
  const count = <u64>load<u32>(table + TABLE_COUNT);
  const next = ((<u64>hash * count) >> 32) + 1;
  return ((next << 32) + count - 1) / count;
}

/** Makes a table of `count` empty buckets that follows `older`, which may be 0; 0 when memory is exhausted. */
export function tableNew(count: u32, older: usize): usize {
  const byteLength = <u32>TABLE_BUCKETS + (count << 3);
  const table = allocate(byteLength);
  if (table == 0) return 0;
  // Plain: ours until it is published.
  memory.fill(table, 0, byteLength);
  store<u32>(table + TABLE_COUNT, count);
  store<u32>(table + TABLE_LINK, older == 0 ? 0 : load<u32>(older + TABLE_LINK) ^ 4);
  store<u32>(table + TABLE_OLDER, <u32>older);
  return table;
}

/**
 * Begins to replace the table of `map` by one of twice the size, if it holds more than a pair a bucket. Without memory the
 * chains grow longer.
 *
 * - Progress: lock-free. Linearization: the swap.
 * - Order: the map's table is looked at after it was found to have no next one (I6).
 * - Model: `map_model_test.ts`.
 *
 * @param count pairs in the map
 */
export function tableGrow(map: usize, table: usize, count: u32): void {
  const buckets = load<u32>(table + TABLE_COUNT);
  if (count <= buckets || buckets > MAX_COUNT / 2) return;
  if (load32(table + TABLE_NEXT) != 0 || load32(map + MAP_TABLE) != <u32>table) return;
  const next = tableNew(buckets << 1, table);
  if (next != 0 && cas32(table + TABLE_NEXT, 0, <u32>next) != 0) free(next);
}

/**
 * The table in which the pairs of `hash` are, all of them; helps a replacement that is under way.
 *
 * - Progress: lock-free, but for locked buckets. A thread that dies leaves nothing that others cannot go on with.
 * - Order: the own bucket first, so that the search that follows finds what there is (I1).
 * - Model: `map_model_test.ts`.
 */
export function settle(map: usize, hash: u32): usize {
  let table: usize = load32(map + MAP_TABLE);
  let next: usize = load32(table + TABLE_NEXT);
  // Fast path: nothing is being replaced.
  while (next != 0) {
    drain(bucketOf(table, hash), table, next);
    sweep(map, table, next);
    const now: usize = load32(map + MAP_TABLE);
    if (now == table) return next;
    table = now;
    next = load32(table + TABLE_NEXT);
  }
  return table;
}

/** Moves some buckets of `table`, and makes `next` the map's table when all have moved. */
function sweep(map: usize, table: usize, next: usize): void {
  const count = load<u32>(table + TABLE_COUNT);
  const start = load32(table + TABLE_SWEPT);
  const end = min(start + SWEEP, count);
  for (let index = start; index < end; index++) {
    drain(table + TABLE_BUCKETS + (<usize>index << 3), table, next);
  }
  // Only what this thread has seen to is counted, so a thread that dies owes nothing.
  if (start < end) cas32(table + TABLE_SWEPT, start, end);
  if (load32(table + TABLE_SWEPT) == count) cas32(map + MAP_TABLE, <u32>table, <u32>next);
}

/**
 * Moves all pairs of `bucket` of `table` to `next`.
 *
 * - Order of a step: lock; the pair's link of the new table, its new bucket, its old bucket. From the second store to the
 *   third it is in both (I1). With the old bucket first, a search would find it in neither.
 */
function drain(bucket: usize, table: usize, next: usize): void {
  const link: usize = load<u32>(table + TABLE_LINK);
  let round = 0;
  for (;;) {
    const word = load64(bucket);
    if ((<u32>word & MOVED) != 0) return;
    if ((<u32>word & LOCKED) != 0) {
      round = relax(bucket, <u32>word, round);
      continue;
    }
    const pair = headOf(word);
    if (pair == 0) {
      if (cas64(bucket, word, wordAfter(word, 0, MOVED)) == word) return;
      continue;
    }
    // Rubbish, unless the swap succeeds (I3).
    const rest: usize = load32(pair + PAIR_NEXT + link);
    const target = bucketOf(next, load32(pair + PAIR_HASH));
    if (cas64(bucket, word, word | LOCKED) != word) continue;
    const there = load64(target);
    store32(pair + PAIR_NEXT + (link ^ 4), <u32>headOf(there));
    store64(target, wordAfter(there, pair, 0));
    store64(bucket, wordAfter(word, rest, DRAINING));
  }
}

/** Frees all tables of a map whose newest is `table`; nobody knows it any more. */
export function tableFree(table: usize): void {
  while (table != 0) {
    const older: usize = load<u32>(table + TABLE_OLDER);
    free(table);
    table = older;
  }
}
