/** Models of `wasm/assembly/sync.ts`, with the waits of `src/sync/`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLAIM_SELF,
  GROUP_STATE,
  LOCK_MISUSED,
  LOCK_QUEUE,
  SEMAPHORE_FREE,
} from "../../src/memory/layout.ts";
import { buildModel } from "./build.ts";
import {
  assertFails,
  assertHolds,
  explore,
  type Options,
  type Scenario,
  type VirtualThread,
} from "./loom.ts";
import { testMistakes } from "./mistakes.ts";
import {
  type Case,
  inQueue,
  nextEntry,
  type Own,
  waiterSize,
  waitFor,
  type Waiting,
  type WaitOptions,
} from "./waiting.ts";

const ENTRY = "tests/model/assembly/sync.ts";

interface Sync extends Waiting {
  increment(ptr: number): void;
  read(ptr: number): number;
  groupAdd(group: number, delta: number, self: number): number;
  groupIsOver(group: number, round: number): number;
  groupRound(group: number): number;
  lockNew(kind: number, first: number, second: number): number;
  semaphoreRelease(semaphore: number, count: number, self: number): number;
  semaphoreSettle(semaphore: number, self: number): number;
  semaphoreTryAcquire(semaphore: number, count: number): number;
}

interface State {
  readonly lock: number;
  /** The agent and the waiter of each thread. */
  readonly agents: readonly number[];
  readonly waiters: readonly number[];
  /** Words of the model's own. */
  readonly data: number;
  readonly ended: number;
}
type Thread = VirtualThread<Sync>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type SyncScenario = Scenario<Sync, State>;

const core = await buildModel(ENTRY);

/** What a scenario begins with. */
interface Start {
  /** The two words of the lock object. */
  readonly first?: number;
  readonly second?: number;
  /** What threads that stand in the queue at the start ask for, by thread. */
  readonly waiting?: readonly (number | undefined)[];
  /** Calls before. */
  before?(wasm: Sync, lock: number, self: number): void;
}

function scenario(
  name: string,
  threads: readonly Body[],
  { first = 0, second = 0, waiting = [], before, ...rest }: Start & Partial<SyncScenario> = {},
): SyncScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const waiters = agents.map((agent, id) => wasm.waiterNew(agent, id, 1));
      const lock = wasm.lockNew(0, first, second);
      before?.(wasm, lock, agents[0]!);
      for (const [id, need] of waiting.entries()) {
        if (need !== undefined) wasm.queueEnter(lock + LOCK_QUEUE, waiters[id]!, 0, 0, need);
      }
      const data = wasm.allocate(16);
      return { lock, agents, waiters, data, ended: data + 8 };
    },
    threads,
    label(ptr, { lock, agents, data }) {
      for (const [id, agent] of agents.entries()) if (ptr === agent) return `doorbell ${id}`;
      if (ptr === data) return "data";
      return ptr >= lock && ptr < lock + 64 ? `lock + ${ptr - lock}` : undefined;
    },
    ...rest,
  };
}

async function assertHolding(model: SyncScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

/** What a thread waits with. */
function ownOf({ id }: Thread, { agents, waiters }: State): Own {
  return { agent: agents[id]!, waiter: waiters[id]! };
}

/** Does away with the waiter of the calling thread. */
async function discard({ wasm, id }: Thread, { waiters }: State): Promise<void> {
  await wasm.poison(waiters[id]!, waiterSize(1));
}

// ---- Semaphore -----------------------------------------------------------------------------------------------

function acquireCase(thread: Thread, own: Own, { lock }: State, need: number): Case<true> {
  const { wasm } = thread;
  const queue = inQueue(thread, own, lock + LOCK_QUEUE, need);
  const settle = () => wasm.semaphoreSettle(lock, own.agent);
  return {
    enter: queue.enter,
    poll: async () => await wasm.semaphoreTryAcquire(lock, need) ? true : undefined,
    complete: () => Promise.resolve(true as const),
    isReady: async () => (await settle(), false),
    async leave(index) {
      await queue.leave(index);
      await settle();
    },
  };
}

/** Acquires so many units, notes them as out, and releases them, unless it keeps them. */
function acquires(need: number, options: WaitOptions & { keeps?: boolean } = {}): Body {
  return async (thread, state) => {
    const { wasm, atomic, log } = thread;
    const own = ownOf(thread, state);
    await waitFor(thread, own, [acquireCase(thread, own, state, need)], options);
    await discard(thread, state);
    log("has them");
    await atomic(state.data, (words) => words[state.data >>> 2]! += need);
    if (options.keeps) return;
    await atomic(state.data, (words) => words[state.data >>> 2]! -= need);
    await wasm.semaphoreRelease(state.lock, need, own.agent);
  };
}

/** Gives up a wait for so many units; if they have been granted it releases them. */
function givesUp(need: number): Body {
  return async (thread, state) => {
    const { wasm, id } = thread;
    const { agent, waiter } = ownOf(thread, state);
    if (await wasm.waiterClaim(waiter, CLAIM_SELF)) {
      await wasm.queueLeave(state.lock + LOCK_QUEUE, waiter, 0);
      await wasm.semaphoreSettle(state.lock, state.agents[id]!);
    } else {
      await nextEntry(thread, agent);
      await wasm.semaphoreRelease(state.lock, need, agent);
    }
    await discard(thread, state);
  };
}

function releases(count: number): Body {
  return ({ wasm, id }, { lock, agents }) => wasm.semaphoreRelease(lock, count, agents[id]!);
}

/** Never more is out than there is, and at the end all is back. */
function units(total: number, free = total): Start & Partial<SyncScenario> {
  return {
    ...{ first: free, second: total },
    invariant({ words, state }) {
      const free = words[(state.lock + SEMAPHORE_FREE) >>> 2]!;
      return free >= 0 && free + words[state.data >>> 2]! <= total;
    },
    check: ({ words, state }) => words[(state.lock + SEMAPHORE_FREE) >>> 2] === total,
  };
}

const shared = scenario("two units for two and one", [acquires(2), acquires(1)], units(2));
const crowd = scenario("two units for three", [acquires(1), acquires(2), acquires(1)], units(2));
/** One unit is free, thread 0 waits for two and thread 1 behind it for one. */
const large = scenario("a large request, and a small one later", [
  acquires(2, { isEntered: true }),
  acquires(1),
  releases(1),
], {
  ...units(2, 1),
  waiting: [2],
  check(outcome) {
    assertEquals(outcome.log.map(({ thread }) => thread), [0, 1]);
    return units(2).check!(outcome);
  },
});
const givenUp = scenario("a large request is given up", [
  givesUp(2),
  acquires(1, { isEntered: true }),
  releases(1),
], { ...units(2, 1), waiting: [2, 1] });
const several = scenario("a release for two", [
  acquires(1, { isEntered: true, keeps: true }),
  acquires(1, { isEntered: true, keeps: true }),
  releases(2),
], {
  ...units(2, 0),
  waiting: [1, 1],
  check: ({ words, state }) => words[(state.lock + SEMAPHORE_FREE) >>> 2] === 0,
});

/** One unit comes back while one waits for it and another tries to have it. */
const granting = scenario("a grant beside an attempt", [
  acquires(1, { isEntered: true }),
  async (thread, state) => {
    const { wasm, atomic } = thread;
    if (!await wasm.semaphoreTryAcquire(state.lock, 1)) return;
    await atomic(state.data, (words) => words[state.data >>> 2]!++);
    await atomic(state.data, (words) => words[state.data >>> 2]!--);
    await wasm.semaphoreRelease(state.lock, 1, state.agents[1]!);
  },
  releases(1),
], { ...units(1, 0), waiting: [1] });

Deno.test("semaphore: never more is out than there is, and nobody sleeps who fits", async () => {
  await assertHolding(shared);
  await assertHolding(crowd, { bound: 2 });
  await assertHolding(several, { bound: 2 });
  await assertHolding(granting);
  const blind = [acquires(2, { looksAgain: false }), acquires(2)];
  assertFails(await explore(core, scenario("blind", blind, units(2))), "deadlock");
});

Deno.test("semaphore: a large request is not overtaken, and hands on when it is given up", async () => {
  await assertHolding(large, { bound: 2 });
  await assertHolding(givenUp, { bound: 2 });
});

Deno.test("semaphore: what is released is checked against the total", async () => {
  const released = scenario("two release one unit", [releases(1), releases(1)], {
    ...{ first: 0, second: 1 },
    check: ({ results }) => assert(results.includes(LOCK_MISUSED) && results.includes(0)),
  });
  await assertHolding(released);
});

/** Waits for the end of a mortal thread and declares it dead. */
function buries(victim: number): Body {
  return async ({ wasm, wait }, { agents, ended }) => {
    await wait(ended, 0);
    await wasm.agentDied(agents[victim]!);
  };
}

/** The first of two that wait may die; whoever lives gets the unit, unless it died with it. */
const dying = scenario("who waits for a unit dies", [
  acquires(1, { isEntered: true, rechecks: true }),
  acquires(1, { isEntered: true, rechecks: true }),
  releases(1),
  buries(0),
], {
  ...{ first: 0, second: 1, waiting: [1, 1] },
  kill: { thread: 0, tells: ({ ended }) => ended },
  allowParked: true,
  check({ words, state, parked }) {
    const free = words[(state.lock + SEMAPHORE_FREE) >>> 2]!;
    assert(free === 0 || !parked.includes(1), "it sleeps beside a free unit");
  },
});

Deno.test("semaphore: a dead thread's place in the queue is nobody's", async () => {
  await assertHolding(dying, { bound: 1 });
});

// ---- Wait group ----------------------------------------------------------------------------------------------

/** Marks made before a round ends: how often the work was done. */
function mark({ atomic }: Thread, { data }: State): Promise<number> {
  return atomic(data, (words) => words[data >>> 2]!++);
}

/** Waits for the end of round `round`. Returns how often the work was done then. */
async function awaitRound(thread: Thread, state: State, round: number): Promise<number> {
  const isOver = async () => await thread.wasm.groupIsOver(state.lock, round) !== 0;
  const own = ownOf(thread, state);
  const only: Case<true> = {
    ...inQueue(thread, own, state.lock + LOCK_QUEUE),
    poll: async () => await isOver() ? true : undefined,
    isReady: isOver,
  };
  await waitFor(thread, own, [only]);
  return await thread.atomic(state.data, (words) => words[state.data >>> 2]!);
}

/** Waits for the end of the round in which it begins. */
const awaits: Body = async (thread, state) => {
  const marks = await awaitRound(thread, state, await thread.wasm.groupRound(state.lock));
  await discard(thread, state);
  return marks;
};

const adds = (delta: number): Body => ({ wasm, id }, { lock, agents }) =>
  wasm.groupAdd(lock, delta, agents[id]!);

/** Works and is done. */
const works: Body = async (thread, state) => {
  await mark(thread, state);
  await adds(-1)(thread, state);
};

const counting = (count: number): Start => ({
  before: (wasm, lock, self) => void wasm.groupAdd(lock, count, self),
});

const done = scenario("two are done, two wait", [awaits, awaits, works, works], {
  ...counting(2),
  check: ({ results }) => assertEquals(results.slice(0, 2), [2, 2]),
});

/** Who has waited for the first round begins the second one, and waits for that. */
const twoRounds = scenario("two rounds", [
  async (thread, state) => {
    const { wasm, atomic, notify } = thread;
    await awaitRound(thread, state, 0);
    await adds(1)(thread, state);
    const round = await wasm.groupRound(state.lock);
    await atomic(state.ended, (words) => words[state.ended >>> 2] = 1);
    await notify(state.ended);
    const marks = await awaitRound(thread, state, round);
    await discard(thread, state);
    return marks;
  },
  works,
  async (thread, state) => {
    await thread.wait(state.ended, 0);
    await works(thread, state);
  },
], { ...counting(1), check: ({ results }) => results[0] === 2 });

/** The counter is raised again at once, and stays up. */
const raised = scenario("raised again", [
  async (thread, state) => {
    await awaitRound(thread, state, 0);
    await discard(thread, state);
  },
  async (thread, state) => {
    await adds(-1)(thread, state);
    await adds(1)(thread, state);
  },
], counting(1));

Deno.test("wait group: who waits goes on when all are done, and not before", async () => {
  await assertHolding(done, { bound: 2 });
  await assertHolding(twoRounds, { bound: 3 });
  await assertHolding(raised);
});

Deno.test("wait group: its counter does not fall below 0", async () => {
  const below = scenario("one too many is done", [adds(-1), adds(-1), adds(-1)], {
    ...counting(2),
    check({ results, words, state }) {
      assertEquals(results.filter((code) => code === LOCK_MISUSED).length, 1);
      assertEquals(words[(state.lock + GROUP_STATE) >>> 2], 0);
    },
  });
  await assertHolding(below);
});

testMistakes("sync", ENTRY, [
  {
    when: "a semaphore grants before it has taken the units",
    find: "} else if (cas32(semaphore + SEMAPHORE_FREE, free, free - need) == free) {",
    replace: "} else {",
    also: {
      find: "        if (agent == 0) add32(semaphore + SEMAPHORE_FREE, need);",
      replace: "        if (agent != 0) add32(semaphore + SEMAPHORE_FREE, -need);",
    },
    model: granting,
    options: { bound: 2 },
  },
  {
    when: "units that could not be granted do not go back",
    find: "        if (agent == 0) add32(semaphore + SEMAPHORE_FREE, need);\n",
    replace: "",
    model: givenUp,
    options: { bound: 2 },
  },
  {
    when: "units are acquired past those who wait",
    find: "while (load32(semaphore + LOCK_QUEUE + QUEUE_COUNT) == 0 && free >= count) {",
    replace: "while (free >= count) {",
    model: large,
    options: { bound: 2 },
  },
  {
    when: "release() grants before the units are free",
    find:
      "    const seen = cas32(semaphore + SEMAPHORE_FREE, free, free + count);\n    if (seen == free) break;",
    replace:
      "    semaphoreSettle(semaphore, self);\n    const seen = cas32(semaphore + SEMAPHORE_FREE, free, free + count);\n    if (seen == free) return WOKE_NONE;",
    model: several,
    options: { bound: 2 },
  },
  {
    when: "release() grants to one only",
    find: "    if (isOver) break;\n",
    replace:
      "    if (isOver || agent != 0) {\n      if (agent != 0) ring(agent);\n      break;\n    }\n",
    model: several,
    options: { bound: 2 },
  },
  {
    when: "a round ends after the counter has come to 0, in a step of its own",
    find:
      "} while (cas64(group + GROUP_STATE, state, (<u64>(roundOf(state) + <u32>isEnd) << 32) | <u64>sum) != state);",
    replace:
      "} while (cas64(group + GROUP_STATE, state, (<u64>roundOf(state) << 32) | <u64>sum) != state);\n  if (isEnd) add32(group + GROUP_STATE + 4, 1);",
    model: twoRounds,
    options: { bound: 3 },
  },
  {
    when: "a wait group has no rounds",
    find: "return countOf(state) == 0 || roundOf(state) != round;",
    replace: "return countOf(state) == 0;",
    model: raised,
  },
  {
    when: "the last to finish wakes one only",
    find: "return isEnd ? queueWakeAll(group + LOCK_QUEUE, self) : WOKE_NONE;",
    replace: "return isEnd ? queueWake(group + LOCK_QUEUE, self) : WOKE_NONE;",
    also: {
      find: "import { fire, queueWakeAll } from",
      replace: "import { fire, queueWake, queueWakeAll } from",
    },
    model: done,
    options: { bound: 2 },
  },
]);
