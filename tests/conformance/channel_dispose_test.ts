/** Giving a channel up. */
import { any, Channel, ChannelClosedError, i32, select } from "../../mod.ts";
import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
  fail,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import { bounded, fill, flavors, local, shared, testEach } from "./flavors.ts";

testEach(flavors, "Channel[Symbol.dispose]() closes the only handle's channel", (flavor) => {
  const channel = flavor.make();
  channel[Symbol.dispose]();
  assertStrictEquals(channel.closed, true);
});

testEach(flavors, "Channel[Symbol.dispose]() twice is harmless", (flavor) => {
  const channel = flavor.make();
  channel[Symbol.dispose]();
  channel[Symbol.dispose]();
  assertStrictEquals(channel.closed, true);
});

testEach(flavors, "Channel[Symbol.dispose]() of a closed channel is harmless", (flavor) => {
  const channel = flavor.make();
  channel.close();
  channel[Symbol.dispose]();
  assertStrictEquals(channel.closed, true);
});

testEach(flavors, "Channel[Symbol.asyncDispose]() disposes", async (flavor) => {
  const channel = flavor.make();
  {
    await using _ = channel;
  }
  assertStrictEquals(channel.closed, true);
});

testEach(flavors, "Channel[Symbol.dispose]() ends the receives that wait", async (flavor) => {
  const channel = flavor.make();
  const receives = [channel.receive(), channel.receive()];
  channel[Symbol.dispose]();
  assertEquals(await Promise.all(receives), [undefined, undefined]);
});

testEach(bounded, "Channel[Symbol.dispose]() makes the sends that wait reject", async (flavor) => {
  const channel = flavor.make();
  fill(flavor, channel);
  const sending = channel.send(flavor.sample(5));
  channel[Symbol.dispose]();
  const error = await assertRejects(() => sending, ChannelClosedError);
  assertEquals(error.value, flavor.sample(5));
});

testEach(flavors, "Channel[Symbol.dispose]() ends the selects that wait", async (flavor) => {
  const channel = flavor.make();
  const selecting = select({ only: channel, off: null });
  channel[Symbol.dispose]();
  assertEquals(await selecting, { case: "only", ok: false, value: undefined });
});

testEach(local, "Channel[Symbol.dispose]() leaves what a by-reference channel holds", async () => {
  const channel = new Channel<string>(1);
  channel.trySend("left");
  channel[Symbol.dispose]();
  assertEquals([await channel.receive(), await channel.receive()], ["left", undefined]);
});

testEach(shared, "Channel.capacity stays when a typed channel is disposed", (flavor) => {
  const channel = flavor.make();
  channel[Symbol.dispose]();
  assertStrictEquals(channel.capacity, flavor.capacity);
});

test("Channel of any refuses a typed channel that is disposed", () => {
  using outer = new Channel(any<unknown>(), 1);
  const inner = new Channel(i32, 1);
  inner[Symbol.dispose]();
  assertThrows(() => outer.trySend(inner), TypeError, "disposed channel");
});

test("Channel stays open while a message in flight holds it", async () => {
  using outer = new Channel(any<Channel<number>>(), 1);
  const inner = new Channel(i32, 4);
  inner.trySend(1);
  await outer.send(inner);
  inner[Symbol.dispose]();
  using again = await outer.receive() ?? fail("nothing received");
  assertEquals([again.closed, again.trySend(2)], [false, true]);
  assertEquals([again.receiveSync(), again.receiveSync()], [1, 2]);
});

test("Channel in a message is a new handle when the old one was disposed", async () => {
  using outer = new Channel(any<Channel<number>>(), 1);
  const inner = new Channel(i32, 4);
  await outer.send(inner);
  inner[Symbol.dispose]();
  using again = await outer.receive() ?? fail("nothing received");
  assertStrictEquals(again === inner, false);
  assertThrows(() => inner.size, TypeError, "disposed channel");
});

test("Channel in a message that is never received goes with its channel (crossbeam array/drops)", async () => {
  const inner = new Channel(i32, 1);
  const receiving = inner.receive();
  {
    using outer = new Channel(any<Channel<number>>(), 1);
    await outer.send(inner);
    inner[Symbol.dispose]();
  }
  assertStrictEquals(await receiving, undefined);
});
