/**
 * Channels between threads under single operations and batches at once: several producers and consumers on several threads and here,
 * blocking and suspending, giving up waits, with ends at once or late, beside threads that are killed, in rings from 0 to 64 slots of every width.
 * Each round checks that every value that was sent was received exactly once, and that no memory is left.
 *
 * `MILLRACE_STRESS_SECONDS` says how long (default 5), `MILLRACE_STRESS_SEED` repeats a run.
 *
 * @module
 */
import { Channel, type ElementType, f64, go, i32, Pool, struct, text } from "../../mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { collectUntil } from "../support/collect.ts";
import {
  type carriers,
  consumeMixture,
  produceMixture,
  receiveUntilKilled,
  sendUntilKilled,
  type Sent,
} from "../support/tasks_mixture.ts";
import { seeded } from "../conformance/waiting.ts";

const seconds = Number(Deno.env.get("MILLRACE_STRESS_SECONDS") ?? 5);
const firstSeed = Number(Deno.env.get("MILLRACE_STRESS_SEED") ?? Date.now() % 1_000_000_000);

/** A round that takes so many seconds hangs. */
const ROUND_SECONDS = 60;
/** Each producer has so many numbers of its own. */
const SPAN = 1_000_000;
/** Numbers from here on are sent by threads that are killed. */
const MORTAL = 100 * SPAN;
/** Number of tasks at a time that may block; each has a thread for itself, or one would hold up another that it waits for. */
const BLOCKING = 6;

/** What is left of a thread that was killed, at most: its scratch, and what its waits held. Nothing else may be. */
const LEFT_BYTES = 16 * 1024;

/** Threads that were killed since the last look at memory. */
let killed = 0;

const types: Record<keyof typeof carriers, ElementType<unknown>> = {
  i32: i32 as ElementType<unknown>,
  f64: f64 as ElementType<unknown>,
  pair: struct({ n: f64, negative: f64 }) as ElementType<unknown>,
  text: text as ElementType<unknown>,
};

interface Pools {
  readonly suspending: Pool;
  readonly blocking: readonly Pool[];
}

async function runRound({ suspending, blocking }: Pools, seed: number): Promise<void> {
  const next = seeded(seed);
  const names = Object.keys(types) as (keyof typeof carriers)[];
  const type = names[next(names.length)]!;
  const channels = Array.from(
    { length: 1 + next(3) },
    () => new Channel(types[type], [0, 1, 2, 3, 5, 8, 15, 16, 17, 31, 64][next(11)]!),
  );
  const isClosedEarly = next(3) === 0;
  const mortal = next(5) === 0 ? await startMortals(channels, type, next) : undefined;
  const free = [...blocking];
  const where = (): Pool | undefined => {
    const pick = next(4);
    return pick === 0 ? undefined : pick === 1 ? suspending : free.pop() ?? suspending;
  };
  const sending: PromiseLike<Sent>[] = [];
  const receiving: PromiseLike<number[]>[] = [];
  for (let i = 0, count = 1 + next(5); i < count; i++) {
    const pool = where();
    const args = [
      channels,
      type,
      i * SPAN,
      200 + next(1500),
      next(1e6),
      blocking.includes(pool!),
    ] as const;
    sending.push(
      pool === undefined ? go(produceMixture, ...args) : pool.go(produceMixture, ...args),
    );
  }
  // Each channel has a consumer for itself: one that waits at another would not help a producer.
  const shares = [...channels.map((channel) => [channel]), ...Array(next(4)).fill(channels)];
  for (const share of shares) {
    const pool = where();
    const args = [share, type, next(1e6), blocking.includes(pool!)] as const;
    receiving.push(
      pool === undefined ? go(consumeMixture, ...args) : pool.go(consumeMixture, ...args),
    );
  }
  if (isClosedEarly) {
    await new Promise((resolve) => setTimeout(resolve, next(30)));
    for (const channel of channels) channel.close();
  }
  if (mortal !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, next(20)));
    await mortal.pool.terminate(0);
  }
  const sent = await Promise.all(sending);
  if (!isClosedEarly) { for (const channel of channels) channel.close(); }
  const received = (await Promise.all(receiving)).flat();
  for (const channel of channels) channel[Symbol.dispose]();
  const perhaps = new Set(sent.flatMap((each) => each.perhaps));
  const certain = received.filter((number) => !perhaps.has(number) && number < MORTAL);
  const sure = sent.flatMap((each) => each.sure);
  assertEquals(new Set(received).size, received.length);
  // What those received who were killed is gone with them.
  if (mortal?.receives) assert(certain.every(Set.prototype.has, new Set(sure)));
  else assertEquals(certain.sort((a, b) => a - b), sure.sort((a, b) => a - b));
}

/** Threads that are about to be killed. */
interface Mortals {
  readonly pool: Pool;
  /** Some of them receive. */
  readonly receives: boolean;
}

/** Starts one or two threads that use `channels` in loops which only their end ends. */
async function startMortals(
  channels: Channel<unknown>[],
  type: keyof typeof carriers,
  next: (bound: number) => number,
): Promise<Mortals> {
  using started = new Channel(i32, 1);
  const threads = 1 + next(2);
  const pool = new Pool({ threads, name: "mortal" });
  killed += threads;
  let receives = false;
  for (let i = 0; i < threads; i++) {
    const isReceiver = next(2) === 0;
    const killed = isReceiver
      ? pool.go(receiveUntilKilled, started, channels, next(1e6))
      : pool.go(sendUntilKilled, started, channels, type, MORTAL + i * 100 * SPAN, next(1e6));
    killed.join().catch(() => {});
    await started.receive();
    receives ||= isReceiver;
  }
  return { pool, receives };
}

/** Runs one round, and says how to repeat it if it fails. */
async function watchRound(pools: Pools, seed: number): Promise<void> {
  let timer: ReturnType<typeof setInterval> | undefined;
  const late = new Promise<never>((_, reject) => {
    // Counted one by one: a machine may stand still, and then no time was given.
    let left = ROUND_SECONDS;
    timer = setInterval(() => --left === 0 && reject(new Error("the round hangs")), 1000);
  });
  try {
    await Promise.race([runRound(pools, seed), late]);
  } catch (error) {
    throw new Error(`round with seed ${seed}`, { cause: error });
  } finally {
    clearInterval(timer);
  }
}

Deno.test("Channel delivers everything exactly once in a random mix of single operations and batches", async () => {
  console.log(`stress: seed ${firstSeed}, ${seconds} s`);
  const end = performance.now() + seconds * 1000;
  let rounds = 0;
  for (let seed = firstSeed; performance.now() < end;) {
    const before = memoryUse().liveBytes;
    killed = 0;
    const pools: Pools = {
      suspending: new Pool({ threads: 1 + seed % 3, name: "suspending" }),
      blocking: Array.from({ length: BLOCKING }, () => new Pool({ threads: 1, name: "blocking" })),
    };
    for (let i = 0; i < 20 && performance.now() < end; i++, seed++, rounds++) {
      await watchRound(pools, seed);
    }
    await Promise.all([pools.suspending, ...pools.blocking].map((pool) => pool.close()));
    const most = before + LEFT_BYTES * (1 + killed);
    await collectUntil(() => memoryUse().liveBytes <= most);
    assert(memoryUse().liveBytes <= most, `${memoryUse().liveBytes - before} bytes are left`);
  }
  console.log(`stress: ${rounds} rounds`);
  assert(rounds > 0);
});
