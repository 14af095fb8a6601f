/** `Runner`, `ResourcePool`, `WorkPool`, `Dispatcher`. */
import { Channel, ChannelClosedError } from "../../mod.ts";
import {
  Dispatcher,
  InterruptedError,
  PoolClosedError,
  ResourcePool,
  Runner,
  WorkPool,
} from "../../src/patterns/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { runScript } from "../support/scripts.ts";
import { test } from "../support/test.ts";
import { virtualTime } from "../support/virtual_time.ts";
import { isPending, settled, turn } from "./waiting.ts";

/** Functions that end when the test says so. */
class Gate {
  readonly #gate = new Channel<void>();
  started = 0;
  ended = 0;

  readonly pass = async (): Promise<void> => {
    this.started++;
    await this.#gate.receive();
    this.ended++;
  };

  async open(count = 1): Promise<void> {
    for (let n = 0; n < count; n++) await this.#gate.send();
    await turn();
  }
}

/** How many listen for an interrupt. */
const listeners = (): number => process.listenerCount("SIGINT");

test("Runner.start() runs the tasks in order, each with its number, and after the caller yields", async () => {
  const runner = new Runner(1e6);
  const ids: number[] = [];
  runner.add((id) => ids.push(id), async (id) => {
    await turn();
    ids.push(id);
  });
  runner.add((id) => ids.push(id));
  const end = runner.start();
  assertEquals(ids, []);
  await end;
  assertEquals(ids, [0, 1, 2]);
  await runner.start();
  assertEquals(ids, [0, 1, 2, 0, 1, 2]);
  await new Runner(1).start();
});

test("Runner.start() rejects when its time is over, and starts no other task", async () => {
  using time = virtualTime();
  const before = listeners();
  const gate = new Gate();
  const runner = new Runner(3000);
  runner.add(gate.pass, gate.pass);
  const end = settled(runner.start());
  await time.pass(2999);
  assertEquals([gate.started, listeners()], [1, before + 1]);
  await time.pass(1);
  const { reason } = await end as { reason: DOMException };
  assertEquals([reason.name, listeners(), time.timers], ["TimeoutError", before, 0]);
  const opened = gate.open();
  await time.pass(10);
  await opened;
  assertEquals([gate.ended, gate.started], [1, 1]);
});

test("Runner.start() hears that its time is over between tasks that never wait", async () => {
  let ran = 0;
  const busy = (): void => {
    ran++;
    const end = performance.now() + 1;
    while (performance.now() < end);
  };
  const runner = new Runner(1);
  runner.add(...Array.from({ length: 1000 }, () => busy));
  const { reason } = await settled(runner.start()) as { reason: DOMException };
  assertEquals([reason?.name, ran < 1000], ["TimeoutError", true]);
});

test("Runner.start() lets the task under way end when an interrupt comes, and runs no other", async () => {
  const before = listeners();
  const gate = new Gate();
  const runner = new Runner(1e6);
  runner.add(gate.pass, gate.pass);
  const end = runner.start();
  await turn();
  process.emit("SIGINT");
  assert(await isPending(end));
  await gate.open();
  await assertRejects(() => end, InterruptedError, "interrupt");
  assertEquals([gate.started, gate.ended, listeners()], [1, 1, before]);
});

test("Runner.start() tells of an interrupt in the last task, and listens only while it runs", async () => {
  const before = listeners();
  const runner = new Runner(1e6);
  runner.add(() => {
    process.emit("SIGINT");
  });
  assertEquals(listeners(), before);
  await assertRejects(() => runner.start(), InterruptedError);
  assertEquals(listeners(), before);
});

test("Runner.start() rejects with what a task throws, and runs no other", async () => {
  const runner = new Runner(1e6);
  let ran = 0;
  runner.add(() => {
    throw new Error("broken");
  }, () => ran++);
  await assertRejects(() => runner.start(), Error, "broken");
  assertEquals(ran, 0);
});

test("Runner.start() ends when its signal is aborted; one that was before runs nothing", async () => {
  const before = listeners();
  const gate = new Gate();
  const runner = new Runner(1e6);
  runner.add(gate.pass);
  await assertRejects(() => runner.start({ signal: AbortSignal.abort(new Error("no")) }), Error);
  assertEquals(gate.started, 0);
  const abort = new AbortController();
  const end = runner.start({ signal: abort.signal });
  await turn();
  abort.abort(new Error("enough"));
  await assertRejects(() => end, Error, "enough");
  assertEquals(listeners(), before);
  await gate.open();
});

test("Runner.start() leaves nothing at a signal that outlives it", async () => {
  // AbortSignal.any keeps a reference at each of its signals, and cannot be told that it is over.
  const { signal } = new AbortController();
  let listening = 0;
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: unknown[]) => {
    listening++;
    Reflect.apply(addEventListener, signal, args);
  };
  signal.removeEventListener = (...args: unknown[]) => {
    listening--;
    Reflect.apply(removeEventListener, signal, args);
  };
  const runner = new Runner(1e6);
  let during = 0;
  runner.add(() => during = listening);
  await runner.start({ signal });
  assertEquals([during, listening], [1, 0]);
});

test("Runner.start() throws when it runs already", async () => {
  const runner = new Runner(1e6);
  const end = runner.start();
  assertThrows(() => runner.start(), Error, "runs already");
  await end;
});

/** A resource that knows how often it was closed. */
class Connection {
  closed = 0;

  close(): void {
    this.closed++;
  }
}

test("ResourcePool.acquire() makes as many as are wanted, and uses the longest free again", async () => {
  let made = 0;
  const pool = new ResourcePool(() => Object.assign(new Connection(), { id: ++made }), 2);
  const [a, b, c] = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
  assertEquals([a.id, b.id, c.id], [1, 2, 3]);
  await pool.release(b);
  await pool.release(a);
  await pool.release(c);
  assertEquals([a.closed, b.closed, c.closed], [0, 0, 1]);
  assertEquals([(await pool.acquire()).id, (await pool.acquire()).id], [2, 1]);
  assertEquals((await pool.acquire()).id, 4);
});

test("ResourcePool.close() closes those that are free, once, and the others when they come back", async () => {
  const pool = new ResourcePool(() => new Connection(), 2);
  const [used, free] = [await pool.acquire(), await pool.acquire()];
  await pool.release(free);
  await Promise.all([pool.close(), pool.close()]);
  await pool[Symbol.asyncDispose]();
  assertEquals([used.closed, free.closed], [0, 1]);
  await pool.release(used);
  assertEquals(used.closed, 1);
  await assertRejects(() => pool.acquire(), PoolClosedError, "closed");
});

test("ResourcePool.close() closes one as well that is released while another is being closed", async () => {
  const last = new Connection();
  const first = { close: (): Promise<void> => pool.release(last) };
  const made: (Connection | typeof first)[] = [first, last];
  const pool = new ResourcePool(() => made.shift()!, 2);
  await pool.acquire();
  await pool.acquire();
  await pool.release(first);
  await pool.close();
  assertEquals(last.closed, 1);
  await assertRejects(() => pool.acquire(), PoolClosedError);
});

test("ResourcePool closes what comes after its end", async () => {
  const made = new Channel<Connection>();
  const pool = new ResourcePool(async () => (await made.receive())!, 1);
  const late = settled(pool.acquire());
  await pool.close();
  const connection = new Connection();
  await made.send(connection);
  assert((await late as { reason: unknown }).reason instanceof PoolClosedError);
  assertEquals(connection.closed, 1);
});

test("ResourcePool keeps what was made for somebody who has given up", async () => {
  const made = new Channel<Connection>();
  const pool = new ResourcePool(async () => (await made.receive())!, 1);
  const abort = new AbortController();
  const given = settled(pool.acquire({ signal: abort.signal }));
  await turn();
  abort.abort("enough");
  assertEquals(await given, { reason: "enough" });
  const connection = new Connection();
  await made.send(connection);
  await turn();
  assert(await pool.acquire() === connection);
  await assertRejects(
    () => pool.acquire({ signal: AbortSignal.abort(new Error("no")) }),
    Error,
    "no",
  );
});

test("ResourcePool.acquire() rejects when making a resource aborts its own signal and never ends", async () => {
  const controller = new AbortController();
  const pool = new ResourcePool(() => {
    controller.abort(new Error("on second thoughts"));
    return new Promise<Disposable>(() => {});
  }, 1);
  const acquiring = pool.acquire({ signal: controller.signal });
  assertEquals(await isPending(acquiring), false);
  await assertRejects(() => acquiring, Error, "on second thoughts");
});

test("ResourcePool fails with what making one throws, and goes on", async () => {
  let tries = 0;
  const pool = new ResourcePool(() => {
    if (++tries === 1) throw new Error("refused");
    return new Connection();
  }, 1);
  await assertRejects(() => pool.acquire(), Error, "refused");
  await pool.release(await pool.acquire());
  const nothing = new ResourcePool(() => ({}) as Disposable, 1);
  await assertRejects(() => nothing.acquire(), TypeError, "as a resource");
});

test("ResourcePool.release() refuses a resource that is free: two would get it", async () => {
  const pool = new ResourcePool(() => new Connection(), 2);
  const connection = await pool.acquire();
  await pool.release(connection);
  assertThrows(() => pool.release(connection), TypeError, "free already");
  assertEquals(connection.closed, 0);
});

test("ResourcePool closes resources by dispose methods, too, and says what fails", async () => {
  const closed: string[] = [];
  const disposable = { [Symbol.dispose]: () => closed.push("dispose") };
  const asyncDisposable = {
    [Symbol.asyncDispose]: async () => {
      await turn();
      closed.push("asyncDispose");
    },
  };
  const bad = {
    close() {
      throw new Error("bad");
    },
  };
  const pool = new ResourcePool<Disposable | AsyncDisposable | { close(): void }>(
    () => bad,
    3,
  );
  for (const each of [disposable, asyncDisposable, bad]) await pool.release(each as Disposable);
  const error = await assertRejects(() => pool.close(), AggregateError);
  assertEquals(error.errors.map(String), ["Error: bad"]);
  assertEquals(closed, ["dispose", "asyncDispose"]);
});

test("WorkPool.run() waits until a worker takes the task up; shutdown() waits for its end", async () => {
  const gate = new Gate();
  const pool = new WorkPool(2);
  await pool.run(gate.pass);
  await pool.run(gate.pass);
  const third = pool.run(gate.pass);
  assert(await isPending(third));
  assertEquals(gate.started, 2);
  await gate.open();
  await third;
  assertEquals([gate.started, gate.ended], [3, 1]);
  const end = pool.shutdown();
  assert(await isPending(end));
  await gate.open(2);
  await Promise.all([end, pool.shutdown(), pool[Symbol.asyncDispose]()]);
  assertEquals(gate.ended, 3);
});

test("WorkPool.run() is refused after the end, also when it has waited", async () => {
  const gate = new Gate();
  const pool = new WorkPool(1);
  await pool.run(gate.pass);
  const waiting = settled(pool.run(gate.pass));
  const end = pool.shutdown();
  assert((await waiting as { reason: unknown }).reason instanceof PoolClosedError);
  await assertRejects(() => pool.run(gate.pass), PoolClosedError, "closed");
  await gate.open();
  await end;
  assertEquals(gate.started, 1);
});

test("WorkPool.run() that is aborted while it waits does not run its task", async () => {
  const gate = new Gate();
  const pool = new WorkPool(1);
  await pool.run(gate.pass);
  const abort = new AbortController();
  const waiting = settled(pool.run(gate.pass, abort));
  abort.abort("enough");
  assertEquals(await waiting, { reason: "enough" });
  await gate.open();
  await pool.shutdown();
  assertEquals(gate.started, 1);
});

test("Dispatcher hands each job to one worker, in order, no more at once than there are workers", async () => {
  const jobs: number[] = [];
  let underWay = 0;
  let most = 0;
  const dispatcher = new Dispatcher(3, async (job: number) => {
    jobs.push(job);
    most = Math.max(most, ++underWay);
    await turn();
    underWay--;
  });
  for (let job = 0; job < 20; job++) await dispatcher.submit(job);
  await dispatcher.stop();
  assertEquals(jobs, Array.from({ length: 20 }, (_, job) => job));
  assertEquals([most, underWay], [3, 0]);
});

test("Dispatcher.submit() waits when the workers are busy and the queue is full", async () => {
  const gate = new Gate();
  const dispatcher = new Dispatcher(2, gate.pass, { queue: 3 });
  // Two under way, three in the queue; the seed starts a goroutine for each, without bound.
  for (let job = 0; job < 5; job++) await dispatcher.submit(job);
  const sixth = dispatcher.submit(5);
  assert(await isPending(sixth));
  assertEquals(gate.started, 2);
  await gate.open();
  await sixth;
  await gate.open(5);
  await dispatcher.stop();
  assertEquals(gate.ended, 6);
});

test("Dispatcher.submit() without a queue waits for a worker that is free", async () => {
  const gate = new Gate();
  const dispatcher = new Dispatcher(1, gate.pass);
  await dispatcher.submit(0);
  const second = dispatcher.submit(1);
  assert(await isPending(second));
  await gate.open();
  await second;
  const end = dispatcher.stop();
  await gate.open();
  await Promise.all([end, dispatcher.stop(), dispatcher[Symbol.asyncDispose]()]);
});

test("Dispatcher.stop() finishes what was submitted, and refuses the rest", async () => {
  const gate = new Gate();
  const dispatcher = new Dispatcher(1, gate.pass, { queue: 2 });
  for (let job = 0; job < 3; job++) await dispatcher.submit(job);
  const waiting = settled(dispatcher.submit(3));
  const end = dispatcher.stop();
  assert((await waiting as { reason: unknown }).reason instanceof PoolClosedError);
  await assertRejects(() => dispatcher.submit(4), PoolClosedError, "closed");
  await gate.open(3);
  await end;
  assertEquals([gate.started, gate.ended], [3, 3]);
});

test("Dispatcher.submit() that is aborted while it waits does nothing", async () => {
  const gate = new Gate();
  const dispatcher = new Dispatcher(1, gate.pass);
  await dispatcher.submit(0);
  const abort = new AbortController();
  const waiting = settled(dispatcher.submit(1, abort));
  abort.abort("enough");
  assertEquals(await waiting, { reason: "enough" });
  await gate.open();
  await dispatcher.stop();
  assertEquals(gate.started, 1);
});

test("WorkPool and Dispatcher reject with the reason of the signal, though it be a closed channel's", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const reason = new ChannelClosedError("send on closed channel");
  const gate = new Gate();
  await using pool = new WorkPool(1);
  await using dispatcher = new Dispatcher(1, gate.pass);
  await pool.run(gate.pass);
  await dispatcher.submit(1);
  const waiting = [pool.run(gate.pass, { signal }), dispatcher.submit(2, { signal })].map(settled);
  await turn();
  controller.abort(reason);
  for (const end of await Promise.all(waiting)) {
    assert("reason" in end && end.reason === reason);
  }
  await gate.open(2);
});

test("WorkPool and Dispatcher report a function that fails as an uncaught error, as go() does", async () => {
  for (const name of ["failInWorkPool", "failInDispatcher"] as const) {
    const { code, stderr } = await runScript(name);
    assertEquals(code, 1);
    assert(stderr.includes("RangeError: boom"), stderr);
    assert(new RegExp(`goroutine \\d+.*created by[^]*${name}`).test(stderr), stderr);
  }
});

test("WorkPool and Dispatcher go on after a failure that somebody has handled", async () => {
  const { code, stdout } = await runScript("surviveFailures");
  assertEquals([code, stdout], [0, `worked\n${Array(3).fill("RangeError: boom").join()}\n`]);
});
