/**
 * Channels of channels.
 *
 * @module
 */
import { Channel, channelOf, f64, i32, Pool, struct, text } from "../../mod.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { answer, grow } from "../support/channel_tasks.ts";
import { test } from "../support/test.ts";

for (const capacity of [0, 4]) {
  test(`channelOf() carries the very channel with capacity ${capacity} (crossbeam same_channel/array_same_channel)`, async () => {
    using calls = new Channel(channelOf(i32), capacity);
    using reply = new Channel(i32, 1);
    const sending = calls.send(reply);
    const received = await calls.receive();
    await sending;
    assertStrictEquals(received, reply);
    received!.trySend(42);
    assertEquals(await reply.receive(), 42);
  });
}

test("channelOf() keeps a channel alive that only a message carries", async () => {
  using calls = new Channel(channelOf(text), 1);
  {
    using carried = new Channel(text, 1);
    await calls.send(carried);
    carried.trySend("still here");
  }
  using received = await calls.receive();
  assertEquals(await received!.receive(), "still here");
});

test("channelOf() lets a task answer on the channel that a request carries", async () => {
  await using pool = new Pool({ threads: 1 });
  using calls = new Channel(channelOf(i32), 4);
  const answering = pool.go(answer, calls);
  using replies = new Channel(i32, 1);
  for (let i = 0; i < 100; i++) {
    await calls.send(replies);
    assertEquals(await replies.receive(), i);
  }
  calls.close();
  await answering;
});

test("channelOf() nests, and takes part in a struct", async () => {
  using nested = new Channel(channelOf(channelOf(f64)), 1);
  using inner = new Channel(channelOf(f64), 0);
  nested.trySend(inner);
  assertStrictEquals(await nested.receive(), inner);
  using calls = new Channel(struct({ method: text, reply: channelOf(i32) }), 1);
  using reply = new Channel(i32, 1);
  calls.trySend({ method: "add", reply });
  assertStrictEquals((await calls.receive())!.reply, reply);
});

test("channelOf() refuses what is no channel of its type", () => {
  using calls = new Channel(channelOf(i32), 1);
  const channels: unknown[] = [new Channel(f64, 1), new Channel<number>(1), 5, null, {}];
  for (const channel of channels) {
    assertThrows(() => calls.trySend(channel as Channel<number>), TypeError);
  }
  assertEquals(calls.size, 0);
  assertThrows(() => channelOf(undefined as unknown as typeof i32), TypeError, "element type");
});

test("channelOf() refuses a channel that has been disposed", () => {
  using calls = new Channel(channelOf(i32), 1);
  const reply = new Channel(i32, 1);
  reply[Symbol.dispose]();
  assertThrows(() => calls.trySend(reply), TypeError, "disposed");
  assertThrows(() => calls.send(reply), TypeError, "disposed");
  assertThrows(() => reply.receive(), TypeError, "disposed");
});

test("Channel.receive() reads a message in memory that another thread has just grown", async () => {
  await using pool = new Pool({ threads: 1 });
  using texts = new Channel(text, 1);
  const growing = pool.go(grow, texts, 8);
  for (let i = 0; i < 8; i++) {
    const received = await texts.receive();
    assertEquals(received!.length, 100_000 * 2 ** i);
    assertEquals(received!.at(-1), "z");
  }
  await growing;
});
