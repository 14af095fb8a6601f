/**
 * `ErrGroup`: errors, its context, the limit and the queue, recovering.
 *
 * @module
 */
import { Channel, go, LockMisuseError, Pool } from "../../mod.ts";
import { background, cause, type Context, withCancel } from "../../src/context/mod.ts";
import { ErrGroup, type ErrGroupOptions } from "../../src/group/mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { echo, fail } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { isPending, settled, turn } from "./waiting.ts";

/** A function that runs until the test says how it ends. */
class Gate {
  readonly #end = new Channel<() => void>(1);
  isRunning = false;
  context: Context | undefined;

  /** What the group is given. */
  readonly run = async (ctx: Context): Promise<void> => {
    this.isRunning = true;
    this.context = ctx;
    const end = await this.#end.receive();
    this.isRunning = false;
    end!();
  };

  open(): void {
    this.#end.trySend(() => {});
  }

  fail(error: unknown): void {
    this.#end.trySend(() => {
      throw error;
    });
  }
}

function gates(count: number): Gate[] {
  return Array.from({ length: count }, () => new Gate());
}

/** Which of them run, after a turn. */
async function running(gates: readonly Gate[]): Promise<boolean[]> {
  await turn();
  return gates.map((gate) => gate.isRunning);
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  const end = await settled(promise);
  assert("reason" in end, "it did not reject");
  return end.reason;
}

// ---- running and waiting

test("ErrGroup.wait() resolves at once when nothing was started", async () => {
  assertStrictEquals(await new ErrGroup().wait(), undefined);
});

test("ErrGroup.wait() resolves when all have ended, and not before", async () => {
  const group = new ErrGroup();
  const [a, b] = gates(2) as [Gate, Gate];
  group.go(a.run);
  group.go(b.run);
  const waited = group.wait();
  assert(await isPending(waited));
  a.open();
  assert(await isPending(waited));
  b.open();
  assertStrictEquals(await waited, undefined);
});

test("ErrGroup.go() resolves without a limit, and never runs its function inside the call", async () => {
  const group = new ErrGroup();
  const log: string[] = [];
  const taken = group.go(() => log.push("run"));
  log.push("called");
  await taken;
  assert(group.tryGo(() => log.push("tried")));
  log.push("called");
  await group.wait();
  assertEquals(log, ["called", "run", "called", "tried"]);
});

test("ErrGroup.go() starts functions in the order of the calls", async () => {
  const group = new ErrGroup();
  const log: number[] = [];
  for (let i = 0; i < 100; i++) group.go(() => log.push(i));
  await group.wait();
  assertEquals(log, Array.from({ length: 100 }, (_, i) => i));
});

test("ErrGroup.wait() ends for all who wait, although more is started in the moment it is over", async () => {
  const group = new ErrGroup();
  const [first, second] = gates(2) as [Gate, Gate];
  group.go(first.run);
  const waits = [group.wait(), group.wait()];
  group.go(() => first.open());
  await Promise.all(waits);
  group.go(second.run);
  const again = group.wait();
  assert(await isPending(again));
  second.open();
  await again;
});

test("ErrGroup waits for a function that a function starts", async () => {
  const group = new ErrGroup();
  const log: string[] = [];
  group.go(() => {
    log.push("outer");
    group.go(async () => {
      await turn();
      log.push("inner");
    });
  });
  await group.wait();
  assertEquals(log, ["outer", "inner"]);
});

// ---- errors

test("ErrGroup.wait() rejects with the first error, when all have ended", async () => {
  const group = new ErrGroup();
  const [a, b, c] = gates(3) as [Gate, Gate, Gate];
  for (const gate of [a, b, c]) group.go(gate.run);
  await turn();
  const error = new RangeError("second of them, first in time");
  b.fail(error);
  const waited = settled(group.wait());
  assert(await isPending(waited));
  a.fail(new Error("later"));
  c.open();
  assertStrictEquals((await waited as { reason: unknown }).reason, error);
});

test("ErrGroup.wait() rejects with whatever was thrown, undefined included", async () => {
  for (const reason of [undefined, null, 0, "text", Object.freeze(new Error("frozen"))]) {
    const group = new ErrGroup();
    group.go(() => {
      throw reason;
    });
    assertEquals(await settled(group.wait()), { reason });
  }
});

function startsBoom(group: ErrGroup): void {
  group.go(function boom() {
    throw new Error("boom");
  });
}

test("ErrGroup says in the error's stack where its function was given to it, also after a time in the queue", async () => {
  for (const queue of [0, 1]) {
    const group = new ErrGroup({ limit: 1, queue });
    await group.go(() => turn());
    startsBoom(group);
    const { stack } = await reasonOf(group.wait()) as Error;
    assertStringIncludes(stack!, "[boom], created by");
    assertStringIncludes(stack!, "startsBoom");
  }
});

test("ErrGroup.wait() rejects with all errors in the order in which they happened", async () => {
  const group = new ErrGroup({ errors: "all" });
  const [a, b, c] = gates(3) as [Gate, Gate, Gate];
  for (const gate of [a, b, c]) group.go(gate.run);
  await turn();
  const [second, first] = [new Error("a"), new Error("c")];
  c.fail(first);
  await turn();
  b.open();
  a.fail(second);
  const failure = await reasonOf(group.wait());
  assertInstanceOf(failure, AggregateError);
  assertEquals(failure.errors.length, 2);
  assertStrictEquals(failure.errors[0], first);
  assertStrictEquals(failure.errors[1], second);
  assertStringIncludes(failure.message, "2 ");
});

test("ErrGroup.wait() rejects with an AggregateError of one, and resolves without any, when all are wanted", async () => {
  const group = new ErrGroup({ errors: "all" });
  group.go(() => {});
  await group.wait();
  group.go(() => Promise.reject("text"));
  const failure = await reasonOf(group.wait());
  assertInstanceOf(failure, AggregateError);
  assertEquals(failure.errors, ["text"]);
});

test("ErrGroup can be used again after wait(), and keeps its error", async () => {
  const group = new ErrGroup();
  const error = new Error("first");
  group.go(() => Promise.reject(error));
  assertStrictEquals(await reasonOf(group.wait()), error);
  let hasRun = false;
  group.go(() => {
    hasRun = true;
    throw new Error("second");
  });
  assertStrictEquals(await reasonOf(group.wait()), error);
  assert(hasRun);
});

test("ErrGroup.wait() gives each its own AggregateError, with what has come since", async () => {
  const group = new ErrGroup({ errors: "all" });
  group.go(() => Promise.reject("one"));
  const first = await reasonOf(group.wait()) as AggregateError;
  group.go(() => Promise.reject("two"));
  const second = await reasonOf(group.wait()) as AggregateError;
  assertEquals([first.errors, second.errors], [["one"], ["one", "two"]]);
});

// ---- context

test("ErrGroup.withContext() gives a context that the first error cancels, with that error as its cause", async () => {
  const [group, ctx] = ErrGroup.withContext(background());
  const [a, b] = gates(2) as [Gate, Gate];
  group.go(a.run);
  group.go(b.run);
  await turn();
  assertStrictEquals(ctx.err, undefined);
  const error = new Error("first");
  a.fail(error);
  await ctx.done!.receive();
  assertEquals(ctx.err!.name, "CanceledError");
  assertStrictEquals(cause(ctx), error);
  assertStrictEquals(ctx.signal.reason, error);
  b.fail(new Error("second"));
  assertStrictEquals(await reasonOf(group.wait()), error);
  assertStrictEquals(cause(ctx), error);
});

test("ErrGroup.withContext() gives a context that is cancelled when wait() returns", async () => {
  const [group, ctx] = ErrGroup.withContext(background());
  group.go(() => {});
  await turn();
  assertStrictEquals(ctx.err, undefined);
  await group.wait();
  assertEquals(ctx.err!.message, "context canceled");
  assertStrictEquals(cause(ctx), ctx.err);
});

test("ErrGroup passes its context to each function, and background() without one", async () => {
  const [group, ctx] = ErrGroup.withContext(background());
  const got: unknown[][] = [];
  group.go((...args: unknown[]) => got.push(args));
  assert(group.tryGo((...args: unknown[]) => got.push(args)));
  await group.wait();
  const plain = new ErrGroup();
  plain.go((own) => got.push([own]));
  await plain.wait();
  assertEquals(got.map(({ length }) => length), [1, 1, 1]);
  assertStrictEquals(got[0]![0], ctx);
  assertStrictEquals(got[1]![0], ctx);
  assertStrictEquals(got[2]![0], background());
});

test("ErrGroup.withContext() makes a child: it has its parent's values and ends with it", async () => {
  const [parent, cancel] = withCancel(background());
  const [group, ctx] = ErrGroup.withContext(parent);
  const gate = new Gate();
  group.go(gate.run);
  await turn();
  cancel();
  assertEquals(ctx.err!.message, "context canceled");
  // As in Go, and as the seed warns: the end of the parent stops nobody who does not look.
  const waited = group.wait();
  assert(await isPending(waited));
  gate.open();
  assertStrictEquals(await waited, undefined);
});

test("ErrGroup runs what is queued, and what waits for a place, although its context has been cancelled", async () => {
  const [group, ctx] = ErrGroup.withContext(background(), { limit: 1, queue: 1 });
  const error = new Error("first");
  const seen: unknown[] = [];
  await group.go(() => Promise.reject(error));
  await group.go((own) => seen.push(cause(own)));
  const third = group.go((own) => seen.push(cause(own)));
  assertStrictEquals(await reasonOf(group.wait()), error);
  assertEquals(seen, [error, error]);
  await third;
  assertStrictEquals(cause(ctx), error);
});

test("ErrGroup.go() stops waiting for a place when it is given the context's signal", async () => {
  const [group, ctx] = ErrGroup.withContext(background(), { limit: 1 });
  const gate = new Gate();
  group.go(gate.run);
  const refused = settled(group.go(() => assert(false), { signal: ctx.signal }));
  const error = new Error("first");
  gate.fail(error);
  assertEquals(await reasonOf(group.wait()), error);
  // The place had become free in the very moment of the error: whichever was first, the function must not have run and been refused.
  assertStrictEquals("reason" in await refused, true);
});

test("ErrGroup.go() that is refused is no uncaught error, nor is wait() kept from telling the first", async () => {
  const [group, ctx] = ErrGroup.withContext(background(), { limit: 1 });
  const gate = new Gate();
  group.go(gate.run);
  group.go(() => assert(false), { signal: ctx.signal });
  const error = new Error("first");
  gate.fail(error);
  assertEquals(await reasonOf(group.wait()), error);
  group.go(() => assert(false), { signal: ctx.signal });
  await turn();
});

test("ErrGroup.wait() does not cancel the context when it is aborted", async () => {
  const [group, ctx] = ErrGroup.withContext(background());
  const gate = new Gate();
  group.go(gate.run);
  const controller = new AbortController();
  const waited = settled(group.wait({ signal: controller.signal }));
  await turn();
  controller.abort("enough");
  assertEquals(await waited, { reason: "enough" });
  assertEquals(await settled(group.wait({ signal: controller.signal })), { reason: "enough" });
  assertStrictEquals(ctx.err, undefined);
  gate.open();
  await group.wait();
});

test("ErrGroup.wait() is refused by an aborted signal although all have ended", async () => {
  const group = new ErrGroup();
  assertEquals(await settled(group.wait({ signal: AbortSignal.abort("no") })), { reason: "no" });
});

// ---- limit and queue

test("ErrGroup.go() waits for a place when as many run as the limit allows", async () => {
  const group = new ErrGroup({ limit: 2 });
  const all = gates(4);
  const taken = all.map((gate) => group.go(gate.run));
  assertEquals(await running(all), [true, true, false, false]);
  assertEquals([await isPending(taken[1]!), await isPending(taken[2]!)], [false, true]);
  all[1]!.open();
  await taken[2];
  assertEquals(await running(all), [true, false, true, false]);
  assert(await isPending(taken[3]!));
  for (const gate of all) gate.open();
  await group.wait();
  await taken[3];
});

test("ErrGroup.go() resolves for as many as the queue holds, and then waits for a place in it", async () => {
  const group = new ErrGroup({ limit: 1, queue: 2 });
  const all = gates(5);
  const taken = all.map((gate) => group.go(gate.run));
  await Promise.all(taken.slice(0, 3));
  assertEquals(await running(all), [true, false, false, false, false]);
  assert(await isPending(taken[3]!));
  all[0]!.open();
  await taken[3];
  assertEquals(await running(all), [false, true, false, false, false]);
  assert(await isPending(taken[4]!));
  for (const gate of all) gate.open();
  await group.wait();
});

test("ErrGroup starts who waits in the order of the calls, the queued first", async () => {
  const group = new ErrGroup({ limit: 1, queue: 2 });
  const log: number[] = [];
  for (let i = 0; i < 8; i++) group.go(() => log.push(i));
  await group.wait();
  assertEquals(log, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test("ErrGroup.wait() waits for what was given to go() and has no place yet", async () => {
  const group = new ErrGroup({ limit: 1 });
  let ended = 0;
  for (let i = 0; i < 5; i++) group.go(() => turn().then(() => ended++));
  await group.wait();
  assertStrictEquals(ended, 5);
});

test("ErrGroup.tryGo() reports whether there is a place, running or queued", async () => {
  const group = new ErrGroup({ limit: 1, queue: 1 });
  const all = gates(4);
  const tried = all.slice(0, 3).map((gate) => group.tryGo(gate.run));
  assertEquals(tried, [true, true, false]);
  all[0]!.open();
  assertEquals(await running(all), [false, true, false, false]);
  assertEquals([group.tryGo(all[3]!.run), group.tryGo(all[2]!.run)], [true, false]);
  for (const gate of all) gate.open();
  await group.wait();
});

test("ErrGroup.tryGo() does not overtake who waits for a place", async () => {
  const group = new ErrGroup({ limit: 1 });
  const [a, b] = gates(2) as [Gate, Gate];
  group.go(a.run);
  group.go(b.run);
  await turn();
  a.open();
  const tries: boolean[] = [];
  while (!b.isRunning) {
    tries.push(group.tryGo(() => {}));
    await null;
  }
  assert(tries.length > 0 && !tries.includes(true));
  b.open();
  await group.wait();
});

test("ErrGroup.go() whose signal is aborted while it waits for a place does not run its function", async () => {
  for (const queue of [0, 1]) {
    const group = new ErrGroup({ limit: 1, queue });
    const all = gates(3 + queue);
    for (const gate of all.slice(0, 1 + queue)) await group.go(gate.run);
    const controller = new AbortController();
    const aborted = settled(group.go(all[1 + queue]!.run, { signal: controller.signal }));
    const behind = group.go(all[2 + queue]!.run);
    await turn();
    controller.abort("enough");
    assertEquals(await aborted, { reason: "enough" });
    const waited = group.wait();
    for (const [index, gate] of all.entries()) if (index !== 1 + queue) gate.open();
    await waited;
    await behind;
    assertStrictEquals(all[1 + queue]!.context, undefined);
  }
});

test("ErrGroup.wait() ends when the last that waited for a place gives up", async () => {
  const group = new ErrGroup({ limit: 0 });
  const controller = new AbortController();
  const refused = settled(group.go(() => assert(false), { signal: controller.signal }));
  const waited = group.wait();
  assert(await isPending(waited));
  controller.abort("enough");
  assertEquals(await refused, { reason: "enough" });
  await waited;
});

test("ErrGroup.go() is refused by an aborted signal although there is a place, and wait() does not wait for it", async () => {
  const group = new ErrGroup();
  const refused = group.go(() => assert(false), { signal: AbortSignal.abort("no") });
  assertEquals(await settled(refused), { reason: "no" });
  await group.wait();
});

test("ErrGroup.go() takes no notice of its signal once the function is queued", async () => {
  const group = new ErrGroup({ limit: 1, queue: 1 });
  const [a, b] = gates(2) as [Gate, Gate];
  await group.go(a.run);
  const controller = new AbortController();
  await group.go(b.run, { signal: controller.signal });
  controller.abort();
  a.open();
  assertEquals(await running([a, b]), [false, true]);
  b.open();
  await group.wait();
});

test("ErrGroup.setLimit() with 0 lets nobody start until it is raised", async () => {
  const group = new ErrGroup();
  group.setLimit(0);
  assertStrictEquals(group.tryGo(() => {}), false);
  const all = gates(3);
  const taken = all.map((gate) => group.go(gate.run));
  assertEquals(await running(all), [false, false, false]);
  assert(await isPending(taken[0]!));
  group.setLimit(2);
  assertEquals(await running(all), [true, true, false]);
  for (const gate of all) gate.open();
  await group.wait();
  await Promise.all(taken);
});

test("ErrGroup.setLimit() with a negative number or Infinity sets none", async () => {
  for (const limit of [-1, -100, Infinity]) {
    const group = new ErrGroup({ limit: 1 });
    group.setLimit(limit);
    const all = gates(50);
    for (const gate of all) await group.go(gate.run);
    assert((await running(all)).every((isRunning) => isRunning));
    for (const gate of all) gate.open();
    await group.wait();
  }
});

test("ErrGroup.setLimit() throws while functions run, changes nothing then, and may be called again afterwards", async () => {
  const group = new ErrGroup({ limit: 2 });
  const all = gates(3);
  for (const gate of all) group.go(gate.run);
  for (const limit of [3, 0, -1]) {
    const error = assertThrows(() => group.setLimit(limit), LockMisuseError);
    assertEquals(
      error.message,
      "errgroup: modify limit while 2 goroutines in the group are still active",
    );
  }
  assertEquals(await running(all), [true, true, false]);
  for (const gate of all) gate.open();
  await group.wait();
  group.setLimit(1);
  assertEquals([group.tryGo(() => {}), group.tryGo(() => {})], [true, false]);
  await group.wait();
});

// ---- recover

/** What `wait` comes to when a function fails with `error`. */
async function recovered(
  recover: NonNullable<ErrGroupOptions["recover"]>,
  error: unknown,
): Promise<unknown> {
  const [group, ctx] = ErrGroup.withContext(background(), { recover });
  group.go(() => Promise.reject(error));
  const end = await settled(group.wait());
  if ("reason" in end) assertStrictEquals(cause(ctx), end.reason);
  else assertStrictEquals(cause(ctx), ctx.err);
  return end;
}

test("ErrGroup makes what recover returns the error, undefined none, and takes what it throws", async () => {
  const told: unknown[] = [];
  const error = new Error("boom");
  const instead = new Error("instead");
  assertEquals(await recovered((failure) => told.push(failure) && undefined, error), {
    value: undefined,
  });
  assertStrictEquals(told[0], error);
  for (
    const recover of [
      () => instead,
      () => Promise.resolve(instead),
      () => {
        throw instead;
      },
      () => Promise.reject(instead),
    ]
  ) {
    const end = await recovered(recover, error) as { reason: unknown };
    assertStrictEquals(end.reason, instead);
  }
  assertEquals(await recovered(() => Promise.resolve(), error), { value: undefined });
});

test("ErrGroup takes only undefined from recover for no error", async () => {
  for (const instead of [null, 0, "", false]) {
    const group = new ErrGroup({ recover: () => instead });
    group.go(() => Promise.reject(new Error("boom")));
    assertEquals(await settled(group.wait()), { reason: instead });
  }
});

test("ErrGroup waits for recover, whose function still has its place meanwhile", async () => {
  const gate = new Gate();
  const group = new ErrGroup({ limit: 1, recover: () => gate.run(background()) });
  group.go(() => Promise.reject(new Error("boom")));
  const next = group.go(() => {});
  const waited = group.wait();
  assertEquals([await isPending(waited), await isPending(next)], [true, true]);
  gate.open();
  await waited;
});

test("ErrGroup calls recover for failures only, once for each", async () => {
  const told: unknown[] = [];
  const text: unknown = "b";
  const group = new ErrGroup({ errors: "all", recover: (error) => told.push(error) && error });
  group.go(() => {});
  group.go(() => Promise.reject("a"));
  group.go(() => {
    throw text;
  });
  const { errors } = await reasonOf(group.wait()) as AggregateError;
  assertEquals([told.toSorted(), errors.toSorted()], [["a", "b"], ["a", "b"]]);
});

// ---- with goroutines

test("ErrGroup joins a goroutine that its function returns", async () => {
  const error = new RangeError("boom");
  const group = new ErrGroup({ errors: "all" });
  const got: unknown[] = [];
  group.go(() => go(() => Promise.reject(error)));
  group.go(() => go(() => turn()).then(() => got.push("ended")));
  const failure = await reasonOf(group.wait()) as AggregateError;
  assertEquals([failure.errors, got], [[error], ["ended"]]);
});

test("ErrGroup runs tasks of a pool, and reports their failures", async () => {
  await using pool = new Pool({ threads: 1 });
  const [group, ctx] = ErrGroup.withContext(background(), { limit: 2 });
  const got: unknown[] = [];
  for (let i = 0; i < 4; i++) await group.go(() => pool.go(echo, i).then((n) => got.push(n)));
  await group.go(() => pool.go(fail, new RangeError("on the other thread")));
  await assertRejects(() => group.wait(), RangeError, "on the other thread");
  assertEquals(got.toSorted(), [0, 1, 2, 3]);
  assertInstanceOf(cause(ctx), RangeError);
});

test("ErrGroup adopts a thenable that calls back twice once", async () => {
  const group = new ErrGroup();
  group.go(() => ({
    then(resolve: () => void) {
      resolve();
      resolve();
    },
  }));
  await group.wait();
  const gate = new Gate();
  group.go(gate.run);
  // With one counted twice this would end.
  const waited = group.wait();
  assert(await isPending(waited));
  gate.open();
  await waited;
});

// ---- many; here at the end, since only the first few thousand goroutines of a thread have the stack of their creation

test("ErrGroup runs 100,000 functions, ten at once, and lets timers have their turn meanwhile", async () => {
  const group = new ErrGroup({ limit: 10, queue: Infinity });
  let [ended, now, most, timers] = [0, 0, 0, 0];
  const timer = setInterval(() => timers++, 0);
  for (let i = 0; i < 100_000; i++) {
    group.go(async () => {
      most = Math.max(most, ++now);
      await null;
      now--;
      ended++;
    });
  }
  await group.wait();
  clearInterval(timer);
  assertEquals([ended, most], [100_000, 10]);
  assert(timers > 0, "no timer ran");
});
