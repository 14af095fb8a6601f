/** Patterns that go by the clock, in virtual time: `or`, `batch`, `throttle`, `heartbeat`, `steward`. */
import { after, Channel, go, type ReceiveChannel, select, send, sleep } from "../../mod.ts";
import { background, withCancel } from "../../src/context/mod.ts";
import {
  batch,
  bridge,
  type Done,
  generate,
  heartbeat,
  or,
  steward,
  take,
  throttle,
  type Ward,
} from "../../src/patterns/mod.ts";
import { Limiter } from "../../src/rate/mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { drain, takeAll } from "./waiting.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

test("or() ends with the first: two hours, five minutes, a second, an hour, a minute", async () => {
  using time = virtualTime();
  const first = or(
    after(2 * HOUR),
    after(5 * MINUTE),
    after(1 * SECOND),
    after(1 * HOUR),
    after(1 * MINUTE),
  )!;
  const waiting = first.next();
  await time.pass(999);
  assertEquals(first.closed, false);
  await time.pass(1);
  assertEquals(first.closed, true);
  assertEquals(await waiting, { done: true, value: undefined });
  assertEquals(time.timers, 0);
});

test("or() of nothing, or of null, is null", () => {
  assertEquals([or(), or(null), or(null, null)], [null, null, null]);
});

test("or() is closed within the call that fires one of its channels, and leaves the others", async () => {
  const [ctx, cancel] = withCancel(background());
  const other = new Channel<string>();
  const both = or(ctx.done, null, other)!;
  assertEquals(both.closed, false);
  cancel();
  assertEquals(both.closed, true);
  assertEquals(other.trySend("nobody"), false);
  assertEquals(await both.receive(), undefined);
});

test("or() of one is closed by a value, and of one that was closed before, at once", async () => {
  const one = new Channel<string>();
  const only = or(one)!;
  assert(one.trySend("value"));
  assertEquals(await only.next(), { done: true, value: undefined });
  const closed = new Channel<never>();
  closed.close();
  assertEquals(or(new Channel(), closed)!.closed, true);
});

test("or() of an or() of an or(), 10,000 deep, is closed within the call that fires the first", () => {
  // Each closed the next within its own end, until the stack was used up; the rest was never closed, and nobody heard of it.
  const root = new Channel<never>();
  let last: Done = root;
  for (let depth = 0; depth < 10_000; depth++) last = or(last, new Channel<never>());
  root.close();
  assertEquals(last!.closed, true);
});

test("or() of others' ends as their first does", () => {
  const [ctx, cancel] = withCancel(background());
  const nested = or(new Channel(), or(new Channel(), or(ctx.done, new Channel())))!;
  cancel();
  assertEquals(nested.closed, true);
});

test("or() of 10,000 is one wait", () => {
  const channels = Array.from({ length: 10_000 }, () => new Channel<number>());
  const first = or(...channels)!;
  channels[7777]!.close();
  assertEquals(first.closed, true);
  assert(channels.every((each) => each.closed || !each.trySend(1)));
});

test("batch() gives what it has after its time, counted from the first of it", async () => {
  using time = virtualTime();
  const input = new Channel<number>();
  const batches = batch(null, input, 3, { withinMs: 100 });
  await time.pass(1000);
  go(async () => {
    await input.send(1);
    await sleep(60);
    await input.send(2);
    await sleep(60);
    await input.send(3);
    input.close();
  });
  const first = batches.next();
  await time.pass(99);
  await time.pass(1);
  assertEquals((await first).value, [1, 2]);
  await time.pass(100);
  assertEquals(await drain(batches), [[3]]);
  assertEquals(time.timers, 0);
});

test("throttle() passes values on at the limiter's pace, and none is lost", async () => {
  using time = virtualTime();
  const output = throttle(null, generate(null, 1, 2, 3, 4), new Limiter(10, 2));
  const got: number[] = [];
  go(async () => {
    for await (const n of output) got.push(n);
  });
  await time.pass(0);
  assertEquals(got, [1, 2]);
  await time.pass(100);
  assertEquals(got, [1, 2, 3]);
  await time.pass(100);
  assertEquals(got, [1, 2, 3, 4]);
});

test("throttle() gives up its wait for the limiter when done fires, and the token goes back", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const limiter = new Limiter(1, 1);
  assert(limiter.allow());
  const output = throttle(ctx.done, generate(ctx.done, 1), limiter);
  await time.pass(500);
  cancel();
  assertEquals(await drain(output), []);
  assertEquals(time.timers, 0);
  await time.pass(500);
  assert(limiter.allow());
});

test("throttle() closes its channel with the limiter's refusal", async () => {
  const output = throttle(null, generate(null, 1), new Limiter(0, 0));
  await assertRejects(() => output.receive(), Error);
});

test("heartbeat() beats by time while it waits for its input and for its reader", async () => {
  using time = virtualTime();
  const input = new Channel<number>();
  const [pulse, results] = heartbeat(null, input, { everyMs: 1000 });
  let pulses = 0;
  go(async () => {
    for await (const _ of pulse) pulses++;
  });
  await time.pass(2500);
  assertEquals(pulses, 2);
  go(() => input.send(1));
  await time.pass(2500);
  assertEquals(pulses, 5);
  assertEquals(await results.receive(), 1);
  input.close();
  assertEquals(await results.next(), { done: true, value: undefined });
  assertEquals([pulse.closed, time.timers], [true, 0]);
});

test("heartbeat() never waits for somebody to want a pulse: at most one is kept", async () => {
  using time = virtualTime();
  const [pulse, results] = heartbeat(null, generate(null, 1, 2, 3), { everyMs: 10 });
  await time.pass(1000);
  assertEquals(takeAll(pulse).length, 1);
  assertEquals(await drain(results), [1, 2, 3]);
});

test("heartbeat() beats once for each value, before it, and both channels end", async () => {
  const [pulse, results] = heartbeat(null, generate(null, 1, 2, 3), { perItem: true });
  for (const expected of [1, 2, 3]) {
    assertEquals((await pulse.next()).done, false);
    assertEquals(await results.receive(), expected);
  }
  // The seed's first one never closes its channels: these would have no end.
  assertEquals([await drain(pulse), await drain(results)], [[], []]);
});

test("heartbeat() goes on when nobody listens to its pulse, and ends with its reader", async () => {
  using time = virtualTime();
  const input = new Channel<number>();
  const [pulse, results] = heartbeat(null, input, { everyMs: 10 });
  pulse[Symbol.dispose]();
  await time.pass(100);
  go(() => input.send(1));
  assertEquals(await results.receive(), 1);
  results[Symbol.dispose]();
  assertEquals([input.trySend(2), time.timers], [false, 0]);
});

/** A ward that pulses until it hangs, after so many pulses. */
function hangingAfter(count: number, started: Done[]): Ward {
  return (done, pulseMs) => {
    started.push(done);
    const pulse = new Channel<void>(1);
    go(async () => {
      for (let n = 0; n < count; n++) {
        const got = await select({ done, beat: after(pulseMs) });
        if (got.case === "done") return;
        pulse.trySend();
      }
      await done!.receive();
    });
    return pulse;
  };
}

test("steward() restarts a ward that has been silent, and ends the old one", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const started: Done[] = [];
  const pulse = steward(4000, hangingAfter(3, started))(ctx.done, 1000)!;
  // Pulses after 2, 4 and 6 seconds; silent from then on, until 10.
  await time.pass(9999);
  assertEquals([started.length, started[0]!.closed], [1, false]);
  await time.pass(1);
  assertEquals([started.length, started[0]!.closed, started[1]!.closed], [2, true, false]);
  assertEquals(takeAll(pulse).length, 1);
  await time.pass(10_000);
  assertEquals(started.length, 3);
  cancel();
  assertEquals([pulse.closed, started[2]!.closed], [true, true]);
  await time.pass(0);
  assertEquals(time.timers, 0);
});

test("steward() restarts a ward that gives no pulse at all, or whose pulse has ended", async () => {
  using time = virtualTime();
  const broken = new Channel<void>();
  broken.close(new Error("broken"));
  const ended = new Channel<void>();
  ended.close();
  const pulses = [null, broken, ended, null];
  const [ctx, cancel] = withCancel(background());
  let starts = 0;
  steward(100, (_done, pulseMs) => {
    assertEquals(pulseMs, 50);
    return pulses[starts++ % 4]!;
  })(ctx.done, 1000);
  await time.pass(0);
  for (let expected = 1; expected < 6; expected++) {
    assertEquals(starts, expected);
    await time.pass(99);
    assertEquals(starts, expected);
    await time.pass(1);
  }
  cancel();
  await time.pass(10_000);
  assertEquals([starts, time.timers], [6, 0]);
});

test("steward() fails with what starting the ward throws", async () => {
  const pulse = steward(100, () => {
    throw new Error("no ward");
  })(null, 1000)!;
  await assertRejects(() => pulse.receive(), Error, "no ward");
  const bad = steward(100, () => 7 as never)(null, 1000)!;
  await assertRejects(() => bad.receive(), TypeError, "Cannot use 7");
});

test("steward() gives a ward what it can receive from and not close, and ends with it", async () => {
  using time = virtualTime();
  const done = new Channel<never>();
  let given: Done = null;
  const pulse = steward(10, (stop) => {
    given = stop;
    (stop as Partial<Channel<never>>).close?.();
    return null;
  })(done, 1000)!;
  await time.pass(0);
  assertEquals([given!.closed, pulse.closed], [false, false]);
  done.close();
  assertEquals([given!.closed, pulse.closed, time.timers], [true, true, 0]);
});

test("steward() is a ward that another can watch over", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const started: Done[] = [];
  const inner = steward(4000, hangingAfter(Infinity, started));
  const outer = steward(10_000, inner)(ctx.done, 1000)!;
  await time.pass(60_000);
  assertEquals([started.length, takeAll(outer).length], [1, 1]);
  cancel();
  await time.pass(0);
  assertEquals([started[0]!.closed, time.timers], [true, 0]);
});

test("A steward heals a stream: 1 2 1 2 1 2", async () => {
  using time = virtualTime();
  const [ctx, cancel] = withCancel(background());
  const streams = new Channel<ReceiveChannel<number>>();
  const ward: Ward = (done, pulseMs) => {
    const values = new Channel<number>();
    const pulse = new Channel<void>(1);
    go(async () => {
      try {
        await streams.send(values);
        for (const n of [1, 2, -1, 3, 4, 5]) {
          // It does not know what to do with a negative number, and ends: nobody hears its pulse any more.
          if (n < 0) return;
          for (let isSent = false; !isSent;) {
            const got = await select({ done, out: send(values, n), beat: after(pulseMs) });
            if (got.case === "done") return;
            isSent = got.case === "out";
            if (!isSent) pulse.trySend();
          }
        }
      } finally {
        values.close();
      }
    });
    return pulse;
  };
  steward(1, ward)(ctx.done, HOUR);
  const got = drain(take(ctx.done, bridge(ctx.done, streams), 6));
  await time.pass(10);
  assertEquals(await got, [1, 2, 1, 2, 1, 2]);
  cancel();
});
