/** The atomics facade, and what only toys use. */
export { cas32, load32, store32 } from "../../../../wasm/assembly/atomics";

// @ts-ignore: decorator
@external("env", "sched")
declare function sched(op: i32, ptr: usize): void;

/** A place where a model may terminate the thread. */
// @ts-ignore: decorator
@inline
export function killPoint(): void {
  sched(64, 0);
}
