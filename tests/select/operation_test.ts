/** A wait that is over has left nothing behind: no listener, no heap block, no addressee, no node in a queue. */
import {
  after,
  afterFunc,
  Channel,
  f64,
  i32,
  select,
  selectSync,
  send,
  sleep,
  text,
  Timer,
  trySelect,
} from "../../mod.ts";
import { AgentCannotBlockError } from "../../src/errors.ts";
import { core, memoryUse } from "../../src/memory/core.ts";
import { type Shareable, shared } from "../../src/memory/handle.ts";
import { QUEUE_COUNT, RING_PINS, RING_RECEIVERS, RING_SENDERS } from "../../src/memory/layout.ts";
import { agent } from "../../src/park/agent.ts";
import type { Case, Wait } from "../../src/select/case.ts";
import { Operation } from "../../src/select/operation.ts";
import { seeded, settled } from "../conformance/waiting.ts";
import {
  assertEquals,
  assertGreater,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";

/** What waits in this thread. */
interface Traces {
  /** Bytes of shared memory that live. */
  readonly liveBytes: number;
  /** Waits that something may still come for. */
  readonly addressees: number;
}

function traces(): Traces {
  return { liveBytes: memoryUse().liveBytes, addressees: agent().waiting };
}

/** Nodes in the two queues of a typed channel, and its pins: one for the references, one a party that waits. */
function waitersOf(channel: Shareable): { receivers: number; senders: number; pins: number } {
  const ptr = channel[shared] as number;
  const read = (offset: number): number => core().readU32(ptr + offset);
  return {
    receivers: read(RING_RECEIVERS + QUEUE_COUNT),
    senders: read(RING_SENDERS + QUEUE_COUNT),
    pins: read(RING_PINS),
  };
}

const NOBODY = { receivers: 0, senders: 0, pins: 1 };

/** Counts the listeners of a signal as they come and go. */
function watch(signal: AbortSignal): { readonly count: number } {
  const listeners = { count: 0 };
  const add = signal.addEventListener;
  const remove = signal.removeEventListener;
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.count++;
    add.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.count--;
    remove.apply(signal, args);
  };
  return listeners;
}

test("a wait at a typed channel stands in its queue, and is gone once it is over", async () => {
  using channel = new Channel(i32, 1);
  const receiving = channel.receive();
  assertEquals(waitersOf(channel), { receivers: 1, senders: 0, pins: 2 });
  channel.trySend(1);
  await receiving;
  assertEquals(waitersOf(channel), NOBODY);
});

test("a wait that is aborted has left the queue", async () => {
  using channel = new Channel(i32, 1);
  const abort = new AbortController();
  const receiving = settled(channel.receive({ signal: abort.signal }));
  abort.abort();
  assertEquals(waitersOf(channel), NOBODY);
  await receiving;
});

test("a select stands in the queue of every typed case, and leaves all when one takes effect", async () => {
  using one = new Channel(i32, 1);
  using two = new Channel(f64, 1);
  using full = new Channel(text, 1);
  using local = new Channel<number>();
  full.trySend("full");
  const selecting = select({ one, two, out: send(full, "more"), local, twice: two });
  assertEquals([one, two, full].map(waitersOf), [
    { receivers: 1, senders: 0, pins: 2 },
    { receivers: 2, senders: 0, pins: 3 },
    { receivers: 0, senders: 1, pins: 2 },
  ]);
  local.trySend(1);
  assertStrictEquals((await selecting).case, "local");
  assertEquals([one, two, full].map(waitersOf), [NOBODY, NOBODY, NOBODY]);
});

test("trySelect() and a select that is ready at once enter no queue", async () => {
  using one = new Channel(i32, 1);
  using two = new Channel(i32, 1);
  const before = traces();
  trySelect({ one, two });
  two.trySend(1);
  await select({ one, two });
  assertEquals([traces(), waitersOf(one), waitersOf(two)], [before, NOBODY, NOBODY]);
});

test("an AbortSignal has no listener left when its waits are over, however they ended", async () => {
  const abort = new AbortController();
  const { signal } = abort;
  const listeners = watch(signal);
  using typed = new Channel(i32, 1);
  using local = new Channel<number>();
  using closing = new Channel(i32, 1);
  const waits = [
    typed.receive({ signal }),
    local.receive({ signal }),
    local.next({ signal }),
    select({ typed, local }, { signal }),
    closing.receive({ signal }),
    after(1).receive({ signal }),
    sleep(1, { signal }),
    // These are aborted.
    select({}, { signal }),
    sleep(2 ** 31, { signal }),
    new Channel<number>().send(1, { signal }),
  ].map((wait) => settled(wait as Promise<unknown>));
  // One for all of them.
  assertStrictEquals(listeners.count, 1);
  typed.trySend(1);
  local.trySend(2);
  local.trySend(3);
  local.trySend(4);
  closing.close("reason");
  await Promise.all(waits.slice(0, 7));
  assertStrictEquals(listeners.count, 1);
  abort.abort();
  await Promise.all(waits);
  assertStrictEquals(listeners.count, 0);
});

test("a wait that is ready at once, or refused, adds no listener", async () => {
  const { signal } = new AbortController();
  const listeners = watch(signal);
  using typed = new Channel(i32, 1);
  typed.trySend(1);
  await typed.receive({ signal });
  await typed.send(1, { signal });
  await select({ typed }, { signal });
  assertThrows(() => typed.send(1.5, { signal }), RangeError);
  assertStrictEquals(listeners.count, 0);
});

test("10,000 waits on one signal that all end leave no listener", async () => {
  const { signal } = new AbortController();
  const listeners = watch(signal);
  using typed = new Channel(i32, 10_000);
  const receives = Array.from({ length: 10_000 }, () => typed.receive({ signal }));
  for (let value = 0; value < 10_000; value++) typed.trySend(value);
  await Promise.all(receives);
  assertStrictEquals(listeners.count, 0);
});

/** Something to wait for, aborted or answered; each storm runs over all. */
const storms: Readonly<
  Record<
    string,
    (typed: Channel<number>, full: Channel<number>, signal: AbortSignal) => Promise<unknown>
  >
> = {
  "receives": (typed, _, signal) => typed.receive({ signal }),
  "sends": (_, full, signal) => full.send(1, { signal }),
  "selects": (typed, full, signal) =>
    select({ typed, again: typed, out: send(full, 1), late: after(2 ** 31), off: null }, {
      signal,
    }),
};

for (const [name, wait] of Object.entries(storms)) {
  test(`a storm of aborted ${name} leaves no byte, no addressee, no node and no listener`, async () => {
    using typed = new Channel(i32, 1);
    using full = new Channel(i32, 1);
    full.trySend(1);
    const before = traces();
    const random = seeded(11);
    const ends: Promise<unknown>[] = [];
    const live: AbortController[] = [];
    const watched: { readonly count: number }[] = [];
    for (let n = 0; n < 3000; n++) {
      const abort = new AbortController();
      watched.push(watch(abort.signal));
      live.push(abort);
      ends.push(settled(wait(typed, full, abort.signal)));
      if (random(2) === 0) live.splice(random(live.length), 1)[0]!.abort();
      if (random(50) === 0) await Promise.resolve();
    }
    assertGreater(waitersOf(typed).receivers + waitersOf(full).senders, 1000);
    for (const abort of live) abort.abort();
    await Promise.all(ends);
    assertEquals(traces(), before);
    assertEquals([waitersOf(typed), waitersOf(full)], [NOBODY, NOBODY]);
    assertStrictEquals(watched.reduce((sum, { count }) => sum + count, 0), 0);
  });

  test(`a storm of ${name}, some answered and some aborted, leaves nothing`, async () => {
    using typed = new Channel(i32, 1);
    using full = new Channel(i32, 1);
    full.trySend(1);
    const before = traces();
    const random = seeded(12);
    const ends: Promise<unknown>[] = [];
    const live: AbortController[] = [];
    for (let n = 0; n < 3000; n++) {
      const abort = new AbortController();
      live.push(abort);
      ends.push(settled(wait(typed, full, abort.signal)));
      if (random(4) === 0) live.splice(random(live.length), 1)[0]!.abort();
      if (random(3) === 0) typed.trySend(n);
      if (random(3) === 0) full.tryReceive();
      if (random(50) === 0) await Promise.resolve();
    }
    for (const abort of live) abort.abort();
    await Promise.all(ends);
    assertEquals(traces(), before);
    assertEquals([waitersOf(typed), waitersOf(full)], [NOBODY, NOBODY]);
  });
}

test("waits that the close ends leave nothing", async () => {
  const before = traces();
  {
    using typed = new Channel(i32, 1);
    using full = new Channel(text, 1);
    full.trySend("full");
    const ends = Array.from({ length: 100 }, () => [
      settled(typed.receive()),
      settled(full.send("more")),
      settled(select({ typed, out: send(full, "more"), late: after(2 ** 31) })),
    ]).flat();
    typed.close(new Error("reason"));
    full.close();
    await Promise.all(ends);
    assertEquals([waitersOf(typed), waitersOf(full)], [NOBODY, NOBODY]);
  }
  assertEquals(traces(), before);
});

test("waits that the disposal of the last handle ends leave nothing", async () => {
  const before = traces();
  const typed = new Channel(i32, 1);
  const ends = [typed.receive(), typed.next(), select({ typed, late: after(2 ** 31) })];
  typed[Symbol.dispose]();
  await Promise.all(ends);
  assertEquals(traces(), before);
});

test("a select that is refused half way leaves nothing", () => {
  using one = new Channel(text, 1);
  using two = new Channel(i32, 1);
  one.trySend("full");
  const before = traces();
  // The first case is a message by the time that the second is refused, or the other way round.
  for (let round = 0; round < 20; round++) {
    assertThrows(() => select([send(one, "more"), send(two, 1.5)]), RangeError);
  }
  assertEquals([traces(), waitersOf(one), waitersOf(two)], [before, NOBODY, NOBODY]);
});

test("selectSync() leaves nothing when its timer's case ends it", () => {
  using one = new Channel(i32, 1);
  using full = new Channel(text, 1);
  full.trySend("full");
  const before = traces();
  for (let round = 0; round < 20; round++) {
    selectSync({ one, out: send(full, "more"), late: after(1) });
  }
  assertEquals([traces(), waitersOf(one), waitersOf(full)], [before, NOBODY, NOBODY]);
});

test("selectSync() leaves nothing when it cannot block", () => {
  using local = new Channel<number>();
  const before = traces();
  assertThrows(() => selectSync({ local, out: send(local, 1) }), AgentCannotBlockError);
  assertEquals(traces(), before);
});

test("a select over 10,000 typed channels leaves nothing", async () => {
  const channels = Array.from({ length: 10_000 }, () => new Channel(i32, 1));
  const before = traces();
  const selecting = select(channels);
  channels[7777]!.trySend(1);
  assertStrictEquals((await selecting).case, 7777);
  assertEquals(traces(), before);
  assertEquals(channels.filter((each) => waitersOf(each).pins !== 1), []);
  for (const channel of channels) channel[Symbol.dispose]();
});

test("a wait that started anew because somebody was faster still ends once", async () => {
  using typed = new Channel(i32, 1);
  const before = traces();
  const order: string[] = [];
  const first = typed.receive().then((value) => order.push(`first ${value}`));
  const second = select({ typed, never: null }).then(({ value }) => order.push(`second ${value}`));
  typed.trySend(1);
  typed.trySend(2);
  await Promise.all([first, second]);
  assertEquals([order, traces()], [["first 1", "second 2"], before]);
});

// ---- cases

/** A case that writes down what happens to it, and is ready when it is told. */
class FakeCase implements Case {
  index = 0;
  readonly rank = 0;
  readonly isShared = false;
  readonly isTimed = false;
  readonly deadline = Infinity;
  readonly log: string[] = [];
  #wait: Wait | undefined;

  poll(): boolean {
    return false;
  }

  isReady(): boolean {
    return false;
  }

  enter(wait: Wait): boolean {
    this.#wait = wait;
    this.log.push("enter");
    return true;
  }

  leave(wasClaimed: boolean): void {
    this.log.push(wasClaimed ? "leave, claimed" : "leave");
  }

  complete(): boolean {
    return false;
  }

  dispose(hadEffect: boolean): void {
    this.log.push(hadEffect ? "dispose, had effect" : "dispose");
  }

  /** The other side finds it. */
  happen(): boolean {
    const isMine = this.#wait!.claim(this.index);
    if (isMine) this.#wait!.finish(this.index);
    return isMine;
  }
}

test("Operation.wait() leaves and disposes of every case once, and says which had the effect", async () => {
  const cases = [new FakeCase(), new FakeCase(), new FakeCase()];
  const waiting = Operation.wait(cases, (_, index) => index);
  cases[1]!.happen();
  assertStrictEquals(await waiting, 1);
  assertEquals(cases.map(({ log }) => log.join(", ")), [
    "enter, leave, dispose",
    "enter, leave, claimed, dispose, had effect",
    "enter, leave, dispose",
  ]);
});

test("Operation.wait() can be claimed once", async () => {
  const cases = [new FakeCase(), new FakeCase()];
  const waiting = Operation.wait(cases, (_, index) => index);
  assertEquals([cases[1]!.happen(), cases[0]!.happen(), cases[1]!.happen()], [true, false, false]);
  assertStrictEquals(await waiting, 1);
});

test("Operation.wait() that is aborted leaves and disposes of every case, and cannot be claimed", async () => {
  const cases = [new FakeCase(), new FakeCase()];
  const abort = new AbortController();
  const waiting = settled(Operation.wait(cases, (_, index) => index, abort.signal));
  abort.abort("stop");
  assertEquals([cases[0]!.happen(), cases[1]!.happen()], [false, false]);
  assertEquals(await waiting, { reason: "stop" });
  assertEquals(cases.map(({ log }) => log.join(", ")), [
    "enter, leave, dispose",
    "enter, leave, dispose",
  ]);
});

test("Operation.wait() rejects with what its outcome throws", async () => {
  const cases = [new FakeCase()];
  const waiting = Operation.wait(cases, () => {
    throw new RangeError("outcome");
  });
  cases[0]!.happen();
  await assertRejects(() => waiting, RangeError, "outcome");
});

test("Operation.block() that cannot block has disposed of its cases", () => {
  const cases = [new FakeCase(), new FakeCase()];
  assertThrows(() => Operation.block(cases, (_, index) => index), AgentCannotBlockError);
  assertEquals(cases.map(({ log }) => log.join(", ")), ["dispose", "dispose"]);
});

// ---- timers

/** Counts the engine's timers as they are set and cleared, while `body` runs. */
async function countTimers(body: () => Promise<void>): Promise<{ set: number; live: number }> {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const live = new Set<unknown>();
  let count = 0;
  globalThis.setTimeout = ((run: () => void, ms: number) => {
    count++;
    const timer = set(() => {
      live.delete(timer);
      run();
    }, ms);
    live.add(timer);
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    live.delete(timer);
    clear(timer);
  };
  try {
    await body();
  } finally {
    globalThis.setTimeout = set;
    globalThis.clearTimeout = clear;
  }
  return { set: count, live: live.size };
}

test("timers that nobody waits for set no timer of the engine", async () => {
  const timers = await countTimers(async () => {
    using timer = new Timer(1);
    after(1);
    timer.reset(2);
    after(0).tryReceive();
    trySelect({ late: after(1) });
    await Promise.resolve();
  });
  assertEquals(timers, { set: 0, live: 0 });
});

test("a select that another case ends has cleared its timer", async () => {
  using typed = new Channel(i32, 1);
  using local = new Channel<number>();
  const timers = await countTimers(async () => {
    for (const channel of [typed, local]) {
      const selecting = select({ channel, late: after(60_000), later: after(2 ** 31) });
      channel.trySend(1);
      await selecting;
    }
  });
  assertEquals(timers, { set: 2, live: 0 });
});

test("a select that is aborted has cleared its timer", async () => {
  const timers = await countTimers(async () => {
    const abort = new AbortController();
    const selecting = select({ late: after(60_000) }, { signal: abort.signal });
    abort.abort();
    await assertRejects(() => selecting);
  });
  assertEquals(timers, { set: 1, live: 0 });
});

test("a sleep that is aborted has cleared its timer", async () => {
  const timers = await countTimers(async () => {
    const abort = new AbortController();
    const sleeping = sleep(60_000, { signal: abort.signal });
    abort.abort();
    await assertRejects(() => sleeping);
  });
  assertEquals(timers, { set: 1, live: 0 });
});

test("an afterFunc that is stopped, or set anew, has cleared its timer", async () => {
  const timers = await countTimers(async () => {
    const timer = afterFunc(60_000, () => {});
    timer.reset(50_000);
    timer.stop();
    await Promise.resolve();
  });
  assertEquals(timers, { set: 2, live: 0 });
});

test("a wait for a timer that is stopped has no timer of the engine", async () => {
  const abort = new AbortController();
  const timers = await countTimers(async () => {
    using timer = new Timer(60_000);
    const receiving = settled(timer.channel.receive({ signal: abort.signal }));
    timer.stop();
    await Promise.resolve();
    assertStrictEquals(timer.stop(), false);
    abort.abort();
    await receiving;
  });
  assertEquals(timers, { set: 1, live: 0 });
});
