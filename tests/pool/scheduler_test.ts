/**
 * The scheduler's shared part, in states that threads come to only where one of them stands still at the wrong moment.
 *
 * @module
 */
import { core } from "../../src/memory/core.ts";
import { KIND_POOL } from "../../src/memory/handle.ts";
import {
  AGENT_SIGNALS,
  IDLE_CALLED,
  IDLE_OFFERED,
  POOL_IDLE,
  WORKER_IDLE,
} from "../../src/memory/layout.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** A pool with the owner and one thread, both on this agent. */
function poolOfTwo() {
  const c = core();
  const { fn, agent } = c;
  const pool = fn.poolNew(KIND_POOL, 1, agent, 0) >>> 0;
  const [owner, worker] = [fn.workerNew(1) >>> 0, fn.workerNew(2) >>> 0];
  fn.workerEnter(pool, 0, owner, agent);
  fn.poolResize(pool, 1, 2);
  const task = fn.taskNew(agent, 0, 0, 0, 1) >>> 0;
  return {
    c,
    pool,
    owner,
    worker,
    task,
    [Symbol.dispose]() {
      fn.free(task);
      fn.workerFree(owner);
      fn.workerFree(worker);
      fn.poolFree(pool);
    },
  };
}

// It signalled the agent at 0, where the lists of free memory are.
Deno.test("workerSubmit() signals nobody when the thread that it called has ended and the next is starting", () => {
  using two = poolOfTwo();
  const { c, pool, owner, worker, task } = two;
  const { fn } = c;
  fn.workerEnter(pool, 1, worker, 0);
  c.storeU32(worker + WORKER_IDLE, IDLE_OFFERED);
  c.storeU32(pool + POOL_IDLE, 1);
  const before = c.loadU32(AGENT_SIGNALS);
  fn.workerSubmit(pool, owner, task);
  assertEquals(c.loadU32(worker + WORKER_IDLE), IDLE_CALLED);
  assertEquals(c.loadU32(AGENT_SIGNALS), before);
});

// It counted as finished, and its submitter waited for it for ever.
Deno.test("workerLeave() puts back a task that was cancelled after its thread had taken it", () => {
  using two = poolOfTwo();
  const { c, pool, owner, worker, task } = two;
  const { fn, agent } = c;
  fn.workerEnter(pool, 1, worker, agent);
  fn.workerSubmit(pool, owner, task);
  assertEquals(fn.workerTake(pool, worker) >>> 0, task);
  assert(fn.taskCancel(task));
  fn.workerLeave(pool, 1, worker);
  assertEquals(fn.poolQueued(pool), 1);
  assert(!fn.poolIsQuiet(pool));
  assertEquals(fn.poolTake(pool) >>> 0, task);
});
