/** The scheduler and its tasks, and tasks that do something. */
export * from "../../../wasm/assembly/agent";
export { allocate, free, heapInit } from "../../../wasm/assembly/heap";
export * from "../../../wasm/assembly/scheduler";
export * from "../../../wasm/assembly/task";

/** Runs a task, of which `counter` is to know: not atomic, since two must not run it. */
export function runTask(counter: usize): void {
  store<u32>(counter, load<u32>(counter) + 1);
}
