/** The elements text and bytes: what they carry and what they refuse. */
import { bytes, Channel, select, send, text } from "../../mod.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { test } from "../support/test.ts";

// ---- text

/** Texts by what is special in them. */
const TEXTS: Readonly<Record<string, string>> = {
  "the empty text": "",
  "ASCII": "hello, world",
  "every ASCII character": String.fromCharCode(...Array.from({ length: 128 }, (_, code) => code)),
  "NUL": "a\0b\0",
  "Latin letters": "Grüße, señor Ærø",
  "two-byte characters": "привет мир",
  "three-byte characters": "漢字とかな",
  "four-byte characters": "🎉👨‍👩‍👧‍👦𝄞",
  "a byte order mark": "\ufefftext",
  "a byte order mark alone": "\ufeff",
  "a byte order mark in the middle": "a\ufeffb",
  "a lone high surrogate": "a\ud83db",
  "a lone low surrogate": "a\ude00b",
  "surrogates in the wrong order": "\ude00\ud83d",
  "a lone surrogate at the end": "🎉\ud83d",
  "every code unit": String.fromCharCode(...Array.from({ length: 0x10000 }, (_, code) => code)),
  "noncharacters": "\uffff\ufffe\u{10ffff}",
  "the replacement character": "\ufffd",
  "combining characters": "e\u0301 \u1100\u1161",
  "95 characters": "x".repeat(95),
  "96 characters": "x".repeat(96),
  "97 characters": "x".repeat(97),
  "96 characters, the last not ASCII": "x".repeat(95) + "ü",
  "a million characters": "0123456789".repeat(100_000),
  "a million wide characters": "漢字".repeat(500_000),
  "300,000 characters with a lone surrogate": "x".repeat(300_000) + "\ud800",
};

for (const [name, value] of Object.entries(TEXTS)) {
  test(`Channel of text carries ${name}`, () => {
    using channel = new Channel(text, 2);
    channel.trySend(value);
    channel.trySend("next");
    // Not assertEquals: its report of a difference would be a megabyte.
    assert(channel.receiveSync() === value);
    assertStrictEquals(channel.receiveSync(), "next");
  });
}

test("Channel of text carries a text from a sender that waits", async () => {
  using channel = new Channel(text, 1);
  await channel.send("first");
  const sending = channel.send("second ü");
  assertEquals([await channel.receive(), await channel.receive()], ["first", "second ü"]);
  await sending;
});

for (const value of [5, null, undefined, true, 5n, ["text"], new String("text"), Symbol("text")]) {
  const shown = typeof value === "object" && value !== null ? value.constructor.name : value;
  test(`Channel of text refuses ${String(shown)} of type ${typeof value}`, () => {
    using channel = new Channel(text, 1);
    assertThrows(() => channel.trySend(value as string), TypeError, "a string");
    assertThrows(() => channel.send(value as string), TypeError, "a string");
    assertThrows(() => select({ out: send(channel, value as string) }), TypeError, "a string");
  });
}

// ---- bytes

for (const byteLength of [0, 1, 2, 7, 8, 9, 1000, 65_536, 3_000_001]) {
  test(`Channel of bytes carries ${byteLength} bytes`, () => {
    using channel = new Channel(bytes, 2);
    const value = Uint8Array.from({ length: byteLength }, (_, index) => index * 31);
    channel.trySend(value);
    channel.trySend(Uint8Array.of(1));
    const received = channel.receiveSync();
    assertStrictEquals(received?.length, byteLength);
    assert(received.every((byte, index) => byte === value[index]));
    assertEquals(channel.receiveSync(), Uint8Array.of(1));
  });
}

test("Channel of bytes copies at the send", () => {
  using channel = new Channel(bytes, 1);
  const value = Uint8Array.of(1, 2, 3);
  channel.trySend(value);
  value.fill(9);
  assertEquals(channel.receiveSync(), Uint8Array.of(1, 2, 3));
});

test("Channel of bytes copies at the send that waits", async () => {
  using channel = new Channel(bytes, 1);
  channel.trySend(Uint8Array.of(0));
  const value = Uint8Array.of(1, 2, 3);
  const sending = channel.send(value);
  value.fill(9);
  assertEquals(channel.receiveSync(), Uint8Array.of(0));
  assertEquals(channel.receiveSync(), Uint8Array.of(1, 2, 3));
  await sending;
});

test("Channel of bytes gives the receiver bytes of its own", () => {
  using channel = new Channel(bytes, 2);
  channel.trySend(Uint8Array.of(1, 2, 3));
  channel.trySend(Uint8Array.of(1, 2, 3));
  const first = channel.receiveSync();
  first?.fill(9);
  assertEquals(channel.receiveSync(), Uint8Array.of(1, 2, 3));
  assert(first?.buffer instanceof ArrayBuffer);
  assertStrictEquals(first.byteLength, first.buffer.byteLength);
});

test("Channel of bytes carries a part of a buffer alone", () => {
  using channel = new Channel(bytes, 1);
  channel.trySend(Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 4));
  assertEquals(channel.receiveSync(), Uint8Array.of(1, 2, 3));
});

test("Channel of bytes leaves the sender its buffer", () => {
  using channel = new Channel(bytes, 1);
  const value = Uint8Array.of(1, 2, 3);
  channel.trySend(value);
  assertStrictEquals(value.byteLength, 3);
});

const NO_BYTES: Readonly<Record<string, unknown>> = {
  "a text": "bytes",
  "an array": [1, 2, 3],
  "an ArrayBuffer": new ArrayBuffer(3),
  "an Int8Array": new Int8Array(3),
  "a Uint8ClampedArray": new Uint8ClampedArray(3),
  "a DataView": new DataView(new ArrayBuffer(3)),
  "null": null,
  "undefined": undefined,
};

for (const [name, value] of Object.entries(NO_BYTES)) {
  test(`Channel of bytes refuses ${name}`, () => {
    using channel = new Channel(bytes, 1);
    assertThrows(() => channel.trySend(value as never), TypeError, "a Uint8Array");
  });
}
