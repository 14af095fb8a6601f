/** `map` and `mapReduce`: one at a time or several, in order or not, here or on a pool; and `mirror`. */
import { Channel, i32, Pool, sleep } from "../../mod.ts";
import { background, type Context, withCancel } from "../../src/context/mod.ts";
import {
  CanceledError,
  generate,
  map,
  mapReduce,
  mirror,
  type StageOptions,
} from "../../src/patterns/mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { blockOn, echo, fail, fib } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { drain, isPending, turn } from "./waiting.ts";

/** Calls that end when the test says so, and how many are under way. */
class Calls {
  readonly #ends: ((result: string) => void)[] = [];
  readonly #failures: ((reason: unknown) => void)[] = [];
  started = 0;
  underWay = 0;
  most = 0;

  readonly call = (n: number): Promise<string> => {
    this.started++;
    this.most = Math.max(this.most, ++this.underWay);
    return new Promise<string>((resolve, reject) => {
      this.#ends[n] = resolve;
      this.#failures[n] = reject;
    }).finally(() => this.underWay--);
  };

  async end(n: number): Promise<void> {
    this.#ends[n]!(`${n}`);
    await turn();
  }

  async fail(n: number, reason: unknown): Promise<void> {
    this.#failures[n]!(reason);
    await turn();
  }
}

const ways: Readonly<Record<string, StageOptions>> = {
  "in order": { concurrency: 3 },
  "as they come": { concurrency: 3, ordered: false },
  "two, in order": { concurrency: 2 },
};

for (const [way, options] of Object.entries(ways)) {
  test(`map() has no more calls under way than it was told, ${way}`, async () => {
    const calls = new Calls();
    const results = map(null, generate(null, 0, 1, 2, 3, 4, 5), calls.call, options);
    const got = drain(results);
    await turn();
    const { concurrency } = options;
    assertEquals([calls.started, calls.underWay], [concurrency, concurrency]);
    for (let n = 0; n < 6; n++) await calls.end(n);
    assertEquals(await got, ["0", "1", "2", "3", "4", "5"]);
    assertEquals(calls.most, concurrency);
  });

  test(`map() starts no more calls when nobody reads, ${way}`, async () => {
    const calls = new Calls();
    const input = new Channel<number>(10);
    for (let n = 0; n < 10; n++) input.trySend(n);
    using _results = map(null, input, calls.call, options);
    await turn();
    for (let n = 0; n < options.concurrency!; n++) await calls.end(n);
    assertEquals(calls.started, options.concurrency);
  });

  test(`map() closes its channel at once when done fires, ${way}, and starts nothing more`, async () => {
    const [ctx, cancel] = withCancel(background());
    const calls = new Calls();
    const results = map(ctx.done, generate(null, 0, 1, 2, 3, 4, 5), calls.call, options);
    await turn();
    cancel();
    assert(results.closed);
    await calls.end(0);
    await calls.fail(1, new Error("nobody hears of this"));
    assertEquals(calls.started, options.concurrency);
    assertEquals(await results.next(), { done: true, value: undefined });
  });

  test(`map() delivers what was under way when its input fails, ${way}`, async () => {
    const input = new Channel<number>(2);
    input.trySend(0);
    input.trySend(1);
    input.close(new Error("torn"));
    const calls = new Calls();
    const results = map(null, input, calls.call, options);
    await turn();
    const first = results.receive();
    assert(await isPending(first));
    await calls.end(0);
    await calls.end(1);
    assertEquals([await first, await results.receive()], ["0", "1"]);
    await assertRejects(() => results.receive(), Error, "torn");
  });
}

test("map() keeps the order of its values when later ones are ready first", async () => {
  const calls = new Calls();
  const results = map(null, generate(null, 0, 1, 2), calls.call, { concurrency: 3 });
  await turn();
  await calls.end(2);
  await calls.end(1);
  const first = results.receive();
  assert(await isPending(first));
  await calls.end(0);
  assertEquals([await first, await results.receive(), await results.receive()], ["0", "1", "2"]);
});

test("map() gives results as they come when told to", async () => {
  const calls = new Calls();
  const results = map(null, generate(null, 0, 1, 2), calls.call, {
    concurrency: 3,
    ordered: false,
  });
  await turn();
  await calls.end(2);
  assertEquals(await results.receive(), "2");
  await calls.end(0);
  await calls.end(1);
  assertEquals(await drain(results), ["0", "1"]);
});

test("map() fails in order: after the results of the values before", async () => {
  const calls = new Calls();
  const input = new Channel<number>(4);
  for (let n = 0; n < 4; n++) input.trySend(n);
  const results = map(null, input, calls.call, { concurrency: 3 });
  await turn();
  await calls.fail(1, new Error("one"));
  await calls.end(0);
  await calls.end(2);
  assertEquals(await results.receive(), "0");
  await assertRejects(() => results.receive(), Error, "one");
  // The input is open: that nobody takes from it any more is the failure's doing.
  assertEquals([input.trySend(9), input.size], [true, 1]);
});

test("map() fails at once when told not to keep the order, though others never end", async () => {
  const calls = new Calls();
  const results = map(null, generate(null, 0, 1, 2), calls.call, {
    concurrency: 3,
    ordered: false,
  });
  await turn();
  await calls.fail(1, new Error("one"));
  await assertRejects(() => results.receive(), Error, "one");
});

test("map() runs a task on the threads of a pool, in order and not", async () => {
  await using pool = new Pool({ threads: 2 });
  const numbers = () => generate(null, 10, 1, 12, 3, 15);
  assertEquals(await drain(map(null, numbers(), fib, { pool })), [55, 1, 144, 2, 610]);
  const unordered = await drain(map(null, numbers(), fib, { pool, ordered: false }));
  assertEquals(unordered.toSorted((a, b) => a - b), [1, 2, 55, 144, 610]);
  assertEquals(pool.stats().submitted, 10);
  const names = map(null, generate(null, 1, 2), (n) => n * 2, { pool, concurrency: 1 });
  assertEquals(await drain(names), [2, 4]);
});

test("map() fails with what a task throws", async () => {
  await using pool = new Pool({ threads: 1 });
  const results = map(null, generate(null, new RangeError("far")), fail, { pool });
  await assertRejects(() => results.receive(), RangeError, "far");
});

test("map() takes back the tasks that no thread has started when done fires", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 2);
  using gate = new Channel(i32);
  const busy = pool.go(blockOn, started, gate);
  await started.receive();
  using ran = new Channel(i32, 8);
  const [ctx, cancel] = withCancel(background());
  const tell = (ran: Channel<number>): boolean => ran.trySend(1);
  const results = map(ctx.done, generate(null, ran, ran, ran), tell, { pool, concurrency: 3 });
  await turn();
  const { queued } = pool.stats();
  cancel();
  await gate.send(7);
  assertEquals(await busy, 7);
  await pool.close();
  assertEquals([queued, results.closed, ran.size], [3, true, 0]);
});

test("mapReduce() combines everything, in order", async () => {
  const words = generate(null, "channels", "and", "threads");
  const text = await mapReduce(
    null,
    words,
    (word) => Promise.resolve(word.length),
    (sum, n) => `${sum} ${n}`,
    "",
    { concurrency: 3 },
  );
  assertEquals(text, " 8 3 7");
  assertEquals(await mapReduce(null, generate<number>(null), (n) => n, (a, b) => a + b, 42), 42);
});

test("mapReduce() combines one after the other, whatever comes at once", async () => {
  let isCombining = false;
  const total = await mapReduce(
    null,
    generate(null, ...Array.from({ length: 20 }, (_, n) => n)),
    (n) => Promise.resolve(n),
    async (sum, n) => {
      assertEquals(isCombining, false);
      isCombining = true;
      await turn();
      isCombining = false;
      return sum + n;
    },
    0,
    { concurrency: 5, ordered: false },
  );
  assertEquals(total, 190);
});

test("mapReduce() rejects when done fires: a part of the sum is not the sum", async () => {
  const [ctx, cancel] = withCancel(background());
  const input = new Channel<number>(2);
  input.trySend(1);
  const sum = mapReduce(ctx.done, input, (n) => n, (a, b) => a + b, 0);
  assert(await isPending(sum));
  cancel();
  await assertRejects(() => sum, CanceledError, "context canceled");
  assert(input.trySend(2));
  await turn();
  assertEquals(input.size, 1);
  await assertRejects(
    () => mapReduce(ctx.done, input, (n) => n, (a, b) => a + b, 0),
    CanceledError,
  );
});

for (const ordered of [true, false]) {
  test(`mapReduce() combines nothing more once done has fired, ordered: ${ordered}`, async () => {
    const [ctx, cancel] = withCancel(background());
    const calls = new Calls();
    let combined = 0;
    const end = mapReduce(ctx.done, generate(null, 0, 1, 2), calls.call, () => ++combined, 0, {
      concurrency: 3,
      ordered,
    });
    await turn();
    assertEquals(calls.underWay, 3);
    await calls.end(0);
    assertEquals(combined, 1);
    cancel();
    await assertRejects(() => end, CanceledError);
    await calls.end(1);
    await calls.end(2);
    assertEquals(combined, 1);
  });
}

test("mapReduce() rejects with what its functions throw, and with the reason of its input", async () => {
  const numbers = () => generate(null, 1, 2);
  const boom = (): never => {
    throw new Error("boom");
  };
  await assertRejects(() => mapReduce(null, numbers(), boom, (a) => a, 0), Error, "boom");
  await assertRejects(() => mapReduce(null, numbers(), (n) => n, boom, 0), Error, "boom");
  const torn = new Channel<number>();
  torn.close(new Error("torn"));
  await assertRejects(() => mapReduce(null, torn, (n) => n, (a) => a, 0), Error, "torn");
});

test("mapReduce() runs on the threads of a pool", async () => {
  await using pool = new Pool({ threads: 2 });
  const numbers = generate(null, 10, 11, 12, 13);
  assertEquals(await mapReduce(null, numbers, fib, (a, b) => a + b, 0, { pool }), 521);
  const same = generate(null, "a", "b");
  const text = await mapReduce(null, same, echo, (all, one) => `${all}${one}`, "", { pool });
  assertEquals(text, "ab");
});

test("mirror() gives the first answer, and tells the others", async () => {
  const contexts: Context[] = [];
  const slow = async (ctx: Context): Promise<string> => {
    contexts.push(ctx);
    await sleep(1e6, { signal: ctx.signal });
    return "slow";
  };
  const fast = (ctx: Context): string => {
    contexts.push(ctx);
    return "fast";
  };
  const down = () => Promise.reject(new Error("down"));
  assertEquals(await mirror(null, slow, down, fast), "fast");
  assert(contexts.every((ctx) => ctx.err !== undefined));
});

test("mirror() rejects when done fires, or when all fail", async () => {
  const [ctx, cancel] = withCancel(background());
  const never = () => new Promise<string>(() => {});
  const answer = mirror(ctx.done, never);
  assert(await isPending(answer));
  cancel();
  await assertRejects(() => answer, CanceledError);
  const down = () => Promise.reject(new Error("down"));
  await assertRejects(() => mirror(null, down, down), Error, "down");
});
