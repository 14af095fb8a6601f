/**
 * The scheduler's shared part: where tasks wait, who takes them, and who sleeps.
 *
 * The pool's table has a *worker* for each thread that runs tasks, and in slot 0 one for the owner, who only submits. Each
 * pushes to a deque of its own (deque.ts): what it forked last it runs first; what others take is the oldest. The owner
 * takes nothing from its deque, so for it that is first in, first out. The *injector*, a list under a lock, holds what has no
 * deque: tasks of a thread that died, and tasks for which a deque could not grow. In a *ranked* pool nothing goes to deques: all that is
 * submitted waits in one heap (ranking.ts) under that same lock.
 *
 * Idle protocol (steps and proof sketch in `src/pool/README.md`): a worker is *running*, *searching* or *idle*. Whoever
 * submits pushes first and then wakes one idle worker, unless one is searching already. A searcher that finds a task
 * stops searching and, if it was the last to search, wakes another: so a burst wakes workers one after the other and none
 * twice. A worker goes idle by raising its flag and the count, no longer searching, and then looking once more.
 *
 * Free: a task may block its thread, and what is suspended there with it. A worker with suspended goroutines therefore leaves
 * tasks to a *free* one (nothing to run, nothing suspended), and is woken for one only when none is free.
 *
 * Room: an owner that bounds what waits asks, once there is too much, to be told of the next task that is taken. It raises
 * POOL_WANTS_ROOM and looks once more; who takes a task looks at the word afterwards: one of the two sees the other.
 *
 * Quiet: each worker counts what it submitted and what it finished, in words that it alone writes. The pool was quiet if
 * the finished, summed first, are as many as the submitted, summed afterwards (Mattern 1987, "four counter" with
 * monotone counts: a task that was pending between the two sums would show as submitted and not as finished).
 */
import { add32, cas32, load32, store32, xchg32 } from "./atomics";
import { agentSignal } from "./agent";
import { dequeFree, dequeInit, dequePop, dequePush, dequeReserve, dequeSize, dequeSteal } from "./deque";
import { allocate, free } from "./heap";
import { acquire, release } from "./lock";
import { rankedPush, rankedRemove } from "./ranking";
import { taskCount } from "./task";
import {
  DEQUE_RETRY,
  ENTRY_NEXT,
  FUNCTION_NEXT,
  IDLE_CALLED,
  IDLE_NOT,
  IDLE_OFFERED,
  OBJECT_KIND,
  OBJECT_REFERENCES,
  POOL_COUNT,
  POOL_FREE,
  POOL_FUNCTIONS,
  POOL_HEAD,
  POOL_HIRED,
  POOL_IDLE,
  POOL_IS_RANKED,
  POOL_LIMIT,
  POOL_LOCK,
  POOL_OWNER,
  POOL_RANKED,
  POOL_RANKED_COUNT,
  POOL_SEARCHING,
  POOL_SLOTS,
  POOL_TAIL,
  POOL_WANTS_ROOM,
  POOL_WORKERS,
  SIGNAL_QUIET,
  SIGNAL_ROOM,
  SIGNAL_WORK,
  TASK_CANCELLED,
  TASK_PLACE,
  TASK_QUEUED,
  TASK_STARTED,
  TASK_STATE,
  WORKER_AGENT,
  WORKER_FINISHED,
  WORKER_FREE,
  WORKER_IDLE,
  WORKER_RANDOM,
  WORKER_SEARCHING,
  WORKER_SIZE,
  WORKER_STOLE,
  WORKER_SUBMITTED,
  WORKER_TAKEN,
  WORKER_TOOK,
} from "./layout";

/**
 * Makes a pool without threads; 0 when memory is exhausted.
 *
 * @param most Threads that it can ever be given by `poolResize`.
 * @param isRanked 1: tasks with more weight go first.
 */
export function poolNew(kind: u32, most: u32, owner: usize, isRanked: u32): usize {
  const byteLength = POOL_WORKERS + (<usize>(most + 1) << 2);
  const pool = allocate(<u32>byteLength);
  if (pool == 0) return 0;
  // Plain: ours until a worker starts.
  memory.fill(pool, 0, byteLength);
  store<u32>(pool + OBJECT_REFERENCES, 1);
  store<u32>(pool + OBJECT_KIND, kind);
  store<u32>(pool + POOL_SLOTS, 1);
  store<u32>(pool + POOL_OWNER, <u32>owner);
  store<u32>(pool + POOL_IS_RANKED, isRanked);
  return pool;
}

/** Lets the pool have `threads` threads, and look for them at the first `slots` places of the table. Only the owner calls this. */
export function poolResize(pool: usize, threads: u32, slots: u32): void {
  // The table is all zeros beyond its end, so who sees a new one first finds nobody there.
  store32(pool + POOL_SLOTS, slots);
  store32(pool + POOL_LIMIT, threads);
}

/** Frees a pool that no thread knows any more, and in which nothing waits. */
export function poolFree(pool: usize): void {
  const ranked: usize = load<u32>(pool + POOL_RANKED);
  if (ranked != 0) free(ranked);
  free(pool);
}

/** Adds a function record to the pool. Progress: lock-free. */
export function poolAddFunction(pool: usize, record: usize): void {
  let head: u32;
  do {
    head = load32(pool + POOL_FUNCTIONS);
    store<u32>(record + FUNCTION_NEXT, head); // Plain: ours until the swap publishes it.
  } while (cas32(pool + POOL_FUNCTIONS, head, <u32>record) != head);
}

/** Makes a worker; 0 when memory is exhausted. */
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

/** Makes the worker of a thread that has surely ended as good as new. Its deque is empty, and thieves may still look at that. */
export function workerReset(worker: usize): void {
  const random = load<u32>(worker + WORKER_RANDOM);
  memory.fill(worker + WORKER_AGENT, 0, WORKER_SIZE - WORKER_AGENT);
  store<u32>(worker + WORKER_RANDOM, random);
}

/** A thread is being started for `worker`: tasks may be left to it. Only the owner calls this. */
export function workerExpect(pool: usize, worker: usize): void {
  store32(worker + WORKER_FREE, 1);
  add32(pool + POOL_FREE, 1);
}

/**
 * The worker has nothing to run and no goroutine suspended: whatever comes should go to such a one.
 *
 * - Order: free, then the look. It may be idle already, and a task have come for which it was not woken: from now on the
 *   others leave that to it.
 */
export function workerIsFree(pool: usize, worker: usize): void {
  if (load<u32>(worker + WORKER_FREE) != 0) return; // Plain: only the worker writes the word.
  store32(worker + WORKER_FREE, 1);
  add32(pool + POOL_FREE, 1);
  if (hasWork(pool)) poolNotify(pool);
}

/**
 * The worker is about to say that it has finished its last task. Who hears of it may submit tasks at once, and another worker, which
 * has goroutines suspended, must find by then that this one is free.
 */
export function workerWillBeFree(pool: usize, worker: usize): void {
  if (!hasWork(pool)) workerIsFree(pool, worker);
}

/**
 * The worker has something to run.
 *
 * - Order: busy, then the look. What came while it was free woke nobody who was not.
 */
export function workerIsBusy(pool: usize, worker: usize): void {
  if (load<u32>(worker + WORKER_FREE) == 0) return; // Plain: only the worker writes the word.
  store32(worker + WORKER_FREE, 0);
  add32(pool + POOL_FREE, -1);
  if (hasWork(pool)) poolNotify(pool);
}

/**
 * Reports whether a worker with suspended goroutines should leave tasks to others: a task may block the thread that takes it,
 * and with it the goroutines that are suspended there, one of which it may be waiting for.
 */
export function poolHasFree(pool: usize): bool {
  return load32(pool + POOL_FREE) != 0 && hasWork(pool);
}

/** Makes `worker`, which `agent` runs, known to the others at place `slot`. It is running. */
export function workerEnter(pool: usize, slot: u32, worker: usize, agent: usize): void {
  store<u32>(worker + WORKER_AGENT, <u32>agent); // Plain: the table publishes it.
  store32(pool + POOL_WORKERS + (<usize>slot << 2), <u32>worker);
}

/**
 * Takes the worker at place `slot` out of the table, after its thread has ended or left: its tasks go to the injector, and the
 * counts forget it; what died with it counts as finished, by the owner. Others may be stealing from it meanwhile,
 * so its memory is freed with the pool. Only the owner calls this.
 */
export function workerLeave(pool: usize, slot: u32, expected: usize): void {
  const entry = pool + POOL_WORKERS + (<usize>slot << 2);
  const worker: usize = load32(entry);
  workerIsBusy(pool, expected);
  if (worker == 0) {
    // It never got here; those that left tasks to it have to know.
    poolNotify(pool);
    return;
  }
  store32(entry, 0);
  // Plain from here: its thread has ended, or touches the pool no more, and this one was told so.
  const idle = xchg32(worker + WORKER_IDLE, IDLE_NOT);
  if (idle == IDLE_OFFERED) add32(pool + POOL_IDLE, -1);
  // Called, it was counted and did not come to know it.
  if (idle == IDLE_CALLED || load<u32>(worker + WORKER_SEARCHING) != 0) add32(pool + POOL_SEARCHING, -1);
  for (;;) {
    const task = dequeSteal(worker);
    if (task == 0) break;
    if (task != DEQUE_RETRY) injectorPush(pool, 0, task);
  }
  let lost = load32(worker + WORKER_TOOK) - load32(worker + WORKER_FINISHED);
  const taken = load<u32>(worker + WORKER_TAKEN);
  const state: u32 = taken == 0 ? TASK_STARTED : load32(<usize>taken + TASK_STATE);
  // Cancelled meanwhile it goes back as well: its submitter waits until somebody sends it back.
  if (state == TASK_QUEUED || state == TASK_CANCELLED) {
    injectorPush(pool, 0, taken);
    lost--;
  }
  const owner: usize = load32(pool + POOL_WORKERS);
  const submitted = load32(worker + WORKER_SUBMITTED);
  store32(owner + WORKER_SUBMITTED, load32(owner + WORKER_SUBMITTED) + submitted);
  store32(owner + WORKER_FINISHED, load32(owner + WORKER_FINISHED) + load32(worker + WORKER_FINISHED) + lost);
  poolNotify(pool);
}

/** Frees a worker that has left and that no thread knows any more. */
export function workerFree(worker: usize): void {
  dequeFree(worker);
  free(worker);
}

/**
 * Submits `task` from `worker`, the caller's own, and wakes a worker for it.
 *
 * - Order: count (`taskCount`), push, wake.
 * - Model: `scheduler_model_test.ts`.
 */
export function workerSubmit(pool: usize, worker: usize, task: u32): void {
  // What cannot grow is no reason to fail: the injector needs no memory.
  if (load<u32>(pool + POOL_IS_RANKED) != 0) { // Plain: written once.
    if (!rankedPush(pool, worker, task)) injectorPush(pool, worker, task);
  } else if (dequeReserve(worker)) {
    taskCount(worker);
    dequePush(worker, task);
  } else {
    injectorPush(pool, worker, task);
  }
  poolNotify(pool);
}

/** Counts a task that `worker` has finished. Call after the result is on its way. */
export function workerFinished(worker: usize): void {
  store32(worker + WORKER_FINISHED, load<u32>(worker + WORKER_FINISHED) + 1); // The load plain: its own word.
}

/** Links `task` to the end of the injector, whose lock is the caller's. */
// @ts-ignore: decorator
@inline
function link(pool: usize, task: u32): void {
  store<u32>(<usize>task + ENTRY_NEXT, 0);
  const tail: usize = load<u32>(pool + POOL_TAIL);
  if (tail == 0) store<u32>(pool + POOL_HEAD, task);
  else store<u32>(tail + ENTRY_NEXT, task);
  store<u32>(pool + POOL_TAIL, task);
  store32(pool + POOL_COUNT, load<u32>(pool + POOL_COUNT) + 1);
}

/**
 * Puts `task` at the end of the injector. Progress: blocking on its lock.
 *
 * @param submitter The worker that submits it, and counts it; 0 when it has been counted.
 */
function injectorPush(pool: usize, submitter: usize, task: u32): void {
  acquire(pool + POOL_LOCK);
  if (submitter != 0) taskCount(submitter);
  link(pool, task);
  release(pool + POOL_LOCK);
}

/**
 * Takes a task out of the injector for `taker`, the oldest, or 0. In a ranked pool: if there is none, the foremost of the heap; or, where a
 * task is `wanted`, that one and nothing else from the heap. Progress: blocking on the lock.
 */
function injectorPop(pool: usize, taker: usize, wanted: usize): u32 {
  // Fast path: empty.
  if (load32(pool + POOL_COUNT) == 0) return 0;
  acquire(pool + POOL_LOCK);
  let place: u32 = wanted == 0 ? 0 : load<u32>(wanted + TASK_PLACE);
  let task: u32 = place == 0 ? load<u32>(pool + POOL_HEAD) : 0;
  if (task != 0) {
    const next = load<u32>(<usize>task + ENTRY_NEXT);
    store<u32>(pool + POOL_HEAD, next);
    if (next == 0) store<u32>(pool + POOL_TAIL, 0);
    store32(pool + POOL_COUNT, load<u32>(pool + POOL_COUNT) - 1);
  } else if (wanted == 0 && load<u32>(pool + POOL_RANKED_COUNT) != 0) {
    place = 1;
  }
  if (place != 0) task = rankedRemove(pool, place);
  if (task != 0) store<u32>(taker + WORKER_TAKEN, task);
  release(pool + POOL_LOCK);
  return task;
}

/** Takes the oldest task of the worker at place `slot` for `taker`, or 0. */
// @ts-ignore: decorator
@inline
function stealFrom(pool: usize, slot: u32, taker: usize): u32 {
  const victim: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
  if (victim == 0 || victim == taker) return 0;
  let task: u32;
  // A lost race is another's success, so this ends.
  do task = dequeSteal(victim); while (task == DEQUE_RETRY);
  return task;
}

/**
 * Takes a task for `worker`: from its own deque, the owner's, the injector, then the others' from a random one on.
 *
 * - Progress: lock-free, but for the injector.
 * - Order: between taking the task and noting it stands neither call nor loop, so that a thread that dies has either
 *   left it where it was or noted it. Taken, then the look at whether the owner wants to know.
 * - Model: `scheduler_model_test.ts`.
 *
 * @returns the task, or 0
 */
export function workerTake(pool: usize, worker: usize): u32 {
  let task = dequePop(worker);
  if (task == 0) {
    task = stealFrom(pool, 0, worker);
    if (task == 0) task = injectorPop(pool, worker, 0);
    if (task == 0) {
      const slots = load32(pool + POOL_SLOTS) - 1;
      // Given up for dead, and still on its way to the end: nobody is in the table any more.
      if (slots == 0) return 0;
      let slot = random(worker) % slots;
      for (let left = slots; left != 0; left--) {
        task = stealFrom(pool, slot + 1, worker);
        if (task != 0) {
          // Plain: the worker's own word.
          store<u32>(worker + WORKER_STOLE, load<u32>(worker + WORKER_STOLE) + 1);
          break;
        }
        slot = slot + 1 == slots ? 0 : slot + 1;
      }
      if (task == 0) return 0;
    }
  }
  note(pool, worker, task);
  return task;
}

/** Notes a task that `worker` has taken, and tells the owner if it wants to know. */
// @ts-ignore: decorator
@inline
function note(pool: usize, worker: usize, task: u32): void {
  // Plain: the worker's own word, read by others only after its thread has ended.
  store<u32>(worker + WORKER_TAKEN, task);
  store32(worker + WORKER_TOOK, load<u32>(worker + WORKER_TOOK) + 1);
  if (load32(pool + POOL_WANTS_ROOM) != 0) tellRoom(pool);
}

function tellRoom(pool: usize): void {
  if (xchg32(pool + POOL_WANTS_ROOM, 0) != 0) agentSignal(load<u32>(pool + POOL_OWNER), SIGNAL_ROOM);
}

/**
 * Takes a task for `worker`, which blocks until `wanted` has ended, a task of its own that nobody has taken: the newest of its deque, which
 * is `wanted` or what was forked after it; in a ranked pool `wanted` itself; or else what the injector has.
 *
 * - Model: `scheduler_model_test.ts`, `ranking_model_test.ts`.
 *
 * @returns the task, or 0
 */
export function workerTakeToward(pool: usize, worker: usize, wanted: usize): u32 {
  let task = dequePop(worker);
  if (task == 0) task = injectorPop(pool, worker, wanted);
  if (task != 0) note(pool, worker, task);
  return task;
}

/**
 * Takes a task of the worker that `agent` runs, for `worker`, which blocks for one that is under way there: what waits in that
 * deque is most likely a part of it. As {@link workerTake} otherwise.
 *
 * - Model: `scheduler_model_test.ts`.
 *
 * @returns the task, or 0
 */
export function workerTakeFrom(pool: usize, worker: usize, agent: usize): u32 {
  const slots = load32(pool + POOL_SLOTS);
  for (let slot: u32 = 1; slot < slots; slot++) {
    const victim: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
    // Plain: written before the table named it. If it has left meanwhile and is being made anew, its deque is as good as any.
    if (victim == 0 || load<u32>(victim + WORKER_AGENT) != <u32>agent) continue;
    const task = stealFrom(pool, slot, worker);
    if (task == 0) return 0;
    note(pool, worker, task);
    store<u32>(worker + WORKER_STOLE, load<u32>(worker + WORKER_STOLE) + 1); // Plain: the worker's own word.
    return task;
  }
  return 0;
}

/**
 * Gives back a task that `worker` has taken and cannot start: others find it in the injector.
 *
 * - Order: under the lock it is given back, forgotten and no longer counted, so that a thread that dies has done all of it or nothing.
 * - Model: `scheduler_model_test.ts`.
 */
export function workerGiveBack(pool: usize, worker: usize, task: u32): void {
  acquire(pool + POOL_LOCK);
  link(pool, task);
  store<u32>(worker + WORKER_TAKEN, 0);
  store32(worker + WORKER_TOOK, load<u32>(worker + WORKER_TOOK) - 1);
  release(pool + POOL_LOCK);
  poolNotify(pool);
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

/** Reports whether a worker could find a task now. */
function hasWork(pool: usize): bool {
  if (load32(pool + POOL_COUNT) != 0) return true;
  const slots = load32(pool + POOL_SLOTS);
  for (let slot: u32 = 0; slot < slots; slot++) {
    const worker: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
    if (worker != 0 && dequeSize(worker) != 0) return true;
  }
  return false;
}

/** Number of tasks that wait to be taken, cancelled ones among them; exact when nobody else is at it. */
export function poolQueued(pool: usize): u32 {
  let queued = load32(pool + POOL_COUNT);
  const slots = load32(pool + POOL_SLOTS);
  for (let slot: u32 = 0; slot < slots; slot++) {
    const worker: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
    if (worker != 0) queued += dequeSize(worker);
  }
  return queued;
}

/**
 * Asks to be told, by `SIGNAL_ROOM`, of the next task that is taken. Only the owner calls this, and then looks once more at how
 * many wait.
 *
 * - Model: `scheduler_model_test.ts`.
 */
export function poolWantRoom(pool: usize): void {
  store32(pool + POOL_WANTS_ROOM, 1);
}

/** Reports whether a worker could find a task, looking up to `rounds` times. `worker`: the caller's own. */
export function workerSpin(pool: usize, worker: usize, rounds: i32): bool {
  for (let round = 0; round < rounds; round++) {
    if (hasWork(pool)) return true;
    // A pause on a word of its own: looking all the time would slow down who submits.
    for (let pause = 0; pause < 64; pause++) load32(worker + WORKER_FINISHED);
  }
  return false;
}

/** Reports whether everything that was submitted had finished, at some moment of the call. */
export function poolIsQuiet(pool: usize): bool {
  return sum(pool, WORKER_FINISHED) == sum(pool, WORKER_SUBMITTED);
}

/** The sum over all workers of the word at `offset`. */
function sum(pool: usize, offset: usize): u32 {
  const slots = load32(pool + POOL_SLOTS);
  let total: u32 = 0;
  for (let slot: u32 = 0; slot < slots; slot++) {
    const worker: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
    if (worker != 0) total += load32(worker + offset);
  }
  return total;
}

/** Tells the owner if the pool is quiet. */
export function poolTellQuiet(pool: usize): void {
  if (poolIsQuiet(pool)) agentSignal(load<u32>(pool + POOL_OWNER), SIGNAL_QUIET);
}

/**
 * Wakes one idle worker, unless one is searching already.
 *
 * - Order: after the push. Searching is read after the push, and a searcher looks again after it has ceased to search:
 *   one of the two sees the other.
 * - Model: `scheduler_model_test.ts`.
 */
function poolNotify(pool: usize): void {
  // Fast path: all are busy, or somebody is looking.
  if (load32(pool + POOL_IDLE) == 0 || <i32>load32(pool + POOL_SEARCHING) > 0) return;
  const slots = load32(pool + POOL_SLOTS);
  // While one is free, the others would leave the task to that one.
  const isAnyOfUse = load32(pool + POOL_FREE) == 0;
  for (let slot: u32 = 0; slot < slots; slot++) {
    const worker: usize = load32(pool + POOL_WORKERS + (<usize>slot << 2));
    if (
      worker != 0 && load32(worker + WORKER_IDLE) == IDLE_OFFERED &&
      (isAnyOfUse || load32(worker + WORKER_FREE) != 0) &&
      cas32(worker + WORKER_IDLE, IDLE_OFFERED, IDLE_CALLED) == IDLE_OFFERED
    ) {
      // The waker counts, for the sleeper: the next submitter sees one searching and wakes nobody else.
      add32(pool + POOL_SEARCHING, 1);
      add32(pool + POOL_IDLE, -1);
      // A signal, not the bell alone: the sleeper may have raised its flag and not yet set its doorbell.
      const agent: usize = load<u32>(worker + WORKER_AGENT);
      // None: it woke by itself, found that it was called, has ended since, and the next thread in its memory is still starting.
      if (agent != 0) agentSignal(agent, SIGNAL_WORK);
      return;
    }
  }
}

/** A running worker has nothing left and begins to search. */
export function workerSearch(pool: usize, worker: usize): void {
  store<u32>(worker + WORKER_SEARCHING, 1); // Plain: the worker's own.
  add32(pool + POOL_SEARCHING, 1);
}

/**
 * A searching worker has found a task, or gives up: it searches no more; if it was the last to and there is more, another
 * is woken.
 *
 * - Order: the count, then the look: who submitted and saw us searching had pushed before we ceased to.
 * - The count may fall below 0, when a worker that was called woke for another reason and is here before its caller
 *   has counted it. So nobody searches when the count is 0 or less, and too low a count wakes one too many at worst.
 * - Model: `scheduler_model_test.ts`.
 */
export function workerFound(pool: usize, worker: usize): void {
  store<u32>(worker + WORKER_SEARCHING, 0); // Plain: the worker's own.
  if (<i32>add32(pool + POOL_SEARCHING, -1) <= 1 && hasWork(pool)) poolNotify(pool);
}

/**
 * Reports whether there is work, nobody idle to wake for it, and a thread more to be had: a worker that has taken a task asks
 * this. Who submitted may have seen it search, or start, or another idle, and have counted on them.
 */
export function poolIsShort(pool: usize): bool {
  return load32(pool + POOL_HIRED) < load32(pool + POOL_LIMIT) && load32(pool + POOL_IDLE) == 0 && hasWork(pool);
}

/**
 * A searching worker offers to be woken.
 *
 * @returns true when it is idle now and may sleep on its doorbell; false when there is work: it is searching again
 */
export function workerIdle(pool: usize, worker: usize): bool {
  store<u32>(worker + WORKER_SEARCHING, 0); // Plain: the worker's own.
  add32(pool + POOL_IDLE, 1);
  store32(worker + WORKER_IDLE, IDLE_OFFERED);
  add32(pool + POOL_SEARCHING, -1);
  // Look once more: a submitter that saw us searching woke nobody.
  if (!hasWork(pool)) return true;
  workerWoken(pool, worker);
  return false;
}

/** An idle worker is awake, for whatever reason, and searches again. */
export function workerWoken(pool: usize, worker: usize): void {
  const isCalled = cas32(worker + WORKER_IDLE, IDLE_OFFERED, IDLE_NOT) == IDLE_CALLED;
  store<u32>(worker + WORKER_SEARCHING, 1); // Plain: the worker's own.
  if (isCalled) {
    // Whoever called it counts, or has.
    store32(worker + WORKER_IDLE, IDLE_NOT);
    return;
  }
  add32(pool + POOL_SEARCHING, 1);
  add32(pool + POOL_IDLE, -1);
}

/** Takes any task that nobody runs yet, for the owner who empties the pool, or 0. */
export function poolTake(pool: usize): u32 {
  const owner: usize = load32(pool + POOL_WORKERS);
  let task = dequePop(owner);
  if (task == 0) task = injectorPop(pool, owner, 0);
  const slots = load32(pool + POOL_SLOTS);
  for (let slot: u32 = 1; task == 0 && slot < slots; slot++) task = stealFrom(pool, slot, owner);
  return task;
}
