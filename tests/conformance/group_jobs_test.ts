/**
 * `all`, `race`, `take`, `last`: several functions at once over a context.
 *
 * @module
 */
import { Channel, Pool } from "../../mod.ts";
import {
  background,
  cause,
  type Context,
  withCancel,
  withCancelCause,
  withTimeout,
  withValue,
} from "../../src/context/mod.ts";
import { all, type Job, last, race, take } from "../../src/group/mod.ts";
import { assert, assertEquals, assertRejects, assertStrictEquals } from "../support/assert.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { echo, fail } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { isPending, settled, turn } from "./waiting.ts";

/** A function that ends when the test says so. */
class Step {
  readonly #end = new Channel<() => string>(1);
  context: Context | undefined;

  readonly run: Job<string> = async (ctx) => {
    this.context = ctx;
    return (await this.#end.receive())!();
  };

  async end(value: string): Promise<void> {
    this.#end.trySend(() => value);
    await turn();
  }

  async fail(error: unknown): Promise<void> {
    this.#end.trySend(() => {
      throw error;
    });
    await turn();
  }

  get wasCancelled(): boolean {
    return this.context!.err !== undefined;
  }
}

type Steps = [a: Step, b: Step, c: Step];

/** Three functions that have been given to `start`, and what it has returned. */
async function started<T>(
  start: (fns: Job<string>[]) => Promise<T>,
): Promise<[...Steps, Promise<T>]> {
  const steps: Steps = [new Step(), new Step(), new Step()];
  const promise = start(steps.map((step) => step.run));
  promise.catch(() => {});
  await turn();
  return [...steps, promise];
}

/** Every function of this file, with as many results as there are functions. */
const every: Readonly<Record<string, (ctx: Context, fns: Job<string>[]) => Promise<unknown>>> = {
  all,
  race,
  take: (ctx, fns) => take(ctx, fns.length, fns),
  last: (ctx, fns) => last(ctx, fns.length, fns),
};

for (const [name, start] of Object.entries(every)) {
  test(`${name}() starts its functions after the caller yields, with a child of the context`, async () => {
    const key = Symbol();
    const ctx = withValue(background(), key, "value");
    const contexts: Context[] = [];
    const fn = (own: Context): string => {
      contexts.push(own);
      return "done";
    };
    const promise = start(ctx, [fn, fn]);
    assertEquals(contexts.length, 0);
    await promise;
    assertEquals(contexts.map((own) => own.value(key)), ["value", "value"]);
    assertEquals(contexts.map((own) => own.err?.message), ["context canceled", "context canceled"]);
    assertStrictEquals(ctx.err, undefined);
  });

  test(`${name}() rejects with the context's err as soon as it ends, although its functions go on`, async () => {
    const [ctx, cancel] = withCancelCause(background());
    const [a, b, c, promise] = await started((fns) => start(ctx, fns));
    const reason = new Error("the user has left");
    cancel(reason);
    assertStrictEquals((await settled(promise) as { reason: unknown }).reason, ctx.err);
    assertStrictEquals(cause(a.context!), reason);
    // What becomes of them is dropped.
    await a.end("late");
    await b.fail(new Error("late"));
    await c.end("late");
  });

  test(`${name}() rejects with the context's err when its functions fail because of that`, async () => {
    const [ctx, cancel] = withCancelCause(background());
    const obey: Job<string> = (own) =>
      new Promise((_, reject) => {
        own.signal.addEventListener("abort", () => reject(own.signal.reason));
      });
    const promise = settled(start(ctx, [obey, obey]));
    await turn();
    cancel(new Error("the user has left"));
    assertStrictEquals((await promise as { reason: unknown }).reason, ctx.err);
  });

  test(`${name}() runs nothing when the context has ended already`, async () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    let ran = 0;
    const promise = start(ctx, [() => String(ran++)]);
    assertStrictEquals((await settled(promise) as { reason: unknown }).reason, ctx.err);
    await turn();
    assertStrictEquals(ran, 0);
  });

  test(`${name}() rejects with the context's err when it ends in the moment in which a function does`, async () => {
    const ends: Job<string>[] = [() => "done", () => Promise.resolve("done"), () => {
      throw new Error("boom");
    }];
    for (const end of ends) {
      const [ctx, cancel] = withCancel(background());
      // The first has ended when the second cancels, and nobody has heard of it.
      const promise = start(ctx, [end, () => String(cancel())]);
      assertStrictEquals((await settled(promise) as { reason: unknown }).reason, ctx.err);
    }
  });

  test(`${name}() ends at the context's deadline`, async () => {
    using time = virtualTime();
    const [ctx, cancel] = withTimeout(background(), 50);
    const never: Job<string> = () => new Promise(() => {});
    const promise = settled(start(ctx, [never, never]));
    await time.pass(49);
    assertStrictEquals(ctx.err, undefined);
    await time.pass(1);
    assertEquals((await promise as { reason: Error }).reason.name, "DeadlineExceededError");
    cancel();
    assertStrictEquals(time.timers, 0);
  });

  test(`${name}() joins goroutines of other threads`, async () => {
    await using pool = new Pool({ threads: 1 });
    await start(background(), [() => pool.go(echo, "here") as PromiseLike<string>]);
    await assertRejects(
      () =>
        start(background(), [
          () => pool.go(fail, new RangeError("there")),
          () => pool.go(fail, new RangeError("there")),
        ]),
      RangeError,
      "there",
    );
  });
}

// ---- all

test("all() gives the results in the order of the functions, whatever order they end in", async () => {
  const [a, b, c, promise] = await started((fns) => all(background(), fns));
  await c.end("c");
  await a.end("a");
  assert(await isPending(promise));
  await b.end("b");
  assertEquals(await promise, ["a", "b", "c"]);
});

test("all() gives [] for no functions, and undefined as a value", async () => {
  assertEquals(await all(background(), []), []);
  assertEquals(await all(background(), [() => undefined, () => null]), [undefined, null]);
});

test("all() gives each result its own type, as Promise.all() does", async () => {
  const mixed: [number, string, void] = await all(background(), [
    (ctx) => ctx.err === undefined ? 1 : 2,
    () => Promise.resolve("two"),
    async (ctx) => assertStrictEquals(await ctx.value("none"), undefined),
  ]);
  assertEquals(mixed, [1, "two", undefined]);
  const mapped: number[] = await all(background(), [1, 2].map((n) => () => n));
  const given: number[] = await all<number>(background(), [() => 1, () => Promise.resolve(2)]);
  assertEquals([mapped, given], [[1, 2], [1, 2]]);
  const jobs: Job<string>[] = [];
  const none: string[] = await all(background(), jobs);
  assertEquals(none, []);
});

test("all() rejects with the first error, and cancels the rest", async () => {
  const [a, b, c, promise] = await started((fns) => all(background(), fns));
  await a.end("a");
  assertStrictEquals(c.wasCancelled, false);
  const error = new Error("first");
  await b.fail(error);
  assertStrictEquals((await settled(promise) as { reason: unknown }).reason, error);
  assertStrictEquals(c.wasCancelled, true);
  await c.fail(new Error("dropped"));
});

// ---- race

test("race() gives the first success, and cancels the rest", async () => {
  const [a, b, c, promise] = await started((fns) => race(background(), fns));
  await a.fail(new Error("no success"));
  assertStrictEquals(c.wasCancelled, false);
  await b.end("b");
  assertEquals(await promise, "b");
  assertStrictEquals(c.wasCancelled, true);
  await c.fail(new Error("dropped"));
});

test("race() rejects with the last error when all fail", async () => {
  const [a, b, c, promise] = await started((fns) => race(background(), fns));
  await c.fail(new Error("first"));
  await a.fail(new Error("second"));
  assert(await isPending(promise));
  const error = new Error("last");
  await b.fail(error);
  assertStrictEquals((await settled(promise) as { reason: unknown }).reason, error);
});

// ---- take

test("take() gives the first n successes in the order in which they ended, and cancels the rest", async () => {
  const [a, b, c, promise] = await started((fns) => take(background(), 2, fns));
  await c.end("c");
  assert(await isPending(promise));
  assertStrictEquals(b.wasCancelled, false);
  await a.end("a");
  assertEquals(await promise, ["c", "a"]);
  assertStrictEquals(b.wasCancelled, true);
  await b.fail(new Error("dropped"));
});

test("take() leaves its results alone when more end in the same moment", async () => {
  const results = await take(background(), 1, [() => "a", () => "b", () => "c"]);
  await turn();
  assertEquals(results, ["a"]);
});

test("take() fails with an error before it has n, and cancels the rest", async () => {
  const [a, b, c, promise] = await started((fns) => take(background(), 2, fns));
  await a.end("a");
  const error = new Error("first");
  await b.fail(error);
  assertStrictEquals((await settled(promise) as { reason: unknown }).reason, error);
  assertStrictEquals(c.wasCancelled, true);
  await c.end("dropped");
});

test("take() with 0 gives [] and runs nothing", async () => {
  let ran = 0;
  assertEquals(await take(background(), 0, [() => ran++]), []);
  assertEquals(await take(background(), 0, []), []);
  await turn();
  assertStrictEquals(ran, 0);
});

// ---- last

test("last() gives the last n that ended in the order in which they did, when all have", async () => {
  const [a, b, c, promise] = await started((fns) => last(background(), 2, fns));
  await b.end("b");
  await c.end("c");
  assert(await isPending(promise));
  await a.end("a");
  assertEquals(await promise, ["c", "a"]);
});

test("last() fails with the first error, and cancels the rest", async () => {
  const [a, b, c, promise] = await started((fns) => last(background(), 1, fns));
  await a.end("a");
  const error = new Error("first");
  await c.fail(error);
  assertStrictEquals((await settled(promise) as { reason: unknown }).reason, error);
  assertStrictEquals(b.wasCancelled, true);
  await b.fail(new Error("dropped"));
});

test("last() with 0 waits for all and gives []", async () => {
  const [a, b, c, promise] = await started((fns) => last(background(), 0, fns));
  await a.end("a");
  await b.end("b");
  assert(await isPending(promise));
  await c.end("c");
  assertEquals(await promise, []);
  assertEquals(await last(background(), 0, []), []);
});
