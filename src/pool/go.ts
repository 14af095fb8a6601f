/**
 * `go`: goroutines of this thread.
 *
 * @module
 */
import { AgentCannotBlockError, CanceledError } from "../errors.ts";
import { show } from "../internal/check.ts";
import { quickMicrotask } from "../internal/macrotask.ts";
import { Goroutine, SUSPENDED_HERE } from "./goroutine.ts";

/** Goroutines that have been created and not started, the first and the last in a list. One microtask starts them all. */
let first: Startable | undefined;
let last: Startable | undefined;

interface Startable {
  next: Startable | undefined;
  start(): void;
}

function startReady(): void {
  let goroutine = first;
  // Those that these create start in a microtask of their own, after what was queued before them.
  first = last = undefined;
  while (goroutine !== undefined) {
    const { next } = goroutine;
    goroutine.next = undefined;
    goroutine.start();
    goroutine = next;
  }
}

function startLater(goroutine: Startable): void {
  if (last === undefined) {
    first = goroutine;
    quickMicrotask(startReady);
  } else {
    last.next = goroutine;
  }
  last = goroutine;
}

class LocalGoroutine<T> extends Goroutine<Awaited<T>> implements Startable {
  next: Startable | undefined = undefined;
  readonly #fn: { readonly name: string };
  #run: (() => T) | undefined;

  /** @param fn What it is called after. */
  constructor(fn: { readonly name: string }, above: unknown, run: () => T) {
    super(above);
    this.#fn = fn;
    this.#run = run;
    startLater(this);
  }

  override get name(): string {
    return this.#fn.name;
  }

  protected override block(): void {
    this.start();
    if (this.isOver) return;
    throw new AgentCannotBlockError(SUSPENDED_HERE);
  }

  start(): void {
    const run = this.#run;
    // Cancelled, or started by who blocks for it.
    if (run === undefined) return;
    this.#run = undefined;
    let result;
    try {
      result = run();
    } catch (error) {
      return this.fail(error);
    }
    const promise = promiseOf(result);
    if (promise === undefined) return this.fulfil(result as Awaited<T>);
    promise.then(this.fulfil.bind(this) as never, this.fail.bind(this));
  }

  override cancel(): boolean {
    if (this.#run === undefined) return false;
    this.#run = undefined;
    this.calledOff(new CanceledError(`goroutine ${this.id} was cancelled before it started`));
    return true;
  }
}

/** The promise that `value` is or stands for; `undefined` when it is a plain value. */
export function promiseOf(value: unknown): Promise<unknown> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  try {
    const isThenable = value instanceof Promise ||
      typeof (value as { then?: unknown }).then === "function";
    // A promise is itself. Somebody else's `then` may throw, or call back twice, which a promise hears once.
    return isThenable ? Promise.resolve(value) : undefined;
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * Starts `fn(...args)` as a goroutine of this thread (Go: `go f(x)`). For another thread use {@linkcode Pool.go}.
 *
 * Returns at once; the function starts after the caller yields, never inside the call. The arguments are evaluated by
 * the caller.
 *
 * @example
 * ```ts
 * import { go } from "@millrace/millrace";
 *
 * const sum = go((a: number, b: number) => a + b, 1, 2);
 * console.log(await sum); // 3
 * ```
 *
 * @param fn What to run; it may be asynchronous.
 * @param args What to call it with.
 * @returns The goroutine, which may be awaited; a failure that nobody joins is an uncaught error.
 * @throws {TypeError} if `fn` is no function
 * @see Go spec, "Go statements".
 */
export function go<A extends readonly unknown[], T>(
  fn: (...args: A) => T,
  ...args: A
): Goroutine<Awaited<T>> {
  if (typeof fn !== "function") throw new TypeError(`Cannot go ${show(fn)}: expected a function`);
  return new LocalGoroutine(fn, go, args.length === 0 ? fn as () => T : () => fn(...args));
}
