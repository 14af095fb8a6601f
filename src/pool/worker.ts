/**
 * The worker: what a thread of a pool runs. Loaded on such a thread, this module starts it; anywhere else it only says
 * where it is.
 *
 * @module
 */
// Handles of every kind may pass through here, before any task has loaded what they are.
import * as channel from "../channel/channel.ts";
import * as context from "../context/mod.ts";
import { AgentCannotBlockError } from "../errors.ts";
import { preciseMs } from "../internal/clock.ts";
import { macrotask, nextTurn, pause } from "../internal/macrotask.ts";
import { adoptCore, type Core, core } from "../memory/core.ts";
import { writeFailure } from "../memory/failure.ts";
import { giveUpAll } from "../memory/handle.ts";
import {
  DISMISSED_TO_STOP,
  LEFT_BY_EXIT,
  LEFT_IN_ORDER,
  POOL_OWNER,
  SIGNAL_WORK,
  TASK_CANCELLED,
  TASK_FAILED,
  TASK_FUNCTION,
  TASK_QUEUED,
  TASK_RUNNER,
  TASK_STARTED,
  TASK_STATE,
  TASK_SUCCEEDED,
  WOKE_NONE,
  WOKE_SELF,
  WORKER_BUSY_MS,
  WORKER_ENTERED,
  WORKER_FINISHED,
  WORKER_HAS_LEFT,
  WORKER_IS_CLEAN,
  WORKER_IS_DISMISSED,
  WORKER_IS_WORKING,
  WORKER_SINCE,
  WORKER_SIZE,
  WORKER_TOOK,
} from "../memory/layout.ts";
import { discardValue } from "../memory/value.ts";
import { type Agent, agent } from "../park/agent.ts";
import { Functions } from "./functions.ts";
import { promiseOf } from "./go.ts";
import { findFunction } from "./lookup.ts";
import { discardArguments, needsParcel, takeArguments, writeResult } from "./payload.ts";
import { joinPool } from "./pool.ts";
import type { Post } from "./post.ts";
import { registry, type TaskFunction } from "./registry.ts";
import { SUSPENDED_HERE } from "./goroutine.ts";
import { type Boot, lineToOwner, onBoot, provideWorker } from "./thread.ts";
import * as rate from "../rate/mod.ts";
import * as sync from "../sync/mod.ts";

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
/** A turn of the event loop that takes as long as this was not an idle one: a goroutine computes. */
const BUSY_TURN_MS = 0.5;
/** Tasks between two looks at the clock. */
const STRIDE = 8;
/** How many blocking joins run a task within one another: a stack that overflows in the middle of a task's end would lose that. */
const DEEPEST = 500;
/** The longest delay of a timer. */
const LONGEST_MS = 0x7fffffff;

/** What a goroutine that has suspended leaves to wait for: a turn of the microtasks. */
const SUSPENDED: Promise<void> = Promise.resolve();

class Worker {
  readonly #core: Core;
  readonly #agent: Agent;
  readonly #pool: number;
  readonly #worker: number;
  readonly #slot: number;
  readonly #post: Post;
  readonly #functions = new Map<number, TaskFunction>();
  /** Goroutines of this thread that have started and wait for something. */
  #suspended = 0;
  #isAsleep = false;
  /** Reports whether it is idle to the others, or called: whichever it was, it has not said since that it is awake. */
  #isOffered = false;
  /** Reports whether it only waits for what is suspended here. */
  #isLeaving = false;
  /** Reports whether the thread is about to exit: Deno lets it go on for a while. */
  #isExiting = false;
  /** Number of tasks that run within one another. */
  #depth = 0;
  readonly #idleTimeoutMs: number;
  /** Since when it has had nothing to do, or since when something. */
  #since = preciseMs();
  #isWorking = false;

  constructor({ pool, worker, slot, idleTimeoutMs }: Boot, post: Post) {
    this.#core = core();
    this.#agent = agent();
    this.#pool = pool;
    this.#worker = worker;
    this.#slot = slot;
    this.#post = post;
    this.#idleTimeoutMs = idleTimeoutMs;
  }

  /** Runs tasks until the thread is asked to stop, or is not needed any more. */
  async run(): Promise<void> {
    const { fn } = this.#core;
    const pool = this.#pool;
    const worker = this.#worker;
    this.#core.bytes(worker + WORKER_SIZE);
    this.#core.f64[(worker + WORKER_ENTERED) >>> 3] = this.#since;
    fn.workerEnter(pool, this.#slot, worker, this.#core.agent);
    this.#agent.onBusy = () => this.#onBusy();
    let isSearching = false;
    let left = STRIDE;
    let sliceStart = performance.now();
    // Whoever dismisses sets the word and then looks whether we are in the table: one of the two sees the other.
    for (let how = this.#dismissed; how !== DISMISSED_TO_STOP; how = this.#dismissed) {
      if (this.#agent.isStopping || this.#isExiting) break;
      if (how !== 0) {
        if (isSearching) fn.workerFound(pool, worker);
        isSearching = false;
        if (this.#suspended === 0) break;
        this.#isLeaving = true;
        await this.#agent.rung();
        continue;
      }
      // A task may block this thread, and what is suspended here with it: better on a thread where nothing is.
      if (this.#suspended > 0 && fn.poolHasFree(pool)) {
        if (isSearching) fn.workerFound(pool, worker);
        isSearching = false;
        await pause(LEAVE_MS);
        continue;
      }
      const task = fn.workerTake(pool, worker) >>> 0;
      if (task !== 0 && this.#dismissed !== 0) {
        // Submitted after the pool was to have fewer threads, perhaps: that is for those that stay.
        this.#giveBack(task);
      } else if (task !== 0) {
        this.#isFree(false);
        if (!this.#isWorking) this.#work(true);
        if (isSearching) fn.workerFound(pool, worker);
        if (fn.poolIsShort(pool)) this.#tellOwner();
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
        if (this.#isWorking) this.#work(false);
        if (this.#suspended > 0 && await this.#isTurnBusy()) continue;
        fn.workerSearch(pool, worker);
        isSearching = true;
      } else {
        if (this.#suspended === 0 && fn.workerSpin(pool, worker, this.#core.spins && SPINS)) {
          continue;
        }
        if (this.#idleMsLeft <= 0) break;
        if (!fn.workerIdle(pool, worker)) continue;
        this.#isOffered = true;
        fn.poolTellQuiet(pool);
        await this.#sleep();
        isSearching = this.#isOffered;
        if (isSearching) fn.workerWoken(pool, worker);
        this.#isOffered = false;
        sliceStart = performance.now();
      }
    }
    if (isSearching) fn.workerFound(pool, worker);
    this.#isFree(false);
    // What has come back since the last look: forks that were cancelled, say, which nobody joins. The thread goes on for a moment, so
    // it is not too late for its goroutines; when it dies it is, and what has arrived is left for others.
    if (!this.#isExiting) this.#agent.drain();
    // Its memory may soon be another's.
    this.#agent.onBusy = undefined;
  }

  /**
   * Takes back what it offers while it sleeps: goroutines of this thread go on, or one blocks it, and who knows for how long. Who submits a task would
   * count on it, and wake nobody else. If it has been called for one, another is called instead. It offers itself again when its turn comes.
   */
  #onBusy(): void {
    this.#isFree(false);
    if (!this.#isOffered) return;
    const { fn } = this.#core;
    fn.workerWoken(this.#pool, this.#worker);
    this.#isOffered = false;
    fn.workerFound(this.#pool, this.#worker);
    // Whoever submitted saw it idle, and started no thread.
    if (fn.poolIsShort(this.#pool)) this.#tellOwner();
    nextTurn(this.#rouse);
  }

  readonly #rouse = (): void => this.#agent.rouse();

  /** Lets the event loop have a turn; reports whether that was a long one. As long as they are, this thread offers nobody to work. */
  async #isTurnBusy(): Promise<boolean> {
    const start = performance.now();
    await macrotask();
    return performance.now() - start >= BUSY_TURN_MS;
  }

  /** A `DISMISSED_…` code; 0: it is to go on. Read as it stands: the signal that comes with it is heard when the inbox is looked at. */
  get #dismissed(): number {
    return this.#core.loadU32(this.#worker + WORKER_IS_DISMISSED);
  }

  /** Leaves a task that has been taken to others. */
  #giveBack(task: number): void {
    const { fn } = this.#core;
    fn.workerGiveBack(this.#pool, this.#worker, task);
    // Who looked while it was in hand saw nothing to start a thread for.
    if (fn.poolIsShort(this.#pool)) this.#tellOwner();
  }

  /** Tells the owner that this thread has left: whoever counted on it hears now that it has gone. Nothing is submitted here any more. */
  depart(): void {
    if (this.#agent.isStopping || this.#dismissed === DISMISSED_TO_STOP || this.#isExiting) return;
    this.#core.storeU32(this.#worker + WORKER_HAS_LEFT, LEFT_IN_ORDER);
    this.#tellOwner();
  }

  /** Asks the owner to look whether a thread is missing, or has left. */
  #tellOwner(): void {
    this.#core.fn.agentSignal(this.#core.readU32(this.#pool + POOL_OWNER), SIGNAL_WORK);
  }

  /** Notes, for the pool's statistics, that it begins or ceases to run tasks. */
  #work(isWorking: boolean): void {
    const c = this.#core;
    const worker = this.#worker;
    const now = preciseMs();
    c.bytes(worker + WORKER_SIZE);
    if (!isWorking) c.f64[(worker + WORKER_BUSY_MS) >>> 3]! += now - this.#since;
    c.f64[(worker + WORKER_SINCE) >>> 3] = now;
    c.writeU32(worker + WORKER_IS_WORKING, isWorking ? 1 : 0);
    this.#since = now;
    this.#isWorking = isWorking;
  }

  /** How long it may go on with nothing to do. */
  get #idleMsLeft(): number {
    if (this.#idleTimeoutMs === Infinity || this.#suspended > 0) return Infinity;
    return this.#idleTimeoutMs - (preciseMs() - this.#since);
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
    const msLeft = this.#idleMsLeft;
    const timer = msLeft === Infinity
      ? undefined
      : setTimeout(() => this.#agent.rouse(), Math.max(0, Math.min(msLeft, LONGEST_MS)));
    await this.#agent.rung();
    clearTimeout(timer);
    this.#isAsleep = false;
  }

  /**
   * Runs a task while a goroutine of this thread blocks for the one of `task`, which it has submitted: from its own deque, where that is, or
   * of the thread that has taken it.
   *
   * @returns false when there is none
   * @throws {AgentCannotBlockError} if what it blocks for can only go on here
   */
  help(task: number): boolean {
    this.#onBusy();
    const c = this.#core;
    const { fn } = c;
    const state = c.loadU32(task + TASK_STATE);
    let next = 0;
    if (state === TASK_QUEUED) {
      if (this.#depth >= DEEPEST) {
        throw new RangeError(
          `Cannot block this thread: ${DEEPEST} blocking joins run tasks within one another; await what is deeper`,
        );
      }
      next = fn.workerTakeToward(this.#pool, this.#worker, task) >>> 0;
    } else if (state === TASK_STARTED) {
      const runner = c.loadU32(task + TASK_RUNNER);
      if (runner === c.agent) throw new AgentCannotBlockError(SUSPENDED_HERE);
      if (this.#depth < DEEPEST) {
        next = fn.workerTakeFrom(this.#pool, this.#worker, runner) >>> 0;
      }
    }
    return next !== 0 && this.#runInside(next);
  }

  /** Runs a task while another one of this thread stands still; reports whether it could. */
  #runInside(task: number): boolean {
    const c = this.#core;
    const record = c.readU32(task + TASK_FUNCTION);
    const fn = this.#functions.get(record) ?? registry.get(Functions.nameOf(record));
    if (fn === undefined || needsParcel(task)) {
      // While the event loop stands still nothing can be loaded (of what this thread has forked, nothing need be), nor come from the owner.
      this.#giveBack(task);
      return false;
    }
    this.#functions.set(record, fn);
    this.#depth++;
    if (this.#start(task)) this.#call(task, fn);
    this.#depth--;
    return true;
  }

  /**
   * Runs a task up to its end or to its first suspension.
   *
   * @returns What to wait for before the next task: a goroutine that has suspended gets its microtasks, and a function
   * that has to be loaded first is loaded, since a task that this thread has taken is out of the others' reach.
   */
  #execute(task: number): Promise<void> | undefined {
    if (!this.#start(task)) return undefined;
    const record = this.#core.readU32(task + TASK_FUNCTION);
    const fn = this.#functions.get(record);
    if (fn === undefined) return this.#loadAndCall(task, record);
    return this.#call(task, fn) ? SUSPENDED : undefined;
  }

  /** Claims a task that has been taken; one that was cancelled is sent back. */
  #start(task: number): boolean {
    if (this.#core.fn.taskStart(task, this.#worker)) return true;
    discardArguments(task);
    this.#finish(task, TASK_CANCELLED, 0);
    return false;
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

  /** Calls a task's function; reports whether it suspended, if only to wait for what was moved to it. */
  #call(task: number, fn: TaskFunction): boolean {
    let result;
    try {
      const args = takeArguments(task, this.#post);
      result = args instanceof Promise ? args.then((moved) => fn(...moved)) : fn(...args);
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
      result = writeResult(task, value, this.#post);
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
    // A task that ran while another one of this thread stands still leaves that one to go on, and perhaps to block.
    if (this.#suspended === 0 && this.#depth === 0) fn.workerWillBeFree(this.#pool, this.#worker);
    const woke = fn.taskFinish(task, state, result, self);
    if (woke === WOKE_NONE) {
      // This thread has been given up, and the task with it.
      discardValue(result);
      fn.free(task);
    }
    fn.workerFinished(this.#worker);
    if (woke === WOKE_SELF) this.#agent.drain();
    if (this.#isLeaving) this.#agent.rouse();
    const isDone = this.#suspended === 0 && this.#depth === 0;
    // It has nothing to do from now on.
    if (isDone && !this.#isWorking) this.#since = preciseMs();
    if (!this.#isAsleep) return;
    // Asleep, the loop does not come by to say so, and has no alarm for the end of its patience yet.
    this.#isFree(isDone);
    if (isDone && this.#idleTimeoutMs !== Infinity) this.#agent.rouse();
    fn.poolTellQuiet(this.#pool);
  }

  /** The thread ends with all that runs here: says so, since not every runtime does, or does at once. */
  exit(): void {
    this.#isExiting = true;
    this.leave();
    this.#core.storeU32(this.#worker + WORKER_HAS_LEFT, LEFT_BY_EXIT);
    this.#tellOwner();
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

async function start(boot: Boot): Promise<void> {
  adoptCore(boot.seed);
  const line = lineToOwner();
  // What has left the table counts no tasks: a timer that was left behind joins what others run.
  const help = (task: number): boolean => !member.isClosed && worker.help(task);
  const member = joinPool(boot, help, line.send);
  const worker = new Worker(boot, member.post);
  // A line that is listened to keeps the thread alive.
  line.listen((message) => member.post.receive(message));
  // The end of the thread, not of the worker: what a task left behind, a timer for example, may run for a while.
  const exit = (): void => worker.exit();
  const leave = (): void => worker.leave();
  globalThis.process?.once("exit", exit);
  await worker.run();
  // First, or what a task left behind could still submit to a deque that the owner has emptied.
  member.isClosed = true;
  worker.depart();
  if (line.isLifeline) worker.leave();
  // Others may listen for the end as well, and need their handles.
  else process.off("exit", exit).once("exit", leave);
  line.hangUp();
}

// Named, not only imported: a bundler that splits this module from its entry leaves imports without names to the entry.
provideWorker(import.meta.url, [channel, context, rate, sync]);
onBoot(start);
