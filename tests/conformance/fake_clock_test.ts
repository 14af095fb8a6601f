/**
 * Under a fake clock: a test library's that replaces timers, `performance.now` and the ways to come back later, as fake-timers does. The
 * program's timers follow it; what other threads send, and goroutines that are ready, do not wait for it.
 *
 * @module
 */
import { after, Channel, go, i32, Pool, select, sleep } from "../../mod.ts";
import { assertEquals } from "../support/assert.ts";
import { produce } from "../support/tasks.ts";
import { test } from "../support/test.ts";

/** A clock that stands still: nothing that is left to it ever runs. */
function stopClock(): Disposable {
  const { queueMicrotask, setImmediate, setTimeout } = globalThis;
  const { now } = performance;
  const stopped = now.call(performance);
  Object.assign(globalThis, { queueMicrotask() {}, setImmediate() {}, setTimeout: () => 0 });
  performance.now = () => stopped;
  return {
    [Symbol.dispose]() {
      Object.assign(globalThis, { queueMicrotask, setImmediate, setTimeout });
      performance.now = now;
    },
  };
}

test("a channel between threads needs no clock", async () => {
  using _ = stopClock();
  await using pool = new Pool({ threads: 1 });
  using channel = new Channel(i32, 1);
  const produced = pool.go(produce, channel, 0, 1000);
  for (let i = 0; i < 1000; i++) assertEquals(await channel.receive(), i);
  await produced;
});

test("go() needs no clock", async () => {
  using _ = stopClock();
  assertEquals(await go(() => 1), 1);
});

test("a goroutine that is always ready goes on when the clock stands still, and when it jumps", async () => {
  const channel = new Channel<number>(1);
  using _ = stopClock();
  const before = performance.now();
  let received = 0;
  for (let i = 0; i < 100_000; i++) {
    performance.now = () => before + i * 1000;
    await channel.send(i);
    if (await channel.receive() === i) received++;
  }
  assertEquals(received, 100_000);
});

test("after() and sleep() wait for the clock", async () => {
  using _ = stopClock();
  let hasSlept = false;
  sleep(1).then(() => hasSlept = true);
  const ready = new Channel<number>(1);
  ready.trySend(1);
  const { case: first } = await select({ late: after(1), ready });
  assertEquals([first, hasSlept], ["ready", false]);
});
