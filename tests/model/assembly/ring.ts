/** The ring, and wide elements that are numbers. */
import { store32 } from "../../../wasm/assembly/atomics";
import { RING_CAPACITY, RING_HEAD, RING_SLOTS, RING_STRIDE, RING_TAIL } from "../../../wasm/assembly/layout";
import { ringReceiveMany, ringReceiveWide, ringSendMany, ringSendWide } from "../../../wasm/assembly/ring";

export { allocate, heapInit } from "../../../wasm/assembly/heap";
export * from "../../../wasm/assembly/ring";

/** Lets the slots of a fresh ring begin with the stamp `stamp`. */
export function ringStamp(ring: usize, stamp: u32): void {
  for (let slot: u32 = 0; slot < load<u32>(ring + RING_CAPACITY); slot++) {
    store32(ring + RING_SLOTS + <usize>(slot * load<u32>(ring + RING_STRIDE)) + 4, stamp);
  }
}

/** Sets the hints. */
export function ringHint(ring: usize, head: u32, tail: u32): void {
  store<u32>(ring + RING_HEAD, head);
  store<u32>(ring + RING_TAIL, tail);
}

/** Sends `value` as a wide element; `scratch` is the caller's own. */
export function sendWide(ring: usize, value: u32, scratch: usize): i32 {
  store<u64>(scratch, value);
  return ringSendWide(ring, scratch, scratch);
}

/** Receives what `sendWide` sent, or a negative code. */
export function receiveWide(ring: usize, scratch: usize): f64 {
  const code = ringReceiveWide(ring, scratch, scratch);
  return code < 0 ? code : <f64>load<u64>(scratch);
}

/** Sends `first` and the two numbers that follow it as a batch; how many were sent, or a negative code. */
export function sendThree(ring: usize, first: u32, scratch: usize): f64 {
  const isWide = load<u32>(ring + RING_STRIDE) > 8;
  for (let i: u32 = 0; i < 3; i++) {
    if (isWide) store<u64>(scratch + <usize>(i << 3), first + i);
    else store<u32>(scratch + <usize>(i << 2), first + i);
  }
  return ringSendMany(ring, scratch, 3, scratch);
}

/** Receives up to three numbers below 256 as a batch: a byte each, their count in the highest; or a negative code. */
export function receiveThree(ring: usize, scratch: usize): f64 {
  const isWide = load<u32>(ring + RING_STRIDE) > 8;
  const count = ringReceiveMany(ring, scratch, 3, scratch);
  if (count < 0) return count;
  let all = <u32>count << 24;
  for (let i: u32 = 0; i < <u32>count; i++) {
    const value = isWide ? <u32>load<u64>(scratch + <usize>(i << 3)) : load<u32>(scratch + <usize>(i << 2));
    all |= value << (i << 3);
  }
  return all;
}
