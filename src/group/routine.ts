/**
 * Functions that groups run as goroutines of this thread.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { appendCreation, nextNumber, type Trace, traceCreation } from "../internal/creation.ts";
import { promiseOf } from "../pool/go.ts";

/** One function that a group was given, and where: it may start much later than that. */
export class Routine<A extends readonly unknown[]> {
  /** Its number; those of a thread count up. */
  readonly id: number = nextNumber();
  readonly #fn: (...args: A) => unknown;
  readonly #trace: Trace | undefined;

  /**
   * @param fn What to run; it may be asynchronous.
   * @param above The public function that was called.
   */
  constructor(fn: (...args: A) => unknown, above: unknown) {
    this.#fn = fn;
    this.#trace = traceCreation(this.id, above);
  }

  /**
   * Calls the function, and tells once how it has ended: within the call, if it is not asynchronous.
   *
   * @param failed Gets the error, whose stack now says which goroutine failed and who created it.
   */
  start(args: A, ended: () => void, failed: (error: unknown) => void): void {
    const fn = this.#fn;
    const fail = (error: unknown): void => {
      appendCreation(error, fn.name, this.id, this.#trace);
      failed(error);
    };
    let promise;
    try {
      promise = promiseOf(fn(...args));
    } catch (error) {
      return fail(error);
    }
    if (promise === undefined) ended();
    else promise.then(ended, fail);
  }
}

/**
 * Returns `fn` if it is a function.
 *
 * @throws {TypeError} if it is something else
 */
export function checkFunction<F>(fn: F): F {
  if (typeof fn === "function") return fn;
  throw new TypeError(`Cannot run ${show(fn)}: expected a function`);
}
