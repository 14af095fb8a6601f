/**
 * Merging two sorted runs, any part of the result by itself.
 *
 * @module
 */

/** A typed array of numbers or of bigints, as the merge reads it. */
export interface Elements<T> {
  [index: number]: T;
  readonly length: number;
}

/** Reports whether `right`, which stands behind `left`, has to come before it. */
export type IsAfter<T> = (left: T, right: T) => boolean;

/** The order of a typed array's own `sort`: by value, -0 before 0, NaN last. */
export function isAfter<T extends number | bigint>(left: T, right: T): boolean {
  // Fast path: two numbers that differ, or equal ones that are no zeros.
  if (left < right) return false;
  if (left > right) return true;
  if (left === right) return Object.is(left, 0) && Object.is(right, -0);
  return Number.isNaN(left) && !Number.isNaN(right);
}

/**
 * How many of the first `count` elements of the merge of two sorted runs come from the left one. Equal elements come from the
 * left first, so that the merge is stable.
 *
 * By binary search for the least `i` such that `left[i]` comes after `right[count - i - 1]`: from there on nothing of the left is
 * needed.
 *
 * @param middle Where the left run, from `start`, ends and the right one, to `end`, begins.
 */
export function coRank<T>(
  source: Elements<T>,
  start: number,
  middle: number,
  end: number,
  count: number,
  after: IsAfter<T>,
): number {
  let least = Math.max(0, count - (end - middle));
  let most = Math.min(count, middle - start);
  while (least < most) {
    const i = (least + most) >>> 1;
    if (after(source[start + i]!, source[middle + count - i - 1]!)) most = i;
    else least = i + 1;
  }
  return least;
}

/**
 * Writes the elements from `from` to before `to` of the merge of the two sorted runs `start … middle` and `middle … end` to the
 * same places of `target`.
 */
export function mergeRange<T>(
  source: Elements<T>,
  target: Elements<T>,
  start: number,
  middle: number,
  end: number,
  from: number,
  to: number,
  after: IsAfter<T>,
): void {
  const fromLeft = coRank(source, start, middle, end, from - start, after);
  let left = start + fromLeft;
  let right = middle + (from - start - fromLeft);
  for (let at = from; at < to; at++) {
    const isLeft = left < middle && (right >= end || !after(source[left]!, source[right]!));
    target[at] = isLeft ? source[left++]! : source[right++]!;
  }
}
