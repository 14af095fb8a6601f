/**
 * Timers. What is asserted of time is that nothing comes before its deadline; how long after, the machine decides. A sleep
 * here makes a deadline pass, and stands for nothing else.
 */
import { after, afterFunc, Channel, never, select, sleep, Timer, trySelect } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import { settled, takeAll } from "./waiting.ts";

/** Longer than the engine's own timers take: these fire at once instead. */
const BEYOND = [2 ** 31, 2 ** 32 + 5, 2 ** 53, 1e300, Infinity];

/** What is no duration: the value and the error. */
const BAD: readonly [unknown, typeof TypeError | typeof RangeError][] = [
  [NaN, RangeError],
  ["5", TypeError],
  [undefined, TypeError],
  [null, TypeError],
  [5n, TypeError],
  [new Date(0), TypeError],
];

// ---- after

test("after() yields a Date, not before its delay is over (crossbeam after/fire)", async () => {
  const start = performance.now();
  const time = await after(20).receive();
  assertGreaterOrEqual(performance.now() - start, 20);
  assertInstanceOf(time, Date);
});

test("after() counts from the call, not from the receive", async () => {
  const channel = after(5);
  await sleep(5);
  assertStrictEquals(channel.tryReceive().state, "ok");
});

test("after() yields once (crossbeam after/recv)", async () => {
  const channel = after(1);
  await channel.receive();
  await sleep(2);
  assertEquals(channel.tryReceive(), { state: "empty" });
});

test("after() is empty before its delay is over (crossbeam after/try_recv)", () => {
  assertEquals(after(2 ** 31).tryReceive(), { state: "empty" });
});

test("after() is never closed", async () => {
  const channel = after(0);
  await channel.receive();
  assertStrictEquals(channel.closed, false);
});

for (const delayMs of [0, -1, -Infinity]) {
  test(`after(${delayMs}) is due at once`, () => {
    assertStrictEquals(after(delayMs).tryReceive().state, "ok");
  });
}

test("after() yields to one of two receivers (crossbeam after/recv_two)", async () => {
  const channel = after(1);
  const abort = new AbortController();
  const receives = [1, 2].map(() => channel.receive({ signal: abort.signal }));
  await Promise.race(receives);
  abort.abort("enough");
  const ends = await Promise.all(receives.map(settled));
  assertStrictEquals(ends.filter((end) => "value" in end).length, 1);
});

test("after() limits a select (crossbeam after/select)", async () => {
  const answers = new Channel<number>();
  assertStrictEquals((await select({ answers, late: after(1) })).case, "late");
});

test("after() that loses a select changes nothing", async () => {
  const answers = new Channel<number>(1);
  answers.trySend(1);
  assertStrictEquals((await select({ answers, late: after(2 ** 31) })).case, "answers");
});

test("several after() come in the order of their deadlines", async () => {
  const order: number[] = [];
  await Promise.all([30, 10, 20].map(async (ms) => {
    await after(ms).receive();
    order.push(ms);
  }));
  assertEquals(order, [10, 20, 30]);
});

for (const delayMs of BEYOND) {
  test(`after(${delayMs}) does not come at once`, async () => {
    const got = await select({ far: after(delayMs), near: after(5) });
    assertStrictEquals(got.case, "near");
  });
}

for (const [delay, errorClass] of BAD) {
  test(`after() refuses ${String(delay)} of type ${typeof delay}, at the call`, () => {
    assertThrows(() => after(delay as number), errorClass);
  });
}

test("never() is neither ready nor closed (crossbeam never/smoke)", async () => {
  const channel = never();
  assertEquals([channel.closed, channel.tryReceive()], [false, { state: "empty" }]);
  assertStrictEquals((await select({ never: channel, near: after(1) })).case, "near");
});

// ---- sleep

test("sleep() resolves, not before its time is over", async () => {
  const start = performance.now();
  assertStrictEquals(await sleep(20), undefined);
  assertGreaterOrEqual(performance.now() - start, 20);
});

test("sleep() with an aborted signal rejects, even when there is nothing to wait for", async () => {
  const reason = new Error("stop");
  const end = await assertRejects(() => sleep(0, { signal: AbortSignal.abort(reason) }));
  assertStrictEquals(end, reason);
});

test("sleep() rejects with the reason when aborted", async () => {
  const abort = new AbortController();
  const sleeping = settled(sleep(2 ** 31, { signal: abort.signal }));
  abort.abort("stop");
  assertEquals(await sleeping, { reason: "stop" });
});

test("sleep() is not undone by an abort that comes after it", async () => {
  const abort = new AbortController();
  const sleeping = sleep(0, { signal: abort.signal });
  await sleeping;
  abort.abort();
  assertStrictEquals(await sleeping, undefined);
});

for (const durationMs of BEYOND) {
  test(`sleep(${durationMs}) does not end at once`, async () => {
    const abort = new AbortController();
    const sleeping = settled(sleep(durationMs, { signal: abort.signal }));
    await sleep(5);
    abort.abort("still asleep");
    assertEquals(await sleeping, { reason: "still asleep" });
  });
}

for (const [duration, errorClass] of BAD) {
  test(`sleep() refuses ${String(duration)} of type ${typeof duration}, at the call`, () => {
    assertThrows(() => sleep(duration as number), errorClass);
  });
}

test("sleep() refuses what is no signal, at the call", () => {
  assertThrows(() => sleep(1, { signal: {} as AbortSignal }), TypeError, "AbortSignal");
});

// ---- Timer

test("Timer.channel yields once, not before the timer is due", async () => {
  const start = performance.now();
  const timer = new Timer(10);
  assertInstanceOf(await timer.channel.receive(), Date);
  assertGreaterOrEqual(performance.now() - start, 10);
  await sleep(15);
  assertEquals(timer.channel.tryReceive(), { state: "empty" });
});

test("Timer.stop() is true while the timer runs, and false after that", () => {
  const timer = new Timer(2 ** 31);
  assertEquals([timer.stop(), timer.stop()], [true, false]);
});

test("Timer.stop() is false once the value has been received", async () => {
  const timer = new Timer(0);
  await timer.channel.receive();
  assertStrictEquals(timer.stop(), false);
});

test("Timer.stop() is true when it drops a value that is due and unread", async () => {
  const timer = new Timer(1);
  await sleep(2);
  assertStrictEquals(timer.stop(), true);
});

test("Timer.stop() drops a value that is due and unread", async () => {
  const timer = new Timer(1);
  await sleep(2);
  timer.stop();
  assertEquals(timer.channel.tryReceive(), { state: "empty" });
});

test("Timer.stop() keeps the timer from coming to those who wait", async () => {
  const timer = new Timer(5);
  const selecting = select({ timer: timer.channel, later: after(15) });
  timer.stop();
  assertStrictEquals((await selecting).case, "later");
});

test("Timer.stop() does not close the channel", () => {
  const timer = new Timer(1);
  timer.stop();
  assertEquals([timer.channel.closed, timer.channel.tryReceive()], [false, { state: "empty" }]);
});

test("Timer.reset() is true while the timer runs", () => {
  using timer = new Timer(2 ** 31);
  assertStrictEquals(timer.reset(2 ** 31), true);
});

test("Timer.reset() is false when the timer was stopped", () => {
  using timer = new Timer(2 ** 31);
  timer.stop();
  assertStrictEquals(timer.reset(2 ** 31), false);
});

test("Timer.reset() is false once the value has been received", async () => {
  using timer = new Timer(0);
  await timer.channel.receive();
  assertStrictEquals(timer.reset(2 ** 31), false);
});

test("Timer.reset() is true when it drops a value that is due and unread", async () => {
  using timer = new Timer(1);
  await sleep(2);
  assertStrictEquals(timer.reset(2 ** 31), true);
});

test("Timer.reset() drops a value that is due and unread", async () => {
  using timer = new Timer(1);
  await sleep(2);
  timer.reset(2 ** 31);
  assertEquals(timer.channel.tryReceive(), { state: "empty" });
});

test("Timer.reset() starts a timer anew that has come", async () => {
  const timer = new Timer(0);
  await timer.channel.receive();
  const start = performance.now();
  timer.reset(10);
  await timer.channel.receive();
  assertGreaterOrEqual(performance.now() - start, 10);
});

test("Timer.reset() to a later time puts off those who wait", async () => {
  const timer = new Timer(1);
  const start = performance.now();
  const receiving = timer.channel.receive();
  timer.reset(20);
  await receiving;
  assertGreaterOrEqual(performance.now() - start, 20);
});

test("Timer.reset() to an earlier time reaches those who wait", async () => {
  const timer = new Timer(2 ** 31);
  const receiving = timer.channel.receive();
  timer.reset(1);
  assertInstanceOf(await receiving, Date);
});

test("Timer.reset() again and again yields one value", async () => {
  const timer = new Timer(1);
  for (let round = 0; round < 10; round++) timer.reset(1);
  await timer.channel.receive();
  await sleep(3);
  assertEquals(takeAll(timer.channel), []);
});

test("Timer[Symbol.dispose]() stops the timer", async () => {
  const timer = new Timer(1);
  timer[Symbol.dispose]();
  timer[Symbol.dispose]();
  await sleep(2);
  assertEquals(timer.channel.tryReceive(), { state: "empty" });
});

for (const [delay, errorClass] of BAD) {
  test(`new Timer() refuses ${String(delay)} of type ${typeof delay}`, () => {
    assertThrows(() => new Timer(delay as number), errorClass);
  });

  test(`Timer.reset() refuses ${String(delay)} of type ${typeof delay} and leaves the timer`, () => {
    using timer = new Timer(2 ** 31);
    assertThrows(() => timer.reset(delay as number), errorClass);
    assertStrictEquals(timer.stop(), true);
  });
}

for (const delayMs of BEYOND.filter(Number.isFinite)) {
  test(`new Timer(${delayMs}) does not come at once`, async () => {
    using timer = new Timer(delayMs);
    assertStrictEquals((await select({ timer: timer.channel, near: after(5) })).case, "near");
    assertStrictEquals(timer.stop(), true);
  });
}

// ---- afterFunc

test("afterFunc() calls the function once, not before its delay is over", async () => {
  const start = performance.now();
  const calls = new Channel<number>(10);
  afterFunc(20, () => calls.trySend(performance.now() - start));
  assertGreaterOrEqual(await calls.receive() ?? 0, 20);
  await sleep(25);
  assertEquals(takeAll(calls), []);
});

test("afterFunc() does not call within its own call", async () => {
  const called = new Channel<string>(2);
  afterFunc(0, () => called.trySend("called"));
  called.trySend("returned");
  assertEquals([await called.receive(), await called.receive()], ["returned", "called"]);
});

test("afterFunc() gives a timer whose stop() prevents the call", async () => {
  let calls = 0;
  const timer = afterFunc(1, () => calls++);
  assertStrictEquals(timer.stop(), true);
  await sleep(5);
  assertStrictEquals(calls, 0);
});

test("afterFunc() gives a timer whose stop() is false after the call", async () => {
  const called = new Channel<void>();
  const timer = afterFunc(0, () => called.close());
  await called.receive();
  assertEquals([timer.stop(), timer.stop()], [false, false]);
});

test("afterFunc() gives a timer whose reset() calls again", async () => {
  const calls = new Channel<number>(2);
  const timer = afterFunc(0, () => calls.trySend(1));
  await calls.receive();
  assertStrictEquals(timer.reset(0), false);
  assertStrictEquals(await calls.receive(), 1);
});

test("afterFunc() gives a timer whose reset() puts the call off", async () => {
  const start = performance.now();
  const called = new Channel<number>(2);
  const timer = afterFunc(1, () => called.trySend(performance.now() - start));
  assertStrictEquals(timer.reset(20), true);
  assertGreaterOrEqual(await called.receive() ?? 0, 20);
});

test("afterFunc() gives a timer that its own function may reset", async () => {
  const calls = new Channel<number>(3);
  const timer = afterFunc(0, () => {
    if (calls.trySend(calls.size) && calls.size < 3) timer.reset(0);
    else calls.close();
  });
  const got: number[] = [];
  for await (const call of calls) {
    got.push(call);
    await sleep(0);
    if (got.length === 3) break;
  }
  timer.stop();
  assertStrictEquals(got.length, 3);
});

test("afterFunc() gives a timer whose channel never yields", async () => {
  const called = new Channel<void>();
  const timer = afterFunc(0, () => called.close());
  await called.receive();
  assertEquals(trySelect({ timer: timer.channel }), undefined);
});

test("afterFunc() gives a timer that is stopped by its disposal", async () => {
  let calls = 0;
  {
    using _ = afterFunc(1, () => calls++);
  }
  await sleep(5);
  assertStrictEquals(calls, 0);
});

for (const delayMs of BEYOND) {
  test(`afterFunc(${delayMs}) does not call at once`, async () => {
    let calls = 0;
    using timer = afterFunc(delayMs, () => calls++);
    await sleep(5);
    assertStrictEquals(calls, 0);
    assert(timer.stop());
  });
}

for (const [delay, errorClass] of BAD) {
  test(`afterFunc() refuses ${String(delay)} of type ${typeof delay}, at the call`, () => {
    assertThrows(() => afterFunc(delay as number, () => {}), errorClass);
  });
}

for (const fn of [undefined, null, "fn", {}]) {
  test(`afterFunc() refuses ${JSON.stringify(fn)} as a function, at the call`, () => {
    assertThrows(() => afterFunc(1, fn as never), TypeError, "expected a function");
  });
}
