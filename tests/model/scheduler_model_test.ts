/** Explores the models of `scheduler_models.ts`. */
import { testMistakes } from "./mistakes.ts";
import { assertFails, explore } from "./loom.ts";
import { assertHolding, core, ENTRY } from "./scheduler_bodies.ts";
import {
  forkedDying,
  givenBack,
  givenBackDying,
  helperDying,
  joined,
  joinedDying,
  joinedTwice,
  joinedTwiceDying,
  rankedAlone,
  rankedDying,
  rankedJoined,
} from "./scheduler_join_models.ts";
import {
  left,
  replaced,
  replacedByNobody,
  replacedUnasked,
  replacedUntold,
  retired,
  room,
  roomDying,
  roomUnseen,
  roomUnseenDying,
} from "./scheduler_owner_models.ts";
import {
  asked,
  burst,
  cancelled,
  child,
  disowned,
  dying,
  dyingWaker,
  emptied,
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
  await assertHolding(dyingWaker, { bound: 0 });
  await assertHolding(reused, { bound: 0 });
});

Deno.test("scheduler: a thread that dies while it forks leaves what it had submitted, and no more", async () => {
  await assertHolding(forkedDying, { bound: 0 });
  await assertHolding(rankedDying, { bound: 0 });
});

Deno.test("scheduler: an owner that bounds the queue hears of room", async () => {
  await assertHolding(room, { bound: 1 });
  assertFails(await explore(core, roomUnseen, { bound: 1 }), "check");
});

Deno.test("scheduler: an owner that bounds the queue looks again when a thread has died", async () => {
  await assertHolding(roomDying, { bound: 0 });
  assertFails(await explore(core, roomUnseenDying, { bound: 1 }), "check");
});

Deno.test("scheduler: a thread that blocks for what it forked ends, and that runs once", async () => {
  await assertHolding(joined, { bound: 1 });
  await assertHolding(joinedTwice, { bound: 1 });
  await assertHolding(rankedJoined, { bound: 1 });
  await assertHolding(rankedAlone, { bound: 2 });
});

Deno.test("scheduler: a thread that blocks for what it forked ends when another one dies", async () => {
  await assertHolding(joinedDying, { bound: 0 });
  await assertHolding(joinedTwiceDying, { bound: 0 });
  await assertHolding(helperDying, { bound: 1 });
});

Deno.test("scheduler: what a thread cannot start and gives back is run by another", async () => {
  await assertHolding(givenBack, { bound: 1 });
  await assertHolding(givenBackDying, { bound: 0 });
});

Deno.test("scheduler: nothing is left to a thread that leaves by itself", async () => {
  await assertHolding(replaced, { bound: 2 });
  await assertHolding(left, { bound: 1 });
  await assertHolding(retired, { bound: 1 });
  assertFails(await explore(core, replacedUntold, { bound: 1 }), "check");
  assertFails(await explore(core, replacedByNobody, { bound: 1 }), "check");
  assertFails(await explore(core, replacedUnasked, { bound: 2 }), "check");
});

/** How a task is pushed to a deque. */
const PUSH = "    taskCount(worker);\n    dequePush(worker, task);\n";
/** How what waits in the injector is forgotten by who gives it back. */
const FORGET =
  "  store<u32>(worker + WORKER_TAKEN, 0);\n  store32(worker + WORKER_TOOK, load<u32>(worker + WORKER_TOOK) - 1);\n";
/** How who has taken a task looks whether the owner wants to know. */
const TELL = "  if (load32(pool + POOL_WANTS_ROOM) != 0) tellRoom(pool);\n";

testMistakes(
  "scheduler",
  ENTRY,
  [
    {
      when: "a task is pushed after the search for somebody to wake",
      find: PUSH,
      replace: `    poolNotify(pool);\n${PUSH}    return;\n`,
      model: one,
    },
    {
      when: "a task is counted after it was pushed",
      find: PUSH,
      replace:
        "    dequePush(worker, task);\n    poolNotify(pool);\n    taskCount(worker);\n    return;\n",
      model: child,
    },
    {
      when: "a task is counted and then pushed by a call (law 10)",
      find: "    if (!rankedPush(pool, worker, task)) injectorPush(pool, worker, task);\n",
      replace: `    taskCount(worker);
    rankedPush(pool, worker, task);
    store32(worker + WORKER_SUBMITTED, load<u32>(worker + WORKER_SUBMITTED) - 1);\n`,
      model: rankedDying,
      options: { bound: 0 },
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
      find: "agentSignal(agent, SIGNAL_WORK);",
      replace: "ring(agent);",
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
      find: "    injectorPush(pool, 0, taken);\n    lost--;\n",
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
    {
      when: "who takes a task looks before that whether the owner wants to know",
      find: TELL,
      replace: "",
      also: {
        find: "  let task = dequePop(worker);\n  if (task == 0) {\n",
        replace: `${TELL}  let task = dequePop(worker);\n  if (task == 0) {\n`,
      },
      model: room,
    },
    {
      when: "who takes a task does not tell that there is room",
      find: TELL,
      replace: "",
      model: room,
    },
    {
      when: "who gives a task back wakes nobody for it",
      find: `${FORGET}  release(pool + POOL_LOCK);\n  poolNotify(pool);\n`,
      replace: `${FORGET}  release(pool + POOL_LOCK);\n`,
      model: givenBack,
    },
    {
      when: "who gives a task back forgets it after a call (law 10)",
      find: `${FORGET}  release(pool + POOL_LOCK);\n  poolNotify(pool);\n`,
      replace: `  release(pool + POOL_LOCK);\n  poolNotify(pool);\n${FORGET}`,
      model: givenBackDying,
      options: { bound: 0 },
    },
    {
      when: "who gives a task back still counts it as taken",
      find: "  store32(worker + WORKER_TOOK, load<u32>(worker + WORKER_TOOK) - 1);\n",
      replace: "",
      model: givenBackDying,
      options: { bound: 0 },
    },
    {
      when: "who blocks for a task does not look into the injector",
      find: "  if (task == 0) task = injectorPop(pool, worker, wanted);\n",
      replace: "",
      model: rankedAlone,
    },
    {
      when: "what is stolen from the thread that is waited for is not noted",
      find: "    if (task == 0) return 0;\n    note(pool, worker, task);\n",
      replace: "    if (task == 0) return 0;\n",
      model: helperDying,
      options: { bound: 1 },
    },
    {
      when: "nobody is woken once the owner has moved what a thread has left",
      find: "load32(worker + WORKER_FINISHED) + lost);\n  poolNotify(pool);\n",
      replace: "load32(worker + WORKER_FINISHED) + lost);\n",
      model: retired,
    },
  ].map((mistake) => ({ options: { bound: 2 }, ...mistake })),
);
