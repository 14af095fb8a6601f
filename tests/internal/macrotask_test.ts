import { afterTurn, isBudgetSpent, macrotask } from "../../src/internal/macrotask.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Far more operations than a budget lasts for. */
const MANY = 20_000_000;

/** Counts operations until the budget is spent. */
function spend(): number {
  for (let operations = 1; operations < MANY; operations++) {
    if (isBudgetSpent()) return operations;
  }
  return MANY;
}

test("macrotask() resolves after microtasks that were queued later", async () => {
  const order: string[] = [];
  const waiting = macrotask().then(() => order.push("macrotask"));
  let microtasks = Promise.resolve();
  for (let i = 0; i < 50; i++) microtasks = microtasks.then(() => {});
  await microtasks.then(() => order.push("microtasks"));
  await waiting;
  assertEquals(order, ["microtasks", "macrotask"]);
});

test("macrotask() resolves in the order of the calls", async () => {
  const order: number[] = [];
  await Promise.all([0, 1, 2, 3].map((n) => macrotask().then(() => order.push(n))));
  assertEquals(order, [0, 1, 2, 3]);
});

test("macrotask() again and again lets a timer fire", async () => {
  let hasFired = false;
  setTimeout(() => hasFired = true, 0);
  let turns = 0;
  while (!hasFired && turns < 1_000_000) {
    await macrotask();
    turns++;
  }
  assert(hasFired);
});

test("isBudgetSpent() is true in the end when the thread never yields", async () => {
  await afterTurn(undefined);
  assert(spend() < MANY);
});

test("isBudgetSpent() is false for the operations between two looks at the clock", async () => {
  await afterTurn(undefined);
  spend();
  const looks = Array.from({ length: 100_000 }, isBudgetSpent).filter((isSpent) => isSpent);
  // Looks come more often after a thread has stood still, and then soon no more.
  assert(looks.length < 10_000);
});

test("afterTurn() yields its value after a turn of the event loop", async () => {
  let hasTurned = false;
  setTimeout(() => hasTurned = true, 0);
  while (!hasTurned) assertStrictEquals(await afterTurn("value"), "value");
  assert(hasTurned);
});
