/** Models of `wasm/assembly/once.ts`, with the waits of `src/sync/once.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import { LOCK_OBJECT_SIZE, LOCK_QUEUE } from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import { assertFails, assertHolds, explore, type Scenario, type VirtualThread } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";
import { inQueue, waitFor, type Waiting, type WaitOptions } from "./waiting.ts";

const ENTRY = "tests/model/assembly/once.ts";

interface Onces extends Waiting {
  objectNew(kind: number, byteLength: number): number;
  onceBegin(once: number, self: number): number;
  onceFinish(once: number, self: number): number;
  onceIsDone(once: number): number;
}

interface State {
  readonly once: number;
  readonly agents: readonly number[];
  readonly waiters: readonly number[];
  /** How often the work was done. */
  readonly done: number;
  readonly ended: number;
}
type Body = (thread: VirtualThread<Onces>, state: State) => Promise<unknown>;

const core = await buildModel(ENTRY);

function scenario(
  name: string,
  threads: readonly Body[],
  rest: Partial<Scenario<Onces, State>> = {},
): Scenario<Onces, State> {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const waiters = agents.map((agent, id) => wasm.waiterNew(agent, id, 1));
      const once = wasm.objectNew(0, LOCK_OBJECT_SIZE);
      const done = wasm.allocate(16);
      return { once, agents, waiters, done, ended: done + 8 };
    },
    threads,
    ...rest,
  };
}

/** Does the work, or waits until it is done. Returns how often it was done then. */
const does = (options: WaitOptions = {}): Body => async (thread, state) => {
  const { wasm, atomic, id } = thread;
  const { once, done } = state;
  const own = { agent: state.agents[id]!, waiter: state.waiters[id]! };
  if (await wasm.onceBegin(once, own.agent)) {
    // Plainly: whoever goes on must see it, without a race.
    await wasm.poke(done, await wasm.peek(done) + 1);
    await wasm.onceFinish(once, own.agent);
  } else {
    const isDone = async () => await wasm.onceIsDone(once) !== 0;
    const poll = async () => await isDone() ? true : undefined;
    const only = { ...inQueue(thread, own, once + LOCK_QUEUE), poll, isReady: isDone };
    await waitFor(thread, own, [only], options);
    if (options.rechecks) return await atomic(done, (words) => words[done >>> 2]!);
  }
  return await wasm.peek(done);
};

const two = scenario("two do it", [does(), does()], {
  check: ({ results }) => assertEquals(results, [1, 1]),
});
const three = scenario("three do it", [does(), does(), does()], {
  check: ({ results }) => assertEquals(results, [1, 1, 1]),
});

/** Whoever does it may die, before or while it lets the others go on. */
const dying = scenario("the first dies", [
  does(),
  does({ rechecks: true }),
  async ({ wasm, wait }, { agents, ended }) => {
    await wait(ended, 0);
    await wasm.agentDied(agents[0]!);
  },
], {
  kill: { thread: 0, tells: ({ ended }) => ended },
  allowParked: true,
  check: ({ parked }) => assert(!parked.includes(1)),
});

Deno.test("once: it is done once, and nobody goes on before", async () => {
  const report = await explore(core, two);
  assertHolds(report);
  assert(report.exhaustive);
  assertHolds(await explore(core, three, { bound: 3 }));
  const blind = scenario("blind", [does(), does({ looksAgain: false })]);
  assertFails(await explore(core, blind), "deadlock");
});

Deno.test("once: it counts as done when whoever was at it has died", async () => {
  assertHolds(await explore(core, dying, { bound: 3 }));
});

testMistakes("once", ENTRY, [
  {
    when: "the first is found without a swap",
    find: "return cas32(once + ONCE_STATE, ONCE_FRESH, <u32>self) == ONCE_FRESH;",
    replace:
      "if (load32(once + ONCE_STATE) != ONCE_FRESH) return false;\n  store32(once + ONCE_STATE, <u32>self);\n  return true;",
    model: two,
  },
  {
    when: "who waits is let go before it is done",
    find:
      "  store32(once + ONCE_STATE, ONCE_DONE);\n  return queueWakeAll(once + LOCK_QUEUE, self);",
    replace:
      "  const woke = queueWakeAll(once + LOCK_QUEUE, self);\n  store32(once + ONCE_STATE, ONCE_DONE);\n  return woke;",
    model: two,
  },
  {
    when: "it is taken for done when somebody is at it",
    find: "  return state != ONCE_FRESH && load32(<usize>state + AGENT_STATE) == AGENT_DEAD;",
    replace: "  return state != ONCE_FRESH;",
    model: two,
  },
  {
    when: "a dead thread is still at it",
    find: "  return state != ONCE_FRESH && load32(<usize>state + AGENT_STATE) == AGENT_DEAD;",
    replace: "  return false;",
    model: dying,
    options: { bound: 3 },
  },
]);
