/**
 * Something that is done once: who comes first does it, the others wait until it is done.
 *
 * ONCE_STATE
 * | value      | meaning                     | left by                                           |
 * | ---------- | --------------------------- | ------------------------------------------------- |
 * | ONCE_FRESH | nobody has come             | the first to come, by a swap                      |
 * | an agent   | a goroutine of it is at it  | that goroutine, when it has finished or has failed |
 * | ONCE_DONE  | it is done                  | nobody                                            |
 *
 * An agent that has died is as good as ONCE_DONE: what it was at counts as done, as a function that panics does. The word is
 * left as it is, since a dead agent stays dead; who waits is told of the death and looks again.
 */
import { cas32, load32, store32 } from "./atomics";
import { AGENT_DEAD, AGENT_STATE, LOCK_QUEUE, ONCE_DONE, ONCE_FRESH, ONCE_STATE } from "./layout";
import { queueWakeAll } from "./queue";

/**
 * Reports whether the caller is the first: then it is to do it, and to call `onceFinish`.
 *
 * - Progress: wait-free. Linearization: the swap. Model: `once_model_test.ts`.
 */
export function onceBegin(once: usize, self: usize): bool {
  return cas32(once + ONCE_STATE, ONCE_FRESH, <u32>self) == ONCE_FRESH;
}

/**
 * Says that it is done, and lets everybody go on who waits for that.
 *
 * - Linearization: the store. Order: the state, then the queue (law 3). Model: `once_model_test.ts`.
 *
 * @returns a `WOKE_…` code
 */
export function onceFinish(once: usize, self: usize): i32 {
  store32(once + ONCE_STATE, ONCE_DONE);
  return queueWakeAll(once + LOCK_QUEUE, self);
}

/** Reports whether it is done, or whoever was at it has died. Progress: wait-free. Model: `once_model_test.ts`. */
export function onceIsDone(once: usize): bool {
  const state = load32(once + ONCE_STATE);
  if (state == ONCE_DONE) return true;
  return state != ONCE_FRESH && load32(<usize>state + AGENT_STATE) == AGENT_DEAD;
}

/** Reports whether a goroutine of `agent` is at it. Progress: wait-free. */
export function onceIsBy(once: usize, agent: usize): bool {
  return load32(once + ONCE_STATE) == <u32>agent;
}
