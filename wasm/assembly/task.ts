/**
 * Tasks: goroutines for other threads. A task is an inbox entry: when it ends it is sent to who submitted it.
 *
 * | state     | next              | by whom                                              |
 * | --------- | ----------------- | ---------------------------------------------------- |
 * | QUEUED    | STARTED           | the worker that took it, `taskStart`                 |
 * | QUEUED    | CANCELLED         | its submitter, `taskCancel`; it stays where it is    |
 * | STARTED   | SUCCEEDED, FAILED | its runner, `taskFinish`                             |
 * | CANCELLED | –                 | whoever takes it sends it back, `taskFinish`         |
 * | STARTED, CANCELLED | DISOWNED | its submitter, `taskDisown`                         |
 *
 * A task whose runner's agent is DEAD while it is STARTED or CANCELLED has ended with its thread; its submitter finds that
 * when it is asked to look again (agentDied).
 *
 * Ownership: the submitter makes it; in a queue it is nobody's; who took it owns it until `taskFinish`; then the submitter
 * frees it. A disowned one is its runner's: Deno and browsers declare threads ended that go on for a while, and such a one
 * frees it when it comes to its end. If the thread is really dead, the few bytes stay with it.
 */
import { cas32, load32, store32 } from "./atomics";
import { inboxPush, ring } from "./agent";
import { allocate } from "./heap";
import {
  AGENT_DEAD,
  AGENT_STATE,
  ENTRY_ID,
  TASK_ARGUMENTS,
  TASK_CANCELLED,
  TASK_DISOWNED,
  TASK_FUNCTION,
  TASK_NUMBER,
  TASK_PARCEL,
  TASK_PLACE,
  TASK_QUEUED,
  TASK_RESULT,
  TASK_RUNNER,
  TASK_SIZE,
  TASK_STARTED,
  TASK_STATE,
  TASK_SUBMITTER,
  WOKE_NONE,
  WOKE_OTHER,
  WOKE_SELF,
  WORKER_AGENT,
  WORKER_SUBMITTED,
  WORKER_TAKEN,
} from "./layout";

/** Makes a queued task; 0 when memory is exhausted. The message of the arguments passes to it. */
export function taskNew(submitter: usize, id: u32, fn: u32, args: u32, number: u32): usize {
  const task = allocate(<u32>TASK_SIZE);
  if (task == 0) return 0;
  // Plain: ours until it is submitted.
  store<u32>(task + ENTRY_ID, id);
  store<u32>(task + TASK_STATE, TASK_QUEUED);
  store<u32>(task + TASK_SUBMITTER, <u32>submitter);
  store<u32>(task + TASK_RUNNER, 0);
  store<u32>(task + TASK_FUNCTION, fn);
  store<u32>(task + TASK_ARGUMENTS, args);
  store<u32>(task + TASK_RESULT, 0);
  store<u32>(task + TASK_NUMBER, number);
  store<u32>(task + TASK_PLACE, 0);
  store<u32>(task + TASK_PARCEL, 0);
  return task;
}

/**
 * Counts a task that `worker`, the caller's own, submits.
 *
 * - Order: count, then push: a pool could seem quiet otherwise, with the task in it. Between the two stands neither call nor loop, or a
 *   thread that dies there would leave a pool that waits for ever for a task that is not there.
 * - Model: `scheduler_model_test.ts`.
 */
// @ts-ignore: decorator
@inline
export function taskCount(worker: usize): void {
  store32(worker + WORKER_SUBMITTED, load<u32>(worker + WORKER_SUBMITTED) + 1); // The load plain: its own word.
}

/**
 * Claims a task that `worker`, the caller's own, has taken, for running.
 *
 * - Order: runner, state, then the worker forgets that it has taken it. Between the last two stands neither call nor loop, so
 *   a thread that dies has either not started the task, and then `workerLeave` puts it back, or its runner is known to be
 *   dead. A task that stayed noted could be freed, and made anew in the same place.
 * - Model: `scheduler_model_test.ts`.
 *
 * @returns false when it was cancelled; then the caller sends it back with `taskFinish`
 */
export function taskStart(task: usize, worker: usize): bool {
  store32(task + TASK_RUNNER, load<u32>(worker + WORKER_AGENT)); // The load plain: written once.
  const isMine = cas32(task + TASK_STATE, TASK_QUEUED, TASK_STARTED) == TASK_QUEUED;
  // Plain: the worker's own word, read by others only after its thread has ended.
  store<u32>(worker + WORKER_TAKEN, 0);
  return isMine;
}

/** Cancels a task that has not been started. Only its submitter calls this. */
export function taskCancel(task: usize): bool {
  return cas32(task + TASK_STATE, TASK_QUEUED, TASK_CANCELLED) == TASK_QUEUED;
}

/** Reports whether the task was running on a thread that has died, or cancelled and to be sent back by one. */
export function taskIsOrphan(task: usize): bool {
  const state = load32(task + TASK_STATE);
  if (state != TASK_STARTED && state != TASK_CANCELLED) return false;
  const runner: usize = load32(task + TASK_RUNNER);
  return runner != 0 && load32(runner + AGENT_STATE) == AGENT_DEAD;
}

/**
 * Gives up a task that is an orphan. Only its submitter calls this, who touches it no more afterwards.
 *
 * @returns false when it has ended meanwhile: its runner is not dead yet, and has sent it back
 */
export function taskDisown(task: usize): bool {
  if (cas32(task + TASK_STATE, TASK_STARTED, TASK_DISOWNED) == TASK_STARTED) return true;
  return cas32(task + TASK_STATE, TASK_CANCELLED, TASK_DISOWNED) == TASK_CANCELLED;
}

/**
 * Ends a task: leaves its state and result and sends it to its submitter. It is not the caller's any more afterwards.
 *
 * - Progress: lock-free; each round is a change of the state by the submitter, who changes it twice at most.
 * - Order: result, state, inbox, bell. From the state to the inbox stands neither call nor loop: no thread dies between.
 *
 * @param state `TASK_SUCCEEDED`, `TASK_FAILED` or `TASK_CANCELLED`
 * @returns `WOKE_SELF` when the submitter is the caller, else `WOKE_OTHER`; `WOKE_NONE` when it was disowned: then task and
 * result stay the caller's
 */
export function taskFinish(task: usize, state: u32, result: u32, self: usize): i32 {
  const submitter: usize = load<u32>(task + TASK_SUBMITTER); // Plain: written before the task was submitted.
  store<u32>(task + TASK_RESULT, result); // Plain: the swap of the state publishes it.
  let before = load32(task + TASK_STATE);
  for (;;) {
    if (before == TASK_DISOWNED) return WOKE_NONE;
    const seen = cas32(task + TASK_STATE, before, state);
    if (seen == before) break;
    before = seen;
  }
  inboxPush(submitter, task);
  if (submitter == self) return WOKE_SELF;
  ring(submitter);
  return WOKE_OTHER;
}
