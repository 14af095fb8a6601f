/**
 * Fan-out and fan-in: a search for primes among random numbers, by one thread and then by all of them.
 *
 * ```
 *                       ┌─▶ finder, thread 1 ─┐
 *   random ── numbers ──┼─▶ finder, thread 2 ─┼── fanIn ── take N ─▶ printed
 *                       └─▶ finder, thread 3 ─┘
 * ```
 *
 * - Fan-out: the finders receive from the same channel, and who is free takes the next number. It is a typed channel, and so are those of the
 *   primes: one object in shared memory that all threads use.
 * - Fan-in: each finder has a channel of its own for its primes, and closes it.
 * - The context reaches the threads as well. When N primes are there it ends, and with it the finders, in the middle of a wait or after the
 *   number that they are trying.
 * - Both searches get the same numbers. With several finders a prime that is quickly found overtakes one that is not, so the last of the N
 *   may be others.
 *
 * Run it as `deno run --allow-read examples/primes.ts [--count N] [--threads N] [--max N] [--seed N]`: N primes, 10 unless it says otherwise,
 * of numbers up to 300,000,000. SIGINT and SIGTERM stop it.
 *
 * | exit code | when                       |
 * | --------- | -------------------------- |
 * | 0         | the primes were found      |
 * | 64        | the arguments are wrong    |
 * | 130, 143  | SIGINT, SIGTERM stopped it |
 *
 * @module
 */
import { Channel, go, GOMAXPROCS, Pool, select, send, u32 } from "../mod.ts";
import { type Context, withCancel } from "../src/context/mod.ts";
import { fanIn, take } from "../src/patterns/mod.ts";
import { findPrimes } from "./primes/finder.ts";
import { exitCodeOf, program, untilSignal, whole } from "./support/program.ts";
import { count, Screen } from "./support/screen.ts";

/** Larger numbers than this would take seconds each, and so would the end at a signal. */
const MAX_NUMBER = 500_000_000;

/** What to look for. */
export interface Search {
  /** How many primes. */
  readonly count: number;
  /** How many finders, each on a thread of its own. */
  readonly threads: number;
  /** No number is larger. */
  readonly max: number;
  /** What the random numbers start from. */
  readonly seed: number;
}

/** What has been found. */
export interface Found {
  readonly primes: readonly number[];
  readonly seconds: number;
}

/**
 * Searches until enough primes are found, and all finders have ended.
 *
 * @param parent Ends it early.
 * @param found Called with each prime.
 */
export async function search(
  parent: Context,
  { count, threads, max, seed }: Search,
  found: (prime: number) => void = () => {},
): Promise<Found> {
  const [ctx, cancel] = withCancel(parent);
  await using pool = new Pool({ threads });
  using numbers = new Channel(u32, threads);
  const startedAt = performance.now();

  const sending = go(async () => {
    for (const number of randomNumbers(max, seed)) {
      const got = await select({ sent: send(numbers, number), stop: ctx.done });
      if (got.case === "stop") return;
    }
  });
  const streams = Array.from({ length: threads }, () => new Channel(u32));
  const finders = streams.map((primes) => pool.go(findPrimes, ctx, numbers, primes));

  const primes: number[] = [];
  for await (const prime of take(ctx.done, fanIn(ctx.done, ...streams), count)) {
    primes.push(prime);
    found(prime);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  cancel();
  await Promise.all([sending, ...finders]);
  for (const stream of streams) stream[Symbol.dispose]();
  return { primes, seconds };
}

/** Numbers from 1 to `max`, the same for the same seed. */
export function* randomNumbers(max: number, seed: number): Generator<number> {
  let state = seed >>> 0;
  for (;;) {
    // Mulberry32: small, and random enough to look at.
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    yield 1 + Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * max);
  }
}

await program(
  import.meta,
  {
    count: whole(10, 1, 1_000_000),
    threads: whole(GOMAXPROCS(), 1, 256),
    max: whole(300_000_000, 2, MAX_NUMBER),
    seed: whole(1, 0, 999_999_999),
  },
  untilSignal(async ({ count: wanted, threads, max, seed }, ctx) => {
    const { print, showProgress } = new Screen("primes");
    const times: number[] = [];
    for (const each of [1, threads]) {
      print(`${count(each, "thread")}:`);
      let found = 0;
      showProgress(`0 of ${wanted}`);
      const plan = { count: wanted, threads: each, max, seed };
      const { seconds } = await search(ctx, plan, (prime) => {
        showProgress(`${++found} of ${wanted}`);
        print(`  ${prime}`);
      });
      showProgress("");
      if (ctx.err !== undefined) return exitCodeOf(ctx);
      print(`  ${seconds.toFixed(2)} s`);
      times.push(seconds);
    }
    print(`speed-up ${(times[0]! / times[1]!).toFixed(2)}`);
    return 0;
  }),
);
