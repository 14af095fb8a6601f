/** Hands a plain value over by an atomic flag. */
import { load32, store32 } from "../../../../wasm/assembly/atomics";

export function publish(flag: usize, value: u32): void {
  // Plain: published by the flag.
  store<u32>(flag + 8, value);
  store32(flag, 1);
}

/** The value, or 0 if there is none yet. */
export function receive(flag: usize): u32 {
  if (load32(flag) == 0) return 0;
  // Plain: published by the flag.
  return load<u32>(flag + 8);
}
