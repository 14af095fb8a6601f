/**
 * The concurrent prime sieve: a chain of goroutines that grows by one with each prime, and is gone as a whole afterwards.
 *
 * ```
 *   count ─ 2 3 4 5 … ─▶ sift 2 ─ 3 5 7 9 … ─▶ sift 3 ─ 5 7 11 … ─▶ … ─▶ the first to come is a prime
 *     ▲                    ▲                     ▲
 *     └────────────────────┴─────────────────────┴── ctx.done: nobody sends or receives any more
 * ```
 *
 * Each link receives from the one before, and passes on what its prime does not divide. What comes out of the last is divided by no smaller
 * prime, so it is one; it gets a link of its own. In Go the chain stays behind, blocked for ever, when enough primes are found. Here each
 * wait is one for the end of the context as well.
 *
 * Run it as `deno run examples/sieve.ts [--count N]`: the first N primes, 25 unless it says otherwise. SIGINT and SIGTERM stop it.
 *
 * | exit code | when                                            |
 * | --------- | ----------------------------------------------- |
 * | 0         | the primes were found                           |
 * | 64        | the arguments are wrong                         |
 * | 130, 143  | SIGINT, SIGTERM stopped it, and the whole chain |
 *
 * @module
 */
import process from "node:process";
import { Channel, type ReceiveChannel, select, send, type SendChannel, WaitGroup } from "../mod.ts";
import { type Context, withCancel } from "../src/context/mod.ts";
import { exitCodeOf, program, untilSignal, whole } from "./support/program.ts";
import { count, Screen } from "./support/screen.ts";

/** Primes that may be asked for: each costs a goroutine, and all numbers before it pass through the chain. */
const MAX_COUNT = 10_000;

/** What has become of the goroutines. */
export interface Chain {
  /** How many there have been. */
  readonly started: number;
  /** How many of them have ended. */
  readonly ended: number;
}

/**
 * Finds the first `wanted` primes, and ends the chain.
 *
 * @param parent Ends it early.
 * @param found Called with each prime.
 */
export async function sieve(
  parent: Context,
  wanted: number,
  found: (prime: number) => void,
): Promise<Chain> {
  const [ctx, cancel] = withCancel(parent);
  using links = new WaitGroup();
  let [started, ended] = [0, 0];
  const link = (run: (out: SendChannel<number>) => Promise<void>): ReceiveChannel<number> => {
    const out = new Channel<number>();
    started++;
    links.go(async () => {
      await run(out);
      ended++;
    });
    return out;
  };

  let numbers = link((out) => countFrom(2, ctx, out));
  for (let left = wanted; left > 0; left--) {
    const got = await select({ number: numbers, stop: ctx.done });
    if (got.case === "stop") break;
    const prime = got.value!;
    found(prime);
    const before = numbers;
    numbers = link((out) => sift(prime, ctx, before, out));
  }
  cancel();
  await links.wait();
  return { started, ended };
}

/** Sends `first` and all numbers after it. */
async function countFrom(first: number, ctx: Context, out: SendChannel<number>): Promise<void> {
  for (let number = first;; number++) {
    const got = await select({ sent: send(out, number), stop: ctx.done });
    if (got.case === "stop") return;
  }
}

/** Passes on the numbers that `prime` does not divide. */
async function sift(
  prime: number,
  ctx: Context,
  numbers: ReceiveChannel<number>,
  out: SendChannel<number>,
): Promise<void> {
  for (;;) {
    const got = await select({ number: numbers, stop: ctx.done });
    if (got.case === "stop") return;
    const number = got.value!;
    if (number % prime === 0) continue;
    const passed = await select({ sent: send(out, number), stop: ctx.done });
    if (passed.case === "stop") return;
  }
}

await program(
  import.meta,
  { count: whole(25, 0, MAX_COUNT) },
  untilSignal(async ({ count: wanted }, ctx) => {
    const { print } = new Screen("sieve");
    const { started, ended } = await sieve(ctx, wanted, (prime) => print(String(prime)));
    process.stderr.write(`${count(started, "goroutine")}, ${started - ended} left\n`);
    return exitCodeOf(ctx);
  }),
);
