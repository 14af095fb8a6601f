/** Locks, wait groups, and data that they protect. */
export * from "../../../wasm/assembly/sync";
export { objectNew } from "../../../wasm/assembly/object";
export * from "./waiting";

/** Adds 1 to a word that is not atomic. */
export function increment(ptr: usize): void {
  store<u32>(ptr, load<u32>(ptr) + 1);
}

/** Reads a word that is not atomic. */
export function read(ptr: usize): u32 {
  return load<u32>(ptr);
}
