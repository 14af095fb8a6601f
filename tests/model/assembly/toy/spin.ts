/** A test-and-test-and-set lock that only spins. */
import { cas32, killPoint, load32, store32 } from "./facade";

export function spinLock(ptr: usize): void {
  do {
    while (load32(ptr) != 0) killPoint();
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

/** Wrong where threads can be terminated: a call stands between lock and unlock. */
export function incrementKillable(ptr: usize, counter: usize): void {
  spinLock(ptr);
  killPoint();
  store<u32>(counter, load<u32>(counter) + 1);
  spinUnlock(ptr);
}
