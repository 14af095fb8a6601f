/**
 * All locks at once under a random mix of forms, aborts and deaths: threads that exit with locks in their hands, pools that are
 * terminated. Each task checks that no lock lets in whom it should not; each round, that nobody hangs, that everything can be used
 * afterwards, and that nothing was lost.
 *
 * `MILLRACE_STRESS_SECONDS` says how long (default 5), `MILLRACE_STRESS_SEED` repeats a run.
 *
 * @module
 */
import {
  AtomicI32,
  Cond,
  i32,
  LockAbandonedError,
  Mutex,
  Pool,
  PoolClosedError,
  RWMutex,
  Semaphore,
  sharedArray,
  SyncMap,
  text,
  WorkerCrashedError,
} from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type Locks, UNITS, useLocks } from "../support/tasks_lock_stress.ts";
import { seeded, type Settled, settled } from "../conformance/waiting.ts";

const seconds = Number(Deno.env.get("MILLRACE_STRESS_SECONDS") ?? 5);
const firstSeed = Number(Deno.env.get("MILLRACE_STRESS_SEED") ?? Date.now() % 1_000_000_000);

/** A round that takes so many seconds hangs. Counted one by one: a machine may stand still, and then no time was given. */
const ROUND_SECONDS = 40;

/** Lock steps of a task. */
const STEPS = 300;

/** What may happen to threads in a round. */
const ENDS = ["in order", "some exit", "terminated"] as const;

async function round(seed: number): Promise<void> {
  const next = seeded(seed);
  const isBlocking = next(2) === 0;
  const ending = ENDS[next(ENDS.length)]!;
  const threads = 2 + next(5);
  using mutex = new Mutex();
  using condMutex = new Mutex();
  using rwMutex = new RWMutex();
  using cond = new Cond(condMutex);
  using semaphore = new Semaphore(UNITS);
  using map = new SyncMap(text, i32);
  using inUse = new AtomicI32();
  using raised = new AtomicI32();
  const pairs = sharedArray(i32, 4);
  const locks: Locks = {
    mutex,
    rwMutex,
    condMutex,
    cond,
    semaphore,
    map,
    inUse,
    raised,
    pairs,
  };
  const pool = new Pool({ threads });
  const tasks = Array.from({ length: 3 * threads }, (_, i) => {
    const dies = ending === "some exit" && i % 4 === 0;
    return settled(pool.go(useLocks, locks, STEPS, isBlocking, dies, seed + i).join());
  });
  if (ending === "terminated") {
    // At any moment.
    await new Promise((resolve) => setTimeout(resolve, next(60)));
    await pool.terminate();
  }
  const ended = await withinRound(Promise.all(tasks), `seed ${seed}, ${ending}`);
  if (ending !== "terminated") await pool.close();
  for (const each of ended) check(each, ending, seed);
  for (const lock of [mutex, condMutex, rwMutex]) {
    using guard = takeOver(lock);
    assert(guard, `a lock is still held, seed ${seed}, ${ending}`);
  }
  if (ending === "terminated") return;
  let sum = 0;
  map.range((_key, value) => {
    sum += value;
  });
  assertEquals(sum, raised.load(), `the map has lost something, seed ${seed}`);
  if (ending === "some exit") return;
  assertEquals([pairs[0], pairs[2]], [pairs[1], pairs[3]]);
  assert(semaphore.tryAcquire(UNITS), `units were lost, seed ${seed}`);
}

/** Fails unless a task has ended as it may. */
function check(ended: Settled, ending: string, seed: number): void {
  if ("value" in ended) return;
  const { reason } = ended;
  const mayBe = ending === "some exit" && reason instanceof WorkerCrashedError ||
    ending === "terminated" &&
      (reason instanceof PoolClosedError || reason instanceof WorkerCrashedError);
  if (!mayBe) throw new Error(`A task failed, seed ${seed}, ${ending}`, { cause: reason });
}

/** Locks what nobody is left to hold. */
function takeOver(lock: Mutex | RWMutex): Disposable | undefined {
  try {
    return lock.tryLock();
  } catch (error) {
    if (!(error instanceof LockAbandonedError)) throw error;
    return lock.recover();
  }
}

/** Rejects when `work` does not end. */
async function withinRound<T>(work: Promise<T>, what: string): Promise<T> {
  let left = ROUND_SECONDS;
  let alarm: ReturnType<typeof setInterval> | undefined;
  const isLate = new Promise<never>((_, reject) => {
    alarm = setInterval(() => {
      if (--left === 0) reject(new Error(`A round hangs: ${what}`));
    }, 1000);
  });
  try {
    return await Promise.race([work, isLate]);
  } finally {
    clearInterval(alarm);
  }
}

Deno.test("the locks keep their word in a random mix of threads, forms, aborts and deaths", async () => {
  const end = performance.now() + seconds * 1000;
  let seed = firstSeed;
  console.log(`seed ${firstSeed}`);
  do {
    await round(seed);
    seed += 1000;
  } while (performance.now() < end);
});
