/**
 * Pools under random work: ten thousand tasks that suspend, fork, join in the blocking form, fail, are cancelled, and end their threads, in
 * pools of every order that grow and shrink meanwhile. Nothing is lost that had not started, nothing runs twice, and what is reported
 * adds up.
 *
 * `MILLRACE_STRESS_SECONDS` says how long (default 5), `MILLRACE_STRESS_SEED` repeats a run.
 *
 * @module
 */
import {
  CanceledError,
  Channel,
  type Goroutine,
  i32,
  Pool,
  type PoolOptions,
  sharedArray,
  WorkerCrashedError,
} from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { noop } from "../support/tasks.ts";
import { act, type Deed } from "../support/tasks_pool_stress.ts";
import { seeded, type Settled, settled } from "../conformance/waiting.ts";

const seconds = Number(Deno.env.get("MILLRACE_STRESS_SECONDS") ?? 5);
const firstSeed = Number(Deno.env.get("MILLRACE_STRESS_SEED") ?? Date.now() % 1_000_000_000);

const TASKS = 10_000;
/** One task in so many ends its thread. */
const RARELY = 250;
const DEEDS: readonly Deed[] = ["run", "run", "suspend", "fork", "fork and join", "fail"];
const ORDERS = ["submitted", "longest", "random"] as const;

interface Started {
  readonly deed: Deed;
  readonly goroutine: Goroutine<unknown>;
  readonly end: Promise<Settled>;
  isCancelled: boolean;
}

async function round(seed: number): Promise<void> {
  const next = seeded(seed);
  const options: PoolOptions = {
    threads: 1 + next(4),
    order: ORDERS[next(ORDERS.length)]!,
    ...next(2) === 0 ? {} : { queue: 1 + next(200) },
    ...next(2) === 0 ? {} : { idleTimeoutMs: next(3) },
  };
  await using pool = new Pool(options);
  const runs = sharedArray(i32, TASKS) as Int32Array;
  using until = new Channel(i32, 1);
  const all: Started[] = [];
  for (let n = 0; n < TASKS; n++) {
    const deed = next(RARELY) === 0
      ? (["exit", "exit late"] as const)[next(2)]!
      : DEEDS[next(DEEDS.length)]!;
    const goroutine = pool.go(act, runs, n, deed, until);
    all.push({ deed, goroutine, end: settled(goroutine.join()), isCancelled: false });
    if (next(20) === 0) {
      const victim = all[next(all.length)]!;
      if (victim.goroutine.cancel()) victim.isCancelled = true;
    }
    if (next(1000) === 0) pool.resize(1 + next(5));
    if (next(200) === 0) await pool.ready();
  }
  for (const [n, { deed, end, isCancelled }] of all.entries()) {
    checkEnd(await end, n, deed, isCancelled, runs[n]!);
  }
  await pool.close();
  const { submitted, queued, running, finished } = pool.stats();
  assertEquals([submitted - finished, queued, running], [0, 0, 0]);
  assert(submitted >= TASKS);
}

/** Checks what became of a task, and how often it ran: itself, and its fork. */
function checkEnd(
  end: Settled,
  n: number,
  deed: Deed,
  isCancelled: boolean,
  ran: number,
): void {
  const forks = deed.startsWith("fork") ? 1 : 0;
  if (isCancelled) {
    assert("reason" in end && end.reason instanceof CanceledError);
    assertEquals(ran, 0, `task ${n} ran although it was cancelled`);
  } else if ("value" in end) {
    assertEquals(end.value, n);
    assertEquals(ran, 1 + forks, `task ${n}, ${deed}`);
  } else if (end.reason instanceof WorkerCrashedError) {
    // It had started, and went with its thread, or its fork did.
    assert(ran >= 1 && ran <= 1 + forks, `task ${n}, ${deed}, ran ${ran} times`);
  } else {
    assertEquals([deed, String(end.reason)], ["fail", `RangeError: ${n}`]);
    assertEquals(ran, 1);
  }
}

Deno.test("Pool loses nothing that had not started, whatever becomes of its threads", async () => {
  const end = performance.now() + seconds * 1000;
  for (let seed = firstSeed; seed === firstSeed || performance.now() < end; seed++) {
    console.log(`pool stress: MILLRACE_STRESS_SEED=${seed}`);
    await round(seed);
  }
});

// Shared memory grows many times while the threads are at work in what has just been added to it.
Deno.test("stress: a pool runs half a million tasks that are submitted at once", async () => {
  await using pool = new Pool({ threads: 2 });
  const all = Array.from({ length: 500_000 }, () => pool.go(noop));
  for (const each of all) await each;
  assertEquals(pool.stats().finished, all.length);
});
