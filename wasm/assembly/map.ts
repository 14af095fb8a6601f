/**
 * A concurrent hash map that can be shared by all threads, with keys and values of any type; it grows while it is used.
 *
 * The chains of pairs and their growth are in map_table.ts, keys in map_key.ts, the search in map_load.ts, memory that is freed while others
 * may read it in map_retire.ts, walks over the whole map in map_walk.ts. Here are the operations that change a key: each is a
 * search, and at most one step that changes something.
 *
 * | operation                  | the step: its linearization, if the key's pair was as needed    | progress                     |
 * | -------------------------- | --------------------------------------------------------------- | ---------------------------- |
 * | load                       | none: the load of the value, or of the link that ends the chain | lock-free, waits for nobody  |
 * | insert                     | swap of the bucket                                              | blocking                     |
 * | overwrite, narrow and long | store of the value, with the bucket locked                      | blocking                     |
 * | overwrite, block           | swap of the bucket, or store of a link with the bucket locked   | blocking                     |
 * | delete                     | the same                                                        | blocking                     |
 * | clear                      | addition to the era                                             | wait-free; then it cleans up |
 *
 * "Blocking" is on a bucket's lock, which is held for some stores by a thread that cannot die meanwhile. Loads do not look at
 * locks: whatever a holder has done so far, a chain is there, and a value changes by one store.
 *
 * Invariants, besides those of map_table.ts
 * - I1 A chain has at most one pair of a key: one enters at the head of a chain that was found to have none, by a swap of the word
 *   that was searched.
 * - I2 A pair is alive if its era is the map's. A clear is one addition, and kills all; what it leaves is taken out by it
 *   (map_walk.ts) and by whoever meets it. An operation that has read its bucket and then the era before the
 *   clear, and has its effect after, took place before: what it sees and leaves is dead to all others.
 * - I3 Values in place are changed with the bucket locked, by an atomic store, without changing the tag: searches need not
 *   begin anew. Who takes a pair out may have read an older value; the right one is read under the lock, or afterwards.
 * - I4 A block never changes: its pair is replaced. So a pair that is being read (map_retire.ts) and still in the map has the value.
 * - I5 Between the step and the counts (MAP_COUNT, MAP_LITTERED) stands neither a call nor a loop: a thread that dies does not
 *   make them wrong.
 */
import { add32, cas64, load32, load64, store32, store64 } from "./atomics";
import { allocate, free } from "./heap";
import {
  AGENT_HAZARD,
  KEY_LONG,
  KEY_NARROW,
  MAP_ABSENT,
  MAP_COUNT,
  MAP_ERA,
  MAP_IS_PLAIN,
  MAP_KEY_FORM,
  MAP_LITTERED,
  MAP_MISMATCH,
  MAP_NO_MEMORY,
  MAP_SEED,
  MAP_SIZE,
  MAP_TABLE,
  MAP_VALUE_BYTES,
  MAP_VALUE_FORM,
  OBJECT_ELEMENT,
  PAIR_ERA,
  PAIR_HASH,
  PAIR_NEXT,
  PAIR_VALUE,
  TABLE_LINK,
  VALUE_BLOCK,
  VALUE_F32,
  VALUE_F64,
  VALUE_LONG,
} from "./layout";
import { relax } from "./lock";
import { hashOf, recordBytes } from "./map_key";
import { CHANGED, walk } from "./map_load";
import { bury } from "./map_retire";
import {
  bucketOf,
  DRAINING,
  headOf,
  holds,
  LOCKED,
  MOVED,
  settle,
  tableGrow,
  tableNew,
  wordAfter,
} from "./map_table";
import { objectNew } from "./object";

/** What `change` does: it puts a value, whatever there is … */
const STORE: u32 = 0;
/** … or only if there is none, … */
const STORE_NEW: u32 = 1;
/** … or only in the place of the expected one; … */
const STORE_IF: u32 = 2;
/** … or takes the key out, … */
const DELETE: u32 = 3;
/** … or only with the expected value. */
const DELETE_IF: u32 = 4;

/**
 * Makes an empty map with `buckets` buckets; 0 when memory is exhausted.
 *
 * @param seed address of 16 secret bytes
 */
export function mapNew(
  kind: u32,
  element: u32,
  keyForm: u32,
  valueForm: u32,
  valueBytes: u32,
  isPlain: u32,
  seed: usize,
  buckets: u32,
): usize {
  const map = objectNew(kind, <u32>MAP_SIZE);
  if (map == 0) return 0;
  const table = tableNew(buckets, 0);
  if (table == 0) {
    free(map);
    return 0;
  }
  // Plain: ours until a handle to it is given away.
  store<u32>(map + OBJECT_ELEMENT, element);
  store<u32>(map + MAP_KEY_FORM, keyForm);
  store<u32>(map + MAP_VALUE_FORM, valueForm);
  store<u32>(map + MAP_VALUE_BYTES, valueBytes);
  store<u32>(map + MAP_IS_PLAIN, isPlain);
  memory.copy(map + MAP_SEED, seed, 16);
  store<u32>(map + MAP_TABLE, <u32>table);
  return map;
}

/** Makes a pair of `key` and the value: `payload`, or the bytes at `from`; 0 when memory is exhausted. Plain: the caller's own. */
function pairNew(map: usize, hash: u32, key: usize, payload: u32, from: usize): usize {
  const keyForm = load<u32>(map + MAP_KEY_FORM);
  const valueBytes = load<u32>(map + MAP_VALUE_BYTES);
  const keyBytes: u32 = keyForm == KEY_NARROW ? 0 : keyForm == KEY_LONG ? 8 : (recordBytes(key) + 7) & ~7;
  const pair = allocate(<u32>PAIR_VALUE + valueBytes + keyBytes);
  if (pair == 0) return 0;
  store<u32>(pair + PAIR_HASH, hash);
  if (from == 0) store<u64>(pair + PAIR_VALUE, payload);
  else memory.copy(pair + PAIR_VALUE, from, valueBytes);
  if (keyBytes != 0) memory.copy(pair + PAIR_VALUE + valueBytes, key, keyBytes);
  return pair;
}

/**
 * The pair before `pair` in the chain of `bucket` that was found under `word`, 0 if it is the first; or `CHANGED`.
 */
function before(bucket: usize, word: u64, link: usize, pair: usize): usize {
  let previous: usize = 0;
  let at = headOf(word);
  while (at != pair) {
    previous = at;
    at = load32(at + PAIR_NEXT + link);
    // A chain that changes may lead anywhere, even to its end (map_table.ts, I3).
    if (!holds(bucket, word) || at == 0) return CHANGED;
  }
  return previous;
}

/**
 * Puts `heir` in the place of the pair after `previous` in the chain of `bucket`: another pair, or what follows it.
 *
 * - Linearization: the swap, or the store of the link. Order: link, then word (map_table.ts, I2, I4).
 *
 * @returns false when the bucket did not hold `word` any more; nothing has changed then
 */
// @ts-ignore: decorator
@inline
export function replace(bucket: usize, word: u64, link: usize, previous: usize, heir: usize): bool {
  if (previous == 0) return cas64(bucket, word, wordAfter(word, heir, 0)) == word;
  if (cas64(bucket, word, word | LOCKED) != word) return false;
  store32(previous + PAIR_NEXT + link, <u32>heir);
  store64(bucket, wordAfter(word, headOf(word), 0));
  return true;
}

/** Reports whether two values in place are the same: numbers as `Map` compares its keys. */
// @ts-ignore: decorator
@inline
function isSame(form: u32, a: u64, b: u64): bool {
  if (a == b) return true;
  if (form == VALUE_F32) {
    const x = reinterpret<f32>(<u32>a);
    const y = reinterpret<f32>(<u32>b);
    return x == y || (x != x && y != y);
  }
  if (form == VALUE_F64) {
    const x = reinterpret<f64>(a);
    const y = reinterpret<f64>(b);
    return x == y || (x != x && y != y);
  }
  return false;
}

/** What an operation returns for `value`, which is in place; a long one goes to `into`. */
// @ts-ignore: decorator
@inline
function inPlace(form: u32, value: u64, into: usize): f64 {
  if (form < VALUE_LONG) return <f64>(<u32>value);
  store<u64>(into, value); // Plain: the caller's own memory.
  return 0;
}

/**
 * Changes what belongs to `key`, as `mode` says; see the functions below.
 *
 * - Progress: blocking on the lock of a bucket; otherwise a round in vain means that somebody else has changed it.
 * - Linearization: see the head of the file.
 * - Order: the bucket, the era, the search (I2): with the era first, the search could miss a pair that has been killed and taken out
 *   since, and the new one would be made for the era before. The new pair is complete before the swap that publishes it.
 * - Model: `map_model_test.ts`.
 */
function change(
  map: usize,
  mode: u32,
  key: usize,
  payload: u32,
  from: usize,
  expected: u32,
  into: usize,
  self: usize,
): f64 {
  const form = load<u32>(map + MAP_VALUE_FORM);
  const hash = hashOf(map, key);
  const isBlock = form == VALUE_BLOCK;
  const puts = mode < DELETE;
  const value: u64 = isBlock ? 0 : from != 0 ? load<u64>(from) : payload;
  const wanted: u64 = isBlock || mode != STORE_IF && mode != DELETE_IF ? 0 : form < VALUE_LONG ? expected : load<u64>(expected);
  let fresh: usize = 0;
  let isReading = false;
  let round = 0;
  let result = MAP_ABSENT;
  do {
    const table = settle(map, hash);
    const link: usize = load<u32>(table + TABLE_LINK);
    const bucket = bucketOf(table, hash);
    const word = load64(bucket);
    if ((<u32>word & (MOVED | DRAINING)) != 0) continue;
    if ((<u32>word & LOCKED) != 0) {
      round = relax(bucket, <u32>word, round);
      continue;
    }
    const era = load32(map + MAP_ERA);
    const pair = walk(map, bucket, word, link, hash, key);
    if (pair == CHANGED) continue;

    if (pair == 0) {
      if (!puts || mode == STORE_IF) break;
      if (fresh == 0) fresh = pairNew(map, hash, key, payload, from);
      if (fresh == 0) {
        result = MAP_NO_MEMORY;
        break;
      }
      // Plain: ours until the swap.
      store<u32>(fresh + PAIR_ERA, era);
      store<u32>(fresh + PAIR_NEXT + link, <u32>headOf(word));
      if (cas64(bucket, word, wordAfter(word, fresh, 0)) != word) continue;
      const count = add32(map + MAP_COUNT, 1) + 1;
      // A clear may have come and gone by this bucket before there was anything to take out.
      if (load32(map + MAP_ERA) != era) add32(map + MAP_LITTERED, 1);
      fresh = 0;
      tableGrow(map, table, count);
      break;
    }

    if (load32(pair + PAIR_ERA) != era) {
      // Dead, unless it is younger than this round.
      if (load32(map + MAP_ERA) != era) continue;
      const previous = before(bucket, word, link, pair);
      if (previous == CHANGED) continue;
      const rest: usize = load32(pair + PAIR_NEXT + link);
      if (!replace(bucket, word, link, previous, rest)) continue;
      add32(map + MAP_COUNT, -1);
      bury(map, pair);
      continue;
    }

    if (mode == STORE_NEW) {
      if (isBlock) {
        store32(self + AGENT_HAZARD, <u32>pair);
        if (holds(bucket, word)) {
          result = <f64>pair;
          isReading = false;
          break;
        }
        isReading = true;
        continue;
      }
      const there = load64(pair + PAIR_VALUE);
      if (!holds(bucket, word)) continue;
      result = inPlace(form, there, into);
      break;
    }

    if (mode == STORE_IF || mode == DELETE_IF) {
      const isRight = isBlock ? <u32>pair == expected : isSame(form, load64(pair + PAIR_VALUE), wanted);
      if (!isRight) {
        if (!holds(bucket, word)) continue;
        result = MAP_MISMATCH;
        break;
      }
    }

    if (puts && !isBlock) {
      if (cas64(bucket, word, word | LOCKED) != word) continue;
      const old = load64(pair + PAIR_VALUE);
      const isRight = mode != STORE_IF || isSame(form, old, wanted);
      if (isRight) store64(pair + PAIR_VALUE, value);
      store64(bucket, word);
      result = isRight ? inPlace(form, old, into) : MAP_MISMATCH;
      break;
    }

    const previous = before(bucket, word, link, pair);
    if (previous == CHANGED) continue;
    const rest: usize = load32(pair + PAIR_NEXT + link);
    if (puts) {
      if (fresh == 0) fresh = pairNew(map, hash, key, payload, from);
      if (fresh == 0) {
        result = MAP_NO_MEMORY;
        break;
      }
      store<u32>(fresh + PAIR_ERA, era);
      store<u32>(fresh + PAIR_NEXT + link, <u32>rest);
      if (!replace(bucket, word, link, previous, fresh)) continue;
      fresh = 0;
      result = <f64>pair;
      break;
    }

    if (mode == DELETE || isBlock) {
      if (!replace(bucket, word, link, previous, rest)) continue;
      add32(map + MAP_COUNT, -1);
    } else {
      // The value may change until the bucket is locked (I3).
      if (cas64(bucket, word, word | LOCKED) != word) continue;
      const isRight = isSame(form, load64(pair + PAIR_VALUE), wanted);
      if (isRight) {
        if (previous != 0) store32(previous + PAIR_NEXT + link, <u32>rest);
        store64(bucket, wordAfter(word, previous == 0 ? rest : headOf(word), 0));
        add32(map + MAP_COUNT, -1);
      } else {
        store64(bucket, word);
        result = MAP_MISMATCH;
        break;
      }
    }
    if (isBlock) {
      result = <f64>pair;
    } else {
      result = inPlace(form, load64(pair + PAIR_VALUE), into);
      bury(map, pair);
    }
    break;
  } while (true);
  if (fresh != 0) free(fresh);
  if (isReading) store32(self + AGENT_HAZARD, 0);
  return result;
}

/**
 * Puts the value of `key`: narrow and block ones are `payload`, or, if `from` is not 0, the bytes there.
 *
 * @returns what was there before: narrow: the value; long: 0, and the value is at `into`; block: the pair, which is the
 * caller's now. `MAP_ABSENT`: there was nothing. `MAP_NO_MEMORY`: nothing has changed
 */
export function mapStore(map: usize, key: usize, payload: u32, from: usize, into: usize, self: usize): f64 {
  return change(map, STORE, key, payload, from, 0, into, self);
}

/** As `mapStore`, if there is nothing yet; otherwise as `mapLoad`. */
export function mapStoreNew(map: usize, key: usize, payload: u32, from: usize, into: usize, self: usize): f64 {
  return change(map, STORE_NEW, key, payload, from, 0, into, self);
}

/**
 * As `mapStore`, if what is there is `expected`: narrow: itself; long: its address; block: the pair, which the caller is
 * reading.
 *
 * @returns as `mapStore`; `MAP_ABSENT` and `MAP_MISMATCH`: nothing has changed
 */
export function mapStoreIf(
  map: usize,
  key: usize,
  payload: u32,
  from: usize,
  expected: u32,
  into: usize,
  self: usize,
): f64 {
  return change(map, STORE_IF, key, payload, from, expected, into, self);
}

/** Takes `key` out. @returns as `mapStore` */
export function mapDelete(map: usize, key: usize, into: usize, self: usize): f64 {
  return change(map, DELETE, key, 0, 0, 0, into, self);
}

/** Takes `key` out, if its value is `expected`. @returns as `mapStoreIf` */
export function mapDeleteIf(map: usize, key: usize, expected: u32, into: usize, self: usize): f64 {
  return change(map, DELETE_IF, key, 0, 0, expected, into, self);
}
