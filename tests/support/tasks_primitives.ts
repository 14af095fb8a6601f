/**
 * Tasks that the tests of semaphore, barrier, once, atomics and shared arrays run on threads.
 *
 * @module
 */
import {
  type AtomicBool,
  type AtomicI32,
  type AtomicI64,
  type AtomicU32,
  type Channel,
  type CyclicBarrier,
  i32,
  type Once,
  type Permit,
  type Semaphore,
  sharedArray,
  task,
  type WaitGroup,
} from "../../mod.ts";
import { seeded } from "../conformance/waiting.ts";
import { collect } from "./collect.ts";

/** Says that it is about to, holds its thread without a look at its inbox until `end` ends, and then ends it. */
function holdAndDie(started: Channel<number>, end: Channel<number>): never {
  started.sendSync(1);
  while (end.tryReceive().state !== "closed");
  process.exit(3);
}

// ---- Semaphore -----------------------------------------------------------------------------------------------

/** Ends its thread while a goroutine of it waits for `units`. */
export const awaitUnitsAndDie = task(
  import.meta.url,
  "awaitUnitsAndDie",
  (
    started: Channel<number>,
    semaphore: Semaphore,
    units: number,
    end: Channel<number>,
  ): never => {
    semaphore.acquire(units);
    holdAndDie(started, end);
  },
);

/** Acquires `units`, blocking, and says so. */
export const acquireSync = task(
  import.meta.url,
  "acquireSync",
  (semaphore: Semaphore, units: number, got: Channel<number>): void => {
    semaphore.acquireSync(units);
    got.sendSync(units);
  },
);

/**
 * Acquires units of `semaphore`, `count` times, by every way of its form, now and then more than there may be, and notes in `room` how
 * many it holds: a channel with room for as many as there ever are.
 *
 * @throws {Error} if more were held than there ever are
 */
export async function holdSome(
  semaphore: Semaphore,
  room: Channel<number>,
  most: number,
  count: number,
  isBlocking: boolean,
  seed: number,
): Promise<void> {
  const next = seeded(seed);
  for (let i = 0; i < count; i++) {
    const units = 1 + next(most);
    let permit: Permit | undefined;
    if (isBlocking || next(3) === 0) permit = semaphore.tryAcquire(units);
    else {
      const controller = new AbortController();
      if (next(2) === 0) setTimeout(() => controller.abort(), next(2));
      permit = await semaphore.acquire(units, controller).catch(() => undefined);
    }
    if (permit === undefined) continue;
    for (let unit = 0; unit < units; unit++) {
      if (!room.trySend(1)) throw new Error("more units were held than there are");
    }
    if (!isBlocking && next(4) === 0) await Promise.resolve();
    for (let unit = 0; unit < units; unit++) room.tryReceive();
    permit[Symbol.dispose]();
  }
}

/** See {@linkcode holdSome}. */
export const holdSomeThere = task(import.meta.url, "holdSomeThere", holdSome);

/** Resizes `semaphore` to anything from `least` to `most`, until `end` is closed. */
export const resizeMany = task(
  import.meta.url,
  "resizeMany",
  (semaphore: Semaphore, least: number, most: number, end: Channel<number>): void => {
    const next = seeded(1);
    while (!end.closed) semaphore.resize(least + next(most - least + 1));
  },
);

// ---- Barrier -------------------------------------------------------------------------------------------------

/** Ends its thread while a goroutine of it waits at `barrier`. */
export const awaitBarrierAndDie = task(
  import.meta.url,
  "awaitBarrierAndDie",
  (started: Channel<number>, barrier: CyclicBarrier, end: Channel<number>): never => {
    barrier.wait();
    holdAndDie(started, end);
  },
);

/** Waits at `barrier`, suspending or blocking, and returns how many were to come, or the error's code. */
export async function arrive(
  barrier: CyclicBarrier,
  isBlocking: boolean,
): Promise<number | string> {
  try {
    return isBlocking ? barrier.waitSync() : await barrier.wait();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

/** See {@linkcode arrive}. */
export const arriveThere = task(import.meta.url, "arriveThere", arrive);

/**
 * Goes through `rounds` of `barrier`, and counts itself in `came` for each: a shared array with an element for each round.
 *
 * @returns how often each number of those who were to come came up
 * @throws {Error} if it went on before all had come
 */
export async function goRound(
  barrier: CyclicBarrier,
  came: Int32Array,
  rounds: number,
  isBlocking: boolean,
): Promise<number[]> {
  const left = new Array<number>(barrier.parties).fill(0);
  for (let round = 0; round < rounds; round++) {
    Atomics.add(came, round, 1);
    const index = isBlocking ? barrier.waitSync() : await barrier.wait();
    left[index]!++;
    if (Atomics.load(came, round) !== barrier.parties) {
      throw new Error(`it went on in round ${round} before all had come`);
    }
  }
  return left;
}

/** See {@linkcode goRound}. */
export const goRoundThere = task(import.meta.url, "goRoundThere", goRound);

/** Makes `count` atoms, one after the other: each takes its place, notes itself, and waits for its molecule. */
export const makeAtoms = task(
  import.meta.url,
  "makeAtoms",
  async (
    atom: string,
    count: number,
    room: Semaphore,
    barrier: CyclicBarrier,
    water: Channel<string>,
  ): Promise<void> => {
    await Promise.all(Array.from({ length: count }, async () => {
      using _ = await room.acquire();
      await water.send(atom);
      await barrier.wait();
    }));
  },
);

/** Waits at `barrier` so many times, gives up now and then, and resets a barrier that it finds broken. */
export const storm = task(
  import.meta.url,
  "storm",
  async (
    barrier: CyclicBarrier,
    count: number,
    seed: number,
  ): Promise<{ passed: number; last: number }> => {
    const next = seeded(seed);
    let [passed, last] = [0, 0];
    for (let i = 0; i < count; i++) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), next(3));
      try {
        if (await barrier.wait(next(4) === 0 ? undefined : controller) === 0) last++;
        passed++;
      } catch (error) {
        if ((error as { code?: unknown }).code === "BROKEN_BARRIER") barrier.reset();
      }
      clearTimeout(timer);
    }
    return { passed, last };
  },
);

// ---- Atomic values ---------------------------------------------------------------------------------------------

/** Adds 1 to each of the values, `count` times, by addition and by a swap that may fail. */
export function addMany(
  i32: AtomicI32,
  u32: AtomicU32,
  i64: AtomicI64,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    i32.add(1);
    let seen = u32.load();
    while (!u32.compareAndSwap(seen, (seen + 1) >>> 0)) seen = u32.load();
    if (i % 2 === 0) i64.add(1n);
    else {
      let long = i64.load();
      while (!i64.compareAndSwap(long, long + 1n)) long = i64.load();
    }
  }
}

/** See {@linkcode addMany}. */
export const addManyThere = task(import.meta.url, "addManyThere", addMany);

/** Locks with a boolean, `count` times, and adds 1 to `data`, which is not atomic, under it. */
export function spinMany(isLocked: AtomicBool, data: Int32Array, count: number): void {
  for (let i = 0; i < count; i++) {
    while (isLocked.swap(true));
    data[0]!++;
    if (!isLocked.compareAndSwap(true, false)) throw new Error("somebody else has unlocked");
  }
}

/** See {@linkcode spinMany}. */
export const spinManyThere = task(import.meta.url, "spinManyThere", spinMany);

/** Sets and clears bit `bit` of the mask, `count` times. @throws {Error} if another thread has touched it */
export function flipMany(mask: AtomicU32, bit: number, count: number): void {
  const own = (1 << bit) >>> 0;
  for (let i = 0; i < count; i++) {
    if ((mask.or(own) & own) !== 0) throw new Error("somebody else has set the bit");
    if ((mask.and(~own >>> 0) & own) === 0) throw new Error("somebody else has cleared the bit");
  }
}

/** See {@linkcode flipMany}. */
export const flipManyThere = task(import.meta.url, "flipManyThere", flipMany);

/** Writes data, plainly, then raises the flag, and waits until it is taken down, `count` times. */
export const publish = task(
  import.meta.url,
  "publish",
  (flag: AtomicBool, data: Int32Array, count: number): void => {
    for (let i = 1; i <= count; i++) {
      for (let at = 0; at < data.length; at++) data[at] = i;
      flag.store(true);
      while (flag.load());
    }
  },
);

// ---- Shared arrays -----------------------------------------------------------------------------------------------

/** Adds 1 to every element of the parts. */
export const addOne = task(
  import.meta.url,
  "addOne",
  (parts: { readonly [name: string]: Int32Array | Float64Array }): void => {
    for (const part of Object.values(parts)) {
      for (let at = 0; at < part.length; at++) part[at]! += 1;
    }
  },
);

/** Returns a part of what it is given. */
export const partOf = task(
  import.meta.url,
  "partOf",
  (array: Int32Array, begin: number, end: number): Int32Array => array.subarray(begin, end),
);

/** Makes an array here and returns it. */
export const makeArray = task(
  import.meta.url,
  "makeArray",
  (length: number): Int32Array => sharedArray(i32, length).fill(7),
);

let kept: unknown;

/** Keeps `value` on this thread, in the place of what was kept before. */
export const keep = task(import.meta.url, "keep", (value: unknown): void => {
  kept = value;
});

/** What is kept on this thread. */
export const lookAt = task(
  import.meta.url,
  "lookAt",
  (at: number): number | undefined => (kept as Int32Array | undefined)?.[at],
);

/** Collects the garbage of this thread. */
export const collectThere = task(import.meta.url, "collectThere", collect);

// ---- Once ------------------------------------------------------------------------------------------------------

/**
 * Does each of the onces, in an order of its own, by counting in `counts` after `ms`, or fails if `fails`.
 *
 * @returns how many of the calls ended with an error
 * @throws {Error} if a call ended before the work was done
 */
export const doAll = task(
  import.meta.url,
  "doAll",
  async (
    onces: readonly Once[],
    counts: Int32Array,
    isBlocking: boolean,
    fails: boolean,
    seed: number,
  ): Promise<number> => {
    const next = seeded(seed);
    let failed = 0;
    const work = (index: number): void => {
      counts[index]!++;
      if (fails) throw new RangeError("the work failed");
    };
    for (let left = onces.length; left > 0; left--) {
      const index = next(onces.length);
      const once = onces[index]!;
      try {
        if (isBlocking) once.doSync(() => work(index));
        else {
          await once.do(async () => {
            if (next(2) === 0) await Promise.resolve();
            work(index);
          });
        }
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        failed++;
      }
      if (counts[index] !== 1) throw new Error("a call ended before the work was done");
    }
    return failed;
  },
);

/** Ends its thread while the function of `once` is under way in a goroutine of it. */
export const doAndDie = task(
  import.meta.url,
  "doAndDie",
  (started: Channel<number>, once: Once, end: Channel<number>): never => {
    once.do(() => new Promise(() => {}));
    holdAndDie(started, end);
  },
);

/** Is at `once` when its task has ended: the thread ends in order, some time, and nothing is said. */
export const doAndLeave = task(import.meta.url, "doAndLeave", (once: Once): void => {
  once.do(() => new Promise(() => {}));
});

/** Calls `once`, suspending or blocking, and says whether it was the first. */
export const doOne = task(
  import.meta.url,
  "doOne",
  async (once: Once, isBlocking: boolean): Promise<boolean> => {
    let isFirst = false;
    const work = (): void => {
      isFirst = true;
    };
    if (isBlocking) once.doSync(work);
    else await once.do(work);
    return isFirst;
  },
);

// ---- Wait group ----------------------------------------------------------------------------------------------

/** Says that it is there, and waits for the others, as in Go's own test. */
export const meet = task(
  import.meta.url,
  "meet",
  async (here: WaitGroup, there: WaitGroup, isBlocking: boolean): Promise<boolean> => {
    here.done();
    if (isBlocking) there.waitSync();
    else await there.wait();
    return true;
  },
);

/** Counts itself in `seen` and off. */
export const countAndDone = task(
  import.meta.url,
  "countAndDone",
  (group: WaitGroup, seen: AtomicI32): void => {
    seen.add(1);
    group.done();
  },
);

/** Ends its thread while a goroutine of it waits for `group`, which counts this one, too. */
export const awaitGroupAndDie = task(
  import.meta.url,
  "awaitGroupAndDie",
  (started: Channel<number>, group: WaitGroup, end: Channel<number>): never => {
    group.wait();
    holdAndDie(started, end);
  },
);
