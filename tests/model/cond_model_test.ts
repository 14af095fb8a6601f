/** Models of `wasm/assembly/cond.ts`, with the waits of `src/sync/cond.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLAIM_SELF,
  COND_MUTEX,
  COND_READER,
  LOCK_ABANDONED,
  MOVED_BY_SIGNAL,
  MUTEX_OWNER,
  RW_STATE,
  SIGNAL_RECHECK,
} from "../../src/memory/layout.ts";
import {
  assertHolding,
  type Body,
  buries,
  core,
  discard,
  ENTRY,
  lockCase,
  type LockScenario,
  type LockStart,
  nodeOf,
  ownOf,
  scenario,
  type State,
  type Thread,
  unlock,
} from "./locks.ts";
import { assertFails, explore, type Options } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";
import { nextEntry, waitFor } from "./waiting.ts";

/** A time at which whoever waits for the mutex has done so for long. */
const LATE = 10;

/** Waits for the mutex, as whoever has had a signal does when it was overtaken. Returns 1, or that it is abandoned. */
function relock(thread: Thread, state: State, rechecks = false): Promise<number> {
  const own = ownOf(thread, state);
  return waitFor(thread, own, [lockCase(thread, own, state)], { rechecks });
}

/** Enters the condition's queue, and unlocks. */
async function begin(thread: Thread, state: State): Promise<void> {
  const { wasm } = thread;
  const { waiter } = ownOf(thread, state);
  await wasm.waiterReset(waiter);
  await wasm.condEnter(state.cond, nodeOf(waiter), 0, 0);
  await unlock(thread, state, 0);
}

/** Sleeps in the condition's queue until it is fired for the mutex, or somebody has died. */
async function sleep(thread: Thread, state: State, rechecks = false): Promise<number> {
  const { wasm, repeat } = thread;
  const { agent, waiter } = ownOf(thread, state);
  const entry = await repeat(async () => {
    if (rechecks && await wasm.agentTakeSignals(agent, -1) & SIGNAL_RECHECK) return 0;
    const entry = await wasm.inboxPop(agent);
    if (entry !== 0) return entry;
    await wasm.agentSleep(agent, -1, 0);
    return undefined;
  });
  if (entry === 0) {
    if (await wasm.waiterClaim(waiter, CLAIM_SELF)) {
      await wasm.condLeave(state.cond, nodeOf(waiter));
      return await relock(thread, state, rechecks);
    }
    await nextEntry(thread, agent);
  }
  return await wasm.mutexComplete(state.lock, agent) || await relock(thread, state, rechecks);
}

/** Locks, waits until the flag is set, and unlocks. */
const awaitsFlag = (isLate: boolean): Body => async (thread, state) => {
  const { wasm } = thread;
  await relock(thread, state);
  while (await wasm.read(state.data) === 0) {
    if (isLate) {
      // It must not unlock first: a signal would find nobody.
      await unlock(thread, state, 0);
      await wasm.waiterReset(ownOf(thread, state).waiter);
      await wasm.condEnter(state.cond, nodeOf(ownOf(thread, state).waiter), 0, 0);
    } else await begin(thread, state);
    await sleep(thread, state);
  }
  await discard(thread, state);
  await unlock(thread, state, 0);
};

/** Locks, sets the flag, signals, and unlocks. */
const setsFlag: Body = async (thread, state) => {
  const { wasm, id } = thread;
  await relock(thread, state);
  await discard(thread, state);
  await wasm.increment(state.data);
  await wasm.condSignal(state.cond, state.agents[id]!, 0);
  await unlock(thread, state, 0);
};

interface Waits {
  readonly rechecks?: boolean;
  /** The time at which it unlocks. */
  readonly now?: number;
  /** It signals to the next. */
  readonly signals?: boolean;
}

/** Waits already; then it has the mutex, increments what is not atomic, and unlocks. */
const waits = ({ rechecks, now = 0, signals }: Waits = {}): Body => async (thread, state) => {
  const { wasm, id } = thread;
  const got = await sleep(thread, state, rechecks);
  await discard(thread, state);
  if (got === LOCK_ABANDONED) return got;
  await wasm.increment(state.data);
  if (signals) await wasm.condSignal(state.cond, state.agents[id]!, now);
  await unlock(thread, state, now);
  return got;
};

/** Waits already, and gives up; a signal that it had goes to the next. If it had that for good, it signals when it is done. */
const givesUp: Body = async (thread, state) => {
  const { wasm, id } = thread;
  const { lock, cond, agents } = state;
  const { agent, waiter } = ownOf(thread, state);
  if (await wasm.waiterClaim(waiter, CLAIM_SELF)) {
    const moved = await wasm.condLeave(cond, nodeOf(waiter));
    if (moved === MOVED_BY_SIGNAL) await wasm.condSignal(cond, agent, 0);
    await relock(thread, state);
  } else {
    await nextEntry(thread, agent);
    if (!await wasm.mutexComplete(lock, agent)) await relock(thread, state);
    await wasm.condSignal(cond, agents[id]!, 0);
  }
  await discard(thread, state);
  await wasm.increment(state.data);
  await unlock(thread, state, 0);
};

const signals: Body = ({ wasm, id }, { cond, agents }) => wasm.condSignal(cond, agents[id]!, 0);
const broadcasts: Body = ({ wasm, id }, { cond, agents }) =>
  wasm.condBroadcast(cond, agents[id]!, 0);

/** The same with the mutex held. */
const under = (what: Body, now = 0): Body => async (thread, state) => {
  await relock(thread, state);
  await discard(thread, state);
  await thread.wasm.increment(state.data);
  await what(thread, state);
  await unlock(thread, state, now);
};

const counts = (count: number): LockStart & Pick<LockScenario, "check"> => ({
  cond: COND_MUTEX,
  check({ words, state }) {
    assertEquals(words[state.data >>> 2], count);
    assertEquals(words[(state.lock + MUTEX_OWNER) >>> 2], 0);
  },
});

const flag = (isLate = false) =>
  scenario("one waits for a flag", [awaitsFlag(isLate), setsFlag], counts(1));
const free = scenario("a signal beside a free mutex", [waits(), signals], {
  ...counts(1),
  condWaiting: [0],
});
const held = scenario("a signal beside one that locks", [waits(), signals, under(signals)], {
  ...counts(2),
  condWaiting: [0],
});
const all = (now: number) =>
  scenario("a broadcast to two", [waits({ now }), waits({ now }), under(broadcasts, now)], {
    ...counts(3),
    condWaiting: [0, 1],
  });
const allFree = scenario("a broadcast beside a free mutex", [waits(), waits(), broadcasts], {
  ...counts(2),
  condWaiting: [0, 1],
});
const one = scenario("a signal for one of two", [waits(), waits(), under(signals)], {
  ...counts(2),
  condWaiting: [0, 1],
  allowParked: true,
  check({ words, state, parked }) {
    assertEquals(parked, [1]);
    assertEquals(words[state.data >>> 2], 2);
  },
});
const chain = scenario("a signal that is passed on", [waits({ signals: true }), waits(), signals], {
  ...counts(2),
  condWaiting: [0, 1],
});

Deno.test("cond: a signal wakes one, a broadcast all, and none is lost", async () => {
  await assertHolding(flag(), { bound: 3 });
  await assertHolding(free);
  await assertHolding(held, { bound: 2 });
  for (const now of [0, LATE]) await assertHolding(all(now), { bound: 2 });
  await assertHolding(allFree, { bound: 2 });
  await assertHolding(one, { bound: 2 });
  await assertHolding(chain, { bound: 2 });
  assertFails(await explore(core, flag(true), { bound: 3 }), "deadlock");
});

const givenUp = (isUnder: boolean) =>
  scenario("the first gives up", [givesUp, waits(), isUnder ? under(signals) : signals], {
    ...counts(isUnder ? 3 : 2),
    condWaiting: [0, 1],
  });
const givenUpAll = scenario("one gives up beside a broadcast", [givesUp, waits(), broadcasts], {
  ...counts(2),
  condWaiting: [0, 1],
});

Deno.test("cond: who gives up hands on the signal that it had", async () => {
  await assertHolding(givenUp(false), { bound: 3 });
  await assertHolding(givenUp(true), { bound: 2 });
  await assertHolding(givenUpAll, { bound: 2 });
});

/** Thread 0 waits to read; thread 1 writes, and signals. */
const reading = scenario("one waits to read", [
  async (thread, state) => {
    const { wasm } = thread;
    const { agent, waiter } = ownOf(thread, state);
    await nextEntry(thread, agent);
    assertEquals(await wasm.rwComplete(state.lock, agent, nodeOf(waiter)), 1);
    await discard(thread, state);
    await wasm.read(state.data);
    await wasm.rwReadUnlock(state.lock, agent, state.records[0]!, 0);
  },
  async (thread, state) => {
    const { wasm } = thread;
    const self = state.agents[1]!;
    assert(await wasm.rwTryLock(state.lock, self));
    await wasm.increment(state.data);
    await wasm.rwUnlock(state.lock, self);
    await wasm.condSignal(state.cond, self, 0);
  },
], {
  cond: COND_READER,
  readers: [0],
  condWaiting: [0],
  check: ({ words, state }) =>
    words[(state.lock + RW_STATE) >>> 2] === 0 && words[(state.lock + RW_STATE + 4) >>> 2] === 0,
});

Deno.test("cond: it belongs to either side of an RWMutex, too", async () => {
  await assertHolding(reading);
});

/** Nobody is parked, and who has been told that the mutex is abandoned was right. */
const defined: Pick<LockScenario, "check"> = {
  check({ words, state, results, killed }) {
    const owner = words[(state.lock + MUTEX_OWNER) >>> 2]!;
    if (results.includes(LOCK_ABANDONED)) assert(killed.length > 0 && owner !== 0);
  },
};

/** Thread 0 signals and may die: before, in between, holding the mutex. */
const signallerDies = scenario("who signals may die", [
  under(signals),
  waits({ rechecks: true }),
  buries(0),
], {
  cond: COND_MUTEX,
  condWaiting: [1],
  kill: { thread: 0, tells: ({ ended }) => ended },
  ...defined,
});

/** Thread 0 waits and may die, also after its signal; thread 1 waits behind it. */
const waiterDies = scenario("who waits may die", [
  waits({ rechecks: true }),
  waits({ rechecks: true }),
  under(signals),
  buries(0),
], {
  cond: COND_MUTEX,
  condWaiting: [0, 1],
  kill: { thread: 0, tells: ({ ended }) => ended },
  ...defined,
});

/** Thread 0 is dead and stands in the queue. */
const dead = scenario("a dead one stands before another", [
  () => Promise.resolve(),
  waits(),
  signals,
], {
  ...counts(1),
  condWaiting: [0, 1],
  before(wasm, _lock, agents) {
    wasm.agentDied(agents[0]!);
    for (const agent of agents.slice(1)) wasm.agentTakeSignals(agent, -1);
  },
});

Deno.test("cond: nobody waits for ever when somebody dies", async () => {
  await assertHolding(signallerDies, { bound: 1 });
  await assertHolding(waiterDies, { bound: 1 });
  await assertHolding(dead);
});

const two: Options = { bound: 2 };

testMistakes("cond", ENTRY, [
  {
    when: "a signal does not look at the mutex",
    find: "if (move(cond, now, MOVED_BY_SIGNAL)) return settle(cond, self);",
    replace: "if (move(cond, now, MOVED_BY_SIGNAL)) return WOKE_NONE;",
    model: free,
  },
  {
    when: "a broadcast does not look at the mutex",
    find: "move(cond, now, MOVED_BY_BROADCAST);\n  return settle(cond, self);",
    replace: "move(cond, now, MOVED_BY_BROADCAST);\n  return WOKE_NONE;",
    model: allFree,
    options: two,
  },
  {
    when: "a signal looks at the mutex before it moves anybody",
    find: "if (move(cond, now, MOVED_BY_SIGNAL)) return settle(cond, self);",
    replace:
      "const woke = settle(cond, self);\n    if (move(cond, now, MOVED_BY_SIGNAL)) return woke;",
    model: held,
    options: two,
  },
  {
    when: "a broadcast moves one only",
    find: "left != 0; left--) move",
    replace: "left == count; left--) move",
    model: all(0),
    options: two,
  },
  {
    when: "a signal moves all",
    find:
      "if (move(cond, now, MOVED_BY_SIGNAL)) return settle(cond, self);\n  }\n  return WOKE_NONE;",
    replace: "move(cond, now, MOVED_BY_SIGNAL);\n  }\n  return settle(cond, self);",
    model: one,
    options: two,
  },
  {
    when: "who gives up does not find out that it had a signal",
    find: "      store<u32>(node + NODE_MOVED, how);\n",
    replace: "",
    model: givenUp(false),
    options: two,
  },
  {
    when: "who gives up leaves the queue that it entered",
    find: "  if (queue != 0) unlink(queue, node);\n",
    replace: "  if (queue != 0) unlink(cond + LOCK_QUEUE, node);\n",
    model: givenUp(true),
    options: two,
  },
  {
    when: "the condition's queue has a lock of its own",
    find:
      "  return <usize>load<u32>(cond + COND_LOCKER) + LOCK_QUEUE + QUEUE_LOCK; // Plain: written once.",
    replace: "  return cond + LOCK_QUEUE + QUEUE_LOCK;",
    model: givenUp(false),
    options: two,
  },
  {
    when: "a signal goes to the dead",
    find: "isMoved = load32(<usize>load<u32>(waiter + WAITER_AGENT) + AGENT_STATE) != AGENT_DEAD;",
    replace: "isMoved = true;",
    model: dead,
  },
  {
    when: "a waiter goes from queue to queue in two steps",
    find: "      link(to, node);\n    }\n  }\n  release(lock);\n",
    replace:
      "    }\n  }\n  release(lock);\n  if (isMoved) {\n    acquire(lock);\n    link(to, node);\n    release(lock);\n  }\n",
    model: givenUp(false),
    options: two,
  },
]);
