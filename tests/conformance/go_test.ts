/**
 * Goroutines of one thread.
 *
 * @module
 */
import { CanceledError, Channel, go, type Goroutine } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { runScript } from "../support/scripts.ts";
import { test } from "../support/test.ts";
import { settled, turn } from "./waiting.ts";

test("go() returns before its function starts", async () => {
  const log: string[] = [];
  const started = go(() => log.push("started"));
  log.push("returned");
  await started;
  assertEquals(log, ["returned", "started"]);
});

test("go() starts its function although nobody joins", async () => {
  let isStarted = false;
  go(() => {
    isStarted = true;
  });
  await turn();
  assert(isStarted);
});

test("go() starts goroutines in the order of the calls", async () => {
  const log: number[] = [];
  for (let i = 0; i < 5; i++) go(() => log.push(i));
  await turn();
  assertEquals(log, [0, 1, 2, 3, 4]);
});

test("go() passes its arguments as they are", async () => {
  const object = {};
  const hole = undefined;
  const got = await go((...args: unknown[]) => args, object, hole, 1, "two");
  assertEquals(got.length, 4);
  assertStrictEquals(got[0], object);
  assertEquals(got.slice(1), [undefined, 1, "two"]);
});

test("go() evaluates its arguments at the call", async () => {
  let n = 1;
  const started = go((value: number) => value, n);
  n = 2;
  assertEquals(await started, 1);
});

test("Goroutine gives what its function returned, by reference", async () => {
  const object = { n: 1 };
  assertStrictEquals(await go(() => object), object);
  assertStrictEquals(await go(() => undefined), undefined);
});

test("Goroutine waits for the promise that its function returns", async () => {
  const channel = new Channel<number>();
  const sum = go(async (first: number) => first + (await channel.receive())!, 1);
  go(() => channel.send(2));
  assertEquals(await sum, 3);
});

test("Goroutine adopts a thenable that calls back twice once", async () => {
  const twice: PromiseLike<number> = {
    then(resolve) {
      resolve?.(1);
      resolve?.(2);
      return this as never;
    },
  };
  assertEquals(await go(() => twice), 1);
});

test("Goroutine fails when its result has a `then` that throws", async () => {
  const result = {
    get then(): never {
      throw new RangeError("no then");
    },
  };
  await assertRejects(() => go(() => result).join(), RangeError, "no then");
});

test("Goroutine.join() gives the same to everybody, before the end and after it", async () => {
  const counted = go(() => 1);
  const early = [counted.join(), counted.join()];
  assertEquals(await Promise.all(early), [1, 1]);
  assertEquals(await counted.join(), 1);
  assertEquals(await counted, 1);
});

test("Goroutine.join() rejects with the very error that its function threw", async () => {
  const error = new RangeError("boom");
  const thrown = await settled(
    go(() => {
      throw error;
    }).join(),
  );
  assertStrictEquals((thrown as { reason: unknown }).reason, error);
  const rejected = await settled(go(() => Promise.reject(error)).join());
  assertStrictEquals((rejected as { reason: unknown }).reason, error);
});

test("Goroutine.join() rejects with whatever its function threw", async () => {
  for (const reason of [undefined, null, 0, "text", Object.freeze(new Error("frozen"))]) {
    const failed = go(() => {
      throw reason;
    });
    assertEquals(await settled(failed.join()), { reason });
  }
});

test("Goroutine says in the stack of a failure which one it was and who created it", async () => {
  function boom(): never {
    throw new RangeError("boom");
  }
  function creator(): Goroutine<never> {
    return go(boom);
  }
  const failed = creator();
  const error = await assertRejects(() => failed.join(), RangeError);
  assertStringIncludes(error.stack!, `goroutine ${failed.id} [boom], created by`);
  const [own, created] = error.stack!.split("created by");
  assertStringIncludes(own!, "boom");
  assertStringIncludes(created!, "creator");
});

test("Goroutine.join() ends with the signal's reason and leaves the goroutine alone", async () => {
  const channel = new Channel<number>();
  const receiving = go(() => channel.receive());
  const controller = new AbortController();
  const joined = receiving.join({ signal: controller.signal });
  controller.abort(new RangeError("enough"));
  await assertRejects(() => joined, RangeError, "enough");
  await channel.send(7);
  assertEquals(await receiving, 7);
});

test("Goroutine.join() rejects at once when the signal is aborted already", async () => {
  const receiving = go(() => new Channel<number>().receive());
  const signal = AbortSignal.abort(new RangeError("enough"));
  await assertRejects(() => receiving.join({ signal }), RangeError, "enough");
});

test("Goroutine whose failure is joined with a signal after the abort stays joined", async () => {
  const failed = go(() => Promise.reject(new RangeError("boom")));
  const controller = new AbortController();
  const joined = settled(failed.join({ signal: controller.signal }));
  controller.abort("enough");
  assertEquals(await joined, { reason: "enough" });
  // The failure comes now, and somebody has joined: it is not an uncaught error.
  await turn();
});

test("Goroutine.cancel() keeps a function from running that has not started", async () => {
  let isStarted = false;
  const cancelled = go(() => {
    isStarted = true;
  });
  assertEquals(cancelled.cancel(), true);
  const error = await assertRejects(() => cancelled.join(), CanceledError);
  assertEquals(error.code, "CANCELED");
  assertEquals(isStarted, false);
});

test("Goroutine.cancel() rejects those who have joined already", async () => {
  const cancelled = go(() => 1);
  const joined = cancelled.join();
  assertEquals(cancelled.cancel(), true);
  await assertRejects(() => joined, CanceledError);
});

test("Goroutine.cancel() is no uncaught error when nobody joins", async () => {
  const cancelled = go(() => 1);
  assertEquals(cancelled.cancel(), true);
  assertEquals(cancelled.cancel(), false);
  await turn();
});

test("Goroutine.cancel() is no uncaught error when whoever would have joined was told to stop", async () => {
  const signal = AbortSignal.abort(new RangeError("enough"));
  const [first, second] = [go(() => 1), go(() => 1)];
  const joined = first.join({ signal });
  assertEquals([first.cancel(), second.cancel()], [true, true]);
  await assertRejects(() => joined, RangeError, "enough");
  await assertRejects(() => second.join({ signal }), RangeError, "enough");
  await turn();
});

test("go() takes a promise that is none, or calls back twice, for what it is, and starts the others", async () => {
  class Twice<T> extends Promise<T> {
    override then<A, B>(
      onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
      onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
    ): Promise<A | B> {
      super.then(onFulfilled, onRejected);
      return super.then(onFulfilled, onRejected);
    }
  }
  const impostor = go(() => new Proxy(Promise.resolve(1), {}));
  const twice = go(() => Twice.resolve(2));
  const last = go(() => 3);
  await assertRejects(() => impostor.join(), TypeError);
  assertEquals([await twice, await last], [2, 3]);
});

test("go() whose function fails where stacks are prepared as something else ends as ever", async () => {
  const tracing = Error as { prepareStackTrace?: unknown };
  const { prepareStackTrace } = tracing;
  tracing.prepareStackTrace = (_error: unknown, sites: unknown) => sites;
  try {
    // One in so many has its creator recorded.
    for (let count = 0; count < 600; count++) {
      const failing = go(() => {
        throw new RangeError("boom");
      });
      const other = go(() => 1);
      assertInstanceOf((await settled(failing.join()) as { reason: unknown }).reason, RangeError);
      assertEquals(await other, 1);
    }
  } finally {
    tracing.prepareStackTrace = prepareStackTrace;
  }
});

test("Goroutine.cancel() returns false once the function has started", async () => {
  const channel = new Channel<number>();
  const receiving = go(() => channel.receive());
  await turn();
  assertEquals(receiving.cancel(), false);
  await channel.send(1);
  assertEquals(await receiving, 1);
  assertEquals(receiving.cancel(), false);
});

test("Goroutine has the name of its function and an id of its own", () => {
  function named(): void {}
  const [first, second] = [go(named), go(named)];
  assertEquals(first.name, "named");
  assertNotEquals(first.id, second.id);
  assertEquals(go((): void => {}).name, "");
});

for (const given of [undefined, null, 1, "fn", {}, Promise.resolve()]) {
  test(`go() throws a TypeError when it is given ${String(given)}`, () => {
    assertThrows(() => go(given as never), TypeError, "expected a function");
  });
}

test("go() runs 100,000 goroutines that wait at the same time", async () => {
  const gate = new Channel<never>();
  const count = 100_000;
  const waiting = Array.from({ length: count }, (_, i) =>
    go(async () => {
      await gate.receive();
      return i;
    }));
  await turn();
  gate.close();
  const results = await Promise.all(waiting);
  assertEquals(results.reduce((sum, i) => sum + i, 0), count * (count - 1) / 2);
});

test("Goroutine whose failure nobody joins is an uncaught error that names it and its creator", async () => {
  const { code, stderr } = await runScript("failGoroutine");
  assertNotEquals(code, 0);
  assertStringIncludes(stderr, "RangeError: boom");
  assertStringIncludes(stderr, "goroutine 1 [boom], created by");
  assertStringIncludes(stderr, "failGoroutine");
});

test("Goroutine whose failure is thrown nobody joins is an uncaught error when it is no Error", async () => {
  const { code, stderr } = await runScript("failWithText");
  assertNotEquals(code, 0);
  assertStringIncludes(stderr, "plain text");
});

test("Goroutine that fails is an Error of the class that was thrown", async () => {
  class OwnError extends Error {}
  const failed = go(() => {
    throw new OwnError("mine");
  });
  assertInstanceOf(await assertRejects(() => failed.join()), OwnError);
});
