/** Models of `wasm/assembly/queue.ts` and, with it, `lock.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLAIM_SELF,
  QUEUE_COUNT,
  QUEUE_HEAD,
  QUEUE_SIZE,
  QUEUE_TAIL,
  SIGNAL_RECHECK,
  WAITER_CLAIM,
  WOKE_NONE,
  WOKE_OTHER,
} from "../../src/memory/layout.ts";
import {
  assertFails,
  assertHolds,
  explore,
  type Outcome,
  type Scenario,
  type VirtualThread,
} from "./loom.ts";
import { testMistakes } from "./mistakes.ts";
import { buildWaiting, nextEntry, type Waiting, WAITING_ENTRY, waiterSize } from "./waiting.ts";

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

async function assertExhaustive(model: QueueScenario): Promise<void> {
  const report = await explore(core, model);
  assertHolds(report);
  assert(report.exhaustive);
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
  await assertExhaustive(oneWaiter);
  await assertExhaustive(select);
  await assertExhaustive(all);
});

Deno.test("queue: who is woken after it has given up hands on to the next", async () => {
  await assertExhaustive(aborted);
  await assertExhaustive(abortedTwice);
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
function takes({ looksAgain = true, isEntered = false } = {}): Body {
  return async (thread, state) => {
    const { wasm, id, atomic, repeat } = thread;
    const [queue, agent, waiter] = [state.queues[0]!, state.agents[id]!, state.waiters[id]!];
    let entered = isEntered;
    const leave = async () => {
      if (await wasm.waiterClaim(waiter, CLAIM_SELF)) {
        await wasm.queueLeave(queue, waiter, 0);
        return true;
      }
      assertEquals(await nextEntry(thread, agent), waiter);
      return false;
    };
    await repeat(async () => {
      if (!entered) {
        if (await takeToken(thread, state)) return true;
        await wasm.waiterReset(waiter);
        await wasm.queueEnter(queue, waiter, 0, 0, 0);
      }
      entered = false;
      const isThere = await atomic(state.token, (words) => words[state.token >>> 2]! > 0);
      if (looksAgain && isThere) {
        await leave();
        return undefined;
      }
      // Sleep.
      const entry = await repeat(async () => {
        if (await wasm.agentTakeSignals(agent, -1) & SIGNAL_RECHECK) return 0;
        const entry = await wasm.inboxPop(agent);
        if (entry !== 0) return entry;
        await wasm.agentSleep(agent, -1, 0);
        return undefined;
      });
      if (entry === 0) await leave();
      return undefined;
    });
    await discard(thread, state);
    return "has it";
  };
}

/** Makes a token and wakes somebody for it. */
const gives: Body = async ({ wasm, id, atomic }, { agents, queues, token }) => {
  await atomic(token, (words) => words[token >>> 2]!++);
  await wasm.queueWake(queues[0]!, agents[id]!);
};

const tokens = scenario("two tokens for two", [], [takes(), takes(), gives, gives], {
  check: (outcome) => standing(outcome, 0) === 0,
});

Deno.test("queue: no wake-up is lost when waiters enter, look again, and sleep", async () => {
  await assertExhaustive(scenario("a token", [], [takes(), gives]));
  assertHolds(await explore(core, tokens, { bound: 3 }));
});

Deno.test("queue: a wake-up is lost when a waiter does not look again", async () => {
  const blind = scenario("a token", [], [takes({ looksAgain: false }), gives]);
  assertFails(await explore(core, blind), "deadlock");
});
