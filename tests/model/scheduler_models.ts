/**
 * Models of `wasm/assembly/scheduler.ts` and `task.ts`: tasks that run once, wake who can run them, are cancelled, survive a thread.
 * What explores them is `scheduler_model_test.ts`.
 */
import { assert, assertEquals } from "../support/assert.ts";
import {
  BLOCK_FREE,
  BLOCK_HEADER,
  BLOCK_STATE,
  SIGNAL_STOP,
  TASK_CANCELLED,
  TASK_SUCCEEDED,
  WOKE_NONE,
} from "../../src/memory/layout.ts";
import {
  type Body,
  drain,
  mortal,
  OTHER_SIGNAL,
  scenario,
  survives,
  tellsExit,
  untilQuiet,
  works,
} from "./scheduler_bodies.ts";

// ---- Owners --------------------------------------------------------------------------------------------------

/** Submits the tasks, wakes a sleeper for nothing, and waits until the pool is quiet. */
const owns: Body = async (thread, state) => {
  const { wasm } = thread;
  const { pool, agents, workers, tasks, job } = state;
  if (job === "fork and wait") await wasm.agentSignal(agents[1]!, OTHER_SIGNAL);
  for (const task of tasks.slice(0, job === "wait" || job === "nothing" ? undefined : 1)) {
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

/** The same; once its only task has come back it submits another, which lies in the same place. */
const survivesTwice: Body = (thread, state) =>
  untilQuiet(thread, state, {
    async onReturn({ wasm, atomic }, { pool, agents, workers, tasks, gate }) {
      if (await atomic(gate, (words) => words[gate >>> 2]!++) !== 0) return;
      await wasm.free(tasks[0]!);
      assertEquals(await wasm.taskNew(agents[0]!, 0, 0, 0, 0), tasks[0]);
      await wasm.workerSubmit(pool, workers[0]!, tasks[0]!);
    },
  });

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
  submitted: 2,
  check({ words, state, results }) {
    assertEquals(results[0], "quiet");
    const word = (ptr: number) => words[ptr >>> 2]!;
    for (const at of [0, 1]) {
      assert(word(state.counters + 4 * at) <= 1);
      assertEquals(word(state.returned + 4 * at), 1);
    }
  },
});
export const dying = scenario("a thread dies", 1, [survives, works(), works(), tellsExit], mortal);
export const dyingWaker = scenario("a thread dies that wakes another", 2, [
  ...[survives, works(), works()],
  tellsExit,
], { ...mortal, submitted: 2 });
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
