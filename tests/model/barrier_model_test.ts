/** Models of `wasm/assembly/barrier.ts`, with the waits of `src/sync/cyclic_barrier.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  ARRIVED_BROKEN,
  ARRIVED_SELF,
  BARRIER_ARRIVED,
  BARRIER_BROKEN,
  BARRIER_TRIPPED,
  CLAIM_SELF,
  LOCK_QUEUE,
  NODE_ENDED,
  QUEUE_COUNT,
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
import { nextEntry, waiterSize, type Waiting } from "./waiting.ts";

const ENTRY = "tests/model/assembly/barrier.ts";

interface Barriers extends Waiting {
  barrierArrive(barrier: number, node: number, index: number, self: number): number;
  barrierLeave(barrier: number, node: number, self: number): number;
  barrierLook(barrier: number, node: number, self: number): number;
  barrierNew(kind: number, parties: number): number;
  barrierReset(barrier: number, self: number): number;
}

interface State {
  readonly barrier: number;
  readonly agents: readonly number[];
  /** A waiter for each round of each thread. */
  readonly waiters: readonly (readonly number[])[];
  /** How many have come to each round. */
  readonly came: number;
  readonly ended: number;
}
type Thread = VirtualThread<Barriers>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type BarrierScenario = Scenario<Barriers, State>;

const core = await buildModel(ENTRY);

/** What a wait ends with, besides the number of those who were to come. */
const BROKEN = -1;
/** It gave up. */
const GAVE_UP = -2;

interface Start {
  /** Threads that wait at the start. */
  readonly waiting?: readonly number[];
  /** The thread among them that is dead. */
  readonly dead?: number;
}

function scenario(
  name: string,
  parties: number,
  threads: readonly Body[],
  { waiting = [], dead, ...rest }: Start & Partial<BarrierScenario> = {},
): BarrierScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const waiters = agents.map((agent, id) => [0, 1].map(() => wasm.waiterNew(agent, id, 1)));
      const barrier = wasm.barrierNew(0, parties);
      for (const id of waiting) {
        wasm.barrierArrive(barrier, waiters[id]![0]! + WAITER_NODES, 0, agents[id]!);
      }
      if (dead !== undefined) wasm.agentDied(agents[dead]!);
      const came = wasm.allocate(16);
      return { barrier, agents, waiters, came, ended: came + 8 };
    },
    threads,
    label(ptr, { barrier, agents }) {
      for (const [id, agent] of agents.entries()) if (ptr === agent) return `doorbell ${id}`;
      return ptr >= barrier && ptr < barrier + 48 ? `barrier + ${ptr - barrier}` : undefined;
    },
    ...rest,
  };
}

async function assertHolding(model: BarrierScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

interface WaitOptions {
  /** It waits already, and so many were to come when it arrived. */
  readonly left?: number;
  /** It gives up as soon as it waits. */
  readonly givesUp?: boolean;
  /** It looks again when a thread has died. */
  readonly rechecks?: boolean;
  /** It does not leave when it has found by itself that its round has ended. */
  readonly isCareless?: boolean;
}

/** Arrives, and waits for the end of the round, with the waiter of its own for `round`. */
async function pass(
  thread: Thread,
  state: State,
  round: number,
  options: WaitOptions = {},
): Promise<number> {
  const { wasm, atomic, repeat } = thread;
  const agent = state.agents[thread.id]!;
  const waiter = state.waiters[thread.id]![round]!;
  const node = waiter + WAITER_NODES;
  const outcome = async (): Promise<number> => {
    if (options.left !== undefined) return options.left;
    return await wasm.barrierArrive(state.barrier, node, 0, agent) & ~ARRIVED_SELF;
  };
  const left = await outcome();
  if (left === ARRIVED_BROKEN) return BROKEN;
  if (left === 0) return 0;
  const readEnd = () => atomic(node + NODE_ENDED, (words) => words[(node + NODE_ENDED) >>> 2]!);
  /** The entry, or 0: somebody has died. */
  const sleep = (): Promise<number> =>
    repeat(async () => {
      if (options.rechecks && await wasm.agentTakeSignals(agent, -1) & SIGNAL_RECHECK) return 0;
      const entry = await wasm.inboxPop(agent);
      if (entry !== 0) return entry;
      await wasm.agentSleep(agent, -1, 0);
      return undefined;
    });
  for (;;) {
    if (!options.givesUp && await readEnd() === 0 && await sleep() !== 0) break;
    if (!await wasm.waiterClaim(waiter, CLAIM_SELF)) {
      await nextEntry(thread, agent);
      break;
    }
    if (options.givesUp) {
      await wasm.barrierLeave(state.barrier, node, agent);
      await wasm.poison(waiter, waiterSize(1));
      return GAVE_UP;
    }
    if (await readEnd() === 0) await wasm.barrierLook(state.barrier, node, agent);
    if (await readEnd() !== 0) {
      if (!options.isCareless) await wasm.barrierLeave(state.barrier, node, agent);
      break;
    }
    await wasm.waiterReset(waiter);
  }
  const end = await readEnd();
  await wasm.poison(waiter, waiterSize(1));
  return end === BARRIER_TRIPPED ? left : BROKEN;
}

const waits = (options: WaitOptions = {}): Body => (thread, state) =>
  pass(thread, state, 0, options);

/** Nobody is left in the queue. */
function assertEmpty({ words, state }: { words: Int32Array; state: State }): void {
  assertEquals(words[(state.barrier + LOCK_QUEUE + QUEUE_COUNT) >>> 2], 0);
  assertEquals(words[(state.barrier + BARRIER_ARRIVED) >>> 2], 0);
}

function isBroken({ words, state }: { words: Int32Array; state: State }): boolean {
  return words[(state.barrier + BARRIER_BROKEN) >>> 2] === 1;
}

/** One round of all threads. */
const oneRound = (parties: number): BarrierScenario =>
  scenario(`${parties} wait`, parties, Array.from({ length: parties }, () => waits()), {
    check(outcome) {
      const left = outcome.results as number[];
      assertEquals(left.toSorted(), Array.from({ length: parties }, (_, i) => i));
      assertEmpty(outcome);
    },
  });

/** Notes that it has come, and looks after the round whether both have. */
const comesTwice: Body = async (thread, state) => {
  const { atomic } = thread;
  const counts: number[] = [];
  for (const round of [0, 1]) {
    const at = state.came + round * 4;
    await atomic(at, (words) => words[at >>> 2]!++);
    await pass(thread, state, round);
    counts.push(await atomic(at, (words) => words[at >>> 2]!));
  }
  return counts;
};

const twoRounds = scenario("two rounds", 2, [comesTwice, comesTwice], {
  check(outcome) {
    assertEquals(outcome.results, [[2, 2], [2, 2]]);
    assertEmpty(outcome);
  },
});

Deno.test("barrier: all go on when the last has come, and not before", async () => {
  await assertHolding(oneRound(2));
  await assertHolding(oneRound(3), { bound: 2 });
  await assertHolding(twoRounds, { bound: 3 });
});

/** The second to come gives up: either the round is complete before that, or it is broken. */
const givenUp = scenario("one of two gives up", 2, [waits(), waits({ givesUp: true })], {
  check(outcome) {
    const [first, second] = outcome.results;
    if (isBroken(outcome)) assertEquals([first, second], [BROKEN, GAVE_UP]);
    else if (second === GAVE_UP) assertEquals(first, 0);
    else assert((first === 0 && second === 1) || (first === 1 && second === 0));
    assertEmpty(outcome);
  },
});

/** Two of three wait, and one of them gives up. */
const allBroken = scenario("one of three gives up", 3, [
  waits({ left: 2 }),
  waits({ givesUp: true }),
], {
  waiting: [0],
  check(outcome) {
    assertEquals(outcome.results, [BROKEN, GAVE_UP]);
    assert(isBroken(outcome));
    assertEmpty(outcome);
  },
});

/** While those of one round are still on their way out, the next one breaks. */
const overtaken = scenario(
  "a round breaks just after one was complete",
  2,
  [waits({ left: 1 }), waits(), waits({ givesUp: true })],
  {
    waiting: [0],
    allowParked: true,
    check({ results, parked }) {
      const [first, second, third] = results;
      assertEquals(first, 1);
      // Whoever of the two was the second to come went on with the first.
      if (third === 0) assert(second === BROKEN || parked.includes(1));
      else assertEquals([second, third], [0, GAVE_UP]);
    },
  },
);

Deno.test("barrier: a round is complete for all of it, or broken for all of it", async () => {
  await assertHolding(givenUp);
  await assertHolding(allBroken);
  await assertHolding(overtaken, { bound: 3 });
});

const resets: Body = ({ wasm, id }, { barrier, agents }) => wasm.barrierReset(barrier, agents[id]!);

/** One waits; another comes, and a third one resets. */
const reset = scenario("a reset beside the last to come", 2, [
  waits({ left: 1 }),
  waits(),
  resets,
], {
  waiting: [0],
  allowParked: true,
  check(outcome) {
    const [first, second] = outcome.results;
    // Reset between the two, the first has been sent off, and the second waits for another.
    if (outcome.parked.length > 0) assertEquals([first, outcome.parked], [BROKEN, [1]]);
    else assertEquals([first, second], [1, 0]);
    assert(!isBroken(outcome));
    assertEquals(
      outcome.words[(outcome.state.barrier + BARRIER_ARRIVED) >>> 2],
      outcome.parked.length,
    );
  },
});

const resetAlone = scenario("a reset while one waits", 2, [waits({ left: 1 }), resets], {
  waiting: [0],
  check(outcome) {
    assertEquals(outcome.results[0], BROKEN);
    assert(!isBroken(outcome));
    assertEmpty(outcome);
  },
});

Deno.test("barrier: a reset sends off who waits, and makes it as new", async () => {
  await assertHolding(resetAlone);
  await assertHolding(reset, { bound: 3 });
});

/** Waits for the end of thread 0 and declares it dead. */
const buries: Body = async ({ wasm, wait }, { agents, ended }) => {
  await wait(ended, 0);
  await wasm.agentDied(agents[0]!);
};

const mayDie: Partial<BarrierScenario> = {
  kill: { thread: 0, tells: ({ ended }) => ended },
  allowParked: true,
};

/**
 * The first of three may die: before it has come (then the others wait), while it waits, or while it lets the others go. Thread 1
 * waits already, in front of it.
 */
const dying = scenario("one of three dies", 3, [
  waits(),
  waits({ left: 2, rechecks: true }),
  waits({ rechecks: true }),
  buries,
], {
  ...mayDie,
  waiting: [1],
  check(outcome) {
    const { results, killed, words, state } = outcome;
    const parked = outcome.parked.filter((id) => id !== 3);
    const [first, second, third] = results;
    if (killed.length === 0) {
      assertEquals([first, second, third].toSorted(), [0, 1, 2]);
    } else if (parked.length > 0) {
      assertEquals(parked, [1, 2]);
      assertEquals(words[(state.barrier + BARRIER_ARRIVED) >>> 2], 2);
    } else {
      assertEquals(second === BROKEN, third === BROKEN);
    }
  },
});

/** Two of three wait, and the second of them may die: nobody comes to find it. */
const dyingBehind = scenario("one of two that wait dies", 3, [
  waits({ left: 1 }),
  waits({ left: 2, rechecks: true }),
  buries,
], {
  ...mayDie,
  waiting: [1, 0],
  check(outcome) {
    if (outcome.killed.length > 0) {
      assertEquals(outcome.results[1], BROKEN);
      assertEmpty(outcome);
    }
  },
});

/** Thread 0 looks again, although nobody has died, while thread 1 comes as the last. */
const looks = (isCareless: boolean) =>
  scenario("who waits looks again as the last comes", 2, [
    waits({ left: 1, rechecks: true, isCareless }),
    waits(),
    ({ wasm }, { agents }) => wasm.agentSignal(agents[0]!, SIGNAL_RECHECK),
  ], {
    waiting: [0],
    check(outcome) {
      assertEquals(outcome.results.slice(0, 2), [1, 0]);
      assertEmpty(outcome);
    },
  });
const looking = looks(false);
const careless = looks(true);

/** The only one who waits is dead. */
const haunted = scenario("a dead thread waits", 2, [() => Promise.resolve(), waits()], {
  waiting: [0],
  dead: 0,
  check(outcome) {
    assertEquals(outcome.results[1], BROKEN);
    assert(isBroken(outcome));
    assertEmpty(outcome);
  },
});

Deno.test("barrier: a thread that dies while it waits breaks the round, and holds up nobody", async () => {
  await assertHolding(dying, { bound: 2 });
  await assertHolding(dyingBehind, { bound: 3 });
  await assertHolding(looking, { bound: 3 });
  assertFails(await explore(core, careless, { bound: 2 }), "race");
  await assertHolding(haunted);
});

testMistakes("barrier", ENTRY, [
  {
    when: "the last to come does not let the others go",
    find: "if (result <= 0 || result == ARRIVED_BROKEN) woke",
    replace: "if (result < 0 || result == ARRIVED_BROKEN) woke",
    model: oneRound(2),
  },
  {
    when: "one is let go only",
    find: "  while (!isOver && load32(queue + QUEUE_COUNT) != 0) {",
    replace: "  if (load32(queue + QUEUE_COUNT) != 0) {",
    model: oneRound(3),
    options: { bound: 2 },
  },
  {
    when: "a round begins with those of the round before",
    find: "  store32(barrier + BARRIER_ARRIVED, 0);\n",
    replace: "",
    model: twoRounds,
    options: { bound: 3 },
  },
  {
    when: "the end of a round is not told from the next one",
    find: "  store<u32>(barrier + BARRIER_ROUND, load<u32>(barrier + BARRIER_ROUND) + 1);\n",
    replace: "",
    model: oneRound(2),
  },
  {
    when: "somebody enters before those of the round before are out",
    find: "    if (head != 0 && load<u32>(head + NODE_ROUND) != round) {\n",
    replace: "    if (false) {\n",
    model: overtaken,
    options: { bound: 3 },
  },
  {
    when: "a waiter is told after an attempt to claim it",
    find:
      "      store32(node + NODE_ENDED, load<u32>(barrier + BARRIER_ENDED));\n      agent = claimNode(queue, node);\n",
    replace:
      "      agent = claimNode(queue, node);\n      store32(node + NODE_ENDED, load<u32>(barrier + BARRIER_ENDED));\n",
    model: looking,
    options: { bound: 3 },
  },
  {
    when: "who gives up says nothing",
    find:
      "    unlink(queue, node);\n    if (load<u32>(node + NODE_ROUND) == load<u32>(barrier + BARRIER_ROUND)) {\n      endRound(barrier, BARRIER_BROKE, 1);\n      mustSettle = true;\n    }",
    replace: "    unlink(queue, node);",
    model: allBroken,
  },
  {
    when: "who gives up breaks a round that is complete",
    find:
      "    if (load<u32>(node + NODE_ROUND) == load<u32>(barrier + BARRIER_ROUND)) {\n      endRound(barrier, BARRIER_BROKE, 1);\n      mustSettle = true;\n    }",
    replace: "    endRound(barrier, BARRIER_BROKE, 1);\n    mustSettle = true;",
    model: givenUp,
  },
  {
    when: "a reset leaves who waits",
    find: "      if (head != 0) endRound(barrier, BARRIER_BROKE, 0);\n      else store32",
    replace: "      store32",
    model: resetAlone,
  },
  {
    when: "a dead thread's place is not looked for behind the living",
    find: "      store<u32>(node + NODE_NEXT, 0);\n      link(queue, node);\n      if (isOfDead",
    replace:
      "      store<u32>(node + NODE_NEXT, load<u32>(queue + QUEUE_HEAD));\n      store<u32>(queue + QUEUE_HEAD, <u32>node);\n      store<u32>(node + NODE_QUEUE, <u32>queue);\n      store32(queue + QUEUE_COUNT, load<u32>(queue + QUEUE_COUNT) + 1);\n      if (isOfDead",
    model: dyingBehind,
    options: { bound: 1 },
  },
  {
    when: "who was not told by somebody who died does not look how its round ended",
    find:
      "      store32(node + NODE_ENDED, load<u32>(barrier + BARRIER_ENDED));\n    } else {\n      store<u32>(node + NODE_NEXT, 0);",
    replace: "    } else {\n      store<u32>(node + NODE_NEXT, 0);",
    model: dying,
    options: { bound: 1 },
  },
  {
    when: "a round is completed with the dead",
    find: "    } else if (head != 0 && isOfDead(head)) {\n",
    replace: "    } else if (false) {\n",
    model: haunted,
  },
]);
