/**
 * Tasks that the tests of the locks run on threads.
 *
 * @module
 */
import {
  type Channel,
  type Mutex,
  type Permit,
  type Semaphore,
  sleep,
  task,
  type WaitGroup,
} from "../../mod.ts";
import { seeded } from "../conformance/waiting.ts";

/**
 * Adds 1 to the number in `cell`, a channel of capacity 1, in two steps. Whoever does that at the same time finds the cell
 * empty, or full.
 *
 * @throws {Error} if somebody else was inside
 */
export function increment(cell: Channel<number>): void {
  const got = cell.tryReceive();
  if (got.state !== "ok") throw new Error(`two were inside: the cell is ${got.state}`);
  if (!cell.trySend(got.value + 1)) throw new Error("two were inside: the cell is full");
}

/**
 * How a goroutine waits. One thread keeps to one of the two: whoever blocks it stops its other goroutines, and with them the
 * one that has just been given what it blocks for.
 */
export type Form = "blocking" | "suspending";

/** Increments `cell` under `mutex`, `count` times, by a mix of every way to lock of its form. */
export async function incrementMany(
  mutex: Mutex,
  cell: Channel<number>,
  count: number,
  form: Form,
  seed: number,
): Promise<void> {
  const next = seeded(seed);
  const controller = (): AbortController => {
    const made = new AbortController();
    if (next(2) === 0) queueMicrotask(() => made.abort());
    return made;
  };
  const blocking: (() => unknown)[] = [
    () => mutex.tryLock(),
    () => mutex.lockSync(),
    () => mutex.lockWithinSync(next(2)),
  ];
  const suspending: (() => unknown)[] = [
    () => mutex.tryLock(),
    () => mutex.lock(),
    () => mutex.lockWithin(next(2)),
    () => mutex.lock(controller()).catch(() => undefined),
    () => mutex.lockWithin(next(2), controller()).catch(() => undefined),
  ];
  const ways = form === "blocking" ? blocking : suspending;
  for (let i = 0; i < count;) {
    const locking = ways[next(ways.length)]!();
    const guard = form === "blocking" ? locking : await locking;
    if (guard === undefined) continue;
    increment(cell);
    mutex.unlock();
    i++;
  }
}

/** See {@linkcode incrementMany}. */
export const incrementManyThere = task(import.meta.url, "incrementManyThere", incrementMany);

/**
 * Acquires some of the `size` units of `semaphore`, `count` times, by a mix of every way of its form, and puts a value into
 * `room`, a channel of capacity `size`, for each unit that it holds.
 *
 * @throws {Error} if more units were held than there are
 */
export async function occupyMany(
  semaphore: Semaphore,
  room: Channel<number>,
  size: number,
  count: number,
  form: Form,
  seed: number,
): Promise<void> {
  const next = seeded(seed);
  for (let i = 0; i < count; i++) {
    const units = next(size + 1);
    let permit: Permit | undefined;
    if (next(3) === 0) permit = semaphore.tryAcquire(units);
    else if (form === "blocking") permit = semaphore.acquireSync(units);
    else {
      const controller = new AbortController();
      if (next(2) === 0) queueMicrotask(() => controller.abort());
      permit = await semaphore.acquire(units, controller).catch(() => undefined);
    }
    if (permit === undefined) continue;
    for (let unit = 0; unit < units; unit++) {
      if (!room.trySend(1)) throw new Error("more units were held than there are");
    }
    for (let unit = 0; unit < units; unit++) room.tryReceive();
    permit[Symbol.dispose]();
  }
}

/** See {@linkcode occupyMany}. */
export const occupyManyThere = task(import.meta.url, "occupyManyThere", occupyMany);

/** Unlocks `mutex`, which another goroutine has locked. */
export const unlock = task(import.meta.url, "unlock", (mutex: Mutex): void => mutex.unlock());

/** Unlocks `mutex` and locks it again, for good. */
export const relock = task(import.meta.url, "relock", (mutex: Mutex): void => {
  mutex.unlock();
  mutex.lockSync();
});

/**
 * Unlocks `mutex`, gives whoever that wakes time to lock it, and sends a value after having been inside itself.
 */
export const unlockAndVisit = task(
  import.meta.url,
  "unlockAndVisit",
  async (mutex: Mutex, to: Channel<number>): Promise<void> => {
    mutex.unlock();
    // Not to wait for anything: so that it is not simply the fastest.
    await sleep(5);
    using _ = mutex.lockSync();
    to.sendSync(1);
  },
);

/** Blocks its thread until it has locked `mutex`, for good. */
export const lockSync = task(import.meta.url, "lockSync", (mutex: Mutex): void => {
  mutex.lockSync();
});

/** Blocks its thread for at most `ms`, and reports whether it has locked `mutex`. */
export const lockWithinSync = task(
  import.meta.url,
  "lockWithinSync",
  (mutex: Mutex, ms: number): boolean => mutex.lockWithinSync(ms) !== undefined,
);

/** Acquires `units`, reports `name`, and releases them; blocking. */
export const visitSync = task(
  import.meta.url,
  "visitSync",
  (semaphore: Semaphore, units: number, name: string, log: Channel<string>): void => {
    using _ = semaphore.acquireSync(units);
    log.sendSync(name);
  },
);

/** Sends `value`, then counts itself off. */
export const sendAndDone = task(
  import.meta.url,
  "sendAndDone",
  (group: WaitGroup, to: Channel<number>, value: number): void => {
    to.sendSync(value);
    group.done();
  },
);

/** Waits for `group`, suspending or blocking. */
export const waitFor = task(
  import.meta.url,
  "waitFor",
  (group: WaitGroup, isBlocking: boolean): void | Promise<void> =>
    isBlocking ? group.waitSync() : group.wait(),
);

/** Counts one of each request off, after it has answered; ends with the requests. */
export const answer = task(
  import.meta.url,
  "answer",
  (group: WaitGroup, requests: Channel<number>, answers: Channel<number>): void => {
    for (let got = requests.receiveSync(); got !== undefined; got = requests.receiveSync()) {
      answers.sendSync(got);
      group.done();
    }
  },
);

/** Counts up and off until `end` is closed: the counter of an idle group comes to 0 all the time. */
export const flicker = task(
  import.meta.url,
  "flicker",
  (group: WaitGroup, end: Channel<number>): void => {
    while (!end.closed) {
      group.add(1);
      group.done();
    }
  },
);

/** Gives up the handle that it was sent. */
export const disposeLock = task(import.meta.url, "disposeLock", (lock: Disposable): void => {
  lock[Symbol.dispose]();
});
