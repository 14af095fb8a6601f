/**
 * Once, onceFunc, onceValue.
 *
 * @module
 */
import {
  any,
  Channel,
  i32,
  LockMisuseError,
  Once,
  onceFunc,
  onceValue,
  Pool,
  sharedArray,
  sleep,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { doAll, doAndDie, doAndLeave, doOne } from "../support/tasks_primitives.ts";
import { test } from "../support/test.ts";
import { isPending, settled } from "./waiting.ts";

/** A promise, and what resolves it. */
function gate(): { promise: Promise<void>; open: () => void } {
  let open!: () => void;
  const promise = new Promise<void>((resolve) => open = resolve);
  return { promise, open };
}

test("Once.do() and doSync() count calls and not functions", async () => {
  for (const isSync of [false, true]) {
    using once = new Once();
    const calls: string[] = [];
    const call = (name: string) => {
      const fn = (): void => void calls.push(name);
      return isSync ? once.doSync(fn) : once.do(fn);
    };
    assertEquals(await call("first"), undefined);
    await call("second");
    await call("first");
    await once.do(() => calls.push("third"));
    once.doSync(() => calls.push("fourth"));
    assertEquals(calls, ["first"]);
  }
});

test("Once.do() calls its function within the call", () => {
  using once = new Once();
  let called = false;
  once.do(() => {
    called = true;
  });
  assert(called);
});

test("Once.do() lets all wait until the first function has ended", async () => {
  using once = new Once();
  const { promise, open } = gate();
  let ended = false;
  const first = once.do(async () => {
    await promise;
    ended = true;
  });
  const others = Array.from({ length: 10 }, () =>
    once.do(() => {
      throw new Error("a second one was called");
    }).then(() => ended));
  assert(await isPending(Promise.race([first, ...others])));
  open();
  await first;
  assertEquals(await Promise.all(others), new Array(10).fill(true));
});

test("Once counts a function that fails as done, and gives the error to the first caller alone", async () => {
  const boom = new Error("boom");
  const fails: readonly (() => unknown)[] = [
    () => {
      throw boom;
    },
    () => Promise.reject(boom),
    async () => {
      await sleep(1);
      throw boom;
    },
  ];
  for (const fn of fails) {
    using once = new Once();
    const first = settled(once.do(fn));
    const second = settled(once.do(fn));
    assertStrictEquals((await first as { reason: unknown }).reason, boom);
    assertEquals(await second, { value: undefined });
    await once.do(fn);
    once.doSync(fn);
  }
  using once = new Once();
  assertStrictEquals(assertThrows(() => once.doSync(fails[0]!), Error), boom);
  once.doSync(fails[0]!);
  await once.do(fails[1]!);
});

test("Once tells a function that calls for itself", async () => {
  const text = "would wait for itself";
  using once = new Once();
  await assertRejects(() => once.do(() => once.do(() => {})), LockMisuseError, text);
  using again = new Once();
  await assertRejects(() => again.do(() => again.doSync(() => {})), LockMisuseError, text);
  using third = new Once();
  assertThrows(() => third.doSync(() => third.doSync(() => {})), LockMisuseError, text);
  using fourth = new Once();
  fourth.doSync(() => {
    const error = assertThrows(() => void fourth.do(() => {}), LockMisuseError);
    assertEquals(error.code, "LOCK_MISUSE");
  });
  // It counts as done.
  third.doSync(() => {
    throw new Error("a second one was called");
  });
  // Another once is another matter.
  using outer = new Once();
  using inner = new Once();
  let called = false;
  outer.doSync(() => inner.doSync(() => called = true));
  assert(called);
});

test("Once.doSync() refuses to block its thread for a goroutine of the same thread", async () => {
  using once = new Once();
  const { promise, open } = gate();
  const first = once.do(() => promise);
  await Promise.resolve();
  const error = assertThrows(() => once.doSync(() => {})) as { code?: unknown };
  assertEquals(error.code, "AGENT_CANNOT_BLOCK");
  open();
  await first;
  once.doSync(() => {});
});

test("Once.doSync() refuses a function that is asynchronous", () => {
  using once = new Once();
  assertThrows(() => once.doSync(() => Promise.resolve()), TypeError, "use do");
  once.doSync(() => {
    throw new Error("a second one was called");
  });
});

test("Once, onceFunc and onceValue refuse what is no function", () => {
  using once = new Once();
  for (const bad of [undefined, null, 1, "f", {}]) {
    const fn = bad as unknown as () => void;
    assertThrows(() => once.do(fn), TypeError, "expected a function");
    assertThrows(() => once.doSync(fn), TypeError, "expected a function");
    assertThrows(() => onceFunc(fn), TypeError, "expected a function");
    assertThrows(() => onceValue(fn), TypeError, "expected a function");
  }
  let called = false;
  once.doSync(() => called = true);
  assert(called);
  once[Symbol.dispose]();
  once[Symbol.dispose]();
  assertThrows(() => once.do(() => {}), TypeError, "Cannot use a disposed once");
  assertThrows(() => once.doSync(() => {}), TypeError, "Cannot use a disposed once");
});

test("Once ends its calls when the handle is disposed meanwhile", async () => {
  const once = new Once();
  const { promise, open } = gate();
  const calls = [once.do(() => promise), once.do(() => {})];
  once[Symbol.dispose]();
  open();
  await Promise.all(calls);
});

test("Once.do() lets timers run when it is done long since", async () => {
  using once = new Once();
  let isDue = false;
  const timer = sleep(1).then(() => {
    isDue = true;
  });
  while (!isDue) await once.do(() => {});
  await timer;
});

for (const [isBlocking, fails] of [[false, false], [true, false], [false, true], [true, true]]) {
  test(
    `Once is done once by several threads, ${isBlocking ? "blocking" : "suspending"}${
      fails ? ", when the function fails" : ""
    }`,
    async () => {
      await using pool = new Pool({ threads: 3 });
      const onces = Array.from({ length: 200 }, () => new Once());
      const counts = sharedArray(i32, onces.length);
      const failed = await Promise.all(
        [1, 2, 3].map((seed) => pool.go(doAll, onces, counts, isBlocking!, fails!, seed)),
      );
      assert(counts.every((count) => count <= 1));
      const done = counts.reduce((sum, count) => sum + count, 0);
      assertEquals(failed.reduce((sum, each) => sum + each, 0), fails ? done : 0);
      for (const once of onces) once[Symbol.dispose]();
    },
  );
}

test("Once counts as done when the thread dies that was at it", async () => {
  await using pool = new Pool({ threads: 2 });
  for (const isBlocking of [false, true]) {
    using once = new Once();
    using started = new Channel(i32, 1);
    using end = new Channel(i32, 1);
    const crashed = settled(pool.go(doAndDie, started, once, end).join());
    await started.receive();
    const here = once.do(() => {
      throw new Error("a second one was called");
    });
    const there = pool.go(doOne, once, isBlocking);
    assert(await isPending(here));
    end.close();
    await crashed;
    await here;
    assertEquals(await there, false);
    once.doSync(() => {
      throw new Error("a second one was called");
    });
  }
});

test("Once counts as done when the thread ends in order that was at it", async () => {
  const pool = new Pool({ threads: 1 });
  using once = new Once();
  await pool.go(doAndLeave, once);
  const wait = once.do(() => {
    throw new Error("a second one was called");
  });
  assert(await isPending(wait));
  await pool.close();
  await wait;
});

test("Once arrives as itself", async () => {
  using channel = new Channel(any<Once>(), 1);
  const once = new Once();
  channel.trySend(once);
  once.doSync(() => {});
  once[Symbol.dispose]();
  using other = (await channel.receive())!;
  other.doSync(() => {
    throw new Error("a second one was called");
  });
});

test("onceFunc() calls its function once", () => {
  let calls = 0;
  const f = onceFunc(() => ++calls);
  assertEquals([f(), f(), f(), calls], [1, 1, 1, 1]);
});

test("onceValue() returns the same value every time, also undefined and a promise", () => {
  const object = {};
  for (const value of [object, undefined, null, 0, Promise.resolve(1)]) {
    let calls = 0;
    const f = onceValue(() => {
      calls++;
      return value;
    });
    assertStrictEquals(f(), value);
    assertStrictEquals(f(), value);
    assertEquals(calls, 1);
  }
});

test("onceFunc() and onceValue() fail with the same error every time, also undefined", async () => {
  for (const once of [onceFunc, onceValue]) {
    for (const reason of [new Error("boom"), undefined]) {
      let calls = 0;
      const f = once(() => {
        calls++;
        throw reason;
      });
      for (let i = 0; i < 3; i++) {
        let caught: unknown = "nothing";
        try {
          f();
        } catch (error) {
          caught = error;
        }
        assertStrictEquals(caught, reason);
      }
      assertEquals(calls, 1);
    }
  }
  const boom = new Error("boom");
  const f = onceValue(() => Promise.reject(boom));
  assertStrictEquals((await settled(f()) as { reason: unknown }).reason, boom);
  assertStrictEquals((await settled(f()) as { reason: unknown }).reason, boom);
});

test("onceFunc() tells a function that calls for itself", () => {
  const f: () => unknown = onceFunc(() => f());
  const error = assertThrows(() => f(), LockMisuseError);
  assertStrictEquals(assertThrows(() => f(), LockMisuseError), error);
});
