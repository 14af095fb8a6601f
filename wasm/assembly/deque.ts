/**
 * The work-stealing deque of one worker: the owner pushes and pops at the bottom, thieves steal at the top.
 *
 * Algorithm: Chase and Lev, "Dynamic circular work-stealing deque" (SPAA 2005), with the orders of Lê, Pop, Cohen and
 * Zappa Nardelli (PPoPP 2013); all accesses are sequentially consistent here, since WebAssembly has nothing weaker.
 * Elements are u32 and never 0 or `DEQUE_RETRY` (addresses of tasks).
 *
 * | byte | word          | written by      | meaning                                     |
 * | ---- | ------------- | --------------- | ------------------------------------------- |
 * | 0    | DEQUE_TOP     | any, CAS        | index of the oldest element                 |
 * | 128  | DEQUE_BOTTOM  | owner           | index after the newest element              |
 * | 136  | DEQUE_BUFFER  | owner           | current buffer                              |
 *
 * Invariants
 * - I1 The elements are at top … bottom − 1, modulo the buffer's size; indexes have 64 bits and never wrap.
 * - I2 An index is taken once: by the swap of the top, or by the owner while bottom − 1 > top.
 * - I3 A buffer that was replaced stays allocated until the deque is freed: a thief may still read it. Its elements stay
 *   right for every index that the thief can still win. All old buffers together are smaller than the current one.
 */
import { cas64, load32, load64, store32, store64 } from "./atomics";
import { allocate, free } from "./heap";
import {
  BUFFER_ELEMENTS,
  BUFFER_MASK,
  BUFFER_OLDER,
  DEQUE_BOTTOM,
  DEQUE_BUFFER,
  DEQUE_INITIAL,
  DEQUE_RETRY,
  DEQUE_TOP,
} from "./layout";

/** Initialises the deque at `deque`; false when memory is exhausted. */
export function dequeInit(deque: usize): bool {
  const buffer = bufferNew(DEQUE_INITIAL, 0);
  if (buffer == 0) return false;
  // Plain: no thief knows the deque yet.
  store<i64>(deque + DEQUE_TOP, 0);
  store<i64>(deque + DEQUE_BOTTOM, 0);
  store<u32>(deque + DEQUE_BUFFER, <u32>buffer);
  return true;
}

/** Frees the buffers of a deque that nobody uses any more. */
export function dequeFree(deque: usize): void {
  let buffer: usize = load<u32>(deque + DEQUE_BUFFER);
  while (buffer != 0) {
    const older = load<u32>(buffer + BUFFER_OLDER);
    free(buffer);
    buffer = older;
  }
}

function bufferNew(count: u32, older: usize): usize {
  if (count > 0x10000000) return 0;
  const buffer = allocate(<u32>BUFFER_ELEMENTS + (count << 2));
  if (buffer == 0) return 0;
  // Plain: ours until DEQUE_BUFFER names it.
  store<u32>(buffer + BUFFER_MASK, count - 1);
  store<u32>(buffer + BUFFER_OLDER, <u32>older);
  return buffer;
}

// @ts-ignore: decorator
@inline
function elementPtr(buffer: usize, index: i64): usize {
  return buffer + BUFFER_ELEMENTS + ((<usize>index & <usize>load<u32>(buffer + BUFFER_MASK)) << 2);
}

/**
 * Makes room for one element more. Only the owner calls this.
 *
 * - Progress: wait-free, but for growth.
 * - Model: `deque_model_test.ts`.
 *
 * @returns false when memory is exhausted; nothing has changed then
 */
export function dequeReserve(deque: usize): bool {
  const bottom = <i64>load64(deque + DEQUE_BOTTOM);
  const top = <i64>load64(deque + DEQUE_TOP);
  const buffer: usize = load<u32>(deque + DEQUE_BUFFER); // Plain: only the owner writes it.
  return bottom - top <= <i64>load<u32>(buffer + BUFFER_MASK) || grow(deque, buffer, top, bottom);
}

/**
 * Pushes `element` at the bottom, where there is room for it. Only the owner calls this.
 *
 * - Progress: wait-free; no call and no loop, so that what goes with it is done or not done with it.
 * - Linearization: the store of the bottom.
 * - Order: element, then bottom, or a thief reads an element that is not there.
 * - Model: `deque_model_test.ts`.
 */
// @ts-ignore: decorator
@inline
export function dequePush(deque: usize, element: u32): void {
  // Plain: only the owner writes bottom and buffer.
  const bottom = load<i64>(deque + DEQUE_BOTTOM);
  // Plain: no thief reads an index at or above the bottom, and the store of the bottom publishes it. An old
  // thief that still holds index − size lost the race for it when the top moved past, and discards what it reads.
  store<u32>(elementPtr(load<u32>(deque + DEQUE_BUFFER), bottom), element);
  store64(deque + DEQUE_BOTTOM, bottom + 1);
}

function grow(deque: usize, buffer: usize, top: i64, bottom: i64): bool {
  const larger = bufferNew((load<u32>(buffer + BUFFER_MASK) + 1) << 1, buffer);
  if (larger == 0) return false;
  for (let index = top; index < bottom; index++) {
    store<u32>(elementPtr(larger, index), load<u32>(elementPtr(buffer, index)));
  }
  store32(deque + DEQUE_BUFFER, <u32>larger);
  return true;
}

/**
 * Pops the newest element. Only the owner calls this.
 *
 * - Progress: wait-free.
 * - Linearization: the store of the bottom; for the last element the swap of the top.
 * - Order: the lowered bottom is stored before the top is read, or owner and thief both take the last element.
 * - Model: `deque_model_test.ts`.
 *
 * @returns the element, or 0
 */
export function dequePop(deque: usize): u32 {
  const bottom = <i64>load64(deque + DEQUE_BOTTOM) - 1;
  // Fast path: empty. Only the owner adds, so it stays so.
  if (bottom < <i64>load64(deque + DEQUE_TOP)) return 0;
  store64(deque + DEQUE_BOTTOM, bottom);
  const top = <i64>load64(deque + DEQUE_TOP);
  if (bottom < top) {
    store64(deque + DEQUE_BOTTOM, bottom + 1);
    return 0;
  }
  // Plain: the owner wrote it.
  const element = load<u32>(elementPtr(load<u32>(deque + DEQUE_BUFFER), bottom));
  if (bottom > top) return element;
  // The last one: a thief may be at it too.
  const won = cas64(deque + DEQUE_TOP, top, top + 1) == top;
  store64(deque + DEQUE_BOTTOM, bottom + 1);
  return won ? element : 0;
}

/**
 * Steals the oldest element. Any thread may call this.
 *
 * - Progress: lock-free.
 * - Linearization: the swap of the top.
 * - Order: top, bottom, element, swap. The element is read before the swap: afterwards the owner may reuse its place.
 * - Model: `deque_model_test.ts`.
 *
 * @returns the element, 0 when it is empty, `DEQUE_RETRY` when another was faster
 */
export function dequeSteal(deque: usize): u32 {
  const top = <i64>load64(deque + DEQUE_TOP);
  const bottom = <i64>load64(deque + DEQUE_BOTTOM);
  if (top >= bottom) return 0;
  // Plain: possibly stale, and then the swap fails.
  const element = load<u32>(elementPtr(load32(deque + DEQUE_BUFFER), top));
  return cas64(deque + DEQUE_TOP, top, top + 1) == top ? element : DEQUE_RETRY;
}

/** Number of elements, exact when nobody else is at it. */
export function dequeSize(deque: usize): u32 {
  const bottom = <i64>load64(deque + DEQUE_BOTTOM);
  const top = <i64>load64(deque + DEQUE_TOP);
  return bottom > top ? <u32>(bottom - top) : 0;
}
