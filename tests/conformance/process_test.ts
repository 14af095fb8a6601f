/**
 * How a process ends that uses goroutines and pools.
 *
 * @module
 */
import { Pool } from "../../mod.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../support/assert.ts";
import { runScript } from "../support/scripts.ts";
import { fib, noop } from "../support/tasks.ts";
import { test } from "../support/test.ts";

/** What `Atomics.waitAsync` returns. */
type Sleep = { async: false } | { async: true; value: Promise<string> };

const isLinux = process.platform === "linux";
const isNode = !("Deno" in globalThis);

/** Runs a script that must come to a good end, and returns what it printed, by lines. */
async function linesOf(name: Parameters<typeof runScript>[0]): Promise<string[]> {
  const { code, stdout, stderr } = await runScript(name);
  assertEquals(code, 0, `exit code ${code}: ${stderr}`);
  return stdout.trimEnd().split("\n");
}

test("Pool lets a process end that has used it and not closed it", async () => {
  assertEquals(await linesOf("leavePoolOpen"), ["[ 1, 2 ]"]);
});

test("Pool lets a process end that has not used it", async () => {
  assertEquals(await linesOf("leavePoolUnused"), ["made"]);
});

test("Channel lets a process end that waits where nobody is left to send", async () => {
  assertEquals(await linesOf("waitForNobody"), ["waiting"]);
});

test("Limiter.wait() keeps a process alive until its turn", async () => {
  assertEquals(await linesOf("waitForLimiter"), ["first", "second", "third"]);
});

test("Limiter.wait() that is aborted keeps no process alive", async () => {
  assertEquals(await linesOf("giveUpLimiter"), ["first", "given up"]);
});

test("Pool keeps a process alive while a task is pending that nobody joins", async () => {
  assertEquals(await linesOf("leavePending"), ["later"]);
});

test("Pool keeps a process alive while a fork is pending that nobody joins", async () => {
  assertEquals(await linesOf("leaveForkPending"), ["later"]);
});

test("Pool says nothing when a thread leaves that has had nothing to do for a moment", async () => {
  const { code, stdout, stderr } = await runScript("leaveIdle");
  assertEquals([code, stdout, stderr], [0, "1\n", ""]);
});

test("Pool.terminate() lets a process end although threads compute", async () => {
  assertEquals(await linesOf("terminateComputing"), ["PoolClosedError", "PoolClosedError"]);
});

test("Pool.terminate() lets a process end when it overtakes a close", async () => {
  assertEquals(await linesOf("terminateClosing"), ["PoolClosedError"]);
});

if (isLinux) {
  test("Pool leaves no thread behind when 30 are closed or terminated", async () => {
    assertEquals(await linesOf("closeMany"), ["as before"]);
  });

  const when = isNode ? "at once" : "when its task does";
  test(`Pool.terminate() ends a thread that computes ${when}`, async () => {
    assertEquals(await linesOf("terminateBusy"), ["PoolClosedError", "0"]);
  });
}

if (isNode) {
  test("Goroutine rejects with WorkerCrashedError when its thread is out of memory, and the pool goes on", async () => {
    const { code, stdout, stderr } = await runScript("exhaustHeap", 64);
    assertEquals([code, stdout.trimEnd().split("\n")], [
      0,
      ["WorkerCrashedError ERR_WORKER_OUT_OF_MEMORY", "[ 1, 2, 3 ]"],
    ], stderr);
  });
} else {
  test("Pool whose thread is out of memory ends with the process, which says so", async () => {
    const { code, stdout, stderr } = await runScript("exhaustHeap", 64);
    assertNotEquals(code, 0);
    assertEquals(stdout, "");
    assertMatch(stderr, /out of memory/i);
  });
}

test("Goroutine whose thread died leaves the process alive when it is joined", async () => {
  assertEquals(await linesOf("joinCrash"), ["WorkerCrashedError", "1"]);
});

test("Goroutine of a pool whose failure nobody joins is an uncaught error that names it and its creator", async () => {
  const { code, stderr } = await runScript("failTask");
  assertNotEquals(code, 0);
  // Node writes "RangeError [Error]" of one that has come from another thread.
  assertMatch(stderr, /RangeError(?: \[Error\])?: boom/);
  assertStringIncludes(stderr, "goroutine 1 [fail], created by");
  assertStringIncludes(stderr, "failTask");
});

test("Goroutine of a fork whose failure nobody joins is an uncaught error of the process", async () => {
  const { code, stderr } = await runScript("failFork");
  assertNotEquals(code, 0);
  // Node writes "RangeError [Error]" of one that has come from another thread.
  assertMatch(stderr, /RangeError(?: \[Error\])?: boom/);
  assertStringIncludes(stderr, "[fail], created by");
});

test("Pool reports what a task left behind and nobody caught as an uncaught error of the process", async () => {
  const { code, stderr } = await runScript("throwLater");
  assertNotEquals(code, 0);
  assertStringIncludes(stderr, "boom");
});

test("Threads without Atomics.waitAsync wait for each other all the same", async () => {
  assertEquals(await linesOf("waitWithoutWaitAsync"), ["true true", "50"]);
});

test("Threads without Atomics.waitAsync let a process end that waits where nobody is left to send", async () => {
  assertEquals(await linesOf("leaveWaitingWithoutWaitAsync"), ["true true"]);
});

test("withTimeout() lets a process end while nobody waits for the deadline, wherever it was sent", async () => {
  assertEquals(await linesOf("leaveDeadlinesUnread"), ["undefined false true", "given up", "true"]);
});

test("withTimeout() keeps a process alive while somebody waits for the deadline", async () => {
  assertEquals(await linesOf("awaitDeadlines"), ["done", "afterFunc", "signal"]);
});

// A bell that is on its way is none that was missed: on Node a thread looks for those every 100 ms.
test("A thread that sleeps has one Atomics.waitAsync outstanding, however long tasks come and go", async () => {
  const { waitAsync } = Atomics as { waitAsync?: (...args: unknown[]) => Sleep };
  let outstanding = 0;
  let most = 0;
  Reflect.set(Atomics, "waitAsync", (...args: unknown[]) => {
    const sleep = waitAsync!.apply(Atomics, args);
    if (sleep.async) {
      most = Math.max(most, ++outstanding);
      sleep.value.then(() => outstanding--);
    }
    return sleep;
  });
  try {
    await using pool = new Pool({ threads: 1 });
    const end = performance.now() + 1_500;
    while (performance.now() < end) await pool.go(noop);
  } finally {
    Reflect.set(Atomics, "waitAsync", waitAsync);
  }
  assertEquals(most, 1);
});

if (isNode) {
  // An engine that has lost one bell loses those that come after it.
  test("A thread that has missed a bell does not count on any more, until it hears one", async () => {
    const { waitAsync } = Atomics as { waitAsync?: (...args: unknown[]) => Sleep };
    const bells: (() => void)[] = [];
    await using pool = new Pool({ threads: 1 });
    // Long enough for this thread to go to sleep over it.
    const sleepOver = async (tasks: number): Promise<void> => {
      for (let task = 0; task < tasks; task++) assertEquals(await pool.go(fib, 24), 46_368);
    };
    await sleepOver(1);
    Reflect.set(Atomics, "waitAsync", (): Sleep => ({
      async: true,
      value: new Promise((resolve) => bells.push(() => resolve("ok"))),
    }));
    try {
      await sleepOver(20);
      assertEquals(bells.length, 1);
      bells[0]!();
      await sleepOver(2);
      assert(bells.length > 1);
    } finally {
      Reflect.set(Atomics, "waitAsync", waitAsync);
      for (const ring of bells) ring();
    }
  });
}
