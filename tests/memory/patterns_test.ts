/** What patterns leave behind: nothing in their inputs and their `done`, nothing in shared memory, nothing that the garbage cannot have. */
import { Channel, f64, type ReceiveChannel } from "../../mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
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
  or,
  orDone,
  repeat,
  skip,
  type StageChannel,
  steward,
  take,
  tee,
  throttle,
} from "../../src/patterns/mod.ts";
import { Limiter } from "../../src/rate/mod.ts";
import { turn } from "../conformance/waiting.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { collectUntil } from "../support/collect.ts";
import { test } from "../support/test.ts";

type Make = (done: Done, input: ReceiveChannel<number>) => StageChannel<unknown>[];

const limiter = new Limiter(Infinity, 1);

/** Patterns over an input, each waiting for it as well as for `done`. */
const patterns: Readonly<Record<string, Make>> = {
  or: (done) => [or(done, or(new Channel<never>(), done))!],
  orDone: (done, input) => [orDone(done, input)],
  tee: (done, input) => tee(done, input),
  bridge: (done, input) => [bridge(done, generate(done, input))],
  fanIn: (done, input) => [fanIn(done, input, input, input)],
  fanOut: (done, input) => fanOut(done, input, 3),
  "fanOut, async": (done, input) => fanOut(done, input, 3, { async: true }),
  take: (done, input) => [take(done, input, 10)],
  skip: (done, input) => [skip(done, input, 1)],
  filter: (done, input) => [filter(done, input, () => true)],
  batch: (done, input) => [batch(done, input, 3, { withinMs: 1e6 })],
  throttle: (done, input) => [throttle(done, input, limiter)],
  map: (done, input) => [map(done, input, (n) => n)],
  "map, in order": (done, input) => [map(done, input, (n) => n, { concurrency: 4 })],
  "map, unordered": (done, input) => [
    map(done, input, (n) => n, { concurrency: 4, ordered: false }),
  ],
  heartbeat: (done, input) => [heartbeat(done, input, { everyMs: 1e6 })[1]],
  "a pipeline": (done, input) => [
    take(done, map(done, filter(done, skip(done, input, 1), () => true), (n) => n), 5),
  ],
};

function sorted(values: readonly unknown[]): string[] {
  return values.map((each) => JSON.stringify(each)).sort();
}

for (const [name, make] of Object.entries(patterns)) {
  test(`${name} has no waiter left in shared memory once done has fired`, async () => {
    for (const values of [0, 5]) {
      using done = new Channel(f64);
      using input = new Channel(f64, 8);
      const before = memoryUse().liveBytes;
      const outputs = make(done, input);
      for (let n = 0; n < values; n++) input.trySend(n);
      await turn();
      assert(memoryUse().liveBytes > before, "it does not wait");
      done.close();
      // From shared memory the end comes by the inbox of this thread.
      for (const output of outputs) while (!output.closed) await turn();
      await turn();
      assertEquals(memoryUse().liveBytes, before);
    }
  });

  test(`${name} has no waiter left in shared memory once its readers have left`, async () => {
    using done = new Channel(f64);
    using input = new Channel(f64, 8);
    const before = memoryUse().liveBytes;
    const outputs = make(done, input);
    await turn();
    for (const output of outputs) output[Symbol.dispose]();
    await collectUntil(() => memoryUse().liveBytes === before);
    assertEquals(memoryUse().liveBytes, before);
  });

  test(`${name} ends when nobody has its channel any more`, async () => {
    using done = new Channel(f64);
    using input = new Channel(f64, 8);
    const before = memoryUse().liveBytes;
    // In a function of its own: what this one has named lives as long as it runs.
    (() => make(done, input))();
    await turn();
    await collectUntil(() => memoryUse().liveBytes === before);
    assertEquals(memoryUse().liveBytes, before);
  });
}

/** What comes from the outputs of a pattern over a pattern that nobody else has; `between` is called before each round. */
async function readAll(make: Make, between: () => Promise<unknown>): Promise<unknown[]> {
  const outputs = (() => make(null, generate(null, 1, 2, 3, 4, 5, 6)))();
  const rounds: unknown[] = [];
  for (;;) {
    await between();
    const round = await Promise.all(outputs.map((output) => output.next()));
    if (round.every(({ done }) => done)) return rounds;
    rounds.push(round.map(({ value }) => value));
  }
}

for (const [name, make] of Object.entries(patterns)) {
  // It has no values.
  if (name === "or") continue;
  // A stage that holds a value does not wait for its input, which was then taken for one that nobody wants, and ended.
  test(`${name} loses nothing of a pattern when garbage is collected while it holds a value`, async () => {
    // Compared without their order: not every pattern keeps it.
    const collecting = await readAll(make, () => collectUntil(() => false, 3));
    assertEquals(sorted(collecting), sorted(await readAll(make, turn)));
    assert(collecting.length > 0);
  });
}

test("A stage does not end while somebody waits for its last value, though nobody has its channel", async () => {
  const input = new Channel<number>();
  const last = (() => map(null, input, (n) => n * 2).receive())();
  await collectUntil(() => false, 5);
  await input.send(21);
  assertEquals(await last, 42);
  // Now nobody can want another.
  assert(await collectUntil(() => !input.trySend(1)), "it goes on for nobody");
});

test("A stage does not end while another reads from it", async () => {
  const input = new Channel<number>();
  const end = (() => map(null, map(null, input, (n) => n + 1), (n) => n * 2))();
  await collectUntil(() => false, 5);
  await input.send(20);
  assertEquals(await end.receive(), 42);
  assertEquals(end.closed, false);
});

test("A pipeline is garbage with the goroutine that waits for it, when nobody can send any more", async () => {
  // What heard of forgotten readers held the stage, and the stage, by its output, the reader that waited there.
  const left: WeakRef<object>[] = [];
  (() => {
    const input = new Channel<number>();
    const read = async (): Promise<void> => {
      for await (const n of map(null, orDone(null, input), (n) => n)) assertEquals(n, undefined);
    };
    left.push(new WeakRef(input), new WeakRef(read()));
  })();
  assert(await collectUntil(() => left.every((each) => each.deref() === undefined)));
});

test("An end joined by or() lives as long as what waits for it", async () => {
  const stop = new Channel<never>();
  const output = (() => orDone(or(stop, new Channel()), new Channel<number>()))();
  await collectUntil(() => false, 5);
  stop.close();
  assertEquals(output.closed, true);
});

test("steward() goes on when nobody has its pulses, and leaves nothing when done fires", async () => {
  using done = new Channel(f64);
  const before = memoryUse().liveBytes;
  let starts = 0;
  (() =>
    steward(5, () => {
      starts++;
      return null;
    })(done, 1000))();
  await collectUntil(() => starts > 3);
  assert(starts > 3);
  done.close();
  await collectUntil(() => memoryUse().liveBytes === before);
  assertEquals(memoryUse().liveBytes, before);
});

test("100,000 stages made and left leave memory flat", async () => {
  using done = new Channel(f64);
  const before = memoryUse().liveBytes;
  for (let made = 0; made < 100_000; made++) {
    using ones = repeat(done, 1);
    using some = take(done, ones, 1);
    if (made % 1000 === 0) assertEquals(await some.receive(), 1);
  }
  await collectUntil(() => memoryUse().liveBytes === before);
  assertEquals(memoryUse().liveBytes, before);
});
