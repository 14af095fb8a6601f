/**
 * Who works for a pool: its threads by their places in the pool's table, and what those before them have done.
 *
 * @module
 */
import { preciseMs } from "../internal/clock.ts";
import { core, exhausted } from "../memory/core.ts";
import {
  POOL_HIRED,
  POOL_WORKERS,
  WORKER_AGENT,
  WORKER_BUSY_MS,
  WORKER_ENTERED,
  WORKER_FINISHED,
  WORKER_IS_WORKING,
  WORKER_SINCE,
  WORKER_SIZE,
  WORKER_STOLE,
  WORKER_SUBMITTED,
  WORKER_TAKEN,
  WORKER_TOOK,
} from "../memory/layout.ts";
import type { PoolStats, WorkerStats } from "./backend.ts";
import type { Thread } from "./thread.ts";

/** A thread of the pool, as its owner sees it. */
export interface Hand {
  /** Its place in the table, from 1. */
  readonly slot: number;
  readonly name: string;
  /** Address of its worker. */
  readonly worker: number;
  readonly thread: Thread;
  /** Resolves when the thread has ended. */
  readonly ended: Promise<void>;
  /** Reports whether it takes nothing more, since the pool is to have fewer threads. */
  isRetiring: boolean;
  /** Reports whether it has said that its thread exits. */
  isExiting: boolean;
  /** Reports whether it has left its place: it touches the pool no more, though the thread may still run. */
  hasLeft: boolean;
}

/** Counts of those who had a name before, or of one who has it. */
type Counts = Pick<WorkerStats, "took" | "stole" | "finished">;
const NONE: Counts = { took: 0, stole: 0, finished: 0 };

/** The threads of one pool. */
export class Roster {
  readonly #pool: number;
  readonly #hands: (Hand | undefined)[] = [undefined];
  readonly #living = new Set<Hand>();
  readonly #past = new Map<string, Counts>();
  /** Workers whose threads are gone for certain: the next ones get them. */
  readonly #spare: number[] = [];
  /** The ends of threads that were stopped by force, on a runtime that does not wait for them: they may still touch their workers. */
  readonly #lingering = new Set<Promise<void>>();
  #hired = 0;

  /** @param pool Address of the pool. */
  constructor(pool: number) {
    this.#pool = pool;
  }

  /** Threads that have been started, have not left, and are not about to. */
  get hired(): number {
    return this.#hired;
  }

  /** Those who have a place. */
  get hands(): Hand[] {
    return this.#hands.filter((hand) => hand !== undefined);
  }

  /** Those whose threads have not ended. Some may have left their places: what a task left behind may take its time. */
  get living(): ReadonlySet<Hand> {
    return this.#living;
  }

  /** Reports whether `agent` is that of a thread which has not ended: until then it may ask for what was moved to it. */
  isLiving(agent: number): boolean {
    for (const hand of this.#living) if (agentOf(hand) === agent) return true;
    return false;
  }

  /** Reports whether whoever might run a task is about to exit: the thread whose agent is `runner`, or, where that is 0, every one. */
  exits(runner: number): boolean {
    const hands = [...this.#living].filter((hand) =>
      !hand.hasLeft && (runner === 0 ? !hand.isRetiring : agentOf(hand) === runner)
    );
    return hands.length > 0 && hands.every((hand) => hand.isExiting);
  }

  /** Places in use, the owner's included: how much of the table there is to look at. */
  get slots(): number {
    return this.#hands.length;
  }

  /** The first place that is free. */
  get freeSlot(): number {
    const slot = this.#hands.indexOf(undefined, 1);
    return slot < 0 ? this.#hands.length : slot;
  }

  /**
   * A worker for a thread that is to be started.
   *
   * @throws {SharedMemoryExhaustedError} if there is no room
   */
  newWorker(): number {
    const spare = this.#spare.pop();
    if (spare === undefined) return newWorker();
    core().fn.workerReset(spare);
    return spare;
  }

  /** Gives `hand` its place. */
  enter(hand: Hand): void {
    this.#hands[hand.slot] = hand;
    this.#living.add(hand);
    this.#countHired(1);
  }

  /** `hand` takes nothing more. */
  retire(hand: Hand): void {
    hand.isRetiring = true;
    this.#countHired(-1);
  }

  /** `hand` has left its place, or died there. */
  leave(hand: Hand): void {
    hand.hasLeft = true;
    if (!hand.isRetiring) this.#countHired(-1);
    const { finished, ...counts } = this.#countsOf(hand.name, hand.worker);
    // Of one that died, what it ran has ended with it; one that has left runs nothing.
    this.#past.set(hand.name, { ...counts, finished: finished + this.running(hand.worker) });
    this.#hands[hand.slot] = undefined;
    while (this.#hands.length > 1 && this.#hands.at(-1) === undefined) this.#hands.pop();
  }

  /**
   * The thread of `hand` has ended.
   *
   * @param isCertain A thread that was stopped by force may go on for a while, on some runtimes.
   */
  end(hand: Hand, isCertain: boolean): void {
    this.#living.delete(hand);
    if (isCertain) {
      this.#spare.push(hand.worker);
      return;
    }
    const gone = hand.thread.gone.then(() => {
      this.#lingering.delete(gone);
      this.#spare.push(hand.worker);
    });
    this.#lingering.add(gone);
  }

  /** The ends, still to come, of threads that were stopped by force. Some may never come. */
  get lingering(): readonly Promise<void>[] {
    return [...this.#lingering];
  }

  /** Frees the workers. */
  free(): void {
    for (const worker of this.#spare.splice(0)) core().fn.workerFree(worker);
  }

  /** Reports whether the thread of `hand` has got to its place in the table. */
  hasEntered({ slot, worker }: Hand): boolean {
    return core().loadU32(this.#pool + POOL_WORKERS + slot * 4) === worker;
  }

  /** Goroutines that `worker` has started and that have not ended. */
  running(worker: number): number {
    const c = core();
    const taken = c.readU32(worker + WORKER_TAKEN) === 0 ? 0 : 1;
    const unfinished = c.loadU32(worker + WORKER_TOOK) - c.loadU32(worker + WORKER_FINISHED);
    return Math.max(0, unfinished - taken);
  }

  /**
   * What the pool has done.
   *
   * @param owner The owner's worker, which only submits.
   * @param held How many goroutines wait to be let into the queue.
   * @param withdrawn How many came to nothing before they were.
   */
  report(owner: number, held: number, withdrawn: number): PoolStats {
    const c = core();
    const living = [owner, ...this.hands.map(({ worker }) => worker)];
    const sum = (offset: number) =>
      living.reduce((total, worker) => total + c.loadU32(worker + offset), 0);
    const workers = this.#stats();
    return {
      submitted: sum(WORKER_SUBMITTED) + held + withdrawn,
      queued: c.fn.poolQueued(this.#pool) + held,
      running: workers.reduce((total, { running }) => total + running, 0),
      finished: sum(WORKER_FINISHED) + withdrawn,
      stolen: workers.reduce((total, { stole }) => total + stole, 0),
      workers,
    };
  }

  /** What the threads have done, by their names. */
  #stats(): WorkerStats[] {
    const living = new Map(this.hands.map((hand) => [hand.name, hand]));
    const names = new Set([...this.#past.keys(), ...living.keys()]);
    return [...names].map((name) => {
      const hand = living.get(name);
      if (hand === undefined) return { name, ...this.#past.get(name)!, running: 0, busyShare: 0 };
      const { worker } = hand;
      const counts = this.#countsOf(name, worker);
      return { name, ...counts, running: this.running(worker), busyShare: busyShare(worker) };
    });
  }

  #countsOf(name: string, worker: number): Counts {
    const c = core();
    const { took, stole, finished } = this.#past.get(name) ?? NONE;
    return {
      took: took + c.loadU32(worker + WORKER_TOOK),
      stole: stole + c.readU32(worker + WORKER_STOLE),
      finished: finished + c.loadU32(worker + WORKER_FINISHED),
    };
  }

  #countHired(change: number): void {
    this.#hired += change;
    core().storeU32(this.#pool + POOL_HIRED, this.#hired);
  }
}

/** The agent of a thread; 0 before it has one. */
export function agentOf({ worker }: Hand): number {
  return core().readU32(worker + WORKER_AGENT);
}

/**
 * Makes a worker.
 *
 * @throws {SharedMemoryExhaustedError} if there is no room
 */
export function newWorker(): number {
  const worker = core().fn.workerNew(Math.random() * 0x100000000) >>> 0;
  if (worker === 0) throw exhausted("a thread");
  return worker;
}

/** Share of its time that `worker` has been working, from 0 to 1. A glance at words that another thread writes. */
function busyShare(worker: number): number {
  const c = core();
  c.bytes(worker + WORKER_SIZE);
  const read = (offset: number): number => c.f64[(worker + offset) >>> 3]!;
  const now = preciseMs();
  const entered = read(WORKER_ENTERED);
  if (entered === 0 || now <= entered) return 0;
  const sinceMs = c.readU32(worker + WORKER_IS_WORKING) === 0 ? 0 : now - read(WORKER_SINCE);
  return Math.min(1, Math.max(0, (read(WORKER_BUSY_MS) + sinceMs) / (now - entered)));
}
