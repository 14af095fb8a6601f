/** Models of `wasm/assembly/agent.ts`: the inbox, the doorbell and signals. */
import { assert, assertEquals } from "../support/assert.ts";
import {
  AGENT_CHAIN,
  AGENT_CHAIN_HEAD,
  AGENT_DOORBELL,
  AGENT_INBOX_TAIL,
  AGENT_NUMBER,
  AGENT_SIGNALS,
  AGENT_STUB,
  DOORBELL_ASLEEP,
  SIGNAL_STOP,
} from "../../src/memory/layout.ts";
import { assertHolds, explore, type Options, type Scenario, type VirtualThread } from "./loom.ts";
import { testMistakes } from "./mistakes.ts";
import { buildWaiting, nextEntry, type Waiting, WAITING_ENTRY } from "./waiting.ts";

const core = await buildWaiting();

interface State {
  readonly agent: number;
  readonly entries: readonly number[];
}
type Thread = VirtualThread<Waiting>;
type Body = (thread: Thread, state: State) => Promise<unknown>;
type AgentScenario = Scenario<Waiting, State>;

const ENTRY_SIZE = 16;

/** An agent, and entries that are to be sent to it. */
function scenario(
  name: string,
  count: number,
  threads: readonly Body[],
  rest: Partial<AgentScenario> = {},
): AgentScenario {
  return {
    name,
    setup(wasm) {
      wasm.heapInit();
      const agent = wasm.agentRegister();
      return { agent, entries: Array.from({ length: count }, () => wasm.allocate(ENTRY_SIZE)) };
    },
    threads,
    label(ptr, { agent, entries }) {
      if (ptr === agent + AGENT_DOORBELL) return "doorbell";
      if (ptr === agent + AGENT_INBOX_TAIL) return "tail";
      if (ptr === agent + AGENT_STUB) return "stub";
      if (ptr === agent + AGENT_SIGNALS) return "signals";
      return entries.includes(ptr) ? `entry ${entries.indexOf(ptr)}` : undefined;
    },
    ...rest,
  };
}

async function assertHolding(model: AgentScenario, options: Options = {}): Promise<void> {
  const report = await explore(core, model, options);
  assertHolds(report);
  assertEquals(report.cut, 0);
}

/** Sends the entries with these numbers. */
function sends(...numbers: readonly number[]): Body {
  return async ({ wasm }, { agent, entries }) => {
    for (const number of numbers) await wasm.send(agent, entries[number]!);
  };
}

/** Receives so many entries, blocking, and does away with each. */
function receives(count: number): Body {
  return async (thread, { agent, entries }) => {
    const received: number[] = [];
    while (received.length < count) {
      const entry = await nextEntry(thread, agent);
      await thread.wasm.poison(entry, ENTRY_SIZE);
      received.push(entries.indexOf(entry));
    }
    return received;
  };
}

/** Thread 0 has received each entry once, those of one sender in their order. */
function receivedAll(...senders: readonly number[][]): Pick<AgentScenario, "check"> {
  return {
    check({ results, wasm, state }) {
      const received = results[0] as number[];
      for (const sent of senders) {
        assertEquals(received.filter((number) => sent.includes(number)), sent);
      }
      assertEquals(received.length, senders.flat().length);
      assertEquals(wasm.inboxPop(state.agent), 0);
    },
  };
}

const two = scenario("two senders", 2, [receives(2), sends(0), sends(1)], receivedAll([0], [1]));
const four = scenario(
  "two senders, two entries each",
  4,
  [receives(4), sends(0, 1), sends(2, 3)],
  receivedAll([0, 1], [2, 3]),
);

Deno.test("agent: each entry arrives once, in its sender's order, and wakes the owner", async () => {
  await assertHolding(
    scenario("one sender", 2, [receives(2), sends(0, 1)], receivedAll([0, 1])),
  );
  await assertHolding(two);
  await assertHolding(four, { bound: 4 });
});

/** Receives as an agent does that never blocks its thread: by `waitAsync`. */
function listens(count: number): Body {
  return async ({ wasm, wait, repeat }, { agent, entries }) => {
    const received: number[] = [];
    while (received.length < count) {
      const entry = await repeat(async () => {
        const entry = await wasm.inboxPop(agent);
        if (entry !== 0) return entry;
        if (await wasm.doorbellArm(agent)) await wait(agent + AGENT_DOORBELL, DOORBELL_ASLEEP);
        return undefined;
      });
      await wasm.poison(entry, ENTRY_SIZE);
      received.push(entries.indexOf(entry));
    }
    return received;
  };
}

const listening = scenario("waitAsync", 2, [listens(2), sends(0), sends(1)], receivedAll([0], [1]));

Deno.test("agent: the doorbell wakes an owner that waits asynchronously", async () => {
  await assertHolding(listening);
});

/**
 * The owner has an asynchronous wait outstanding (thread 1, which sets a word when it resolves) when it blocks; then it
 * relies on that wait again.
 */
const both: AgentScenario = {
  ...scenario("waitAsync left behind", 2, [
    async (thread, { agent, entries }) => {
      const { wasm, wait, repeat } = thread;
      const first = await nextEntry(thread, agent);
      const second = await repeat(async () => {
        const entry = await wasm.inboxPop(agent);
        if (entry !== 0) return entry;
        if (await wasm.doorbellArm(agent)) await wait(agent + AGENT_CHAIN, 0);
        return undefined;
      });
      return [entries.indexOf(first), entries.indexOf(second)];
    },
    async ({ wait, atomic, notify }, { agent }) => {
      await wait(agent + AGENT_DOORBELL, DOORBELL_ASLEEP);
      await atomic(agent + AGENT_CHAIN, (words) => words[(agent + AGENT_CHAIN) >>> 2] = 1);
      await notify(agent + AGENT_CHAIN);
    },
    sends(0, 1),
  ]),
  // Only thread 1 may stay behind: nothing more comes.
  allowParked: true,
  check: ({ results }) => assertEquals(results[0], [0, 1]),
};

Deno.test("agent: the doorbell wakes an owner that blocks with an asynchronous wait outstanding", async () => {
  await assertHolding(both);
});

/** Sleeps until it is asked to stop. */
const stops: Body = ({ wasm, repeat }, { agent }) =>
  repeat(async () => {
    if (await wasm.agentTakeSignals(agent, -1) & SIGNAL_STOP) return "stopped";
    await wasm.agentSleep(agent, -1, 0);
    return undefined;
  });
const signalled = scenario("a signal", 1, [
  stops,
  ({ wasm }, { agent }) => wasm.agentSignal(agent, SIGNAL_STOP),
  ({ wasm }, { agent }) => wasm.agentSignal(agent, 1 << 7),
], { check: ({ results }) => assertEquals(results[0], "stopped") });

Deno.test("agent: no signal is lost when several are set", async () => {
  await assertHolding(signalled);
});

/** The agents in the chain. */
function chain(words: Int32Array): number[] {
  const agents: number[] = [];
  for (let agent = words[AGENT_CHAIN_HEAD >>> 2]!; agent !== 0;) {
    agents.push(agent);
    agent = words[(agent + AGENT_CHAIN) >>> 2]!;
  }
  return agents;
}

/** Two threads register, where one agent is vacant. */
const registering = scenario("registration", 0, [
  ({ wasm }) => wasm.agentRegister(),
  ({ wasm }) => wasm.agentRegister(),
  async ({ wasm }, { agent }) => {
    await wasm.agentVacate(agent);
    return await wasm.agentRegister();
  },
], {
  check({ results, words }) {
    assertEquals(new Set(results).size, 3);
    const agents = chain(words);
    for (const agent of results) assert(agents.includes(agent as number));
    const numbers = agents.map((agent) => words[(agent + AGENT_NUMBER) >>> 2]);
    assertEquals(new Set(numbers).size, agents.length);
  },
});

Deno.test("agent: each thread has an agent of its own when several register", async () => {
  await assertHolding(registering);
});

testMistakes("agent", WAITING_ENTRY, [
  {
    when: "the owner looks into the inbox before it sets the doorbell",
    find: `  store32(agent + AGENT_DOORBELL, DOORBELL_ASLEEP);
  if (inboxIsEmpty(agent) && load32(agent + AGENT_SIGNALS) == 0) return true;
  store32(agent + AGENT_DOORBELL, DOORBELL_AWAKE);`,
    replace: `  if (inboxIsEmpty(agent) && load32(agent + AGENT_SIGNALS) == 0) {
    store32(agent + AGENT_DOORBELL, DOORBELL_ASLEEP);
    return true;
  }`,
    model: two,
  },
  {
    when: "the owner does not look at its signals before it sleeps",
    find: "if (inboxIsEmpty(agent) && load32(agent + AGENT_SIGNALS) == 0) return true;",
    replace: "if (inboxIsEmpty(agent)) return true;",
    model: signalled,
  },
  {
    when: "the bell is rung before the signal is set",
    find: "  or32(agent + AGENT_SIGNALS, signals);\n  ring(agent);",
    replace: "  ring(agent);\n  or32(agent + AGENT_SIGNALS, signals);",
    model: signalled,
  },
  {
    when: "a signal is set without an atomic operation",
    find: "or32(agent + AGENT_SIGNALS, signals);",
    replace: "store32(agent + AGENT_SIGNALS, load32(agent + AGENT_SIGNALS) | signals);",
    model: signalled,
  },
  {
    when: "only one sleeper hears the doorbell",
    find: "notify(agent + AGENT_DOORBELL, -1);",
    replace: "notify(agent + AGENT_DOORBELL, 1);",
    model: both,
  },
  {
    when: "a sender does not wait for the exchange to know what precedes it",
    find: "const previous = xchg32(agent + AGENT_INBOX_TAIL, <u32>entry);",
    replace:
      "const previous = load32(agent + AGENT_INBOX_TAIL);\n  store32(agent + AGENT_INBOX_TAIL, <u32>entry);",
    model: two,
  },
  {
    when: "an entry that is not yet linked is taken for the end of the list",
    find: "    if (load32(agent + AGENT_INBOX_TAIL) != <u32>head) return 0;\n",
    replace: "",
    model: two,
  },
  {
    when: "the last entry is taken without putting the stub behind it",
    find: "    inboxPush(agent, stub);\n",
    replace: "    store<u32>(agent + AGENT_INBOX_HEAD, <u32>stub);\n    return head;\n",
    model: two,
  },
  {
    when: "two threads take over one vacant agent",
    find: "if (cas32(agent + AGENT_STATE, AGENT_VACANT, AGENT_ALIVE) == AGENT_VACANT) {",
    replace:
      "if (load32(agent + AGENT_STATE) == AGENT_VACANT) {\n      store32(agent + AGENT_STATE, AGENT_ALIVE);",
    model: registering,
  },
]);
