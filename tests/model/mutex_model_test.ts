/** Models of `wasm/assembly/mutex.ts`, with the waits of `src/sync/mutex.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLAIM_SELF,
  LOCK_ABANDONED,
  LOCK_MISUSED,
  LOCK_QUEUE,
  MUTEX_ABANDONED,
  MUTEX_HANDED,
  MUTEX_OWNER,
} from "../../src/memory/layout.ts";
import { assertFails, explore } from "./loom.ts";
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
  ownOf,
  scenario,
  unlock,
} from "./locks.ts";
import { testMistakes } from "./mistakes.ts";
import { nextEntry, waitFor, type WaitOptions } from "./waiting.ts";

/** A time at which whoever waits has done so for long; they all came at 0. */
const LATE = 10;

/** How a thread of a model locks. */
interface Locks extends WaitOptions {
  /** The time at which it unlocks. */
  readonly now?: number;
  /** It enters at the head of the queue. */
  readonly isOvertaken?: boolean;
}

/** Locks, increments what is not atomic, and unlocks. Returns 1, or that the mutex is abandoned. */
function locks({ now = 0, isOvertaken, ...options }: Locks = {}): Body {
  return async (thread, state) => {
    const { wasm } = thread;
    const own = ownOf(thread, state);
    const got = await waitFor(thread, own, [lockCase(thread, own, state, isOvertaken)], options);
    await discard(thread, state);
    if (got === LOCK_ABANDONED) return got;
    await wasm.increment(state.data);
    await unlock(thread, state, now);
    return got;
  };
}

/** Is fired when it has no use for the mutex, and passes (`pass` in `src/sync/mutex.ts`). */
const passes = (now: number): Body => async (thread, state) => {
  const { wasm, id } = thread;
  await nextEntry(thread, state.agents[id]!);
  await discard(thread, state);
  await wasm.mutexPass(state.lock, state.agents[id]!, now);
};

/** Gives up its wait; if it has been fired, it takes what it can get and unlocks. */
const givesUp = (now: number): Body => async (thread, state) => {
  const { wasm } = thread;
  const { agent, waiter } = ownOf(thread, state);
  if (await wasm.waiterClaim(waiter, CLAIM_SELF)) {
    await wasm.queueLeave(state.lock + LOCK_QUEUE, waiter, 0);
    return await discard(thread, state);
  }
  await nextEntry(thread, agent);
  const got = await wasm.mutexComplete(state.lock, agent);
  await discard(thread, state);
  if (got === 1) await unlock(thread, state, now);
};

const unlocks = (now: number): Body => (thread, state) => unlock(thread, state, now);

/** All increments have been made, and the mutex is free. */
const counts = (count: number): Pick<LockScenario, "check"> => ({
  check({ words, state }) {
    assertEquals(words[state.data >>> 2], count);
    assertEquals(words[(state.lock + MUTEX_OWNER) >>> 2], 0);
  },
});

/** The thread 0 holds the mutex at the start. */
const held: LockStart = { before: (wasm, lock, [first]) => void wasm.mutexTryLock(lock, first!) };

const twoLock = scenario("two lock", [locks(), locks()], counts(2));
const twoHand = scenario(
  "two lock and hand over",
  [locks({ now: LATE }), locks({ now: LATE })],
  counts(2),
);
const threeLock = scenario("three lock", [
  locks(),
  locks({ isOvertaken: true }),
  locks({ isOvertaken: true }),
], counts(3));
const threeHand = scenario("three lock, of whom two hand over", [
  locks({ now: LATE }),
  locks({ now: LATE, isOvertaken: true }),
  locks(),
], counts(3));

Deno.test("mutex: it excludes, and nobody sleeps while it is free", async () => {
  await assertHolding(twoLock);
  await assertHolding(twoHand);
  await assertHolding(threeLock, { bound: 2 });
  await assertHolding(threeHand, { bound: 2 });
  const blind = [locks({ looksAgain: false }), locks()];
  assertFails(await explore(core, scenario("blind", blind)), "deadlock");
});

/** Thread 0 unlocks; thread 1 waits, and cannot use it; thread 2 waits behind it. */
const passed = (now: number) =>
  scenario("one passes", [unlocks(now), passes(now), locks({ isEntered: true, now })], {
    ...counts(1),
    ...held,
    waiting: [1, 2],
  });

/** Thread 0 unlocks; thread 1 waits, and gives up; thread 2 waits behind it. */
const givenUp = (now: number) =>
  scenario("one gives up", [unlocks(now), givesUp(now), locks({ isEntered: true, now })], {
    ...counts(1),
    ...held,
    waiting: [1, 2],
  });

Deno.test("mutex: who cannot use it, or gives up, leaves it to the next", async () => {
  for (const now of [0, LATE]) {
    await assertHolding(passed(now), { bound: 2 });
    await assertHolding(givenUp(now), { bound: 2 });
  }
});

/** Thread 1 has waited for long, and keeps what it gets; thread 0 asks again at once, thread 2 at any time. */
const greedy = scenario("a greedy one", [
  async (thread, state) => {
    await unlock(thread, state, LATE);
    const again = await thread.wasm.mutexTryLock(state.lock, state.agents[0]!);
    thread.log("asked again");
    return again;
  },
  async (thread, state) => {
    const own = ownOf(thread, state);
    await waitFor(thread, own, [lockCase(thread, own, state)], { isEntered: true });
    await discard(thread, state);
  },
  ({ wasm }, { lock, agents }) => wasm.mutexTryLock(lock, agents[2]!),
], {
  ...held,
  waiting: [1],
  check: ({ results }) => results[0] === 0 && results[2] === 0,
});

Deno.test("mutex: who has waited for long is not overtaken", async () => {
  await assertHolding(greedy);
});

/** Thread 0 holds the mutex and has a guard; thread 1 frees it, and then takes it. */
const guarded = scenario("a late guard", [
  ({ wasm }, { lock, agents }) => wasm.mutexRelease(lock, agents[0]!, agents[0]!, 0),
  async (thread, state) => [
    await unlock(thread, state, 0),
    await thread.wasm.mutexTryLock(state.lock, state.agents[1]!),
  ],
], {
  ...held,
  check({ words, state, results }) {
    const [late, [unlocked]] = results as [number, [number, number]];
    assertEquals([late, unlocked].toSorted(), [LOCK_MISUSED, 0]);
    assertEquals(words[(state.lock + MUTEX_OWNER) >>> 2], state.agents[1]);
  },
});

/** Thread 1 hands the mutex to a goroutine of thread 0, where a guard is disposed whose lock was freed long ago. */
const handedOver = scenario("a late guard beside a hand-over", [
  async (thread, state) => {
    const { wasm } = thread;
    const { lock, agents: [self] } = state;
    const late = await wasm.mutexRelease(lock, self!, self!, LATE);
    await nextEntry(thread, self!);
    await discard(thread, state);
    return [late, await wasm.mutexComplete(lock, self!)];
  },
  unlocks(LATE),
], {
  before: (wasm, lock, [, second]) => void wasm.mutexTryLock(lock, second!),
  waiting: [0],
  check: ({ results }) => assertEquals(results[0], [LOCK_MISUSED, 1]),
});

/** Threads 0 and 1 unlock what thread 0 has locked; threads 2 and 3 wait for it. */
const unlocksOnce: Body = ({ wasm, id }, { lock, agents }) =>
  wasm.mutexRelease(lock, agents[id]!, agents[0]!, LATE);
const strangers = scenario("two unlock, two wait", [
  unlocksOnce,
  unlocksOnce,
  locks({ isEntered: true }),
  locks({ isEntered: true }),
], { ...counts(2), ...held, waiting: [2, 3] });

Deno.test("mutex: it is unlocked once, and by a guard only if that still holds it", async () => {
  const twice = scenario("two unlock", [unlocks(0), unlocks(0)], {
    ...held,
    check: ({ results }) => assert(results.includes(LOCK_MISUSED) && results.includes(0)),
  });
  await assertHolding(twice);
  await assertHolding(guarded);
  await assertHolding(handedOver);
  await assertHolding(strangers, { bound: 2 });
});

// ---- Death ---------------------------------------------------------------------------------------------------

/** At the end the mutex is free, or its holder has died and whoever has looked was told. */
const defined: Pick<LockScenario, "check"> = {
  check({ words, state, results, killed }) {
    const owner = words[(state.lock + MUTEX_OWNER) >>> 2]!;
    const isTold = results.includes(LOCK_ABANDONED);
    const isLeft = killed.length > 0 && (owner & ~MUTEX_HANDED) === state.agents[0];
    if (isTold || !isLeft) assertEquals(owner, isTold ? MUTEX_ABANDONED : 0);
    assert(!isTold || killed.length > 0, "nobody has died");
  },
};

/** Thread 0 may die: before it locks, while it holds the mutex, and while it unlocks it. */
const holderDies = (now: number) =>
  scenario("who holds it may die", [
    locks({ now, rechecks: true }),
    locks({ now, rechecks: true }),
    buries(0),
  ], {
    kill: { thread: 0, tells: ({ ended }) => ended },
    ...defined,
  });

/** Thread 0 waits and may die, also when it has been handed the mutex; thread 2 waits behind it. */
const waiterDies = (now: number) =>
  scenario("who waits for it may die", [
    locks({ now, isEntered: true, rechecks: true }),
    unlocks(now),
    locks({ now, isEntered: true, rechecks: true }),
    buries(0),
  ], {
    before: (wasm, lock, [, second]) => void wasm.mutexTryLock(lock, second!),
    waiting: [0, 2],
    kill: { thread: 0, tells: ({ ended }) => ended },
    ...defined,
  });

/** Thread 0 is dead and holds the mutex. */
const left: LockStart = {
  before(wasm, lock, [first]) {
    wasm.mutexTryLock(lock, first!);
    wasm.agentDied(first!);
  },
};

/** Takes it over, once told, or waits for who does. */
const recovers: Body = async (thread, state) => {
  const { wasm } = thread;
  const self = state.agents[thread.id]!;
  const isTaken = await wasm.mutexRecover(state.lock, self) !== 0;
  if (isTaken) {
    await wasm.increment(state.data);
    await unlock(thread, state, 0);
  }
  return isTaken;
};

const recovered = scenario("two take it over, and one waits", [
  () => Promise.resolve(),
  recovers,
  recovers,
  locks(),
], {
  ...left,
  check({ words, state, results }) {
    const [, one, other, got] = results;
    assertEquals([one, other].filter(Boolean).length, 1);
    assertEquals(words[state.data >>> 2], got === 1 ? 2 : 1);
    assertEquals(words[(state.lock + MUTEX_OWNER) >>> 2], 0);
  },
});

/** It has looked, and sleeps without another look. */
const sleeps: Body = async (thread, state) => {
  const own = ownOf(thread, state);
  const options = { isEntered: true, looksAgain: false };
  const got = await waitFor(thread, own, [lockCase(thread, own, state)], options);
  await discard(thread, state);
  return got;
};

/** The holder of the mutex is dead; of those who wait one looks. */
const told = scenario("three wait, and are told", [
  () => Promise.resolve(),
  locks({ isEntered: true, rechecks: true }),
  sleeps,
  sleeps,
], {
  before(wasm, lock, agents) {
    left.before!(wasm, lock, agents, []);
    for (const asleep of agents.slice(2)) wasm.agentTakeSignals(asleep, -1);
  },
  waiting: [1, 2, 3],
  check: ({ results }) =>
    assertEquals(results.slice(1), [LOCK_ABANDONED, LOCK_ABANDONED, LOCK_ABANDONED]),
});

/** Thread 0 has been declared dead and goes on for a while: it unlocks, after another has taken over. */
const lingers = scenario("a dead one unlocks", [
  unlocks(0),
  async ({ wasm }, { lock, agents: [dead, self] }) => {
    await wasm.agentDied(dead!);
    const isTaken = await wasm.mutexRecover(lock, self!) || await wasm.mutexTryLock(lock, self!);
    return [isTaken, await wasm.mutexIsOwn(lock, self!)];
  },
], {
  ...held,
  check({ results }) {
    const [isTaken, isOwn] = results[1] as [number, number];
    assertEquals(isTaken === 1, isOwn !== 0);
  },
});

Deno.test("mutex: it is abandoned when its holder dies, and nobody waits for ever", async () => {
  for (const now of [0, LATE]) {
    await assertHolding(holderDies(now), { bound: 1 });
    await assertHolding(waiterDies(now), { bound: 1 });
  }
  await assertHolding(told, { bound: 2 });
});

Deno.test("mutex: one takes an abandoned one over, and the dead cannot unlock it", async () => {
  await assertHolding(recovered, { bound: 2 });
  await assertHolding(lingers);
});

testMistakes("mutex", ENTRY, [
  {
    when: "it is taken without a swap",
    find: "  const seen = cas32(mutex + MUTEX_OWNER, 0, <u32>self);\n",
    replace:
      "  const seen = load32(mutex + MUTEX_OWNER);\n  if (seen == 0) cas32(mutex + MUTEX_OWNER, load32(mutex + MUTEX_OWNER), <u32>self);\n",
    model: twoLock,
  },
  {
    when: "unlock() looks for waiters only before it frees the mutex",
    find: "  return load32(count) == 0 ? WOKE_NONE : queueWake(mutex + LOCK_QUEUE, self);",
    replace: "  return WOKE_NONE;",
    model: twoLock,
  },
  {
    when: "the longest waiter is handed the mutex only after it has been free",
    find: "isHanded = cas32(mutex + MUTEX_OWNER, held, <u32>agent | MUTEX_HANDED) == held;",
    replace:
      "isHanded = cas32(mutex + MUTEX_OWNER, held, 0) == held && cas32(mutex + MUTEX_OWNER, 0, <u32>agent | MUTEX_HANDED) == 0;",
    model: greedy,
  },
  {
    when: "nobody is ever handed it",
    find: "node == 0 || now - load<u32>(node + NODE_NEED) <= MUTEX_PATIENCE",
    replace: "true",
    model: greedy,
  },
  {
    when: "it is handed over although somebody else has unlocked it",
    find: "isHanded = cas32(mutex + MUTEX_OWNER, held, <u32>agent | MUTEX_HANDED) == held;",
    replace: "isHanded = xchg32(mutex + MUTEX_OWNER, <u32>agent | MUTEX_HANDED) != 0;",
    also: {
      find: 'import { cas32, load32 } from "./atomics";',
      replace: 'import { cas32, load32, xchg32 } from "./atomics";',
    },
    model: strangers,
    options: { bound: 2 },
  },
  {
    when: "who was fired in vain is not told",
    find: "        inboxPush(agent, waiter);\n",
    replace: "        if (isHanded) inboxPush(agent, waiter);\n",
    model: strangers,
    options: { bound: 2 },
  },
  {
    when: "a guard frees a mutex that it does not hold",
    find: "(expected != 0 && held != expected)",
    replace: "false",
    model: guarded,
  },
  {
    when: "what is handed over looks as if it were held",
    find: "held, <u32>agent | MUTEX_HANDED) == held;",
    replace: "held, <u32>agent) == held;",
    model: handedOver,
  },
  {
    when: "who cannot use what it was handed only wakes the next",
    find: "  return woke < WOKE_NONE ? queueWake(mutex + LOCK_QUEUE, self) : woke;",
    replace: "  return queueWake(mutex + LOCK_QUEUE, self);",
    also: {
      find: "  const woke = mutexRelease(mutex, self, <u32>self | MUTEX_HANDED, now);\n",
      replace: "",
    },
    model: passed(LATE),
    options: { bound: 2 },
  },
  {
    when: "who cannot use what it was woken for keeps quiet",
    find: "  return woke < WOKE_NONE ? queueWake(mutex + LOCK_QUEUE, self) : woke;",
    replace: "  return woke;",
    model: passed(0),
    options: { bound: 2 },
  },
  {
    when: "who was handed it does not take delivery",
    find: "  if (cas32(mutex + MUTEX_OWNER, handed, <u32>self) == handed) return 1;\n",
    replace: "",
    model: twoHand,
  },
  {
    when: "a dead waiter is handed it",
    file: "wasm/assembly/queue.ts",
    find: "return load32(agent + AGENT_STATE) == AGENT_DEAD ? 0 : agent;",
    replace: "return agent;",
    model: waiterDies(LATE),
    options: { bound: 1 },
  },
  {
    when: "nobody asks whether the holder lives",
    find: "return word == MUTEX_ABANDONED || load32(agentOf(word) + AGENT_STATE) == AGENT_DEAD;",
    replace: "return word == MUTEX_ABANDONED;",
    model: holderDies(0),
    options: { bound: 1 },
  },
  {
    when: "who finds it abandoned keeps that to itself",
    find: "    queueWakeAll(mutex + LOCK_QUEUE, self);\n",
    replace: "",
    model: told,
    options: { bound: 1 },
  },
  {
    when: "who finds it abandoned tells one only",
    find: "    queueWakeAll(mutex + LOCK_QUEUE, self);\n",
    replace: "    queueWake(mutex + LOCK_QUEUE, self);\n",
    model: told,
    options: { bound: 1 },
  },
  {
    when: "who takes it over does not look whether somebody was faster",
    find: "return cas32(mutex + MUTEX_OWNER, MUTEX_ABANDONED, <u32>self) == MUTEX_ABANDONED;",
    replace: "return cas32(mutex + MUTEX_OWNER, load32(mutex + MUTEX_OWNER), <u32>self) != 0;",
    model: recovered,
    options: { bound: 2 },
  },
  {
    when: "the dead can unlock",
    find: "  if (load32(self + AGENT_STATE) == AGENT_DEAD) return WOKE_NONE;\n",
    replace: "",
    model: lingers,
  },
]);
