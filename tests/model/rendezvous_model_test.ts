/** Models of `wasm/assembly/rendezvous.ts`, with the waits of `src/channel/flavors/shared_rendezvous.ts`. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  CLOSED_PLAIN,
  NODE_PAYLOAD,
  NODE_SIZE,
  QUEUE_COUNT,
  RING_CLOSED,
  RING_IS_CLOSED,
  RING_OK,
  RING_RECEIVERS,
  RING_SENDERS,
  RING_WOULD_BLOCK,
  WAITER_NODES,
} from "../../src/memory/layout.ts";
import {
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
  type Own,
  waiterSize,
  waitFor,
  type Waiting,
  WAITING_ENTRY,
  type WaitOptions,
} from "./waiting.ts";

const core = await buildWaiting();

interface State {
  readonly channels: readonly number[];
  /** The agent and the waiter of each thread, and its bytes for wide elements. */
  readonly agents: readonly number[];
  readonly waiters: readonly number[];
  readonly bytes: readonly number[];
  readonly isWide: boolean;
  /** A word that tells that a thread has ended. */
  readonly ended: number;
}
type Thread = VirtualThread<Waiting>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type RendezvousScenario = Scenario<Waiting, State>;

/** What a wait ends with. */
type Result = `sent ${number}` | `received ${number}` | "closed";

/** One side of a wait at a channel: what it sends, or that it receives. */
type Side = { readonly at: number; readonly send?: number };

function sideCase(
  { wasm, id }: Thread,
  { agent, waiter }: Own,
  sides: readonly Side[],
  { at, send }: Side,
  state: State,
): Case<Result> {
  const { channels, isWide } = state;
  const channel = channels[at]!;
  const isSender = send !== undefined;
  // A select has bytes for each of its sides.
  const bytes = state.bytes[id]! + (isSender ? 0 : 8);
  const payload = isWide ? 0 : send ?? 0;
  const nodeOf = (index: number) => waiter + WAITER_NODES + index * NODE_SIZE;
  const received = async (payload: number): Promise<Result> =>
    `received ${isWide ? await wasm.peek(bytes) : payload}`;
  const poll = async (): Promise<Result | undefined> => {
    if (isSender) {
      const code = await wasm.rendezvousSend(channel, payload, bytes, agent);
      if (code === RING_WOULD_BLOCK) return undefined;
      return code === RING_OK ? `sent ${send}` : "closed";
    }
    const result = await wasm.rendezvousReceive(channel, bytes, agent);
    if (result === -RING_WOULD_BLOCK) return undefined;
    return result === -RING_IS_CLOSED ? "closed" : await received(result);
  };
  return {
    poll,
    async complete() {
      const node = nodeOf(sides.findIndex((side) => side.at === at && side.send === send));
      if (!await wasm.rendezvousWasMet(node)) return await poll();
      return isSender ? `sent ${send}` : await received(await wasm.peek(node + NODE_PAYLOAD));
    },
    async enter(index, entered) {
      const isOther = (side: Side) => side.at === at && (side.send !== undefined) !== isSender;
      const own = sides.filter((side, index) => entered.has(index) && isOther(side)).length;
      const node = nodeOf(index);
      const side = isSender ? 1 : 0;
      return await wasm.rendezvousEnter(channel, side, node, index, own, payload, bytes) !== 0;
    },
    leave: (index) => wasm.rendezvousLeave(channel, isSender ? 1 : 0, nodeOf(index)),
  };
}

/** Waits for any of these sides, as often as there are lists of them. */
function meets(waits: readonly (readonly Side[])[], options?: WaitOptions): Body {
  return async (thread, state) => {
    const { wasm, id } = thread;
    const own = { agent: state.agents[id]!, waiter: state.waiters[id]! };
    const results: Result[] = [];
    for (const sides of waits) {
      for (const { send } of sides) {
        if (send !== undefined && state.isWide) await wasm.poke(state.bytes[id]!, send);
      }
      const cases = sides.map((side) => sideCase(thread, own, sides, side, state));
      results.push(await waitFor(thread, own, cases, options));
    }
    await wasm.poison(own.waiter, waiterSize(2));
    await wasm.poison(state.bytes[id]!, 16);
    return results;
  };
}
const sends = (...values: number[]) => meets(values.map((send) => [{ at: 0, send }]));
const receives = (count: number) => meets(Array.from({ length: count }, () => [{ at: 0 }]));

const closes: Body = async ({ wasm, id }, { channels, agents }) => {
  await wasm.rendezvousClose(channels[0]!, CLOSED_PLAIN, agents[id]!);
  return [];
};

function scenario(
  name: string,
  threads: readonly Body[],
  { isWide = false, ...rest }: Partial<RendezvousScenario> & { isWide?: boolean } = {},
): RendezvousScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agents = threads.map(() => wasm.agentRegister());
      const waiters = agents.map((agent, id) => wasm.waiterNew(agent, id, 2));
      const bytes = agents.map(() => wasm.allocate(16));
      const channels = [0, 1].map(() => wasm.rendezvousNew(isWide ? 8 : 0, 0, 0));
      return { channels, agents, waiters, bytes, isWide, ended: wasm.allocate(8) };
    },
    threads,
    label(ptr, { channels, agents }) {
      for (const [id, agent] of agents.entries()) if (ptr === agent) return `doorbell ${id}`;
      for (const channel of channels) {
        if (ptr === channel + RING_CLOSED) return "closed";
        if (ptr === channel + RING_RECEIVERS + QUEUE_COUNT) return "receivers";
        if (ptr === channel + RING_SENDERS + QUEUE_COUNT) return "senders";
        if (ptr === channel + RING_RECEIVERS) return "lock";
      }
      return undefined;
    },
    check: checkMeetings,
    ...rest,
  };
}

/** Each value that was sent was received, and nothing else. */
function checkMeetings({ results, words, state }: Outcome<Waiting, State>): void {
  const values = (kind: string) =>
    (results as (Result[] | undefined)[]).flatMap((list) => list ?? [])
      .flatMap((result) => result.startsWith(kind) ? [Number(result.split(" ")[1])] : [])
      .toSorted((a, b) => a - b);
  assertEquals(values("received"), values("sent"));
  // Nobody stands in a queue who does not wait.
  for (const channel of state.channels) {
    for (const queue of [RING_RECEIVERS, RING_SENDERS]) {
      assertEquals(words[(channel + queue + QUEUE_COUNT) >>> 2], 0);
    }
  }
}

async function assertHolding(model: RendezvousScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut + report.throttled, 0);
}

const pair = scenario("one sends two, one receives two", [sends(11, 12), receives(2)]);
const widePair = scenario("wide", [sends(11), receives(1)], { isWide: true });
const senders = scenario("two send", [sends(11), sends(21), receives(2)]);
const receivers = scenario("two receive", [sends(11, 12), receives(1), receives(1)]);
/** Two selects, each of which would send or receive at the same channel, and do not meet themselves. */
const either = (value: number) => meets([[{ at: 0, send: value }, { at: 0 }]]);
const mirrored = scenario("two selects that do either", [either(11), either(21)]);
const alone = scenario("a select that does either, alone", [either(11)], {
  allowParked: true,
  check: ({ parked }) => parked.length === 1,
});
/** Two selects that could meet at either of two channels. */
const crossed = scenario("two selects that cross", [
  meets([[{ at: 0, send: 11 }, { at: 1 }]]),
  meets([[{ at: 1, send: 21 }, { at: 0 }]]),
]);
const third = scenario("a select, and two that could meet it", [
  meets([[{ at: 0, send: 11 }, { at: 1 }]]),
  meets([[{ at: 0 }]]),
  meets([[{ at: 1, send: 21 }]]),
], {
  // One of the two is left.
  allowParked: true,
  check({ results, parked }) {
    const [first, second, last] = results as (Result[] | undefined)[];
    assertEquals(parked.length, 1);
    assertEquals(first![0], second === undefined ? "received 21" : "sent 11");
    assertEquals(second ?? last, second === undefined ? ["sent 21"] : ["received 11"]);
  },
});
const closing = scenario("closed while two wait", [sends(11), receives(1), closes]);
const closingAlone = scenario("closed while one waits", [receives(2), closes], {
  check: ({ results }) => assertEquals(results[0], ["closed", "closed"]),
});

Deno.test("rendezvous: who sends meets who receives", async () => {
  await assertHolding(pair);
  await assertHolding(widePair);
  await assertHolding(senders, { bound: 2 });
  await assertHolding(receivers, { bound: 2 });
});

Deno.test("rendezvous: selects meet once, and not themselves", async () => {
  await assertHolding(alone);
  await assertHolding(mirrored, { bound: 4 });
  await assertHolding(crossed, { bound: 3 });
  await assertHolding(third, { bound: 2 });
});

Deno.test("rendezvous: everybody wakes when it is closed", async () => {
  await assertHolding(closingAlone);
  await assertHolding(closing, { bound: 3 });
});

/** Waits for the end of thread 0, declares it dead, and goes on. */
function buries(then?: Body): Body {
  return async (thread, state) => {
    await thread.wait(state.ended, 0);
    await thread.wasm.agentDied(state.agents[0]!);
    return await then?.(thread, state) ?? [];
  };
}

const rechecks = { rechecks: true };
const mortal: Partial<RendezvousScenario> = {
  kill: { thread: 0, tells: ({ ended }) => ended },
  allowParked: true,
};
const dying = scenario("a receiver dies", [
  meets([[{ at: 0 }]], rechecks),
  meets([[{ at: 0 }]], rechecks),
  meets([[{ at: 0, send: 11 }]], rechecks),
  buries(),
], {
  ...mortal,
  check({ parked }) {
    // The living sleep only if there is nobody to meet.
    assert(!(parked.includes(1) && parked.includes(2)), "two sleep that could meet");
  },
});

/** Who sends after it has declared the death. */
const buried = scenario("a send after a receiver's death", [
  meets([[{ at: 0 }]], rechecks),
  meets([[{ at: 0 }]], rechecks),
  buries(sends(11)),
], {
  ...mortal,
  check({ killed, results }) {
    if (killed.length > 0) assertEquals(results.slice(1), [["received 11"], ["sent 11"]]);
  },
});

Deno.test("rendezvous: the living meet when a thread dies there", async () => {
  await assertHolding(dying, { bound: 1 });
  await assertHolding(buried, { bound: 2 });
});

testMistakes("rendezvous", WAITING_ENTRY, [
  {
    when: "a party enters without looking for the other side under the lock",
    find:
      "const waits = load32(channel + RING_CLOSED) == 0 && load32(others + QUEUE_COUNT) == own;",
    replace: "const waits = load32(channel + RING_CLOSED) == 0;",
    model: pair,
  },
  {
    when: "a select takes its own other side for somebody to meet",
    find: "load32(others + QUEUE_COUNT) == own;",
    replace: "load32(others + QUEUE_COUNT) == 0;",
    model: alone,
  },
  {
    when: "the flag is set without the lock",
    find:
      "  acquire(channel + LOCK);\n  const before = cas32(channel + RING_CLOSED, 0, reason);\n  release(channel + LOCK);",
    replace: "  const before = cas32(channel + RING_CLOSED, 0, reason);",
    model: closingAlone,
  },
  {
    when: "a closed channel is entered",
    find: "const waits = load32(channel + RING_CLOSED) == 0 && load32",
    replace: "const waits = load32",
    model: closingAlone,
  },
  {
    when: "a receiver is delivered before the element is in its hands",
    find: `        store<u32>(node + NODE_PAYLOAD, payload);
        store<u32>(node + NODE_MET, NODE_WAS_MET);
        memory.copy(load<u32>(node + NODE_BYTES), from, load<u32>(channel + RING_STRIDE) - 8);
        inboxPush(agent, waiter);`,
    replace: `        inboxPush(agent, waiter);
        store<u32>(node + NODE_PAYLOAD, payload);
        store<u32>(node + NODE_MET, NODE_WAS_MET);
        memory.copy(load<u32>(node + NODE_BYTES), from, load<u32>(channel + RING_STRIDE) - 8);`,
    model: pair,
  },
  {
    when: "a sender is delivered before its element was copied",
    find:
      `        memory.copy(into, load<u32>(node + NODE_BYTES), load<u32>(channel + RING_STRIDE) - 8);
        inboxPush(agent, waiter);`,
    replace: `        const bytes: usize = load<u32>(node + NODE_BYTES);
        inboxPush(agent, waiter);
        memory.copy(into, bytes, load<u32>(channel + RING_STRIDE) - 8);`,
    model: widePair,
  },
  {
    when: "a meeting is not told from a close",
    find: "return load<u32>(node + NODE_MET) != 0;",
    replace: "return true;",
    model: closingAlone,
  },
  {
    when: "a sender hands its element to a dead thread",
    file: "wasm/assembly/queue.ts",
    find: "return load32(agent + AGENT_STATE) == AGENT_DEAD ? 0 : agent;",
    replace: "return agent;",
    model: buried,
    options: { bound: 1 },
  },
]);
