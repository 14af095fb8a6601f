/**
 * The situations of crossbeam-channel's `select.rs`, `select_macro.rs`, `after.rs`, `tick.rs`, `never.rs`, and the selects of `golang.rs`; see
 * `crossbeam_channel_test.ts` for the names, and for what has no meaning here.
 */
import {
  after,
  Channel,
  go,
  i32,
  never,
  Pool,
  type ReceiveChannel,
  select,
  send,
  tick,
  trySelect,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertStrictEquals,
} from "../support/assert.ts";
import {
  holdAndDrop,
  match,
  selectOne,
  selectThenTry,
  trySendUntilDone,
} from "../support/tasks_crossbeam.ts";
import { selectAll, sendRange } from "../support/thread_tasks.ts";
import { test } from "../support/test.ts";
import { bounded, buffered, fill, type Flavor, flavors, rendezvous, testEach } from "./flavors.ts";
import { settled, takeAll } from "./waiting.ts";

/** Nobody closes it, and the process ends all the same. */
const pool = new Pool({ threads: 5, name: "crossbeam" });

/** Where goroutines run that share channels of a flavor: on other threads, if these can have them. */
function elsewhere({ isTyped }: Flavor): Pick<Pool, "go"> {
  return isTyped ? pool : { go };
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

// ---- select

testEach(flavors, "crossbeam select/smoke2", async (flavor) => {
  const channels = times(5, () => flavor.make());
  const sending = channels[4]!.send(flavor.sample(5));
  assertEquals(await select(channels), { case: 4, ok: true, value: flavor.sample(5) });
  await sending;
  for (const channel of channels) channel[Symbol.dispose]();
});

testEach(flavors, "crossbeam select/default_when_disconnected", (flavor) => {
  using channel = flavor.make();
  channel.close();
  assertEquals(trySelect([channel]), { case: 0, ok: false, value: undefined });
});

testEach(flavors, "crossbeam select/preference2", async (flavor) => {
  using channel = flavor.make();
  channel.close();
  const got = await select([channel, channel]);
  assertEquals([got.ok, got.value], [false, undefined]);
});

testEach(flavors, "crossbeam select/loop_try", async (flavor) => {
  using first = flavor.make();
  using second = flavor.make();
  const where = elsewhere(flavor);
  const sending = where.go(trySendUntilDone, first, flavor.sample(1));
  const receiving = where.go(selectOne, second);
  assertEquals(await select([first]), { case: 0, ok: true, value: flavor.sample(1) });
  await trySendUntilDone(second, flavor.sample(2));
  assertEquals(await receiving, flavor.sample(2));
  await sending;
});

testEach(flavors.filter(({ isTyped }) => isTyped), "crossbeam select/cloning1", async (flavor) => {
  using channel = flavor.make();
  const selecting = select([channel, never()]);
  // Another thread's handle comes and goes while this one waits.
  await pool.go(holdAndDrop, channel);
  assertStrictEquals(channel.closed, false);
  await channel.send(flavor.sample(1));
  assertEquals(await selecting, { case: 0, ok: true, value: flavor.sample(1) });
});

/** Asserts that of those who had a value each has given it or got another's. */
function assertMatched(values: readonly number[], got: readonly (readonly number[])[]): void {
  const sorted = (all: readonly number[]) => all.toSorted((a, b) => a - b);
  const unsent = values.filter((_, index) => got[index]!.length > 0);
  assertEquals(sorted([...got.flat(), ...unsent]), sorted(values));
}

for (const form of ["promise", "sync"] as const) {
  test(`crossbeam select/matching [i32, rendezvous, across threads, ${form}]`, async () => {
    for (let round = 0; round < 30; round++) {
      using channel = new Channel(i32, 0);
      const values = times(4, (n) => n);
      const got = await Promise.all(
        values.map((value) => pool.go(match, channel, value, form)),
      );
      assertStrictEquals(got.filter((received) => received.length === 1).length, 2);
      assertMatched(values, got);
    }
  });

  test(`crossbeam select/matching_with_leftover [i32, rendezvous, across threads, ${form}]`, async () => {
    for (let round = 0; round < 30; round++) {
      using channel = new Channel(i32, 0);
      const values = times(5, (n) => n);
      const ends = values.map((value) => pool.go(match, channel, value, form));
      const left = await channel.receive();
      const got = await Promise.all(ends);
      assertStrictEquals(got.filter((received) => received.length === 1).length, 2);
      assertMatched([...values, -1], [...got, [left!]]);
    }
  });
}

testEach(buffered, "crossbeam select/linearizable_try", async (flavor) => {
  using channel = flavor.make();
  const missed = await Promise.all(
    times(4, (n) => elsewhere(flavor).go(selectThenTry, channel, flavor.sample(n), 30)),
  );
  assertEquals(missed, [0, 0, 0, 0]);
});

testEach(buffered, "crossbeam select/fairness_send", async (flavor) => {
  const counts = [0, 0, 0];
  using first = flavor.make();
  using second = flavor.make();
  const value = flavor.sample(0);
  for (let round = 0; round < 600; round++) {
    const got = await select([send(first, value), send(second, value), send(first, value)]);
    counts[got.case]!++;
    takeAll(first);
    takeAll(second);
  }
  // The mean is 200, the standard deviation 12.
  assertGreater(Math.min(...counts), 130);
});

testEach(rendezvous, "crossbeam select/fairness2", async (flavor) => {
  using first = flavor.make();
  using second = flavor.make();
  using third = flavor.make();
  const value = flavor.sample(0);
  const counts = [0, 0, 0];
  for (let round = 0; round < 600; round++) {
    const sends = [first.send(value), second.send(value)];
    const receiving = third.receive();
    const cases = [first, second, send(third, value)] as const;
    const got = await select(cases);
    counts[got.case]!++;
    if (got.case !== 0) first.tryReceive();
    if (got.case !== 1) second.tryReceive();
    if (got.case !== 2) third.trySend(value);
    await Promise.all([...sends, receiving]);
  }
  // The mean is 200, the standard deviation 12.
  assertGreater(Math.min(...counts), 130);
});

testEach(bounded, "crossbeam select/reuse", async (flavor) => {
  using first = flavor.make();
  using second = flavor.make();
  fill(flavor, second);
  const cases = { in: first, out: send(second, flavor.sample(7)) };
  const got: string[] = [];
  for (let round = 0; round < 6; round++) {
    const selecting = select(cases);
    if (round % 2 === 0) await first.send(flavor.sample(round));
    else await second.receive();
    got.push((await selecting).case);
  }
  assertEquals(got, ["in", "out", "in", "out", "in", "out"]);
});

// ---- select_macro

testEach(flavors, "crossbeam select_macro/nesting", async (flavor) => {
  using channel = flavor.make();
  const received: unknown[] = [];
  const outer = channel.send(flavor.sample(0));
  const first = await select({ channel });
  if (first.ok) {
    received.push(first.value);
    const [second, inner] = await Promise.all([
      select({ channel, never: never() }),
      select({ out: send(channel, flavor.sample(1)) }),
    ]);
    assertStrictEquals(inner.case, "out");
    received.push(second.value);
  }
  await outer;
  assertEquals(received, [flavor.sample(0), flavor.sample(1)]);
});

testEach(bounded, "crossbeam select_macro/conditional_send", async (flavor) => {
  using channel = flavor.make();
  using other = new Channel<string>(1);
  const cases = (isOn: boolean) => ({
    out: send(isOn ? channel : null, flavor.sample(0)),
    other,
  });
  const receiving = channel.receive();
  other.trySend("instead");
  assertStrictEquals((await select(cases(false))).case, "other");
  assertStrictEquals((await select(cases(true))).case, "out");
  assertEquals(await receiving, flavor.sample(0));
});

// ---- golang

test("crossbeam golang/nonblock_select_race [by reference, capacity 1]", async () => {
  for (let round = 0; round < 200; round++) {
    const [first, second] = [new Channel<number>(1), new Channel<number>(1)];
    first.trySend(1);
    const trying = go(() => trySelect([first, second]) !== undefined);
    const moving = go(() => {
      second.trySend(1);
      first.tryReceive();
    });
    assert(await trying);
    await moving;
  }
});

testEach(bounded, "crossbeam golang/pseudo_random_send", async (flavor) => {
  using channel = flavor.make();
  const values = [flavor.sample(0), flavor.sample(1)];
  const counts = [0, 0];
  for (let round = 0; round < 200; round++) {
    const receiving = channel.receive();
    const { case: index } = await select(values.map((value) => send(channel, value)));
    counts[index]!++;
    assertEquals(await receiving, values[index]);
  }
  // The mean is 100, the standard deviation 7.
  assertGreater(Math.min(...counts), 57);
});

testEach(flavors, "crossbeam golang/select_duplicate_channel", async (flavor) => {
  using twice = flavor.make();
  using once = flavor.make();
  const selecting = select([twice, twice, once]);
  const behind = twice.receive();
  await once.send(flavor.sample(1));
  assertEquals(await selecting, { case: 2, ok: true, value: flavor.sample(1) });
  // Neither of the two cases that lost stands before the one behind them.
  await twice.send(flavor.sample(2));
  assertEquals(await behind, flavor.sample(2));
});

for (const form of ["promise", "sync"] as const) {
  test(`crossbeam golang/select_stress [i32, two rendezvous and two rings, ${form}]`, async () => {
    const channels = [0, 0, 2, 3].map((capacity) => new Channel(i32, capacity));
    const receiving = pool.go(selectAll, channels, form);
    await Promise.all(channels.map(async (channel, n) => {
      await pool.go(sendRange, channel, 1000 * n, 200, "promise");
      channel.close();
    }));
    const received = await receiving;
    for (const [n, channel] of channels.entries()) {
      const own = received.filter((value) => Math.floor(value / 1000) === n);
      assertEquals(own, times(200, (i) => 1000 * n + i));
      channel[Symbol.dispose]();
    }
  });
}

// ---- after, tick, never

/** A wait that ends, so that its leaving nothing behind shows. */
function limited<T>(from: ReceiveChannel<T>): Promise<unknown> {
  const abort = new AbortController();
  const end = settled(from.receive({ signal: abort.signal }));
  abort.abort("over");
  return end;
}

const timers: Readonly<Record<string, () => ReceiveChannel<Date>>> = {
  after: () => after(0),
  tick: () => tick(1),
};

for (const [name, make] of Object.entries(timers)) {
  test(`crossbeam ${name}/capacity, ${name}/len_empty_full`, async () => {
    const channel = make();
    assertStrictEquals(channel.capacity, 1);
    assertInstanceOf(await channel.receive(), Date);
    assertEquals([channel.size, channel.closed], [0, false]);
  });

  test(`crossbeam ${name}/recv_race`, async () => {
    const channel = make();
    const abort = new AbortController();
    const waits = times(4, () => channel.receive({ signal: abort.signal }));
    assertInstanceOf(await Promise.race(waits), Date);
    abort.abort("over");
    const ends = await Promise.all(waits.map(settled));
    assertGreaterOrEqual(ends.filter((end) => "value" in end).length, 1);
    if (name === "after") {
      assertEquals(ends.filter((end) => "reason" in end), new Array(3).fill({ reason: "over" }));
    }
  });

  test(`crossbeam ${name}/select, ${name}/stress_default`, async () => {
    const channel = make();
    for (let round = 0; round < 100; round++) {
      if (trySelect({ channel })?.case === "channel") break;
    }
    if (name === "after") assertEquals(trySelect({ channel }), undefined);
    const got = await select({ channel, late: make() });
    assertInstanceOf(got.value, Date);
  });
}

test("crossbeam after/fairness, after/fairness_duplicates", async () => {
  const counts = [0, 0, 0];
  for (let round = 0; round < 300; round++) {
    const due = after(0);
    counts[(await select([due, after(0), due])).case]!++;
  }
  // The mean is 100, the standard deviation 8.
  assertGreater(Math.min(...counts), 50);
});

test("crossbeam after/recv_timeout, tick/recv_timeout, never/recv_timeout", async () => {
  for (const channel of [after(2 ** 31), tick(2 ** 31), never()]) {
    assertEquals(await limited(channel as ReceiveChannel<unknown>), { reason: "over" });
  }
});

test("crossbeam tick/fire, tick/recv_two", async () => {
  const channel = tick(1);
  const [first, second] = await Promise.all([channel.receive(), channel.receive()]);
  assertGreaterOrEqual(second!.getTime(), first!.getTime());
});

test("crossbeam never/capacity, never/len_empty_full, never/try_recv", () => {
  const channel = never();
  assertEquals([channel.capacity, channel.size, channel.closed], [0, 0, false]);
  assertEquals(channel.tryReceive(), { state: "empty" });
});

test("crossbeam never/optional, never/tick_n", async () => {
  for (const isOn of [true, false]) {
    const got = await select({ maybe: isOn ? after(0) : never(), late: after(isOn ? 2 ** 31 : 0) });
    assertStrictEquals(got.case, isOn ? "maybe" : "late");
  }
});
