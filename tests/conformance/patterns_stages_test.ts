/**
 * What holds for every stage of a pipeline: it ends when its `done` fires, its input ends or its reader leaves, and leaves nothing where it
 * has waited.
 *
 * @module
 */
import { Channel, type ReceiveChannel } from "../../mod.ts";
import { background, withCancel, withTimeout } from "../../src/context/mod.ts";
import {
  batch,
  bridge,
  type Done,
  fanIn,
  fanOut,
  filter,
  generate,
  heartbeat,
  map,
  orDone,
  repeat,
  repeatFn,
  skip,
  type StageChannel,
  take,
  tee,
  throttle,
} from "../../src/patterns/mod.ts";
import { Limiter } from "../../src/rate/mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { drain, isPending, turn } from "./waiting.ts";

/** Something that passes on each value by itself; what it gives are its outputs. */
type Make = (done: Done, input: ReceiveChannel<number>) => StageChannel<unknown>[];

const stages: Readonly<Record<string, Make>> = {
  orDone: (done, input) => [orDone(done, input)],
  tee: (done, input) => tee(done, input),
  bridge: (done, input) => [bridge(done, map(null, input, (n) => generate(null, n)))],
  "bridge within a stream": (done, input) => [bridge(done, generate(null, input))],
  fanIn: (done, input) => [fanIn(done, input, input)],
  fanOut: (done, input) => fanOut(done, input, 3),
  take: (done, input) => [take(done, input, 1000)],
  skip: (done, input) => [skip(done, input, 0)],
  filter: (done, input) => [filter(done, input, () => true)],
  "filter, asynchronous": (done, input) => [filter(done, input, () => Promise.resolve(true))],
  batch: (done, input) => [batch(done, input, 1)],
  throttle: (done, input) => [throttle(done, input, new Limiter(Infinity, 1))],
  map: (done, input) => [map(done, input, (n) => n)],
  "map, asynchronous": (done, input) => [map(done, input, (n) => Promise.resolve(n))],
  "map, 3 at once, in order": (done, input) => [map(done, input, (n) => n, { concurrency: 3 })],
  "map, 3 at once": (done, input) => [
    map(done, input, (n) => Promise.resolve(n), { concurrency: 3, ordered: false }),
  ],
  "heartbeat by time": (done, input) => [heartbeat(done, input, { everyMs: 1e6 })[1]],
  "heartbeat by value": (done, input) => [heartbeat(done, input, { perItem: true })[1]],
};

/** Reports whether somebody waits at `input`, a rendezvous: whoever does takes the value. */
function hasReader(input: Channel<number>): boolean {
  return input.trySend(-1);
}

/** Asserts that each is closed, and gave no value. */
async function assertClosed(outputs: readonly StageChannel<unknown>[]): Promise<void> {
  for (const output of outputs) {
    assert(output.closed);
    assertEquals(await output.next(), { done: true, value: undefined });
  }
}

for (const [name, make] of Object.entries(stages)) {
  // A value is on its way through the generator that feeds the bridge; it is the bridge itself that must not wait.
  const isFed = name === "bridge";

  test(`${name} passes on all values, and ends with its input`, async () => {
    const outputs = make(null, generate(null, 1, 2, 3));
    for (const values of await Promise.all(outputs.map(drain))) {
      assertEquals(values.flat(), [1, 2, 3]);
    }
  });

  test(`${name} ends with the reason of its input, after the values before`, async () => {
    const input = new Channel<number>(1);
    input.trySend(7);
    input.close(new RangeError("no more"));
    for (const output of make(null, input)) {
      // Another output may be served first: both wait.
      const first = output.receive();
      first.then(() => {}, () => {});
    }
    const outputs = make(null, failing(7, new RangeError("no more")));
    await Promise.all(outputs.map(async (output) => {
      assertEquals([await output.receive()].flat(), [7]);
      await assertRejects(() => output.receive(), RangeError, "no more");
    }));
  });

  test(`${name} closes its outputs at once when done fires, and it waits for its input`, async () => {
    const done = new Channel<never>();
    const input = new Channel<number>();
    const outputs = make(done, input);
    const waiting = outputs.map((output) => output.next());
    await turn();
    done.close();
    await assertClosed(outputs);
    for (const each of await Promise.all(waiting)) assertEquals(each.done, true);
    if (!isFed) assertEquals(hasReader(input), false);
  });

  test(`${name} closes its outputs at once when done fires, and nobody reads`, async () => {
    const done = new Channel<never>();
    const input = new Channel<number>(10);
    for (let n = 0; n < 10; n++) input.trySend(n);
    const outputs = make(done, input);
    await turn();
    const left = input.size;
    done.close();
    await assertClosed(outputs);
    await turn();
    if (!isFed) assertEquals(input.size, left);
  });

  test(`${name} takes nothing when done has fired before`, async () => {
    const [ctx, cancel] = withCancel(background());
    cancel();
    const input = new Channel<number>(1);
    input.trySend(1);
    await assertClosed(make(ctx.done, input));
    await turn();
    if (!isFed) assertEquals(input.size, 1);
  });

  test(`${name} ends when a value comes from done`, async () => {
    const done = new Channel<string>(1);
    const outputs = make(done, new Channel<number>());
    await turn();
    done.trySend("stop");
    await assertClosed(outputs);
  });

  test(`${name} ends when done is closed with a reason, which is not its own`, async () => {
    const done = new Channel<never>();
    const outputs = make(done, new Channel<number>());
    await turn();
    done.close(new Error("why"));
    await assertClosed(outputs);
    const late = new Channel<never>();
    late.close(new Error("why"));
    await assertClosed(make(late, new Channel<number>()));
  });

  test(`${name} ends when all its readers have left`, async () => {
    const input = new Channel<number>();
    const outputs = make(null, input);
    await turn();
    for (const output of outputs) output[Symbol.dispose]();
    for (const output of outputs) output[Symbol.dispose]();
    await assertClosed(outputs);
    if (!isFed) assertEquals(hasReader(input), false);
  });

  test(`${name} ends when its readers leave while a value waits for them`, async () => {
    const input = new Channel<number>(3);
    const outputs = make(null, input);
    for (let n = 0; n < 3; n++) input.trySend(n);
    await turn();
    for (const output of outputs) output[Symbol.dispose]();
    await assertClosed(outputs);
  });
}

/** A channel that gives one value, and fails. */
function failing(value: number, reason: Error): Channel<number> {
  const input = new Channel<number>(1);
  input.trySend(value);
  input.close(reason);
  return input;
}

/** Sources: no input, and no end by themselves. */
const sources: Readonly<Record<string, (done: Done) => StageChannel<number>>> = {
  generate: (done) => generate(done, 1, 2, 3),
  repeat: (done) => repeat(done, 1, 2, 3),
  repeatFn: (done) => {
    let n = 0;
    return repeatFn(done, () => ++n);
  },
  "repeatFn, asynchronous": (done) => {
    let n = 0;
    return repeatFn(done, () => Promise.resolve(++n));
  },
};

for (const [name, make] of Object.entries(sources)) {
  test(`${name} is closed when done fires, read or not`, async () => {
    const [ctx, cancel] = withCancel(background());
    const unread = make(ctx.done);
    const read = make(ctx.done);
    assertEquals(await read.receive(), 1);
    cancel();
    await assertClosed([unread, read]);
  });

  test(`${name} gives its values from the first on`, async () => {
    using values = make(null);
    assertEquals(await drain(take(null, values, 3)), [1, 2, 3]);
  });

  test(`${name} lets two readers share its values`, async () => {
    const values = make(null);
    const [first, second] = await Promise.all([values.receive(), values.receive()]);
    assertEquals([first, second], [1, 2]);
    values[Symbol.dispose]();
    await assertClosed([values]);
  });
}

test("repeat() of nothing is closed, and not a loop without end", async () => {
  const nothing = repeat(null);
  assertEquals(await nothing.next(), { done: true, value: undefined });
});

test("repeatFn() closes its channel with what the function throws", async () => {
  const error = new Error("no dice");
  let calls = 0;
  const dice = repeatFn(null, () => {
    if (++calls === 3) throw error;
    return calls;
  });
  assertEquals([await dice.receive(), await dice.receive()], [1, 2]);
  await assertRejects(() => dice.receive(), Error, "no dice");
  assertEquals(calls, 3);
});

test("repeatFn() does not call its function within the call", async () => {
  let calls = 0;
  using values = repeatFn(null, () => ++calls);
  assertEquals(calls, 0);
  assertEquals(await values.receive(), 1);
});

test("A stage keeps its channel open when a loop over it is left, and another goes on", async () => {
  using values = generate(null, 1, 2, 3, 4);
  for await (const n of values) if (n === 2) break;
  assertEquals(values.closed, false);
  assertEquals(await drain(values), [3, 4]);
});

test("A stage ends with the deadline of its context", async () => {
  const [ctx] = withTimeout(background(), 1);
  assertEquals(await drain(orDone(ctx.done, new Channel<number>())), []);
  assert(ctx.err !== undefined);
});

test("A stage has no room for values that nobody has asked for", async () => {
  const input = new Channel<number>(5);
  for (let n = 0; n < 5; n++) input.trySend(n);
  using output = orDone(null, input);
  await turn();
  assertEquals([output.capacity, output.size, input.size], [0, 0, 4]);
});

test("take() takes no more than it passes on, and keeps nothing after the end of its input", async () => {
  const input = new Channel<number>(5);
  for (let n = 0; n < 5; n++) input.trySend(n);
  assertEquals(await drain(take(null, input, 2)), [0, 1]);
  assertEquals(await drain(take(null, input, 0)), []);
  assertEquals(input.size, 3);
  input.close();
  // The seed's goes on with zero values for ever.
  assertEquals(await drain(take(null, input, 1000)), [2, 3, 4]);
});

test("take() lets the next reader of its input go on", async () => {
  using numbers = generate(null, 1, 2, 3, 4);
  assertEquals(await drain(take(null, numbers, 2)), [1, 2]);
  assertEquals(await drain(take(null, numbers, 2)), [3, 4]);
});

test("skip() leaves out the first values, and only these", async () => {
  assertEquals(await drain(skip(null, generate(null, 1, 2, 3), 2)), [3]);
  assertEquals(await drain(skip(null, generate(null, 1, 2, 3), 0)), [1, 2, 3]);
  assertEquals(await drain(skip(null, generate(null, 1), 5)), []);
});

test("filter() closes its channel with what its function throws", async () => {
  const odd = filter(null, generate(null, 1, 2, 3), (n) => {
    if (n === 2) throw new Error("two");
    return true;
  });
  assertEquals(await odd.receive(), 1);
  await assertRejects(() => odd.receive(), Error, "two");
});

test("filter() and repeatFn() ask a thenable once: it may begin its work when it is asked", async () => {
  let asked = 0;
  const lazily = <T>(value: T): PromiseLike<T> => ({
    then: (resolve, reject) => {
      asked++;
      return Promise.resolve(value).then(resolve, reject);
    },
  });
  assertEquals(await drain(filter(null, generate(null, 1, 2), (n) => lazily(n > 1))), [2]);
  assertEquals(asked, 2);
  const made = repeatFn(null, () => asked < 4 ? lazily(asked) : Promise.reject(new Error("over")));
  assertEquals([await made.receive(), await made.receive()], [2, 3]);
  await assertRejects(() => made.receive(), Error, "over");
});

test("A stage says so when its function throws undefined", async () => {
  const made = map(null, generate(null, 1), (): Promise<number> => Promise.reject(undefined));
  await assertRejects(() => made.receive(), Error, "undefined");
});

test("tee() serves its readers in any order, and takes the next value when both have the last", async () => {
  const input = new Channel<number>(3);
  for (let n = 1; n <= 3; n++) input.trySend(n);
  const [left, right] = tee(null, input);
  assertEquals(await right.receive(), 1);
  assert(await isPending(right.receive()));
  assertEquals(input.size, 2);
  assertEquals(await left.receive(), 1);
  assertEquals(await left.receive(), 2);
  left[Symbol.dispose]();
  right[Symbol.dispose]();
});

test("tee() goes on for one reader when the other has left", async () => {
  const [left, right] = tee(null, generate(null, 1, 2, 3));
  await turn();
  left[Symbol.dispose]();
  assertEquals(await drain(right), [1, 2, 3]);
});

test("tee() ends both at once when done fires after one has been served", async () => {
  const done = new Channel<never>();
  const [left, right] = tee(done, generate(null, 1, 2));
  assertEquals(await left.receive(), 1);
  done.close();
  await assertClosed([left, right]);
});

test("fanOut() with async lets the fast go on, and drops nothing for the slow", async () => {
  const [fast, slow] = fanOut(null, generate(null, 1, 2, 3), 2, { async: true });
  assertEquals(await drain(fast!), [1, 2, 3]);
  assertEquals([slow!.size, slow!.capacity], [3, Infinity]);
  assertEquals(await drain(slow!), [1, 2, 3]);
});

test("fanIn() of nothing is closed; of several it ends with the last", async () => {
  assertEquals(await drain(fanIn(null)), []);
  const both = await drain(fanIn(null, generate(null, 1, 2), generate(null, 10, 20, 30)));
  assertEquals(both.toSorted((a, b) => a - b), [1, 2, 10, 20, 30]);
  assertEquals(both.filter((n) => n < 10), [1, 2]);
});

test("fanIn() ends with the first reason", async () => {
  const merged = fanIn(null, failing(1, new Error("first")), new Channel<number>());
  assertEquals(await merged.receive(), 1);
  await assertRejects(() => merged.receive(), Error, "first");
});

test("bridge() reads one stream after the other", async () => {
  const streams = generate(null, generate(null, 1, 2), generate<number>(null), generate(null, 3));
  assertEquals(await drain(bridge(null, streams)), [1, 2, 3]);
});

test("bridge() ends with the reason of a stream, and of something that is none", async () => {
  const bad = bridge(null, generate(null, failing(1, new Error("bad stream"))));
  assertEquals(await bad.receive(), 1);
  await assertRejects(() => bad.receive(), Error, "bad stream");
  const none = bridge(null, generate(null, 7 as never));
  await assertRejects(() => none.receive(), TypeError, "Cannot use 7 as a stream");
});

test("batch() gives full batches, and the rest at the end", async () => {
  assertEquals(await drain(batch(null, generate(null, 1, 2, 3, 4, 5), 2)), [[1, 2], [3, 4], [5]]);
  assertEquals(await drain(batch(null, generate<number>(null), 2)), []);
});

test("batch() takes no more from its input when done fires while it fills a batch", async () => {
  // Between two values it went on by a select, which among cases that are ready chooses at random.
  for (let steps = 1; steps <= 40; steps++) {
    const done = new Channel<never>();
    const input = new Channel<number>(100);
    for (let n = 0; n < 100; n++) input.trySend(n);
    const batches = batch(done, input, 100);
    for (let step = 0; step < steps; step++) await undefined;
    const left = input.size;
    done.close();
    await turn();
    assertEquals([input.size, batches.closed], [left, true]);
  }
});

test("batch() gives the rest before the reason of its input", async () => {
  const batches = batch(null, failing(1, new Error("torn")), 2);
  assertEquals(await batches.receive(), [1]);
  await assertRejects(() => batches.receive(), Error, "torn");
});
