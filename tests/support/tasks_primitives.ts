/**
 * Tasks that the tests of semaphore, barrier, once, atomics and shared arrays run on threads.
 *
 * @module
 */
import process from "node:process";
import { type Channel, type CyclicBarrier, type Permit, type Semaphore, task } from "../../mod.ts";
import { seeded } from "../conformance/waiting.ts";

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

/** Waits at `barrier` again and again until `end` is closed, gives up now and then, and resets a barrier that it finds broken. */
export const storm = task(
  import.meta.url,
  "storm",
  async (
    barrier: CyclicBarrier,
    end: Channel<number>,
    seed: number,
  ): Promise<{ passed: number; last: number }> => {
    const next = seeded(seed);
    let [passed, last] = [0, 0];
    while (!end.closed) {
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
