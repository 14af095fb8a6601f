/** Tickers. As in `timer_test.ts`, time is asserted from one side only. */
import { after, select, sleep, tick, Ticker } from "../../mod.ts";
import {
  assertEquals,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLessOrEqual,
  assertStrictEquals,
  assertThrows,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import { settled, takeAll } from "./waiting.ts";

/** What is no period: the value and the error. */
const BAD: readonly [unknown, typeof TypeError | typeof RangeError][] = [
  [0, RangeError],
  [-1, RangeError],
  [NaN, RangeError],
  ["5", TypeError],
  [undefined, TypeError],
  [5n, TypeError],
];

test("Ticker.channel yields a Date at every period, not before it (crossbeam tick/intervals)", async () => {
  const start = performance.now();
  using ticker = new Ticker(5);
  const early: number[] = [];
  for (let n = 1; n <= 4; n++) {
    assertInstanceOf(await ticker.channel.receive(), Date);
    if (performance.now() - start < n * 5) early.push(n);
  }
  assertEquals(early, []);
});

test("Ticker.channel is empty before the first period is over (crossbeam tick/try_recv)", () => {
  using ticker = new Ticker(2 ** 31);
  assertEquals(ticker.channel.tryReceive(), { state: "empty" });
});

test("Ticker.channel drops ticks that nobody takes", async () => {
  using ticker = new Ticker(2);
  await sleep(60);
  const start = performance.now();
  const taken = takeAll(ticker.channel).length;
  const duringTake = Math.ceil((performance.now() - start) / 2);
  assertGreaterOrEqual(taken, 1);
  assertLessOrEqual(taken, 1 + duringTake);
});

test("for await over a Ticker's channel goes on until it is left", async () => {
  using ticker = new Ticker(1);
  let ticks = 0;
  for await (const time of ticker.channel) {
    assertInstanceOf(time, Date);
    if (++ticks === 3) break;
  }
  assertStrictEquals(ticks, 3);
});

test("Ticker.stop() lets no more ticks come", async () => {
  using ticker = new Ticker(1);
  await ticker.channel.receive();
  ticker.stop();
  await sleep(5);
  assertEquals(ticker.channel.tryReceive(), { state: "empty" });
});

test("Ticker.stop() drops a tick that is due and unread", async () => {
  using ticker = new Ticker(1);
  await sleep(3);
  ticker.stop();
  assertEquals(ticker.channel.tryReceive(), { state: "empty" });
});

test("Ticker.stop() keeps ticks from those who wait", async () => {
  using ticker = new Ticker(5);
  const selecting = select({ tick: ticker.channel, later: after(15) });
  ticker.stop();
  assertStrictEquals((await selecting).case, "later");
});

test("Ticker.stop() does not close the channel", () => {
  using ticker = new Ticker(1);
  ticker.stop();
  assertStrictEquals(ticker.channel.closed, false);
});

test("Ticker.stop() twice is harmless", () => {
  const ticker = new Ticker(1);
  ticker.stop();
  ticker.stop();
  assertEquals(ticker.channel.tryReceive(), { state: "empty" });
});

test("Ticker.reset() sets the next tick to one new period from now", async () => {
  using ticker = new Ticker(1);
  await ticker.channel.receive();
  const start = performance.now();
  ticker.reset(15);
  await ticker.channel.receive();
  assertGreaterOrEqual(performance.now() - start, 15);
});

test("Ticker.reset() keeps the new period", async () => {
  using ticker = new Ticker(1);
  const start = performance.now();
  ticker.reset(10);
  await ticker.channel.receive();
  await ticker.channel.receive();
  assertGreaterOrEqual(performance.now() - start, 20);
});

test("Ticker.reset() drops a tick that is due and unread", async () => {
  using ticker = new Ticker(1);
  await sleep(3);
  ticker.reset(2 ** 31);
  assertEquals(ticker.channel.tryReceive(), { state: "empty" });
});

test("Ticker.reset() starts a ticker that was stopped", async () => {
  using ticker = new Ticker(2 ** 31);
  ticker.stop();
  ticker.reset(1);
  assertInstanceOf(await ticker.channel.receive(), Date);
});

test("Ticker.reset() reaches those who wait", async () => {
  using ticker = new Ticker(2 ** 31);
  const receiving = ticker.channel.receive();
  ticker.reset(1);
  assertInstanceOf(await receiving, Date);
});

test("Ticker[Symbol.dispose]() stops the ticker", async () => {
  const ticker = new Ticker(1);
  ticker[Symbol.dispose]();
  ticker[Symbol.dispose]();
  await sleep(3);
  assertEquals(ticker.channel.tryReceive(), { state: "empty" });
});

test("tick() yields again and again (crossbeam tick/recv)", async () => {
  const start = performance.now();
  const channel = tick(5);
  for (let n = 0; n < 3; n++) await channel.receive();
  assertGreaterOrEqual(performance.now() - start, 15);
});

test("tick() gives a channel whose wait can be aborted (crossbeam tick/recv_timeout)", async () => {
  const channel = tick(2 ** 31);
  const abort = new AbortController();
  const receiving = settled(channel.receive({ signal: abort.signal }));
  abort.abort("stop");
  assertEquals(await receiving, { reason: "stop" });
});

test("new Ticker(Infinity) never ticks", async () => {
  using ticker = new Ticker(Infinity);
  assertStrictEquals((await select({ tick: ticker.channel, near: after(2) })).case, "near");
});

for (const periodMs of [2 ** 31, 2 ** 32 + 5, 1e300]) {
  test(`new Ticker(${periodMs}) does not tick at once`, async () => {
    using ticker = new Ticker(periodMs);
    assertStrictEquals((await select({ tick: ticker.channel, near: after(5) })).case, "near");
  });
}

for (const [period, errorClass] of BAD) {
  test(`new Ticker() refuses ${String(period)} of type ${typeof period}`, () => {
    assertThrows(() => new Ticker(period as number), errorClass, String(period));
  });

  test(`tick() refuses ${String(period)} of type ${typeof period}`, () => {
    assertThrows(() => tick(period as number), errorClass);
  });

  test(`Ticker.reset() refuses ${String(period)} of type ${typeof period} and leaves the ticker`, async () => {
    using ticker = new Ticker(1);
    assertThrows(() => ticker.reset(period as number), errorClass);
    assertInstanceOf(await ticker.channel.receive(), Date);
  });
}

test("new Ticker() refuses 0 in Go's words", () => {
  assertThrows(() => new Ticker(0), RangeError, "non-positive interval");
});
