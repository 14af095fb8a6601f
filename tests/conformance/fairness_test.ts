/** A goroutine that is always ready must not keep timers and I/O of its thread waiting. */
import { any, Channel, f64, i32, Pool, select, send, sleep, struct, text } from "../../mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { countPoints, receiveGreedily, sendGreedily, sendPoints } from "../support/tasks_life.ts";
import { test } from "../support/test.ts";

/** Far more rounds than fit between two turns of the event loop. */
const ROUNDS = 5_000_000;

/** Repeats `step`, which never has to wait, until a timer fires; false if none ever did. */
async function letsTimersFire(step: () => Promise<unknown>): Promise<boolean> {
  let hasFired = false;
  const timer = setTimeout(() => hasFired = true, 0);
  for (let round = 0; round < ROUNDS && !hasFired; round++) await step();
  clearTimeout(timer);
  return hasFired;
}

test("Channel.send() that never waits lets timers fire", async () => {
  const channel = new Channel<number>(Infinity);
  assert(
    await letsTimersFire(() => {
      channel.tryReceive();
      return channel.send(1);
    }),
  );
});

test("Channel.receive() that never waits lets timers fire", async () => {
  using channel = new Channel(i32, 1);
  assert(
    await letsTimersFire(() => {
      channel.trySend(1);
      return channel.receive();
    }),
  );
});

test("Channel.receive() on a closed channel lets timers fire", async () => {
  const channel = new Channel<number>();
  channel.close();
  assert(await letsTimersFire(() => channel.receive()));
});

test("Channel.next() on a closed channel lets timers fire", async () => {
  const channel = new Channel<number>();
  channel.close();
  assert(await letsTimersFire(() => channel.next()));
});

test("select() that never waits lets timers fire", async () => {
  const channel = new Channel<number>();
  channel.close();
  assert(await letsTimersFire(() => select({ channel })));
});

test("for await over a Channel that is never empty lets timers fire", async () => {
  const channel = new Channel<number>(1);
  channel.trySend(1);
  let hasFired = false;
  const timer = setTimeout(() => hasFired = true, 0);
  let round = 0;
  for await (const value of channel) {
    if (hasFired || ++round === ROUNDS) break;
    channel.trySend(value);
  }
  clearTimeout(timer);
  assert(hasFired);
});

test("two goroutines that hand a value to and fro let timers fire", async () => {
  const ping = new Channel<number>();
  const pong = new Channel<number>();
  const answering = (async () => {
    for await (const value of ping) await pong.send(value);
  })();
  const fired = await letsTimersFire(async () => {
    await ping.send(1);
    await pong.receive();
  });
  ping.close();
  await answering;
  assert(fired);
});

test("a select loop with a send that is always ready sees a timer's case", async () => {
  const out = new Channel<number>(Infinity);
  const late = new Channel<void>();
  const timing = sleep(1).then(() => late.close());
  let round = 0;
  for (; round < ROUNDS; round++) {
    const got = await select({ out: send(out, round), late });
    if (got.case === "late") break;
    out.tryReceive();
  }
  await timing;
  assert(round < ROUNDS);
});

// ---- between threads: a greedy party that is always faster, and a polite one

/** How often the polite one wants to get on. The test ends when it has, and hangs if it is starved. */
const TURNS = 500;

for (const form of ["suspending", "blocking"] as const) {
  test(`a ${form} receiver of a typed channel gets on beside one that receives in a tight loop`, async () => {
    for (const capacity of [1, 4]) {
      await using pool = new Pool({ threads: 2 });
      using channel = new Channel(i32, capacity);
      using stop = new Channel(i32, 1);
      const greedy = pool.go(receiveGreedily, channel);
      const sending = pool.go(sendGreedily, channel, stop);
      for (let turn = 0; turn < TURNS; turn++) {
        const value = form === "suspending" ? await channel.receive() : channel.receiveSync();
        assert(value !== undefined);
      }
      stop.close();
      const sent = await sending;
      channel.close();
      assertEquals(await greedy + TURNS, sent);
    }
  });

  test(`a ${form} sender to a typed channel gets on beside one that sends in a tight loop`, async () => {
    for (const capacity of [1, 4]) {
      await using pool = new Pool({ threads: 2 });
      using channel = new Channel(i32, capacity);
      using stop = new Channel(i32, 1);
      const receiving = pool.go(receiveGreedily, channel);
      const greedy = pool.go(sendGreedily, channel, stop);
      for (let turn = 0; turn < TURNS; turn++) {
        if (form === "suspending") await channel.send(turn);
        else channel.sendSync(turn);
      }
      stop.close();
      const sent = await greedy;
      channel.close();
      assertEquals(await receiving, sent + TURNS);
    }
  });
}

test("a receiver of a struct gets on beside one that receives in a tight loop", async () => {
  await using pool = new Pool({ threads: 2 });
  const point = struct({ x: f64, note: text, more: any<unknown>() });
  using channel = new Channel(point, 1);
  using stop = new Channel(i32, 1);
  const greedy = pool.go(countPoints, channel);
  const sending = pool.go(sendPoints, channel, stop);
  let last = -1;
  for (let turn = 0; turn < TURNS; turn++) {
    const got = await channel.receive();
    assert(got !== undefined && got.x > last);
    assertEquals(got, { x: got.x, note: `no. ${got.x}`, more: [got.x] });
    last = got.x;
  }
  stop.close();
  const sent = await sending;
  channel.close();
  assertEquals(await greedy + TURNS, sent);
});
