/**
 * Models of `wasm/assembly/scheduler.ts`: what an owner is told, who bounds what waits, and whose threads leave by themselves.
 */
import { assert, assertEquals } from "../support/assert.ts";
import {
  POOL_IDLE,
  SIGNAL_ROOM,
  SIGNAL_WORK,
  WORKER_FINISHED,
  WORKER_HAS_LEFT,
  WORKER_SUBMITTED,
  WORKER_TOOK,
} from "../../src/memory/layout.ts";
import {
  type Body,
  buries,
  drain,
  execute,
  EXIT_SIGNAL,
  mortal,
  type PoolScenario,
  scenario,
  type Scheduler,
  type State,
  tellsExit,
  untilQuiet,
  works,
} from "./scheduler_bodies.ts";
import type { Outcome } from "./loom.ts";

// ---- Room ----------------------------------------------------------------------------------------------------

/** What a careless owner leaves out. */
interface Looks {
  /** After it has asked for room. */
  readonly asAsked?: boolean;
  /** After a thread has died, which may have taken a task and not come to tell of it. */
  readonly asDied?: boolean;
}

/** Submits the tasks; no more than one waits at a time. Looks where `Admission.look` does. */
function bounds({ asAsked = true, asDied = true }: Looks = {}): Body {
  return async (thread, state) => {
    const { wasm, repeat } = thread;
    const { pool, agents, workers, tasks } = state;
    const hasRoom = async () => await wasm.poolQueued(pool) === 0;
    for (const task of tasks) {
      while (!await hasRoom()) {
        await wasm.poolWantRoom(pool);
        if (asAsked && await hasRoom()) break;
        // A result, for example, is no reason to look.
        await repeat(async () => {
          const signals = await wasm.agentTakeSignals(agents[0]!, -1);
          if (signals & EXIT_SIGNAL) await buries(thread, state);
          await drain(thread, state);
          if (signals & SIGNAL_ROOM || asDied && signals & EXIT_SIGNAL) return true;
          await wasm.agentSleep(agents[0]!, -1, 0);
          return undefined;
        });
      }
      await wasm.workerSubmit(pool, workers[0]!, task);
    }
    if (!await wasm.poolIsQuiet(pool)) return await untilQuiet(thread, state);
    await drain(thread, state);
    return "quiet";
  };
}

/** The second task can only be submitted while the first one runs, and must be, as the first waits for it. */
function roomScenario(looks?: Looks): PoolScenario {
  return scenario("a bounded queue", 2, [bounds(looks), works(), works()], { job: "wait" });
}
export const room = roomScenario();
export const roomUnseen = roomScenario({ asAsked: false });

function dyingRoomScenario(looks?: Looks): PoolScenario {
  return scenario("a bounded queue, and a thread that dies", 2, [
    ...[bounds(looks), works(), works()],
    tellsExit,
  ], { ...mortal, submitted: 0 });
}
export const roomDying = dyingRoomScenario();
export const roomUnseenDying = dyingRoomScenario({ asDied: false });

// ---- Threads that leave --------------------------------------------------------------------------------------

/** An idle worker, whose time is over; it looks once more, and then leaves. `tells`: as it does so. */
function leaves({ tells = true } = {}): Body {
  return async (thread, state) => {
    const { wasm, id, atomic, repeat } = thread;
    const { pool, agents } = state;
    const worker = state.workers[id]!;
    await wasm.workerWoken(pool, worker);
    let isSearching = true;
    await repeat(async () => {
      const task = await wasm.workerTake(pool, worker);
      if (task === 0) return true;
      await wasm.workerIsBusy(pool, worker);
      if (isSearching) await wasm.workerFound(pool, worker);
      isSearching = false;
      await execute(thread, state, task);
      return undefined;
    });
    if (isSearching) await wasm.workerFound(pool, worker);
    await wasm.workerIsBusy(pool, worker);
    const left = worker + WORKER_HAS_LEFT;
    await atomic(left, (words) => words[left >>> 2] = 1);
    if (tells) await wasm.agentSignal(agents[0]!, SIGNAL_WORK);
  };
}

/** What an owner of threads that leave may not do. */
interface Care {
  /** To start another if there is work and nobody to do it. */
  readonly hires?: boolean;
  /** To ask whether the pool is quiet. */
  readonly asks?: boolean;
  /** To submit the tasks. */
  readonly submits?: boolean;
}

/** Submits the tasks, sees to thread 1 when it has left, and waits until the pool is quiet. */
function replaces({ hires = true, asks = true, submits = true }: Care = {}): Body {
  return async (thread, state) => {
    const { wasm, atomic, notify } = thread;
    const { pool, workers, tasks, hired } = state;
    for (const task of submits ? tasks : []) await wasm.workerSubmit(pool, workers[0]!, task);
    const onWork: Body = async () => {
      const left = workers[1]! + WORKER_HAS_LEFT;
      if (await atomic(left, (words) => words[left >>> 2]) === 0) return false;
      await wasm.workerLeave(pool, 1, workers[1]!);
      const isShort =
        await atomic(pool + POOL_IDLE, (words) => words[(pool + POOL_IDLE) >>> 2]) === 0;
      if (hires && isShort && !await wasm.poolIsQuiet(pool)) {
        await wasm.workerExpect(pool, workers[2]!);
        await atomic(hired, (words) => words[hired >>> 2] = 1);
        await notify(hired);
      }
      return asks;
    };
    return await untilQuiet(thread, state, { onWork });
  };
}

/** The thread that is started when the other has left. */
const starts: Body = async (thread, state) => {
  await thread.wait(state.hired, 0);
  await works("starting")(thread, state);
};

/** Each task has run once, and has come back; nothing waits for nobody. */
function checkRun({ wasm, words, state, results }: Outcome<Scheduler, State>): void {
  assertEquals(results[0], "quiet", "the owner sleeps");
  const word = (ptr: number) => words[ptr >>> 2]!;
  for (const [at] of state.tasks.entries()) {
    assertEquals([word(state.counters + 4 * at), word(state.returned + 4 * at)], [1, 1]);
  }
  assertEquals(wasm.poolQueued(state.pool), 0);
  assert(word(state.pool + POOL_IDLE) <= 1, "one that has left is idle");
}

/** The only thread leaves when a task comes. */
function replacedScenario(leaver?: { tells: boolean }, owner?: Care): PoolScenario {
  return scenario("the only thread leaves", 1, [replaces(owner), leaves(leaver), starts], {
    hands: ["free", "absent"],
    check: checkRun,
  });
}
export const replaced = replacedScenario();
export const replacedUntold = replacedScenario({ tells: false });
export const replacedUnasked = replacedScenario(undefined, { asks: false });
export const replacedByNobody = replacedScenario(undefined, { hires: false });

/** One of two threads leaves when a task comes: the other must do. */
export const left = scenario("one of two threads leaves", 1, [
  ...[replaces({ hires: false }), leaves(), works()],
], { check: checkRun });

/**
 * A thread was asked to retire and has left: it has run a task, and what that has forked is still in its deque. The other one may look for it
 * while the owner moves it, and what has been counted.
 */
const forkedAndLeft = scenario("a thread has left a task", 1, [
  ...[replaces({ hires: false, submits: false }), () => Promise.resolve(), works()],
], { hands: ["left", "free"], check: checkRun });
export const retired: PoolScenario = {
  ...forkedAndLeft,
  setup(wasm, words) {
    const state = forkedAndLeft.setup(wasm, words);
    const [owner, left] = state.workers as [number, number];
    words[(owner + WORKER_SUBMITTED) >>> 2] = 1;
    words[(left + WORKER_TOOK) >>> 2] = 1;
    words[(left + WORKER_FINISHED) >>> 2] = 1;
    wasm.workerSubmit(state.pool, left, state.tasks[0]!);
    words[(left + WORKER_HAS_LEFT) >>> 2] = 1;
    wasm.agentSignal(state.agents[0]!, SIGNAL_WORK);
    return state;
  },
};
