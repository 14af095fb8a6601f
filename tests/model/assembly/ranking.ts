/** The queue of a ranked pool, with heaps small enough to be outgrown, and tasks that weigh something. */
import { allocate } from "../../../wasm/assembly/heap";
import {
  POOL_RANKED,
  POOL_RANKED_SEQUENCE,
  RANKED_CAPACITY,
  RANKED_ENTRY_SIZE,
  TASK_WEIGHT,
} from "../../../wasm/assembly/layout";
import { poolNew } from "../../../wasm/assembly/scheduler";
import { taskNew } from "../../../wasm/assembly/task";

export { allocate, heapInit } from "../../../wasm/assembly/heap";
export { workerNew, workerSubmit, workerTake, workerTakeToward } from "../../../wasm/assembly/scheduler";

/** Makes a ranked pool whose first heap has room for `capacity` entries (0: there is none), and whose first task gets `sequence`. */
export function rankedPoolNew(capacity: u32, sequence: u32): usize {
  const pool = poolNew(0, 1, 0, 1);
  store<u32>(pool + POOL_RANKED_SEQUENCE, sequence);
  if (capacity != 0) {
    const heap = allocate((capacity + 1) * <u32>RANKED_ENTRY_SIZE);
    store<u32>(heap + RANKED_CAPACITY, capacity);
    store<u32>(pool + POOL_RANKED, <u32>heap);
  }
  return pool;
}

/** Makes a task that weighs `weight`. */
export function weightyNew(weight: f64): usize {
  const task = taskNew(0, 0, 0, 0, 0);
  store<f64>(task + TASK_WEIGHT, weight);
  return task;
}
