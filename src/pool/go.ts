/**
 * `go`: goroutines of this thread.
 *
 * @module
 */
import { CanceledError } from "../errors.ts";
import { show } from "../internal/check.ts";
import { Goroutine } from "./goroutine.ts";

class LocalGoroutine<T> extends Goroutine<Awaited<T>> {
  #run: (() => T) | undefined;

  constructor(name: string, above: unknown, run: () => T) {
    super(name, above);
    this.#run = run;
    queueMicrotask(this.#start);
  }

  readonly #start = (): void => {
    const run = this.#run;
    // Cancelled.
    if (run === undefined) return;
    this.#run = undefined;
    let result;
    try {
      result = run();
    } catch (error) {
      return this.fail(error);
    }
    if (isThenable(result)) {
      result.then((value) => this.fulfil(value as Awaited<T>), (reason) => this.fail(reason));
    } else {
      this.fulfil(result as Awaited<T>);
    }
  };

  override cancel(): boolean {
    if (this.#run === undefined) return false;
    this.#run = undefined;
    this.calledOff(new CanceledError(`goroutine ${this.id} was cancelled before it started`));
    return true;
  }
}

/** Reports whether `value` is a promise, or works like one. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
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
  return new LocalGoroutine(fn.name, go, args.length === 0 ? fn as () => T : () => fn(...args));
}

/** Starts `run` as a goroutine of this thread under the name of another function. */
export function startHere<T>(
  name: string,
  above: unknown,
  run: () => Promise<T>,
): Goroutine<Awaited<T>> {
  return new LocalGoroutine(name, above, run) as Goroutine<Awaited<T>>;
}
