/** Models of `wasm/assembly/queue.ts` and, with it, `lock.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLAIM_SELF,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_SIZE,
  QUEUE_TAIL,
  WAITER_CLAIM,
  WOKE_NONE,
  WOKE_OTHER,
} from "../../src/memory/layout.ts";
import {
  assertFails,
  assertHolds,
  explore,
  type Options,
  type Outcome,
  type Scenario,
  type VirtualThread,
} from "./loom.ts";
import { testMistakes } from "./mistakes.ts";
import {
  buildWaiting,
  type Case,
  inQueue,
  nextEntry,
  waiterSize,
  waitFor,
  type Waiting,
  WAITING_ENTRY,
  type WaitOptions,
} from "./waiting.ts";

const core = await buildWaiting();

interface State {
  /** The agent of each thread. */
  readonly agents: readonly number[];
  readonly queues: readonly number[];
  /** The waiter of each thread. */
  readonly waiters: readonly number[];
  /** A word of the model's own: something that can be had. */
  readonly token: number;
  /** A word that tells that a thread has ended. */
  readonly ended: number;
}
type Thread = VirtualThread<Waiting>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type QueueScenario = Scenario<Waiting, State>;

/**
 * Threads at two queues; `waiting` says in which of them each thread's waiter stands at the start, thread by thread.
 */
function scenario(
  name: string,
  waiting: readonly (readonly number[])[],
  threads: readonly Body[],
  rest: Partial<QueueScenario> = {},
): QueueScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const queues = [wasm.allocate(QUEUE_SIZE), wasm.allocate(QUEUE_SIZE)];
      const waiters = agents.map((agent, id) => wasm.waiterNew(agent, id, 2));
      for (const [id, at] of waiting.entries()) {
        for (const index of at) wasm.queueEnter(queues[index]!, waiters[id]!, index, index, 0);
      }
      const token = wasm.allocate(16);
      return { agents, queues, waiters, token, ended: token + 8 };
    },
    threads,
    label(ptr, { agents, queues, waiters, token }) {
      if (ptr === token) return "token";
      for (const [id, agent] of agents.entries()) if (ptr === agent) return `doorbell ${id}`;
      for (const [id, waiter] of waiters.entries()) {
        if (ptr === waiter + WAITER_CLAIM) return `claim ${id}`;
      }
      for (const [at, queue] of queues.entries()) {
        if (ptr === queue) return `lock ${at}`;
        if (ptr === queue + QUEUE_COUNT) return `count ${at}`;
      }
      return undefined;
    },
    ...rest,
  };
}

async function assertHolding(model: QueueScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

/** Does away with the waiter of the calling thread, which is in no queue. */
async function discard({ wasm, id }: Thread, { waiters }: State): Promise<void> {
  await wasm.poison(waiters[id]!, waiterSize(2));
}

/** Sleeps until its waiter has been fired; it stood in these queues. Returns for which. */
function waits(...queues: readonly number[]): Body {
  return async (thread, state) => {
    const { wasm, id } = thread;
    const entry = await nextEntry(thread, state.agents[id]!);
    assertEquals(entry, state.waiters[id]);
    const fired = await wasm.waiterFiredIndex(entry);
    for (const other of queues) {
      if (other !== fired) await wasm.queueLeave(state.queues[other]!, entry, other);
    }
    await discard(thread, state);
    return fired;
  };
}

/** Gives its wait up; if it has been fired already, hands on to the next (law 4). */
function aborts(...queues: readonly number[]): Body {
  return async (thread, state) => {
    const { wasm, id } = thread;
    const [agent, waiter] = [state.agents[id]!, state.waiters[id]!];
    const isMine = await wasm.waiterClaim(waiter, CLAIM_SELF);
    if (!isMine) assertEquals(await nextEntry(thread, agent), waiter);
    const fired = isMine ? -1 : await wasm.waiterFiredIndex(waiter);
    for (const queue of queues) {
      if (queue !== fired) await wasm.queueLeave(state.queues[queue]!, waiter, queue);
    }
    await discard(thread, state);
    return isMine ? "aborted" : await wasm.queueWake(state.queues[fired]!, agent);
  };
}

function wakes(queue: number): Body {
  return ({ wasm, id }, { agents, queues }) => wasm.queueWake(queues[queue]!, agents[id]!);
}

/** The waiters that stand in a queue, by thread. Its links must agree. */
function standing(outcome: Outcome<Waiting, State>, queue: number): number {
  const { words, state } = outcome;
  const word = (ptr: number) => words[ptr >>> 2]!;
  const at = state.queues[queue]!;
  let count = 0;
  let last = 0;
  for (let node = word(at + QUEUE_HEAD); node !== 0; node = word(node)) {
    assertEquals(word(node + 4), last, "the links disagree");
    last = node;
    count++;
  }
  assertEquals([word(at + QUEUE_TAIL), word(at + QUEUE_COUNT)], [last, count]);
  return count;
}

const oneWaiter = scenario("one waiter, two wakers", [[0]], [waits(0), wakes(0), wakes(0)], {
  check(outcome) {
    const [fired, ...woken] = outcome.results as number[];
    assertEquals(fired, 0);
    assertEquals(woken.toSorted(), [WOKE_NONE, WOKE_OTHER]);
    assertEquals(standing(outcome, 0), 0);
  },
});

const select = scenario("a select, and a waiter behind it", [[0, 1], [1]], [
  ...[waits(0, 1), waits(1)],
  ...[wakes(0), wakes(1)],
], {
  // The second, if the first was fired from its queue.
  allowParked: true,
  check(outcome) {
    const [first, second, waker, other] = outcome.results as number[];
    assert(first !== undefined, "a waker found nobody");
    assertEquals(other, WOKE_OTHER);
    assertEquals(waker, first === 0 ? WOKE_OTHER : WOKE_NONE);
    assertEquals(second, first === 0 ? 1 : undefined);
    assertEquals([standing(outcome, 0), standing(outcome, 1)], [0, first === 0 ? 0 : 1]);
  },
});

const aborted = scenario("an abort, and a waiter behind it", [[0, 1], [0]], [
  ...[aborts(0, 1), waits(0)],
  wakes(0),
], {
  check(outcome) {
    const [, second] = outcome.results as number[];
    assertEquals(second, 0);
    assertEquals([standing(outcome, 0), standing(outcome, 1)], [0, 0]);
  },
});

const abortedTwice = scenario("an abort between two queues", [[0, 1]], [
  aborts(0, 1),
  wakes(0),
  wakes(1),
], {
  check(outcome) {
    const [owner, ...woken] = outcome.results;
    assertEquals(woken.filter((code) => code === WOKE_OTHER).length, owner === "aborted" ? 0 : 1);
    assertEquals([standing(outcome, 0), standing(outcome, 1)], [0, 0]);
  },
});

const all = scenario("all are woken", [[0], [0]], [
  waits(0),
  waits(0),
  ({ wasm, id }, { agents, queues }) => wasm.queueWakeAll(queues[0]!, agents[id]!),
], { check: (outcome) => standing(outcome, 0) === 0 });

Deno.test("queue: a waiter is fired once, and nobody touches it afterwards", async () => {
  await assertHolding(oneWaiter);
  await assertHolding(select, { bound: 3 });
  await assertHolding(all);
});

Deno.test("queue: who is woken after it has given up hands on to the next", async () => {
  await assertHolding(aborted);
  await assertHolding(abortedTwice);
});

/** Takes the token, if it is there. */
function takeToken({ atomic }: Thread, { token }: State): Promise<boolean> {
  return atomic(token, (words) => {
    const before = words[token >>> 2]!;
    words[token >>> 2] = Math.max(0, before - 1);
    return before > 0;
  });
}

/** Waits for a token: enters the queue, looks again, and sleeps (law 3). Looks also when a thread has died. */
function takes(options: WaitOptions = {}): Body {
  return async (thread, state) => {
    const { id, atomic } = thread;
    const { queues, agents, waiters, token } = state;
    const own = { agent: agents[id]!, waiter: waiters[id]! };
    const only: Case<true> = {
      ...inQueue(thread, own, queues[0]!),
      poll: async () => await takeToken(thread, state) ? true : undefined,
      isReady: () => atomic(token, (words) => words[token >>> 2]! > 0),
    };
    await waitFor(thread, own, [only], { rechecks: true, ...options });
    await discard(thread, state);
  };
}

/** The same, but it stands in the queue from the start. */
const takesEntered = takes({ isEntered: true });

/** Makes a token and wakes somebody for it. */
const gives: Body = async ({ wasm, id, atomic }, { agents, queues, token }) => {
  await atomic(token, (words) => words[token >>> 2]!++);
  await wasm.queueWake(queues[0]!, agents[id]!);
};

const tokens = scenario("two tokens for two", [], [takes(), takes(), gives, gives], {
  check: (outcome) => standing(outcome, 0) === 0,
});

Deno.test("queue: no wake-up is lost when waiters enter, look again, and sleep", async () => {
  await assertHolding(scenario("a token", [], [takes(), gives]));
  await assertHolding(tokens, { bound: 2 });
});

Deno.test("queue: a wake-up is lost when a waiter does not look again", async () => {
  const blind = scenario("a token", [], [takes({ looksAgain: false }), gives]);
  assertFails(await explore(core, blind), "deadlock");
});

/** Waits for the end of the mortal thread and declares it dead. */
function buries(victim: number): Body {
  return async ({ wasm, wait }, { agents, ended }) => {
    await wait(ended, 0);
    await wasm.agentDied(agents[victim]!);
  };
}

/** Nobody who lives sleeps while there is a token. */
const nobodySleeps: Partial<QueueScenario> = {
  allowParked: true,
  check: ({ words, state, parked }) => words[state.token >>> 2] === 0 || parked.length === 0,
};

function mortal(name: string, victim: number, threads: readonly Body[]): QueueScenario {
  const waiting = threads.map((body) => body === takesEntered ? [0] : []);
  return scenario(name, waiting, [...threads, buries(victim)], {
    ...nobodySleeps,
    kill: { thread: victim, tells: ({ ended }) => ended },
  });
}

/** The first in the queue dies: before it is fired, after it, or not at all. */
const dyingWaiter = mortal("a waiter dies", 0, [takesEntered, takesEntered, gives]);
/** Whoever makes a token dies before it has woken anybody. */
const dyingWaker = mortal("a waker dies", 1, [takesEntered, gives]);

Deno.test("queue: the others go on when a waiter or a waker dies", async () => {
  await assertHolding(dyingWaker);
  await assertHolding(dyingWaiter, { bound: 1 });
});

const enters: Body = async ({ wasm, id }, { queues, waiters }) => {
  await wasm.queueEnter(queues[0]!, waiters[id]!, 0, 0, 0);
  await wasm.queueLeave(queues[0]!, waiters[id]!, 0);
};

Deno.test("queue: no lock is left held when a thread dies at the queue", async () => {
  const busy = (victim: number) =>
    scenario("enter, wake, leave", [[], [], [0]], [enters, wakes(0), aborts(0)], {
      kill: { thread: victim },
      check: ({ words, state }) => words[state.queues[0]! >>> 2] === 0,
    });
  for (const victim of [0, 1, 2]) await assertHolding(busy(victim), { bound: 2 });
});

/** Three at one lock. */
const crowd = scenario("three enter and leave", [], [enters, enters, enters], {
  check: (outcome) => standing(outcome, 0) === 0,
});

Deno.test("queue: its lock excludes when several enter and leave", async () => {
  await assertHolding(crowd, { bound: 3 });
  // Where threads may not sleep they spin.
  const spinning = { ...crowd, env: () => ({ canBlock: 0 }) };
  assertHolds(await explore(core, spinning, { bound: 2, maxSpin: 8 }));
});

testMistakes("queue", WAITING_ENTRY, [
  {
    when: "a waiter is delivered before its node is taken out",
    find: `  unlink(queue, node);
  if (!isMine) return 0;`,
    replace: `  if (isMine) inboxPush(load<u32>(waiter + WAITER_AGENT), waiter);
  unlink(queue, node);
  if (!isMine) return 0;`,
    also: { find: "  if (agent != 0) inboxPush(agent, waiter);\n", replace: "" },
    model: oneWaiter,
  },
  {
    when: "a waiter is fired without a claim",
    find:
      "const isMine = cas32(waiter + WAITER_CLAIM, CLAIM_NONE, load<u32>(node + NODE_INDEX) + 1) == CLAIM_NONE;",
    replace:
      "const isMine = true;\n  store32(waiter + WAITER_CLAIM, load<u32>(node + NODE_INDEX) + 1);",
    model: select,
    options: { bound: 2 },
  },
  {
    when: "a waker that finds a waiter claimed does not pass on",
    find: "    if (agent != 0) return delivered(agent, self, WOKE_NONE);",
    replace: "    return delivered(agent, self, WOKE_NONE);",
    model: aborted,
  },
  {
    when: "a waker gives its wake-up to a dead thread",
    find: "return load32(agent + AGENT_STATE) == AGENT_DEAD ? 0 : agent;",
    replace: "return agent;",
    model: dyingWaiter,
    options: { bound: 2 },
  },
  {
    when: "nobody is asked to look again after a death",
    file: "wasm/assembly/agent.ts",
    find: "if (load32(agent + AGENT_STATE) == AGENT_ALIVE) agentSignal(agent, SIGNAL_RECHECK);",
    replace: "",
    model: dyingWaker,
    options: { bound: 2 },
  },
  {
    when: "a node is taken out although it is out",
    find: "if (load<u32>(node + NODE_QUEUE) != 0) unlink(queue, node);",
    replace: "unlink(queue, node);",
    model: abortedTwice,
  },
  {
    when: "the count is written after the lock was released",
    find:
      "  store<u32>(queue + QUEUE_TAIL, <u32>node);\n  store32(queue + QUEUE_COUNT, load<u32>(queue + QUEUE_COUNT) + 1);\n",
    replace: "  store<u32>(queue + QUEUE_TAIL, <u32>node);\n",
    also: {
      find: "  link(queue, node);\n  release(queue + QUEUE_LOCK);",
      replace:
        "  link(queue, node);\n  release(queue + QUEUE_LOCK);\n  store32(queue + QUEUE_COUNT, load<u32>(queue + QUEUE_COUNT) + 1);",
    },
    model: tokens,
    options: { bound: 2 },
  },
  {
    when: "the lock is taken without a swap",
    file: "wasm/assembly/lock.ts",
    find: "  } while (cas32(ptr, 0, 1) != 0);",
    replace: "  } while (load32(ptr) != 0);\n  store32(ptr, 1);",
    model: crowd,
    options: { bound: 3 },
  },
  {
    when: "a loop stands between acquire and release (law 10)",
    find: "    if (node != 0) agent = fire(queue, node);",
    replace:
      "    for (let i: u32 = 0; i < load<u32>(queue + QUEUE_COUNT); i++) agent = i;\n    agent = node != 0 ? fire(queue, node) : 0;",
    model: dyingWaker,
    options: { bound: 2 },
  },
]);
