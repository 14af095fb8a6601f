/**
 * A pool's threads, as their owner sees them: started when there is work, replaced when they die, stopped at the end.
 *
 * @module
 */
import { AgentCannotBlockError, PoolClosedError, WorkerCrashedError } from "../errors.ts";
import { microtask } from "../internal/macrotask.ts";
import { exhausted } from "../memory/core.ts";
import { writeFailure } from "../memory/failure.ts";
import { KIND_POOL } from "../memory/handle.ts";
import {
  DISMISSED_TO_RETIRE,
  DISMISSED_TO_STOP,
  IDLE_OFFERED,
  LEFT_BY_EXIT,
  LEFT_IN_ORDER,
  POOL_IDLE,
  SIGNAL_RETIRE,
  SIGNAL_STOP,
  TASK_CANCELLED,
  TASK_FAILED,
  TASK_RUNNER,
  TASK_STARTED,
  TASK_STATE,
  WORKER_HAS_LEFT,
  WORKER_IDLE,
  WORKER_IS_CLEAN,
  WORKER_IS_DISMISSED,
} from "../memory/layout.ts";
import { type Agent, agent, type SignalListener } from "../park/agent.ts";
import { Admission, type QueueBound } from "./admission.ts";
import type { Backend, PoolStats, Submission } from "./backend.ts";
import { Functions } from "./functions.ts";
import type { Goroutine } from "./goroutine.ts";
import { discardArguments } from "./payload.ts";
import { Office } from "./post.ts";
import { Ranking, type RankingSeed } from "./ranking.ts";
import { type Home, RemoteGoroutine } from "./remote.ts";
import { agentOf, type Hand, newWorker, Roster } from "./roster.ts";
import { startThread, type WorkerModule } from "./thread.ts";

/** The most threads that a pool may have. */
export const MAX_THREADS = 1024;

/** How long a thread that was asked to stop may take, where the pool was closed in peace. */
const CLOSE_GRACE_MS = 1000;
/** How long one may take that is still starting: it stops by itself as soon as it has started. */
const START_GRACE_MS = 10_000;
/** How long one may take that exits by itself. */
const EXIT_GRACE_MS = 1000;
/** Why the owner cannot block for a goroutine whose thread will not finish it. */
const EXITS =
  "Cannot block this thread: the one that was to run the goroutine is about to exit, of which only the event loop hears; await it instead";
/** A timer this long keeps the process alive as long as it is set. */
const LONGEST_MS = 0x7fffffff;

/** What a pool with threads is made of. */
export interface CrewOptions {
  /** Number of threads at most. */
  readonly threads: number;
  readonly name: string;
  /** What its threads load. */
  readonly module: WorkerModule;
  /** In which order tasks start; `undefined`: as they come. */
  readonly ranking: RankingSeed | undefined;
  /** How many may wait; `undefined`: any number. */
  readonly queue: QueueBound | undefined;
  /** How long a thread may have nothing to do before it ends. */
  readonly idleTimeoutMs: number;
}

/** The owner's side of a pool. */
export class Crew implements Backend, Home, SignalListener {
  /** The owner runs nothing that it could share. */
  readonly isHungry = false;
  readonly helps = false;
  readonly ptr: number;
  readonly worker: number;
  readonly post: Office;
  readonly ranking: Ranking | undefined;
  readonly #options: CrewOptions;
  readonly #agent: Agent;
  readonly #functions: Functions;
  readonly #roster: Roster;
  readonly #admission: Admission | undefined;
  /** Why threads ended that died, by their agents. */
  readonly #failures = new Map<number, { readonly reason: unknown } | undefined>();
  #threads: number;
  /** Tasks of this thread that have not come back: the process lives on for them, whatever the threads have counted. */
  #outstanding = 0;
  /** Goroutines that were cancelled and are still in the queue. */
  #cancelled = 0;
  /** Goroutines that came to nothing before they were let into it. */
  #withdrawn = 0;
  #final: PoolStats | undefined;
  #state: "open" | "closing" | "stopping" | "terminating" | "gone" = "open";
  #keepAlive: ReturnType<typeof setInterval> | undefined;
  #quiet: (() => void)[] = [];
  #end: Promise<void> | undefined;

  /** @throws {SharedMemoryExhaustedError} if there is no room */
  constructor(options: CrewOptions) {
    const { threads, ranking, queue } = options;
    this.#options = options;
    this.#threads = threads;
    this.#agent = agent();
    const { fn, agent: self } = this.#agent.core;
    this.worker = newWorker();
    this.ptr = fn.poolNew(KIND_POOL, MAX_THREADS, self, ranking === undefined ? 0 : 1) >>> 0;
    if (this.ptr === 0) {
      fn.workerFree(this.worker);
      throw exhausted("a pool");
    }
    fn.workerEnter(this.ptr, 0, this.worker, self);
    fn.poolResize(this.ptr, threads, 1);
    this.ranking = ranking && new Ranking(ranking, 0);
    this.#functions = new Functions(this.ptr);
    this.#roster = new Roster(this.ptr);
    this.post = new Office(this.ptr, self, (agent) => this.#roster.isLiving(agent));
    this.#admission = queue && new Admission(queue, {
      countQueued: () => fn.poolQueued(this.ptr) - this.#cancelled,
      wantRoom: () => fn.poolWantRoom(this.ptr),
    });
    this.#agent.addListener(this);
  }

  get threads(): number {
    return this.#threads;
  }

  submit(submission: Submission): Goroutine<unknown> {
    if (this.#state !== "open") throw closed();
    this.#admission?.check();
    const goroutine = new RemoteGoroutine(this, this.#functions.record(submission.id), submission);
    this.#outstanding++;
    // Sending an argument may have run the caller's code, and that have closed the pool.
    if (this.#state !== "open") {
      goroutine.giveUp();
      throw closed();
    }
    if (this.#admission === undefined) goroutine.enqueue();
    else this.#admission.admit(goroutine);
    this.#keepAlive ??= setInterval(() => {}, LONGEST_MS);
    if (this.#isShort()) this.#hire();
    return goroutine;
  }

  ready(signal: AbortSignal | undefined): Promise<void> {
    if (this.#state !== "open") return Promise.reject(closed());
    if (this.#admission !== undefined) return this.#admission.ready(signal);
    return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
  }

  /** Starts a thread in the first free slot. */
  #hire(): void {
    const slot = this.#roster.freeSlot;
    if (slot > MAX_THREADS || this.#isEnding) return;
    const { name: poolName, ranking, idleTimeoutMs } = this.#options;
    const name = `${poolName}-${slot}`;
    let worker;
    try {
      worker = this.#roster.newWorker();
    } catch (error) {
      // Nobody to run what waits; if there are others, they will.
      if (this.#roster.hired === 0) this.#refuse(name, error);
      return;
    }
    let over!: () => void;
    const ended = new Promise<void>((resolve) => over = resolve);
    const { core: { seed, fn } } = this.#agent;
    fn.workerExpect(this.ptr, worker);
    const thread = startThread(
      this.#options.module,
      { seed, pool: this.ptr, slot, worker, name, ranking, idleTimeoutMs },
      (failure, isCertain) => {
        this.#ended(hand, failure, isCertain);
        over();
      },
      (message) => {
        // A runtime may hand out what was on its way when it had declared the thread ended.
        if (this.#roster.living.has(hand)) this.post.receive(message, agentOf(hand), thread.send);
      },
    );
    const hand: Hand = {
      slot,
      name,
      worker,
      thread,
      ended,
      isRetiring: false,
      isExiting: false,
      hasLeft: false,
    };
    this.#roster.enter(hand);
    this.#publish();
  }

  /** Tells the threads how many there may be, and how much of the table is in use. */
  #publish(): void {
    this.#agent.core.fn.poolResize(this.ptr, this.#threads, this.#roster.slots);
  }

  /** A thread of the pool has more to do than threads to do it, or has left. */
  onWork(): void {
    const c = this.#agent.core;
    for (const hand of this.#roster.hands) {
      const how = c.loadU32(hand.worker + WORKER_HAS_LEFT);
      if (how === LEFT_IN_ORDER) this.#vacate(hand);
      else if (how === LEFT_BY_EXIT) this.#seeOff(hand);
    }
    // Not merely busy: with nothing in the queues another thread would have nothing to do, and leave, and so on.
    if (c.fn.poolIsShort(this.ptr)) this.#hire();
    // A thread that leaves at once, after its last task, does not say that it was the last.
    this.onQuiet();
  }

  /** A thread is about to exit. Deno's have been seen not to: such a one is stopped after a while. */
  #seeOff(hand: Hand): void {
    if (hand.isExiting) return;
    hand.isExiting = true;
    const grace = setTimeout(() => hand.thread.terminate(), EXIT_GRACE_MS);
    hand.ended.then(() => clearTimeout(grace));
  }

  /** Somebody has taken a task. */
  onRoom(): void {
    this.#look();
  }

  /** Lets in what there is room for, and sees to it that somebody runs it. */
  #look(): void {
    if (this.#admission === undefined) return;
    this.#admission.look();
    if (this.#agent.core.fn.poolIsShort(this.ptr)) this.#hire();
  }

  /** Reports whether a thread might be missing: none offers to work, and there may be more. */
  #isShort(): boolean {
    return this.#roster.hired < this.#threads &&
      this.#agent.core.loadU32(this.ptr + POOL_IDLE) === 0;
  }

  resize(threads: number): void {
    this.#threads = threads;
    if (this.#isEnding) return;
    this.#publish();
    const { fn } = this.#agent.core;
    for (let left = this.#roster.hired - threads; left > 0; left--) this.#retireOne();
    while (fn.poolIsShort(this.ptr)) {
      const { hired } = this.#roster;
      this.#hire();
      // All the table is taken by threads that are about to leave.
      if (this.#roster.hired === hired) break;
    }
  }

  /** Asks a thread to take nothing more: an idle one if there is one, otherwise the last. */
  #retireOne(): void {
    const c = this.#agent.core;
    const hands = this.#roster.hands.filter((hand) => !hand.isRetiring);
    const isIdle = ({ worker }: Hand) => c.loadU32(worker + WORKER_IDLE) === IDLE_OFFERED;
    const hand = hands.findLast(isIdle) ?? hands.at(-1)!;
    this.#roster.retire(hand);
    this.#ask(hand, DISMISSED_TO_RETIRE, SIGNAL_RETIRE);
  }

  /** Asks a thread to go. */
  #ask(hand: Hand, how: number, signal: number): boolean {
    const c = this.#agent.core;
    // A thread that is still starting looks at this word once it is in the table; one that is in the table is signalled.
    c.storeU32(hand.worker + WORKER_IS_DISMISSED, how);
    const hasEntered = hand.hasLeft || this.#roster.hasEntered(hand);
    if (hasEntered) c.fn.agentSignal(agentOf(hand), signal);
    return hasEntered;
  }

  /** A thread has left its place, or died there: takes it out of the table. What waited in its deque others will find. */
  #vacate(hand: Hand): void {
    this.#roster.leave(hand);
    this.#agent.core.fn.workerLeave(this.ptr, hand.slot, hand.worker);
    this.#publish();
  }

  /** The thread of `hand` has ended. */
  #ended(hand: Hand, failure: { readonly reason: unknown } | undefined, isCertain: boolean): void {
    const c = this.#agent.core;
    const { worker, name } = hand;
    const hasEntered = hand.hasLeft || this.#roster.hasEntered(hand);
    const hadGoroutines = !hand.hasLeft && this.#roster.running(worker) > 0;
    const dead = agentOf(hand);
    const isClean = c.readU32(worker + WORKER_IS_CLEAN) !== 0;
    if (!hand.hasLeft) this.#vacate(hand);
    this.#roster.end(hand, isCertain);
    if (dead !== 0) this.post.ended(dead);
    if (isClean) {
      c.fn.agentVacate(dead);
    } else if (dead !== 0) {
      this.#failures.set(dead, failure);
      c.fn.agentDied(dead);
      this.#agent.drain();
    }
    if (this.#isEnding) this.#callOff();
    else if (hasEntered) {
      // It may have made room, and not come to say so.
      this.#admission?.look();
      if (c.fn.poolIsShort(this.ptr)) this.#hire();
    } else if (this.#roster.hired === 0) {
      // Nor did any other start: another try would end in the same way.
      this.#refuse(name, failure?.reason);
    }
    // Nobody's goroutine tells of the failure: then it is an uncaught error like any other.
    const isTold = hadGoroutines || !hasEntered || this.#state === "terminating";
    if (failure !== undefined && !isTold) throwLater(failure.reason);
    this.#agent.drain();
    this.onQuiet();
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

  cancelled(isQueued: boolean): void {
    if (isQueued) {
      this.#cancelled++;
    } else {
      this.#admission?.cancelled();
      this.#withdrawn++;
    }
    this.#look();
    this.onQuiet();
  }

  settled(): void {
    if (--this.#outstanding === 0) this.onQuiet();
  }

  cancelledLeft(): void {
    this.#cancelled--;
  }

  help(task: number): boolean {
    const c = this.#agent.core;
    const runner = c.loadU32(task + TASK_STATE) === TASK_STARTED
      ? c.readU32(task + TASK_RUNNER)
      : 0;
    if (this.#roster.exits(runner)) throw new AgentCannotBlockError(EXITS);
    return false;
  }

  /** Sends back what has not started: the pool has come to its end. */
  #callOff(): void {
    for (const goroutine of this.#admission?.callOff() ?? []) {
      goroutine.giveUp();
      this.#withdrawn++;
    }
    this.#sendBack(CALLED_OFF);
  }

  /** Sends back what has not started: no thread can be started for it. */
  #refuse(name: string, cause: unknown): void {
    for (const goroutine of this.#admission?.callOff() ?? []) goroutine.enqueue();
    const failure = new WorkerCrashedError(`Cannot start the thread ${name}`, { cause });
    this.#sendBack(() => {
      try {
        return { state: TASK_FAILED, result: writeFailure(failure) };
      } catch {
        // There is no room to say why, nor was there any for a thread; the task has to come back all the same.
        return CALLED_OFF();
      }
    });
    this.#admission?.look();
  }

  #sendBack(end: () => TaskEnd): void {
    const { fn, agent: self } = this.#agent.core;
    for (;;) {
      const task = fn.poolTake(this.ptr) >>> 0;
      if (task === 0) break;
      discardArguments(task);
      const { state, result } = end();
      fn.taskFinish(task, state, result, self);
      fn.workerFinished(this.worker);
    }
    this.#agent.drain();
  }

  /** Nothing is pending, perhaps: somebody may have submitted since. */
  onQuiet(): void {
    if (this.#isEnding || this.#isPending) return;
    // The last results may lie in the inbox still, and until they are handed out nothing else keeps the process alive.
    this.#agent.drain();
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
    this.post.sweep();
    for (const resolve of this.#quiet.splice(0)) resolve();
  }

  get #isPending(): boolean {
    return this.#outstanding > 0 || (this.#admission?.held ?? 0) > 0 ||
      !this.#agent.core.fn.poolIsQuiet(this.ptr);
  }

  close(): Promise<void> {
    if (this.#state === "open") this.#state = "closing";
    this.#admission?.close(closed);
    return this.#end ??= this.#closeOnce();
  }

  async #closeOnce(): Promise<void> {
    if (this.#isPending) await new Promise<void>((resolve) => this.#quiet.push(resolve));
    if (this.#state !== "closing") return;
    this.#state = "stopping";
    await this.#stop(CLOSE_GRACE_MS);
  }

  terminate(graceMs: number): Promise<void> {
    if (this.#state === "gone" || this.#state === "terminating") return this.#end!;
    this.#state = "terminating";
    this.#admission?.close(closed);
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
    await Promise.all([...this.#roster.living].map((hand) => this.#dismiss(hand, graceMs)));
    await this.post.close();
    if (this.#state === "gone") return;
    clearInterval(this.#keepAlive);
    this.#keepAlive = undefined;
    this.#free();
  }

  /** Asks a thread to stop, gives it time, and then stops it wherever it is. */
  async #dismiss(hand: Hand, graceMs: number): Promise<void> {
    const hasEntered = this.#ask(hand, DISMISSED_TO_STOP, SIGNAL_STOP);
    let grace: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<true>((resolve) => {
      grace = setTimeout(resolve, hasEntered ? graceMs : Math.max(graceMs, START_GRACE_MS), true);
    });
    const isLate = await Promise.race([hand.ended, late]);
    clearTimeout(grace);
    if (isLate !== true) return;
    await hand.thread.terminate();
    await hand.ended;
  }

  #free(): void {
    this.#state = "gone";
    this.#agent.removeListener(this);
    this.#agent.drain();
    this.#final = this.#report();
    // What a thread may still touch that has only been told to end is not reused before it has, if it ever does.
    const { lingering } = this.#roster;
    if (lingering.length === 0) this.#release();
    else Promise.all(lingering).then(() => this.#release());
  }

  #release(): void {
    this.#roster.free();
    const { fn } = this.#agent.core;
    this.#functions.free();
    fn.workerFree(this.worker);
    fn.poolFree(this.ptr);
  }

  stats(): PoolStats {
    return this.#final ?? this.#report();
  }

  #report(): PoolStats {
    return this.#roster.report(this.worker, this.#admission?.held ?? 0, this.#withdrawn);
  }
}

/** How a task ends that nobody has started. */
interface TaskEnd {
  readonly state: number;
  readonly result: number;
}

const CALLED_OFF = (): TaskEnd => ({ state: TASK_CANCELLED, result: 0 });

function closed(): PoolClosedError {
  return new PoolClosedError("Cannot run a task: the pool is closed");
}

/** Throws `reason` where nobody catches it. */
function throwLater(reason: unknown): void {
  microtask(() => {
    throw reason;
  });
}
