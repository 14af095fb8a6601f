/** Memory stays flat: what lived before is what lives after, to the byte. */
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
  struct,
  text,
  u32,
  u8,
} from "../../mod.ts";
import { core, exhausted, memoryUse } from "../../src/memory/core.ts";
import { SharedMemoryExhaustedError } from "../../src/errors.ts";
import { settled } from "../conformance/waiting.ts";
import {
  assertEquals,
  assertGreater,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Asserts that `body` gives back all that it takes. */
async function assertFlat(body: () => void | Promise<void>): Promise<void> {
  const before = memoryUse().liveBytes;
  await body();
  assertStrictEquals(memoryUse().liveBytes, before);
}

type Row = readonly [type: ElementType<unknown>, sample: (index: number) => unknown];

/** A row of the table, with the samples' type checked. */
function row<T>(type: ElementType<T>, sample: (index: number) => T): Row {
  return [type as ElementType<unknown>, sample];
}

const elements: readonly Row[] = [
  row(i32, (index) => index),
  row(u32, (index) => index),
  row(f64, (index) => index / 3),
  row(i64, (index) => BigInt(index)),
  row(bool, (index) => index % 2 === 0),
  row(text, (index) => `text ${index} ü`),
  row(bytes, (index) => new Uint8Array(index % 50)),
  row(any<unknown>(), (index) => ({ index })),
  row(
    struct({
      id: u32,
      label: text,
      data: bytes,
      more: any<unknown>(),
      at: struct({ x: f64, note: text }),
    }),
    (index) => ({
      id: index,
      label: "ü".repeat(index % 9),
      data: new Uint8Array(index % 30),
      more: [index],
      at: { x: index / 2, note: `note ${index}` },
    }),
  ),
];

for (const [type, sample] of elements) {
  const name = type.name.split("(")[0];

  test(`100,000 channels of ${name} disposed with values inside leave no byte`, () =>
    assertFlat(() => {
      for (let index = 0; index < 100_000; index++) {
        const channel = new Channel(type, 1 + index % 5);
        channel.trySend(sample(index));
        if (index % 3 === 0) channel.trySend(sample(index + 1));
        if (index % 7 === 0) channel.close();
        channel[Symbol.dispose]();
      }
    }));

  test(`10,000 values of ${name} sent and received leave no byte`, () =>
    assertFlat(() => {
      using channel = new Channel(type, 16);
      for (let index = 0; index < 10_000; index++) {
        if (!channel.trySend(sample(index))) { while (channel.tryReceive().state === "ok"); }
      }
    }));

  test(`sends of ${name} that wait leave no byte when the channel goes`, () =>
    assertFlat(async () => {
      const channel = new Channel(type, 2);
      const sends = Array.from({ length: 100 }, (_, index) => settled(channel.send(sample(index))));
      channel[Symbol.dispose]();
      await Promise.all(sends);
    }));

  test(`receives of ${name} that wait leave no byte when the channel goes`, () =>
    assertFlat(async () => {
      const channel = new Channel(type, 2);
      const receives = Array.from({ length: 100 }, () => settled(channel.receive()));
      channel[Symbol.dispose]();
      await Promise.all(receives);
    }));
}

test("a struct that is refused half way leaves no byte", () =>
  assertFlat(() => {
    using channel = new Channel(struct({ label: text, at: struct({ note: text, level: u8 }) }), 1);
    for (let index = 0; index < 1000; index++) {
      const value = { label: `label ${index}`, at: { note: `note ${index}`, level: 256 } };
      assertThrows(() => channel.trySend(value), RangeError);
    }
  }));

// It read the fields that came after the channel from where the channel's own last elements had been put, and freed those twice.
test("a struct unread that holds the last reference to a channel of structs goes whole", () =>
  assertFlat(() => {
    const point = struct({ x: f64, y: f64, name: text });
    const request = struct({ reply: channelOf(point), label: text, at: point });
    const outer = new Channel(request, 4);
    for (let index = 0; index < 3; index++) {
      const inner = new Channel(point, 4);
      inner.trySend({ x: 1, y: 2, name: "inner one" });
      inner.trySend({ x: 3, y: 4, name: "inner two" });
      outer.trySend({ reply: inner, label: `outer ${index}`, at: { x: 5, y: 6, name: "outer" } });
      inner[Symbol.dispose]();
    }
    outer[Symbol.dispose]();
  }));

test("closes with a reason leave no byte", () =>
  assertFlat(async () => {
    for (let index = 0; index < 1000; index++) {
      using channel = new Channel(i32, 1);
      const receiving = settled(channel.receive());
      channel.close(new Error(`reason ${index}`, { cause: { index } }));
      await receiving;
      assertThrows(() => channel.close(new Error("again")));
    }
  }));

test("values that are refused leave no byte", () =>
  assertFlat(() => {
    using channel = new Channel(any<unknown>(), 4);
    using inner = new Channel(i32, 1);
    for (let index = 0; index < 1000; index++) {
      assertThrows(() => channel.trySend([inner, new Uint8Array(index), () => 1]), TypeError);
    }
  }));

test("what was freed is used again: values of many sizes reserve memory once", () => {
  using channel = new Channel(bytes, 1);
  const pass = (): void => {
    for (let index = 0; index < 200; index++) {
      channel.trySend(new Uint8Array(index * 1009));
      channel.tryReceive();
    }
  };
  pass();
  const { reservedBytes } = memoryUse();
  for (let round = 0; round < 10; round++) pass();
  assertStrictEquals(memoryUse().reservedBytes, reservedBytes);
});

test("memoryUse() counts what a channel takes, and what it gives back", () => {
  const before = memoryUse().liveBytes;
  const channel = new Channel(i32, 1000);
  const during = memoryUse().liveBytes;
  channel[Symbol.dispose]();
  assertGreater(during - before, 8000);
  assertStrictEquals(memoryUse().liveBytes, before);
});

test("Core.allocate() refuses more than memory can hold, and nothing has changed", () => {
  const before = memoryUse();
  for (const byteLength of [0x80000000, 2 ** 32, 2 ** 32 + 8, 2 ** 40, Infinity]) {
    assertThrows(
      () => core().allocate(byteLength, "a giant"),
      SharedMemoryExhaustedError,
      "a giant",
    );
  }
  assertEquals(memoryUse(), before);
});

test("exhausted() is a RangeError with a code", () => {
  const error = exhausted("a test");
  assertEquals([error instanceof RangeError, error.code], [true, "SHARED_MEMORY_EXHAUSTED"]);
});
