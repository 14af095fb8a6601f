/** Models of `wasm/assembly/sync.ts`, with the waits of `src/sync/`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLAIM_SELF,
  GROUP_STATE,
  LOCK_MISUSED,
  LOCK_OBJECT_SIZE,
  LOCK_QUEUE,
  NODE_GRANTED,
  NODE_QUEUE,
  SEMAPHORE_ASIDE,
  SEMAPHORE_STATE,
  SIGNAL_RECHECK,
  WAITER_NODES,
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
  objectNew(kind: number, byteLength: number): number;
  semaphoreNew(kind: number, size: number): number;
  semaphoreRelease(semaphore: number, count: number, self: number): number;
  semaphoreResize(semaphore: number, size: number, self: number): number;
  semaphoreSettle(semaphore: number, self: number): number;
  semaphoreSize(semaphore: number): number;
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
  /** Makes the lock object, in the place of one whose words are 0. */
  make?(wasm: Sync): number;
  /** What threads that stand in the queue at the start ask for, by thread. */
  readonly waiting?: readonly (number | undefined)[];
  /** Calls before. */
  before?(wasm: Sync, lock: number, self: number): void;
}

function scenario(
  name: string,
  threads: readonly Body[],
  { make, waiting = [], before, ...rest }: Start & Partial<SyncScenario> = {},
): SyncScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const waiters = agents.map((agent, id) => wasm.waiterNew(agent, id, 1));
      const lock = make?.(wasm) ?? wasm.objectNew(0, LOCK_OBJECT_SIZE);
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

/** A wait for so many units. `isFixed`: the size never changes, and is not looked at, which would cost states. */
function acquireCase(
  thread: Thread,
  own: Own,
  { lock }: State,
  need: number,
  isFixed: boolean,
): Case<true> {
  const { wasm } = thread;
  const inLine = inQueue(thread, own, lock + LOCK_QUEUE, need);
  const aside = inQueue(thread, own, lock + SEMAPHORE_ASIDE);
  let isAside = false;
  const settle = () => wasm.semaphoreSettle(lock, own.agent);
  /** Found anew in each round, while the waiter is claimed or received, and so the owner's to read. */
  let isInLine = false;
  return {
    async poll() {
      isInLine = await wasm.peek(own.waiter + WAITER_NODES + NODE_QUEUE) !== 0;
      if (isInLine) return undefined;
      return await wasm.semaphoreTryAcquire(lock, need) ? true : undefined;
    },
    async enter(index, entered) {
      if (isInLine) return true;
      isAside = !isFixed && need > await wasm.semaphoreSize(lock);
      return await (isAside ? aside : inLine).enter(index, entered);
    },
    async complete() {
      if (isAside) return undefined;
      return await wasm.peek(own.waiter + WAITER_NODES + NODE_GRANTED) ? true : undefined;
    },
    async isReady() {
      if (isAside) return need <= await wasm.semaphoreSize(lock);
      await settle();
      return false;
    },
    async leave(index) {
      if (isAside) await aside.leave(index);
    },
  };
}

/** Acquires so many units, notes them as out, and releases them, unless it keeps them. */
function acquires(
  need: number,
  options: WaitOptions & { keeps?: boolean; isFixed?: boolean } = {},
): Body {
  return async (thread, state) => {
    const { wasm, atomic, log } = thread;
    const own = ownOf(thread, state);
    await waitFor(
      thread,
      own,
      [acquireCase(thread, own, state, need, options.isFixed ?? true)],
      options,
    );
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

/** A semaphore of `size` units, `held` of which are held. */
const semaphoreOf = (size: number, held: number) => (wasm: Sync): number => {
  const semaphore = wasm.semaphoreNew(0, size);
  wasm.semaphoreTryAcquire(semaphore, held);
  return semaphore;
};

/** How many units there are, and how many of them are held. */
function unitsOf({ words, state }: { words: Int32Array; state: State }): [number, number] {
  const at = (state.lock + SEMAPHORE_STATE) >>> 2;
  return [words[at]!, words[at + 1]!];
}

/** Never more is out than is held, nor than there is, and at the end all is back. */
function units(total: number, free = total): Start & Partial<SyncScenario> {
  return {
    make: semaphoreOf(total, total - free),
    invariant(snapshot) {
      const [size, held] = unitsOf(snapshot);
      return held >= 0 && held <= size && snapshot.words[snapshot.state.data >>> 2]! <= held;
    },
    check: (outcome) => assertEquals(unitsOf(outcome), [total, 0]),
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
  check: (outcome) => assertEquals(unitsOf(outcome), [2, 2]),
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
  await assertHolding(granting, { bound: 4 });
  const blind = [acquires(2, { looksAgain: false }), acquires(2)];
  assertFails(await explore(core, scenario("blind", blind, units(2))), "deadlock");
});

Deno.test("semaphore: a large request is not overtaken, and hands on when it is given up", async () => {
  await assertHolding(large, { bound: 2 });
  await assertHolding(givenUp, { bound: 2 });
});

const resizes = (size: number): Body => ({ wasm, id }, { lock, agents }) =>
  wasm.semaphoreResize(lock, size, agents[id]!);

const inLine = { isEntered: true, isFixed: false };

/** One unit is held of one, and thread 0 waits for a second one. */
const served = scenario("it grows for one in line", [acquires(1, inLine), resizes(2)], {
  make: semaphoreOf(1, 1),
  waiting: [1],
  check: (outcome) => assertEquals(unitsOf(outcome), [2, 1]),
});

/** The same, and thread 1 wants two, which are too many yet. */
const grown = scenario("it grows for one in line and one aside", [
  acquires(1, { ...inLine, keeps: true }),
  acquires(2, { isFixed: false }),
  resizes(4),
], {
  make: semaphoreOf(1, 1),
  waiting: [1],
  check: (outcome) => assertEquals(unitsOf(outcome), [4, 2]),
});

/** Two units are held of three; thread 0 waits for three and thread 1 behind it for one, when there are only two any more. */
const shrunk = scenario("it shrinks below what the first asks for", [
  acquires(3, inLine),
  acquires(1, inLine),
  resizes(2),
  releases(2),
], {
  make: semaphoreOf(3, 2),
  waiting: [3, 1],
  allowParked: true,
  check(outcome) {
    // Whoever asks for three waits aside for ever, unless the units came before the resize.
    assert(!outcome.parked.includes(1), "it waits behind a request that is impossible");
    assertEquals(unitsOf(outcome), [2, 0]);
  },
});

/** It shrinks below what is held, and grows again. */
const below = scenario("it shrinks below what is held", [
  acquires(1, { isFixed: false }),
  async (thread, state) => {
    await resizes(0)(thread, state);
    await resizes(1)(thread, state);
  },
  acquires(1, { isFixed: false }),
], { make: semaphoreOf(1, 0), check: (outcome) => assertEquals(unitsOf(outcome), [1, 0]) });

Deno.test("semaphore: a resize serves who fits now, and nobody waits behind what is impossible", async () => {
  await assertHolding(served);
  await assertHolding(grown, { bound: 2 });
  await assertHolding(shrunk, { bound: 2 });
  await assertHolding(below, { bound: 2 });
});

Deno.test("semaphore: what is released is checked against what is held", async () => {
  const resized = scenario("two release one unit beside a resize", [
    releases(1),
    releases(1),
    resizes(9),
  ], {
    make: semaphoreOf(1, 1),
    check(outcome) {
      assertEquals(outcome.results.filter((code) => code === LOCK_MISUSED).length, 1);
      assertEquals(unitsOf(outcome), [9, 0]);
    },
  });
  await assertHolding(resized);
  const released = scenario("two release one unit", [releases(1), releases(1)], {
    make: semaphoreOf(1, 1),
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
  ...{ make: semaphoreOf(1, 1), waiting: [1, 1] },
  kill: { thread: 0, tells: ({ ended }) => ended },
  allowParked: true,
  check(outcome) {
    const [, held] = unitsOf(outcome);
    assert(held === 1 || !outcome.parked.includes(1), "it sleeps beside a free unit");
  },
});

/** One unit of three is free; the first waits for three and may die, the second behind it for two, and one comes back. */
const dyingLarge = scenario("who waits for more than is free dies", [
  acquires(3, { isEntered: true, rechecks: true }),
  acquires(2, { isEntered: true, rechecks: true, keeps: true }),
  async (thread, state) => {
    await buries(0)(thread, state);
    await releases(1)(thread, state);
  },
], {
  ...{ make: semaphoreOf(3, 2), waiting: [3, 2] },
  kill: { thread: 0, tells: ({ ended }) => ended },
  allowParked: true,
  check: ({ parked, killed }) => assert(killed.length === 0 || !parked.includes(1)),
});

/** The same, and another waits for one behind the one for two: it must not get ahead of that, which looks again meanwhile. */
const dyingInOrder = scenario("nobody is overtaken when somebody dies", [
  () => Promise.resolve(),
  acquires(2, { isEntered: true, rechecks: true, keeps: true }),
  acquires(1, { isEntered: true, rechecks: true, keeps: true }),
  async (thread, state) => {
    await thread.wasm.agentDied(state.agents[0]!);
    await releases(1)(thread, state);
  },
], {
  ...{ make: semaphoreOf(3, 2), waiting: [3, 2, 1] },
  allowParked: true,
  check({ log, parked }) {
    assertEquals(log.map(({ thread }) => thread), [1]);
    assertEquals(parked, [2]);
  },
});

/** Thread 0 looks again, although nobody has died, while a unit comes back and another is asked for. */
const looking = scenario("who waits looks again as a unit comes back", [
  acquires(1, { isEntered: true, rechecks: true }),
  releases(1),
  ({ wasm }, { agents }) => wasm.agentSignal(agents[0]!, SIGNAL_RECHECK),
], { ...units(1, 0), waiting: [1] });

/** Nobody but a dead thread waits, for two of two, and one is free. */
const haunted = scenario("an attempt behind a dead thread", [
  () => Promise.resolve(),
  ({ wasm }, { lock }) => wasm.semaphoreTryAcquire(lock, 1),
], {
  make: semaphoreOf(2, 1),
  waiting: [2],
  before: (wasm, _lock, self) => wasm.agentDied(self),
  check: ({ results }) => assertEquals(results[1], 1),
});

Deno.test("semaphore: a dead thread's place in the queue is nobody's", async () => {
  await assertHolding(dying, { bound: 1 });
  await assertHolding(dyingLarge, { bound: 1 });
  await assertHolding(dyingInOrder, { bound: 2 });
  await assertHolding(looking, { bound: 4 });
  await assertHolding(haunted);
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
    find:
      "} else if (isTooLarge || cas64(semaphore + SEMAPHORE_STATE, state, state + (<u64>need << 32)) == state) {",
    replace: "} else {",
    also: {
      find: "          inboxPush(agent, waiter);\n        } else {\n",
      replace:
        "          add64(semaphore + SEMAPHORE_STATE, <u64>need << 32);\n          inboxPush(agent, waiter);\n        } else {\n          add64(semaphore + SEMAPHORE_STATE, <u64>need << 32);\n",
    },
    model: granting,
    options: { bound: 2 },
  },
  {
    when: "units that could not be granted do not go back",
    find: "          if (!isTooLarge) add64(semaphore + SEMAPHORE_STATE, -(<u64>need << 32));\n",
    replace: "",
    model: givenUp,
    options: { bound: 2 },
  },
  {
    when: "units are acquired past those who wait",
    find:
      "    if (load32(semaphore + LOCK_QUEUE + QUEUE_COUNT) != 0 && !onlyDeadWait(semaphore + LOCK_QUEUE)) return false;\n",
    replace: "",
    model: large,
    options: { bound: 2 },
  },
  {
    when: "release() grants before the units are free",
    find:
      "    const seen = cas64(semaphore + SEMAPHORE_STATE, state, state - (<u64>count << 32));\n    if (seen == state) break;",
    replace:
      "    semaphoreSettle(semaphore, self);\n    const seen = cas64(semaphore + SEMAPHORE_STATE, state, state - (<u64>count << 32));\n    if (seen == state) return WOKE_NONE;",
    model: several,
    options: { bound: 2 },
  },
  {
    when: "release() grants to one only",
    find: "    result = delivered(agent, self, result);",
    replace: "    if (agent != 0) return delivered(agent, self, result);",
    model: several,
    options: { bound: 2 },
  },
  {
    when: "a resize does not look at who waits in line",
    find: "  const granted = semaphoreSettle(semaphore, self);\n",
    replace: "  const granted = WOKE_NONE;\n",
    model: served,
  },
  {
    when: "a resize does not look at who waits aside",
    find: "  return max(granted, queueWakeAll(semaphore + SEMAPHORE_ASIDE, self));",
    replace: "  return granted;",
    model: grown,
    options: { bound: 2 },
  },
  {
    when: "a resize forgets what was acquired meanwhile",
    find:
      "} while (cas64(semaphore + SEMAPHORE_STATE, state, <u64>heldOf(state) << 32 | size) != state);",
    replace:
      "  store64(semaphore + SEMAPHORE_STATE, <u64>heldOf(state) << 32 | size);\n  } while (false);",
    also: {
      find: "cas64, load32, load64 }",
      replace: "cas64, load32, load64, store64 }",
    },
    model: below,
    options: { bound: 2 },
  },
  {
    when: "a request that has become impossible stays in line",
    find: "const isTooLarge = need > sizeOf(state);",
    replace: "const isTooLarge = false;",
    model: shrunk,
    options: { bound: 2 },
  },
  {
    when: "a dead thread's waiter stays in line until it fits",
    find: "      if (isOfDead(node)) {\n        unlink(queue, node);",
    replace: "      if (false) {",
    model: dyingLarge,
    options: { bound: 1 },
  },
  {
    when: "who looks again after a death is taken out of the line",
    find: "          if (!isTooLarge) add64",
    replace: "          unlink(queue, node);\n          if (!isTooLarge) add64",
    model: dyingInOrder,
    options: { bound: 2 },
  },
  {
    when: "an attempt leaves a dead thread's waiter in its way",
    find: "&& !onlyDeadWait(semaphore + LOCK_QUEUE)) return false;",
    replace: ") return false;",
    model: haunted,
  },
  {
    when: "a round ends after the counter has come to 0, in a step of its own",
    find:
      "} while (cas64(group + GROUP_STATE, state, (<u64>(roundOf(state) + <u32>isEnd) << 32) | <u64>sum) != state);",
    replace:
      "} while (cas64(group + GROUP_STATE, state, (<u64>roundOf(state) << 32) | <u64>sum) != state);\n  if (isEnd) add64(group + GROUP_STATE, 0x100000000);",
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
    model: done,
    options: { bound: 2 },
  },
]);
