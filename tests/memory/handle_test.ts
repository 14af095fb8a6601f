import { any, Channel, i32 } from "../../mod.ts";
import { core, memoryUse } from "../../src/memory/core.ts";
import {
  dropObject,
  exportHandle,
  isShareable,
  type Shareable,
  shared,
} from "../../src/memory/handle.ts";
import { OBJECT_REFERENCES } from "../../src/memory/layout.ts";
import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
  fail,
} from "../support/assert.ts";
import { test } from "../support/test.ts";

/** How many handles and messages name what `handle` stands for. */
function references(handle: Shareable): number {
  return core().readU32(handle[shared] as number + OBJECT_REFERENCES);
}

test("a new Channel has one reference", () => {
  using channel = new Channel(i32, 1);
  assertStrictEquals(references(channel), 1);
});

test("a message in flight holds a reference, which the handle here takes over", async () => {
  using outer = new Channel(any<Channel<number>>(), 3);
  using inner = new Channel(i32, 1);
  const counts: number[] = [];
  for (let n = 0; n < 3; n++) {
    await outer.send(inner);
    counts.push(references(inner));
  }
  for (let n = 0; n < 3; n++) {
    assertStrictEquals(await outer.receive(), inner);
    counts.push(references(inner));
  }
  assertEquals(counts, [2, 3, 4, 3, 2, 1]);
});

test("a handle that stands twice in a message is counted twice and given back twice", async () => {
  using outer = new Channel(any<Channel<number>[]>(), 1);
  using inner = new Channel(i32, 1);
  await outer.send([inner, inner]);
  const received = await outer.receive();
  assertEquals([received?.[0] === inner, received?.[1] === inner], [true, true]);
  assertStrictEquals(references(inner), 1);
});

test("a send that is refused leaves no reference", () => {
  using outer = new Channel(any<unknown>(), 1);
  using inner = new Channel(i32, 1);
  assertThrows(() => outer.trySend([inner, () => 1]), TypeError);
  assertStrictEquals(references(inner), 1);
});

test("a trySend without room leaves no reference", () => {
  using outer = new Channel(any<unknown>(), 1);
  using inner = new Channel(i32, 1);
  outer.trySend("full");
  assertStrictEquals(outer.trySend(inner), false);
  assertStrictEquals(references(inner), 1);
});

test("a send that is aborted leaves no reference", async () => {
  using outer = new Channel(any<unknown>(), 1);
  using inner = new Channel(i32, 1);
  outer.trySend("full");
  const abort = new AbortController();
  const sending = outer.send(inner, { signal: abort.signal });
  assertStrictEquals(references(inner), 2);
  abort.abort();
  await assertRejects(() => sending);
  assertStrictEquals(references(inner), 1);
});

test("a send on a closed channel leaves no reference", () => {
  using outer = new Channel(any<unknown>(), 1);
  using inner = new Channel(i32, 1);
  outer.close();
  assertThrows(() => outer.trySend(inner));
  assertStrictEquals(references(inner), 1);
});

test("a channel that goes gives up the references of what was in it", () => {
  using inner = new Channel(i32, 1);
  {
    using outer = new Channel(any<unknown>(), 3);
    for (let n = 0; n < 3; n++) outer.trySend({ n, inner });
    assertStrictEquals(references(inner), 4);
  }
  assertStrictEquals(references(inner), 1);
});

test("a reason that holds a handle is given up with its channel", async () => {
  using inner = new Channel(i32, 1);
  {
    using outer = new Channel(i32, 1);
    outer.close({ inner });
    assertStrictEquals(references(inner), 2);
    const reason = await assertRejects(() => outer.receive()) as { inner: unknown };
    assertStrictEquals(reason.inner, inner);
    assertStrictEquals(references(inner), 2);
  }
  assertStrictEquals(references(inner), 1);
});

test("a chain of channels, each in the one before, goes with the first, however long it is", () => {
  const before = memoryUse().liveBytes;
  let last = new Channel(any<unknown>(), 1);
  // By recursion some thousands would be more than a stack takes.
  for (let n = 0; n < 20_000; n++) {
    const next = new Channel(any<unknown>(), 1);
    next.trySend({ n, last });
    last[Symbol.dispose]();
    last = next;
  }
  last[Symbol.dispose]();
  assertStrictEquals(memoryUse().liveBytes, before);
});

test("a handle disposed in flight comes back as a new handle with one reference", async () => {
  using outer = new Channel(any<Channel<number>>(), 1);
  const inner = new Channel(i32, 1);
  await outer.send(inner);
  inner[Symbol.dispose]();
  using again = await outer.receive() ?? fail("nothing received");
  assertStrictEquals(references(again), 1);
});

test("a new handle is the one that later messages bring", async () => {
  using outer = new Channel(any<Channel<number>>(), 2);
  const inner = new Channel(i32, 1);
  await outer.send(inner);
  await outer.send(inner);
  inner[Symbol.dispose]();
  using again = await outer.receive() ?? fail("nothing received");
  assertStrictEquals(await outer.receive(), again);
  assertStrictEquals(references(again), 1);
});

test("a channel made at the address of one that went is not mistaken for it", async () => {
  using outer = new Channel(any<Channel<number>>(), 1);
  const first = new Channel(i32, 1);
  const address = first[shared];
  await outer.send(first);
  await outer.receive();
  first[Symbol.dispose]();
  using second = new Channel(i32, 1);
  assertStrictEquals(second[shared], address);
  await outer.send(second);
  assertStrictEquals(await outer.receive(), second);
});

test("exportHandle() refuses a by-reference channel", () => {
  assertThrows(() => exportHandle(new Channel()), TypeError, "give it an element type");
});

test("dropObject() is false the second time", () => {
  const channel = new Channel(i32, 1);
  assertEquals([dropObject(channel), dropObject(channel)], [true, false]);
});

test("isShareable() tells channels from other values", () => {
  using typed = new Channel(i32, 1);
  const values = [typed, new Channel(), {}, null, undefined, "text", () => 1];
  assertEquals(values.map(isShareable), [true, true, false, false, false, false, false]);
});
