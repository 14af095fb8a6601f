/**
 * Pool: threads that die.
 *
 * @module
 */
import {
  Channel,
  i32,
  Mutex,
  Pool,
  select,
  task,
  WorkerCrashedError,
  type WorkerStats,
} from "../../mod.ts";
import { assert, assertEquals, assertInstanceOf, assertRejects } from "../support/assert.ts";
import { receiveAll, receiveAndReport, sendRange } from "../support/thread_tasks.ts";
import {
  die,
  dieSuspended,
  echo,
  forkAndDie,
  joinCrashes,
  keepAndDie,
  lockAndDie,
  mayDie,
  sendAndDie,
  suspend,
  throwUncaught,
  waitAndDie,
} from "../support/tasks.ts";
import { test } from "../support/test.ts";
import { isPending, seeded, settled, takeAll } from "./waiting.ts";

const isNode = !("Deno" in globalThis);

test("Goroutine rejects with WorkerCrashedError when its thread ends, and the pool goes on", async () => {
  await using pool = new Pool({ threads: 1 });
  const error = await assertRejects(() => pool.go(die).join(), WorkerCrashedError);
  assertEquals(error.code, "WORKER_CRASHED");
  assertEquals(await pool.go(echo, 1), 1);
});

test("Pool.stats() counts what ended with a thread as finished by it", async () => {
  await using pool = new Pool({ threads: 1 });
  for (const task of [die, dieSuspended]) await settled(pool.go(task).join());
  const [{ took, running, finished }] = pool.stats().workers as [WorkerStats];
  assertEquals([took, running, finished], [2, 0, 2]);
});

test("Goroutine rejects with WorkerCrashedError when its thread ends while it is suspended", async () => {
  await using pool = new Pool({ threads: 1 });
  await assertRejects(() => pool.go(dieSuspended).join(), WorkerCrashedError);
  assertEquals(await pool.go(echo, 1), 1);
});

test("Goroutines reject with WorkerCrashedError when several end their thread, one after the other", async () => {
  await using pool = new Pool({ threads: 1 });
  const ends = await Promise.all([1, 2, 3].map(() => settled(pool.go(dieSuspended).join())));
  for (const end of ends) {
    assert("reason" in end);
    assertInstanceOf(end.reason, WorkerCrashedError);
  }
  assertEquals(await pool.go(echo, "still here"), "still here");
});

test("Goroutine rejects with what was thrown as the cause when nobody caught it on its thread", async () => {
  await using pool = new Pool({ threads: 1 });
  const error = await assertRejects(
    () => pool.go(throwUncaught, "boom").join(),
    WorkerCrashedError,
  );
  assertInstanceOf(error.cause, Error);
  assertEquals(error.cause.message, "boom");
  if (isNode) assertInstanceOf(error.cause, RangeError);
  assertEquals(await pool.go(echo, 1), 1);
});

test("Goroutines that ended with one thread all tell why", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 3);
  using until = new Channel(i32, 1);
  const suspended = [1, 2, 3].map(() => pool.go(suspend, started, until));
  for (let i = 0; i < 3; i++) await started.receive();
  const ends = [...suspended, pool.go(throwUncaught, "boom")].map((each) => settled(each.join()));
  for (const end of await Promise.all(ends)) {
    const { reason } = end as { reason: unknown };
    assertInstanceOf(reason, WorkerCrashedError);
    assertEquals((reason.cause as Error).message, "boom");
  }
});

test("Goroutine says in the stack of a WorkerCrashedError who created it", async () => {
  await using pool = new Pool({ threads: 1 });
  const crashed = pool.go(die);
  const error = await assertRejects(() => crashed.join(), WorkerCrashedError);
  assert(error.stack!.includes(`goroutine ${crashed.id} [die], created by`));
});

test("Pool runs what lay in the deque of a thread that died", async () => {
  await using pool = new Pool({ threads: 1 });
  using ran = new Channel(i32, 200);
  await assertRejects(() => pool.go(forkAndDie, ran, 200).join(), WorkerCrashedError);
  const numbers = new Set<number>();
  for (let i = 0; i < 200; i++) numbers.add((await ran.receive())!);
  assertEquals(numbers.size, 200);
});

test("Pool runs what was queued behind a task that ended its thread", async () => {
  await using pool = new Pool({ threads: 1 });
  const crashed = settled(pool.go(die).join());
  const results = Array.from({ length: 50 }, (_, i) => pool.go(echo, i));
  assertEquals(await Promise.all(results), Array.from({ length: 50 }, (_, i) => i));
  assertInstanceOf((await crashed as { reason: unknown }).reason, WorkerCrashedError);
});

test("Pool replaces one thread after the other", async () => {
  await using pool = new Pool({ threads: 2 });
  for (let round = 0; round < 10; round++) {
    await assertRejects(() => pool.go(die).join(), WorkerCrashedError);
    assertEquals(await pool.go(echo, round), round);
  }
});

test("Pool.close() waits for what is left when threads die meanwhile", async () => {
  const pool = new Pool({ threads: 2 });
  using ran = new Channel(i32, 100);
  const ends = [pool.go(forkAndDie, ran, 50), pool.go(forkAndDie, ran, 50)].map((each) =>
    settled(each.join())
  );
  await pool.close();
  await Promise.all(ends);
  assertEquals(takeAll(ran).length, 100);
});

test("Goroutine of a fork rejects with WorkerCrashedError when the fork's thread dies", async () => {
  await using pool = new Pool({ threads: 2 });
  using started = new Channel(i32, 1);
  // It is told to who joins it, and is no uncaught error beside.
  const names = await pool.go(joinCrashes, started, 3);
  assertEquals(names, ["WorkerCrashedError", "WorkerCrashedError", "WorkerCrashedError"]);
});

test("Pool.go() rejects when the module of the task ends the thread that loads it", async () => {
  await using pool = new Pool({ threads: 1 });
  const deadly = task("data:text/javascript,process.exit(3)", "deadly", () => 1);
  await assertRejects(() => pool.go(deadly).join(), WorkerCrashedError);
  assertEquals(await pool.go(echo, 1), 1);
});

test("Channel gives a value that woke a thread which died to another that waits", async () => {
  await using pool = new Pool({ threads: 3 });
  using started = new Channel(i32, 1);
  using from = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  const crashed = settled(pool.go(waitAndDie, started, from, end).join());
  await started.receive();
  // The second to wait, on a thread and here; the value wakes the first, who does not look at its inbox any more.
  const there = pool.go(receiveAndReport, started, from, "sync");
  await started.receive();
  const here = from.receive();
  from.trySend(1);
  assert(await isPending(here));
  end.close();
  assertInstanceOf((await crashed as { reason: unknown }).reason, WorkerCrashedError);
  const first = await Promise.race([there.then(Number), here]);
  assertEquals(first, 1);
  from.close();
  assertEquals([await there, String(await here)].sort(), ["1", "undefined"]);
});

test("Channel wakes the next receiver when the first in the queue is on a thread that died", async () => {
  await using pool = new Pool({ threads: 2 });
  using started = new Channel(i32, 1);
  using from = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  const crashed = settled(pool.go(waitAndDie, started, from, end).join());
  await started.receive();
  const there = pool.go(receiveAndReport, started, from, "sync");
  await started.receive();
  end.close();
  await crashed;
  await pool.go(sendRange, from, 7, 1, "sync");
  assertEquals(await there, "7");
});

test("Channel wakes the next sender when the first in the queue is on a thread that died", async () => {
  await using pool = new Pool({ threads: 2 });
  using started = new Channel(i32, 1);
  using to = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  to.trySend(0);
  const crashed = settled(pool.go(sendAndDie, started, to, end).join());
  await started.receive();
  const next = to.send(2);
  assert(await isPending(next));
  end.close();
  await crashed;
  assertEquals(await to.receive(), 0);
  await next;
  assertEquals(await to.receive(), 2);
});

test("select() goes on when a thread dies that waited at the same channels", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using first = new Channel(i32, 1);
  using second = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  const crashed = settled(pool.go(waitAndDie, started, first, end).join());
  await started.receive();
  const selected = select({ first, second });
  end.close();
  await crashed;
  first.trySend(5);
  assertEquals(await selected, { case: "first", ok: true, value: 5 });
});

test("Mutex that a dead thread waited for goes to the next", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using mutex = new Mutex();
  using end = new Channel(i32, 1);
  const guard = await mutex.lock();
  const crashed = settled(pool.go(lockAndDie, started, mutex, end).join());
  await started.receive();
  const next = mutex.lock();
  end.close();
  await crashed;
  guard[Symbol.dispose]();
  (await next)[Symbol.dispose]();
  assertEquals(mutex.locked, false);
});

test("Channel is closed when the thread that had the last handle has died", async () => {
  await using pool = new Pool({ threads: 1 });
  using started = new Channel(i32, 1);
  using end = new Channel(i32, 1);
  const kept = new Channel(i32, 1);
  const crashed = settled(pool.go(keepAndDie, started, kept, end).join());
  await started.receive();
  const waiting = kept.receive();
  kept[Symbol.dispose]();
  assert(await isPending(waiting));
  end.close();
  await crashed;
  assertEquals(await waiting, undefined);
});

test("Pool runs every task that has not started when threads die at random", async () => {
  await using pool = new Pool({ threads: 3 });
  const next = seeded(1);
  const count = 2000;
  using ran = new Channel(i32, count);
  let killers = 0;
  const ends = Array.from({ length: count }, (_, i) => {
    const isKiller = next(100) === 0;
    if (isKiller) killers++;
    return settled(pool.go(mayDie, ran, i, isKiller).join());
  });
  let crashed = 0;
  for (const end of await Promise.all(ends)) {
    if ("value" in end) continue;
    assertInstanceOf(end.reason, WorkerCrashedError);
    crashed++;
  }
  const numbers = takeAll(ran);
  assertEquals(new Set(numbers).size, numbers.length);
  assertEquals([numbers.length, crashed], [count - killers, killers]);
});

test("Channel loses at most the value that each dead thread had received", async () => {
  await using living = new Pool({ threads: 2 });
  await using dying = new Pool({ threads: 2 });
  using channel = new Channel(i32, 1);
  using started = new Channel(i32, 1);
  const received = [
    living.go(receiveAll, channel, "promise"),
    living.go(receiveAll, channel, "sync"),
  ];
  const [count, rounds] = [5000, 20];
  const sent = sendRange(channel, 0, count, "promise");
  for (let round = 0; round < rounds; round++) {
    using end = new Channel(i32, 1);
    const crashed = settled(dying.go(waitAndDie, started, channel, end).join());
    await started.receive();
    end.close();
    await crashed;
  }
  await sent;
  channel.close();
  const numbers = (await Promise.all(received)).flat();
  assertEquals(new Set(numbers).size, numbers.length);
  assert(numbers.length >= count - rounds, `${numbers.length} of ${count}`);
});
