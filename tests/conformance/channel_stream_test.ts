/**
 * Channels as web streams and from iterables.
 *
 * @module
 */
import { Channel, i32 } from "../../mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { drain, isPending, settled, turn } from "./waiting.ts";

/** Reads a stream to its end. */
async function readAll<T>(stream: ReadableStream<T>): Promise<T[]> {
  const values: T[] = [];
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    values.push(next.value);
  }
  return values;
}

test("Channel.toReadableStream() yields the values and closes with the channel", async () => {
  const channel = new Channel<number>();
  const reading = readAll(channel.toReadableStream());
  for (let i = 0; i < 5; i++) await channel.send(i);
  channel.close();
  assertEquals(await reading, [0, 1, 2, 3, 4]);
});

test("Channel.toReadableStream() receives nothing before it is read", async () => {
  const channel = new Channel<number>(2);
  await channel.send(1);
  const reader = channel.toReadableStream().getReader();
  await turn();
  assertEquals(channel.size, 1);
  assertEquals(await reader.read(), { done: false, value: 1 });
  await reader.cancel();
});

test("Channel.toReadableStream() fails with the reason of the close", async () => {
  const channel = new Channel<number>();
  const reading = readAll(channel.toReadableStream());
  channel.close(new RangeError("broken"));
  await assertRejects(() => reading, RangeError, "broken");
});

test("Channel.toReadableStream() leaves the channel open and no receiver behind when cancelled", async () => {
  const channel = new Channel<number>();
  const reader = channel.toReadableStream().getReader();
  const reading = reader.read();
  await turn();
  await reader.cancel();
  assert((await reading).done);
  assertEquals(channel.closed, false);
  assertEquals(channel.trySend(1), false);
});

test("Channel.toWritableStream() sends chunks and closes the channel with the stream", async () => {
  const channel = new Channel(i32, 1);
  const stream = new ReadableStream<number>({
    start(controller) {
      for (let i = 0; i < 5; i++) controller.enqueue(i);
      controller.close();
    },
  });
  const piping = stream.pipeTo(channel.toWritableStream());
  assertEquals(await drain(channel), [0, 1, 2, 3, 4]);
  await piping;
});

test("Channel.toWritableStream() makes a write wait until its value is sent", async () => {
  const channel = new Channel<number>();
  const writer = channel.toWritableStream().getWriter();
  const writing = writer.write(7);
  assert(await isPending(writing));
  assertEquals(await channel.receive(), 7);
  await writing;
});

test("Channel.toWritableStream() closes the channel with the reason when aborted", async () => {
  const channel = new Channel<number>();
  const writer = channel.toWritableStream().getWriter();
  const failed = assertRejects(() => writer.closed, Error, "no more");
  await writer.abort(new Error("no more"));
  await failed;
  await assertRejects(() => channel.receive(), Error, "no more");
});

test("Channel.from() carries what an asynchronous iterable yields, one at a time", async () => {
  let asked = 0;
  async function* numbers(): AsyncGenerator<number> {
    for (let i = 0; i < 4; i++) {
      asked++;
      await turn();
      yield i;
    }
  }
  const channel = Channel.from(numbers());
  assertEquals(await channel.receive(), 0);
  await turn();
  await turn();
  assertEquals(asked, 2);
  assertEquals(await drain(channel), [1, 2, 3]);
});

test("Channel.from() carries a synchronous iterable", async () => {
  assertEquals(await drain(Channel.from(new Set(["a", "b"]))), ["a", "b"]);
});

test("Channel.from() closes with the reason when the iterable fails", async () => {
  async function* failing(): AsyncGenerator<number> {
    yield 1;
    throw new SyntaxError("no more numbers");
  }
  const channel = Channel.from(failing());
  assertEquals(await channel.receive(), 1);
  await assertRejects(() => channel.receive(), SyntaxError, "no more numbers");
});

for (const reason of [null, undefined, 0]) {
  test(`Channel.from() does not end as if nothing were when the iterable fails with ${reason}`, async () => {
    function* failing(): Generator<number> {
      yield 1;
      throw reason;
    }
    const channel = Channel.from(failing());
    assertEquals(await channel.receive(), 1);
    const end = await settled(channel.receive());
    if (reason === undefined) assert("reason" in end && end.reason instanceof Error);
    else assertEquals(end, { reason });
  });

  test(`Channel.toWritableStream() fails the channel when aborted with ${reason}`, async () => {
    const channel = new Channel<number>();
    const receiving = settled(channel.receive());
    await channel.toWritableStream().abort(reason);
    const end = await receiving;
    if (reason === undefined) assert("reason" in end && end.reason instanceof DOMException);
    else assertEquals(end, { reason });
  });
}

test("Channel.from() ends the iteration when the channel is closed", async () => {
  let isOver!: () => void;
  const over = new Promise<void>((resolve) => isOver = resolve);
  async function* endless(): AsyncGenerator<number> {
    try {
      for (let i = 0;; i++) {
        await turn();
        yield i;
      }
    } finally {
      isOver();
    }
  }
  const channel = Channel.from(endless());
  assertEquals(await channel.receive(), 0);
  channel.close();
  await over;
});

for (const value of [undefined, null, 5, "text", {}]) {
  test(`Channel.from() refuses ${JSON.stringify(value)}`, () => {
    assertThrows(() => Channel.from(value as unknown as Iterable<number>), TypeError, "iterable");
  });
}

test("Channel.toWritableStream() closes the channel when a chunk cannot be sent", async () => {
  const channel = new Channel(i32, 1);
  const stream = new ReadableStream<number>({
    start(controller) {
      controller.enqueue(0.5);
      controller.close();
    },
  });
  await assertRejects(() => stream.pipeTo(channel.toWritableStream()), RangeError, "0.5");
  await assertRejects(() => channel.receive(), RangeError, "0.5");
});

test("Channel.toWritableStream() closes the channel when the reason of an abort cannot be sent", async () => {
  class Reason {}
  const channel = new Channel(i32, 1);
  const writer = channel.toWritableStream().getWriter();
  writer.closed.catch(() => {});
  await writer.abort(new Reason());
  await assertRejects(() => channel.receive(), Error, "object");
});

/** Reasons of which not even a text can be had. */
const HOSTILE: Record<string, () => unknown> = {
  "has a getter that throws": () => ({
    get detail() {
      throw new Error("lazy");
    },
  }),
  "has a getter that throws what has no text": () => ({
    get detail() {
      throw Object.create(null);
    },
  }),
  "is an error whose own parts cannot be sent": () =>
    Object.assign(new Error("boom"), { name: Symbol("name"), message: Object.create(null) }),
  "has no text": () => Object.assign(Object.create(null), { retry() {} }),
  "is an error with a getter that throws": () =>
    Object.defineProperty(new Error("boom"), "detail", {
      enumerable: true,
      get() {
        throw new RangeError("lazy");
      },
    }),
};

for (const [name, make] of Object.entries(HOSTILE)) {
  test(`Channel.toWritableStream() closes the channel when the reason of an abort ${name}`, async () => {
    const channel = new Channel(i32, 1);
    const receiving = channel.receive();
    const writer = channel.toWritableStream().getWriter();
    writer.closed.catch(() => {});
    await writer.abort(make());
    assertEquals(channel.closed, true);
    await assertRejects(() => receiving, Error);
  });
}

test("Channel[Symbol.asyncIterator]() of a disposed channel does not see another's values", () => {
  const channel = new Channel(i32, 1);
  const iterator = channel[Symbol.asyncIterator]();
  channel[Symbol.dispose]();
  using other = new Channel(i32, 1);
  other.trySend(77);
  assertThrows(() => iterator.next(), TypeError, "disposed");
  assertEquals(other.size, 1);
});
