/**
 * What compiles and what does not. The type checker is the judge (`deno task test:deno` checks this file): an expected
 * error that does not come is an error itself. The tests run what can be run, so that types and values agree.
 */
import {
  after,
  any,
  bool,
  bytes,
  Channel,
  type ElementType,
  f64,
  type HandleElement,
  i32,
  Mutex,
  mutexOf,
  never,
  type ReceiveChannel,
  select,
  type Selected,
  selectSync,
  type Semaphore,
  type semaphoreOf,
  send,
  type SendChannel,
  struct,
  type StructOf,
  text,
  type TryReceiveResult,
  trySelect,
  u32,
  type WaitGroup,
  waitGroupOf,
} from "../../mod.ts";
import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";

/** `true` if the two types are the same, and not just assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Compiles only if `T` is `true`. */
function holds<T extends true>(..._: T extends true ? [] : [never]): void {}

/** Compiles, and is never run. */
function compiles(_body: () => unknown): void {}

// ---- directions

test("a Channel is a SendChannel and a ReceiveChannel of the same channel", async () => {
  const channel = new Channel<string>(1);
  const sending: SendChannel<string> = channel;
  const receiving: ReceiveChannel<string> = channel;
  await sending.send("hello");
  assertStrictEquals(await receiving.receive(), "hello");
});

test("a ReceiveChannel has neither close nor send", () => {
  const channel: ReceiveChannel<string> = new Channel<string>(1);
  compiles(() => {
    // @ts-expect-error: closing belongs to those who send
    channel.close();
    // @ts-expect-error: it only receives
    channel.send("hello");
    // @ts-expect-error: it only receives
    channel.trySend("hello");
    // @ts-expect-error: it only receives
    select({ out: send(channel, "hello") });
    // @ts-expect-error: it does not become a channel of both directions
    const _both: Channel<string> = channel;
  });
  assertEquals(channel.tryReceive(), { state: "empty" });
});

test("a SendChannel has no receive", () => {
  const channel: SendChannel<string> = new Channel<string>(1);
  compiles(() => {
    // @ts-expect-error: it only sends
    channel.receive();
    // @ts-expect-error: it only sends
    channel.tryReceive();
    // @ts-expect-error: it only sends
    select({ in: channel });
    // @ts-expect-error: it does not become a receiving one
    const _receiving: ReceiveChannel<string> = channel;
  });
  assert(channel.trySend("hello"));
});

test("a timer's channel cannot be closed", () => {
  const channel = after(1);
  compiles(() => {
    // @ts-expect-error: nobody sends to a timer
    channel.close();
  });
  assertEquals(channel.closed, false);
});

test("a function that takes the narrower direction takes a Channel", async () => {
  const produce = (to: SendChannel<number>): Promise<void> => to.send(1);
  const consume = (from: ReceiveChannel<number>): Promise<number | undefined> => from.receive();
  const channel = new Channel<number>();
  const [, received] = await Promise.all([produce(channel), consume(channel)]);
  assertStrictEquals(received, 1);
});

test("a ReceiveChannel may be read as one of a wider type, a SendChannel may not", async () => {
  const channel = new Channel<string>(1);
  const receiving: ReceiveChannel<string | number> = channel;
  compiles(() => {
    // @ts-expect-error: its receivers expect strings
    const _sending: SendChannel<string | number> = channel;
    // @ts-expect-error: so do those of a channel of both directions
    const _both: Channel<string | number> = channel;
  });
  await channel.send("hello");
  assertStrictEquals(await receiving.receive(), "hello");
});

test("a SendChannel may be used as one of a narrower type", async () => {
  const channel = new Channel<string | number>(1);
  const sending: SendChannel<string> = channel;
  await sending.send("hello");
  assertStrictEquals(await channel.receive(), "hello");
});

// ---- channels

test("a Channel carries its own type only", async () => {
  const channel = new Channel<string>(1);
  compiles(() => {
    // @ts-expect-error: a number is no string
    channel.send(1);
    // @ts-expect-error: a number is no string
    select({ out: send(channel, 1) });
    // @ts-expect-error: what is received is a string
    const _received: Promise<number | undefined> = channel.receive();
    // @ts-expect-error: the end is undefined
    const _never: Promise<string> = channel.receive();
  });
  await channel.send("hello");
  const received: string | undefined = await channel.receive();
  assertStrictEquals(received, "hello");
});

test("a typed Channel carries what its element type says", () => {
  const channels = {
    i32: new Channel(i32, 1),
    u32: new Channel(u32, 1),
    f64: new Channel(f64, 1),
    bool: new Channel(bool, 1),
    text: new Channel(text, 1),
    bytes: new Channel(bytes, 1),
    any: new Channel(any<{ id: number }>(), 1),
  };
  holds<
    Same<
      typeof channels,
      {
        i32: Channel<number>;
        u32: Channel<number>;
        f64: Channel<number>;
        bool: Channel<boolean>;
        text: Channel<string>;
        bytes: Channel<Uint8Array>;
        any: Channel<{ id: number }>;
      }
    >
  >();
  compiles(() => {
    // @ts-expect-error: a text is no number
    channels.i32.send("1");
    // @ts-expect-error: a number is no boolean
    channels.bool.send(1);
    // @ts-expect-error: id is missing
    channels.any.send({});
  });
  for (const channel of Object.values(channels)) channel[Symbol.dispose]();
});

test("an ElementType names what it carries", () => {
  holds<Same<typeof text, ElementType<string>>>();
  holds<Same<ReturnType<typeof any<Date>>, ElementType<Date>>>();
  assertStrictEquals(text.name, "text");
});

test("Channel.tryReceive() narrows by its state", () => {
  const channel = new Channel<string>(1);
  channel.trySend("hello");
  const got: TryReceiveResult<string> = channel.tryReceive();
  compiles(() => {
    // @ts-expect-error: there may be no value
    got.value;
  });
  if (got.state === "ok") {
    const value: string = got.value;
    assertStrictEquals(value, "hello");
  }
  assertStrictEquals(got.state, "ok");
});

test("Channel.next() narrows by done", async () => {
  const channel = new Channel<string>(1);
  channel.trySend("hello");
  const got = await channel.next();
  assert(!got.done);
  const value: string = got.value;
  assertStrictEquals(value, "hello");
});

test("for await over a Channel gives values, never undefined", async () => {
  const channel = new Channel<string>(1);
  channel.trySend("hello");
  channel.close();
  for await (const value of channel) {
    const given: string = value;
    assertStrictEquals(given, "hello");
  }
});

test("mutexOf and the like are element types, called or not", () => {
  using called = new Channel(mutexOf(), 1);
  using plain = new Channel(mutexOf, 1);
  holds<Same<typeof called, Channel<Mutex>>>();
  holds<Same<typeof plain, Channel<Mutex>>>();
  holds<Same<typeof mutexOf, ElementType<Mutex> & (() => ElementType<Mutex>)>>();
  holds<Same<typeof semaphoreOf, HandleElement<Semaphore>>>();
  holds<Same<typeof waitGroupOf, HandleElement<WaitGroup>>>();
  const fields = { lock: mutexOf, group: waitGroupOf() };
  holds<Same<StructOf<typeof fields>, { lock: Mutex; group: WaitGroup }>>();
  using structs = new Channel(struct(fields), 1);
  holds<Same<typeof structs, Channel<{ lock: Mutex; group: WaitGroup }>>>();
  compiles(() => {
    // @ts-expect-error: a channel of mutexes carries no semaphores
    plain.send(null as unknown as Semaphore);
  });
  using mutex = new Mutex();
  plain.trySend(mutex);
  assertStrictEquals(plain.receiveSync(), mutex);
});

// ---- select

test("select() narrows value by case and ok (crossbeam select_macro/infer_types)", async () => {
  const names = new Channel<string>(1);
  const counts = new Channel<number>();
  names.trySend("hello");
  const got = await select({ name: names, count: counts, late: after(2 ** 31), off: null });
  holds<Same<typeof got.case, "name" | "count" | "late">>();
  switch (got.case) {
    case "name": {
      holds<Same<typeof got.value, string | undefined>>();
      assert(got.ok);
      const value: string = got.value;
      assertStrictEquals(value, "hello");
      break;
    }
    case "count":
      holds<Same<typeof got.value, number | undefined>>();
      break;
    case "late":
      if (got.ok) holds<Same<typeof got.value, Date>>();
      else holds<Same<typeof got.value, undefined>>();
  }
  compiles(() => {
    // @ts-expect-error: without a look at the case it may be any of them
    const _value: string = got.value;
    // @ts-expect-error: there is no such case
    return got.case === "nobody";
  });
  assertStrictEquals(got.case, "name");
});

test("select() has no value for a case that sends", async () => {
  const out = new Channel<string>(1);
  const got = await select({ out: send(out, "hello") });
  holds<Same<typeof got.value, undefined>>();
  holds<Same<typeof got.ok, true>>();
  assertEquals(got, { case: "out", ok: true, value: undefined });
});

test("select() narrows the cases of a tuple by index", async () => {
  const names = new Channel<string>(1);
  names.trySend("hello");
  const got = await select([new Channel<number>(), names]);
  holds<Same<typeof got.case, 0 | 1>>();
  assert(got.case === 1 && got.ok);
  const value: string = got.value;
  assertStrictEquals(value, "hello");
});

test("select() over an array gives the index as a number", async () => {
  const channels: Channel<string>[] = [new Channel<string>(), new Channel<string>(1)];
  channels[1]!.trySend("hello");
  const got = await select(channels);
  holds<Same<typeof got.case, number>>();
  holds<Same<typeof got.value, string | undefined>>();
  assertStrictEquals(got.case, 1);
});

test("select() takes a channel that may be null", async () => {
  const maybe = new Channel<string>(1) as Channel<string> | null;
  maybe?.trySend("hello");
  const got = await select({ maybe, stop: null as ReceiveChannel<never> | null });
  holds<Same<typeof got.case, "maybe" | "stop">>();
  if (got.case === "stop") holds<Same<typeof got.value, undefined>>();
  assertStrictEquals(got.value, "hello");
});

test("send() takes a channel that may be null, and its type", () => {
  const maybe = null as Channel<string> | null;
  compiles(() => {
    // @ts-expect-error: a number is no string
    send(maybe, 1);
  });
  assertStrictEquals(trySelect({ out: send(maybe, "hello") }), undefined);
});

test("trySelect() may be undefined", () => {
  const names = new Channel<string>(1);
  names.trySend("hello");
  const got = trySelect({ name: names });
  compiles(() => {
    // @ts-expect-error: nothing may have been ready
    got.case;
  });
  assertStrictEquals(got?.value, "hello");
});

test("selectSync() is narrowed as select() is", () => {
  const names = new Channel<string>(1);
  names.trySend("hello");
  const got = selectSync({ name: names, late: after(2 ** 31) });
  assert(got.case === "name" && got.ok);
  const value: string = got.value;
  assertStrictEquals(value, "hello");
});

test("Selected names what a select gives", () => {
  type Cases = { a: Channel<string>; b: null };
  type Expected =
    | { readonly case: "a"; readonly ok: true; readonly value: string }
    | { readonly case: "a"; readonly ok: false; readonly value: undefined };
  holds<Same<Selected<Cases>, Expected>>();
  compiles(() => {
    // @ts-expect-error: a number is no case
    select({ a: 5 });
    // @ts-expect-error: undefined is no case; null switches one off
    select({ a: undefined });
    // @ts-expect-error: nor is a promise
    select({ a: Promise.resolve(1) });
  });
  assertStrictEquals(trySelect({ b: null }), undefined);
});

test("after() is a channel of dates, never() one of nothing", async () => {
  const timer: ReceiveChannel<Date> = after(0);
  const nothing: ReceiveChannel<string> = never();
  assertInstanceOf(await timer.receive(), Date);
  assertEquals(nothing.tryReceive(), { state: "empty" });
});

test("a signal may be given as undefined, by a caller who has none", async () => {
  const options: { signal: AbortSignal | undefined } = { signal: undefined };
  const channel = new Channel<number>(1);
  await channel.send(1, options);
  assertEquals(await channel.receive(options), 1);
  await channel.sendMany([2], options);
  assertEquals((await select({ channel }, options)).value, 2);
});
