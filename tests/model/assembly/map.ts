/** Maps with narrow keys, and readers and owners of pairs. */
import { allocate, free } from "../../../wasm/assembly/heap";
import {
  KEY_RECORD,
  MAP_KEY_FORM,
  PAIR_ERA,
  PAIR_HASH,
  PAIR_NEXT,
  PAIR_VALUE,
  SEEK_END,
  SEEK_HASH,
  SEEK_TABLE,
  SEEK_TAG,
} from "../../../wasm/assembly/layout";
import { mapDelete, mapStore } from "../../../wasm/assembly/map";
import { hashOf } from "../../../wasm/assembly/map_key";
import { mapLoad } from "../../../wasm/assembly/map_load";
import { mapDone, mapReclaim, mapRetire } from "../../../wasm/assembly/map_retire";
import { mapSeek, mapVisit } from "../../../wasm/assembly/map_walk";

export { agentRegister } from "../../../wasm/assembly/agent";
export { allocate, free, heapInit, liveBytes } from "../../../wasm/assembly/heap";
export * from "../../../wasm/assembly/map";
export { mapLoad } from "../../../wasm/assembly/map_load";
export * from "../../../wasm/assembly/map_retire";
export * from "../../../wasm/assembly/map_walk";

/** A number of 64 bits that an operation has left in `scratch`, or its code. */
function longOf(result: f64, scratch: usize): f64 {
  return result < 0 ? result : <f64>load<u64>(scratch);
}

/** Loads a number of 64 bits. `scratch` is the caller's own. */
export function loadLong(map: usize, key: usize, scratch: usize, self: usize): f64 {
  return longOf(mapLoad(map, key, scratch, self), scratch);
}

/** Stores a number of 64 bits, and returns the one before. */
export function storeLong(map: usize, key: usize, value: u32, scratch: usize, self: usize): f64 {
  store<u64>(scratch, value);
  return longOf(mapStore(map, key, 0, scratch, scratch, self), scratch);
}

/** Deletes a number of 64 bits, and returns it. */
export function deleteLong(map: usize, key: usize, scratch: usize, self: usize): f64 {
  return longOf(mapDelete(map, key, scratch, self), scratch);
}

/** Frees pairs that nobody may touch any more: first all is overwritten, so that whoever does reads nonsense, and races. */
function destroy(pair: usize): void {
  store<u64>(pair + PAIR_VALUE, 0xdededede);
  free(pair);
}

/** Frees what has been left in the list. */
export function reclaim(map: usize): void {
  let pair = mapReclaim(map);
  while (pair != 0) {
    const next: usize = load<u32>(pair + PAIR_NEXT);
    destroy(pair);
    pair = next;
  }
}

/** Uses memory of a pair's size for a moment, for what looks like a pair of `key` and leads nowhere. */
export function scribble(map: usize, key: usize): void {
  const isRecord = load<u32>(map + MAP_KEY_FORM) == KEY_RECORD;
  const block = allocate(<u32>PAIR_VALUE + (isRecord ? 24 : 8));
  store<u64>(block + PAIR_NEXT, 0x7ffffff87ffffff8);
  store<u32>(block + PAIR_HASH, hashOf(map, key));
  store<u32>(block + PAIR_ERA, 0);
  store<u64>(block + PAIR_VALUE, 666);
  if (isRecord) {
    store<u64>(block + PAIR_VALUE + 8, load<u64>(key));
    store<u64>(block + PAIR_VALUE + 16, load<u64>(key + 8));
  }
  free(block);
}

/** Loads a block, reading it twice; -1 if there is none. */
export function loadBlock(map: usize, key: usize, self: usize): f64 {
  const pair = mapLoad(map, key, 0, self);
  if (pair < 0) {
    reclaim(map);
    return -1;
  }
  const value = load<u32>(<usize>pair + PAIR_VALUE);
  const again = load<u32>(<usize>pair + PAIR_VALUE);
  if (mapDone(map, self)) reclaim(map);
  return value == again ? <f64>value : -100;
}

/** What was taken out is read and given up; there may be dead pairs, too. */
function taken(map: usize, pair: f64): f64 {
  if (pair < 0) {
    reclaim(map);
    return -1;
  }
  const value = load<u32>(<usize>pair + PAIR_VALUE);
  if (mapRetire(map, <usize>pair)) destroy(<usize>pair);
  reclaim(map);
  return <f64>value;
}

/** Stores a block, and returns the one before. */
export function storeBlock(map: usize, key: usize, value: u32, self: usize): f64 {
  return taken(map, mapStore(map, key, value, 0, 0, self));
}

/** Deletes a block, and returns it. */
export function deleteBlock(map: usize, key: usize, self: usize): f64 {
  return taken(map, mapDelete(map, key, 0, self));
}

/** Goes over the map; the sum of the values, which are read where they stand if they are blocks. Begins a bucket anew when it has changed. */
export function sumAll(map: usize, isBlock: bool, scratch: usize, self: usize): f64 {
  let sum: f64 = 0;
  let hash: f64 = 0;
  while (mapSeek(map, hash, scratch)) {
    const table: usize = load<u32>(scratch + SEEK_TABLE);
    const tag = load<u32>(scratch + SEEK_TAG);
    const first = <u32>load<f64>(scratch + SEEK_HASH);
    const end = load<f64>(scratch + SEEK_END);
    let inBucket: f64 = 0;
    let pair = mapVisit(map, table, first, tag, 0, scratch, self);
    while (pair > 1) {
      inBucket += <f64>load<u64>(isBlock ? pair + PAIR_VALUE : scratch);
      pair = mapVisit(map, table, first, tag, pair, scratch, self);
    }
    if (mapDone(map, self)) reclaim(map);
    if (pair != 0) continue;
    sum += inBucket;
    hash = end;
  }
  return sum;
}
