/**
 * Mistakes of the caller's: each is an error at the call, thrown and not a rejection, whatever form is called, whatever state the
 * channel is in, and even if the signal is aborted.
 *
 * @module
 */
import {
  any,
  bool,
  bytes,
  Channel,
  ChannelClosedError,
  channelOf,
  type ElementType,
  f32,
  f64,
  i16,
  i32,
  i64,
  i8,
  Mutex,
  mutexOf,
  Pool,
  select,
  selectSync,
  Semaphore,
  semaphoreOf,
  send,
  struct,
  text,
  trySelect,
  u16,
  u32,
  u64,
  u8,
  WaitGroup,
  waitGroupOf,
} from "../../mod.ts";
import {
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { echo } from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { shared, testEach } from "./flavors.ts";

const aborted = { signal: AbortSignal.abort(new Error("aborted")) };

type Use = (channel: Channel<unknown>, value: unknown) => unknown;

/** Every way to send. */
const sends: Readonly<Record<string, Use>> = {
  "send()": (channel, value) => channel.send(value),
  "send() with an aborted signal": (channel, value) => channel.send(value, aborted),
  "sendSync()": (channel, value) => channel.sendSync(value),
  "trySend()": (channel, value) => channel.trySend(value),
  "sendMany()": (channel, value) => channel.sendMany([value]),
  "sendMany() with an aborted signal": (channel, value) => channel.sendMany([value], aborted),
  "sendMany() of an iterable": (channel, value) => channel.sendMany(new Set([value])),
  "sendManySync()": (channel, value) => channel.sendManySync([value]),
  "select() with a send": (channel, value) => select({ out: send(channel, value), off: null }),
  "select() with a send and an aborted signal": (channel, value) =>
    select({ out: send(channel, value) }, aborted),
  "select() with a send and what is ready": (channel, value) =>
    select([send(channel, value), closed, closed, closed]),
  "trySelect() with a send": (channel, value) => trySelect({ out: send(channel, value) }),
  "selectSync() with a send": (channel, value) => selectSync({ out: send(channel, value) }),
};

/** A channel that is always ready. */
const closed = new Channel<never>();
closed.close();

/** Every other use of a channel but `capacity`, `closed` and disposing it. */
const others: Readonly<Record<string, Use>> = {
  "size": (channel) => channel.size,
  "receive()": (channel) => channel.receive(),
  "receive() with an aborted signal": (channel) => channel.receive(aborted),
  "receiveSync()": (channel) => channel.receiveSync(),
  "tryReceive()": (channel) => channel.tryReceive(),
  "next()": (channel) => channel.next(),
  "next() with an aborted signal": (channel) => channel.next(aborted),
  "receiveMany()": (channel) => channel.receiveMany(1),
  "receiveMany() with an aborted signal": (channel) => channel.receiveMany(1, aborted),
  "receiveManySync()": (channel) => channel.receiveManySync(1),
  "[Symbol.asyncIterator]()": (channel) => channel[Symbol.asyncIterator](),
  "toReadableStream()": (channel) => channel.toReadableStream(),
  "toWritableStream()": (channel) => channel.toWritableStream(),
  "close()": (channel) => channel.close(),
  "select()": (channel) => select({ in: channel, off: null }),
  "select() with an aborted signal": (channel) => select({ in: channel }, aborted),
  "select() with what is ready": (channel) => select([closed, closed, channel, closed]),
  "trySelect()": (channel) => trySelect({ in: channel }),
  "selectSync()": (channel) => selectSync({ in: channel }),
};

// ---- use after dispose

for (const [name, use] of Object.entries({ ...sends, ...others })) {
  testEach(shared, `Channel throws at the call of ${name} once it is disposed`, (flavor) => {
    const channel = flavor.make();
    channel[Symbol.dispose]();
    assertThrows(() => use(channel, flavor.sample(0)), TypeError, "disposed channel");
  });
}

testEach(shared, "Channel rejects for await once it is disposed", async (flavor) => {
  const channel = flavor.make();
  channel[Symbol.dispose]();
  const iterating = async (): Promise<void> => {
    for await (const _ of channel);
  };
  await assertRejects(iterating, TypeError, "disposed channel");
});

test("an iterator and the streams of a channel end with an error when it is disposed", async () => {
  const make = (): Channel<number> => new Channel(i32, 1);
  const [iterated, read, written] = [make(), make(), make()];
  const iterator = iterated[Symbol.asyncIterator]();
  const reader = read.toReadableStream().getReader();
  const writer = written.toWritableStream().getWriter();
  const failed = assertRejects(() => writer.closed, TypeError, "disposed channel");
  for (const channel of [iterated, read, written]) channel[Symbol.dispose]();
  assertThrows(() => iterator.next(), TypeError, "disposed channel");
  await assertRejects(() => reader.read(), TypeError, "disposed channel");
  await assertRejects(() => writer.write(1), TypeError, "disposed channel");
  await failed;
});

/** Every use of a lock but disposing it. */
const lockUses: Readonly<Record<string, readonly [() => Disposable, (lock: never) => unknown]>> = {
  "Mutex.lock()": [mutex, (lock: Mutex) => lock.lock()],
  "Mutex.lock() with an aborted signal": [mutex, (lock: Mutex) => lock.lock(aborted)],
  "Mutex.lockSync()": [mutex, (lock: Mutex) => lock.lockSync()],
  "Mutex.tryLock()": [mutex, (lock: Mutex) => lock.tryLock()],
  "Mutex.lockWithin()": [mutex, (lock: Mutex) => lock.lockWithin(1)],
  "Mutex.lockWithin() with an aborted signal": [
    mutex,
    (lock: Mutex) => lock.lockWithin(1, aborted),
  ],
  "Mutex.lockWithinSync()": [mutex, (lock: Mutex) => lock.lockWithinSync(1)],
  "Mutex.unlock()": [mutex, (lock: Mutex) => lock.unlock()],
  "Mutex.locked": [mutex, (lock: Mutex) => lock.locked],
  "Semaphore.acquire()": [semaphore, (lock: Semaphore) => lock.acquire()],
  "Semaphore.acquire() of more than there is": [semaphore, (lock: Semaphore) => lock.acquire(5)],
  "Semaphore.acquire() with an aborted signal": [
    semaphore,
    (lock: Semaphore) => lock.acquire(1, aborted),
  ],
  "Semaphore.acquireSync()": [semaphore, (lock: Semaphore) => lock.acquireSync()],
  "Semaphore.tryAcquire()": [semaphore, (lock: Semaphore) => lock.tryAcquire()],
  "Semaphore.release()": [semaphore, (lock: Semaphore) => lock.release()],
  "WaitGroup.add()": [group, (lock: WaitGroup) => lock.add(1)],
  "WaitGroup.done()": [group, (lock: WaitGroup) => lock.done()],
  "WaitGroup.wait()": [group, (lock: WaitGroup) => lock.wait()],
  "WaitGroup.wait() with an aborted signal": [group, (lock: WaitGroup) => lock.wait(aborted)],
  "WaitGroup.waitSync()": [group, (lock: WaitGroup) => lock.waitSync()],
  "WaitGroup.go()": [group, (lock: WaitGroup) => lock.go(() => {})],
};

function mutex(): Mutex {
  return new Mutex();
}

function semaphore(): Semaphore {
  return new Semaphore(1);
}

function group(): WaitGroup {
  return new WaitGroup();
}

for (const [name, [make, use]] of Object.entries(lockUses)) {
  test(`${name} throws at the call once the handle is disposed`, () => {
    const lock = make();
    lock[Symbol.dispose]();
    assertThrows(() => use(lock as never), TypeError, "disposed");
  });
}

for (const [name, handle] of Object.entries({ mutex, semaphore, group })) {
  test(`Pool.go() refuses a disposed ${name} as an argument, at the call`, async () => {
    await using pool = new Pool({ threads: 1 });
    const lock = handle();
    lock[Symbol.dispose]();
    assertThrows(() => pool.go(echo, { lock }), TypeError, "disposed");
  });
}

// ---- values that do not fit

interface Misfit {
  readonly type: ElementType<unknown>;
  readonly value: unknown;
  readonly errorClass: typeof TypeError | typeof RangeError;
  /** What the message says: the value, or the path to it. */
  readonly says: string;
}

function misfit<T>(
  type: ElementType<T>,
  value: unknown,
  errorClass: Misfit["errorClass"],
  says: string,
): Misfit {
  return { type: type as ElementType<unknown>, value, errorClass, says };
}

const point = struct({ x: f64, at: struct({ level: u8, note: text }) });
const deep = { x: 1, at: { level: 256, note: "" } };

const misfits: readonly Misfit[] = [
  misfit(i8, 128, RangeError, "128"),
  misfit(i8, "1", TypeError, '"1"'),
  misfit(u8, -1, RangeError, "-1"),
  misfit(u8, 1n, TypeError, "1n"),
  misfit(i16, 2 ** 15, RangeError, "32768"),
  misfit(u16, 1.5, RangeError, "1.5"),
  misfit(i32, 0.5, RangeError, "0.5"),
  misfit(i32, NaN, RangeError, "NaN"),
  misfit(u32, -1, RangeError, "-1"),
  misfit(u32, null, TypeError, "null"),
  misfit(i64, 2n ** 63n, RangeError, "9223372036854775808n"),
  misfit(i64, 1, TypeError, "1"),
  misfit(u64, -1n, RangeError, "-1n"),
  misfit(f32, 1e39, RangeError, "1e+39"),
  misfit(f32, "1", TypeError, '"1"'),
  misfit(f64, 1n, TypeError, "1n"),
  misfit(f64, undefined, TypeError, "undefined"),
  misfit(bool, 0, TypeError, "0"),
  misfit(text, 5, TypeError, "5"),
  misfit(text, undefined, TypeError, "undefined"),
  misfit(bytes, [1], TypeError, "an array of 1"),
  misfit(bytes, "a", TypeError, '"a"'),
  misfit(any(), { a: [1, () => 1] }, TypeError, ".a[1]"),
  misfit(any(), Symbol("s"), TypeError, "Symbol"),
  misfit(any(), { jobs: [new Channel()] }, TypeError, "(at .jobs[0])"),
  misfit(point, deep, RangeError, "In the field at: In the field level: Cannot send 256"),
  misfit(point, { x: 1 }, TypeError, "In the field at"),
  misfit(point, { ...deep, more: 1 }, TypeError, "field more"),
  misfit(
    struct({ v: any() }),
    { v: [() => 1] },
    TypeError,
    "In the field v: Cannot send the value at [0]",
  ),
  misfit(point, 5, TypeError, "5"),
  misfit(channelOf(i32), new Channel(3), TypeError, "give it an element type"),
  misfit(channelOf(i32), 5, TypeError, "5"),
  misfit(mutexOf, 5, TypeError, "5"),
  misfit(semaphoreOf, new Mutex(), TypeError, "an object (Mutex): expected a Semaphore"),
  misfit(waitGroupOf, null, TypeError, "null"),
];

for (const { type, value, errorClass, says } of misfits) {
  test(`Channel of ${type.name} throws at the call of every send with what does not fit: ${says}`, () => {
    for (const [name, use] of Object.entries(sends)) {
      for (const capacity of [0, 1]) {
        for (const isClosed of [false, true]) {
          using channel = new Channel(type, capacity);
          if (isClosed) channel.close();
          assertThrows(() => use(channel, value), errorClass, says, name);
          assertStrictEquals(channel.size, 0);
        }
      }
    }
  });
}

test("Channel.sendMany() sends nothing when the last value does not fit", () => {
  for (const capacity of [0, 4]) {
    using channel = new Channel(u8, capacity);
    assertThrows(() => channel.sendMany([1, 2, -1]), RangeError, "-1");
    assertThrows(() => channel.sendManySync([1, 2, -1]), RangeError, "-1");
    assertEquals([channel.size, channel.tryReceive()], [0, { state: "empty" }]);
  }
});

test("a by-reference channel goes neither to a thread nor through a channel, and the error says why", async () => {
  await using pool = new Pool({ threads: 1 });
  const local = new Channel<number>(3);
  using outer = new Channel(any<unknown>(), 1);
  using inStruct = new Channel(struct({ reply: channelOf(i32) }), 1);
  const uses: readonly (() => unknown)[] = [
    () => pool.go(echo, local),
    () => pool.go(echo, { deep: [local] }),
    () => outer.trySend(local),
    () => outer.send(new Map([["reply", local]])),
    () => inStruct.trySend({ reply: local }),
  ];
  for (const use of uses) assertThrows(use, TypeError, "give it an element type");
  assertEquals([outer.size, inStruct.size], [0, 0]);
});

// ---- what is no mistake of the call

/** The ways of sending whose promise ends with what became of the channel, and those that throw it. */
const waiting = ["send()", "sendMany()", "sendMany() of an iterable", "select() with a send"];
const immediate = [
  "sendSync()",
  "trySend()",
  "sendManySync()",
  "trySelect() with a send",
  "selectSync() with a send",
];

testEach(
  shared,
  "Channel rejects a send once it is closed, and does not throw at the call",
  async (flavor) => {
    using channel = flavor.make();
    channel.close();
    for (const name of waiting) {
      const sending = sends[name]!(channel, flavor.sample(0)) as Promise<unknown>;
      const error = await assertRejects(() => sending, ChannelClosedError);
      assertEquals(error.value, flavor.sample(0));
    }
    for (const name of immediate) {
      assertThrows(() => sends[name]!(channel, flavor.sample(0)), ChannelClosedError);
    }
  },
);

testEach(
  shared,
  "Channel rejects what waits with an aborted signal, and does not throw at the call",
  async (flavor) => {
    using channel = flavor.make();
    for (const [name, use] of Object.entries({ ...sends, ...others })) {
      if (!name.includes("aborted")) continue;
      const ended = use(channel, flavor.sample(0)) as Promise<unknown>;
      await assertRejects(() => ended, Error, "aborted");
    }
    assertStrictEquals(channel.size, 0);
  },
);

test("Channel.receive() rejects with the reason of a close, and does not throw at the call", async () => {
  using channel = new Channel(i32, 1);
  channel.close(new RangeError("no more"));
  const ends: readonly Promise<unknown>[] = [
    channel.receive(),
    channel.next(),
    channel.receiveMany(1),
    select({ channel }),
  ];
  for (const end of ends) await assertRejects(() => end, RangeError, "no more");
});
