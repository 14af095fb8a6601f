/** `select`: whichever operation can go on first, and only that one. */
import {
  after,
  any,
  Channel,
  ChannelClosedError,
  i32,
  never,
  type ReceiveChannel,
  select,
  selectSync,
  send,
  sleep,
  text,
  Timer,
  trySelect,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import { bounded, fill, flavors, keyOf, rendezvous, samples, testEach } from "./flavors.ts";
import { isPending, settled, takeAll } from "./waiting.ts";

// ---- every flavor

testEach(
  flavors,
  "select() receives what was sent before (crossbeam select/smoke1)",
  async (flavor) => {
    using channel = flavor.make();
    const sending = channel.send(flavor.sample(1));
    assertEquals(await select({ in: channel }), { case: "in", ok: true, value: flavor.sample(1) });
    await sending;
  },
);

testEach(
  flavors,
  "select() receives what is sent while it waits (crossbeam select/unblocks)",
  async (flavor) => {
    using channel = flavor.make();
    const selecting = select({ off: null, in: channel, never: never() });
    await channel.send(flavor.sample(1));
    assertEquals(await selecting, { case: "in", ok: true, value: flavor.sample(1) });
  },
);

testEach(
  flavors,
  "select() sends to a receiver that came before (crossbeam select/unblocks)",
  async (flavor) => {
    using channel = flavor.make();
    const receiving = channel.receive();
    const got = await select({ out: send(channel, flavor.sample(1)) });
    assertEquals(got, { case: "out", ok: true, value: undefined });
    assertEquals(await receiving, flavor.sample(1));
  },
);

testEach(bounded, "select() sends once there is room", async (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  const selecting = select({ out: send(channel, flavor.sample(flavor.capacity)) });
  const received: unknown[] = [await channel.receive()];
  assertEquals(await selecting, { case: "out", ok: true, value: undefined });
  received.push(...takeAll(channel));
  const rest = flavor.capacity === 0 ? [] : [flavor.sample(flavor.capacity)];
  assertEquals(received.slice(flavor.capacity), flavor.capacity === 0 ? received : rest);
});

testEach(
  flavors,
  "select() tells the end of a channel by ok (crossbeam select/disconnected)",
  async (flavor) => {
    using channel = flavor.make();
    channel.close();
    assertEquals(await select({ in: channel }), { case: "in", ok: false, value: undefined });
  },
);

testEach(
  flavors,
  "trySelect() is undefined when nothing is ready (crossbeam select/default)",
  (flavor) => {
    using channel = flavor.make();
    assertStrictEquals(trySelect({ in: channel, off: null }), undefined);
  },
);

testEach(bounded, "trySelect() is undefined when a send has no room", (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  assertStrictEquals(trySelect({ out: send(channel, flavor.sample(0)) }), undefined);
});

testEach(flavors, "trySelect() receives from a sender that waits", async (flavor) => {
  using channel = flavor.make();
  const sending = channel.send(flavor.sample(1));
  assertEquals(trySelect({ in: channel }), { case: "in", ok: true, value: flavor.sample(1) });
  await sending;
});

testEach(flavors, "trySelect() leaves no waiter", (flavor) => {
  using channel = flavor.make();
  trySelect({ in: channel });
  assertStrictEquals(channel.trySend(flavor.sample(0)), flavor.capacity > 0);
});

testEach(flavors, "selectSync() receives from a sender that waits", async (flavor) => {
  using channel = flavor.make();
  const sending = channel.send(flavor.sample(1));
  assertEquals(selectSync({ in: channel }), { case: "in", ok: true, value: flavor.sample(1) });
  await sending;
});

testEach(flavors, "select() to send on a closed channel rejects with the value", async (flavor) => {
  using channel = flavor.make();
  channel.close();
  const error = await assertRejects(
    () => select({ out: send(channel, flavor.sample(1)) }),
    ChannelClosedError,
    "send on closed channel",
  );
  assertEquals(error.value, flavor.sample(1));
});

testEach(bounded, "select() that waits to send rejects at the close", async (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  const selecting = select({ out: send(channel, flavor.sample(1)), off: null });
  channel.close();
  const error = await assertRejects(() => selecting, ChannelClosedError, "send on closed channel");
  assertEquals(error.value, flavor.sample(1));
});

testEach(flavors, "trySelect() to send on a closed channel throws", (flavor) => {
  using channel = flavor.make();
  channel.close();
  assertThrows(() => trySelect({ out: send(channel, flavor.sample(1)) }), ChannelClosedError);
});

testEach(flavors, "selectSync() to send on a closed channel throws", (flavor) => {
  using channel = flavor.make();
  channel.close();
  assertThrows(() => selectSync({ out: send(channel, flavor.sample(1)) }), ChannelClosedError);
});

testEach(
  flavors,
  "select() gives one value to one of two cases on the same channel (crossbeam select/preference1)",
  async (flavor) => {
    using channel = flavor.make();
    const selecting = select([channel, channel]);
    await channel.send(flavor.sample(1));
    const { ok, value } = await selecting;
    assertEquals([ok, value], [true, flavor.sample(1)]);
    // The other case is not waiting any more.
    assertStrictEquals(channel.trySend(flavor.sample(2)), flavor.capacity > 0);
  },
);

// ---- nil channels

test("select() never picks a null case (crossbeam select_macro/conditional_recv)", async () => {
  using ready = new Channel<number>(1);
  for (let round = 0; round < 50; round++) {
    ready.trySend(round);
    assertStrictEquals((await select({ off: null, ready, out: send(null, 1) })).case, "ready");
  }
});

test("select() with nothing but null cases waits for ever (crossbeam select_macro/optional)", async () => {
  const selecting = select({ off: null, out: send<number>(null, 1) });
  assertStrictEquals(await Promise.race([selecting, sleep(5)]), undefined);
});

test("select({}) never resolves", async () => {
  assertStrictEquals(await Promise.race([select({}), sleep(5)]), undefined);
});

test("select([]) never resolves", async () => {
  assertStrictEquals(await Promise.race([select([]), sleep(5)]), undefined);
});

test("select({}) rejects when it is aborted", async () => {
  const abort = new AbortController();
  const selecting = settled(select({}, { signal: abort.signal }));
  abort.abort("stop");
  assertEquals(await selecting, { reason: "stop" });
});

test("trySelect({}) is undefined (crossbeam select/default_only)", () => {
  assertStrictEquals(trySelect({}), undefined);
});

test("select() in a loop drains two channels, each switched off by null at its end", async () => {
  const fruit = new Channel<string>();
  using numbers = new Channel(i32, 2);
  const sending = Promise.all([
    (async () => {
      for (const name of ["apple", "pear", "plum"]) await fruit.send(name);
      fruit.close();
    })(),
    (async () => {
      for (const number of [1, 2, 3, 4, 5]) await numbers.send(number);
      numbers.close();
    })(),
  ]);
  const got: (string | number)[] = [];
  let first: ReceiveChannel<string> | null = fruit;
  let second: ReceiveChannel<number> | null = numbers;
  while (first !== null || second !== null) {
    const next: { case: string; ok: boolean; value: string | number | undefined } = await select({
      first,
      second,
    });
    if (next.value !== undefined) got.push(next.value);
    else if (next.case === "first") first = null;
    else second = null;
  }
  await sending;
  assertEquals(got.filter((value) => typeof value === "string"), ["apple", "pear", "plum"]);
  assertEquals(got.filter((value) => typeof value === "number"), [1, 2, 3, 4, 5]);
});

// ---- keys

test("select() names the case of an array by its index", async () => {
  using ready = new Channel<number>(1);
  ready.trySend(7);
  assertEquals(await select([null, never(), ready]), { case: 2, ok: true, value: 7 });
});

test("select() names the case of an object by its key, a number's too", async () => {
  using ready = new Channel<number>(1);
  ready.trySend(7);
  assertEquals(await select({ 5: ready }), { case: "5", ok: true, value: 7 } as never);
});

// ---- mixing

/** Something that ends a wait for one of five kinds of cases. */
const ends = ["local", "typed", "localOut", "typedOut", "timer"] as const;

for (const end of ends) {
  test(`select() over channels of both kinds, both directions and a timer ends by ${end}`, async () => {
    using local = new Channel<string>();
    using typed = new Channel(text, 1);
    using localOut = new Channel<string>();
    using typedOut = new Channel(text, 1);
    typedOut.trySend("full");
    using timer = new Timer(2 ** 31);
    const selecting = select({
      off: null,
      local,
      typed,
      localOut: send(localOut, "by reference"),
      typedOut: send(typedOut, "typed"),
      timer: timer.channel,
    });
    assert(await isPending(selecting));
    if (end === "local") await local.send("by reference");
    if (end === "typed") await typed.send("typed");
    if (end === "localOut") assertStrictEquals(await localOut.receive(), "by reference");
    if (end === "typedOut") assertStrictEquals(await typedOut.receive(), "full");
    if (end === "timer") timer.reset(0);
    assertStrictEquals((await selecting).case, end);
    // No other case has taken effect, nor waits any more.
    assertStrictEquals(local.trySend("nobody"), false);
    assertEquals(takeAll(localOut), []);
    typed.trySend("kept");
    assertEquals(takeAll(typed), ["kept"]);
    assertEquals(takeAll(typedOut), end === "typedOut" ? ["typed"] : ["full"]);
  });
}

test("select() lets exactly one case take effect when all are ready (crossbeam select/both_ready)", async () => {
  using local = new Channel<number>(Infinity);
  using typed = new Channel(i32, 1000);
  using localOut = new Channel<number>(Infinity);
  using typedOut = new Channel(i32, 1000);
  const taken = { local: 0, typed: 0, localOut: 0, typedOut: 0 };
  const rounds = 400;
  for (let round = 0; round < rounds; round++) {
    local.trySend(round);
    typed.trySend(round);
    const got = await select({
      local,
      typed,
      localOut: send(localOut, round),
      typedOut: send(typedOut, round),
    });
    taken[got.case]++;
  }
  assertStrictEquals(taken.local + taken.typed + taken.localOut + taken.typedOut, rounds);
  assertEquals(
    [local.size, typed.size, localOut.size, typedOut.size],
    [rounds - taken.local, rounds - taken.typed, taken.localOut, taken.typedOut],
  );
});

test("select() that waits takes nothing from a channel that becomes ready second", async () => {
  using first = new Channel(i32, 1);
  using second = new Channel(i32, 1);
  const selecting = select({ first, second });
  first.trySend(1);
  second.trySend(2);
  assertEquals(await selecting, { case: "first", ok: true, value: 1 });
  assertEquals(takeAll(second), [2]);
});

testEach(
  rendezvous,
  "select() on both directions does not meet itself, and then sends (crossbeam select/send_recv_same_channel)",
  async (flavor) => {
    using channel = flavor.make();
    const selecting = select({ in: channel, out: send(channel, flavor.sample(1)) });
    assert(await isPending(selecting));
    assertEquals(await channel.receive(), flavor.sample(1));
    assertEquals(await selecting, { case: "out", ok: true, value: undefined });
  },
);

testEach(
  rendezvous,
  "select() on both directions does not meet itself, and then receives (crossbeam select/send_recv_same_channel)",
  async (flavor) => {
    using channel = flavor.make();
    const selecting = select({ out: send(channel, flavor.sample(1)), in: channel });
    assert(await isPending(selecting));
    await channel.send(flavor.sample(2));
    assertEquals(await selecting, { case: "in", ok: true, value: flavor.sample(2) });
  },
);

testEach(
  rendezvous,
  "select() on both directions meets another of its kind (crossbeam golang/chan_self_select)",
  async (flavor) => {
    using channel = flavor.make();
    const values = [flavor.sample(1), flavor.sample(2)];
    const got = await Promise.all(
      values.map((value) => select({ in: channel, out: send(channel, value) })),
    );
    const receiver = got.findIndex(({ case: which }) => which === "in");
    assertEquals(got.map(({ case: which }) => which).sort(), ["in", "out"]);
    assertEquals(got[receiver]?.value, values[1 - receiver]);
  },
);

testEach(
  rendezvous,
  "many selects on both directions pair off, each value received once (crossbeam select/matching)",
  async (flavor) => {
    using channel = flavor.make();
    const values = samples(flavor, 0, 20);
    const got = await Promise.all(
      values.map((value) => select({ in: channel, out: send(channel, value) })),
    );
    const received = got.filter(({ case: which }) => which === "in").map(({ value }) => value);
    const unsent = values.filter((_, index) => got[index]?.case === "in");
    // What was received is what those who received did not send.
    assertStrictEquals(received.length, 10);
    assertEquals([...received, ...unsent].map(keyOf).sort(), values.map(keyOf).sort());
  },
);

test("select() on both directions of a typed channel sends when it is empty (crossbeam select/send_recv_same_channel)", async () => {
  using channel = new Channel(i32, 1);
  assertStrictEquals((await select({ in: channel, out: send(channel, 1) })).case, "out");
  assertStrictEquals((await select({ in: channel, out: send(channel, 2) })).case, "in");
});

test("select() with two cases that send on one channel sends one value (crossbeam golang/select_duplicate_channel)", async () => {
  using channel = new Channel<string>();
  const selecting = select([send(channel, "a"), send(channel, "b")]);
  const value = await channel.receive();
  assertEquals((await selecting).case, value === "a" ? 0 : 1);
  assertEquals(channel.tryReceive(), { state: "empty" });
});

test("many selects over one set of channels share the values exactly once", async () => {
  using local = new Channel<number>();
  using typed = new Channel(i32, 3);
  const abort = new AbortController();
  const got: number[] = [];
  const workers = Array.from({ length: 5 }, async () => {
    for (;;) {
      const next = await select({ local, typed }, { signal: abort.signal });
      if (next.ok) got.push(next.value);
    }
  }).map(settled);
  for (let value = 0; value < 200; value++) {
    await (value % 2 === 0 ? local : typed).send(value);
  }
  abort.abort("done");
  assertEquals(await Promise.all(workers), new Array(5).fill({ reason: "done" }));
  assertEquals(
    [...got, ...takeAll(typed)].sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, value) => value),
  );
});

testEach(
  rendezvous,
  "a pair of selects, one sending and one receiving, meet over two rendezvous",
  async (flavor) => {
    using a = flavor.make();
    using b = flavor.make();
    const received: unknown[] = [];
    const sending = (async () => {
      for (const value of samples(flavor, 0, 100)) await select([send(a, value), send(b, value)]);
    })();
    while (received.length < 100) {
      const got = await select([a, b]);
      if (got.ok) received.push(got.value);
    }
    await sending;
    assertEquals(received, samples(flavor, 0, 100));
  },
);

// ---- abort

test("select() with an aborted signal lets no case take effect", async () => {
  using ready = new Channel<number>(1);
  using out = new Channel(i32, 1);
  ready.trySend(1);
  const end = await settled(
    select({ ready, out: send(out, 1) }, { signal: AbortSignal.abort("stop") }),
  );
  assertEquals([end, ready.size, out.size], [{ reason: "stop" }, 1, 0]);
});

test("select() aborted while it waits leaves no case waiting", async () => {
  using local = new Channel<string>();
  using typed = new Channel(text, 1);
  using localOut = new Channel<string>();
  using typedOut = new Channel(text, 1);
  typedOut.trySend("full");
  const abort = new AbortController();
  const selecting = settled(
    select(
      {
        local,
        typed,
        localOut: send(localOut, "unsent"),
        typedOut: send(typedOut, "unsent"),
        late: after(2 ** 31),
      },
      { signal: abort.signal },
    ),
  );
  abort.abort("stop");
  assertEquals(await selecting, { reason: "stop" });
  assertEquals([local.trySend("nobody"), takeAll(localOut)], [false, []]);
  assertEquals(takeAll(typedOut), ["full"]);
  typed.trySend("kept");
  assertEquals(takeAll(typed), ["kept"]);
});

// ---- blocking with a deadline

test("selectSync() blocks until a timer's case when typed channels stay empty (crossbeam select/timeout)", () => {
  using typed = new Channel(i32, 1);
  const start = performance.now();
  const got = selectSync({ typed, late: after(20) });
  assertStrictEquals(got.case, "late");
  assertGreaterOrEqual(performance.now() - start, 20);
});

test("selectSync() blocks for a timer beside by-reference channels", () => {
  using local = new Channel<number>();
  const got = selectSync({ local, late: after(1) });
  assertStrictEquals(got.case, "late");
  assertStrictEquals(local.trySend(1), false);
});

test("selectSync() takes the earliest of several timers", () => {
  const got = selectSync([after(2 ** 31), after(1e300), after(1), after(Infinity)]);
  assertStrictEquals(got.case, 2);
  assertInstanceOf(got.value, Date);
});

test("selectSync() leaves goroutines of its thread waiting as they were", async () => {
  using typed = new Channel(i32, 1);
  const receiving = typed.receive();
  selectSync({ late: after(1) });
  typed.trySend(5);
  assertStrictEquals(await receiving, 5);
});

// ---- misuse

const BAD_CASES: readonly [string, unknown][] = [
  ["undefined", undefined],
  ["a number", 5],
  ["a text", "channel"],
  ["a promise", Promise.resolve(1)],
  ["a function", () => 1],
  ["an object", {}],
];

for (const [name, bad] of BAD_CASES) {
  test(`select() refuses ${name} as a case, at the call, and names the case`, () => {
    assertThrows(() => select({ wrong: bad } as never), TypeError, '"wrong"');
  });

  test(`trySelect() refuses ${name} as a case`, () => {
    assertThrows(() => trySelect({ wrong: bad } as never), TypeError, '"wrong"');
  });

  test(`selectSync() refuses ${name} as a case of an array, and names its index`, () => {
    assertThrows(() => selectSync([null, bad] as never), TypeError, "case 1");
  });

  test(`send() refuses ${name} as a channel`, () => {
    assertThrows(() => send(bad as never, 1), TypeError, "Cannot send to");
  });
}

const noCases = [
  null,
  undefined,
  5,
  "cases",
  () => 1,
  new Map(),
  new Set([never()]),
  Promise.resolve(),
];

for (const cases of noCases) {
  test(`select() refuses ${String(cases)} as the cases`, () => {
    assertThrows(() => select(cases as never), TypeError, "Cannot select from");
    assertThrows(() => select(cases as never, { signal: AbortSignal.abort() }), TypeError);
    assertThrows(() => trySelect(cases as never), TypeError, "Cannot select from");
    assertThrows(() => selectSync(cases as never), TypeError, "Cannot select from");
  });
}

test("select() takes no effect when one of its cases is refused (crossbeam select_macro/panic_receiver)", () => {
  using ready = new Channel<number>(1);
  ready.trySend(1);
  assertThrows(() => select({ ready, wrong: 5 } as never), TypeError);
  assertStrictEquals(ready.size, 1);
});

test("select() refuses a value that does not fit the channel, at the call (crossbeam select_macro/panic_sender)", () => {
  using typed = new Channel(i32, 1);
  assertThrows(() => select({ out: send(typed, 1.5) }), RangeError, "1.5");
});

test("select() refuses a value of any that cannot be copied, and leaves no waiter", () => {
  using local = new Channel<number>();
  using typed = new Channel(any<unknown>(), 1);
  typed.trySend("full");
  assertThrows(() => select({ local, out: send(typed, { run: () => 1 }) }), TypeError, ".run");
  assertStrictEquals(local.trySend(1), false);
});

test("send() makes a case that does nothing until it is selected", () => {
  using channel = new Channel<number>(1);
  send(channel, 1);
  assertStrictEquals(channel.size, 0);
});

test("select() and selectSync() see what the reading of a value that is sent has made ready", async () => {
  using full = new Channel(any<unknown>(), 1);
  full.trySend(0);
  let reads = 0;
  let last = Infinity;
  let act = (): unknown => undefined;
  const value = {
    get read(): number {
      if (++reads === last) act();
      return 1;
    },
  };
  const controller = new AbortController();
  const counting = settled(select({ out: send(full, value) }, { signal: controller.signal }));
  controller.abort("enough");
  assertEquals(await counting, { reason: "enough" });
  // Of two cases the first that is tried is this one or the other: it may be read once less.
  const least = reads - 1;
  assert(least > 0);
  for (const wait of [select, selectSync]) {
    for (const ending of ["value", "end"]) {
      // Whichever reading it is, the last one for the wait itself.
      for (let round = 0; round < 20 * least; round++) {
        last = 1 + round % least;
        const local = new Channel<number>(1);
        act = () => ending === "value" ? local.trySend(1) : local.close();
        reads = 0;
        const got = await wait({ out: send(full, value), local });
        assertEquals([got.case, got.ok], ["local", ending === "value"]);
      }
    }
  }
});
