/** Counters, right and wrong: the simplest things that the checker must tell apart. */
import { add32, cas32, load32, store32 } from "../../../../wasm/assembly/atomics";

/** Wrong: loses an update when another thread comes between. */
export function incrementRacy(ptr: usize): void {
  store32(ptr, load32(ptr) + 1);
}

export function increment(ptr: usize): void {
  add32(ptr, 1);
}

export function incrementCas(ptr: usize): void {
  let seen = load32(ptr);
  for (;;) {
    const found = cas32(ptr, seen, seen + 1);
    if (found == seen) return;
    seen = found;
  }
}

/** Wrong between threads: not even atomic. */
export function incrementPlain(ptr: usize): void {
  store<u32>(ptr, load<u32>(ptr) + 1);
}

export function read(ptr: usize): u32 {
  return load32(ptr);
}

export function trap(): void {
  unreachable();
}
