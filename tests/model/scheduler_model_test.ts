/** Explores the models of `scheduler_models.ts`. */
import { testMistakes } from "./mistakes.ts";
import {
  asked,
  assertHolding,
  burst,
  cancelled,
  child,
  disowned,
  dying,
  emptied,
  ENTRY,
  one,
  parent,
  reused,
  starting,
  stopped,
  suspended,
  two,
} from "./scheduler_models.ts";

Deno.test("scheduler: each task runs once, and the owner is told when all have", async () => {
  await assertHolding(one, { bound: 2 });
  await assertHolding(two, { bound: 1 });
  await assertHolding(stopped, { bound: 2 });
  await assertHolding(child, { bound: 1 });
  await assertHolding(asked, { bound: 3 });
});

Deno.test("scheduler: a task wakes a thread that can run it", async () => {
  await assertHolding(parent, { bound: 2 });
  await assertHolding(burst, { bound: 1 });
  await assertHolding(suspended, { bound: 1 });
  await assertHolding(starting, { bound: 2 });
});

Deno.test("scheduler: a task is cancelled or runs, and comes back", async () => {
  await assertHolding(cancelled, { bound: 2 });
  await assertHolding(emptied, { bound: 1 });
  await assertHolding(disowned);
});

Deno.test("scheduler: no task is lost that a thread had not started when it dies", async () => {
  await assertHolding(dying, { bound: 1 });
  await assertHolding(reused, { bound: 0 });
});

testMistakes(
  "scheduler",
  ENTRY,
  [
    {
      when: "a task is pushed after the search for somebody to wake",
      find: "  if (!dequePush(worker, task)) injectorPush(pool, task);\n  poolNotify(pool);",
      replace: "  poolNotify(pool);\n  if (!dequePush(worker, task)) injectorPush(pool, task);",
      model: one,
    },
    {
      when: "a task is counted after it was pushed",
      find:
        "  store32(worker + WORKER_SUBMITTED, load<u32>(worker + WORKER_SUBMITTED) + 1); // The load plain: its own word.\n",
      replace: "",
      also: {
        find: "  if (!dequePush(worker, task)) injectorPush(pool, task);\n  poolNotify(pool);",
        replace:
          "  if (!dequePush(worker, task)) injectorPush(pool, task);\n  poolNotify(pool);\n  store32(worker + WORKER_SUBMITTED, load<u32>(worker + WORKER_SUBMITTED) + 1);",
      },
      model: child,
    },
    {
      when: "the submitted are summed before the finished",
      find: "return sum(pool, WORKER_FINISHED) == sum(pool, WORKER_SUBMITTED);",
      replace: "return sum(pool, WORKER_SUBMITTED) == sum(pool, WORKER_FINISHED);",
      model: asked,
    },
    {
      when: "a worker does not look again before it sleeps",
      find: "  if (!hasWork(pool)) return true;\n",
      replace: "  if (pool != 0) return true;\n",
      model: starting,
    },
    {
      when: "a worker looks again before it has ceased to search",
      find:
        "  add32(pool + POOL_SEARCHING, -1);\n  // Look once more: a submitter that saw us searching woke nobody.\n  if (!hasWork(pool)) return true;\n",
      replace:
        "  const isIdle = !hasWork(pool);\n  add32(pool + POOL_SEARCHING, -1);\n  if (isIdle) return true;\n",
      model: starting,
    },
    {
      when: "who finds a task wakes nobody for the next",
      find: "if (<i32>add32(pool + POOL_SEARCHING, -1) <= 1 && hasWork(pool)) poolNotify(pool);",
      replace: "add32(pool + POOL_SEARCHING, -1);",
      model: burst,
    },
    {
      when: "a count of searchers below 0 counts as one",
      find: "<i32>load32(pool + POOL_SEARCHING) > 0) return;",
      replace: "load32(pool + POOL_SEARCHING) != 0) return;",
      model: parent,
    },
    {
      when: "who wakes a worker rings without a signal",
      find: "agentSignal(load<u32>(worker + WORKER_AGENT), SIGNAL_WORK);",
      replace: "ring(load<u32>(worker + WORKER_AGENT));",
      also: {
        find: 'import { agentSignal } from "./agent";',
        replace: 'import { agentSignal, ring } from "./agent";',
      },
      model: one,
    },
    {
      when: "a free worker is counted as free while it runs a task",
      find: "  store32(worker + WORKER_FREE, 0);\n  add32(pool + POOL_FREE, -1);",
      replace: "",
      model: suspended,
    },
    {
      when: "a task that was started is still noted as taken",
      file: "wasm/assembly/task.ts",
      find: "  store<u32>(worker + WORKER_TAKEN, 0);\n",
      replace: "",
      model: reused,
    },
    {
      when: "a task is noted as taken after a loop (law 10)",
      find: "  store<u32>(worker + WORKER_TAKEN, task);\n  store32(worker + WORKER_TOOK",
      replace:
        "  for (let i = load<u32>(pool + POOL_SLOTS); i != 0; i--) load32(worker + WORKER_FINISHED);\n  store<u32>(worker + WORKER_TAKEN, task);\n  store32(worker + WORKER_TOOK",
      model: dying,
    },
    {
      when: "what a dead thread had taken is not put back",
      find: "    injectorPush(pool, taken);\n    lost--;\n",
      replace: "",
      model: dying,
    },
    {
      when: "a dead thread is still counted as searching",
      find:
        "if (idle == IDLE_CALLED || load<u32>(worker + WORKER_SEARCHING) != 0) add32(pool + POOL_SEARCHING, -1);",
      replace: "if (load<u32>(worker + WORKER_SEARCHING) != 0) add32(pool + POOL_SEARCHING, -1);",
      model: reused,
    },
    {
      when: "a task is started without a swap",
      file: "wasm/assembly/task.ts",
      find: "const isMine = cas32(task + TASK_STATE, TASK_QUEUED, TASK_STARTED) == TASK_QUEUED;",
      replace:
        "const isMine = load32(task + TASK_STATE) == TASK_QUEUED;\n  if (isMine) store32(task + TASK_STATE, TASK_STARTED);",
      model: cancelled,
    },
    {
      when: "a task ends without a look at whether it was disowned",
      file: "wasm/assembly/task.ts",
      find: "    if (before == TASK_DISOWNED) return WOKE_NONE;\n",
      replace: "",
      model: disowned,
    },
  ].map((mistake) => ({ ...mistake, options: { bound: 2 } })),
);
