/**
 * Pools: goroutines on real threads.
 *
 * @module
 */
import { hardwareThreads } from "../internal/hardware.ts";
import { checkDuration, checkInteger, checkSignal, show } from "../internal/check.ts";
import type { WaitOptions } from "../select/types.ts";
import type { QueueBound } from "./admission.ts";
import type { Backend, PoolStats } from "./backend.ts";
import { Crew, MAX_THREADS } from "./crew.ts";
import type { Goroutine } from "./goroutine.ts";
import { currentHere, Here, HereInside } from "./here.ts";
import { functionId } from "./lookup.ts";
import { Member } from "./member.ts";
import type { PoolOrder, RankingSeed } from "./ranking.ts";
import { type Boot, canStartThreads, type Send, workerModule } from "./thread.ts";

let defaultThreads: number | undefined;

let backendOf: (pool: Pool) => Backend;

/**
 * Gets, or sets, the number of threads that a pool has unless it is told otherwise (Go: `runtime.GOMAXPROCS`).
 *
 * @param n The new number, at least 1; 0 or none: only ask. Pools that exist keep theirs.
 * @returns The number before; at first that of the hardware's threads.
 * @throws {TypeError | RangeError} if `n` is no integer from 0 to 1024
 */
export function GOMAXPROCS(n: number = 0): number {
  const before = defaultThreads ?? Math.min(hardwareThreads(), MAX_THREADS);
  if (checkInteger("a number of threads", n, 0, MAX_THREADS) > 0) defaultThreads = n;
  return before;
}

/** Options of a {@linkcode Pool}. */
export interface PoolOptions {
  /**
   * Number of threads, to 1024. Default: {@linkcode GOMAXPROCS}. 0: serial mode, everything runs on the thread that makes the
   * pool, one task after the other: to look for an error without threads, or to be spared their start.
   */
  threads?: number;
  /** Name of the pool; its threads are called `name-1` and so on. Default: `millrace`. */
  name?: string;
  /**
   * In which order tasks start.
   *
   * - `"submitted"`, the default: as they come; what a task forks goes to its thread's own deque and starts newest first, or is stolen.
   * - `"longest"`: the one with most weight first (see {@linkcode TaskOptions.weight}), so that none of the long ones is left at the end for
   *   one thread alone; of equal ones the one that came first.
   * - `"random"`: any order, to hunt for races with; see {@linkcode PoolOptions.seed}.
   *
   * In the last two everything that was submitted or forked waits in one queue, which costs more than deques.
   */
  order?: PoolOrder;
  /** Seed of the random order, a 32-bit integer; one that is used again gives the same order where one thread submits. Default: random. */
  seed?: number;
  /**
   * How many tasks may wait for a thread, at least 1; default: any number. What tasks fork counts, but is never held up: a task that waited for
   * room might hold what makes room.
   */
  queue?: number;
  /**
   * What becomes of a task that is submitted when so many wait: `"wait"`, the default: it waits on the submitting thread until there is room
   * ({@linkcode Pool.ready} lets the submitter wait instead); `"reject"`: {@linkcode Pool.go} throws `PoolFullError`.
   */
  whenFull?: "wait" | "reject";
  /** How many milliseconds a thread may have nothing to do before it ends; another is started when there is work again. Default: `Infinity`. */
  idleTimeoutMs?: number;
  /**
   * The module that its threads start from: a file of the program's own, which imports `@millrace/millrace/worker` and need do no
   * more. For pages whose content security policy forbids workers from `blob:` (`worker-src 'self'`), and for bundlers that build
   * workers apart. Default: this module, or the bundle that it is in, loaded from a line of inline source.
   */
  worker?: URL | string;
}

/**
 * A pool of threads that run goroutines, with work stealing.
 *
 * Each thread has a deque of its own: what a task forks goes there, and idle threads steal the oldest. What is stolen is a
 * goroutine that has not started: a JavaScript stack cannot move to another thread. A thread holds any number of
 * suspended goroutines; one that awaits lets others run.
 *
 * Threads are started when there is work for them. The process stays alive while something is pending, not for
 * the pool. A thread that dies rejects what it ran with `WorkerCrashedError` and is replaced.
 *
 * With `threads: 0`, and where threads are not to be had (see {@linkcode capabilities}), the same calls run on this thread:
 * arguments and results are copied all the same, what tasks fork runs newest first, everything else in order. A task that
 * blocks this thread blocks them all there, and terminating the pool cannot stop one that has started: it rejects, and what
 * becomes of it is nobody's business.
 *
 * @example
 * ```ts ignore
 * import { Pool } from "@millrace/millrace";
 * import { square } from "./work.ts"; // export const square = task(import.meta.url, "square", (n: number) => n * n)
 *
 * await using pool = new Pool({ threads: 4 });
 * console.log(await Promise.all([1, 2, 3].map((n) => pool.go(square, n)))); // [1, 4, 9]
 * ```
 */
export class Pool implements AsyncDisposable {
  readonly #backend: Backend;

  /** Seed of the pool's random order; `undefined` where it has another, and through {@linkcode Pool.current}. */
  readonly seed: number | undefined;

  static {
    backendOf = (pool) => pool.#backend;
  }

  /**
   * Makes a pool.
   *
   * @param options Its size, name, order and bounds, and what its threads load.
   * @throws {TypeError | RangeError} if an option is of another kind, or out of range
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(options: PoolOptions = {}) {
    if (isBackend(options)) {
      this.#backend = options;
      this.seed = undefined;
      return;
    }
    const { threads = GOMAXPROCS(), name = "millrace", idleTimeoutMs = Infinity, worker } = options;
    checkInteger("a number of threads", threads, 0, MAX_THREADS);
    if (typeof name !== "string") {
      throw new TypeError(`Cannot use ${show(name)} as the name of a pool: expected a string`);
    }
    checkDuration("an idle timeout", idleTimeoutMs);
    const ranking = checkOrder(options);
    const queue = checkQueue(options);
    const hasThreads = threads > 0 && canStartThreads();
    const module = hasThreads || worker !== undefined ? workerModule(worker) : undefined;
    this.seed = ranking?.order === "random" ? ranking.seed : undefined;
    this.#backend = hasThreads
      ? new Crew({ threads, name, module: module!, ranking, queue, idleTimeoutMs })
      : new Here({ isWished: threads === 0, ranking, queue });
  }

  /**
   * The pool that this thread belongs to; `undefined` on a thread that is none of a pool's.
   *
   * A pool with `threads: 0` has this thread while something of it is pending. With several such pools at once, and on a
   * thread of another, a task is sure to see its own until it first suspends; it may keep it in a variable.
   */
  static get current(): Pool | undefined {
    const member = globals[MEMBER];
    const here = currentHere(member !== undefined);
    if (here !== undefined) return insideOf(here);
    return member && (current ??= new Pool(member as PoolOptions));
  }

  /** Number of threads that it runs at most; 0: it runs everything on this one. */
  get threads(): number {
    return this.#backend.threads;
  }

  /**
   * Runs `fn(...args)` as a goroutine on one of the pool's threads. On one of these threads it is a fork: it goes to the
   * thread's own deque.
   *
   * - **Blocking:** returns at once.
   * - **Copies:** arguments and result are structured values and are copied; handles (typed channels, locks) and typed
   *   arrays over shared memory arrive as themselves. What is marked with {@linkcode transfer} is moved.
   *
   * `fn` is a task, as made by {@linkcode task}, or an inline function. Of an inline function the source goes to the thread, so it
   * has to be self-contained: what it names is its own, its parameters', or one of the globals that every thread has (`Math`,
   * `console`, `fetch`, …; others as `globalThis.other`). millrace's own exports are none of these: channels and locks come as arguments,
   * and what selects or forks is a task. It may be asynchronous; classes, methods, generators, bound and native functions are refused.
   * A page whose content security policy forbids `blob:` scripts has to use tasks.
   *
   * @example An inline function
   * ```ts
   * import { Pool } from "@millrace/millrace";
   *
   * await using pool = new Pool({ threads: 1 });
   * console.log(await pool.go((a, b) => Math.hypot(a, b), 3, 4)); // 5
   * ```
   *
   * @param fn A task or a self-contained function.
   * @param args What to call it with.
   * @returns The goroutine, which may be awaited; a failure that nobody joins is an uncaught error.
   * @throws {PoolClosedError} if the pool was closed
   * @throws {PoolFullError} if the pool refuses what would have to wait; see {@linkcode PoolOptions.whenFull}
   * @throws {TypeError} if `fn` is neither, naming what it lacks, or an argument cannot be sent or moved
   * @throws {TypeError | RangeError} if the task has a weight and that is no number; what {@linkcode TaskOptions.weight} throws
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   * @see Go spec, "Go statements".
   */
  go<A extends readonly unknown[], R>(
    fn: (...args: A) => R,
    ...args: A
  ): Goroutine<Awaited<R>> {
    if (isLoading) {
      throw new TypeError(
        "Cannot run a task: this thread of a pool only loads the program; run it where Pool.current is undefined",
      );
    }
    const id = functionId(fn, `Cannot run ${show(fn)} on another thread`);
    const rank = this.#backend.ranking?.rank(fn, args) ?? 0;
    const submission = { id, args, rank, above: Pool.prototype.go };
    return this.#backend.submit(submission) as Goroutine<Awaited<R>>;
  }

  /**
   * Waits until a task that is submitted now would be let into the queue at once; in a pool whose queue is not bounded, and on one of its own
   * threads, that is always so. Unless another goroutine is faster, {@linkcode Pool.go} neither holds up nor refuses what is submitted next.
   *
   * - **Blocking:** suspends this goroutine.
   * - **Cancellation:** an aborted signal wins.
   *
   * @example
   * ```ts
   * import { Pool } from "@millrace/millrace";
   *
   * await using pool = new Pool({ threads: 2, queue: 10 });
   * for (let i = 0; i < 100; i++) {
   *   await pool.ready();
   *   pool.go((n) => n * n, i);
   * }
   * ```
   *
   * @param options `signal` cancels the wait.
   * @throws `signal.reason` if aborted
   * @throws {PoolClosedError} if the pool was closed, or is meanwhile
   */
  ready(options?: WaitOptions): Promise<void> {
    return this.#backend.ready(checkSignal(options));
  }

  /**
   * Changes the number of threads. More are started when there is work for them. Those that are too many, idle ones first, finish what
   * they run, suspended goroutines included, and take nothing more; what waits in their deques goes to the others.
   *
   * - **Blocking:** returns at once.
   *
   * @param threads The new number, 1 to 1024. Where threads are not to be had it changes nothing.
   * @throws {TypeError | RangeError} if it is no such number; if the pool was made with `threads: 0`, or this is one of its own tasks
   */
  resize(threads: number): void {
    checkInteger("a number of threads", threads, 1, MAX_THREADS);
    this.#backend.resize(threads);
  }

  /**
   * Closes the pool: it takes nothing more, finishes what was submitted (and what that forks), and stops its threads.
   * Closing twice is harmless.
   *
   * @returns A promise that resolves when nothing of the pool is left.
   * @throws {TypeError} as a rejection, through {@linkcode Pool.current}: a task would wait for itself
   */
  close(): Promise<void> {
    return this.#backend.close();
  }

  /**
   * Stops the pool at once: what has not started does not run, what runs is stopped, and joining either rejects with
   * `PoolClosedError`. A goroutine that blocks its thread is woken with that error; a thread that computes is given
   * `graceMs` to come to an end and then terminated. Node and browsers stop it then, wherever it computes (a system
   * call has to return first); Deno cannot, and such a thread goes on until its task returns or waits, without holding up the process: a task that loops for long should look
   * at an {@linkcode AtomicBool} or at `channel.closed` now and then.
   *
   * @param graceMs Milliseconds. Default: 200.
   * @returns A promise that resolves when nothing of the pool is left that the runtime can stop.
   * @throws {TypeError} as a rejection, through {@linkcode Pool.current}
   * @throws {TypeError | RangeError} at the call, if `graceMs` is no duration
   */
  terminate(graceMs: number = 200): Promise<void> {
    checkDuration("a time of grace", graceMs);
    return this.#backend.terminate(graceMs);
  }

  /**
   * What the pool has done so far: a snapshot.
   *
   * @throws {TypeError} through {@linkcode Pool.current}
   */
  stats(): PoolStats {
    return this.#backend.stats();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** @throws {TypeError | RangeError} if the options name no order */
function checkOrder({ order = "submitted", seed }: PoolOptions): RankingSeed | undefined {
  if (!["submitted", "longest", "random"].includes(order)) {
    throw new TypeError(
      `Cannot use ${
        show(order)
      } as the order of tasks: expected "submitted", "longest" or "random"`,
    );
  }
  if (seed !== undefined) checkInteger("a seed", seed, -0x80000000, 0xffffffff);
  if (order === "submitted") return undefined;
  return { order, seed: seed ?? Math.floor(Math.random() * 0x100000000) };
}

/** @throws {TypeError | RangeError} if the options give no bound */
function checkQueue({ queue, whenFull = "wait" }: PoolOptions): QueueBound | undefined {
  if (whenFull !== "wait" && whenFull !== "reject") {
    throw new TypeError(`Cannot use ${show(whenFull)} as whenFull: expected "wait" or "reject"`);
  }
  if (queue === undefined || queue === Infinity) return undefined;
  return { most: checkInteger("a number of waiting tasks", queue, 1, 0x7fffffff), whenFull };
}

/** On a global symbol, for the copy of this module that a worker file of the program's own has loaded. */
const MEMBER: unique symbol = Symbol.for("millrace.pool/1") as never;
const globals = globalThis as { [MEMBER]?: Backend };

/** The pool that this thread belongs to, once somebody has asked for it. */
let current: Pool | undefined;

/** Reports whether what a pool is made with is what stands behind it, not a caller's options. */
function isBackend(options: object): options is Backend {
  return "submit" in options;
}

/** Reports whether this thread of a pool is still loading what made it one: in a bundle, the whole program. */
let isLoading = false;

/** Reports whether a task that the calling one forked now would find a thread that has nothing to do. */
export function isHungry(pool: Pool): boolean {
  return backendOf(pool).isHungry;
}

/** Pools without threads, as their own tasks see them. */
const insides = new WeakMap<Here, Pool>();

function insideOf(here: Here): Pool {
  let inside = insides.get(here);
  if (inside === undefined) {
    inside = new Pool(new HereInside(here) as PoolOptions);
    insides.set(here, inside);
  }
  return inside;
}

/**
 * Makes this thread one of the pool that started it.
 *
 * @param help Runs a task while a goroutine blocks; see `remote.ts`.
 * @param send To the owner of the pool.
 */
export function joinPool(boot: Boot, help: (task: number) => boolean, send: Send): Member {
  const member = new Member(boot, help, send);
  globals[MEMBER] = member;
  // What a bundled program does at its top level is not for its threads to do. (Who starts the import hears of its failure.)
  const loaded = (): void => {
    isLoading = false;
  };
  isLoading = true;
  import(boot.url).then(loaded, loaded);
  return member;
}
