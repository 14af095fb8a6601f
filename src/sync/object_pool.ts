/**
 * Object pools.
 *
 * @module
 */
import { show } from "../internal/check.ts";
import { shared } from "../memory/handle.ts";

/** What is idle in a pool, in two generations: what has been idle since before the last collection, and the rest. */
class Shelf<T> {
  #fresh: T[] = [];
  #stale: T[] = [];
  #isWatched = false;

  take(): T | undefined {
    return this.#fresh.length > 0 ? this.#fresh.pop() : this.#stale.pop();
  }

  add(item: T): void {
    this.#fresh.push(item);
    if (!this.#isWatched) this.#watch();
  }

  /** The collector has run: what it found idle for the second time goes. */
  collected(): void {
    this.#isWatched = false;
    this.#stale = this.#fresh;
    this.#fresh = [];
    if (this.#stale.length > 0) this.#watch();
  }

  /** Sees to it that the next collection is noticed: it takes an object that nobody has. */
  #watch(): void {
    this.#isWatched = true;
    collections.register({}, new WeakRef<Shelf<unknown>>(this));
  }
}

const collections = new FinalizationRegistry<WeakRef<Shelf<unknown>>>((shelf) =>
  shelf.deref()?.collected()
);

/**
 * Keeps objects that are idle for whoever needs one next, so that fewer are made (Go: `sync.Pool`).
 *
 * The pool is for objects that are dear to make and all alike: what {@linkcode get} returns is any of them, or a new one. Whoever
 * has got it has it alone, until {@linkcode put}. Clean it before or after: the pool does not.
 *
 * As in Go an idle object is given up when the collector has run twice since it was put back, so that a pool that was large once
 * does not stay so. It is a cache, and no place to keep things: what limits a number of things is a {@linkcode Semaphore}.
 *
 * A pool is one thread's, as Go keeps one for each processor; sending it to another thread is an error. None of its operations waits.
 *
 * @example
 * ```ts
 * import { ObjectPool } from "@millrace/millrace";
 *
 * const buffers = new ObjectPool(() => new Uint8Array(65536));
 * const buffer = buffers.get();
 * buffer.fill(0);
 * buffers.put(buffer);
 * console.log(buffers.get() === buffer); // true
 * ```
 *
 * @typeParam T The objects; any values but `undefined`.
 * @see Go package sync, type Pool.
 */
export class ObjectPool<T> {
  readonly #create: (() => T) | undefined;
  readonly #shelf = new Shelf<T>();

  /**
   * Makes a pool with nothing in it.
   *
   * @param create Makes an object when there is none to get.
   * @throws {TypeError} if `create` is there and no function
   */
  constructor(create?: () => T) {
    if (create !== undefined && typeof create !== "function") {
      throw new TypeError(`Cannot create objects with ${show(create)}: expected a function`);
    }
    this.#create = create;
  }

  /** Why it does not go to another thread. */
  get [shared](): string {
    return "Cannot send an ObjectPool to another thread: each thread needs a pool of its own";
  }

  /**
   * Takes an object out of the pool: the one that was put back last, or a new one.
   *
   * @returns The object; `undefined` if there is none and the pool cannot create any.
   * @throws what `create` throws
   */
  get(): T {
    const item = this.#shelf.take();
    // Without `create` the type says what the caller has promised: that there is something.
    return item !== undefined || this.#create === undefined ? item as T : this.#create();
  }

  /**
   * Puts an object into the pool: one that was got there, or one more, to have it ready.
   *
   * @param item The object; whoever puts it must not use it any more. `undefined` is ignored, as nil is in Go.
   */
  put(item: T): void {
    if (item !== undefined) this.#shelf.add(item);
  }
}
