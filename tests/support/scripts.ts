/**
 * Scripts for processes of their own: what only shows in how a process ends. Run as a program, this module runs the
 * script that its argument names.
 *
 * A script prints what has happened. It is not awaited at the top level: a process that ends while such an await is
 * pending complains.
 *
 * @module
 */
import {
  AtomicBool,
  AtomicI32,
  Channel,
  go,
  i32,
  Mutex,
  Pool,
  select,
  text,
  transfer,
} from "../../mod.ts";
import {
  afterFunc as afterContext,
  background,
  withCancel,
  withTimeout,
} from "../../src/context/mod.ts";
import { SchedGroup } from "../../src/group/mod.ts";
import { Dispatcher, WorkPool } from "../../src/patterns/mod.ts";
import { Limiter } from "../../src/rate/mod.ts";
import {
  blockOn,
  compute,
  countUntil,
  echo,
  exhaustHeap,
  fail,
  forkAndLeave,
  leaveThrower,
  noop,
  sendLater,
  spin,
  suspend,
  throwUncaught,
} from "./tasks.ts";
import { answerInWords, forgetWaitAsync } from "./tasks_life.ts";
import { greet, makeBuffer } from "./tasks_transfer.ts";

function failAtOnce(): never {
  throw new RangeError("boom");
}

const scripts = {
  failInWorkPool(): void {
    const pool = new WorkPool(1);
    pool.run(failAtOnce);
  },

  failInDispatcher(): void {
    const dispatcher = new Dispatcher(1, failAtOnce);
    dispatcher.submit("job");
  },

  surviveFailures(): void {
    const errors: unknown[] = [];
    process.on("unhandledRejection", (error) => {
      if (errors.push(error) === 3) console.log(errors.join());
    });
    (async () => {
      const pool = new WorkPool(1);
      await pool.run(failAtOnce);
      await pool.run(() => console.log("worked"));
      await pool.shutdown();
      const dispatcher = new Dispatcher(1, failAtOnce);
      await dispatcher.submit("job");
      await dispatcher.submit("job");
      await dispatcher.stop();
    })();
  },

  waitForLimiter(): void {
    const limiter = new Limiter(20, 1);
    for (const name of ["first", "second", "third"]) limiter.wait().then(() => console.log(name));
  },

  giveUpLimiter(): void {
    const limiter = new Limiter(1e-6, 1);
    const abort = new AbortController();
    limiter.wait(abort).then(() => console.log("first"));
    limiter.wait(abort).catch(console.log);
    abort.abort("given up");
  },

  failGoroutine(): void {
    go(function boom() {
      throw new RangeError("boom");
    });
  },

  failWithText(): void {
    go(() => Promise.reject("plain text"));
  },

  async leavePoolOpen(): Promise<void> {
    const pool = new Pool({ threads: 2 });
    console.log(await Promise.all([pool.go(echo, 1), pool.go(echo, 2)]));
  },

  leavePoolUnused(): void {
    new Pool({ threads: 2 });
    console.log("made");
  },

  async waitForNobody(): Promise<void> {
    const pool = new Pool({ threads: 1 });
    await pool.go(noop);
    console.log("waiting");
    await new Channel(i32, 1).receive();
    console.log("received");
  },

  leavePending(): void {
    const pool = new Pool({ threads: 1 });
    const channel = new Channel(text, 1);
    pool.go(sendLater, channel, "later");
    channel.receive().then(console.log);
  },

  leaveForkPending(): void {
    const pool = new Pool({ threads: 1 });
    const channel = new Channel(text, 1);
    pool.go(forkAndLeave, channel, "later");
    channel.receive().then(console.log);
  },

  async leaveIdle(): Promise<void> {
    await using pool = new Pool({ threads: 1, idleTimeoutMs: 1 });
    await pool.go(noop);
    const { workers } = pool.stats();
    // It is 0 of a thread that has left.
    while (pool.stats().workers[0]!.busyShare > 0) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    console.log(workers.length);
  },

  async moveAndLeave(): Promise<void> {
    const pool = new Pool({ threads: 1 });
    // Nothing but what is on its way keeps the process alive here.
    const { view } = await pool.go(makeBuffer, 1 << 20);
    const buffer = new ArrayBuffer(1 << 20);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => {
      console.log(data);
      port1.close();
    };
    pool.go(greet, { port: transfer(port2) });
    pool.go(echo, transfer(buffer));
    console.log([view[1], buffer.byteLength]);
  },

  async terminateComputing(): Promise<void> {
    const pool = new Pool({ threads: 2 });
    const started = new Channel(i32, 2);
    const ends = [pool.go(spin, started), pool.go(compute, started, new Channel(i32, 1))];
    await started.receive();
    await started.receive();
    await pool.terminate(1);
    for (const end of ends) await end.join().catch((error: Error) => console.log(error.name));
  },

  async terminateClosing(): Promise<void> {
    const pool = new Pool({ threads: 1 });
    const started = new Channel(i32, 1);
    const suspended = pool.go(suspend, started, new Channel(i32, 1));
    await started.receive();
    const closed = pool.close();
    await pool.terminate();
    await closed;
    await suspended.join().catch((error: Error) => console.log(error.name));
  },

  async closeMany(): Promise<void> {
    const { readdirSync } = process.getBuiltinModule("node:fs");
    const countThreads = (): number => readdirSync("/proc/self/task").length;
    const use = async (threads: number): Promise<void> => {
      await using pool = new Pool({ threads });
      await Promise.all(Array.from({ length: 20 }, () => pool.go(noop)));
    };
    const terminate = async (): Promise<void> => {
      const pool = new Pool({ threads: 1 });
      using started = new Channel(i32, 1);
      using until = new Channel(i32, 1);
      const blocked = pool.go(blockOn, started, until).join().catch((error: Error) => error.name);
      await started.receive();
      await pool.terminate(50_000);
      if (await blocked !== "PoolClosedError") throw new Error(String(await blocked));
    };
    await use(2);
    const before = countThreads();
    for (let i = 0; i < 15; i++) await Promise.all([use(2), terminate()]);
    // The runtime takes a moment to end a thread that has run out of work; a hang fails the test.
    while (countThreads() > before) await new Promise((resolve) => setTimeout(resolve, 10));
    console.log("as before");
  },

  async terminateBusy(): Promise<void> {
    const { readdirSync } = process.getBuiltinModule("node:fs");
    const countThreads = (): number => readdirSync("/proc/self/task").length;
    await using other = new Pool({ threads: 1 });
    await other.go(noop);
    const before = countThreads();
    const pool = new Pool({ threads: 1 });
    using started = new Channel(i32, 1);
    using counter = new AtomicI32();
    using end = new AtomicBool();
    const ended = pool.go(countUntil, started, counter, end).join().catch((error: Error) =>
      error.name
    );
    await started.receive();
    await pool.terminate(1);
    console.log(await ended);
    // Deno does not stop a thread that computes: it ends when its task does.
    end.store("Deno" in globalThis);
    while (countThreads() > before) await new Promise((resolve) => setTimeout(resolve, 10));
    const last = counter.load();
    await other.go(noop);
    console.log(counter.load() - last);
  },

  async exhaustHeap(): Promise<void> {
    await using pool = new Pool({ threads: 1 });
    const crashed = pool.go(exhaustHeap).join();
    const rest = Promise.all([1, 2, 3].map((n) => pool.go(echo, n)));
    await crashed.catch((error: Error) =>
      console.log(error.name, (error.cause as { code: string }).code)
    );
    console.log(await rest);
  },

  failTask(): void {
    const pool = new Pool({ threads: 1 });
    pool.go(fail, new RangeError("boom"));
  },

  async failFork(): Promise<void> {
    const pool = new Pool({ threads: 1 });
    await pool.go(forkAndLeave, null, "boom");
    await pool.close();
  },

  async throwLater(): Promise<void> {
    const pool = new Pool({ threads: 1 });
    await pool.go(leaveThrower, "boom");
    await pool.close();
  },

  async joinCrash(): Promise<void> {
    const pool = new Pool({ threads: 1 });
    await pool.go(throwUncaught, "boom").join().catch((error: Error) => console.log(error.name));
    console.log(await pool.go(echo, 1));
  },

  async startThreadsInVain(): Promise<void> {
    const pool = new Pool({ threads: 3 });
    const ends = Array.from({ length: 5 }, () => pool.go(noop).join());
    for (const end of ends) await end.catch((error: Error) => console.log(error.name));
    await pool.go(noop).join().catch((error: Error) => console.log(error.name));
    await pool.close();
  },

  async goInline(): Promise<void> {
    await using pool = new Pool({ threads: 1 });
    console.log(await pool.go((a, b) => a + b, 1, 2));
  },

  async waitWithoutWaitAsync(): Promise<void> {
    const pool = new Pool({ threads: 1 });
    console.log(await pool.go(forgetWaitAsync), forgetWaitAsync());
    const numbers = new Channel(i32, 1);
    const words = new Channel(text, 0);
    const mutex = new Mutex();
    const answering = pool.go(answerInWords, numbers, words, mutex);
    for (let i = 0; i < Number(process.env.ROUNDS ?? 50); i++) {
      const guard = await mutex.lock();
      await numbers.send(i);
      guard[Symbol.dispose]();
      const got = await select({ words, off: null });
      if (got.value !== `no. ${i}`) throw new Error(`${got.value} came for ${i}`);
    }
    numbers.close();
    console.log(await answering);
    await pool.close();
  },

  async leaveWaitingWithoutWaitAsync(): Promise<void> {
    const pool = new Pool({ threads: 1 });
    console.log(await pool.go(forgetWaitAsync), forgetWaitAsync());
    await new Channel(i32, 1).receive();
    console.log("received");
  },

  failScheduled(): void {
    const group = new SchedGroup();
    group.delay(1, function boom() {
      console.log("before");
      throw new RangeError("boom");
    });
    group.delay(60_000, () => console.log("after"));
  },

  failScheduledLater(): void {
    const group = new SchedGroup();
    group.schedule(new Date(), async function boom() {
      await console.log("before");
      throw new RangeError("boom");
    });
    group.delay(60_000, () => console.log("after"));
  },

  leaveScheduled(): void {
    const group = new SchedGroup();
    group.delay(20, () => console.log("second"));
    group.schedule(new Date(), () => console.log("first"));
  },

  cancelScheduled(): void {
    const [ctx, cancel] = withCancel(background());
    const group = new SchedGroup(ctx);
    for (let i = 0; i < 100_000; i++) group.delay(60_000 + i, () => console.log(i));
    group.delay(1, () => {
      cancel();
      console.log("cancelled");
    });
  },

  async leaveDeadlinesUnread(): Promise<void> {
    const [ctx] = withTimeout(background(), 1e9);
    const [child] = withCancel(ctx);
    console.log(child.err, ctx.done?.closed, afterContext(child, () => {})());
    const controller = new AbortController();
    const waiting = child.done!.receive({ signal: controller.signal });
    controller.abort("given up");
    console.log(await waiting.catch((reason) => reason));
    const pool = new Pool({ threads: 1 });
    console.log(await pool.go(echo, ctx) === ctx);
    await pool.close();
  },

  awaitDeadlines(): void {
    const [ctx] = withTimeout(background(), 20);
    ctx.done!.receive().then(() => console.log("done"));
    const [other] = withTimeout(background(), 40);
    afterContext(withCancel(other)[0], () => console.log("afterFunc"));
    const [third] = withTimeout(background(), 60);
    third.signal.addEventListener("abort", () => console.log("signal"));
  },
} satisfies Record<string, () => void | Promise<void>>;

/** How a process ended. */
export interface Ended {
  /** Its exit code; `null` when a signal ended it. */
  readonly code: number | null;
  /** What it printed. */
  readonly stdout: string;
  /** What it complained about. */
  readonly stderr: string;
}

/** A process that has not ended by then hangs. */
const TIMEOUT_MS = 40_000;

/**
 * Runs a script in a process of its own, on the runtime that calls this.
 *
 * @param heapMb What the heap of each of its threads may have.
 */
export function runScript(name: keyof typeof scripts, heapMb?: number): Promise<Ended> {
  const { execFile } = process.getBuiltinModule("node:child_process");
  const isDeno = "Deno" in globalThis;
  const run = isDeno ? ["run", "-A", "--no-check"] : [];
  if (heapMb !== undefined) {
    run.push(`${isDeno ? "--v8-flags=" : ""}--max-old-space-size=${heapMb}`);
  }
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...run, scriptFile(), name],
      { timeout: TIMEOUT_MS, env: { ...process.env, NO_COLOR: "1" } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === "string") reject(error);
        else resolve({ code: code ?? null, stdout, stderr });
      },
    );
  });
}

/** Path of the program that runs the scripts. */
export function scriptFile(): string {
  return process.getBuiltinModule("node:url").fileURLToPath(import.meta.url);
}

if (process.argv[1] === scriptFile()) {
  const script: () => void | Promise<void> = scripts[process.argv[2] as keyof typeof scripts];
  script();
}
