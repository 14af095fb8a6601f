/**
 * The worker: what a thread of a pool runs. Loaded on such a thread, this module starts it; anywhere else it only says
 * where it is.
 *
 * @module
 */
// Handles of every kind may pass through here, before any task has loaded what they are.
import "../channel/channel.ts";
import { macrotask, pause } from "../internal/macrotask.ts";
import { adoptCore, type Core, core } from "../memory/core.ts";
import { writeValue } from "../memory/element.ts";
import { giveUpAll } from "../memory/handle.ts";
import {
  POOL_OWNER,
  SIGNAL_WORK,
  TASK_CANCELLED,
  TASK_FAILED,
  TASK_FUNCTION,
  TASK_SUCCEEDED,
  WOKE_NONE,
  WOKE_SELF,
  WORKER_FINISHED,
  WORKER_IS_CLEAN,
  WORKER_IS_DISMISSED,
  WORKER_TOOK,
} from "../memory/layout.ts";
import { discardMessage } from "../memory/message.ts";
import { type Agent, agent } from "../park/agent.ts";
import { writeFailure } from "./failure.ts";
import { Functions } from "./functions.ts";
import { promiseOf } from "./go.ts";
import { findFunction } from "./lookup.ts";
import { joinPool } from "./pool.ts";
import type { TaskFunction } from "./registry.ts";
import { discardArguments, takeArguments } from "./remote.ts";
import { type Boot, GOODBYE, provideWorker, takeBoot } from "./thread.ts";
import "../rate/mod.ts";
import "../sync/mod.ts";

/** Rounds, of some tens of nanoseconds, that an idle worker looks for a task before it offers to sleep. */
const SPINS = 2000;
/**
 * How long an idle thread without goroutines sleeps at a stretch where its event loop stands still. Waking from that is
 * faster; the event loop then gets a turn for what the pool does not know of, a timer that a task left behind, say.
 */
const BLOCK_MS = 5;
/** How long tasks are left to a thread that is free before this one looks again whether it still is. */
const LEAVE_MS = 1;
/** How long tasks may follow each other without a turn of the event loop. */
const SLICE_MS = 10;
/** Tasks between two looks at the clock. */
const STRIDE = 8;

/** What a goroutine that has suspended leaves to wait for: a turn of the microtasks. */
const SUSPENDED: Promise<void> = Promise.resolve();

class Worker {
  readonly #core: Core;
  readonly #agent: Agent;
  readonly #pool: number;
  readonly #worker: number;
  readonly #slot: number;
  readonly #functions = new Map<number, TaskFunction>();
  /** Goroutines of this thread that have started and wait for something. */
  #suspended = 0;
  #isAsleep = false;

  constructor({ pool, worker, slot }: Boot) {
    this.#core = core();
    this.#agent = agent();
    this.#pool = pool;
    this.#worker = worker;
    this.#slot = slot;
  }

  /** Runs tasks until the thread is asked to stop. */
  async run(): Promise<void> {
    const { fn } = this.#core;
    const pool = this.#pool;
    const worker = this.#worker;
    fn.workerEnter(pool, this.#slot, worker, this.#core.agent);
    let isSearching = false;
    let left = STRIDE;
    let sliceStart = performance.now();
    // Whoever dismisses sets the word and then looks whether we are in the table: one of the two sees the other.
    const isDismissed = this.#core.loadU32(worker + WORKER_IS_DISMISSED) !== 0;
    while (!isDismissed && !this.#agent.isStopping) {
      // A task may block this thread, and what is suspended here with it: better on a thread where nothing is.
      if (this.#suspended > 0 && fn.poolHasFree(pool)) {
        if (isSearching) fn.workerFound(pool, worker);
        isSearching = false;
        await pause(LEAVE_MS);
        continue;
      }
      const task = fn.workerTake(pool, worker) >>> 0;
      if (task !== 0) {
        this.#isFree(false);
        if (isSearching) fn.workerFound(pool, worker);
        if (fn.poolIsShort(pool)) {
          fn.agentSignal(this.#core.readU32(pool + POOL_OWNER), SIGNAL_WORK);
        }
        isSearching = false;
        const loading = this.#execute(task);
        if (loading !== undefined) await loading;
        if (this.#agent.waiting > 0) this.#agent.drain();
        if (--left > 0) continue;
        left = STRIDE;
        if (performance.now() - sliceStart < SLICE_MS) continue;
        await macrotask();
        this.#agent.drain();
        sliceStart = performance.now();
      } else if (!isSearching) {
        this.#isFree(this.#suspended === 0);
        fn.workerSearch(pool, worker);
        isSearching = true;
      } else {
        if (this.#suspended === 0 && fn.workerSpin(pool, worker, this.#core.spins && SPINS)) {
          continue;
        }
        if (!fn.workerIdle(pool, worker)) continue;
        fn.poolTellQuiet(pool);
        await this.#sleep();
        fn.workerWoken(pool, worker);
        sliceStart = performance.now();
      }
    }
    if (isSearching) fn.workerFound(pool, worker);
  }

  /** Says whether this thread has nothing to run and nothing suspended. */
  #isFree(isFree: boolean): void {
    const { fn } = this.#core;
    if (isFree) fn.workerIsFree(this.#pool, this.#worker);
    else fn.workerIsBusy(this.#pool, this.#worker);
  }

  async #sleep(): Promise<void> {
    this.#isAsleep = true;
    // What was suspended may have ended since.
    this.#isFree(this.#suspended === 0);
    if (this.#suspended === 0 && this.#core.canBlock && this.#agent.block(BLOCK_MS, true)) {
      this.#isAsleep = false;
      return;
    }
    await this.#agent.rung();
    this.#isAsleep = false;
  }

  /**
   * Runs a task up to its end or to its first suspension.
   *
   * @returns What to wait for before the next task: a goroutine that has suspended gets its microtasks, and a function
   * that has to be loaded first is loaded, since a task that this thread has taken is out of the others' reach.
   */
  #execute(task: number): Promise<void> | undefined {
    const c = this.#core;
    if (!c.fn.taskStart(task, this.#worker)) {
      discardArguments(task);
      this.#finish(task, TASK_CANCELLED, 0);
      return undefined;
    }
    const record = c.readU32(task + TASK_FUNCTION);
    const fn = this.#functions.get(record);
    if (fn === undefined) return this.#loadAndCall(task, record);
    return this.#call(task, fn) ? SUSPENDED : undefined;
  }

  async #loadAndCall(task: number, record: number): Promise<void> {
    let fn;
    try {
      fn = await findFunction(Functions.nameOf(record));
    } catch (error) {
      discardArguments(task);
      return this.#fail(task, error);
    }
    this.#functions.set(record, fn);
    this.#call(task, fn);
  }

  /** Calls a task's function; reports whether it suspended. */
  #call(task: number, fn: TaskFunction): boolean {
    let result;
    try {
      result = fn(...takeArguments(task));
    } catch (error) {
      this.#fail(task, error);
      return false;
    }
    const promise = promiseOf(result);
    if (promise === undefined) {
      this.#succeed(task, result);
      return false;
    }
    this.#suspended++;
    promise.then((value) => {
      this.#suspended--;
      this.#succeed(task, value);
    }, (reason) => {
      this.#suspended--;
      this.#fail(task, reason);
    });
    return true;
  }

  #succeed(task: number, value: unknown): void {
    let result;
    try {
      result = writeValue(value);
    } catch (error) {
      return this.#fail(task, error);
    }
    this.#finish(task, TASK_SUCCEEDED, result);
  }

  #fail(task: number, reason: unknown): void {
    this.#finish(task, TASK_FAILED, writeFailure(reason));
  }

  #finish(task: number, state: number, result: number): void {
    const { fn, agent: self } = this.#core;
    if (this.#suspended === 0) fn.workerWillBeFree(this.#pool, this.#worker);
    const woke = fn.taskFinish(task, state, result, self);
    if (woke === WOKE_NONE) {
      // This thread has been given up, and the task with it.
      if (result !== 0) discardMessage(result);
      fn.free(task);
    }
    fn.workerFinished(this.#worker);
    if (woke === WOKE_SELF) this.#agent.drain();
    if (!this.#isAsleep) return;
    // Asleep, the loop does not come by to say so.
    this.#isFree(this.#suspended === 0);
    fn.poolTellQuiet(this.#pool);
  }

  /**
   * The thread runs nothing more: gives up its handles, and says whether anything could still come for its agent, or names it as
   * the holder of a lock; if not that can serve another thread.
   */
  leave(): void {
    const isHolding = giveUpAll();
    const c = this.#core;
    const isDone =
      c.readU32(this.#worker + WORKER_TOOK) === c.readU32(this.#worker + WORKER_FINISHED);
    if (!isHolding && this.#agent.waiting === 0 && isDone) {
      c.writeU32(this.#worker + WORKER_IS_CLEAN, 1);
    }
  }
}

/** The part of a thread's port to its parent that keeps it alive. */
interface ParentPort {
  on(event: "message", listener: () => void): void;
  off(event: "message", listener: () => void): void;
}

function parentPort(): ParentPort | undefined {
  const threads = globalThis.process?.getBuiltinModule?.("node:worker_threads") as
    | { parentPort: ParentPort | null }
    | undefined;
  return threads?.parentPort ?? undefined;
}

async function start(boot: Boot): Promise<void> {
  const port = parentPort();
  // A port that is listened to keeps the thread's event loop alive.
  const keepAlive = (): void => {};
  port?.on("message", keepAlive);
  adoptCore(boot.seed);
  const member = joinPool(boot);
  const worker = new Worker(boot);
  // The end of the thread, not of the worker: what a task left behind, a timer for example, may run for a while.
  const leave = (): void => worker.leave();
  globalThis.process?.once("exit", leave);
  await worker.run();
  member.isClosed = true;
  if (port === undefined) {
    worker.leave();
    (globalThis as unknown as { postMessage(message: string): void }).postMessage(GOODBYE);
    return;
  }
  // Others may listen for the end as well, and need their handles.
  process.off("exit", leave).once("exit", leave);
  port.off("message", keepAlive);
}

provideWorker(import.meta.url);
const boot = takeBoot();
if (boot !== undefined) start(boot);
