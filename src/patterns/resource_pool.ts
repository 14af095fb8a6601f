/**
 * `ResourcePool`: things that are dear to make, used again.
 *
 * @module
 */
import { PoolClosedError } from "../errors.ts";
import { checkFunction } from "../group/routine.ts";
import { unlessAborted } from "../internal/abort.ts";
import { checkInteger, checkSignal, show } from "../internal/check.ts";
import type { WaitOptions } from "../select/types.ts";

/** What a {@linkcode ResourcePool} keeps: it has `close()`, or it can be disposed of. */
export type Resource = { close(): unknown } | Disposable | AsyncDisposable;

/**
 * Keeps resources (connections, say) for those who need one for a while.
 *
 * It makes as many as are needed at once, and keeps up to `size` of those that are free; the longest free is used first.
 *
 * @example
 * ```ts
 * import { ResourcePool } from "@millrace/millrace/patterns";
 *
 * let made = 0;
 * await using pool = new ResourcePool(() => ({ id: ++made, close() {} }), 2);
 * const first = await pool.acquire();
 * await pool.release(first);
 * console.log((await pool.acquire()).id, made); // 1 1
 * ```
 *
 * @typeParam T The resources.
 */
export class ResourcePool<T extends Resource> implements AsyncDisposable {
  readonly #create: () => T | PromiseLike<T>;
  readonly #size: number;
  /** Those that nobody uses, the longest free first. */
  readonly #free = new Set<T>();
  #closed: Promise<void> | undefined = undefined;

  /**
   * Makes a pool that has no resource yet.
   *
   * @param create Makes one.
   * @param size How many free ones are kept: an integer ≥ 1.
   * @throws {TypeError | RangeError} if they are something else
   */
  constructor(create: () => T | PromiseLike<T>, size: number) {
    this.#create = checkFunction(create);
    this.#size = checkInteger("a size", size, 1, Number.MAX_SAFE_INTEGER);
  }

  /**
   * Gives a free resource, or makes one: it never waits for one to become free.
   *
   * - **Cancellation:** an aborted signal wins; what is made in spite of it is kept, or closed.
   *
   * @param options `signal` ends the wait for `create`.
   * @throws {PoolClosedError} if the pool was closed, or is before the resource is made
   * @throws {TypeError} if what `create` makes has neither `close()` nor a dispose method
   * @throws what `create` throws; `signal.reason` if aborted
   */
  acquire(options?: WaitOptions): Promise<T> {
    const signal = checkSignal(options);
    if (signal?.aborted) return Promise.reject(signal.reason);
    for (const resource of this.#free) {
      this.#free.delete(resource);
      return Promise.resolve(resource);
    }
    const making = this.#make();
    if (signal === undefined) return making;
    return unlessAborted(making, signal).catch((reason) => {
      // What comes too late is nobody's. If none comes, or it cannot be closed, the reason is the news.
      making.then((resource) => this.release(resource)).catch(() => {});
      throw reason;
    });
  }

  async #make(): Promise<T> {
    this.#checkOpen();
    const resource = await this.#create();
    if (closerOf(resource) === undefined) {
      throw new TypeError(
        `Cannot keep ${
          show(resource)
        } as a resource: expected one with close() or a dispose method`,
      );
    }
    if (this.#closed !== undefined) {
      await close(resource);
      this.#checkOpen();
    }
    return resource;
  }

  /**
   * Gives a resource back: it is kept, or closed when enough are, or the pool is closed.
   *
   * @param resource Nobody uses it any more. It need not have come from here.
   * @throws {TypeError} at the call, if it is free already, or no resource
   * @throws what closing it throws
   */
  release(resource: T): Promise<void> {
    if (closerOf(resource) === undefined) {
      throw new TypeError(`Cannot release ${show(resource)}: expected a resource`);
    }
    if (this.#free.has(resource)) {
      throw new TypeError("Cannot release a resource that is free already");
    }
    if (this.#closed !== undefined || this.#free.size >= this.#size) return close(resource);
    this.#free.add(resource);
    return Promise.resolve();
  }

  /**
   * Closes the pool and all that are free. Those in use are closed when they are released. Calling it again waits for the same end.
   *
   * @throws {AggregateError} of what closing them throws; all have been closed by then, as far as they can be
   */
  close(): Promise<void> {
    return this.#closed ??= this.#closeFree();
  }

  async #closeFree(): Promise<void> {
    const free = [...this.#free];
    this.#free.clear();
    // Closing one runs the caller's code, which may release another: the pool has to count as closed by then.
    await undefined;
    const ends = await Promise.allSettled(free.map(close));
    const errors = ends.flatMap((end) => end.status === "rejected" ? [end.reason] : []);
    if (errors.length > 0) throw new AggregateError(errors, "Cannot close all resources");
  }

  #checkOpen(): void {
    if (this.#closed === undefined) return;
    throw new PoolClosedError("Cannot acquire a resource: the pool is closed");
  }

  /** Closes it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** Closes a resource in the first way that it has. */
async function close(resource: Resource): Promise<void> {
  await closerOf(resource)!.call(resource);
}

function closerOf(resource: unknown): (() => unknown) | undefined {
  const {
    close,
    [Symbol.asyncDispose]: asyncDispose,
    [Symbol.dispose]: dispose,
  } = Object(resource) as Partial<Record<string | symbol, unknown>>;
  for (const each of [close, asyncDispose, dispose]) {
    if (typeof each === "function") return each as () => unknown;
  }
  return undefined;
}
