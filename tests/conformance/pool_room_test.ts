import { Channel, i32, Pool, WorkerCrashedError } from "../../mod.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { blockOn, noop, sendOne } from "../support/tasks.ts";
import { test } from "../support/test.ts";

test("Pool.resize() leads to a thread for what is let into the queue afterwards", async () => {
  await using pool = new Pool({ threads: 1, queue: 1 });
  using started = new Channel(i32, 2);
  using first = new Channel(i32, 1);
  using second = new Channel(i32, 1);
  const runs = pool.go(blockOn, started, first);
  await started.receive();
  const waits = pool.go(blockOn, started, second);
  const isHeldUp = pool.go(sendOne, second, 2);
  first.sendSync(1);
  // The one that waits is taken; this thread does not come to let in the next before there may be two threads.
  while (pool.stats().queued > 1);
  pool.resize(2);
  // Where none was started for it, the only thread was blocked until somebody ran it.
  assertEquals(await Promise.all([runs, waits, isHeldUp]), [1, 2, undefined]);
});

test("Goroutine.cancel() keeps the process alive for results that have come and were not yet handed out", async () => {
  await using pool = new Pool({ threads: 1, queue: 1 });
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const runs = pool.go(blockOn, started, until);
  await started.receive();
  const waits = pool.go(noop);
  const isHeldUp = pool.go(noop);
  until.sendSync(1);
  while (pool.stats().finished < 2);
  assertEquals(isHeldUp.cancel(), true);
  assertEquals(await Promise.all([runs, waits]), [1, undefined]);
});

test("Pool.ready() resolves when what waited was refused because no thread could be started", async () => {
  await using pool = new Pool({
    threads: 1,
    queue: 1,
    worker: new URL("./none.js", import.meta.url),
  });
  const refused = pool.go(noop);
  const ready = pool.ready();
  await assertRejects(() => refused.join(), WorkerCrashedError);
  await ready;
});
