/**
 * A pool's threads, as their owner sees them: started when there is work, replaced when they die, stopped at the end.
 *
 * @module
 */
import { PoolClosedError, WorkerCrashedError } from "../errors.ts";
import { microtask } from "../internal/macrotask.ts";
import { core, exhausted } from "../memory/core.ts";
import { KIND_POOL } from "../memory/handle.ts";
import {
  POOL_HIRED,
  POOL_IDLE,
  POOL_WORKERS,
  SIGNAL_STOP,
  TASK_CANCELLED,
  TASK_FAILED,
  WORKER_AGENT,
  WORKER_FINISHED,
  WORKER_IS_CLEAN,
  WORKER_IS_DISMISSED,
  WORKER_STOLE,
  WORKER_SUBMITTED,
  WORKER_TAKEN,
  WORKER_TOOK,
} from "../memory/layout.ts";
import { type Agent, agent, type SignalListener } from "../park/agent.ts";
import { writeValue } from "../memory/element.ts";
import type { Backend, PoolStats, WorkerStats } from "./backend.ts";
import { Functions } from "./functions.ts";
import type { Goroutine } from "./goroutine.ts";
import { discardArguments, type Home, RemoteGoroutine, writeArguments } from "./remote.ts";
import { startThread, type Thread, type WorkerModule } from "./thread.ts";

/** One of the crew. */
interface Hand {
  readonly slot: number;
  readonly name: string;
  readonly worker: number;
  readonly thread: Thread;
  readonly ended: Promise<void>;
}

/** How long a thread that was asked to stop may take, where the pool was closed in peace. */
const CLOSE_GRACE_MS = 1000;
/** How long one may take that is still starting: it stops by itself as soon as it has started. */
const START_GRACE_MS = 10_000;
/** A timer this long keeps the process alive as long as it is set. */
const LONGEST_MS = 0x7fffffff;

/** The owner's side of a pool. */
export class Crew implements Backend, Home, SignalListener {
  readonly threads: number;
  /** The owner runs nothing that it could share. */
  readonly isHungry = false;
  readonly ptr: number;
  readonly worker: number;
  readonly #name: string;
  readonly #module: WorkerModule;
  readonly #agent: Agent;
  readonly #functions: Functions;
  /** Who works, by slot; slot 0 is the owner's own. */
  readonly #hands: (Hand | undefined)[];
  /** Workers whose threads have ended; freed with the pool. */
  readonly #retired: { readonly worker: number; readonly name: string }[] = [];
  /** Why threads ended that died, by their agents. */
  readonly #failures = new Map<number, { readonly reason: unknown } | undefined>();
  #hired = 0;
  /** The ends of threads that had to be stopped against their will, by a runtime that does not wait for them. */
  readonly #lingering: Promise<void>[] = [];
  #final: PoolStats | undefined;
  #state: "open" | "closing" | "stopping" | "terminating" | "gone" = "open";
  #keepAlive: ReturnType<typeof setInterval> | undefined;
  #quiet: (() => void)[] = [];
  #end: Promise<void> | undefined;

  /**
   * @param threads Number of threads at most.
   * @param name Name of the pool.
   * @param module What its threads load.
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  constructor(threads: number, name: string, module: WorkerModule) {
    this.threads = threads;
    this.#name = name;
    this.#module = module;
    this.#agent = agent();
    const { fn, agent: self } = this.#agent.core;
    this.worker = newWorker();
    this.ptr = fn.poolNew(KIND_POOL, threads + 1, self) >>> 0;
    if (this.ptr === 0) {
      fn.workerFree(this.worker);
      throw exhausted("a pool");
    }
    fn.workerEnter(this.ptr, 0, this.worker, self);
    this.#functions = new Functions(this.ptr);
    this.#hands = new Array<Hand | undefined>(threads + 1).fill(undefined);
    this.#agent.addListener(this);
  }

  submit(id: string, args: readonly unknown[], above: unknown): Goroutine<unknown> {
    if (this.#state !== "open") throw new PoolClosedError("Cannot run a task: the pool is closed");
    const record = this.#functions.record(id);
    const goroutine = new RemoteGoroutine(this, id, record, writeArguments(args), above);
    this.#keepAlive ??= setInterval(() => {}, LONGEST_MS);
    if (this.#isShort()) this.#hire();
    return goroutine;
  }

  /** Starts a thread in the first free slot, if one more may be of use. */
  #hire(): void {
    const slot = this.#hands.indexOf(undefined, 1);
    if (slot < 0 || this.#isEnding) return;
    const name = `${this.#name}-${slot}`;
    const worker = newWorker();
    let over!: () => void;
    const ended = new Promise<void>((resolve) => over = resolve);
    const { core: { seed, fn } } = this.#agent;
    fn.workerExpect(this.ptr, worker);
    const thread = startThread(
      this.#module,
      { seed, pool: this.ptr, threads: this.threads, slot, worker, name },
      (failure) => {
        this.#leave(slot, failure);
        over();
      },
    );
    this.#hands[slot] = { slot, name, worker, thread, ended };
    this.#countHired(1);
  }

  #countHired(change: number): void {
    this.#hired += change;
    this.#agent.core.writeU32(this.ptr + POOL_HIRED, this.#hired);
  }

  /** A thread of the pool has more to do than threads to do it. */
  onWork(): void {
    if (this.#isShort() && !this.#agent.core.fn.poolIsQuiet(this.ptr)) this.#hire();
  }

  /** Reports whether a thread might be missing: none offers to work, and there may be more. */
  #isShort(): boolean {
    return this.#hired < this.threads && this.#agent.core.loadU32(this.ptr + POOL_IDLE) === 0;
  }

  /** The thread in `slot` has ended. */
  #leave(slot: number, failure: { readonly reason: unknown } | undefined): void {
    const { fn } = this.#agent.core;
    const { worker, name } = this.#hands[slot]!;
    const hasEntered = this.#hasEntered(slot);
    const hadGoroutines = this.#hadGoroutines(worker);
    const dead = this.#agent.core.readU32(worker + WORKER_AGENT);
    this.#hands[slot] = undefined;
    this.#countHired(-1);
    this.#retired.push({ worker, name });
    fn.workerLeave(this.ptr, slot, worker);
    if (this.#agent.core.readU32(worker + WORKER_IS_CLEAN) !== 0) {
      fn.agentVacate(dead);
    } else if (dead !== 0) {
      this.#failures.set(dead, failure);
      fn.agentDied(dead);
      this.#agent.drain();
    }
    if (this.#isEnding) this.#callOff();
    else if (hasEntered) {
      if (!fn.poolIsQuiet(this.ptr)) this.#hire();
    } else if (this.#hired === 0) {
      // Nor did any other start: another try would end in the same way.
      this.#refuse(name, failure?.reason);
    }
    // Nobody's goroutine tells of the failure: then it is an uncaught error like any other.
    const isTold = hadGoroutines || !hasEntered || this.#state === "terminating";
    if (failure !== undefined && !isTold) throwLater(failure.reason);
    this.#agent.drain();
    this.onQuiet();
  }

  /** Reports whether goroutines ended with the thread of `worker`: those that it had started and not finished. */
  #hadGoroutines(worker: number): boolean {
    const c = this.#agent.core;
    const unfinished = c.readU32(worker + WORKER_TOOK) - c.readU32(worker + WORKER_FINISHED);
    return unfinished > (c.readU32(worker + WORKER_TAKEN) === 0 ? 0 : 1);
  }

  #hasEntered(slot: number): boolean {
    return this.#agent.core.loadU32(this.ptr + POOL_WORKERS + slot * 4) !== 0;
  }

  get isTerminating(): boolean {
    return this.#state === "terminating";
  }

  /** Reports whether nothing new is to run: what somebody left behind may still fork. */
  get #isEnding(): boolean {
    return this.#state !== "open" && this.#state !== "closing";
  }

  whyEnded(runner: number): WorkerCrashedError | PoolClosedError {
    if (this.#state === "terminating") {
      return new PoolClosedError("the pool was terminated while this goroutine ran");
    }
    const failure = this.#failures.get(runner);
    return new WorkerCrashedError(
      "the thread that ran this goroutine died",
      failure === undefined ? undefined : { cause: failure.reason },
    );
  }

  /** Sends back what has not started: the pool has come to its end. */
  #callOff(): void {
    this.#sendBack(TASK_CANCELLED, () => 0);
  }

  /** Sends back what has not started: no thread can be started for it. */
  #refuse(name: string, cause: unknown): void {
    this.#sendBack(
      TASK_FAILED,
      () => writeValue(new WorkerCrashedError(`Cannot start the thread ${name}`, { cause })),
    );
  }

  #sendBack(state: number, result: () => number): void {
    const { fn, agent: self } = this.#agent.core;
    for (;;) {
      const task = fn.poolTake(this.ptr) >>> 0;
      if (task === 0) break;
      discardArguments(task);
      fn.taskFinish(task, state, result(), self);
      fn.workerFinished(this.worker);
    }
    this.#agent.drain();
  }

  /** Nothing is pending, perhaps: somebody may have submitted since. */
  onQuiet(): void {
    if (this.#isEnding || !this.#agent.core.fn.poolIsQuiet(this.ptr)) return;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
    for (const resolve of this.#quiet.splice(0)) resolve();
  }

  close(): Promise<void> {
    if (this.#state === "open") this.#state = "closing";
    return this.#end ??= this.#closeOnce();
  }

  async #closeOnce(): Promise<void> {
    if (!this.#agent.core.fn.poolIsQuiet(this.ptr)) {
      await new Promise<void>((resolve) => this.#quiet.push(resolve));
    }
    if (this.#state !== "closing") return;
    this.#state = "stopping";
    await this.#stop(CLOSE_GRACE_MS);
  }

  terminate(graceMs: number): Promise<void> {
    if (this.#state === "gone" || this.#state === "terminating") return this.#end!;
    this.#state = "terminating";
    // A close that waits for the rest is overtaken: it ends with this.
    const end = this.#stop(graceMs);
    for (const resolve of this.#quiet.splice(0)) end.then(resolve);
    return this.#end = end;
  }

  /** Stops all threads, and frees the pool when they have ended. */
  async #stop(graceMs: number): Promise<void> {
    // Waiting for threads, which do not keep the process alive by themselves.
    this.#keepAlive ??= setInterval(() => {}, LONGEST_MS);
    this.#callOff();
    const hands = this.#hands.filter((hand) => hand !== undefined);
    await Promise.all(hands.map((hand) => this.#dismiss(hand, graceMs)));
    if (this.#state === "gone") return;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
    this.#free();
  }

  /** Asks a thread to stop, gives it time, and then stops it wherever it is. */
  async #dismiss({ slot, worker, thread, ended }: Hand, graceMs: number): Promise<void> {
    const c = this.#agent.core;
    // A thread that is still starting looks at this word once it is in the table; one that is in the table is signalled.
    c.storeU32(worker + WORKER_IS_DISMISSED, 1);
    const hasEntered = this.#hasEntered(slot);
    if (hasEntered) c.fn.agentSignal(c.readU32(worker + WORKER_AGENT), SIGNAL_STOP);
    let grace: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<true>((resolve) => {
      grace = setTimeout(resolve, hasEntered ? graceMs : Math.max(graceMs, START_GRACE_MS), true);
    });
    const isLate = await Promise.race([ended, late]);
    clearTimeout(grace);
    if (isLate !== true) return;
    if (!await thread.terminate()) this.#lingering.push(thread.gone);
    await ended;
  }

  #free(): void {
    this.#state = "gone";
    this.#agent.removeListener(this);
    this.#agent.drain();
    this.#final = this.#report();
    // What a thread may still touch that has only been told to end is not reused before it has, if it ever does.
    if (this.#lingering.length === 0) this.#release();
    else Promise.all(this.#lingering).then(() => this.#release());
  }

  #release(): void {
    const { fn } = this.#agent.core;
    for (const { worker } of this.#retired) fn.workerFree(worker);
    this.#functions.free();
    fn.workerFree(this.worker);
    fn.free(this.ptr);
  }

  stats(): PoolStats {
    return this.#final ?? this.#report();
  }

  #report(): PoolStats {
    const c = this.#agent.core;
    const hands = [...this.#retired, ...this.#hands.filter((hand) => hand !== undefined)];
    const workers: WorkerStats[] = hands.map(({ worker, name }) => ({
      name,
      took: c.readU32(worker + WORKER_TOOK),
      stole: c.readU32(worker + WORKER_STOLE),
      finished: c.readU32(worker + WORKER_FINISHED),
    }));
    const living = [this.worker, ...this.#hands.map((hand) => hand?.worker ?? 0)];
    const sum = (offset: number) =>
      living.reduce((total, worker) => total + (worker === 0 ? 0 : c.readU32(worker + offset)), 0);
    return { submitted: sum(WORKER_SUBMITTED), finished: sum(WORKER_FINISHED), workers };
  }
}

/**
 * Makes a worker.
 *
 * @throws {SharedMemoryExhaustedError} if there is no room
 */
function newWorker(): number {
  const worker = core().fn.workerNew(Math.random() * 0x100000000) >>> 0;
  if (worker === 0) throw exhausted("a thread");
  return worker;
}

/** Throws `reason` where nobody catches it. */
function throwLater(reason: unknown): void {
  microtask(() => {
    throw reason;
  });
}
