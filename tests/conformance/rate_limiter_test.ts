/**
 * Limiter: the token bucket, in virtual time.
 *
 * @module
 */
import { every, Limiter, per } from "../../src/rate/mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "../support/assert.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { seeded, settled } from "./waiting.ts";

/** What each of `count` calls returns. */
function repeat<T>(count: number, call: () => T): T[] {
  return Array.from({ length: count }, call);
}

/** Notes in `times`, counted from `start`, when each of `waits` ends. */
function note(
  waits: readonly Promise<void>[],
  times: number[] = [],
  start = performance.now(),
): number[] {
  for (const wait of waits) wait.then(() => times.push(performance.now() - start));
  return times;
}

// ---- Limits

test("every() gives the events a second of an interval, and no limit when that is 0 or less", () => {
  assertEquals([every(1000), every(100), every(2000)], [1, 10, 0.5]);
  assertEquals([every(0), every(-1), every(-Infinity), every(Infinity)], [
    Infinity,
    Infinity,
    Infinity,
    0,
  ]);
});

test("per() gives the events a second of so many in a duration", () => {
  assertEquals([per(2, 1000), per(10, 20_000), per(0, 1000)], [2, 0.5, 0]);
  assertEquals([per(1, 0), per(0, 0), per(1, -5), per(1, Infinity)], [
    Infinity,
    Infinity,
    Infinity,
    0,
  ]);
});

// ---- The examples of the seed

test("Limiter.wait() lets the sixth wait when a bucket of 5 that gains 0.5 a second is empty (001)", async () => {
  using time = virtualTime();
  using limiter = new Limiter(0.5, 5);
  const times = note(repeat(5, () => limiter.wait()));
  await time.pass(0);
  assertEquals(times, [0, 0, 0, 0, 0]);
  await time.pass(1000);
  note([limiter.wait()], times, 0);
  await time.pass(999);
  assertEquals(times.length, 5);
  await time.pass(1);
  assertEquals(times, [0, 0, 0, 0, 0, 2000]);
});

test("Limiter.wait() lets one call a second through when twenty goroutines share one (001)", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  const names: string[] = [];
  const times: number[] = [];
  const start = performance.now();
  const call = async (name: string) => {
    await limiter.wait();
    names.push(name);
    times.push(performance.now() - start);
  };
  for (let i = 0; i < 10; i++) call("ReadFile");
  for (let i = 0; i < 10; i++) call("ResolveAddress");
  await time.pass(60_000);
  assertEquals(times, repeat(20, () => 0).map((_, index) => index * 1000));
  assertEquals(names.slice(8, 12), ["ReadFile", "ReadFile", "ResolveAddress", "ResolveAddress"]);
});

// ---- allow

test("Limiter.allow() takes the burst at once, and then as tokens are gained", async () => {
  using time = virtualTime();
  using limiter = new Limiter(0.5, 5);
  assertEquals(repeat(7, () => limiter.allow()), [true, true, true, true, true, false, false]);
  await time.pass(1999);
  assertStrictEquals(limiter.allow(), false);
  await time.pass(1);
  assertEquals(repeat(2, () => limiter.allow()), [true, false]);
});

test("Limiter.allow() that refuses takes nothing, however often", async () => {
  using time = virtualTime();
  using limiter = new Limiter(10, 1);
  limiter.allow();
  for (let i = 0; i < 99; i++) {
    assertStrictEquals(limiter.allow(), false);
    await time.pass(1);
  }
  await time.pass(1);
  assertStrictEquals(limiter.allow(), true);
});

test("Limiter.allow() never has more than the burst, however long nothing happens", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1000, 3);
  await time.pass(1e9);
  assertEquals(repeat(5, () => limiter.allow()), [true, true, true, false, false]);
});

test("Limiter.allow() is exact at the millisecond when the interval is no binary fraction", async () => {
  using time = virtualTime();
  using limiter = new Limiter(per(10, 60_000), 1);
  for (let i = 0; i < 50; i++) {
    assertEquals([limiter.allow(), limiter.allow()], [true, false]);
    await time.pass(5999);
    assertStrictEquals(limiter.allow(), false);
    await time.pass(1);
  }
});

test("Limiter.allowN() takes all tokens or none", () => {
  using _ = virtualTime();
  using limiter = new Limiter(1, 5);
  assertEquals([limiter.allowN(3), limiter.allowN(3), limiter.allowN(2)], [true, false, true]);
  assertEquals([limiter.allowN(0), limiter.allowN(1)], [true, false]);
});

test("Limiter.allowN() refuses more than the burst for ever", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1000, 5);
  await time.pass(1e6);
  assertEquals([limiter.allowN(6), limiter.allowN(5)], [false, true]);
});

test("Limiter.allow() refuses while others wait", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  const times = note(repeat(3, () => limiter.wait()));
  await time.pass(1500);
  assertStrictEquals(limiter.allow(), false);
  await time.pass(2000);
  assertEquals([times, limiter.allow()], [[0, 1000, 2000], true]);
});

// ---- Infinity and 0

test("Limiter without a limit lets everything happen, whatever the burst", async () => {
  using _ = virtualTime();
  using limiter = new Limiter(Infinity, 0);
  assertEquals([limiter.allow(), limiter.allowN(100), limiter.reserve(7).ok], [true, true, true]);
  assertStrictEquals(limiter.reserve(7).delay, 0);
  await limiter.wait();
  await limiter.waitN(100);
});

test("Limiter with a limit of 0 lets the burst happen and no more", async () => {
  using time = virtualTime();
  using limiter = new Limiter(0, 2);
  assertEquals(repeat(3, () => limiter.allow()), [true, true, false]);
  await time.pass(1e9);
  assertStrictEquals(limiter.allow(), false);
  const { ok, delay } = limiter.reserve();
  assertEquals({ ok, delay }, { ok: false, delay: Infinity });
});

test("Limiter.wait() waits for its signal when no token will ever come", async () => {
  using time = virtualTime();
  using limiter = new Limiter(0, 1);
  limiter.allow();
  const abort = new AbortController();
  const wait = settled(limiter.wait({ signal: abort.signal }));
  await time.pass(2 ** 33);
  assertStrictEquals(time.timers, 1);
  abort.abort("enough");
  assertEquals([await wait, time.timers], [{ reason: "enough" }, 0]);
});

// ---- wait

test("Limiter.wait() serves waits in the order of their calls", async () => {
  using time = virtualTime();
  using limiter = new Limiter(3, 1);
  const order: number[] = [];
  for (let i = 0; i < 50; i++) limiter.wait().then(() => order.push(i));
  await time.pass(20_000);
  assertEquals(order, Array.from({ length: 50 }, (_, index) => index));
});

test("Limiter.wait() does not overtake those whose alarm comes late", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  await limiter.wait();
  const order: string[] = [];
  limiter.wait().then(() => order.push("first"));
  // Time goes on, and the event loop has not come round.
  const { now } = performance;
  const late = now.call(performance) + 5000;
  performance.now = () => late;
  limiter.wait().then(() => order.push("second"));
  await Promise.resolve();
  assertEquals(order, []);
  performance.now = now;
  await time.pass(5000);
  assertEquals(order, ["first", "second"]);
});

test("Limiter.waitN() waits until so many tokens are there", async () => {
  using time = virtualTime();
  using limiter = new Limiter(10, 5);
  const times = note([limiter.waitN(5), limiter.waitN(2), limiter.wait(), limiter.waitN(0)]);
  await time.pass(1000);
  assertEquals(times, [0, 200, 300, 300]);
});

test("Limiter.waitN() rejects with an error that names the burst when it asks for more", async () => {
  using limiter = new Limiter(1, 5);
  const error = await assertRejects(() => limiter.waitN(6), RangeError, "burst is 5");
  assert(error.message.includes("6 events"));
  assertEquals(limiter.allowN(5), true);
  using none = new Limiter(1, 0);
  await assertRejects(() => none.wait(), RangeError, "burst is 0");
});

test("Limiter.wait() resolves beyond 2^31 ms", async () => {
  using time = virtualTime();
  using limiter = new Limiter(every(2 ** 32), 1);
  const times = note([limiter.wait(), limiter.wait()]);
  await time.pass(2 ** 32 - 1);
  assertEquals(times, [0]);
  await time.pass(1);
  assertEquals(times, [0, 2 ** 32]);
});

test("Limiter.wait() sets one timer for all of its waits, and none when nobody waits", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  const waits = repeat(100, () => limiter.wait());
  assertStrictEquals(time.timers, 1);
  await time.pass(100_000);
  await Promise.all(waits);
  assertStrictEquals(time.timers, 0);
});

// ---- Aborted waits

test("Limiter.wait() rejects with the reason when the signal is aborted already, and takes nothing", async () => {
  using limiter = new Limiter(1, 1);
  const reason = new Error("stop");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await assertRejects(() => limiter.wait({ signal })), reason);
  assertStrictEquals(await assertRejects(() => limiter.waitN(7, { signal })), reason);
  assertStrictEquals(limiter.allow(), true);
});

test("Limiter.wait() that is aborted gives its token back, and leaves no timer", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  limiter.allow();
  const abort = new AbortController();
  const aborted = settled(limiter.wait({ signal: abort.signal }));
  await time.pass(400);
  abort.abort("stop");
  assertEquals([await aborted, time.timers], [{ reason: "stop" }, 0]);
  const times = note([limiter.wait()]);
  await time.pass(600);
  assertEquals(times, [600]);
});

test("Limiter.wait() that is aborted as the last gives its turn to the next", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  const abort = new AbortController();
  const times = note([limiter.wait(), limiter.wait()]);
  const aborted = settled(limiter.wait({ signal: abort.signal }));
  abort.abort();
  await aborted;
  note([limiter.wait()], times);
  await time.pass(5000);
  assertEquals(times, [0, 1000, 2000]);
});

test("Limiter.wait() that is aborted gives back nothing that has been promised to later ones", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  limiter.allow();
  const abort = new AbortController();
  const aborted = settled(limiter.wait({ signal: abort.signal }));
  const times = note([limiter.wait()]);
  abort.abort();
  await aborted;
  note([limiter.wait()], times);
  await time.pass(5000);
  // The second still has its turn at 2 s; were the first's token to be had again, the third would come with it.
  assertEquals(times, [2000, 3000]);
});

test("Limiter.wait() gives all tokens back when waits are aborted in reverse", async () => {
  using time = virtualTime();
  using limiter = new Limiter(3, 1);
  limiter.allow();
  const aborts = repeat(10, () => new AbortController());
  const waits = aborts.map((each) => settled(limiter.wait(each)));
  for (const each of aborts.reverse()) each.abort();
  await Promise.all(waits);
  const times = note([limiter.wait()]);
  await time.pass(10_000);
  assertEquals(times, [334]);
});

test("Limiter.wait() is not undone by an abort that comes after it", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  const abort = new AbortController();
  const waits = [limiter.wait(abort), limiter.wait(abort)];
  await time.pass(1000);
  abort.abort();
  await Promise.all(waits);
  assertStrictEquals(limiter.allow(), false);
});

test("Limiter.wait() that is aborted on the way does not hold up the others", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  const abort = new AbortController();
  const times = note([limiter.wait()]);
  const aborted = settled(limiter.wait(abort));
  note([limiter.wait()], times);
  await time.pass(500);
  abort.abort();
  await aborted;
  assertStrictEquals(time.timers, 1);
  await time.pass(1500);
  assertEquals(times, [0, 2000]);
});

for (let seed = 1; seed <= 10; seed++) {
  test(`Limiter.wait() never lets more happen than burst and limit when waits are aborted at random (seed ${seed})`, async () => {
    using time = virtualTime();
    const random = seeded(seed);
    const burst = 1 + random(4);
    using limiter = new Limiter(100, burst);
    const events: number[] = [];
    const happen = () => void events.push(performance.now());
    const open: AbortController[] = [];
    for (let step = 0; step < 300; step++) {
      const abort = new AbortController();
      switch (random(6)) {
        case 0:
          await time.pass(random(40));
          break;
        case 1:
          if (limiter.allow()) happen();
          break;
        case 2:
          open.splice(random(open.length), 1)[0]?.abort();
          break;
        default:
          open.push(abort);
          limiter.wait(abort).then(happen, () => {});
      }
    }
    await time.pass(10_000);
    assert(events.length > 50);
    for (const [first, start] of events.entries()) {
      for (let last = first + burst; last < events.length; last++) {
        // So many more than the burst need as many intervals.
        const needed = (last - first + 1 - burst) * 10;
        assert(events[last]! - start >= needed, `${last - first + 1} from ${start} ms on`);
      }
    }
    assertEquals(repeat(burst + 1, () => limiter.allow()).filter(Boolean).length, burst);
  });
}

// ---- Reservations

test("Limiter.reserve() tells the delay, which becomes shorter", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 1);
  const [now, later, latest] = repeat(3, () => limiter.reserve()) as [
    ReturnType<Limiter["reserve"]>,
    ReturnType<Limiter["reserve"]>,
    ReturnType<Limiter["reserve"]>,
  ];
  assertEquals([now, later, latest].map(({ ok, delay }) => [ok, delay]), [
    [true, 0],
    [true, 1000],
    [true, 2000],
  ]);
  await time.pass(400);
  assertEquals([now.delay, later.delay, latest.delay], [0, 600, 1600]);
});

test("Limiter.reserve() is not ok when it asks for more than the burst, and takes nothing", () => {
  using _ = virtualTime();
  using limiter = new Limiter(1, 3);
  const reservation = limiter.reserve(4);
  assertEquals([reservation.ok, reservation.delay], [false, Infinity]);
  reservation.cancel();
  assertEquals(repeat(4, () => limiter.allow()), [true, true, true, false]);
});

test("Reservation.cancel() gives back once, however often it is called", () => {
  using _ = virtualTime();
  using limiter = new Limiter(1, 5);
  limiter.allowN(5);
  const first = limiter.reserve();
  const second = limiter.reserve();
  assertEquals([first.delay, second.delay], [1000, 2000]);
  for (let i = 0; i < 3; i++) second.cancel();
  assertStrictEquals(limiter.reserve().delay, 2000);
});

test("Reservation.cancel() gives nothing back once its time has passed", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 2);
  const reservation = limiter.reserve(2);
  await time.pass(1);
  reservation.cancel();
  assertStrictEquals(limiter.allow(), false);
});

test("Reservation.cancel() gives back what is not promised when several were taken", () => {
  using _ = virtualTime();
  using limiter = new Limiter(1, 5);
  limiter.allowN(5);
  const three = limiter.reserve(3);
  assertStrictEquals(limiter.reserve(1).delay, 4000);
  three.cancel();
  // Two of the three come back: the debt of four is one of two.
  assertStrictEquals(limiter.reserve(1).delay, 3000);
});

test("Reservation.cancel() is harmless when the handle is disposed", () => {
  const limiter = new Limiter(1, 1);
  limiter.allow();
  const reservation = limiter.reserve();
  limiter[Symbol.dispose]();
  reservation.cancel();
  assertStrictEquals(reservation.ok, true);
});

// ---- Changes

test("Limiter.setLimit() counts from its call, and keeps what was gained before", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 10);
  limiter.allowN(10);
  await time.pass(2000);
  limiter.setLimit(5);
  assertStrictEquals(limiter.limit, 5);
  assertEquals(repeat(3, () => limiter.allow()), [true, true, false]);
  await time.pass(200);
  assertEquals(repeat(2, () => limiter.allow()), [true, false]);
});

test("Limiter.setLimit() does not change the turns of those who wait; who comes later may come before them", async () => {
  using time = virtualTime();
  using limiter = new Limiter(0.1, 1);
  limiter.allow();
  const order: string[] = [];
  const start = performance.now();
  const noteAs = (name: string) => () => order.push(`${name} ${performance.now() - start}`);
  limiter.wait().then(noteAs("slow"));
  limiter.setLimit(10);
  limiter.wait().then(noteAs("fast"));
  await time.pass(10_000);
  assertEquals(order, ["fast 200", "slow 10000"]);
});

test("Limiter.wait() needs no timer for a token that is there, though others wait for a later turn", async () => {
  using time = virtualTime();
  using limiter = new Limiter(0, 1);
  limiter.allow();
  const controller = new AbortController();
  const never = limiter.wait({ signal: controller.signal });
  limiter.setLimit(Infinity);
  // It stood behind a turn that never comes, until a timer rang.
  await limiter.wait();
  assertEquals(time.timers, 1);
  controller.abort();
  await assertRejects(() => never);
});

test("Limiter.setLimit() lets a bucket go from no limit to one, and back", async () => {
  using time = virtualTime();
  using limiter = new Limiter(Infinity, 2);
  limiter.setLimit(1);
  assertEquals(repeat(3, () => limiter.allow()), [true, true, false]);
  limiter.setLimit(Infinity);
  assertStrictEquals(limiter.allow(), true);
  limiter.setLimit(0);
  await time.pass(1000);
  assertStrictEquals(limiter.allow(), false);
  limiter.setLimit(Infinity);
  await time.pass(1);
  limiter.setLimit(1);
  assertEquals(repeat(3, () => limiter.allow()), [true, true, false]);
});

test("Limiter.setBurst() takes away what does not fit any more, and makes room", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 5);
  limiter.setBurst(2);
  assertStrictEquals(limiter.burst, 2);
  assertEquals(repeat(3, () => limiter.allow()), [true, true, false]);
  limiter.setBurst(4);
  await time.pass(10_000);
  assertEquals(repeat(5, () => limiter.allow()), [true, true, true, true, false]);
});

test("Limiter gives back no more than was taken when the limit has been raised since", () => {
  using _ = virtualTime();
  using limiter = new Limiter(0.1, 5);
  limiter.allowN(5);
  const slow = limiter.reserve();
  limiter.setLimit(10);
  limiter.reserve();
  // x/time/rate takes the later turn, which is earlier, for tokens that were returned.
  slow.cancel();
  assertStrictEquals(limiter.reserve().delay, 200);
});

test("Limiter gives nothing back for what was taken without a limit", () => {
  using _ = virtualTime();
  using limiter = new Limiter(Infinity, 5);
  const reservation = limiter.reserve(5);
  limiter.setLimit(1);
  limiter.allowN(5);
  reservation.cancel();
  assertStrictEquals(limiter.allow(), false);
});

// ---- Time

test("Limiter gains nothing when the clock is set back, and nothing twice when it comes again", async () => {
  using time = virtualTime();
  using limiter = new Limiter(1, 10);
  await time.pass(5000);
  limiter.allowN(10);
  const { now } = performance;
  performance.now = () => now.call(performance) - 4000;
  const back = limiter.allow();
  performance.now = now;
  assertEquals([back, limiter.allow()], [false, false]);
  await time.pass(1000);
  assertEquals(repeat(2, () => limiter.allow()), [true, false]);
});

test("Limiter.wait() keeps to its turn in real time", async () => {
  using limiter = new Limiter(100, 1);
  const start = performance.now();
  for (let i = 0; i < 4; i++) await limiter.wait();
  assert(performance.now() - start >= 29.9);
});

test("Limiter goes on serving those who wait when its handle is disposed", async () => {
  using time = virtualTime();
  const limiter = new Limiter(1, 1);
  const abort = new AbortController();
  const times = note([limiter.wait(), limiter.wait()]);
  const aborted = settled(limiter.wait(abort));
  limiter[Symbol.dispose]();
  limiter[Symbol.dispose]();
  abort.abort(new Error("stop"));
  await time.pass(1000);
  assertEquals(times, [0, 1000]);
  assertInstanceOf((await aborted as { reason: unknown }).reason, Error);
});
