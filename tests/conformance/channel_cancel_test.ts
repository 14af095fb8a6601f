/** Cancellation: an abort loses no value and leaves no waiter, shown by what comes after it. */
import { type Channel, select, send } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import {
  bounded,
  buffered,
  distinct,
  fill,
  type Flavor,
  flavors,
  keyOf,
  samples,
  testEach,
} from "./flavors.ts";
import { isPending, seeded, type Settled, settled, takeAll } from "./waiting.ts";

/** Every way to wait for a value. */
const receives: Readonly<
  Record<string, (channel: Channel<unknown>, signal: AbortSignal) => Promise<unknown>>
> = {
  "Channel.receive()": (channel, signal) => channel.receive({ signal }),
  "Channel.next()": (channel, signal) => channel.next({ signal }),
  "select()": (channel, signal) => select({ only: channel }, { signal }),
};

/** Every way to wait for a value to be taken. */
const sends: Readonly<
  Record<string, (to: Channel<unknown>, value: unknown, signal: AbortSignal) => Promise<unknown>>
> = {
  "Channel.send()": (to, value, signal) => to.send(value, { signal }),
  "select()": (to, value, signal) => select({ only: send(to, value) }, { signal }),
};

for (const [name, receive] of Object.entries(receives)) {
  testEach(buffered, `${name} with an aborted signal takes no value`, async (flavor) => {
    using channel = flavor.make();
    channel.trySend(flavor.sample(1));
    const end = await settled(receive(channel, AbortSignal.abort("stop")));
    assertEquals(end, { reason: "stop" });
    assertEquals(takeAll(channel), [flavor.sample(1)]);
  });

  testEach(
    flavors,
    `${name} with an aborted signal rejects on a closed channel`,
    async (flavor) => {
      using channel = flavor.make();
      channel.close();
      const end = await settled(receive(channel, AbortSignal.abort("stop")));
      assertEquals(end, { reason: "stop" });
    },
  );

  testEach(
    flavors,
    `${name} rejects with the reason when aborted while it waits`,
    async (flavor) => {
      using channel = flavor.make();
      const abort = new AbortController();
      const reason = new Error("stop");
      const receiving = receive(channel, abort.signal);
      assert(await isPending(receiving));
      abort.abort(reason);
      assertStrictEquals(await assertRejects(() => receiving), reason);
    },
  );

  testEach(flavors, `${name} leaves no waiter when aborted`, async (flavor) => {
    using channel = flavor.make();
    const abort = new AbortController();
    const receiving = settled(receive(channel, abort.signal));
    abort.abort();
    // A waiter left behind would take the value here.
    assertStrictEquals(channel.trySend(flavor.sample(1)), flavor.capacity > 0);
    assertEquals(takeAll(channel), flavor.capacity > 0 ? [flavor.sample(1)] : []);
    await receiving;
  });

  testEach(flavors, `${name} aborted passes its value on to the next in line`, async (flavor) => {
    using channel = flavor.make();
    const abort = new AbortController();
    const aborted = settled(receive(channel, abort.signal));
    const next = channel.receive();
    abort.abort();
    await channel.send(flavor.sample(1));
    assertEquals(await next, flavor.sample(1));
    await aborted;
  });

  testEach(flavors, `${name} is not undone by an abort that comes after it`, async (flavor) => {
    using channel = flavor.make();
    const abort = new AbortController();
    const receiving = settled(receive(channel, abort.signal));
    await channel.send(flavor.sample(1));
    abort.abort();
    assert("value" in await receiving);
  });
}

for (const [name, sendTo] of Object.entries(sends)) {
  testEach(flavors, `${name} with an aborted signal sends nothing`, async (flavor) => {
    using channel = flavor.make();
    const end = await settled(sendTo(channel, flavor.sample(1), AbortSignal.abort("stop")));
    assertEquals(end, { reason: "stop" });
    assertEquals(takeAll(channel), []);
  });

  testEach(flavors, `${name} with an aborted signal passes a receiver by`, async (flavor) => {
    using channel = flavor.make();
    const receiving = channel.receive();
    await settled(sendTo(channel, flavor.sample(1), AbortSignal.abort("stop")));
    await channel.send(flavor.sample(2));
    assertEquals(await receiving, flavor.sample(2));
  });

  testEach(
    bounded,
    `${name} rejects with the reason when aborted while it waits`,
    async (flavor) => {
      using channel = flavor.make();
      fill(flavor, channel);
      const abort = new AbortController();
      const reason = new Error("stop");
      const sending = sendTo(channel, flavor.sample(0), abort.signal);
      assert(await isPending(sending));
      abort.abort(reason);
      assertStrictEquals(await assertRejects(() => sending), reason);
    },
  );

  testEach(bounded, `${name} leaves neither value nor waiter when aborted`, async (flavor) => {
    using channel = flavor.make();
    fill(flavor, channel);
    const abort = new AbortController();
    const sending = settled(sendTo(channel, flavor.sample(flavor.capacity), abort.signal));
    abort.abort();
    assertEquals(takeAll(channel), samples(flavor, 0, flavor.capacity));
    await sending;
  });

  testEach(bounded, `${name} aborted lets the next in line send`, async (flavor) => {
    using channel = flavor.make();
    fill(flavor, channel);
    const abort = new AbortController();
    const aborted = settled(sendTo(channel, flavor.sample(flavor.capacity), abort.signal));
    const next = channel.send(flavor.sample(flavor.capacity + 1));
    abort.abort();
    assertEquals(takeAll(channel), [
      ...samples(flavor, 0, flavor.capacity),
      flavor.sample(flavor.capacity + 1),
    ]);
    await Promise.all([aborted, next]);
  });
}

testEach(
  flavors,
  "Channel.receive() rejects with an AbortError when there is no reason",
  async (flavor) => {
    using channel = flavor.make();
    const abort = new AbortController();
    const receiving = settled(channel.receive({ signal: abort.signal }));
    abort.abort();
    const end = await receiving;
    assert("reason" in end && end.reason instanceof DOMException);
    assertStrictEquals(end.reason.name, "AbortError");
  },
);

testEach(
  flavors,
  "Channel.receive() rejects when AbortSignal.timeout() is over (crossbeam FILE/recv_timeout)",
  async (flavor) => {
    using channel = flavor.make();
    // Something for the event loop to wait for: neither the signal nor the wait is.
    const keepAlive = setTimeout(() => {}, 60_000);
    const end = await settled(channel.receive({ signal: AbortSignal.timeout(1) }));
    clearTimeout(keepAlive);
    assert("reason" in end && end.reason instanceof DOMException);
    assertStrictEquals(end.reason.name, "TimeoutError");
  },
);

testEach(
  flavors,
  "Channel keeps the order of those who wait when one in the middle is aborted",
  async (flavor) => {
    using channel = flavor.make();
    const aborts = Array.from({ length: 9 }, () => new AbortController());
    const receives = aborts.map(({ signal }) => settled(channel.receive({ signal })));
    for (const index of [4, 0, 8]) aborts[index]!.abort("stop");
    for (let index = 0; index < 6; index++) await channel.send(flavor.sample(index));
    const stopped: Settled = { reason: "stop" };
    const values = samples(flavor, 0, 6).map((value): Settled => ({ value }));
    assertEquals(await Promise.all(receives), [
      stopped,
      ...values.slice(0, 3),
      stopped,
      ...values.slice(3),
      stopped,
    ]);
  },
);

function keysOf(flavor: Flavor, count: number): string[] {
  return samples(flavor, 0, count).map(keyOf).sort();
}

testEach(
  distinct,
  "a storm of aborted receives loses no value and doubles none",
  async (flavor) => {
    using channel = flavor.make();
    const random = seeded(1);
    const count = 300;
    const received: string[] = [];
    const waits: Promise<unknown>[] = [];
    const live: AbortController[] = [];
    let sent = 0;
    while (sent < count) {
      for (let left = random(5); left > 0; left--) {
        const abort = new AbortController();
        live.push(abort);
        waits.push(
          channel.next({ signal: abort.signal }).then(
            ({ value }) => received.push(keyOf(value)),
            () => {},
          ),
        );
      }
      for (let left = random(3); left > 0 && live.length > 0; left--) {
        live.splice(random(live.length), 1)[0]!.abort();
      }
      if (channel.trySend(flavor.sample(sent))) sent++;
      if (random(4) === 0) await Promise.resolve();
    }
    for (const abort of live) abort.abort();
    await Promise.all(waits);
    received.push(...takeAll(channel).map(keyOf));
    assertEquals(received.sort(), keysOf(flavor, count));
  },
);

testEach(
  distinct.filter((flavor) => bounded.includes(flavor)),
  "a storm of aborted sends delivers exactly the values whose sends resolved",
  async (flavor) => {
    using channel = flavor.make();
    const random = seeded(2);
    const resolved: string[] = [];
    const received: string[] = [];
    const waits: Promise<unknown>[] = [];
    const live: AbortController[] = [];
    fill(flavor, channel);
    resolved.push(...samples(flavor, 0, flavor.capacity).map(keyOf));
    for (let index = flavor.capacity; index < flavor.capacity + 400; index++) {
      const abort = new AbortController();
      live.push(abort);
      const value = flavor.sample(index);
      waits.push(
        channel.send(value, { signal: abort.signal }).then(
          () => resolved.push(keyOf(value)),
          () => {},
        ),
      );
      for (let left = random(3); left > 0 && live.length > 0; left--) {
        live.splice(random(live.length), 1)[0]!.abort();
      }
      const got = random(3) === 0 ? channel.tryReceive() : undefined;
      if (got?.state === "ok") received.push(keyOf(got.value));
      if (random(4) === 0) await Promise.resolve();
    }
    for (const abort of live) abort.abort();
    await Promise.all(waits);
    received.push(...takeAll(channel).map(keyOf));
    assertEquals(received.sort(), resolved.sort());
  },
);

for (const signal of [{}, "stop", null, { aborted: true }]) {
  test(`Channel.receive() refuses ${JSON.stringify(signal)} as a signal, at the call`, () => {
    const flavor = flavors[0]!;
    using channel = flavor.make();
    const options = { signal: signal as AbortSignal };
    assertThrows(() => channel.receive(options), TypeError, "AbortSignal");
    assertThrows(() => channel.next(options), TypeError, "AbortSignal");
    assertThrows(() => channel.send(1, options), TypeError, "AbortSignal");
    assertThrows(() => select({ only: channel }, options), TypeError, "AbortSignal");
  });
}

testEach(flavors, "Channel.receive() takes options without a signal", async (flavor) => {
  using channel = flavor.make();
  const receiving = channel.receive({});
  await channel.send(flavor.sample(0), {});
  assertEquals(await receiving, flavor.sample(0));
});
