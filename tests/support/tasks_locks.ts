/**
 * Tasks that the tests of Mutex, RWMutex and Cond run on threads.
 *
 * @module
 */
import {
  type Channel,
  type Cond,
  type Guard,
  LockAbandonedError,
  type Locker,
  type Mutex,
  type RWMutex,
  type Semaphore,
  task,
  type WaitGroup,
} from "../../mod.ts";
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

/**
 * Reads and writes under `mutex`, `count` times, by a mix of every way to lock of its form: as Go's HammerRWMutex. A reader leaves a
 * value in `room` while it is inside; a writer increments `cell`, a channel of capacity 1.
 *
 * @returns How often it wrote.
 * @throws {Error} if a writer was not alone
 */
export async function hammer(
  mutex: RWMutex,
  room: Channel<number>,
  cell: Channel<number>,
  count: number,
  form: Form,
  seed: number,
): Promise<number> {
  const next = seeded(seed);
  const controller = (): AbortController => {
    const made = new AbortController();
    if (next(2) === 0) queueMicrotask(() => made.abort());
    return made;
  };
  const reader = mutex.rLocker();
  const blocking: (readonly [lock: () => unknown, reads: boolean])[] = [
    [() => mutex.lockSync(), false],
    [() => mutex.tryLock(), false],
    [() => mutex.rLockSync(), true],
    [() => mutex.tryRLock(), true],
    [() => reader.lockSync(), true],
  ];
  const suspending: typeof blocking = [
    [() => mutex.lock(), false],
    [() => mutex.lock(controller()).catch(() => undefined), false],
    [() => mutex.tryLock(), false],
    [() => mutex.rLock(), true],
    [() => mutex.rLock(controller()).catch(() => undefined), true],
    [() => reader.lock(), true],
    [() => mutex.tryRLock(), true],
  ];
  const ways = form === "blocking" ? blocking : suspending;
  let writes = 0;
  for (let i = 0; i < count;) {
    const [lock, reads] = ways[next(ways.length)]!;
    const locking = lock();
    const guard = (form === "blocking" ? locking : await locking) as Guard | undefined;
    if (guard === undefined) continue;
    if (reads && !room.trySend(1)) throw new Error("more read than there are");
    if (!reads && room.size !== 0) throw new Error("a writer met a reader");
    if (!reads) increment(cell);
    if (form === "suspending" && next(4) === 0) await Promise.resolve();
    if (reads && cell.size !== 1) throw new Error("a reader met a writer");
    if (reads) room.tryReceive();
    else if (room.size !== 0) throw new Error("a writer met a reader");
    if (next(2) === 0) guard[Symbol.dispose]();
    else if (reads) mutex.rUnlock();
    else mutex.unlock();
    if (!reads) writes++;
    i++;
  }
  return writes;
}

/** See {@linkcode hammer}. */
export const hammerThere = task(import.meta.url, "hammerThere", hammer);

/** Locks `mutex` for reading, `count` times, says so, and ends its thread once `stop` is closed. */
export const readAndDie = task(
  import.meta.url,
  "readAndDie",
  (mutex: RWMutex, count: number, started: Channel<number>, stop: Channel<number>): never => {
    for (let i = 0; i < count; i++) mutex.rLockSync();
    started.sendSync(1);
    circleAndDie(stop);
  },
);

/** Locks `mutex` for reading, for good. */
export const keepReading = task(import.meta.url, "keepReading", (mutex: RWMutex): void => {
  mutex.rLockSync();
});

/** Gives a read lock of `mutex` back. */
export const rUnlock = task(import.meta.url, "rUnlock", (mutex: RWMutex): void => mutex.rUnlock());

/** Locks for reading, meets `parties` others that read at the same time, and unlocks. */
export const readTogether = task(
  import.meta.url,
  "readTogether",
  (mutex: RWMutex, met: WaitGroup): void => {
    using _ = mutex.rLockSync();
    met.done();
    met.waitSync();
  },
);

/** Reads and writes `cell`, a channel of capacity 1, under `mutex`; perhaps dies on the way, inside. */
export const hammerOrDie = task(
  import.meta.url,
  "hammerOrDie",
  (mutex: RWMutex, cell: Channel<number>, count: number, seed: number): void => {
    const next = seeded(seed);
    for (let done = 0; done < count;) {
      try {
        if (next(2) === 0) {
          using _ = mutex.rLockSync();
          if (next(300) === 0) end();
          if (cell.size !== 1) throw new Error("a reader met a writer");
        } else {
          using _ = mutex.lockSync();
          if (next(600) === 0) end();
          increment(cell);
          done++;
        }
      } catch (error) {
        if (!(error instanceof LockAbandonedError)) throw error;
        mutex.recover()?.[Symbol.dispose]();
      }
    }
  },
);

/** Unlocks `mutex`, which another thread has locked for writing. */
export const unlockWrite = task(
  import.meta.url,
  "unlockWrite",
  (mutex: RWMutex): void => mutex.unlock(),
);

/** Waits for `cond` until `cell`, a channel of capacity 1, holds more than `past`; then adds 1. Says so before. */
export const awaitMore = task(
  import.meta.url,
  "awaitMore",
  async (
    cond: Cond,
    cell: Channel<number>,
    past: number,
    started: Channel<number>,
    form: Form,
  ): Promise<void> => {
    using _ = form === "blocking" ? cond.locker.lockSync() : await cond.locker.lock();
    started.sendSync(1);
    while (peek(cell) <= past) {
      if (form === "blocking") cond.waitSync();
      else await cond.wait();
    }
    increment(cell);
  },
);

/** The number in `cell`, which stays there. */
export function peek(cell: Channel<number>): number {
  const got = cell.tryReceive();
  if (got.state !== "ok") throw new Error(`two were inside: the cell is ${got.state}`);
  if (!cell.trySend(got.value)) throw new Error("two were inside: the cell is full");
  return got.value;
}

/**
 * Takes turns with others: waits until the number in `cell` is its own modulo `parties`, and adds 1; `count` times.
 * Every wait may be aborted, and then goes on.
 */
export async function takeTurns(
  cond: Cond,
  cell: Channel<number>,
  own: number,
  parties: number,
  count: number,
  form: Form,
): Promise<void> {
  const next = seeded(own + 1);
  for (let done = 0; done < count; done++) {
    using _ = form === "blocking" ? cond.locker.lockSync() : await cond.locker.lock();
    while (peek(cell) % parties !== own) {
      if (form === "blocking") cond.waitSync();
      else if (next(3) === 0) {
        const controller = new AbortController();
        queueMicrotask(() => controller.abort());
        await cond.wait(controller).catch(() => {});
      } else await cond.wait();
    }
    increment(cell);
    cond.broadcast();
  }
}

/** See {@linkcode takeTurns}. */
export const takeTurnsThere = task(import.meta.url, "takeTurnsThere", takeTurns);

/** Takes tokens out of `pot` under the lock of `cond`, one for each signal, until it has had `count`. */
export const consume = task(
  import.meta.url,
  "consume",
  async (cond: Cond, pot: Channel<number>, count: number, form: Form): Promise<number> => {
    let sum = 0;
    for (let done = 0; done < count; done++) {
      using _ = form === "blocking" ? cond.locker.lockSync() : await cond.locker.lock();
      while (pot.size === 0) {
        if (form === "blocking") cond.waitSync();
        else await cond.wait();
      }
      const got = pot.tryReceive();
      if (got.state !== "ok") throw new Error("two were inside");
      sum += got.value;
    }
    return sum;
  },
);

/** Signals `cond`. */
export const signal = task(import.meta.url, "signal", (cond: Cond): void => cond.signal());

/** Locks, says so, and waits for `cond`, blocking; then tells what came of it. */
export const waitOnce = task(
  import.meta.url,
  "waitOnce",
  (cond: Cond, started: Channel<number>): string => {
    const guard = cond.locker.lockSync();
    started.sendSync(1);
    try {
      cond.waitSync();
      guard[Symbol.dispose]();
      return "signalled";
    } catch (error) {
      return (error as { code: string }).code;
    }
  },
);

/** Releases what another thread has acquired, and gives it up. */
export const releaseAndDispose = task(
  import.meta.url,
  "releaseAndDispose",
  (semaphore: Semaphore, count: number): void => {
    semaphore.release(count);
    semaphore[Symbol.dispose]();
  },
);

/** Unlocks what another thread has locked, and gives it up. */
export const unlockAndDispose = task(
  import.meta.url,
  "unlockAndDispose",
  (lock: Mutex | RWMutex, isReading = false): void => {
    if (isReading) (lock as RWMutex).rUnlock();
    else lock.unlock();
    lock[Symbol.dispose]();
  },
);
