/** The element any: structured values arrive as they were, and what cannot be copied is refused by its path. */
import {
  AgentCannotBlockError,
  any,
  Channel,
  ChannelClosedError,
  i32,
  Mutex,
  select,
  send,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";

/** Sends `value` and gives what arrives. */
function pass<T>(value: T): T {
  using channel = new Channel(any<T>(), 1);
  channel.trySend(value);
  const got = channel.tryReceive();
  assert(got.state === "ok");
  return got.value;
}

/** An array with a hole. */
function sparse(): number[] {
  return Object.assign(new Array<number>(3), { 0: 1, 2: 3 });
}

// ---- values

for (
  const value of [
    undefined,
    null,
    true,
    0,
    -0,
    NaN,
    1.5,
    Infinity,
    -Infinity,
    "",
    "ü",
    0n,
    -5n,
    2n ** 70n,
  ]
) {
  const shown = Object.is(value, -0) ? "-0" : String(value);
  test(`Channel of any carries ${shown} of type ${typeof value}`, () => {
    assertStrictEquals(pass(value), value);
  });

  test(`Channel of any carries ${shown} of type ${typeof value} inside of an object`, () => {
    const { list } = pass({ list: [value, value] });
    assert(list.length === 2 && list.every((each) => Object.is(each, value)));
  });
}

const VALUES: Readonly<Record<string, unknown>> = {
  "an object": { a: 1, b: { c: [true, null] }, "key with space": "x" },
  "an empty object": {},
  "an object with a property that is undefined": { a: undefined, b: 1 },
  "an array": [1, "two", [3]],
  "an empty array": [],
  "an array with holes": sparse(),
  "a Map": new Map<unknown, unknown>([["a", 1], [{ key: 1 }, new Map()]]),
  "a Date": new Date(1234567890123),
  "a date before 1970": new Date(-1),
  "a RegExp": /a+(?<name>b)\/"/giu,
  "a URL": new URL("https://example.com/a?b=c#d"),
  "a text with lone surrogates": "\ud800 and \udc00",
  "text that looks like markup": `{"__proto__": "</script>"}`,
  "a long array": Array.from({ length: 10_000 }, (_, index) => ({ index })),
};

for (const [name, value] of Object.entries(VALUES)) {
  test(`Channel of any carries ${name}`, () => {
    assertEquals(pass(value), value);
  });
}

// The next two look for themselves: what assertEquals does with these, Node 20 lacks the methods for.
test("Channel of any carries a Set", () => {
  const received = pass(new Set<unknown>([1, "two", new Set([3])]));
  assertInstanceOf(received, Set);
  const [first, second, third] = Array.from(received);
  assertInstanceOf(third, Set);
  assertEquals([first, second, ...third], [1, "two", 3]);
});

test("Channel of any carries a boxed number", () => {
  const received: unknown = pass(Object(5));
  assertInstanceOf(received, Number);
  assertStrictEquals(received.valueOf(), 5);
});

test("Channel of any carries an invalid Date", () => {
  assertStrictEquals(pass(new Date(NaN)).getTime(), NaN);
});

test("Channel of any keeps the holes of an array", () => {
  assertEquals(Object.keys(pass(sparse())), ["0", "2"]);
});

test("Channel of any carries an object without a prototype", () => {
  const received = pass(Object.assign(Object.create(null), { a: 1 }));
  assertEquals([Object.getPrototypeOf(received), received.a], [null, 1]);
});

test("Channel of any keeps two references to one object one object", () => {
  const one = { a: 1 };
  const { first, list, map } = pass({ first: one, list: [one], map: new Map([["one", one]]) });
  assertStrictEquals(list[0], first);
  assertStrictEquals(map.get("one"), first);
});

test("Channel of any carries an object that holds itself", () => {
  const value: { self?: unknown; name: string } = { name: "loop" };
  value.self = value;
  const received = pass(value);
  assertStrictEquals(received.self, received);
});

test("Channel of any carries an array that holds itself", () => {
  const value: unknown[] = [];
  value.push(value);
  const received = pass(value);
  assertStrictEquals(received[0], received);
});

test("Channel of any carries a Map and a Set that hold each other", () => {
  const map = new Map<string, unknown>();
  const set = new Set<unknown>([map]);
  map.set("set", set);
  const received = pass(map);
  assert((received.get("set") as Set<unknown>).has(received));
});

test("Channel of any carries a copy", () => {
  const value = { list: [1] };
  const received = pass(value);
  value.list.push(2);
  assertEquals(received, { list: [1] });
});

test("Channel of any copies at the send that waits", async () => {
  using channel = new Channel(any<{ list: number[] }>(), 1);
  await channel.send({ list: [] });
  const value = { list: [1] };
  const sending = channel.send(value);
  value.list.push(2);
  await channel.receive();
  assertEquals(await channel.receive(), { list: [1] });
  await sending;
});

// ---- binary data

const VIEWS: readonly ArrayBufferView[] = [
  new Int8Array([-1, 2]),
  new Uint8Array([255, 2]),
  new Uint8ClampedArray([255, 2]),
  new Int16Array([-1, 2]),
  new Uint16Array([65535, 2]),
  new Int32Array([-1, 2]),
  new Uint32Array([4294967295, 2]),
  new Float32Array([-1.5, NaN]),
  new Float64Array([-0, 1e300]),
  new BigInt64Array([-1n, 2n]),
  new BigUint64Array([2n ** 64n - 1n, 2n]),
];

for (const view of VIEWS) {
  test(`Channel of any carries a ${view.constructor.name}`, () => {
    const received = pass(view);
    assertStrictEquals(received.constructor, view.constructor);
    assertEquals(received, view);
  });
}

// Node 20 has none.
if ("Float16Array" in globalThis) {
  test("Channel of any carries a Float16Array", () => {
    const received = pass(new Float16Array([1.5, -2]));
    assertInstanceOf(received, Float16Array);
    assertEquals(Array.from(received), [1.5, -2]);
  });
}

test("Channel of any carries an ArrayBuffer", () => {
  const received = pass(Uint8Array.of(1, 2, 3).buffer);
  assertInstanceOf(received, ArrayBuffer);
  assertEquals(new Uint8Array(received), Uint8Array.of(1, 2, 3));
});

test("Channel of any carries a DataView", () => {
  const received = pass(new DataView(Uint8Array.of(0, 1, 2, 3).buffer, 1, 2));
  assertEquals([received.byteLength, received.getUint16(0)], [2, 0x0102]);
});

test("Channel of any carries a part of a buffer alone", () => {
  const received = pass(new Uint16Array(Uint16Array.of(0, 1, 2, 3).buffer, 2, 2));
  assertEquals([received.buffer.byteLength, Array.from(received)], [4, [1, 2]]);
});

test("Channel of any carries binary data of every length side by side", () => {
  const sent = Array.from(
    { length: 20 },
    (_, byteLength) => new Uint8Array(byteLength).fill(byteLength),
  );
  assertEquals(pass({ sent, text: "ü" }), { sent, text: "ü" });
});

test("Channel of any leaves the sender its buffer", () => {
  const value = new Uint8Array(8);
  pass(value);
  assertStrictEquals(value.byteLength, 8);
});

// ---- errors

for (
  const ErrorClass of [
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
  ]
) {
  test(`Channel of any keeps the class of a ${ErrorClass.name}`, () => {
    const sent = new ErrorClass("what went wrong");
    const received = pass(sent);
    assertStrictEquals(received.constructor, ErrorClass);
    assertEquals([received.name, received.message, received.stack], [
      sent.name,
      sent.message,
      sent.stack,
    ]);
  });
}

test("Channel of any keeps the class of millrace's own errors", () => {
  const received = pass(new ChannelClosedError("send on closed channel", { unsent: 1 }));
  assertInstanceOf(received, ChannelClosedError);
  assertEquals([received.code, received.value], ["CHANNEL_CLOSED", { unsent: 1 }]);
});

test("Channel of any keeps the class, the name and the code of a DOMException", () => {
  const received = pass(new DOMException("too late", "TimeoutError"));
  assertInstanceOf(received, DOMException);
  assertEquals([received.name, received.message, received.code], ["TimeoutError", "too late", 23]);
});

test("Channel of any carries an error of one's own class as the nearest built-in, with its name", () => {
  class OutOfPaperError extends RangeError {
    override readonly name = "OutOfPaperError";
    readonly tray = 2;
  }
  const received = pass(new OutOfPaperError("tray 2"));
  assertStrictEquals(received.constructor, RangeError);
  assertEquals([received.name, received.message, received.tray], ["OutOfPaperError", "tray 2", 2]);
});

test("Channel of any carries an error's cause", () => {
  const received = pass(
    new Error("outer", { cause: new TypeError("inner", { cause: { why: [1] } }) }),
  );
  assertInstanceOf(received.cause, TypeError);
  assertEquals(received.cause.cause, { why: [1] });
});

test("Channel of any carries an error's own properties", () => {
  const sent = Object.assign(new Error("failed"), { code: "E_FAILED", at: new Date(5) });
  const received = pass(sent);
  assertEquals([received.code, received.at], ["E_FAILED", new Date(5)]);
});

test("Channel of any carries an error without its methods", () => {
  const received = pass(Object.assign(new Error("failed"), { retry: () => 1, code: 5 }));
  assertEquals(["retry" in received, received.code], [false, 5]);
});

test("Channel of any carries the errors of an AggregateError", () => {
  const received = pass(new AggregateError([new TypeError("one"), "two"], "both", { cause: 3 }));
  assertInstanceOf(received, AggregateError);
  assertInstanceOf(received.errors[0], TypeError);
  assertEquals([received.message, received.errors[1], received.cause], ["both", "two", 3]);
});

test("Channel of any carries an error that is its own property", () => {
  const sent = new Error("loop") as Error & { self?: unknown };
  sent.self = sent;
  const received = pass(sent);
  assertStrictEquals(received.self, received);
});

test("Channel of any carries an error whose cause leads back to it", () => {
  const sent = new TypeError("loop");
  sent.cause = { context: [sent], code: 5 };
  const received = pass(sent);
  const cause = received.cause as { context: unknown[]; code: number };
  assertStrictEquals(cause.context[0], received);
  assertStrictEquals(cause.code, 5);
});

test("Channel of any carries two errors that are each other's cause", () => {
  const one = new TypeError("one");
  const two = new RangeError("two", { cause: one });
  one.cause = two;
  const received = pass([one, two]);
  assertInstanceOf(received[0], TypeError);
  assertInstanceOf(received[1], RangeError);
  assertStrictEquals(received[0].cause, received[1]);
  assertStrictEquals(received[1].cause, received[0]);
});

// ---- handles

test("Channel of any carries a typed channel as the same object, at any depth", () => {
  using inner = new Channel(i32, 1);
  const received = pass({ list: [inner], map: new Map([["inner", inner]]) });
  assertStrictEquals(received.list[0], inner);
  assertStrictEquals(received.map.get("inner"), inner);
});

for (
  const [depth, value] of Object.entries({ alone: new Channel(), inside: { a: [new Channel(3)] } })
) {
  test(`Channel of any refuses a by-reference channel, ${depth}, and says what to do`, () => {
    using channel = new Channel(any<unknown>(), 1);
    assertThrows(() => channel.trySend(value), TypeError, "give it an element type");
  });
}

// ---- refusals

class Point {
  readonly x = 1;
}

function disposedChannel(): Channel<number> {
  const channel = new Channel(i32, 1);
  channel[Symbol.dispose]();
  return channel;
}

function disposedMutex(): Mutex {
  const mutex = new Mutex();
  mutex[Symbol.dispose]();
  return mutex;
}

/** What cannot be copied, and the path that the message names. */
const REFUSED: readonly [name: string, value: unknown, path: RegExp][] = [
  ["a function", () => 1, /this value/],
  ["a function in an object", { a: { run: () => 1 } }, /\.a\.run/],
  ["a function in an array", { list: [1, 2, { run() {} }] }, /\.list\[2\]\.run/],
  ["a function in a Map", { map: new Map([["k", () => 1]]) }, /\.map/],
  ["a class", { Point }, /\.Point/],
  ["a symbol", Symbol("s"), /this value/],
  ["a symbol in an object", { a: [Symbol("s")] }, /\.a\[0\]/],
  ["a key that is a symbol", { a: { [Symbol("s")]: 1 } }, /\.a/],
  ["an instance of a class", new Point(), /this value/],
  ["an instance of a class in an object", { points: [new Point()] }, /\.points\[0\]/],
  ["a promise", { later: Promise.resolve(1) }, /\.later/],
  ["a WeakMap", { weak: new WeakMap() }, /\.weak/],
  ["an AbortSignal", { signal: new AbortController().signal }, /\.signal/],
  [
    "a by-reference channel in an object",
    { jobs: [1, new Channel()] },
    /element type.*\.jobs\[1\]/,
  ],
  ["a disposed channel in an object", { old: { it: disposedChannel() } }, /disposed.*\.old\.it/],
  ["a disposed mutex in a Map", new Map([["lock", disposedMutex()]]), /disposed mutex.*"lock"/],
  ["a SharedArrayBuffer in an object", { a: new SharedArrayBuffer(8) }, /SharedArray.*\.a\)/],
  ["a view of one in an array", [new Uint8Array(new SharedArrayBuffer(8))], /SharedArray.*\[0\]/],
  ["a function in an error's cause", new Error("e", { cause: { run: () => 1 } }), /cause.*\.run/],
];

for (const [name, value, path] of REFUSED) {
  test(`Channel of any refuses ${name} at the call, and names the path`, () => {
    using channel = new Channel(any<unknown>(), 1);
    const uses = [
      () => channel.trySend(value),
      () => channel.send(value),
      () => channel.sendSync(value),
      () => select({ out: send(channel, value) }),
    ];
    for (const use of uses) assertMatch(assertThrows(use, TypeError).message, path);
    assertStrictEquals(channel.size, 0);
  });
}

test("Channel of any refuses a SharedArrayBuffer that is not millrace's", () => {
  using channel = new Channel(any<unknown>(), 1);
  assertThrows(() => channel.trySend(new SharedArrayBuffer(8)), TypeError, "SharedArrayBuffer");
  assertThrows(
    () => channel.trySend({ view: new Uint8Array(new SharedArrayBuffer(8)) }),
    TypeError,
    "SharedArrayBuffer",
  );
});

test("Channel of any works on after a refusal", () => {
  using channel = new Channel(any<unknown>(), 1);
  assertThrows(() => channel.trySend({ a: [1, { b: () => 1 }] }), TypeError);
  channel.trySend({ a: 1 });
  assertEquals(channel.receiveSync(), { a: 1 });
});

test("AgentCannotBlockError keeps its class through a channel", () => {
  assertInstanceOf(pass(new AgentCannotBlockError("cannot")), AgentCannotBlockError);
});

test("any refuses a buffer that a getter moves away while it is being sent", () => {
  using channel = new Channel(any<unknown>(), 1);
  const [first, second] = [new Uint8Array([1, 1, 1, 1]), new Uint8Array([2, 2, 2, 2])];
  const value = {
    first: first.buffer,
    get second() {
      structuredClone(first.buffer, { transfer: [first.buffer] });
      return second.buffer;
    },
  };
  assertThrows(() => channel.trySend(value), TypeError, "while it was being sent");
  assertEquals([channel.size, [...second]], [0, [2, 2, 2, 2]]);
});

test("any takes a view with a tag of its own for the class above it", () => {
  class Pixels extends Uint8Array<ArrayBuffer> {
    override get [Symbol.toStringTag](): "Uint8Array" {
      return "Pixels" as "Uint8Array";
    }
  }
  const pixels = new Pixels(new ArrayBuffer(2));
  pixels.set([1, 2]);
  const got = pass<Uint8Array>(pixels);
  assertEquals([got.constructor, [...got]], [Uint8Array, [1, 2]]);
});
