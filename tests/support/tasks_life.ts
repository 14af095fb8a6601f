/**
 * Tasks that the tests of handles, lifetime and fairness run on threads.
 *
 * @module
 */
import {
  type Channel,
  type Mutex,
  select,
  type Semaphore,
  send,
  task,
  type WaitGroup,
} from "../../mod.ts";

/** Unlocks every mutex that it receives and sends it back, until the channel is closed. */
export const unlockAndReturn = task(
  import.meta.url,
  "unlockAndReturn",
  async (mutexes: Channel<Mutex>, back: Channel<Mutex>): Promise<void> => {
    for await (const mutex of mutexes) {
      mutex.unlock();
      await back.send(mutex);
    }
  },
);

/** A lock of each kind, as a struct carries them. */
export interface Locks {
  /** Held. */
  mutex: Mutex;
  /** Without a free unit. */
  semaphore: Semaphore;
  /** With one to go. */
  group: WaitGroup;
}

/** Lets go of all that it receives, until the channel is closed; returns how often it did. */
export const letGo = task(
  import.meta.url,
  "letGo",
  async (all: Channel<Locks>): Promise<number> => {
    let count = 0;
    for await (const { mutex, semaphore, group } of all) {
      mutex.unlock();
      semaphore.release();
      group.done();
      count++;
    }
    return count;
  },
);

/** Receives a mutex by a select and hands it on by another. */
export const passBySelect = task(
  import.meta.url,
  "passBySelect",
  async (from: Channel<Mutex>, to: Channel<Mutex>): Promise<void> => {
    const got = await select({ from, off: null });
    if (!got.ok) throw new Error("nothing was received");
    await select({ to: send(to, got.value), off: null });
  },
);

/** Receives in a tight blocking loop until the channel is closed; returns how many values it got. */
export const receiveGreedily = task(
  import.meta.url,
  "receiveGreedily",
  (from: Channel<number>): number => {
    let count = 0;
    while (from.receiveSync() !== undefined) count++;
    return count;
  },
);

/** Sends in a tight blocking loop until `stop` is closed; returns how many values it sent. */
export const sendGreedily = task(
  import.meta.url,
  "sendGreedily",
  (to: Channel<number>, stop: Channel<number>): number => {
    let count = 0;
    for (; !stop.closed; count++) to.sendSync(count);
    return count;
  },
);

/** What the tests of fairness send that is large. */
export interface Point {
  /** Its number. */
  x: number;
  /** Text that tells the number. */
  note: string;
  /** An array that holds it. */
  more: unknown;
}

/** As {@linkcode receiveGreedily}. */
export const countPoints = task(
  import.meta.url,
  "countPoints",
  (from: Channel<Point>): number => {
    let count = 0;
    while (from.receiveSync() !== undefined) count++;
    return count;
  },
);

/** As {@linkcode sendGreedily}. */
export const sendPoints = task(
  import.meta.url,
  "sendPoints",
  (to: Channel<Point>, stop: Channel<number>): number => {
    let x = 0;
    for (; !stop.closed; x++) to.sendSync({ x, note: `no. ${x}`, more: [x] });
    return x;
  },
);

/** Takes `Atomics.waitAsync` away from this thread; reports whether it is gone. */
export const forgetWaitAsync = task(
  import.meta.url,
  "forgetWaitAsync",
  (): boolean => Reflect.deleteProperty(Atomics, "waitAsync") && !("waitAsync" in Atomics),
);

/** Suspends in every way until `numbers` is closed: answers each number in words, under the mutex. */
export const answerInWords = task(
  import.meta.url,
  "answerInWords",
  async (numbers: Channel<number>, words: Channel<string>, mutex: Mutex): Promise<number> => {
    for (let count = 0;; count++) {
      const got = await select({ numbers, off: null });
      if (!got.ok) return count;
      using _ = await mutex.lock();
      await words.send(`no. ${got.value}`);
    }
  },
);
