/**
 * Goroutines as seen by who started them.
 *
 * @module
 */
import { unlessAborted } from "../internal/abort.ts";
import { checkSignal } from "../internal/check.ts";
import { appendCreation, nextNumber, type Trace, traceCreation } from "../internal/creation.ts";
import type { WaitOptions } from "../select/types.ts";

/** Why a thread cannot block for a goroutine. */
export const SUSPENDED_HERE =
  "Cannot block this thread: the goroutine has suspended on it and could not go on; await it instead";

/** See {@linkcode SUSPENDED_HERE}; where that is known before anything runs. */
export const ARGUMENTS_ARE_MOVED =
  "Cannot block this thread: its arguments are moved, which takes turns of the event loop; await it instead";
/** See {@linkcode SUSPENDED_HERE}; where that is known when the goroutine has returned. */
export const RESULT_IS_MOVED =
  "Cannot block this thread: its result is moved here, which takes turns of the event loop; await it instead";

/** It has not ended. */
const RUNNING = 0;
const FULFILLED = 1;
const FAILED = 2;

/**
 * A running function, to be awaited or not (Go: what the `go` statement starts).
 *
 * A failure that nobody joins is an uncaught error, as a panic in a goroutine is in Go; its stack says which
 * goroutine it was and where it was created.
 *
 * @typeParam T What its function returns.
 */
export abstract class Goroutine<T> implements PromiseLike<T> {
  /** Number that names it in messages; each goroutine of a thread has its own. */
  readonly id: number;
  /** Its name: that of its function. Asked for when it is read: a function's name costs more than a number. */
  abstract readonly name: string;
  readonly #trace: Trace | undefined;
  #state: typeof RUNNING | typeof FULFILLED | typeof FAILED = RUNNING;
  /** What it ended with: a value or a reason. */
  #end: unknown = undefined;
  /** Made when somebody joins, or when it fails. */
  #promise: Promise<T> | undefined = undefined;
  /** Typed so that a goroutine of a subtype is a goroutine of the type. */
  #resolve: ((value: unknown) => void) | undefined = undefined;
  #reject: ((reason: unknown) => void) | undefined = undefined;

  /**
   * Numbers the goroutine. Use {@linkcode go} or {@linkcode Pool.go}.
   *
   * @param above The public function that creates it.
   */
  constructor(above: unknown) {
    this.id = nextNumber();
    this.#trace = traceCreation(this.id, above);
  }

  /**
   * Waits for the end of the goroutine.
   *
   * @param options `signal` ends the wait, not the goroutine.
   * @returns What its function returned.
   * @throws what its function threw; `signal.reason` if aborted
   */
  join(options?: WaitOptions): Promise<T> {
    const signal = checkSignal(options);
    // Before there is a promise: nobody would hold it.
    if (signal?.aborted) return Promise.reject(signal.reason);
    const promise = this.#promise ??= this.#makePromise();
    return signal === undefined ? promise : unlessAborted(promise, signal);
  }

  /**
   * Waits for the end of the goroutine.
   *
   * - **Blocking:** blocks the thread. On one of the pool's own threads it does not stand still meanwhile: it runs tasks from its own deque, the
   *   newest first, which is where the goroutine is until another thread takes it; once one has, it helps that one with what
   *   the goroutine has forked. So do not hold a lock over it that such a task needs. What is moved ({@linkcode transfer}) goes through the thread that
   *   made the pool: while that blocks for a goroutine, none that it waits for may need any.
   * - **Cost:** no promise; joining a fork that nobody has taken is little more than a call.
   *
   * @example
   * ```ts ignore
   * export const fib = task(import.meta.url, "fib", (n: number): number => {
   *   if (n < 25) return fibHere(n);
   *   const left = Pool.current!.go(fib, n - 1);
   *   const right = fib(n - 2);
   *   return left.joinSync() + right;
   * });
   * ```
   *
   * @returns What its function returned.
   * @throws what its function threw
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block; if the goroutine has suspended on this
   * thread, where only its event loop could get it on; if its arguments or its result are moved ({@linkcode transfer}), other than small buffers; on one of
   * the pool's threads also if its function is asynchronous; or if its thread is about to exit, of which only the event loop hears: await it then
   * @throws {RangeError} if 500 blocking joins run tasks within one another on this thread
   * @throws {PoolClosedError} if the thread is stopped meanwhile
   */
  joinSync(): T {
    if (this.#state === RUNNING) this.block();
    // A failure is the caller's now: caught before anything else runs here, it is no uncaught error.
    this.#promise?.catch(() => {});
    if (this.#state === FAILED) throw this.#end;
    return this.#end as T;
  }

  /**
   * Blocks until it has ended.
   *
   * @throws {AgentCannotBlockError | PoolClosedError} if that is not possible
   */
  protected abstract block(): void;

  /** Joins, so that a goroutine can be awaited. */
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return (this.#promise ??= this.#makePromise()).then(onFulfilled, onRejected);
  }

  /**
   * Cancels the goroutine if it has not started yet: its function does not run, and joining it rejects.
   *
   * @returns whether it was cancelled; `false` once it has started
   */
  abstract cancel(): boolean;

  /** Reports whether it has ended. */
  protected get isOver(): boolean {
    return this.#state !== RUNNING;
  }

  /** The goroutine has ended with `value`. */
  protected fulfil(value: T): void {
    this.#state = FULFILLED;
    this.#end = value;
    this.#resolve?.(value);
  }

  /** The goroutine has failed. Without a joiner the rejection is the runtime's to report. */
  protected fail(reason: unknown): void {
    appendCreation(reason, this.name, this.id, this.#trace);
    this.#state = FAILED;
    this.#end = reason;
    if (this.#reject !== undefined) this.#reject(reason);
    else this.#promise = Promise.reject(reason);
  }

  /** The goroutine will not run. That is no failure, so nothing is reported unless somebody joins. */
  protected calledOff(reason: unknown): void {
    this.#state = FAILED;
    this.#end = reason;
    this.#reject?.(reason);
  }

  #makePromise(): Promise<T> {
    if (this.#state === FULFILLED) return Promise.resolve(this.#end as T);
    if (this.#state === FAILED) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve as (value: unknown) => void;
      this.#reject = reject;
    });
  }
}
