/**
 * `retry` and `waterfall`: functions one after the other over a context.
 *
 * @module
 */
import { Channel, Pool, sleep } from "../../mod.ts";
import {
  background,
  cause,
  type Context,
  withCancel,
  withCancelCause,
  withTimeout,
  withValue,
} from "../../src/context/mod.ts";
import { retry, type RetryOptions, waterfall } from "../../src/group/mod.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { echo, fail } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { settled, turn } from "./waiting.ts";

/** Fails so often with errors that count, and then succeeds. */
function failing(times: number): { calls: number; run: () => string } {
  const counter = {
    calls: 0,
    run(): string {
      if (++counter.calls <= times) throw new Error(`no. ${counter.calls}`);
      return `at ${counter.calls}`;
    },
  };
  return counter;
}

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  const end = await settled(promise);
  assert("reason" in end, "it did not reject");
  return end.reason;
}

// ---- tries

test("retry() gives what the first try returns that succeeds", async () => {
  const [never, once, twice] = [failing(0), failing(1), failing(2)];
  assertEquals(await retry(background(), 3, never.run), "at 1");
  assertEquals(await retry(background(), 3, once.run), "at 2");
  assertEquals(await retry(background(), 3, twice.run), "at 3");
  assertEquals([never.calls, once.calls, twice.calls], [1, 2, 3]);
});

test("retry() rejects with the last error after so many tries in all", async () => {
  for (const tries of [1, 2, 5]) {
    const always = failing(Infinity);
    assertEquals(
      (await reasonOf(retry(background(), tries, always.run)) as Error).message,
      `no. ${tries}`,
    );
    assertStrictEquals(always.calls, tries);
  }
});

test("retry() with 0 tries for ever", async () => {
  const often = failing(5000);
  assertEquals(await retry(background(), 0, often.run), "at 5001");
});

test("retry() takes a rejection for a failure, and any reason", async () => {
  const reasons: unknown[] = [undefined, null, "text", new Error("last")];
  const left = [...reasons];
  const error = await reasonOf(retry(background(), 4, () => Promise.reject(left.shift())));
  assertStrictEquals(error, reasons[3]);
});

test("retry() makes the first try within the call, and passes a child of the context", async () => {
  const key = Symbol();
  const ctx = withValue(background(), key, "value");
  let own: Context | undefined;
  const promise = retry(ctx, 1, (given) => {
    own = given;
    assertEquals([given.value(key), given.err], ["value", undefined]);
  });
  assert(own !== undefined);
  await promise;
  assertEquals(own.err!.message, "context canceled");
  assertStrictEquals(ctx.err, undefined);
});

test("retry() joins tasks of other threads", async () => {
  await using pool = new Pool({ threads: 1 });
  let calls = 0;
  const result = await retry(
    background(),
    2,
    () => pool.go(++calls === 1 ? fail : echo, new RangeError("there")) as PromiseLike<Error>,
  );
  assertEquals([calls, result.message], [2, "there"]);
  await assertRejects(
    () => retry(background(), 2, () => pool.go(fail, new RangeError("there"))),
    RangeError,
    "there",
  );
});

test("retry() ends when shouldRetry says that there is no sense in it", async () => {
  const told: unknown[] = [];
  const always = failing(Infinity);
  const shouldRetry = (error: unknown): boolean => told.push(error) < 3;
  const error = await reasonOf(retry(background(), 0, always.run, { shouldRetry }));
  assertEquals([(error as Error).message, always.calls, told.length], ["no. 3", 3, 3]);
  assertStrictEquals(told[2], error);
});

test("retry() does not ask shouldRetry after the last try, and fails with what it throws", async () => {
  const last = retry(background(), 1, failing(9).run, {
    shouldRetry: () => assert(false) as never,
  });
  assertEquals((await reasonOf(last) as Error).message, "no. 1");
  const thrown = new Error("thrown");
  const shouldRetry = (): boolean => {
    throw thrown;
  };
  assertStrictEquals(
    await reasonOf(retry(background(), 0, failing(9).run, { shouldRetry })),
    thrown,
  );
});

// ---- delays

/** The delays between `count` tries, in virtual time. */
async function delays(count: number, options: RetryOptions): Promise<number[]> {
  using time = virtualTime();
  const times: number[] = [];
  const ended = settled(
    retry(background(), count, () => {
      times.push(performance.now());
      throw new Error("boom");
    }, options),
  );
  await time.pass(1e7);
  await ended;
  assertStrictEquals(time.timers, 0);
  return times.slice(1).map((at, i) => Math.round((at - times[i]!) * 1000) / 1000);
}

for (
  const [what, options, expected] of [
    ["none", {}, [0, 0, 0]],
    ["each twice the one before", { delayMs: 100 }, [100, 200, 400, 800]],
    ["by the factor", { delayMs: 10, factor: 3 }, [10, 30, 90, 270]],
    ["always the same with a factor of 1", { delayMs: 10, factor: 1 }, [10, 10, 10, 10]],
    ["no longer than the longest", { delayMs: 10, maxDelayMs: 35 }, [10, 20, 35, 35, 35]],
    ["never longer than a minute by default", { delayMs: 25_000 }, [
      25_000,
      50_000,
      60_000,
      60_000,
    ]],
    ["a first one beyond a minute as it is", { delayMs: 90_000 }, [90_000, 90_000]],
    ["the longest when that is less than the first", { delayMs: 50, maxDelayMs: 20 }, [20, 20]],
    ["none with a longest of 0", { delayMs: 50, maxDelayMs: 0 }, [0, 0]],
    ["exact without jitter", { delayMs: 8, jitter: "none" }, [8, 16, 32]],
    ["exact with a jitter of 0", { delayMs: 8, jitter: 0 }, [8, 16, 32]],
    ["none without a delay, whatever the factor", { delayMs: 0, factor: Infinity }, [0, 0, 0]],
    ["the longest with an infinite factor", { delayMs: 5, factor: Infinity, maxDelayMs: 70 }, [
      5,
      70,
      70,
    ]],
  ] as [string, RetryOptions, number[]][]
) {
  test(`retry() waits between the tries: ${what}`, async () => {
    assertEquals(await delays(expected.length + 1, options), expected);
  });
}

test("retry() does not overflow after a thousand doublings", async () => {
  const [longest] = (await delays(1100, { delayMs: 1, maxDelayMs: 2 })).slice(-1);
  assertStrictEquals(longest, 2);
});

test("retry() leaves with jitter to chance what it says, and no more", async () => {
  const { random } = Math;
  try {
    for (
      const [chance, jitter, expected] of [[0, "full", 100], [0.75, "full", 25], [
        0.5,
        0.2,
        90,
      ]] as const
    ) {
      Math.random = () => chance;
      assertEquals(await delays(2, { delayMs: 100, jitter }), [expected]);
    }
  } finally {
    Math.random = random;
  }
  // And with what chance gives:
  const spread = await delays(100, { delayMs: 100, factor: 1, jitter: 0.5 });
  for (const ms of spread) {
    assertGreater(ms, 49.9);
    assertLessOrEqual(ms, 101);
  }
  assertGreater(new Set(spread).size, 10);
});

// ---- the end of the context

test("retry() runs nothing when the context has ended already", async () => {
  const [ctx, cancel] = withCancel(background());
  cancel();
  const never = failing(0);
  assertStrictEquals(await reasonOf(retry(ctx, 0, never.run)), ctx.err);
  assertStrictEquals(never.calls, 0);
});

test("retry() rejects with the context's err at once when it ends in the middle of a delay", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancelCause(background());
  const always = failing(Infinity);
  const ended = reasonOf(retry(ctx, 0, always.run, { delayMs: 1e6, maxDelayMs: 1e9 }));
  await time.pass(10);
  assertStrictEquals(time.timers, 1);
  cancel(new Error("enough"));
  assertStrictEquals(await ended, ctx.err);
  assertEquals([always.calls, time.timers], [1, 0]);
});

test("retry() rejects with the context's err at once when it ends in the middle of a try, which goes on", async () => {
  const [ctx, cancel] = withCancelCause(background());
  const end = new Channel<never>();
  let calls = 0;
  const ended = reasonOf(retry(ctx, 0, (own) => {
    calls++;
    return end.receive().catch((error) => {
      assertEquals((cause(own) as Error).message, "enough");
      throw error;
    });
  }));
  await turn();
  cancel(new Error("enough"));
  assertStrictEquals(await ended, ctx.err);
  end.close(new Error("late"));
  await turn();
  assertStrictEquals(calls, 1);
});

test("retry() rejects with the context's err when a try fails because of its end", async () => {
  const [ctx, cancel] = withCancel(background());
  const ended = reasonOf(retry(ctx, 0, (own) => sleep(1e6, { signal: own.signal })));
  await turn();
  cancel();
  assertStrictEquals(await ended, ctx.err);
});

test("retry() without a delay lets timers have their turn, although every try fails at once", async () => {
  let isUp = false;
  setTimeout(() => isUp = true, 0);
  const connect = (): string => {
    if (isUp) return "connected";
    throw new Error("connection refused");
  };
  assertEquals(await retry(background(), 0, connect), "connected");
});

test("retry() without a delay ends at the deadline, although every try fails at once", async () => {
  const [ctx, cancel] = withTimeout(background(), 20);
  const always = failing(Infinity);
  const error = await reasonOf(retry(ctx, 0, always.run));
  assertStrictEquals(error, ctx.err);
  assertEquals((error as Error).name, "DeadlineExceededError");
  assertGreater(always.calls, 1);
  cancel();
});

// ---- waterfall

test("waterfall() passes on to each function what the one before returned", async () => {
  const got: unknown[] = [];
  const result = await waterfall(background(), [
    (_, previous) => got.push(previous) && 1,
    async (_, previous) => {
      await turn();
      return got.push(previous) && "two";
    },
    (_, previous) => got.push(previous) && undefined,
    (_, previous) => got.push(previous) && "end",
  ]);
  assertEquals([got, result], [[undefined, 1, "two", undefined], "end"]);
});

test("waterfall() of no functions gives undefined", async () => {
  assertStrictEquals(await waterfall(background(), []), undefined);
});

test("waterfall() ends with the first error, thrown or rejected", async () => {
  const error = new Error("boom");
  for (
    const fn of [() => Promise.reject(error), () => {
      throw error;
    }]
  ) {
    let ran = 0;
    const fns = [() => 1, fn, () => ran++];
    assertStrictEquals(await reasonOf(waterfall(background(), fns)), error);
    assertStrictEquals(ran, 0);
  }
});

test("waterfall() passes a child of the context, the same to all, cancelled when it is over", async () => {
  const key = Symbol();
  const ctx = withValue(background(), key, "value");
  const contexts: Context[] = [];
  const fn = (own: Context): void => {
    assertEquals([own.value(key), own.err], ["value", undefined]);
    contexts.push(own);
  };
  await waterfall(ctx, [fn, fn]);
  assertStrictEquals(contexts[0], contexts[1]);
  assertEquals(contexts[0]!.err!.message, "context canceled");
});

test("waterfall() rejects with the context's err when it ends, and calls nothing after it", async () => {
  const [ctx, cancel] = withCancel(background());
  const end = new Channel<number>();
  let ran = 0;
  const ended = reasonOf(waterfall(ctx, [() => end.receive(), () => ran++]));
  await turn();
  cancel();
  assertStrictEquals(await ended, ctx.err);
  await end.send(1);
  await turn();
  assertStrictEquals(await reasonOf(waterfall(ctx, [() => ran++])), ctx.err);
  assertStrictEquals(ran, 0);
});

test("waterfall() calls nothing more when a function ends the context, not even within the same moment", async () => {
  const [ctx, cancel] = withCancel(background());
  let ran = 0;
  assertStrictEquals(await reasonOf(waterfall(ctx, [cancel, () => ran++])), ctx.err);
  await turn();
  assertStrictEquals(ran, 0);
});

test("waterfall() takes the functions as they are at the call", async () => {
  const fns: (() => unknown)[] = [() => turn(), () => "second"];
  const result = waterfall(background(), fns);
  fns.length = 0;
  assertEquals(await result, "second");
});
