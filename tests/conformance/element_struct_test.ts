/** The elements struct and channelOf. */
import {
  any,
  bool,
  bytes,
  Channel,
  channelOf,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  select,
  send,
  struct,
  text,
  u16,
  u32,
  u64,
  u8,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertNotEquals,
  assertStrictEquals,
  assertThrows,
  fail,
} from "../support/assert.ts";
import { test } from "../support/test.ts";

const point = struct({ x: f64, y: f64 });

// ---- struct

test("Channel of a struct carries a field of every type", () => {
  using inner = new Channel(i32, 1);
  const everything = struct({
    a: i8,
    b: u8,
    c: i16,
    d: u16,
    e: i32,
    f: u32,
    g: i64,
    h: u64,
    i: f32,
    j: f64,
    k: bool,
    l: text,
    m: bytes,
    n: any<unknown>(),
    o: point,
    p: channelOf(i32),
  });
  using channel = new Channel(everything, 2);
  const value = {
    a: -128,
    b: 255,
    c: -32768,
    d: 65535,
    e: -(2 ** 31),
    f: 2 ** 32 - 1,
    g: -(2n ** 63n),
    h: 2n ** 64n - 1n,
    i: 0.5,
    j: 0.1,
    k: true,
    l: "ü",
    m: Uint8Array.of(1, 2),
    n: { list: [new Date(5)] },
    o: { x: 1, y: -2 },
    p: inner,
  };
  channel.trySend(value);
  const received = channel.receiveSync() ?? fail("nothing received");
  assertStrictEquals(received.p, inner);
  assertEquals({ ...received, p: undefined }, { ...value, p: undefined });
});

test("Channel of a struct keeps the fields of neighbours apart, lap after lap", () => {
  const type = struct({ id: u32, at: point, label: text });
  using channel = new Channel(type, 3);
  for (let lap = 0; lap < 20; lap++) {
    const sent = [0, 1, 2].map((n) => ({
      id: lap * 3 + n,
      at: { x: n / 3, y: -lap },
      label: `${lap}/${n} ü`,
    }));
    for (const value of sent) assert(channel.trySend(value));
    assertEquals([0, 1, 2].map(() => channel.receiveSync()), sent);
  }
});

test("Channel of a struct carries structs within structs", () => {
  const line = struct({ from: point, to: point, style: struct({ width: u8, name: text }) });
  using channel = new Channel(line, 1);
  const value = { from: { x: 0, y: 1 }, to: { x: 2, y: 3 }, style: { width: 4, name: "dashed" } };
  channel.trySend(value);
  assertEquals(channel.receiveSync(), value);
});

test("Channel of a struct of many fields carries them all", () => {
  const names = Array.from({ length: 200 }, (_, n) => `field${n}`);
  using channel = new Channel(struct(Object.fromEntries(names.map((name) => [name, f64]))), 2);
  const value = Object.fromEntries(names.map((name, n) => [name, n / 7]));
  for (let round = 0; round < 5; round++) {
    channel.trySend(value);
    assertEquals(channel.receiveSync(), value);
  }
});

test("Channel of a small struct works on while one of a large struct is used", () => {
  const names = Array.from({ length: 50 }, (_, n) => `field${n}`);
  using small = new Channel(point, 2);
  small.trySend({ x: 1, y: 2 });
  using large = new Channel(struct(Object.fromEntries(names.map((name) => [name, u32]))), 2);
  large.trySend(Object.fromEntries(names.map((name, n) => [name, n])));
  small.trySend({ x: 3, y: 4 });
  assertStrictEquals(large.receiveSync()?.["field49"], 49);
  assertEquals([small.receiveSync(), small.receiveSync()], [{ x: 1, y: 2 }, { x: 3, y: 4 }]);
});

test("Channel of a struct copies at the send that waits", async () => {
  using channel = new Channel(point, 1);
  channel.trySend({ x: 0, y: 0 });
  const value = { x: 1, y: 2 };
  const sending = channel.send(value);
  value.x = 99;
  channel.tryReceive();
  assertEquals(await channel.receive(), { x: 1, y: 2 });
  await sending;
});

test("Channel of a struct gives plain objects", () => {
  using channel = new Channel(point, 1);
  class Point {
    readonly x = 1;
    readonly y = 2;
  }
  channel.trySend(new Point());
  const received = channel.receiveSync() ?? fail("nothing received");
  assertStrictEquals(Object.getPrototypeOf(received), Object.prototype);
});

const REFUSED: readonly [name: string, value: unknown, says: string][] = [
  ["a field of the wrong type", { x: 1, y: "2" }, "In the field y"],
  ["a field that is missing", { x: 1 }, "In the field y"],
  ["a field too many", { x: 1, y: 2, z: 3 }, "field z"],
  ["a number", 5, "Cannot send 5"],
  ["null", null, "Cannot send null"],
  ["undefined", undefined, "Cannot send undefined"],
];

for (const [name, value, says] of REFUSED) {
  test(`Channel of a struct refuses ${name} at the call`, () => {
    using channel = new Channel(point, 1);
    assertThrows(() => channel.trySend(value as never), TypeError, says);
    assertThrows(() => channel.send(value as never), TypeError, says);
    assertThrows(() => select({ out: send(channel, value as never) }), TypeError, says);
    assertStrictEquals(channel.size, 0);
  });
}

test("Channel of a struct refuses a number out of range, and names the field and the fields above", () => {
  using channel = new Channel(struct({ deep: struct({ level: u8 }) }), 1);
  const { message } = assertThrows(() => channel.trySend({ deep: { level: 256 } }), RangeError);
  assertEquals(
    message,
    "In the field deep: In the field level: Cannot send 256: expected a u8, an integer from 0 to 255",
  );
});

test("Channel of a struct works on after a refusal", () => {
  using channel = new Channel(struct({ label: text, level: u8 }), 1);
  assertThrows(() => channel.trySend({ label: "ü", level: 256 }), RangeError);
  channel.trySend({ label: "ü", level: 255 });
  assertEquals(channel.receiveSync(), { label: "ü", level: 255 });
});

for (const fields of [null, undefined, {}, "x", 5]) {
  test(`struct() refuses ${JSON.stringify(fields)} as its fields`, () => {
    assertThrows(() => struct(fields as never), TypeError, "Cannot make a struct");
  });
}

for (const type of [null, undefined, "i32", 5, Number, {}]) {
  test(`struct() refuses ${String(type)} as the type of a field, and names the field`, () => {
    assertThrows(() => struct({ x: i32, bad: type } as never), TypeError, "bad");
  });
}

test("struct() has a name that tells its fields", () => {
  assertNotEquals(struct({ x: f64 }).name, struct({ y: f64 }).name);
  assertNotEquals(struct({ x: f64 }).name, struct({ x: f32 }).name);
  assertEquals(struct({ x: f64, at: point }).name, struct({ x: f64, at: point }).name);
});

// ---- channelOf

test("Channel of channelOf(type) carries a channel as the same object", async () => {
  using calls = new Channel(channelOf(i32), 2);
  using reply = new Channel(i32, 1);
  await calls.send(reply);
  assertStrictEquals(await calls.receive(), reply);
});

test("Channel of channelOf(type) keeps a channel alive while it is on its way", async () => {
  using calls = new Channel(channelOf(text), 1);
  {
    using reply = new Channel(text, 1);
    reply.trySend("kept");
    await calls.send(reply);
  }
  using received = await calls.receive() ?? fail("nothing received");
  assertStrictEquals(received.receiveSync(), "kept");
});

test("channelOf() nests", async () => {
  using outermost = new Channel(channelOf(channelOf(point)), 1);
  using outer = new Channel(channelOf(point), 1);
  using inner = new Channel(point, 1);
  inner.trySend({ x: 1, y: 2 });
  await outer.send(inner);
  await outermost.send(outer);
  const received = await (await outermost.receive())?.receive();
  assertEquals(received?.receiveSync(), { x: 1, y: 2 });
});

const WRONG: Readonly<Record<string, () => unknown>> = {
  "a channel of another type": () => new Channel(u32, 1),
  "a by-reference channel": () => new Channel(1),
  "a disposed channel": () => {
    const channel = new Channel(i32, 1);
    channel[Symbol.dispose]();
    return channel;
  },
  "a number": () => 5,
  "null": () => null,
  "undefined": () => undefined,
  "an object": () => ({}),
};

for (const [name, make] of Object.entries(WRONG)) {
  test(`Channel of channelOf(i32) refuses ${name} at the call`, () => {
    using calls = new Channel(channelOf(i32), 1);
    const value = make();
    assertThrows(() => calls.trySend(value as never), TypeError, "Cannot send");
    assertThrows(() => calls.send(value as never), TypeError, "Cannot send");
    assertStrictEquals(calls.size, 0);
    if (value instanceof Channel) value[Symbol.dispose]();
  });
}

for (const type of [null, undefined, "i32", 5, {}]) {
  test(`channelOf() refuses ${String(type)} as an element type`, () => {
    assertThrows(() => channelOf(type as never), TypeError, "expected an element type");
  });
}
