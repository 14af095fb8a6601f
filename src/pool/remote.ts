/**
 * Goroutines on other threads, as seen by who submitted them.
 *
 * @module
 */
import { CanceledError, PoolClosedError, type WorkerCrashedError } from "../errors.ts";
import { core, exhausted } from "../memory/core.ts";
import {
  TASK_ARGUMENTS,
  TASK_FAILED,
  TASK_RESULT,
  TASK_RUNNER,
  TASK_STATE,
  TASK_SUCCEEDED,
} from "../memory/layout.ts";
import { discardValue, readValue, writeValue } from "../memory/value.ts";
import { type Addressee, agent } from "../park/agent.ts";
import { nameOfTask } from "./backend.ts";
import { Goroutine } from "./goroutine.ts";

/** What a remote goroutine needs of the pool that it was submitted to. */
export interface Home {
  /** Address of the pool. */
  readonly ptr: number;
  /** Address of the submitting thread's worker. */
  readonly worker: number;
  /** Reports whether the pool is being terminated. */
  readonly isTerminating: boolean;
  /** Why the thread whose agent stands at `runner` has ended, for the goroutine that ran on it. */
  whyEnded(runner: number): WorkerCrashedError | PoolClosedError;
}

/** Writes the arguments of a task as a message; 0 when there are none. */
export function writeArguments(args: readonly unknown[]): number {
  return args.length === 0 ? 0 : writeValue(args);
}

/** Reads the arguments of a task that is about to run. They are freed, whatever comes of the reading. */
export function takeArguments(task: number): unknown[] {
  const args = detachArguments(task);
  return args === 0 ? [] : readValue(args) as unknown[];
}

/** Frees the arguments of a task that will not run. */
export function discardArguments(task: number): void {
  discardValue(detachArguments(task));
}

/** Takes the message off the task, once: its runner may end with it in hand, or be given up while it reaches for it. */
function detachArguments(task: number): number {
  return core().exchangeU32(task + TASK_ARGUMENTS, 0);
}

/** A goroutine that runs as a task of a pool. */
export class RemoteGoroutine<T> extends Goroutine<T> implements Addressee {
  readonly #home: Home;
  readonly #function: string;
  readonly #agentId: number;
  /** Address of the task; 0 when it has come back. */
  #task: number;

  /**
   * Submits a task.
   *
   * @param id The function.
   * @param fn Its record.
   * @param args Message with the arguments, 0 for none; it passes to the task.
   * @param above The public function that creates the goroutine.
   * @throws {SharedMemoryExhaustedError} if there is no room; the message is freed
   */
  constructor(home: Home, id: string, fn: number, args: number, above: unknown) {
    super(above);
    this.#function = id;
    const own = agent();
    const c = own.core;
    this.#home = home;
    this.#agentId = own.enroll(this);
    this.#task = c.fn.taskNew(c.agent, this.#agentId, fn, args, this.id) >>> 0;
    if (this.#task === 0) {
      own.dismiss(this.#agentId);
      discardValue(args);
      throw exhausted("a task");
    }
    c.fn.workerSubmit(home.ptr, home.worker, this.#task);
  }

  override get name(): string {
    return nameOfTask(this.#function);
  }

  /** The task has come back. */
  arrived(task: number): void {
    const c = core();
    const state = c.readU32(task + TASK_STATE);
    const result = c.readU32(task + TASK_RESULT);
    c.fn.free(task);
    this.#forget();
    let value;
    try {
      value = readValue(result);
    } catch (error) {
      return this.fail(error);
    }
    // It was cancelled, and everybody has been told.
    if (this.isOver) return;
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
    this.#forget();
    if (this.isOver) return;
    const why = this.#home.whyEnded(runner);
    if (why instanceof PoolClosedError) this.calledOff(why);
    else this.fail(why);
  }

  override cancel(): boolean {
    if (this.#task === 0 || !core().fn.taskCancel(this.#task)) return false;
    // The task itself stays in its queue until a worker takes it, and then comes back.
    this.calledOff(new CanceledError(`goroutine ${this.id} was cancelled before it started`));
    return true;
  }

  #forget(): void {
    this.#task = 0;
    agent().dismiss(this.#agentId);
  }
}
