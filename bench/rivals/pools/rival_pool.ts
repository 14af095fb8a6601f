/** What is asked of another library's pool: the same two calls on two threads, however it is told. */
export interface RivalPool {
  /** The library. */
  readonly name: string;
  /** Calls `one()` of `work.ts`, or what comes to the same, on a thread. */
  one(): PromiseLike<number>;
  /** Calls `fib(n)` there. */
  fib(n: number): PromiseLike<number>;
  /** Ends the threads. */
  stop(): unknown;
}

/** How many threads each pool has. */
export const THREADS = 2;

/** Returns where the module `name` of this folder is, in the sources or in `dist/`. */
export function moduleUrl(name: string): URL {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  return new URL(name + extension, import.meta.url);
}
