/**
 * Models of `wasm/assembly/scheduler.ts`: a thread that blocks for what it has forked, and helps meanwhile (`RemoteGoroutine.block` and
 * `Worker.help` in `src/pool`); tasks that a thread cannot start and gives back; pools whose tasks have weights.
 */
import { assert, assertEquals } from "../support/assert.ts";
import {
  TASK_QUEUED,
  TASK_RUNNER,
  TASK_STARTED,
  TASK_STATE,
  TASK_SUBMITTER,
} from "../../src/memory/layout.ts";
import type { Outcome } from "./loom.ts";
import {
  type Body,
  drain,
  execute,
  mortal,
  type PoolScenario,
  scenario,
  type Scheduler,
  type Start,
  type State,
  survives,
  tellsExit,
  type Thread,
  works,
} from "./scheduler_bodies.ts";

/** Notes, in a word of the model's own, that `number` has been submitted by a task. */
async function submitted({ atomic }: Thread, { gate }: State, number: number): Promise<void> {
  await atomic(gate, (words) => words[gate >>> 2]! |= 1 << number);
}

/** Submits the next task, as one of the thread's own. */
async function fork(thread: Thread, state: State, number: number): Promise<void> {
  const { wasm, id, atomic } = thread;
  const { pool, agents, workers, tasks } = state;
  const submitter = tasks[number]! + TASK_SUBMITTER;
  await atomic(submitter, (words) => words[submitter >>> 2] = agents[id]!);
  await wasm.workerSubmit(pool, workers[id]!, tasks[number]!);
  await submitted(thread, state, number);
}

/** Runs a task, if there is one to be run meanwhile; see `Worker.help`. `canStart`: it knows the functions. */
async function help(
  thread: Thread,
  state: State,
  task: number,
  canStart: boolean,
): Promise<boolean> {
  const { wasm, id, atomic } = thread;
  const { pool, agents, workers } = state;
  const worker = workers[id]!;
  const read = (ptr: number) => atomic(ptr, (words) => words[ptr >>> 2]!);
  const taskState = await read(task + TASK_STATE);
  let next = 0;
  if (taskState === TASK_QUEUED) {
    next = await wasm.workerTakeToward(pool, worker, task);
  } else if (taskState === TASK_STARTED) {
    const runner = await read(task + TASK_RUNNER);
    assert(runner !== agents[id], "it blocks for what it runs itself");
    next = await wasm.workerTakeFrom(pool, worker, runner);
  }
  if (next === 0) return false;
  if (canStart) await execute(thread, state, next);
  else await wasm.workerGiveBack(pool, worker, next);
  return canStart;
}

/**
 * Blocks for task `number`, or until its thread has died; see `RemoteGoroutine.block`. It sleeps until it is rung: what is worth waking for
 * must ring.
 */
async function block(
  thread: Thread,
  state: State,
  number: number,
  canStart: boolean,
): Promise<void> {
  const { wasm, id, atomic, repeat } = thread;
  const task = state.tasks[number]!;
  const returned = state.returned + 4 * number;
  await repeat(async () => {
    await wasm.agentTakeSignals(state.agents[id]!, -1);
    await drain(thread, state);
    if (await atomic(returned, (words) => words[returned >>> 2]) !== 0) return true;
    if (await wasm.taskIsOrphan(task)) return true;
    if (await help(thread, state, task, canStart)) return undefined;
    await wasm.agentSleep(state.agents[id]!, -1, 0);
    return undefined;
  });
}

/** Each task forks the next one and blocks for it. Thread `stranger` cannot start what it finds while it blocks. */
function joins(stranger?: number): Start {
  return {
    async job(thread, state, number) {
      if (number + 1 === state.tasks.length) return;
      await fork(thread, state, number + 1);
      await block(thread, state, number + 1, thread.id !== stranger);
    },
  };
}

/** Each task leaves the next one to the pool. */
const leaves: Start = {
  async job(thread, state, number) {
    if (number + 1 === state.tasks.length) return;
    await thread.wasm.workerSubmit(
      state.pool,
      state.workers[thread.id]!,
      state.tasks[number + 1]!,
    );
    await submitted(thread, state, number + 1);
  },
};

/** Nothing waits in a queue; a task that was submitted has run, or died with its thread, and who lives has heard of it. */
function checkFamily(outcome: Outcome<Scheduler, State>): void {
  const { wasm, words, state, results, killed } = outcome;
  assertEquals(results[0], "quiet", "the owner sleeps");
  assertEquals(wasm.poolQueued(state.pool), 0);
  const word = (ptr: number) => words[ptr >>> 2]!;
  const dead = killed.map((id) => state.agents[id]);
  for (const [at, task] of state.tasks.entries()) {
    const [ran, returned] = [word(state.counters + 4 * at), word(state.returned + 4 * at)];
    const isOrphan = killed.length > 0 && wasm.taskIsOrphan(task) !== 0;
    assert(ran <= 1, `task ${at} ran twice`);
    if (at > 0 && !(word(state.gate) & 1 << at)) continue;
    assert(ran === 1 || isOrphan, `task ${at} is lost`);
    if (dead.includes(word(task + TASK_SUBMITTER))) continue;
    assertEquals(returned + Number(isOrphan), 1, `task ${at} has not come back`);
  }
}

/** The first of so many tasks has been submitted. */
function family(name: string, count: number, start: Start & Partial<PoolScenario>): PoolScenario {
  const threads: Body[] = [survives, works(), works()];
  if (start.kill !== undefined) threads.push(tellsExit);
  return scenario(name, count, threads, { submitted: 1, check: checkFamily, ...start });
}

export const joined = family("a task that blocks for its child", 2, joins());
export const joinedTwice = family("a child that blocks for its own", 3, joins());
export const givenBack = family("a task that a thread cannot start", 2, joins(1));
export const joinedDying = family("a thread that blocks, or helps, dies", 2, {
  ...mortal,
  ...joins(),
  check: checkFamily,
});
export const joinedTwiceDying = family("a thread that helps another one dies", 3, {
  ...mortal,
  ...joins(),
  check: checkFamily,
});
export const givenBackDying = family("a thread that gives a task back dies", 2, {
  ...mortal,
  ...joins(1),
  check: checkFamily,
});
export const rankedJoined = family("a task that blocks for its child, in a ranked pool", 2, {
  ...joins(),
  isRanked: true,
});
/** The only thread has to run what it blocks for. */
export const rankedAlone = scenario("the only thread of a ranked pool blocks for its child", 2, [
  ...[survives, works(), () => Promise.resolve()],
], { ...joins(), submitted: 1, hands: ["free", "absent"], check: checkFamily, isRanked: true });
export const rankedDying = family("a thread of a ranked pool dies", 2, {
  ...mortal,
  ...leaves,
  check: checkFamily,
  isRanked: true,
});
export const forkedDying = family("a thread that forks dies", 2, {
  ...mortal,
  ...leaves,
  check: checkFamily,
});

/** Thread 1 blocks for something that thread 2 runs, and helps with what waits there: once. */
const helper = scenario("a thread dies that has taken a task to help", 1, [
  survives,
  async (thread, state) => {
    const { pool, agents, workers } = state;
    const task = await thread.wasm.workerTakeFrom(pool, workers[1]!, agents[2]!);
    if (task !== 0) await execute(thread, state, task);
  },
  works(),
  tellsExit,
], { ...mortal, submitted: 0, hands: ["left", "free"] });
export const helperDying: PoolScenario = {
  ...helper,
  setup(wasm, words) {
    const state = helper.setup(wasm, words);
    wasm.workerSubmit(state.pool, state.workers[2]!, state.tasks[0]!);
    return state;
  },
};
