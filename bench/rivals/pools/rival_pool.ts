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
