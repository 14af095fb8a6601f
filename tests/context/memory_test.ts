/** What contexts leave behind: nothing in their parents, nothing in shared memory. */
import { any, Channel, i32, Mutex, Pool } from "../../mod.ts";
import {
  afterFunc,
  background,
  type Context,
  withCancel,
  withCancelCause,
  withTimeoutCause,
  withValue,
} from "../../src/context/mod.ts";
import { memoryUse } from "../../src/memory/core.ts";
import { ask, giveBack, waitForEnd, waitInVain } from "../support/context_tasks.ts";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { collectUntil } from "../support/collect.ts";
import { test } from "../support/test.ts";
import { turn } from "../conformance/waiting.ts";

/** Asserts that collecting garbage brings live memory back to `before`; less: an earlier test's garbage has gone, too. */
async function assertComesBack(before: number): Promise<void> {
  await collectUntil(() => memoryUse().liveBytes <= before);
  assert(memoryUse().liveBytes <= before, `${memoryUse().liveBytes} bytes are live, not ${before}`);
}

/** Live memory with nothing left to collect. */
async function liveNow(): Promise<number> {
  await collectUntil(() => false, 2);
  return memoryUse().liveBytes;
}

/** Ways to make a child that the parent might keep. */
const children: Readonly<Record<string, (parent: Context) => WeakRef<Context>>> = {
  "cancelled while somebody waits for done": (parent) => {
    const [child, cancel] = withCancel(parent);
    child.done!.receive();
    cancel();
    return new WeakRef(child);
  },
  "cancelled after its signal was read": (parent) => {
    const [child, cancel] = withTimeoutCause(parent, 1e9, "why");
    child.signal.throwIfAborted();
    cancel();
    return new WeakRef(child);
  },
  "cancelled with a function that waits": (parent) => {
    const [child, cancel] = withCancel(withValue(withCancel(parent)[0], "k", 1));
    afterFunc(child, () => {});
    cancel();
    return new WeakRef(child);
  },
  "not cancelled, with a function called off": (parent) => {
    const [child] = withTimeoutCause(parent, 1e9, "why");
    afterFunc(child, () => {})();
    return new WeakRef(child);
  },
  "not cancelled, with nobody who waits": (parent) => {
    const [child] = withTimeoutCause(parent, 1e9, "why");
    if (child.err !== undefined || child.done!.closed) throw new Error("the child has ended");
    return new WeakRef(child);
  },
  "not cancelled, with a wait that was given up": (parent) => {
    const [child] = withTimeoutCause(parent, 1e9, "why");
    const controller = new AbortController();
    child.done!.receive({ signal: controller.signal }).catch(() => {});
    controller.abort();
    return new WeakRef(child);
  },
};

for (const [name, make] of Object.entries(children)) {
  test(`a parent keeps no child that was ${name}`, async () => {
    const [parent, cancel] = withCancel(background());
    parent.signal.throwIfAborted();
    const refs = Array.from({ length: 100 }, () => make(parent));
    assert(await collectUntil(() => refs.every((ref) => ref.deref() === undefined)));
    cancel();
  });
}

test("100,000 children made and cancelled leave nothing in the parent", async () => {
  const [parent, cancel] = withCancel(background());
  parent.signal.throwIfAborted();
  const round = (): void => {
    for (let i = 0; i < 100_000; i++) {
      const [child, cancelChild] = withCancel(parent);
      child.done!.receive();
      cancelChild();
    }
  };
  round();
  await collectUntil(() => false, 3);
  const before = Deno.memoryUsage().heapUsed;
  const grown = (): number => Deno.memoryUsage().heapUsed - before;
  round();
  // A single word for each would be more. (It stopped collecting at 1 MiB, and found that too much.)
  await collectUntil(() => grown() < 800_000);
  assertLess(grown(), 800_000);
  cancel();
});

test("100,000 contexts sent and cancelled leave shared memory flat", async () => {
  const mutex = new Mutex();
  using contexts = new Channel(any<Context>(), 1);
  const [root, cancelRoot] = withCancel(withValue(background(), "k", { mutex }));
  contexts.trySend(root);
  contexts.tryReceive();
  const before = await liveNow();
  const make = (index: number): void => {
    const isRich = index % 16 === 0;
    const [ctx, cancel] = withCancelCause(isRich ? withValue(root, "index", [index]) : root);
    contexts.trySend(isRich ? withTimeoutCause(ctx, 1e9, ["why", mutex])[0] : ctx);
    if (index % 4 < 2) contexts.tryReceive();
    cancel(index % 32 === 0 ? new Error("why", { cause: { mutex, index } }) : undefined);
    contexts.tryReceive();
  };
  let most = 0;
  for (let index = 0; index < 100_000; index++) {
    make(index);
    if (index % 1000 === 0) await turn();
    if (index % 10_000 === 0) most = Math.max(most, memoryUse().liveBytes - before);
  }
  await assertComesBack(before);
  assertLess(most, 64 * 2 ** 20);
  cancelRoot();
});

test("contexts that went to another thread and ended there leave no byte once it is gone", async () => {
  const run = async (count: number): Promise<void> => {
    await using pool = new Pool({ threads: 1 });
    using started = new Channel(i32, 1);
    for (let i = 0; i < count; i++) {
      const [ctx, cancel] = withCancelCause(withValue(background(), "k", [i]));
      await pool.go(ask, ctx);
      await pool.go(giveBack, { ctx });
      const waiting = pool.go(waitForEnd, ctx, i % 2 === 0 ? "signal" : "childSync", started);
      await started.receive();
      cancel({ why: i });
      assertEquals((await waiting).err, "CANCELED");
    }
  };
  await run(2);
  const before = await liveNow();
  await run(50);
  await assertComesBack(before);
});

test("contexts that nobody ended leave no byte once the other thread is gone", async () => {
  const run = async (count: number): Promise<void> => {
    await using pool = new Pool({ threads: 1 });
    for (let i = 0; i < count; i++) await pool.go(ask, withCancel(background())[0]);
  };
  await run(2);
  const before = await liveNow();
  await run(50);
  await assertComesBack(before);
});

test("a wait at a context of another thread that is given up leaves no byte", async () => {
  await using pool = new Pool({ threads: 1 });
  const [ctx, cancel] = withCancel(background());
  await pool.go(waitInVain, ctx, 10);
  const before = await liveNow();
  await pool.go(waitInVain, ctx, 1000);
  assertEquals(await liveNow(), before);
  cancel();
});
