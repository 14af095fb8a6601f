/**
 * The pool as one of its own threads sees it: what it submits goes to its own deque.
 *
 * @module
 */
import { PoolClosedError, WorkerCrashedError } from "../errors.ts";
import { core } from "../memory/core.ts";
import {
  DEQUE_BOTTOM,
  DEQUE_TOP,
  POOL_COUNT,
  POOL_FREE,
  POOL_HIRED,
  POOL_IDLE,
  POOL_LIMIT,
  POOL_OWNER,
  SIGNAL_WORK,
} from "../memory/layout.ts";
import type { Backend, PoolStats, Submission } from "./backend.ts";
import { Functions } from "./functions.ts";
import type { Goroutine } from "./goroutine.ts";
import { MemberPost } from "./post.ts";
import { Ranking } from "./ranking.ts";
import { type Home, RemoteGoroutine } from "./remote.ts";
import type { Boot, Send } from "./thread.ts";

/** Submits from a thread of the pool. */
export class Member implements Backend, Home {
  readonly ptr: number;
  readonly worker: number;
  readonly post: MemberPost;
  readonly ranking: Ranking | undefined;
  readonly helps = true;
  /** Set when the thread stops: what it left behind, a timer for example, can submit no more. */
  isClosed = false;
  readonly isTerminating = false;
  /** See {@linkcode Home.help}; the worker's. */
  readonly help: (task: number) => boolean;
  readonly #functions: Functions;

  /**
   * @param boot What the thread was told.
   * @param help Runs a task while a goroutine blocks; see {@linkcode Home.help}.
   * @param send To the owner of the pool.
   */
  constructor({ pool, worker, slot, ranking }: Boot, help: (task: number) => boolean, send: Send) {
    this.ptr = pool;
    this.worker = worker;
    this.help = help;
    this.post = new MemberPost(pool, send);
    this.ranking = ranking && new Ranking(ranking, slot);
    this.#functions = new Functions(pool);
  }

  get threads(): number {
    return core().loadU32(this.ptr + POOL_LIMIT);
  }

  submit(submission: Submission): Goroutine<unknown> {
    if (this.isClosed) throw new PoolClosedError("Cannot run a task: the pool is closed");
    const goroutine = new RemoteGoroutine(this, this.#functions.record(submission.id), submission);
    goroutine.enqueue();
    // Only the owner can start threads.
    const c = core();
    const isShort = c.loadU32(this.ptr + POOL_HIRED) < this.threads;
    if (isShort && c.loadU32(this.ptr + POOL_IDLE) === 0) {
      c.fn.agentSignal(c.readU32(this.ptr + POOL_OWNER), SIGNAL_WORK);
    }
    return goroutine;
  }

  /** A fork is never held up; see `admission.ts`. */
  ready(signal: AbortSignal | undefined): Promise<void> {
    return signal?.aborted ? Promise.reject(signal.reason) : Promise.resolve();
  }

  /** A glance at words that others write: who acts on it may be wrong, and forks one too many or too few. */
  get isHungry(): boolean {
    const c = core();
    // The low halves of the deque's ends: it holds fewer than 2^31. What waits already is there to be taken.
    const { worker, ptr } = this;
    if (c.loadU32(worker + DEQUE_BOTTOM) !== c.loadU32(worker + DEQUE_TOP)) return false;
    if (c.loadU32(ptr + POOL_COUNT) !== 0) return false;
    return c.loadU32(ptr + POOL_FREE) !== 0 || c.loadU32(ptr + POOL_IDLE) !== 0 ||
      c.loadU32(ptr + POOL_HIRED) < this.threads;
  }

  whyEnded(): WorkerCrashedError {
    return new WorkerCrashedError("the thread that ran this goroutine died");
  }

  // The owner counts those of its own that its bounded queue holds.
  cancelled(): void {}

  cancelledLeft(): void {}

  settled(): void {}

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
