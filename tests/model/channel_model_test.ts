/** Models of channels between threads that block: the ring, its wait queues and the agents together. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLOSED_PLAIN,
  RING_CLOSED,
  RING_HEAD,
  RING_IS_CLOSED,
  RING_OK,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_SLOTS,
  RING_TAIL,
  RING_WOULD_BLOCK,
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
  type Own,
  waiterSize,
  waitFor,
  type Waiting,
  WAITING_ENTRY,
  type WaitOptions,
} from "./waiting.ts";

const core = await buildWaiting();

interface State {
  readonly rings: readonly number[];
  /** The agent and the waiter of each thread. */
  readonly agents: readonly number[];
  readonly waiters: readonly number[];
  /** Room for two elements for each thread. */
  readonly batches: readonly number[];
  /** A word that tells that a thread has ended. */
  readonly ended: number;
}
type Thread = VirtualThread<Waiting>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type ChannelScenario = Scenario<Waiting, State>;

/** What a receive from a closed ring gives, or a send to one. */
const CLOSED = "closed";

function receiveCase(thread: Thread, own: Own, ring: number): Case<number | typeof CLOSED> {
  const { wasm } = thread;
  return {
    ...inQueue(thread, own, ring + RING_RECEIVERS),
    async poll() {
      const value = await wasm.ringReceive(ring, own.agent);
      if (value === -RING_WOULD_BLOCK) return undefined;
      return value === -RING_IS_CLOSED ? CLOSED : value;
    },
    isReady: async () => await wasm.ringCanReceive(ring) !== 0,
  };
}

function sendCase(thread: Thread, own: Own, ring: number, value: number): Case<string> {
  const { wasm } = thread;
  return {
    ...inQueue(thread, own, ring + RING_SENDERS),
    async poll() {
      const code = await wasm.ringSend(ring, value, own.agent);
      if (code === RING_WOULD_BLOCK) return undefined;
      assert(code === RING_OK || code === RING_IS_CLOSED);
      return code === RING_OK ? `sent ${value}` : CLOSED;
    },
    isReady: async () => await wasm.ringCanSend(ring) !== 0,
  };
}

/** Runs a body with the agent and waiter of its thread, and does away with the waiter. */
function party(
  run: (thread: Thread, own: Own, state: State) => Promise<unknown>,
): Body {
  return async (thread, state) => {
    const waiter = state.waiters[thread.id]!;
    const result = await run(thread, { agent: state.agents[thread.id]!, waiter }, state);
    await thread.wasm.poison(waiter, waiterSize(2));
    return result;
  };
}

/** Sends these values to the ring, blocking. */
function sends(values: readonly number[], options?: WaitOptions): Body {
  return party(async (thread, own, { rings }) => {
    const results: string[] = [];
    for (const value of values) {
      const cases = [sendCase(thread, own, rings[0]!, value)];
      results.push(await waitFor(thread, own, cases, options));
    }
    return results;
  });
}

/** Receives so many values, or until the ring is closed, blocking. */
function receives(count: number, options?: WaitOptions): Body {
  return party(async (thread, own, { rings }) => {
    const results: (number | string)[] = [];
    while (results.length < count && results.at(-1) !== CLOSED) {
      const cases = [receiveCase(thread, own, rings[0]!)];
      results.push(await waitFor(thread, own, cases, options));
    }
    return results;
  });
}

/** Sends two values to the ring, as many at a time as there is room for, blocking. */
function sendsMany(first: number): Body {
  return party(async (thread, own, { rings, batches }) => {
    const { wasm } = thread;
    const [ring, batch] = [rings[0]!, batches[thread.id]!];
    for (const at of [0, 1]) await wasm.poke(batch + 4 * at, first + at);
    let sent = 0;
    while (sent < 2) {
      const room: Case<number> = {
        ...inQueue(thread, own, ring + RING_SENDERS),
        async poll() {
          const count = await wasm.ringSendMany(ring, batch + 4 * sent, 2 - sent, own.agent);
          return count >= 0 ? count : undefined;
        },
        isReady: async () => await wasm.ringCanSend(ring) !== 0,
      };
      sent += await waitFor(thread, own, [room]);
    }
    return [`sent ${first}`, `sent ${first + 1}`];
  });
}

/** Receives two values, as many at a time as there are, blocking. */
function receivesMany(): Body {
  return party(async (thread, own, { rings, batches }) => {
    const { wasm } = thread;
    const [ring, batch] = [rings[0]!, batches[thread.id]!];
    const results: number[] = [];
    while (results.length < 2) {
      const some: Case<number> = {
        ...inQueue(thread, own, ring + RING_RECEIVERS),
        async poll() {
          const count = await wasm.ringReceiveMany(ring, batch, 2 - results.length, own.agent);
          return count >= 0 ? count : undefined;
        },
        isReady: async () => await wasm.ringCanReceive(ring) !== 0,
      };
      const count = await waitFor(thread, own, [some]);
      for (let at = 0; at < count; at++) results.push(await wasm.peek(batch + 4 * at));
    }
    return results;
  });
}

/** Closes the ring, after what `first` does. */
function closes(first?: Body): Body {
  return async (thread, state) => {
    const result = await first?.(thread, state);
    await thread.wasm.ringClose(state.rings[0]!, CLOSED_PLAIN, state.agents[thread.id]!);
    return result;
  };
}

/** Threads at rings, of capacity 1 if nothing else is said, which hold `filled` (0: nothing). */
function scenario(
  name: string,
  threads: readonly Body[],
  { filled = 0, capacity = 1, ...rest }:
    & Partial<ChannelScenario>
    & { filled?: number; capacity?: number } = {},
): ChannelScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const waiters = agents.map((agent, id) => wasm.waiterNew(agent, id, 2));
      const rings = [0, 1].map(() => wasm.ringNew(capacity, 0, 0, 0));
      if (filled !== 0) wasm.ringSend(rings[0]!, filled, agents[0]!);
      const batches = agents.map(() => wasm.allocate(8));
      return { rings, agents, waiters, batches, ended: wasm.allocate(8) };
    },
    threads,
    racy: (ptr, { rings }) =>
      rings.some((ring) => ptr === ring + RING_HEAD || ptr === ring + RING_TAIL),
    label(ptr, { rings, agents }) {
      for (const [id, agent] of agents.entries()) if (ptr === agent) return `doorbell ${id}`;
      for (const ring of rings) {
        if (ptr === ring + RING_SLOTS) return "slot";
        if (ptr === ring + RING_CLOSED) return "closed";
        if (ptr >= ring + RING_RECEIVERS && ptr < ring + RING_SENDERS) return "receivers";
        if (ptr >= ring + RING_SENDERS && ptr < ring + RING_HEAD) return "senders";
      }
      return undefined;
    },
    check: (outcome) => checkValues(outcome, filled),
    ...rest,
  };
}

/** What was sent has been received, or is still there; once, and in the order of its sender. */
function checkValues({ wasm, state, results }: Outcome<Waiting, State>, filled = 0): void {
  const flat = (results as (readonly (number | string)[])[]).flat();
  const received = flat.filter((result): result is number => typeof result === "number");
  for (let value; (value = wasm.ringReceive(state.rings[0]!, 1)) >= 0;) received.push(value);
  const sent = flat.flatMap((result) =>
    typeof result === "string" && result.startsWith("sent") ? [Number(result.slice(5))] : []
  );
  if (filled !== 0) sent.push(filled);
  const sorted = (values: number[]) => values.toSorted((a, b) => a - b);
  assertEquals(sorted(received), sorted(sent));
  for (const list of results as (number | string)[][]) {
    const own = list?.filter((result) => typeof result === "number") ?? [];
    for (const sender of [10, 20]) {
      const from = own.filter((value) => value >= sender && value < sender + 10);
      assertEquals(from, sorted(from));
    }
  }
}

async function assertHolding(model: ChannelScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

const pair = scenario("one sends two, one receives two", [sends([11, 12]), receives(2)]);
const senders = scenario("two send", [sends([11]), sends([21]), receives(2)]);
const receivers = scenario("two receive", [sends([11, 12]), receives(1), receives(1)]);
const closing = scenario("one sends and closes", [closes(sends([11])), receives(2), receives(2)], {
  check(outcome) {
    checkValues(outcome);
    assertEquals((outcome.results.slice(1) as unknown[][]).map((list) => list.at(-1)), [
      CLOSED,
      CLOSED,
    ]);
  },
});
const closingFull = scenario("closed while one sends to a full ring", [
  sends([11]),
  closes(),
  receives(1),
], { filled: 1 });

Deno.test("channel: nothing is lost and nobody sleeps for ever when both sides block", async () => {
  await assertHolding(pair, { bound: 4 });
  await assertHolding(senders, { bound: 2 });
  await assertHolding(receivers, { bound: 2 });
});

/** A batch that two wait for, and one that makes room for two. */
const batchSent = scenario("one sends two at once", [sendsMany(11), receives(1), receives(1)], {
  capacity: 2,
});
const batchReceived = scenario("one receives two at once", [
  sends([11, 12]),
  sends([21, 22]),
  receivesMany(),
  receivesMany(),
], { capacity: 2 });
const batches = scenario("batches on both sides", [sendsMany(11), receivesMany()]);

Deno.test("channel: nothing is lost and nobody sleeps for ever when they send and receive batches", async () => {
  await assertHolding(batches, { bound: 4 });
  await assertHolding(batchSent, { bound: 2 });
  await assertHolding(batchReceived, { bound: 1 });
});

Deno.test("channel: everybody wakes when it is closed", async () => {
  await assertHolding(closing, { bound: 2 });
  await assertHolding(closingFull, { bound: 3 });
});

Deno.test("channel: a party sleeps for ever when it does not look again", async () => {
  const blind = { looksAgain: false };
  for (
    const threads of [[sends([11]), receives(1, blind)], [sends([11, 12], blind), receives(2)]]
  ) {
    assertFails(await explore(core, scenario("blind", threads)), "deadlock");
  }
});

/** Receives so many values from whichever ring has one, blocking. */
function selects(count: number): Body {
  return party(async (thread, own, { rings }) => {
    const results: (number | string)[] = [];
    while (results.length < count) {
      const cases = rings.map((ring) => receiveCase(thread, own, ring));
      results.push(await waitFor(thread, own, cases));
    }
    return results;
  });
}
/** Sends a value to the ring with this number, blocking. */
function sendsTo(number: number, value: number): Body {
  return party(async (thread, own, { rings }) => [
    await waitFor(thread, own, [sendCase(thread, own, rings[number]!, value)]),
  ]);
}

const selecting = scenario("a select over two rings", [selects(2), sendsTo(0, 11), sendsTo(1, 21)]);

Deno.test("channel: a select receives what comes to either ring", async () => {
  await assertHolding(selecting, { bound: 2 });
});

/** Waits for the end of a mortal thread and declares it dead. */
function buries(victim: number): Body {
  return async ({ wasm, wait }, { agents, ended }) => {
    await wait(ended, 0);
    await wasm.agentDied(agents[victim]!);
    return [];
  };
}

/** Threads of which one may die; the others look again then. */
function mortal(
  name: string,
  victim: number,
  threads: readonly Body[],
  filled = 0,
): ChannelScenario {
  return scenario(name, [...threads, buries(victim)], {
    filled,
    kill: { thread: victim, tells: ({ ended }) => ended },
    // What the dead thread would have sent or taken.
    allowParked: true,
    check({ wasm, state, parked }) {
      // The living sleep only if they cannot go on.
      for (const id of parked.filter((id) => id < threads.length)) {
        const canGoOn = isReceiver.has(threads[id]!) ? wasm.ringCanReceive : wasm.ringCanSend;
        assertEquals(canGoOn(state.rings[0]!), 0, `thread ${id} sleeps`);
      }
    },
  });
}

const rechecks = { rechecks: true };
const receiver = receives(1, rechecks);
const isReceiver = new Set<Body>([receiver]);
const sender = sends([11], rechecks);
const deaths = [
  mortal("a receiver dies", 0, [receiver, receiver, sender]),
  mortal("a sender dies", 0, [sender, receiver]),
  mortal("a sender to a full ring dies", 0, [sender, sends([21], rechecks), receiver], 1),
  mortal("whoever closes dies", 0, [closes(), receiver, receiver]),
];

Deno.test("channel: the living go on when a thread dies at the ring", async () => {
  for (const model of deaths) await assertHolding(model, { bound: 1 });
});

testMistakes("channel", WAITING_ENTRY, [
  {
    when: "a sender looks for receivers before it sends",
    find: "  return afterPut(ring, put(ring, payload, 0, false, false, 1), self);",
    replace: `  const waits = load32(ring + RING_RECEIVERS + QUEUE_COUNT) != 0;
  const code = put(ring, payload, 0, false, false, 1);
  if (waits || code <= 0) return afterPut(ring, code, self);
  return RING_OK;`,
    model: pair,
  },
  {
    when: "a receiver looks for senders before it receives",
    find: "  return afterTake(ring, take(ring, 0, false, false, 1), self);",
    replace: `  const waits = load32(ring + RING_SENDERS + QUEUE_COUNT) != 0;
  const result = take(ring, 0, false, false, 1);
  return waits ? afterTake(ring, result, self) : result;`,
    model: pair,
  },
  {
    when: "close() wakes those who wait before it sets the flag",
    find: "  if (cas32(ring + RING_CLOSED, 0, reason) != 0) return RING_IS_CLOSED;\n",
    replace:
      "  wakeToEnd(ring + RING_RECEIVERS, self);\n  wakeToEnd(ring + RING_SENDERS, self);\n  if (cas32(ring + RING_CLOSED, 0, reason) != 0) return RING_IS_CLOSED;\n",
    also: {
      find: `  const receivers = wakeToEnd(ring + RING_RECEIVERS, self);
  const senders = wakeToEnd(ring + RING_SENDERS, self);
  return receivers == WOKE_SELF || senders == WOKE_SELF ? RING_OK_SELF : RING_OK;`,
      replace: "  return RING_OK;",
    },
    model: closing,
  },
  {
    when: "close() wakes but one receiver",
    find: "const receivers = wakeToEnd(ring + RING_RECEIVERS, self);",
    replace: "const receivers = tell(ring, ring + RING_RECEIVERS, self);",
    model: closing,
  },
  {
    when: "a closed ring is not ready to receive from",
    find: `export function ringCanReceive(ring: usize): bool {
  if (load32(ring + RING_CLOSED) != 0) return true;`,
    replace: "export function ringCanReceive(ring: usize): bool {",
    model: closing,
  },
  {
    when: "a sender wakes the senders",
    find: "return tell(ring, ring + RING_RECEIVERS, self) == WOKE_SELF ? RING_OK_SELF : RING_OK;",
    replace: "return tell(ring, ring + RING_SENDERS, self) == WOKE_SELF ? RING_OK_SELF : RING_OK;",
    model: pair,
  },
  {
    when: "a batch wakes but one receiver",
    find: "for (let left = count; left != 0; left--) {",
    replace: "for (let left = min<u32>(count, 1); left != 0; left--) {",
    model: batchSent,
  },
  {
    when: "a dead receiver swallows the wake-up",
    file: "wasm/assembly/queue.ts",
    find: "return load32(agent + AGENT_STATE) == AGENT_DEAD ? 0 : agent;",
    replace: "return agent;",
    model: deaths[0]!,
    options: { bound: 1 },
  },
], "wasm/assembly/ring.ts");
