/**
 * A pool without threads: the same calls run on this one. For those who want it so (`threads: 0`), and where threads are not
 * to be had.
 *
 * What callers see is what they would see with threads: nothing runs inside a call, arguments, results and failures are
 * copied or moved, forks run newest first and everything else in order. One thing differs: which pool a task belongs to is known
 * only until it first suspends; see {@linkcode currentHere}.
 *
 * @module
 */
import { AgentCannotBlockError, CanceledError, PoolClosedError } from "../errors.ts";
import { Fifo } from "../internal/fifo.ts";
import { Heap } from "../internal/heap.ts";
import { macrotask } from "../internal/macrotask.ts";
import { writeFailure } from "../memory/failure.ts";
import { discardValue, readValue } from "../memory/value.ts";
import { Admission, type QueueBound } from "./admission.ts";
import { type Backend, nameOfTask, type PoolStats, type Submission } from "./backend.ts";
import { promiseOf } from "./go.ts";
import { ARGUMENTS_ARE_MOVED, Goroutine, RESULT_IS_MOVED, SUSPENDED_HERE } from "./goroutine.ts";
import { findFunction } from "./lookup.ts";
import { discardObjects, discardParcel, type Parcel, unpack } from "./parcel.ts";
import { packArguments, writeAndPack } from "./payload.ts";
import { Ranking, type RankingSeed } from "./ranking.ts";
import type { TaskFunction } from "./registry.ts";

/** How many blocking joins run a task within one another: a stack that overflows in the middle of a task's end would lose that. */
const DEEPEST = 500;
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

/** What a pool without threads is made of. */
export interface HereOptions {
  /** Reports whether it was asked for, rather than made for want of threads. */
  readonly isWished: boolean;
  /** In which order tasks start; `undefined`: as they come, and forks newest first. */
  readonly ranking: RankingSeed | undefined;
  /** How many may wait; `undefined`: any number. */
  readonly queue: QueueBound | undefined;
}

/** Runs tasks as goroutines of this thread. */
export class Here implements Backend {
  readonly threads = 0;
  readonly isHungry = false;
  readonly ranking: Ranking | undefined;
  readonly #isWished: boolean;
  readonly #admission: Admission | undefined;
  #submitted = 0;
  #finished = 0;
  #state: "open" | "closed" | "terminated" = "open";
  #isRunning = false;
  /** What was submitted from outside: in order. */
  readonly #queue = new Fifo<HereGoroutine>();
  /** What tasks have forked: the newest first. */
  readonly #forks: HereGoroutine[] = [];
  /** What was submitted and forked, where it is ranked. */
  readonly #ranked = new Heap<HereGoroutine>();
  /** Goroutines in these that are not to be started any more: cancelled, or started by who blocks for them. */
  #stale = 0;
  /** Number of tasks that run within one another, for blocking joins. */
  depth = 0;
  readonly #suspended = new Set<HereGoroutine>();
  #quiet: (() => void)[] = [];

  constructor({ isWished, ranking, queue }: HereOptions) {
    this.#isWished = isWished;
    this.ranking = ranking && new Ranking(ranking, 0);
    // Told at every task that leaves the queue, it need not ask.
    const lobby = { countQueued: () => this.#queued, wantRoom: () => {} };
    this.#admission = queue && new Admission(queue, lobby);
  }

  submit(submission: Submission): Goroutine<unknown> {
    if (this.#state !== "open") throw closed();
    this.#admission?.check();
    const goroutine = new HereGoroutine(this, submission, (it) => this.#queue.push(it));
    this.#begin();
    // Sending an argument may have run the caller's code, and that have closed the pool.
    if (this.#state !== "open") {
      goroutine.giveUp();
      throw closed();
    }
    if (this.#admission === undefined) goroutine.enqueue();
    else this.#admission.admit(goroutine);
    return goroutine;
  }

  /** A task of the pool submits another. While the pool closes, that goes on until it is quiet. */
  fork(submission: Submission): Goroutine<unknown> {
    if (this.#isOver) throw closed();
    const goroutine = new HereGoroutine(this, submission, (it) => this.#forks.push(it));
    this.#begin();
    // As in submit().
    if (this.#isOver) {
      goroutine.giveUp();
      throw closed();
    }
    goroutine.enqueue();
    return goroutine;
  }

  /** Puts a goroutine where its rank says; `false` where nothing is ranked. */
  rank(goroutine: HereGoroutine): boolean {
    if (this.ranking === undefined) return false;
    this.#ranked.push(-goroutine.rank, goroutine);
    return true;
  }

  ready(signal: AbortSignal | undefined): Promise<void> {
    if (this.#state !== "open") return Promise.reject(closed());
    if (this.#admission !== undefined) return this.#admission.ready(signal);
    return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
  }

  resize(): void {
    // One that was made for want of threads goes on without, as everything does there.
    if (this.#isWished) throw new TypeError("Cannot resize a pool that was made without threads");
  }

  /** Number of tasks that wait. */
  get #queued(): number {
    return this.#queue.size + this.#forks.length + this.#ranked.size - this.#stale;
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

  /** Reports whether its tasks submit nothing more either. */
  get #isOver(): boolean {
    return this.#state === "terminated" || this.#isQuiet && this.#state === "closed";
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
    const next = this.#ranked.shift() ?? this.#forks.pop() ??
      (this.#queue.size > 0 ? this.#queue.shift() : undefined);
    if (next?.isStale) this.#stale--;
    this.#admission?.look();
    return next;
  }

  /** A goroutine is not to be started any more from the queue, where it is, or will not be. */
  passOver(isQueued: boolean): void {
    if (isQueued) this.#stale++;
    else this.#admission?.cancelled();
    this.#admission?.look();
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
    // It was what has terminated the pool.
    if (this.#state === "terminated") goroutine.giveUp();
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
    this.#admission?.close(closed);
    if (this.#isQuiet) return Promise.resolve();
    return new Promise((resolve) => this.#quiet.push(resolve));
  }

  terminate(): Promise<void> {
    this.#state = "terminated";
    this.#admission?.close(closed);
    for (const goroutine of this.#admission?.callOff() ?? []) goroutine.giveUp();
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      next.giveUp();
    }
    for (const goroutine of [...this.#suspended]) {
      goroutine.giveUp();
    }
    return Promise.resolve();
  }

  stats(): PoolStats {
    const [submitted, finished] = [this.#submitted, this.#finished];
    const queued = this.#queued + (this.#admission?.held ?? 0);
    const running = submitted - finished - queued;
    return { submitted, queued, running, finished, stolen: 0, workers: [] };
  }
}

function closed(): PoolClosedError {
  return new PoolClosedError("Cannot run a task: the pool is closed");
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

  get ranking(): Ranking | undefined {
    return this.#home.ranking;
  }

  submit(submission: Submission): Goroutine<unknown> {
    return this.#home.fork(submission);
  }

  /** A fork is never held up; see `admission.ts`. */
  ready(signal: AbortSignal | undefined): Promise<void> {
    return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
  }

  resize(): void {
    throw new TypeError("Cannot resize a pool from one of its own tasks");
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
  /** Its rank, where the pool ranks. */
  readonly rank: number;
  readonly #home: Here;
  readonly #function: string;
  readonly #queue: (goroutine: HereGoroutine) => void;
  /** The arguments, written down; 0: none. */
  readonly #arguments: number;
  /** What was moved with them. */
  readonly #parcel: Parcel | undefined;
  #isQueued = false;
  #hasStarted = false;
  /** Reports whether it has returned, and is to have what it has moved with its result in a moment. */
  #isFetching = false;

  /**
   * Makes a goroutine that waits for {@linkcode enqueue}.
   *
   * @param queue Puts it where it waits if it is not ranked.
   */
  constructor(home: Here, submission: Submission, queue: (goroutine: HereGoroutine) => void) {
    const { id, args, rank, above } = submission;
    const { message, parcel } = packArguments(args);
    super(above);
    this.rank = rank;
    this.#home = home;
    this.#function = id;
    this.#arguments = message;
    this.#parcel = parcel;
    this.#queue = queue;
  }

  /** Lets it into the queue. */
  enqueue(): void {
    this.#isQueued = true;
    if (!this.#home.rank(this)) this.#queue(this);
  }

  /** Reports whether it is not to be started any more. */
  get isStale(): boolean {
    return this.isOver || this.#hasStarted;
  }

  override get name(): string {
    return nameOfTask(this.#function);
  }

  /** Runs it up to its end or to its first suspension, unless it was cancelled; reports whether it suspended. */
  start(): boolean {
    // Cancelled, or started by who blocks for it.
    if (this.isOver || this.#hasStarted) return false;
    this.#hasStarted = true;
    let result: unknown;
    try {
      result = this.#parcel === undefined ? this.#call() : this.#callWithMoved(this.#parcel);
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

  #call(): unknown {
    const args = this.#arguments === 0 ? [] : readValue(this.#arguments) as unknown[];
    const fn = findFunction(this.#function);
    if (typeof fn === "function") return this.#home.call(fn, args);
    return fn.then((loaded) => this.isOver ? undefined : this.#home.call(loaded, args));
  }

  async #callWithMoved(parcel: Parcel): Promise<unknown> {
    const objects = await unpack(parcel);
    const args = readValue(this.#arguments, objects) as unknown[];
    const fn = await findFunction(this.#function);
    if (this.isOver) return discardObjects(objects);
    return this.#home.call(fn, args);
  }

  #succeeded(value: unknown): void {
    // Given up, and everybody has been told.
    if (this.isOver) return;
    let copy;
    try {
      const { message, parcel } = writeAndPack(value);
      // Writing it may have run the caller's code, and that have terminated the pool.
      if (this.isOver) return discardPacked(message, parcel);
      if (parcel !== undefined) {
        this.#fulfilWithMoved(message, parcel);
        return;
      }
      copy = readValue(message);
    } catch (error) {
      return this.#failed(error);
    }
    this.fulfil(copy);
    this.#home.ended(this);
  }

  async #fulfilWithMoved(message: number, parcel: Parcel): Promise<void> {
    this.#isFetching = true;
    this.#home.suspended(this);
    let objects, value;
    try {
      objects = await unpack(parcel);
      value = readValue(message, objects);
    } catch (error) {
      return this.#failed(error);
    }
    if (this.isOver) return discardObjects(objects);
    this.fulfil(value);
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
    // As in #succeeded().
    if (this.isOver) return;
    this.fail(copy);
    this.#home.ended(this);
  }

  override cancel(): boolean {
    if (this.#hasStarted || this.isOver) return false;
    this.#end(new CanceledError(`goroutine ${this.id} was cancelled before it started`));
    this.#home.passOver(this.#isQueued);
    return true;
  }

  /** The pool has come to its end. */
  giveUp(): void {
    if (this.isOver) return;
    this.#end(
      new PoolClosedError(
        this.#hasStarted
          ? "the pool was terminated while this goroutine ran"
          : "the pool was closed before this task started",
      ),
    );
  }

  protected override block(): void {
    if (this.#parcel !== undefined) throw new AgentCannotBlockError(ARGUMENTS_ARE_MOVED);
    if (!this.#hasStarted && !this.isOver) {
      if (this.#home.depth >= DEEPEST) {
        throw new RangeError(
          `Cannot block this thread: ${DEEPEST} blocking joins run tasks within one another; await what is deeper`,
        );
      }
      this.#home.passOver(this.#isQueued);
      this.#home.depth++;
      this.start();
      this.#home.depth--;
    }
    if (this.isOver) return;
    if (this.#isFetching) throw new AgentCannotBlockError(RESULT_IS_MOVED);
    throw new AgentCannotBlockError(SUSPENDED_HERE);
  }

  #end(reason: Error): void {
    if (!this.#hasStarted) discardPacked(this.#arguments, this.#parcel);
    this.calledOff(reason);
    this.#home.ended(this);
  }
}

/** Gives up what was written down, and what was moved with it. */
function discardPacked(message: number, parcel: Parcel | undefined): void {
  discardValue(message);
  if (parcel !== undefined) discardParcel(parcel);
}
