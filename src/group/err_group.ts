/**
 * Groups of functions that fail together.
 *
 * @module
 */
import { Channel } from "../channel/channel.ts";
import { background, type CancelCauseFunc, type Context, withCancelCause } from "../context/mod.ts";
import { LockMisuseError } from "../errors.ts";
import { checkInteger, checkSignal, show } from "../internal/check.ts";
import { afterTurn, isBudgetSpent, microtask } from "../internal/macrotask.ts";
import { shared } from "../memory/handle.ts";
import type { WaitOptions } from "../select/types.ts";
import { checkFunction, Routine } from "./routine.ts";

/** Options of an {@linkcode ErrGroup}. */
export interface ErrGroupOptions {
  /** How many functions run at once; see {@linkcode ErrGroup.setLimit}. Default: any number. */
  limit?: number | undefined;
  /**
   * How many functions {@linkcode ErrGroup.go} takes up beyond the limit: they wait in a queue, and start in that order as soon
   * as others have ended. An integer ≥ 0, or `Infinity`. Default: 0, `go` itself waits.
   */
  queue?: number | undefined;
  /**
   * What {@linkcode ErrGroup.wait} rejects with: the `"first"` error (the default), or an `AggregateError` with `"all"` of
   * them, in the order in which they happened.
   */
  errors?: "first" | "all" | undefined;
  /**
   * Is called with what a function failed with. What it returns is the error instead, and `undefined` means that the failure has
   * been dealt with and is none. It may be asynchronous; what it throws is the error.
   */
  recover?: ((error: unknown) => unknown) | undefined;
}

/** What a group runs: it gets the group's context, and may be asynchronous. */
export type GroupFunction = (ctx: Context) => unknown;

/**
 * Runs functions as goroutines of this thread, waits for all of them, and hands on the first error (Go:
 * `golang.org/x/sync/errgroup`, `Group`).
 *
 * - {@linkcode withContext} makes a group with a context that is cancelled by the first error, so that the others stop; its cause is that
 *   error. It is cancelled as well when {@linkcode wait} returns.
 * - Every function gets the group's context as its argument; without `withContext` that is `background()`.
 * - As in Go nobody is stopped: what has been taken up is run, even if the context has been cancelled meanwhile. A function that need
 *   not run any more sees that by its context.
 * - A function may hand its work to other threads: `group.go(() => pool.go(task, x))`.
 * - A function has ended when the promise that it returns is settled. What fails is reported by `wait`, and by nobody else.
 *
 * It is one thread's. When all have ended it may be used again; errors are kept.
 *
 * @example One fails, the others stop
 * ```ts
 * import { background } from "@millrace/millrace/context";
 * import { ErrGroup } from "@millrace/millrace/group";
 *
 * const [group, ctx] = ErrGroup.withContext(background());
 * group.go(() => ctx.done!.receive());
 * group.go(() => {
 *   throw new Error("no route to host");
 * });
 * await group.wait().catch((error) => console.log(error.message)); // no route to host
 * ```
 *
 * @example At most two at once, all errors
 * ```ts
 * import { ErrGroup } from "@millrace/millrace/group";
 *
 * const group = new ErrGroup({ limit: 2, errors: "all" });
 * for (const n of [1, 2, 3]) {
 *   await group.go(() => {
 *     if (n !== 2) throw new Error(`no. ${n}`);
 *   });
 * }
 * const failure: AggregateError = await group.wait().catch((error) => error);
 * console.log(failure.errors.map((error) => error.message)); // ["no. 1", "no. 3"]
 * ```
 *
 * @see Go package golang.org/x/sync/errgroup, type Group.
 */
export class ErrGroup {
  readonly #keepsAll: boolean;
  readonly #recover: ErrGroupOptions["recover"];
  /** Those who wait for a place: its buffer is the queue, and its senders are the calls of `go` that wait themselves. */
  readonly #line: Channel<Routine<[ctx: Context]>>;
  #limit: number;
  #context = background();
  #cancel: CancelCauseFunc | undefined = undefined;
  /** How many have a place. While there is a free one nobody stands in line. */
  #running = 0;
  /** How many have not ended, those in line among them. */
  #pending = 0;
  /** What went wrong: the first, or all. */
  readonly #errors: unknown[] = [];
  /** Closed when nothing is pending any more; there while somebody waits for that. */
  #idle: Channel<never> | undefined = undefined;

  /**
   * Makes a group without a context of its own.
   *
   * @param options See {@linkcode ErrGroupOptions}.
   * @throws {TypeError | RangeError} if one of them is something else
   */
  constructor(options: ErrGroupOptions = {}) {
    const { limit = -1, queue = 0, errors = "first", recover } = options;
    if (errors !== "first" && errors !== "all") {
      throw new TypeError(`Cannot use ${show(errors)} as errors: expected "first" or "all"`);
    }
    this.#limit = toLimit(limit);
    if (queue !== Infinity) checkInteger("a queue", queue, 0, Number.MAX_SAFE_INTEGER);
    this.#line = new Channel(queue);
    this.#keepsAll = errors === "all";
    this.#recover = recover === undefined ? undefined : checkFunction(recover);
  }

  /** Why it does not go to another thread. */
  get [shared](): string {
    return "Cannot send an ErrGroup to another thread: its functions are goroutines of this one";
  }

  /**
   * Makes a group with a context of its own.
   *
   * The context is a child of `parent`. It is cancelled when a function fails, with the error as its cause, and when
   * {@linkcode wait} returns, whichever comes first. That `parent` ends stops nobody who does not look: `wait` goes on waiting for the
   * functions.
   *
   * @param parent The context that it is derived from.
   * @param options See {@linkcode ErrGroupOptions}.
   * @returns The group and its context.
   * @throws {TypeError | RangeError} if one of them is something else
   */
  static withContext(parent: Context, options?: ErrGroupOptions): [ErrGroup, Context] {
    const group = new ErrGroup(options);
    [group.#context, group.#cancel] = withCancelCause(parent);
    return [group, group.#context];
  }

  /**
   * Runs `fn`, when there is a place for it.
   *
   * - **Blocking:** waits for a place if as many run as the limit allows and the queue is full. That the group's context is
   *   cancelled does not end this wait, as in Go: those who run end and make room. Pass `ctx.signal` if it is to end it.
   * - **Ordering:** those who wait start in the order of the calls.
   * - **Cancellation:** an aborted signal wins even if there is a place. The function is not run then, and `wait` does not wait for it.
   *   Once the promise is resolved the signal means nothing any more.
   *
   * The promise need not be awaited: `wait` waits for what still waits for a place, too. Nor is it an uncaught error if it is rejected then.
   *
   * @param fn What to run; never inside the call.
   * @param options `signal` cancels the wait for a place.
   * @returns A promise that is resolved when the function has a place, or one in the queue.
   * @throws {TypeError} at the call, if `fn` is no function
   * @throws `signal.reason` if aborted
   */
  go(fn: GroupFunction, options?: WaitOptions): Promise<void> {
    const routine = new Routine(checkFunction(fn), this.go);
    const signal = checkSignal(options);
    if (signal?.aborted) return unheeded(Promise.reject(signal.reason));
    this.#pending++;
    if (this.#running < this.#limit) {
      this.#start(routine);
      return isBudgetSpent() ? afterTurn(undefined) : Promise.resolve();
    }
    return unheeded(
      this.#line.send(routine, { signal }).catch((reason) => {
        this.#leave();
        throw reason;
      }),
    );
  }

  /**
   * Runs `fn` if that needs no waiting.
   *
   * @param fn What to run; never inside the call.
   * @returns whether it has a place, or one in the queue
   * @throws {TypeError} if `fn` is no function
   */
  tryGo(fn: GroupFunction): boolean {
    const routine = new Routine(checkFunction(fn), this.tryGo);
    if (this.#running < this.#limit) this.#start(routine);
    else if (!this.#line.trySend(routine)) return false;
    this.#pending++;
    return true;
  }

  /**
   * Sets how many functions run at once. Those who wait for a place start if there is one now.
   *
   * @param limit An integer: any number when it is negative (or `Infinity`), nobody when it is 0.
   * @throws {TypeError | RangeError} if `limit` is something else
   * @throws {LockMisuseError} "errgroup: modify limit while 1 goroutines in the group are still active"
   */
  setLimit(limit: number): void {
    const places = toLimit(limit);
    if (this.#running > 0) {
      throw new LockMisuseError(
        `errgroup: modify limit while ${this.#running} goroutines in the group are still active`,
      );
    }
    this.#limit = places;
    this.#fill();
  }

  /**
   * Waits until all functions have ended, and cancels the group's context.
   *
   * - **Blocking:** suspends this goroutine, never the thread.
   * - **Cancellation:** an aborted signal wins even if all have ended. It stops nobody, and the group's context is not cancelled.
   *
   * It ends when nobody was left at some moment since the call, even if more have been started meanwhile. It may be called by
   * several, and again.
   *
   * @param options `signal` cancels the wait.
   * @throws the first error since the group was made; with `errors: "all"` an `AggregateError` of all of them
   * @throws `signal.reason` if aborted
   */
  wait(options?: WaitOptions): Promise<void> {
    return this.#settle(checkSignal(options));
  }

  async #settle(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#pending > 0) await (this.#idle ??= new Channel<never>()).receive({ signal });
    const errors = this.#errors;
    this.#cancel?.(errors[0]);
    if (errors.length === 0) return;
    if (!this.#keepsAll) throw errors[0];
    throw new AggregateError(errors, `${errors.length} of the group's functions failed`);
  }

  /** Gives `routine` a place, which is free. */
  #start(routine: Routine<[ctx: Context]>): void {
    this.#running++;
    microtask(() => {
      routine.start([this.#context], () => this.#ended(), (error) => this.#failed(error));
    });
  }

  /** Gives free places to those who stand in line. */
  #fill(): void {
    while (this.#running < this.#limit) {
      const next = this.#line.tryReceive();
      if (next.state !== "ok") return;
      this.#start(next.value);
    }
  }

  #failed(error: unknown): void {
    if (this.#recover === undefined) return this.#keep(error);
    new Promise((resolve) => resolve(this.#recover!(error))).then(
      (instead) => instead === undefined ? this.#ended() : this.#keep(instead),
      (thrown) => this.#keep(thrown),
    );
  }

  #keep(error: unknown): void {
    const isFirst = this.#errors.length === 0;
    if (isFirst || this.#keepsAll) this.#errors.push(error);
    if (isFirst) this.#cancel?.(error);
    this.#ended();
  }

  #ended(): void {
    // Who stands in line may be ready for ever, one after the other: the event loop gets its turn before the next has the place.
    if (isBudgetSpent()) afterTurn(undefined).then(() => this.#makeRoom());
    else this.#makeRoom();
  }

  #makeRoom(): void {
    this.#running--;
    this.#fill();
    this.#leave();
  }

  /** One is pending no more. */
  #leave(): void {
    this.#pending--;
    if (this.#pending > 0) return;
    this.#idle?.close();
    this.#idle = undefined;
  }
}

/** How many places a limit stands for. */
function toLimit(limit: number): number {
  if (limit === Infinity) return limit;
  checkInteger("a limit", limit, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return limit < 0 ? Infinity : limit;
}

/** A promise whose rejection is no uncaught error, though nobody waits for it. */
function unheeded<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
