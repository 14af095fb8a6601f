/**
 * What the stress test of the locks runs on threads.
 *
 * @module
 */
import {
  type AtomicI32,
  type Cond,
  type Guard,
  LockAbandonedError,
  type Mutex,
  type RWMutex,
  type Semaphore,
  type SyncMap,
  task,
} from "../../mod.ts";
import { seeded } from "../conformance/waiting.ts";

/** Units of the semaphore. */
export const UNITS = 5;

/** What all tasks of a round use. */
export interface Locks {
  readonly mutex: Mutex;
  readonly rwMutex: RWMutex;
  readonly condMutex: Mutex;
  readonly cond: Cond;
  readonly semaphore: Semaphore;
  readonly map: SyncMap<string, number>;
  /** How many units of the semaphore are in use. */
  readonly inUse: AtomicI32;
  /** How often a number in the map was raised. */
  readonly raised: AtomicI32;
  /** Two numbers for the mutex and two for the RWMutex: a pair is equal whenever nobody writes. */
  readonly pairs: Int32Array;
}

/** What can be locked, and taken over. */
interface Recoverable {
  lock(options?: { signal?: AbortSignal }): Promise<Guard>;
  lockSync(): Guard;
  tryLock(): Guard | undefined;
  recover(): Guard | undefined;
}

/** One task's part in a round. */
class Part {
  readonly #locks: Locks;
  readonly #isBlocking: boolean;
  readonly #next: (bound: number) => number;

  constructor(locks: Locks, isBlocking: boolean, next: (bound: number) => number) {
    this.#locks = locks;
    this.#isBlocking = isBlocking;
    this.#next = next;
  }

  /** Does one thing. With `mayEnd` it ends the thread where that hurts. */
  step(mayEnd: boolean): Promise<void> | void {
    const { mutex, rwMutex } = this.#locks;
    switch (this.#next(6)) {
      case 0:
        return this.#with(mutex, () => this.#raise(0, mayEnd), mayEnd);
      case 1:
        return this.#with(rwMutex, () => this.#raise(2, mayEnd), mayEnd);
      case 2:
        return this.#read(mayEnd);
      case 3:
        return this.#acquire(mayEnd);
      case 4:
        return this.#signalOrWait(mayEnd);
      default:
        return this.#count(mayEnd);
    }
  }

  /** Raises a pair, whose lock is held. */
  #raise(at: number, mayEnd: boolean): void {
    const { pairs } = this.#locks;
    expect(pairs[at] === pairs[at + 1], "a pair is half written");
    pairs[at]!++;
    if (mayEnd) end();
    pairs[at + 1]!++;
  }

  /** Runs `body` with the lock, or gives up waiting. */
  #with(lock: Recoverable, body: () => void, mayEnd: boolean): Promise<void> | void {
    if (!this.#isBlocking) return this.#withAsync(lock, body, mayEnd);
    try {
      using _ = lock.lockSync();
      body();
    } catch (error) {
      this.#repair(lock, error);
    }
  }

  async #withAsync(lock: Recoverable, body: () => void, mayEnd: boolean): Promise<void> {
    try {
      const isImpatient = !mayEnd && this.#next(2) === 0;
      using _ = this.#next(3) === 0 && lock.tryLock() ||
        await (isImpatient ? this.#impatiently((o) => lock.lock(o)) : lock.lock());
      if (_ !== undefined) body();
    } catch (error) {
      this.#repair(lock, error);
    }
  }

  /** Takes over a lock whose holder has died, and puts its pair right. */
  #repair(lock: Recoverable, error: unknown): void {
    if (!(error instanceof LockAbandonedError)) throw error;
    const { mutex, rwMutex, pairs } = this.#locks;
    using guard = lock.recover();
    if (guard === undefined) return;
    const at = lock === mutex ? 0 : lock === rwMutex ? 2 : undefined;
    if (at !== undefined) pairs[at + 1] = pairs[at]!;
  }

  async #read(mayEnd: boolean): Promise<void> {
    const { rwMutex, pairs } = this.#locks;
    try {
      using _ = this.#isBlocking ? rwMutex.rLockSync() : await rwMutex.rLock();
      expect(pairs[2] === pairs[3], "a reader is in beside a writer");
      if (mayEnd) end();
    } catch (error) {
      this.#repair(rwMutex, error);
    }
  }

  /** Units that a thread held when it ended stay held, and a goroutine beside this one may hold some: so it is impatient. */
  async #acquire(mayEnd: boolean): Promise<void> {
    const { semaphore, inUse } = this.#locks;
    const count = 1 + this.#next(3);
    using permit = this.#isBlocking
      ? semaphore.tryAcquire(count)
      : await this.#impatiently((o) => semaphore.acquire(count, o));
    if (permit === undefined) return;
    expect(inUse.add(count) <= UNITS, "more units are in use than there are");
    inUse.add(-count);
    if (mayEnd) end();
  }

  #signalOrWait(mayEnd: boolean): Promise<void> | void {
    const { cond, condMutex } = this.#locks;
    if (this.#isBlocking || this.#next(2) === 0) {
      return this.#with(condMutex, () => {
        if (mayEnd) end();
        if (this.#next(4) === 0) cond.broadcast();
        else cond.signal();
      }, mayEnd);
    }
    return this.#wait(mayEnd);
  }

  async #wait(mayEnd: boolean): Promise<void> {
    const { cond, condMutex } = this.#locks;
    try {
      using _ = await condMutex.lock();
      await this.#impatiently((options) => cond.wait(options));
      expect(condMutex.locked, "a wait has ended without the lock");
      if (mayEnd) end();
    } catch (error) {
      this.#repair(condMutex, error);
    }
  }

  #count(mayEnd: boolean): void {
    const { map, raised } = this.#locks;
    const key = `k${this.#next(16)}`;
    const { value, loaded } = map.loadOrStore(key, 1);
    if (!loaded || map.compareAndSwap(key, value, value + 1)) raised.add(1);
    if (mayEnd) end();
  }

  /** Waits for a few milliseconds at most; `undefined` if that was not enough. */
  async #impatiently<T>(
    wait: (options: { signal: AbortSignal }) => Promise<T>,
  ): Promise<T | undefined> {
    const controller = new AbortController();
    const alarm = setTimeout(() => controller.abort(controller), this.#next(4));
    try {
      return await wait(controller);
    } catch (reason) {
      if (reason !== controller) throw reason;
      return undefined;
    } finally {
      clearTimeout(alarm);
    }
  }
}

/**
 * Uses the locks, `count` times.
 *
 * @param dies Whether it ends its thread on the way.
 * @throws {Error} if a lock has let in somebody whom it should not have
 */
export const useLocks = task(
  import.meta.url,
  "useLocks",
  async (
    locks: Locks,
    count: number,
    isBlocking: boolean,
    dies: boolean,
    seed: number,
  ): Promise<void> => {
    const next = seeded(seed);
    const last = dies ? next(count) : count;
    const part = new Part(locks, isBlocking, next);
    for (let i = 0; i < last; i++) await part.step(false);
    while (dies) await part.step(true);
  },
);

function expect(condition: boolean, what: string): void {
  if (!condition) throw new Error(what);
}

function end(): never {
  process.exit(3);
}
