/**
 * Tasks that the tests run on threads.
 *
 * @module
 */
import {
  type AtomicBool,
  type AtomicI32,
  type Channel,
  type Mutex,
  Pool,
  type ReceiveChannel,
  type SendChannel,
  task,
} from "../../mod.ts";

/** Returns what it is given. */
export const echo = task(import.meta.url, "echo", (value: unknown): unknown => value);

/** Computes a Fibonacci number the slow way. */
export const fib = task(
  import.meta.url,
  "fib",
  (n: number): number => n < 2 ? n : fib(n - 1) + fib(n - 2),
);

/** Does nothing. */
export const noop = task(import.meta.url, "noop", (): void => {});

/** Fails with the given error. */
export const fail = task(import.meta.url, "fail", (error: unknown): never => {
  throw error;
});

/** Receives numbers until the channel ends, blocking, and returns their sum and count. */
export const sumSync = task(
  import.meta.url,
  "sumSync",
  (from: Channel<number>): { sum: number; count: number } => {
    let sum = 0;
    let count = 0;
    for (let value = from.receiveSync(); value !== undefined; value = from.receiveSync()) {
      sum += value;
      count++;
    }
    return { sum, count };
  },
);

/** Receives numbers until the channel ends, suspending, and returns their sum and count. */
export const sum = task(
  import.meta.url,
  "sum",
  async (from: Channel<number>): Promise<{ sum: number; count: number }> => {
    let sum = 0;
    let count = 0;
    for await (const value of from) {
      sum += value;
      count++;
    }
    return { sum, count };
  },
);

/** Sends `first` … `first + count - 1`, blocking. */
export const produceSync = task(
  import.meta.url,
  "produceSync",
  (to: Channel<number>, first: number, count: number): void => {
    for (let i = first; i < first + count; i++) to.sendSync(i);
  },
);

/** Sends `first` … `first + count - 1`, suspending. */
export const produce = task(
  import.meta.url,
  "produce",
  async (to: Channel<number>, first: number, count: number): Promise<void> => {
    for (let i = first; i < first + count; i++) await to.send(i);
  },
);

/** Fibonacci by forks. */
export const forkFib = task(import.meta.url, "forkFib", async (n: number): Promise<number> => {
  if (n < 12) return fib(n);
  const left = Pool.current!.go(forkFib, n - 1);
  const right = await forkFib(n - 2);
  return await left + right;
});

/** Never returns. */
export const spin = task(import.meta.url, "spin", (started: Channel<number>): never => {
  started.sendSync(1);
  for (;;);
});

/** Says that it has started, and counts until `end` is set. */
export const countUntil = task(
  import.meta.url,
  "countUntil",
  (started: Channel<number>, counter: AtomicI32, end: AtomicBool): void => {
    started.sendSync(1);
    while (!end.load()) counter.add(1);
  },
);

/** Keeps what it makes, until its thread has no memory left. */
export const exhaustHeap = task(import.meta.url, "exhaustHeap", (): never => {
  for (const kept: number[][] = [];;) kept.push(new Array(1000).fill(kept.length + 0.5));
});

/** Receives once, blocking, after it has said that it is about to. */
export const blockOn = task(
  import.meta.url,
  "blockOn",
  (started: Channel<number>, from: Channel<number>): number | undefined => {
    started.sendSync(1);
    return from.receiveSync();
  },
);

/** Ends its thread. */
export const die = task(import.meta.url, "die", (): void => {
  process.exit(3);
});

/** Resolves after a turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Sends `value`, suspending. */
export const sendOne = task(
  import.meta.url,
  "sendOne",
  (to: SendChannel<never>, value: unknown): Promise<void> => to.send(value as never),
);

/** Reports whether both arguments are one and the same there. */
export const isSame = task(
  import.meta.url,
  "isSame",
  (first: unknown, second: unknown): boolean => first === second,
);

/** What the thread knows of its pool. */
export const describePool = task(
  import.meta.url,
  "describePool",
  (): { threads: number | undefined; isSame: boolean } => {
    const pool = Pool.current;
    return { threads: pool?.threads, isSame: pool === Pool.current };
  },
);

/** Fails in a way that only shows on the thread: see the names. */
export const failAs = task(import.meta.url, "failAs", async (how: string): Promise<unknown> => {
  switch (how) {
    case "own class": {
      class OwnError extends RangeError {
        override name = "OwnError";
        detail = { n: 1, at: new Date(0) };
      }
      throw new OwnError("mine", { cause: new TypeError("deeper") });
    }
    case "aggregate":
      throw new AggregateError([new TypeError("one"), new RangeError("two"), 3], "several");
    case "function":
      return () => {};
    case "nested function":
      return { list: [1, { deep: () => {} }] };
    case "symbol":
      throw Symbol("sent by nobody");
    case "thrown function":
      throw () => {};
    case "object without text":
      throw Object.assign(Object.create(null), { method() {} });
    case "error with a getter that throws":
      throw Object.defineProperty(new Error("hidden"), "message", {
        get() {
          throw new RangeError("no message");
        },
      });
    case "result with a then that throws":
      return {
        get then(): never {
          throw new RangeError("no then");
        },
      };
    case "late":
      await turn();
      throw new RangeError("late");
    default:
      throw new Error(`no such way to fail: ${how}`);
  }
});

/** Forks a failing task, joins it, and reports what class it failed with. */
export const joinFailure = task(
  import.meta.url,
  "joinFailure",
  async (error: unknown): Promise<string> => {
    try {
      await Pool.current!.go(fail, error);
    } catch (failure) {
      return `${(failure as Error).name}: ${(failure as Error).message}`;
    }
    return "did not fail";
  },
);

/** Forks a task and cancels it before anybody can run it; reports what came of it. */
export const forkAndCancel = task(
  import.meta.url,
  "forkAndCancel",
  async (ran: Channel<number>): Promise<string> => {
    const fork = Pool.current!.go(sendOne, ran, 1);
    const isCancelled = fork.cancel();
    try {
      await fork;
      return `${isCancelled}, ran`;
    } catch (error) {
      return `${isCancelled}, ${(error as Error).name}`;
    }
  },
);

/** Forks `count` tasks that each send their number, and does not join them. */
export const forkSenders = task(
  import.meta.url,
  "forkSenders",
  (ran: Channel<number>, count: number): void => {
    for (let i = 0; i < count; i++) Pool.current!.go(sendOne, ran, i);
  },
);

/** Forks a chain of tasks, each joined by the one before, and returns its length. */
export const chain = task(
  import.meta.url,
  "chain",
  async (depth: number): Promise<number> =>
    depth === 0 ? 0 : 1 + await Pool.current!.go(chain, depth - 1),
);

/** Tries to close and to terminate the pool that it runs on, and reports the names of the errors. */
export const closeOwnPool = task(import.meta.url, "closeOwnPool", (): Promise<string[]> => {
  const pool = Pool.current!;
  const name = (error: Error): string => error.name;
  return Promise.all([pool.close(), pool.terminate()].map((end) => end.then(() => "ended", name)));
});

/** Computes, without a look at anything else, until the channel ends. */
export const compute = task(
  import.meta.url,
  "compute",
  (started: Channel<number>, end: Channel<number>): number => {
    started.sendSync(1);
    let rounds = 0;
    while (end.tryReceive().state !== "closed") rounds++;
    return rounds;
  },
);

/** Leaves timers behind that fork tasks one after the other, as long as that is possible. */
export const submitLater = task(import.meta.url, "submitLater", (times: number): void => {
  const pool = Pool.current!;
  const submit = (left: number): void => {
    try {
      pool.go(noop).join().catch(() => {});
    } catch {
      // The pool has been closed.
      return;
    }
    if (left > 0) setTimeout(submit, 0, left - 1);
  };
  setTimeout(submit, 0, times);
});

/** Resolves when the channel ends; meanwhile it is a suspended goroutine. */
export const suspend = task(
  import.meta.url,
  "suspend",
  async (started: Channel<number>, until: ReceiveChannel<unknown>): Promise<string> => {
    started.sendSync(1);
    await until.receive();
    return "resumed";
  },
);

/** Ends its thread a while after its goroutine has suspended. */
export const dieSuspended = task(import.meta.url, "dieSuspended", async (): Promise<void> => {
  await turn();
  process.exit(3);
});

/** Throws where nobody catches it, while its goroutine is suspended. */
export const throwUncaught = task(
  import.meta.url,
  "throwUncaught",
  (message: string): Promise<never> => {
    setTimeout(() => {
      throw new RangeError(message);
    }, 0);
    return new Promise(() => {});
  },
);

/** Sends `value` after a while, in which nothing but a timer of this thread is pending. */
export const sendLater = task(
  import.meta.url,
  "sendLater",
  async (to: SendChannel<never>, value: unknown): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    await to.send(value as never);
  },
);

/** Forks a task that sends `value` later, or fails with it where there is no channel, and does not join it. */
export const forkAndLeave = task(
  import.meta.url,
  "forkAndLeave",
  (to: SendChannel<never> | null, value: string): void => {
    if (to === null) Pool.current!.go(fail, new RangeError(value));
    else Pool.current!.go(sendLater, to, value);
  },
);

/** Leaves a timer behind that throws where nobody catches it. */
export const leaveThrower = task(import.meta.url, "leaveThrower", (message: string): void => {
  setTimeout(() => {
    throw new RangeError(message);
  }, 0);
});

/** Leaves goroutines behind that wait for a value of `from`, and later others that fork. */
export const leaveWaiters = task(
  import.meta.url,
  "leaveWaiters",
  (from: Channel<number>): void => {
    const pool = Pool.current!;
    setTimeout(() => {
      from.receive().catch(() => {});
      try {
        pool.go(noop).join().catch(() => {});
      } catch {
        // The pool has been closed.
      }
    }, 0);
  },
);

/** Forks `count` senders and ends its thread while they lie in its deque. */
export const forkAndDie = task(
  import.meta.url,
  "forkAndDie",
  (ran: Channel<number>, count: number): void => {
    for (let i = 0; i < count; i++) Pool.current!.go(sendOne, ran, i);
    process.exit(3);
  },
);

/** Ends its thread, or sends its number. */
export const mayDie = task(
  import.meta.url,
  "mayDie",
  (ran: Channel<number>, number: number, isKiller: boolean): void => {
    if (isKiller) process.exit(3);
    ran.sendSync(number);
  },
);

/** Says that it is about to, and throws where nobody catches it while its goroutine is suspended. */
export const reportAndThrow = task(
  import.meta.url,
  "reportAndThrow",
  (started: Channel<number>): Promise<never> => {
    started.sendSync(1);
    return throwUncaught("boom");
  },
);

/** Forks one task after the other that ends its thread, on another one than this, and names what each failed with. */
export const joinCrashes = task(
  import.meta.url,
  "joinCrashes",
  async (started: Channel<number>, count: number): Promise<string[]> => {
    const names: string[] = [];
    for (let i = 0; i < count; i++) {
      const fork = Pool.current!.go(reportAndThrow, started);
      // Blocked, this thread leaves the fork to another.
      started.receiveSync();
      names.push(await fork.then(() => "ended", (error) => (error as Error).name));
    }
    return names;
  },
);

/** Says that it is about to, holds its thread without a look at its inbox until `end` ends, and then ends it. */
function holdAndDie(started: Channel<number>, end: Channel<number>): never {
  started.sendSync(1);
  while (end.tryReceive().state !== "closed");
  process.exit(3);
}

/** Ends its thread with a handle. */
export const keepAndDie = task(
  import.meta.url,
  "keepAndDie",
  (started: Channel<number>, _kept: Channel<number>, end: Channel<number>): never =>
    holdAndDie(started, end),
);

/** Ends its thread while a goroutine of it waits to receive. */
export const waitAndDie = task(
  import.meta.url,
  "waitAndDie",
  (started: Channel<number>, from: Channel<number>, end: Channel<number>): never => {
    from.receive();
    holdAndDie(started, end);
  },
);

/** Ends its thread while a goroutine of it waits to send. */
export const sendAndDie = task(
  import.meta.url,
  "sendAndDie",
  (started: Channel<number>, to: Channel<number>, end: Channel<number>): never => {
    to.send(1);
    holdAndDie(started, end);
  },
);

/** Ends its thread while a goroutine of it waits for a lock. */
export const lockAndDie = task(
  import.meta.url,
  "lockAndDie",
  (started: Channel<number>, mutex: Mutex, end: Channel<number>): never => {
    mutex.lock();
    holdAndDie(started, end);
  },
);
