/**
 * Contexts on one thread: the tree, deadlines, values, and what follows an end.
 *
 * @module
 */
import { Channel, select, selectSync, sleep, trySelect } from "../../mod.ts";
import {
  afterFunc,
  background,
  CanceledError,
  cause,
  type Context,
  DeadlineExceededError,
  fromSignal,
  todo,
  withCancel,
  withCancelCause,
  withDeadline,
  withDeadlineCause,
  withoutCancel,
  withTimeout,
  withTimeoutCause,
  withValue,
} from "../../src/context/mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { isPending, turn } from "./waiting.ts";

/** Asserts that `ctx` has not ended, by whatever it says. */
function assertLive(ctx: Context): void {
  assertEquals([ctx.err, cause(ctx), ctx.done?.closed], [undefined, undefined, false]);
  assertEquals([ctx.done?.tryReceive(), ctx.signal.aborted], [{ state: "empty" }, false]);
}

/** Asserts that `ctx` has ended, by whatever it says. */
function assertEnded(
  ctx: Context,
  errorClass: new () => Error,
  why: unknown = ctx.err,
): void {
  assertInstanceOf(ctx.err, errorClass);
  assertStrictEquals(ctx.err, ctx.err);
  assertStrictEquals(cause(ctx), why);
  assertEquals([ctx.done?.tryReceive(), ctx.done?.closed], [{ state: "closed" }, true]);
  assertEquals([ctx.signal.aborted, ctx.signal.reason === why], [true, true]);
}

for (const [name, root] of [["background()", background], ["todo()", todo]] as const) {
  test(`${name} never ends, and has no deadline and no values`, () => {
    const ctx = root();
    assertEquals([ctx.err, ctx.deadline, ctx.done, cause(ctx)], [
      undefined,
      undefined,
      null,
      undefined,
    ]);
    assertEquals([ctx.value("key"), ctx.signal.aborted], [undefined, false]);
    assertStrictEquals(root(), ctx);
  });
}

test("background() and todo() are two contexts", () => {
  assert(background() !== todo());
});

test("withCancel() ends when it is cancelled, within the call", () => {
  const [ctx, cancel] = withCancel(background());
  assertLive(ctx);
  cancel();
  assertEnded(ctx, CanceledError);
  assertEquals(ctx.err?.message, "context canceled");
});

test("withCancel() cancelled twice stays as it was", () => {
  const [ctx, cancel] = withCancelCause(background());
  cancel("first");
  const { err } = ctx;
  cancel("second");
  assertStrictEquals(ctx.err, err);
  assertEnded(ctx, CanceledError, "first");
});

test("a parent ends its children and theirs, whoever waits for them or not, and never the reverse", () => {
  const [parent, cancelParent] = withCancelCause(background());
  const [observed] = withCancel(parent);
  const [plain] = withCancel(parent);
  const grandchild = withValue(withCancel(plain)[0], "k", "v");
  const [timed] = withTimeout(observed, 1e9);
  const [sibling, cancelSibling] = withCancel(parent);
  assertLive(observed);
  cancelSibling();
  assertEnded(sibling, CanceledError);
  for (const ctx of [parent, observed, plain, grandchild, timed]) assertLive(ctx);
  cancelParent("why");
  for (const ctx of [parent, observed, plain, grandchild, timed]) {
    assertEnded(ctx, CanceledError, "why");
    assertStrictEquals(ctx.err, parent.err);
  }
  assertEquals(sibling.signal.reason, sibling.err);
});

test("a context made from one that has ended has ended, for the same reason", () => {
  const [parent, cancel] = withCancelCause(background());
  cancel("why");
  const makers = [withCancel, withCancelCause, (p: Context) => withTimeout(p, 1e9)];
  for (const make of makers) assertEnded(make(parent)[0], CanceledError, "why");
  // It was cancelled before, whatever its own deadline would have been (it said that this was over).
  const [late] = withDeadlineCause(parent, new Date(0), "late");
  assertEnded(late, CanceledError, "why");
  assertEquals(late.deadline, new Date(0));
  assertEnded(withValue(parent, "k", 1), CanceledError, "why");
});

test("a context made from one that has ended in the same instant has ended for the same reason", () => {
  using _ = virtualTime();
  const [parent, cancel] = withCancelCause(background());
  cancel("why");
  // No time has passed, so its deadline seemed to have come as early.
  assertEnded(withTimeout(parent, 0)[0], CanceledError, "why");
});

test("a child that was cancelled first keeps its own end", () => {
  const [parent, cancelParent] = withCancelCause(background());
  const [child, cancelChild] = withCancelCause(parent);
  cancelChild("child");
  cancelParent("parent");
  assertEnded(child, CanceledError, "child");
});

test("a child that is cancelled after its parent keeps the parent's end, though nobody had asked", () => {
  const [parent, cancelParent] = withCancelCause(background());
  const [child, cancelChild] = withCancelCause(parent);
  cancelParent("parent");
  cancelChild("child");
  assertEnded(child, CanceledError, "parent");
});

test("cancelling is over for the whole tree before the first listener of a signal runs", () => {
  const [parent, cancel] = withCancel(background());
  const tree = Array.from({ length: 10 }, () => withCancel(withCancel(parent)[0])[0]);
  const seen: unknown[] = [];
  parent.signal.addEventListener("abort", () => {
    seen.push(tree.every((ctx) => ctx.err !== undefined && ctx.done!.closed));
    seen.push(tree.every((ctx) => ctx.signal.aborted));
  });
  for (const ctx of tree) assertEquals(ctx.signal.aborted, false);
  cancel();
  assertEquals(seen, [true, true]);
});

test("cancel() from within a listener of the same tree is harmless, and so is deriving there", () => {
  const [parent, cancel] = withCancelCause(background());
  const [child, cancelChild] = withCancelCause(parent);
  let derived: Context | undefined;
  child.signal.addEventListener("abort", () => {
    cancelChild("again");
    cancel("again");
    derived = withCancel(child)[0];
  });
  cancel("first");
  assertEnded(child, CanceledError, "first");
  assertEnded(derived!, CanceledError, "first");
});

test("withCancelCause() gives the cause to who asks, and err stays Go's", () => {
  const why = new RangeError("why");
  const [ctx, cancel] = withCancelCause(background());
  cancel(why);
  assertEnded(ctx, CanceledError, why);
});

for (const none of [undefined, null]) {
  test(`withCancelCause() cancelled with ${none} has its err as the cause`, () => {
    const [ctx, cancel] = withCancelCause(background());
    cancel(none);
    assertEnded(ctx, CanceledError);
  });
}

for (const why of [0, "", false, NaN]) {
  test(`withCancelCause() takes ${JSON.stringify(why)} for a cause`, () => {
    const [ctx, cancel] = withCancelCause(background());
    cancel(why);
    assertEquals([cause(ctx), ctx.signal.reason], [why, why]);
  });
}

test("withTimeout() ends when its time is over, not before", async () => {
  using time = virtualTime();
  const [ctx] = withTimeout(background(), 50);
  await time.pass(49);
  assertLive(ctx);
  await time.pass(1);
  assertEnded(ctx, DeadlineExceededError);
  assertEquals(ctx.err?.message, "context deadline exceeded");
});

test("withDeadline() ends at its date, not before, and says when", async () => {
  using time = virtualTime();
  const date = new Date(Date.now() + 50);
  const [ctx] = withDeadline(background(), date);
  assertEquals(ctx.deadline, date);
  await time.pass(49);
  assertLive(ctx);
  await time.pass(1);
  assertEnded(ctx, DeadlineExceededError);
});

test("withDeadline() copies its date", () => {
  const date = new Date(Date.now() + 1e9);
  const [ctx] = withDeadline(background(), date);
  const before = date.getTime();
  date.setTime(0);
  assertEquals(ctx.deadline?.getTime(), before);
});

test("withTimeout() says when it ends", () => {
  using _ = virtualTime();
  assertEquals(withTimeout(background(), 50)[0].deadline, new Date(Date.now() + 50));
});

for (const ms of [0, -1, -Infinity]) {
  test(`withTimeout() of ${ms} ms has ended when the call returns`, () => {
    const [ctx, cancel] = withTimeoutCause(background(), ms, "late");
    assertEnded(ctx, DeadlineExceededError, "late");
    cancel();
    assertEnded(ctx, DeadlineExceededError, "late");
  });
}

test("withDeadline() of a date that is over has ended when the call returns", () => {
  assertEnded(withDeadline(background(), new Date(0))[0], DeadlineExceededError);
  assertEnded(withDeadline(background(), new Date())[0], DeadlineExceededError);
});

test("withTimeout() goes beyond 2^31 ms", async () => {
  using time = virtualTime();
  const ms = 2 ** 31 + 1000;
  const [ctx] = withTimeout(background(), ms);
  const waiting = ctx.done!.receive();
  await time.pass(ms - 1);
  assertLive(ctx);
  await time.pass(1);
  assertEquals(await waiting, undefined);
  assertEnded(ctx, DeadlineExceededError);
});

for (const ms of [Infinity, 1e17]) {
  test(`withTimeout() of ${ms} ms has no deadline, but for its parent's`, () => {
    const [ctx, cancel] = withTimeout(background(), ms);
    assertEquals(ctx.deadline, undefined);
    const [parent] = withTimeout(background(), 1e9);
    assertEquals(withTimeout(parent, ms)[0].deadline, parent.deadline);
    cancel();
    assertEnded(ctx, CanceledError);
  });
}

test("withDeadline() keeps the parent's deadline when that is earlier, and takes its own otherwise", async () => {
  using time = virtualTime();
  const [parent] = withTimeoutCause(background(), 50, "parent");
  const [later] = withTimeoutCause(parent, 100, "later");
  const [earlier] = withTimeoutCause(parent, 20, "earlier");
  assertEquals(later.deadline, parent.deadline);
  assertEquals(earlier.deadline, new Date(Date.now() + 20));
  await time.pass(20);
  assertEnded(earlier, DeadlineExceededError, "earlier");
  assertLive(later);
  await time.pass(30);
  assertEnded(parent, DeadlineExceededError, "parent");
  assertEnded(later, DeadlineExceededError, "parent");
  assertEnded(earlier, DeadlineExceededError, "earlier");
});

test("withTimeout() ends before its parent though the clock was set, so that its date is later", async () => {
  using time = virtualTime();
  const [parent] = withTimeoutCause(background(), 50, "parent");
  time.setDate(Date.now() + 1e6);
  // By the dates the parent would have ended long before.
  const [child] = withTimeoutCause(parent, 20, "child");
  await time.pass(20);
  assertEnded(child, DeadlineExceededError, "child");
  assertLive(parent);
});

test("withDeadline() is not early when somebody else has the processor while the clocks are read", () => {
  using _ = virtualTime();
  const { now } = Date;
  // Each reading of the date takes a while, once, which the other clock sees as well.
  let lostMs = 10;
  const clock = performance.now;
  const start = clock.call(performance);
  performance.now = () => start + (10 - lostMs);
  Date.now = () => {
    lostMs = 0;
    return now() + 10;
  };
  try {
    const [ctx] = withDeadline(background(), new Date(now() + 20));
    // 10 ms have passed of 20.
    performance.now = () => start + 19;
    assertLive(ctx);
    performance.now = () => start + 20;
    assertEnded(ctx, DeadlineExceededError);
  } finally {
    performance.now = clock;
    Date.now = now;
  }
});

test("withDeadlineCause() gives the cause when the deadline is over, and not when it is cancelled", async () => {
  using time = virtualTime();
  const date = new Date(Date.now() + 50);
  const [late] = withDeadlineCause(background(), date, "late");
  const [cancelled, cancel] = withDeadlineCause(background(), date, "late");
  const [plain] = withDeadlineCause(background(), date, undefined);
  cancel();
  await time.pass(50);
  assertEnded(late, DeadlineExceededError, "late");
  assertEnded(cancelled, CanceledError);
  assertEnded(plain, DeadlineExceededError);
});

test("of a deadline and a cancelled parent the earlier counts, though nobody asked in between", async () => {
  using time = virtualTime();
  const [parent, cancel] = withCancelCause(background());
  const [before] = withTimeoutCause(parent, 10, "before");
  const [after] = withTimeoutCause(parent, 30, "after");
  await time.pass(20);
  cancel("cancelled");
  await time.pass(20);
  assertEnded(before, DeadlineExceededError, "before");
  assertEnded(after, CanceledError, "cancelled");
});

test("cancel() after the deadline changes nothing, though nobody had asked", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withTimeout(background(), 10);
  await time.pass(10);
  cancel();
  assertEnded(ctx, DeadlineExceededError);
});

test("a goroutine that does not yield sees its deadline", () => {
  const [ctx] = withTimeout(background(), 5);
  const [child] = withCancel(ctx);
  const { signal } = child;
  while (child.err === undefined);
  assertInstanceOf(child.err, DeadlineExceededError);
  assertEquals(child.done?.tryReceive(), { state: "closed" });
  assertStrictEquals(child.signal.reason, cause(child));
  assertStrictEquals(child.signal, signal);
});

test("a deadline has one timer while somebody waits, and none before and after", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withTimeout(background(), 50);
  const children = Array.from({ length: 10 }, () => withCancel(ctx)[0]);
  assertEquals(time.timers, 0);
  const stop = new AbortController();
  const waits = [...children, ctx].flatMap((each) => [
    each.done!.receive({ signal: stop.signal }),
    select({ done: each.done, never: null }, { signal: stop.signal }),
  ]);
  assertEquals(time.timers, 1);
  stop.abort("enough");
  for (const each of waits) await assertRejects(() => each);
  assertEquals(time.timers, 0);
  const again = children.map((each) => each.done!.receive());
  assertEquals(time.timers, 1);
  cancel();
  assertEquals(time.timers, 0);
  await Promise.all(again);
});

test("the timer of a deadline is freed when the signal's context is cancelled, or its parent", () => {
  using time = virtualTime();
  const [parent, cancel] = withCancel(background());
  const [one, cancelOne] = withTimeout(parent, 50);
  const [two] = withTimeout(parent, 50);
  assertEquals([one.signal.aborted, two.signal.aborted, time.timers], [false, false, 2]);
  cancelOne();
  assertEquals(time.timers, 1);
  cancel();
  assertEquals([two.signal.aborted, time.timers], [true, 0]);
});

test("withValue() is found from below, the nearest first, and not from above", () => {
  const key = Symbol("key");
  const outer = withValue(background(), key, "outer");
  const between = withCancel(withValue(outer, "other", 1))[0];
  const inner = withValue(withTimeout(between, 1e9)[0], key, "inner");
  assertEquals([outer, between, inner].map((ctx) => ctx.value(key)), ["outer", "outer", "inner"]);
  assertEquals([inner.value("other"), outer.value("other")], [1, undefined]);
});

test("withValue() keeps keys of the same description apart", () => {
  const [one, two] = [Symbol("key"), Symbol("key")];
  const ctx = withValue(withValue(background(), one, 1), two, 2);
  assertEquals([ctx.value(one), ctx.value(two), ctx.value(Symbol("key"))], [1, 2, undefined]);
  const object = {};
  const deep = withValue(withValue(ctx, object, 3), 1, "number");
  assertEquals([deep.value(object), deep.value({}), deep.value(1), deep.value("1")], [
    3,
    undefined,
    "number",
    undefined,
  ]);
});

test("withValue() may hide a value with undefined", () => {
  const ctx = withValue(withValue(background(), "k", 1), "k", undefined);
  assertEquals(ctx.value("k"), undefined);
});

test("withValue() ends with its parent, and has its channel and its signal", () => {
  const [parent, cancel] = withCancel(background());
  const ctx = withValue(parent, "k", 1);
  assertStrictEquals(ctx.done, parent.done);
  assertStrictEquals(ctx.signal, parent.signal);
  cancel();
  assertStrictEquals(ctx.err, parent.err);
});

test("withoutCancel() has the values and nothing else", async () => {
  using time = virtualTime();
  const [parent, cancel] = withTimeout(withValue(background(), "k", "v"), 10);
  const ctx = withoutCancel(parent);
  const [below, cancelBelow] = withCancelCause(ctx);
  await time.pass(10);
  cancel();
  assertEquals([ctx.value("k"), ctx.deadline, ctx.done, ctx.err, cause(ctx)], [
    "v",
    undefined,
    null,
    undefined,
    undefined,
  ]);
  assertEquals(ctx.signal.aborted, false);
  assertLive(below);
  cancelBelow("below");
  assertEnded(below, CanceledError, "below");
});

test("done is one channel, and a case of select", async () => {
  const [ctx, cancel] = withCancel(background());
  assertStrictEquals(ctx.done, ctx.done);
  const jobs = new Channel<number>(1);
  jobs.trySend(1);
  assertEquals(await select({ job: jobs, stop: ctx.done }), { case: "job", ok: true, value: 1 });
  assertEquals(trySelect({ job: jobs, stop: ctx.done }), undefined);
  const waiting = select({ job: jobs, stop: ctx.done });
  cancel();
  assertEquals(await waiting, { case: "stop", ok: false, value: undefined });
  assertEquals((await select({ stop: ctx.done, job: jobs })).case, "stop");
  assertEquals(await select([jobs, ctx.done, ctx.done]).then((got) => got.case > 0), true);
});

test("done of what never ends is a case that is never ready", async () => {
  const jobs = new Channel<number>(1);
  jobs.trySend(1);
  const { case: which } = await select({ stop: withValue(background(), "k", 1).done, job: jobs });
  assertEquals(which, "job");
});

test("done ends every form of receive, for ever", async () => {
  const [ctx, cancel] = withCancel(background());
  const { done } = ctx;
  const receiving = done!.receive();
  const next = done!.next();
  const iterating = (async () => {
    for await (const _ of done!) return "a value";
    return "the end";
  })();
  assert(await isPending(receiving));
  cancel();
  assertEquals(await receiving, undefined);
  assertEquals(await next, { done: true, value: undefined });
  assertEquals(await iterating, "the end");
  for (let i = 0; i < 3; i++) assertEquals(await done!.receive(), undefined);
  assertEquals([done!.receiveSync(), done!.capacity, done!.size], [undefined, 0, 0]);
});

test("done in the same select twice, and beside its parent's, ends it once", async () => {
  const [parent, cancel] = withCancel(background());
  const [child] = withCancel(parent);
  const waiting = select([child.done, child.done, parent.done]);
  cancel();
  assertEquals((await waiting).ok, false);
});

test("done.receive() rejects when its signal is aborted, and the context goes on", async () => {
  const [ctx, cancel] = withCancel(background());
  const controller = new AbortController();
  const waiting = ctx.done!.receive({ signal: controller.signal });
  controller.abort("enough");
  assertEquals(await waiting.catch((reason) => reason), "enough");
  assertLive(ctx);
  cancel();
});

test("done.receiveSync() and selectSync() block until the deadline", () => {
  const [ctx] = withTimeout(background(), 5);
  const [child] = withCancel(ctx);
  assertEquals(child.done!.receiveSync(), undefined);
  assertInstanceOf(child.err, DeadlineExceededError);
  const [again] = withTimeout(background(), 5);
  assertEquals(selectSync({ never: null, stop: again.done }).case, "stop");
});

test("done.receiveSync() says so when only this thread could cancel", () => {
  const [ctx] = withCancel(background());
  assertThrows(() => ctx.done!.receiveSync(), Error, "Cannot block this thread");
});

test("signal is one signal, and aborts with the cause", () => {
  const [ctx, cancel] = withCancelCause(background());
  const { signal } = ctx;
  const reasons: unknown[] = [];
  signal.addEventListener("abort", () => reasons.push(signal.reason, cause(ctx)));
  assertStrictEquals(ctx.signal, signal);
  cancel("why");
  assertEquals(reasons, ["why", "why"]);
  assertStrictEquals(ctx.signal, signal);
});

test("signal ends a wait of the platform's and of millrace", async () => {
  const [ctx, cancel] = withCancel(background());
  const sleeping = sleep(1e9, { signal: ctx.signal });
  const receiving = new Channel<number>().receive({ signal: ctx.signal });
  cancel();
  assertStrictEquals(await sleeping.catch((reason) => reason), ctx.err);
  assertStrictEquals(await receiving.catch((reason) => reason), ctx.err);
});

test("signal is aborted by the deadline", async () => {
  using time = virtualTime();
  const [ctx] = withTimeoutCause(background(), 50, "late");
  const child = withCancel(ctx)[0].signal;
  let aborts = 0;
  child.addEventListener("abort", () => aborts++);
  await time.pass(49);
  assertEquals(aborts, 0);
  await time.pass(1);
  assertEquals([aborts, child.reason], [1, "late"]);
});

test("afterFunc() runs its function once, after the end and not within the call", async () => {
  const [ctx, cancel] = withCancel(background());
  const [child] = withCancel(ctx);
  const ran: string[] = [];
  const stop = afterFunc(child, () => ran.push("f"));
  await turn();
  assertEquals(ran, []);
  cancel();
  assertEquals(ran, []);
  assertEquals(stop(), false);
  await turn();
  assertEquals([ran, stop()], [["f"], false]);
});

test("afterFunc() of a context that has ended runs its function, not within the call", async () => {
  const [ctx, cancel] = withCancel(background());
  cancel();
  let runs = 0;
  const stop = afterFunc(ctx, () => runs++);
  assertEquals([runs, stop()], [0, false]);
  await turn();
  assertEquals(runs, 1);
});

test("afterFunc() called off does not run its function", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withTimeout(background(), 50);
  let runs = 0;
  const stop = afterFunc(ctx, () => runs++);
  assertEquals(time.timers, 1);
  assertEquals([stop(), stop(), time.timers], [true, false, 0]);
  cancel();
  await time.pass(100);
  assertEquals([runs, stop()], [0, false]);
});

test("afterFunc() of what never ends can be called off once", () => {
  const stop = afterFunc(background(), () => {});
  assertEquals([stop(), stop()], [true, false]);
});

test("afterFunc() runs at the deadline", async () => {
  using time = virtualTime();
  const [ctx] = withTimeout(background(), 50);
  let runs = 0;
  const stop = afterFunc(withValue(ctx, "k", 1), () => runs++);
  await time.pass(50);
  assertEquals([runs, stop()], [1, false]);
});

test("fromSignal() ends with the signal, and its reason is the cause", () => {
  const controller = new AbortController();
  const ctx = fromSignal(controller.signal);
  const [child] = withCancel(ctx);
  const [observed] = withTimeout(ctx, 1e9);
  assertStrictEquals(ctx.signal, controller.signal);
  for (const each of [ctx, child, observed]) assertLive(each);
  controller.abort("gone");
  for (const each of [ctx, child, observed]) assertEnded(each, CanceledError, "gone");
});

test("fromSignal() wakes who waits", async () => {
  const controller = new AbortController();
  const [child] = withCancel(fromSignal(controller.signal));
  const waiting = child.done!.receive();
  let runs = 0;
  afterFunc(child, () => runs++);
  controller.abort();
  await waiting;
  await turn();
  assertEquals([runs, child.err?.code], [1, "CANCELED"]);
  assertStrictEquals(cause(child), controller.signal.reason);
});

test("fromSignal() of an aborted signal has ended", () => {
  assertEnded(fromSignal(AbortSignal.abort("gone")), CanceledError, "gone");
  assertEnded(fromSignal(AbortSignal.abort(null)), CanceledError, null);
});

test("fromSignal() listens only while somebody waits", async () => {
  let listeners = 0;
  const controller = new AbortController();
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener =
    ((...args: Parameters<typeof add>) => (listeners++, add(...args))) as never;
  signal.removeEventListener =
    ((...args: Parameters<typeof remove>) => (listeners--, remove(...args))) as never;
  const contexts = Array.from({ length: 100 }, () => fromSignal(signal));
  assertEquals(listeners, 0);
  const stop = new AbortController();
  const waits = contexts.map((ctx) => ctx.done!.receive({ signal: stop.signal }).catch(() => {}));
  assertEquals(listeners, 1);
  stop.abort();
  await Promise.all(waits);
  assertEquals(listeners, 0);
});

test("cause() of a context that has not ended is undefined", () => {
  const [ctx] = withCancelCause(background());
  assertEquals([cause(ctx), cause(withValue(ctx, "k", 1))], [undefined, undefined]);
});

test("100,000 waiting children end in one call", async () => {
  const [ctx, cancel] = withCancel(background());
  const waits = Array.from({ length: 100_000 }, () => withCancel(ctx)[0].done!.receive());
  cancel();
  assertEquals((await Promise.all(waits)).every((value) => value === undefined), true);
});

test("a chain of 2,000 contexts ends in one call", async () => {
  const [ctx, cancel] = withCancel(background());
  let last = ctx;
  for (let i = 0; i < 2_000; i++) last = withCancel(withValue(last, i, i))[0];
  const waiting = last.done!.receive();
  cancel();
  await waiting;
  assertStrictEquals(last.err, ctx.err);
  assertEquals(last.value(7), 7);
});

const contextTakers: Readonly<Record<string, (ctx: Context) => unknown>> = {
  withCancel,
  withCancelCause,
  withDeadline: (ctx) => withDeadline(ctx, new Date()),
  withDeadlineCause: (ctx) => withDeadlineCause(ctx, new Date(), "why"),
  withTimeout: (ctx) => withTimeout(ctx, 1),
  withTimeoutCause: (ctx) => withTimeoutCause(ctx, 1, "why"),
  withValue: (ctx) => withValue(ctx, "k", 1),
  withoutCancel,
  afterFunc: (ctx) => afterFunc(ctx, () => {}),
  cause,
};

for (const [name, take] of Object.entries(contextTakers)) {
  test(`${name}() throws a TypeError when it is given no context`, () => {
    for (const none of [undefined, null]) {
      assertThrows(() => take(none as never), TypeError, "cannot create context from nil parent");
    }
    for (const other of [1, "background", {}, new AbortController().signal, withCancel]) {
      assertThrows(() => take(other as never), TypeError, "expected a Context");
    }
  });
}

const mistakes:
  readonly (readonly [string, () => unknown, typeof TypeError | typeof RangeError])[] = [
    [
      "withValue() with undefined as the key",
      () => withValue(background(), undefined, 1),
      TypeError,
    ],
    ["withValue() with null as the key", () => withValue(background(), null, 1), TypeError],
    ["withDeadline() with a number", () => withDeadline(background(), 5 as never), TypeError],
    [
      "withDeadline() with no date",
      () => withDeadline(background(), undefined as never),
      TypeError,
    ],
    [
      "withDeadline() with an invalid Date",
      () => withDeadline(background(), new Date(NaN)),
      RangeError,
    ],
    ["withTimeout() with a text", () => withTimeout(background(), "5" as never), TypeError],
    ["withTimeout() with nothing", () => withTimeout(background(), undefined as never), TypeError],
    ["withTimeout() with NaN", () => withTimeout(background(), NaN), RangeError],
    ["afterFunc() with no function", () => afterFunc(background(), 5 as never), TypeError],
    ["fromSignal() with a controller", () => fromSignal(new AbortController() as never), TypeError],
    ["fromSignal() with nothing", () => fromSignal(undefined as never), TypeError],
  ];

for (const [name, mistake, errorClass] of mistakes) {
  test(`${name} is a ${errorClass.name}`, () => {
    assertThrows(mistake, errorClass, "Cannot ");
  });
}
