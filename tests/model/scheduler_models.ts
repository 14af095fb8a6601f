/**
 * Models of `wasm/assembly/scheduler.ts` and `task.ts`, with the workers' loop of `src/pool/worker.ts`. What explores them is
 * `scheduler_model_test.ts`.
 */
import { assert, assertEquals } from "../support/assert.ts";
import {
  AGENT_DOORBELL,
  BLOCK_FREE,
  BLOCK_HEADER,
  BLOCK_STATE,
  BUFFER_ELEMENTS,
  DEQUE_BOTTOM,
  DEQUE_BUFFER,
  DEQUE_INITIAL,
  DEQUE_TOP,
  POOL_FREE,
  POOL_IDLE,
  POOL_SEARCHING,
  SIGNAL_QUIET,
  SIGNAL_STOP,
  TASK_CANCELLED,
  TASK_SUCCEEDED,
  WOKE_NONE,
  WORKER_IDLE,
  WORKER_SEARCHING,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import {
  assertHolds,
  explore,
  type Options,
  type Outcome,
  type Scenario,
  type VirtualThread,
} from "./loom.ts";

/** Their entry file. */
export const ENTRY = "tests/model/assembly/scheduler.ts";

interface Scheduler {
  heapInit(): void;
  allocate(byteLength: number): number;
  free(ptr: number): void;
  runTask(counter: number): void;
  agentDied(agent: number): void;
  agentRegister(): number;
  agentSignal(agent: number, signals: number): void;
  agentSleep(agent: number, timeoutMs: number, spins: number): number;
  agentTakeSignals(agent: number, mask: number): number;
  inboxPop(agent: number): number;
  poolHasFree(pool: number): number;
  poolIsQuiet(pool: number): number;
  poolNew(kind: number, most: number, owner: number, isRanked: number): number;
  poolResize(pool: number, threads: number, slots: number): void;
  poolTake(pool: number): number;
  poolTellQuiet(pool: number): void;
  taskCancel(task: number): number;
  taskDisown(task: number): number;
  taskFinish(task: number, state: number, result: number, self: number): number;
  taskIsOrphan(task: number): number;
  taskNew(submitter: number, id: number, fn: number, args: number, number: number): number;
  taskStart(task: number, worker: number): number;
  workerEnter(pool: number, slot: number, worker: number, agent: number): void;
  workerExpect(pool: number, worker: number): void;
  workerFinished(worker: number): void;
  workerFound(pool: number, worker: number): void;
  workerIdle(pool: number, worker: number): number;
  workerIsBusy(pool: number, worker: number): void;
  workerIsFree(pool: number, worker: number): void;
  workerLeave(pool: number, slot: number, expected: number): void;
  workerNew(seed: number): number;
  workerSearch(pool: number, worker: number): void;
  workerSubmit(pool: number, worker: number, task: number): void;
  workerTake(pool: number, worker: number): number;
  workerWoken(pool: number, worker: number): void;
}

interface State {
  readonly pool: number;
  /** The agent and the worker of each thread; thread 0 is the owner. */
  readonly agents: readonly number[];
  readonly workers: readonly number[];
  readonly buffers: readonly number[];
  readonly tasks: readonly number[];
  /** For each task, how often it has run, and how often it has come back. */
  readonly counters: number;
  readonly returned: number;
  /** Words: a thread has ended; and one of the model's own. */
  readonly ended: number;
  readonly gate: number;
  readonly job: Job;
}
type Thread = VirtualThread<Scheduler>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type PoolScenario = Scenario<Scheduler, State>;

const core = await buildModel(ENTRY);

/**
 * What task 0 does: nothing, or it submits task 1 and waits for that, or goes on, or waits for task 1, which the owner
 * submits as well.
 */
type Job = "nothing" | "fork and wait" | "fork" | "wait";

/**
 * How a worker stands at the start: it sleeps and is free, or with a goroutine suspended, or its thread is starting, or
 * there is none.
 */
type Hand = "free" | "suspended" | "starting" | "absent";

interface Start {
  readonly job?: Job;
  /** Tasks are submitted before the threads run. */
  readonly isSubmitted?: boolean;
  readonly hands?: readonly [Hand, Hand];
}

/** A pool of two threads, and so many tasks. */
function scenario(
  name: string,
  count: number,
  threads: readonly Body[],
  { job = "nothing", isSubmitted = false, hands = ["free", "free"], ...rest }:
    & Start
    & Partial<PoolScenario> = {},
): PoolScenario {
  return {
    name,
    setup(wasm, memory) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const pool = wasm.poolNew(0, 2, agents[0]!, 0);
      wasm.poolResize(pool, 2, 3);
      const workers = [0, 1, 2].map((slot) => {
        const worker = wasm.workerNew(slot);
        const hand = hands[slot - 1];
        if (hand === "absent") return worker;
        if (hand === "starting") {
          wasm.workerExpect(pool, worker);
          return worker;
        }
        wasm.workerEnter(pool, slot, worker, agents[slot]!);
        if (hand === undefined) return worker;
        if (hand === "free") wasm.workerIsFree(pool, worker);
        wasm.workerSearch(pool, worker);
        assertEquals(wasm.workerIdle(pool, worker), 1);
        return worker;
      });
      const buffers = workers.map((worker) => memory[(worker + DEQUE_BUFFER) >>> 2]!);
      const tasks = Array.from(
        { length: count },
        (_, id) => wasm.taskNew(agents[0]!, id, 0, 0, id),
      );
      if (isSubmitted) { for (const task of tasks) wasm.workerSubmit(pool, workers[0]!, task); }
      const words = wasm.allocate(8 * count + 16);
      const counters = words + 16;
      return {
        ...{ pool, agents, workers, buffers, tasks, job },
        ...{ ended: words, gate: words + 8, counters, returned: counters + 4 * count },
      };
    },
    threads,
    // A thief may read an element that is being replaced, see `deque.ts`.
    racy: (ptr, { buffers }) =>
      buffers.some((buffer) =>
        ptr >= buffer + BUFFER_ELEMENTS && ptr < buffer + BUFFER_ELEMENTS + 4 * DEQUE_INITIAL
      ),
    label(ptr, { pool, agents, workers, tasks }) {
      if (ptr === pool + POOL_IDLE) return "idle";
      if (ptr === pool + POOL_SEARCHING) return "searching";
      if (ptr === pool + POOL_FREE) return "free";
      for (const [id, agent] of agents.entries()) {
        if (ptr === agent + AGENT_DOORBELL) return `doorbell ${id}`;
      }
      for (const [id, worker] of workers.entries()) {
        if (ptr === worker + DEQUE_TOP) return `top ${id}`;
        if (ptr === worker + DEQUE_BOTTOM) return `bottom ${id}`;
        if (ptr === worker + WORKER_IDLE) return `idle ${id}`;
        if (ptr === worker + WORKER_SEARCHING) return `searching ${id}`;
      }
      return tasks.includes(ptr) ? `task ${tasks.indexOf(ptr)}` : undefined;
    },
    allowParked: true,
    check: checkDone,
    ...rest,
  };
}

/** Throws unless the model holds, and every schedule was run to its end. */
export async function assertHolding(model: PoolScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

// ---- Workers -------------------------------------------------------------------------------------------------

/** What a task does but count that it runs. */
async function run(thread: Thread, state: State, number: number): Promise<void> {
  const { wasm, id, wait, atomic, notify } = thread;
  const { job, gate } = state;
  if (job === "nothing") return;
  if (number === 0) {
    if (job !== "wait") await wasm.workerSubmit(state.pool, state.workers[id]!, state.tasks[1]!);
    if (job !== "fork") await wait(gate, 0);
  } else if (job !== "fork") {
    await atomic(gate, (words) => words[gate >>> 2] = 1);
    await notify(gate);
  }
}

/** Runs a task that has been taken, or sends it back if it was cancelled. */
async function execute(thread: Thread, state: State, task: number): Promise<void> {
  const { wasm, id } = thread;
  const worker = state.workers[id]!;
  const starts = await wasm.taskStart(task, worker);
  const number = state.tasks.indexOf(task);
  if (starts) await wasm.runTask(state.counters + 4 * number);
  if (starts) await run(thread, state, number);
  await wasm.taskFinish(task, starts ? TASK_SUCCEEDED : TASK_CANCELLED, 0, state.agents[id]!);
  await wasm.workerFinished(worker);
}

/** It has been asked to stop; it leaves the tasks to others. */
const [STOP, LEAVE] = [-1, -2];
/** A signal that has nothing to do with the pool: a sleeper wakes for all sorts of reasons. */
const OTHER_SIGNAL = 1 << 16;

/** The loop of a worker, which stops only when it is asked to. */
function works(hand: Hand = "free"): Body {
  const isSuspended = hand === "suspended";
  return async (thread, state) => {
    const { wasm, id, repeat } = thread;
    const [pool, agent, worker] = [state.pool, state.agents[id]!, state.workers[id]!];
    const take = async () =>
      isSuspended && await wasm.poolHasFree(pool) ? LEAVE : await wasm.workerTake(pool, worker);
    const setFree = () =>
      isSuspended ? wasm.workerIsBusy(pool, worker) : wasm.workerIsFree(pool, worker);
    const sleep = async () => {
      await setFree();
      await wasm.agentSleep(agent, -1, 0);
      const signals = await wasm.agentTakeSignals(agent, -1);
      while (await wasm.inboxPop(agent) !== 0);
      await wasm.workerWoken(pool, worker);
      return signals & SIGNAL_STOP ? STOP : undefined;
    };
    const search = () =>
      repeat(async () => {
        const task = await take();
        if (task !== 0) return task;
        if (!await wasm.workerIdle(pool, worker)) return undefined;
        await wasm.poolTellQuiet(pool);
        return await sleep();
      });
    let found = hand === "starting" ? 0 : await sleep() ?? await search();
    if (hand === "starting") await wasm.workerEnter(pool, id, worker, agent);
    for (;;) {
      if (found > 0) await wasm.workerIsBusy(pool, worker);
      if (found !== 0) await wasm.workerFound(pool, worker);
      if (found === STOP) return;
      if (found > 0) await execute(thread, state, found);
      // It runs, until there is nothing to run.
      await repeat(async () => {
        const task = await take();
        if (task === 0) return true;
        if (task === LEAVE) return undefined;
        await wasm.workerIsBusy(pool, worker);
        await execute(thread, state, task);
        return undefined;
      });
      await setFree();
      await wasm.workerSearch(pool, worker);
      found = await search();
    }
  };
}

// ---- Owners --------------------------------------------------------------------------------------------------

/** Notes the tasks that have come back. Returns how many. */
async function drain({ wasm }: Thread, { agents, tasks, returned }: State): Promise<number> {
  let count = 0;
  for (let task; (task = await wasm.inboxPop(agents[0]!)) !== 0; count++) {
    await wasm.runTask(returned + 4 * tasks.indexOf(task));
  }
  return count;
}

/** Asks the owner to see to a thread that has ended, as the runtime does. */
const EXIT_SIGNAL = 1 << 17;
const tellsExit: Body = async ({ wasm, wait }, { agents, ended }) => {
  await wait(ended, 0);
  await wasm.agentSignal(agents[0]!, EXIT_SIGNAL);
};

/** Waits until the pool is quiet, and does `more` whenever a task comes back. */
async function untilQuiet(thread: Thread, state: State, more?: Body): Promise<"quiet"> {
  const { wasm, repeat } = thread;
  const { pool, agents, workers } = state;
  await repeat(async () => {
    const signals = await wasm.agentTakeSignals(agents[0]!, -1);
    if (signals & EXIT_SIGNAL) {
      await wasm.workerLeave(pool, 1, workers[1]!);
      await wasm.agentDied(agents[1]!);
    }
    if (await drain(thread, state) > 0) await more?.(thread, state);
    if (signals & (SIGNAL_QUIET | EXIT_SIGNAL) && await wasm.poolIsQuiet(pool)) return true;
    await wasm.agentSleep(agents[0]!, -1, 0);
    return undefined;
  });
  await drain(thread, state);
  return "quiet";
}

/** Submits the tasks, wakes a sleeper for nothing, and waits until the pool is quiet. */
const owns: Body = async (thread, state) => {
  const { wasm } = thread;
  const { pool, agents, workers, tasks, job } = state;
  if (job === "fork and wait") await wasm.agentSignal(agents[1]!, OTHER_SIGNAL);
  for (const task of tasks.slice(0, job.startsWith("fork") ? 1 : undefined)) {
    await wasm.workerSubmit(pool, workers[0]!, task);
  }
  if (await wasm.poolIsQuiet(pool)) {
    await drain(thread, state);
    return "quiet";
  }
  return await untilQuiet(thread, state);
};

/** Submits a task, and asks again and again whether the pool is quiet. */
const asks: Body = async (thread, state) => {
  const { wasm, repeat } = thread;
  const { pool, workers, tasks } = state;
  await wasm.workerSubmit(pool, workers[0]!, tasks[0]!);
  await repeat(async () => await wasm.poolIsQuiet(pool) ? true : undefined);
  await drain(thread, state);
  return "quiet";
};

/** Asks its threads to stop, then. */
const ownsAndStops: Body = async (thread, state) => {
  const result = await owns(thread, state);
  for (const agent of state.agents.slice(1)) await thread.wasm.agentSignal(agent, SIGNAL_STOP);
  return result;
};

/** Submits a task and cancels it. */
const cancels: Body = async (thread, state) => {
  const { wasm } = thread;
  await wasm.workerSubmit(state.pool, state.workers[0]!, state.tasks[0]!);
  const isCancelled = await wasm.taskCancel(state.tasks[0]!);
  await untilQuiet(thread, state);
  return isCancelled;
};

/** Takes back what nobody has taken, as at a pool's termination. */
const empties: Body = async (thread, state) => {
  const { wasm, repeat } = thread;
  const { pool, agents, workers } = state;
  await repeat(async () => {
    const task = await wasm.poolTake(pool);
    if (task === 0) return true;
    await wasm.taskFinish(task, TASK_CANCELLED, 0, agents[0]!);
    await wasm.workerFinished(workers[0]!);
    return undefined;
  });
  return await wasm.poolIsQuiet(pool)
    ? (await drain(thread, state), "quiet")
    : untilQuiet(thread, state);
};

/** The owner of a pool one of whose threads may die. */
const survives: Body = (thread, state) => untilQuiet(thread, state);

/** The same; once its only task has come back it submits another, which lies in the same place. */
const survivesTwice: Body = (thread, state) =>
  untilQuiet(thread, state, async ({ wasm, atomic }, { pool, agents, workers, tasks, gate }) => {
    if (await atomic(gate, (words) => words[gate >>> 2]!++) !== 0) return;
    await wasm.free(tasks[0]!);
    assertEquals(await wasm.taskNew(agents[0]!, 0, 0, 0, 0), tasks[0]);
    await wasm.workerSubmit(pool, workers[0]!, tasks[0]!);
  });

// ---- Ends ----------------------------------------------------------------------------------------------------

/** Each task has run once and has come back, the owner knows, and everybody is counted for what he is. */
function checkDone({ words, state, results, parked }: Outcome<Scheduler, State>): void {
  assertEquals(results[0], "quiet", "the owner sleeps");
  const word = (ptr: number) => words[ptr >>> 2]!;
  for (const [at] of state.tasks.entries()) {
    assertEquals([word(state.counters + 4 * at), word(state.returned + 4 * at)], [1, 1]);
  }
  const counted = [word(state.pool + POOL_IDLE), word(state.pool + POOL_SEARCHING)];
  assertEquals(counted, [parked.length, 0]);
}

/** Each task has come back, or died with its thread after it had started. */
function checkDeath({ wasm, words, state, results, killed }: Outcome<Scheduler, State>): void {
  assertEquals(results[0], "quiet", "the owner sleeps");
  const word = (ptr: number) => words[ptr >>> 2]!;
  const times = 1 + Math.min(1, word(state.gate));
  for (const [at, task] of state.tasks.entries()) {
    const [ran, returned] = [word(state.counters + 4 * at), word(state.returned + 4 * at)];
    const isOrphan = killed.length > 0 && wasm.taskIsOrphan(task) !== 0;
    assert(ran <= times, "a task ran twice");
    assertEquals(returned + Number(isOrphan), times, `task ${at} is lost`);
  }
}

// ---- Models --------------------------------------------------------------------------------------------------

export const one = scenario("one task", 1, [owns, works(), works()]);
export const two = scenario("two tasks", 2, [owns, works(), works()]);
export const stopped = scenario("one task, and an end", 1, [ownsAndStops, works(), works()]);
/** Both threads are needed at once. */
export const parent = scenario("a task that waits for its child", 2, [owns, works(), works()], {
  job: "fork and wait",
});
export const burst = scenario("a task that waits for the next", 2, [owns, works(), works()], {
  job: "wait",
});
export const child = scenario("a task that leaves a child", 2, [owns, works(), works()], {
  job: "fork",
});
export const asked = scenario("an owner who asks", 2, [asks, works(), () => Promise.resolve()], {
  job: "fork",
  hands: ["free", "absent"],
});
/** One thread is free, the other is taken only when that is busy. */
export const suspended = scenario(
  "a task that waits for its child, on threads of which one is not free",
  2,
  [owns, works(), works("suspended")],
  { job: "fork and wait", hands: ["free", "suspended"] },
);
export const starting = scenario("a thread that starts", 1, [
  ...[owns, works("suspended"), works("starting")],
], { hands: ["suspended", "starting"] });
export const cancelled = scenario("a task is cancelled", 1, [cancels, works(), works()], {
  check({ words, state, results }) {
    const word = (ptr: number) => words[ptr >>> 2]!;
    assertEquals([word(state.counters), word(state.returned)], [1 - Number(results[0]), 1]);
  },
});
export const emptied = scenario("the owner takes tasks back", 2, [empties, works(), works()], {
  isSubmitted: true,
  check({ words, state, results }) {
    assertEquals(results[0], "quiet");
    const word = (ptr: number) => words[ptr >>> 2]!;
    for (const at of [0, 1]) {
      assert(word(state.counters + 4 * at) <= 1);
      assertEquals(word(state.returned + 4 * at), 1);
    }
  },
});
const mortal: Start & Partial<PoolScenario> = {
  isSubmitted: true,
  check: checkDeath,
  kill: { thread: 1, tells: ({ ended }) => ended },
};
export const dying = scenario("a thread dies", 1, [survives, works(), works(), tellsExit], mortal);
export const reused = scenario("a thread dies when another task lies where its own lay", 1, [
  ...[survivesTwice, works(), works()],
  tellsExit,
], mortal);

/** A runtime may declare a thread dead that goes on for a while: whoever has a task last frees it. */
export const disowned = scenario("a thread is declared dead too early", 1, [
  async ({ wasm, repeat }, { agents, tasks }) => {
    await wasm.agentDied(agents[1]!);
    if (await wasm.taskIsOrphan(tasks[0]!) && await wasm.taskDisown(tasks[0]!)) return "disowned";
    await repeat(async () => {
      if (await wasm.inboxPop(agents[0]!) !== 0) return true;
      await wasm.agentTakeSignals(agents[0]!, -1);
      await wasm.agentSleep(agents[0]!, -1, 0);
      return undefined;
    });
    await wasm.free(tasks[0]!);
    return "returned";
  },
  async ({ wasm }, { agents, workers, tasks }) => {
    await wasm.taskStart(tasks[0]!, workers[1]!);
    const woke = await wasm.taskFinish(tasks[0]!, TASK_SUCCEEDED, 0, agents[1]!);
    if (woke === WOKE_NONE) await wasm.free(tasks[0]!);
    return woke;
  },
  () => Promise.resolve(),
], {
  check({ words, state, results }) {
    assertEquals(results[0], results[1] === WOKE_NONE ? "disowned" : "returned");
    const block = state.tasks[0]! - BLOCK_HEADER;
    assertEquals(words[(block + BLOCK_STATE) >>> 2], BLOCK_FREE);
  },
});
