/** Iteration: it ends at the close, and leaving it early closes nothing. */
import { assertEquals, assertRejects, assertStrictEquals } from "../support/assert.ts";
import { buffered, flavors, samples, testEach } from "./flavors.ts";
import { drain, settled } from "./waiting.ts";

testEach(
  flavors,
  "for await over a Channel ends at the close (crossbeam FILE/stress_iter, iter/recv_iter)",
  async (flavor) => {
    using channel = flavor.make();
    const receiving = drain(channel);
    for (let index = 0; index < 10; index++) await channel.send(flavor.sample(index));
    channel.close();
    assertEquals(await receiving, samples(flavor, 0, 10));
  },
);

testEach(flavors, "for await over a closed Channel ends at once", async (flavor) => {
  using channel = flavor.make();
  channel.close();
  assertEquals(await drain(channel), []);
});

testEach(
  flavors,
  "for await over a Channel leaves it open on break (crossbeam iter/recv_iter_break)",
  async (flavor) => {
    using channel = flavor.make();
    const sending = channel.send(flavor.sample(0));
    for await (const value of channel) {
      assertEquals(value, flavor.sample(0));
      break;
    }
    await sending;
    assertStrictEquals(channel.closed, false);
  },
);

testEach(
  flavors,
  "for await over a Channel goes on where another was left (crossbeam iter/recv_into_iter_borrowed)",
  async (flavor) => {
    using channel = flavor.make();
    const sending = (async () => {
      for (let index = 0; index < 6; index++) await channel.send(flavor.sample(index));
      channel.close();
    })();
    const first: unknown[] = [];
    for await (const value of channel) {
      first.push(value);
      if (first.length === 2) break;
    }
    assertEquals([first, await drain(channel)], [samples(flavor, 0, 2), samples(flavor, 2, 6)]);
    await sending;
  },
);

testEach(flavors, "for await over a Channel leaves it open on a throw", async (flavor) => {
  using channel = flavor.make();
  const sending = channel.send(flavor.sample(0));
  await assertRejects(
    async () => {
      for await (const _ of channel) throw new Error("enough");
    },
    Error,
    "enough",
  );
  await sending;
  assertStrictEquals(channel.closed, false);
});

testEach(buffered, "for await over a Channel throws the reason once drained", async (flavor) => {
  using channel = flavor.make();
  channel.trySend(flavor.sample(0));
  channel.close("out of paper");
  const received: unknown[] = [];
  const end = await settled((async () => {
    for await (const value of channel) received.push(value);
  })());
  assertEquals([end, received], [{ reason: "out of paper" }, [flavor.sample(0)]]);
});

testEach(
  flavors,
  "for await over a Channel shares the values among loops (crossbeam mpsc/nested_recv_iter)",
  async (flavor) => {
    using channel = flavor.make();
    const loops = [drain(channel), drain(channel), drain(channel)];
    for (let index = 0; index < 30; index++) await channel.send(flavor.sample(index));
    channel.close();
    const counts = (await Promise.all(loops)).map((values) => values.length);
    assertStrictEquals(counts.reduce((sum, count) => sum + count), 30);
  },
);

testEach(flavors, "Channel.next() yields a value that is sent while it waits", async (flavor) => {
  using channel = flavor.make();
  const receiving = channel.next();
  await channel.send(flavor.sample(2));
  assertEquals(await receiving, { done: false, value: flavor.sample(2) });
});

testEach(buffered, "Channel.next() yields a value that waits", async (flavor) => {
  using channel = flavor.make();
  channel.trySend(flavor.sample(2));
  assertEquals(await channel.next(), { done: false, value: flavor.sample(2) });
});
