/** Models of `wasm/assembly/hungry.ts`: who was woken in vain is overtaken by nobody who comes later, and nothing is lost by that. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLAIM_SELF,
  CLOSED_PLAIN,
  NODE_MET,
  NODE_PAYLOAD,
  NODE_SIZE,
  NODE_WAS_MET,
  QUEUE_COUNT,
  QUEUE_HUNGRY,
  RING_CLOSED,
  RING_HEAD,
  RING_IS_CLOSED,
  RING_OK,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_SLOTS,
  RING_TAIL,
  RING_WOULD_BLOCK,
  WAITER_NODES,
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
  type Own,
  waitFor,
  type Waiting,
  WAITING_ENTRY,
  type WaitOptions,
} from "./waiting.ts";

const core = await buildWaiting();

interface State {
  readonly ring: number;
  readonly isWide: boolean;
  /** The agent and the waiter of each thread, and 8 bytes of its own. */
  readonly agents: readonly number[];
  readonly waiters: readonly number[];
  readonly bytes: readonly number[];
  /** A word that tells that a thread has ended. */
  readonly ended: number;
}
type Thread = VirtualThread<Waiting>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type HungryScenario = Scenario<Waiting, State>;

/** What a receive from a closed ring gives, or a send to one. */
const CLOSED = "closed";
const WOULD_BLOCK = "would block";

/** Sends once, if there is room. */
async function trySend({ wasm, id }: Thread, state: State, value: number): Promise<string> {
  const { ring, isWide, agents, bytes } = state;
  if (isWide) await wasm.poke(bytes[id]!, value);
  const code =
    await (isWide
      ? wasm.ringSendWide(ring, bytes[id]!, agents[id]!)
      : wasm.ringSend(ring, value, agents[id]!));
  if (code === RING_WOULD_BLOCK) return WOULD_BLOCK;
  assert(code === RING_OK || code === RING_IS_CLOSED);
  return code === RING_OK ? `sent ${value}` : CLOSED;
}

/** Receives once, if there is something. */
async function tryReceive({ wasm, id }: Thread, state: State): Promise<number | string> {
  const { ring, isWide, agents, bytes } = state;
  const result =
    await (isWide
      ? wasm.ringReceiveWide(ring, bytes[id]!, agents[id]!)
      : wasm.ringReceive(ring, agents[id]!));
  if (result === -RING_WOULD_BLOCK) return WOULD_BLOCK;
  if (result === -RING_IS_CLOSED) return CLOSED;
  return isWide ? await wasm.peek(bytes[id]!) : result;
}

/** Its node in the ring's queue. */
function nodeOf({ id }: Thread, { waiters }: State): number {
  return waiters[id]! + WAITER_NODES;
}

/** A receive, or a send of `value`, of one that was woken in vain. */
function hungryCase(thread: Thread, state: State, value?: number): Case<number | string> {
  const { wasm, id } = thread;
  const { ring, isWide, waiters, bytes } = state;
  const queue = ring + (value === undefined ? RING_RECEIVERS : RING_SENDERS);
  const node = nodeOf(thread, state);
  return {
    async poll() {
      const result =
        await (value === undefined ? tryReceive(thread, state) : trySend(thread, state, value));
      return result === WOULD_BLOCK ? undefined : result;
    },
    async enter(index) {
      if (value !== undefined && isWide) await wasm.poke(bytes[id]!, value);
      await wasm.queueEnterFirst(queue, waiters[id]!, index, index, value ?? 0, bytes[id]!);
      return true;
    },
    leave: (index) => wasm.queueLeave(queue, waiters[id]!, index),
    isReady: async () => await wasm.ringServe(ring, value === undefined ? 0 : 1) !== 0,
    async complete() {
      if (await wasm.peek(node + NODE_MET) !== NODE_WAS_MET) return await this.poll();
      if (value !== undefined) return `sent ${value}`;
      return await wasm.peek(isWide ? bytes[id]! : node + NODE_PAYLOAD);
    },
  };
}

/** The same of one that comes for the first time. */
function ordinaryCase(thread: Thread, state: State, value?: number): Case<number | string> {
  const { wasm, id } = thread;
  const { ring, agents, waiters } = state;
  const queue = ring + (value === undefined ? RING_RECEIVERS : RING_SENDERS);
  const own: Own = { agent: agents[id]!, waiter: waiters[id]! };
  return {
    ...inQueue(thread, own, queue),
    poll: hungryCase(thread, state, value).poll,
    isReady: async () =>
      await (value === undefined ? wasm.ringCanReceive(ring) : wasm.ringCanSend(ring)) !== 0,
  };
}

/** Waits in the queue from the start, woken in vain before. */
function hungry(value?: number): Body {
  return async (thread, state) => {
    const own = { agent: state.agents[thread.id]!, waiter: state.waiters[thread.id]! };
    return [
      await waitFor(thread, own, [hungryCase(thread, state, value)], { isEntered: true }),
    ];
  };
}

/** Was just woken in vain, and goes on waiting. */
function returns(value?: number, options?: WaitOptions): Body {
  return async (thread, state) => {
    const own = { agent: state.agents[thread.id]!, waiter: state.waiters[thread.id]! };
    return [await waitFor(thread, own, [hungryCase(thread, state, value)], options)];
  };
}

/** Receives so many values, or sends these, blocking. */
function blocks(values: readonly (number | undefined)[], options?: WaitOptions): Body {
  return async (thread, state) => {
    const own = { agent: state.agents[thread.id]!, waiter: state.waiters[thread.id]! };
    const results: (number | string)[] = [];
    for (const value of values) {
      results.push(await waitFor(thread, own, [ordinaryCase(thread, state, value)], options));
    }
    return results;
  };
}

/** Tries so many times to receive, or to send these. */
function tries(values: readonly (number | undefined)[]): Body {
  return async (thread, state) => {
    const results: (number | string)[] = [];
    for (const value of values) {
      results.push(
        await (value === undefined ? tryReceive(thread, state) : trySend(thread, state, value)),
      );
    }
    return results;
  };
}

/** Waits in the queue from the start, woken in vain before, and gives up. What it was served with it has. */
function aborts(value?: number): Body {
  return async (thread, state) => {
    const { wasm, id } = thread;
    const waiter = state.waiters[id]!;
    const only = hungryCase(thread, state, value);
    if (await wasm.waiterClaim(waiter, CLAIM_SELF)) {
      await only.leave(0);
      return ["aborted"];
    }
    assertEquals(await nextEntry(thread, state.agents[id]!), waiter);
    return [await only.complete!() ?? "aborted"];
  };
}

const closes: Body = async ({ wasm, id }, { ring, agents }) => {
  await wasm.ringClose(ring, CLOSED_PLAIN, agents[id]!);
  return [];
};

interface Start {
  readonly capacity?: number;
  readonly isWide?: boolean;
  /** Values in it at the start: 1, 2, … */
  readonly filled?: number;
}

/** Threads at a ring. */
function scenario(
  name: string,
  { capacity = 1, isWide = false, filled = 0 }: Start,
  threads: readonly Body[],
  rest: Partial<HungryScenario> = {},
): HungryScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const waiters = agents.map((agent, id) => wasm.waiterNew(agent, id, 1));
      const bytes = agents.map(() => wasm.allocate(8));
      const ring = wasm.ringNew(capacity, isWide ? 8 : 0, 0, 0);
      for (let value = 1; value <= filled; value++) {
        wasm.poke(bytes[0]!, value);
        if (isWide) wasm.ringSendWide(ring, bytes[0]!, agents[0]!);
        else wasm.ringSend(ring, value, agents[0]!);
      }
      // In reverse, so that the first thread stands first.
      for (const [id, body] of [...threads.entries()].reverse()) {
        const value = standing.get(body);
        if (value === undefined) continue;
        const queue = ring + (value === null ? RING_RECEIVERS : RING_SENDERS);
        if (value !== null) wasm.poke(bytes[id]!, value);
        wasm.queueEnterFirst(queue, waiters[id]!, 0, 0, value ?? 0, bytes[id]!);
      }
      return { ring, isWide, agents, waiters, bytes, ended: wasm.allocate(8) };
    },
    threads,
    // Hints and counts of the hungry, and the payload of a wide element, whose stale value is discarded.
    racy: (ptr, { ring }) =>
      [
        RING_HEAD,
        RING_TAIL,
        RING_RECEIVERS + QUEUE_HUNGRY,
        RING_SENDERS + QUEUE_HUNGRY,
      ].some((at) => ptr === ring + at) ||
      isWide && ptr >= ring + RING_SLOTS && ptr % 16 === (ring + RING_SLOTS + 8) % 16,
    label(ptr, { ring, agents, waiters }) {
      for (const [id, agent] of agents.entries()) if (ptr === agent) return `doorbell ${id}`;
      for (const [id, waiter] of waiters.entries()) {
        if (ptr >= waiter && ptr < waiter + WAITER_NODES + NODE_SIZE) return `waiter ${id}`;
      }
      if (ptr === ring + RING_CLOSED) return "closed";
      if (ptr >= ring + RING_SLOTS) return "slot";
      if (ptr === ring + RING_RECEIVERS + QUEUE_HUNGRY) return "hungry receivers";
      if (ptr === ring + RING_SENDERS + QUEUE_HUNGRY) return "hungry senders";
      if (ptr >= ring + RING_RECEIVERS && ptr < ring + RING_SENDERS) return "receivers";
      if (ptr >= ring + RING_SENDERS && ptr < ring + RING_HEAD) return "senders";
      return undefined;
    },
    ...rest,
    check(outcome) {
      checkValues(outcome, filled);
      return rest.check?.(outcome);
    },
  };
}

/** Bodies whose waiter stands in its queue from the start: what it sends, or `null`. */
const standing = new Map<Body, number | null>();

function stands(value?: number): Body {
  const body = hungry(value);
  standing.set(body, value ?? null);
  return body;
}

function standsAndAborts(value?: number): Body {
  const body = aborts(value);
  standing.set(body, value ?? null);
  return body;
}

function flat({ results }: Outcome<Waiting, State>): (number | string)[] {
  return (results as (readonly (number | string)[] | undefined)[]).flatMap((list) => list ?? []);
}

/** The values that are still in the ring. */
function drained({ wasm, state }: Outcome<Waiting, State>): number[] {
  const values: number[] = [];
  for (;;) {
    const own = state.bytes[0]!;
    const value = state.isWide
      ? wasm.ringReceiveWide(state.ring, own, 1)
      : wasm.ringReceive(state.ring, 1);
    if (value < 0) return values;
    values.push(state.isWide ? wasm.peek(own) : value);
  }
}

/** What was sent has been received, or is still there; once. Nobody is counted who does not stand there. */
function checkValues(outcome: Outcome<Waiting, State>, filled: number): void {
  const { words, state } = outcome;
  for (const queue of [RING_RECEIVERS, RING_SENDERS]) {
    const at = (state.ring + queue) >>> 2;
    // Asked of a ring that counts wrongly, the rest would not end.
    assert(words[at + QUEUE_HUNGRY / 4]! <= words[at + QUEUE_COUNT / 4]!, "too many are counted");
  }
  const all = flat(outcome);
  const received = all.filter((result) => typeof result === "number");
  left.set(outcome, drained(outcome));
  received.push(...left.get(outcome)!);
  const sent = all.flatMap((result) =>
    typeof result === "string" && result.startsWith("sent") ? [Number(result.slice(5))] : []
  );
  for (let value = 1; value <= filled; value++) sent.push(value);
  if (outcome.killed.length > 0) return;
  assertEquals(received.toSorted((a, b) => a - b), sent.toSorted((a, b) => a - b));
}

/** What was left in the ring, by outcome: asking takes it out. */
const left = new WeakMap<object, number[]>();

async function assertHolding(model: HungryScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

/** All of these come after the hungry one entered. So it gets the first value. */
const polite: Partial<HungryScenario> = {
  check: ({ results }) => assertEquals(results[0], [11]),
};
const receiver = scenario("one waits, one comes, two are sent", {}, [
  stands(),
  tries([undefined, undefined]),
  blocks([11, 12]),
], { ...polite, allowParked: true });
const wideReceiver = scenario("wide: one waits, one comes", { isWide: true }, [
  stands(),
  tries([undefined]),
  blocks([11]),
], polite);
const batchReceiver = scenario("one waits, one comes, with room for two", { capacity: 2 }, [
  stands(),
  tries([undefined, undefined]),
  tries([11, 12]),
], polite);

/** Likewise: what the hungry one sends comes before what is sent later. */
const inTurn: Partial<HungryScenario> = {
  check(outcome) {
    const [, , received] = outcome.results as [unknown, unknown, (number | string)[]];
    const order = [...received, ...left.get(outcome)!].filter((value) => value !== WOULD_BLOCK);
    assertEquals(order.slice(0, 2), [1, 21]);
  },
};
const sender = scenario("one waits to send, one comes, two are received", { filled: 1 }, [
  stands(21),
  tries([11, 12]),
  tries([undefined, undefined]),
], inTurn);
const wideSender = scenario("wide: one waits to send, one comes", { filled: 1, isWide: true }, [
  stands(21),
  tries([11]),
  tries([undefined]),
], inTurn);

Deno.test("hungry: nobody who comes later receives before one that was woken in vain", async () => {
  await assertHolding(receiver, { bound: 3 });
  await assertHolding(wideReceiver, { bound: 2 });
  await assertHolding(batchReceiver, { bound: 2 });
});

Deno.test("hungry: nobody who comes later sends before one that was woken in vain", async () => {
  await assertHolding(sender, { bound: 3 });
  await assertHolding(wideSender, { bound: 2 });
});

/** Two that were woken in vain, in their order, and one that was not. */
const twoHungry = scenario("two were woken in vain", {}, [
  stands(),
  stands(),
  blocks([undefined]),
  blocks([11, 12, 13]),
], { check: ({ results }) => assertEquals(results.slice(0, 2), [[11], [12]]) });

Deno.test("hungry: those who were woken in vain are served in the order of the queue", async () => {
  await assertHolding(twoHungry, { bound: 1 });
});

const entering = scenario("one comes back while one is sent", {}, [returns(), blocks([11])]);
const enteringBoth = scenario("both sides come back", {}, [
  returns(),
  returns(11),
  blocks([21, undefined]),
]);
/** One that has looked for the hungry before one came back may be faster than its server. */
const colliding = scenario("one comes back while one comes", {}, [
  returns(),
  tries([undefined]),
  blocks([11]),
], { allowParked: true });
const collidingSend = scenario("one comes back to send while one comes", { filled: 1 }, [
  returns(21),
  tries([11]),
  blocks([undefined, undefined]),
]);
const wideReading = scenario("wide: one waits to send, two receive", { filled: 1, isWide: true }, [
  stands(21),
  tries([undefined]),
  tries([undefined]),
]);
const aborting = scenario("one gives up while one is sent", {}, [
  standsAndAborts(),
  blocks([undefined]),
  blocks([11, 12]),
], { allowParked: true });
const leaving = scenario("one gives up while one comes", {}, [
  standsAndAborts(),
  tries([undefined]),
]);
const abortingSend = scenario("one gives up sending while one is received", { filled: 1 }, [
  standsAndAborts(21),
  tries([11]),
  blocks([undefined]),
]);
/** The one who is served by another receiver makes room, of which the one who waits to send is told. */
const passing = scenario("one is served, and one waits for the room", {}, [
  stands(),
  blocks([undefined]),
  blocks([11]),
  blocks([21]),
]);
const closing = scenario("closed while one comes back", {}, [returns(), closes]);
const closingSender = scenario("closed while one comes back to send", { filled: 1 }, [
  returns(21),
  closes,
]);
/** Who comes back enters before the one that stands there, after those who stand have been counted. */
const closingBoth = scenario("closed while one comes back before another", {}, [
  stands(),
  returns(),
  closes,
]);
const closingSenders = scenario(
  "closed while one comes back to send before another",
  { filled: 1 },
  [stands(21), returns(22), closes],
);

Deno.test("hungry: nothing is lost and nobody sleeps for ever", async () => {
  await assertHolding(entering);
  await assertHolding(enteringBoth, { bound: 2 });
  await assertHolding(colliding, { bound: 3 });
  await assertHolding(collidingSend, { bound: 3 });
  await assertHolding(wideReading, { bound: 2 });
  await assertHolding(aborting, { bound: 2 });
  await assertHolding(leaving);
  await assertHolding(abortingSend, { bound: 2 });
  await assertHolding(passing, { bound: 2 });
  await assertHolding(closing);
  await assertHolding(closingSender);
  await assertHolding(closingBoth, { bound: 3 });
  await assertHolding(closingSenders, { bound: 3 });
});

Deno.test("hungry: one that does not look again sleeps for ever", async () => {
  const blind = scenario("blind", {}, [returns(undefined, { looksAgain: false }), blocks([11])]);
  assertFails(await explore(core, blind), "deadlock");
});

/** Waits for the end of a mortal thread and declares it dead. */
function buries(victim: number): Body {
  return async ({ wasm, wait }, { agents, ended }) => {
    await wait(ended, 0);
    await wasm.agentDied(agents[victim]!);
    return [];
  };
}

function mortal(
  name: string,
  victim: number,
  start: Start,
  threads: readonly Body[],
  isReceiver: readonly boolean[],
): HungryScenario {
  return scenario(name, start, [...threads, buries(victim)], {
    kill: { thread: victim, tells: ({ ended }) => ended },
    allowParked: true,
    check(outcome) {
      const { parked, killed } = outcome;
      const values = left.get(outcome)!;
      // The living sleep only if they cannot go on.
      for (const id of parked.filter((id) => id < threads.length)) {
        if (isReceiver[id]) assertEquals(values, [], `thread ${id} sleeps`);
        else assert(values.length > 0, `thread ${id} sleeps`);
      }
      // A thread takes at most one value with it.
      const received = flat(outcome).filter((result) => typeof result === "number");
      const sent = flat(outcome).filter((result) => `${result}`.startsWith("sent"));
      const gone = sent.length + (start.filled ?? 0) - received.length - values.length;
      assert(gone <= killed.length, "more than one value has gone");
      assertEquals(new Set([...received, ...values]).size, received.length + values.length);
    },
  });
}

const rechecks: WaitOptions = { rechecks: true };
const deaths = [
  mortal("the hungry receiver dies", 0, {}, [
    stands(),
    blocks([undefined], rechecks),
    blocks([11], rechecks),
  ], [true, true, false]),
  mortal("who serves it dies", 1, {}, [
    returns(undefined, rechecks),
    blocks([undefined], rechecks),
    blocks([11], rechecks),
  ], [true, true, false]),
  mortal("who sends to it dies", 1, {}, [
    returns(undefined, rechecks),
    blocks([11], rechecks),
  ], [true, false]),
  mortal("the hungry sender dies", 0, { filled: 1 }, [
    stands(21),
    blocks([11], rechecks),
    blocks([undefined], rechecks),
  ], [false, false, true]),
];

Deno.test("hungry: the living go on when a thread dies", async () => {
  for (const model of deaths) await assertHolding(model, { bound: 1 });
});

testMistakes("hungry", WAITING_ENTRY, [
  {
    when: "a receiver does not look for the hungry",
    file: "wasm/assembly/ring.ts",
    find:
      "  return load<u32>(ring + RING_RECEIVERS + QUEUE_HUNGRY) == 0 || yieldToHungry(ring, ring + RING_RECEIVERS);",
    replace: "  return true;",
    model: receiver,
  },
  {
    when: "a sender does not look for the hungry",
    file: "wasm/assembly/ring.ts",
    find:
      "  return load<u32>(ring + RING_SENDERS + QUEUE_HUNGRY) == 0 || yieldToHungry(ring, ring + RING_SENDERS);",
    replace: "  return true;",
    model: sender,
  },
  {
    when: "a receiver that finds nothing for the hungry tries for itself",
    find: "    else if (end == NOTHING) return load32(ring + RING_CLOSED) != 0;",
    replace: "    else if (end == NOTHING) return true;",
    model: receiver,
  },
  {
    when: "the hungry are woken instead of served",
    find: "  while (load32(told + QUEUE_HUNGRY) != 0) {",
    replace: "  while (false) {",
    model: receiver,
  },
  {
    when: "the element is taken before the claim",
    find: `    agent = claimNode(queue, node);
    if (agent != 0) {
      // Plain: the claim gave the node to us, until it is delivered; for the slot see \`take\`.`,
    replace: `    isTaken = cas64(slot, word, wordOf(lap + LAP, 0)) == word;
    agent = claimNode(queue, node);
    if (agent != 0) {`,
    also: {
      find: `      isTaken = cas64(slot, word, wordOf(lap + LAP, 0)) == word;
      store<u32>(node + NODE_PAYLOAD, <u32>word);`,
      replace: "      store<u32>(node + NODE_PAYLOAD, <u32>word);",
    },
    model: aborting,
    options: { bound: 2 },
  },
  {
    when: "a swap that failed counts",
    find: "if (isTaken) store<u32>(node + NODE_MET, NODE_WAS_MET);",
    replace: "store<u32>(node + NODE_MET, NODE_WAS_MET);",
    model: colliding,
    options: { bound: 3 },
  },
  {
    when: "a send that failed counts",
    find: "if (isPut) store<u32>(node + NODE_MET, NODE_WAS_MET);",
    replace: "store<u32>(node + NODE_MET, NODE_WAS_MET);",
    model: collidingSend,
    options: { bound: 3 },
  },
  {
    when: "the other side is not told",
    find:
      "    if (end == SERVED) tell(ring, ring + (isReceivers ? RING_SENDERS : RING_RECEIVERS), 0);",
    replace: "    if (end == SERVED) continue;",
    model: passing,
    options: { bound: 2 },
  },
  {
    when: "a wide element is published before it is there",
    find:
      "isPut = cas64(slot, word, wordOf(lap + (stride == 8 ? FULL : BUSY), stride == 8 ? payload : 0)) == word;",
    replace: "isPut = cas64(slot, word, wordOf(lap + FULL, payload)) == word;",
    model: wideReading,
    options: { bound: 2 },
  },
  {
    when: "who leaves is not counted out",
    file: "wasm/assembly/queue.ts",
    find: "store32(queue + QUEUE_HUNGRY, load<u32>(queue + QUEUE_HUNGRY) - 1);",
    replace: "",
    model: leaving,
  },
  {
    when: "a server does not look at the slot again",
    find: `  if (node != 0 && load<u32>(node + NODE_MET) == NODE_HUNGRY && load64(slot) == word) {
    const waiter: usize = load<u32>(node + NODE_WAITER);
    // It is counted until the swap is done, so that nobody who comes meanwhile is faster (I3).
    store<u32>(node + NODE_MET, 0);
    agent = claimNode(queue, node);
    if (agent != 0) {
      // Plain: the claim gave`,
    replace: `  if (node != 0 && load<u32>(node + NODE_MET) == NODE_HUNGRY) {
    const waiter: usize = load<u32>(node + NODE_WAITER);
    store<u32>(node + NODE_MET, 0);
    agent = claimNode(queue, node);
    if (agent != 0) {
      // Plain: the claim gave`,
    model: twoHungry,
    options: { bound: 1 },
  },
  {
    when: "who is being served is no longer counted",
    find:
      `    // It is counted until the swap is done, so that nobody who comes meanwhile is faster (I3).
    store<u32>(node + NODE_MET, 0);
    agent = claimNode(queue, node);
    if (agent != 0) {
      // Plain: the claim gave`,
    replace: `    store<u32>(node + NODE_MET, 0);
    store32(queue + QUEUE_HUNGRY, load<u32>(queue + QUEUE_HUNGRY) - 1);
    agent = claimNode(queue, node);
    if (agent != 0) {
      // Plain: the claim gave`,
    also: {
      find: `      if (isTaken) store<u32>(node + NODE_MET, NODE_WAS_MET);
      inboxPush(agent, waiter);
    }
    store32(queue + QUEUE_HUNGRY, load<u32>(queue + QUEUE_HUNGRY) - 1);`,
      replace: `      if (isTaken) store<u32>(node + NODE_MET, NODE_WAS_MET);
      inboxPush(agent, waiter);
    }`,
    },
    model: receiver,
  },
  {
    when: "the hungry enter behind the others",
    file: "wasm/assembly/queue.ts",
    find: "  linkFirst(queue, node);",
    replace: "  store<u32>(node + NODE_NEXT, 0);\n  link(queue, node);",
    model: twoHungry,
    options: { bound: 1 },
  },
  {
    when: "close() wakes as many receivers as it has counted",
    file: "wasm/assembly/ring.ts",
    find: "const receivers = wakeToEnd(ring + RING_RECEIVERS, self);",
    replace: "const receivers = queueWakeAll(ring + RING_RECEIVERS, self);",
    also: {
      file: "wasm/assembly/ring.ts",
      find: 'import { queueWake } from "./queue";',
      replace: 'import { queueWake, queueWakeAll } from "./queue";',
    },
    model: closingBoth,
    options: { bound: 3 },
  },
  {
    when: "close() wakes as many senders as it has counted",
    file: "wasm/assembly/ring.ts",
    find: "const senders = wakeToEnd(ring + RING_SENDERS, self);",
    replace: "const senders = queueWakeAll(ring + RING_SENDERS, self);",
    also: {
      file: "wasm/assembly/ring.ts",
      find: 'import { queueWake } from "./queue";',
      replace: 'import { queueWake, queueWakeAll } from "./queue";',
    },
    model: closingSenders,
    options: { bound: 3 },
  },
  {
    when: "one that comes back to a closed ring is not told",
    find: "    else if (end == NOTHING) return load32(ring + RING_CLOSED) != 0;",
    replace: "    else if (end == NOTHING) return false;",
    model: closing,
  },
]);
