/**
 * Contexts between threads: the same context everywhere.
 *
 * @module
 */
import { any, Channel, i32, Mutex, Pool, type PoolOptions, struct, text } from "../../mod.ts";
import {
  background,
  cause,
  type Context,
  contextOf,
  DeadlineExceededError,
  fromSignal,
  todo,
  withCancel,
  withCancelCause,
  withDeadline,
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
import {
  ask,
  cancelChildren,
  giveBack,
  isDoneNull,
  makeAndDie,
  makeContext,
  passOn,
  passOnValues,
  readDeadline,
  readValues,
  type Said,
  say,
  waitForEnd,
  waitForReceived,
  waitInVain,
  type Way,
} from "../support/context_tasks.ts";
import { test } from "../support/test.ts";

const POOLS: readonly (readonly [string, PoolOptions])[] = [
  ["another thread", { threads: 1 }],
  ["this thread by a pool", { threads: 0 }],
];

/** What a context says that has ended. */
function ended(err: string, why: unknown = "err"): Said {
  return { err, cause: why, isClosed: true, isAborted: true };
}

const LIVE: Said = { err: undefined, cause: undefined, isClosed: false, isAborted: false };
const NEVER: Said = { ...LIVE, isClosed: undefined };

for (const [where, options] of POOLS) {
  test(`a context passed to ${where} is live there until it is cancelled here`, async () => {
    await using pool = new Pool(options);
    const [ctx, cancel] = withCancelCause(background());
    assertEquals(await pool.go(ask, ctx), LIVE);
    cancel({ reason: ["why", 1n] });
    assertEquals(await pool.go(ask, ctx), ended("CANCELED", { reason: ["why", 1n] }));
    assertEquals(say(ctx), ended("CANCELED", { reason: ["why", 1n] }));
  });

  test(`a context passed to ${where} and back is the same object`, async () => {
    await using pool = new Pool(options);
    const [ctx, cancel] = withTimeout(background(), 1e9);
    const all = [ctx, withValue(ctx, "k", 1), withoutCancel(ctx), background(), todo()];
    for (const each of all) assertStrictEquals(await pool.go(giveBack, each), each);
    const nested = { contexts: [ctx, { ctx }], map: new Map([["ctx", ctx]]) };
    const back = await pool.go(giveBack, nested) as typeof nested;
    assertStrictEquals(back.contexts[0], ctx);
    assertStrictEquals(back.map.get("ctx"), ctx);
    cancel();
    assertStrictEquals(await pool.go(giveBack, ctx), ctx);
  });

  test(`a context that has ended arrives on ${where} as it is`, async () => {
    await using pool = new Pool(options);
    const [ctx, cancel] = withCancelCause(background());
    const child = withValue(withCancel(ctx)[0], "k", 1);
    cancel("why");
    for (const each of [ctx, child]) {
      assertEquals(await pool.go(ask, each), ended("CANCELED", "why"));
    }
    const late = withTimeoutCause(background(), 0, "late")[0];
    assertEquals(await pool.go(ask, late), ended("DEADLINE_EXCEEDED", "late"));
  });

  test(`what never ends arrives on ${where} with a done that is null`, async () => {
    await using pool = new Pool(options);
    const contexts = [background(), todo(), withValue(background(), "k", 1), withoutCancel(todo())];
    for (const ctx of contexts) {
      assertEquals([await pool.go(ask, ctx), await pool.go(isDoneNull, ctx)], [NEVER, true]);
    }
  });

  test(`a deadline is the same date on ${where}`, async () => {
    await using pool = new Pool(options);
    const date = new Date(Date.now() + 1e8);
    const [ctx] = withDeadline(background(), date);
    const all = [ctx, withCancel(ctx)[0], withValue(ctx, "k", 1), withTimeout(ctx, 1e9)[0]];
    for (const each of all) assertEquals(await pool.go(readDeadline, each), date);
    assertEquals(await pool.go(readDeadline, withoutCancel(ctx)), undefined);
  });

  test(`values arrive on ${where} under keys that can be there`, async () => {
    await using pool = new Pool(options);
    const mutex = new Mutex();
    let ctx = withCancel(withValue(background(), "text", "hidden"))[0];
    ctx = withValue(ctx, "text", { nested: ["value"] });
    ctx = withValue(ctx, 7, 1n);
    ctx = withValue(ctx, 7n, new Map([[1, 2]]));
    ctx = withValue(withTimeout(ctx, 1e9)[0], true, undefined);
    ctx = withValue(ctx, Symbol.for("millrace.test"), mutex);
    const keys = ["text", 7, 7n, true, "else"];
    const values = await pool.go(readValues, ctx, keys, ["millrace.test", "else"]);
    assertEquals(values.slice(0, 5), [
      { nested: ["value"] },
      1n,
      new Map([[1, 2]]),
      undefined,
      undefined,
    ]);
    assertStrictEquals(values[5], mutex);
    assertEquals(values[6], undefined);
  });
}

test("values stay behind when they, or their keys, cannot be on another thread", async () => {
  await using pool = new Pool({ threads: 1 });
  const object = {};
  let ctx = withValue(background(), "before", 1);
  ctx = withValue(ctx, "function", () => {});
  ctx = withValue(ctx, "channel", new Channel<number>());
  ctx = withValue(ctx, Symbol("own"), 2);
  ctx = withValue(ctx, object, 3);
  ctx = withValue(ctx, "after", 4);
  const keys = ["before", "function", "channel", "after"];
  assertEquals(await pool.go(readValues, ctx, keys), [1, undefined, undefined, 4]);
  assertEquals(ctx.value(object), 3);
});

test("values of a context that was sent on are found on the third thread", async () => {
  await using pool = new Pool({ threads: 2 });
  const ctx = withValue(withCancel(background())[0], "k", "here");
  assertEquals(await pool.go(passOnValues, ctx, "k"), ["here", "there"]);
});

const WAYS: readonly Way[] = [
  "receive",
  "receiveSync",
  "select",
  "selectSync",
  "poll",
  "signal",
  "afterFunc",
  "for await",
  "child",
  "childSync",
  "childSignal",
];

for (const way of WAYS) {
  test(`cancelling ends a task on another thread that waits by ${way}`, async () => {
    await using pool = new Pool({ threads: 1 });
    using started = new Channel(i32, 1);
    const [ctx, cancel] = withCancelCause(background());
    const waiting = pool.go(waitForEnd, withValue(ctx, "k", 1), way, started);
    await started.receive();
    cancel(new RangeError("why", { cause: "deeper" }));
    const said = await waiting;
    assertInstanceOf(said.cause, RangeError);
    assertEquals([said.cause.message, said.cause.cause], ["why", "deeper"]);
    assertEquals({ ...said, cause: 0 }, ended("CANCELED", 0));
  });

  test(`a deadline ends a task on another thread that waits by ${way}`, async () => {
    await using pool = new Pool({ threads: 1 });
    using started = new Channel(i32, 1);
    const [ctx] = withTimeoutCause(background(), 20, { late: true });
    assertEquals(
      await pool.go(waitForEnd, ctx, way, started),
      ended("DEADLINE_EXCEEDED", { late: true }),
    );
    assertEquals(say(ctx), ended("DEADLINE_EXCEEDED", { late: true }));
  });
}

test("cancelling ends the tasks of all threads that wait", async () => {
  await using pool = new Pool({ threads: 3 });
  using started = new Channel(i32, 3);
  const [ctx, cancel] = withCancel(background());
  const waits = Array.from({ length: 3 }, () => pool.go(waitForEnd, ctx, "receiveSync", started));
  for (let i = 0; i < 3; i++) await started.receive();
  cancel();
  for (const each of waits) assertEquals(await each, ended("CANCELED"));
});

test("a deadline ends a task although the thread that made it is blocked", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using over = new Channel(i32, 1);
  await pool.go(ask, background());
  const [ctx] = withTimeout(background(), 20);
  const waiting = pool.go(waitForEnd, ctx, "receive", started, over);
  over.receiveSync();
  assertEquals(await waiting, ended("DEADLINE_EXCEEDED"));
});

test("all threads take the same for the end, whoever is first", async () => {
  await using pool = new Pool({ threads: 2 });
  using started = new Channel(i32, 2);
  for (let round = 0; round < 50; round++) {
    const [ctx, cancel] = withTimeoutCause(background(), round % 5, "late");
    const waits = [
      pool.go(waitForEnd, ctx, "poll", started),
      pool.go(waitForEnd, ctx, "receive", started),
    ];
    await started.receive();
    await started.receive();
    cancel();
    const here = say(ctx);
    for (const each of waits) assertEquals(await each, here);
  }
});

test("a context cannot be cancelled elsewhere but by its children, which it outlives", async () => {
  await using pool = new Pool({ threads: 1 });
  const [ctx, cancel] = withCancel(background());
  assertEquals(await pool.go(cancelChildren, ctx), LIVE);
  assertEquals(say(ctx), LIVE);
  cancel();
});

test("a wait at a context of another thread that is given up leaves it as it was", async () => {
  await using pool = new Pool({ threads: 1 });
  const [ctx, cancel] = withTimeout(background(), 1e9);
  assertEquals(await pool.go(waitInVain, ctx, 200), 0);
  assertEquals(await pool.go(ask, ctx), LIVE);
  cancel();
  assertEquals(await pool.go(ask, ctx), ended("CANCELED"));
});

test("a parent that is cancelled ends a child on another thread, though nobody here waits for either", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  const [parent, cancel] = withCancelCause(background());
  const child = withValue(withCancel(withValue(withCancel(parent)[0], "k", 1))[0], "l", 2);
  const waiting = pool.go(waitForEnd, child, "receive", started);
  await started.receive();
  cancel("parent");
  assertEquals(await waiting, ended("CANCELED", "parent"));
});

test("a signal ends a context on another thread", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  const controller = new AbortController();
  const waiting = pool.go(waitForEnd, fromSignal(controller.signal), "receive", started);
  await started.receive();
  controller.abort("gone");
  assertEquals(await waiting, ended("CANCELED", "gone"));
});

test("a signal aborted with null ends a context on another thread with null", async () => {
  await using pool = new Pool({ threads: 1 });
  assertEquals(
    await pool.go(ask, fromSignal(AbortSignal.abort(null))),
    ended("CANCELED", null),
  );
});

test("a cause that cannot be sent arrives as what can be said of it", async () => {
  await using pool = new Pool({ threads: 1 });
  const [ctx, cancel] = withCancelCause(background());
  assertEquals(await pool.go(ask, ctx), LIVE);
  const why = () => "a function";
  cancel(why);
  assertStrictEquals(cause(ctx), why);
  const said = await pool.go(ask, ctx);
  assertInstanceOf(said.cause, Error);
  assertEquals(said.cause.message, String(why));
});

for (const element of ["any()", "struct with contextOf", "contextOf"] as const) {
  test(`a context goes through a channel of ${element}`, async () => {
    await using pool = new Pool({ threads: 1 });
    const [ctx, cancel] = withCancelCause(background());
    if (element === "contextOf") {
      using contexts = new Channel(contextOf, 1);
      await contexts.send(ctx);
      assertStrictEquals(await contexts.receive(), ctx);
    }
    using contexts = element === "any()"
      ? new Channel(any<{ ctx: Context }>(), 1)
      : new Channel(struct({ ctx: contextOf, name: text }), 1);
    const waiting = pool.go(waitForReceived, contexts as Channel<{ ctx: Context }>);
    await contexts.send({ ctx, name: "name" });
    cancel("why");
    assertEquals(await waiting, ended("CANCELED", "why"));
  });
}

test("contextOf refuses what is no context", () => {
  using contexts = new Channel(contextOf, 1);
  for (const other of [{}, new Mutex(), undefined, new AbortController().signal]) {
    assertThrows(() => contexts.trySend(other as never), TypeError, "expected a Context");
  }
});

for (const what of ["cancel", "compute"] as const) {
  const name = what === "cancel"
    ? "a child made on another thread ends a task on a third"
    : "a context ends a task on a third thread although the one in between computes";
  test(name, async () => {
    await using pool = new Pool({ threads: 2 });
    using contexts = new Channel(any<{ ctx: Context }>(), 1);
    using started = new Channel(i32, 0);
    using over = new Channel(i32, 0);
    const waiting = pool.go(waitForReceived, contexts, started, over);
    await started.receive();
    const [ctx, cancel] = withCancelCause(background());
    const passing = pool.go(passOn, ctx, what, contexts, started, over);
    assertEquals(await over.receive(), 0);
    if (what === "compute") cancel("why");
    else assertEquals(await over.receive(), 1);
    const end = what === "cancel" ? ended("CANCELED", { by: "there" }) : ended("CANCELED", "why");
    assertEquals([await waiting, await passing], [end, end]);
    assertEquals(say(ctx), what === "cancel" ? LIVE : end);
    cancel();
  });
}

test("a context made on another thread comes here, with values, and ends here", async () => {
  await using pool = new Pool({ threads: 1 });
  const ctx = await pool.go(makeContext, 1e9, 5);
  assertEquals(ctx.value("k"), "there");
  const [child] = withCancel(ctx);
  await child.done!.receive();
  assertEquals(say(ctx), ended("CANCELED"));
  assertStrictEquals(child.err, ctx.err);
  assertStrictEquals(await pool.go(giveBack, ctx), ctx);
});

test("a context made on another thread ends here by its deadline", async () => {
  await using pool = new Pool({ threads: 1 });
  const ctx = await pool.go(makeContext, 5, 0);
  await ctx.done!.receive();
  assertEquals(say(ctx), ended("DEADLINE_EXCEEDED", "late there"));
});

test("a context outlives the pool that it was passed to, and the one that it was made on", async () => {
  const pool = new Pool({ threads: 1 });
  const [ctx, cancel] = withCancel(background());
  const there = await pool.go(makeContext, 1e9, 0);
  assertEquals([await pool.go(ask, ctx), say(there)], [LIVE, LIVE]);
  await pool.close();
  assertEquals([say(ctx), say(there), there.value("k")], [LIVE, LIVE, "there"]);
  const [child, cancelChild] = withCancel(there);
  cancel();
  cancelChild();
  assertEquals([say(ctx), say(child), say(there)], [ended("CANCELED"), ended("CANCELED"), LIVE]);
});

test("a deadline ends a context although the thread that made it has died", async () => {
  await using pool = new Pool({ threads: 1 });
  using contexts = new Channel(any<{ ctx: Context }>(), 1);
  const dying = pool.go(makeAndDie, contexts, 30);
  const { ctx } = (await contexts.receive())!;
  await assertRejects(() => dying.join());
  const [child] = withCancel(ctx);
  await child.done!.receive();
  assertInstanceOf(child.err, DeadlineExceededError);
  assertEquals(cause(ctx), "late there");
});

test("a task that waits for a context in vain goes with its pool", async () => {
  const pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  const [ctx, cancel] = withCancel(background());
  const waiting = pool.go(waitForEnd, ctx, "signal", started);
  await started.receive();
  const failing = assertRejects(() => waiting.join());
  await pool.terminate();
  await failing;
  cancel();
  assert(ctx.signal.aborted);
});

test("withCancel() whose context is cancelled while it is being sent has ended on the other thread", async () => {
  for (const [, options] of POOLS) {
    await using pool = new Pool(options);
    const hostile = {
      get value(): number {
        cancel();
        return 1;
      },
    };
    const [ctx, cancel] = withCancel(withValue(background(), "k", hostile));
    assertEquals(await pool.go(ask, ctx), ended("CANCELED"));
  }
});
