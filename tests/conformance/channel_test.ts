/** Values go in at one side of a channel and come out at the other: every flavor, every form. */
import { any, bytes, Channel, f64, i32, text } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertLessOrEqual,
  assertStrictEquals,
  fail,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import {
  bounded,
  buffered,
  bufferedAndBounded,
  distinct,
  fill,
  flavors,
  keyOf,
  local,
  rendezvous,
  samples,
  shared,
  testEach,
} from "./flavors.ts";
import { drain, isPending, seeded, takeAll, turn } from "./waiting.ts";

// ---- smoke

testEach(
  flavors,
  "Channel.receive() yields what Channel.send() sent (crossbeam FILE/smoke)",
  async (flavor) => {
    using channel = flavor.make();
    const [, received] = await Promise.all([channel.send(flavor.sample(7)), channel.receive()]);
    assertEquals(received, flavor.sample(7));
  },
);

testEach(
  flavors,
  "Channel.send() gives to a receiver that came first (crossbeam FILE/smoke)",
  async (flavor) => {
    using channel = flavor.make();
    const [received] = await Promise.all([channel.receive(), channel.send(flavor.sample(7))]);
    assertEquals(received, flavor.sample(7));
  },
);

// ---- capacity

testEach(
  flavors,
  "Channel.capacity is what the channel was made with (crossbeam FILE/capacity)",
  (flavor) => {
    using channel = flavor.make();
    assertStrictEquals(channel.capacity, flavor.capacity);
  },
);

test("Channel.capacity is 0 when none was given", () => {
  using channel = new Channel<string>();
  assertStrictEquals(channel.capacity, 0);
});

// ---- len_empty_full

testEach(
  bufferedAndBounded,
  "Channel.size counts what waits (crossbeam FILE/len_empty_full)",
  (flavor) => {
    using channel = flavor.make();
    const sizes: number[] = [channel.size];
    for (let index = 0; index < flavor.capacity; index++) {
      channel.trySend(flavor.sample(index));
      sizes.push(channel.size);
    }
    assertEquals(sizes, Array.from({ length: flavor.capacity + 1 }, (_, size) => size));
  },
);

testEach(
  bufferedAndBounded,
  "Channel.size falls with every receive (crossbeam FILE/len_empty_full)",
  (flavor) => {
    using channel = flavor.make();
    fill(flavor, channel);
    const sizes: number[] = [channel.size];
    while (channel.tryReceive().state === "ok") sizes.push(channel.size);
    assertEquals(
      sizes,
      Array.from({ length: flavor.capacity + 1 }, (_, taken) => flavor.capacity - taken),
    );
  },
);

testEach(bounded, "Channel.size leaves out senders that wait", async (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  const sending = channel.send(flavor.sample(flavor.capacity));
  assertStrictEquals(channel.size, flavor.capacity);
  await channel.receive();
  await sending;
});

test("Channel.size grows without limit when the capacity is Infinity (crossbeam list/len_empty_full)", () => {
  using channel = new Channel<number>(Infinity);
  for (let value = 0; value < 10_000; value++) channel.trySend(value);
  assertStrictEquals(channel.size, 10_000);
});

// ---- try_recv

testEach(
  flavors,
  "Channel.tryReceive() is empty when nothing waits (crossbeam FILE/try_recv)",
  (flavor) => {
    using channel = flavor.make();
    assertEquals(channel.tryReceive(), { state: "empty" });
  },
);

testEach(
  buffered,
  "Channel.tryReceive() takes the value that waits (crossbeam FILE/try_recv)",
  (flavor) => {
    using channel = flavor.make();
    channel.trySend(flavor.sample(4));
    assertEquals(channel.tryReceive(), { state: "ok", value: flavor.sample(4) });
  },
);

testEach(
  bounded,
  "Channel.tryReceive() lets a sender that waits go on (crossbeam FILE/try_recv)",
  async (flavor) => {
    using channel = flavor.make();
    fill(flavor, channel);
    const sending = channel.send(flavor.sample(flavor.capacity));
    assertEquals(channel.tryReceive(), { state: "ok", value: flavor.sample(0) });
    await sending;
    assertEquals(
      takeAll(channel),
      samples(flavor, 1, flavor.capacity + 1).slice(0, channel.capacity),
    );
  },
);

// ---- try_send

testEach(
  bounded,
  "Channel.trySend() is false when there is no room (crossbeam FILE/try_send)",
  (flavor) => {
    using channel = flavor.make();
    fill(flavor, channel);
    assertStrictEquals(channel.trySend(flavor.sample(flavor.capacity)), false);
  },
);

testEach(bounded, "Channel.trySend() sends nothing when it is false", (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  channel.trySend(flavor.sample(flavor.capacity));
  assertEquals(takeAll(channel), samples(flavor, 0, flavor.capacity));
});

testEach(
  buffered,
  "Channel.trySend() is true while there is room (crossbeam FILE/try_send)",
  (flavor) => {
    using channel = flavor.make();
    assertStrictEquals(channel.trySend(flavor.sample(0)), true);
  },
);

testEach(
  flavors,
  "Channel.trySend() gives to a receiver that waits (crossbeam FILE/try_send)",
  async (flavor) => {
    using channel = flavor.make();
    const receiving = channel.receive();
    assertStrictEquals(channel.trySend(flavor.sample(3)), true);
    assertEquals(await receiving, flavor.sample(3));
  },
);

// ---- recv

testEach(
  flavors,
  "Channel.receive() waits while nothing is sent (crossbeam FILE/recv)",
  async (flavor) => {
    using channel = flavor.make();
    const receiving = channel.receive();
    assert(await isPending(receiving));
    await channel.send(flavor.sample(0));
    assertEquals(await receiving, flavor.sample(0));
  },
);

// ---- send

testEach(
  bounded,
  "Channel.send() waits only when there is no room (crossbeam FILE/send)",
  async (flavor) => {
    using channel = flavor.make();
    for (let index = 0; index < flavor.capacity; index++) await channel.send(flavor.sample(index));
    const sending = channel.send(flavor.sample(flavor.capacity));
    assert(await isPending(sending));
    assertEquals(await channel.receive(), flavor.sample(0));
    await sending;
  },
);

// ---- rendezvous

testEach(
  rendezvous,
  "Channel.send() completes only when its value has been received (crossbeam FILE/send)",
  async (flavor) => {
    using channel = flavor.make();
    const sent = [false, false, false];
    const sends = sent.map(async (_, index) => {
      await channel.send(flavor.sample(index));
      sent[index] = true;
    });
    for (let index = 0; index < 3; index++) {
      await turn();
      assertEquals(sent, [0, 1, 2].map((other) => other < index));
      assertEquals(await channel.receive(), flavor.sample(index));
      await sends[index];
    }
    assertEquals(sent, [true, true, true]);
  },
);

testEach(
  rendezvous,
  "Channel.size is 0, whoever waits (crossbeam FILE/len_empty_full)",
  async (flavor) => {
    using channel = flavor.make();
    const sending = channel.send(flavor.sample(0));
    const withSender = channel.size;
    await channel.receive();
    await sending;
    const receiving = channel.receive();
    const withReceiver = channel.size;
    await channel.send(flavor.sample(1));
    await receiving;
    assertEquals([withSender, withReceiver], [0, 0]);
  },
);

testEach(rendezvous, "Channel.trySend() is true only when a receiver waits", async (flavor) => {
  using channel = flavor.make();
  const before = channel.trySend(flavor.sample(0));
  const receiving = channel.receive();
  const during = channel.trySend(flavor.sample(1));
  const after = channel.trySend(flavor.sample(2));
  assertEquals([before, during, after, await receiving], [false, true, false, flavor.sample(1)]);
});

// ---- spsc

testEach(flavors, "Channel delivers first in, first out (crossbeam FILE/spsc)", async (flavor) => {
  using channel = flavor.make();
  const count = Math.min(3 * Math.max(flavor.capacity, 100), 5000) + 1;
  const sending = (async () => {
    for (let index = 0; index < count; index++) await channel.send(flavor.sample(index));
    channel.close();
  })();
  assertEquals(await drain(channel), samples(flavor, 0, count));
  await sending;
});

testEach(flavors, "Channel keeps the order of sends that wait", async (flavor) => {
  using channel = flavor.make();
  const count = Math.min(flavor.capacity, 1024) + 50;
  const sends = samples(flavor, 0, count).map((value) => channel.send(value));
  const received: unknown[] = [];
  while (received.length < count) received.push(await channel.receive());
  assertEquals(received, samples(flavor, 0, count));
  await Promise.all(sends);
});

testEach(
  flavors,
  "Channel serves receivers that wait first come, first served",
  async (flavor) => {
    using channel = flavor.make();
    const receives = Array.from({ length: 20 }, () => channel.receive());
    for (let index = 0; index < 20; index++) await channel.send(flavor.sample(index));
    assertEquals(await Promise.all(receives), samples(flavor, 0, 20));
  },
);

// ---- mpmc

testEach(
  distinct,
  "Channel delivers every value exactly once (crossbeam FILE/mpmc)",
  async (flavor) => {
    using channel = flavor.make();
    const producers = 4;
    const each = 100;
    const sending = Array.from({ length: producers }, async (_, producer) => {
      for (let n = 0; n < each; n++) await channel.send(flavor.sample(producer * each + n));
    });
    const consuming = Array.from({ length: 3 }, () => drain(channel));
    await Promise.all(sending);
    channel.close();
    const got = (await Promise.all(consuming)).flat().map(keyOf);
    assertEquals(
      got.sort(),
      samples(flavor, 0, producers * each).map(keyOf).sort(),
    );
  },
);

testEach(distinct, "Channel keeps the order of each producer", async (flavor) => {
  using channel = flavor.make();
  const each = 100;
  const owners = new Map<string, [producer: number, n: number]>();
  const sending = [0, 1, 2].map(async (producer) => {
    for (let n = 0; n < each; n++) {
      const value = flavor.sample(producer * each + n);
      owners.set(keyOf(value), [producer, n]);
      await channel.send(value);
    }
  });
  const receiving = drain(channel);
  await Promise.all(sending);
  channel.close();
  const orders: number[][] = [[], [], []];
  for (const value of await receiving) {
    const [producer, n] = owners.get(keyOf(value)) ?? fail("never sent");
    orders[producer]!.push(n);
  }
  const ascending = Array.from({ length: each }, (_, n) => n);
  assertEquals(orders, [ascending, ascending, ascending]);
});

// ---- wrap_around

testEach(
  bufferedAndBounded,
  "Channel is a queue over many laps",
  (flavor) => {
    using channel = flavor.make();
    const random = seeded(flavor.capacity);
    let sent = 0;
    let received = 0;
    const laps = flavor.capacity < 10 ? 300 : 12;
    while (received < laps * flavor.capacity) {
      for (let left = random(flavor.capacity + 2); left > 0; left--) {
        if (channel.trySend(flavor.sample(sent))) sent++;
        else assertStrictEquals(sent - received, flavor.capacity);
      }
      assertStrictEquals(channel.size, sent - received);
      for (let left = random(flavor.capacity + 2); left > 0; left--) {
        const got = channel.tryReceive();
        if (got.state !== "ok") assertStrictEquals(sent, received);
        else assertEquals(got.value, flavor.sample(received++));
      }
      assertLessOrEqual(channel.size, flavor.capacity);
    }
  },
);

// ---- any_capacity

for (const capacity of [1, 2, 3, 4, 5, 6, 7, 9, 10, 31, 33, 100, 1000, 4097]) {
  const kinds = {
    "by reference": () => new Channel<number>(capacity),
    "i32": () => new Channel(i32, capacity),
    "f64": () => new Channel(f64, capacity),
  };
  for (const [kind, make] of Object.entries(kinds)) {
    test(`Channel holds exactly ${capacity} values, lap after lap [${kind}]`, () => {
      using channel = make();
      const held: number[][] = [];
      for (let lap = 0; lap < 5; lap++) {
        for (let value = 0; channel.trySend(lap * 10_000 + value); value++);
        held.push(takeAll(channel));
        // The next lap begins one slot on.
        channel.trySend(-1);
        channel.tryReceive();
      }
      assertEquals(
        held,
        [0, 1, 2, 3, 4].map((lap) => Array.from({ length: capacity }, (_, n) => lap * 10_000 + n)),
      );
    });
  }
}

// ---- undefined_and_null

for (const value of [undefined, null]) {
  testEach(
    local,
    `Channel.receive() yields a ${value} that was sent`,
    async (flavor) => {
      using channel = flavor.make();
      const sending = channel.send(value);
      assertEquals(channel.tryReceive(), { state: "ok", value });
      await sending;
    },
  );

  testEach(
    local,
    `Channel.next() tells a ${value} that was sent from the end`,
    async (flavor) => {
      using channel = flavor.make();
      const receiving = channel.next();
      await channel.send(value);
      assertEquals(await receiving, { done: false, value });
    },
  );

  test(`Channel of any carries ${value}`, async () => {
    using channel = new Channel(any<null | undefined>(), 1);
    await channel.send(value);
    assertEquals(await channel.next(), { done: false, value });
  });
}

// ---- zero_sized

test("Channel of text carries the empty text", () => {
  using channel = new Channel(text, 1);
  channel.trySend("");
  assertEquals(channel.tryReceive(), { state: "ok", value: "" });
});

test("Channel of bytes carries no bytes", () => {
  using channel = new Channel(bytes, 1);
  channel.trySend(new Uint8Array(0));
  assertEquals(channel.tryReceive(), { state: "ok", value: new Uint8Array(0) });
});

// ---- by_reference

testEach(local, "Channel.receive() yields the very object", async (flavor) => {
  using channel = flavor.make();
  const sent = { weak: new WeakMap(), call: () => 1 };
  const sending = channel.send(sent);
  assertStrictEquals(await channel.receive(), sent);
  await sending;
});

test("Channel.next() hands over a promise as it is", async () => {
  using channel = new Channel<Promise<number>>(1);
  const sent = Promise.resolve(1);
  await channel.send(sent);
  const got = await channel.next();
  assertStrictEquals(got.value, sent);
});

// ---- by_value

testEach(
  shared.filter(({ name }) => /any|bytes|struct/.test(name)),
  "Channel.receive() yields a copy",
  async (flavor) => {
    using channel = flavor.make();
    const sent = flavor.sample(1);
    const [received] = await Promise.all([channel.receive(), channel.send(sent)]);
    assertEquals(received, sent);
    assert(received !== sent);
  },
);

// ---- channel_through_channel

test("a by-reference Channel carries channels (crossbeam zero/channel_through_channel)", async () => {
  using requests = new Channel<{ question: number; reply: Channel<number> }>();
  const serving = (async () => {
    for await (const { question, reply } of requests) await reply.send(question * 2);
  })();
  const answers: (number | undefined)[] = [];
  for (const question of [1, 2, 3]) {
    const reply = new Channel<number>();
    await requests.send({ question, reply });
    answers.push(await reply.receive());
  }
  requests.close();
  await serving;
  assertEquals(answers, [2, 4, 6]);
});

test("a Channel of any carries a typed channel as the same object", async () => {
  using outer = new Channel(any<{ inner: Channel<number> }>(), 1);
  using inner = new Channel(i32, 1);
  await outer.send({ inner });
  assertStrictEquals((await outer.receive())?.inner, inner);
});

test("a typed Channel travels through itself", async () => {
  using channel = new Channel(any<unknown>(), 2);
  await channel.send(channel);
  assertStrictEquals(await channel.receive(), channel);
});
