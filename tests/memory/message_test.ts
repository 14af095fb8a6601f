import { Channel, i32 } from "../../mod.ts";
import { core, memoryUse } from "../../src/memory/core.ts";
import { type Shareable, shared } from "../../src/memory/handle.ts";
import { OBJECT_REFERENCES } from "../../src/memory/layout.ts";
import {
  discardMessage,
  peekMessage,
  readMessage,
  readText,
  writeMessage,
  writeText,
} from "../../src/memory/message.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** How many handles and messages name what `handle` stands for. */
function references(handle: Shareable): number {
  return core().readU32(handle[shared] as number + OBJECT_REFERENCES);
}

for (const byteLength of [0, 1, 3, 4, 5, 8, 100, 70_000, 5_000_000]) {
  test(`readMessage() gives the ${byteLength} bytes that writeMessage() wrote`, () => {
    const payload = Uint8Array.from({ length: byteLength }, (_, index) => index * 7);
    const read = readMessage(writeMessage(payload));
    assertEquals(read.handles, []);
    assertStrictEquals(read.payload.length, byteLength);
    assert(read.payload.every((byte, index) => byte === payload[index]));
  });
}

test("readMessage() frees the message", () => {
  const before = memoryUse().liveBytes;
  for (let round = 0; round < 100; round++) readMessage(writeMessage(new Uint8Array(round * 13)));
  assertStrictEquals(memoryUse().liveBytes, before);
});

test("discardMessage() frees the message", () => {
  const before = memoryUse().liveBytes;
  for (let round = 0; round < 100; round++) {
    discardMessage(writeMessage(new Uint8Array(round * 13)));
  }
  assertStrictEquals(memoryUse().liveBytes, before);
});

test("peekMessage() leaves the message", () => {
  const ptr = writeMessage(Uint8Array.of(1, 2, 3));
  const peeked = [peekMessage(ptr).payload, peekMessage(ptr).payload];
  assertEquals(peeked, [Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 3)]);
  discardMessage(ptr);
});

test("messages side by side do not touch each other", () => {
  const payloads = Array.from({ length: 200 }, (_, n) => new Uint8Array(n * 5 % 97).fill(n));
  const ptrs = payloads.map((payload) => writeMessage(payload));
  assertEquals(ptrs.map((ptr) => readMessage(ptr).payload), payloads);
});

test("writeMessage() takes a reference to each handle, and readMessage() passes it on", () => {
  using channel = new Channel(i32, 1);
  const ptr = channel[shared] as number;
  const message = writeMessage(new Uint8Array(5), [ptr, ptr]);
  assertStrictEquals(references(channel), 3);
  const { handles } = readMessage(message);
  assertEquals([handles, references(channel)], [[ptr, ptr], 3]);
  for (const handle of handles) core().fn.objectRelease(handle);
  assertStrictEquals(references(channel), 1);
});

test("discardMessage() gives the references up", () => {
  using channel = new Channel(i32, 1);
  discardMessage(writeMessage(new Uint8Array(5), [channel[shared] as number]));
  assertStrictEquals(references(channel), 1);
});

test("peekMessage() takes references of its own", () => {
  using channel = new Channel(i32, 1);
  const message = writeMessage(new Uint8Array(0), [channel[shared] as number]);
  const { handles } = peekMessage(message);
  assertStrictEquals(references(channel), 3);
  for (const handle of handles) core().fn.objectRelease(handle);
  discardMessage(message);
  assertStrictEquals(references(channel), 1);
});

const TEXTS = [
  "",
  "a",
  "x".repeat(96),
  "x".repeat(97),
  "ü",
  "x".repeat(95) + "ü",
  "\ud800",
  "\ufeff",
];

for (const text of TEXTS) {
  test(
    `readText() gives the ${text.length} characters that writeText() wrote: ${
      JSON.stringify(text.slice(-2))
    }`,
    () => {
      assertStrictEquals(readText(writeText(text)), text);
    },
  );
}

test("readText() frees the message", () => {
  const before = memoryUse().liveBytes;
  for (const text of TEXTS) readText(writeText(text));
  assertStrictEquals(memoryUse().liveBytes, before);
});
