/**
 * Goroutines on other threads, as seen by who submitted them.
 *
 * @module
 */
import { CanceledError, PoolClosedError, WorkerCrashedError } from "../errors.ts";
import { core, exhausted } from "../memory/core.ts";
import { readValue, writeValue } from "../memory/element.ts";
import {
  TASK_ARGUMENTS,
  TASK_FAILED,
  TASK_PARCEL,
  TASK_RESULT,
  TASK_RUNNER,
  TASK_STATE,
  TASK_SUBMITTER,
  TASK_SUCCEEDED,
} from "../memory/layout.ts";
import { discardMessage } from "../memory/message.ts";
import { type Moves, newMoves } from "../memory/moves.ts";
import { type Addressee, agent } from "../park/agent.ts";
import { nameOfTask } from "./backend.ts";
import { Goroutine } from "./goroutine.ts";
import { discardObjects, pack, type Parcel } from "./parcel.ts";
import type { Post } from "./post.ts";

/**
 * Bytes of moved buffers, in all, up to which they are copied: above that a parcel, which has to be fetched, is the faster way. Measured, see the README.
 */
const COPY_LIMIT = 256 * 1024;

/** What a remote goroutine needs of the pool that it was submitted to. */
export interface Home {
  /** Address of the pool. */
  readonly ptr: number;
  /** Address of the submitting thread's worker. */
  readonly worker: number;
  /** Reports whether the pool is being terminated. */
  readonly isTerminating: boolean;
  /** How what is moved gets to other threads. */
  readonly post: Post;
  /** Why the thread whose agent stands at `runner` has ended, for the goroutine that ran on it. */
  whyEnded(runner: number): WorkerCrashedError | PoolClosedError;
}

/** Arguments of a task that have been written down; nothing has been moved yet. */
export interface Written {
  /** Address of the message; 0 when there are none. */
  readonly message: number;
  /** What is to be moved with them. */
  readonly moves: Moves | undefined;
}

/** Writes the arguments of a task as a message. */
export function writeArguments(args: readonly unknown[]): Written {
  if (args.length === 0) return { message: 0, moves: undefined };
  const moves = newMoves(COPY_LIMIT);
  return { message: writeValue(args, moves), moves };
}

/** Reports whether a task cannot begin at once: something that was moved to it has to be fetched first. */
export function needsParcel(task: number): boolean {
  return core().readU32(task + TASK_PARCEL) !== 0;
}

/**
 * Reads the arguments of a task that is about to run, after fetching what was moved to it. They are freed, whatever comes of the reading.
 *
 * @returns a promise if {@linkcode needsParcel} says so
 */
export function takeArguments(task: number, post: Post): unknown[] | Promise<unknown[]> {
  if (needsParcel(task)) return takeMoved(task, post);
  const args = detachArguments(task);
  return args === 0 ? [] : readValue(args) as unknown[];
}

async function takeMoved(task: number, post: Post): Promise<unknown[]> {
  const c = core();
  const submitter = c.readU32(task + TASK_SUBMITTER);
  const objects = await post.fetch(c.readU32(task + TASK_PARCEL), submitter);
  c.writeU32(task + TASK_PARCEL, 0);
  const args = detachArguments(task);
  if (objects === undefined) {
    if (args !== 0) discardMessage(args);
    throw new WorkerCrashedError("the thread that moved arguments to this goroutine died");
  }
  if (args === 0) {
    discardObjects(objects);
    throw new PoolClosedError("this goroutine was given up before its arguments had come");
  }
  return readValue(args, objects) as unknown[];
}

/** A value that has been written down, and what was moved with it: gone from this thread. */
export interface Packed {
  /** Address of the message; 0 for `undefined`. */
  readonly message: number;
  /** What the message needs beside it; `undefined`: nothing. */
  readonly parcel: Parcel | undefined;
}

/**
 * Writes a value as a message, and moves away what is marked in it.
 *
 * @throws {TypeError} if something in it can be neither sent nor moved; nothing has been moved then
 * @throws {SharedMemoryExhaustedError} if there is no room; likewise
 */
export function writeAndPack(value: unknown): Packed {
  const moves = newMoves(COPY_LIMIT);
  const message = writeValue(value, moves);
  try {
    return { message, parcel: moves && pack(moves) };
  } catch (error) {
    discardMessage(message);
    throw error;
  }
}

/** Writes the result of a task as a message, and moves away what is marked in it. Only the task's runner calls this. */
export function writeResult(task: number, value: unknown, post: Post): number {
  const { message, parcel } = writeAndPack(value);
  if (parcel !== undefined) {
    const c = core();
    c.writeU32(task + TASK_PARCEL, post.deposit(parcel, c.readU32(task + TASK_SUBMITTER)));
  }
  return message;
}

/** Frees the arguments of a task that will not run. */
export function discardArguments(task: number): void {
  const args = detachArguments(task);
  if (args !== 0) discardMessage(args);
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
  /** Number of the parcel with what was moved to it; 0: none, or it has been fetched. */
  #parcel = 0;

  /**
   * Submits a task.
   *
   * @param id The function.
   * @param fn Its record.
   * @param args The arguments; they pass to the task.
   * @param above The public function that creates the goroutine.
   * @throws {SharedMemoryExhaustedError} if there is no room; the message is freed, and nothing has been moved
   * @throws {TypeError} if something cannot be moved; likewise
   */
  constructor(
    home: Home,
    id: string,
    fn: number,
    { message, moves }: Written,
    above: unknown,
  ) {
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
      if (message !== 0) discardMessage(message);
      throw error;
    }
    c.writeU32(this.#task + TASK_PARCEL, this.#parcel);
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
    const parcel = c.readU32(task + TASK_PARCEL);
    const runner = c.readU32(task + TASK_RUNNER);
    c.fn.free(task);
    this.#forget();
    if (state === TASK_SUCCEEDED) {
      if (parcel !== 0) this.#fetchResult(result, parcel, runner);
      else this.#settle(state, result);
      return;
    }
    // It may have ended without having asked for what was moved to it.
    this.#discardParcel();
    this.#settle(state, result);
  }

  /** Waits for what the task has moved here with its result. */
  async #fetchResult(result: number, parcel: number, runner: number): Promise<void> {
    const objects = await this.#home.post.fetch(parcel, runner);
    if (objects !== undefined) return this.#settle(TASK_SUCCEEDED, result, objects);
    discardMessage(result);
    this.#died(runner);
  }

  /** The task has ended in `state`, and all that belongs to its result is here. */
  #settle(state: number, result: number, objects?: unknown[]): void {
    let value;
    try {
      value = readValue(result, objects);
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
    this.#discardParcel();
    this.#forget();
    this.#died(runner);
  }

  #died(runner: number): void {
    if (this.isOver) return;
    const why = this.#home.whyEnded(runner);
    if (why instanceof PoolClosedError) this.calledOff(why);
    else this.fail(why);
  }

  override cancel(): boolean {
    if (this.#task === 0 || !core().fn.taskCancel(this.#task)) return false;
    this.#discardParcel();
    // The task itself stays in its queue until a worker takes it, and then comes back.
    this.calledOff(new CanceledError(`goroutine ${this.id} was cancelled before it started`));
    return true;
  }

  /** Nobody will ask any more for what was moved to the task. */
  #discardParcel(): void {
    if (this.#parcel !== 0) this.#home.post.discard(this.#parcel);
    this.#parcel = 0;
  }

  #forget(): void {
    this.#task = 0;
    agent().dismiss(this.#agentId);
  }
}
