/**
 * Keys of a map: their hash and their equality. See map.ts.
 *
 * | form   | in a pair                           | hash                                                         |
 * | ------ | ----------------------------------- | ------------------------------------------------------------ |
 * | narrow | nowhere: the hash stands for it     | the finalizer of MurmurHash3 (Appleby 2011), a bijection      |
 * | long   | 64 bits                             | upper half of that finalizer for 64 bits                      |
 * | record | a message in form, to a multiple of 8 | upper half of SipHash-1-3 (Aumasson and Bernstein 2012)     |
 *
 * Each is keyed by the map's secret. SipHash, which Rust's and Python's maps use, withstands keys that somebody has chosen
 * so that they collide; for numbers this is only made harder. It is fed with whole words, the last one filled with zeros;
 * as the first word holds the lengths, the closing block of the standard is not needed.
 *
 * Rejected: FNV-1a and MurmurHash64A for records — faster by some nanoseconds, but colliding keys can be made for any
 * secret.
 */
import { load64 } from "./atomics";
import { KEY_LONG, KEY_NARROW, MAP_KEY_FORM, MAP_SEED, MAP_VALUE_BYTES, PAIR_HASH, PAIR_VALUE } from "./layout";
import { holds } from "./map_table";

/** Bytes of the record at `key`. */
// @ts-ignore: decorator
@inline
export function recordBytes(key: usize): u32 {
  return 8 + (load<u32>(key, 4) << 2) + load<u32>(key);
}

/**
 * The hash of `key` in `map`. A record's last word is filled with zeros, so that records can be compared by words. Plain
 * throughout: the caller's own memory, and words of the map that are written once.
 */
export function hashOf(map: usize, key: usize): u32 {
  const form = load<u32>(map + MAP_KEY_FORM);
  if (form == KEY_NARROW) return mix32(<u32>key ^ load<u32>(map + MAP_SEED));
  if (form == KEY_LONG) return <u32>(mix64(load<u64>(key) ^ load<u64>(map + MAP_SEED)) >> 32);
  const byteLength = recordBytes(key);
  const last = key + (byteLength & ~7);
  const rest = <u64>(byteLength & 7);
  if (rest != 0) store<u64>(last, load<u64>(last) & ((<u64>1 << (rest << 3)) - 1));
  return <u32>(sip(map + MAP_SEED, key, (byteLength + 7) >> 3) >> 32);
}

/** The narrow key whose hash is that of `pair`. */
export function mapNarrowKey(map: usize, pair: usize): u32 {
  let x = load<u32>(pair + PAIR_HASH);
  // The steps of `mix32` backwards; the factors are the inverses of its own, modulo 2^32.
  x ^= x >> 16;
  x *= 0x7ed1b41d;
  x ^= (x >> 13) ^ (x >> 26);
  x *= 0xa5cb9243;
  x ^= x >> 16;
  return x ^ load<u32>(map + MAP_SEED);
}

/** The finalizer of MurmurHash3, for 32 bits. */
// @ts-ignore: decorator
@inline
function mix32(x: u32): u32 {
  x ^= x >> 16;
  x *= 0x85ebca6b;
  x ^= x >> 13;
  x *= 0xc2b2ae35;
  return x ^ (x >> 16);
}

/** The finalizer of MurmurHash3, for 64 bits. */
// @ts-ignore: decorator
@inline
function mix64(x: u64): u64 {
  x ^= x >> 33;
  x *= 0xff51afd7ed558ccd;
  x ^= x >> 33;
  x *= 0xc4ceb9fe1a85ec53;
  return x ^ (x >> 33);
}

/** SipHash-1-3 of `count` words at `ptr`, with the secret at `seed`. */
function sip(seed: usize, ptr: usize, count: u32): u64 {
  const k0 = load<u64>(seed);
  const k1 = load<u64>(seed, 8);
  let v0 = k0 ^ 0x736f6d6570736575;
  let v1 = k1 ^ 0x646f72616e646f6d;
  let v2 = k0 ^ 0x6c7967656e657261;
  let v3 = k1 ^ 0x7465646279746573;
  // One round for each word, then three.
  for (let i: u32 = 0; i < count + 3; i++) {
    const word = i < count ? load<u64>(ptr + (<usize>i << 3)) : 0;
    if (i == count) v2 ^= 0xff;
    v3 ^= word;
    v0 += v1;
    v2 += v3;
    v1 = rotl(v1, 13) ^ v0;
    v3 = rotl(v3, 16) ^ v2;
    v0 = rotl(v0, 32) + v3;
    v2 += v1;
    v3 = rotl(v3, 21) ^ v0;
    v1 = rotl(v1, 17) ^ v2;
    v2 = rotl(v2, 32);
    v0 ^= word;
  }
  return v0 ^ v1 ^ v2 ^ v3;
}

/**
 * Reports whether the key of `pair`, whose hash has been found equal, is `key`. The pair was in `bucket` when that held
 * `word`, and may have been freed since: then the answer may be wrong, and `bucket` does not hold `word` any more.
 *
 * - Order: the lengths, the bucket, the rest: only a length that was the pair's own keeps the reads within its block.
 */
// @ts-ignore: decorator
@inline
export function isKey(map: usize, bucket: usize, word: u64, pair: usize, key: usize): bool {
  const form = load<u32>(map + MAP_KEY_FORM);
  // The hash of a narrow key is a bijection.
  return form == KEY_NARROW || isWideKey(form, bucket, word, pair + PAIR_VALUE + load<u32>(map + MAP_VALUE_BYTES), key);
}

function isWideKey(form: u32, bucket: usize, word: u64, at: usize, key: usize): bool {
  if (load64(at) != load<u64>(key)) return false;
  if (form == KEY_LONG) return true;
  if (!holds(bucket, word)) return false;
  const count = (recordBytes(key) + 7) >> 3;
  for (let i: u32 = 1; i < count; i++) {
    const offset = <usize>i << 3;
    if (load64(at + offset) != load<u64>(key + offset)) return false;
  }
  return true;
}
