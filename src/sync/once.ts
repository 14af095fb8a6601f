/**
 * Things that are done once.
 *
 * @module
 */
import { AgentCannotBlockError, LockMisuseError } from "../errors.ts";
import { show } from "../internal/check.ts";
import { afterTurn, isBudgetSpent } from "../internal/macrotask.ts";
import { KIND_ONCE, registerKind, shared } from "../memory/handle.ts";
import { type HandleElement, handlesOf } from "../memory/handle_type.ts";
import { type Addressee, agent } from "../park/agent.ts";
import { waitFor } from "../select/direct.ts";
import { Operation } from "../select/operation.ts";
import { LockCase, LockObject } from "./lock_object.ts";

/**
 * Stands for a function that is under way, so that a thread that ends meanwhile counts as one that died, even if it ends in
 * order: others wait for it.
 */
const underWay: Addressee = {
  arrived(): void {},
  recheck(): void {},
};

/** A once in shared memory, as this thread uses it. */
class SharedOnce extends LockObject {
  /** Reports whether its function is being called right now, further up the stack. */
  isCalling = false;
  /** Number of {@linkcode underWay} while the function runs here. */
  #id = 0;

  constructor(ptr: number) {
    super(ptr, "once");
  }

  static create(): SharedOnce {
    return new SharedOnce(LockObject.allocate(KIND_ONCE, "once"));
  }

  get isDone(): boolean {
    return this.core.fn.onceIsDone(this.ptr) !== 0;
  }

  /** Reports whether a goroutine of this thread is at it. */
  get isHere(): boolean {
    return this.core.fn.onceIsBy(this.ptr, this.core.agent) !== 0;
  }

  /** Reports whether the caller is the first, and is to call {@linkcode finished}. */
  tryBegin(): boolean {
    const c = this.core;
    if (c.fn.onceBegin(this.ptr, c.agent) === 0) return false;
    this.begin();
    this.#id = agent().enroll(underWay);
    return true;
  }

  /** Calls the function. */
  call(fn: () => unknown): unknown {
    this.isCalling = true;
    try {
      return fn();
    } finally {
      this.isCalling = false;
    }
  }

  /** The function has ended, by whatever way. */
  finished(): void {
    const c = this.core;
    agent().dismiss(this.#id);
    this.deliver(c.fn.onceFinish(this.ptr, c.agent));
    this.finish();
  }

  /** Throws if the function calls for itself, which in Go waits for itself. */
  checkCaller(): void {
    if (!this.isCalling) return;
    throw new LockMisuseError(
      "sync: Once.do called by its own function, which would wait for itself",
    );
  }
}

/** A goroutine that waits until it is done. */
class OnceCase extends LockCase<SharedOnce> {
  poll(): boolean {
    return this.object.isDone;
  }

  isReady(): boolean {
    return this.object.isDone;
  }
}

/**
 * Does something exactly once, whoever asks for it first (Go: `sync.Once`).
 *
 * What counts are the calls, not the functions: after the first call, a call with another function does nothing, too. Every call ends
 * after the first one's function has ended, so what that has made is there.
 *
 * A function that fails counts as done: the first caller gets the error, and everybody else goes on, as in Go after a panic. So
 * does a function whose thread died.
 *
 * It lives in shared memory: passed to another thread, as an argument of a task or through a typed channel, it is the same
 * once there.
 *
 * @example
 * ```ts
 * import { Once } from "@millrace/millrace";
 *
 * const once = new Once();
 * let config = "";
 * async function load(): Promise<void> {
 *   config += await Promise.resolve("loaded");
 * }
 * await Promise.all([once.do(load), once.do(load), once.do(load)]);
 * console.log(config); // loaded
 * ```
 *
 * @see Go package sync, type Once.
 */
export class Once implements Disposable {
  readonly #once: SharedOnce;

  /**
   * Makes a once whose function has not been called.
   *
   * @throws {SharedMemoryExhaustedError} if shared memory has no room for it
   */
  constructor();
  constructor(existing?: SharedOnce) {
    this.#once = existing instanceof SharedOnce ? existing : SharedOnce.create();
    this.#once.attach(this);
  }

  /** What goes to another thread in this once's place. */
  get [shared](): number {
    this.#once.check();
    return this.#once.ptr;
  }

  /**
   * Calls `fn` and waits until it has ended, if this is the first call of all; otherwise waits until the first one's function has
   * ended.
   *
   * - **Blocking:** suspends this goroutine, never the thread; {@linkcode doSync} blocks.
   * - **Ordering:** the end of the function synchronizes before the end of every call.
   * - **Cost:** no waiter once it is done.
   *
   * The function is called within the first call. If it calls for itself it would wait for itself: that is an error as long as it has not
   * suspended; later nobody can tell it from another goroutine, and it waits for ever, as in Go.
   *
   * @param fn What to do; it may be asynchronous.
   * @throws {TypeError} at the call, if `fn` is no function
   * @throws {LockMisuseError} at the call, if it is `fn` that calls
   * @throws what `fn` fails with, in the first call alone
   */
  do(fn: () => unknown): Promise<void> {
    const once = this.#checked(fn);
    if (once.isDone) return isBudgetSpent() ? afterTurn(undefined) : Promise.resolve();
    if (once.tryBegin()) return run(once, fn);
    once.checkCaller();
    return waitFor(new OnceCase(once), toNothing, undefined);
  }

  /**
   * Calls `fn`, if this is the first call of all; otherwise blocks the thread until the first one's function has ended.
   *
   * @param fn What to do. It must not be asynchronous: use {@linkcode do} for that.
   * @throws {TypeError} if `fn` is no function, or has returned a promise, which nobody waits for; it counts as done then
   * @throws {LockMisuseError} if it is `fn` that calls
   * @throws {AgentCannotBlockError} if it would have to wait and the thread may not block, or the function is under way in another
   * goroutine of this thread, which could not go on
   * @throws what `fn` fails with, in the first call alone
   */
  doSync(fn: () => unknown): void {
    const once = this.#checked(fn);
    if (once.isDone) return;
    if (!once.tryBegin()) {
      once.checkCaller();
      if (once.isHere) {
        throw new AgentCannotBlockError(
          "Cannot block this thread: the function is under way in one of its own goroutines, which cannot run meanwhile",
        );
      }
      return Operation.block([new OnceCase(once)], toNothing);
    }
    let result;
    try {
      result = once.call(fn);
    } finally {
      once.finished();
    }
    if (!(result instanceof Promise)) return;
    throw new TypeError("Cannot wait for a promise in doSync: use do for an asynchronous function");
  }

  #checked(fn: unknown): SharedOnce {
    checkFunction(fn);
    this.#once.check();
    return this.#once;
  }

  /**
   * Gives up this thread's handle; when the last handle anywhere has gone, the memory is returned. Who waits here goes on
   * waiting, and a function that is under way here lets others go on when it ends. Disposing twice is harmless.
   */
  [Symbol.dispose](): void {
    this.#once.dispose();
  }
}

async function run(once: SharedOnce, fn: () => unknown): Promise<void> {
  try {
    await once.call(fn);
  } finally {
    once.finished();
  }
}

function checkFunction(fn: unknown): void {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot do ${show(fn)}: expected a function`);
  }
}

function toNothing(): void {}

const Revived = Once as unknown as new (existing: SharedOnce) => Once;

registerKind(KIND_ONCE, {
  revive: (ptr) => new Revived(new SharedOnce(ptr)),
  abandon: LockObject.abandon,
});

/** The element type of onces: for a channel that carries them, or a field of a struct. See {@linkcode mutexOf}. */
export const onceOf: HandleElement<Once> = handlesOf("onceOf", KIND_ONCE, "a Once");

/**
 * Makes a function that calls `fn` the first time it is called, and never again (Go: `sync.OnceFunc`). For this thread; between
 * threads use {@linkcode Once}.
 *
 * Every call returns what the first one did: of an asynchronous function the same promise. If `fn` throws, every call throws the same
 * error.
 *
 * @example
 * ```ts
 * import { onceFunc } from "@millrace/millrace";
 *
 * const greet = onceFunc(() => console.log("hello"));
 * greet(); // hello
 * greet();
 * ```
 *
 * @param fn What to call.
 * @returns The function. Called by `fn` itself it throws a {@linkcode LockMisuseError}.
 * @throws {TypeError} if `fn` is no function
 */
export function onceFunc(fn: () => unknown): () => unknown {
  return onceValue(fn);
}

/**
 * Makes a function that returns what `fn` returns, and calls it only the first time (Go: `sync.OnceValue`). For this thread; between
 * threads use {@linkcode Once}.
 *
 * If `fn` throws, every call throws the same error. Of an asynchronous function every call returns the same promise.
 *
 * @example
 * ```ts
 * import { onceValue } from "@millrace/millrace";
 *
 * let calls = 0;
 * const answer = onceValue(() => {
 *   calls++;
 *   return 42;
 * });
 * console.log(answer(), answer(), calls); // 42 42 1
 * ```
 *
 * @typeParam T What it returns.
 * @param fn What to call.
 * @returns The function. Called by `fn` itself it throws a {@linkcode LockMisuseError}.
 * @throws {TypeError} if `fn` is no function
 */
export function onceValue<T>(fn: () => T): () => T {
  checkFunction(fn);
  let pending: (() => T) | undefined = fn;
  let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
  return () => {
    if (outcome === undefined) {
      if (pending === undefined) {
        throw new LockMisuseError(
          "sync: onceFunc called by its own function, which would wait for itself",
        );
      }
      const call = pending;
      // Called once, it is kept no longer than that.
      pending = undefined;
      try {
        outcome = { value: call() };
      } catch (error) {
        outcome = { error };
      }
    }
    if ("value" in outcome) return outcome.value;
    throw outcome.error;
  };
}
