/**
 * Channels between threads under a random mix of everything: channels of several capacities, goroutines of this thread and of
 * two pools that send and receive in every form, by select, giving up waits, and threads that die while they wait.
 * Each round checks that every value that was sent was received exactly once.
 *
 * `MILLRACE_STRESS_SECONDS` says how long (default 5), `MILLRACE_STRESS_SEED` repeats a run.
 *
 * @module
 */
import { Channel, go, i32, Pool } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  receiveAll,
  receiveImpatiently,
  selectAll,
  selectSend,
  sendImpatiently,
  sendRange,
} from "../support/thread_tasks.ts";
import { waitAndDie } from "../support/tasks.ts";
import { seeded, settled } from "../conformance/waiting.ts";

const seconds = Number(Deno.env.get("MILLRACE_STRESS_SECONDS") ?? 5);
const firstSeed = Number(Deno.env.get("MILLRACE_STRESS_SEED") ?? Date.now() % 1_000_000_000);

/** A round that takes so many seconds hangs. Counted one by one: a machine may stand still, and then no time was given. */
const ROUND_SECONDS = 40;
/** Each producer has so many numbers of its own. */
const SPAN = 1_000_000;

/** The pools of a run. Blocking tasks have threads for themselves, or they would block those whom they wait for. */
interface Pools {
  readonly suspending: Pool;
  readonly blocking: Pool;
  readonly dying: Pool;
}

/** Number of threads, and so of tasks at a time, that may block. */
const BLOCKING = 6;

class Round {
  readonly #pools: Pools;
  readonly #next: (bound: number) => number;
  readonly #channels: Channel<number>[];
  #blocked = 0;
  readonly log: string[] = [];

  constructor(pools: Pools, seed: number) {
    this.#pools = pools;
    this.#next = seeded(seed);
    this.#channels = Array.from(
      { length: 1 + this.#next(3) },
      () => new Channel(i32, [0, 1, 2, 8][this.#next(4)]!),
    );
  }

  async run(): Promise<void> {
    const channels = this.#channels;
    this.log.push(`capacities ${channels.map((channel) => channel.capacity)}`);
    const receiving = channels.map((channel) => this.#receive([channel]));
    for (let more = this.#next(4); more > 0; more--) receiving.push(this.#receive(channels));
    const sending: PromiseLike<number[]>[] = [];
    for (let p = 0, count = 1 + this.#next(6); p < count; p++) sending.push(this.#send(p * SPAN));
    const doomed = this.#next(10) === 0 ? 1 + this.#next(3) : 0;
    for (let i = 0; i < doomed; i++) await this.#doom();
    const sent = (await Promise.all(sending)).flat().sort((a, b) => a - b);
    for (const channel of channels) channel.close();
    const received = (await Promise.all(receiving)).flat().sort((a, b) => a - b);
    for (const channel of channels) channel[Symbol.dispose]();
    if (doomed === 0) assertEquals(received, sent);
    else {
      assertEquals(new Set(received).size, received.length);
      assert(received.length >= sent.length - doomed, `${sent.length - received.length} are lost`);
    }
  }

  /** One of the channels. */
  #any(channels: readonly Channel<number>[]): Channel<number> {
    return channels[this.#next(channels.length)]!;
  }

  /** Says which way of the five it is to be; those that block only while there are threads for that. */
  #choose(what: string): number {
    const way = this.#next(5);
    const blocks = way === 1 || way === 2;
    if (blocks && this.#blocked === BLOCKING) return this.#choose(what);
    if (blocks) this.#blocked++;
    this.log.push(
      `${what} ${["suspending", "blocking", "select, blocking", "impatient", "here"][way]}`,
    );
    return way;
  }

  #receive(channels: readonly Channel<number>[]): PromiseLike<number[]> {
    const { suspending, blocking } = this.#pools;
    const seed = this.#next(1000);
    const only = this.#any(channels);
    switch (this.#choose("receive")) {
      case 0:
        return suspending.go(selectAll, channels, "promise");
      case 1:
        return blocking.go(receiveAll, only, "sync") as PromiseLike<number[]>;
      case 2:
        return blocking.go(selectAll, channels, "sync");
      case 3:
        return suspending.go(receiveImpatiently, only, seed);
      default:
        return go(receiveAll, only, "promise") as PromiseLike<number[]>;
    }
  }

  #send(first: number): PromiseLike<number[]> {
    const { suspending, blocking } = this.#pools;
    const seed = this.#next(1000);
    const count = 50 + this.#next(400);
    const all = Array.from({ length: count }, (_, i) => first + i);
    const channels = this.#channels;
    const only = this.#any(channels);
    switch (this.#choose("send")) {
      case 0:
        return suspending.go(selectSend, channels, first, count, "promise").then(() => all);
      case 1:
        return blocking.go(sendRange, only, first, count, "sync").then(() => all);
      case 2:
        return blocking.go(selectSend, channels, first, count, "sync").then(() => all);
      case 3:
        return suspending.go(sendImpatiently, only, first, count, seed);
      default:
        return go(sendRange, only, first, count, "promise").then(() => all);
    }
  }

  /** Has a thread wait for a value, and die; the value that it may have received before is lost with it. */
  async #doom(): Promise<void> {
    this.log.push("a thread dies");
    using started = new Channel(i32, 1);
    using end = new Channel(i32, 1);
    const channel = this.#any(this.#channels);
    const dead = settled(this.#pools.dying.go(waitAndDie, started, channel, end).join());
    await started.receive();
    end.close();
    await dead;
  }
}

/** Runs one round, and says how to repeat it if it fails. */
async function runRound(pools: Pools, seed: number): Promise<void> {
  const round = new Round(pools, seed);
  let timer: ReturnType<typeof setInterval> | undefined;
  const late = new Promise<never>((_, reject) => {
    let left = ROUND_SECONDS;
    timer = setInterval(() => --left === 0 && reject(new Error("the round hangs")), 1000);
  });
  try {
    await Promise.race([round.run(), late]);
  } catch (error) {
    throw new Error(`round with seed ${seed}: ${round.log.join("; ")}`, { cause: error });
  } finally {
    clearInterval(timer);
  }
}

Deno.test("Channel delivers everything exactly once in a random mix of threads, forms, selects, aborts and deaths", async () => {
  console.log(`stress: seed ${firstSeed}, ${seconds} s`);
  const end = performance.now() + seconds * 1000;
  let rounds = 0;
  for (let seed = firstSeed; performance.now() < end;) {
    const pools: Pools = {
      suspending: new Pool({ threads: 1 + seed % 3, name: "suspending" }),
      blocking: new Pool({ threads: BLOCKING, name: "blocking" }),
      dying: new Pool({ threads: 1, name: "dying" }),
    };
    for (let i = 0; i < 20 && performance.now() < end; i++, seed++, rounds++) {
      await runRound(pools, seed);
    }
    await Promise.all(Object.values(pools).map((pool) => pool.close()));
  }
  console.log(`stress: ${rounds} rounds`);
  assert(rounds > 0);
});
