/**
 * Tasks for the tests of a pool's order, bounds and size, and of blocking joins.
 *
 * @module
 */
import { type AtomicBool, type Channel, type Mutex, Pool, task } from "../../mod.ts";
import { blockOn, echo } from "./tasks.ts";
import { record } from "./tasks_pool.ts";

/** Sends its number; weighs so much. */
export const weighed = task(
  import.meta.url,
  "weighed",
  (ran: Channel<number>, n: number, _weight: unknown): void => ran.sendSync(n),
  { weight: (_ran, _n, weight) => weight as number },
);

/** Weighs what cannot be told. */
export const weighedInVain = task(
  import.meta.url,
  "weighedInVain",
  (_message: string): void => {},
  {
    weight: (message): never => {
      throw new Error(message);
    },
  },
);

/** Forks tasks of these numbers, which are their weights as well. */
export const forkWeighed = task(
  import.meta.url,
  "forkWeighed",
  (ran: Channel<number>, numbers: readonly number[]): void => {
    for (const n of numbers) Pool.current!.go(weighed, ran, n, n);
  },
  { weight: () => 1000 },
);

/** Computes a Fibonacci number by forks that are joined in the blocking form. */
export const fibSync = task(import.meta.url, "fibSync", (n: number): number => {
  if (n < 2) return n;
  const left = Pool.current!.go(fibSync, n - 1);
  return fibSync(n - 2) + left.joinSync();
});

/** Joins, blocking, a fork of the task that fails, and returns what it failed with. */
export const joinFailureSync = task(
  import.meta.url,
  "joinFailureSync",
  (message: string): unknown => {
    const failing = Pool.current!.go(failWith, message);
    try {
      return failing.joinSync();
    } catch (error) {
      return error;
    }
  },
);

/** Fails. */
export const failWith = task(import.meta.url, "failWith", (message: string): never => {
  throw new RangeError(message);
});

/** Is asynchronous. */
export const later = task(import.meta.url, "later", async (n: number): Promise<number> => {
  await new Promise((resolve) => setTimeout(resolve, 0));
  return n;
});

/** Returns a promise, which does not show beforehand. */
export const promise = task(import.meta.url, "promise", (n: number): Promise<number> => later(n));

/** Joins forks that suspend, in the blocking form, then as it should; returns what came of each. */
export const joinLater = task(
  import.meta.url,
  "joinLater",
  async (): Promise<unknown[]> => {
    const ends: unknown[] = [];
    for (const fork of [later, promise]) {
      const goroutine = Pool.current!.go(fork, 7);
      try {
        ends.push(goroutine.joinSync());
      } catch (error) {
        ends.push(error);
      }
      ends.push(await goroutine);
    }
    return ends;
  },
);

/**
 * Forks a task and joins it in the blocking form once another thread has started it. That one forks four more and waits for them, so
 * that nobody but the joining thread can run them.
 */
export const joinStolen = task(
  import.meta.url,
  "joinStolen",
  (started: Channel<number>, ran: Channel<number>): number => {
    const stolen = Pool.current!.go(forkAndWait, started, ran);
    started.receiveSync();
    return stolen.joinSync();
  },
);

/** See {@linkcode joinStolen}. */
export const forkAndWait = task(
  import.meta.url,
  "forkAndWait",
  (started: Channel<number>, ran: Channel<number>): number => {
    for (let n = 1; n <= 4; n++) Pool.current!.go(record, ran, n);
    started.sendSync(0);
    let sum = 0;
    for (let i = 0; i < 4; i++) sum += ran.receiveSync()!;
    return sum;
  },
);

/** Forks a task that blocks, and joins that in the blocking form. */
export const joinBlocked = task(
  import.meta.url,
  "joinBlocked",
  (started: Channel<number>, until: Channel<number>): string => {
    const blocked = Pool.current!.go(blockOn, started, until);
    // Taken by this thread, or by another: it blocks all the same.
    try {
      blocked.joinSync();
      return "joined";
    } catch (error) {
      return (error as Error).name;
    }
  },
);

/** Receives the word to go; joins a fork, in the blocking form; opens the gate and blocks once more. */
export const joinAndBlock = task(
  import.meta.url,
  "joinAndBlock",
  (
    started: Channel<number>,
    word: Channel<number>,
    gate: Channel<number>,
    until: Channel<number>,
  ): number => {
    started.sendSync(1);
    word.receiveSync();
    const joined = Pool.current!.go(echo, 1).joinSync() as number;
    gate.sendSync(joined);
    return joined + until.receiveSync()!;
  },
);

/** Suspends until there is a value, by waiting for it or by looking now and then; then blocks its thread until the gate is opened. */
export const suspendThenBlock = task(
  import.meta.url,
  "suspendThenBlock",
  async (
    started: Channel<number>,
    until: Channel<number>,
    looks: boolean,
    gate: Channel<number>,
  ): Promise<number | undefined> => {
    started.sendSync(1);
    if (!looks) await until.receive();
    else {
      while (until.size === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    started.sendSync(2);
    return gate.receiveSync();
  },
);

/** Forks tasks that record their numbers, says so, and suspends until the channel is closed. */
export const forkAndSuspend = task(
  import.meta.url,
  "forkAndSuspend",
  async (
    ran: Channel<number>,
    count: number,
    started: Channel<number>,
    until: Channel<number>,
  ): Promise<void> => {
    for (let n = 0; n < count; n++) Pool.current!.go(record, ran, n);
    started.sendSync(1);
    await until.receive();
  },
);

/** Leaves a timer behind that never ends by itself. */
export const leaveInterval = task(import.meta.url, "leaveInterval", (): void => {
  setInterval(() => {}, 1000);
});

/** Resizes its own pool; returns why it could not. */
export const resizeOwnPool = task(import.meta.url, "resizeOwnPool", (): unknown => {
  try {
    return Pool.current!.resize(2);
  } catch (error) {
    return error;
  }
});

/** Says that it has started, blocks until the channel ends, and gives both up: a thread's collector would do so at some time or other. */
export const hold = task(
  import.meta.url,
  "hold",
  (started: Channel<number>, until: Channel<number>): void => {
    started.sendSync(1);
    until.receiveSync();
    started[Symbol.dispose]();
    until[Symbol.dispose]();
  },
);

/** Joins a chain of forks, each in the blocking form, and returns its length. */
export const deep = task(import.meta.url, "deep", (n: number): number => {
  if (n === 0) return 0;
  const next = Pool.current!.go(deep, n - 1);
  try {
    return next.joinSync() + 1;
  } catch (error) {
    // What is left of the chain is of no interest any more.
    next.cancel();
    next.join().catch(() => {});
    // Anew: the stack of one that passed through would grow at each.
    throw new RangeError((error as Error).message);
  }
});

/** Forks what cannot be joined in the blocking form, tries that, cancels it, and goes on for a while. */
export const joinRefusedAndCancel = task(
  import.meta.url,
  "joinRefusedAndCancel",
  async (): Promise<[string, boolean] | undefined> => {
    const fork = Pool.current!.go(later, 1);
    try {
      fork.joinSync();
      return undefined;
    } catch (error) {
      const isCancelled = fork.cancel();
      await new Promise((resolve) => setTimeout(resolve));
      return [(error as Error).name, isCancelled];
    }
  },
);

/** Locks the mutex, frees it when somebody has waited for it for so long that it is handed over, and locks it once more. */
export const lockTwice = task(
  import.meta.url,
  "lockTwice",
  (mutex: Mutex, held: AtomicBool, waits: AtomicBool, freed: AtomicBool): string => {
    {
      using _guard = mutex.lockSync();
      held.store(true);
      while (!waits.load());
      const end = performance.now() + 20;
      while (performance.now() < end);
    }
    freed.store(true);
    using _guard = mutex.lockSync();
    return "twice";
  },
);
