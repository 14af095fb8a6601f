/**
 * What the models of `wasm/assembly/scheduler.ts` and `task.ts` are made of: a pool, the workers' loop of `src/pool/worker.ts`, an
 * owner who waits until the pool is quiet, and what must be true in the end.
 */
import { assert, assertEquals } from "../support/assert.ts";
import {
  AGENT_DOORBELL,
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
  SIGNAL_WORK,
  TASK_CANCELLED,
  TASK_SUCCEEDED,
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

export interface Scheduler {
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
  poolQueued(pool: number): number;
  poolResize(pool: number, threads: number, slots: number): void;
  poolTake(pool: number): number;
  poolTellQuiet(pool: number): void;
  poolWantRoom(pool: number): void;
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
  workerGiveBack(pool: number, worker: number, task: number): void;
  workerIdle(pool: number, worker: number): number;
  workerIsBusy(pool: number, worker: number): void;
  workerIsFree(pool: number, worker: number): void;
  workerLeave(pool: number, slot: number, expected: number): void;
  workerNew(seed: number): number;
  workerSearch(pool: number, worker: number): void;
  workerSubmit(pool: number, worker: number, task: number): void;
  workerTake(pool: number, worker: number): number;
  workerTakeFrom(pool: number, worker: number, agent: number): number;
  workerTakeToward(pool: number, worker: number, wanted: number): number;
  workerWoken(pool: number, worker: number): void;
}

export interface State {
  readonly pool: number;
  /** The agent and the worker of each thread; thread 0 is the owner. */
  readonly agents: readonly number[];
  readonly workers: readonly number[];
  readonly buffers: readonly number[];
  readonly tasks: readonly number[];
  /** For each task, how often it has run, and how often it has come back. */
  readonly counters: number;
  readonly returned: number;
  /** Words: a thread has ended; one of the model's own; a thread has been hired. */
  readonly ended: number;
  readonly gate: number;
  readonly hired: number;
  readonly job: Job;
}
export type Thread = VirtualThread<Scheduler>;
export type Body = (thread: Thread, state: State) => Promise<unknown>;
export type PoolScenario = Scenario<Scheduler, State>;

export const core = await buildModel(ENTRY);

/**
 * What a task does. Task 0: nothing, or it submits task 1 and waits for that, or goes on, or waits for task 1, which the owner
 * submits as well. Or something else.
 */
type Job =
  | "nothing"
  | "fork and wait"
  | "fork"
  | "wait"
  | ((thread: Thread, state: State, number: number) => Promise<void>);

/**
 * How a worker stands at the start: it sleeps and is free, or with a goroutine suspended, or its thread is starting, or
 * there is none, or it runs nothing more.
 */
export type Hand = "free" | "suspended" | "starting" | "absent" | "left";

export interface Start {
  readonly job?: Job;
  /** How many tasks are submitted before the threads run. */
  readonly submitted?: number;
  readonly hands?: readonly Hand[];
  readonly isRanked?: boolean;
}

/** A pool that may have two threads, and so many tasks. */
export function scenario(
  name: string,
  count: number,
  threads: readonly Body[],
  { job = "nothing", submitted = 0, hands = ["free", "free"], isRanked = false, ...rest }:
    & Start
    & Partial<PoolScenario> = {},
): PoolScenario {
  return {
    name,
    setup(wasm, memory) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const pool = wasm.poolNew(0, hands.length, agents[0]!, Number(isRanked));
      wasm.poolResize(pool, 2, hands.length + 1);
      const workers = ["owner", ...hands].map((hand, slot) => {
        const worker = wasm.workerNew(slot);
        if (hand === "absent") return worker;
        if (hand === "starting") {
          wasm.workerExpect(pool, worker);
          return worker;
        }
        wasm.workerEnter(pool, slot, worker, agents[slot]!);
        if (hand === "owner" || hand === "left") return worker;
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
      for (const task of tasks.slice(0, submitted)) wasm.workerSubmit(pool, workers[0]!, task);
      const words = wasm.allocate(8 * count + 24);
      const counters = words + 24;
      return {
        ...{ pool, agents, workers, buffers, tasks, job },
        ...{ ended: words, gate: words + 8, hired: words + 16 },
        ...{ counters, returned: counters + 4 * count },
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
  if (typeof job === "function") return await job(thread, state, number);
  if (number === 0) {
    if (job !== "wait") await wasm.workerSubmit(state.pool, state.workers[id]!, state.tasks[1]!);
    if (job !== "fork") await wait(gate, 0);
  } else if (job !== "fork") {
    await atomic(gate, (words) => words[gate >>> 2] = 1);
    await notify(gate);
  }
}

/** Runs a task that has been taken, or sends it back if it was cancelled. */
export async function execute(thread: Thread, state: State, task: number): Promise<void> {
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
export const OTHER_SIGNAL = 1 << 16;

/** The loop of a worker, which stops only when it is asked to. */
export function works(hand: Hand = "free"): Body {
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

/** Notes the tasks that have come back to the thread. Returns how many. */
export async function drain(
  { wasm, id }: Thread,
  { agents, tasks, returned }: State,
): Promise<number> {
  let count = 0;
  for (let task; (task = await wasm.inboxPop(agents[id]!)) !== 0; count++) {
    await wasm.runTask(returned + 4 * tasks.indexOf(task));
  }
  return count;
}

/** Asks the owner to see to a thread that has ended, as the runtime does. */
export const EXIT_SIGNAL = 1 << 17;
export async function tellsExit({ wasm, wait }: Thread, { agents, ended }: State): Promise<void> {
  await wait(ended, 0);
  await wasm.agentSignal(agents[0]!, EXIT_SIGNAL);
}

/** Sees to thread 1, which has ended. */
export async function buries(
  { wasm }: Thread,
  { pool, agents, workers }: State,
): Promise<void> {
  await wasm.workerLeave(pool, 1, workers[1]!);
  await wasm.agentDied(agents[1]!);
}

/**
 * What an owner does, besides, when a task has come back, and when it is told that threads are missing or leave: it then asks whether the pool
 * is quiet if that returns true.
 */
interface Duties {
  readonly onReturn?: Body;
  readonly onWork?: Body;
}

/** Waits until the pool is quiet. */
export async function untilQuiet(
  thread: Thread,
  state: State,
  { onReturn, onWork }: Duties = {},
): Promise<"quiet"> {
  const { wasm, repeat } = thread;
  const { pool, agents } = state;
  await repeat(async () => {
    const signals = await wasm.agentTakeSignals(agents[0]!, -1);
    if (signals & EXIT_SIGNAL) await buries(thread, state);
    const asks = signals & SIGNAL_WORK && await onWork?.(thread, state);
    if (await drain(thread, state) > 0) await onReturn?.(thread, state);
    if ((asks || signals & (SIGNAL_QUIET | EXIT_SIGNAL)) && await wasm.poolIsQuiet(pool)) {
      return true;
    }
    await wasm.agentSleep(agents[0]!, -1, 0);
    return undefined;
  });
  await drain(thread, state);
  return "quiet";
}

/** The owner of a pool one of whose threads may die. */
export function survives(thread: Thread, state: State): Promise<"quiet"> {
  return untilQuiet(thread, state);
}

// ---- Ends ----------------------------------------------------------------------------------------------------

/** Each task has run once and has come back, the owner knows, and everybody is counted for what he is. */
export function checkDone({ words, state, results, parked }: Outcome<Scheduler, State>): void {
  assertEquals(results[0], "quiet", "the owner sleeps");
  const word = (ptr: number) => words[ptr >>> 2]!;
  for (const [at] of state.tasks.entries()) {
    assertEquals([word(state.counters + 4 * at), word(state.returned + 4 * at)], [1, 1]);
  }
  const counted = [word(state.pool + POOL_IDLE), word(state.pool + POOL_SEARCHING)];
  assertEquals(counted, [parked.length, 0]);
}

/** Each task has come back, or died with its thread after it had started. */
export function checkDeath(
  { wasm, words, state, results, killed }: Outcome<Scheduler, State>,
): void {
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

/** Thread 1 may die. */
export const mortal: Start & Partial<PoolScenario> = {
  submitted: 1,
  check: checkDeath,
  kill: { thread: 1, tells: ({ ended }) => ended },
};
