/**
 * A small fast random generator for choices between cases, where `Math.random` would cost a call.
 *
 * @module
 */

let state = (Math.random() * 0x100000000) | 1;

/**
 * Returns an integer from 0 to `bound - 1`, each as likely as the others (to within `bound / 2^32`).
 *
 * Marsaglia's xorshift32, scaled by a multiplication.
 *
 * @param bound At least 1, at most 2^21.
 */
export function randomBelow(bound: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return Math.floor(((state >>> 0) * bound) / 0x100000000);
}
