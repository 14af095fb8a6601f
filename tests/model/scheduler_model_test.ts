/** Models of `wasm/assembly/scheduler.ts` and `task.ts`, with the workers' loop of `src/pool/worker.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  AGENT_DOORBELL,
  BUFFER_ELEMENTS,
  DEQUE_BOTTOM,
  DEQUE_BUFFER,
  DEQUE_INITIAL,
  DEQUE_TOP,
  POOL_IDLE,
  POOL_SEARCHING,
  SIGNAL_QUIET,
  SIGNAL_STOP,
  TASK_CANCELLED,
  TASK_SUCCEEDED,
  WORKER_IDLE,
  WORKER_SEARCHING,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import { assertHolds, explore, type Options, type Outcome, type Scenario, type VirtualThread } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";

const ENTRY = "tests/model/assembly/scheduler.ts";

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
  poolIsQuiet(pool: number): number;
  poolNew(kind: number, slots: number, owner: number): number;
  poolTake(pool: number): number;
  poolTellQuiet(pool: number): void;
  taskCancel(task: number): number;
  taskFinish(task: number, state: number, result: number, self: number): number;
  taskIsOrphan(task: number): number;
  taskNew(submitter: number, id: number, fn: number, args: number, number: number): number;
  taskStart(task: number, worker: number): number;
  workerEnter(pool: number, slot: number, worker: number, agent: number): void;
  workerFinished(worker: number): void;
  workerFound(pool: number, worker: number): void;
  workerIdle(pool: number, worker: number): number;
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
  /** A word that tells that a thread has ended. */
  readonly ended: number;
  /** Task 0 submits task 1 and waits for it, on the word `gate`. */
  readonly forks: boolean;
  readonly gate: number;
}
type Thread = VirtualThread<Scheduler>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type PoolScenario = Scenario<Scheduler, State>;

const core = await buildModel(ENTRY);

/** A pool of two threads, asleep, and so many tasks; where a thread may die they have been submitted. */
function scenario(
  name: string,
  count: number,
  threads: readonly Body[],
  { forks = false, kill, ...rest }: Partial<PoolScenario> & { forks?: boolean } = {},
): PoolScenario {
  return {
    name,
    setup(wasm, memory) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const pool = wasm.poolNew(0, 3, agents[0]!);
      const workers = [0, 1, 2].map((slot) => {
        const worker = wasm.workerNew(slot);
        wasm.workerEnter(pool, slot, worker, agents[slot]!);
        if (slot === 0) return worker;
        wasm.workerSearch(pool, worker);
        assertEquals(wasm.workerIdle(pool, worker), 1);
        return worker;
      });
      const buffers = workers.map((worker) => memory[(worker + DEQUE_BUFFER) >>> 2]!);
      const tasks = Array.from({ length: count }, (_, id) => wasm.taskNew(agents[0]!, id, 0, 0, id));
      if (kill !== undefined) for (const task of tasks) wasm.workerSubmit(pool, workers[0]!, task);
      const words = wasm.allocate(8 * count + 16);
      const counters = words + 16;
      return {
        ...{ pool, agents, workers, buffers, tasks, forks },
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
    ...kill !== undefined && { kill },
    ...rest,
  };
}

/** Task 0 submits task 1, and blocks its thread until that runs. */
async function fork(thread: Thread, state: State, number: number): Promise<void> {
  const { wasm, id, wait, atomic, notify } = thread;
  if (number === 0) {
    await wasm.workerSubmit(state.pool, state.workers[id]!, state.tasks[1]!);
    await wait(state.gate, 0);
  } else {
    await atomic(state.gate, (words) => words[state.gate >>> 2] = 1);
    await notify(state.gate);
  }
}

/** Runs a task that has been taken, or sends it back if it was cancelled. */
async function execute(thread: Thread, state: State, task: number): Promise<void> {
  const { wasm, id } = thread;
  const [agent, worker] = [state.agents[id]!, state.workers[id]!];
  const starts = await wasm.taskStart(task, worker);
  const number = state.tasks.indexOf(task);
  if (starts) await wasm.runTask(state.counters + 4 * number);
  if (starts && state.forks) await fork(thread, state, number);
  await wasm.taskFinish(task, starts ? TASK_SUCCEEDED : TASK_CANCELLED, 0, agent);
  await wasm.workerFinished(worker);
}

const STOP = -1;
/** A signal that has nothing to do with the pool: a sleeper wakes for all sorts of reasons. */
const OTHER_SIGNAL = 1 << 16;

/** A worker, idle at first: runs tasks until it is asked to stop. */
const works: Body = async (thread, state) => {
  const { wasm, id, repeat } = thread;
  const [pool, agent, worker] = [state.pool, state.agents[id]!, state.workers[id]!];
  const sleep = async () => {
    await wasm.agentSleep(agent, -1, 0);
    const signals = await wasm.agentTakeSignals(agent, -1);
    while (await wasm.inboxPop(agent) !== 0);
    await wasm.workerWoken(pool, worker);
    return signals & SIGNAL_STOP ? STOP : undefined;
  };
  const search = () =>
    repeat(async () => {
      const task = await wasm.workerTake(pool, worker);
      if (task !== 0) return task;
      if (!await wasm.workerIdle(pool, worker)) return undefined;
      await wasm.poolTellQuiet(pool);
      return await sleep();
    });
  let found = await sleep() ?? await search();
  while (found !== STOP) {
    await wasm.workerFound(pool, worker);
    await execute(thread, state, found);
    // What it finds now was there already.
    await repeat(async () => {
      const task = await wasm.workerTake(pool, worker);
      if (task === 0) return true;
      await execute(thread, state, task);
      return undefined;
    });
    await wasm.workerSearch(pool, worker);
    found = await search();
  }
  await wasm.workerFound(pool, worker);
};

/** Notes the tasks that have come back. Returns how many. */
async function drain({ wasm }: Thread, { agents, tasks, returned }: State): Promise<number> {
  let count = 0;
  for (let task; (task = await wasm.inboxPop(agents[0]!)) !== 0; count++) {
    await wasm.runTask(returned + 4 * tasks.indexOf(task));
  }
  return count;
}

/** The owner: submits all tasks, and waits until the pool is quiet. */
const owns: Body = async (thread, state) => {
  const { wasm, repeat } = thread;
  const { pool, agents, workers, tasks } = state;
  if (state.forks) await wasm.agentSignal(agents[1]!, OTHER_SIGNAL);
  for (const task of tasks.slice(0, state.forks ? 1 : undefined)) await wasm.workerSubmit(pool, workers[0]!, task);
  if (!await wasm.poolIsQuiet(pool)) {
    await repeat(async () => {
      const signals = await wasm.agentTakeSignals(agents[0]!, -1);
      await drain(thread, state);
      if (signals & SIGNAL_QUIET && await wasm.poolIsQuiet(pool)) return true;
      await wasm.agentSleep(agents[0]!, -1, 0);
      return undefined;
    });
  }
  await drain(thread, state);
  return "quiet";
};

/** Asks the owner to see to a thread that has ended, as the runtime does. */
const EXIT_SIGNAL = 1 << 17;
const tellsExit: Body = async ({ wasm, wait }, { agents, ended }) => {
  await wait(ended, 0);
  await wasm.agentSignal(agents[0]!, EXIT_SIGNAL);
};

/** The owner of a pool whose first thread may die; it has submitted its tasks, and does `more` when one comes back. */
const survives = (more?: Body): Body => async (thread, state) => {
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
};

/** Submits a new task once the only one has come back; it lies in the same place. */
const again: Body = async ({ wasm, atomic }, { pool, agents, workers, tasks, gate }) => {
  if (await atomic(gate, (words) => words[gate >>> 2]!++) !== 0) return;
  await wasm.free(tasks[0]!);
  assertEquals(await wasm.taskNew(agents[0]!, 0, 0, 0, 0), tasks[0]);
  await wasm.workerSubmit(pool, workers[0]!, tasks[0]!);
};

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

/** The owner, who then asks its threads to stop. */
const ownsAndStops: Body = async (thread, state) => {
  const result = await owns(thread, state);
  for (const agent of state.agents.slice(1)) await thread.wasm.agentSignal(agent, SIGNAL_STOP);
  return result;
};

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

async function assertHolding(model: PoolScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

/** What ends with the workers asleep, or asked to stop. */
const ending: Partial<PoolScenario> = { allowParked: true, check: checkDone };
const one = scenario("one task", 1, [owns, works, works], ending);
const two = scenario("two tasks", 2, [owns, works, works], ending);
const stopped = scenario("one task, and an end", 1, [ownsAndStops, works, works], ending);
const forking = scenario("a task that waits for its child", 2, [owns, works, works], {
  ...ending,
  forks: true,
});

const mortal: Partial<PoolScenario> = {
  allowParked: true,
  check: checkDeath,
  kill: { thread: 1, tells: ({ ended }) => ended },
};
const dying = scenario("a thread dies", 1, [survives(), works, works, tellsExit], mortal);
const reused = scenario("a thread dies when its task's memory is another's", 1, [
  ...[survives(again), works, works],
  tellsExit,
], mortal);

Deno.test("scheduler: no task is lost that a thread had not started when it dies", async () => {
  await assertHolding(dying, { bound: 0 });
  await assertHolding(reused, { bound: 0 });
});

Deno.test("scheduler: each task runs once, and the owner is told when all have", async () => {
  await assertHolding(one, { bound: 2 });
  await assertHolding(two, { bound: 2 });
  await assertHolding(stopped, { bound: 2 });
  await assertHolding(forking, { bound: 2 });
});
