/**
 * How a map is searched. See map.ts and map_table.ts for the invariants.
 */
import { load32, load64, store32 } from "./atomics";
import {
  AGENT_HAZARD,
  MAP_ABSENT,
  MAP_ERA,
  MAP_TABLE,
  MAP_VALUE_FORM,
  PAIR_ERA,
  PAIR_HASH,
  PAIR_NEXT,
  PAIR_VALUE,
  TABLE_LINK,
  TABLE_NEXT,
  VALUE_BLOCK,
  VALUE_LONG,
} from "./layout";
import { hashOf, isKey } from "./map_key";
import { bucketOf, DRAINING, headOf, holds, MOVED } from "./map_table";

/** Result of `walk`: the chain has changed meanwhile. No address. */
export const CHANGED: usize = 1;

/**
 * Finds the pair of `key` in `bucket`, which held `word`.
 *
 * @returns the pair, if the bucket still holds `word`; 0: there is none (and it did hold it); or `CHANGED`
 */
// @ts-ignore: decorator
@inline
export function walk(map: usize, bucket: usize, word: u64, link: usize, hash: u32, key: usize): usize {
  let pair = headOf(word);
  while (pair != 0) {
    if (load32(pair + PAIR_HASH) == hash && isKey(map, bucket, word, pair, key)) return pair;
    const next: usize = load32(pair + PAIR_NEXT + link);
    if (!holds(bucket, word)) return CHANGED;
    pair = next;
  }
  return 0;
}

/**
 * Loads the value of `key`.
 *
 * - Progress: lock-free; it never waits. A round in vain means that somebody else has changed the bucket.
 * - Linearization: the load of the value, or of the era that makes it dead, or of the last link of the chain.
 * - Order: the pair's era, the map's, the value, the bucket (I2, I3); for a block the hazard, then the bucket (map_retire.ts).
 *   While the bucket is being drained what is not in it may be in the next table: there, and then the old bucket again.
 * - Model: `map_model_test.ts`.
 *
 * @returns narrow: the value; long: 0, and the value is at `into`; block: the pair, which the caller reads until it calls
 * `mapDone`; or `MAP_ABSENT`
 */
export function mapLoad(map: usize, key: usize, into: usize, self: usize): f64 {
  const form = load<u32>(map + MAP_VALUE_FORM);
  const hash = hashOf(map, key);
  let isReading = false;
  let result = MAP_ABSENT;
  let table: usize = load32(map + MAP_TABLE);
  for (;;) {
    let bucket = bucketOf(table, hash);
    let word = load64(bucket);
    if ((<u32>word & MOVED) != 0) {
      table = load32(table + TABLE_NEXT);
      continue;
    }
    let pair = walk(map, bucket, word, load<u32>(table + TABLE_LINK), hash, key);
    if (pair == 0) {
      if ((<u32>word & DRAINING) == 0) break;
      const next: usize = load32(table + TABLE_NEXT);
      const bucketThere = bucketOf(next, hash);
      const wordThere = load64(bucketThere);
      pair = walk(map, bucketThere, wordThere, load<u32>(next + TABLE_LINK), hash, key);
      if (pair == 0) {
        if (holds(bucket, word)) break;
        continue;
      }
      bucket = bucketThere;
      word = wordThere;
    }
    if (pair == CHANGED) continue;
    if (load32(pair + PAIR_ERA) != load32(map + MAP_ERA)) {
      if (holds(bucket, word)) break;
      continue;
    }
    if (form == VALUE_BLOCK) {
      store32(self + AGENT_HAZARD, <u32>pair);
      if (holds(bucket, word)) return <f64>pair;
      isReading = true;
    } else if (form < VALUE_LONG) {
      result = <f64>load32(pair + PAIR_VALUE);
      if (holds(bucket, word)) return result;
    } else {
      const value = load64(pair + PAIR_VALUE);
      if (holds(bucket, word)) {
        store<u64>(into, value); // Plain: the caller's own memory.
        return 0;
      }
    }
  }
  if (isReading) store32(self + AGENT_HAZARD, 0);
  return MAP_ABSENT;
}
