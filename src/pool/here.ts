/**
 * A pool without threads: the same calls run on this one. For those who want it so (`threads: 0`), and where threads are not
 * to be had.
 *
 * What callers see is what they would see with threads: nothing runs inside a call, arguments, results and failures are
 * copied, forks run newest first and everything else in order. One thing differs: which pool a task belongs to is known
 * only until it first suspends; see {@linkcode currentHere}.
 *
 * @module
 */
import { CanceledError, PoolClosedError } from "../errors.ts";
import { Fifo } from "../internal/fifo.ts";
import { macrotask } from "../internal/macrotask.ts";
import { readValue, writeValue } from "../memory/element.ts";
import { writeFailure } from "../memory/failure.ts";
import { discardMessage } from "../memory/message.ts";
import { type Backend, nameOfTask, type PoolStats } from "./backend.ts";
import { promiseOf } from "./go.ts";
import { Goroutine } from "./goroutine.ts";
import { findFunction } from "./lookup.ts";
import type { TaskFunction } from "./registry.ts";
import { writeArguments } from "./remote.ts";

/** How long tasks may follow each other without a turn of the event loop. */
const SLICE_MS = 10;

/** The pool of the task that runs at this moment, up to its first suspension. */
let running: Here | undefined;

/** Pools that have something pending, by when they last started a task. */
const busy = new Set<Here>();

/**
 * The pool without threads that this thread works for.
 *
 * @param isSure Only if a task of it is known to be running: none of those that have suspended.
 */
export function currentHere(isSure: boolean): Here | undefined {
  if (running !== undefined || isSure) return running;
  return [...busy].at(-1);
}

/** Runs tasks as goroutines of this thread. */
export class Here implements Backend {
  readonly threads = 0;
  readonly isHungry = false;
  #submitted = 0;
  #finished = 0;
  #state: "open" | "closed" | "terminated" = "open";
  #isRunning = false;
  /** What was submitted from outside: in order. */
  readonly #queue = new Fifo<HereGoroutine>();
  /** What tasks have forked: the newest first. */
  readonly #forks: HereGoroutine[] = [];
  readonly #suspended = new Set<HereGoroutine>();
  #quiet: (() => void)[] = [];

  submit(id: string, args: readonly unknown[], above: unknown): Goroutine<unknown> {
    if (this.#state !== "open") throw new PoolClosedError("Cannot run a task: the pool is closed");
    const goroutine = new HereGoroutine(this, id, writeArguments(args), above);
    this.#queue.push(goroutine);
    this.#begin();
    return goroutine;
  }

  /** A task of the pool submits another. While the pool closes, that goes on until it is quiet. */
  fork(id: string, args: readonly unknown[], above: unknown): Goroutine<unknown> {
    const isOver = this.#state === "terminated" || this.#isQuiet && this.#state === "closed";
    if (isOver) throw new PoolClosedError("Cannot run a task: the pool is closed");
    const goroutine = new HereGoroutine(this, id, writeArguments(args), above);
    this.#forks.push(goroutine);
    this.#begin();
    return goroutine;
  }

  #begin(): void {
    if (this.#isQuiet) busy.add(this);
    this.#submitted++;
    if (this.#isRunning) return;
    this.#isRunning = true;
    queueMicrotask(() => this.#run());
  }

  get #isQuiet(): boolean {
    return this.#finished === this.#submitted;
  }

  async #run(): Promise<void> {
    let sliceStart = performance.now();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      // A goroutine that has suspended gets its microtasks before the next begins.
      if (next.start()) await undefined;
      if (performance.now() - sliceStart < SLICE_MS) continue;
      await macrotask();
      sliceStart = performance.now();
    }
    this.#isRunning = false;
  }

  #next(): HereGoroutine | undefined {
    return this.#forks.pop() ?? (this.#queue.size > 0 ? this.#queue.shift() : undefined);
  }

  /** Calls a task's function as one of this pool. */
  call(fn: TaskFunction, args: unknown[]): unknown {
    const outer = running;
    running = this;
    busy.delete(this);
    busy.add(this);
    try {
      return fn(...args);
    } finally {
      running = outer;
    }
  }

  /** A goroutine waits for something. */
  suspended(goroutine: HereGoroutine): void {
    this.#suspended.add(goroutine);
  }

  /** A goroutine has ended, or will not run. */
  ended(goroutine: HereGoroutine): void {
    this.#suspended.delete(goroutine);
    this.#finished++;
    if (!this.#isQuiet) return;
    busy.delete(this);
    for (const resolve of this.#quiet.splice(0)) resolve();
  }

  close(): Promise<void> {
    if (this.#state === "open") this.#state = "closed";
    if (this.#isQuiet) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.push(resolve));
  }

  terminate(): Promise<void> {
    this.#state = "terminated";
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      next.giveUp("the pool was closed before this task started");
    }
    for (const goroutine of [...this.#suspended]) {
      goroutine.giveUp("the pool was terminated while this goroutine ran");
    }
    return Promise.resolve();
  }

  stats(): PoolStats {
    return { submitted: this.#submitted, finished: this.#finished, workers: [] };
  }
}

/** Such a pool as its own tasks see it. */
export class HereInside implements Backend {
  readonly threads = 0;
  readonly isHungry = false;
  readonly #home: Here;

  /** @param home The pool. */
  constructor(home: Here) {
    this.#home = home;
  }

  submit(id: string, args: readonly unknown[], above: unknown): Goroutine<unknown> {
    return this.#home.fork(id, args, above);
  }

  close(): Promise<void> {
    return Promise.reject(new TypeError("Cannot close a pool from one of its own tasks"));
  }

  terminate(): Promise<void> {
    return Promise.reject(new TypeError("Cannot terminate a pool from one of its own tasks"));
  }

  stats(): PoolStats {
    throw new TypeError("Cannot report on a pool from one of its own tasks");
  }
}

/** A goroutine that runs as a task of a pool without threads. */
class HereGoroutine extends Goroutine<unknown> {
  readonly #home: Here;
  readonly #function: string;
  /** Message with the arguments; 0: none. */
  #arguments: number;
  #hasStarted = false;

  /**
   * Makes a goroutine that has not started.
   *
   * @param args The message passes to it.
   */
  constructor(home: Here, id: string, args: number, above: unknown) {
    super(above);
    this.#home = home;
    this.#function = id;
    this.#arguments = args;
  }

  override get name(): string {
    return nameOfTask(this.#function);
  }

  /** Runs it up to its end or to its first suspension, unless it was cancelled; reports whether it suspended. */
  start(): boolean {
    if (this.isOver) return false;
    this.#hasStarted = true;
    let result: unknown;
    try {
      const args = this.#arguments === 0 ? [] : readValue(this.#arguments) as unknown[];
      const fn = findFunction(this.#function);
      result = typeof fn === "function"
        ? this.#home.call(fn, args)
        : fn.then((loaded) => this.isOver ? undefined : this.#home.call(loaded, args));
    } catch (error) {
      this.#failed(error);
      return false;
    }
    const promise = promiseOf(result);
    if (promise === undefined) {
      this.#succeeded(result);
      return false;
    }
    this.#home.suspended(this);
    promise.then((value) => this.#succeeded(value), (reason) => this.#failed(reason));
    return true;
  }

  #succeeded(value: unknown): void {
    // Given up, and everybody has been told.
    if (this.isOver) return;
    let copy;
    try {
      copy = readValue(writeValue(value));
    } catch (error) {
      return this.#failed(error);
    }
    this.fulfil(copy);
    this.#home.ended(this);
  }

  #failed(reason: unknown): void {
    if (this.isOver) return;
    let copy;
    try {
      copy = readValue(writeFailure(reason));
    } catch (error) {
      copy = error;
    }
    this.fail(copy);
    this.#home.ended(this);
  }

  override cancel(): boolean {
    if (this.#hasStarted || this.isOver) return false;
    this.#end(new CanceledError(`goroutine ${this.id} was cancelled before it started`));
    return true;
  }

  /** The pool is terminated. */
  giveUp(why: string): void {
    if (!this.isOver) this.#end(new PoolClosedError(why));
  }

  #end(reason: Error): void {
    if (!this.#hasStarted && this.#arguments !== 0) discardMessage(this.#arguments);
    this.calledOff(reason);
    this.#home.ended(this);
  }
}
