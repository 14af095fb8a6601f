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
  POOL_FREE,
  POOL_HIRED,
  POOL_IDLE,
  POOL_OWNER,
  SIGNAL_WORK,
} from "../memory/layout.ts";
import type { Backend, PoolStats } from "./backend.ts";
import { Functions } from "./functions.ts";
import type { Goroutine } from "./goroutine.ts";
import { MemberPost } from "./post.ts";
import { type Home, RemoteGoroutine, writeArguments } from "./remote.ts";
import type { Boot, Send } from "./thread.ts";

/** Submits from a thread of the pool. */
export class Member implements Backend, Home {
  readonly threads: number;
  readonly ptr: number;
  readonly worker: number;
  readonly post: MemberPost;
  /** Set when the thread stops: what it left behind, a timer for example, can submit no more. */
  isClosed = false;
  readonly isTerminating = false;
  readonly #functions: Functions;

  /**
   * @param boot What the thread was told.
   * @param send To the owner of the pool.
   */
  constructor({ pool, worker, threads }: Boot, send: Send) {
    this.ptr = pool;
    this.worker = worker;
    this.threads = threads;
    this.post = new MemberPost(pool, send);
    this.#functions = new Functions(pool);
  }

  submit(id: string, args: readonly unknown[], above: unknown): Goroutine<unknown> {
    if (this.isClosed) throw new PoolClosedError("Cannot run a task: the pool is closed");
    const record = this.#functions.record(id);
    const goroutine = new RemoteGoroutine(this, id, record, writeArguments(args), above);
    // Only the owner can start threads.
    const c = core();
    const isShort = c.loadU32(this.ptr + POOL_HIRED) < this.threads;
    if (isShort && c.loadU32(this.ptr + POOL_IDLE) === 0) {
      c.fn.agentSignal(c.readU32(this.ptr + POOL_OWNER), SIGNAL_WORK);
    }
    return goroutine;
  }

  /** A glance at words that others write: who acts on it may be wrong, and forks one too many or too few. */
  get isHungry(): boolean {
    const c = core();
    // The low halves of the deque's ends: it holds fewer than 2^31. What it holds already is there to be stolen.
    const { worker, ptr } = this;
    if (c.loadU32(worker + DEQUE_BOTTOM) !== c.loadU32(worker + DEQUE_TOP)) return false;
    return c.loadU32(ptr + POOL_FREE) !== 0 || c.loadU32(ptr + POOL_IDLE) !== 0 ||
      c.loadU32(ptr + POOL_HIRED) < this.threads;
  }

  whyEnded(): WorkerCrashedError {
    return new WorkerCrashedError("the thread that ran this goroutine died");
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
