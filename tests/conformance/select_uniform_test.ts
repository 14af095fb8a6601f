/**
 * A select chooses uniformly among the cases that are ready. The number of rounds is fixed and the bounds are
 * six standard deviations wide, so that a fair choice fails once in some 10^9 runs.
 */
import {
  after,
  bool,
  Channel,
  i32,
  type ReceiveChannel,
  select,
  selectSync,
  send,
  trySelect,
} from "../../mod.ts";
import { assert, assertGreater, assertLess, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Asserts that each of `counts` is what a uniform choice gives. */
function assertUniform(counts: readonly number[]): void {
  const rounds = counts.reduce((sum, count) => sum + count, 0);
  const p = 1 / counts.length;
  const bound = 6 * Math.sqrt(rounds * p * (1 - p));
  for (const count of counts) {
    assert(Math.abs(count - rounds * p) < bound, `${counts} of ${rounds} is not uniform`);
  }
}

function closed(): Channel<number> {
  const channel = new Channel<number>();
  channel.close();
  return channel;
}

function closedTyped(): Channel<number> {
  const channel = new Channel(i32, 3);
  channel.close();
  return channel;
}

for (const [kind, make] of Object.entries({ "by-reference": closed, "typed": closedTyped })) {
  test(`select() chooses evenly between two closed ${kind} channels (crossbeam golang/select_fairness)`, async () => {
    const [a, b] = [make(), make()];
    const counts = { a: 0, b: 0 };
    for (let round = 0; round < 1000; round++) counts[(await select({ a, b })).case]++;
    assertUniform([counts.a, counts.b]);
  });

  test(`trySelect() chooses evenly between two closed ${kind} channels`, () => {
    const [a, b] = [make(), make()];
    const counts = { a: 0, b: 0 };
    for (let round = 0; round < 1000; round++) counts[trySelect({ a, b })!.case]++;
    assertUniform([counts.a, counts.b]);
  });

  test(`selectSync() chooses evenly between two closed ${kind} channels`, () => {
    const [a, b] = [make(), make()];
    const counts = { a: 0, b: 0 };
    for (let round = 0; round < 1000; round++) counts[selectSync({ a, b }).case]++;
    assertUniform([counts.a, counts.b]);
  });

  test(`select() chooses evenly among three closed ${kind} channels of ten`, async () => {
    const ready = [1, 4, 9];
    const cases = Array.from(
      { length: 10 },
      (_, index) => ready.includes(index) ? make() : new Channel<number>(),
    );
    const counts = new Map<number, number>();
    for (let round = 0; round < 3000; round++) {
      const { case: index } = await select(cases);
      counts.set(index, (counts.get(index) ?? 0) + 1);
    }
    assertStrictEquals(Array.from(counts.keys()).sort().join(), ready.join());
    assertUniform(Array.from(counts.values()));
  });
}

test("select() chooses evenly among neighbours at the end of many cases", async () => {
  const cases = Array.from(
    { length: 12 },
    (_, index) => index >= 10 ? closed() : new Channel<number>(),
  );
  const counts = [0, 0];
  for (let round = 0; round < 2000; round++) counts[(await select(cases)).case - 10]!++;
  assertUniform(counts);
});

for (const count of [32, 33, 100]) {
  test(`select() chooses evenly among four closed channels of ${count} that are named`, async () => {
    const ready = [0, 13, 31, count - 1].filter((index, at, all) => all.indexOf(index) === at);
    const cases = Object.fromEntries(Array.from(
      { length: count },
      (_, index) => [`case${index}`, ready.includes(index) ? closed() : new Channel<number>()],
    ));
    const counts = new Map(ready.map((index) => [`case${index}`, 0]));
    for (let round = 0; round < 4000; round++) {
      const { case: name } = await select(cases);
      counts.set(name, counts.get(name)! + 1);
    }
    assertStrictEquals(counts.size, ready.length);
    assertUniform(Array.from(counts.values()));
  });
}

test("select() chooses evenly among receives, sends, channels of both kinds and a timer (crossbeam select/fairness1)", async () => {
  const out = new Channel<number>(Infinity);
  using typedOut = new Channel(bool, 10_000);
  const local = closed();
  using typed = closedTyped();
  const counts = { local: 0, typed: 0, out: 0, typedOut: 0, timer: 0 };
  for (let round = 0; round < 5000; round++) {
    const got = await select({
      off: null,
      local,
      typed,
      out: send(out, round),
      typedOut: send(typedOut, true),
      timer: after(0),
    });
    counts[got.case]++;
  }
  assertUniform(Object.values(counts));
});

test("select() gives a channel that stands twice two chances (crossbeam array/fairness_duplicates)", async () => {
  const [a, b] = [closed(), closed()];
  const counts = [0, 0, 0];
  for (let round = 0; round < 3000; round++) counts[(await select([a, a, b])).case]!++;
  assertUniform(counts);
});

// ---- dynamic select

const MANY = 10_000;

const kinds: Readonly<Record<string, () => Channel<number>>> = {
  "by-reference": () => new Channel<number>(),
  "typed": () => new Channel(i32, 1),
};

for (const [kind, make] of Object.entries(kinds)) {
  test(`select() over 10,000 ${kind} channels gives the index of the one that is ready`, async () => {
    const channels = Array.from({ length: MANY }, make);
    for (const index of [0, 1, 4999, MANY - 1]) {
      const sending = channels[index]!.send(index);
      assertStrictEquals((await select(channels)).case, index);
      await sending;
    }
    for (const channel of channels) channel[Symbol.dispose]();
  });

  test(`select() over 10,000 ${kind} channels waits for whichever comes first`, async () => {
    const channels = Array.from({ length: MANY }, make);
    for (const index of [0, 1, 4999, MANY - 1]) {
      const selecting = select(channels);
      await channels[index]!.send(index);
      const got = await selecting;
      assertStrictEquals(got.case, index);
      assertStrictEquals(got.value, index);
    }
    for (const channel of channels) channel[Symbol.dispose]();
  });
}

test("select() over 10,000 channels that are all ready chooses from all of them", async () => {
  const channels: ReceiveChannel<number>[] = Array.from({ length: MANY }, closed);
  const rounds = 300;
  const chosen = new Set<number>();
  let sum = 0;
  for (let round = 0; round < rounds; round++) {
    const { case: index } = await select(channels);
    chosen.add(index);
    sum += index;
  }
  // The mean of uniform indexes: standard deviation 10000 / sqrt(12 * 300), about 167.
  assertGreater(sum / rounds, 4999.5 - 1000);
  assertLess(sum / rounds, 4999.5 + 1000);
  // Some four or five of 300 repeat.
  assertGreater(chosen.size, 250);
});
