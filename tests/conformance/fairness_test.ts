/** A goroutine that is always ready must not keep timers and I/O of its thread waiting. */
import { Channel, i32, select, send, sleep } from "../../mod.ts";
import { assert } from "../support/assert.ts";
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
