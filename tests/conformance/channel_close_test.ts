/** Close: it drains, it wakes whoever waits, and it is an error to send to, or to close, what is closed. */
import { any, Channel, ChannelClosedError, i32, select, selectSync, trySelect } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import {
  bounded,
  buffered,
  bufferedAndBounded,
  fill,
  flavors,
  local,
  samples,
  shared,
  testEach,
} from "./flavors.ts";
import { drain, settled } from "./waiting.ts";

testEach(flavors, "Channel.closed is false until Channel.close()", (flavor) => {
  using channel = flavor.make();
  const before = channel.closed;
  channel.close();
  assertEquals([before, channel.closed], [false, true]);
});

// ---- recv_after_close

testEach(
  flavors,
  "Channel.receive() yields undefined once closed and drained (crossbeam FILE/recv_after_disconnect)",
  async (flavor) => {
    using channel = flavor.make();
    channel.close();
    const received = await Promise.all([channel.receive(), channel.receive(), channel.receive()]);
    assertEquals(received, [undefined, undefined, undefined]);
  },
);

testEach(flavors, "Channel.receiveSync() yields undefined once closed and drained", (flavor) => {
  using channel = flavor.make();
  channel.close();
  assertEquals([channel.receiveSync(), channel.receiveSync()], [undefined, undefined]);
});

testEach(flavors, "Channel.next() is done once closed and drained", async (flavor) => {
  using channel = flavor.make();
  channel.close();
  const results = await Promise.all([channel.next(), channel.next()]);
  assertEquals(results, [{ done: true, value: undefined }, { done: true, value: undefined }]);
});

testEach(
  flavors,
  "Channel.tryReceive() is closed once closed and drained (crossbeam FILE/recv_after_disconnect, golang/closedchan)",
  (flavor) => {
    using channel = flavor.make();
    channel.close();
    const results = [channel.tryReceive(), channel.tryReceive()];
    assertEquals(results, [{ state: "closed" }, { state: "closed" }]);
  },
);

testEach(
  bufferedAndBounded,
  "Channel.receive() drains a full closed channel (crossbeam FILE/recv_after_disconnect)",
  async (flavor) => {
    using channel = flavor.make();
    fill(flavor, channel);
    channel.close();
    assertEquals(await drain(channel), samples(flavor, 0, flavor.capacity));
  },
);

testEach(buffered, "Channel.size counts what a closed channel still holds", (flavor) => {
  using channel = flavor.make();
  channel.trySend(flavor.sample(0));
  channel.close();
  const before = channel.size;
  channel.tryReceive();
  assertEquals([before, channel.size], [1, 0]);
});

testEach(
  bufferedAndBounded,
  "Channel.receive() drains a channel closed in the middle of a lap",
  async (flavor) => {
    using channel = flavor.make();
    const offset = (flavor.capacity >> 1) + 1;
    for (let index = 0; index < offset; index++) {
      channel.trySend(flavor.sample(index));
      channel.tryReceive();
    }
    fill(flavor, channel);
    channel.close();
    assertEquals(await drain(channel), samples(flavor, 0, flavor.capacity));
    assertEquals(channel.tryReceive(), { state: "closed" });
  },
);

testEach(
  flavors,
  "Channel.close() ends every receive that waits (crossbeam FILE/disconnect_wakes_receiver)",
  async (flavor) => {
    using channel = flavor.make();
    const receives = Array.from({ length: 10 }, () => channel.receive());
    channel.close();
    assertEquals(await Promise.all(receives), new Array(10).fill(undefined));
  },
);

testEach(flavors, "Channel.close() ends every next that waits", async (flavor) => {
  using channel = flavor.make();
  const results = Array.from({ length: 10 }, () => channel.next());
  channel.close();
  assertEquals(
    await Promise.all(results),
    Array.from({ length: 10 }, () => ({ done: true, value: undefined })),
  );
});

testEach(flavors, "Channel.close() ends a select that waits to receive", async (flavor) => {
  using channel = flavor.make();
  const selecting = select({ only: channel });
  channel.close();
  assertEquals(await selecting, { case: "only", ok: false, value: undefined });
});

// ---- send_after_close

testEach(
  flavors,
  "Channel.send() on a closed channel rejects with its value (crossbeam FILE/send_after_disconnect)",
  async (flavor) => {
    using channel = flavor.make();
    channel.close();
    const error = await assertRejects(
      () => channel.send(flavor.sample(5)),
      ChannelClosedError,
      "send on closed channel",
    );
    assertEquals(error.value, flavor.sample(5));
  },
);

testEach(
  flavors,
  "Channel.trySend() on a closed channel throws with its value (crossbeam FILE/send_after_disconnect)",
  (flavor) => {
    using channel = flavor.make();
    channel.close();
    const error = assertThrows(
      () => channel.trySend(flavor.sample(5)),
      ChannelClosedError,
      "send on closed channel",
    );
    assertEquals(error.value, flavor.sample(5));
  },
);

testEach(flavors, "Channel.sendSync() on a closed channel throws with its value", (flavor) => {
  using channel = flavor.make();
  channel.close();
  const error = assertThrows(
    () => channel.sendSync(flavor.sample(5)),
    ChannelClosedError,
    "send on closed channel",
  );
  assertEquals(error.value, flavor.sample(5));
});

testEach(bufferedAndBounded, "Channel.send() on a full closed channel rejects", async (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  channel.close();
  await assertRejects(() => channel.send(flavor.sample(0)), ChannelClosedError);
});

testEach(buffered, "Channel.trySend() on a closed channel adds nothing", async (flavor) => {
  using channel = flavor.make();
  channel.trySend(flavor.sample(0));
  channel.close();
  assertThrows(() => channel.trySend(flavor.sample(1)), ChannelClosedError);
  assertEquals(await drain(channel), [flavor.sample(0)]);
});

testEach(
  bounded,
  "Channel.close() makes every send that waits reject with its value (crossbeam FILE/disconnect_wakes_sender)",
  async (flavor) => {
    using channel = flavor.make();
    fill(flavor, channel);
    const unsent = samples(flavor, flavor.capacity, flavor.capacity + 5);
    const sends = unsent.map((value) => settled(channel.send(value)));
    channel.close();
    const values: unknown[] = [];
    for (const end of await Promise.all(sends)) {
      assert("reason" in end);
      assertInstanceOf(end.reason, ChannelClosedError);
      assertStringIncludes(end.reason.message, "send on closed channel");
      values.push(end.reason.value);
    }
    assertEquals(values, unsent);
  },
);

testEach(bounded, "Channel.close() lets no value of a send that waits in", async (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  const sending = settled(channel.send(flavor.sample(flavor.capacity)));
  channel.close();
  await sending;
  assertEquals(await drain(channel), samples(flavor, 0, flavor.capacity));
});

// ---- close of closed

testEach(flavors, "Channel.close() throws when the channel is closed", (flavor) => {
  using channel = flavor.make();
  channel.close();
  const error = assertThrows(
    () => channel.close(),
    ChannelClosedError,
    "close of closed channel",
  );
  assertEquals([error.code, error.value], ["CHANNEL_CLOSED", undefined]);
});

testEach(flavors, "Channel.close() a second time changes nothing", async (flavor) => {
  using channel = flavor.make();
  channel.close();
  assertThrows(() => channel.close(new Error("too late")), ChannelClosedError);
  assertEquals(await channel.next(), { done: true, value: undefined });
});

testEach(flavors, "Channel.close() keeps the first reason", async (flavor) => {
  using channel = flavor.make();
  channel.close("first");
  assertThrows(() => channel.close("second"), ChannelClosedError);
  assertEquals(await settled(channel.receive()), { reason: "first" });
});

// ---- close with a reason

/** Every way to receive. */
const receives: Readonly<Record<string, (channel: Channel<unknown>) => unknown>> = {
  "Channel.receive()": (channel) => channel.receive(),
  "Channel.receiveSync()": (channel) => channel.receiveSync(),
  "Channel.tryReceive()": (channel) => channel.tryReceive(),
  "Channel.next()": (channel) => channel.next(),
  "for await over a Channel": (channel) => drain(channel),
  "select()": (channel) => select({ only: channel }),
  "trySelect()": (channel) => trySelect({ only: channel }),
  "selectSync()": (channel) => selectSync({ only: channel }),
};

for (const [name, receive] of Object.entries(receives)) {
  testEach(flavors, `${name} fails with the reason of the close, for ever`, async (flavor) => {
    using channel = flavor.make();
    channel.close("out of paper");
    const ends = [];
    for (let i = 0; i < 3; i++) {
      ends.push(await settled(Promise.resolve().then(() => receive(channel))));
    }
    assertEquals(ends, new Array(3).fill({ reason: "out of paper" }));
  });
}

testEach(buffered, "Channel.receive() fails with the reason only once drained", async (flavor) => {
  using channel = flavor.make();
  channel.trySend(flavor.sample(0));
  channel.close("out of paper");
  assertEquals(await channel.receive(), flavor.sample(0));
  assertEquals(await settled(channel.receive()), { reason: "out of paper" });
});

testEach(
  flavors,
  "Channel.close() with a reason fails every receive that waits",
  async (flavor) => {
    using channel = flavor.make();
    const waiting = [channel.receive(), channel.next(), select({ only: channel })].map(settled);
    channel.close("out of paper");
    assertEquals(await Promise.all(waiting), new Array(3).fill({ reason: "out of paper" }));
  },
);

testEach(
  bounded,
  "Channel.close() with a reason fails a send that waits as ever",
  async (flavor) => {
    using channel = flavor.make();
    fill(flavor, channel);
    const sending = channel.send(flavor.sample(0));
    channel.close("out of paper");
    await assertRejects(() => sending, ChannelClosedError, "send on closed channel");
  },
);

testEach(flavors, "Channel.close() takes null as a reason", async (flavor) => {
  using channel = flavor.make();
  channel.close(null);
  assertEquals(await settled(channel.receive()), { reason: null });
});

testEach(flavors, "Channel.close() takes undefined as no reason", async (flavor) => {
  using channel = flavor.make();
  channel.close(undefined);
  assertStrictEquals(await channel.receive(), undefined);
});

testEach(local, "Channel.receive() rejects with the very reason", async (flavor) => {
  using channel = flavor.make();
  const reason = new TypeError("jam");
  channel.close(reason);
  assertStrictEquals(await assertRejects(() => channel.receive()), reason);
});

testEach(shared, "Channel.receive() rejects with the reason's class and data", async (flavor) => {
  using channel = flavor.make();
  channel.close(new TypeError("jam", { cause: { tray: 2 } }));
  const reason = await assertRejects(() => channel.receive(), TypeError, "jam");
  assertEquals(reason.cause, { tray: 2 });
});

test("Channel.receive() rejects with a fresh copy of the reason each time when typed", async () => {
  using channel = new Channel(i32, 1);
  channel.close(new Error("jam"));
  const first = await assertRejects(() => channel.receive());
  assert(first !== await assertRejects(() => channel.receive()));
});

test("Channel.close() of a typed channel refuses a reason that cannot be copied, and stays open", () => {
  using channel = new Channel(i32, 1);
  assertThrows(() => channel.close({ why: () => 1 }), TypeError, ".why");
  assertStrictEquals(channel.closed, false);
  assertStrictEquals(channel.trySend(1), true);
});

test("Channel.close() takes a typed channel as a reason", async () => {
  using channel = new Channel(any<unknown>(), 1);
  using reason = new Channel(i32, 1);
  channel.close(reason);
  assertStrictEquals(await assertRejects(() => channel.receive()), reason);
});
