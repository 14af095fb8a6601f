/**
 * Pools: goroutines on real threads.
 *
 * @module
 */
import { hardwareThreads } from "../internal/hardware.ts";
import { checkDuration, checkInteger, show } from "../internal/check.ts";
import type { Backend, PoolStats } from "./backend.ts";
import { Crew } from "./crew.ts";
import type { Goroutine } from "./goroutine.ts";
import { currentHere, Here, HereInside } from "./here.ts";
import { functionId } from "./lookup.ts";
import { Member } from "./member.ts";
import { type Boot, canStartThreads, workerModule } from "./thread.ts";

/** The most threads that a pool may have. */
const MAX_THREADS = 1024;

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

  static {
    backendOf = (pool) => pool.#backend;
  }

  /**
   * Makes a pool.
   *
   * @param options Its size, its name, and what its threads load.
   * @throws {TypeError | RangeError} if `threads` is no integer from 0 to 1024, `name` no string, or `worker` no URL
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor(options: PoolOptions = {}) {
    if (isBackend(options)) {
      this.#backend = options;
      return;
    }
    const { threads = GOMAXPROCS(), name = "millrace", worker } = options;
    checkInteger("a number of threads", threads, 0, MAX_THREADS);
    if (typeof name !== "string") {
      throw new TypeError(`Cannot use ${show(name)} as the name of a pool: expected a string`);
    }
    const hasThreads = threads > 0 && canStartThreads();
    if (hasThreads || worker !== undefined) {
      const module = workerModule(worker);
      if (hasThreads) {
        this.#backend = new Crew(threads, name, module);
        return;
      }
    }
    this.#backend = new Here();
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
   *   arrays over shared memory arrive as themselves.
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
   * @throws {TypeError} if `fn` is neither, naming what it lacks, or an argument cannot be sent
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
    return this.#backend.submit(id, args, Pool.prototype.go) as Goroutine<Awaited<R>>;
  }

  /**
   * Closes the pool: it takes nothing more, finishes what was submitted (and what that forks), and stops its threads.
   * Closing twice is harmless.
   *
   * @returns A promise that resolves when nothing of the pool is left.
   * @throws {TypeError} through {@linkcode Pool.current}: a task would wait for itself
   */
  close(): Promise<void> {
    return this.#backend.close();
  }

  /**
   * Stops the pool at once: what has not started does not run, what runs is stopped, and joining either rejects with
   * `PoolClosedError`. A goroutine that blocks its thread is woken with that error; a thread that computes is given
   * `graceMs` to come to an end and then terminated. Node and browsers stop it then, wherever it is; Deno cannot, and such a
   * thread goes on until its task returns or waits, without holding up the process: a task that loops for long should look
   * at an {@linkcode AtomicBool} or at `channel.closed` now and then.
   *
   * @param graceMs Milliseconds. Default: 200.
   * @returns A promise that resolves when nothing of the pool is left that the runtime can stop.
   * @throws {TypeError} through {@linkcode Pool.current}; or, with `RangeError`, if `graceMs` is no duration
   */
  terminate(graceMs: number = 200): Promise<void> {
    checkDuration("a time of grace", graceMs);
    return this.#backend.terminate(graceMs);
  }

  /** What the pool has done so far: a snapshot. */
  stats(): PoolStats {
    return this.#backend.stats();
  }

  /** As {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
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

/** Makes this thread one of the pool that started it. */
export function joinPool(boot: Boot): Member {
  const member = new Member(boot);
  globals[MEMBER] = member;
  // What a bundled program does at its top level is not for its threads to do. (Who starts the import hears of its failure.)
  const loaded = (): void => {
    isLoading = false;
  };
  isLoading = true;
  import(boot.url).then(loaded, loaded);
  return member;
}
