/**
 * What goes over a whole map: clear, size, range, and the map's end. See map.ts for the invariants.
 *
 * A walk follows the hashes, not the buckets: growth splits a bucket into two that have its hashes between them
 * (map_table.ts), so a walk that has come to a hash has seen all below, and sees none of them again.
 */
import { add32, load32, load64, store32 } from "./atomics";
import { free } from "./heap";
import {
  AGENT_HAZARD,
  MAP_CHANGED,
  MAP_COUNT,
  MAP_ERA,
  MAP_LITTERED,
  MAP_PURGED,
  MAP_RETIRED,
  MAP_TABLE,
  PAIR_ERA,
  PAIR_NEXT,
  PAIR_VALUE,
  SEEK_END,
  SEEK_HASH,
  SEEK_TABLE,
  SEEK_TAG,
  TABLE_BUCKETS,
  TABLE_COUNT,
  TABLE_LINK,
  TABLE_NEXT,
} from "./layout";
import { relax } from "./lock";
import { replace } from "./map";
import { bury } from "./map_retire";
import { bucketEnd, bucketOf, DRAINING, headOf, holds, LOCKED, MOVED, settle, tableFree } from "./map_table";

/** All hashes are below. */
const END: u64 = 0x100000000;

/**
 * Deletes all pairs.
 *
 * - Progress: wait-free; taking them out is blocking on the locks of buckets.
 * - Linearization: the addition (map.ts, I2). Model: `map_model_test.ts`.
 */
export function mapClear(map: usize): void {
  add32(map + MAP_ERA, 1);
  add32(map + MAP_LITTERED, 1);
  purge(map);
}

/**
 * Number of pairs: exact while nobody changes the map. Takes dead ones out first if there may be any: a clear has not come to
 * its end, perhaps for ever, if its thread has died; or something was put in for the era before it.
 */
export function mapSize(map: usize): u32 {
  if (load32(map + MAP_PURGED) != load32(map + MAP_LITTERED)) purge(map);
  return max<i32>(0, load32(map + MAP_COUNT));
}

/** Takes all dead pairs out. Order: the litter, the era, the walk: what is left behind later is counted later. */
function purge(map: usize): void {
  const littered = load32(map + MAP_LITTERED);
  const era = load32(map + MAP_ERA);
  let hash: u64 = 0;
  let round = 0;
  while (hash < END) {
    const table = settle(map, <u32>hash);
    const link: usize = load<u32>(table + TABLE_LINK);
    const bucket = bucketOf(table, <u32>hash);
    const word = load64(bucket);
    if ((<u32>word & (MOVED | DRAINING)) != 0) continue;
    if ((<u32>word & LOCKED) != 0) {
      round = relax(bucket, <u32>word, round);
      continue;
    }
    let previous: usize = 0;
    let pair = headOf(word);
    let next: usize = 0;
    let isAsItWas = true;
    while (pair != 0) {
      const age = <i32>(era - load32(pair + PAIR_ERA));
      next = load32(pair + PAIR_NEXT + link);
      if (age > 0) break;
      isAsItWas = holds(bucket, word);
      if (!isAsItWas) break;
      previous = pair;
      pair = next;
    }
    if (!isAsItWas) continue;
    if (pair == 0) {
      hash = bucketEnd(table, <u32>hash);
    } else if (replace(bucket, word, link, previous, next)) {
      add32(map + MAP_COUNT, -1);
      bury(map, pair);
    }
  }
  // If this is less than another has stored, somebody looks in vain once more.
  store32(map + MAP_PURGED, littered);
}

/**
 * Finds the first bucket, from that of `hash` on, that is not empty, and writes down at `into` (`SEEK_…`) what `mapVisit`
 * needs.
 *
 * - Progress: as `settle`.
 *
 * @returns false when there is none
 */
export function mapSeek(map: usize, hash: f64, into: usize): bool {
  let at = <u64>hash;
  while (at < END) {
    const table = settle(map, <u32>at);
    const word = load64(bucketOf(table, <u32>at));
    if ((<u32>word & (MOVED | DRAINING)) != 0) continue;
    const end = bucketEnd(table, <u32>at);
    if (headOf(word) != 0) {
      // Plain: the caller's own memory.
      store<u32>(into + SEEK_TABLE, <u32>table);
      store<u32>(into + SEEK_TAG, <u32>(word >> 32));
      store<f64>(into + SEEK_HASH, <f64>at);
      store<f64>(into + SEEK_END, <f64>end);
      return true;
    }
    at = end;
  }
  return false;
}

/**
 * Finds the next pair alive of a bucket that `mapSeek` has found, and lets the caller read it until it visits the next or calls
 * `mapDone`.
 *
 * - Progress: lock-free. Order: as `mapLoad`.
 * - Not by its number: while a pair is being taken out, those behind it move up though the tag is still the same.
 *
 * @param previous the pair visited before, which the caller is still reading; 0: the first
 * @param into where the value goes, if it is one in place
 * @returns the pair; 0: there is none; or `MAP_CHANGED`: those that were visited before may come again
 */
export function mapVisit(
  map: usize,
  table: usize,
  hash: u32,
  tag: u32,
  previous: usize,
  into: usize,
  self: usize,
): usize {
  const link: usize = load<u32>(table + TABLE_LINK);
  const bucket = bucketOf(table, hash);
  const word = load64(bucket);
  if (<u32>(word >> 32) != tag) return MAP_CHANGED;
  let pair: usize = previous == 0 ? headOf(word) : load32(previous + PAIR_NEXT + link);
  // A link is not that of the chain unless the bucket is as it was (map_table.ts, I3).
  while (holds(bucket, word)) {
    if (pair == 0) return 0;
    if (load32(pair + PAIR_ERA) == load32(map + MAP_ERA)) {
      store32(self + AGENT_HAZARD, <u32>pair);
      if (!holds(bucket, word)) break;
      store<u64>(into, load64(pair + PAIR_VALUE)); // Plain: the caller's own memory.
      return pair;
    }
    pair = load32(pair + PAIR_NEXT + link);
  }
  return MAP_CHANGED;
}

/** Takes all pairs out of a map that nobody knows any more. @returns the first of a chain (PAIR_NEXT) */
export function mapTakeAll(map: usize): usize {
  // Plain: ours.
  let chain: usize = load<u32>(map + MAP_RETIRED);
  let table: usize = load<u32>(map + MAP_TABLE);
  while (table != 0) {
    const link: usize = load<u32>(table + TABLE_LINK);
    const count = load<u32>(table + TABLE_COUNT);
    for (let index: u32 = 0; index < count; index++) {
      let pair = headOf(load<u64>(table + TABLE_BUCKETS + (<usize>index << 3)));
      while (pair != 0) {
        const next: usize = load<u32>(pair + PAIR_NEXT + link);
        store<u32>(pair + PAIR_NEXT, <u32>chain);
        chain = pair;
        pair = next;
      }
    }
    table = load<u32>(table + TABLE_NEXT);
  }
  return chain;
}

/** Frees a map whose pairs have been taken out. */
export function mapFree(map: usize): void {
  let table: usize = load<u32>(map + MAP_TABLE);
  // Plain: ours.
  for (let next: usize = load<u32>(table + TABLE_NEXT); next != 0; next = load<u32>(table + TABLE_NEXT)) table = next;
  tableFree(table);
  free(map);
}
