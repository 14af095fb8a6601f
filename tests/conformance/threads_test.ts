/**
 * Typed channels between threads.
 *
 * @module
 */
import {
  any,
  bool,
  bytes,
  Channel,
  channelOf,
  type ElementType,
  f64,
  i32,
  i64,
  Pool,
  struct,
  text,
  u32,
  u8,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import {
  answer,
  close,
  forms,
  receiveAll,
  receiveAndReport,
  receiveImpatiently,
  relay,
  selectAll,
  selectRelay,
  selectSend,
  sendAll,
  sendAndReport,
  sendImpatiently,
  sendRange,
} from "../support/thread_tasks.ts";
import { echo } from "../support/tasks.ts";
import { flood } from "../support/tasks_flood.ts";
import { test } from "../support/test.ts";
import { drain, isPending } from "./waiting.ts";

/** How many values go from one side to the other. */
const COUNT = 100;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Asserts that `received` are the numbers `0 … count - 1` of each of `producers`, once each; producers count from `span` to `span`. */
function assertExactlyOnce(
  received: readonly (readonly number[])[],
  producers: number,
  count: number,
  span: number,
): void {
  const all = received.flat().sort((a, b) => a - b);
  const sent = numbers(producers).flatMap((p) => numbers(count).map((i) => p * span + i));
  assertEquals(all, sent);
}

/** Asserts that each receiver got the values of each producer in the order in which they were sent. */
function assertOrderPerProducer(received: readonly (readonly number[])[], span: number): void {
  for (const values of received) {
    const last = new Map<number, number>();
    for (const value of values) {
      const producer = Math.floor(value / span);
      assert(value > (last.get(producer) ?? -1), `${value} came after ${last.get(producer)}`);
      last.set(producer, value);
    }
  }
}

/** Serves the tests of one producer and one receiver; nobody closes it, and the process ends all the same. */
const pool = new Pool({ threads: 2, name: "pair" });

for (const capacity of [0, 2]) {
  for (const sending of forms) {
    for (const receiving of forms) {
      // Who tries finds nobody who tries: a rendezvous needs one that waits.
      if (capacity === 0 && sending === "try" && receiving === "try") continue;
      const how = `capacity ${capacity}, ${sending} to ${receiving}`;

      test(`Channel carries values in order from thread to thread: ${how} (crossbeam ${capacity === 0 ? "zero" : "array"}/spsc)`, async () => {
        using channel = new Channel(i32, capacity);
        const received = pool.go(receiveAll, channel, receiving);
        await pool.go(sendRange, channel, 0, COUNT, sending);
        channel.close();
        assertEquals(await received, numbers(COUNT));
      });

      test(`Channel carries values in order from a thread to this one: ${how}`, async () => {
        using channel = new Channel(i32, capacity);
        const sent = pool.go(sendRange, channel, 0, COUNT, sending);
        sent.then(() => channel.close());
        // Closing it needs this thread's event loop, so blocking it ends with the last value instead.
        if (receiving === "sync") {
          assertEquals(numbers(COUNT).map(() => channel.receiveSync()), numbers(COUNT));
        } else assertEquals(await receiveAll(channel, receiving), numbers(COUNT));
        await sent;
      });

      test(`Channel carries values in order from this thread to another: ${how}`, async () => {
        using channel = new Channel(i32, capacity);
        const received = pool.go(receiveAll, channel, receiving);
        await sendRange(channel, 0, COUNT, sending);
        channel.close();
        assertEquals(await received, numbers(COUNT));
      });
    }
  }
}

// In a ring of this size a side that comes close behind the other gives way: it must neither lose a value nor wait for somebody.
for (const capacity of [64, 1_024]) {
  test(`Channel carries a stream in order between threads that block, and gives way: capacity ${capacity}`, async () => {
    using channel = new Channel(i32, capacity);
    const count = 20 * capacity;
    const received = pool.go(receiveAll, channel, "sync");
    await pool.go(sendRange, channel, 0, count, "sync");
    channel.close();
    assertEquals(await received, numbers(count));
  });

  test(`Channel.sendSync() and receiveSync() go on in a thread that is alone at a ring: capacity ${capacity}`, () => {
    using channel = new Channel(i32, capacity);
    const received: (number | undefined)[] = [];
    for (let sent = 0; sent < 20 * capacity;) {
      // Now nearly full, now empty: close behind the other side at either.
      for (let i = 1; i < capacity; i++) channel.sendSync(sent++);
      while (channel.size > 0) received.push(channel.receiveSync());
    }
    assertEquals(received, numbers(received.length));
  });
}

function sample<T>(
  type: ElementType<T>,
  value: (i: number) => T,
): readonly [ElementType<unknown>, (i: number) => unknown] {
  return [type as ElementType<unknown>, value];
}

/** Element types, with a value for each number. */
const samples: readonly (readonly [ElementType<unknown>, (i: number) => unknown])[] = [
  sample(u8, (i) => i % 256),
  sample(i32, (i) => i - 50),
  sample(u32, (i) => 0xffffffff - i),
  sample(i64, (i) => -(2n ** 40n) * BigInt(i)),
  sample(f64, (i) => i / 3),
  sample(bool, (i) => i % 3 === 0),
  sample(text, (i) => `${i} grüße 🐢`.repeat(i % 7)),
  sample(bytes, (i) => new Uint8Array(i * 3).fill(i)),
  sample(any<unknown>(), (i) => ({ i, list: [i, null], map: new Map([[i, new Date(i)]]) })),
  sample(struct({ id: u32, x: f64, name: text }), (i) => ({ id: i, x: i / 7, name: `n${i}` })),
];

for (const [type, value] of samples) {
  test(`Channel of ${type.name} passes a relay of two threads unchanged`, async () => {
    await using pool = new Pool({ threads: 2 });
    using first = new Channel(type, 4);
    using second = new Channel(type, 4);
    using third = new Channel(type, 4);
    const there = pool.go(relay, first, second, "sync").then(() => second.close());
    const back = pool.go(relay, second, third, "promise").then(() => third.close());
    const values = numbers(100).map(value);
    const sent = sendAll(first, values, "promise").then(() => first.close());
    assertEquals(await drain(third), values);
    await Promise.all([there, back, sent]);
  });
}

test("Channel of channels passes a channel to another thread and back as itself", async () => {
  await using pool = new Pool({ threads: 1 });
  using there = new Channel(channelOf(i32), 1);
  using back = new Channel(channelOf(i32), 1);
  using passed = new Channel(i32, 1);
  const relayed = pool.go(relay, there, back, "promise");
  await there.send(passed);
  assertStrictEquals(await back.receive(), passed);
  there.close();
  await relayed;
});

test("Channel of requests carries the channel for each answer", async () => {
  await using pool = new Pool({ threads: 2 });
  using requests = new Channel(any<{ n: number; reply: Channel<number> }>(), 2);
  const servers = [pool.go(answer, requests), pool.go(answer, requests)];
  for (let n = 0; n < 100; n++) {
    using reply = new Channel(i32, 1);
    await requests.send({ n, reply });
    assertEquals(await reply.receive(), n * n);
  }
  requests.close();
  const [first, second] = await Promise.all(servers);
  assertEquals(first! + second!, 100);
});

for (const form of ["promise", "sync"] as const) {
  test(`Channel.close() ends a ${form} receive on another thread (crossbeam array/disconnect_wakes_receiver)`, async () => {
    await using pool = new Pool({ threads: 1 });
    using started = new Channel(i32, 1);
    using channel = new Channel(i32, 1);
    const waiting = pool.go(receiveAndReport, started, channel, form);
    await started.receive();
    channel.close();
    assertEquals(await waiting, "undefined");
  });

  test(`Channel.close(reason) fails a ${form} receive on another thread`, async () => {
    await using pool = new Pool({ threads: 1 });
    using started = new Channel(i32, 1);
    using channel = new Channel(i32, 1);
    const waiting = pool.go(receiveAndReport, started, channel, form);
    await started.receive();
    channel.close(new RangeError("that is all"));
    assertEquals(await waiting, "RangeError: that is all");
  });

  test(`Channel.close() fails a ${form} send on another thread (crossbeam array/disconnect_wakes_sender)`, async () => {
    await using pool = new Pool({ threads: 1 });
    using started = new Channel(i32, 1);
    using channel = new Channel(i32, 1);
    channel.trySend(0);
    const waiting = pool.go(sendAndReport, started, channel, 1, form);
    await started.receive();
    channel.close();
    assertEquals(await waiting, "ChannelClosedError: send on closed channel");
    assertEquals(await drain(channel), [0]);
  });

  test(`Channel.close() on another thread ends a ${form} receive here`, async () => {
    await using pool = new Pool({ threads: 1 });
    using channel = new Channel(i32, 1);
    const closed = pool.go(close, channel, new RangeError("that is all"));
    const received = (async () =>
      form === "sync" ? channel.receiveSync() : await channel.receive())();
    await assertRejects(() => received, RangeError, "that is all");
    await closed;
    assert(channel.closed);
  });
}

test("Channel.close() ends the waits of many goroutines on several threads (crossbeam mpsc/oneshot_multi_thread_recv_close_stress)", async () => {
  await using pool = new Pool({ threads: 3 });
  using started = new Channel(i32, 300);
  using channel = new Channel(i32, 1);
  const waiting = numbers(300).map(() => pool.go(receiveAndReport, started, channel, "promise"));
  for (let i = 0; i < 300; i++) await started.receive();
  const here = channel.receive();
  channel.close();
  assert((await Promise.all(waiting)).every((end) => end === "undefined"));
  assertEquals(await here, undefined);
});

test("Channel.receive() that is aborted leaves the values of another thread to the next", async () => {
  await using pool = new Pool({ threads: 1 });
  using channel = new Channel(i32, 1);
  const controller = new AbortController();
  const aborted = channel.receive({ signal: controller.signal });
  assert(await isPending(aborted));
  controller.abort(new RangeError("enough"));
  await assertRejects(() => aborted, RangeError, "enough");
  const sent = pool.go(sendRange, channel, 0, 3, "promise");
  assertEquals([await channel.receive(), await channel.receive(), await channel.receive()], [
    0,
    1,
    2,
  ]);
  await sent;
});

for (const capacity of [0, 1]) {
  test(`Channel loses and doubles nothing in a storm of aborts on both sides, capacity ${capacity} (crossbeam ${capacity === 0 ? "zero" : "array"}/stress_timeout_two_threads)`, async () => {
    await using pool = new Pool({ threads: 4 });
    using channel = new Channel(i32, capacity);
    const span = 1_000_000;
    const receiving = numbers(3).map((i) => pool.go(receiveImpatiently, channel, 10 + i));
    const here = receiveImpatiently(channel, 20);
    const sending = numbers(3).map((p) => pool.go(sendImpatiently, channel, p * span, 500, 30 + p));
    sending.push(pool.go(sendImpatiently, channel, 3 * span, 500, 40));
    const sent = (await Promise.all(sending)).flat();
    channel.close();
    const received = await Promise.all([...receiving, here]);
    assertEquals(received.flat().sort((a, b) => a - b), sent.sort((a, b) => a - b));
    assertOrderPerProducer(received, span);
  });

  for (const form of ["promise", "sync"] as const) {
    test(`Channel gives each of many values to one of many receivers: capacity ${capacity}, ${form} (crossbeam ${capacity === 0 ? "zero" : "array"}/mpmc)`, async () => {
      await using pool = new Pool({ threads: 6 });
      using channel = new Channel(i32, capacity);
      const span = 1_000_000;
      const receiving = numbers(3).map(() => pool.go(receiveAll, channel, form));
      await Promise.all(
        numbers(3).map((p) => pool.go(sendRange, channel, p * span, 500, form)),
      );
      channel.close();
      const received = await Promise.all(receiving) as number[][];
      assertExactlyOnce(received, 3, 500, span);
      assertOrderPerProducer(received, span);
    });
  }

  for (const form of ["promise", "sync"] as const) {
    test(`select() over channels of several threads takes each value once: capacity ${capacity}, ${form} (crossbeam select/stress_recv)`, async () => {
      await using pool = new Pool({ threads: 5 });
      const channels = numbers(3).map(() => new Channel(i32, capacity));
      const span = 1_000_000;
      const receiving = numbers(2).map(() => pool.go(selectAll, channels, form));
      await Promise.all(channels.map(async (channel, p) => {
        await pool.go(sendRange, channel, p * span, 300, form);
        channel.close();
      }));
      const received = await Promise.all(receiving);
      assertExactlyOnce(received, 3, 300, span);
      assertOrderPerProducer(received, span);
      for (const channel of channels) channel[Symbol.dispose]();
    });

    test(`select() sends each value to one of several threads: capacity ${capacity}, ${form} (crossbeam select/stress_send, golang/doubleselect)`, async () => {
      await using pool = new Pool({ threads: 5 });
      const channels = numbers(3).map(() => new Channel(i32, capacity));
      const span = 1_000_000;
      const receiving = channels.map((channel) => pool.go(receiveAll, channel, form));
      await Promise.all(
        numbers(2).map((p) => pool.go(selectSend, channels, p * span, 500, form)),
      );
      for (const channel of channels) channel.close();
      const received = await Promise.all(receiving) as number[][];
      assertExactlyOnce(received, 2, 500, span);
      assertOrderPerProducer(received, span);
      for (const channel of channels) channel[Symbol.dispose]();
    });

    test(`select() of sends and receives between threads loses nothing: capacity ${capacity}, ${form} (crossbeam select/stress_mixed)`, async () => {
      await using pool = new Pool({ threads: 4 });
      using first = new Channel(i32, capacity);
      using second = new Channel(i32, capacity);
      const relays = numbers(2).map(() => pool.go(selectRelay, first, second, form));
      const received = pool.go(receiveAll, second, form);
      await pool.go(sendRange, first, 0, 1000, form);
      first.close();
      const [one, other] = await Promise.all(relays);
      assertEquals(one! + other!, 1000);
      second.close();
      assertExactlyOnce([await received as number[]], 1, 1000, 1_000_000);
    });
  }
}

test("Channel of channels serves a ring of threads that pass a token on", async () => {
  await using pool = new Pool({ threads: 4 });
  const channels = numbers(5).map(() => new Channel(i32, 1));
  const relays = numbers(4).map((i) => pool.go(relay, channels[i]!, channels[i + 1]!, "sync"));
  for (let i = 0; i < 500; i++) {
    channels[0]!.sendSync(i);
    assertEquals(channels[4]!.receiveSync(), i);
  }
  for (const channel of channels.slice(0, 4)) channel.close();
  await Promise.all(relays);
  for (const channel of channels) channel[Symbol.dispose]();
});

test("Channel lets a blocked main thread be served by a pool that has to start its threads first", async () => {
  await using pool = new Pool({ threads: 2 });
  using channel = new Channel(i32, 1);
  // Nobody has yielded since: the threads start while this one blocks.
  const sent = pool.go(sendRange, channel, 0, 10, "sync");
  assertEquals(numbers(10).map(() => channel.receiveSync()), numbers(10));
  await sent;
});

test("Channel that is sent to a thread that has ended is gone with the last handle", async () => {
  const channel = new Channel(i32, 1);
  {
    await using pool = new Pool({ threads: 1 });
    await pool.go(echo, channel);
  }
  channel.trySend(1);
  assertEquals(await channel.receive(), 1);
  channel[Symbol.dispose]();
  assertInstanceOf(await assertRejects(async () => await channel.receive()), TypeError);
});

for (
  const [capacity, most, batches] of [[0, 1025, 2], [16, 2049, 40], [4096, 4097, 2000]] as const
) {
  test(`Channel.receiveMany() ends although other threads keep sending with capacity ${capacity}`, async () => {
    await using pool = new Pool({ threads: 2 });
    using channel = new Channel(i32, capacity);
    const length = 500;
    const floods = [1, 2].map(() => pool.go(flood, channel, length, batches));
    Promise.all(floods).then(() => channel.close());
    let received = 0;
    for (;;) {
      const { length: count } = await channel.receiveMany(Number.MAX_SAFE_INTEGER);
      if (count === 0) break;
      assert(count <= most, `${count} in one call`);
      received += count;
    }
    await Promise.all(floods);
    assertEquals(received, 2 * length * batches);
  });
}
