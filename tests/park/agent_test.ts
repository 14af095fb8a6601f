import { Channel, i32 } from "../../mod.ts";
import { core } from "../../src/memory/core.ts";
import { SIGNAL_RECHECK } from "../../src/memory/layout.ts";
import { type Addressee, agent } from "../../src/park/agent.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Somebody who writes down what comes for them. */
class Recorder implements Addressee {
  readonly arrivals: number[] = [];
  rechecks = 0;

  arrived(ptr: number): void {
    this.arrivals.push(ptr);
  }

  recheck(): void {
    this.rechecks++;
  }
}

test("agent() is the same one every time, and stands on this thread's core", () => {
  assertStrictEquals(agent(), agent());
  assertStrictEquals(agent().core, core());
});

test("Agent.enroll() gives each a number of their own", () => {
  const numbers = Array.from({ length: 100 }, () => agent().enroll(new Recorder()));
  for (const number of numbers) agent().dismiss(number);
  assertStrictEquals(new Set(numbers).size, 100);
});

test("Agent.enroll() never gives 0, which names nobody", () => {
  const numbers = Array.from({ length: 10 }, () => agent().enroll(new Recorder()));
  for (const number of numbers) agent().dismiss(number);
  assert(!numbers.includes(0));
});

test("Agent.dismiss() gives a number back to be used again", () => {
  const first = agent().enroll(new Recorder());
  agent().dismiss(first);
  const second = agent().enroll(new Recorder());
  agent().dismiss(second);
  assertStrictEquals(second, first);
});

test("Agent.waiting counts those that something may still come for", () => {
  const before = agent().waiting;
  const numbers = [1, 2, 3].map(() => agent().enroll(new Recorder()));
  const during = agent().waiting;
  for (const number of numbers) agent().dismiss(number);
  assertEquals([during - before, agent().waiting - before], [3, 0]);
});

test("Agent.drain() hands a fired waiter to the one whose number it bears", () => {
  const { fn, agent: self } = core();
  const recorders = [new Recorder(), new Recorder()];
  const numbers = recorders.map((each) => agent().enroll(each));
  const waiter = fn.waiterNew(self, numbers[1]!, 1) >>> 0;
  const queue = fn.allocate(16) >>> 0;
  core().u8.fill(0, queue, queue + 16);
  fn.queueEnter(queue, waiter, 0, 0, 0);
  fn.queueWake(queue, self);
  agent().drain();
  for (const number of numbers) agent().dismiss(number);
  fn.free(waiter);
  fn.free(queue);
  assertEquals(recorders.map(({ arrivals }) => arrivals), [[], [waiter]]);
});

test("Agent hands out what arrives though nobody drains: the doorbell wakes the event loop", async () => {
  const { fn, agent: self } = core();
  const { promise, resolve } = Promise.withResolvers<number>();
  // A wait alone keeps no event loop going.
  const keepAlive = setTimeout(() => {}, 60_000);
  const number = agent().enroll({ arrived: resolve, recheck() {} });
  const waiter = fn.waiterNew(self, number, 1) >>> 0;
  const queue = fn.allocate(16) >>> 0;
  core().u8.fill(0, queue, queue + 16);
  fn.queueEnter(queue, waiter, 0, 0, 0);
  // As another thread would, whose own agent is a different one: the doorbell is rung.
  await Promise.resolve();
  fn.queueWake(queue, 0);
  assertStrictEquals(await promise, waiter);
  clearTimeout(keepAlive);
  agent().dismiss(number);
  fn.free(waiter);
  fn.free(queue);
});

test("a signal to look again reaches everybody who waits", () => {
  const recorders = [new Recorder(), new Recorder()];
  const numbers = recorders.map((each) => agent().enroll(each));
  core().fn.agentSignal(core().agent, SIGNAL_RECHECK);
  agent().drain();
  for (const number of numbers) agent().dismiss(number);
  assertEquals(recorders.map(({ rechecks }) => rechecks), [1, 1]);
});

test("waits that look again for nothing go on waiting", async () => {
  using channel = new Channel(i32, 3);
  const receives = [1, 2, 3].map(() => channel.receive());
  for (let round = 0; round < 5; round++) {
    core().fn.agentSignal(core().agent, SIGNAL_RECHECK);
    agent().drain();
  }
  for (const value of [1, 2, 3]) channel.trySend(value);
  assertEquals((await Promise.all(receives)).sort(), [1, 2, 3]);
});

test("Agent.block() ends when its time is over", () => {
  const start = performance.now();
  agent().block(5);
  assert(performance.now() - start >= 5);
});

test("Agent.block() ends at once when something has arrived", () => {
  const recorder = new Recorder();
  const number = agent().enroll(recorder);
  core().fn.agentSignal(core().agent, SIGNAL_RECHECK);
  // Without limit: a signal that was missed would show as a test that never ends.
  agent().block(-1);
  agent().dismiss(number);
  assertStrictEquals(recorder.rechecks, 1);
});

test("Agent listens on after it has blocked", async () => {
  using channel = new Channel(i32, 1);
  const receiving = channel.receive();
  await Promise.resolve();
  agent().block(1);
  channel.trySend(5);
  assertStrictEquals(await receiving, 5);
});

test("Who is told goes on before the thread sleeps again: what has come by then needs no bell", async () => {
  const { fn, agent: self } = core();
  const { waitAsync } = Atomics as { waitAsync?: (...args: unknown[]) => unknown };
  let sleeps = 0;
  Reflect.set(Atomics, "waitAsync", (...args: unknown[]) => {
    sleeps++;
    return waitAsync!.apply(Atomics, args);
  });
  // A wait alone keeps no event loop going.
  const keepAlive = setTimeout(() => {}, 60_000);
  // As whoever has a pool: it listens whether somebody waits or not.
  const listener = {};
  agent().addListener(listener);
  try {
    for (let i = 0; i < 50; i++) {
      const rung = agent().rung();
      fn.agentSignal(self, SIGNAL_RECHECK);
      await rung;
    }
    assertEquals(sleeps, 0);
  } finally {
    clearTimeout(keepAlive);
    agent().removeListener(listener);
    Reflect.set(Atomics, "waitAsync", waitAsync);
  }
});
