/**
 * The scheduler's shared part: tasks, the injector, stealing, and who sleeps.
 *
 * A task is in exactly one place: the injector (a list under a lock, for threads that are no workers), one worker's
 * deque, a runner's hands, or its submitter's inbox.
 *
 * | state     | next                | by whom                                              |
 * | --------- | ------------------- | ---------------------------------------------------- |
 * | QUEUED    | STARTED, CANCELLED  | the worker that took it; its submitter               |
 * | STARTED   | SUCCEEDED, FAILED   | its runner, which then sends it to its submitter     |
 * | CANCELLED | –                   | whoever finds it queued sends it to its submitter    |
 *
 * Idle protocol (proof sketch in `src/pool/README.md`): a worker is *running*, *searching* or *idle*. Whoever submits
 * pushes first and then wakes one idle worker, unless one is searching already. A searcher that finds a task stops
 * searching and, if it was the last to search, wakes another: so a burst wakes workers one after the other and nobody
 * twice. A worker goes idle by raising its flag and the count, no longer searching, and then looking once more.
 */
import { add32, cas32, load32, store32 } from "./atomics";
import { agentSignal, inboxPush, ring } from "./agent";
import { dequeFree, dequeInit, dequePop, dequePush, dequeSize, dequeSteal } from "./deque";
import { allocate, free } from "./heap";
import { acquire, release } from "./lock";
import {
  DEQUE_RETRY,
  ENTRY_ID,
  ENTRY_NEXT,
  OBJECT_KIND,
  OBJECT_REFERENCES,
  POOL_COUNT,
  POOL_HEAD,
  POOL_IDLE,
  POOL_LOCK,
  POOL_OWNER,
  POOL_PENDING,
  POOL_SEARCHING,
  POOL_SLOTS,
  POOL_TAIL,
  POOL_WORKERS,
  SIGNAL_QUIET,
  TASK_ARGUMENTS,
  TASK_CANCELLED,
  TASK_FUNCTION,
  TASK_NUMBER,
  TASK_QUEUED,
  TASK_RESULT,
  TASK_RUNNER,
  TASK_SIZE,
  TASK_STARTED,
  TASK_STATE,
  TASK_SUBMITTER,
  WOKE_OTHER,
  WOKE_SELF,
  WORKER_AGENT,
  WORKER_IDLE,
  WORKER_RAN,
  WORKER_RANDOM,
  WORKER_SIZE,
  WORKER_STOLE,
} from "./layout";

/** Makes a pool with room for `slots` workers; 0 when memory is exhausted. */
export function poolNew(kind: u32, slots: u32, owner: usize): usize {
  const byteLength = POOL_WORKERS + (<usize>slots << 2);
  const pool = allocate(<u32>byteLength);
  if (pool == 0) return 0;
  // Plain: ours until a worker starts.
  memory.fill(pool, 0, byteLength);
  store<u32>(pool + OBJECT_REFERENCES, 1);
  store<u32>(pool + OBJECT_KIND, kind);
  store<u32>(pool + POOL_SLOTS, slots);
  store<u32>(pool + POOL_OWNER, <u32>owner);
  return pool;
}

/** Makes a worker; 0 when memory is exhausted. Its thread enters it into the pool's table with `workerEnter`. */
export function workerNew(seed: u32): usize {
  const worker = allocate(<u32>WORKER_SIZE);
  if (worker == 0) return 0;
  // Plain: ours until it enters the table.
  memory.fill(worker, 0, WORKER_SIZE);
  if (!dequeInit(worker)) {
    free(worker);
    return 0;
  }
  store<u32>(worker + WORKER_RANDOM, seed | 1);
  return worker;
}

/** Makes `worker`, run by `agent`, known to the others at place `slot`. It counts as searching. */
export function workerEnter(pool: usize, slot: u32, worker: usize, agent: usize): void {
  store<u32>(worker + WORKER_AGENT, <u32>agent); // Plain: the table publishes it.
  add32(pool + POOL_SEARCHING, 1);
  store32(pool + POOL_WORKERS + (<usize>slot << 2), <u32>worker);
}

/**
 * Takes the worker at place `slot` out of the table, after its thread has ended: its tasks go to the injector, and
 * the counts forget it. Other threads may be stealing from it meanwhile, so its memory is freed with the pool.
 *
 * @returns the worker
 */
export function workerLeave(pool: usize, slot: u32, wasSearching: bool): usize {
  const entry = pool + POOL_WORKERS + (<usize>slot << 2);
  const worker: usize = load32(entry);
  if (worker == 0) return 0;
  store32(entry, 0);
  if (cas32(worker + WORKER_IDLE, 1, 0) == 1) add32(pool + POOL_IDLE, -1);
  else if (wasSearching) add32(pool + POOL_SEARCHING, -1);
  for (;;) {
    const task = dequeSteal(worker);
    if (task == 0) break;
    if (task != DEQUE_RETRY) injectorPush(pool, task);
  }
  poolNotify(pool);
  return worker;
}

/** Frees a worker that has left and that no thread knows any more. */
export function workerFree(worker: usize): void {
  dequeFree(worker);
  free(worker);
}

/** Makes a queued task; 0 when memory is exhausted. The arguments' message passes to the task. */
export function taskNew(submitter: usize, id: u32, fn: u32, args: u32, number: u32): usize {
  const task = allocate(<u32>TASK_SIZE);
  if (task == 0) return 0;
  // Plain: ours until it is pushed.
  store<u32>(task + ENTRY_ID, id);
  store<u32>(task + TASK_STATE, TASK_QUEUED);
  store<u32>(task + TASK_SUBMITTER, <u32>submitter);
  store<u32>(task + TASK_RUNNER, 0);
  store<u32>(task + TASK_FUNCTION, fn);
  store<u32>(task + TASK_ARGUMENTS, args);
  store<u32>(task + TASK_RESULT, 0);
  store<u32>(task + TASK_NUMBER, number);
  return task;
}

/**
 * Submits `task`: to the deque of `worker`, the caller's own, or with 0 to the injector; then wakes a worker.
 *
 * - Order: pending, push, wake. Pending first, or the pool could seem quiet with a task in it.
 * - Model: `scheduler_model_test.ts`.
 */
export function taskSubmit(pool: usize, worker: usize, task: u32): void {
  add32(pool + POOL_PENDING, 1);
  // A deque that cannot grow is no reason to fail: the injector needs no memory.
  if (worker == 0 || !dequePush(worker, task)) injectorPush(pool, task);
  poolNotify(pool);
}

/**
 * Claims a task that the caller took from a queue for running.
 *
 * @returns false when it was cancelled; then the caller sends it back with `taskFinish`
 */
export function taskStart(task: usize, runner: usize): bool {
  store<u32>(task + TASK_RUNNER, <u32>runner); // Plain: the swap publishes it.
  return cas32(task + TASK_STATE, TASK_QUEUED, TASK_STARTED) == TASK_QUEUED;
}

/** Cancels a task that has not been started. Only its submitter calls this. */
export function taskCancel(task: usize): bool {
  return cas32(task + TASK_STATE, TASK_QUEUED, TASK_CANCELLED) == TASK_QUEUED;
}

/**
 * Ends a task: leaves its state and result, and sends it to its submitter. It is not the caller's any more afterwards.
 *
 * - Order: result, state, inbox, pending. Straight-line from the state to the inbox: no thread dies between.
 *
 * @param state `TASK_SUCCEEDED`, `TASK_FAILED` or `TASK_CANCELLED`
 * @returns `WOKE_SELF` when the submitter is the caller, else `WOKE_OTHER`
 */
export function taskFinish(pool: usize, task: usize, state: u32, result: u32, self: usize): i32 {
  const submitter: usize = load<u32>(task + TASK_SUBMITTER);
  store<u32>(task + TASK_RESULT, result); // Plain: the store of the state publishes it.
  store32(task + TASK_STATE, state);
  inboxPush(submitter, task);
  const isLast = add32(pool + POOL_PENDING, -1) == 1;
  if (submitter != self) ring(submitter);
  if (isLast) agentSignal(load<u32>(pool + POOL_OWNER), SIGNAL_QUIET);
  return submitter == self ? WOKE_SELF : WOKE_OTHER;
}

/** Counts a task off that ended with its thread; tells the owner when it was the last. */
export function poolForget(pool: usize): void {
  if (add32(pool + POOL_PENDING, -1) == 1) agentSignal(load<u32>(pool + POOL_OWNER), SIGNAL_QUIET);
}

/** Puts `task` at the end of the injector. Progress: blocking on its lock. */
function injectorPush(pool: usize, task: u32): void {
  store<u32>(<usize>task + ENTRY_NEXT, 0); // Plain: ours until it is linked.
  acquire(pool + POOL_LOCK);
  const tail: usize = load<u32>(pool + POOL_TAIL);
  if (tail == 0) store<u32>(pool + POOL_HEAD, task);
  else store<u32>(tail + ENTRY_NEXT, task);
  store<u32>(pool + POOL_TAIL, task);
  store32(pool + POOL_COUNT, load<u32>(pool + POOL_COUNT) + 1);
  release(pool + POOL_LOCK);
}

/** Takes the oldest task out of the injector, or 0. Progress: blocking on its lock. */
function injectorPop(pool: usize): u32 {
  // Fast path: empty.
  if (load32(pool + POOL_COUNT) == 0) return 0;
  acquire(pool + POOL_LOCK);
  const task = load<u32>(pool + POOL_HEAD);
  if (task != 0) {
    const next = load<u32>(<usize>task + ENTRY_NEXT);
    store<u32>(pool + POOL_HEAD, next);
    if (next == 0) store<u32>(pool + POOL_TAIL, 0);
    store32(pool + POOL_COUNT, load<u32>(pool + POOL_COUNT) - 1);
  }
  release(pool + POOL_LOCK);
  return task;
}

/**
 * Finds a task for `worker`: own deque, injector, then the others' deques from a random one on.
 *
 * - Progress: a lost steal tries the same victim again; each loss is another's success.
 * - Model: `scheduler_model_test.ts`.
 *
 * @returns the task, or 0
 */
export function workerFind(pool: usize, worker: usize): u32 {
  let task = dequePop(worker);
  if (task != 0) return task;
  task = injectorPop(pool);
  if (task != 0) return task;
  const slots = load<u32>(pool + POOL_SLOTS);
  let slot = random(worker) % slots;
  for (let left = slots; left != 0; left--) {
    const victim: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
    if (victim != 0 && victim != worker) {
      do task = dequeSteal(victim); while (task == DEQUE_RETRY);
      if (task != 0) {
        store<u32>(worker + WORKER_STOLE, load<u32>(worker + WORKER_STOLE) + 1); // Plain: the worker's own.
        return task;
      }
    }
    slot = slot + 1 == slots ? 0 : slot + 1;
  }
  return 0;
}

/** Marsaglia's xorshift32; the state is the worker's own. */
function random(worker: usize): u32 {
  let x = load<u32>(worker + WORKER_RANDOM);
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  store<u32>(worker + WORKER_RANDOM, x);
  return x;
}

/** Takes any task that no worker has yet, for a thread that empties a pool; or 0. */
export function poolTake(pool: usize): u32 {
  let task = injectorPop(pool);
  const slots = load<u32>(pool + POOL_SLOTS);
  for (let slot: u32 = 0; task == 0 && slot < slots; slot++) {
    const victim: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
    if (victim != 0) {
      do task = dequeSteal(victim); while (task == DEQUE_RETRY);
    }
  }
  return task;
}

/** Reports whether a worker could find a task now. */
function hasWork(pool: usize): bool {
  if (load32(pool + POOL_COUNT) != 0) return true;
  const slots = load<u32>(pool + POOL_SLOTS);
  for (let slot: u32 = 0; slot < slots; slot++) {
    const worker: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
    if (worker != 0 && dequeSize(worker) != 0) return true;
  }
  return false;
}

/**
 * Wakes one idle worker, unless one is searching already.
 *
 * - Order: after the push. Searching is read after the push, and a searcher looks again after it has ceased to search:
 *   one of the two sees the other.
 * - Model: `scheduler_model_test.ts`.
 */
export function poolNotify(pool: usize): void {
  // Fast path: all are busy, or somebody is looking.
  if (load32(pool + POOL_IDLE) == 0 || load32(pool + POOL_SEARCHING) != 0) return;
  const slots = load<u32>(pool + POOL_SLOTS);
  for (let slot: u32 = 0; slot < slots; slot++) {
    const worker: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
    if (worker != 0 && load32(worker + WORKER_IDLE) == 1 && cas32(worker + WORKER_IDLE, 1, 0) == 1) {
      // The waker counts: the sleeper is searching from here on, so the next submitter wakes nobody else for it.
      add32(pool + POOL_SEARCHING, 1);
      add32(pool + POOL_IDLE, -1);
      ring(load<u32>(worker + WORKER_AGENT));
      return;
    }
  }
}

/** A searching worker has found a task: it is running now; if it was the last to search, another is woken. */
export function workerFound(pool: usize): void {
  if (add32(pool + POOL_SEARCHING, -1) == 1) poolNotify(pool);
}

/** A running worker has nothing left and begins to search. */
export function workerSearch(pool: usize): void {
  add32(pool + POOL_SEARCHING, 1);
}

/**
 * A searching worker offers to be woken.
 *
 * @returns true when it is idle now and may sleep on its doorbell; false when there is work: it is still searching
 */
export function workerIdle(pool: usize, worker: usize): bool {
  add32(pool + POOL_IDLE, 1);
  store32(worker + WORKER_IDLE, 1);
  add32(pool + POOL_SEARCHING, -1);
  // Look once more: a submitter that saw us searching woke nobody.
  if (hasWork(pool)) {
    workerUnidle(pool, worker);
    return false;
  }
  return true;
}

/** An idle worker is awake, for whatever reason, and searches again. */
export function workerUnidle(pool: usize, worker: usize): void {
  // Whoever woke it for work has done the counting.
  if (cas32(worker + WORKER_IDLE, 1, 0) == 1) {
    add32(pool + POOL_SEARCHING, 1);
    add32(pool + POOL_IDLE, -1);
  }
}

/** Counts a task that `worker` has begun. */
export function workerRan(worker: usize): void {
  store<u32>(worker + WORKER_RAN, load<u32>(worker + WORKER_RAN) + 1); // Plain: the worker's own.
}
