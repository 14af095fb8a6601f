/**
 * Batches: `sendMany` and `receiveMany`, in both forms, over every flavor.
 *
 * @module
 */
import {
  any,
  Channel,
  ChannelClosedError,
  type ElementType,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  text,
  type TypedArrayOf,
  u16,
  u32,
  u64,
  u8,
} from "../../mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { bounded, buffered, flavors } from "./flavors.ts";
import { isPending, settled } from "./waiting.ts";

const samples = (sample: (index: number) => unknown, count: number): unknown[] =>
  Array.from({ length: count }, (_, index) => sample(index));

for (const { name, make, sample } of flavors) {
  test(`Channel.sendMany() and receiveMany() carry a batch in order over ${name}`, async () => {
    using channel = make();
    const values = samples(sample, 3000);
    const sending = channel.sendMany(values).then(() => channel.close());
    const received: unknown[] = [];
    for (;;) {
      const some = await channel.receiveMany(700);
      if (some.length === 0) break;
      assert(some.length <= 700);
      received.push(...some);
    }
    await sending;
    assertEquals(received, values);
  });

  test(`Channel.receiveMany() waits for the first value when there is none over ${name}`, async () => {
    using channel = make();
    const receiving = channel.receiveMany(10);
    assert(await isPending(receiving));
    await channel.send(sample(1));
    assertEquals(await receiving, [sample(1)]);
  });

  test(`Channel.receiveMany() ends with [] once closed over ${name}`, async () => {
    using channel = make();
    const waiting = channel.receiveMany(2);
    channel.close();
    assertEquals(await waiting, []);
    assertEquals(await channel.receiveMany(2), []);
    assertEquals(channel.receiveManySync(2), []);
  });

  test(`Channel.sendMany() stops where it is when aborted over ${name}`, async () => {
    using channel = make();
    const abort = new AbortController();
    const values = samples(sample, 5000);
    const sending = settled(channel.sendMany(values, { signal: abort.signal }));
    const received: unknown[] = [];
    for (let i = 0; i < 3; i++) received.push(await channel.receive());
    const reason = new Error("enough");
    abort.abort(reason);
    const end = await sending;
    // An unbounded channel had room for all of them.
    if ("reason" in end) assertEquals(end.reason, reason);
    else assertEquals(channel.capacity, Infinity);
    channel.close();
    for (let some = await channel.receiveMany(999); some.length > 0;) {
      received.push(...some);
      some = await channel.receiveMany(999);
    }
    assertEquals(received, values.slice(0, received.length));
  });

  test(`Channel.sendMany() and receiveMany() let an aborted signal win over ${name}`, async () => {
    using channel = make();
    const signal = AbortSignal.abort(new Error("before"));
    await assertRejects(() => channel.sendMany([sample(0)], { signal }), Error, "before");
    await assertRejects(() => channel.receiveMany(1, { signal }), Error, "before");
    assertEquals(channel.tryReceive(), { state: "empty" });
  });

  test(`Channel.sendMany() of nothing needs no room over ${name}`, async () => {
    using channel = make();
    await channel.sendMany([]);
    channel.sendManySync([]);
    assertEquals(channel.tryReceive(), { state: "empty" });
  });
}

for (const { name, make, sample } of bounded) {
  test(`Channel.sendMany() rejects with what it could not send when closed over ${name}`, async () => {
    using channel = make();
    const sending = channel.sendMany(samples(sample, 5000));
    const taken = await channel.receive();
    assertEquals(taken, sample(0));
    channel.close();
    const error = await assertRejects(() => sending, ChannelClosedError);
    assertEquals(error.code, "CHANNEL_CLOSED");
    await assertRejects(() => channel.sendMany([sample(0)]), ChannelClosedError);
    assertThrows(() => channel.sendManySync([sample(0)]), ChannelClosedError);
  });
}

for (const { name, make, sample, capacity } of buffered) {
  test(`Channel.sendManySync() and receiveManySync() need no waiting with room over ${name}`, () => {
    using channel = make();
    const values = samples(sample, Math.min(capacity, 50));
    channel.sendManySync(values);
    assertEquals(channel.receiveManySync(1000), values);
  });

  test(`Channel.receiveMany() rejects with the reason after what is there over ${name}`, async () => {
    using channel = make();
    await channel.send(sample(4));
    channel.close(new RangeError("done for"));
    assertEquals(await channel.receiveMany(5), [sample(4)]);
    await assertRejects(() => channel.receiveMany(5), RangeError, "done for");
  });
}

testTypedArray(i8, Int8Array.of(-128, 0, 127, -1));
testTypedArray(u8, Uint8Array.of(0, 255, 3, 4));
testTypedArray(i16, Int16Array.of(-32768, 0, 32767, -1));
testTypedArray(u16, Uint16Array.of(0, 65535, 3, 4));
testTypedArray(i32, Int32Array.of(-1, 0, 2147483647, -2147483648));
testTypedArray(u32, Uint32Array.of(1, 0, 4294967295, 7));
testTypedArray(f32, Float32Array.of(0.5, -0, NaN, -Infinity));
testTypedArray(f64, Float64Array.of(0.1, -0, NaN, Infinity));
testTypedArray(i64, BigInt64Array.of(-1n, 0n, 2n ** 63n - 1n, -(2n ** 63n)));
testTypedArray(u64, BigUint64Array.of(1n, 0n, 2n ** 64n - 1n, 7n));

/** Sends `values` through channels that hold all of them, or fewer, and through batches that end at the end of the ring. */
function testTypedArray<T extends number | bigint>(
  type: ElementType<T>,
  values: TypedArrayOf<T>,
): void {
  type Values = ArrayLike<T> & Iterable<T>;
  for (const capacity of [1, 2, 3, 100]) {
    test(`Channel.receiveMany() fills the typed array that sendMany() sent over ${type.name} of ${capacity}`, async () => {
      using channel = new Channel<T>(type, capacity);
      const sent = Array.from(values as unknown as Values);
      for (let round = 0; round < 20; round++) {
        const sending = channel.sendMany(values as unknown as Values);
        const into = values.slice().reverse() as TypedArrayOf<T>;
        let count = 0;
        while (count < values.length) {
          count += await channel.receiveMany(into.subarray(count) as TypedArrayOf<T>);
        }
        await sending;
        assertEquals(Array.from(into as unknown as Values), sent);
      }
      // What is sent as a batch can be received one by one, and the other way round.
      for (let round = 0; round < 20; round++) {
        const sending = channel.sendMany(values as unknown as Values);
        for (const value of sent) assertEquals(await channel.receive(), value);
        await sending;
      }
      channel.close();
      assertEquals(await channel.receiveMany(values), 0);
      assertEquals(channel.receiveManySync(values), 0);
    });
  }
}

test("Channel.sendMany() sends nothing when one value is of the wrong type", async () => {
  using numbers = new Channel(u8, 8);
  assertThrows(() => numbers.sendMany([1, 2, 256]), RangeError, "256");
  assertThrows(() => numbers.sendManySync([1, -1]), RangeError, "-1");
  assertEquals(numbers.size, 0);
  using texts = new Channel(text, 8);
  assertThrows(() => texts.sendMany(["a", 5 as unknown as string]), TypeError, "5");
  assertEquals(texts.size, 0);
  using anything = new Channel(any<unknown>(), 0);
  assertThrows(() => anything.sendMany([1, { f() {} }]), TypeError, ".f");
  assert(await isPending(anything.receive()));
});

test("Channel.sendMany() takes any iterable", async () => {
  using channel = new Channel(i32, 8);
  await channel.sendMany(new Set([3, 1, 2]));
  assertEquals(await channel.receiveMany(8), [3, 1, 2]);
});

const misuse: [string, (channel: Channel<number>) => unknown][] = [
  ["0 values", (channel) => channel.receiveMany(0)],
  ["-1 values", (channel) => channel.receiveMany(-1)],
  ["1.5 values", (channel) => channel.receiveManySync(1.5)],
  ["NaN values", (channel) => channel.receiveMany(NaN)],
  ["an empty typed array", (channel) => channel.receiveMany(new Int32Array(0))],
  ["a number to send", (channel) => channel.sendMany(5 as unknown as number[])],
  ["a DataView to send", (channel) => channel.sendMany(new DataView(new ArrayBuffer(8)) as never)],
  ["null to send", (channel) => channel.sendManySync(null as unknown as number[])],
];

for (const [what, use] of misuse) {
  test(`Channel refuses a batch at the call when given ${what}`, () => {
    using channel = new Channel(i32, 4);
    const error = assertThrows(() => use(channel), Error);
    assert(error instanceof RangeError || error instanceof TypeError);
  });
}

test("Channel.sendMany() sends what it was given when the array is used again meanwhile", async () => {
  for (const channel of [new Channel(i32, 1), new Channel(i32, 0), new Channel<number>(1)]) {
    const values = [1, 2, 3, 4];
    const sending = channel.sendMany(values);
    values.length = 0;
    const received: (number | undefined)[] = [];
    for (let i = 0; i < 4; i++) received.push(await channel.receive());
    await sending;
    assertEquals(received, [1, 2, 3, 4]);
    channel[Symbol.dispose]();
  }
});

test("Channel.sendMany() and receiveMany() stay with their channel when it is disposed meanwhile", async () => {
  const first = new Channel(i32, 1);
  const sending = settled(first.sendMany([1, 2, 3]));
  first.tryReceive();
  first[Symbol.dispose]();
  using second = new Channel(i32, 1);
  const end = await sending;
  assert("reason" in end && end.reason instanceof ChannelClosedError);
  assertEquals(second.size, 0);

  const third = new Channel(i32, 1);
  const receiving = third.receiveMany(2);
  third[Symbol.dispose]();
  using fourth = new Channel(i32, 1);
  fourth.trySend(99);
  assertEquals(await receiving, []);
  assertEquals(fourth.size, 1);
});

test("Channel.sendMany() resolves when it is aborted after the last value was taken", async () => {
  for (const channel of [new Channel<number>(), new Channel(i32), new Channel(i32, 1)]) {
    const isFull = channel.trySend(0);
    const abort = new AbortController();
    const sending = channel.sendMany([1], { signal: abort.signal });
    // The batch's value goes to this receive, or takes the place of the one before.
    assertEquals(channel.tryReceive(), { state: "ok", value: isFull ? 0 : 1 });
    abort.abort(new Error("too late"));
    await sending;
    channel[Symbol.dispose]();
  }
});

test("Channel.sendMany() is aborted between two of its waits", async () => {
  for (const make of [() => new Channel(i32, 0), () => new Channel<number>(0)]) {
    const channel = make();
    const abort = new AbortController();
    const sending = channel.sendMany([1, 2, 3], { signal: abort.signal });
    assertEquals(channel.tryReceive(), { state: "ok", value: 1 });
    abort.abort(new Error("now"));
    await assertRejects(() => sending, Error, "now");
    channel[Symbol.dispose]();
  }
});

const wrongArrays: [ElementType<number>, Int32Array | Uint8Array | Float64Array][] = [
  [f64, new Int32Array(2)],
  [i32, new Uint8Array(2)],
  [i32, new Float64Array(2)],
];

for (const [type, into] of wrongArrays) {
  test(`Channel.receiveMany() refuses a ${into.constructor.name} for ${type.name}`, () => {
    using channel = new Channel(type, 2);
    channel.trySend(1);
    assertThrows(() => channel.receiveMany(into), TypeError, type.name);
    assertEquals(channel.size, 1);
  });
}

test("Channel.sendMany() and receiveMany() let timers run when nothing ever waits", async () => {
  const channel = new Channel<number>(100);
  let isOver = false;
  setTimeout(() => isOver = true, 1);
  while (!isOver) {
    await channel.sendMany([1, 2, 3]);
    await channel.receiveMany(3);
  }
});
