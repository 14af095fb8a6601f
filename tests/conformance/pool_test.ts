/**
 * Pool: tasks on threads, what goes in and what comes out.
 *
 * @module
 */
import {
  CanceledError,
  Channel,
  type Goroutine,
  i32,
  Mutex,
  Pool,
  Semaphore,
  type Task,
  task,
  text,
  WaitGroup,
} from "../../mod.ts";
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
import {
  blockOn,
  chain,
  describePool,
  echo,
  fail,
  failAs,
  fib,
  forkAndCancel,
  forkFib,
  forkSenders,
  isSame,
  joinFailure,
  noop,
  sendOne,
  suspend,
} from "../support/tasks.ts";
import { suspendThenBlock } from "../support/tasks_order.ts";
import { test } from "../support/test.ts";
import { receiveAll, sendRange } from "../support/thread_tasks.ts";
import { idleStats, settled, takeAll, turn } from "./waiting.ts";

test("Pool.go() runs a task on another thread and gives its result", async () => {
  await using pool = new Pool({ threads: 2 });
  assertEquals(await pool.go(fib, 20), 6765);
});

test("Pool.go() gives each of many tasks its own result", async () => {
  await using pool = new Pool({ threads: 3 });
  const inputs = Array.from({ length: 500 }, (_, i) => i);
  const results = await Promise.all(inputs.map((i) => pool.go(echo, i)));
  assertEquals(results, inputs);
});

test("Pool.go() gives `undefined` when the task returns nothing", async () => {
  await using pool = new Pool({ threads: 1 });
  assertStrictEquals(await pool.go(noop), undefined);
  assertStrictEquals(await pool.go(echo, undefined), undefined);
});

test("Pool.go() passes several arguments, `undefined` among them", async () => {
  await using pool = new Pool({ threads: 1 });
  assertEquals(await pool.go(isSame, undefined, undefined), true);
  assertEquals(await pool.go(isSame, undefined, null), false);
});

const cyclic: Record<string, unknown> = { name: "cyclic" };
cyclic.self = cyclic;
const values: Record<string, unknown> = {
  "a number": 1.5,
  "not a number": NaN,
  "minus zero": -0,
  "infinity": -Infinity,
  "a bigint": 2n ** 70n,
  "an empty text": "",
  "a text beyond ASCII": "grüße 🐢 \ud800",
  "null": null,
  "booleans": [true, false],
  "a hole": Object.assign(new Array<number>(3), { 0: 1, 2: 3 }),
  "an object": { a: { b: [undefined, null] } },
  "a cycle": cyclic,
  "a Map": new Map<unknown, unknown>([["key", new Map([[1, 2]])]]),
  "a Date": new Date(86_400_000),
  "a RegExp": /a+b/giu,
  "a URL": new URL("https://example.com/?q=1#hash"),
  "bytes": new Uint8Array([1, 2, 255]),
  "a part of an array": new Float64Array([0, 1, 2, 3]).subarray(1, 3),
  "big integers": new BigInt64Array([-1n, 2n]),
  "an ArrayBuffer": new Uint8Array([1, 2, 3]).buffer,
  "a megabyte of text": "x".repeat(1 << 20),
};

for (const [name, value] of Object.entries(values)) {
  test(`Pool.go() passes ${name} there and back`, async () => {
    await using pool = new Pool({ threads: 1 });
    const result = await pool.go(echo, value);
    assertEquals(result, value);
    if (typeof value === "object" && value !== null) assert(result !== value, "it is a copy");
    assertEquals(Object.prototype.toString.call(result), Object.prototype.toString.call(value));
  });
}

test("Pool.go() passes a Set there and back", async () => {
  await using pool = new Pool({ threads: 1 });
  const result = await pool.go(echo, new Set(["one", 2])) as Set<unknown>;
  assertInstanceOf(result, Set);
  assertEquals([...result], ["one", 2]);
});

test("Pool.go() passes the same object twice as one", async () => {
  await using pool = new Pool({ threads: 1 });
  const object = { n: 1 };
  assertEquals(await pool.go(isSame, object, object), true);
  assertEquals(await pool.go(isSame, object, { n: 1 }), false);
});

const handles: Record<string, () => Disposable> = {
  "Channel": () => new Channel(i32, 1),
  "Mutex": () => new Mutex(),
  "Semaphore": () => new Semaphore(1),
  "WaitGroup": () => new WaitGroup(),
};

for (const [name, make] of Object.entries(handles)) {
  test(`Pool.go() passes a ${name} there and back as itself`, async () => {
    await using pool = new Pool({ threads: 1 });
    using handle = make();
    assertStrictEquals(await pool.go(echo, handle), handle);
    const nested = await pool.go(echo, [{ handle }, handle]) as [{ handle: unknown }, unknown];
    assertStrictEquals(nested[0].handle, handle);
    assertStrictEquals(nested[1], handle);
    assertEquals(await pool.go(isSame, handle, handle), true);
  });
}

test("Pool.go() refuses a by-reference channel and says to give it a type", async () => {
  await using pool = new Pool({ threads: 1 });
  const channel = new Channel<number>(1);
  assertThrows(() => pool.go(echo, channel), TypeError, "element type");
});

const unsendable: Record<string, unknown> = {
  "a function": () => {},
  "a symbol": Symbol("s"),
  "an instance of an own class": new (class Own {})(),
  "a function deep inside": { list: [1, { deep: () => {} }] },
  "a SharedArrayBuffer of somebody else": new SharedArrayBuffer(8),
  "a promise": Promise.resolve(),
};

for (const [name, value] of Object.entries(unsendable)) {
  test(`Pool.go() throws a TypeError at the call when an argument is ${name}`, async () => {
    await using pool = new Pool({ threads: 1 });
    assertThrows(() => pool.go(echo, value), TypeError);
    assertEquals(pool.stats().submitted, 0);
    assertEquals(await pool.go(echo, 1), 1);
  });
}

test("Pool.go() names the place of what it cannot send", async () => {
  await using pool = new Pool({ threads: 1 });
  const error = assertThrows(() => pool.go(echo, { list: [1, { deep: () => {} }] }), TypeError);
  assertStringIncludes(error.message, ".list[1].deep");
});

for (const how of ["function", "nested function"]) {
  test(`Pool.go() rejects with a TypeError when the result is a ${how}`, async () => {
    await using pool = new Pool({ threads: 1 });
    await assertRejects(() => pool.go(failAs, how).join(), TypeError, "Cannot send");
    assertEquals(await pool.go(echo, 1), 1);
  });
}

for (
  const how of [
    "symbol",
    "thrown function",
    "object without text",
    "error with a getter that throws",
    "result with a then that throws",
  ]
) {
  test(`Pool.go() rejects with an Error when a task fails with a ${how}, and keeps its thread`, async () => {
    await using pool = new Pool({ threads: 1 });
    const error = await assertRejects(() => pool.go(failAs, how).join(), Error);
    assertNotEquals(error.name, "WorkerCrashedError");
    await pool.go(noop);
    assertEquals(pool.stats().workers.length, 1);
  });
}

const notTasks: Record<string, unknown> = {
  "undefined": undefined,
  "null": null,
  "a number": 1,
  "a name": "fib",
  "an object": { taskId: "file:///x.ts#x" },
};

for (const [name, given] of Object.entries(notTasks)) {
  test(`Pool.go() throws a TypeError when it is given ${name} for a task`, async () => {
    await using pool = new Pool({ threads: 1 });
    assertThrows(() => pool.go(given as Task<[], void>), TypeError, "expected task(");
  });
}

/** A task of this module, which another may not replace. */
const twice = task(import.meta.url, "twice", (): number => 1);

const badTasks: Record<string, readonly [unknown, unknown, unknown]> = {
  "no URL": ["work.ts", "name", noop],
  "a URL object": [new URL(import.meta.url), "name", noop],
  "an empty name": [import.meta.url, "", noop],
  "no name": [import.meta.url, undefined, noop],
  "no function": [import.meta.url, "name", 1],
};

for (const [name, given] of Object.entries(badTasks)) {
  test(`task() throws a TypeError when it is given ${name}`, () => {
    const declare = task as (...args: readonly unknown[]) => unknown;
    assertThrows(() => declare(...given), TypeError, "Cannot declare");
  });
}

test("task() throws a TypeError when the module has another task of that name", () => {
  const error = assertThrows(() => task(import.meta.url, "twice", () => 2), TypeError);
  assertStringIncludes(error.message, "Cannot declare the task twice: ");
  assertStringIncludes(error.message, import.meta.url);
});

test("task() throws a TypeError when the function is a task of another name", () => {
  assertThrows(() => task(import.meta.url, "again", twice), TypeError, "#twice already");
});

test("task() returns a task that it is given again", () => {
  assertEquals(task(import.meta.url, "twice", twice), twice);
});

test("task() gives a function that can be called as before", () => {
  assertEquals(fib(10), 55);
  assertEquals(fib.name, "");
});

test("Pool.go() rejects when the module of the task cannot be loaded, and the pool goes on", async () => {
  await using pool = new Pool({ threads: 1 });
  const nowhere = task(new URL("./no_such_module.js", import.meta.url).href, "nowhere", () => 1);
  await assertRejects(() => pool.go(nowhere).join(), Error, "no_such_module");
  await assertRejects(() => pool.go(nowhere).join(), Error, "no_such_module");
  assertEquals(await pool.go(echo, 1), 1);
});

test("Pool.go() rejects with what the module of the task throws when it is loaded", async () => {
  await using pool = new Pool({ threads: 1 });
  const broken = task("data:text/javascript,throw new RangeError('broken')", "broken", () => 1);
  await assertRejects(() => pool.go(broken).join(), RangeError, "broken");
});

test("Pool.go() rejects when the module declares no task of that name", async () => {
  await using pool = new Pool({ threads: 1 });
  const undeclared = task("data:text/javascript,export const a = 1", "undeclared", () => 1);
  await assertRejects(() => pool.go(undeclared).join(), TypeError, "undeclared");
});

test("Pool.go() gives up the arguments of a task whose module cannot be loaded", async () => {
  await using pool = new Pool({ threads: 1 });
  const nowhere = task(
    new URL("./no_such_module.js", import.meta.url).href,
    "nowhereElse",
    (_channel: Channel<number>) => 1,
  );
  const channel = new Channel(i32, 1);
  const failed = pool.go(nowhere, channel);
  // The message holds the last reference now, and the thread has to let go of a channel of which it knows nothing.
  channel[Symbol.dispose]();
  await assertRejects(() => failed.join(), Error, "no_such_module");
  assertEquals(pool.stats().workers.length, 1);
});

test("Goroutine keeps an error's class, message, cause and properties", async () => {
  await using pool = new Pool({ threads: 1 });
  const error = await assertRejects(() => pool.go(failAs, "own class").join(), RangeError);
  assertEquals(error.message, "mine");
  assertEquals(error.name, "OwnError");
  assertInstanceOf(error.cause, TypeError);
  assertEquals(error.cause.message, "deeper");
  assertEquals((error as unknown as { detail: unknown }).detail, { n: 1, at: new Date(0) });
});

test("Goroutine keeps the parts of an AggregateError", async () => {
  await using pool = new Pool({ threads: 1 });
  const error = await assertRejects(() => pool.go(failAs, "aggregate").join(), AggregateError);
  assertEquals(error.message, "several");
  assertEquals(error.errors.length, 3);
  assertInstanceOf(error.errors[0], TypeError);
  assertInstanceOf(error.errors[1], RangeError);
  assertEquals(error.errors[2], 3);
});

test("Goroutine rejects with whatever the task threw", async () => {
  await using pool = new Pool({ threads: 1 });
  for (const reason of [undefined, null, 0, "text", { code: 1 }]) {
    assertEquals(await settled(pool.go(fail, reason).join()), { reason });
  }
});

test("Goroutine fails when an asynchronous task fails late", async () => {
  await using pool = new Pool({ threads: 1 });
  await assertRejects(() => pool.go(failAs, "late").join(), RangeError, "late");
});

test("Goroutine says in a failure's stack where it ran and who created it", async () => {
  await using pool = new Pool({ threads: 1 });
  function creator(): Goroutine<unknown> {
    return pool.go(failAs, "own class");
  }
  const failed = creator();
  const error = await assertRejects(() => failed.join(), RangeError);
  const [there, here] = error.stack!.split(`goroutine ${failed.id} [failAs], created by`);
  assertStringIncludes(there!, "OwnError: mine");
  assertStringIncludes(there!, "tasks.");
  assertStringIncludes(here!, "creator");
});

test("Goroutine.cancel() keeps a task from running that has not started", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  using ran = new Channel(i32, 1);
  // The first task is the thread's alone until it suspends.
  const first = pool.go(suspend, started, until);
  const second = pool.go(sendOne, ran, 1);
  assertEquals(second.cancel(), true);
  assertEquals(second.cancel(), false);
  const error = await assertRejects(() => second.join(), CanceledError);
  assertEquals(error.code, "CANCELED");
  until.close();
  assertEquals(await first, "resumed");
  await pool.go(noop);
  assertEquals(ran.tryReceive().state, "empty");
});

test("Goroutine.cancel() returns false once the task has started", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const running = pool.go(suspend, started, until);
  await started.receive();
  assertEquals(running.cancel(), false);
  until.close();
  assertEquals(await running, "resumed");
  assertEquals(running.cancel(), false);
});

test("Goroutine.cancel() is no uncaught error when nobody joins", async () => {
  const pool = new Pool({ threads: 1 });
  const cancelled = Array.from({ length: 20 }, () => pool.go(noop)).filter((g) => g.cancel());
  assert(cancelled.length > 0);
  await pool.close();
  await turn();
});

test("Goroutine.cancel() gives up the arguments, on a thread that knows nothing of them", async () => {
  await using pool = new Pool({ threads: 1 });
  const channel = new Channel(i32, 1);
  assertEquals(pool.go(sendOne, channel, 1).cancel(), true);
  channel[Symbol.dispose]();
  await pool.go(noop);
  assertEquals(pool.stats().workers.length, 1);
});

test("Goroutine.join() ends with the signal's reason and leaves the task alone", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const running = pool.go(suspend, started, until);
  const controller = new AbortController();
  const joined = running.join({ signal: controller.signal });
  controller.abort(new RangeError("enough"));
  await assertRejects(() => joined, RangeError, "enough");
  until.close();
  assertEquals(await running, "resumed");
});

test("Goroutine has the name of its task and an id of its own", async () => {
  await using pool = new Pool({ threads: 1 });
  const [first, second] = [pool.go(noop), pool.go(noop)];
  assertEquals(first.name, "noop");
  assertNotEquals(first.id, second.id);
  await Promise.all([first, second]);
});

for (const threads of [1, 4]) {
  test(`Pool.go() forks from within tasks and joins them, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    assertEquals(await pool.go(forkFib, 22), 17711);
  });

  test(`Pool.go() forks 500 deep, each joining the next, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    assertEquals(await pool.go(chain, 500), 500);
  });

  test(`Pool.go() runs what a task forked and did not join, ${threads} threads`, async () => {
    const pool = new Pool({ threads });
    using ran = new Channel(i32, 300);
    await pool.go(forkSenders, ran, 300);
    await pool.close();
    const numbers = new Set<number>();
    for (let got = ran.tryReceive(); got.state === "ok"; got = ran.tryReceive()) {
      numbers.add(got.value);
    }
    assertEquals(numbers.size, 300);
  });

  test(`Pool.go() holds 2,000 suspended goroutines, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    using started = new Channel(i32, 2000);
    using until = new Channel(i32, 1);
    const waiting = Array.from({ length: 2000 }, () => pool.go(suspend, started, until));
    for (let i = 0; i < 2000; i++) await started.receive();
    // All of them are suspended, and there is room for another task.
    assertEquals(await pool.go(echo, 1), 1);
    until.close();
    const results = await Promise.all(waiting);
    assert(results.every((result) => result === "resumed"));
  });
}

test("Pool has a thread for each of as many blocking tasks as it has threads", async () => {
  for (let round = 0; round < 8; round++) {
    await using pool = new Pool({ threads: 4 });
    using started = new Channel(i32, 4);
    using end = new Channel(i32, 1);
    // Some threads are idle, searching or starting when the burst comes, and the others have not been started.
    for (let i = 0; i < round % 4; i++) pool.go(noop);
    if (round % 3 > 0) await pool.go(noop);
    const blocked = Array.from({ length: 4 }, () => pool.go(blockOn, started, end));
    for (let i = 0; i < 4; i++) await started.receive();
    end.close();
    await Promise.all(blocked);
  }
});

test("Pool lets no task lie while goroutines suspend and end on its threads", async () => {
  for (let round = 0; round < 20; round++) {
    await using pool = new Pool({ threads: 3 });
    using started = new Channel(i32, 20);
    // In each step threads become free, or cease to be, while a task comes that may be left to them.
    for (let step = 0; step < 4; step++) {
      const [first, second, third] = [1, 2, 3].map(() => new Channel(i32, 1));
      const suspended = [first, second, third].map((until) => pool.go(suspend, started, until!));
      if (step % 2 > 0) { for (let i = 0; i < 3; i++) await started.receive(); }
      first!.close();
      const results = [1, 2, 3].slice(round % 3).map((n) => pool.go(echo, n));
      second!.close();
      suspended.push(pool.go(suspend, started, third!));
      await Promise.all(results);
      third!.close();
      await Promise.all(suspended);
      takeAll(started);
      for (const channel of [first, second, third]) channel![Symbol.dispose]();
    }
  }
});

test("Pool never puts a task that blocks beside the goroutine that it waits for, while another thread is done", async () => {
  await using pool = new Pool({ threads: 2 });
  for (let round = 0; round < 300; round++) {
    using channel = new Channel(i32, round % 2 * 2);
    // Submitted as soon as the last ones have ended, when their threads may not have come round to say that they are free.
    const received = pool.go(receiveAll, channel, "promise");
    await pool.go(sendRange, channel, 0, 20, "sync");
    channel.close();
    assertEquals((await received).length, 20);
  }
});

for (const cause of ["a value", "a timer"]) {
  test(`Pool gives a task to a thread that sleeps, and to none whose goroutine ${cause} has got on and that blocks`, async () => {
    await using pool = new Pool({ threads: 2 });
    for (let round = 0; round < 20; round++) {
      using started = new Channel(i32);
      using until = new Channel(i32, 1);
      using gate = new Channel(i32);
      using end = new Channel(i32);
      const blocking = pool.go(suspendThenBlock, started, until, cause === "a timer", gate);
      await started.receive();
      // The other thread has a goroutine suspended as well, so that neither is free.
      const suspended = pool.go(suspend, started, end);
      await started.receive();
      await until.send(0);
      await started.receive();
      await pool.go(sendOne, gate, round);
      assertEquals(await blocking, round);
      end.close();
      await suspended;
    }
  });
}

test("Goroutine of a fork fails as any other when it is joined within a task", async () => {
  await using pool = new Pool({ threads: 1 });
  assertEquals(await pool.go(joinFailure, new TypeError("forked")), "TypeError: forked");
});

test("Goroutine.cancel() keeps a fork from running", async () => {
  await using pool = new Pool({ threads: 1 });
  using ran = new Channel(i32, 1);
  assertEquals(await pool.go(forkAndCancel, ran), "true, CanceledError");
  assertEquals(ran.tryReceive().state, "empty");
});

test("Pool.current is the pool that a thread belongs to", async () => {
  assertStrictEquals(Pool.current, undefined);
  await using pool = new Pool({ threads: 3 });
  assertEquals(await pool.go(describePool), { threads: 3, isSame: true });
});

test("Pool.go() lets two pools work for each other", async () => {
  await using first = new Pool({ threads: 1, name: "first" });
  await using second = new Pool({ threads: 1, name: "second" });
  using channel = new Channel(text, 1);
  const sent = second.go(sendOne, channel, "hello");
  assertEquals(await first.go(echo, await channel.receive()), "hello");
  await sent;
});

test("Pool.stats() counts what was submitted and finished", async () => {
  await using pool = new Pool({ threads: 2, name: "counted" });
  assertEquals(pool.stats(), idleStats(0));
  await Promise.all(Array.from({ length: 50 }, () => pool.go(noop)));
  const { submitted, workers } = pool.stats();
  assertEquals(submitted, 50);
  assertEquals(workers.reduce((sum, { took }) => sum + took, 0), 50);
  for (const { name } of workers) assertStringIncludes(name, "counted-");
});

test("Pool.stats() counts all as finished once the pool is closed", async () => {
  const pool = new Pool({ threads: 2 });
  await Promise.all(Array.from({ length: 50 }, () => pool.go(noop)));
  await pool.close();
  const { submitted, finished } = pool.stats();
  assertEquals([submitted, finished], [50, 50]);
});

for (const threads of [0, 1]) {
  test(`Pool.go() goes on after a task that returns what only looks like a promise, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    const impostor = pool.go(() => new Proxy(Promise.resolve(1), {}));
    await assertRejects(() => impostor.join(), TypeError);
    assertEquals(await pool.go(echo, 2), 2);
  });

  test(`Pool.go() rejects with an Error when not even the class of a failure can be told, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    const failing = pool.go(() => {
      const error = new Error("x");
      const classless = Object.create(Error.prototype, { constructor: { value: undefined } });
      throw Object.setPrototypeOf(error, classless);
    });
    await assertRejects(() => failing.join(), Error, "x");
    const hostile = pool.go(() => {
      const constructor = {
        get() {
          throw new Error("no class");
        },
      };
      throw Object.setPrototypeOf(new Error("y"), Object.create(Error.prototype, { constructor }));
    });
    await assertRejects(() => hostile.join(), Error, "y");
    assertEquals(await pool.go(echo, 2), 2);
  });
}
