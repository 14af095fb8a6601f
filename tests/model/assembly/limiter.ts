/** Limiters of all algorithms. */
export { allocate, heapInit } from "../../../wasm/assembly/heap";
export * from "../../../wasm/assembly/limiter";
export * from "../../../wasm/assembly/limiter_window";

/** Reads a word of the caller's own. */
export function peekF64(ptr: usize): f64 {
  return load<f64>(ptr);
}
