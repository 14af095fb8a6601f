/** Models of `wasm/assembly/mutex.ts`, with the waits of `src/sync/mutex.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import { LOCK_MISUSED, LOCK_QUEUE, MUTEX_OWNER } from "../../src/memory/layout.ts";
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

const ENTRY = "tests/model/assembly/locks.ts";

interface Locks extends Waiting {
  increment(ptr: number): void;
  lockNew(kind: number, first: number, second: number): number;
  mutexIsLocked(mutex: number): number;
  mutexTryLock(mutex: number, self: number): number;
  mutexUnlock(mutex: number, self: number): number;
  mutexUnlockOwn(mutex: number, self: number): number;
}

interface State {
  readonly lock: number;
  /** The agent and the waiter of each thread. */
  readonly agents: readonly number[];
  readonly waiters: readonly number[];
  /** Word of the model's own. */
  readonly data: number;
}
type Thread = VirtualThread<Locks>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type LockScenario = Scenario<Locks, State>;

const core = await buildModel(ENTRY);

/** What a scenario begins with. */
interface Start {
  /** The owner. */
  readonly first?: number;
  /** Which threads stand in the queue at the start. */
  readonly waiting?: readonly number[];
  /** Calls before. */
  before?(wasm: Locks, lock: number, self: number): void;
}

function scenario(
  name: string,
  threads: readonly Body[],
  { first = 0, waiting = [], before, ...rest }: Start & Partial<LockScenario> = {},
): LockScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const waiters = agents.map((agent, id) => wasm.waiterNew(agent, id, 1));
      const lock = wasm.lockNew(0, first, 0);
      before?.(wasm, lock, agents[0]!);
      for (const id of waiting) wasm.queueEnter(lock + LOCK_QUEUE, waiters[id]!, 0, 0, 0);
      return { lock, agents, waiters, data: wasm.allocate(8) };
    },
    threads,
    label(ptr, { lock, agents, data }) {
      for (const [id, agent] of agents.entries()) if (ptr === agent) return `doorbell ${id}`;
      if (ptr === data) return "data";
      return ptr >= lock && ptr < lock + 48 ? `lock + ${ptr - lock}` : undefined;
    },
    ...rest,
  };
}

async function assertHolding(model: LockScenario, options: Options = {}): Promise<void> {
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

function lockCase(thread: Thread, own: Own, { lock }: State): Case<true> {
  const { wasm } = thread;
  return {
    ...inQueue(thread, own, lock + LOCK_QUEUE),
    poll: async () => await wasm.mutexTryLock(lock, own.agent) ? true : undefined,
    isReady: async () => await wasm.mutexIsLocked(lock) === 0,
  };
}

/** Locks, increments what is not atomic, and unlocks. */
function locks(options?: WaitOptions): Body {
  return async (thread, state) => {
    const { wasm } = thread;
    const own = ownOf(thread, state);
    await waitFor(thread, own, [lockCase(thread, own, state)], options);
    await discard(thread, state);
    await wasm.increment(state.data);
    await wasm.mutexUnlock(state.lock, own.agent);
  };
}

/** Is woken for the mutex when it has no use for it, and wakes the next (`pass` in `src/sync/mutex.ts`). */
const passes: Body = async (thread, state) => {
  const { wasm, id } = thread;
  await nextEntry(thread, state.agents[id]!);
  await discard(thread, state);
  await wasm.queueWake(state.lock + LOCK_QUEUE, state.agents[id]!);
};

const unlocks: Body = ({ wasm, id }, { lock, agents }) => wasm.mutexUnlock(lock, agents[id]!);

/** All increments have been made. */
const counts = (count: number): Pick<LockScenario, "check"> => ({
  check({ words, state }) {
    assertEquals(words[state.data >>> 2], count);
    assertEquals(words[(state.lock + MUTEX_OWNER) >>> 2], 0);
  },
});

const twoLock = scenario("two lock", [locks(), locks()], counts(2));
const threeLock = scenario("three lock", [locks(), locks(), locks()], counts(3));
const passed = scenario("one passes", [unlocks, passes, locks({ isEntered: true })], {
  ...counts(1),
  first: 1,
  waiting: [1, 2],
});

Deno.test("mutex: it excludes, and nobody sleeps while it is free", async () => {
  await assertHolding(twoLock);
  await assertHolding(threeLock, { bound: 2 });
  await assertHolding(passed, { bound: 2 });
  const blind = [locks({ looksAgain: false }), locks()];
  assertFails(await explore(core, scenario("blind", blind)), "deadlock");
});

/** Thread 0 holds the mutex and has a guard; thread 1 frees it, and then takes it. */
const guarded = scenario("a late guard", [
  ({ wasm }, { lock, agents }) => wasm.mutexUnlockOwn(lock, agents[0]!),
  async ({ wasm }, { lock, agents }) => [
    await wasm.mutexUnlock(lock, agents[1]!),
    await wasm.mutexTryLock(lock, agents[1]!),
  ],
], {
  before: (wasm, lock, self) => void wasm.mutexTryLock(lock, self),
  check({ words, state, results }) {
    const [late, [unlocked]] = results as [number, [number, number]];
    assertEquals([late, unlocked].toSorted(), [LOCK_MISUSED, 0]);
    assertEquals(words[(state.lock + MUTEX_OWNER) >>> 2], state.agents[1]);
  },
});

Deno.test("mutex: it is unlocked once, and by a guard only if that still holds it", async () => {
  const twice = scenario("two unlock", [unlocks, unlocks], {
    first: 1,
    check: ({ results }) => assert(results.includes(LOCK_MISUSED) && results.includes(0)),
  });
  await assertHolding(twice);
  await assertHolding(guarded);
});

testMistakes("mutex", ENTRY, [
  {
    when: "a mutex is taken without a swap",
    find: "return cas32(mutex + MUTEX_OWNER, 0, <u32>self) == 0;",
    replace:
      "if (load32(mutex + MUTEX_OWNER) != 0) return false;\n  xchg32(mutex + MUTEX_OWNER, <u32>self);\n  return true;",
    model: twoLock,
  },
  {
    when: "unlock() looks for waiters before it frees the mutex",
    find:
      "  if (xchg32(mutex + MUTEX_OWNER, 0) == 0) return LOCK_MISUSED;\n  return wakeNext(mutex, self);",
    replace:
      "  const waits = load32(mutex + LOCK_QUEUE + QUEUE_COUNT) != 0;\n  if (xchg32(mutex + MUTEX_OWNER, 0) == 0) return LOCK_MISUSED;\n  return waits ? wakeNext(mutex, self) : WOKE_NONE;",
    model: twoLock,
  },
  {
    when: "a guard frees a mutex that it does not hold",
    find: "if (cas32(mutex + MUTEX_OWNER, <u32>self, 0) != <u32>self) return LOCK_MISUSED;",
    replace: "if (xchg32(mutex + MUTEX_OWNER, 0) == 0) return LOCK_MISUSED;",
    model: guarded,
  },
]);
