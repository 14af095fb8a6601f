/**
 * Keeps a bank account in four ways while customers on several threads pay in and take out: a monitor goroutine, a channel as a semaphore, a
 * Mutex and an RWMutex.
 *
 * ```
 *                 monitor                                semaphore, mutex, rwmutex
 *   customers ── deposits ────▶ teller         customers ── lock ──▶ balance, in shared memory
 *             ── withdrawals ─▶ (balance)                ◀─ unlock ──
 *             ◀─ balances ─────
 * ```
 *
 * - Each customer is a goroutine. When all have come, each pays in 2 and takes out 1, again and again; in the end there has to be one for each time.
 * - Somebody who wants more than there is gets nothing, and nobody ever sees a balance below 0.
 * - `--form none` shows what the guards are for: two customers read the same balance, and one of their deposits is lost.
 *
 * Run it as `deno run --allow-read examples/bank.ts [--form all|monitor|semaphore|mutex|rwmutex|none] [--customers N] [--times N]
 * [--threads N]`. With `--threads 0` all customers are on this thread, and no permission is needed: the others read their code.
 *
 * | exit code | when                       |
 * | --------- | -------------------------- |
 * | 0         | nothing was lost           |
 * | 1         | some of the money was lost |
 * | 64        | the arguments are wrong    |
 *
 * @module
 */
import { CyclicBarrier, go, Pool } from "../mod.ts";
import { bankOf, type Form, open, startTeller } from "./bank/account.ts";
import { customer } from "./bank/customer.ts";
import { oneOf, program, whole } from "./support/program.ts";
import { count } from "./support/screen.ts";

/** Who comes to the bank. */
export interface Business {
  readonly customers: number;
  /** How often each pays in. */
  readonly times: number;
  /** Where they are; none: on this thread. */
  readonly pool?: Pool | undefined;
}

/** What has become of the money. */
export interface Result {
  readonly balance: number;
  /** What there should be. */
  readonly expected: number;
  /** Whether more was given than there was. */
  readonly wasOverdrawn: boolean;
}

/** Opens an account, lets the customers come and go, and closes it. */
export async function trade(form: Form, { customers, times, pool }: Business): Promise<Result> {
  const account = open(form);
  const telling = startTeller(account);
  using door = new CyclicBarrier(customers);
  const coming = Array.from(
    { length: customers },
    () =>
      pool === undefined
        ? go(customer, account, times, door)
        : pool.go(customer, account, times, door),
  );
  // Each customer has paid in more than it takes out: only a lost deposit can be missed.
  let refused = 0;
  for (const each of coming) refused += await each;
  const bank = bankOf(account);
  const balance = await bank.balance();
  const wasOverdrawn = await bank.withdraw(balance + 1) || await bank.balance() !== balance;
  if (account.form === "monitor") account.deposits.close();
  await telling;
  return { balance, expected: customers * times + refused, wasOverdrawn };
}

const ALL = ["monitor", "semaphore", "mutex", "rwmutex"] as const;

await program(
  import.meta,
  {
    form: oneOf("all", ...ALL, "none"),
    customers: whole(4, 1, 1000),
    times: whole(1000, 1, 1_000_000),
    threads: whole(2, 0, 256),
  },
  async ({ form, customers, times, threads }) => {
    await using pool = threads === 0 ? undefined : new Pool({ threads });
    const where = pool === undefined ? "on this thread" : `on ${count(threads, "thread")}`;
    let exitCode = 0;
    for (const each of form === "all" ? ALL : [form]) {
      const { balance, expected, wasOverdrawn } = await trade(each, { customers, times, pool });
      const isRight = balance === expected && !wasOverdrawn;
      if (!isRight) exitCode = 1;
      console.log(
        `${each}: ${count(customers, "customer")} ${where} paid in ${
          count(customers * times, "time")
        }, balance ${number(balance)}, ${isRight ? "nothing lost" : `not ${number(expected)}`}`,
      );
    }
    return exitCode;
  },
);

function number(n: number): string {
  return n.toLocaleString("en-US");
}
