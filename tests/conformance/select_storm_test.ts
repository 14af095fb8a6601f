/**
 * Storms: many goroutines of one thread that send, receive and select over channels of every kind, while waits are aborted at
 * random. Whatever happened, every value whose send took effect is received exactly once. The seed is in the test's name.
 */
import { after, Channel, f64, i32, select, send, trySelect } from "../../mod.ts";
import { assertEquals, assertGreater, assertStrictEquals } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { seeded, takeAll, turn } from "./waiting.ts";

const MAKERS: readonly (() => Channel<number>)[] = [
  () => new Channel<number>(),
  () => new Channel<number>(1),
  () => new Channel<number>(3),
  () => new Channel(i32, 0),
  () => new Channel(f64, 0),
  () => new Channel(i32, 1),
  () => new Channel(f64, 3),
];

/** What one storm has done. */
interface Tally {
  /** Values whose send has taken effect. */
  readonly sent: number[];
  readonly received: number[];
  /** Waits that ended by an abort. */
  aborted: number;
}

/** Runs `count` operations chosen by `random`, and ends those that still wait. */
async function storm(
  channels: readonly Channel<number>[],
  random: (bound: number) => number,
  count: number,
): Promise<Tally> {
  const tally: Tally = { sent: [], received: [], aborted: 0 };
  const live: AbortController[] = [];
  const waits: Promise<void>[] = [];
  const pick = (): Channel<number> => channels[random(channels.length)]!;
  let next = 0;

  const operations: ((signal: AbortSignal) => Promise<void>)[] = [
    async (signal) => {
      const value = next++;
      await pick().send(value, { signal });
      tally.sent.push(value);
    },
    async (signal) => {
      const got = await pick().next({ signal });
      if (!got.done) tally.received.push(got.value);
    },
    async (signal) => {
      // Sends and receives, perhaps several of one channel, perhaps both of it.
      const value = next++;
      const got = await select(
        [pick(), send(pick(), value), pick(), send(pick(), value), null, after(2 ** 31)],
        { signal },
      );
      if (typeof got.value === "number") tally.received.push(got.value);
      else tally.sent.push(value);
    },
    async (signal) => {
      const got = await select(channels, { signal });
      if (got.ok) tally.received.push(got.value);
    },
    () => {
      const value = next++;
      if (pick().trySend(value)) tally.sent.push(value);
      return Promise.resolve();
    },
    () => {
      const value = next++;
      const got = trySelect([pick(), send(pick(), value), pick()]);
      if (got?.case === 1) tally.sent.push(value);
      else if (got?.ok) tally.received.push(got.value as number);
      return Promise.resolve();
    },
  ];

  for (let step = 0; step < count; step++) {
    const abort = new AbortController();
    live.push(abort);
    const operation = operations[random(operations.length)]!;
    waits.push(
      operation(abort.signal).catch((reason) => {
        assertStrictEquals(reason, "stop");
        tally.aborted++;
      }),
    );
    while (live.length > 20) live.splice(random(live.length), 1)[0]!.abort("stop");
    if (random(8) === 0) await Promise.resolve();
    if (random(200) === 0) await turn();
  }
  for (const abort of live) abort.abort("stop");
  await Promise.all(waits);
  for (const channel of channels) tally.received.push(...takeAll(channel));
  return tally;
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`a storm over channels of every kind delivers what was sent exactly once, seed ${seed} (crossbeam select/stress_timeout_two_threads)`, async () => {
    const channels = MAKERS.map((make) => make());
    const { sent, received, aborted } = await storm(channels, seeded(seed), 4000);
    assertEquals(received.sort((a, b) => a - b), sent.sort((a, b) => a - b));
    assertGreater(sent.length, 500);
    assertGreater(aborted, 100);
    for (const channel of channels) channel[Symbol.dispose]();
  });
}

for (const [index, make] of MAKERS.entries()) {
  test(`a storm over two channels of one kind delivers what was sent exactly once, kind ${index}`, async () => {
    const channels = [make(), make()];
    const { sent, received } = await storm(channels, seeded(100 + index), 3000);
    assertEquals(received.sort((a, b) => a - b), sent.sort((a, b) => a - b));
    assertGreater(sent.length, 300);
    for (const channel of channels) channel[Symbol.dispose]();
  });
}

for (const [index, make] of MAKERS.entries()) {
  test(`no wake-up is lost among waits, selects and aborts, kind ${index}`, async () => {
    const channel = make();
    const random = seeded(200 + index);
    const pending = { receives: 0, sends: 0 };
    const aborts: AbortController[] = [];
    const ends: Promise<void>[] = [];
    const track = (wait: Promise<unknown>, kind: "receives" | "sends" | undefined): void => {
      if (kind !== undefined) pending[kind]++;
      const ended = (): void => {
        if (kind !== undefined) pending[kind]--;
      };
      ends.push(wait.then(ended, ended));
    };
    const wrong: string[] = [];
    for (let round = 0; round < 60; round++) {
      const passing: AbortController[] = [];
      for (let step = 0; step < 30; step++) {
        const abort = new AbortController();
        const { signal } = abort;
        const kind = random(4);
        (kind < 2 ? aborts : passing).push(abort);
        if (kind === 0) track(channel.receive({ signal }), "receives");
        if (kind === 1) track(channel.send(step, { signal }), "sends");
        if (kind === 2) track(select([channel, channel], { signal }), undefined);
        if (kind === 3) track(select([send(channel, step), channel], { signal }), undefined);
        if (random(3) === 0) aborts.splice(random(aborts.length), 1)[0]?.abort();
        if (random(3) === 0) passing.splice(random(passing.length), 1)[0]?.abort();
      }
      for (const abort of passing) abort.abort();
      // All is still: whoever waits now would wait for ever.
      await turn();
      const { receives, sends } = pending;
      const state = `${receives} receives, ${sends} sends, ${channel.size} values`;
      if (receives > 0 && (sends > 0 || channel.size > 0)) wrong.push(state);
      if (sends > 0 && channel.size < channel.capacity) wrong.push(state);
    }
    for (const abort of aborts) abort.abort();
    await Promise.all(ends);
    assertEquals(wrong, []);
    assertEquals(pending, { receives: 0, sends: 0 });
    channel[Symbol.dispose]();
  });
}
