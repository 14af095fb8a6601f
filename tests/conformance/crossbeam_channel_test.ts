/**
 * The situations of crossbeam-channel's tests (its `tests/` folder), over every flavor that they apply to. Situations, not
 * texts: the code is this project's own.
 *
 * A test is called `crossbeam file/name [flavor]`: `array` is what has a bounded buffer, `list` what has an unbounded one, `zero` a
 * rendezvous. Where another test covers the situation already, that one has `(crossbeam file/name)` in its name instead, so
 * searching for a name finds whatever is about it; in sources `FILE` stands for `array`, `list` or `zero`. Of `select_macro.rs` only
 * what `select.rs` does not have is named, of `mpsc.rs` only what the others do not have.
 *
 * What has no meaning here:
 *
 * | name                                                                                         | why                                                                        |
 * | -------------------------------------------------------------------------------------------- | -------------------------------------------------------------------------- |
 * | `ready.rs`, `FILE/ready`                                                                     | no operation waits for readiness alone: a select carries out its case      |
 * | `same_channel.rs` but for `array_same_channel`                                               | a channel is one object a thread: `===`                                    |
 * | `thread_locals/use_while_exiting`                                                            | no destructors of a thread run while it ends                               |
 * | `FILE/panic_on_drop`, `FILE/drops` but for channels in messages                              | values have no destructors; memory is the business of `tests/memory`       |
 * | `iter/recv_into_iter_owned`, `after/stress_clone`, `select/sync_and_clone`, `send_and_clone` | nothing is moved into an iterator, and nothing cloned                      |
 * | `mpsc/…port_gone…`, `drop_full_shared`, `destroy_upgraded_…`, `oneshot_…_close_port_first`   | who has stopped to receive is not counted, and disconnects nobody          |
 * | `mpsc/…_from_outside_runtime`, `no_runtime`, `fmt_debug_…`                                   | no counterpart                                                             |
 * | `select_macro/references`, `case_blocks`, `default_syntax`, `trailing_comma`, `once_*` …     | syntax of a macro                                                          |
 * | `golang/chan_send_interface`, `powser1`, `fail_…`                                            | types are checked in `element_…_test.ts`; a program that shows nothing new |
 * | `tick/fairness`, `tick/fairness_duplicates`                                                  | the case of a timer is one and the same for `after` and `tick`             |
 * | `golang/nonblock_select_race` between threads                                                | a `trySelect` asks one channel after the other, not all at one moment      |
 */
import { after, any, Channel, go, i32, Pool, select, send } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLessOrEqual,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import {
  receiveThenTrySend,
  sendChain,
  sendThenTry,
  tryReceiveState,
} from "../support/tasks_crossbeam.ts";
import { receiveAll, relay, sendAll } from "../support/thread_tasks.ts";
import { test } from "../support/test.ts";
import {
  bounded,
  buffered,
  bufferedAndBounded,
  fill,
  type Flavor,
  flavors,
  keyOf,
  samples,
  testEach,
} from "./flavors.ts";
import { drain, settled, takeAll } from "./waiting.ts";

/** Nobody closes it, and the process ends all the same. */
const pool = new Pool({ threads: 4, name: "crossbeam" });

/** Where goroutines run that share channels of a flavor: on other threads, if these can have them. */
function elsewhere({ isTyped }: Flavor): Pick<Pool, "go"> {
  return isTyped ? pool : { go };
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

// ---- array, list, zero

testEach(bufferedAndBounded, "crossbeam FILE/len", async (flavor) => {
  using channel = flavor.make();
  const count = Math.min(2 * flavor.capacity, 100) + 20;
  const sending = elsewhere(flavor).go(sendAll, channel, samples(flavor, 0, count), "promise");
  const received: unknown[] = [];
  while (received.length < count) {
    assertLessOrEqual(channel.size, flavor.capacity);
    received.push(await channel.receive());
  }
  await sending;
  assertStrictEquals(channel.size, 0);
  assertEquals(received, samples(flavor, 0, count));
});

testEach(bounded, "crossbeam FILE/send_timeout", async (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  // Something for the event loop to wait for: neither the signal nor the wait is.
  const keepAlive = setTimeout(() => {}, 60_000);
  const unsent = flavor.sample(flavor.capacity);
  const end = await settled(channel.send(unsent, { signal: AbortSignal.timeout(1) }));
  clearTimeout(keepAlive);
  assert("reason" in end && end.reason instanceof DOMException);
  assertStrictEquals(end.reason.name, "TimeoutError");
  const receiving = channel.receive();
  const late = flavor.sample(flavor.capacity + 1);
  await channel.send(late, { signal: AbortSignal.timeout(60_000) });
  assertEquals([await receiving, ...takeAll(channel)], [
    ...samples(flavor, 0, flavor.capacity),
    late,
  ]);
});

testEach(flavors, "crossbeam FILE/stress_oneshot", async (flavor) => {
  for (let round = 0; round < 10; round++) {
    using channel = flavor.make();
    const value = flavor.sample(round);
    const sending = elsewhere(flavor).go(sendAll, channel, [value], "promise");
    assertEquals(await channel.receive(), value);
    await sending;
  }
});

testEach(flavors, "crossbeam FILE/spsc", async (flavor) => {
  using there = flavor.make();
  using back = flavor.make();
  const values = samples(flavor, 0, 60);
  const relaying = elsewhere(flavor).go(relay, there, back, "promise").then(() => back.close());
  const sending = sendAll(there, values, "promise").then(() => there.close());
  assertEquals(await drain(back), values);
  await Promise.all([relaying, sending]);
});

testEach(flavors, "crossbeam FILE/mpmc, mpsc/stress_shared", async (flavor) => {
  using channel = flavor.make();
  const where = elsewhere(flavor);
  const receiving = times(2, () => where.go(receiveAll, channel, "promise"));
  const values = samples(flavor, 0, 80);
  await Promise.all(times(2, (half) => {
    return where.go(sendAll, channel, values.slice(40 * half, 40 * half + 40), "promise");
  }));
  channel.close();
  const received = (await Promise.all(receiving)).flat();
  assertEquals(received.map(keyOf).sort(), values.map(keyOf).sort());
});

testEach(buffered, "crossbeam FILE/linearizable", async (flavor) => {
  using channel = flavor.make();
  // Between its two steps each has put one in and taken none: something is there.
  const missed = await Promise.all(
    times(4, (n) => elsewhere(flavor).go(sendThenTry, channel, flavor.sample(n), 50)),
  );
  assertEquals(missed, [0, 0, 0, 0]);
});

testEach(flavors, "crossbeam FILE/fairness", async (flavor) => {
  using first = flavor.make();
  using second = flavor.make();
  const channels = [first, second];
  const value = flavor.sample(1);
  const sends = channels.map((channel) => channel.send(value));
  const counts = [0, 0];
  for (let round = 0; round < 400; round++) {
    const { case: index } = await select(channels);
    counts[index]!++;
    await sends[index];
    sends[index] = channels[index]!.send(value);
  }
  takeAll(first);
  takeAll(second);
  await Promise.all(sends);
  // The mean is 200, the standard deviation 10.
  assertGreater(Math.min(...counts), 140);
});

testEach(flavors, "crossbeam FILE/fairness_duplicates", async (flavor) => {
  using channel = flavor.make();
  const value = flavor.sample(1);
  const counts = [0, 0, 0, 0, 0];
  for (let round = 0; round < 500; round++) {
    const sending = channel.send(value);
    counts[(await select([channel, channel, channel, channel, channel])).case]!++;
    await sending;
  }
  // The mean is 100, the standard deviation 9.
  assertGreater(Math.min(...counts), 46);
});

testEach(flavors, "crossbeam FILE/recv_in_send", async (flavor) => {
  using channel = flavor.make();
  const first = channel.send(flavor.sample(1));
  const selecting = select({ out: send(channel, await channel.receive()) });
  assertEquals(await channel.receive(), flavor.sample(1));
  await Promise.all([first, selecting]);
});

for (const capacity of [0, 1, 3]) {
  test(`crossbeam ${capacity === 0 ? "zero" : "array"}/channel_through_channel [any, capacity ${capacity}]`, async () => {
    using first = new Channel(any<Channel<unknown>>(), capacity);
    const sending = pool.go(sendChain, first, capacity, 20);
    let last: unknown = first;
    for (let left = 20; left > 0; left--) {
      last = await (last as Channel<unknown>).receive();
      assertInstanceOf(last, Channel);
    }
    assertStrictEquals(await (last as Channel<unknown>).receive(), "the end");
    await sending;
  });
}

// ---- iter

testEach(buffered, "crossbeam iter/recv_try_iter", (flavor) => {
  using channel = flavor.make();
  channel.trySend(flavor.sample(0));
  assertEquals(takeAll(channel), [flavor.sample(0)]);
  assertEquals(takeAll(channel), []);
  channel.trySend(flavor.sample(1));
  assertEquals(takeAll(channel), [flavor.sample(1)]);
  assertStrictEquals(channel.closed, false);
});

// ---- mpsc

testEach(bufferedAndBounded, "crossbeam mpsc/drop_full", (flavor) => {
  const channel = flavor.make();
  fill(flavor, channel);
  channel[Symbol.dispose]();
  assertStrictEquals(channel.closed, true);
});

testEach(buffered, "crossbeam mpsc/recv_a_lot", async (flavor) => {
  using channel = flavor.make();
  const value = flavor.sample(3);
  for (let round = 0; round < 3000; round++) {
    await channel.send(value);
    assertStrictEquals(channel.tryReceive().state, "ok");
  }
  assertStrictEquals(channel.size, 0);
});

testEach(flavors, "crossbeam mpsc/issue_32114", async (flavor) => {
  using channel = flavor.make();
  channel.close();
  await assertRejects(() => channel.send(flavor.sample(0)), Error, "send on closed channel");
  await assertRejects(() => channel.send(flavor.sample(0)), Error, "send on closed channel");
});

testEach(bufferedAndBounded, "crossbeam mpsc/issue_15761", async (flavor) => {
  for (let round = 0; round < 10; round++) {
    using there = flavor.make();
    using back = flavor.make();
    const value = flavor.sample(round);
    const answering = elsewhere(flavor).go(receiveThenTrySend, there, back, value);
    there.trySend(value);
    assertEquals(await back.receive(), value);
    assertStrictEquals(await answering, true);
  }
});

testEach(flavors, "crossbeam mpsc/very_long_recv_timeout_wont_panic", async (flavor) => {
  using channel = flavor.make();
  const selecting = select({ channel, late: after(1e300) });
  await channel.send(flavor.sample(1));
  assertEquals(await selecting, { case: "channel", ok: true, value: flavor.sample(1) });
});

// ---- golang

testEach(buffered, "crossbeam golang/fifo, asynchronous", async (flavor) => {
  using channel = flavor.make();
  const count = Math.min(flavor.capacity, 10);
  for (let index = 0; index < count; index++) await channel.send(flavor.sample(index));
  for (let index = 0; index < count; index++) {
    assertEquals(channel.tryReceive(), { state: "ok", value: flavor.sample(index) });
  }
  assertEquals(channel.tryReceive(), { state: "empty" });
});

for (
  const [kind, make] of [["by reference", () => new Channel<number>()], [
    "i32",
    () => new Channel(i32, 0),
  ]] as const
) {
  test(`crossbeam golang/fifo, synchronous [${kind}, rendezvous]`, async () => {
    const values = make();
    const links = times(101, () => make());
    const received: (number | undefined)[] = [];
    const chain = times(100, async (n) => {
      await links[n]!.receive();
      received.push(await values.receive());
      await links[n + 1]!.send(1);
    });
    const sending = sendAll(values, times(100, (n) => n), "promise");
    const starting = links[0]!.send(1);
    await links[100]!.receive();
    await Promise.all([starting, sending, ...chain]);
    assertEquals(received, times(100, (n) => n));
    for (const channel of [values, ...links]) channel[Symbol.dispose]();
  });

  test(`crossbeam golang/goroutines [${kind}, rendezvous]`, async () => {
    const count = 2000;
    const links = times(count + 1, () => make());
    for (let n = 0; n < count; n++) {
      go(async () => links[n]!.send((await links[n + 1]!.receive())! + 1));
    }
    await links[count]!.send(0);
    assertStrictEquals(await links[0]!.receive(), count);
    for (const channel of links) channel[Symbol.dispose]();
  });

  test(`crossbeam golang/sieve1 [${kind}, rendezvous]`, async () => {
    const all: Channel<number>[] = [];
    const goroutines: PromiseLike<void>[] = [];
    const open = (): Channel<number> => {
      const channel = make();
      all.push(channel);
      return channel;
    };
    /** Closed, its channel ends who sends to it, and so on up to the source. */
    const stage = (to: Channel<number>, body: () => Promise<void>): Channel<number> => {
      goroutines.push(go(() => body().catch((error) => assert(to.closed, error))));
      return to;
    };
    const source = open();
    let primes = stage(source, async () => {
      for (let n = 2;; n++) await source.send(n);
    });
    const found: number[] = [];
    while (found.length < 25) {
      const from = primes;
      const to = open();
      const prime = (await from.receive())!;
      found.push(prime);
      primes = stage(to, async () => {
        for await (const n of from) if (n % prime !== 0) await to.send(n);
      });
    }
    for (const channel of all) channel.close();
    await Promise.all(goroutines);
    assertEquals(found.slice(-3), [83, 89, 97]);
    for (const channel of all) channel[Symbol.dispose]();
  });
}

testEach(buffered, "crossbeam golang/nonblock_recv_race", async (flavor) => {
  for (let round = 0; round < 10; round++) {
    using channel = flavor.make();
    channel.trySend(flavor.sample(0));
    const trying = elsewhere(flavor).go(tryReceiveState, channel);
    // What is in it is not hidden by a close at the same time.
    channel.close();
    assertStrictEquals(await trying, "ok");
    assertEquals(channel.tryReceive(), { state: "closed" });
  }
});

test("crossbeam golang/multi_consumer [i32, across threads]", async () => {
  using questions = new Channel(i32, 9);
  using answers = new Channel(i32, 9);
  const workers = times(3, (n) => pool.go(relay, questions, answers, n === 0 ? "sync" : "promise"));
  const values = times(500, (n) => n);
  const sending = sendAll(questions, values, "promise").then(() => questions.close());
  const ended = Promise.all(workers).then(() => answers.close());
  assertEquals((await drain(answers)).sort((a, b) => a - b), values);
  await Promise.all([sending, ended]);
});
