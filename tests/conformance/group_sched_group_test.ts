/**
 * `SchedGroup`: functions at their time.
 *
 * @module
 */
import { Channel, LockMisuseError } from "../../mod.ts";
import { background, withCancel, withTimeout } from "../../src/context/mod.ts";
import { SchedGroup } from "../../src/group/mod.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { runScript } from "../support/scripts.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { isPending, seeded, settled, turn } from "./waiting.ts";

/** The date `ms` from now. */
function fromNow(ms: number): Date {
  return new Date(Date.now() + ms);
}

// ---- time and order

test("SchedGroup.delay() runs its function after the delay, not before, and never inside the call", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  const log: string[] = [];
  group.delay(50, () => log.push("50"));
  group.delay(0, () => log.push("0"));
  group.delay(-5, () => log.push("-5"));
  assertEquals(log, []);
  await time.pass(49);
  assertEquals(log.toSorted(), ["-5", "0"]);
  await time.pass(1);
  assertEquals(log.slice(2), ["50"]);
  await group.wait();
});

test("SchedGroup.schedule() runs its function at the date, and at once when that is over", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  const log: string[] = [];
  group.schedule(fromNow(50), () => log.push("50"));
  group.schedule(new Date(0), () => log.push("1970"));
  group.schedule(fromNow(-1), () => log.push("-1"));
  assertEquals(log, []);
  await time.pass(1);
  assertEquals(log, ["1970", "-1"]);
  await time.pass(48);
  assertEquals(log.length, 2);
  await time.pass(1);
  assertEquals(log[2], "50");
  await group.wait();
});

test("SchedGroup runs functions in the order of their times, and of the calls where these are equal", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  const log: number[] = [];
  const start = Date.now();
  const times = [30, 10, 20, 10, 30, 20, 10];
  times.forEach((ms, index) => {
    if (index % 2 === 0) group.delay(ms, () => log.push(index));
    else group.schedule(new Date(start + ms), () => log.push(index));
  });
  await time.pass(100);
  assertEquals(log, [1, 3, 6, 2, 5, 0, 4]);
  await group.wait();
});

test("SchedGroup runs functions of one date in the order of the calls, by the real clocks", async () => {
  const group = new SchedGroup();
  const log: number[] = [];
  const date = fromNow(20);
  for (let i = 0; i < 2000; i++) group.schedule(date, () => log.push(i));
  await group.wait();
  assertEquals(log, Array.from({ length: 2000 }, (_, i) => i));
  assert(Date.now() >= date.getTime());
});

test("SchedGroup sorts a random mix of delays", async () => {
  using time = virtualTime();
  const random = seeded(20190527);
  const group = new SchedGroup();
  const got: number[] = [];
  const given: number[] = [];
  for (let i = 0; i < 5000; i++) {
    const ms = random(1000);
    given.push(ms);
    group.delay(ms, () => {
      assertEquals(performance.now() >= ms, true);
      got.push(ms);
    });
  }
  await time.pass(1000);
  assertEquals(got, given.sort((a, b) => a - b));
  await group.wait();
});

test("SchedGroup keeps one timer, whatever is in it", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  let ran = 0;
  for (let i = 1000; i > 0; i--) group.delay(i, () => ran++);
  assertStrictEquals(time.timers, 1);
  await time.pass(500);
  assertEquals([time.timers, ran], [1, 500]);
  const waited = group.wait();
  await time.pass(500);
  await waited;
  assertEquals([time.timers, ran], [0, 1000]);
});

test("SchedGroup.delay() takes delays beyond 2^31 ms", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  let ran = 0;
  group.delay(2 ** 31 + 10, () => ran++);
  group.schedule(fromNow(2 ** 33), () => ran++);
  await time.pass(2 ** 31 + 9);
  assertStrictEquals(ran, 0);
  await time.pass(1);
  assertStrictEquals(ran, 1);
  await time.pass(2 ** 33 - 2 ** 31 - 11);
  assertStrictEquals(ran, 1);
  await time.pass(1);
  assertStrictEquals(ran, 2);
  await group.wait();
});

test("SchedGroup runs what a function adds, in its time", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  const log: string[] = [];
  group.delay(10, () => {
    log.push("first");
    group.delay(5, () => log.push("third"));
    group.delay(0, () => log.push("second"));
  });
  await time.pass(14);
  assertEquals(log, ["first", "second"]);
  await time.pass(1);
  assertEquals(log, ["first", "second", "third"]);
});

test("SchedGroup.schedule() does not run its function early when the clock is set back", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  const log: string[] = [];
  const date = fromNow(1000);
  group.schedule(date, () => log.push("date"));
  group.delay(1000, () => log.push("delay"));
  time.setDate(Date.now() - 500);
  await time.pass(1000);
  assertEquals(log, ["delay"]);
  await time.pass(499);
  assertEquals(log, ["delay"]);
  await time.pass(1);
  assertEquals(log, ["delay", "date"]);
  assertStrictEquals(Date.now(), date.getTime());
});

test("SchedGroup.schedule() goes by the clock as it is at the call", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  let ran = 0;
  group.schedule(fromNow(10), () => ran++);
  await time.pass(10);
  time.setDate(Date.now() + 1e9);
  group.schedule(fromNow(10), () => ran++);
  await time.pass(9);
  assertStrictEquals(ran, 1);
  await time.pass(1);
  assertStrictEquals(ran, 2);
});

// ---- waiting

test("SchedGroup.wait() resolves at once when there is nothing", async () => {
  assertStrictEquals(await new SchedGroup().wait(), undefined);
});

test("SchedGroup.wait() waits for asynchronous functions to end", async () => {
  const group = new SchedGroup();
  const end = new Channel<void>();
  group.delay(0, () => end.receive());
  group.delay(0, () => {});
  const waited = group.wait();
  assert(await isPending(waited));
  await end.send();
  await waited;
});

test("SchedGroup.wait() is aborted and counts as none", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  let ran = 0;
  group.delay(10, () => ran++);
  const controller = new AbortController();
  const aborted = settled(group.wait({ signal: controller.signal }));
  assertThrows(() => group.delay(1, () => {}), LockMisuseError);
  controller.abort("enough");
  assertEquals(await aborted, { reason: "enough" });
  assertEquals(await settled(group.wait({ signal: controller.signal })), { reason: "enough" });
  group.delay(20, () => ran++);
  const waited = group.wait();
  await time.pass(20);
  await waited;
  assertStrictEquals(ran, 2);
});

test("SchedGroup throws when something is added after wait(), or it is waited for twice", async () => {
  using time = virtualTime();
  const group = new SchedGroup();
  group.delay(10, () => {});
  const check = (): void => {
    const after = "schedgroup: attempted to schedule task after Group.Wait was called";
    const twice = "schedgroup: multiple calls to Group.Wait";
    assertThrows(() => group.delay(1, () => {}), LockMisuseError, after);
    assertThrows(() => group.schedule(new Date(), () => {}), LockMisuseError, after);
    assertThrows(() => group.wait(), LockMisuseError, twice);
    assertThrows(() => group.wait({ signal: AbortSignal.abort() }), LockMisuseError, twice);
  };
  const waited = group.wait();
  check();
  await time.pass(10);
  await waited;
  check();
});

// ---- the context

test("SchedGroup.wait() rejects with the context's err when it ends, and nothing more starts", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const group = new SchedGroup(ctx);
  let ran = 0;
  group.delay(10, () => ran++);
  group.delay(20, () => ran++);
  const waited = settled(group.wait());
  await time.pass(10);
  cancel();
  assertEquals(await waited, { reason: ctx.err });
  assertStrictEquals((await waited as { reason: unknown }).reason, ctx.err);
  await time.pass(100);
  assertEquals([ran, time.timers], [1, 0]);
});

test("SchedGroup.wait() rejects at the context's deadline, although a function goes on", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withTimeout(background(), 50);
  const group = new SchedGroup(ctx);
  const end = new Channel<void>();
  group.delay(0, () => end.receive());
  const waited = settled(group.wait());
  await time.pass(50);
  const { reason } = await waited as { reason: Error };
  assertEquals([reason.name, reason === ctx.err], ["DeadlineExceededError", true]);
  await end.send();
  cancel();
  assertStrictEquals(time.timers, 0);
});

test("SchedGroup.wait() rejects when the context has ended before, even if there is nothing to wait for", async () => {
  const [ctx, cancel] = withCancel(background());
  const group = new SchedGroup(ctx);
  cancel();
  group.delay(0, () => assert(false));
  group.schedule(new Date(), () => assert(false));
  assertEquals(await settled(group.wait()), { reason: ctx.err });
  await turn();
});

test("SchedGroup starts nothing that is due once a function has ended the context", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const group = new SchedGroup(ctx);
  const log: number[] = [];
  for (let i = 0; i < 5; i++) {
    group.delay(10, () => {
      log.push(i);
      if (i === 2) cancel();
    });
  }
  await time.pass(20);
  assertEquals([log, time.timers], [[0, 1, 2], 0]);
  assertEquals(await settled(group.wait()), { reason: ctx.err });
});

test("SchedGroup.wait() resolves when the last function has ended before the context", async () => {
  const [ctx, cancel] = withCancel(background());
  const group = new SchedGroup(ctx);
  group.delay(0, () => {});
  const waited = group.wait();
  await waited;
  cancel();
  assertStrictEquals(await waited, undefined);
});

test("SchedGroup leaves nothing of 100,000 entries when the context is cancelled", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const group = new SchedGroup(ctx);
  let ran = 0;
  for (let i = 0; i < 100_000; i++) group.delay(1 + i % 1000, () => ran++);
  assertStrictEquals(time.timers, 1);
  const waited = settled(group.wait());
  cancel();
  assertEquals(await waited, { reason: ctx.err });
  await turn0();
  assertStrictEquals(time.timers, 0);
  await time.pass(2000);
  assertStrictEquals(ran, 0);
});

/** Lets goroutines that are ready run, without the timers that stand still. */
async function turn0(): Promise<void> {
  for (let i = 0; i < 10; i++) await null;
}

// ---- many, and failures

test("SchedGroup runs 100,000 functions, and lets other timers have their turn meanwhile", async () => {
  const group = new SchedGroup();
  let [ran, turns] = [0, 0];
  for (let i = 0; i < 100_000; i++) group.delay(i % 50, () => ran++);
  const timer = setInterval(() => turns++, 0);
  await group.wait();
  clearInterval(timer);
  assertStrictEquals(ran, 100_000);
  assert(turns > 1, "no other timer ran");
});

test("SchedGroup reports a function that fails as an uncaught error, as go() does", async () => {
  for (const name of ["failScheduled", "failScheduledLater"] as const) {
    const { code, stdout, stderr } = await runScript(name);
    assertEquals([code, stdout], [1, "before\n"]);
    assert(stderr.includes("RangeError: boom"), stderr);
    assert(/goroutine \d+ \[boom\], created by[^]*failScheduled/.test(stderr), stderr);
  }
});

test("SchedGroup keeps the process alive until its functions have run, and no longer", async () => {
  const { code, stdout } = await runScript("leaveScheduled");
  assertEquals([code, stdout], [0, "first\nsecond\n"]);
});

test("SchedGroup does not keep the process alive once its context has ended", async () => {
  const { code, stdout } = await runScript("cancelScheduled");
  assertEquals([code, stdout], [0, "cancelled\n"]);
});
