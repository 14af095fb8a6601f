import {
  any,
  AtomicBool,
  AtomicI32,
  Channel,
  i32,
  Mutex,
  Pool,
  Semaphore,
  task,
  WaitGroup,
} from "../../mod.ts";
import { core, memoryUse } from "../../src/memory/core.ts";
import {
  AGENT_CHAIN,
  AGENT_CHAIN_HEAD,
  AGENT_STATE,
  AGENT_VACANT,
} from "../../src/memory/layout.ts";
import { agent } from "../../src/park/agent.ts";
import {
  assertEquals,
  assertGreaterOrEqual,
  assertRejects,
  assertThrows,
} from "../support/assert.ts";
import { receiveAll, relay, sendRange } from "../support/thread_tasks.ts";
import { chain, countUntil, echo, fail, forkFib, isSame, noop, suspend } from "../support/tasks.ts";
import { hold } from "../support/tasks_order.ts";
import { test } from "../support/test.ts";
import { settled } from "../conformance/waiting.ts";

/** Number of agents that no other thread can use: of living threads, and of dead ones. */
function countAgents(): number {
  const c = core();
  let count = 0;
  for (let ptr = c.readU32(AGENT_CHAIN_HEAD); ptr !== 0; ptr = c.readU32(ptr + AGENT_CHAIN)) {
    if (c.loadU32(ptr + AGENT_STATE) !== AGENT_VACANT) count++;
  }
  return count;
}

/** Agents are never freed. So that none is made later, there are first as many as any of the tests has threads. */
async function makeAgents(): Promise<void> {
  await using pool = new Pool({ threads: 8 });
  await startThreads(pool);
}

/**
 * Has a pool start all its threads, which otherwise come when there is more work than the others get done.
 *
 * @param queued Number of tasks that wait meanwhile: the deque that they wait in grows as if no thread ever got ahead.
 */
async function startThreads(pool: Pool, queued = 0): Promise<void> {
  using started = new Channel(i32, pool.threads);
  using until = new Channel(i32, 1);
  const blocked = Array.from({ length: pool.threads }, () => pool.go(hold, started, until));
  for (let i = 0; i < pool.threads; i++) await started.receive();
  const waiting = Array.from({ length: queued }, () => pool.go(noop));
  until.close();
  await Promise.all([...blocked, ...waiting]);
}

/** Number of threads that the operating system runs for this process. */
function countThreads(): number {
  return [...Deno.readDirSync("/proc/self/task")].length;
}

/** Waits until there are no more than `count` of them: the runtime takes a moment to end one. A hang fails the test. */
async function threadsEnd(count: number): Promise<void> {
  while (countThreads() > count) await new Promise((resolve) => setTimeout(resolve, 10));
}

let made: Promise<void> | undefined;

/** What `rounds` of `body` leave behind, once it has run before: bytes in live blocks, agents. */
async function leftBy(
  rounds: number,
  body: (round: number) => void | Promise<void>,
): Promise<{ liveBytes: number; agents: number }> {
  await (made ??= makeAgents());
  for (let round = 0; round < 3; round++) await body(round);
  const before = usedNow();
  for (let round = 0; round < rounds; round++) await body(round);
  const after = usedNow();
  return {
    liveBytes: after.liveBytes - before.liveBytes,
    agents: after.agents - before.agents,
  };
}

/** What is in use, without what has come back to this thread and only waits to be handed out. */
function usedNow(): { liveBytes: number; agents: number } {
  agent().drain();
  return { liveBytes: memoryUse().liveBytes, agents: countAgents() };
}

const NOTHING = { liveBytes: 0, agents: 0 };

/** How long a busy machine may take to start and end a hundred threads. */
const HUNDRED_STARTS_MS = 300_000;

test(
  "Pool leaves neither block nor thread behind when 100 pools are made, used and closed",
  async () => {
    let threads = 0;
    const left = await leftBy(100, async (round) => {
      // Some of the runtime's own come with the first.
      if (round === 0) threads = Deno.build.os === "linux" ? countThreads() : 0;
      await using pool = new Pool({ threads: 1 });
      await Promise.all([pool.go(echo, "some text"), pool.go(forkFib, 13), pool.go(noop)]);
    });
    assertEquals(left, NOTHING);
    if (Deno.build.os === "linux") await threadsEnd(threads);
  },
  HUNDRED_STARTS_MS,
);

/** Bytes that come back when a pool ends whose only thread counts until `end` is set. */
async function givenBackBy(
  finish: (pool: Pool, end: AtomicBool) => Promise<void>,
): Promise<number> {
  using started = new Channel(i32, 1);
  using counter = new AtomicI32();
  using end = new AtomicBool();
  const pool = new Pool({ threads: 1 });
  const counting = settled(pool.go(countUntil, started, counter, end).join());
  await started.receive();
  const { liveBytes } = usedNow();
  await finish(pool, end);
  await counting;
  return liveBytes - usedNow().liveBytes;
}

test("Pool gives back its memory, terminated against its thread's will, when that has ended", async () => {
  await (made ??= makeAgents());
  const closed = await givenBackBy((pool, end) => {
    end.store(true);
    return pool.close();
  });
  const terminated = await givenBackBy(async (pool, end) => {
    await pool.terminate(1);
    const { liveBytes } = usedNow();
    end.store(true);
    // The runtime takes a moment to end the thread; a hang fails the test.
    while (liveBytes - usedNow().liveBytes < closed) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
  assertGreaterOrEqual(terminated, closed);
});

test("Pool leaves no block behind when it is closed while its threads are starting", async () => {
  const left = await leftBy(8, async () => {
    await using pool = new Pool({ threads: 4 });
    for (let n = 0; n < 4; n++) pool.go(noop);
  });
  assertEquals(left, NOTHING);
});

test("Pool leaves no block behind when it is terminated with tasks in every queue", async () => {
  const left = await leftBy(10, async () => {
    const pool = new Pool({ threads: 2 });
    await pool.go(noop);
    const ends = Array.from({ length: 100 }, (_, n) => settled(pool.go(echo, `task ${n}`).join()));
    await pool.terminate(50_000);
    await Promise.all(ends);
  });
  assertEquals(left, NOTHING);
});

test("Pool.go() leaves no block behind after 100,000 tasks", async () => {
  await using pool = new Pool({ threads: 2 });
  await startThreads(pool, 1000);
  const left = await leftBy(100, async () => {
    await Promise.all(Array.from({ length: 1000 }, (_, n) => pool.go(echo, n)));
  });
  assertEquals(left, NOTHING);
});

test("Pool.go() leaves no block behind of failures, cancellations and deep forks", async () => {
  await using pool = new Pool({ threads: 2 });
  await startThreads(pool);
  const undeclared = task(
    "data:text/javascript,export const b = 1",
    "undeclared",
    (_: unknown) => 1,
  );
  const left = await leftBy(100, async () => {
    await assertRejects(() => pool.go(fail, new TypeError("boom")).join());
    await assertRejects(() => pool.go(undeclared, ["some", "arguments"]).join());
    const cancelled = Array.from({ length: 10 }, (_, n) => pool.go(echo, `task ${n}`));
    await Promise.all(cancelled.map((each) => (each.cancel(), settled(each.join()))));
    await pool.go(chain, 5);
    // What was cancelled goes back when a thread comes upon it. (Once at least: a pool remembers each function that it runs.)
    await pool.go(noop);
    while (pool.stats().finished !== pool.stats().submitted) await pool.go(noop);
  });
  assertEquals(left, NOTHING);
});

test("Pool.go() leaves no block behind of arguments that cannot be sent", async () => {
  await using pool = new Pool({ threads: 1 });
  await pool.go(noop);
  using channel = new Channel(i32, 1);
  const left = await leftBy(100, () => {
    assertThrows(() => pool.go(echo, [channel, "text", () => {}]), TypeError);
    assertThrows(() => pool.go(echo, [channel, new Channel(1)]), TypeError);
  });
  assertEquals(left, NOTHING);
});

test("Pool leaves no block behind when handles have travelled with tasks", async () => {
  const left = await leftBy(10, async () => {
    await using pool = new Pool({ threads: 2 });
    using channel = new Channel(any<unknown>(), 4);
    using mutex = new Mutex();
    using semaphore = new Semaphore(2);
    using group = new WaitGroup();
    await pool.go(isSame, { channel, mutex }, [semaphore, group, channel]);
    await pool.go(echo, [channel, mutex, semaphore, group]);
    // In a channel, with nobody to receive them.
    channel.trySend({ mutex, group });
    channel.trySend([channel, "with itself"]);
    channel.tryReceive();
    channel.tryReceive();
  });
  assertEquals(left, NOTHING);
});

test("Pool leaves no block behind when channels were served by its threads", async () => {
  const left = await leftBy(12, async (i) => {
    await using pool = new Pool({ threads: 2 });
    using first = new Channel(i32, i % 3);
    using second = new Channel(i32, i % 3);
    const relayed = pool.go(relay, first, second, i % 2 === 0 ? "sync" : "promise");
    const received = receiveAll(second, "promise");
    await sendRange(first, 0, 100, "promise");
    first.close();
    await relayed;
    second.close(new Error("a reason that takes some memory"));
    await settled(received);
  });
  assertEquals(left, NOTHING);
});

test("Pool leaves no block behind when it is terminated with suspended goroutines, but for their threads", async () => {
  const rounds = 5;
  const left = await leftBy(rounds, async () => {
    const pool = new Pool({ threads: 1 });
    using started = new Channel(i32, 1);
    using until = new Channel(i32, 1);
    const suspended = settled(pool.go(suspend, started, until).join());
    await started.receive();
    await pool.terminate(50_000);
    await suspended;
  });
  // A thread that ended with goroutines on it is dead: its agent is not used again.
  assertEquals(left.agents, rounds);
});
