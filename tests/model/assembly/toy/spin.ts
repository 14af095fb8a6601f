/** A test-and-test-and-set lock that only spins. */
import { cas32, load32, store32 } from "../../../../wasm/assembly/atomics";

export function spinLock(ptr: usize): void {
  do {
    while (load32(ptr) != 0) {}
  } while (cas32(ptr, 0, 1) != 0);
}

export function spinUnlock(ptr: usize): void {
  store32(ptr, 0);
}

/** Adds one to a plain word under the lock. */
export function incrementSpinning(ptr: usize, counter: usize): void {
  spinLock(ptr);
  // Plain: under the lock.
  store<u32>(counter, load<u32>(counter) + 1);
  spinUnlock(ptr);
}

/** Wrong where threads can be terminated: a loop stands between lock and unlock. */
export function addLooping(ptr: usize, counter: usize, times: i32): void {
  spinLock(ptr);
  for (let i = 0; i < times; i++) store<u32>(counter, load<u32>(counter) + 1);
  spinUnlock(ptr);
}
