/**
 * Tasks that the tests of Mutex, RWMutex and Cond run on threads.
 *
 * @module
 */
import { type Channel, LockAbandonedError, type Locker, type Mutex, task } from "../../mod.ts";
import { seeded } from "../conformance/waiting.ts";
import { type Form, increment } from "./sync_tasks.ts";

/** Keeps the thread busy for `ms` milliseconds. */
export function work(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Ends the calling thread, and nobody before it has. */
function end(): never {
  process.exit(3);
}

/** Goes round in circles until `stop` is closed, then ends the thread. */
function circleAndDie(stop: Channel<number>): never {
  while (stop.tryReceive().state !== "closed");
  end();
}

/** Locks `lock`, says so, and ends its thread once `stop` is closed. */
export const holdAndDie = task(
  import.meta.url,
  "holdAndDie",
  (lock: Locker, started: Channel<number>, stop: Channel<number>): never => {
    lock.lockSync();
    started.sendSync(1);
    circleAndDie(stop);
  },
);

/** Locks `lock`, says so, and keeps its thread for itself, for ever. */
export const holdForEver = task(
  import.meta.url,
  "holdForEver",
  (lock: Locker, started: Channel<number>): void => {
    lock.lockSync();
    started.sendSync(1);
    for (;;);
  },
);

/** Locks `lock` for good. */
export const keep = task(import.meta.url, "keep", (lock: Locker): void => {
  lock.lockSync();
});

/** Says that it is about to, waits for `lock`, blocking, and says what came of it. */
export const askSync = task(
  import.meta.url,
  "askSync",
  (lock: Locker, started: Channel<number>): string => {
    started.sendSync(1);
    try {
      using _ = lock.lockSync();
      return "locked";
    } catch (error) {
      return (error as { code: string }).code;
    }
  },
);

/** As {@linkcode askSync}, suspending. */
export const ask = task(
  import.meta.url,
  "ask",
  async (lock: Locker, started: Channel<number>): Promise<string> => {
    const wait = lock.lock();
    started.sendSync(1);
    try {
      using _ = await wait;
      return "locked";
    } catch (error) {
      return (error as { code: string }).code;
    }
  },
);

/** Holds `mutex` until somebody has waited for long, and unlocks it. */
export const unlockLate = task(
  import.meta.url,
  "unlockLate",
  (mutex: Mutex, started: Channel<number>, waits: Channel<number>): void => {
    using _ = mutex.lockSync();
    started.sendSync(1);
    waits.receiveSync();
    work(3);
  },
);

/** Holds `mutex` until somebody has waited for long, unlocks it, and reports whether it could have it again at once. */
export const unlockAndAskAgain = task(
  import.meta.url,
  "unlockAndAskAgain",
  (mutex: Mutex, started: Channel<number>, waits: Channel<number>): boolean => {
    const guard = mutex.lockSync();
    started.sendSync(1);
    waits.receiveSync();
    work(3);
    guard[Symbol.dispose]();
    return mutex.tryLock() !== undefined;
  },
);

/** Locks `mutex` again and again, `ms` each time and nothing between, until `stop` is closed. Returns how often. */
export const hog = task(
  import.meta.url,
  "hog",
  (mutex: Mutex, ms: number, stop: Channel<number>): number => {
    let count = 0;
    while (!stop.closed) {
      using _ = mutex.lockSync();
      work(ms);
      count++;
    }
    return count;
  },
);

/** Locks `mutex` `count` times, `ms` each time, blocking. */
export const visit = task(
  import.meta.url,
  "visit",
  (mutex: Mutex, ms: number, count: number): void => {
    for (let i = 0; i < count; i++) {
      using _ = mutex.lockSync();
      work(ms);
    }
  },
);

/** Increments `cell` under `mutex`, `count` times, taking it over where it is abandoned; perhaps dies on the way, inside. */
export const incrementOrDie = task(
  import.meta.url,
  "incrementOrDie",
  async (
    mutex: Mutex,
    cell: Channel<number>,
    count: number,
    form: Form,
    seed: number,
  ): Promise<void> => {
    const next = seeded(seed);
    for (let done = 0; done < count;) {
      try {
        using _ = form === "blocking" ? mutex.lockSync() : await mutex.lock();
        if (next(500) === 0) end();
        increment(cell);
        done++;
      } catch (error) {
        if (!(error instanceof LockAbandonedError)) throw error;
        mutex.recover()?.[Symbol.dispose]();
      }
    }
  },
);
