/** The deque, with buffers small enough to be outgrown. */
import { dequePush, dequeReserve } from "../../../wasm/assembly/deque";
import { allocate } from "../../../wasm/assembly/heap";
import {
  BUFFER_ELEMENTS,
  BUFFER_MASK,
  BUFFER_OLDER,
  DEQUE_BOTTOM,
  DEQUE_BUFFER,
  DEQUE_SIZE,
  DEQUE_TOP,
} from "../../../wasm/assembly/layout";

export { dequePop, dequeSize, dequeSteal } from "../../../wasm/assembly/deque";
export { heapInit } from "../../../wasm/assembly/heap";

/** Makes an empty deque whose first buffer holds `count` elements, and whose next element has the index `index`. */
export function dequeNew(count: u32, index: i64): usize {
  const deque = allocate(<u32>DEQUE_SIZE);
  const buffer = allocate(<u32>BUFFER_ELEMENTS + (count << 2));
  store<u32>(buffer + BUFFER_MASK, count - 1);
  store<u32>(buffer + BUFFER_OLDER, 0);
  store<i64>(deque + DEQUE_TOP, index);
  store<i64>(deque + DEQUE_BOTTOM, index);
  store<u32>(deque + DEQUE_BUFFER, <u32>buffer);
  return deque;
}

/** Pushes an element, where there is memory for it. */
export function dequeAdd(deque: usize, element: u32): bool {
  if (!dequeReserve(deque)) return false;
  dequePush(deque, element);
  return true;
}
