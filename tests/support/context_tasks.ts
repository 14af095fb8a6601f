/**
 * Tasks of the tests of contexts. This module must not load more of millrace than it names: that contexts arrive on a thread that has
 * never heard of them is among what is tested.
 *
 * @module
 */
import {
  type Channel,
  Pool,
  select,
  selectSync,
  type SendChannel,
  sleep,
  task,
} from "../../mod.ts";
import {
  afterFunc,
  background,
  cause,
  type Context,
  withCancel,
  withCancelCause,
  withTimeout,
  withTimeoutCause,
  withValue,
} from "../../src/context/mod.ts";

/** What a context says of itself. */
export interface Said {
  readonly err: string | undefined;
  readonly cause: unknown;
  readonly isClosed: boolean | undefined;
  readonly isAborted: boolean;
}

/** Asks a context about itself. */
export function say(ctx: Context): Said {
  const why = cause(ctx);
  const { err } = ctx;
  if (ctx.signal.aborted && ctx.signal.reason !== why) {
    throw new Error("the reason is not the cause");
  }
  if (ctx.err !== err) throw new Error("err is not one object");
  return {
    err: err?.code,
    cause: why !== undefined && why === err ? "err" : why,
    isClosed: ctx.done?.closed,
    isAborted: ctx.signal.aborted,
  };
}

export const ask = task(import.meta.url, "ask", (ctx: Context): Said => say(ctx));

export const giveBack = task(import.meta.url, "giveBack", (value: unknown): unknown => value);

export const readValues = task(
  import.meta.url,
  "readValues",
  (ctx: Context, keys: unknown[], names: string[] = []): unknown[] => [
    ...keys.map((key) => ctx.value(key)),
    ...names.map((name) => ctx.value(Symbol.for(name))),
  ],
);

export const readDeadline = task(
  import.meta.url,
  "readDeadline",
  (ctx: Context): Date | undefined => ctx.deadline,
);

export const isDoneNull = task(import.meta.url, "isDoneNull", (ctx: Context) => ctx.done === null);

/** The ways to wait for the end of a context. */
export type Way =
  | "receive"
  | "receiveSync"
  | "select"
  | "selectSync"
  | "poll"
  | "signal"
  | "afterFunc"
  | "for await"
  | "child"
  | "childSync"
  | "childSignal";

/** Resolves when `signal` has been aborted. */
function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve());
  });
}

/** Waits for the end of `ctx` by one of the ways. */
async function waitFor(ctx: Context, way: Way): Promise<void> {
  switch (way) {
    case "receive":
      await ctx.done!.receive();
      return;
    case "receiveSync":
      ctx.done!.receiveSync();
      return;
    case "select":
      await select({ stop: ctx.done, never: null });
      return;
    case "selectSync":
      selectSync({ stop: ctx.done, never: null });
      return;
    case "poll":
      while (ctx.err === undefined);
      return;
    case "signal":
      return aborted(ctx.signal);
    case "afterFunc":
      return new Promise((resolve) => {
        afterFunc(ctx, () => resolve());
      });
    case "for await":
      for await (const _ of ctx.done!) throw new Error("a value");
      return;
    case "child":
      await withValue(withCancel(ctx)[0], "k", 1).done!.receive();
      return;
    case "childSync":
      withTimeout(withCancel(ctx)[0], 1e9)[0].done!.receiveSync();
      return;
    case "childSignal":
      return aborted(withCancel(ctx)[0].signal);
  }
}

/** Says that it has begun, waits for the end of `ctx`, says that it has come, and returns what `ctx` says then. */
export const waitForEnd = task(
  import.meta.url,
  "waitForEnd",
  async (
    ctx: Context,
    way: Way,
    started: SendChannel<number>,
    over?: SendChannel<number>,
  ): Promise<Said> => {
    started.sendSync(1);
    await waitFor(ctx, way);
    over?.sendSync(1);
    return say(ctx);
  },
);

/** Takes a context out of a channel, waits for its end, says that it has come, and returns what the context says then. */
export const waitForReceived = task(
  import.meta.url,
  "waitForReceived",
  async (
    contexts: Channel<{ ctx: Context }>,
    started?: SendChannel<number>,
    over?: SendChannel<number>,
  ): Promise<Said> => {
    started?.sendSync(1);
    // Blocks its thread: whoever sends is on another.
    const { ctx } = contexts.receiveSync()!;
    started?.sendSync(2);
    await ctx.done!.receive();
    over?.sendSync(1);
    return say(ctx);
  },
);

/** Makes a child and has another task read from it. */
export const passOnValues = task(
  import.meta.url,
  "passOnValues",
  (ctx: Context, key: string): Promise<unknown[]> =>
    Pool.current!.go(readValues, withCancel(withValue(ctx, "from", "there"))[0], [key, "from"])
      .join(),
);

/** Makes a child and sends it; then cancels it, or computes until somebody has seen it end. */
export const passOn = task(
  import.meta.url,
  "passOn",
  (
    ctx: Context,
    what: "cancel" | "compute",
    contexts: Channel<{ ctx: Context }>,
    started: Channel<number>,
    over: Channel<number>,
  ): Said => {
    const [child, cancel] = withCancelCause(withValue(ctx, "from", "there"));
    contexts.sendSync({ ctx: child });
    // The other one has it now, and is about to wait.
    started.receiveSync();
    over.sendSync(0);
    if (what === "cancel") cancel({ by: "there" });
    else while (over.tryReceive().state === "empty");
    return say(child);
  },
);

/** Makes a context on this thread and returns it; it may be cancelled later. */
export const makeContext = task(
  import.meta.url,
  "makeContext",
  (ms: number, cancelAfterMs: number): Context => {
    const [ctx, cancel] = withTimeoutCause(withValue(background(), "k", "there"), ms, "late there");
    if (cancelAfterMs > 0) sleep(cancelAfterMs).then(cancel);
    return ctx;
  },
);

/** Makes contexts on this thread, sends them, and ends it. */
export const makeAndDie = task(
  import.meta.url,
  "makeAndDie",
  async (contexts: Channel<{ ctx: Context }>, ms: number): Promise<void> => {
    await contexts.send({ ctx: withTimeoutCause(background(), ms, "late there")[0] });
    setTimeout(() => {
      throw new Error("the thread dies");
    });
    await new Promise(() => {});
  },
);

/** Derives and cancels, which must not reach the context itself. */
export const cancelChildren = task(import.meta.url, "cancelChildren", (ctx: Context): Said => {
  for (let i = 0; i < 100; i++) {
    const [child, cancel] = withCancel(ctx);
    child.signal.throwIfAborted();
    cancel();
    if (child.err === undefined) throw new Error("the child goes on");
  }
  return say(ctx);
});

/** Waits at `ctx` many times and gives up each time. */
export const waitInVain = task(
  import.meta.url,
  "waitInVain",
  async (ctx: Context, times: number): Promise<number> => {
    let ended = 0;
    for (let i = 0; i < times; i++) {
      const controller = new AbortController();
      const waiting = ctx.done!.receive({ signal: controller.signal }).then(
        () => ended++,
        () => {},
      );
      controller.abort();
      await waiting;
    }
    return ended;
  },
);
