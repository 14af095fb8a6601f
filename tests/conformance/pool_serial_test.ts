/**
 * Pool with `threads: 0`: everything on this thread.
 *
 * @module
 */
import {
  CanceledError,
  Channel,
  f64,
  type Goroutine,
  i32,
  Mutex,
  Pool,
  PoolClosedError,
  sharedArray,
  task,
} from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import {
  chain,
  closeOwnPool,
  describePool,
  echo,
  fail,
  failAs,
  forkAndCancel,
  forkFib,
  forkSenders,
  isSame,
  joinFailure,
  noop,
  suspend,
} from "../support/tasks.ts";
import {
  change,
  forkInOrder,
  forkLater,
  forkWithTrap,
  holdFor,
  nestSerial,
  record,
  reportOnPool,
  returnTrap,
  terminateAndWait,
  terminating,
  throwTrap,
} from "../support/tasks_pool.ts";
import { test } from "../support/test.ts";
import { idleStats, settled, takeAll, turn } from "./waiting.ts";

const SERIAL = { threads: 0 };

test("Pool without threads has none, and counts what it ran", async () => {
  await using pool = new Pool(SERIAL);
  assertEquals(pool.threads, 0);
  await Promise.all(Array.from({ length: 50 }, () => pool.go(noop)));
  assertEquals(pool.stats(), idleStats(50));
});

test("Pool.go() without threads never runs a task inside the call", async () => {
  await using pool = new Pool(SERIAL);
  using ran = new Channel(i32, 1);
  const running = pool.go(record, ran, 1);
  assertEquals(ran.size, 0);
  await running;
  assertEquals(ran.size, 1);
});

test("Pool without threads runs what is submitted in order, and forks newest first, before it", async () => {
  await using pool = new Pool(SERIAL);
  using ran = new Channel(i32, 16);
  await Promise.all([10, 20].map((first) => pool.go(forkInOrder, ran, first, 3)));
  await pool.close();
  assertEquals(takeAll(ran), [10, 10, 13, 12, 11, 20, 20, 23, 22, 21]);
});

test("Pool.go() without threads copies arguments and results", async () => {
  await using pool = new Pool(SERIAL);
  const given = { list: [0] };
  const got = await pool.go(change, given);
  assertEquals([given, got], [{ list: [0] }, { list: [0, 1] }]);
  assertEquals(await pool.go(isSame, given, given), true);
  assertStrictEquals(await pool.go(noop), undefined);
});

test("Pool.go() without threads passes handles and shared arrays as themselves", async () => {
  await using pool = new Pool(SERIAL);
  using channel = new Channel(i32, 1);
  using mutex = new Mutex();
  assertStrictEquals(await pool.go(echo, channel), channel);
  assertStrictEquals(await pool.go(echo, mutex), mutex);
  const array = sharedArray(f64, 2);
  const same = await pool.go(echo, array) as Float64Array;
  same[1] = 0.5;
  assertEquals(array[1], 0.5);
});

test("Pool.go() without threads refuses what cannot be sent, at the call and as a result", async () => {
  await using pool = new Pool(SERIAL);
  assertThrows(() => pool.go(echo, () => {}), TypeError, "Cannot send");
  assertThrows(() => pool.go(echo, new Channel<number>(1)), TypeError, "element type");
  await assertRejects(() => pool.go(failAs, "nested function").join(), TypeError, "Cannot send");
  assertEquals(pool.stats().submitted, 1);
});

test("Goroutine of a pool without threads fails as on a thread, with its creator in the stack", async () => {
  await using pool = new Pool(SERIAL);
  function creator(): Goroutine<unknown> {
    return pool.go(failAs, "own class");
  }
  const failed = creator();
  const error = await assertRejects(() => failed.join(), RangeError, "mine");
  assertEquals(error.name, "OwnError");
  assertInstanceOf(error.cause, TypeError);
  assertStringIncludes(error.stack!, `goroutine ${failed.id} [failAs], created by`);
  assertStringIncludes(error.stack!, "creator");
  for (const how of ["symbol", "error with a getter that throws", "late"]) {
    await assertRejects(() => pool.go(failAs, how).join(), Error);
  }
  for (const reason of [undefined, 0, { code: 1 }]) {
    assertEquals(await settled(pool.go(fail, reason).join()), { reason });
  }
});

test("Pool.go() without threads rejects when the module of the task cannot be loaded", async () => {
  await using pool = new Pool(SERIAL);
  // Declared by the module of a thread alone: this one has to load it, and finds that it declares nothing.
  const absent = { taskId: "data:text/javascript,export {}#absent" };
  const fake = Object.assign((): void => {}, absent) as unknown as typeof noop;
  await assertRejects(() => pool.go(fake).join(), TypeError, "absent");
  assertEquals(await pool.go(echo, 1), 1);
});

test("Pool without threads loads the module of a task that this thread has not seen", async () => {
  await using pool = new Pool(SERIAL);
  const registry = `globalThis[Symbol.for("millrace.tasks/1")]`;
  const url = `data:text/javascript,${
    encodeURIComponent(`
    const id = import.meta.url + "#loaded";
    ${registry}.set(id, (n) => n * 2);
  `)
  }`;
  const declared = task(url, "elsewhere", (n: number): number => n);
  const unseen = Object.assign((n: number): number => n, { taskId: `${url}#loaded` });
  assertEquals(await pool.go(declared, 1), 1);
  assertEquals(await pool.go(unseen as unknown as typeof declared, 21), 42);
});

test("Goroutine.cancel() keeps a task of a pool without threads from running", async () => {
  await using pool = new Pool(SERIAL);
  using ran = new Channel(i32, 1);
  const cancelled = pool.go(record, ran, 1);
  assertEquals([cancelled.cancel(), cancelled.cancel()], [true, false]);
  await assertRejects(() => cancelled.join(), CanceledError);
  assertEquals(await pool.go(forkAndCancel, ran), "true, CanceledError");
  using started = new Channel(i32, 1);
  using until = new Channel(i32, 1);
  const running = pool.go(suspend, started, until);
  await started.receive();
  assertEquals(running.cancel(), false);
  until.close();
  assertEquals(await running, "resumed");
  assertEquals(running.cancel(), false);
  assertEquals(takeAll(ran), []);
});

test("Goroutine.cancel() gives up the arguments, without threads", async () => {
  await using pool = new Pool(SERIAL);
  const channel = new Channel(i32, 1);
  const cancelled = pool.go(record, channel, 1);
  channel[Symbol.dispose]();
  assertEquals(cancelled.cancel(), true);
});

test("Pool without threads forks, joins, and holds suspended goroutines", async () => {
  await using pool = new Pool(SERIAL);
  assertEquals(await pool.go(forkFib, 20), 6765);
  assertEquals(await pool.go(chain, 500), 500);
  assertEquals(await pool.go(joinFailure, new TypeError("forked")), "TypeError: forked");
  using started = new Channel(i32, 2000);
  using until = new Channel(i32, 1);
  const waiting = Array.from({ length: 2000 }, () => pool.go(suspend, started, until));
  for (let i = 0; i < 2000; i++) await started.receive();
  assertEquals(await pool.go(echo, 1), 1);
  until.close();
  assert((await Promise.all(waiting)).every((result) => result === "resumed"));
});

test("Pool.current is the pool without threads within its tasks, and undefined once it is quiet", async () => {
  await using pool = new Pool(SERIAL);
  assertEquals(await pool.go(describePool), { threads: 0, isSame: true });
  assertEquals(await pool.go(forkLater), { threads: 0, isSame: true });
  assertStrictEquals(Pool.current, undefined);
});

test("Pool without threads may be used on a thread of another pool", async () => {
  await using pool = new Pool({ threads: 1 });
  assertEquals(await pool.go(nestSerial), [1, 0, true]);
});

test("Pool.current of a task without threads refuses what is its owner's", async () => {
  await using pool = new Pool(SERIAL);
  assertEquals(await pool.go(closeOwnPool), ["TypeError", "TypeError"]);
  await assertRejects(() => pool.go(reportOnPool).join(), TypeError, "Cannot report");
});

test("Pool without threads lets the event loop have its turns", async () => {
  await using pool = new Pool(SERIAL);
  let ended = 0;
  let endedAtTimer = -1;
  const running = Array.from(
    { length: 20 },
    () => pool.go(holdFor, 3).then(() => ended++),
  );
  setTimeout(() => endedAtTimer = ended, 0);
  await Promise.all(running);
  assert(endedAtTimer >= 0 && endedAtTimer < 20, `the timer came after ${endedAtTimer}`);
});

test("Pool.close() without threads finishes what was submitted, and the forks of forks", async () => {
  const pool = new Pool(SERIAL);
  using ran = new Channel(i32, 100);
  const running = [pool.go(forkFib, 15), pool.go(chain, 50)];
  const late = pool.go(forkLater);
  pool.go(forkSenders, ran, 100);
  const closed = pool.close();
  assertThrows(() => pool.go(noop), PoolClosedError);
  await closed;
  assertEquals(await Promise.all(running), [610, 50]);
  assertEquals(await late, { threads: 0, isSame: true });
  assertEquals(takeAll(ran).length, 100);
  await pool.close();
  assertThrows(() => pool.go(noop), PoolClosedError);
});

test("Pool.terminate() without threads rejects what has not started and what has, joined or not", async () => {
  const pool = new Pool(SERIAL);
  using started = new Channel(i32, 2);
  using until = new Channel(i32, 1);
  using ran = new Channel(i32, 10);
  const suspended = pool.go(suspend, started, until);
  pool.go(suspend, started, until);
  await started.receive();
  await started.receive();
  const before = suspended.join();
  const queued = Array.from({ length: 10 }, (_, i) => pool.go(record, ran, i));
  const closed = pool.close();
  await pool.terminate();
  await closed;
  await assertRejects(() => before, PoolClosedError, "while this goroutine ran");
  await assertRejects(() => queued[3]!.join(), PoolClosedError, "before this task started");
  // What it ends with by and by is nobody's business.
  until.close();
  await turn();
  await assertRejects(() => suspended.join(), PoolClosedError);
  assertEquals(takeAll(ran), []);
  assertEquals(pool.stats(), idleStats(12));
  assertThrows(() => pool.go(noop), PoolClosedError);
  await pool.terminate();
});

test("Pool.terminate() without threads does not start a task whose module is still being loaded", async () => {
  const pool = new Pool(SERIAL);
  const registry = `globalThis[Symbol.for("millrace.tasks/1")]`;
  const url = `data:text/javascript,${
    encodeURIComponent(`
    ${registry}.set(import.meta.url + "#late", () => globalThis.millraceLate = true);
  `)
  }`;
  const fake = Object.assign((): void => {}, { taskId: `${url}#late` }) as unknown as typeof noop;
  const loading = pool.go(fake);
  await Promise.resolve();
  await pool.terminate();
  await assertRejects(() => loading.join(), PoolClosedError);
  await import(url);
  await turn();
  assertEquals("millraceLate" in globalThis, false);
});

test("Pool without threads ends once when sending a result terminates it", async () => {
  const pool = new Pool({ threads: 0 });
  terminating.pool = pool;
  for (const make of [returnTrap, throwTrap]) {
    const own = new Pool({ threads: 0 });
    terminating.pool = own;
    await assertRejects(() => own.go(make).join(), PoolClosedError);
    await own.close();
    const { submitted, running, finished } = own.stats();
    assertEquals([submitted, running, finished], [1, 0, 1]);
  }
  terminating.pool = pool;
  await assertRejects(() => pool.go(forkWithTrap).join(), PoolClosedError);
  await pool.close();
  assertEquals(terminating.runs, 0);
});

test("Pool without threads gives up a task that terminates it, and then waits", async () => {
  const pool = new Pool({ threads: 0 });
  terminating.pool = pool;
  await assertRejects(() => pool.go(terminateAndWait).join(), PoolClosedError);
  await pool.close();
});
