/**
 * Goroutines on other threads, as seen by who submitted them.
 *
 * @module
 */
import {
  AgentCannotBlockError,
  CanceledError,
  PoolClosedError,
  type WorkerCrashedError,
} from "../errors.ts";
import { core, exhausted } from "../memory/core.ts";
import {
  TASK_FAILED,
  TASK_PARCEL,
  TASK_RESULT,
  TASK_RUNNER,
  TASK_SIZE,
  TASK_STATE,
  TASK_SUCCEEDED,
  TASK_WEIGHT,
} from "../memory/layout.ts";
import { discardValue, readValue } from "../memory/value.ts";
import { type Addressee, agent } from "../park/agent.ts";
import { nameOfTask, type Submission } from "./backend.ts";
import { ARGUMENTS_ARE_MOVED, Goroutine, RESULT_IS_MOVED } from "./goroutine.ts";
import { pack } from "./parcel.ts";
import { discardArguments, writeArguments } from "./payload.ts";
import type { Post } from "./post.ts";
import type { Ranking } from "./ranking.ts";
import { registry } from "./registry.ts";

/** How long a thread that blocks for a goroutine sleeps before it looks again whether there is something to help with. */
const SHORTEST_NAP_MS = 1;
const LONGEST_NAP_MS = 16;

/** What a remote goroutine needs of the pool that it was submitted to. */
export interface Home {
  /** Address of the pool. */
  readonly ptr: number;
  /** Address of the submitting thread's worker. */
  readonly worker: number;
  /** What ranks the pool's tasks, if something does. */
  readonly ranking: Ranking | undefined;
  /** Reports whether the pool is being terminated. */
  readonly isTerminating: boolean;
  /** How what is moved gets to other threads. */
  readonly post: Post;
  /** Why the thread whose agent stands at `runner` has ended, for the goroutine that ran on it. */
  whyEnded(runner: number): WorkerCrashedError | PoolClosedError;
  /** A goroutine was cancelled: in the queue, where it stays until its turn, or before it got there. */
  cancelled(isQueued: boolean): void;
  /** The task of a goroutine has come back, or will not. */
  settled(): void;
  /** One that was cancelled in the queue has left it. */
  cancelledLeft(): void;
  /**
   * Runs a task that this thread, which blocks for `task`, may well run meanwhile; reports whether there was one.
   *
   * @throws {AgentCannotBlockError} if `task` is suspended on this thread, or whoever would run it is about to exit
   */
  help(task: number): boolean;
  /** Reports whether {@linkcode help} may find something later. */
  readonly helps: boolean;
}

function isAsynchronous(fn: unknown): boolean {
  return Object.prototype.toString.call(fn) === "[object AsyncFunction]";
}

/** A goroutine that runs as a task of a pool. */
export class RemoteGoroutine<T> extends Goroutine<T> implements Addressee {
  readonly #home: Home;
  readonly #function: string;
  readonly #agentId: number;
  /** Address of the task; 0 when it has come back. */
  #task: number;
  #isQueued = false;
  /** Number of the parcel with what was moved to it; 0: nothing was, or it has been called off. */
  #parcel = 0;
  /** Reports whether it has returned, and what it has moved here with its result is on its way. */
  #isFetching = false;

  /**
   * Makes a goroutine that waits for {@linkcode enqueue}. What is marked in its arguments is moved, unless this throws.
   *
   * @param fn Record of its function.
   * @throws {TypeError} if an argument cannot be sent or moved
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  constructor(home: Home, fn: number, { id, args, rank, above }: Submission) {
    const { message, moves } = writeArguments(args);
    super(above);
    this.#function = id;
    const own = agent();
    const c = own.core;
    this.#home = home;
    this.#agentId = own.enroll(this);
    this.#task = c.fn.taskNew(c.agent, this.#agentId, fn, message, this.id) >>> 0;
    try {
      if (this.#task === 0) throw exhausted("a task");
      const parcel = moves && pack(moves);
      if (parcel !== undefined) this.#parcel = home.post.deposit(parcel, 0);
    } catch (error) {
      own.dismiss(this.#agentId);
      if (this.#task !== 0) c.fn.free(this.#task);
      discardValue(message);
      throw error;
    }
    if (this.#parcel !== 0) c.writeU32(this.#task + TASK_PARCEL, this.#parcel);
    if (home.ranking === undefined) return;
    c.bytes(this.#task + TASK_SIZE);
    c.f64[(this.#task + TASK_WEIGHT) >>> 3] = rank;
  }

  override get name(): string {
    return nameOfTask(this.#function);
  }

  /** Reports whether it was cancelled; of one that waits to be let into the queue. */
  get isStale(): boolean {
    return this.isOver;
  }

  /** Submits its task. */
  enqueue(): void {
    this.#isQueued = true;
    core().fn.workerSubmit(this.#home.ptr, this.#home.worker, this.#task);
  }

  /** The task has come back. */
  arrived(task: number): void {
    const c = core();
    const state = c.readU32(task + TASK_STATE);
    const result = c.readU32(task + TASK_RESULT);
    const parcel = c.readU32(task + TASK_PARCEL);
    const runner = c.readU32(task + TASK_RUNNER);
    c.fn.free(task);
    this.#forget();
    if (state === TASK_SUCCEEDED && parcel !== 0) {
      this.#fetchResult(result, parcel, runner);
      return;
    }
    // It may have ended without having asked for what was moved to it.
    if (state !== TASK_SUCCEEDED) this.#discardParcel();
    this.#settle(state, result);
  }

  /** Waits for what the task has moved here with its result. */
  async #fetchResult(result: number, parcel: number, runner: number): Promise<void> {
    this.#isFetching = true;
    let objects;
    try {
      objects = await this.#home.post.fetch(parcel, runner);
    } catch (error) {
      discardValue(result);
      return this.fail(error);
    }
    if (objects !== undefined) return this.#settle(TASK_SUCCEEDED, result, objects);
    discardValue(result);
    this.#died(runner);
  }

  /** The task has ended in `state`, and all that belongs to its result is here. */
  #settle(state: number, result: number, objects?: readonly unknown[]): void {
    let value;
    try {
      value = readValue(result, objects);
    } catch (error) {
      return this.fail(error);
    }
    // It was cancelled, and everybody has been told.
    if (this.isOver) return this.#home.cancelledLeft();
    if (state === TASK_SUCCEEDED) this.fulfil(value as T);
    // A wait that the stop ended has nothing to report.
    else if (value instanceof PoolClosedError && this.#home.isTerminating) this.calledOff(value);
    else if (state === TASK_FAILED) this.fail(value);
    else this.calledOff(new PoolClosedError("the pool was closed before this task started"));
  }

  /** A thread has died: perhaps the one that ran this. */
  recheck(): void {
    const task = this.#task;
    const c = core();
    if (!c.fn.taskIsOrphan(task)) return;
    const runner = c.readU32(task + TASK_RUNNER);
    discardArguments(task);
    if (!c.fn.taskDisown(task)) return;
    this.#discardParcel();
    this.#forget();
    if (this.isOver) return this.#home.cancelledLeft();
    this.#died(runner);
  }

  /** What it has ended with has died with its thread. */
  #died(runner: number): void {
    const why = this.#home.whyEnded(runner);
    if (why instanceof PoolClosedError) this.calledOff(why);
    else this.fail(why);
  }

  override cancel(): boolean {
    const isCancelled = this.#callOff(
      () => new CanceledError(`goroutine ${this.id} was cancelled before it started`),
    );
    if (isCancelled) this.#home.cancelled(this.#isQueued);
    return isCancelled;
  }

  /** The pool has come to its end before this was let into the queue. */
  giveUp(): void {
    this.#callOff(() => new PoolClosedError("the pool was closed before this task started"));
  }

  #callOff(reason: () => Error): boolean {
    const task = this.#task;
    if (task === 0 || !core().fn.taskCancel(task)) return false;
    discardArguments(task);
    this.#discardParcel();
    this.calledOff(reason());
    // In the queue it stays until a worker takes it, and then comes back.
    if (!this.#isQueued) {
      core().fn.free(task);
      this.#forget();
    }
    return true;
  }

  /** Nobody will ask any more for what was moved to the task. */
  #discardParcel(): void {
    if (this.#parcel !== 0) this.#home.post.discard(this.#parcel);
    this.#parcel = 0;
  }

  protected override block(): void {
    if (this.#parcel !== 0) throw new AgentCannotBlockError(ARGUMENTS_ARE_MOVED);
    const own = agent();
    if (!own.core.canBlock) {
      throw new AgentCannotBlockError(
        "Cannot block this thread: a browser's main thread must not wait",
      );
    }
    if (this.#home.helps && isAsynchronous(registry.get(this.#function))) {
      // Run here it would suspend here, and whether another thread is faster is a matter of luck.
      throw new AgentCannotBlockError(
        `Cannot block this thread: ${this.name} is asynchronous; await it instead`,
      );
    }
    let napMs = SHORTEST_NAP_MS;
    // Before anything is handed out: a lock that comes for another goroutine of this thread has to be passed on.
    own.beginBlocking();
    try {
      for (own.drain(); !this.isOver; own.drain()) {
        if (this.#isFetching) throw new AgentCannotBlockError(RESULT_IS_MOVED);
        if (own.isStopping) {
          throw new PoolClosedError("Cannot go on waiting: this thread is being stopped");
        }
        if (this.#home.help(this.#task)) {
          napMs = SHORTEST_NAP_MS;
          continue;
        }
        // What the task forks on its thread rings no bell here.
        if (own.block(this.#home.helps ? napMs : -1)) napMs = SHORTEST_NAP_MS;
        else napMs = Math.min(napMs * 2, LONGEST_NAP_MS);
      }
    } finally {
      own.endBlocking();
    }
  }

  #forget(): void {
    this.#home.settled();
    this.#task = 0;
    agent().dismiss(this.#agentId);
  }
}
