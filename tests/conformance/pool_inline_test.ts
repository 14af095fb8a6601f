/**
 * Pool: inline functions, which go to a thread as source.
 *
 * @module
 */
import { Channel, f64, i32, Mutex, Pool, sharedArray } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { goInline } from "../support/tasks_pool.ts";
import { test } from "../support/test.ts";

const outside = 42;
const helper = (n: number): number => n + 1;

for (const threads of [0, 2]) {
  test(`Pool.go() runs an arrow function, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    assertEquals(await pool.go((a, b) => a + b, 1, 2), 3);
    const sums = [1, 2, 3].map((n) => pool.go((a, b) => a * b, n, 10));
    assertEquals(await Promise.all(sums), [10, 20, 30]);
  });

  test(`Pool.go() runs functions of every form, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    assertEquals(
      await pool.go(function (n: number): number {
        return n * 2;
      }, 4),
      8,
    );
    const factorial = pool.go(function f(n: number): number {
      return n < 2 ? 1 : n * f(n - 1);
    }, 10);
    assertEquals(factorial.name, "f");
    assertEquals(await factorial, 3_628_800);
    function declared({ a, b: [c] }: { a: number; b: number[] }, d = a): number {
      class Sum {
        #sum = 0;
        add(n: number): this {
          this.#sum += n;
          return this;
        }
        get value(): number {
          return this.#sum;
        }
      }
      return new Sum().add(a).add(c!).add(d).value;
    }
    assertEquals(await pool.go(declared, { a: 1, b: [2] }, undefined), 4);
    const late = await pool.go(async (ms) => {
      await new Promise((resolve) => setTimeout(resolve, ms));
      return "late";
    }, 1);
    assertEquals(late, "late");
    assertEquals(
      await pool.go(() => `a "quote", a \\, a # and ${"a line\n"}` // and a comment
      ),
      'a "quote", a \\, a # and a line\n',
    );
  });

  test(`Pool.go() lets an inline function name the globals, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    const seen = await pool.go(() => [
      Math.max(1, 2),
      JSON.stringify({ a: undefined, b: NaN }),
      new Map([[1, new Set([2])]]).size,
      typeof console.log,
      new URL("https://example.com/a").pathname,
      new TextEncoder().encode("ä").length,
      [1, 2].map((n) => Number.isInteger(n)).length,
      typeof globalThis.queueMicrotask,
    ]);
    assertEquals(seen, [2, '{"b":null}', 1, "function", "/a", 2, 2, "function"]);
  });

  test(`Pool.go() passes handles and shared arrays to an inline function, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    using numbers = new Channel(i32, 4);
    using mutex = new Mutex();
    const array = sharedArray(f64, 1);
    const sending = pool.go(
      async (to, lock, values) => {
        for (const n of [1, 2, 3]) {
          const guard = await lock.lock();
          values[0]! += n;
          guard[Symbol.dispose]();
          await to.send(n);
        }
        to.close();
      },
      numbers,
      mutex,
      array,
    );
    const received: number[] = [];
    for await (const n of numbers) received.push(n);
    await sending;
    assertEquals([received, array[0]], [[1, 2, 3], 6]);
  });

  test(`Goroutine of an inline function fails with what it throws, ${threads} threads`, async () => {
    await using pool = new Pool({ threads });
    const failed = pool.go(function blowUp(n: number): never {
      throw new RangeError(`no. ${n}`);
    }, 7);
    const error = await assertRejects(() => failed.join(), RangeError, "no. 7");
    assertStringIncludes(error.stack!, "blowUp");
    assertStringIncludes(error.stack!, `goroutine ${failed.id} [blowUp], created by`);
  });
}

test("Pool.go() forks an inline function from within a task", async () => {
  await using pool = new Pool({ threads: 2 });
  assertEquals(await pool.go(goInline, 20), 400);
});

test("Pool.go() sends an inline function that a loop makes anew, with other arguments each time", async () => {
  await using pool = new Pool({ threads: 2 });
  const results = [];
  for (let i = 0; i < 200; i++) results.push(pool.go((n) => n + 1, i));
  assertEquals(await Promise.all(results), Array.from({ length: 200 }, (_, i) => i + 1));
});

class Own {
  static method(n: number): number {
    return n;
  }
  field = (): unknown => this;
}

const refused: Record<string, readonly [fn: () => unknown, message: string]> = {
  "names a variable": [() => outside, "it names outside and does not declare it"],
  "names a function": [() => helper(1), "it names helper and"],
  "names several": [() => [outside, helper, Own], "it names outside, helper, Own and"],
  "names an export of millrace": [() => Pool.current, "it names Pool and"],
  "asks for the type of a variable": [() => typeof outside, "it names outside and"],
  "assigns to a variable": [
    () => {
      refused.none = undefined as never;
    },
    "it names refused and",
  ],
  "names it deep inside": [
    () => {
      const list = [1, 2];
      return list.map((n) => ({ n, m: helper(n) }));
    },
    "it names helper and",
  ],
  "is an arrow that uses this": [new Own().field, "it names this and"],
  "asks for its module": [() => import.meta.url, "it names import.meta and"],
  "imports a relative file": [() => import("./waiting.ts"), "it imports ./waiting."],
  "is a static method": [Own.method as () => unknown, "is no function by itself (a method, say)"],
  "is a method": [
    {
      method(): number {
        return 1;
      },
    }.method,
    "is no function by itself (a method, say)",
  ],
  "is a class": [Own as unknown as () => unknown, "not a class"],
  "is native": [Math.random, "a native or bound function has no source"],
  "is bound": [(() => 1).bind(null), "a native or bound function has no source"],
  "is a proxy": [new Proxy(() => 1, {}), "a native or bound function has no source"],
  "is a generator": [
    function* (): Generator<number> {
      yield 1;
    },
    "a generator",
  ],
  "is an asynchronous generator": [
    async function* (): AsyncGenerator<number> {
      yield 1;
    },
    "a generator",
  ],
};

for (const [what, [fn, message]] of Object.entries(refused)) {
  test(`Pool.go() throws a TypeError at the call when the function ${what}`, async () => {
    await using pool = new Pool({ threads: 1 });
    const error = assertThrows(() => pool.go(fn), TypeError, "Cannot run function");
    assertStringIncludes(error.message, message);
    // The second time it is no better.
    assertThrows(() => pool.go(fn), TypeError, message);
    assertEquals(pool.stats().submitted, 0);
    assertEquals(await pool.go(() => 1), 1);
  });
}

test("Pool.go() names the function that it refuses, and says what to do", async () => {
  await using pool = new Pool({ threads: 1 });
  function usesHelper(): number {
    return helper(1);
  }
  const error = assertThrows(() => pool.go(usesHelper), TypeError, "function usesHelper");
  assertStringIncludes(error.message, "pass what it needs as arguments");
  assertStringIncludes(error.message, "task(import.meta.url, name, fn)");
});

test("Pool.go() rejects with a TypeError what an inline function cannot give back", async () => {
  await using pool = new Pool({ threads: 1 });
  await assertRejects(() => pool.go(() => () => 1).join(), TypeError, "Cannot send");
  assertThrows(() => pool.go((f) => f, helper), TypeError, "Cannot send");
});

test("Goroutine of an inline function keeps the types of its arguments and result", async () => {
  await using pool = new Pool({ threads: 1 });
  const text: string = await pool.go((n: number, word: string) => word.repeat(n), 2, "ab");
  assertEquals(text, "abab");
  const list: Map<string, Date> = await pool.go(() => new Map([["a", new Date(0)]]));
  assertInstanceOf(list.get("a"), Date);
  assert(list.size === 1);
});
