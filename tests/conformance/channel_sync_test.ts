/**
 * The forms that block, as far as one thread can show them: what is ready completes at once, and what
 * nobody else could answer is an error instead of a thread that stands still for ever.
 */
import { AgentCannotBlockError, Channel, selectSync, send } from "../../mod.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";
import {
  bounded,
  buffered,
  bufferedAndBounded,
  fill,
  flavors,
  local,
  samples,
  testEach,
} from "./flavors.ts";
import { takeAll } from "./waiting.ts";

/** By-reference flavors that may be full. */
const boundedLocal = local.filter((flavor) => bounded.includes(flavor));

testEach(buffered, "Channel.sendSync() sends while there is room", (flavor) => {
  using channel = flavor.make();
  channel.sendSync(flavor.sample(1));
  assertEquals(takeAll(channel), [flavor.sample(1)]);
});

testEach(flavors, "Channel.sendSync() gives to a receiver that waits", async (flavor) => {
  using channel = flavor.make();
  const receiving = channel.receive();
  channel.sendSync(flavor.sample(1));
  assertEquals(await receiving, flavor.sample(1));
});

testEach(buffered, "Channel.receiveSync() takes the value that waits", (flavor) => {
  using channel = flavor.make();
  channel.trySend(flavor.sample(1));
  assertEquals(channel.receiveSync(), flavor.sample(1));
});

testEach(bounded, "Channel.receiveSync() lets a sender that waits go on", async (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  const sending = channel.send(flavor.sample(flavor.capacity));
  assertEquals(channel.receiveSync(), flavor.sample(0));
  await sending;
});

testEach(bufferedAndBounded, "Channel.receiveSync() delivers first in, first out", (flavor) => {
  using channel = flavor.make();
  for (let index = 0; index < flavor.capacity; index++) channel.sendSync(flavor.sample(index));
  const received: unknown[] = [];
  while (received.length < flavor.capacity) received.push(channel.receiveSync());
  assertEquals(received, samples(flavor, 0, flavor.capacity));
});

testEach(local, "Channel.receiveSync() throws when it would have to wait", (flavor) => {
  using channel = flavor.make();
  const error = assertThrows(() => channel.receiveSync(), AgentCannotBlockError);
  assertStrictEquals(error.code, "AGENT_CANNOT_BLOCK");
});

testEach(local, "Channel.receiveSync() leaves no waiter when it throws", (flavor) => {
  using channel = flavor.make();
  assertThrows(() => channel.receiveSync(), AgentCannotBlockError);
  assertStrictEquals(channel.trySend(flavor.sample(0)), flavor.capacity > 0);
});

testEach(boundedLocal, "Channel.sendSync() throws when it would have to wait", (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  assertThrows(() => channel.sendSync(flavor.sample(0)), AgentCannotBlockError);
});

testEach(boundedLocal, "Channel.sendSync() sends nothing when it throws", (flavor) => {
  using channel = flavor.make();
  fill(flavor, channel);
  assertThrows(() => channel.sendSync(flavor.sample(0)), AgentCannotBlockError);
  assertEquals(takeAll(channel), samples(flavor, 0, flavor.capacity));
});

testEach(flavors, "selectSync() sends and receives what is ready", async (flavor) => {
  using channel = flavor.make();
  const receiving = channel.receive();
  assertEquals(selectSync({ out: send(channel, flavor.sample(1)) }), {
    case: "out",
    ok: true,
    value: undefined,
  });
  assertEquals(await receiving, flavor.sample(1));
});

test("selectSync() throws when only its own thread could answer", () => {
  using first = new Channel<number>();
  using second = new Channel<number>();
  assertThrows(
    () => selectSync({ first, out: send(second, 1), off: null }),
    AgentCannotBlockError,
  );
});

test("selectSync() leaves no waiter when it throws", () => {
  using first = new Channel<number>();
  using second = new Channel<number>();
  assertThrows(() => selectSync({ first, out: send(second, 1) }), AgentCannotBlockError);
  assertEquals([first.trySend(1), second.tryReceive()], [false, { state: "empty" }]);
});

test("selectSync() throws when it has no case", () => {
  assertThrows(() => selectSync({}), AgentCannotBlockError);
});
