/**
 * Tests of `examples/bank.ts`: its accounts on this thread and on several, and the program as a process of its own.
 *
 * @module
 */
import { trade } from "../../examples/bank.ts";
import { bankOf, type Form, open, startTeller } from "../../examples/bank/account.ts";
import { Pool } from "../../mod.ts";
import { assert, assertEquals, assertLess, assertNotEquals } from "../support/assert.ts";
import { checkUsage, runExample } from "../support/example.ts";
import { test } from "../support/test.ts";

const FORMS = ["monitor", "semaphore", "mutex", "rwmutex"] as const;

/** Alice and Bob pay in at the same time; resolves with what is there then. */
async function payInTogether(form: Form): Promise<number> {
  const account = open(form);
  const telling = startTeller(account);
  const bank = bankOf(account);
  await Promise.all([bank.deposit(200), bank.deposit(100)]);
  const balance = await bank.balance();
  if (account.form === "monitor") account.deposits.close();
  await telling;
  return balance;
}

for (const form of FORMS) {
  test(`the ${form} bank keeps both of two deposits that come at once`, async () => {
    assertEquals(await payInTogether(form), 300);
  });

  test(`the ${form} bank refuses a withdrawal of more than there is, and takes nothing`, async () => {
    const account = open(form);
    const telling = startTeller(account);
    const bank = bankOf(account);
    assertEquals(await bank.withdraw(1), false);
    await bank.deposit(100);
    const granted = await Promise.all([bank.withdraw(70), bank.withdraw(70), bank.withdraw(30)]);
    assertEquals(granted, [true, false, true]);
    assertEquals([await bank.balance(), await bank.withdraw(1)], [0, false]);
    if (account.form === "monitor") account.deposits.close();
    await telling;
  });

  test(`the ${form} bank loses nothing when threads pay in`, async () => {
    await using pool = new Pool({ threads: 3 });
    const result = await trade(form, { customers: 6, times: 500, pool });
    assertEquals(result, { balance: 3000, expected: 3000, wasOverdrawn: false });
    assertEquals(pool.stats().workers.length, 3);
  });

  test(`the ${form} bank loses nothing when all customers are on this thread`, async () => {
    const result = await trade(form, { customers: 20, times: 20 });
    assertEquals(result, { balance: 400, expected: 400, wasOverdrawn: false });
  });
}

test("the bank without a guard loses one of two deposits that come at once, and some of what happens on threads", async () => {
  assertEquals(await payInTogether("none"), 100);
  const { balance, expected } = await trade("none", { customers: 20, times: 20 });
  assertLess(balance, expected);
  await using pool = new Pool({ threads: 3 });
  const onThreads = await trade("none", { customers: 6, times: 500, pool });
  // Lost withdrawals make it more, lost deposits less.
  assertNotEquals(onThreads.balance, onThreads.expected);
});

test("bank keeps the account in all four ways, on threads", async () => {
  const { code, lines, err } = await runExample("--allow-read", "bank", "--times", "200");
  assertEquals([code, err], [0, ""]);
  assertEquals(
    lines,
    FORMS.map((form) =>
      `${form}: 4 customers on 2 threads paid in 800 times, balance 800, nothing lost`
    ),
  );
});

test("bank needs no permission without threads, and ends with 1 when money is lost", async () => {
  const options = ["--threads", "0", "--times", "10"];
  const { code, lines } = await runExample("bank", ...options, "--form", "mutex");
  assertEquals([code, lines.length], [0, 1]);
  const lost = await runExample("bank", ...options, "--form", "none");
  assertEquals([lost.code, lost.err], [1, ""]);
  assert(
    /^none: 4 customers on this thread paid in 40 times, balance \d+, not \d+$/.test(
      lost.lines[0]!,
    ),
  );
});

test("bank ends with 64 when its arguments are wrong", () =>
  checkUsage("bank", [["--form gold", "--form", "gold"], ["--threads -1", "--threads=-1"]]));
